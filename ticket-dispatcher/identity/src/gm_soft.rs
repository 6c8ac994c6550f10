//! The provider `gm-soft`: SM3 and SM4 by RustCrypto, keys derived from one root key.

use core::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::{AesGcm, KeyInit, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sm3::Sm3;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::provider::{CryptoError, CryptoProvider, KeyUse};
use crate::record::{FORMAT_1, RECORD_OVERHEAD, RowId};

/// HMAC-SM3, keyed.
pub(crate) type HmacSm3 = Hmac<Sm3>;
/// SM4-GCM with the 12-byte nonce and 16-byte tag of RFC 8998.
type Sm4Gcm = AesGcm<Sm4, U12>;

/// The root key: 32 random bytes from the key store. Wiped when dropped, never shown.
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    /// Takes over bytes that the caller drew or read; the caller wipes its own copy.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey")
    }
}

/// Software provider. Keyed states are made once, so that a tag costs two runs of SM3 and no derivation.
pub struct GmSoft {
    tag: HmacSm3,
    token: HmacSm3,
    check: HmacSm3,
    audit: HmacSm3,
    audit_log: HmacSm3,
    session: HmacSm3,
    record: Sm4Gcm,
}

/// The record key in force. Rotation adds a second one; records name the key they were sealed under.
const RECORD_KEY_ID: u16 = 1;

impl GmSoft {
    /// Derives all keys from the root by HKDF-SM3 with distinct info strings.
    pub fn new(root: &RootKey) -> Self {
        let kdf = Hkdf::<Sm3>::new(Some(b"yimen key store v1"), root.0.as_slice());
        let mac = |info: &[u8]| keyed(derive::<32>(&kdf, info).as_slice());
        let record = derive::<16>(&kdf, b"K_rec 1");
        Self {
            tag: mac(b"K_tag"),
            token: mac(b"K_token"),
            check: mac(b"K_check"),
            audit: mac(b"K_audit"),
            audit_log: mac(b"K_audit_log"),
            session: mac(b"K_session"),
            record: sm4_gcm(&record),
        }
    }
}

fn derive<const N: usize>(kdf: &Hkdf<Sm3>, info: &[u8]) -> Zeroizing<[u8; N]> {
    let mut key = Zeroizing::new([0; N]);
    kdf.expand(info, key.as_mut_slice())
        .expect("HKDF gives up to 255 blocks");
    key
}

