//! The file: how it is opened, which tables there are, and the one connection to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use ticket_dispatcher_identity::CryptoProvider;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// SQLite refuses.
    #[error("the access file {file}: {reason}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        reason: rusqlite::Error,
    },
    /// The tables could not be brought up to date, or are newer than this program.
    #[error("the access file {file}: {reason}; update this program, or restore the file")]
    Migration {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A value that this program cannot have written.
    #[error("the access file {file}: {what}; run `ticket-dispatcher audit verify` and restore the file")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Which.
        what: &'static str,
    },
    /// argon2 would not work: too little memory, most likely.
    #[error("a password could not be hashed: {0}")]
    Password(String),
}

/// What [`Access::open`] needs.
pub struct Options {
    /// The file, made if absent.
    pub file: PathBuf,
    /// Keys of the hall.
    pub crypto: Arc<dyn CryptoProvider>,
    /// Randomness of the operating system.
    pub entropy: fn(&mut [u8]),
}

/// The open file. Calls block on the disk.
pub struct Access {
    pub(crate) file: PathBuf,
    pub(crate) crypto: Arc<dyn CryptoProvider>,
    pub(crate) entropy: fn(&mut [u8]),
    db: Mutex<Connection>,
}

/// Version 1. `audit` is append-only and chained; `audit_head` keeps the signed heads of the chain.
const TABLES_1: &str = "
CREATE TABLE account (
    id             TEXT PRIMARY KEY,
    role           TEXT NOT NULL,
    windows        TEXT NOT NULL,
    salt           BLOB NOT NULL CHECK (length(salt) = 16),
    hash           BLOB NOT NULL CHECK (length(hash) = 32),
    must_change    INTEGER NOT NULL,
    otp            BLOB NOT NULL,
    otp_last       INTEGER NOT NULL,
    wrong          INTEGER NOT NULL,
    locked_until   INTEGER NOT NULL,
    disabled       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    mac      BLOB PRIMARY KEY CHECK (length(mac) = 32),
    account  TEXT NOT NULL,
    window   TEXT,
    made_ms  INTEGER NOT NULL,
    seen_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE TABLE certificate (
    serial     BLOB PRIMARY KEY,
    role       TEXT NOT NULL,
    device     TEXT NOT NULL,
    issued_ms  INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE code (
    id       TEXT PRIMARY KEY,
    secret   BLOB NOT NULL,
    role     TEXT NOT NULL,
    device   TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    wrong    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    source TEXT NOT NULL,
    actor  TEXT NOT NULL,
    role   TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    old    TEXT NOT NULL,
    new    TEXT NOT NULL,
    reason TEXT NOT NULL,
    result TEXT NOT NULL,
    mac    BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;
CREATE TABLE audit_head (
    seq       INTEGER PRIMARY KEY,
    mac       BLOB NOT NULL CHECK (length(mac) = 32),
    at_ms     INTEGER NOT NULL,
    signature BLOB NOT NULL
) STRICT;
";

/// Version 2. `stranger` counts tries at codes that are of no account, by their keyed hash: what is typed there may be
/// a password in the wrong field. Devices have a place.
const TABLES_2: &str = "
ALTER TABLE account ADD COLUMN tried_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE stranger (
    mac          BLOB PRIMARY KEY CHECK (length(mac) = 32),
    wrong        INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    tried_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stranger_tried ON stranger (tried_ms);
ALTER TABLE code ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE certificate ADD COLUMN place TEXT NOT NULL DEFAULT '';
";

const MIGRATIONS: &[M<'static>] = &[M::up(TABLES_1), M::up(TABLES_2)];

impl Access {
    /// Opens the file, with durable settings and the tables up to date.
    pub fn open(options: Options) -> Result<Self, AccessError> {
        let db = open(&options.file)?;
        Ok(Self {
            file: options.file,
            crypto: options.crypto,
            entropy: options.entropy,
            db: Mutex::new(db),
        })
    }

    /// The one connection. A panic elsewhere leaves no transaction open: they roll back when dropped.
    pub(crate) fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.entropy)(&mut bytes);
        bytes
    }

    pub(crate) fn sqlite(&self, reason: rusqlite::Error) -> AccessError {
        AccessError::Sqlite {
            file: self.file.clone(),
            reason,
        }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> AccessError {
        AccessError::Damaged {
            file: self.file.clone(),
            what,
        }
    }
}

fn open(file: &Path) -> Result<Connection, AccessError> {
    let sqlite = |reason| AccessError::Sqlite {
        file: file.to_path_buf(),
        reason,
    };
    let mut db = Connection::open(file).map_err(sqlite)?;
    db.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
    db.pragma_update(None, "synchronous", "FULL").map_err(sqlite)?;
    db.pragma_update(None, "busy_timeout", 5000).map_err(sqlite)?;
    db.pragma_update(None, "secure_delete", "ON").map_err(sqlite)?;
    db.pragma_update(None, "temp_store", "MEMORY").map_err(sqlite)?;
    Migrations::from_slice(MIGRATIONS)
        .to_latest(&mut db)
        .map_err(|error| AccessError::Migration {
            file: file.to_path_buf(),
            reason: error.to_string(),
        })?;
    Ok(db)
}
