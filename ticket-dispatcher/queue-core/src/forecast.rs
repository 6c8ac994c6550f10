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

/// How the present queue will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueOutlook {
    /// How many wait.
    pub waiting: u32,
    /// Time until the last of them is called.
    pub gone: Forecast,
    /// Mean over them of the time until the call.
    pub mean_wait: Millis,
}
