//! Runs a document scanner over a `Transport`: passports by their machine-readable zone, and codes.
//!
//! The scanner speaks when something is laid on it and says nothing else, not even that it is there: "up" means that
//! its port is open. A camera misreads letters, so a zone counts only with its check digits; what a code says is handed
//! on unread and must not be kept by whoever has no use for it.

use core::fmt;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use zeroize::Zeroizing;

use crate::codec::{Date, Scan, ScanParser};
use crate::mrz::{self, CheckFailure, Mrz};

/// The line: odd parity, at this rate (reference section 12).
pub const BAUD: u32 = 256_000;
/// Between two attempts to open the port.
const REOPEN_AFTER: Duration = Duration::from_millis(500);
/// A message that stops for so long has broken off: at this rate a byte takes 43 µs.
const GAP: Duration = Duration::from_millis(300);
/// The same paper seen again within this time still lies there.
const STILL_THERE: Duration = Duration::from_secs(3);

/// What a scanner tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanEvent {
    /// Its port is open.
    Up,
    /// Its port is gone or refused: why.
    Down(String),
    /// A passport or another paper with a zone was laid down. Failed check digits that do not touch the number are
    /// warnings in [`Mrz::failures`].
    Passport(Box<Mrz>),
    /// A code was shown.
    Code(Code),
    /// Something was laid down and could not be read: once more.
    Misread,
}

/// The text of a code. `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// The text, for whoever knows that the code is meant for him (a receipt), not for a look at what it might be.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} bytes)", self.0.len())
    }
}

/// One scanner. Runs on a thread of its own: call [`DocumentScanner::next_event`] in a loop.
pub struct DocumentScanner {
    transport: Box<dyn Transport>,
    parser: ScanParser,
    open: bool,
    down_told: bool,
    retry_at: Instant,
    heard_at: Instant,
    events: VecDeque<ScanEvent>,
    /// What was seen last, and when: a scanner may repeat it for as long as it lies there.
    last: Option<(Scan, Instant)>,
}

impl DocumentScanner {
    /// Takes a transport that may still be closed; the scanner opens it, and opens it again whenever it is gone.
    pub fn new(transport: Box<dyn Transport>) -> Self {
        let now = Instant::now();
        Self {
            transport,
            parser: ScanParser::default(),
            open: false,
            down_told: false,
            retry_at: now,
            heard_at: now,
            events: VecDeque::new(),
            last: None,
        }
    }

    /// The port as configured, for messages to people.
    pub fn port(&self) -> &str {
        self.transport.port()
    }

    /// Works for at most about `wait` and returns the next event. `today` decides the century of births.
    pub fn next_event(&mut self, wait: Duration, today: Date) -> Option<ScanEvent> {
        let until = Instant::now() + wait;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            // Who has taken the paper away is not kept for a comparison that is over.
            self.last.take_if(|(_, at)| at.elapsed() >= STILL_THERE);
            if self.open {
                self.listen(left, today);
            } else {
                self.try_open(left);
            }
        }
    }

    fn try_open(&mut self, left: Duration) {
        let to_retry = self.retry_at.saturating_duration_since(Instant::now());
        std::thread::sleep(left.min(to_retry));
        if Instant::now() < self.retry_at {
            return;
        }
        self.retry_at = Instant::now() + REOPEN_AFTER;
        match self.transport.reopen() {
            Ok(()) => {
                self.open = true;
                self.down_told = false;
                self.parser.give_up();
                self.events.push_back(ScanEvent::Up);
            }
            Err(error) => self.lost(&error),
        }
    }

    fn lost(&mut self, error: &TransportError) {
        self.open = false;
        self.last = None;
        self.parser.give_up();
        if !self.down_told {
            self.down_told = true;
            self.events.push_back(ScanEvent::Down(error.to_string()));
        }
    }

    fn listen(&mut self, left: Duration, today: Date) {
        let mut buffer = Zeroizing::new([0_u8; 1024]);
        let wait = if self.parser.is_pending() { left.min(GAP) } else { left };
        match self.transport.read(&mut buffer[..], wait) {
            Ok(0) => {
                if self.parser.is_pending() && self.heard_at.elapsed() >= GAP {
                    self.parser.give_up();
                    self.events.push_back(ScanEvent::Misread);
                }
            }
            Ok(count) => {
                self.heard_at = Instant::now();
                for scan in self.parser.push(&buffer[..count]) {
                    self.seen(scan, today);
                }
            }
            Err(error) => self.lost(&error),
        }
    }

    fn seen(&mut self, scan: Scan, today: Date) {
        let now = Instant::now();
        let repeated = match &self.last {
            Some((last, _)) => *last == scan && scan != Scan::Garbled,
            None => false,
        };
        self.last = Some((scan.clone(), now));
        if repeated {
            return;
        }
        self.events.push_back(match scan {
            Scan::Zone(text) => match mrz::parse(&text, today) {
                Ok(zone) if is_sure(&zone) => ScanEvent::Passport(Box::new(zone)),
                _ => ScanEvent::Misread,
            },
            Scan::Code(text) => ScanEvent::Code(Code(text)),
            Scan::Garbled => ScanEvent::Misread,
        });
    }
}

/// A camera that took one letter for another fails a field and the composite over it. One failed digit alone was
/// printed so by the issuer, except at the number, which must be right.
fn is_sure(zone: &Mrz) -> bool {
    zone.failures.len() <= 1 && !zone.failures.contains(&CheckFailure::Number) && !zone.number.is_empty()
}
