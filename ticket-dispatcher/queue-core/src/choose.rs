//! The best pair of a window and a ticket, and why.

use core::cmp::Ordering;

use ticket_dispatcher_types::{Class, Millis};

use crate::effect::{Effect, RunnerUp, Why};
use crate::engine::Engine;
use crate::policy::{Claim, Policy, Urgency, WindowRule, class_place};
use crate::ticket::Ticket;

/// A waiting ticket with its urgency.
pub(crate) struct Candidate {
    pub(crate) ticket: usize,
    pub(crate) front: bool,
    pub(crate) urgency: Urgency,
}

impl Engine {
    /// The best pair of an idle window and a waiting ticket that it can serve, as a call.
    pub(crate) fn choose(&self, now: Millis, windows: &[usize]) -> Option<Effect> {
        if windows.is_empty() || self.state.waiting.is_empty() {
            return None;
        }
        let served = |c: &Candidate| windows.iter().any(|window| self.can_serve(*window, c.ticket));
        let mut candidates: Vec<Candidate> = self.candidates(now).into_iter().filter(served).collect();
        let held_back =
            |c: &Candidate| !c.front && (self.must_let_ordinary_pass(c.ticket) || self.is_too_early(now, c.ticket));
        if candidates.iter().any(|c| !held_back(c)) {
            candidates.retain(|c| !held_back(c));
        }
        let winner = candidates.iter().min_by(|a, b| self.before(a, b))?;
        let window = *windows
            .iter()
            .filter(|window| self.can_serve(**window, winner.ticket))
            .min_by_key(|window| (!self.serves_all(**window, winner.ticket), self.window_order(**window)))?;
        let others = candidates
            .iter()
            .filter(|c| c.ticket != winner.ticket && self.can_serve(window, c.ticket));
        let runner_up = others.min_by(|a, b| self.before(a, b)).map(|c| {
            let ticket = &self.state.tickets[c.ticket];
            let (number, class) = (ticket.number, ticket.class);
            RunnerUp {
                number,
                score: c.urgency.score,
                class,
                due_ms: self.due(ticket),
            }
        });
        let ticket = &self.state.tickets[winner.ticket];
        let why = Why {
            policy: self.config.policy.name().to_string(),
            score: winner.urgency.score,
            class: ticket.class,
            due_ms: self.due(ticket),
            runner_up,
        };
        Some(Effect::Called {
            ticket: ticket.id,
            window: self.state.windows[window].id.clone(),
            why,
        })
    }

    /// An appointment whose check-in window has not begun passes nobody, under any policy: it is called early only when
    /// nobody else waits.
    pub(crate) fn is_too_early(&self, now: Millis, ticket: usize) -> bool {
        let ticket = &self.state.tickets[ticket];
        ticket.class == Class::Appt && now < ticket.base() - self.check_in_before()
    }

    /// A header that lists the day's bookings is a recorded day, whose hall has no check-in window.
    pub(crate) fn check_in_before(&self) -> Millis {
        if self.config.bookings.is_empty() {
            self.config.booking.check_in_before
        } else {
            Millis::from_mins(24 * 60)
        }
    }

    /// The first of each row of people alike, because nobody overtakes his like; and all that are bound to one window
    /// or go in front.
    fn candidates(&self, now: Millis) -> Vec<Candidate> {
        if self.config.policy == Policy::Fifo {
            // A missed ticket that comes back has an old base time and a new place, so rows do not stand by arrival.
            let all = self.state.waiting.iter();
            return all.map(|ix| self.candidate(now, *ix, self.queues())).collect();
        }
        let firsts = self.waiters.rows().filter_map(|row| row.first());
        let all = self.waiters.special.iter().chain(firsts);
        all.map(|ix| self.candidate(now, *ix, self.queues())).collect()
    }

    pub(crate) fn candidate(&self, now: Millis, ix: usize, queues: &[u32]) -> Candidate {
        let ticket = &self.state.tickets[ix];
        let urgency = self.scorer.urgency(now.0, &ticket.claim(), queues);
        Candidate {
            ticket: ix,
            front: ticket.front,
            urgency,
        }
    }

    pub(crate) fn before(&self, a: &Candidate, b: &Candidate) -> Ordering {
        let place = |c: &Candidate| self.state.tickets[c.ticket].place;
        let by_score = b.front.cmp(&a.front).then(b.urgency.order(&a.urgency));
        by_score.then(place(a).cmp(&place(b))).then(a.ticket.cmp(&b.ticket))
    }

    /// How many wait in each group.
    pub(crate) fn queues(&self) -> &[u32] {
        &self.waiters.queues
    }

    /// True when the group has called as many priority tickets in a row as the hall allows while ordinary ones waited.
    pub(crate) fn must_let_ordinary_pass(&self, ix: usize) -> bool {
        let ticket = &self.state.tickets[ix];
        let Some(most) = self.config.rules.priority_run_max else {
            return false;
        };
        is_priority(ticket.class)
            && self.config.policy != Policy::Fifo
            && self.state.priority_run[ticket.group_at] >= most
            && self.ordinary_waits(ticket.group_at)
    }

    pub(crate) fn ordinary_waits(&self, group: usize) -> bool {
        self.waiters.ordinary_waits(group)
    }

    /// Whether the window can do all that the ticket still needs, so that its person goes to one window only.
    pub(crate) fn serves_all(&self, window: usize, ticket: usize) -> bool {
        let ticket = &self.state.tickets[ticket];
        let rest = &ticket.services[usize::from(ticket.matter)..];
        rest.len() < 2
            || rest
                .iter()
                .all(|service| self.index.skills[window][self.index.service_group[self.index.service(service)]])
    }

    fn window_order(&self, window: usize) -> (usize, Millis, usize) {
        match self.config.window_rule {
            WindowRule::FewestSkills => (
                self.index.skill_count[window],
                self.state.windows[window].idle_since,
                window,
            ),
            WindowRule::HallOrder => (0, Millis::ZERO, window),
        }
    }

    /// The promise of its class, ms since local midnight.
    pub(crate) fn due(&self, ticket: &Ticket) -> i64 {
        ticket.place.base_ms + self.config.rules.target[class_place(ticket.class)].0
    }
}

/// Old, disabled: those who go first by law. Who booked was promised a time, which is something else.
pub(crate) fn is_priority(class: Class) -> bool {
    matches!(class, Class::Disabled | Class::Elderly)
}

impl Ticket {
    pub(crate) fn claim(&self) -> Claim {
        Claim {
            class: class_place(self.class),
            service: self.service_at,
            group: self.group_at,
            base: self.place.base_ms,
            queued: self.place.queued_ms,
        }
    }
}
