//! The knobs: what can be made to go wrong between reader and host.

use drivers_id_reader::codec::{Baud, Command};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::module::{Behaviour, Health};

/// Settings of the module itself, which may stand in the same object as a rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Settings {
    baud: Option<u32>,
    health: Option<Health>,
    behaviour: Option<Behaviour>,
}

/// `POST /id-reader/fault`: settings of the module itself, and a rule for its next replies.
#[derive(Debug, Clone, Default)]
pub struct FaultForm {
    /// The module's rate from now on, as if it had been left there (one of its five).
    pub baud: Option<u32>,
    /// Does it pass its self test (60), is it authorised (66)?
    pub health: Option<Health>,
    /// How it answers find while a selected card stays.
    pub behaviour: Option<Behaviour>,
    /// A rule; it joins those that are in force.
    pub rule: Rule,
}

impl FaultForm {
    /// Reads a posted object; the reason when it is refused.
    pub fn parse(mut form: Value) -> Result<Self, String> {
        let object = form.as_object_mut().ok_or("a fault is a JSON object")?;
        let mut settings = Map::new();
        for key in ["baud", "health", "behaviour"] {
            settings.extend(object.remove_entry(key));
        }
        let settings: Settings = serde_json::from_value(settings.into()).map_err(|error| error.to_string())?;
        let rule: Rule = serde_json::from_value(form).map_err(|error| error.to_string())?;
        if settings.baud.is_some_and(|rate| Baud::from_rate(rate).is_none()) {
            return Err("baud: the module knows 115200, 57600, 38400, 19200 and 9600".into());
        }
        if let Some(flaw) = rule.flaw() {
            return Err(flaw.into());
        }
        Ok(Self {
            baud: settings.baud,
            health: settings.health,
            behaviour: settings.behaviour,
            rule,
        })
    }
}

/// What happens to replies. Several rules that fit one reply add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Only for this command, as its two bytes in hexadecimal (`30 01`); for all when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// For so many replies; until cleared when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Think so long before the reply.
    pub delay_ms: u64,
    /// Send the reply in pieces of so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<usize>,
    /// Wait so long after each piece.
    pub chunk_delay_ms: u64,
    /// Bytes before the reply, in hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub noise_hex: String,
    /// Spoil the check byte.
    pub corrupt_check: bool,
    /// Stop after so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate_to: Option<usize>,
    /// Answer with these three words and no data (`00 00 41`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Do not answer.
    pub no_reply: bool,
    /// The card is lifted right after this reply.
    pub lift_card: bool,
    /// The card is lifted between select and read.
    pub pull_after_select: bool,
}

impl Rule {
    /// True when the rule changes anything.
    pub fn is_some(&self) -> bool {
        let bare = Self {
            command: self.command.clone(),
            times: self.times,
            ..Self::default()
        };
        *self != bare
    }

    /// Why the rule cannot be used, if so.
    pub fn flaw(&self) -> Option<&'static str> {
        let two_bytes = |text: &String| from_hex(text).is_some_and(|bytes| bytes.len() == 2);
        if self.command.as_ref().is_some_and(|text| !two_bytes(text)) {
            return Some("command: two bytes in hexadecimal, such as `30 01`");
        }
        if from_hex(&self.noise_hex).is_none() {
            return Some("noise_hex: bytes in hexadecimal");
        }
        if self.words.as_ref().is_some_and(|text| three_words(text).is_none()) {
            return Some("words: three bytes in hexadecimal, such as `00 00 41`");
        }
        None
    }

    /// True when the rule is about this request (an unreadable one has no command).
    pub fn fits(&self, request: Option<Command>) -> bool {
        if self.pull_after_select && request != Some(Command::Select) {
            return false;
        }
        match (&self.command, request) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(text), Some(request)) => from_hex(text).is_some_and(|bytes| request.body().starts_with(&bytes)),
        }
    }

    /// Adds another rule's effects to these.
    pub fn join(&mut self, other: &Self) {
        self.delay_ms += other.delay_ms;
        self.chunk_bytes = other.chunk_bytes.or(self.chunk_bytes);
        self.chunk_delay_ms += other.chunk_delay_ms;
        self.noise_hex.push_str(&other.noise_hex);
        self.corrupt_check |= other.corrupt_check;
        self.truncate_to = other.truncate_to.or(self.truncate_to);
        self.words = other.words.clone().or(self.words.take());
        self.no_reply |= other.no_reply;
        self.lift_card |= other.lift_card || other.pull_after_select;
    }
}

/// Hexadecimal with or without spaces; `None` when it is none.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(value(pair[0])? << 4 | value(pair[1])?).ok();
    digits.chunks_exact(2).map(byte).collect()
}

/// `00 00 41` to its three words.
pub fn three_words(text: &str) -> Option<[u8; 3]> {
    from_hex(text)?.try_into().ok()
}
