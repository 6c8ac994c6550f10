//! Replies: `SW1 SW2 SW3 DATA`, and the blocks that a read command carries in DATA.

use ticket_dispatcher_types::Personal;
use zeroize::Zeroizing;

use crate::codec::{Frame, Status, TEXT_LEN, TextBlock, encode};

/// Bytes of an appended address: 35 characters.
const APPENDED_LEN: usize = 70;

/// A reply with its three words.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// SW1 SW2 SW3.
    pub words: [u8; 3],
    data: Zeroizing<Vec<u8>>,
}

impl core::fmt::Debug for Reply {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [sw1, sw2, sw3] = self.words;
        write!(f, "Reply({sw1:02X} {sw2:02X} {sw3:02X}, {} bytes)", self.data.len())
    }
}

/// Why data is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Fewer bytes than three status words; the parser's limits already exclude it.
    #[error("a reply without its three status words")]
    Short,
    /// The counts in front of the blocks do not add up to what came.
    #[error("the counts announce {announced} bytes, {arrived} came")]
    Counts {
        /// Sum of the counts and their own bytes.
        announced: usize,
        /// Bytes of data in the reply.
        arrived: usize,
    },
    /// A text block that is not 256 bytes long has no known layout.
    #[error("a text block of {0} bytes has no known layout")]
    TextLength(usize),
}

impl Reply {
    /// Reads a frame.
    pub fn parse(frame: &Frame) -> Result<Self, ReplyError> {
        let [sw1, sw2, sw3, data @ ..] = frame.body() else {
            return Err(ReplyError::Short);
        };
        Ok(Self {
            words: [*sw1, *sw2, *sw3],
            data: Zeroizing::new(data.to_vec()),
        })
    }

    /// SW3.
    pub fn status(&self) -> Status {
        Status::from_code(self.words[2])
    }

    /// What follows the words.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

/// Makes a reply frame.
pub fn encode_reply(words: [u8; 3], data: &[u8]) -> Vec<u8> {
    let body = Zeroizing::new([&words[..], data].concat());
    encode(&body)
}

/// What `30 01` and `30 10` return: counts, then text, photo and fingerprints.
#[derive(Clone)]
pub struct Blocks {
    /// 256 bytes of text.
    pub text: TextBlock,
    /// The photo as it comes (WLT, closed format), usually 1024 bytes.
    pub photo: Zeroizing<Vec<u8>>,
    /// Fingerprint records as they come, 512 bytes each; empty for `30 01`.
    pub fingerprints: Zeroizing<Vec<u8>>,
}

impl Blocks {
    /// Takes the data of a read reply apart. `with_fingerprints` as asked: `30 10` has a third count.
    pub fn parse(data: &[u8], with_fingerprints: bool) -> Result<Self, ReplyError> {
        let counts_len = if with_fingerprints { 6 } else { 4 };
        let count = |at: usize| usize::from(data[at]) << 8 | usize::from(data[at + 1]);
        if data.len() < counts_len {
            return Err(ReplyError::Counts {
                announced: counts_len,
                arrived: data.len(),
            });
        }
        let (text, photo) = (count(0), count(2));
        let fingerprints = if with_fingerprints { count(4) } else { 0 };
        let announced = counts_len + text + photo + fingerprints;
        if announced != data.len() {
            return Err(ReplyError::Counts {
                announced,
                arrived: data.len(),
            });
        }
        let blocks = &data[counts_len..];
        let text_block: &[u8; TEXT_LEN] = blocks[..text].try_into().map_err(|_| ReplyError::TextLength(text))?;
        Ok(Self {
            text: TextBlock::from_bytes(text_block),
            photo: Zeroizing::new(blocks[text..text + photo].to_vec()),
            fingerprints: Zeroizing::new(blocks[text + photo..].to_vec()),
        })
    }
}

/// The data of a read reply; `fingerprints` is `None` for `30 01`. Counts are 16 bits wide: longer blocks are cut.
pub fn encode_blocks(text: &TextBlock, photo: &[u8], fingerprints: Option<&[u8]>) -> Zeroizing<Vec<u8>> {
    let cut = |block: &'_ [u8]| block.len().min(usize::from(u16::MAX));
    let count = |block: &[u8]| u16::try_from(cut(block)).unwrap_or(u16::MAX).to_be_bytes();
    let mut data = Zeroizing::new(Vec::new());
    data.extend_from_slice(&count(text.bytes()));
    data.extend_from_slice(&count(photo));
    if let Some(fingerprints) = fingerprints {
        data.extend_from_slice(&count(fingerprints));
    }
    data.extend_from_slice(text.bytes());
    data.extend_from_slice(&photo[..cut(photo)]);
    if let Some(fingerprints) = fingerprints {
        data.extend_from_slice(&fingerprints[..cut(fingerprints)]);
    }
    data
}

/// The address of a `30 03` reply (70 bytes, UTF-16LE); `None` when it is empty or not 70 bytes long.
pub fn appended_address(data: &[u8]) -> Option<Personal> {
    if data.len() != APPENDED_LEN {
        return None;
    }
    let (text, _) = crate::codec::layout::decode_text(data);
    (!text.is_empty()).then_some(text)
}
