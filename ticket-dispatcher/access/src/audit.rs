//! The audit log: who did what to what, when, and with what result. Append-only; every record is chained to the
//! one before under a key, `h_n = HMAC-SM3(K_audit, h_(n-1) ‖ canonical(record_n))`, and signed heads of the chain
//! leave the machine ([`crate::heads`]). What happens to tickets is in the hall's journal, which has a chain of its
//! own.
//!
//! A record holds codes and ids, never a name, a document number, a password or a token.

use std::path::Path;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::Serialize;
use ticket_dispatcher_identity::{CryptoProvider, KeyUse};
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

/// Place and time in eight bytes each, then every text with its length in front, so that no two records read alike.
fn canonical(seq: u64, at_ms: i64, texts: [&str; 9]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&at_ms.to_be_bytes());
    for text in texts {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

const COLUMNS: &str = "seq, at_ms, source, actor, role, action, object, old, new, reason, result, mac";

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Record, [u8; 32])> {
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
    fn texts(&self) -> [&str; 9] {
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
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        let last = last_of(&work).map_err(|e| self.sqlite(e))?;
        let (seq, before) = last.map_or((1, [0; 32]), |(seq, mac)| (seq + 1, mac));
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
        work.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
            .and_then(|mut insert| {
                insert.execute(params![
                    i64::try_from(seq).unwrap_or(i64::MAX),
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
                ])
            })
            .and_then(|_| work.commit())
            .map_err(|e| self.sqlite(e))?;
        Ok(seq)
    }

    /// Records from a place on, at most so many.
    pub fn audit_from(&self, seq: u64, at_most: usize) -> Result<Vec<Record>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2"
            ))
            .map_err(|e| self.sqlite(e))?;
        let bounds = params![
            i64::try_from(seq).unwrap_or(i64::MAX),
            i64::try_from(at_most).unwrap_or(i64::MAX)
        ];
        let rows = query.query_map(bounds, |row| record(row).map(|(record, _)| record));
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// The last records before a place, at most so many, the newest last.
    pub fn audit_before(&self, seq: u64, at_most: usize) -> Result<Vec<Record>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2"
            ))
            .map_err(|e| self.sqlite(e))?;
        let bounds = params![
            i64::try_from(seq).unwrap_or(i64::MAX),
            i64::try_from(at_most).unwrap_or(i64::MAX)
        ];
        let rows = query.query_map(bounds, |row| record(row).map(|(record, _)| record));
        let mut records: Vec<Record> = rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))?;
        records.reverse();
        Ok(records)
    }

    /// Signs the end of the log, if it has grown since the last head, and returns the head for those who keep copies.
    pub fn sign_head(&self, key: &HeadKey, now: UnixMillis) -> Result<Option<Head>, AccessError> {
        let db = self.db();
        let Some((seq, mac)) = last_of(&db).map_err(|e| self.sqlite(e))? else {
            return Ok(None);
        };
        let signed: i64 = db
            .query_row("SELECT coalesce(max(seq), 0) FROM audit_head", [], |row| row.get(0))
            .map_err(|e| self.sqlite(e))?;
        if i64::try_from(seq).unwrap_or(i64::MAX) <= signed {
            return Ok(None);
        }
        let head = key.sign(seq, mac, now);
        db.execute(
            "INSERT INTO audit_head VALUES (?1, ?2, ?3, ?4)",
            params![
                i64::try_from(seq).unwrap_or(i64::MAX),
                mac,
                now.0,
                head.signature_bytes()
            ],
        )
        .map_err(|e| self.sqlite(e))?;
        Ok(Some(head))
    }

    /// Drops records older than a moment, from the front, so that the rest of the chain still holds: the first record
    /// that is kept is then chained to one that is gone, which `verify` says.
    pub fn audit_forget(&self, before: UnixMillis) -> Result<usize, AccessError> {
        self.db()
            .execute(
                "DELETE FROM audit WHERE seq < (SELECT coalesce(min(seq), 0) FROM audit WHERE at_ms >= ?1)",
                params![before.0],
            )
            .map_err(|e| self.sqlite(e))
    }
}

