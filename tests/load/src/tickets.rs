//! Durable tickets per second.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::baseline;
use crate::client::Client;
use crate::server::Server;

/// Durable tickets per second at several counts of clients.
#[derive(clap::Args)]
pub struct Args {
    /// Counts of clients.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32,128")]
    clients: Vec<usize>,
    /// Length of one run in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Runs of each; the median is printed.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// One run's result.
struct Run {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
    rss_kib: u64,
    bare: f64,
}

/// Prints a table: tickets per second, latencies, the server's CPU for each, memory, and the bare group commit.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-{}", std::process::id()));
    println!("clients  tickets/s   p50 ms   p99 ms  cpu ms/ticket   rss MiB   bare rows/s  ratio");
    for &clients in &args.clients {
        let mut runs = Vec::new();
        for run in 0..args.runs {
            let dir = dir.join(format!("{clients}-{run}"));
            runs.push(one(&dir, args, clients).await?);
        }
        let median = |of: fn(&Run) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let (rate, bare) = (median(|r| r.per_second), median(|r| r.bare));
        println!(
            "{clients:7}  {rate:9.0}  {:7.2}  {:7.2}  {:13.3}  {:8.1}  {bare:12.0}  {:5.2}",
            median(|r| r.p50_ms),
            median(|r| r.p99_ms),
            median(|r| r.cpu_ms),
            median(|r| r.rss_kib as f64 / 1024.0),
            rate / bare,
        );
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

async fn one(dir: &std::path::Path, args: &Args, clients: usize) -> anyhow::Result<Run> {
    let server = Server::start(dir, &args.hall).await?;
    let length = Duration::from_secs(args.seconds);
    let (cpu_before, _) = server.usage()?;
    let until = Instant::now() + length;
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (address, token) = (server.address.clone(), server.token.clone());
        tasks.push(tokio::spawn(async move { ask(&address, &token, until).await }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let (cpu_after, rss_kib) = server.usage()?;
    server.stop().await;
    ensure!(!latencies.is_empty(), "not one ticket was answered");
    latencies.sort_unstable();
    let at = |q: f64| latencies[((latencies.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0;
    let bare_dir = dir.to_path_buf();
    // A journal row of a ticket is about this long; the chain's hash and the key come on top in both.
    let bare = tokio::task::spawn_blocking(move || baseline::group_commit(&bare_dir, clients, 700, length)).await??;
    Ok(Run {
        per_second: latencies.len() as f64 / length.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        cpu_ms: (cpu_after - cpu_before) * 1000.0 / latencies.len() as f64,
        rss_kib,
        bare,
    })
}

/// One client: tickets without a holder, as the desk gives them out, each with a key of its own.
async fn ask(address: &str, token: &str, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut client = Client::connect(address, token).await?;
    let mut latencies = Vec::new();
    let mut turn = 0_usize;
    while Instant::now() < until {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let key = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
        let service = ["S101", "S201", "S301", "S401", "S501", "S601"][turn % 6];
        turn += 1;
        let began = Instant::now();
        let answer = client
            .post("/tickets", Some(&key), &format!("{{\"services\":[\"{service}\"]}}"))
            .await?;
        if answer.status == 422 {
            // The number series of this group is used up; the run has given out all that a day can hold.
            break;
        }
        ensure!(
            answer.status == 201,
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        latencies.push(began.elapsed());
    }
    Ok(latencies)
}
