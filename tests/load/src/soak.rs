//! A week in some minutes: whole days with boards that come and go, and what the dispatcher keeps of them.

use std::path::PathBuf;

use crate::day;
use crate::disk::Disk;
use crate::fanout::{self, listen};
use crate::server::Server;

/// Days one after the other under a clock that is turned; resident memory after each.
#[derive(clap::Args)]
pub struct Args {
    /// Days.
    #[arg(long, default_value_t = 7)]
    days: usize,
    /// Tickets a day.
    #[arg(long, default_value_t = 5000)]
    tickets: usize,
    /// Streams that are open all the time; as many again come and go within each day.
    #[arg(long, default_value_t = 100)]
    streams: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// Prints resident memory and CPU of each day.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-soak-{}", std::process::id()));
    let hall = day::hall(&dir, &args.hall)?;
    let disk = Disk::with_clock(&dir)?;
    let server = Server::start_on(&dir.join("run"), &hall, &disk).await?;
    let (_, fresh) = server.usage()?;
    println!("fresh: rss {:.1} MiB", fresh as f64 / 1024.0);
    let mut steady = Vec::new();
    for _ in 0..args.streams {
        steady.push(listen(fanout::open(&server, "/api/v1/stream").await?));
    }
    for day in 1..=args.days {
        disk.turn_clock(i64::try_from(day)?)?;
        let (cpu_before, _) = server.usage()?;
        for _ in 0..4 {
            let mut passing = Vec::new();
            for _ in 0..args.streams / 4 {
                passing.push(listen(fanout::open(&server, "/api/v1/stream").await?));
            }
            day::play(&server, args.tickets / 4).await?;
            passing.into_iter().for_each(|stream| stream.abort());
        }
        let (cpu, rss) = server.usage()?;
        let rows = rows(&dir.join("run"))?;
        println!(
            "day {day}: {} tickets, {rows} rows so far, rss {:.1} MiB, {:.2} s of CPU",
            args.tickets,
            rss as f64 / 1024.0,
            cpu - cpu_before
        );
    }
    steady.into_iter().for_each(|stream| stream.abort());
    server.stop().await;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn rows(dir: &std::path::Path) -> anyhow::Result<i64> {
    let db = rusqlite::Connection::open(dir.join("ledger.db"))?;
    Ok(db.query_row("SELECT max(seq) FROM journal", [], |row| row.get(0))?)
}
