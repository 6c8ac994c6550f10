//! What the flow knows of a card: enough to ask for a number, nothing more.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{DocumentKind, Personal};

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Day {
    /// Year, like 2026.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl Day {
    /// From `YYYYMMDD`, as on cards. Checks the ranges of month and day only: the chip is the authority.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (year, month, day) = (
            text[..4].parse().ok()?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        );
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Self { year, month, day })
    }

    /// Whole years from `self` to `today`; 0 when `self` lies in the future.
    pub fn age_on(self, today: Day) -> u8 {
        let birthday_to_come = (today.month, today.day) < (self.month, self.day);
        let years = today.year - self.year - i16::from(birthday_to_come);
        u8::try_from(years.clamp(0, 150)).expect("clamped to what fits")
    }
}

/// A card as read. Wiped when dropped; its `Debug` shows no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Which paper it is.
    pub document: DocumentKind,
    /// Its number.
    pub number: Personal,
    /// The name on it.
    pub name: Personal,
    /// Birth date, `YYYYMMDD`.
    pub birth: Personal,
    /// Last day of validity; none for 长期.
    pub valid_to: Option<Day>,
}

impl Card {
    /// Age on a day; none when the birth date is not one.
    pub fn age_on(&self, today: Day) -> Option<u8> {
        Day::parse(self.birth.expose()).map(|birth| birth.age_on(today))
    }

    /// True when its last day has passed.
    pub fn expired_on(&self, today: Day) -> bool {
        self.valid_to.is_some_and(|last| last < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = Day {
        year: 2026,
        month: 11,
        day: 21,
    };

    #[test]
    fn age_turns_on_the_birthday_itself() {
        let age = |text: &str| Day::parse(text).expect("a day").age_on(TODAY);
        assert_eq!(age("19611120"), 65);
        assert_eq!(age("19611121"), 65);
        assert_eq!(age("19611122"), 64);
        assert_eq!(age("20300101"), 0);
        assert_eq!(Day::parse("19991301"), None);
        assert_eq!(Day::parse("长期  "), None);
    }
}
