//! One-time passwords of an authenticator app (TOTP, RFC 6238): six digits, thirty seconds, SHA-1, because that is what
//! every app reads. One step of clock difference is forgiven on either side; a step that was used is used up.

use core::fmt;

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

/// Bytes of a seed.
pub(crate) const SEED_BYTES: usize = 20;

/// What a new account's authenticator is told, once.
pub struct OneTime {
    /// `otpauth://…`, for a QR code.
    pub url: Zeroizing<String>,
}

impl fmt::Debug for OneTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTime")
    }
}

fn totp(seed: &[u8; SEED_BYTES], hall: &str, account: &str) -> Totp {
    Builder::new()
        .with_secret(seed.as_slice())
        .with_skew(1)
        .with_account_name(account)
        .with_issuer(Some(hall))
        .build()
        .expect("a seed of 160 bits, six digits, and ids without a colon")
}

/// The link for the authenticator app.
pub(crate) fn url(seed: &[u8; SEED_BYTES], hall: &str, account: &str) -> OneTime {
    let url = totp(seed, hall, account).to_url();
    OneTime {
        url: Zeroizing::new(url.expect("ids have no colon")),
    }
}

/// The step that the digits stand for, if they stand for one later than `last`.
pub(crate) fn step(seed: &[u8; SEED_BYTES], digits: &str, unix_s: u64, last: u64) -> Option<u64> {
    let step = totp(seed, "hall", "account").check(digits, unix_s)?;
    (step > last).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: SHA-1, the seed is the ASCII digits; the last six of its eight digits.
    #[test]
    fn the_vectors_of_the_rfc() {
        let seed = b"12345678901234567890";
        for (time, digits) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(step(seed, digits, time, 0), Some(time / 30), "{time}");
        }
    }

    #[test]
    fn a_step_beside_is_forgiven_two_are_not_and_none_counts_twice() {
        let seed = b"12345678901234567890";
        for (later, good) in [(0, true), (30, true), (60, false)] {
            assert_eq!(
                step(seed, "005924", 1_234_567_890 + later, 0).is_some(),
                good,
                "{later}"
            );
        }
        let used = step(seed, "005924", 1_234_567_890, 0).unwrap();
        assert_eq!(step(seed, "005924", 1_234_567_890, used), None);
        for nonsense in ["", "5924", "00592", "0059240", "００５９２４", "abcdef"] {
            assert_eq!(step(seed, nonsense, 1_234_567_890, 0), None, "{nonsense}");
        }
    }

    #[test]
    fn the_link_names_hall_and_account() {
        let url = url(b"12345678901234567890", "foshan-street", "C1");
        assert!(url.url.starts_with("otpauth://totp/foshan-street:C1?"), "{}", *url.url);
        assert_eq!(format!("{url:?}"), "OneTime");
    }
}
