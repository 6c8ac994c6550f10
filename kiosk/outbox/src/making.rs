//! What the host remembers of making temporary cards: a row a record before its job is opened, what the back end must
//! still hear, and the blank ledger. A database of its own: the maker's thread has it to itself.
//!
//! Nothing in it names a person: a record is found by a keyed tag, its number and the picture come in sealed and go
//! when they are of no more use. It must never see a key.

mod blanks;
pub mod day;
mod older;
mod staff;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};

use crate::OutboxError;

pub use blanks::{BlankLine, Mark, StoredBlank};
pub use older::InClear;
pub use staff::{Identify, StaffFile, StaffFileError, StaffRefused};

const STEPS: &[M<'static>] = &[
    M::up(include_str!("making_1.sql")),
    M::up(include_str!("making_2.sql")),
    M::up(include_str!("making_3.sql")),
    M::up(include_str!("making_4.sql")),
    M::up(include_str!("making_5.sql")),
];

/// What is kept of a record's number, made by whoever has the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecord {
    /// Keyed: finds the record again and names nobody.
    pub tag: [u8; 32],
    /// The number, sealed.
    pub sealed: Vec<u8>,
    /// Its two job ids and the machine's tag, one after another.
    pub jobs: [u8; 48],
}

/// A making job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakingRow {
    /// The record: [`KeptRecord::tag`].
    pub tag: [u8; 32],
    /// Its number, sealed; none once the job is over and in no doubt.
    pub sealed: Option<Vec<u8>>,
    /// [`KeptRecord::jobs`].
    pub jobs: [u8; 48],
    /// Number of the fee's order.
    pub fee_order: String,
    /// The fee; 0: none here.
    pub fee_fen: u32,
    /// Machine that the job began on; none before it was opened.
    pub serial: Option<String>,
    /// The host wants it ended.
    pub unwanted: bool,
    /// How it ended.
    pub outcome: Option<String>,
    /// Unix seconds.
    pub opened_s: i64,
}

const JOB: &str = "SELECT tag, sealed, jobs, fee_order, fee_fen, serial, unwanted, outcome, opened_s FROM making_job";

/// The store.
#[derive(Debug)]
pub struct MakingStore {
    db: Connection,
}

