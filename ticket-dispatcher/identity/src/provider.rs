//! The trait behind which a certified module can do the work of the software.

use zeroize::Zeroizing;

use crate::record::RowId;

/// What a key is for. Each has a derivation string of its own, so that no two uses share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// `K_tag`: tags of document numbers.
    Tag,
    /// `K_token`: lookup tokens of tickets.
    Token,
    /// `K_check`: check codes of tickets.
    Check,
    /// `K_audit`: heads of the journal.
    Audit,
    /// `K_audit_log`: the chain of the audit log.
    AuditLog,
    /// `K_session`: what is kept of the sessions of staff.
    Session,
}

/// Why something sealed could not be opened. Deliberately poor in detail: an oracle helps only an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Too short, or the first byte is not a known format.
    #[error("the sealed record is not of a known format")]
    Format,
    /// Sealed under a key that this provider does not hold.
    #[error("the sealed record names key {key_id}, which is not in the key store")]
    UnknownKey {
        /// The key that it names.
        key_id: u16,
    },
    /// Changed, moved to another row, or sealed under another key with the same id.
    #[error("the sealed record does not verify")]
    Forged,
}

/// Keyed cryptography. `gm-soft` does it in software; a certified card or USB key does it behind the same calls.
pub trait CryptoProvider: Send + Sync {
    /// HMAC-SM3 over the parts one after another, under the key of this use.
    fn mac(&self, key: KeyUse, parts: &[&[u8]]) -> [u8; 32];

    /// Seals `plain` for one cell: `0x01 ‖ key_id(2, big endian) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`, with the cell as
    /// associated data. The nonce must be random and never used twice; it comes in because this crate draws nothing.
    fn seal(&self, cell: RowId<'_>, nonce: [u8; 12], plain: &[u8]) -> Vec<u8>;

    /// Opens what [`CryptoProvider::seal`] made, for the same cell only.
    fn open(&self, cell: RowId<'_>, record: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError>;
}
