//! The hall's calendar day and clock, as the writer needs them.

use core::fmt;

use ticket_dispatcher_types::{Millis, UnixMillis};

/// A local date as ten ASCII characters, `2026-11-21`. Dates of four-digit years order like their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day([u8; 10]);

impl Day {
    /// From a date in the Gregorian calendar; the caller has checked that it exists.
    pub fn new(year: i16, month: u8, day: u8) -> Self {
        let text = format!("{:04}-{month:02}-{day:02}", year.clamp(0, 9999));
        Self(text.as_bytes().try_into().expect("four, two and two digits"))
    }

    /// From `2026-11-21`; none for anything of another shape.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 10] = text.as_bytes().try_into().ok()?;
        let shaped = bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        shaped.then_some(Self(bytes))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("digits and dashes")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reading of the hall's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// UTC, for the journal.
    pub at: UnixMillis,
    /// The local date.
    pub day: Day,
    /// Since local midnight, for the engine.
    pub now: Millis,
}

/// The clock of the hall. The daemon reads the real one; tests bring their own.
pub trait HallClock: Send {
    /// The time now. It may jump; the writer never lets the journal go back.
    fn read(&mut self) -> Stamp;
}

/// Keeps the journal's time from going back: after a jump back of the wall clock the last stamp is repeated until the
/// wall clock has caught up, and no day begins twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward(pub(crate) Option<Stamp>);

impl Forward {
    pub(crate) fn next(&mut self, read: Stamp) -> Stamp {
        let stamp = match self.0 {
            Some(last) if read.at < last.at || read.day < last.day => last,
            Some(last) if read.day == last.day => Stamp {
                now: read.now.max(last.now),
                ..read
            },
            _ => read,
        };
        self.0 = Some(stamp);
        stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(at: i64, day: &str, now: i64) -> Stamp {
        Stamp {
            at: UnixMillis(at),
            day: Day::parse(day).unwrap(),
            now: Millis(now),
        }
    }

    #[test]
    fn the_journal_never_goes_back() {
        let mut forward = Forward(None);
        assert_eq!(forward.next(stamp(10, "2026-11-21", 5)).at.0, 10);
        assert_eq!(forward.next(stamp(4, "2026-11-21", 1)), stamp(10, "2026-11-21", 5));
        assert_eq!(forward.next(stamp(11, "2026-11-20", 9)), stamp(10, "2026-11-21", 5));
        assert_eq!(forward.next(stamp(12, "2026-11-22", 0)), stamp(12, "2026-11-22", 0));
    }

    #[test]
    fn days_are_dates_and_nothing_else() {
        assert_eq!(Day::new(2026, 1, 9).as_str(), "2026-01-09");
        for bad in ["", "2026-1-09", "2026-01-9x", "20260109xx", "2026/01/09"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }
}
