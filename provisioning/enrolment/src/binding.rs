//! The one-time code and what it binds (hall rules 8.3).
//!
//! ```text
//! code     16 characters of Crockford's base 32: 4 of id, 12 (60 bits) of secret
//! request  HMAC-SM3(secret, "k" ‖ SHA-256 of the server's certificate as the device saw it ‖ request)
//! answer   HMAC-SM3(secret, "d" ‖ device's certificate ‖ authority's certificate)
//! ```
//!
//! A relay shows the device another certificate than the dispatcher's own, and then the first value does not hold. It
//! cannot make the second. The authority's certificate is in the answer's value because a signature alone does not say
//! which key made it: for ECDSA another key can be found under which a given signature holds.
//!
//! Sixty bits of secret are not a password's few: with five tries and fifteen minutes nobody guesses them on the line,
//! and a recorded exchange would have to be searched through in a quarter of an hour.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;
use zeroize::Zeroizing;

/// Characters of a code.
pub const CODE_CHARS: usize = 16;
const ID_CHARS: usize = 4;

/// A code as it was typed.
pub struct Code(Zeroizing<String>);

/// What was typed is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has 16 letters and digits, without I, L, O and U; spaces and dashes do not matter")]
pub struct CodeError;

impl Code {
    /// Takes what a technician typed: small letters, spaces and dashes are forgiven, and so are the letters that look
    /// like digits.
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        let mut text = Zeroizing::new(String::with_capacity(CODE_CHARS));
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            text.push(match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c if c.is_ascii_digit() || (c.is_ascii_uppercase() && c != 'U') => c,
                _ => return Err(CodeError),
            });
        }
        if text.len() == CODE_CHARS {
            Ok(Self(text))
        } else {
            Err(CodeError)
        }
    }

    /// The part that says which code it is.
    pub fn id(&self) -> &str {
        &self.0[..ID_CHARS]
    }

    /// The part that never travels.
    pub fn secret(&self) -> &str {
        &self.0[ID_CHARS..]
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}…)", self.id())
    }
}

fn mac(secret: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sm3>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Binds a request to the code and to the server that the device saw. `seen` is the SHA-256 of its certificate, DER.
pub fn request_mac(secret: &str, seen: &[u8; 32], request_der: &[u8]) -> [u8; 32] {
    mac(secret, &[b"k", seen, request_der])
}

/// Binds the answer to the code. Both certificates as the PEM text that travels, the first with its length in front.
pub fn answer_mac(secret: &str, cert_pem: &str, authority_pem: &str) -> [u8; 32] {
    let length = u64::try_from(cert_pem.len()).unwrap_or(u64::MAX).to_be_bytes();
    mac(secret, &[b"d", &length, cert_pem.as_bytes(), authority_pem.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_forgiven_what_hands_do() {
        let code = Code::parse("7k2m-0o1l-9abc-defg").unwrap();
        assert_eq!((code.id(), code.secret()), ("7K2M", "00119ABCDEFG"));
        assert_eq!(format!("{code:?}"), "Code(7K2M…)");
        for bad in [
            "",
            "7K2M",
            "7K2M001199ABCDEFGH",
            "7K2MU01199ABCDEF",
            "７K2M001199ABCDEF",
        ] {
            assert!(Code::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_part_counts() {
        let base = request_mac("S", &[1; 32], b"csr");
        assert_eq!(base, request_mac("S", &[1; 32], b"csr"));
        assert_ne!(base, request_mac("T", &[1; 32], b"csr"));
        assert_ne!(base, request_mac("S", &[2; 32], b"csr"));
        assert_ne!(base, request_mac("S", &[1; 32], b"css"));
        assert_ne!(answer_mac("S", "ab", "c"), answer_mac("S", "a", "bc"));
        assert_ne!(answer_mac("S", "ab", "c"), request_mac("S", &[0; 32], b"abc"));
    }
}
