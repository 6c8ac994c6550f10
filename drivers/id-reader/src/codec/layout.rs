//! The 256 bytes of text: UTF-16LE fields at fixed places, padded with U+0020 (reference section 8).

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::Personal;
use zeroize::Zeroizing;

/// Bytes of a text block.
pub const TEXT_LEN: usize = 256;
/// Where the character is that tells the card's type.
const TYPE_AT: usize = 248;

/// Which of the four cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Resident identity card (居民身份证); a space at byte 248.
    ResidentId,
    /// Residence permit of Hong Kong, Macao and Taiwan residents (港澳台居民居住证); `J`.
    HmtPermit,
    /// Foreigner's permanent residence card of 2017; `I`.
    #[serde(rename = "foreigner_2017")]
    Foreigner2017,
    /// Foreigner's permanent residence card of 2023; `Y`.
    #[serde(rename = "foreigner_2023")]
    Foreigner2023,
}

/// One field: its name in JSON, its first byte, its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// As in the JSON form of a card.
    pub name: &'static str,
    /// First byte.
    pub offset: usize,
    /// Length in bytes; a character of the Basic Multilingual Plane has two.
    pub bytes: usize,
}

const fn field(name: &'static str, offset: usize, bytes: usize) -> Field {
    Field { name, offset, bytes }
}

const RESIDENT: [Field; 9] = [
    field("name", 0, 30),
    field("sex", 30, 2),
    field("ethnic", 32, 4),
    field("birth", 36, 16),
    field("address", 52, 70),
    field("number", 122, 36),
    field("authority", 158, 30),
    field("valid_from", 188, 16),
    field("valid_to", 204, 16),
];
const HMT: [Field; 10] = [
    field("name", 0, 30),
    field("sex", 30, 2),
    field("birth", 36, 16),
    field("address", 52, 70),
    field("number", 122, 36),
    field("authority", 158, 30),
    field("valid_from", 188, 16),
    field("valid_to", 204, 16),
    field("pass_number", 220, 18),
    field("issues", 238, 4),
];
const FOREIGNER_2017: [Field; 10] = [
    field("name", 0, 120),
    field("sex", 120, 2),
    field("number", 122, 30),
    field("nationality", 152, 6),
    field("name_zh", 158, 30),
    field("valid_from", 188, 16),
    field("valid_to", 204, 16),
    field("birth", 220, 16),
    field("version", 236, 4),
    field("authority", 240, 8),
];
const FOREIGNER_2023: [Field; 11] = [
    field("name_zh", 0, 30),
    field("sex", 30, 2),
    field("renewals", 32, 4),
    field("birth", 36, 16),
    field("name", 52, 70),
    field("number", 122, 36),
    field("valid_from", 188, 16),
    field("valid_to", 204, 16),
    field("name_rest", 220, 22),
    field("nationality", 242, 6),
    field("earlier_card", 250, 6),
];

impl CardKind {
    /// The fields of this card, in the order of the bytes.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::ResidentId => &RESIDENT,
            Self::HmtPermit => &HMT,
            Self::Foreigner2017 => &FOREIGNER_2017,
            Self::Foreigner2023 => &FOREIGNER_2023,
        }
    }

    /// The field of that name, if this card has it.
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().iter().find(|field| field.name == name).copied()
    }

    /// The character at byte 248.
    pub const fn type_character(self) -> char {
        match self {
            Self::ResidentId => ' ',
            Self::HmtPermit => 'J',
            Self::Foreigner2017 => 'I',
            Self::Foreigner2023 => 'Y',
        }
    }

    /// The kind with that character at byte 248.
    pub fn from_type_character(character: char) -> Option<Self> {
        [
            Self::ResidentId,
            Self::HmtPermit,
            Self::Foreigner2017,
            Self::Foreigner2023,
        ]
        .into_iter()
        .find(|kind| kind.type_character() == character)
    }
}

/// Why a text does not go onto a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// This kind of card has no such field.
    #[error("this card has no field `{0}`")]
    NoField(&'static str),
    /// The text is longer than its field.
    #[error("`{name}` takes {units_max} UTF-16 units, {units} were given")]
    TooLong {
        /// The field.
        name: &'static str,
        /// Room.
        units_max: usize,
        /// Given.
        units: usize,
    },
}

/// The text of a card. Wiped when dropped, never shown. Always `TEXT_LEN` bytes, and not in an array: whoever hands an
/// array on leaves a copy of it on the stack.
#[derive(Clone, PartialEq, Eq)]
pub struct TextBlock(Zeroizing<Vec<u8>>);

impl core::fmt::Debug for TextBlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TextBlock(..)")
    }
}

impl TextBlock {
    /// A blank card of that kind.
    pub fn blank(kind: CardKind) -> Self {
        let mut block = Self(Zeroizing::new([b' ', 0].repeat(TEXT_LEN / 2)));
        // ASCII: one byte and a zero.
        block.0[TYPE_AT] = u8::try_from(u32::from(kind.type_character())).unwrap_or(b' ');
        block
    }

    /// As it came.
    pub fn from_bytes(bytes: &[u8; TEXT_LEN]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8; TEXT_LEN] {
        let bytes = self.0.as_slice().try_into();
        bytes.expect("a text block is made with this length and never grows")
    }

    /// The kind of card; the unit at byte 248 when it is none that is known.
    pub fn kind(&self) -> Result<CardKind, u16> {
        let unit = u16::from_le_bytes([self.0[TYPE_AT], self.0[TYPE_AT + 1]]);
        let character = if unit == 0 {
            Some(' ')
        } else {
            char::from_u32(u32::from(unit))
        };
        character.and_then(CardKind::from_type_character).ok_or(unit)
    }

    /// The text of a field without its padding, and whether every unit of it was sound (an unpaired surrogate becomes
    /// U+FFFD).
    pub fn get(&self, field: Field) -> (Personal, bool) {
        decode_text(self.raw(field))
    }

    /// The name in Latin letters of a card of 2023: its two parts joined first and stripped afterwards, as the first
    /// may end in a space that belongs to the name.
    pub fn get_joined(&self, first: Field, rest: Field) -> (Personal, bool) {
        let both = Zeroizing::new([self.raw(first), self.raw(rest)].concat());
        decode_text(&both)
    }

    /// Writes a field, padded with spaces.
    pub fn put(&mut self, field: Field, text: &str) -> Result<(), TextError> {
        let units: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
        let units_max = field.bytes / 2;
        if units.len() > units_max {
            return Err(TextError::TooLong {
                name: field.name,
                units_max,
                units: units.len(),
            });
        }
        for at in 0..units_max {
            let unit = units.get(at).copied().unwrap_or(u16::from(b' ')).to_le_bytes();
            self.0[field.offset + 2 * at..field.offset + 2 * at + 2].copy_from_slice(&unit);
        }
        Ok(())
    }

    fn raw(&self, field: Field) -> &[u8] {
        &self.0[field.offset..field.offset + field.bytes]
    }
}

/// UTF-16LE to text, without trailing U+0020 and U+0000 (and nothing else: foreign names and addresses contain spaces).
pub(super) fn decode_text(bytes: &[u8]) -> (Personal, bool) {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let mut sound = true;
    // Room for the longest text from the start, so that no piece of it stays behind when the string grows.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for unit in char::decode_utf16(units) {
        sound &= unit.is_ok();
        text.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    (Personal::new(text.trim_end_matches([' ', '\0'])), sound)
}
