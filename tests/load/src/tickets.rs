//! Durable tickets per second.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::client::{Client, fresh_key};
use crate::disk::Disk;
use crate::server::{self, Server};

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
    /// So much is added to each flush, for dispatcher and limit alike (needs a C compiler).
    #[arg(long, default_value_t = 0)]
    fsync_ms: u32,
    /// Every ticket with a made-up person: tags, masks and seals as at a kiosk.
    #[arg(long)]
    real_name: bool,
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
    client_cpu_ms: f64,
    rss_kib: u64,
    bare: f64,
}

/// Prints a table: tickets per second, latencies, the server's CPU for each, memory, and the bare group commit.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-{}", std::process::id()));
    println!("clients  tickets/s   p50 ms   p99 ms  cpu ms/ticket  client's cpu ms   rss MiB   bare rows/s  ratio");
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
            "{clients:7}  {rate:9.0}  {:7.2}  {:7.2}  {:13.3}  {:15.3}  {:8.1}  {bare:12.0}  {:5.2}",
            median(|r| r.p50_ms),
            median(|r| r.p99_ms),
            median(|r| r.cpu_ms),
            median(|r| r.client_cpu_ms),
            median(|r| r.rss_kib as f64 / 1024.0),
            rate / bare,
        );
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

async fn one(dir: &Path, args: &Args, clients: usize) -> anyhow::Result<Run> {
    let disk = Disk::new(dir, args.fsync_ms)?;
    let server = Server::start_on(&dir.join("run"), &args.hall, &disk).await?;
    let length = Duration::from_secs(args.seconds);
    let (cpu_before, _) = server.usage()?;
    let own_before = own_cpu()?;
    let until = Instant::now() + length;
    let mut tasks = Vec::new();
    for client in 0..clients {
        let (address, token) = (server.address.clone(), server.token.clone());
        let real_name = args.real_name;
        tasks.push(tokio::spawn(async move {
            ask(&address, &token, until, real_name.then_some(client)).await
        }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let own = own_cpu()? - own_before;
    let (cpu_after, rss_kib) = server.usage()?;
    server.stop().await;
    ensure!(!latencies.is_empty(), "not one ticket was answered");
    latencies.sort_unstable();
    let at = |q: f64| latencies[((latencies.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0;
    let each = |seconds: f64| seconds * 1000.0 / latencies.len() as f64;
    Ok(Run {
        per_second: latencies.len() as f64 / length.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        cpu_ms: each(cpu_after - cpu_before),
        client_cpu_ms: each(own),
        rss_kib,
        bare: bare(dir, &disk, clients, args.seconds).await?,
    })
}

/// The limit, in a process of its own on the same disk.
async fn bare(dir: &Path, disk: &Disk, clients: usize, seconds: u64) -> anyhow::Result<f64> {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    command
        .arg("bare")
        .arg("--ledger")
        .arg(dir.join("run").join("ledger.db"));
    command.args(["--clients", &clients.to_string(), "--seconds", &seconds.to_string()]);
    disk.put_under(&mut command);
    let output = command.output().await?;
    ensure!(output.status.success(), "the bare group commit failed");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// CPU seconds of this process.
fn own_cpu() -> anyhow::Result<f64> {
    server::usage_of(std::process::id()).map(|(cpu, _)| cpu)
}

/// One client: tickets, each with a key of its own; without a holder, as the desk gives them out, or each with the name
/// and number of a made-up person.
async fn ask(address: &str, token: &str, until: Instant, person: Option<usize>) -> anyhow::Result<Vec<Duration>> {
    let mut client = Client::connect(address, token).await?;
    let mut latencies = Vec::new();
    let mut turn = 0_usize;
    while Instant::now() < until {
        let key = fresh_key()?;
        let service = ["S101", "S201", "S301", "S401", "S501", "S601"][turn % 6];
        let holder = person.map(|client| made_up(client * 10_000 + turn)).unwrap_or_default();
        turn += 1;
        let began = Instant::now();
        let answer = client
            .post(
                "/tickets",
                Some(&key),
                &format!("{{\"services\":[\"{service}\"]{holder}}}"),
            )
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

/// A person that is nobody: division codes from 9901 on are given to no place.
fn made_up(n: usize) -> String {
    let (division, day, order) = (990_101 + n / 28_000, 1 + n / 1_000 % 28, n % 1_000);
    let digits = format!("{division}199001{day:02}{order:03}");
    // GB 11643: the check digit follows from the others.
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = digits
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| usize::from(digit - b'0') * weight)
        .sum();
    let last = char::from(b"10X98765432"[sum % 11]);
    format!(
        ",\"holder\":{{\"document\":\"resident_id\",\"number\":\"{digits}{last}\",\
         \"name\":\"测试员\",\"birth\":\"199001{day:02}\"}}"
    )
}
