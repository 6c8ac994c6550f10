//! TIM/1 as bytes: frames, commands, replies. Pure.
//!
//! The page to read beside it is `docs/tim-1.md`.

pub mod code;
pub mod command;
pub mod fault;
pub mod frame;
pub mod reply;

pub use code::{Command, Mode, Phase, Position, ResultCode, Step};
pub use command::{JobOpen, Request};
pub use fault::{Fault, FaultClass};
pub use frame::{Decoder, Frame, Kind, PAYLOAD_MAX};
pub use reply::{EVENTS_MAX, Event, EventPage, Identity, JobRecord, Sensors, Status};

/// A job: 16 bytes that name no person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JobId(pub [u8; 16]);

/// A making record as the machine's fence knows it: 16 bytes that name no person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecordTag(pub [u8; 16]);

macro_rules! hex_shown {
    ($($name:ident),*) => {$(
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )*};
}
hex_shown!(JobId, RecordTag);

/// Reads numbers, little-endian, from the front of a payload.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    pub fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_le_bytes)
    }
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    /// Text padded with zeros.
    pub fn text<const N: usize>(&mut self) -> Option<String> {
        let bytes = self.array::<N>()?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(N);
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

/// Text padded with zeros to `N` bytes; what is longer is cut.
pub(crate) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    out
}
