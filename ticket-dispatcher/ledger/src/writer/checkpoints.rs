//! Folds the write-ahead log into the file beside the writer.
//!
//! A fold flushes twice, and SQLite makes the commit that fills the log wait for it: on a slow disk that is one answer
//! in some dozens. Here another thread does it, with a connection for each time: one that is kept would hold a disk to
//! be read-only after it is not any more. It must never write anything of its own.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::schema::LedgerError;

/// So many pages are written between two folds, about: 16 MB. Four times what SQLite does by itself, because the same
/// pages are written again and again and go into the file once for each fold; what a restart reads is still little.
const PAGES: usize = 4000;
/// Pages that a commit writes at least, and each row more, as seen.
const PAGES_OF_COMMIT: usize = 4;
const PAGES_OF_ROW: usize = 2;

/// The writer's end.
pub(super) struct Checkpoints {
    bell: SyncSender<()>,
    thread: JoinHandle<()>,
    pages: usize,
}

impl Checkpoints {
    pub(super) fn start(file: &Path) -> Result<Self, LedgerError> {
        let (bell, rings) = sync_channel(1);
        let file = file.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("ledger-fold".into())
            .spawn(move || run(&file, &rings))
            .map_err(LedgerError::Thread)?;
        Ok(Self { bell, thread, pages: 0 })
    }

    /// A batch is in the log.
    pub(super) fn committed(&mut self, rows: usize) {
        self.pages += PAGES_OF_COMMIT + PAGES_OF_ROW * rows;
        if self.pages >= PAGES {
            self.pages = 0;
            // One that still works finds these pages too, or the next one does.
            let _ = self.bell.try_send(());
        }
    }

    /// Ends when the last fold is done.
    pub(super) fn end(self) {
        drop(self.bell);
        let _ = self.thread.join();
    }
}

fn run(file: &Path, rings: &Receiver<()>) {
    while rings.recv().is_ok() {
        if let Err(error) = fold(file) {
            // A flush that fails leaves the same doubt as at a commit. The log holds every row, so recovery is safe;
            // going on is not.
            if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
                tracing::error!(%error, "folding the log failed: what is on disk is unknown; stopping");
                std::process::abort();
            }
            tracing::warn!(%error, "the write-ahead log could not be folded in; tried again");
        }
    }
}

fn fold(file: &Path) -> rusqlite::Result<()> {
    // Never made: a journal that is gone must stay gone.
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // PASSIVE: waits for nobody, and folds what it can.
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