fn last_of(db: &Connection) -> rusqlite::Result<Option<(u64, [u8; 32])>> {
    db.prepare_cached("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?.try_into().unwrap_or(0), row.get(1)?))
        })
        .optional()
}

/// What is wrong, with the first bad record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// The record, if it is about one.
    pub seq: Option<u64>,
    /// What.
    pub what: String,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Records read.
    pub records: u64,
    /// First record that is kept; above 1, older ones were forgotten on time.
    pub first: u64,
    /// Heads whose signature was checked.
    pub heads: usize,
    /// What is wrong; empty is good.
    pub findings: Vec<AuditFinding>,
}

/// Checks a log: gaps, chain, signed heads of the file, and heads that were kept elsewhere.
pub fn verify(
    file: &Path,
    crypto: &dyn CryptoProvider,
    public_key: Option<&[u8]>,
    kept: &[Head],
) -> Result<AuditReport, AccessError> {
    let sqlite = |reason| AccessError::Sqlite {
        file: file.to_path_buf(),
        reason,
    };
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite)?;
    let own = heads_of(&db).map_err(sqlite)?;
    let mut query = db
        .prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))
        .map_err(sqlite)?;
    let mut rows = query.query([]).map_err(sqlite)?;
    let mut report = AuditReport::default();
    let mut last: Option<(u64, [u8; 32])> = None;
    let mut heads: Vec<(&Head, bool)> = own.iter().chain(kept).map(|head| (head, false)).collect();
    while let Some(row) = rows.next().map_err(sqlite)? {
        let (found, mac) = record(row).map_err(sqlite)?;
        let seq = found.seq;
        report.records += 1;
        if report.first == 0 {
            report.first = seq;
        }
        match last {
            Some((before, _)) if seq != before + 1 => {
                report.note(Some(seq), format!("records {} to {} are gone", before + 1, seq - 1));
            }
            Some((_, before)) => report.chain(crypto, &before, &found, &mac),
            None if seq == 1 => report.chain(crypto, &[0; 32], &found, &mac),
            // Chained to a record that was forgotten on time: a head must vouch for it.
            None => {}
        }
        for (head, met) in heads.iter_mut().filter(|(head, _)| head.seq == seq) {
            *met = true;
            if head.mac_bytes() != Some(mac) {
                report.note(Some(seq), "a signed head names another record here".to_string());
            }
        }
        last = Some((seq, mac));
    }
    let end = last.map_or(0, |(seq, _)| seq);
    for (head, met) in heads {
        if let Some(key) = public_key {
            report.heads += 1;
            if !head.verifies(key) {
                report.note(Some(head.seq), "the signature of a head does not verify".to_string());
            }
        }
        if !met && head.seq > end {
            report.note(
                Some(head.seq),
                format!("the log ends at {end}, but a signed head knows of more"),
            );
        }
    }
    Ok(report)
}

fn heads_of(db: &Connection) -> rusqlite::Result<Vec<Head>> {
    let mut query = db.prepare("SELECT seq, mac, at_ms, signature FROM audit_head ORDER BY seq")?;
    let rows = query.query_map([], |row| {
        let (seq, mac, at, signature): (i64, [u8; 32], i64, Vec<u8>) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(Head::new(seq.try_into().unwrap_or(0), &mac, UnixMillis(at), &signature))
    })?;
    rows.collect()
}

impl AuditReport {
    /// Nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn note(&mut self, seq: Option<u64>, what: String) {
        self.findings.push(AuditFinding { seq, what });
    }

    fn chain(&mut self, crypto: &dyn CryptoProvider, before: &[u8; 32], found: &Record, mac: &[u8; 32]) {
        let canonical = canonical(found.seq, found.at_ms, found.texts());
        if crypto.mac(KeyUse::AuditLog, &[before, &canonical]) != *mac {
            self.note(
                Some(found.seq),
                "the record was changed, or the one before it was".to_string(),
            );
        }
    }
}
