//! The check of the audit log: what is wrong with it, and what nothing proves. A log that nobody signed, that begins in
//! the middle, or that is older than the copies of its heads is never called sound.

use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use ticket_dispatcher_identity::{CryptoProvider, KeyUse};
use ticket_dispatcher_types::UnixMillis;

use crate::audit::{BROKEN, COLUMNS, FORGET, JOURNAL_MARK, Record, canonical, last_of, place, record};
use crate::heads::{HEADS_EVERY_MINUTES, Head};
use crate::store::{Access, AccessError};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The record is not the one that was chained, or the one before it is not.
    Changed,
    /// Records are missing before this one.
    Gone {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// The first record is not the first of all, and nothing shows that those before it were forgotten on time.
    Beginning,
    /// A head of ours was signed over another record at this place.
    OtherRecord,
    /// A head that our key did not sign.
    ForeignHead,
    /// A head knows of this record, and the log ends before it.
    CutOff {
        /// The last record that is there; 0 where none is.
        end: u64,
    },
    /// No head vouches for any record that is there.
    NoHead,
    /// The journal of the hall is not the one that stood at this place when a head was signed.
    Journal {
        /// The place in the journal.
        place: u64,
    },
    /// From this record on no head was signed, although records were written for so long.
    HeadsStopped {
        /// Minutes from this record to the newest.
        minutes: i64,
    },
}

impl Wrong {
    /// For a record of the log itself.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Gone { .. } => "gone",
            Self::Beginning => "beginning-gone",
            Self::OtherRecord => "other-record",
            Self::ForeignHead => "foreign-head",
            Self::CutOff { .. } => "cut-off",
            Self::NoHead => "no-head",
            Self::Journal { .. } => "journal",
            Self::HeadsStopped { .. } => "heads-stopped",
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("the record was changed, or the one before it was"),
            Self::Gone { from, to } => write!(f, "records {from} to {to} are gone"),
            Self::Beginning => f.write_str(
                "the log begins here, and no signed record shows that those before were forgotten on time: they were \
                 removed",
            ),
            Self::OtherRecord => f.write_str("a signed head names another record here"),
            Self::ForeignHead => f.write_str("the signature of a head does not verify"),
            Self::CutOff { end } => write!(
                f,
                "the log ends at {end}, but a signed head knows of this record: the tail was cut off, or an older log \
                 was put in place"
            ),
            Self::Journal { place } => write!(
                f,
                "the journal of the hall has no row {place}, or another one than when this was signed: it was changed, \
                 its tail was cut off, or an older one was put in place"
            ),
            Self::NoHead => f.write_str("no signed head vouches for any record, so nothing is proved"),
            Self::HeadsStopped { minutes } => write!(
                f,
                "from here on no head was signed, although records were written for {minutes} minutes and a head is \
                 signed every {HEADS_EVERY_MINUTES}"
            ),
        }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// The record, if it is about one.
    pub seq: Option<u64>,
    /// What.
    pub what: Wrong,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Records read.
    pub records: u64,
    /// First record that is kept; above 1, older ones were forgotten.
    pub first: u64,
    /// Heads of the file and copies of heads whose signature holds.
    pub heads: usize,
    /// How many of those are copies from elsewhere.
    pub copies: usize,
    /// The last record that a head vouches for, and when that head was signed.
    pub vouched: Option<(u64, UnixMillis)>,
    /// Records after it, which anybody who can write the file could cut off unseen.
    pub unprotected: u64,
    /// When the newest record was written.
    pub newest: Option<UnixMillis>,
    /// Where the journal ended whenever a head was signed over it: the record, the place, the hash of the row there,
    /// hex.
    pub marks: Vec<(u64, u64, String)>,
    /// Records that say that the log was found broken at a start.
    pub told_broken: Vec<u64>,
    /// What is wrong; empty is good.
    pub findings: Vec<AuditFinding>,
}

/// Heads that our key signed, by place: chain value and time.
type Heads = BTreeMap<u64, Vec<([u8; 32], UnixMillis)>>;

