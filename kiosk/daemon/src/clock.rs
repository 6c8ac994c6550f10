//! The only clock of the kiosk: a steady one for time-outs, and the hall's local time for people.

use std::time::Instant;

use anyhow::Context;
use drivers_id_reader::codec::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use kiosk_flow::{Day, Moment};
use ticket_dispatcher_types::{IdemKey, Millis, UnixMillis};

/// The clock.
#[derive(Clone)]
pub struct Clock {
    start: Instant,
    zone: TimeZone,
}

impl Clock {
    /// In a time zone by its IANA name.
    pub fn new(zone: &str) -> anyhow::Result<Self> {
        Ok(Self {
            start: Instant::now(),
            zone: TimeZone::get(zone).with_context(|| format!("time zone {zone}"))?,
        })
    }

    /// Milliseconds since the start; never jumps.
    pub fn now(&self) -> Millis {
        Millis(i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Milliseconds since 1970, for stored facts.
    pub fn unix(&self) -> UnixMillis {
        UnixMillis(Timestamp::now().as_millisecond())
    }

    /// The moment of a step, with a fresh key.
    pub fn moment(&self) -> anyhow::Result<Moment> {
        let local = Zoned::now().with_time_zone(self.zone.clone());
        let part = |n: i8| u8::try_from(n).unwrap_or_default();
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        Ok(Moment {
            now: self.now(),
            today: Day {
                year: local.year(),
                month: part(local.month()),
                day: part(local.day()),
            },
            minute_of_day: u16::try_from(minute).unwrap_or_default(),
            fresh: fresh_key()?,
        })
    }

    /// Today in the hall, `2026-11-22`.
    pub fn today(&self) -> String {
        Zoned::now()
            .with_time_zone(self.zone.clone())
            .strftime("%Y-%m-%d")
            .to_string()
    }

    /// Today in the hall, for the century of a birth in a passport.
    pub fn date(&self) -> anyhow::Result<Date> {
        let text = self.today().replace('-', "");
        Date::parse(&text).with_context(|| format!("today is {text}, which no passport knows"))
    }

    /// A stored time as people read it.
    pub fn local(&self, at: UnixMillis) -> String {
        Timestamp::from_millisecond(at.0).map_or_else(|_| String::new(), |at| self.local_text(&at.to_string()))
    }

    /// An RFC 3339 time as people read it, `2026-11-21 09:41`; empty when it is none.
    pub fn local_text(&self, rfc3339: &str) -> String {
        let Ok(at) = rfc3339.parse::<Timestamp>() else {
            return String::new();
        };
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// A random key.
pub fn fresh_key() -> anyhow::Result<IdemKey> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(IdemKey::from_uuid(uuid::Builder::from_random_bytes(bytes).into_uuid()))
}

/// A nonce for sealing, never used twice.
pub fn fresh_nonce() -> anyhow::Result<[u8; 12]> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_carry_the_halls_time() {
        let clock = Clock::new("Asia/Shanghai").expect("a zone");
        assert_eq!(clock.local_text("2026-11-21T17:05:09Z"), "2026-11-22 01:05");
        assert_eq!(clock.local_text("soon"), "");
    }
}
