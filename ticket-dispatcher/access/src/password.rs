//! Passwords of staff: argon2id, so that a stolen file costs a guesser memory as well as time.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// 19 MiB, two passes, one lane: the smallest setting that the field's advice (OWASP, 2023 and later) calls sound.
/// About 20 ms on a hall's computer, where more than one sign-in a second never comes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of a password under its salt, or why there is none.
pub(crate) fn hash(password: &str, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|error| error.to_string())?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, out.as_mut_slice())
        .map_err(|error| error.to_string())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_itself_alone_and_salted() {
        let one = hash("correct horse battery", &[1; 16]).unwrap();
        assert_eq!(*one, *hash("correct horse battery", &[1; 16]).unwrap());
        assert_ne!(*one, *hash("correct horse batterz", &[1; 16]).unwrap());
        assert_ne!(*one, *hash("correct horse battery", &[2; 16]).unwrap());
    }
}
