//! The module's id (reference section 6): 16 bytes, little-endian u16 u16 u32 u32 u32; the third is a date.

use core::fmt;

/// Which module this is. It names a device, not a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleId {
    parts: (u16, u16, u32, u32, u32),
}

impl ModuleId {
    /// Reads the data of a `12 FF` reply.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let data: &[u8; 16] = data.try_into().ok()?;
        let short = |at: usize| u16::from_le_bytes([data[at], data[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
        Some(Self {
            parts: (short(0), short(2), long(4), long(8), long(12)),
        })
    }

    /// The 16 bytes.
    pub fn bytes(self) -> [u8; 16] {
        let (a, b, c, d, e) = self.parts;
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&a.to_le_bytes());
        bytes[2..4].copy_from_slice(&b.to_le_bytes());
        bytes[4..8].copy_from_slice(&c.to_le_bytes());
        bytes[8..12].copy_from_slice(&d.to_le_bytes());
        bytes[12..].copy_from_slice(&e.to_le_bytes());
        bytes
    }

    /// From its five numbers.
    pub fn from_parts(parts: (u16, u16, u32, u32, u32)) -> Self {
        Self { parts }
    }
}

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b, c, d, e) = self.parts;
        write!(f, "{a:02}.{b:02}-{c:08}-{d:010}-{e:010}")
    }
}
