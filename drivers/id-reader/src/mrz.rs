//! Machine-readable zones of passports and travel documents (ICAO 9303): TD1, TD2, TD3. Pure.
//!
//! The zone has two-digit years; which century is meant depends on today's date, which the caller gives.

use core::fmt;

use ticket_dispatcher_types::Personal;

use crate::codec::Date;

/// Which size of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Card: 3 lines of 30.
    Td1,
    /// Larger card or visa: 2 lines of 36.
    Td2,
    /// Passport: 2 lines of 44.
    Td3,
}

/// A field whose check digit does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckFailure {
    /// The document number.
    Number,
    /// The day of birth.
    Birth,
    /// The day of expiry.
    Expiry,
    /// The optional field of a passport.
    Optional,
    /// The composite over all of them.
    Composite,
}

/// Why text is no machine-readable zone. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// Neither 3 × 30, nor 2 × 36, nor 2 × 44 characters.
    #[error("not three lines of 30, two of 36 or two of 44 characters")]
    Shape,
    /// A character outside A–Z, 0–9 and `<`.
    #[error("a character outside A-Z, 0-9 and < in line {0}")]
    Alphabet(usize),
}

/// What a zone says. `Debug` shows no person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Size of the document.
    pub format: Format,
    /// Document code, 1 or 2 characters (`P`, `PO`, `I`).
    pub code: String,
    /// Issuing state, 1 to 3 letters.
    pub issuer: String,
    /// Surname; may be cut by rule, so compare by its beginning.
    pub surname: Personal,
    /// Given names with single spaces; may be cut by rule or empty.
    pub given: Personal,
    /// Document number.
    pub number: Personal,
    /// Nationality, 1 to 3 letters.
    pub nationality: Personal,
    /// Day of birth; `None` when unknown or no date.
    pub birth: Option<Date>,
    /// `M`, `F`, or `None` when not stated.
    pub sex: Option<char>,
    /// Last day of validity; `None` when it is no date.
    pub expiry: Option<Date>,
    /// Optional data without filler.
    pub optional: Personal,
    /// Which check digits do not fit. A reader that saw a letter wrong shows here.
    pub failures: Vec<CheckFailure>,
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mrz");
        shown
            .field("format", &self.format)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// The check digit of a field: weights 7 3 1, digits at face value, A = 10 to Z = 35, `<` = 0.
pub fn check_digit(field: &str) -> char {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = field
        .bytes()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| value(byte) * weight)
        .sum();
    char::from_digit(sum % 10, 10).expect("a remainder of ten is a digit")
}

/// Where the fields stand; every range is in characters of its line, from 0.
struct Places {
    number: Line,
    number_check: Line,
    birth: Line,
    sex: Line,
    expiry: Line,
    nationality: Line,
    name: Line,
    optional: &'static [Line],
    /// The pieces that the composite covers, in order.
    composite: &'static [Line],
    composite_check: Line,
    /// Check digit of the optional field; only a passport has one, and may leave it `<` when the field is empty.
    optional_check: Option<Line>,
}

/// Line and half-open range.
type Line = (usize, usize, usize);

const TD3: Places = Places {
    number: (1, 0, 9),
    number_check: (1, 9, 10),
    nationality: (1, 10, 13),
    birth: (1, 13, 19),
    sex: (1, 20, 21),
    expiry: (1, 21, 27),
    name: (0, 5, 44),
    optional: &[(1, 28, 42)],
    optional_check: Some((1, 42, 43)),
    composite: &[(1, 0, 10), (1, 13, 20), (1, 21, 43)],
    composite_check: (1, 43, 44),
};
const TD2: Places = Places {
    name: (0, 5, 36),
    optional: &[(1, 28, 35)],
    optional_check: None,
    composite: &[(1, 0, 10), (1, 13, 20), (1, 21, 35)],
    composite_check: (1, 35, 36),
    ..TD3
};
const TD1: Places = Places {
    number: (0, 5, 14),
    number_check: (0, 14, 15),
    birth: (1, 0, 6),
    sex: (1, 7, 8),
    expiry: (1, 8, 14),
    nationality: (1, 15, 18),
    name: (2, 0, 30),
    optional: &[(0, 15, 30), (1, 18, 29)],
    optional_check: None,
    composite: &[(0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)],
    composite_check: (1, 29, 30),
};

