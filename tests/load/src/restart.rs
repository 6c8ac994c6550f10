//! `kill -9` to the first good answer, on a journal as long as wanted.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;

use crate::client::{Client, fresh_key};
use crate::day;
use crate::disk::Disk;
use crate::server::Server;

/// A journal of so many days is written by a dispatcher whose clock is turned; then it is killed again and again.
#[derive(clap::Args)]
pub struct Args {
    /// Rows of the journal, about.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Days that they are spread over; the last one is today and has as many as the others.
    #[arg(long, default_value_t = 40)]
    days: usize,
    /// Kills; the median is printed.
    #[arg(long, default_value_t = 7)]
    kills: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// Prints rows, size and times.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-restart-{}", std::process::id()));
    let hall = day::hall(&dir, &args.hall)?;
    let disk = Disk::with_clock(&dir)?;
    let days = i64::try_from(args.days)?;
    disk.turn_clock(1 - days)?;
    let mut server = Server::start_on(&dir.join("run"), &hall, &disk).await?;
    let began = Instant::now();
    for n in 1..=days {
        disk.turn_clock(n - days)?;
        day::play(&server, args.rows / args.days / 3).await?;
    }
    let built = began.elapsed().as_secs_f64();
    let mut times = Vec::new();
    for _ in 0..args.kills {
        // Some rows that only the log has, as at any moment of a day.
        day::play(&server, 30).await?;
        server.stop().await;
        let killed = Instant::now();
        server = Server::again(&dir.join("run"), &disk).await?;
        let ready = killed.elapsed();
        let mut client = Client::connect(&server.address, &server.token).await?;
        let key = fresh_key()?;
        let answer = client.post("/tickets", Some(&key), "{\"services\":[\"S101\"]}").await?;
        ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
        times.push((killed.elapsed(), ready));
    }
    let (_, rss_kib) = server.usage()?;
    server.stop().await;
    let ledger = dir.join("run").join("ledger.db");
    let db = rusqlite::Connection::open(&ledger)?;
    let rows: i64 = db.query_row("SELECT max(seq) FROM journal", [], |row| row.get(0))?;
    drop(db);
    times.sort();
    let seconds = |at: usize| times[at].0.as_secs_f64();
    println!(
        "{rows} rows of {days} days, {} MiB (written in {built:.0} s): kill -9 to the first ticket, median {:.2} s, \
         worst {:.2} s of {} kills; rss {} MiB",
        std::fs::metadata(&ledger)?.len() >> 20,
        seconds(times.len() / 2),
        seconds(times.len() - 1),
        args.kills,
        rss_kib >> 10,
    );
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
