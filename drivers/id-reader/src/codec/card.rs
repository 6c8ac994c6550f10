//! A card as a record: the fields of the text block with their codes resolved, and what is odd about them.

use core::fmt;

use serde::{Serialize, Serializer};
use ticket_dispatcher_types::Personal;
use zeroize::Zeroizing;

use crate::codec::number::{NumberWarning, check_citizen_number, check_foreigner_number};
use crate::codec::{Blocks, CardKind, Date, TextBlock, ethnic_name};

/// 长期: valid for life.
const LONG_TERM: &str = "长期";

/// Sex, GB/T 2261.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 1.
    Male,
    /// 2.
    Female,
    /// 0.
    Unknown,
    /// 9, or a character that is none of the codes.
    NotStated,
}

impl Sex {
    fn from_code(code: &str) -> Option<Self> {
        match code {
            "1" => Some(Self::Male),
            "2" => Some(Self::Female),
            "0" => Some(Self::Unknown),
            "9" => Some(Self::NotStated),
            _ => None,
        }
    }

    /// As printed on the card.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
            Self::Unknown => "未知",
            Self::NotStated => "未说明",
        }
    }
}

impl Serialize for Sex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The end of a card's validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidTo {
    /// To the end of that day.
    Day(Date),
    /// 长期.
    LongTerm,
    /// Neither a date nor 长期; the warnings say so.
    Unreadable,
}

impl ValidTo {
    /// True when the card is no longer valid on `today`.
    pub fn is_over(self, today: Date) -> bool {
        matches!(self, Self::Day(day) if day < today)
    }
}

impl Serialize for ValidTo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(date) => date.serialize(serializer),
            Self::LongTerm => serializer.serialize_str(LONG_TERM),
            Self::Unreadable => serializer.serialize_str(""),
        }
    }
}

/// Something odd about a card that was read. The chip is the authority: this refuses nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// The field holds an unpaired surrogate; it became U+FFFD.
    Text(&'static str),
    /// The field holds no date.
    Date(&'static str),
    /// The number is not formed as such numbers are.
    Number(NumberWarning),
    /// The number says another day of birth than the card.
    BirthDiffersFromNumber,
    /// The sex code is none of GB/T 2261.1.
    SexCode,
    /// The ethnic code is none of GB/T 3304; its digits are shown.
    EthnicCode,
}

/// Bytes that this program cannot and must not understand: photo and fingerprints. Serialized as their length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Opaque(Zeroizing<Vec<u8>>);

impl Opaque {
    /// The bytes as they came.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opaque({} bytes)", self.0.len())
    }
}

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.len() as u64)
    }
}

/// What one card said. `Debug` shows the kind and the warnings, never the person.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// Which card.
    #[serde(rename = "type")]
    pub kind: CardKind,
    /// The name: Chinese, or in Latin letters on a foreigner's card.
    pub name: Personal,
    /// The Chinese name of a foreigner, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_zh: Option<Personal>,
    /// Sex.
    pub sex: Sex,
    /// Ethnic group by name, an unknown code by its digits (resident cards).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ethnic: Option<Personal>,
    /// Day of birth as on the chip, YYYYMMDD.
    pub birth: Personal,
    /// Address printed on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
    /// The newest address written to the chip later; it replaces the printed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appended_address: Option<Personal>,
    /// Citizen number, or card number of a foreigner.
    pub number: Personal,
    /// Number of the travel permit (Hong Kong, Macao, Taiwan).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_number: Option<Personal>,
    /// How often the permit was issued, 2 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<String>,
    /// Nationality: ISO 3166 alpha-3 on a card of 2017, letters or digits on one of 2023.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nationality: Option<Personal>,
    /// Version of a card of 2017.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How often a card of 2023 was renewed, 2 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewals: Option<String>,
    /// Link to the number of an earlier card (2023); how to rebuild the number is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier_card: Option<Personal>,
    /// Issuing authority; a code on a card of 2017.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// First day of validity.
    pub valid_from: Option<Date>,
    /// Last day of validity.
    pub valid_to: ValidTo,
    /// The photo, closed format.
    pub photo: Opaque,
    /// Fingerprint records, closed format.
    pub fingerprints: Opaque,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("kind", &self.kind)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Reads fields and collects what is odd about them.
