//! Citizen numbers (GB 11643, ISO 7064 MOD 11-2) and card numbers of foreigners. A number that fails is a warning: the
//! chip is the authority (reference section 8.5 and 9).

use serde::Serialize;

/// What is odd about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberWarning {
    /// Not the characters or the length of such a number.
    Form,
    /// The check character does not fit.
    CheckCharacter,
    /// No province or region has this prefix.
    Region,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS: [u8; 11] = *b"10X98765432";
/// Prefixes of GB/T 2260; 81 to 83 are the permits of Hong Kong, Macao and Taiwan residents. Only the prefix may be
/// checked hard: six-digit codes abolished long ago live on in numbers.
const PROVINCES: [u8; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];
const TAIWAN_PERMIT: u8 = 83;
/// Not given to any province: numbers of invented people in tests and demonstrations begin with it.
const INVENTED: u8 = 99;

/// The check character for the first 17 digits; `None` when they are not 17 digits.
pub fn check_character(digits: &str) -> Option<char> {
    if digits.len() != WEIGHTS.len() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sum: u32 = digits
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    Some(char::from(CHECK_CHARACTERS[(sum % 11) as usize]))
}

fn check_mod_11_2(number: &str) -> Option<NumberWarning> {
    if number.len() != 18 || !number.is_char_boundary(17) {
        return Some(NumberWarning::Form);
    }
    match check_character(&number[..17]) {
        None => Some(NumberWarning::Form),
        Some(check) if number.ends_with(check) => None,
        Some(_) => Some(NumberWarning::CheckCharacter),
    }
}

/// Checks an 18-character citizen number (also on a permit of Hong Kong, Macao and Taiwan residents).
pub fn check_citizen_number(number: &str) -> Option<NumberWarning> {
    check_mod_11_2(number).or_else(|| {
        let prefix: u8 = number[..2].parse().ok()?;
        let known = PROVINCES.contains(&prefix) || [TAIWAN_PERMIT, INVENTED].contains(&prefix);
        (!known).then_some(NumberWarning::Region)
    })
}

/// Checks the card number of a foreigner: 18 digits from 9 on (2023), or 3 letters and 12 digits (2017, whose check
/// digit has no published rule).
pub fn check_foreigner_number(number: &str, of_2023: bool) -> Option<NumberWarning> {
    if of_2023 {
        return check_mod_11_2(number).or((!number.starts_with('9')).then_some(NumberWarning::Form));
    }
    let bytes = number.as_bytes();
    let fits =
        bytes.len() == 15 && bytes[..3].iter().all(u8::is_ascii_uppercase) && bytes[3..].iter().all(u8::is_ascii_digit);
    (!fits).then_some(NumberWarning::Form)
}
