//! The audit log: who did what to what, when, and with what result. Append-only; every record is chained to the
//! one before under a key, `h_n = HMAC-SM3(K_audit, h_(n-1) ‖ canonical(record_n))`, and signed heads of the chain
//! leave the machine ([`crate::heads`]). What happens to tickets is in the hall's journal, which has a chain of its
//! own.
//!
//! A record holds codes and ids, never a name, a document number, a password or a token.

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, Params, Transaction, TransactionBehavior, params};
use serde::Serialize;
use ticket_dispatcher_identity::KeyUse;
use ticket_dispatcher_types::UnixMillis;

use crate::heads::{Head, HeadKey};
use crate::store::{Access, AccessError};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused.
    Refused,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Something to write down. Longest of each text is 200 bytes; what is longer is cut.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Where it came from: an address, or `dispatcher`.
    pub source: &'a str,
    /// Account, device or `nobody`.
    pub actor: &'a str,
    /// Role of the actor.
    pub role: &'a str,
    /// What was done, a word with a dot: `staff.sign-in`.
    pub action: &'static str,
    /// To what: an account, a device, a serial number, a ticket's id.
    pub object: &'a str,
    /// Before.
    pub old: &'a str,
    /// After.
    pub new: &'a str,
    /// Why, where one was given.
    pub reason: &'a str,
    /// How it ended.
    pub result: Outcome,
}

impl Default for Entry<'_> {
    fn default() -> Self {
        Self {
            source: "dispatcher",
            actor: "dispatcher",
            role: "dispatcher",
            action: "",
            object: "",
            old: "",
            new: "",
            reason: "",
            result: Outcome::Done,
        }
    }
}

/// A record as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Place in the log, counted from 1 without gaps.
    pub seq: u64,
    /// When, milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// Where it came from.
    pub source: String,
    /// Who.
    pub actor: String,
    /// As what.
    pub role: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub object: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why.
    pub reason: String,
    /// `done` or `refused`.
    pub result: String,
    /// Chain value, hex.
    pub mac: String,
}

const TEXT_BYTES_MAX: usize = 200;

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The record that the log was shortened at its front: `object` is the last place that went.
pub(crate) const FORGET: &str = "audit.forget";

/// The record that says where the hall's journal ended: `object` is the place, `new` the hash of that row, hex. So a
/// head vouches for the journal, too.
pub const JOURNAL_MARK: &str = "journal.mark";

/// The record that the log was not the one that was signed.
pub const BROKEN: &str = "audit.broken";

/// Place and time in eight bytes each, then every text with its length in front, so that no two records read alike.
pub(crate) fn canonical(seq: u64, at_ms: i64, texts: [&str; 9]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&at_ms.to_be_bytes());
    for text in texts {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

pub(crate) const COLUMNS: &str = "seq, at_ms, source, actor, role, action, object, old, new, reason, result, mac";

pub(crate) fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Record, [u8; 32])> {
    let mac: [u8; 32] = row.get(11)?;
    let record = Record {
        seq: row.get::<_, i64>(0)?.try_into().unwrap_or(0),
        at_ms: row.get(1)?,
        source: row.get(2)?,
        actor: row.get(3)?,
        role: row.get(4)?,
        action: row.get(5)?,
        object: row.get(6)?,
        old: row.get(7)?,
        new: row.get(8)?,
        reason: row.get(9)?,
        result: row.get(10)?,
        mac: HEXLOWER.encode(&mac),
    };
    Ok((record, mac))
}

impl Record {
    pub(crate) fn texts(&self) -> [&str; 9] {
        [
            &self.source,
            &self.actor,
            &self.role,
            &self.action,
            &self.object,
            &self.old,
            &self.new,
            &self.reason,
            &self.result,
        ]
    }
}

impl Access {
    /// Writes a record. When this returns, it is on disk.
    pub fn audit(&self, entry: &Entry<'_>, now: UnixMillis) -> Result<u64, AccessError> {
        self.alone(|work| self.append(work, entry, now))
    }

    /// Does something in one transaction. It begins as a writer: the console of the machine writes to the same file,
    /// and two who both read the end of the chain first would break it, or one of them would be refused.
    fn alone<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, AccessError> {
        let mut db = self.db();
        let open = db.transaction_with_behavior(TransactionBehavior::Immediate);
        let done = open.and_then(|open| {
            let done = work(&open)?;
            open.commit()?;
            Ok(done)
        });
        done.map_err(|e| self.sqlite(e))
    }

