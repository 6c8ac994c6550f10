//! Signed heads of the audit log: `(place, chain value, time)` under ECDSA P-256. Copies of them leave the machine (a
//! line of its log, a file for the log server), and so a tail that is cut off is missed by somebody.

use core::fmt;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use data_encoding::HEXLOWER;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::UnixMillis;

/// A head is signed so often (hall rules 8.4), and when the dispatcher stops.
pub const HEADS_EVERY_MINUTES: i64 = 5;

/// A head, as it is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Place of the last record.
    pub seq: u64,
    /// Its chain value, hex.
    pub mac: String,
    /// When it was signed, milliseconds since 1970.
    pub at_ms: i64,
    /// ECDSA P-256 with SHA-256 over [`Head::signed_bytes`], ASN.1, hex.
    pub signature: String,
}

/// `yimen audit head 1 ‖ place(8) ‖ chain value(32) ‖ time(8)`, big endian.
fn signed_bytes(seq: u64, mac: &[u8], at: UnixMillis) -> Vec<u8> {
    [
        b"yimen audit head 1".as_slice(),
        &seq.to_be_bytes(),
        mac,
        &at.0.to_be_bytes(),
    ]
    .concat()
}

impl Head {
    pub(crate) fn new(seq: u64, mac: &[u8; 32], at: UnixMillis, signature: &[u8]) -> Self {
        Self {
            seq,
            mac: HEXLOWER.encode(mac),
            at_ms: at.0,
            signature: HEXLOWER.encode(signature),
        }
    }

    pub(crate) fn mac_bytes(&self) -> Option<[u8; 32]> {
        HEXLOWER.decode(self.mac.as_bytes()).ok()?.try_into().ok()
    }

    pub(crate) fn signature_bytes(&self) -> Vec<u8> {
        HEXLOWER.decode(self.signature.as_bytes()).unwrap_or_default()
    }

    /// Whether the key signed it.
    pub fn verifies(&self, public_key: &[u8]) -> bool {
        let Some(mac) = self.mac_bytes() else { return false };
        let bytes = signed_bytes(self.seq, &mac, UnixMillis(self.at_ms));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key)
            .verify(&bytes, &self.signature_bytes())
            .is_ok()
    }
}

/// Copies of heads, as a file of them holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// Those that could be read.
    pub heads: Vec<Head>,
    /// Lines that are none: the power went while one was written, or somebody wrote there.
    pub unreadable: usize,
}

impl Copies {
    /// Reads a file of JSON lines; one that is not there holds none.
    pub fn read(file: &Path) -> io::Result<Self> {
        let open = match std::fs::File::open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            open => open?,
        };
        let mut copies = Self::default();
        for line in BufReader::new(open).split(b'\n') {
            let line = line?;
            match serde_json::from_slice(&line) {
                Ok(head) => copies.heads.push(head),
                Err(_) => copies.unreadable += usize::from(!line.trim_ascii().is_empty()),
            }
        }
        Ok(copies)
    }
}

/// The key that signs heads.
pub struct HeadKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl HeadKey {
    /// A new key, PKCS#8; the caller keeps it in a file of its own.
    pub fn make() -> Option<Vec<u8>> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).ok()?;
        Some(made.as_ref().to_vec())
    }

    /// From PKCS#8; none if it is not one.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random).ok()?;
        Some(Self { pair, random })
    }

    /// For whoever checks heads: an uncompressed point of P-256.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn sign(&self, seq: u64, mac: [u8; 32], at: UnixMillis) -> Head {
        let signature = self.pair.sign(&self.random, &signed_bytes(seq, &mac, at));
        let signature = signature.expect("the operating system gives randomness");
        Head::new(seq, &mac, at, signature.as_ref())
    }
}

impl fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadKey")
    }
}
