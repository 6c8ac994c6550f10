//! The order in which those who wait would be called if nobody else came and no time passed: by policy, with the cap
//! on priority calls in a row and the check-in window of appointments. What boards list and people are counted by.

use core::cmp::Ordering;

use ticket_dispatcher_types::{Class, Millis};

use crate::choose::is_priority;
use crate::effect::Place;
use crate::engine::{Engine, count};
use crate::policy::{Claim, Policy, Urgency};
use crate::waiters::first_of;

/// With more people waiting in a group the exact order is dear and says nothing: they are counted by score alone.
const CROWD: u32 = 300;

/// Somebody at the head of a row of people alike.
#[derive(Debug, Clone, Copy)]
struct Head<'a> {
    /// Those behind, the head first; empty for somebody who is not here yet.
    row: &'a [usize],
    front: bool,
    urgency: Urgency,
    place: Place,
    group: usize,
    class: Class,
    /// An appointment whose check-in window has not begun.
    early: bool,
    /// One of the ordinary tickets that any window of the group may call.
    ordinary: bool,
}

/// The hall being called through.
struct Calling<'a> {
    engine: &'a Engine,
    now: Millis,
    heads: Vec<Head<'a>>,
    /// By group: priority calls in a row, and ordinary tickets that wait.
    run: Vec<u8>,
    ordinary: Vec<u32>,
}

impl Engine {
    /// The first `n` of all groups.
    pub(crate) fn in_order(&self, n: usize) -> Vec<usize> {
        let mut calling = Calling::new(self, self.state.clock, None);
        let order = core::iter::from_fn(|| calling.next());
        order.filter_map(|head| head.row.first().copied()).take(n).collect()
    }

    /// Those of its group who would be called before this waiting ticket.
    pub(crate) fn ahead(&self, now: Millis, ix: usize) -> u32 {
        let group = self.state.tickets[ix].group_at;
        if self.waiters.queues[group] > CROWD {
            let own = self.candidate(now, ix, self.queues());
            let sooner = |other: usize| {
                let other = self.candidate(now, other, self.queues());
                self.before(&other, &own) == Ordering::Less
            };
            return self.ahead_by_score(group, ix, sooner);
        }
        let mut calling = Calling::new(self, now, Some(group));
        let order = core::iter::from_fn(|| calling.next());
        count(order.take_while(|head| head.row.first() != Some(&ix)))
    }

    /// Those of the group who would be called before an ordinary person who takes a number now.
    pub(crate) fn ahead_of_new(&self, now: Millis, claim: Claim) -> u32 {
        let (group, queues) = (claim.group, self.queues());
        let urgency = self.scorer.urgency(now.0, &claim, queues);
        if self.waiters.queues[group] > CROWD {
            let sooner = |other: usize| {
                let other = self.candidate(now, other, queues);
                other.urgency.order(&urgency) != Ordering::Less
            };
            return self.ahead_by_score(group, usize::MAX, sooner);
        }
        let mut calling = Calling::new(self, now, Some(group));
        calling.ordinary[group] += 1;
        calling.heads.push(Head {
            row: &[],
            front: false,
            urgency,
            place: Place {
                queued_ms: now.0,
                rank: u64::MAX,
                base_ms: now.0,
            },
            group,
            class: Class::Normal,
            early: false,
            ordinary: true,
        });
        let order = core::iter::from_fn(|| calling.next());
        count(order.take_while(|head| !head.row.is_empty()))
    }

    /// Of each row so many as go before, found by halving.
    fn ahead_by_score(&self, group: usize, own: usize, sooner: impl Fn(usize) -> bool) -> u32 {
        let same = |ix: &&usize| self.state.tickets[**ix].group_at == group;
        if self.config.policy == Policy::Fifo {
            return count(self.state.waiting.iter().filter(same).filter(|ix| sooner(**ix)));
        }
        let special = self.waiters.special.iter().filter(same).filter(|ix| sooner(**ix));
        // Who came just now is the last of his row: nobody need be asked where he stands in it.
        let rows = self
            .waiters
            .rows_of(group)
            .map(|row| row.strip_suffix(&[own]).unwrap_or(row));
        let rows: usize = rows.map(|row| first_of(row, &sooner)).sum();
        count(special).saturating_add(u32::try_from(rows).unwrap_or(u32::MAX))
    }
}

impl<'a> Head<'a> {
    /// Of a row with somebody in it.
    fn of(engine: &Engine, now: Millis, row: &'a [usize]) -> Self {
        let ix = row[0];
        let ticket = &engine.state.tickets[ix];
        let candidate = engine.candidate(now, ix, engine.queues());
        Self {
            row,
            front: candidate.front,
            urgency: candidate.urgency,
            place: ticket.place,
            group: ticket.group_at,
            class: ticket.class,
            early: engine.is_too_early(now, ix),
            ordinary: ticket.class == Class::Normal,
        }
    }
}

impl<'a> Calling<'a> {
    fn new(engine: &'a Engine, now: Millis, only: Option<usize>) -> Self {
        let mut calling = Self {
            engine,
            now,
            heads: Vec::new(),
            run: engine.state.priority_run.clone(),
            ordinary: vec![0; engine.config.groups.len()],
        };
        let wanted = |ix: &usize| only.is_none_or(|group| engine.state.tickets[*ix].group_at == group);
        let waiters = &engine.waiters;
        for row in waiters.rows().filter(|row| wanted(&row[0])) {
            let first = &engine.state.tickets[row[0]];
            if first.class == Class::Normal {
                calling.ordinary[first.group_at] += count(row.iter());
            }
            // Those who come back stand by arrival at another place than by base time.
            let by_arrival = engine.config.policy == Policy::Fifo;
            let heads = row.chunks(if by_arrival { 1 } else { row.len() });
            calling.heads.extend(heads.map(|row| Head::of(engine, now, row)));
        }
        let special = waiters.special.iter().filter(|ix| wanted(ix));
        calling.heads.extend(special.map(|ix| Head {
            ordinary: false,
            ..Head::of(engine, now, core::slice::from_ref(ix))
        }));
        calling
    }

    fn is_held_back(&self, head: &Head) -> bool {
        let most = self.engine.config.rules.priority_run_max;
        let capped = self.engine.config.policy != Policy::Fifo
            && is_priority(head.class)
            && self.ordinary[head.group] > 0
            && most.is_some_and(|most| self.run[head.group] >= most);
        !head.front && (capped || head.early)
    }

    /// Calls the next one.
    fn next(&mut self) -> Option<Head<'a>> {
        let order = |a: &Head, b: &Head| {
            let by_score = b.front.cmp(&a.front).then(b.urgency.order(&a.urgency));
            let first = |head: &Head| head.row.first().copied().unwrap_or(usize::MAX);
            by_score.then(a.place.cmp(&b.place)).then(first(a).cmp(&first(b)))
        };
        let key = |at: &usize| self.is_held_back(&self.heads[*at]);
        let places = 0..self.heads.len();
        let at = places.min_by(|a, b| key(a).cmp(&key(b)).then(order(&self.heads[*a], &self.heads[*b])))?;
        let called = self.heads[at];
        match called.row {
            [] | [_] => drop(self.heads.swap_remove(at)),
            [_, rest @ ..] => self.heads[at] = Head::of(self.engine, self.now, rest),
        }
        self.ordinary[called.group] -= u32::from(called.ordinary);
        let waits = self.ordinary[called.group] > 0;
        let run = &mut self.run[called.group];
        *run = match called.class {
            class if is_priority(class) && waits => run.saturating_add(1),
            Class::Appt if waits => *run,
            _ => 0,
        };
        Some(called)
    }
}
