//! The only place that reads the wall clock and knows the time zone.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ticket_dispatcher_ledger::{Day, HallClock, Stamp};
use ticket_dispatcher_types::{Millis, UnixMillis};

/// How far the wall clock may fall behind our own count before we stop believing it.
const JUMP_BACK: i64 = 1_500;

/// The hall's clock. Clones share it.
///
/// When the wall clock jumps back, ours goes on counting from where it was until the wall clock has caught up: waits
/// stay right, and nobody is issued before somebody who came earlier.
#[derive(Clone)]
pub struct Clock {
    zone: TimeZone,
    last: Arc<Mutex<Option<(i64, Instant)>>>,
}

impl Clock {
    /// A clock for a zone by its IANA name.
    pub fn new(zone: &str) -> anyhow::Result<Self> {
        Ok(Self {
            zone: TimeZone::get(zone)?,
            last: Arc::default(),
        })
    }

    /// Goes on from here, where the wall clock has fallen behind the journal while the dispatcher was down. Otherwise
    /// every row until it has caught up would be of the same moment.
    pub fn not_before(&self, at: UnixMillis) {
        let mut last = self.last.lock().expect("nobody panics while reading a clock");
        if last.is_none_or(|(now, _)| now < at.0) {
            *last = Some((at.0, Instant::now()));
        }
    }

    /// The time now.
    pub fn stamp(&self) -> Stamp {
        self.at(self.millis())
    }

    fn millis(&self) -> i64 {
        let wall = Timestamp::now().as_millisecond();
        let mut last = self.last.lock().expect("nobody panics while reading a clock");
        let now = match *last {
            Some((at, since)) => {
                let counted = at + i64::try_from(since.elapsed().as_millis()).unwrap_or(0);
                if wall < counted - JUMP_BACK {
                    counted
                } else {
                    wall.max(at)
                }
            }
            None => wall,
        };
        *last = Some((now, Instant::now()));
        now
    }

    fn at(&self, millis: i64) -> Stamp {
        let local = Timestamp::from_millisecond(millis)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone());
        // Time of day rather than time since midnight: a hall's rules are in times of day, and China has had no
        // summer time since 1991.
        let time = local.time();
        let secs = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        Stamp {
            at: UnixMillis(millis),
            day: Day::new(local.year(), local.month().unsigned_abs(), local.day().unsigned_abs()),
            now: Millis(secs * 1000 + i64::from(time.millisecond())),
        }
    }

    /// How long until this time of day comes next.
    pub fn until(&self, time: Millis) -> Duration {
        const DAY: i64 = 86_400_000;
        let wait = (time.0 - self.stamp().now.0).rem_euclid(DAY);
        let wait = if wait == 0 { DAY } else { wait };
        Duration::from_millis(wait.unsigned_abs())
    }
}

impl HallClock for Clock {
    fn read(&mut self) -> Stamp {
        self.stamp()
    }
}

/// RFC 3339 in UTC with milliseconds.
pub fn rfc3339(at: UnixMillis) -> String {
    let time = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hall_lives_by_its_own_time_zone() {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        let stamp = clock.at(1_795_275_000_000); // 2026-11-21 15:30:00 UTC
        assert_eq!(stamp.day.as_str(), "2026-11-21");
        assert_eq!(stamp.now, Millis::from_mins(23 * 60 + 30));
        assert_eq!(clock.at(1_795_275_000_000 + 30 * 60_000).day.as_str(), "2026-11-22");
        assert_eq!(rfc3339(UnixMillis(1_795_275_000_123)), "2026-11-21T15:30:00.123Z");
    }

    #[test]
    fn a_clock_goes_on_from_the_journal() {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        let wall = clock.stamp().at;
        clock.not_before(UnixMillis(wall.0 - 5_000));
        assert!(clock.stamp().at.0 < wall.0 + 60_000, "an older journal does not matter");
        let ahead = UnixMillis(wall.0 + 3_600_000);
        clock.not_before(ahead);
        let first = clock.stamp().at;
        std::thread::sleep(Duration::from_millis(20));
        assert!(first >= ahead && clock.stamp().at.0 >= first.0 + 15);
    }

    #[test]
    fn a_clock_set_back_goes_on_counting() {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        let ahead = Timestamp::now().as_millisecond() + 3_600_000;
        *clock.last.lock().unwrap() = Some((ahead, Instant::now()));
        let first = clock.stamp().at;
        std::thread::sleep(Duration::from_millis(20));
        let second = clock.stamp().at;
        assert!(first.0 >= ahead && second.0 >= first.0 + 15 && second.0 < ahead + 60_000);
    }
}
