//! What the host remembers of making temporary cards: a row a record before its job is opened, what the back end must
//! still hear, and the blank ledger. A database of its own: the maker's thread has it to itself.
//!
//! Record numbers name nobody without the service; the picture does, and is removed when its job is over.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};
use sha2::{Digest, Sha256};

use crate::OutboxError;

const STEPS: &[M<'static>] = &[M::up(include_str!("making_1.sql"))];

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

/// A line of the blank ledger to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlankLine<'a> {
    /// The machine.
    pub serial: &'a str,
    /// Its own index of the event; none for staff.
    pub machine_index: Option<u32>,
    /// `loaded`, `picked`, `taken`, `rejected`, `retracted`, `removed`, `counted`, `emptied`, `explained`.
    pub what: &'a str,
    /// How many.
    pub count: i64,
    /// Fault that belongs to it, or 0.
    pub code: u16,
    /// Who, `a+b` for two people; empty for the machine.
    pub staff: &'a str,
    /// Why.
    pub why: &'a str,
    /// Unix seconds.
    pub at_s: i64,
}

/// A line of the blank ledger as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlank {
    /// Its number.
    pub no: i64,
    /// The machine.
    pub serial: String,
    /// See [`BlankLine::what`].
    pub what: String,
    /// How many.
    pub count: i64,
    /// Fault or 0.
    pub code: u16,
    /// Who.
    pub staff: String,
    /// Why.
    pub why: String,
    /// Unix seconds.
    pub at_s: i64,
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

    /// Keeps the machine that the job begins on.
    pub fn keep_serial(&self, record_no: &str, serial: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET serial = ?2 WHERE record_no = ?1";
        self.db.execute(sql, params![record_no, serial])?;
        Ok(())
    }

    /// The picture as uploaded.
    pub fn picture(&self, record_no: &str) -> Result<Option<Vec<u8>>, OutboxError> {
        let sql = "SELECT picture FROM making_job WHERE record_no = ?1";
        Ok(self
            .db
            .query_row(sql, [record_no], |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// Keeps the picture.
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

    /// The citizen was sent away: the job is to be ended without a card.
    pub fn unwant(&self, record_no: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE making_job SET unwanted = 1 WHERE record_no = ?1";
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

    /// Index of the next machine event to pull.
    pub fn mark(&self, serial: &str) -> Result<u32, OutboxError> {
        let sql = "SELECT next_index FROM blank_mark WHERE serial = ?1";
        Ok(self
            .db
            .query_row(sql, [serial], |row| row.get(0))
            .optional()?
            .unwrap_or(1))
    }

    /// Adds lines to the blank ledger and moves the machine's mark, in one write. A line that is there already, by
    /// machine and index, is not added again.
    pub fn add_blanks(&mut self, lines: &[BlankLine<'_>], mark: Option<(&str, u32)>) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        for line in lines {
            let known: bool = change.query_row(
                "SELECT EXISTS (SELECT 1 FROM blank_event WHERE serial = ?1 AND machine_index = ?2)",
                params![line.serial, line.machine_index],
                |row| row.get(0),
            )?;
            if known {
                continue;
            }
            let before: Option<Vec<u8>> = change
                .query_row("SELECT digest FROM blank_event ORDER BY no DESC LIMIT 1", [], |row| {
                    row.get(0)
                })
                .optional()?;
            let before = before.unwrap_or_else(|| vec![0; 32]);
            let digest = digest(&before, line);
            let sql = "INSERT INTO blank_event
                       (serial, machine_index, what, count, code, staff, why, at_s, before, digest)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            change.execute(
                sql,
                params![
                    line.serial,
                    line.machine_index,
                    line.what,
                    line.count,
                    line.code,
                    line.staff,
                    line.why,
                    line.at_s,
                    before,
                    digest.as_slice()
                ],
            )?;
        }
        if let Some((serial, next)) = mark {
            let sql = "INSERT INTO blank_mark (serial, next_index) VALUES (?1, ?2)
                       ON CONFLICT (serial) DO UPDATE SET next_index = excluded.next_index";
            change.execute(sql, params![serial, next])?;
        }
        change.commit()?;
        Ok(())
    }

    /// All lines of a machine, oldest first.
    pub fn blanks(&self, serial: &str) -> Result<Vec<StoredBlank>, OutboxError> {
        let sql =
            "SELECT no, serial, what, count, code, staff, why, at_s FROM blank_event WHERE serial = ?1 ORDER BY no";
        let mut query = self.db.prepare(sql)?;
        let rows = query.query_map([serial], |row| {
            Ok(StoredBlank {
                no: row.get(0)?,
                serial: row.get(1)?,
                what: row.get(2)?,
                count: row.get(3)?,
                code: row.get(4)?,
                staff: row.get(5)?,
                why: row.get(6)?,
                at_s: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Number of the first line whose digest does not follow from it and the line before; none when the chain holds.
    pub fn broken_at(&self) -> Result<Option<i64>, OutboxError> {
        let sql = "SELECT no, serial, machine_index, what, count, code, staff, why, at_s, before, digest
                   FROM blank_event ORDER BY no";
        let mut query = self.db.prepare(sql)?;
        let mut rows = query.query([])?;
        let mut last = vec![0; 32];
        while let Some(row) = rows.next()? {
            let (serial, what): (String, String) = (row.get(1)?, row.get(3)?);
            let (staff, why): (String, String) = (row.get(6)?, row.get(7)?);
            let line = BlankLine {
                serial: &serial,
                machine_index: row.get(2)?,
                what: &what,
                count: row.get(4)?,
                code: row.get(5)?,
                staff: &staff,
                why: &why,
                at_s: row.get(8)?,
            };
            let (before, stored): (Vec<u8>, Vec<u8>) = (row.get(9)?, row.get(10)?);
            if before != last || stored != digest(&before, &line) {
                return Ok(Some(row.get(0)?));
            }
            last = stored;
        }
        Ok(None)
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

/// SHA-256 over the digest before and the line, every part with its length before it.
fn digest(before: &[u8], line: &BlankLine<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let index = line.machine_index.map_or(-1, i64::from);
    let numbers = [index, line.count, i64::from(line.code), line.at_s]
        .map(i64::to_be_bytes)
        .concat();
    let parts = [
        before,
        line.serial.as_bytes(),
        line.what.as_bytes(),
        line.staff.as_bytes(),
        line.why.as_bytes(),
        &numbers,
    ];
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
