//! Cuts the receive buffer into commands. Written from the manuals' tables, not from what our driver sends.

/// One command, with its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Two-byte, four-byte or one-byte text comes as single bytes: the mode decides.
    Text(Vec<u8>),
    /// End of a line.
    LineFeed,
    /// `ESC @`.
    Initialise,
    /// `FS &` and `FS .`.
    Chinese(bool),
    /// `ESC 3 n`; `ESC 2` is 30.
    LineSpacing(u8),
    /// `GS ! n`.
    Size(u8),
    /// `ESC a n`.
    Align(u8),
    /// `ESC E n`, `ESC G n`.
    Bold(bool),
    /// `ESC J n`.
    Feed(u8),
    /// `ESC d n`.
    FeedLines(u8),
    /// `FS 2 c1 c2 d..`.
    UserCharacter {
        /// Second byte of its code.
        c2: u8,
        /// 24 columns of 3 bytes.
        columns: Vec<u8>,
    },
    /// `ESC *` 33: columns of 3 bytes.
    Inline(Vec<u8>),
    /// Head of `GS v 0`; the rows follow.
    Raster {
        /// Magnification.
        m: u8,
        /// Bytes a row.
        row_bytes: u16,
        /// Rows.
        rows: u16,
    },
    /// `GS ( k`, function and operands.
    Qr(Vec<u8>),
    /// `GS ( H`: the four bytes of the marker.
    ProcessId([u8; 4]),
    /// `GS r n`.
    SequenceStatus,
    /// Feeds to the cutter and `n` more first, where told; then cuts.
    Cut {
        /// Dots beyond the cutter; none cuts where the paper stands.
        feed: Option<u8>,
    },
    /// `GS e 5`.
    Eject,
    /// Known, without effect here.
    Ignored,
}

/// The first command of `bytes` and its length; none while it is not whole.
pub fn first(bytes: &[u8], chinese: bool, four_bytes: bool) -> Option<(Command, usize)> {
    match *bytes {
        [] => None,
        [0x0A, ..] => Some((Command::LineFeed, 1)),
        [0x1B, ..] => escape(bytes),
        [0x1C, ..] => chinese_command(bytes),
        [0x1D, ..] => group(bytes),
        [b, ..] if b < 0x20 => Some((Command::Ignored, 1)),
        [b, ..] if chinese && (0x81..=0xFE).contains(&b) => chinese_text(bytes, four_bytes),
        [b, ..] => Some((Command::Text(vec![b]), 1)),
    }
}

fn chinese_text(bytes: &[u8], four_bytes: bool) -> Option<(Command, usize)> {
    match *bytes {
        [_] => None,
        [_, trail, ..] if trail >= 0x40 => Some((Command::Text(bytes[..2].to_vec()), 2)),
        [_, 0x30..=0x39, ..] if four_bytes => bytes.get(..4).map(|code| (Command::Text(code.to_vec()), 4)),
        // A lead byte that leads nowhere prints nothing; what follows is taken for itself.
        _ => Some((Command::Ignored, 1)),
    }
}

fn whole(bytes: &[u8], length: usize, command: impl FnOnce(&[u8]) -> Command) -> Option<(Command, usize)> {
    bytes.get(..length).map(|all| (command(all), length))
}

fn escape(bytes: &[u8]) -> Option<(Command, usize)> {
    match *bytes.get(1)? {
        0x40 => Some((Command::Initialise, 2)),
        0x32 => Some((Command::LineSpacing(30), 2)),
        0x33 => whole(bytes, 3, |b| Command::LineSpacing(b[2])),
        0x61 => whole(bytes, 3, |b| Command::Align(b[2] & 0x0F)),
        0x45 | 0x47 => whole(bytes, 3, |b| Command::Bold(b[2] & 1 == 1)),
        0x4A => whole(bytes, 3, |b| Command::Feed(b[2])),
        0x64 => whole(bytes, 3, |b| Command::FeedLines(b[2])),
        0x69 | 0x6D => Some((Command::Cut { feed: None }, 2)),
        0x2A => {
            let (m, count) = (*bytes.get(2)?, u16::from_le_bytes([*bytes.get(3)?, *bytes.get(4)?]));
            let column = if m & 0x20 != 0 { 3 } else { 1 };
            whole(bytes, 5 + usize::from(count) * column, |b| {
                if column == 3 {
                    Command::Inline(b[5..].to_vec())
                } else {
                    Command::Ignored
                }
            })
        }
        0x2D | 0x4D | 0x52 | 0x53 | 0x74 | 0x7B | 0x21 => whole(bytes, 3, |_| Command::Ignored),
        0x63 => whole(bytes, 4, |_| Command::Ignored),
        _ => Some((Command::Ignored, 2)),
    }
}

fn chinese_command(bytes: &[u8]) -> Option<(Command, usize)> {
    match *bytes.get(1)? {
        0x26 => Some((Command::Chinese(true), 2)),
        0x2E => Some((Command::Chinese(false), 2)),
        0x21 | 0x43 | 0x2D => whole(bytes, 3, |_| Command::Ignored),
        0x53 => whole(bytes, 4, |_| Command::Ignored),
        0x32 => whole(bytes, 76, |b| Command::UserCharacter {
            c2: b[3],
            columns: b[4..].to_vec(),
        }),
        _ => Some((Command::Ignored, 2)),
    }
}

fn group(bytes: &[u8]) -> Option<(Command, usize)> {
    match *bytes.get(1)? {
        0x21 => whole(bytes, 3, |b| Command::Size(b[2])),
        0x56 => match *bytes.get(2)? {
            0x41 | 0x42 => whole(bytes, 4, |b| Command::Cut { feed: Some(b[3]) }),
            _ => Some((Command::Cut { feed: None }, 3)),
        },
        0x76 => whole(bytes, 8, |b| Command::Raster {
            m: b[3] & 3,
            row_bytes: u16::from_le_bytes([b[4], b[5]]),
            rows: u16::from_le_bytes([b[6], b[7]]),
        }),
        0x28 => {
            let length = usize::from(u16::from_le_bytes([*bytes.get(3)?, *bytes.get(4)?]));
            whole(bytes, 5 + length, |b| match (b[2], &b[5..]) {
                (0x6B, operands) => Command::Qr(operands.to_vec()),
                (0x48, &[0x30, 0x30, a, b, c, d]) => Command::ProcessId([a, b, c, d]),
                _ => Command::Ignored,
            })
        }
        0x72 => whole(bytes, 3, |_| Command::SequenceStatus),
        0x65 => whole(bytes, 3, |b| if b[2] == 5 { Command::Eject } else { Command::Ignored }),
        0x61 | 0x42 | 0x48 | 0x66 | 0x68 | 0x77 | 0x49 | 0x45 => whole(bytes, 3, |_| Command::Ignored),
        0x4C | 0x57 | 0x50 => whole(bytes, 4, |_| Command::Ignored),
        _ => Some((Command::Ignored, 2)),
    }
}
