//! Wrong tries at a code: five, then a quarter of an hour of nothing. A code that is of no account is counted and
//! locked like one that is, in the same words and over a restart, so that nobody learns by trying which accounts there
//! are.

use rusqlite::{OptionalExtension, Transaction, params};
use ticket_dispatcher_identity::KeyUse;
use ticket_dispatcher_types::UnixMillis;

use crate::store::Access;

/// Wrong tries until a code is locked (GB/T 22239 level 3).
pub const TRIES_MAX: i64 = 5;
/// How long it stays locked, and how long a wrong try counts.
const LOCKED_MS: i64 = 15 * 60 * 1000;
/// Codes of no account that are remembered at once; beyond it the oldest go. An address is silent long before.
const STRANGERS_MAX: i64 = 10_000;

/// What is remembered of a code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tries {
    wrong: i64,
    locked_until: i64,
    tried: i64,
}

impl Tries {
    /// One more, taken for wrong until it is found right. Or until when nothing is heard.
    fn one_more(self, now: UnixMillis) -> Result<Self, UnixMillis> {
        if now.0 < self.locked_until {
            return Err(UnixMillis(self.locked_until));
        }
        // Four typing errors of last month do not make the fifth of today a guesser's.
        let over = self.wrong >= TRIES_MAX || now.0 - self.tried >= LOCKED_MS;
        let wrong = if over { 1 } else { self.wrong + 1 };
        let locked_until = if wrong >= TRIES_MAX { now.0 + LOCKED_MS } else { 0 };
        Ok(Self {
            wrong,
            locked_until,
            tried: now.0,
        })
    }
}

impl Access {
    /// Counts a try at a code as wrong. True if there is an account of it that is not closed.
    pub(crate) fn one_more_try(
        &self,
        work: &Transaction<'_>,
        id: &str,
        now: UnixMillis,
    ) -> rusqlite::Result<Result<bool, UnixMillis>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Tries {
                wrong: row.get(0)?,
                locked_until: row.get(1)?,
                tried: row.get(2)?,
            })
        };
        let mac = self.crypto.mac(KeyUse::Session, &[b"stranger ", id.as_bytes()]);
        let known = work
            .prepare_cached("SELECT wrong, locked_until, tried_ms FROM account WHERE id = ?1 AND disabled = 0")?
            .query_row(params![id], read)
            .optional()?;
        let strange = work
            .prepare_cached("SELECT wrong, locked_until, tried_ms FROM stranger WHERE mac = ?1")?
            .query_row(params![mac], read)
            .optional()?;
        let tries = match known.or(strange).unwrap_or_default().one_more(now) {
            Ok(tries) => tries,
            Err(until) => return Ok(Err(until)),
        };
        if known.is_some() {
            work.prepare_cached("UPDATE account SET wrong = ?2, locked_until = ?3, tried_ms = ?4 WHERE id = ?1")?
                .execute(params![id, tries.wrong, tries.locked_until, tries.tried])?;
        } else {
            work.prepare_cached("INSERT OR REPLACE INTO stranger VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![mac, tries.wrong, tries.locked_until, tries.tried])?;
        }
        // For both, so that both take as long.
        forget_strangers(work, now, STRANGERS_MAX)?;
        Ok(Ok(known.is_some()))
    }
}

fn forget_strangers(work: &Transaction<'_>, now: UnixMillis, most: i64) -> rusqlite::Result<()> {
    work.prepare_cached("DELETE FROM stranger WHERE tried_ms <= ?1")?
        .execute(params![now.0 - LOCKED_MS])?;
    work.prepare_cached(
        "DELETE FROM stranger WHERE mac IN (SELECT mac FROM stranger ORDER BY tried_ms
         LIMIT max(0, (SELECT count(*) FROM stranger) - ?1))",
    )?
    .execute(params![most])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_codes_leaves_the_newest_and_what_is_old_goes_by_itself() {
        let mut db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE stranger (mac BLOB PRIMARY KEY, wrong, locked_until, tried_ms INTEGER)")
            .unwrap();
        let work = db.transaction().unwrap();
        for n in 0..50_i64 {
            work.execute("INSERT INTO stranger VALUES (?1, 1, 0, ?1)", params![n])
                .unwrap();
            forget_strangers(&work, UnixMillis(n), 10).unwrap();
        }
        let all = |work: &Transaction<'_>| {
            let sql = "SELECT count(*), coalesce(min(tried_ms), 0) FROM stranger";
            let row: (i64, i64) = work.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
            row
        };
        assert_eq!(all(&work), (10, 40));
        forget_strangers(&work, UnixMillis(LOCKED_MS + 45), 10).unwrap();
        assert_eq!(all(&work), (4, 46));
    }
}
