//! The kiosk's outbox: what was promised to the dispatcher and the printer, kept over a power cut.
//!
//! The keys of requests, each stored before its first send, and print jobs, each stored with its whole record before
//! the first byte. One connection, WAL, `synchronous=FULL`: when a call returns, its fact is on the disk.
//!
//! **No identity at rest**, but for what `alone` seals. A request's holder is in memory only, so a request cannot be
//! sent again after a restart: its key is then *lost*. Nothing is owed for it, because the rule of one open ticket per
//! person settles it: if the dispatcher made the ticket, the person who taps again is answered `already-holds` with
//! that very ticket and gets it printed; if it did not, the tap makes a new one. Either way nobody has two and nobody
//! has none.
//!
//! **An error from a commit means "unknown", not "no".** The owner stops the process; the restart reads the truth.

mod alone;
pub mod making;

pub use alone::{AloneEnd, NewAlone, StoredAlone, Tag};

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};
use ticket_dispatcher_types::{IdemKey, TicketNo, UnixMillis};

/// The migrations, oldest first; each is a step that never changes once it was shipped.
const STEPS: &[M<'static>] = &[M::up(include_str!("schema_1.sql")), M::up(include_str!("schema_2.sql"))];

/// Version of the printed layout that records are stored for.
pub const LAYOUT_VERSION: u32 = 1;

/// Why the outbox did not do it. After any of these the owner stops: it does not know what is on the disk.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// SQLite refused.
    #[error("the outbox's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database is newer than this program, or damaged.
    #[error("the outbox's database cannot be brought to this version: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A setting did not hold.
    #[error("the outbox's database runs with {pragma} = {found}, which may lose facts on a power cut")]
    NotDurable {
        /// Which setting.
        pragma: &'static str,
        /// What it is.
        found: String,
    },
    /// A print job with this number exists, or no job has it.
    #[error("print job {0} is not what it was taken for")]
    WrongJob(i64),
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// A number came, or the open ticket.
    Answered,
    /// Refused for good.
    Refused,
    /// Nobody waited any longer.
    Abandoned,
}

impl RequestState {
    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
        }
    }
}

/// How a print job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Handed to the printer's driver: from here on bytes may be out.
    Sent,
    /// Out, whole.
    Printed,
    /// Not one byte was sent.
    NotStarted,
    /// Nobody knows how much of it is out.
    Unknown,
    /// Unknown, and printed again under another number with 补打 on it.
    Reprinted,
    /// Unknown, and too old to be printed again.
    GivenUp,
}

impl JobState {
    const ALL: [Self; 6] = [
        Self::Sent,
        Self::Printed,
        Self::NotStarted,
        Self::Unknown,
        Self::Reprinted,
        Self::GivenUp,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Printed => "printed",
            Self::NotStarted => "not_started",
            Self::Unknown => "unknown",
            Self::Reprinted => "reprinted",
            Self::GivenUp => "given_up",
        }
    }
}

/// A print job to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob<'a> {
    /// Its number, counted up for ever.
    pub no: i64,
    /// The ticket's number.
    pub number: TicketNo,
    /// The whole record, JSON; no identity in it.
    pub record: &'a str,
    /// Marked 补打.
    pub reprint: bool,
}

/// A print job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its number.
    pub no: i64,
    /// The record.
    pub record: String,
    /// Version of the layout it was stored for.
    pub layout: u32,
    /// Marked 补打.
    pub reprint: bool,
    /// How it stands.
    pub state: JobState,
    /// When it was stored.
    pub at: UnixMillis,
}

/// What a restart found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Keys whose request is lost; see the crate's documentation for why nothing is owed for them.
    pub lost_requests: u32,
    /// The job that was at the printer, if one was.
    pub at_printer: Option<i64>,
    /// Jobs of which nobody knows whether they came out, oldest first; each is to be printed again once, if not too
    /// old.
    pub unknown: Vec<StoredJob>,
}

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    pub(crate) db: Connection,
}

