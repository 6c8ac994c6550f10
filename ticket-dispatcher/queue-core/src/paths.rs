//! One possible future of the hall: the present queue, played on under the same policy with drawn durations.

use crate::curve::Curve;
use crate::draw::{What, draw};
use crate::outlook::{Outlook, TELLS, THINNING, WalkIn};
use crate::path_queue::{Person, Queue};
use crate::policy::{Claim, Scorer, Urgency};

/// When a window can call next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ready {
    Now,
    /// Somebody was called, `since` ms ago.
    Called {
        slow: bool,
        service: usize,
        group: usize,
        since: i64,
        gone: u32,
        key: u64,
        size: i64,
    },
    /// A service began `since` ms ago.
    Serving {
        service: usize,
        group: usize,
        since: i64,
        key: u64,
        size: i64,
    },
}

/// When a window opens next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door {
    Open,
    /// Opens with its plan's interval `next`.
    Planned,
    /// A fault began so many ms ago.
    Fault {
        since: i64,
    },
    /// Not again today.
    Shut,
}

/// A window as a path sees it.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    /// Groups that it serves.
    pub(crate) skills: Vec<bool>,
    pub(crate) groups: Vec<usize>,
    /// Order in which idle windows take a ticket.
    pub(crate) rank: (usize, i64, usize),
    pub(crate) ready: Ready,
    /// Service and group of the matters that whoever is there has left.
    pub(crate) later: Vec<(usize, usize)>,
    pub(crate) door: Door,
    /// Planned intervals that are not over; the first is the present one when the door is open.
    pub(crate) plan: Vec<(i64, i64)>,
    /// How its services compare with the usual, in 1024ths.
    pub(crate) pace: i64,
    pub(crate) key: u64,
}

/// A booking that has not come yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coming {
    pub(crate) slot: i64,
    pub(crate) service: usize,
    /// Chance that it still comes, in 65536ths.
    pub(crate) shows: u32,
    /// Share of offsets that are over.
    pub(crate) share: u32,
    pub(crate) key: u64,
}

/// The present hall, ready to be played on.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: i64,
    /// Nothing later matters.
    pub(crate) horizon: i64,
    /// Everybody who waits now.
    pub(crate) queue: Queue,
    /// By person of the queue: service and group of what comes after the first matter; empty when nobody has more.
    pub(crate) later: Vec<Vec<(usize, usize)>>,
    pub(crate) desks: Vec<Desk>,
    pub(crate) coming: Vec<Coming>,
    /// Whether anybody not here yet could go before those who are.
    pub(crate) overtaking: bool,
    /// Share of the walk-ins of `Outlook` that come today, in 64ths.
    pub(crate) keep: u8,
    pub(crate) by_arrival: bool,
    pub(crate) priority_run: Vec<u8>,
    pub(crate) priority_run_max: u8,
    /// How long the old and the disabled take, in 1024ths of the usual.
    pub(crate) slow_size: i64,
    pub(crate) call_timeout: i64,
    pub(crate) appt_grace: i64,
    /// An appointment farther than this before its slot passes nobody.
    pub(crate) check_in_before: i64,
    pub(crate) service_group: &'a [usize],
    pub(crate) durations: &'a [Curve],
    pub(crate) outlook: &'a Outlook,
    pub(crate) scorer: &'a Scorer,
}

const NEVER: i64 = i64::MAX;

/// Memory of a path, used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Path {
    path: u64,
    queue: Queue,
    run: Vec<u8>,
    /// By window.
    free: Vec<i64>,
    closes: Vec<i64>,
    interval: Vec<usize>,
    idle: Vec<bool>,
    group_pace: Vec<i64>,
    bookings: Vec<(i64, usize)>,
    /// By person of the scene: when it was called.
    pub(crate) called: Vec<i64>,
    open_calls: usize,
}

