//! The present hall as a look-ahead sees it, and the forecast that comes of playing it on.

use ticket_dispatcher_types::{CloseReason, Millis, TicketState, WindowState};

use crate::draw::key;
use crate::engine::{Engine, count};
use crate::forecast::{Forecast, QueueOutlook};
use crate::path_queue::{Person, Queue};
use crate::paths::{Coming, Desk, Door, Path, Ready, Scene, keep_of};
use crate::policy::{Claim, Policy, WindowRule};
use crate::ticket::{Ticket, WindowNow};

/// A window that is this late for its plan is taken as being in its next interval.
const PLAN_SLACK_MS: i64 = 600_000;
/// A window that has not opened so long after its plan is waited for no longer.
const OVERDUE_MS: i64 = 1_800_000;
/// How far a look-ahead goes beyond the closing of the hall.
const AFTER_CLOSE_MS: i64 = 3_600_000;
/// Bookings farther ahead than this are left out: who waits now is called before them.
const BOOKINGS_AHEAD_MS: i64 = 5_400_000;
/// Up to so many waiting tickets a forecast takes all its paths.
const USUAL_QUEUE: u32 = 250;
const FEWEST_PATHS: u32 = 16;
/// With more people waiting nobody is told a time: no hall serves them today.
const CROWD: usize = 1_000;
/// A pause outside the plan.
const PAUSE_MS: i64 = 300_000;

impl Engine {
    pub(crate) fn foresee(&self, now: Millis, ticket: usize) -> Forecast {
        let scene = self.scene(now, None);
        let place = self.state.waiting.iter().position(|ix| *ix == ticket);
        place.map_or_else(Forecast::default, |place| self.play_one(&scene, place))
    }

    /// People ahead of an ordinary ticket for a service, were it taken now.
    pub(crate) fn ahead_if_new(&self, now: Millis, service: usize) -> u32 {
        self.ahead_of_new(now, self.claim_of_new(now, service))
    }

    fn claim_of_new(&self, now: Millis, service: usize) -> Claim {
        Claim {
            class: 3,
            service,
            group: self.index.service_group[service],
            base: now.0,
            queued: now.0,
        }
    }

    pub(crate) fn foresee_new(&self, now: Millis, service: usize) -> (u32, Forecast) {
        let claim = self.claim_of_new(now, service);
        let key = key(self.config.seed, service as u128 | 1 << 100);
        let person = Person {
            claim,
            issued: now.0,
            size: 1024,
            slow: false,
            bound: None,
            front: false,
            key,
        };
        let scene = self.scene(now, Some(person));
        (
            self.ahead_of_new(now, claim),
            self.play_one(&scene, scene.queue.len() - 1),
        )
    }

    /// Forecasts of all waiting tickets, in order of issue; one set of paths serves all.
    pub(crate) fn foresee_all(&self, now: Millis) -> Vec<(usize, Forecast)> {
        let scene = self.scene(now, None);
        let mut waits: Vec<Vec<i64>> = vec![Vec::new(); scene.queue.len()];
        let mut path = Path::default();
        for number in 0..self.paths(&scene) {
            path.play(&scene, u64::from(number), None);
            for (waits, called) in waits.iter_mut().zip(&path.called) {
                waits.push((*called).min(scene.horizon) - now.0);
            }
        }
        let mut all: Vec<(usize, Forecast)> = self
            .state
            .waiting
            .iter()
            .zip(waits)
            .map(|(ticket, mut waits)| (*ticket, self.range(&mut waits)))
            .collect();
        all.sort_unstable_by_key(|(ticket, _)| *ticket);
        all
    }

    /// By place in the queue: whether some window that may call the ticket is open or is expected to open.
    pub(crate) fn callable(&self, now: Millis) -> Vec<bool> {
        let will_open: Vec<bool> = (0..self.state.windows.len())
            .map(|window| self.will_open(now, window))
            .collect();
        let windows = |ticket: &usize| {
            let mut all = will_open.iter().enumerate();
            all.any(|(window, opens)| *opens && self.can_serve(window, *ticket))
        };
        self.state.waiting.iter().map(windows).collect()
    }