struct Reader<'a> {
    kind: CardKind,
    text: &'a TextBlock,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    /// A field that every card of this kind may lack; `None` when the layout has none.
    fn optional(&mut self, name: &'static str) -> Option<Personal> {
        let (text, sound) = self.text.get(self.kind.field(name)?);
        if !sound {
            self.warnings.push(Warning::Text(name));
        }
        Some(text)
    }

    fn text(&mut self, name: &'static str) -> Personal {
        self.optional(name).unwrap_or_else(|| Personal::new(""))
    }

    /// A field that names no person.
    fn plain(&mut self, name: &'static str) -> Option<String> {
        self.optional(name).map(|text| text.expose().to_string())
    }

    fn name(&mut self) -> Personal {
        match (self.kind.field("name"), self.kind.field("name_rest")) {
            (Some(first), Some(rest)) => {
                let (name, sound) = self.text.get_joined(first, rest);
                if !sound {
                    self.warnings.push(Warning::Text("name"));
                }
                name
            }
            _ => self.text("name"),
        }
    }

    fn sex(&mut self) -> Sex {
        Sex::from_code(self.text("sex").expose()).unwrap_or_else(|| {
            self.warnings.push(Warning::SexCode);
            Sex::NotStated
        })
    }

    fn ethnic(&mut self) -> Option<Personal> {
        let code = self.optional("ethnic")?;
        match ethnic_name(code.expose()) {
            Some(name) => Some(Personal::new(name)),
            None => {
                self.warnings.push(Warning::EthnicCode);
                Some(code)
            }
        }
    }

    fn valid_from(&mut self) -> Option<Date> {
        let date = Date::parse(self.text("valid_from").expose());
        if date.is_none() {
            self.warnings.push(Warning::Date("valid_from"));
        }
        date
    }

    fn valid_to(&mut self) -> ValidTo {
        let text = self.text("valid_to");
        if text.expose() == LONG_TERM {
            return ValidTo::LongTerm;
        }
        match Date::parse(text.expose()) {
            Some(date) => ValidTo::Day(date),
            None => {
                self.warnings.push(Warning::Date("valid_to"));
                ValidTo::Unreadable
            }
        }
    }

    fn check(&mut self, number: &Personal, birth: &Personal) {
        let number = number.expose();
        let warning = match self.kind {
            CardKind::ResidentId | CardKind::HmtPermit => check_citizen_number(number),
            CardKind::Foreigner2017 => check_foreigner_number(number, false),
            CardKind::Foreigner2023 => check_foreigner_number(number, true),
        };
        self.warnings.extend(warning.map(Warning::Number));
        if Date::parse(birth.expose()).is_none() {
            self.warnings.push(Warning::Date("birth"));
        } else if number.len() == 18 && number.get(6..14) != Some(birth.expose()) {
            self.warnings.push(Warning::BirthDiffersFromNumber);
        }
    }
}

impl Card {
    /// Reads the blocks of a read reply; the unit at byte 248 when it names no known card.
    pub fn decode(blocks: Blocks) -> Result<Self, u16> {
        let kind = blocks.text.kind()?;
        let mut reader = Reader {
            kind,
            text: &blocks.text,
            warnings: Vec::new(),
        };
        let (number, birth) = (reader.text("number"), reader.text("birth"));
        reader.check(&number, &birth);
        Ok(Self {
            kind,
            name: reader.name(),
            name_zh: reader.optional("name_zh").filter(|name| !name.is_empty()),
            sex: reader.sex(),
            ethnic: reader.ethnic(),
            birth,
            address: reader.optional("address"),
            appended_address: None,
            number,
            pass_number: reader.optional("pass_number"),
            issues: reader.plain("issues"),
            nationality: reader.optional("nationality"),
            version: reader.plain("version"),
            renewals: reader.plain("renewals"),
            earlier_card: reader.optional("earlier_card").filter(|link| !link.is_empty()),
            authority: reader.plain("authority"),
            valid_from: reader.valid_from(),
            valid_to: reader.valid_to(),
            warnings: reader.warnings,
            photo: Opaque(blocks.photo),
            fingerprints: Opaque(blocks.fingerprints),
        })
    }

    /// Day of birth, when it is a date.
    pub fn birth_date(&self) -> Option<Date> {
        Date::parse(self.birth.expose())
    }

    /// The name to call a person by in Chinese: the Chinese name of a foreigner if there is one.
    pub fn name_to_call(&self) -> &Personal {
        self.name_zh.as_ref().unwrap_or(&self.name)
    }
}
