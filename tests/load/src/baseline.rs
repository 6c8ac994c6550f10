//! The limit: a bare group commit of rows of the same size by a writer thread, asked by as many clients.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rusqlite::Connection;

/// Rows per second that a bare SQLite writer commits durably for `clients` waiting threads.
pub fn group_commit(dir: &Path, clients: usize, row_bytes: usize, length: Duration) -> anyhow::Result<f64> {
    let file = dir.join(format!("baseline-{clients}.db"));
    let (to_writer, jobs) = mpsc::channel::<mpsc::SyncSender<()>>();
    let writer = std::thread::spawn(move || write(&file, &jobs, row_bytes));
    let until = Instant::now() + length;
    let counts = std::thread::scope(|scope| {
        let asker = |to_writer: mpsc::Sender<mpsc::SyncSender<()>>| {
            move || {
                let (done, answered) = mpsc::sync_channel(1);
                let mut count = 0_u64;
                while Instant::now() < until && to_writer.send(done.clone()).is_ok() && answered.recv().is_ok() {
                    count += 1;
                }
                count
            }
        };
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(asker(to_writer.clone()))).collect();
        drop(to_writer);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(0))
            .sum::<u64>()
    });
    writer.join().ok().context("the baseline's writer fell over")??;
    Ok(counts as f64 / length.as_secs_f64())
}

fn write(file: &Path, jobs: &mpsc::Receiver<mpsc::SyncSender<()>>, row_bytes: usize) -> anyhow::Result<()> {
    let mut db = Connection::open(file)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch("CREATE TABLE row(seq INTEGER PRIMARY KEY, idem BLOB UNIQUE, body BLOB) STRICT")?;
    let body = vec![0x5a_u8; row_bytes];
    let mut key = [0_u8; 16];
    let mut waiting = Vec::with_capacity(256);
    while let Ok(first) = jobs.recv() {
        waiting.push(first);
        while waiting.len() < 256 {
            match jobs.try_recv() {
                Ok(next) => waiting.push(next),
                Err(_) => break,
            }
        }
        let batch = db.transaction()?;
        {
            let mut insert = batch.prepare_cached("INSERT INTO row(idem, body) VALUES(?1, ?2)")?;
            for _ in &waiting {
                getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
                insert.execute((&key[..], &body[..]))?;
            }
        }
        batch.commit()?;
        for done in waiting.drain(..) {
            let _ = done.send(());
        }
    }
    Ok(())
}
