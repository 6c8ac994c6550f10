//! Tells systemd that the core still turns. Without systemd it does nothing.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

/// Half of the shortest sensible `WatchdogSec=`.
const EVERY: Duration = Duration::from_secs(5);

/// The line to the service manager.
pub struct Watchdog {
    line: Option<UnixDatagram>,
    last: Option<Instant>,
}

impl Watchdog {
    /// Connects to `NOTIFY_SOCKET`, if there is one, and says that the kiosk is ready.
    pub fn start() -> Self {
        let line = std::env::var_os("NOTIFY_SOCKET").and_then(|path| {
            let line = UnixDatagram::unbound().ok()?;
            line.connect(path).ok()?;
            line.send(b"READY=1").ok()?;
            Some(line)
        });
        Self { line, last: None }
    }

    /// A turn of the core's loop.
    pub fn turn(&mut self) {
        let due = self.last.is_none_or(|last| last.elapsed() >= EVERY);
        if let (Some(line), true) = (&self.line, due) {
            self.last = Some(Instant::now());
            let _ = line.send(b"WATCHDOG=1"); // a manager that is gone will not miss it
        }
    }
}
