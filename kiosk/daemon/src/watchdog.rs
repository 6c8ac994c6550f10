//! Tells systemd that the core still turns. Without systemd it does nothing.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Half of the shortest sensible `WatchdogSec=`.
const EVERY: Duration = Duration::from_secs(5);

/// The line to the service manager.
pub struct Watchdog {
    last: Option<Instant>,
}

impl Watchdog {
    /// Says that the kiosk is ready.
    pub fn start() -> Self {
        // A manager that is gone will not miss it.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        Self { last: None }
    }

    /// A turn of the core's loop.
    pub fn turn(&mut self) {
        if self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.last = Some(Instant::now());
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}