    /// `counted` says whose waits count, by place in the queue; the others are played all the same.
    pub(crate) fn foresee_end(&self, now: Millis, counted: &[bool]) -> Option<QueueOutlook> {
        let scene = self.scene(now, None);
        if counted.is_empty() {
            return None;
        }
        let waiting = counted.iter().filter(|counts| **counts).count() as i64;
        let (mut ends, mut sum, mut path) = (Vec::new(), 0, Path::default());
        let paths = if waiting > 0 { self.paths(&scene) } else { 0 };
        for number in 0..paths {
            path.play(&scene, u64::from(number), None);
            let all = path.called.iter().zip(counted).filter(|(_, counts)| **counts);
            let waits = all.map(|(called, _)| (*called).min(scene.horizon) - now.0);
            let (last, all) = waits.fold((0, 0), |(last, all), wait| (wait.max(last), all + wait));
            ends.push(last);
            sum += all / waiting;
        }
        Some(QueueOutlook {
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            stranded: count(self.callable(now).into_iter().filter(|called| !called)),
            gone: raw_range(&mut ends),
            mean_wait: Millis(sum / i64::from(paths.max(1))),
        })
    }

    /// Fewer paths when the hall is far beyond what any hall holds, so that an answer still comes in time.
    fn paths(&self, scene: &Scene) -> u32 {
        let waiting = u32::try_from(scene.queue.len()).unwrap_or(u32::MAX).max(1);
        let most = (USUAL_QUEUE * self.config.forecast_paths.max(1) / waiting).max(FEWEST_PATHS);
        self.config.forecast_paths.min(most)
    }

    fn play_one(&self, scene: &Scene, place: usize) -> Forecast {
        let mut path = Path::default();
        let mut waits: Vec<i64> = (0..self.paths(scene))
            .map(|number| {
                path.play(scene, u64::from(number), Some(place));
                path.called[place].min(scene.horizon) - scene.now
            })
            .collect();
        self.range(&mut waits)
    }

    fn range(&self, waits: &mut [i64]) -> Forecast {
        self.state.learnt.calibration.apply(raw_range(waits))
    }