pub(crate) fn keyed(key: &[u8]) -> HmacSm3 {
    HmacSm3::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn sm4_gcm(key: &[u8; 16]) -> Sm4Gcm {
    Sm4Gcm::new_from_slice(key).expect("SM4 takes 16 bytes")
}

pub(crate) fn mac_of(keyed: &HmacSm3, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn seal_with(cipher: &Sm4Gcm, nonce: [u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
    let tag = cipher
        .encrypt_inout_detached(&Nonce::from(nonce), aad, text.into())
        .expect("a record is far below the length limit of GCM");
    tag.into()
}

impl CryptoProvider for GmSoft {
    fn mac(&self, key: KeyUse, parts: &[&[u8]]) -> [u8; 32] {
        let keyed = match key {
            KeyUse::Tag => &self.tag,
            KeyUse::Token => &self.token,
            KeyUse::Check => &self.check,
            KeyUse::Audit => &self.audit,
            KeyUse::AuditLog => &self.audit_log,
            KeyUse::Session => &self.session,
        };
        mac_of(keyed, parts)
    }

    fn seal(&self, cell: RowId<'_>, nonce: [u8; 12], plain: &[u8]) -> Vec<u8> {
        let mut record = Vec::with_capacity(plain.len() + RECORD_OVERHEAD);
        record.push(FORMAT_1);
        record.extend_from_slice(&RECORD_KEY_ID.to_be_bytes());
        record.extend_from_slice(&nonce);
        let start = record.len();
        record.extend_from_slice(plain);
        let tag = seal_with(&self.record, nonce, &cell.associated_data(), &mut record[start..]);
        record.extend_from_slice(&tag);
        record
    }

    fn open(&self, cell: RowId<'_>, record: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        if record.len() < RECORD_OVERHEAD || record[0] != FORMAT_1 {
            return Err(CryptoError::Format);
        }
        let key_id = u16::from_be_bytes([record[1], record[2]]);
        if key_id != RECORD_KEY_ID {
            return Err(CryptoError::UnknownKey { key_id });
        }
        let nonce: [u8; 12] = record[3..15].try_into().expect("12 bytes");
        let (text, tag) = record[15..].split_at(record.len() - RECORD_OVERHEAD);
        let tag: [u8; 16] = tag.try_into().expect("16 bytes");
        let mut plain = Zeroizing::new(text.to_vec());
        self.record
            .decrypt_inout_detached(
                &Nonce::from(nonce),
                &cell.associated_data(),
                plain.as_mut_slice().into(),
                &tag.into(),
            )
            .map_err(|_| CryptoError::Forged)?;
        Ok(plain)
    }
}

impl fmt::Debug for GmSoft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GmSoft")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sm3::Digest;
    use sm4::cipher::BlockCipherEncrypt;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().collect();
        digits
            .chunks(2)
            .map(|p| u8::from_str_radix(core::str::from_utf8(p).unwrap(), 16).unwrap())
            .collect()
    }

    fn cell() -> RowId<'static> {
        RowId {
            table: "holder",
            column: "sealed",
            row: b"0123456789abcdef",
        }
    }

    // The four vectors are those of the hall rules, section 8.2.

    #[test]
    fn sm3_of_abc() {
        let expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(hex(&Sm3::digest(b"abc")), expected);
    }

    #[test]
    fn sm4_of_one_block() {
        let key = unhex("0123456789abcdeffedcba9876543210");
        let mut block: [u8; 16] = key.clone().try_into().unwrap();
        Sm4::new_from_slice(&key).unwrap().encrypt_block((&mut block).into());
        assert_eq!(hex(&block), "681edf34d206965e86b3e94f536e4246");
    }

    #[test]
    fn sm4_gcm_of_rfc_8998() {
        let key: [u8; 16] = unhex("0123456789abcdeffedcba9876543210").try_into().unwrap();
        let nonce: [u8; 12] = unhex("00001234567800000000abcd").try_into().unwrap();
        let aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let mut text: Vec<u8> = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa]
            .iter()
            .flat_map(|b| [*b; 8])
            .collect();
        let tag = seal_with(&sm4_gcm(&key), nonce, &aad, &mut text);
        assert_eq!(
            hex(&text),
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        );
        assert_eq!(hex(&tag), "83de3541e4c2b58177e065a9bf7b62ec");
    }

    #[test]
    fn hmac_sm3_of_the_sample_number() {
        let key: Vec<u8> = (0..32).collect();
        let mac = mac_of(&keyed(&key), &[b"110101", b"199003077475"]);
        let expected = "8a6b2750f0692b626d7bfec68f27ded7a58fe58f19ee95031f46dcc7f8f56d1a";
        assert_eq!(hex(&mac), expected);
    }

    #[test]
    fn sealed_records_have_the_stated_layout_and_open_again() {
        let provider = GmSoft::new(&RootKey::from_bytes([7; 32]));
        let record = provider.seal(cell(), [9; 12], b"made-up person");
        assert_eq!(record.len(), 14 + RECORD_OVERHEAD);
        assert_eq!(record[..15], [&[1, 0, 1][..], &[9; 12]].concat());
        assert_eq!(provider.open(cell(), &record).unwrap().as_slice(), b"made-up person");
    }

    #[test]
    fn every_changed_byte_and_every_other_cell_is_refused() {
        let provider = GmSoft::new(&RootKey::from_bytes([7; 32]));
        let record = provider.seal(cell(), [9; 12], b"made-up person");
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 0x10;
            assert!(provider.open(cell(), &changed).is_err(), "byte {at} was not noticed");
        }
        for length in 0..record.len() {
            assert!(provider.open(cell(), &record[..length]).is_err());
        }
        let elsewhere = RowId {
            row: b"0123456789abcdeX",
            ..cell()
        };
        assert_eq!(provider.open(elsewhere, &record), Err(CryptoError::Forged));
        let other_root = GmSoft::new(&RootKey::from_bytes([8; 32]));
        assert_eq!(other_root.open(cell(), &record), Err(CryptoError::Forged));
    }

    #[test]
    fn every_use_has_a_key_of_its_own() {
        let provider = GmSoft::new(&RootKey::from_bytes([7; 32]));
        let uses = [
            KeyUse::Tag,
            KeyUse::Token,
            KeyUse::Check,
            KeyUse::Audit,
            KeyUse::AuditLog,
            KeyUse::Session,
        ];
        for (i, a) in uses.iter().enumerate() {
            for b in &uses[i + 1..] {
                assert_ne!(provider.mac(*a, &[b"x"]), provider.mac(*b, &[b"x"]));
            }
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let root = RootKey::from_bytes([0xab; 32]);
        assert_eq!(format!("{root:?} {:?}", GmSoft::new(&root)), "RootKey GmSoft");
    }
}