impl Outbox {
    /// Opens or makes the database, and proves that it keeps what it is told.
    pub fn open(path: &Path) -> Result<Self, OutboxError> {
        let mut db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "busy_timeout", 5000)?;
        db.pragma_update(None, "secure_delete", true)?;
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if mode != "wal" {
            return Err(OutboxError::NotDurable {
                pragma: "journal_mode",
                found: mode,
            });
        }
        let full: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        if full != 2 {
            return Err(OutboxError::NotDurable {
                pragma: "synchronous",
                found: full.to_string(),
            });
        }
        Migrations::from_slice(STEPS).to_latest(&mut db)?;
        Ok(Self { db })
    }

    /// Stores a key before its first send. `what` says what was asked for, without the person.
    pub fn store_key(&self, key: IdemKey, what: &str, at: UnixMillis) -> Result<(), OutboxError> {
        let sql = "INSERT INTO request (key, what, state, at_ms) VALUES (?1, ?2, 'stored', ?3)";
        self.db.execute(sql, params![key.bytes(), what, at.0])?;
        Ok(())
    }

    /// Says how a request ended. A key that is not open stays as it is: the first end counts.
    pub fn end_request(&self, key: IdemKey, state: RequestState, at: UnixMillis) -> Result<(), OutboxError> {
        let sql = "UPDATE request SET state = ?2, ended_ms = ?3 WHERE key = ?1 AND state = 'stored'";
        self.db.execute(sql, params![key.bytes(), state.word(), at.0])?;
        Ok(())
    }

    /// The state of a key, for tests and for people who look for a number.
    pub fn request_state(&self, key: IdemKey) -> Result<Option<String>, OutboxError> {
        let sql = "SELECT state FROM request WHERE key = ?1";
        Ok(self.db.query_row(sql, [key.bytes()], |row| row.get(0)).optional()?)
    }

    /// Stores a job before its first byte. The unknown jobs of the same number count as reprinted by it.
    pub fn store_job(&mut self, job: &NewJob<'_>, at: UnixMillis) -> Result<(), OutboxError> {
        let number = job.number.to_string();
        let change = self.db.transaction()?;
        let sql = "INSERT INTO job (no, number, layout, record, reprint, state, at_ms, changed_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'sent', ?6, ?6)";
        let row = params![job.no, number, LAYOUT_VERSION, job.record, job.reprint, at.0];
        change.execute(sql, row).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::ConstraintViolation => {
                OutboxError::WrongJob(job.no)
            }
            other => OutboxError::Database(other),
        })?;
        let sql = "UPDATE job SET state = 'reprinted', changed_ms = ?2
                   WHERE number = ?1 AND state = 'unknown' AND no < ?3";
        change.execute(sql, params![number, at.0, job.no])?;
        change.commit()?;
        Ok(())
    }

    /// Says how a job stands.
    pub fn mark_job(&self, no: i64, state: JobState, at: UnixMillis) -> Result<(), OutboxError> {
        let sql = "UPDATE job SET state = ?2, changed_ms = ?3 WHERE no = ?1";
        match self.db.execute(sql, params![no, state.word(), at.0])? {
            1 => Ok(()),
            _ => Err(OutboxError::WrongJob(no)),
        }
    }

    /// One job.
    pub fn job(&self, no: i64) -> Result<Option<StoredJob>, OutboxError> {
        let sql = "SELECT no, record, layout, reprint, state, at_ms FROM job WHERE no = ?1";
        Ok(self.db.query_row(sql, [no], stored).optional()?)
    }

    /// The first number that no job ever had.
    pub fn next_job_no(&self) -> Result<i64, OutboxError> {
        let sql = "SELECT max((SELECT coalesce(max(no), 0) FROM job), (SELECT last_job FROM counter)) + 1";
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// After a restart: what was in flight becomes lost or unknown, and jobs older than `reprint_from` are given up.
    pub fn recover(&mut self, reprint_from: UnixMillis, at: UnixMillis) -> Result<Recovered, OutboxError> {
        let change = self.db.transaction()?;
        let lost = "UPDATE request SET state = 'lost', ended_ms = ?1 WHERE state = 'stored'";
        let lost_requests = change.execute(lost, [at.0])?;
        let at_printer = change
            .query_row("SELECT max(no) FROM job WHERE state = 'sent'", [], |row| row.get(0))
            .optional()?
            .flatten();
        let unknown = "UPDATE job SET state = 'unknown', changed_ms = ?1 WHERE state = 'sent'";
        change.execute(unknown, [at.0])?;
        let old = "UPDATE job SET state = 'given_up', changed_ms = ?1 WHERE state = 'unknown' AND at_ms < ?2";
        change.execute(old, params![at.0, reprint_from.0])?;
        let sql = "SELECT no, record, layout, reprint, state, at_ms FROM job WHERE state = 'unknown' ORDER BY no";
        let unknown = change.prepare(sql)?.query_map([], stored)?.collect::<Result<_, _>>()?;
        change.commit()?;
        Ok(Recovered {
            lost_requests: u32::try_from(lost_requests).unwrap_or(u32::MAX),
            at_printer,
            unknown,
        })
    }

    /// Forgets what is older than `before`. Job numbers go on counting.
    pub fn forget(&mut self, before: UnixMillis) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE counter SET last_job = max(last_job, (SELECT coalesce(max(no), 0) FROM job))";
        change.execute(sql, [])?;
        change.execute("DELETE FROM job WHERE at_ms < ?1 AND state <> 'sent'", [before.0])?;
        change.execute("DELETE FROM alone WHERE at_ms < ?1 AND state <> 'given'", [before.0])?;
        change.execute("DELETE FROM request WHERE at_ms < ?1 AND state <> 'stored'", [before.0])?;
        change.commit()?;
        Ok(())
    }
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredJob> {
    let word: String = row.get(4)?;
    let state = JobState::ALL.into_iter().find(|s| s.word() == word);
    Ok(StoredJob {
        no: row.get(0)?,
        record: row.get(1)?,
        layout: row.get(2)?,
        reprint: row.get(3)?,
        state: state.ok_or(rusqlite::Error::InvalidColumnName(word))?,
        at: UnixMillis(row.get(5)?),
    })
}