    pub(crate) fn scene(&self, now: Millis, extra: Option<Person>) -> Scene<'_> {
        let by_arrival = self.config.policy == Policy::Fifo;
        let mut queue = Queue::new(self.config.groups.len(), self.config.services.len());
        for person in self.waiting().map(|ticket| self.person(ticket)).chain(extra) {
            queue.enqueue(by_arrival, person);
        }
        let horizon = self.config.rules.close.0.max(now.0) + AFTER_CLOSE_MS;
        Scene {
            now: now.0,
            horizon,
            queue,
            later: self.later_of_all(),
            desks: (0..self.state.windows.len())
                .map(|window| self.desk(now.0, window))
                .collect(),
            coming: self.coming(now.0),
            overtaking: !by_arrival,
            keep: keep_of(self.day_factor(now.0)),
            by_arrival,
            priority_run: self.state.priority_run.clone(),
            priority_run_max: match self.config.policy {
                Policy::Fifo => u8::MAX,
                _ => self.config.rules.priority_run_max.unwrap_or(u8::MAX),
            },
            slow_size: self.state.learnt.slow_size(),
            call_timeout: self.config.rules.call_timeout.0,
            appt_grace: self.config.rules.appt_grace.0,
            check_in_before: self.check_in_before().0,
            service_group: &self.index.service_group,
            durations: &self.durations,
            outlook: &self.outlook,
            scorer: &self.scorer,
        }
    }

    fn person(&self, ticket: &Ticket) -> Person {
        Person {
            claim: ticket.claim(),
            issued: ticket.place.queued_ms,
            size: self.size(ticket),
            slow: ticket.slow,
            bound: self.bound_to(ticket),
            front: ticket.front,
            key: key(self.config.seed, u128::from_le_bytes(ticket.id.bytes())),
        }
    }

    fn later_of_all(&self) -> Vec<Vec<(usize, usize)>> {
        if self.waiting().all(|ticket| ticket.services.len() < 2) {
            return Vec::new();
        }
        self.waiting().map(|ticket| self.later(ticket)).collect()
    }

    /// The matters after the present one.
    fn later(&self, ticket: &Ticket) -> Vec<(usize, usize)> {
        let rest = ticket.services.iter().skip(usize::from(ticket.matter) + 1);
        let known = rest.filter_map(|service| self.index.services.get(service));
        known.map(|ix| (*ix, self.index.service_group[*ix])).collect()
    }

    fn size(&self, ticket: &Ticket) -> i64 {
        let one = if ticket.slow {
            self.state.learnt.slow_size()
        } else {
            1024
        };
        one * i64::from(ticket.cases.get())
    }

    fn desk(&self, now: i64, window: usize) -> Desk {
        let state = &self.state.windows[window];
        let skills = self.index.skills[window].clone();
        let rank = match self.config.window_rule {
            WindowRule::FewestSkills => (self.index.skill_count[window], state.idle_since.0, window),
            WindowRule::HallOrder => (0, 0, window),
        };
        let (door, plan) = self.door(now, window);
        let here = state.current.and_then(|id| self.ticket(id));
        Desk {
            groups: (0..skills.len()).filter(|g| skills[*g]).collect(),
            skills,
            rank,
            ready: self.ready(now, state),
            later: here.map_or_else(Vec::new, |ticket| self.later(ticket)),
            door,
            plan,
            pace: self.state.learnt.pace(window),
            key: key(self.config.seed, window as u128 | 1 << 101),
        }
    }

    fn ready(&self, now: i64, window: &WindowNow) -> Ready {
        let Some(ticket) = window.current.and_then(|id| self.ticket(id)) else {
            return Ready::Now;
        };
        let (service, group, size) = (ticket.service_at, ticket.group_at, self.size(ticket));
        let key = key(self.config.seed, u128::from_le_bytes(ticket.id.bytes()));
        let called = ticket.called.map_or(now, |t| t.0);
        match ticket.started {
            Some(started) if ticket.state == TicketState::Serving => Ready::Serving {
                service,
                group,
                since: (now - started.0).max(1),
                key,
                size,
            },
            _ => {
                let since = (now - called).max(0);
                let waited = called - ticket.place.queued_ms;
                let gone = self.outlook.left(ticket.claim().class, waited) * 7 / 10;
                // Each second without a start makes it likelier that nobody comes.
                let walking = 65_536 - self.outlook.walk[usize::from(ticket.slow)].share(since).min(65_000);
                let stays = u64::from(65_536 - gone) * u64::from(walking) / 65_536;
                let gone = u64::from(gone) * 65_536 / (u64::from(gone) + stays).max(1);
                let gone = u32::try_from(gone).unwrap_or(65_536);
                Ready::Called {
                    slow: ticket.slow,
                    service,
                    group,
                    since,
                    gone,
                    key,
                    size,
                }
            }
        }
    }

    /// Whether the window is open, or how it will open, with the planned intervals from then on.
    fn door(&self, now: i64, window: usize) -> (Door, Vec<(i64, i64)>) {
        let state = &self.state.windows[window];
        let plan = &self.config.windows[window].plan;
        let from = |first: usize| plan[first..].iter().map(|p| (p.from.0, p.to.0)).collect::<Vec<_>>();
        // The interval that now belongs to, also when it began or ended a little late.
        let present = plan
            .partition_point(|p| p.from.0 - PLAN_SLACK_MS / 2 <= now)
            .saturating_sub(1);
        match (state.state, state.reason) {
            (WindowState::Open, _) => {
                let late = plan.get(present).is_some_and(|p| now > p.to.0 + 2 * PLAN_SLACK_MS);
                (
                    Door::Open,
                    if plan.is_empty() || late {
                        Vec::new()
                    } else {
                        from(present)
                    },
                )
            }
            (_, Some(CloseReason::End)) => (Door::Shut, Vec::new()),
            (_, Some(CloseReason::Fault)) => {
                let since = (now - state.since.0).max(0);
                (
                    Door::Fault { since },
                    if plan.is_empty() { Vec::new() } else { from(present) },
                )
            }
            (WindowState::Paused, _) if !self.gap(window, now) => (
                Door::Planned,
                [(state.since.0.max(now - PAUSE_MS) + PAUSE_MS, i64::MAX / 2)].to_vec(),
            ),
            _ => {
                let since = state.since.0 - PLAN_SLACK_MS;
                let next = plan.partition_point(|p| p.from.0 < since || p.to.0 <= now);
                (Door::Planned, if next < plan.len() { from(next) } else { Vec::new() })
            }
        }
    }

    /// Whether a forecast for this group says anything.
    pub(crate) fn can_say(&self, now: Millis, group: usize) -> bool {
        self.state.waiting.len() <= CROWD && self.will_be_served(now, group)
    }

    /// True when some window that serves the group is open or is expected to open.
    pub(crate) fn will_be_served(&self, now: Millis, group: usize) -> bool {
        let serves = |window: &usize| self.index.skills[*window][group];
        let mut windows = (0..self.state.windows.len()).filter(serves);
        windows.any(|window| self.will_open(now, window))
    }

    fn will_open(&self, now: Millis, window: usize) -> bool {
        match self.door(now.0, window) {
            (Door::Open, _) => true,
            (Door::Shut, _) => false,
            (Door::Fault { .. }, plan) => !plan.is_empty(),
            // A window long overdue is not open; when it will be, nobody can say.
            (Door::Planned, plan) => plan.first().is_some_and(|(from, _)| now.0 - from <= OVERDUE_MS),
        }
    }

    /// True when the plan has the window closed about now.
    fn gap(&self, window: usize, now: i64) -> bool {
        let plan = &self.config.windows[window].plan;
        !plan
            .iter()
            .any(|p| p.from.0 + PLAN_SLACK_MS / 2 <= now && now < p.to.0 - PLAN_SLACK_MS / 2)
    }

    /// Bookings that may still come.
    fn coming(&self, now: i64) -> Vec<Coming> {
        let offset = &self.outlook.book_offset;
        let no_show = u64::from(self.outlook.book_no_show_pct) * 65_536 / 100;
        let mut coming = Vec::new();
        for booking in self.bookings_today() {
            let late = now - booking.slot.0;
            let share = offset.share(late);
            let known = self.index.services.get(&booking.service);
            let (Some(service), false) = (known, self.state.checked_in.contains_key(&booking.id)) else {
                continue;
            };
            if share >= 65_000 || booking.slot.0 > now + BOOKINGS_AHEAD_MS {
                continue;
            }
            // The longer it fails to appear, the likelier it never will.
            let may = (65_536 - no_show) * u64::from(65_536 - share) / 65_536;
            let shows = u32::try_from(may * 65_536 / (may + no_show).max(1)).unwrap_or(0);
            let key = key(self.config.seed, crate::digest::Digest::number(&booking.id));
            coming.push(Coming {
                slot: booking.slot.0,
                service: *service,
                shows,
                share,
                key,
            });
        }
        coming
    }

    /// Walk-ins of today against the usual until now, drawn towards 1 while the day is young.
    fn day_factor(&self, now: i64) -> f64 {
        let mut usual = 0.0;
        for profile in &self.config.profiles {
            for (bin, (from, count)) in profile.from.iter().zip(&profile.counts).enumerate() {
                let to = profile.from.get(bin + 1).map_or(from.0 + 1_800_000, |next| next.0);
                let part = ((now - from.0) as f64 / (to - from.0).max(1) as f64).clamp(0.0, 1.0);
                usual += part * f64::from(*count) / f64::from(profile.days.max(1));
            }
        }
        let came = count(self.tickets().filter(|t| t.booking.is_none()));
        // A day's factor spreads by about a fifth: worth 25 arrivals.
        (f64::from(came) + 25.0) / (usual + 25.0)
    }
}

fn raw_range(waits: &mut [i64]) -> Forecast {
    waits.sort_unstable();
    let at = |percent: usize| {
        let place = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        Millis(waits.get(place).copied().unwrap_or(0).max(0))
    };
    Forecast {
        p10: at(10),
        p50: at(50),
        p90: at(90),
    }
}
