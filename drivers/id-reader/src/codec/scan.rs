//! Messages of a serial document scanner (EST-100PR-NZ): passports and codes, sent without being asked.
//!
//! One message is `02`, UTF-8 text, `03 0D 0A` (reference section 12). The text is a label (`CameraData:`, `PCSign:`,
//! `EidlinkResult`) and a JSON object whose `type` is `PassPort` or `QRCode`. The source does not name the member that
//! holds the contents, so the longest other text is taken; a passport's has the lines of its zone, joined by newlines.

use core::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
/// A zone has 90 characters, a full QR code less than 3,000; JSON escapes and other members come on top.
const MESSAGE_LEN_MAX: usize = 16 * 1024;
const PASSPORT: &str = "PassPort";
const CODE: &str = "QRCode";

/// What a scanner saw. `Debug` shows no contents.
#[derive(Clone, PartialEq, Eq)]
pub enum Scan {
    /// The lines of a machine-readable zone, not yet looked at.
    Zone(Zeroizing<String>),
    /// The text of a QR code or barcode. An electronic identity among them is a secret of its holder.
    Code(Zeroizing<String>),
    /// A message that broke off, or is none of these.
    Garbled,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(text) => write!(f, "Zone({} bytes)", text.len()),
            Self::Code(text) => write!(f, "Code({} bytes)", text.len()),
            Self::Garbled => f.write_str("Garbled"),
        }
    }
}

/// Cuts a byte stream into messages, in whatever pieces it comes.
#[derive(Default)]
pub struct ScanParser {
    /// Bytes after the last STX; none while the line is between messages.
    message: Option<Zeroizing<Vec<u8>>>,
}

impl ScanParser {
    /// Takes bytes and returns what they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Scan> {
        let mut out = Vec::new();
        for byte in bytes {
            match (*byte, &mut self.message) {
                // A message that another one interrupts is not finished by it.
                (STX, message) => {
                    if message.replace(Zeroizing::new(Vec::new())).is_some() {
                        out.push(Scan::Garbled);
                    }
                }
                (ETX, Some(_)) => {
                    let message = self.message.take().unwrap_or_default();
                    out.push(understand(&message));
                }
                (byte, Some(message)) if message.len() < MESSAGE_LEN_MAX => message.push(byte),
                (_, Some(_)) => {
                    self.message = None;
                    out.push(Scan::Garbled);
                }
                // CR LF, or noise between messages.
                (_, None) => {}
            }
        }
        out
    }

    /// True in the middle of a message.
    pub fn is_pending(&self) -> bool {
        self.message.is_some()
    }

    /// The line fell silent in the middle of a message: it is given up.
    pub fn give_up(&mut self) {
        self.message = None;
    }
}

fn understand(message: &[u8]) -> Scan {
    let object = core::str::from_utf8(message)
        .ok()
        .and_then(|text| text.find('{').map(|at| &text[at..]))
        .and_then(|json| serde_json::from_str::<Value>(json).ok());
    let Some(Value::Object(members)) = object else {
        return Scan::Garbled;
    };
    let kind = members
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string();
    let texts = members.into_iter().filter(|(name, _)| name != "type");
    let longest = texts
        .filter_map(|(_, value)| match value {
            Value::String(text) => Some(Zeroizing::new(text)),
            _ => None,
        })
        .max_by_key(|text| text.len());
    match (kind.as_str(), longest) {
        (PASSPORT, Some(text)) => Scan::Zone(text),
        (CODE, Some(text)) => Scan::Code(text),
        _ => Scan::Garbled,
    }
}

/// A message as a scanner sends it.
pub fn encode_scan(scan: &Scan) -> Vec<u8> {
    let (kind, text) = match scan {
        Scan::Zone(text) => (PASSPORT, text.as_str()),
        Scan::Code(text) => (CODE, text.as_str()),
        Scan::Garbled => return Vec::new(),
    };
    let json = serde_json::json!({ "type": kind, "data": text });
    let mut out = vec![STX];
    out.extend_from_slice(format!("CameraData:{json}").as_bytes());
    out.extend([ETX, b'\r', b'\n']);
    out
}
