//! One-time codes of enrolment: sixteen characters of Crockford's base 32, four of id and twelve (60 bits) of secret.
//! Fifteen minutes, one use, five wrong tries. The secret is kept sealed, because the binding of a request is an HMAC
//! under it and must be computed here too.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use ticket_dispatcher_identity::{RowId, crockford};
use ticket_dispatcher_types::UnixMillis;
use zeroize::Zeroizing;

use crate::store::{Access, AccessError};

/// A code holds for so long.
pub const CODE_MINUTES: i64 = 15;
/// So many wrong tries end it.
pub const CODE_TRIES_MAX: i64 = 5;
const ID_CHARS: usize = 4;
const SECRET_CHARS: usize = 12;

/// A code to give to a technician, told once.
pub struct NewCode {
    /// Id and secret.
    pub text: Zeroizing<String>,
    /// Until when.
    pub until: UnixMillis,
}

impl NewCode {
    /// What it is called by, in the device's request and in the log: no secret.
    pub fn id(&self) -> &str {
        &self.text[..ID_CHARS]
    }
}

/// A code that is still open, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenCode {
    /// First four characters.
    pub id: String,
    /// For what.
    pub role: String,
    /// For which device.
    pub device: String,
    /// Where it stands, or will.
    pub place: String,
    /// Until when.
    pub until_ms: i64,
}

/// Why a code opens nothing. The asker hears the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// Never made, or used, or ended.
    #[error("no such code")]
    Unknown,
    /// Its time is over.
    #[error("the code is too old")]
    Late,
    /// The request is not bound to it.
    #[error("the request is not bound to the code")]
    Wrong,
    /// That was the last try.
    #[error("too many wrong tries")]
    TooOften,
}

fn cell(id: &str) -> RowId<'_> {
    RowId {
        table: "code",
        column: "secret",
        row: id.as_bytes(),
    }
}

impl Access {
    /// Makes a code for a device at its place in the hall. An older one for the same device ends.
    pub fn put_code(&self, (role, device, place): (&str, &str, &str), now: UnixMillis) -> Result<NewCode, AccessError> {
        let random = Zeroizing::new(self.random::<10>());
        let text = Zeroizing::new(crockford(random.as_slice()));
        let (id, secret) = text.split_at(ID_CHARS);
        let sealed = self.crypto.seal(cell(id), self.random(), secret.as_bytes());
        let until = UnixMillis(now.0 + CODE_MINUTES * 60_000);
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        work.execute(
            "DELETE FROM code WHERE (role = ?1 AND device = ?2) OR until_ms <= ?3",
            params![role, device, now.0],
        )
        .and_then(|_| {
            work.execute(
                "INSERT OR REPLACE INTO code (id, secret, role, device, until_ms, wrong, place)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
                params![id, sealed, role, device, until.0, place],
            )
        })
        .and_then(|_| work.commit())
        .map_err(|e| self.sqlite(e))?;
        Ok(NewCode {
            text: text.clone(),
            until,
        })
    }

    /// Codes that hold at this moment.
    pub fn open_codes(&self, now: UnixMillis) -> Result<Vec<OpenCode>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(
                "SELECT id, role, device, until_ms, place FROM code WHERE until_ms > ?1 AND wrong < ?2 ORDER BY id",
            )
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map(params![now.0, CODE_TRIES_MAX], |row| {
            Ok(OpenCode {
                id: row.get(0)?,
                role: row.get(1)?,
                device: row.get(2)?,
                until_ms: row.get(3)?,
                place: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// Uses a code up: `bound` is given the secret and says whether the request was made under it. Check and use are
    /// one transaction: a code is never used twice, whatever is pulled. The certificate is signed after it; when that
    /// fails, the code is gone and the technician asks for another.
    pub fn use_code(
        &self,
        id: &str,
        now: UnixMillis,
        bound: impl FnOnce(&str) -> bool,
    ) -> Result<Result<OpenCode, CodeRefused>, AccessError> {
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        let row = work
            .prepare_cached("SELECT secret, role, device, until_ms, wrong, place FROM code WHERE id = ?1")
            .and_then(|mut query| {
                let row = query.query_row(params![id], |row| {
                    Ok((
                        row.get::<_, Vec<u8>>(0)?,
                        OpenCode {
                            id: id.to_string(),
                            role: row.get(1)?,
                            device: row.get(2)?,
                            until_ms: row.get(3)?,
                            place: row.get(5)?,
                        },
                        row.get::<_, i64>(4)?,
                    ))
                });
                row.optional()
            })
            .map_err(|e| self.sqlite(e))?;
        let Some((sealed, code, wrong)) = row else {
            return Ok(Err(CodeRefused::Unknown));
        };
        if now.0 >= code.until_ms {
            return Ok(Err(CodeRefused::Late));
        }
        if wrong >= CODE_TRIES_MAX {
            return Ok(Err(CodeRefused::TooOften));
        }
        let opened = self.crypto.open(cell(id), &sealed);
        let opened = opened.map_err(|_| self.damaged("a code that does not open under the hall's key"))?;
        let secret = core::str::from_utf8(&opened).map_err(|_| self.damaged("a code of another alphabet"))?;
        if secret.len() != SECRET_CHARS {
            return Err(self.damaged("a code of another length"));
        }
        let (sql, answer) = if bound(secret) {
            ("DELETE FROM code WHERE id = ?1", Ok(code))
        } else {
            (
                "UPDATE code SET wrong = wrong + 1 WHERE id = ?1",
                Err(CodeRefused::Wrong),
            )
        };
        work.execute(sql, params![id])
            .and_then(|_| work.commit())
            .map_err(|e| self.sqlite(e))?;
        Ok(answer)
    }
}
