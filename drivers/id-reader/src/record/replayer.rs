//! Plays the tape.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};

use super::{Entry, FORMAT, TapedNoise, TapedReply, What, from_hex, to_hex};
use crate::codec::{CardKind, TEXT_LEN, TextBlock, encode_reply};

/// Preamble and LEN.
const HEAD_LEN: usize = 7;
/// The name of everybody on a tape that is played.
const NAME: &str = "重放";

/// Why a text is no tape.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The first line does not say what it is.
    #[error("not a tape of an id reader ({FORMAT})")]
    NoTape,
    /// A line that cannot be read.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// A transport that answers as the tape does: same order, same pauses after each request. Where the tape has a digest
/// it gives made-up bytes of the same length. A driver that asks anything else than the tape finds the reader gone.
#[derive(Debug)]
pub struct Replayer {
    name: String,
    entries: VecDeque<Entry>,
    /// When the tape's time zero was, on our clock; moved at each request.
    zero: Instant,
    waiting: Vec<u8>,
}

impl Replayer {
    /// Reads a tape. `name` stands for the port in messages.
    pub fn new(name: &str, tape: &str) -> Result<Self, TapeError> {
        let mut entries = VecDeque::new();
        for (index, line) in tape.lines().enumerate() {
            let entry: Entry = serde_json::from_str(line).map_err(|error| TapeError::Line {
                line: index + 1,
                reason: error.to_string(),
            })?;
            if bytes_of(&entry.what).is_none() {
                let reason = "not bytes in hexadecimal".into();
                return Err(TapeError::Line {
                    line: index + 1,
                    reason,
                });
            }
            entries.push_back(entry);
        }
        match entries.pop_front() {
            Some(Entry {
                what: What::Tape(format),
                ..
            }) if format == FORMAT => {}
            _ => return Err(TapeError::NoTape),
        }
        Ok(Self {
            name: name.into(),
            entries,
            zero: Instant::now(),
            waiting: Vec::new(),
        })
    }

    /// True when everything on the tape has been played.
    pub fn is_over(&self) -> bool {
        self.entries.is_empty() && self.waiting.is_empty()
    }

    fn gone(&self, reason: impl Into<String>) -> TransportError {
        TransportError::Gone {
            port: self.name.clone(),
            reason: reason.into(),
        }
    }

    /// Takes the next entry if it is what the host does now, passing over what the reader said to nobody.
    fn follow(&mut self, does: &What) -> Result<(), TransportError> {
        while let Some(entry) = self.entries.pop_front() {
            match &entry.what {
                What::Reply(_) | What::Noise(_) => {}
                What::Gone(reason) => {
                    self.clock(entry.ms);
                    return Err(self.gone(reason.clone()));
                }
                what if what == does => {
                    self.clock(entry.ms);
                    return Ok(());
                }
                // The tape stays here, so that every further request meets the same answer.
                _ => {
                    self.entries.push_front(entry);
                    return Err(self.gone("the tape goes on otherwise"));
                }
            }
        }
        Err(self.gone("the tape is over"))
    }

    fn clock(&mut self, ms: u64) {
        let now = Instant::now();
        self.zero = now.checked_sub(Duration::from_millis(ms)).unwrap_or(now);
    }
}

/// The bytes that an entry stands for; empty where it stands for none, `None` where its hexadecimal is none.
fn bytes_of(what: &What) -> Option<Vec<u8>> {
    match what {
        What::To(hex) => from_hex(hex),
        What::Reply(reply) => played_reply(reply),
        What::Noise(noise) => played_noise(noise),
        What::Tape(_) | What::Baud(_) | What::Opened | What::Gone(_) => Some(Vec::new()),
    }
}

fn played_reply(reply: &TapedReply) -> Option<Vec<u8>> {
    let words: [u8; 3] = from_hex(&reply.words)?.try_into().ok()?;
    let data = match (&reply.data, &reply.counts, &reply.kind) {
        (Some(data), ..) => from_hex(data)?,
        (None, Some(counts), Some(kind)) => {
            let mut data = from_hex(counts)?;
            data.extend(made_up_text(from_hex(kind)?.try_into().ok()?));
            data.resize(reply.len.max(data.len()), 0x5A);
            data
        }
        // An appended address or chip numbers: some text of that length.
        _ => {
            let name = NAME.encode_utf16().flat_map(u16::to_le_bytes);
            name.chain([b' ', 0].into_iter().cycle()).take(reply.len).collect()
        }
    };
    Some(encode_reply(words, &data))
}

fn made_up_text(kind: [u8; 2]) -> Vec<u8> {
    let character = char::from_u32(u32::from(u16::from_le_bytes(kind))).unwrap_or(' ');
    let kind_of_card = CardKind::from_type_character(character).unwrap_or(CardKind::ResidentId);
    let mut text = TextBlock::blank(kind_of_card);
    if let Some(field) = kind_of_card.field("name") {
        text.put(field, NAME)
            .expect("every name field has room for two characters");
    }
    let mut bytes = text.bytes().to_vec();
    // As taped, also where no card is known by it.
    bytes[TEXT_LEN - 8..TEXT_LEN - 6].copy_from_slice(&kind);
    bytes
}

fn played_noise(noise: &TapedNoise) -> Option<Vec<u8>> {
    let mut bytes = match &noise.head {
        Some(head) => from_hex(head).filter(|head| head.len() == HEAD_LEN)?,
        None => Vec::new(),
    };
    bytes.resize(noise.len, 0);
    // Zeros leave the XOR as the length made it: a check byte that is wrong for certain.
    if noise.len > HEAD_LEN
        && let (Some(head), Some(last)) = (&noise.head, bytes.len().checked_sub(1))
    {
        let len = from_hex(head)?;
        bytes[last] = len[5] ^ len[6] ^ 0x01;
    }
    Some(bytes)
}

impl Transport for Replayer {
    fn port(&self) -> &str {
        &self.name
    }

    fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<usize, TransportError> {
        self.waiting.clear();
        self.follow(&What::To(to_hex(bytes)))?;
        Ok(bytes.len())
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        if self.waiting.is_empty() {
            let due = self
                .entries
                .front()
                .filter(|entry| entry.what.is_heard())
                .map(|entry| entry.ms);
            // Without one the host is the next to do something.
            let left = due.map(|ms| (self.zero + Duration::from_millis(ms)).saturating_duration_since(Instant::now()));
            std::thread::sleep(left.unwrap_or(deadline).min(deadline));
            if left.is_none_or(|left| left > deadline) {
                return Ok(0);
            }
            if let Some(entry) = self.entries.pop_front() {
                if let What::Gone(reason) = entry.what {
                    return Err(self.gone(reason));
                }
                self.waiting = bytes_of(&entry.what).unwrap_or_default();
            }
        }
        let count = self.waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
        Ok(count)
    }

    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError> {
        self.follow(&What::Baud(baud))
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.waiting.clear();
        self.follow(&What::Opened)
    }
}
