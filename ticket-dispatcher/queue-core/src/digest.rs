//! A digest of a state that is the same on every machine: FNV-1a over little-endian bytes.

use std::hash::{Hash, Hasher};

/// The hash under way, 128 bits.
pub(crate) struct Digest(u128);

const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl Digest {
    pub(crate) fn of(value: &impl Hash) -> [u8; 16] {
        let mut digest = Self(BASIS);
        value.hash(&mut digest);
        digest.0.to_le_bytes()
    }

    /// The digest as a number.
    pub(crate) fn number(value: &impl Hash) -> u128 {
        u128::from_le_bytes(Self::of(value))
    }
}

// Integers come in through methods of their own whose default follows the machine's byte order and word size.
impl Hasher for Digest {
    fn finish(&self) -> u64 {
        u64::try_from(self.0 >> 64).expect("64 bits are left")
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }
    fn write_u16(&mut self, n: u16) {
        self.write(&n.to_le_bytes());
    }
    fn write_u32(&mut self, n: u32) {
        self.write(&n.to_le_bytes());
    }
    fn write_u64(&mut self, n: u64) {
        self.write(&n.to_le_bytes());
    }
    fn write_i64(&mut self, n: i64) {
        self.write(&n.to_le_bytes());
    }
    fn write_usize(&mut self, n: usize) {
        self.write(&(n as u64).to_le_bytes());
    }
    fn write_isize(&mut self, n: isize) {
        self.write(&(n as i64).to_le_bytes());
    }
}