/// Checks a log: gaps, chain, its beginning, signed heads of the file, and copies of heads that were kept elsewhere.
pub fn verify(
    file: &Path,
    crypto: &dyn CryptoProvider,
    public_key: &[u8],
    copies: &[Head],
) -> Result<AuditReport, AccessError> {
    let sqlite = |reason| AccessError::Sqlite {
        file: file.to_path_buf(),
        reason,
    };
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite)?;
    let mut report = AuditReport::default();
    // One picture of records and heads, also while the dispatcher writes.
    let picture = db.unchecked_transaction().map_err(sqlite)?;
    let heads = report.good_heads(&heads_of(&picture).map_err(sqlite)?, copies, public_key);
    report.walk(&picture, crypto, &heads).map_err(sqlite)?;
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

    fn note(&mut self, seq: impl Into<Option<u64>>, what: Wrong) {
        self.findings.push(AuditFinding { seq: seq.into(), what });
    }

    fn good_heads(&mut self, own: &[Head], copies: &[Head], public_key: &[u8]) -> Heads {
        let mut heads = Heads::new();
        for (head, is_copy) in own.iter().map(|h| (h, false)).chain(copies.iter().map(|h| (h, true))) {
            let known = |mac: &[u8; 32]| {
                let at_place = heads.get(&head.seq).into_iter().flatten();
                at_place
                    .into_iter()
                    .any(|known| *known == (*mac, UnixMillis(head.at_ms)))
            };
            let Some(mac) = head.mac_bytes().filter(|mac| known(mac) || head.verifies(public_key)) else {
                self.note(head.seq, Wrong::ForeignHead);
                continue;
            };
            self.heads += 1;
            self.copies += usize::from(is_copy);
            heads.entry(head.seq).or_default().push((mac, UnixMillis(head.at_ms)));
        }
        heads
    }

    fn walk(&mut self, db: &Connection, crypto: &dyn CryptoProvider, heads: &Heads) -> rusqlite::Result<()> {
        let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
        let mut rows = query.query([])?;
        let mut last: Option<(u64, [u8; 32])> = None;
        // Where the log says itself that it was shortened to.
        let mut forgotten = false;
        let mut unprotected_since = None;
        while let Some(row) = rows.next()? {
            let (found, mac) = record(row)?;
            let seq = found.seq;
            let holds = |before: &[u8; 32]| holds(crypto, before, &found, &mac);
            match last {
                None if seq == 1 && holds(&[0; 32]) => {}
                None if seq > 1 && at(heads, seq - 1).any(|(before, _)| holds(before)) => {}
                None if seq > 1 => self.note(seq, Wrong::Beginning),
                Some((before, _)) if seq != before + 1 => self.note(
                    seq,
                    Wrong::Gone {
                        from: before + 1,
                        to: seq - 1,
                    },
                ),
                Some((_, before)) if holds(&before) => {}
                _ => self.note(seq, Wrong::Changed),
            }
            self.records += 1;
            self.first = if self.first == 0 { seq } else { self.first };
            forgotten |= found.action == FORGET && found.object.parse() == Ok(self.first - 1);
            if found.action == BROKEN {
                self.told_broken.push(seq);
            }
            if let (JOURNAL_MARK, Ok(place)) = (found.action.as_str(), found.object.parse()) {
                self.marks.push((seq, place, found.new.clone()));
            }
            self.unprotected += 1;
            unprotected_since.get_or_insert((seq, found.at_ms));
            for (signed, when) in at(heads, seq) {
                if *signed == mac {
                    self.vouched = Some((seq, *when));
                    (self.unprotected, unprotected_since) = (0, None);
                } else {
                    self.note(seq, Wrong::OtherRecord);
                }
            }
            self.newest = Some(UnixMillis(found.at_ms));
            last = Some((seq, mac));
        }
        self.ends(heads, last.map_or(0, |(seq, _)| seq), unprotected_since);
        if self.first > 1 && !forgotten && !self.findings.iter().any(|one| one.what == Wrong::Beginning) {
            self.note(self.first, Wrong::Beginning);
        }
        Ok(())
    }

    /// What is said at the end of the log.
    fn ends(&mut self, heads: &Heads, end: u64, unprotected_since: Option<(u64, i64)>) {
        if let Some((known, _)) = heads.last_key_value().filter(|(known, _)| **known > end) {
            self.note(*known, Wrong::CutOff { end });
        }
        if self.vouched.is_none() {
            self.note(None, Wrong::NoHead);
        }
        let since = unprotected_since.filter(|_| self.vouched.is_some());
        if let (Some((seq, since)), Some(newest)) = (since, self.newest) {
            let minutes = (newest.0 - since) / 60_000;
            // A head that is late by one turn is a slow disk.
            if minutes > 2 * HEADS_EVERY_MINUTES {
                self.note(seq, Wrong::HeadsStopped { minutes });
            }
        }
    }
}

fn at(heads: &Heads, seq: u64) -> impl Iterator<Item = &([u8; 32], UnixMillis)> {
    heads.get(&seq).into_iter().flatten()
}

fn holds(crypto: &dyn CryptoProvider, before: &[u8; 32], found: &Record, mac: &[u8; 32]) -> bool {
    let canonical = canonical(found.seq, found.at_ms, found.texts());
    crypto.mac(KeyUse::AuditLog, &[before, &canonical]) == *mac
}

impl Access {
    /// [`verify`] of this log.
    pub fn verify(&self, public_key: &[u8], copies: &[Head]) -> Result<AuditReport, AccessError> {
        verify(&self.file, self.crypto.as_ref(), public_key, copies)
    }

    /// What copies of heads say against this log, without reading all of it: for every start. Records that were
    /// forgotten are nobody's to say anything about.
    pub fn audit_against(&self, copies: &[Head], public_key: &[u8]) -> Result<Vec<AuditFinding>, AccessError> {
        let db = self.db();
        let last = last_of(&db).map_err(|e| self.sqlite(e))?;
        let end = last.map_or(0, |(seq, _)| seq);
        let first: i64 = db
            .query_row("SELECT coalesce(min(seq), 0) FROM audit", [], |row| row.get(0))
            .map_err(|e| self.sqlite(e))?;
        let mut findings = Vec::new();
        let heads: i64 = db
            .query_row("SELECT count(*) FROM audit_head", [], |row| row.get(0))
            .map_err(|e| self.sqlite(e))?;
        if last.is_some() && heads == 0 {
            // A head is signed with the first record: somebody took them all away.
            findings.push(AuditFinding {
                seq: None,
                what: Wrong::NoHead,
            });
        }
        for head in copies.iter().filter(|head| place(head.seq) >= first) {
            let there: Option<[u8; 32]> = db
                .prepare_cached("SELECT mac FROM audit WHERE seq = ?1")
                .and_then(|mut query| query.query_row(params![place(head.seq)], |row| row.get(0)).optional())
                .map_err(|e| self.sqlite(e))?;
            let what = match there {
                Some(mac) if head.mac_bytes() == Some(mac) => continue,
                // Only what would be an alarm is worth the work.
                _ if !head.verifies(public_key) => Wrong::ForeignHead,
                Some(_) => Wrong::OtherRecord,
                None if head.seq > end => Wrong::CutOff { end },
                None => Wrong::Gone {
                    from: head.seq,
                    to: head.seq,
                },
            };
            let seq = Some(head.seq);
            findings.push(AuditFinding { seq, what });
        }
        Ok(findings)
    }
}
