//! One call to many streams: how late it is at each, what a stream costs, with one client among them that never reads.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::next;
use crate::server::Server;

/// Fan-out of calls to streams. Needs two file descriptors for each stream: `ulimit -n` first.
#[derive(clap::Args)]
pub struct Args {
    /// Counts of streams.
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    streams: Vec<usize>,
    /// Calls in each run.
    #[arg(long, default_value_t = 40)]
    calls: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// Prints a table: time from the request to each stream, memory of an idle stream, and the bare loop's time.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    println!("streams   p50 ms   p99 ms   max ms   shown  KiB/stream  bare p99 ms");
    for &streams in &args.streams {
        let fit = streams_that_fit()?;
        if streams > fit {
            println!("this machine allows {fit} streams (ulimit -n), so {streams} become {fit}");
        }
        let streams = streams.min(fit);
        let dir = std::env::temp_dir().join(format!("hall-load-fanout-{}-{streams}", std::process::id()));
        one(&dir, args, streams).await?;
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

async fn one(dir: &std::path::Path, args: &Args, streams: usize) -> anyhow::Result<()> {
    let server = Server::start(dir, &args.hall).await?;
    next::fill(&server, 6 * (args.calls + 2)).await?;
    let (_, before_kib) = server.usage()?;
    let (shown, mut arrivals) = mpsc::unbounded_channel();
    let mut readers = Vec::new();
    for _ in 0..streams {
        let stream = open(&server, "/api/v1/stream").await?;
        readers.push(tokio::spawn(read(stream, shown.clone())));
    }
    // It keeps its connection and never reads from it.
    let silent = open(&server, "/api/v1/stream").await?;
    drop(shown);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, after_kib) = server.usage()?;
    // A connection that stays silent while thousands of others are made would be let go.
    let mut clerk = Client::connect(&server.address, &server.token).await?;
    clerk.post("/windows/W01/open", None, "{\"clerk\":\"C1\"}").await?;
    let mut sent = Vec::new();
    for n in 0..args.calls {
        let key = format!("{n:08x}-0002-4000-8000-000000000002");
        sent.push(Instant::now());
        let answer = clerk
            .post("/windows/W01/next", Some(&key), "{\"finish_current\":true}")
            .await?;
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for reader in readers {
        reader.abort();
    }
    drop(silent);
    let mut late = Vec::new();
    while let Some((n, at)) = arrivals.recv().await {
        let began: &Instant = sent.get(n).context("an event that nobody sent")?;
        late.push(at.saturating_duration_since(*began));
    }
    server.stop().await;
    let bare = bare(streams).await?;
    let at = |times: &mut Vec<Duration>, q: f64| {
        times.sort_unstable();
        times
            .get(((times.len().max(1) - 1) as f64 * q) as usize)
            .map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    };
    let (mut late, mut bare) = (late, bare);
    println!(
        "{streams:7}  {:7.2}  {:7.2}  {:7.2}  {:5.1} %  {:8.1}  {:10.2}",
        at(&mut late, 0.5),
        at(&mut late, 0.99),
        at(&mut late, 1.0),
        late.len() as f64 * 100.0 / (streams * args.calls) as f64,
        (after_kib.saturating_sub(before_kib)) as f64 / streams as f64,
        at(&mut bare, 0.99),
    );
    Ok(())
}

/// The bare loop holds both ends of each stream.
fn streams_that_fit() -> anyhow::Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line
        .and_then(|line| line.split_whitespace().nth(3))
        .context("no limit of open files")?;
    Ok((soft.parse::<usize>().unwrap_or(usize::MAX) - 100) / 2)
}

/// Opens a stream.
pub async fn open(server: &Server, path: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(&server.address).await?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        server.address, server.token
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// Reads a stream for as long as it lasts and keeps nothing.
pub fn listen(mut stream: TcpStream) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
    })
}

/// Notes when each call behind the snapshot was there.
async fn read(mut stream: TcpStream, shown: mpsc::UnboundedSender<(usize, Instant)>) {
    const MARK: &[u8] = b"\"kind\":\"called\"";
    let (mut buffer, mut kept, mut count) = (vec![0; 8192], Vec::new(), 0);
    while let Ok(n) = stream.read(&mut buffer).await {
        if n == 0 {
            break;
        }
        let now = Instant::now();
        kept.extend_from_slice(&buffer[..n]);
        while let Some(at) = kept.windows(MARK.len()).position(|window| window == MARK) {
            let _ = shown.send((count, now));
            count += 1;
            kept.drain(..at + MARK.len());
        }
        // A mark may be cut in two.
        let rest = kept.len().saturating_sub(MARK.len());
        kept.drain(..rest);
    }
}

/// The limit of this machine: one loop that writes as many bytes to as many sockets, and as many readers.
async fn bare(streams: usize) -> anyhow::Result<Vec<Duration>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (shown, mut arrivals) = mpsc::unbounded_channel();
    let mut sockets = Vec::new();
    for _ in 0..streams {
        let mut near = TcpStream::connect(address).await?;
        sockets.push(listener.accept().await?.0);
        let shown = shown.clone();
        tokio::spawn(async move {
            let mut buffer = vec![0; 8192];
            while near.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                let _ = shown.send(Instant::now());
            }
        });
    }
    let event = vec![b'x'; 700];
    let mut late = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        for socket in &mut sockets {
            socket.write_all(&event).await?;
        }
        for _ in 0..streams {
            let at = arrivals.recv().await.context("a reader has gone")?;
            late.push(at.saturating_duration_since(began));
        }
    }
    Ok(late)
}
