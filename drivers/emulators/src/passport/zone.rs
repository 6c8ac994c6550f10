//! Passports of made-up people: fields become the two lines of a TD3 zone (ICAO 9303), with their check digits.

use drivers_id_reader::mrz::check_digit;
use serde::Deserialize;

/// `POST /passport-reader/passport`: the two lines as they are, or the fields of a made-up person.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PassportForm {
    /// The whole zone; the other members are not looked at then.
    pub mrz: Option<String>,
    /// Issuing state, 3 letters.
    pub issuer: String,
    /// Surname in Latin letters.
    pub surname: String,
    /// Given names with spaces.
    pub given: String,
    /// Number, up to 9 characters.
    pub number: String,
    /// `YYMMDD`.
    pub birth: String,
    /// `M`, `F` or empty.
    pub sex: String,
    /// `YYMMDD`.
    pub expiry: String,
}

impl PassportForm {
    /// The zone; the reason when the fields make none.
    pub fn zone(&self) -> Result<String, &'static str> {
        if let Some(mrz) = &self.mrz {
            return Ok(mrz.clone());
        }
        let fits = |text: &str, len: usize| text.len() <= len && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if self.issuer.is_empty() || !fits(&self.issuer, 3) || self.number.is_empty() || !fits(&self.number, 9) {
            return Err("issuer: up to 3 letters, number: up to 9 letters and digits");
        }
        if [&self.birth, &self.expiry]
            .iter()
            .any(|day| day.len() != 6 || !fits(day, 6))
            || !fits(&self.sex, 1)
        {
            return Err("birth and expiry: YYMMDD; sex: M, F or empty");
        }
        let name = format!("{}<<{}", self.surname, self.given).replace(' ', "<");
        if name.len() > 39 || !name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'<') {
            return Err("surname and given: Latin letters and spaces, 37 together");
        }
        let first = format!("P<{:<<3}{name:<<39}", self.issuer).to_ascii_uppercase();
        let number = format!("{:<<9}", self.number).to_ascii_uppercase();
        let sex = if self.sex.is_empty() { "<" } else { &self.sex };
        let checked = |field: &str| format!("{field}{}", check_digit(field));
        let (number, birth, expiry) = (checked(&number), checked(&self.birth), checked(&self.expiry));
        let optional = checked(&"<".repeat(14));
        let composite = check_digit(&format!("{number}{birth}{expiry}{optional}"));
        let second = format!("{number}{:<<3}{birth}{sex}{expiry}{optional}{composite}", self.issuer);
        Ok(format!("{first}\n{}", second.to_ascii_uppercase()))
    }
}

/// The camera takes one character of the document number for another.
pub fn misread(zone: &str) -> String {
    let Some((first, second)) = zone.split_once('\n') else {
        return zone.to_string();
    };
    let mut letters: Vec<char> = second.chars().collect();
    if let Some(letter) = letters.get_mut(1) {
        *letter = if *letter == '8' { '3' } else { '8' };
    }
    format!("{first}\n{}", letters.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_reference_comes_out_of_its_fields() {
        let form = PassportForm {
            issuer: "CHN".into(),
            surname: "ZHENGJIAN".into(),
            given: "YANGBEN".into(),
            number: "E00000000".into(),
            birth: "810803".into(),
            sex: "F".into(),
            expiry: "340701".into(),
            ..PassportForm::default()
        };
        let zone = form.zone().expect("a zone");
        let (first, second) = zone.split_once('\n').expect("two lines");
        assert_eq!(first, "P<CHNZHENGJIAN<<YANGBEN<<<<<<<<<<<<<<<<<<<<<");
        // The reference prints PO as the document code; line 2 does not depend on it.
        assert_eq!(second, "E000000008CHN8108038F3407013<<<<<<<<<<<<<<02");
        assert_ne!(misread(&zone), zone);
    }
}