    fn append(&self, work: &Transaction<'_>, entry: &Entry<'_>, now: UnixMillis) -> rusqlite::Result<u64> {
        let (seq, before) = last_of(work)?.map_or((1, [0; 32]), |(seq, mac)| (seq + 1, mac));
        let texts = [
            entry.source,
            entry.actor,
            entry.role,
            entry.action,
            entry.object,
            entry.old,
            entry.new,
            entry.reason,
            entry.result.word(),
        ]
        .map(cut);
        let mac = self
            .crypto
            .mac(KeyUse::AuditLog, &[&before, &canonical(seq, now.0, texts)]);
        let [source, actor, role, action, object, old, new, reason, result] = texts;
        work.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
            .execute(params![
                place(seq),
                now.0,
                source,
                actor,
                role,
                action,
                object,
                old,
                new,
                reason,
                result,
                mac
            ])?;
        Ok(seq)
    }

    /// Records from a place on, at most so many.
    pub fn audit_from(&self, seq: u64, at_most: usize) -> Result<Vec<Record>, AccessError> {
        self.records("seq >= ?1 ORDER BY seq", params![place(seq), count(at_most)])
    }

    /// The last records before a place, at most so many, the newest first.
    pub fn audit_before(&self, seq: u64, at_most: usize) -> Result<Vec<Record>, AccessError> {
        self.records("seq < ?1 ORDER BY seq DESC", params![place(seq), count(at_most)])
    }

    /// The newest record of an action.
    pub fn audit_last(&self, action: &str) -> Result<Option<Record>, AccessError> {
        let found = self.records("action = ?1 ORDER BY seq DESC", params![action, count(1)])?;
        Ok(found.into_iter().next())
    }

    fn records(&self, which: &str, bounds: impl Params) -> Result<Vec<Record>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE {which} LIMIT ?2"))
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map(bounds, |row| record(row).map(|(record, _)| record));
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// Signs the end of the log, if it has grown since the last head, and returns the head for those who keep copies.
    pub fn sign_head(&self, key: &HeadKey, now: UnixMillis) -> Result<Option<Head>, AccessError> {
        self.alone(|work| {
            let Some((seq, mac)) = last_of(work)? else {
                return Ok(None);
            };
            let signed: i64 = work.query_row("SELECT coalesce(max(seq), 0) FROM audit_head", [], |row| row.get(0))?;
            if place(seq) <= signed {
                return Ok(None);
            }
            let head = key.sign(seq, mac, now);
            put_head(work, &head, &mac)?;
            Ok(Some(head))
        })
    }

    /// Drops records older than a moment, from the front; never the last one. What is left must still be known for what
    /// it is: a signed head at the last record that goes is what the first one that stays is chained to, and a record
    /// of the forgetting says how far it went. Without both, `verify` takes the missing ones for removed.
    pub fn audit_forget(
        &self,
        key: &HeadKey,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<Head>, AccessError> {
        self.alone(|work| {
            let last: Option<(i64, [u8; 32])> = work
                .prepare_cached(
                    "SELECT seq, mac FROM audit WHERE seq < (SELECT min(seq) FROM audit WHERE at_ms >= ?1)
                     ORDER BY seq DESC LIMIT 1",
                )?
                .query_row(params![before.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((last, mac)) = last else { return Ok(None) };
            let seq = last.try_into().unwrap_or(0);
            let head = key.sign(seq, mac, now);
            put_head(work, &head, &mac)?;
            let object = seq.to_string();
            let entry = Entry {
                action: FORGET,
                object: &object,
                ..Entry::default()
            };
            self.append(work, &entry, now)?;
            work.execute("DELETE FROM audit WHERE seq <= ?1", params![last])?;
            work.execute("DELETE FROM audit_head WHERE seq < ?1", params![last])?;
            Ok(Some(head))
        })
    }
}

fn put_head(work: &Transaction<'_>, head: &Head, mac: &[u8; 32]) -> rusqlite::Result<()> {
    let values = params![place(head.seq), mac, head.at_ms, head.signature_bytes()];
    work.execute("INSERT OR REPLACE INTO audit_head VALUES (?1, ?2, ?3, ?4)", values)?;
    Ok(())
}

pub(crate) fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn count(records: usize) -> i64 {
    i64::try_from(records).unwrap_or(i64::MAX)
}

pub(crate) fn last_of(db: &Connection) -> rusqlite::Result<Option<(u64, [u8; 32])>> {
    db.prepare_cached("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?.try_into().unwrap_or(0), row.get(1)?))
        })
        .optional()
}
