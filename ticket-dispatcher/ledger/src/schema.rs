//! The database file: how it is opened, what is demanded of SQLite, which tables there are.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::row::RowError;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite refuses.
    #[error("the ledger {file}: {reason}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What SQLite said; no `source`, or a chain of errors would say it twice.
        reason: rusqlite::Error,
    },
    /// A setting that durability hangs on is not in force.
    #[error("the ledger {file}: `PRAGMA {pragma}` reads {found}, must be {wanted}")]
    Pragma {
        /// The file.
        file: PathBuf,
        /// Which setting.
        pragma: &'static str,
        /// As read back.
        found: String,
        /// As it must be.
        wanted: &'static str,
    },
    /// Written by a newer version of this program.
    #[error("the ledger {file} was written by a newer version (tables {found}, known up to {known}); update this one")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// A row that only a newer version can read.
    #[error(
        "the ledger {file}: row {seq} was written by a newer version (engine {found}, known up to {known}); update \
             this one"
    )]
    NewerRow {
        /// The file.
        file: PathBuf,
        /// The row.
        seq: u64,
        /// The version that wrote it.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The tables could not be brought up to date.
    #[error("the ledger {file}: {reason}")]
    Migration {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The journal of another hall.
    #[error("the ledger {file} belongs to hall `{found}`, not to `{wanted}`")]
    OtherHall {
        /// The file.
        file: PathBuf,
        /// Whose it is.
        found: String,
        /// Who we are.
        wanted: String,
    },
    /// A row that cannot be read, or a chain that does not hold.
    #[error("the ledger {file}: {reason}; run `ticket-dispatcher verify` and restore from the backup")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the first bad row.
        reason: String,
    },
    /// A copy could not be made or put in place.
    #[error("{file}: {reason}")]
    Backup {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The writer thread could not be started.
    #[error("no thread for the ledger's writer: {0}")]
    Thread(std::io::Error),
}

/// Ties an error to its file.
pub(crate) trait InFile<T> {
    fn in_file(self, file: &Path) -> Result<T, LedgerError>;
}

impl<T> InFile<T> for Result<T, rusqlite::Error> {
    fn in_file(self, file: &Path) -> Result<T, LedgerError> {
        self.map_err(|source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Damaged {
                file: file.to_path_buf(),
                reason: source.to_string(),
            },
            _ => LedgerError::Sqlite {
                file: file.to_path_buf(),
                reason: source,
            },
        })
    }
}

impl<T> InFile<T> for Result<T, RowError> {
    fn in_file(self, file: &Path) -> Result<T, LedgerError> {
        self.map_err(|error| LedgerError::Damaged {
            file: file.to_path_buf(),
            reason: error.to_string(),
        })
    }
}

/// Tables, version 1. `journal` is append-only and holds no person; `head` is the seal on its end; `snapshot` only
/// saves time at the start; the index finds the rows at which a day or a hall file begins without reading the rest.
/// Everything about persons is in `holder` and `day_key`, whose rows are cleared on time.
const TABLES_1: &str = "
CREATE TABLE journal (
    seq            INTEGER PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    idem           BLOB    NOT NULL UNIQUE CHECK (length(idem) = 16),
    input          TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    engine_version INTEGER NOT NULL,
    prev_hash      BLOB    NOT NULL CHECK (length(prev_hash) = 32)
) STRICT;
CREATE INDEX journal_marks ON journal (kind, seq) WHERE kind IN ('hall-file', 'day-begins');
CREATE TABLE head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL CHECK (length(hash) = 32),
    mac  BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;
CREATE TABLE snapshot (
    seq            INTEGER PRIMARY KEY,
    hash           BLOB    NOT NULL CHECK (length(hash) = 32),
    engine_version INTEGER NOT NULL,
    day            TEXT    NOT NULL,
    state          TEXT    NOT NULL
) STRICT;
CREATE TABLE holder (
    ticket        BLOB PRIMARY KEY CHECK (length(ticket) = 16),
    day           TEXT NOT NULL,
    token_hash    BLOB CHECK (length(token_hash) = 32),
    id_tag        BLOB CHECK (length(id_tag) = 32),
    mask          TEXT,
    sealed        BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE day_key (
    day    TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

const MIGRATIONS: &[M<'static>] = &[M::up(TABLES_1), M::up(crate::booker::TABLES_2)];

/// Settings of every writing connection, and what must be read back. The library's defaults are build options, so none
/// is taken on trust. `secure_delete` writes zeros over what is deleted, because what is deleted here was a person. The
/// log is folded in beside the writer (`checkpoints.rs`); only one that has grown to 128 MB, under load without a
/// pause, makes a commit wait: seldom enough that it is not one answer in a hundred.
const PRAGMAS: &[(&str, &str, &str)] = &[
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("wal_autocheckpoint", "32000", "32000"),
    ("busy_timeout", "5000", "5000"),
    ("foreign_keys", "ON", "1"),
    ("secure_delete", "ON", "1"),
    ("temp_store", "MEMORY", "2"),
];

/// Opens for writing, made if absent; settings are in force and tables up to date afterwards.
pub(crate) fn open_writer(file: &Path) -> Result<Connection, LedgerError> {
    let mut db = Connection::open(file).in_file(file)?;
    for (pragma, value, wanted) in PRAGMAS {
        db.pragma_update(None, pragma, value).in_file(file)?;
        let found: String = db
            .pragma_query_value(None, pragma, |row| {
                row.get::<_, rusqlite::types::Value>(0).map(|v| match v {
                    rusqlite::types::Value::Integer(i) => i.to_string(),
                    rusqlite::types::Value::Text(t) => t,
                    other => format!("{other:?}"),
                })
            })
            .in_file(file)?;
        if found != *wanted {
            return Err(LedgerError::Pragma {
                file: file.to_path_buf(),
                pragma,
                found,
                wanted,
            });
        }
    }
    db.set_prepared_statement_cache_capacity(32);
    refuse_newer(&db, file)?;
    Migrations::from_slice(MIGRATIONS)
        .to_latest(&mut db)
        .map_err(|error| LedgerError::Migration {
            file: file.to_path_buf(),
            reason: error.to_string(),
        })?;
    Ok(db)
}

/// Opens for reading only; a missing file is an error.
pub(crate) fn open_reader(file: &Path) -> Result<Connection, LedgerError> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).in_file(file)?;
    db.pragma_update(None, "busy_timeout", 5000).in_file(file)?;
    refuse_newer(&db, file)?;
    Ok(db)
}

fn refuse_newer(db: &Connection, file: &Path) -> Result<(), LedgerError> {
    let version: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .in_file(file)?;
    let found = usize::try_from(version).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() {
        return Err(LedgerError::Newer {
            file: file.to_path_buf(),
            found,
            known: MIGRATIONS.len(),
        });
    }
    Ok(())
}
