//! Which ticket is called next, and to which window.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Class, Millis};

use crate::effect::{Effect, RunnerUp, Why};
use crate::engine::Engine;
use crate::ticket::Ticket;

/// Which rule chooses the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The earliest ticket that the window can serve.
    #[default]
    Fifo,
}

/// Which of several idle windows takes the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowRule {
    /// Fewest skills, then longest idle, then order of the hall file: keeps flexible windows free, evens out the load.
    #[default]
    FewestSkills,
    /// Order of the hall file.
    HallOrder,
}

impl Policy {
    /// As written in the hall file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
        }
    }

    /// By name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// All of them.
    pub const ALL: [Self; 1] = [Self::Fifo];
}

impl Engine {
    /// The best pair of an idle window and a waiting ticket that it can serve, as a call.
    pub(crate) fn choose(&self, now: Millis, windows: &[usize]) -> Option<Effect> {
        let served = |ticket: &usize| windows.iter().any(|window| self.can_serve(*window, *ticket));
        let mut ranked = self.ranked(now).into_iter().filter(served);
        let winner = ranked.next()?;
        let window = *windows
            .iter()
            .filter(|window| self.can_serve(**window, winner))
            .min_by_key(|window| self.window_order(**window))?;
        let runner_up = ranked.find(|ticket| self.can_serve(window, *ticket)).map(|ix| {
            let ticket = &self.state.tickets[ix];
            let (number, class) = (ticket.number, ticket.class);
            RunnerUp {
                number,
                score: self.score(now, ticket),
                class,
                due_ms: self.due(ticket),
            }
        });
        let ticket = &self.state.tickets[winner];
        let why = Why {
            policy: self.config.policy.name().to_string(),
            score: self.score(now, ticket),
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

    /// Waiting tickets, best first: those in front, then by score, then by place.
    pub(crate) fn ranked(&self, now: Millis) -> Vec<usize> {
        let mut ranked = self.state.waiting.clone();
        ranked.sort_by(|a, b| {
            let (a, b) = (&self.state.tickets[*a], &self.state.tickets[*b]);
            b.front
                .cmp(&a.front)
                .then(self.score(now, b).total_cmp(&self.score(now, a)))
        });
        ranked
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
        let class = match ticket.class {
            Class::Appt => 0,
            Class::Disabled => 1,
            Class::Elderly => 2,
            Class::Normal => 3,
        };
        ticket.place.base_ms + self.config.rules.target[class].0
    }

    /// Larger is sooner.
    fn score(&self, _now: Millis, ticket: &Ticket) -> f64 {
        match self.config.policy {
            Policy::Fifo => -(ticket.place.queued_ms as f64),
        }
    }
}
