//! How long until a ticket is called: a range, never a number alone.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Millis, WindowState};

use crate::engine::{Engine, count};

/// Time from now until the call. `p10 <= p50 <= p90`; all zero when a window would call at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// One in ten is called earlier.
    pub p10: Millis,
    /// As many earlier as later.
    pub p50: Millis,
    /// One in ten is called later.
    pub p90: Millis,
}

impl Engine {
    pub(crate) fn foresee(&self, now: Millis, ticket: usize) -> Forecast {
        let ticket = &self.state.tickets[ticket];
        self.rough(now, ticket.group_at, self.people_ahead(ticket.id))
    }

    pub(crate) fn foresee_new(&self, now: Millis, service: usize) -> (u32, Forecast) {
        let group = self.index.service_group[service];
        let ahead = self.waiting_in(&self.config.groups[group].id);
        (ahead, self.rough(now, group, ahead))
    }

    /// Queue length times mean duration over the windows that have the skill: the fallback without a model.
    fn rough(&self, _now: Millis, group: usize, ahead: u32) -> Forecast {
        let of_group = self
            .config
            .services
            .iter()
            .zip(&self.index.service_group)
            .filter(|(_, g)| **g == group);
        let (sum, n) = of_group
            .flat_map(|(service, _)| &service.hist_ms)
            .fold((0, 0), |(sum, n), ms| (sum + ms, n + 1));
        let skilled = self
            .state
            .windows
            .iter()
            .enumerate()
            .filter(|(ix, _)| self.index.skills[*ix][group]);
        let open: Vec<_> = skilled
            .filter(|(_, window)| window.state == WindowState::Open)
            .collect();
        if ahead == 0 && open.iter().any(|(_, window)| window.current.is_none()) {
            return Forecast::default();
        }
        let mean = if n == 0 { 300_000 } else { sum / n };
        let wait = (i64::from(ahead) + 1) * mean / i64::from(count(open.iter()).max(1));
        Forecast {
            p10: Millis(wait / 3),
            p50: Millis(wait * 2 / 3),
            p90: Millis(wait * 3 / 2),
        }
    }
}
