//! Who works on the machine: people with a number and a password, and the tries that went wrong.
//!
//! Passwords are kept as Argon2id digests in a file of the kiosk; wrong tries are kept in the store, so that a restart
//! gives no fresh ones. It must never say which of number and password was wrong.

use argon2::Argon2;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use rusqlite::{OptionalExtension, params};
use serde::Deserialize;

use super::MakingStore;
use crate::OutboxError;

/// Fewest characters of a password.
const PASSWORD_MIN: usize = 10;
/// Wrong tries in a row until none counts for a while.
const TRIES_MAX: u32 = 5;
/// How long none counts then, seconds.
const LOCK_S: i64 = 15 * 60;

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefused {
    /// Number or password is not right.
    #[error("number {0} or its password is not right")]
    Wrong(u32),
    /// Too many wrong tries.
    #[error("number {0} is locked for 15 minutes after five wrong passwords")]
    Locked(u32),
    /// This takes two different people.
    #[error("this takes two different people")]
    TwoNeeded,
}

/// Refused, or the store failed.
#[derive(Debug, thiserror::Error)]
pub enum Identify {
    /// By the rules.
    #[error(transparent)]
    Refused(#[from] StaffRefused),
    /// The store.
    #[error(transparent)]
    Store(#[from] OutboxError),
}

impl PartialEq for Identify {
    fn eq(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Refused(a), Self::Refused(b)) if a == b)
    }
}

/// Why a staff file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StaffFileError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    staff: Vec<RawPerson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    no: u32,
    salt: String,
    digest: String,
}

struct Person {
    no: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// The people of a staff file.
pub struct StaffFile(Vec<Person>);

fn digest(password: &str, salt: &[u8]) -> Result<[u8; 32], StaffFileError> {
    let mut out = [0; 32];
    Argon2::default()
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .map_err(|error| StaffFileError(error.to_string()))?;
    Ok(out)
}

impl StaffFile {
    /// From the text of the file.
    pub fn parse(text: &str) -> Result<Self, StaffFileError> {
        let raw: Raw = toml::from_str(text).map_err(|error| StaffFileError(error.message().to_string()))?;
        let mut people: Vec<Person> = Vec::new();
        for person in raw.staff {
            let read = |text: &str| HEXLOWER_PERMISSIVE.decode(text.as_bytes());
            let (Ok(salt), Ok(digest)) = (read(&person.salt), read(&person.digest)) else {
                return Err(StaffFileError(format!("number {}: not hexadecimal", person.no)));
            };
            if people.iter().any(|known| known.no == person.no) {
                return Err(StaffFileError(format!("number {} is there twice", person.no)));
            }
            people.push(Person {
                no: person.no,
                salt,
                digest,
            });
        }
        Ok(Self(people))
    }

    /// One person for the file, as text. `salt` is 16 random bytes.
    pub fn entry(no: u32, password: &str, salt: &[u8; 16]) -> Result<String, StaffFileError> {
        if password.chars().count() < PASSWORD_MIN {
            return Err(StaffFileError(format!(
                "a password has at least {PASSWORD_MIN} characters"
            )));
        }
        let digest = digest(password, salt)?;
        Ok(format!(
            "[[staff]]\nno = {no}\nsalt = \"{}\"\ndigest = \"{}\"\n",
            HEXLOWER.encode(salt),
            HEXLOWER.encode(&digest)
        ))
    }

    /// Compares in a time that depends on nothing but the work of the digest; for a number that nobody has too.
    fn knows(&self, no: u32, password: &str) -> bool {
        let person = self.0.iter().find(|person| person.no == no);
        let salt = person.map_or(&[0; 16][..], |person| &person.salt);
        let Ok(given) = digest(password, salt) else {
            return false;
        };
        person.is_some_and(|person| {
            person.digest.len() == given.len()
                && person.digest.iter().zip(given).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
        })
    }
}

impl MakingStore {
    /// The numbers of those who gave the right passwords, at least `needed` different people. Every wrong try is kept;
    /// those at a number that nobody has are kept apart, so that they lock nobody who gets the number later.
    pub fn identify(
        &self,
        file: &StaffFile,
        given: &[(u32, &str)],
        needed: usize,
        now_s: i64,
    ) -> Result<Vec<u32>, Identify> {
        let mut who: Vec<u32> = given.iter().map(|(no, _)| *no).collect();
        who.sort_unstable();
        who.dedup();
        if who.len() < needed || who.len() < given.len() {
            return Err(StaffRefused::TwoNeeded.into());
        }
        for (no, password) in given {
            let nobody = !file.0.iter().any(|person| person.no == *no);
            let whose = if nobody { -1 - i64::from(*no) } else { i64::from(*no) };
            let (failed, until_s) = self.tries(whose)?;
            if now_s < until_s {
                return Err(StaffRefused::Locked(*no).into());
            }
            if !file.knows(*no, password) {
                let failed = failed + 1;
                let locked = failed >= TRIES_MAX;
                let (failed, until_s) = if locked { (0, now_s + LOCK_S) } else { (failed, 0) };
                self.keep_tries(whose, failed, until_s)?;
                return Err(StaffRefused::Wrong(*no).into());
            }
            if failed > 0 {
                self.keep_tries(whose, 0, 0)?;
            }
        }
        Ok(who)
    }

    fn tries(&self, staff: i64) -> Result<(u32, i64), OutboxError> {
        let sql = "SELECT failed, until_s FROM staff_tries WHERE staff = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(self.db.query_row(sql, [staff], read).optional()?.unwrap_or((0, 0)))
    }

    fn keep_tries(&self, staff: i64, failed: u32, until_s: i64) -> Result<(), OutboxError> {
        let sql = "INSERT INTO staff_tries (staff, failed, until_s) VALUES (?1, ?2, ?3)
                   ON CONFLICT (staff) DO UPDATE SET failed = excluded.failed, until_s = excluded.until_s";
        self.db.execute(sql, params![staff, failed, until_s])?;
        Ok(())
    }
}
