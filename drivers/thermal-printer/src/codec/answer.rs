//! What the printer says, told apart byte by byte. The answers carry no tag: what was asked last decides how a byte
//! reads.

/// One thing the printer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A byte of pattern `0xx1xx10`: the answer to `DLE EOT 1..4`.
    RealTime(u8),
    /// The byte after a request whose answer has no pattern (Masung `10 04 05`).
    Plain(u8),
    /// Four bytes of automatic status.
    Automatic([u8; 4]),
    /// Custom's full status, b3 to b6.
    CustomFull([u8; 4]),
    /// Answer to `GS r`: pattern `0xx0xxxx`.
    Sequence(u8),
    /// `37 22 d1 d2 d3 d4 00`: everything before this marker is printed.
    ProcessId([u8; 4]),
    /// `37 25 .. 00`: the buffers are cleared.
    Cleared,
    /// `37 xx .. 00`, something else.
    OtherBlock(u8),
    /// The printer is full (`13`, paused) or empty again (`11`).
    Flow {
        /// True for XOFF.
        paused: bool,
    },
    /// A byte that fits nothing.
    Noise(u8),
}

/// What an answer of the family `10 ..` means on this model. A profile uses one of the two, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `10` begins four bytes of automatic status.
    Automatic,
    /// `10 0F` begins Custom's six bytes.
    CustomFull,
}

/// Cuts the stream into answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splitter {
    family: Family,
    half: Vec<u8>,
    plain_expected: bool,
}

/// No block of a printer is longer; a longer one is noise.
const BLOCK_MAX: usize = 80;

impl Splitter {
    /// For a model of `family`.
    pub fn new(family: Family) -> Self {
        Self {
            family,
            half: Vec::new(),
            plain_expected: false,
        }
    }

    /// The next byte belongs to a request whose answer has no pattern.
    pub fn expect_plain(&mut self, expected: bool) {
        self.plain_expected = expected;
    }

    /// Forgets a half-received answer: after a time-out the rest will not come.
    pub fn forget(&mut self) {
        self.half.clear();
        self.plain_expected = false;
    }

    /// Takes one byte.
    pub fn take(&mut self, byte: u8) -> Option<Answer> {
        match self.half.first() {
            None => self.first(byte),
            Some(0x37) => self.in_block(byte),
            Some(_) => self.in_family(byte),
        }
    }

    fn first(&mut self, byte: u8) -> Option<Answer> {
        if self.plain_expected && byte != 0x37 {
            self.plain_expected = false;
            return Some(Answer::Plain(byte));
        }
        match byte {
            0x37 => self.hold(byte),
            0x11 => Some(Answer::Flow { paused: false }),
            0x13 => Some(Answer::Flow { paused: true }),
            0x10 if self.family == Family::CustomFull => self.hold(byte),
            b if b & 0x93 == 0x12 => Some(Answer::RealTime(b)),
            b if b & 0x93 == 0x10 && self.family == Family::Automatic => self.hold(byte),
            b if b & 0x90 == 0 => Some(Answer::Sequence(b)),
            b => Some(Answer::Noise(b)),
        }
    }

    fn hold(&mut self, byte: u8) -> Option<Answer> {
        self.half.push(byte);
        None
    }

    fn in_block(&mut self, byte: u8) -> Option<Answer> {
        // Our markers use 40 to 4F only: a status byte inside one was pushed in between.
        let inside_marker = self.half.get(1) == Some(&0x22) && self.half.len() < 6;
        if inside_marker && byte & 0x93 == 0x12 {
            return Some(Answer::RealTime(byte));
        }
        if byte != 0 {
            self.half.push(byte);
            if self.half.len() > BLOCK_MAX {
                self.half.clear();
                return Some(Answer::Noise(byte));
            }
            return None;
        }
        let block = std::mem::take(&mut self.half);
        Some(match *block.as_slice() {
            [_, 0x22, a, b, c, d] => Answer::ProcessId([a, b, c, d]),
            [_, 0x25, ..] => Answer::Cleared,
            [_, kind, ..] => Answer::OtherBlock(kind),
            _ => Answer::Noise(0x37),
        })
    }

    fn in_family(&mut self, byte: u8) -> Option<Answer> {
        self.half.push(byte);
        match (self.family, self.half.as_slice()) {
            (Family::CustomFull, &[_, second]) if second != 0x0F => {
                self.half.clear();
                Some(Answer::Noise(second))
            }
            (Family::CustomFull, &[_, _, b3, b4, b5, b6]) => {
                self.half.clear();
                Some(Answer::CustomFull([b3, b4, b5, b6]))
            }
            (Family::Automatic, &[a, b, c, d]) => {
                self.half.clear();
                Some(Answer::Automatic([a, b, c, d]))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(family: Family, bytes: &[u8]) -> Vec<Answer> {
        let mut splitter = Splitter::new(family);
        bytes.iter().filter_map(|b| splitter.take(*b)).collect()
    }

    #[test]
    fn answers_are_told_apart_on_one_stream() {
        let bytes = [
            0x12, 0x37, 0x22, 0x40, 0x41, 0x42, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x11, 0x13, 0x0F, 0x80,
        ];
        assert_eq!(
            answers(Family::Automatic, &bytes),
            [
                Answer::RealTime(0x12),
                Answer::ProcessId(*b"@ABC"),
                Answer::Automatic([0x10, 0, 3, 0]),
                Answer::Flow { paused: false },
                Answer::Flow { paused: true },
                Answer::Sequence(0x0F),
                Answer::Noise(0x80),
            ]
        );
        assert_eq!(
            answers(Family::CustomFull, &[0x10, 0x0F, 0x20, 0, 0, 1, 0x37, 0x25, 0x41, 0]),
            [Answer::CustomFull([0x20, 0, 0, 1]), Answer::Cleared]
        );
    }

    #[test]
    fn a_status_pushed_into_a_marker_does_not_break_it() {
        assert_eq!(
            answers(
                Family::Automatic,
                &[0x37, 0x22, 0x40, 0x12, 0x41, 0x32, 0x42, 0x43, 0x00]
            ),
            [
                Answer::RealTime(0x12),
                Answer::RealTime(0x32),
                Answer::ProcessId(*b"@ABC")
            ]
        );
    }

    #[test]
    fn a_block_without_end_is_given_up() {
        let mut bytes = vec![0x37, 0x22, 1, 1, 1, 1];
        bytes.extend(vec![0x41; 100]);
        let found = answers(Family::Automatic, &bytes);
        assert!(found.iter().any(|a| matches!(a, Answer::Noise(_))), "{found:?}");
    }
}
