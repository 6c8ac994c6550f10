//! A copy of a journal while its dispatcher goes on, and the way back from one.
//!
//! A copy is checked before it gets its name, so a file with the name of a backup is a sound one. It holds what the
//! ledger holds of persons, sealed as it is there: keep it as the ledger is kept, and the key file apart from it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use ticket_dispatcher_identity::CryptoProvider;

use crate::schema::{InFile, LedgerError, open_reader};
use crate::verify::{Report, verify};

/// Copies the journal `ledger` to the new file `to`: its state at one moment, checked, and on disk when this returns.
/// The dispatcher may run; its writer does not wait.
pub fn backup(ledger: &Path, to: &Path, crypto: Option<&dyn CryptoProvider>) -> Result<Report, LedgerError> {
    copy(&open_reader(ledger)?, ledger, to, crypto)
}

/// Puts the copy `from` in the place of the journal `to`, where nothing may lie. A copy that is not sound is refused.
pub fn restore(from: &Path, to: &Path, crypto: Option<&dyn CryptoProvider>) -> Result<Report, LedgerError> {
    for left in ["-wal", "-shm", "-journal"] {
        must_be_absent(&beside(to, left))?;
    }
    let source = open_reader(from)?;
    let report = verify(from, crypto)?;
    if !report.is_sound() {
        return Err(not_sound(from, &report));
    }
    copy(&source, from, to, crypto)
}

fn copy(
    source: &Connection,
    from: &Path,
    to: &Path,
    crypto: Option<&dyn CryptoProvider>,
) -> Result<Report, LedgerError> {
    must_be_absent(to)?;
    let partial = beside(to, ".partial");
    let made = write(source, from, &partial).and_then(|()| verify(&partial, crypto));
    let report = match made {
        Ok(report) if report.is_sound() => report,
        Ok(report) => {
            let _ = std::fs::remove_file(&partial);
            return Err(not_sound(from, &report));
        }
        Err(error) => {
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
    };
    must_be_absent(to)?;
    std::fs::rename(&partial, to).map_err(|source| in_the_way(to, &source))?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|source| in_the_way(to, &source))?;
    Ok(report)
}

fn write(source: &Connection, from: &Path, partial: &Path) -> Result<(), LedgerError> {
    // Made by us, so that nobody else can read it for a moment; one that a power cut left behind is not wanted.
    let _ = std::fs::remove_file(partial);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)
        .map_err(|source| in_the_way(partial, &source))?;
    let mut copy = Connection::open(partial).in_file(partial)?;
    // All pages under one read: a writer goes on in its log, and the copy is of one moment.
    let pages = Backup::new(source, &mut copy).in_file(partial)?.step(-1);
    match pages.in_file(from)? {
        StepResult::Done => {}
        other => {
            return Err(LedgerError::Backup {
                file: from.to_path_buf(),
                reason: format!("it could not be read as a whole ({other:?}); try again"),
            });
        }
    }
    // One file without a log beside it, which is what people carry away.
    copy.pragma_update(None, "journal_mode", "DELETE").in_file(partial)?;
    copy.close().map_err(|(_, source)| source).in_file(partial)?;
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(|source| in_the_way(partial, &source))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_os_string();
    name.push(ending);
    name.into()
}

fn must_be_absent(file: &Path) -> Result<(), LedgerError> {
    match file.symlink_metadata() {
        Ok(_) => Err(LedgerError::Backup {
            file: file.to_path_buf(),
            reason: "it is there already and is never overwritten; move it away first, with its -wal and -shm".into(),
        }),
        Err(_) => Ok(()),
    }
}

fn not_sound(file: &Path, report: &Report) -> LedgerError {
    let first = report.findings.first();
    let at = first
        .and_then(|f| f.seq)
        .map_or_else(String::new, |seq| format!("row {seq}: "));
    LedgerError::Backup {
        file: file.to_path_buf(),
        reason: format!("it is not sound: {at}{}", first.map_or("", |f| f.what.as_str())),
    }
}

fn in_the_way(file: &Path, source: &std::io::Error) -> LedgerError {
    LedgerError::Backup {
        file: file.to_path_buf(),
        reason: source.to_string(),
    }
}
