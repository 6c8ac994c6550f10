//! The limit: a bare group commit of the very rows that the dispatcher wrote, by one writer thread, asked by as many
//! clients.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// The limit, run in a process of its own so that the same slow disk can be put under it.
#[derive(clap::Args)]
pub struct Args {
    /// The ledger whose rows are written again.
    #[arg(long)]
    ledger: PathBuf,
    /// Waiting clients.
    #[arg(long)]
    clients: usize,
    /// Length in seconds.
    #[arg(long)]
    seconds: u64,
}

/// Prints rows per second.
pub fn run(args: Args) -> anyhow::Result<()> {
    let rows = Rows::of(&args.ledger)?;
    let dir = args.ledger.parent().context("a ledger lies in a folder")?;
    let length = Duration::from_secs(args.seconds);
    println!("{}", group_commit(dir, args.clients, rows, length)?);
    Ok(())
}

/// Most rows that are kept to be written again; a longer run writes them again under other keys.
const ROWS_MAX: usize = 20_000;

/// Tables and rows as the dispatcher wrote them: one ticket is a row of `journal` and one of `holder`.
struct Rows {
    tables: Vec<String>,
    journal: Vec<Vec<Value>>,
    holder: Vec<Vec<Value>>,
}

impl Rows {
    /// Reads the tickets of a ledger whose dispatcher has ended.
    fn of(ledger: &Path) -> anyhow::Result<Self> {
        let db = Connection::open(ledger)?;
        let mut tables =
            db.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ('journal', 'holder')")?;
        let tables = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let all = |sql: &str| -> anyhow::Result<Vec<Vec<Value>>> {
            let mut query = db.prepare(sql)?;
            let columns = query.column_count();
            let rows = query.query_map([ROWS_MAX], |row| (0..columns).map(|at| row.get(at)).collect())?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let journal = all("SELECT * FROM journal WHERE kind = 'take' ORDER BY seq LIMIT ?1")?;
        let holder = all("SELECT * FROM holder LIMIT ?1")?;
        ensure!(
            !journal.is_empty() && journal.len() == holder.len(),
            "the ledger holds no tickets"
        );
        Ok(Self {
            tables,
            journal,
            holder,
        })
    }
}

/// Rows per second that a bare SQLite writer commits durably for `clients` waiting threads: same tables, same indexes,
/// same bytes, same settings, and nothing else.
fn group_commit(dir: &Path, clients: usize, rows: Rows, length: Duration) -> anyhow::Result<f64> {
    let file = dir.join(format!("baseline-{clients}.db"));
    let (to_writer, jobs) = mpsc::channel::<mpsc::SyncSender<()>>();
    let writer = std::thread::spawn(move || write(&file, &jobs, rows));
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

fn write(file: &Path, jobs: &mpsc::Receiver<mpsc::SyncSender<()>>, mut rows: Rows) -> anyhow::Result<()> {
    let mut db = Connection::open(file)?;
    for (pragma, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("secure_delete", "ON"),
    ] {
        db.pragma_update(None, pragma, value)?;
    }
    rows.tables.iter().try_for_each(|table| db.execute_batch(table))?;
    let places = |columns: usize| vec!["?"; columns].join(",");
    let journal = format!("INSERT INTO journal VALUES ({})", places(rows.journal[0].len()));
    let holder = format!("INSERT INTO holder VALUES ({})", places(rows.holder[0].len()));
    let mut waiting = Vec::with_capacity(256);
    let mut seq = 0_i64;
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
            let mut to_journal = batch.prepare_cached(&journal)?;
            let mut to_holder = batch.prepare_cached(&holder)?;
            for _ in &waiting {
                let at = usize::try_from(seq)? % rows.journal.len();
                seq += 1;
                let (row, person) = (&mut rows.journal[at], &mut rows.holder[at]);
                row[0] = Value::Integer(seq);
                // The same rows once more need keys of their own: random ones in the journal, rising ones for tickets.
                let mut key = vec![0_u8; 16];
                getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
                row[3] = Value::Blob(key.clone());
                key[..8].copy_from_slice(&seq.to_be_bytes());
                person[0] = Value::Blob(key);
                to_journal.execute(params_from_iter(row.iter()))?;
                to_holder.execute(params_from_iter(person.iter()))?;
            }
        }
        batch.commit()?;
        for done in waiting.drain(..) {
            let _ = done.send(());
        }
    }
    Ok(())
}
