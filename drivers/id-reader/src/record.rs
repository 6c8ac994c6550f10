//! A tape of what crossed the wire, without the people: for a fault that only one reader in one hall shows.
//!
//! [`Recorder`] stands between driver and transport and writes one JSON line per happening; [`Replayer`] is a transport
//! that plays such a tape back with its timing. Personal bytes (text, photo, fingerprints, addresses, chip numbers,
//! and everything that is in no sound frame) never reach the tape: it keeps their count and a digest under a key that
//! the caller makes for this tape and forgets, so that equal bytes can be told on one tape and nothing can be guessed.

mod recorder;
mod replayer;

use serde::{Deserialize, Serialize};

pub use recorder::Recorder;
pub use replayer::{Replayer, TapeError};

/// First line of a tape.
pub const FORMAT: &str = "yimen-id-reader-tape/1";

/// One line of a tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the tape began.
    pub ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The first line: [`FORMAT`].
    Tape(String),
    /// Bytes to the reader, in hexadecimal; a host sends nothing personal.
    To(String),
    /// A sound reply.
    Reply(TapedReply),
    /// Bytes in no sound frame.
    Noise(TapedNoise),
    /// The host set this rate.
    Baud(u32),
    /// The host opened the port.
    Opened,
    /// The port could not be opened or went away, in the words of the system.
    Gone(String),
}

impl What {
    /// True for what the host hears without doing anything.
    fn is_heard(&self) -> bool {
        matches!(self, Self::Reply(_) | Self::Noise(_) | Self::Gone(_))
    }
}

/// A reply on the tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapedReply {
    /// SW1 SW2 SW3 in hexadecimal.
    pub words: String,
    /// Bytes of data.
    pub len: usize,
    /// The data in hexadecimal, where it is about the module and not about a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The counts in front of the blocks of a read, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<String>,
    /// The two bytes that tell the card's kind, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Digest of data that is not on the tape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Noise on the tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapedNoise {
    /// How many bytes.
    pub len: usize,
    /// Preamble and length in hexadecimal, when it began like a frame (cut off, or with a wrong check byte).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Digest of all of it.
    pub digest: String,
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
