//! A making record from a file, with the keys beside it. What is in it names a person and is never printed.

use data_encoding::HEXLOWER_PERMISSIVE;
use jiff::Zoned;
use jiff::civil::Date;
use kiosk_making::MakingRecord;
use kiosk_making::record::{RecordKind, RecordState};
use serde::Deserialize;
use serde_json::Value;
use ticket_dispatcher_types::Personal;
use ui_model::Refusal;

use super::Stop;

/// A key of fewer bytes can be guessed, and with it who a job's number belongs to; the kiosk takes none either.
const KEY_MIN: usize = 16;

/// A field, whether a value can stand in it (what is missing is null), and what must stand there.
type Field = (&'static str, fn(&Value) -> bool, &'static str);

const FIELDS: [Field; 19] = [
    ("record_no", Value::is_string, "a text"),
    ("receipt_no", Value::is_string, "a text"),
    ("citizen_no", Value::is_string, "a text"),
    ("name", Value::is_string, "a text"),
    ("sex", Value::is_string, "a text, 男 or 女"),
    ("ethnic_code", Value::is_string, "a text, as in GB/T 3304"),
    ("birth", Value::is_string, "a text, YYYY-MM-DD"),
    ("address", Value::is_string, "a text"),
    ("photo", Value::is_string, "a text, base64 JPEG"),
    ("authority", Value::is_string, "a text"),
    (
        "kind",
        |value| RecordKind::deserialize(value).is_ok(),
        "first, renew or replace",
    ),
    (
        "state",
        |value| RecordState::deserialize(value).is_ok(),
        "accepted, signed, made, delivered or cancelled",
    ),
    ("signed_at", text_or_none, "a text, RFC 3339, or left out"),
    ("issue_date", text_or_none, "a text, YYYY-MM-DD, or left out"),
    ("expiry_date", text_or_none, "a text, YYYY-MM-DD, or left out"),
    ("temp_issued", Value::is_boolean, "true or false"),
    ("temp_last_expiry", text_or_none, "a text, YYYY-MM-DD, or left out"),
    ("site_key", Value::is_string, "a text of hexadecimal digits"),
    ("device_key", text_or_none, "a text of hexadecimal digits, or left out"),
];

fn text_or_none(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

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
        Refusal::CannotPrint => "a character has no glyph",
        Refusal::TooLong => "the name or the address does not fit the card",
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
        let stop = |why: String| Stop { code: 2, why };
        // The parser's words may quote what it read: only the place is told, or the field.
        let file: Value = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            stop(format!("the making record is no JSON at line {line}, column {column}"))
        })?;
        serde_json::from_value(file.clone()).map_err(|_| {
            let wrong = FIELDS.iter().find(|(name, good, _)| !good(&file[*name]));
            stop(wrong.map_or_else(
                || "the making record is not as expected".into(),
                |(name, _, wanted)| format!("the making record: {name} must be {wanted}"),
            ))
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
    fn a_field_that_is_missing_or_wrong_is_named_and_nothing_of_it_is_quoted() {
        let text = include_str!("../../../../../tests/vectors/maker/record.json");
        let good: Value = serde_json::from_str(text).expect("JSON");
        for (name, _, wanted) in FIELDS {
            let mut file = good.clone();
            file[name] = serde_json::json!({ "odd": "谁谁" });
            let stop = Record::parse(&file.to_string()).err().expect("refused");
            assert_eq!(stop.why, format!("the making record: {name} must be {wanted}"));
            file.as_object_mut().expect("fields").remove(name);
            let why = Record::parse(&file.to_string()).err().map(|stop| stop.why);
            assert!(why.is_none_or(|why| why.contains(name)), "{name} left out");
        }
        let mut file = good.clone();
        file["state"] = "issued".into();
        let stop = Record::parse(&file.to_string()).err().expect("refused");
        assert!(
            stop.why
                .ends_with("state must be accepted, signed, made, delivered or cancelled")
        );
        let stop = Record::parse("[]").err().expect("refused");
        assert!(stop.why.contains("record_no"), "{}", stop.why);
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
