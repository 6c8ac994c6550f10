//! What is printed on a ticket: number, check code, count of cases.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a ticket number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ticket number is one letter and three to six digits, like A012")]
pub struct TicketNoError;

/// The number on the slip and on the board, `A012`: the series letter of a group and a count that begins at 1 each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketNo {
    series: u8,
    count: u32,
}

impl TicketNo {
    /// `series` is an ASCII capital letter, `count` is 1 to 999,999. No hall comes near; the width keeps a number on
    /// one line of a ticket at the largest size.
    pub fn new(series: char, count: u32) -> Result<Self, TicketNoError> {
        if series.is_ascii_uppercase() && (1..=999_999).contains(&count) {
            Ok(Self {
                series: series as u8,
                count,
            })
        } else {
            Err(TicketNoError)
        }
    }

    /// The series letter.
    pub fn series(self) -> char {
        char::from(self.series)
    }

    /// The count within series and day, from 1.
    pub fn count(self) -> u32 {
        self.count
    }
}

impl fmt::Display for TicketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:03}", self.series(), self.count)
    }
}

impl FromStr for TicketNo {
    type Err = TicketNoError;
    fn from_str(text: &str) -> Result<Self, TicketNoError> {
        let (series, digits) = text.split_at_checked(1).ok_or(TicketNoError)?;
        let plain = (3..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain || (digits.len() > 3 && digits.starts_with('0')) {
            return Err(TicketNoError);
        }
        let series = series.chars().next().ok_or(TicketNoError)?;
        Self::new(series, digits.parse().map_err(|_| TicketNoError)?)
    }
}

impl TryFrom<String> for TicketNo {
    type Error = TicketNoError;
    fn try_from(text: String) -> Result<Self, TicketNoError> {
        text.parse()
    }
}

impl From<TicketNo> for String {
    fn from(no: TicketNo) -> String {
        no.to_string()
    }
}

/// The four digits beside the number (校验码): number and check code together name a ticket in a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckCode(u16);

impl CheckCode {
    /// From a random number; only its value modulo 10,000 counts.
    pub fn from_random(random: u32) -> Self {
        Self(u16::try_from(random % 10_000).expect("a value below 10,000 fits"))
    }
}

impl fmt::Display for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl TryFrom<String> for CheckCode {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        let value = if plain { text.parse().ok() } else { None };
        value.map(Self).ok_or("a check code is four digits")
    }
}

impl From<CheckCode> for String {
    fn from(code: CheckCode) -> String {
        code.to_string()
    }
}

/// How many cases (件) an agent brings on one ticket; 1 for everybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Cases(u8);

impl Cases {
    /// One case.
    pub const ONE: Self = Self(1);

    /// From 1 to 99 cases; the hall file sets a lower limit.
    pub fn new(count: u8) -> Result<Self, &'static str> {
        if (1..=99).contains(&count) {
            Ok(Self(count))
        } else {
            Err("a ticket holds 1 to 99 cases")
        }
    }

    /// The count.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Cases {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<u8> for Cases {
    type Error = &'static str;
    fn try_from(count: u8) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<Cases> for u8 {
    fn from(cases: Cases) -> u8 {
        cases.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_are_printed() {
        for text in ["A001", "A012", "Z999", "B1000", "C9999", "A10000", "A999999"] {
            assert_eq!(text.parse::<TicketNo>().expect(text).to_string(), text);
        }
        for bad in [
            "", "A", "A0", "A12", "A000", "A0012", "a012", "AA12", "A01x", "A1000000", "A010000", "号012",
        ] {
            assert!(bad.parse::<TicketNo>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn check_codes_keep_their_leading_zeros() {
        assert_eq!(CheckCode::from_random(10_042).to_string(), "0042");
        assert_eq!(CheckCode::try_from("0042".to_string()), Ok(CheckCode::from_random(42)));
        assert!(CheckCode::try_from("42".to_string()).is_err());
    }
}