impl Path {
    /// Plays until all of `wanted` (places in `scene.queue`) are called, or the horizon.
    pub(crate) fn play(&mut self, scene: &Scene, path: u64, only: Option<usize>) {
        self.set_out(scene, path);
        self.open_calls = only.map_or(scene.queue.len(), |_| 1);
        let no_walk_ins = Vec::new();
        let walk_ins = match usize::try_from(path).ok().and_then(|p| scene.outlook.walk_ins.get(p)) {
            Some(all) if scene.overtaking => all,
            _ => &no_walk_ins,
        };
        let mut next_walk_in = if walk_ins.is_empty() {
            0
        } else {
            scene.outlook.walk_ins_before(path, scene.now)
        };
        let mut next_booking = 0;
        while self.open_calls > 0 {
            while walk_ins.get(next_walk_in).is_some_and(|w| w.keep >= scene.keep) {
                next_walk_in += 1;
            }
            let walk_in = walk_ins.get(next_walk_in);
            let booking = self.bookings.get(next_booking).copied();
            let (at_walk_in, at_booking) = (walk_in.map_or(NEVER, |w| w.at), booking.map_or(NEVER, |b| b.0));
            let (window, free) = self.next_free();
            let now = free.min(at_walk_in).min(at_booking);
            if now >= scene.horizon {
                break;
            }
            if free <= at_walk_in && free <= at_booking {
                self.window_free(scene, window, now, only);
            } else if at_booking <= at_walk_in {
                next_booking += 1;
                if let Some((_, booking)) = booking {
                    self.arrive(scene, booked(scene, &scene.coming[booking], now), now, only);
                }
            } else if let Some(walk_in) = walk_in {
                next_walk_in += 1;
                self.arrive(scene, walked_in(scene, walk_in), now, only);
            }
        }
    }

    fn set_out(&mut self, scene: &Scene, path: u64) {
        self.path = path;
        self.called.clear();
        self.called.resize(scene.queue.len(), NEVER);
        self.queue.copy(&scene.queue);
        let groups = scene.priority_run.len();
        self.run.clone_from(&scene.priority_run);
        self.group_pace.clear();
        for group in 0..groups {
            self.group_pace
                .push(pace(draw(group as u64 ^ 0x6770, path, What::GroupFactor), 52));
        }
        self.free.clear();
        self.closes.clear();
        self.interval.clear();
        self.idle.clear();
        for window in 0..scene.desks.len() {
            self.open_desk(scene, window);
        }
        self.bookings.clear();
        if scene.overtaking {
            for (ix, coming) in scene.coming.iter().enumerate() {
                if draw(coming.key, path, What::Show) < coming.shows {
                    let late = scene.now - coming.slot;
                    let dice = draw(coming.key, path, What::Offset);
                    let at = coming.slot + scene.outlook.book_offset.beyond(coming.share, late, dice);
                    self.bookings.push((at.max(scene.now + 1), ix));
                }
            }
            self.bookings.sort_unstable();
        }
    }

    /// Draws when the window is free for the first time, and when it closes.
    fn open_desk(&mut self, scene: &Scene, window: usize) {
        let desk = &scene.desks[window];
        let (now, outlook) = (scene.now, scene.outlook);
        let dice = draw(desk.key, self.path, What::Opening);
        let (open, interval) = match desk.door {
            Door::Open => (now, 0),
            Door::Shut => (NEVER, 0),
            Door::Fault { since } => {
                let share = outlook.fault.share(since);
                (now - since + outlook.fault.beyond(share, since, dice), 0)
            }
            Door::Planned => match desk.plan.first() {
                Some((from, _)) => {
                    let late = now - from;
                    (
                        from + outlook.open_dev.beyond(outlook.open_dev.share(late), late, dice),
                        0,
                    )
                }
                None => (NEVER, 0),
            },
        };
        self.interval.push(interval);
        let closes = self.closing(scene, window, interval, open);
        self.closes.push(closes);
        self.idle.push(false);
        let busy = match desk.ready {
            Ready::Now => now,
            Ready::Serving {
                service,
                group,
                since,
                key,
                size,
            } => {
                now - since
                    + self.service_ms(scene, window, service, group, key, size, since)
                    + self.later_ms(scene, window, &desk.later, key, size)
            }
            Ready::Called {
                slow,
                service,
                group,
                since,
                gone,
                key,
                size,
            } => {
                if draw(key, self.path, What::Leave) < gone {
                    now + (scene.call_timeout - since).max(1)
                } else {
                    let walk = &outlook.walk[usize::from(slow)];
                    let walk = walk.beyond(walk.share(since), since, draw(key, self.path, What::Walk));
                    now - since
                        + walk
                        + self.service_ms(scene, window, service, group, key, size, 0)
                        + self.later_ms(scene, window, &desk.later, key, size)
                }
            }
        };
        self.free.push(busy.max(open));
    }

