//! How long until a ticket is called: a range, never a number alone.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::Millis;

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

/// A forecast made a little earlier, for an ordinary ticket of the same service: what a ticket is told when the hall is
/// too busy to foresee every one by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// People ahead when it was made.
    pub people_ahead: u32,
    /// The forecast; none where nobody could say.
    pub forecast: Option<Forecast>,
}

impl Quote {
    /// Whether it can be moved so far back. "At once", told of an empty queue, stays "at once" behind any number of
    /// people.
    pub(crate) fn reaches(&self, people_ahead: u32) -> bool {
        self.forecast
            .is_none_or(|told| told.p90 > Millis::ZERO || people_ahead <= self.people_ahead)
    }

    /// The forecast moved to another place in the queue: as much longer or shorter as the queue is.
    pub fn at(&self, people_ahead: u32) -> Option<Forecast> {
        let (then, now) = (i64::from(self.people_ahead) + 1, i64::from(people_ahead) + 1);
        let moved = |ms: Millis| Millis(ms.0.saturating_mul(now) / then);
        self.forecast.map(|told| Forecast {
            p10: moved(told.p10),
            p50: moved(told.p50),
            p90: moved(told.p90),
        })
    }
}

/// How the present queue will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueOutlook {
    /// How many wait for whom a window is open or is expected to open.
    pub waiting: u32,
    /// How many wait for whom there is none: nobody can say when they are called, so they count nowhere else.
    pub stranded: u32,
    /// Time until the last of `waiting` is called; zeros when there are none.
    pub gone: Forecast,
    /// Mean over them of the time until the call.
    pub mean_wait: Millis,
}
