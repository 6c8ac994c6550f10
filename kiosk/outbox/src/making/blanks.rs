//! The blank ledger on the disk: added to, never changed, each line with the SHA-256 of the line before it.

use rusqlite::{OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::MakingStore;
use crate::OutboxError;

/// A line of the blank ledger to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlankLine<'a> {
    /// The machine.
    pub serial: &'a str,
    /// Its own index of the event, behind [`Mark::shift`]; none for staff.
    pub machine_index: Option<u32>,
    /// Of the machine: `loaded`, `picked`, `taken`, `rejected`, `retracted`, `removed`, `emptied`, `tamper`, `doubt`,
    /// `resolved`. Of the host: `events_lost`, `memory_lost`. Of staff: `counted`, `staff`, `day_closed`, `explained`.
    pub what: &'a str,
    /// How many.
    pub count: i64,
    /// Fault that belongs to it, or 0.
    pub code: u16,
    /// Who, `a+b` for two people; empty for the machine.
    pub staff: &'a str,
    /// Why.
    pub why: &'a str,
    /// Unix seconds: the machine's, or the host's when it heard of it, where the machine had not been told the time.
    pub at_s: i64,
}

/// A line of the blank ledger as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlank {
    /// Its number.
    pub no: i64,
    /// The machine.
    pub serial: String,
    /// See [`BlankLine::machine_index`].
    pub machine_index: Option<u32>,
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
    /// SHA-256 of the line before.
    pub before: Vec<u8>,
    /// SHA-256 of that and this line.
    pub digest: Vec<u8>,
}

impl StoredBlank {
    fn line(&self) -> BlankLine<'_> {
        BlankLine {
            serial: &self.serial,
            machine_index: self.machine_index,
            what: &self.what,
            count: self.count,
            code: self.code,
            staff: &self.staff,
            why: &self.why,
            at_s: self.at_s,
        }
    }
}

/// How far a machine's events were pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Index of the next event to pull.
    pub next_index: u32,
    /// The fault told last, for the next blank in the reject bin; 0: none.
    pub reason: u16,
    /// Added to the machine's indices: they begin again where it lost its memory, the ledger's do not.
    pub shift: u32,
}

const COLUMNS: &str = "no, serial, machine_index, what, count, code, staff, why, at_s, before, digest";

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredBlank> {
    Ok(StoredBlank {
        no: row.get(0)?,
        serial: row.get(1)?,
        machine_index: row.get(2)?,
        what: row.get(3)?,
        count: row.get(4)?,
        code: row.get(5)?,
        staff: row.get(6)?,
        why: row.get(7)?,
        at_s: row.get(8)?,
        before: row.get(9)?,
        digest: row.get(10)?,
    })
}

impl MakingStore {
    /// How far the events of a machine were pulled.
    pub fn mark(&self, serial: &str) -> Result<Mark, OutboxError> {
        let sql = "SELECT next_index, reason, shift FROM blank_mark WHERE serial = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Mark {
                next_index: row.get(0)?,
                reason: row.get(1)?,
                shift: row.get(2)?,
            })
        };
        let found = self.db.query_row(sql, [serial], read).optional()?;
        Ok(found.unwrap_or(Mark {
            next_index: 1,
            reason: 0,
            shift: 0,
        }))
    }

    /// Adds lines to the blank ledger and moves the machine's mark, in one write. A line that is there already, by
    /// machine and index, is not added again.
    pub fn add_blanks(&mut self, lines: &[BlankLine<'_>], mark: Option<(&str, Mark)>) -> Result<(), OutboxError> {
        // It reads the last digest before it writes: begun as a reader it could not wait for another writer.
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for line in lines {
            let known: bool = change.query_row(
                "SELECT EXISTS (SELECT 1 FROM blank_event WHERE serial = ?1 AND machine_index = ?2)",
                params![line.serial, line.machine_index],
                |row| row.get(0),
            )?;
            if known {
                continue;
            }
            let last = "SELECT digest FROM blank_event ORDER BY no DESC LIMIT 1";
            let before: Option<Vec<u8>> = change.query_row(last, [], |row| row.get(0)).optional()?;
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
        if let Some((serial, mark)) = mark {
            let sql = "INSERT INTO blank_mark (serial, next_index, reason, shift) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (serial) DO UPDATE
                       SET next_index = excluded.next_index, reason = excluded.reason, shift = excluded.shift";
            change.execute(sql, params![serial, mark.next_index, mark.reason, mark.shift])?;
        }
        change.commit()?;
        Ok(())
    }

    /// All lines of a machine, oldest first.
    pub fn blanks(&self, serial: &str) -> Result<Vec<StoredBlank>, OutboxError> {
        let sql = format!("SELECT {COLUMNS} FROM blank_event WHERE serial = ?1 ORDER BY no");
        let mut query = self.db.prepare(&sql)?;
        let rows = query.query_map([serial], stored)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps how many blanks the hopper of a machine holds: a day that is closed by hand, without the machine, must not
    /// be closed with more.
    pub fn keep_hopper_room(&self, serial: &str, blanks: u16) -> Result<(), OutboxError> {
        let sql = "INSERT INTO hopper_room (serial, blanks) VALUES (?1, ?2)
                   ON CONFLICT (serial) DO UPDATE SET blanks = excluded.blanks";
        self.db.execute(sql, params![serial, blanks])?;
        Ok(())
    }

    /// How many blanks the hopper of a machine holds; none where the machine was not greeted since that is kept.
    pub fn hopper_room(&self, serial: &str) -> Result<Option<u16>, OutboxError> {
        let sql = "SELECT blanks FROM hopper_room WHERE serial = ?1";
        Ok(self.db.query_row(sql, [serial], |row| row.get(0)).optional()?)
    }

    /// Machines that have lines, in order.
    pub fn machines(&self) -> Result<Vec<String>, OutboxError> {
        let mut query = self
            .db
            .prepare("SELECT DISTINCT serial FROM blank_event ORDER BY serial")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Number of the first line whose digest does not follow from it and the line before; none when the chain holds.
    pub fn broken_at(&self) -> Result<Option<i64>, OutboxError> {
        let sql = format!("SELECT {COLUMNS} FROM blank_event ORDER BY no");
        let mut query = self.db.prepare(&sql)?;
        let mut last = vec![0; 32];
        for line in query.query_map([], stored)? {
            let line = line?;
            if line.before != last || line.digest != digest(&line.before, &line.line()) {
                return Ok(Some(line.no));
            }
            last = line.digest;
        }
        Ok(None)
    }
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