    /// When the window closes that opened at `open` for its planned interval.
    fn closing(&self, scene: &Scene, window: usize, interval: usize, open: i64) -> i64 {
        let desk = &scene.desks[window];
        let Some((_, to)) = desk.plan.get(interval) else {
            return NEVER;
        };
        if interval + 1 == desk.plan.len() {
            // The hall closes for all at once, and not before its time.
            return (*to).max(scene.now + 1);
        }
        let dice = draw(desk.key ^ (interval as u64) << 40, self.path, What::Closing);
        let over = open.max(scene.now) - to;
        let dev = &scene.outlook.close_dev;
        to + dev.beyond(dev.share(over), over, dice).max(over + 1)
    }

    /// Moves a window whose door has shut to its next opening.
    fn reopen(&mut self, scene: &Scene, window: usize, now: i64) {
        let desk = &scene.desks[window];
        self.interval[window] += 1;
        let interval = self.interval[window];
        self.idle[window] = false;
        let Some((from, _)) = desk.plan.get(interval) else {
            self.free[window] = NEVER;
            return;
        };
        let dice = draw(desk.key ^ (interval as u64) << 40, self.path, What::Opening);
        let open = (from + scene.outlook.open_dev.at(dice)).max(now);
        self.closes[window] = self.closing(scene, window, interval, open);
        self.free[window] = open.max(self.free[window]);
        if self.free[window] == NEVER {
            self.free[window] = open;
        }
    }

    /// A whole service that is longer than `over` ms.
    #[allow(clippy::too_many_arguments)] // all of them are one draw
    fn service_ms(&self, scene: &Scene, w: usize, service: usize, group: usize, key: u64, size: i64, over: i64) -> i64 {
        let pace = scene.desks[w].pace * self.group_pace[group] * size / (1024 * 1024);
        let curve = &scene.durations[service];
        let dice = draw(key, self.path, What::Duration);
        if over == 0 {
            return curve.at(dice) * pace / 1024;
        }
        let over = over * 1024 / pace.max(1);
        curve.beyond(curve.share(over), over, dice) * pace / 1024
    }

    /// The further matters that a window goes on with. For the rest their person waits again, which no path plays.
    fn later_ms(&self, scene: &Scene, window: usize, later: &[(usize, usize)], key: u64, size: i64) -> i64 {
        let skills = &scene.desks[window].skills;
        let here = later.iter().take_while(|(_, group)| skills[*group]);
        let each = here.zip(1_u64..).map(|((service, group), nth)| {
            let key = key ^ nth << 40;
            self.service_ms(scene, window, *service, *group, key, size, 0)
        });
        each.sum()
    }

    #[inline]
    fn next_free(&self) -> (usize, i64) {
        let mut best = (0, NEVER);
        for (window, free) in self.free.iter().enumerate() {
            if *free < best.1 {
                best = (window, *free);
            }
        }
        best
    }

    fn window_free(&mut self, scene: &Scene, window: usize, now: i64, only: Option<usize>) {
        if now >= self.closes[window] {
            self.reopen(scene, window, now);
            return;
        }
        while let Some(ix) = self.best_for(scene, window, now) {
            if self.call(scene, window, ix, now, only) || self.open_calls == 0 {
                return;
            }
        }
        self.idle[window] = true;
        self.free[window] = NEVER;
    }

    /// Somebody comes; an idle window takes him at once.
    fn arrive(&mut self, scene: &Scene, person: Person, now: i64, only: Option<usize>) {
        self.queue.enqueue(scene.by_arrival, person);
        let mut best: Option<usize> = None;
        for window in 0..self.idle.len() {
            if !self.idle[window] || !scene.desks[window].skills[person.claim.group] {
                continue;
            }
            if now >= self.closes[window] {
                self.reopen(scene, window, now);
            } else if best.is_none_or(|b| scene.desks[window].rank < scene.desks[b].rank) {
                best = Some(window);
            }
        }
        if let Some(window) = best {
            self.idle[window] = false;
            self.window_free(scene, window, now, only);
        }
    }