impl MakingStore {
    /// Opens or makes the database, readable by its owner alone, as durable as the outbox.
    pub fn open(path: &Path) -> Result<Self, OutboxError> {
        let mut db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "busy_timeout", 5000)?;
        db.pragma_update(None, "secure_delete", true)?;
        Migrations::from_slice(STEPS).to_latest(&mut db)?;
        Ok(Self { db })
    }

    /// A number that is another after each change through another connection (`hallctl maker`, with the kiosk running),
    /// and costs no reading of the tables. SQLite's `data_version`.
    pub fn outside_version(&self) -> Result<i64, OutboxError> {
        Ok(self.db.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// Stores a job before anything is sent for it; a record that was begun before keeps its row.
    pub fn begin(&self, record: &KeptRecord, fee_order: &str, fee_fen: u32, at_s: i64) -> Result<(), OutboxError> {
        let sql = "INSERT INTO making_job (tag, sealed, jobs, fee_order, fee_fen, opened_s)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tag) DO NOTHING";
        self.db.execute(
            sql,
            params![record.tag, record.sealed, record.jobs, fee_order, fee_fen, at_s],
        )?;
        Ok(())
    }

    /// The row of a record.
    pub fn row(&self, tag: &[u8; 32]) -> Result<Option<MakingRow>, OutboxError> {
        let sql = format!("{JOB} WHERE tag = ?1");
        Ok(self.db.query_row(&sql, [tag], row).optional()?)
    }

    fn rows(&self, which: &str) -> Result<Vec<MakingRow>, OutboxError> {
        let mut query = self.db.prepare(&format!("{JOB} WHERE {which} ORDER BY opened_s"))?;
        let rows = query.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Jobs that have not ended, oldest first.
    pub fn unfinished(&self) -> Result<Vec<MakingRow>, OutboxError> {
        self.rows("outcome IS NULL")
    }

    /// True while a job has not ended, also one that an older version left.
    pub fn makes(&self) -> Result<bool, OutboxError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM making_job WHERE outcome IS NULL)
                       OR EXISTS (SELECT 1 FROM making_job_clear WHERE outcome IS NULL)";
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// Jobs that ended in doubt and about which nobody has decided, oldest first.
    pub fn doubts(&self) -> Result<Vec<MakingRow>, OutboxError> {
        self.rows("outcome = 'doubt'")
    }

    /// Keeps the machine that the job begins on.
    pub fn keep_serial(&self, tag: &[u8; 32], serial: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET serial = ?2 WHERE tag = ?1";
        self.db.execute(sql, params![tag, serial])?;
        Ok(())
    }

    /// The picture as uploaded, sealed by whoever keeps it.
    pub fn picture(&self, tag: &[u8; 32]) -> Result<Option<Vec<u8>>, OutboxError> {
        let sql = "SELECT picture FROM making_job WHERE tag = ?1";
        Ok(self.db.query_row(sql, [tag], |row| row.get(0)).optional()?.flatten())
    }

    /// Keeps the picture, which is sealed: this store holds nothing that shows a person.
    pub fn keep_picture(&self, tag: &[u8; 32], picture: &[u8]) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET picture = ?2 WHERE tag = ?1";
        self.db.execute(sql, params![tag, picture])?;
        Ok(())
    }

    /// Keeps where a job stands and appends the transition.
    pub fn passed(&mut self, tag: &[u8; 32], idx: u8, attempt: u8, phase: u8, at_ms: i64) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE making_job SET phase = ?2, idx = ?3 WHERE tag = ?1";
        change.execute(sql, params![tag, phase, idx])?;
        let sql = "INSERT INTO making_event (tag, idx, attempt, phase, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        change.execute(sql, params![tag, idx, attempt, phase, at_ms])?;
        change.commit()?;
        Ok(())
    }

    /// The citizen was sent away: the job is to be ended without a card, and its picture is of no more use.
    pub fn unwant(&self, tag: &[u8; 32]) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET unwanted = 1, picture = NULL WHERE tag = ?1";
        self.db.execute(sql, [tag])?;
        Ok(())
    }

    /// Ends a job, removes its picture and keeps what the back end must hear (job and sealed body), in one write. The
    /// number goes too, unless two people must still decide.
    pub fn end(
        &mut self,
        tag: &[u8; 32],
        outcome: &str,
        report: Option<(&str, &str)>,
        at_s: i64,
    ) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE making_job SET outcome = ?2, ended_s = ?3, picture = NULL,
                          sealed = CASE WHEN ?2 = 'doubt' THEN sealed END WHERE tag = ?1";
        change.execute(sql, params![tag, outcome, at_s])?;
        owe(&change, report, at_s)?;
        change.commit()?;
        Ok(())
    }

    /// Forgets a job for which nothing was ever sent to a machine.
    pub fn never_begun(&mut self, tag: &[u8; 32], report: Option<(&str, &str)>, at_s: i64) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        change.execute("DELETE FROM making_job WHERE tag = ?1 AND outcome IS NULL", [tag])?;
        owe(&change, report, at_s)?;
        change.commit()?;
        Ok(())
    }

    /// Reports that the back end has not answered, oldest first: job and sealed body.
    pub fn reports(&self) -> Result<Vec<(String, String)>, OutboxError> {
        let mut query = self
            .db
            .prepare("SELECT job_id, body FROM making_report ORDER BY at_s")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The back end has answered.
    pub fn reported(&self, job_id: &str) -> Result<(), OutboxError> {
        self.db
            .execute("DELETE FROM making_report WHERE job_id = ?1", [job_id])?;
        Ok(())
    }
}

fn owe(change: &rusqlite::Transaction<'_>, report: Option<(&str, &str)>, at_s: i64) -> Result<(), OutboxError> {
    if let Some((job_id, body)) = report {
        let sql = "INSERT INTO making_report (job_id, body, at_s) VALUES (?1, ?2, ?3)
                   ON CONFLICT (job_id) DO UPDATE SET body = excluded.body";
        change.execute(sql, params![job_id, body, at_s])?;
    }
    Ok(())
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<MakingRow> {
    Ok(MakingRow {
        tag: row.get(0)?,
        sealed: row.get(1)?,
        jobs: row.get(2)?,
        fee_order: row.get(3)?,
        fee_fen: row.get(4)?,
        serial: row.get(5)?,
        unwanted: row.get(6)?,
        outcome: row.get(7)?,
        opened_s: row.get(8)?,
    })
}