/// Reads the lines of a zone (separated by newlines, spaces around them ignored).
pub fn parse(text: &str, today: Date) -> Result<Mrz, MrzError> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (index, line) in lines.iter().enumerate() {
        if !line
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<')
        {
            return Err(MrzError::Alphabet(index + 1));
        }
    }
    let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
    let (format, places) = match lengths.as_slice() {
        [30, 30, 30] => (Format::Td1, TD1),
        [36, 36] => (Format::Td2, TD2),
        [44, 44] => (Format::Td3, TD3),
        _ => return Err(MrzError::Shape),
    };
    let take = |(line, from, to): Line| &lines[line][from..to];
    let (surname, given) = names(take(places.name));
    let optional: String = places.optional.iter().map(|place| take(*place)).collect();
    let (number, _) = long_number(take(places.number), take(places.number_check), &optional);
    Ok(Mrz {
        format,
        code: unfilled(&lines[0][..2]),
        issuer: unfilled(&lines[0][2..5]),
        surname,
        given,
        number: Personal::new(number),
        nationality: Personal::new(unfilled(take(places.nationality))),
        birth: birth(take(places.birth), today),
        sex: take(places.sex).chars().next().filter(|sex| matches!(sex, 'M' | 'F')),
        expiry: century(take(places.expiry), 2000),
        optional: Personal::new(unfilled(&optional)),
        failures: failures(&places, &lines),
    })
}

fn failures(places: &Places, lines: &[&str]) -> Vec<CheckFailure> {
    let take = |(line, from, to): Line| &lines[line][from..to];
    let after = |(line, _, to): Line| &lines[line][to..=to];
    let fits = |field: &str, check: &str| check.starts_with(check_digit(field));
    let optional: String = places.optional.iter().map(|place| take(*place)).collect();
    let (number, number_check) = long_number(take(places.number), take(places.number_check), &optional);
    let mut found = Vec::new();
    if !fits(&number, &number_check) {
        found.push(CheckFailure::Number);
    }
    if !fits(take(places.birth), after(places.birth)) {
        found.push(CheckFailure::Birth);
    }
    if !fits(take(places.expiry), after(places.expiry)) {
        found.push(CheckFailure::Expiry);
    }
    if let Some(check) = places.optional_check.map(take) {
        let empty = optional.bytes().all(|byte| byte == b'<') && check == "<";
        if !empty && !fits(&optional, check) {
            found.push(CheckFailure::Optional);
        }
    }
    let composite: String = places.composite.iter().map(|place| take(*place)).collect();
    if !fits(&composite, take(places.composite_check)) {
        found.push(CheckFailure::Composite);
    }
    found
}

/// A number of more than nine characters goes on in the optional field, where its check digit follows it; `<` then
/// stands in the place of the check digit.
fn long_number(number: &str, check: &str, optional: &str) -> (String, String) {
    let rest = optional.split('<').next().unwrap_or("");
    if check == "<" && rest.len() > 1 {
        let (digits, last) = rest.split_at(rest.len() - 1);
        return (format!("{number}{digits}"), last.to_string());
    }
    (unfilled(number), check.to_string())
}

fn unfilled(field: &str) -> String {
    field.trim_end_matches('<').replace('<', " ")
}

/// `SURNAME<<GIVEN<NAMES`: without `<<` all of it is one name.
fn names(field: &str) -> (Personal, Personal) {
    let field = field.trim_end_matches('<');
    let (surname, given) = field.split_once("<<").unwrap_or((field, ""));
    let spaced = |name: &str| {
        name.split('<')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    (Personal::new(spaced(surname)), Personal::new(spaced(given)))
}

/// The latest century that does not put the birth into the future.
fn birth(field: &str, today: Date) -> Option<Date> {
    let centuries = [2000, 1900, 1800];
    centuries
        .into_iter()
        .filter_map(|base| century(field, base))
        .find(|date| *date <= today)
}

fn century(field: &str, base: u16) -> Option<Date> {
    if field.len() != 6 || !field.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pair = |at: usize| field[at..at + 2].parse::<u8>().ok();
    Date::new(base + u16::from(pair(0)?), pair(2)?, pair(4)?)
}