    fn best_for(&self, scene: &Scene, window: usize, now: i64) -> Option<u32> {
        let skills = &scene.desks[window].skills;
        let special = |ix: &&u32| {
            let person = &self.queue.people[**ix as usize];
            person.bound.map_or(skills[person.claim.group], |bound| bound == window)
        };
        if let Some(ix) = self.queue.special.iter().find(special) {
            return Some(*ix);
        }
        let queue = &self.queue;
        let mut best: Option<(Urgency, u32)> = None;
        let mut held_back: Option<(Urgency, u32)> = None;
        for group in &scene.desks[window].groups {
            let let_pass = self.run[*group] >= scene.priority_run_max && queue.ordinary[*group] > 0;
            for first in &queue.first[*group] {
                let (ix, claim) = (first.person, &first.claim);
                let urgency = scene.scorer.urgency(now, claim, &queue.waiting);
                let pass = let_pass && (claim.class == 1 || claim.class == 2);
                let early = claim.class == 0 && now < claim.base - scene.check_in_before;
                let slot = if pass || early { &mut held_back } else { &mut best };
                let better = slot.as_ref().is_none_or(|(other, by)| match urgency.order(other) {
                    core::cmp::Ordering::Greater => true,
                    core::cmp::Ordering::Equal => ix < *by,
                    core::cmp::Ordering::Less => false,
                });
                if better {
                    *slot = Some((urgency, ix));
                }
            }
        }
        best.or(held_back).map(|(_, ix)| ix)
    }

    /// False when the person had said that he leaves, so that the window is still free.
    fn call(&mut self, scene: &Scene, window: usize, ix: u32, now: i64, only: Option<usize>) -> bool {
        self.queue.take_out(ix);
        let person = self.queue.people[ix as usize];
        let claim = person.claim;
        let run = &mut self.run[claim.group];
        *run = match claim.class {
            1 | 2 if self.queue.ordinary[claim.group] > 0 => run.saturating_add(1),
            0 if self.queue.ordinary[claim.group] > 0 => *run,
            _ => 0,
        };
        let place = ix as usize;
        if place < self.called.len() {
            self.called[place] = now;
            if only.is_none_or(|only| only == place) {
                self.open_calls -= 1;
                if only.is_some() {
                    return true;
                }
            }
        }
        let tells = draw(person.key, self.path, What::Tell) < TELLS;
        let left = scene.outlook.left(claim.class, now - person.issued);
        // Who would have said so is still here; whoever leaves in silence may have left already.
        let still_here = if tells {
            scene.outlook.left(claim.class, scene.now - person.issued)
        } else {
            0
        };
        let dice = draw(person.key, self.path, What::Leave);
        let gone = still_here + (65_536 - still_here) * dice / 65_536 < left;
        if gone && tells {
            return false;
        }
        self.free[window] = if gone {
            now + scene.call_timeout
        } else {
            let walk = scene.outlook.walk[usize::from(person.slow)].at(draw(person.key, self.path, What::Walk));
            let (key, size) = (person.key, person.size);
            let later = scene
                .later
                .get(place)
                .map_or(0, |l| self.later_ms(scene, window, l, key, size));
            now + walk
                + self
                    .service_ms(scene, window, claim.service, claim.group, key, size, 0)
                    .max(1)
                + later
        };
        true
    }
}

/// A factor in 1024ths, evenly within the given distance of 1.
fn pace(dice: u32, spread: i64) -> i64 {
    1024 + (i64::from(dice) * 2 - 65_536) * spread * 7 / 4 / 65_536
}

fn booked(scene: &Scene, coming: &Coming, now: i64) -> Person {
    let kept = now <= coming.slot + scene.appt_grace;
    let (class, base) = if kept { (0, now.max(coming.slot)) } else { (3, now) };
    person(scene, class, coming.service, base, now, coming.key)
}

fn walked_in(scene: &Scene, walk_in: &WalkIn) -> Person {
    let (class, service) = (usize::from(walk_in.class), usize::from(walk_in.service));
    person(scene, class, service, walk_in.at, walk_in.at, walk_in.key)
}

fn person(scene: &Scene, class: usize, service: usize, base: i64, now: i64, key: u64) -> Person {
    let group = scene.service_group[service];
    // Of a booked person nobody knows the age before he comes; one in seven is old.
    let slow = matches!(class, 1 | 2) || (class == 0 && key.is_multiple_of(7));
    let claim = Claim {
        class,
        service,
        group,
        base,
        queued: now,
    };
    Person {
        claim,
        issued: now,
        size: if slow { scene.slow_size } else { 1024 },
        slow,
        bound: None,
        front: false,
        key,
    }
}

/// How many 64ths of the drawn walk-ins come when the day has `factor` times the usual.
pub(crate) fn keep_of(factor: f64) -> u8 {
    let part = (factor / f64::from(THINNING) * 64.0).clamp(0.0, 64.0);
    part.round() as u8
}
