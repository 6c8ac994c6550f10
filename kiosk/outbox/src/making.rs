//! What the host remembers of making temporary cards: a row a record before its job is opened, what the back end must
//! still hear, and the blank ledger. A database of its own: the maker's thread has it to itself.
//!
//! Record numbers name nobody without the service; the picture does, and is removed when its job is over.

mod blanks;
pub mod day;
mod staff;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};

use crate::OutboxError;

pub use blanks::{BlankLine, Mark, StoredBlank};
pub use staff::{Identify, StaffFile, StaffFileError, StaffRefused};

const STEPS: &[M<'static>] = &[
    M::up(include_str!("making_1.sql")),
    M::up(include_str!("making_2.sql")),
    M::up(include_str!("making_3.sql")),
];

/// A making job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakingRow {
    /// The record.
    pub record_no: String,
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
    pub fn begin(&self, record_no: &str, fee_order: &str, fee_fen: u32, at_s: i64) -> Result<(), OutboxError> {
        let sql = "INSERT INTO making_job (record_no, fee_order, fee_fen, opened_s) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (record_no) DO NOTHING";
        self.db.execute(sql, params![record_no, fee_order, fee_fen, at_s])?;
        Ok(())
    }

    /// The row of a record.
    pub fn row(&self, record_no: &str) -> Result<Option<MakingRow>, OutboxError> {
        let sql = "SELECT record_no, fee_order, fee_fen, serial, unwanted, outcome, opened_s FROM making_job
                   WHERE record_no = ?1";
        Ok(self.db.query_row(sql, [record_no], row).optional()?)
    }

    /// Jobs that have not ended, oldest first.
    pub fn unfinished(&self) -> Result<Vec<MakingRow>, OutboxError> {
        let sql = "SELECT record_no, fee_order, fee_fen, serial, unwanted, outcome, opened_s FROM making_job
                   WHERE outcome IS NULL ORDER BY opened_s";
        let mut query = self.db.prepare(sql)?;
        let rows = query.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Jobs that ended in doubt and about which nobody has decided, oldest first.
    pub fn doubts(&self) -> Result<Vec<MakingRow>, OutboxError> {
        let sql = "SELECT record_no, fee_order, fee_fen, serial, unwanted, outcome, opened_s FROM making_job
                   WHERE outcome = 'doubt' ORDER BY opened_s";
        let mut query = self.db.prepare(sql)?;
        let rows = query.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Keeps the machine that the job begins on.
    pub fn keep_serial(&self, record_no: &str, serial: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET serial = ?2 WHERE record_no = ?1";
        self.db.execute(sql, params![record_no, serial])?;
        Ok(())
    }

    /// The picture as uploaded, sealed by whoever keeps it.
    pub fn picture(&self, record_no: &str) -> Result<Option<Vec<u8>>, OutboxError> {
        let sql = "SELECT picture FROM making_job WHERE record_no = ?1";
        Ok(self
            .db
            .query_row(sql, [record_no], |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// Keeps the picture, which is sealed: this store holds nothing that shows a person.
    pub fn keep_picture(&self, record_no: &str, picture: &[u8]) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET picture = ?2 WHERE record_no = ?1";
        self.db.execute(sql, params![record_no, picture])?;
        Ok(())
    }

    /// Keeps where a job stands and appends the transition.
    pub fn passed(&mut self, record_no: &str, idx: u8, attempt: u8, phase: u8, at_ms: i64) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE making_job SET phase = ?2, idx = ?3 WHERE record_no = ?1";
        change.execute(sql, params![record_no, phase, idx])?;
        let sql = "INSERT INTO making_event (record_no, idx, attempt, phase, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        change.execute(sql, params![record_no, idx, attempt, phase, at_ms])?;
        change.commit()?;
        Ok(())
    }

    /// The citizen was sent away: the job is to be ended without a card, and its picture is of no more use.
    pub fn unwant(&self, record_no: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET unwanted = 1, picture = NULL WHERE record_no = ?1";
        self.db.execute(sql, [record_no])?;
        Ok(())
    }

    /// Ends a job, removes its picture and keeps what the back end must hear, in one write.
    pub fn end(
        &mut self,
        record_no: &str,
        outcome: &str,
        job_id: &str,
        body: &str,
        at_s: i64,
    ) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE making_job SET outcome = ?2, ended_s = ?3, picture = NULL WHERE record_no = ?1";
        change.execute(sql, params![record_no, outcome, at_s])?;
        let sql = "INSERT INTO making_report (job_id, body, at_s) VALUES (?1, ?2, ?3)
                   ON CONFLICT (job_id) DO UPDATE SET body = excluded.body";
        change.execute(sql, params![job_id, body, at_s])?;
        change.commit()?;
        Ok(())
    }

    /// Forgets a job for which nothing was ever sent to a machine.
    pub fn never_begun(&mut self, record_no: &str, job_id: &str, body: &str, at_s: i64) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        change.execute(
            "DELETE FROM making_job WHERE record_no = ?1 AND outcome IS NULL",
            [record_no],
        )?;
        let sql = "INSERT INTO making_report (job_id, body, at_s) VALUES (?1, ?2, ?3)
                   ON CONFLICT (job_id) DO UPDATE SET body = excluded.body";
        change.execute(sql, params![job_id, body, at_s])?;
        change.commit()?;
        Ok(())
    }

    /// Reports that the back end has not answered, oldest first: job and body.
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

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<MakingRow> {
    Ok(MakingRow {
        record_no: row.get(0)?,
        fee_order: row.get(1)?,
        fee_fen: row.get(2)?,
        serial: row.get(3)?,
        unwanted: row.get(4)?,
        outcome: row.get(5)?,
        opened_s: row.get(6)?,
    })
}
