//! A card as a person describes it: fields with the names that `hallctl device id-reader` prints, or a raw text block.

use drivers_id_reader::codec::{CardKind, Field, TEXT_LEN, TextBlock, TextError, ethnic_code};
use serde_json::{Map, Value};

use super::drawer::drawer;
use super::fault::from_hex;
use super::module::Behaviour;

/// Bytes of a photo and of one fingerprint.
const PHOTO_LEN: usize = 1024;
const FINGERPRINT_LEN: usize = 512;
/// An appended address: 35 characters.
const APPENDED: Field = Field {
    name: "appended_address",
    offset: 0,
    bytes: 70,
};

/// A card that lies on the reader.
#[derive(Debug, Clone)]
pub struct LaidCard {
    /// 256 bytes.
    pub text: TextBlock,
    /// Filler: no encoder of the real format is known.
    pub photo: Vec<u8>,
    /// None, one or two fillers of 512 bytes.
    pub fingerprints: Vec<u8>,
    /// 70 bytes, if the card has one.
    pub appended: Option<Vec<u8>>,
    /// As it was posted, for the bench page. Only invented people lie here.
    pub shown: Value,
}

/// Why a form is no card.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// Not an object.
    #[error("a card is a JSON object")]
    NotAnObject,
    /// A key that no card has.
    #[error("`{0}` is no field of this card")]
    UnknownKey(String),
    /// A value of the wrong kind.
    #[error("`{0}`: {1}")]
    Value(&'static str, &'static str),
    /// `drawer` names nobody.
    #[error("nobody in the drawer is called `{0}`")]
    NobodyThere(String),
    /// A text that does not fit.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Reads a posted card, and the behaviour that the reader shall show with it.
///
/// `{"drawer": ID}` lays that card of the drawer; fields beside it replace those of the card.
pub fn lay(form: &Value) -> Result<(LaidCard, Option<Behaviour>), FormError> {
    let mut form = form.as_object().ok_or(FormError::NotAnObject)?.clone();
    if let Some(id) = form.remove("drawer") {
        let mut card = from_drawer(&id)?;
        card.append(&mut form);
        form = card;
    }
    let form = &form;
    let (text, mut taken) = match form.get("text_hex") {
        Some(hex) => (raw_block(hex)?, vec!["text_hex"]),
        None => from_fields(form)?,
    };
    taken.extend(["behaviour", "fingerprints", "appended_address", "type"]);
    if let Some(key) = form.keys().find(|key| !taken.contains(&key.as_str())) {
        return Err(FormError::UnknownKey(key.clone()));
    }
    let behaviour = match form.get("behaviour") {
        None => None,
        Some(value) => Some(
            serde_json::from_value(value.clone()).map_err(|_| FormError::Value("behaviour", "strict or lenient"))?,
        ),
    };
    let card = LaidCard {
        text,
        photo: filler(PHOTO_LEN, 7, 3),
        fingerprints: fingerprints(form)?,
        appended: appended(form)?,
        shown: Value::Object(form.clone()),
    };
    Ok((card, behaviour))
}

fn from_drawer(id: &Value) -> Result<Map<String, Value>, FormError> {
    let entry = drawer().into_iter().find(|entry| entry["id"] == *id);
    let card = entry.and_then(|entry| entry["card"].as_object().cloned());
    card.ok_or_else(|| FormError::NobodyThere(id.as_str().unwrap_or_default().to_string()))
}

/// The formula of the reference (section 11): byte i is (factor × i + offset) modulo 256.
fn filler(len: usize, factor: usize, offset: usize) -> Vec<u8> {
    (0..len).map(|i| (factor * i + offset).to_le_bytes()[0]).collect()
}

fn raw_block(hex: &Value) -> Result<TextBlock, FormError> {
    let bytes = hex
        .as_str()
        .and_then(from_hex)
        .and_then(|bytes| <[u8; TEXT_LEN]>::try_from(bytes).ok());
    let bytes = bytes.ok_or(FormError::Value("text_hex", "256 bytes in hexadecimal"))?;
    Ok(TextBlock::from_bytes(&bytes))
}

fn from_fields(form: &Map<String, Value>) -> Result<(TextBlock, Vec<&'static str>), FormError> {
    let kind = match form.get("type") {
        None => CardKind::ResidentId,
        Some(kind) => serde_json::from_value(kind.clone())
            .map_err(|_| FormError::Value("type", "resident_id, hmt_permit, foreigner_2017 or foreigner_2023"))?,
    };
    let mut text = TextBlock::blank(kind);
    let mut taken = Vec::new();
    for field in kind.fields() {
        taken.push(field.name);
        let Some(value) = form.get(field.name) else { continue };
        let value = value.as_str().ok_or(FormError::Value(field.name, "must be a text"))?;
        match (field.name, kind.field("name_rest")) {
            ("name", Some(rest)) => put_in_two_parts(&mut text, *field, rest, value)?,
            _ => text.put(*field, &as_on_the_chip(field.name, value))?,
        }
    }
    Ok((text, taken))
}

/// Latin names of 2023 go on in a second field.
fn put_in_two_parts(text: &mut TextBlock, first: Field, rest: Field, name: &str) -> Result<(), FormError> {
    let units_max = first.bytes / 2;
    let split = name.char_indices().nth(units_max).map_or(name.len(), |(at, _)| at);
    text.put(first, &name[..split])?;
    Ok(text.put(rest, &name[split..])?)
}

/// Names of codes become codes, dates lose their dashes.
fn as_on_the_chip(field: &str, value: &str) -> String {
    match field {
        "sex" => match value {
            "男" => "1".into(),
            "女" => "2".into(),
            "未知" => "0".into(),
            "未说明" => "9".into(),
            code => code.into(),
        },
        "ethnic" => ethnic_code(value).unwrap_or(value).into(),
        "birth" | "valid_from" | "valid_to" if value.len() == 10 => value.replace('-', ""),
        _ => value.into(),
    }
}

fn fingerprints(form: &Map<String, Value>) -> Result<Vec<u8>, FormError> {
    match form.get("fingerprints").map(Value::as_u64) {
        None | Some(Some(0)) => Ok(Vec::new()),
        Some(Some(1)) => Ok(filler(FINGERPRINT_LEN, 5, 1)),
        Some(Some(2)) => Ok([filler(FINGERPRINT_LEN, 5, 1), filler(FINGERPRINT_LEN, 11, 2)].concat()),
        Some(_) => Err(FormError::Value("fingerprints", "0, 1 or 2")),
    }
}

fn appended(form: &Map<String, Value>) -> Result<Option<Vec<u8>>, FormError> {
    let Some(value) = form.get("appended_address") else {
        return Ok(None);
    };
    let address = value
        .as_str()
        .ok_or(FormError::Value("appended_address", "must be a text"))?;
    let mut block = TextBlock::blank(CardKind::ResidentId);
    block.put(APPENDED, address)?;
    Ok(Some(block.bytes()[..APPENDED.bytes].to_vec()))
}
