//! `next` from many windows at once: how many, how fast, and whether anybody was called twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::client::Client;
use crate::server::Server;

/// Calls from many windows at once until nobody waits.
#[derive(clap::Args)]
pub struct Args {
    /// Windows, all serving everybody.
    #[arg(long, default_value_t = 30)]
    windows: usize,
    /// Tickets that wait when the calling begins.
    #[arg(long, default_value_t = 3000)]
    tickets: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// Prints calls per second, latencies and double calls.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-next-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let hall = dir.join("wide.toml");
    std::fs::write(&hall, with_windows(&std::fs::read_to_string(&args.hall)?, args.windows))?;
    let server = Server::start(&dir.join("run"), &hall).await?;
    fill(&server, args.tickets).await?;
    let began = Instant::now();
    let (cpu_before, _) = server.usage()?;
    let clerks = (0..args.windows).map(|n| tokio::spawn(clerk(server.address.clone(), server.token.clone(), n)));
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    let mut latencies = Vec::new();
    for clerk in clerks.collect::<Vec<_>>() {
        for (ticket, took) in clerk.await?? {
            *calls.entry(ticket).or_default() += 1;
            latencies.push(took);
        }
    }
    let took = began.elapsed().as_secs_f64();
    let (cpu_after, _) = server.usage()?;
    server.stop().await;
    ensure!(!latencies.is_empty(), "nobody was called");
    latencies.sort_unstable();
    let at = |q: f64| latencies[((latencies.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0;
    let double = calls.values().filter(|n| **n > 1).count();
    println!(
        "{} windows: {} calls, {:.0} a second, p50 {:.2} ms, p99 {:.2} ms, {:.3} ms of CPU each, {double} twice, {} of \
         {} tickets called",
        args.windows,
        latencies.len(),
        latencies.len() as f64 / took,
        at(0.5),
        at(0.99),
        (cpu_after - cpu_before) * 1000.0 / latencies.len() as f64,
        calls.len(),
        args.tickets,
    );
    std::fs::remove_dir_all(&dir)?;
    ensure!(double == 0, "somebody was called twice");
    Ok(())
}

/// Gives out tickets of all series.
pub async fn fill(server: &Server, tickets: usize) -> anyhow::Result<()> {
    let mut asking = Vec::new();
    for n in 0..8_usize {
        let (address, token) = (server.address.clone(), server.token.clone());
        asking.push(tokio::spawn(async move {
            let mut client = Client::connect(&address, &token).await?;
            for i in (n..tickets).step_by(8) {
                let service = ["S101", "S201", "S301", "S401", "S501", "S601"][i % 6];
                let key = format!("{:08x}-0000-4000-8000-000000000001", i);
                let body = format!("{{\"services\":[\"{service}\"]}}");
                let answer = client.post("/tickets", Some(&key), &body).await?;
                ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
            }
            anyhow::Ok(())
        }));
    }
    for task in asking {
        task.await??;
    }
    Ok(())
}

async fn clerk(address: String, token: String, n: usize) -> anyhow::Result<Vec<(String, Duration)>> {
    let mut client = Client::connect(&address, &token).await?;
    let opened = client
        .post(&format!("/windows/L{n:02}/open"), None, "{\"clerk\":\"C1\"}")
        .await?;
    ensure!(opened.status == 200, "{}", String::from_utf8_lossy(&opened.body));
    let mut calls = Vec::new();
    for turn in 0_u32.. {
        let key = format!("{n:08x}-{:04x}-4000-8000-{:012x}", 1, turn);
        let began = Instant::now();
        let path = format!("/windows/L{n:02}/next");
        let answer = client.post(&path, Some(&key), "{\"finish_current\":true}").await?;
        if answer.status == 204 {
            break;
        }
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
        let called: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let ticket = called["ticket"]["id"].as_str().context("a call without a ticket")?;
        calls.push((ticket.to_string(), began.elapsed()));
    }
    Ok(calls)
}

/// The hall with so many more windows that serve all its groups.
pub fn with_windows(text: &str, windows: usize) -> String {
    let mut text = text.to_string();
    for n in 0..windows {
        let _ = write!(
            text,
            "\n[[window]]\nid = \"L{n:02}\"\nname = {{ zh-Hans = \"{n}号\", zh-Hant = \"{n}號\", \
             en = \"Window {n}\" }}\nkind = \"comprehensive\"\n\
             groups = [\"G1\", \"G2\", \"G3\", \"G4\", \"G5\", \"G6\"]\nplan = [\"00:00-24:00\"]\n"
        );
    }
    text
}
