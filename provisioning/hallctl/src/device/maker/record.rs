//! A making record from a file, with the keys beside it. What is in it names a person and is never printed.

use data_encoding::HEXLOWER_PERMISSIVE;
use jiff::Zoned;
use jiff::civil::Date;
use kiosk_making::MakingRecord;
use serde::Deserialize;
use ticket_dispatcher_types::Personal;
use ui_model::Refusal;

use super::Stop;

/// A key of fewer bytes can be guessed, and with it who a job's number belongs to; the kiosk takes none either.
const KEY_MIN: usize = 16;

/// The file: fields as in the making-record service, and the site's keys.
#[derive(Deserialize)]
pub struct Record {
    /// The record.
    #[serde(flatten)]
    pub record: MakingRecord,
    site_key: Personal,
    device_key: Option<Personal>,
}

/// What to tell a technician of a refusal.
pub fn refused(refusal: Refusal) -> Stop {
    let why = match refusal {
        Refusal::NoRecord | Refusal::ManyRecords => "not one application",
        Refusal::NotSigned => "the application is not signed yet, or its signature has no time that has passed",
        Refusal::CardIsMade => "the real card is there to be collected",
        Refusal::Cancelled => "the application is cancelled",
        Refusal::Under16 => "under 16: the guardian goes to a window",
        Refusal::AlreadyIssued => "a temporary card was issued for this application",
        Refusal::DataFault => {
            "check digit, birth date, sex, group, dates or photo contradict each other, or name or address is empty"
        }
        Refusal::CannotPrint => "a character has no glyph, or a text does not fit the card",
        Refusal::FaceNotMatched | Refusal::NotPaid => "a step before was not done",
        Refusal::EndedBefore => "a job of this record ended without a card in a hand",
        Refusal::HeldElsewhere => "another machine makes it",
        Refusal::BackEndAway | Refusal::MakerNotReady => "not ready",
    };
    Stop {
        code: 4,
        why: format!("{}: {why}; nothing was made", refusal.code()),
    }
}

impl Record {
    /// From the file's text.
    pub fn parse(text: &str) -> Result<Self, Stop> {
        // The parser's words may quote what it read: only the place is told.
        serde_json::from_str(text).map_err(|error| Stop {
            code: 2,
            why: format!(
                "the making record is not as expected at line {}, column {}",
                error.line(),
                error.column()
            ),
        })
    }

    fn key(name: &str, digits: &Personal) -> Result<Vec<u8>, Stop> {
        HEXLOWER_PERMISSIVE
            .decode(digits.expose().as_bytes())
            .map_err(|_| Stop {
                code: 2,
                why: format!("{name}: an even count of hexadecimal digits"),
            })
    }

    /// The key under which ids are computed.
    pub fn site_key(&self) -> Result<Vec<u8>, Stop> {
        let key = Self::key("site_key", &self.site_key)?;
        if key.len() < KEY_MIN {
            return Err(Stop {
                code: 2,
                why: format!("site_key: {KEY_MIN} bytes or more, {} hexadecimal digits", 2 * KEY_MIN),
            });
        }
        Ok(key)
    }

    /// The key for machines that want authentication codes.
    pub fn device_key(&self) -> Result<Option<Vec<u8>>, Stop> {
        let key = self.device_key.as_ref();
        key.map(|key| Self::key("device_key", key)).transpose()
    }
}

/// The moment where the hall is.
pub fn now() -> Zoned {
    let now = Zoned::now();
    now.in_tz("Asia/Shanghai").unwrap_or(now)
}

/// Today where the hall is.
pub fn today() -> Date {
    now().date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_key(site_key: &str) -> Record {
        let text = include_str!("../../../../../tests/vectors/maker/record.json");
        let mut file: serde_json::Value = serde_json::from_str(text).expect("JSON");
        file["site_key"] = site_key.into();
        Record::parse(&file.to_string()).unwrap_or_else(|stop| panic!("{}", stop.why))
    }

    #[test]
    fn a_site_key_that_can_be_guessed_makes_no_card() {
        for digits in ["", "00", &"ab".repeat(15), &"ab".repeat(15)[1..], &"zz".repeat(16)] {
            let stop = with_key(digits).site_key().expect_err("no key");
            assert_eq!(stop.code, 2, "{digits}");
        }
        assert_eq!(with_key(&"ab".repeat(16)).site_key().ok(), Some(vec![0xAB; 16]));
    }
}
