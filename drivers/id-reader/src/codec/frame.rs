//! `AA AA AA 96 69 | LEN_HI LEN_LO | body | CHK`: LEN counts body and CHK, CHK is the XOR from LEN_HI to the last byte
//! of the body (reference section 2).

use zeroize::{Zeroize as _, Zeroizing};

/// What every frame starts with.
pub const PREAMBLE: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
/// Preamble and LEN.
const HEADER_LEN: usize = 7;
/// LEN of a reply without data: three status words and CHK.
const REPLY_LEN_MIN: u16 = 4;
/// LEN of the longest known reply: text, photo and two fingerprints.
const REPLY_LEN_MAX: u16 = 2314;
/// LEN of a request without data: command, parameter and CHK.
const REQUEST_LEN_MIN: u16 = 3;
/// No known request is longer than 4; a bit more lets the module name the fault instead of losing step.
const REQUEST_LEN_MAX: u16 = 64;

/// Wraps a body (command and parameter, or status words and data) into a frame.
///
/// The body of a known frame is far below the 65 534 bytes that LEN can express; a longer one is cut there.
pub fn encode(body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(usize::from(u16::MAX) - 1)];
    let len = u16::try_from(body.len() + 1).unwrap_or(u16::MAX).to_be_bytes();
    let mut frame = Vec::with_capacity(HEADER_LEN + body.len() + 1);
    frame.extend_from_slice(&PREAMBLE);
    frame.extend_from_slice(&len);
    frame.extend_from_slice(body);
    let check = xor(&frame[PREAMBLE.len()..]);
    frame.push(check);
    frame
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// The body of a frame whose check byte was right. Wiped when dropped: it may hold a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Zeroizing<Vec<u8>>);

impl Frame {
    /// Everything between LEN and CHK.
    pub fn body(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

/// What the parser came upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A frame with the right check byte.
    Frame(Frame),
    /// A frame with a wrong check byte; one byte of it was discarded and the search goes on behind it.
    BadCheck,
    /// A preamble followed by a length that no frame of this direction has; the search goes on behind it.
    BadLength(u16),
}

/// Finds frames in a stream that arrives in any pieces.
#[derive(Clone)]
pub struct Parser {
    buffer: Zeroizing<Vec<u8>>,
    len_min: u16,
    len_max: u16,
}

impl core::fmt::Debug for Parser {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Parser({} bytes pending)", self.buffer.len())
    }
}

impl Parser {
    /// For what a reader sends.
    pub fn replies() -> Self {
        Self::with_limits(REPLY_LEN_MIN, REPLY_LEN_MAX)
    }

    /// For what a host sends.
    pub fn requests() -> Self {
        Self::with_limits(REQUEST_LEN_MIN, REQUEST_LEN_MAX)
    }

    fn with_limits(len_min: u16, len_max: u16) -> Self {
        // Never grows while a person passes through, so no copy of them stays behind in freed memory.
        Self {
            buffer: Zeroizing::new(Vec::with_capacity(2 * (HEADER_LEN + usize::from(len_max)))),
            len_min,
            len_max,
        }
    }

    /// Takes what arrived. Call [`Parser::next`] until it returns `None` before pushing more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next thing in what arrived so far; `None` when more bytes are needed.
    #[allow(clippy::should_implement_trait)] // it is no iterator: it yields again after more bytes
    pub fn next(&mut self) -> Option<Found> {
        self.skip_to_preamble();
        let header = self.buffer.get(..HEADER_LEN)?;
        let len = u16::from_be_bytes([header[5], header[6]]);
        if len < self.len_min || len > self.len_max {
            self.discard(1);
            return Some(Found::BadLength(len));
        }
        let total = HEADER_LEN + usize::from(len);
        let frame = self.buffer.get(..total)?;
        // CHK makes the XOR over everything behind the preamble zero.
        if xor(&frame[PREAMBLE.len()..]) != 0 {
            self.discard(1);
            return Some(Found::BadCheck);
        }
        let body = Zeroizing::new(frame[HEADER_LEN..total - 1].to_vec());
        self.discard(total);
        Some(Found::Frame(Frame(body)))
    }

    /// Bytes of a frame that has begun; 0 when the stream is between frames.
    pub fn pending_len(&self) -> usize {
        self.buffer.len()
    }

    /// Throws away what is there.
    pub fn clear(&mut self) {
        self.discard(self.buffer.len());
    }

    /// Moves the first possible preamble to the front: a whole one, or the start of one at the very end.
    fn skip_to_preamble(&mut self) {
        let starts_here = |at: usize| {
            let rest = &self.buffer[at..];
            let known = rest.len().min(PREAMBLE.len());
            rest[..known] == PREAMBLE[..known]
        };
        let at = (0..self.buffer.len()).find(|at| starts_here(*at));
        self.discard(at.unwrap_or(self.buffer.len()));
    }

    /// What is behind the end of a vector is no longer its: wiped before it is given up.
    fn discard(&mut self, count: usize) {
        let left = self.buffer.len() - count;
        self.buffer.copy_within(count.., 0);
        self.buffer[left..].zeroize();
        self.buffer.truncate(left);
    }
}
