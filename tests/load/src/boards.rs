//! From the call to the screens: boards that drop and come back among many other streams, and what none of them showed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::fanout::{self, listen};
use crate::next;
use crate::server::Server;

/// Calls half a second apart to boards that drop and come back and acknowledge what they show.
#[derive(clap::Args)]
pub struct Args {
    /// Boards.
    #[arg(long, default_value_t = 50)]
    boards: usize,
    /// Other streams.
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// Calls.
    #[arg(long, default_value_t = 12)]
    calls: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// What a board showed: each call with the time, and whether the board was there when it was made.
type Shown = Arc<Mutex<BTreeMap<u64, Instant>>>;

/// Prints how late calls were and which were never shown.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("hall-load-boards-{}", std::process::id()));
    let server = Server::start(&dir, &args.hall).await?;
    next::fill(&server, 6 * (args.calls + 2)).await?;
    let mut clerk = Client::connect(&server.address, &server.token).await?;
    clerk.post("/windows/W01/open", None, "{\"clerk\":\"C1\"}").await?;
    let mut others = Vec::new();
    for _ in 0..args.streams {
        others.push(listen(fanout::open(&server, "/api/v1/stream").await?));
    }
    let mut boards = Vec::new();
    for n in 0..args.boards {
        let shown = Shown::default();
        let (address, token) = (server.address.clone(), server.token.clone());
        // Every second board holds its line, so that late is late and not away.
        let drops = n % 2 == 1;
        let seen = Arc::clone(&shown);
        boards.push((
            drops,
            shown,
            tokio::spawn(async move { board(&address, &token, n, drops, &seen).await }),
        ));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut made = Vec::new();
    for _ in 0..args.calls {
        let asked = Instant::now();
        let answer = clerk
            .post("/windows/W01/next", None, "{\"finish_current\":true}")
            .await?;
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
        made.push((call_of(&server).await?, asked));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let unshown = unshown(&server).await?;
    let (mut late, mut never) = (Vec::new(), 0);
    for (drops, shown, task) in boards {
        task.abort();
        let shown = shown.lock().expect("no panic under this lock");
        for (seq, asked) in &made {
            match shown.get(seq) {
                Some(at) if !drops => late.push(at.saturating_duration_since(*asked)),
                Some(_) => {}
                None => never += 1,
            }
        }
    }
    others.into_iter().for_each(|stream| stream.abort());
    server.stop().await;
    late.sort_unstable();
    ensure!(!late.is_empty(), "no board showed anything");
    let at = |q: f64| late[((late.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0;
    println!(
        "{} boards ({} drop and come back), {} other streams, {} calls: call to screen p50 {:.1} ms, p99 {:.1} ms, \
         {never} never shown on a board, {unshown} alerts",
        args.boards,
        args.boards / 2,
        args.streams,
        args.calls,
        at(0.5),
        at(0.99),
    );
    std::fs::remove_dir_all(&dir)?;
    ensure!(never == 0 && unshown == 0, "a call was not shown");
    Ok(())
}

/// Position of the last call.
async fn call_of(server: &Server) -> anyhow::Result<u64> {
    let mut client = Client::connect(&server.address, &server.token).await?;
    let hall: serde_json::Value = serde_json::from_slice(&client.get("/hall").await?.body)?;
    hall["calls"][0]["seq"].as_u64().context("no call in the picture")
}

/// Calls that the journal has as not shown.
async fn unshown(server: &Server) -> anyhow::Result<u64> {
    let db = rusqlite::Connection::open(server.ledger())?;
    Ok(
        db.query_row("SELECT count(*) FROM journal WHERE kind = 'delivery'", [], |row| {
            row.get(0)
        })?,
    )
}

/// A board: shows what its stream brings, says so, and drops its line now and then.
async fn board(address: &str, token: &str, n: usize, drops: bool, shown: &Shown) -> anyhow::Result<()> {
    let mut client = Client::connect(address, token).await?;
    let mut last = None;
    for turn in 0_u64.. {
        let up = if drops {
            Duration::from_millis(700 + (n as u64 * 131 + turn * 373) % 1500)
        } else {
            Duration::from_secs(3600)
        };
        let until = Instant::now() + up;
        let _ = tokio::time::timeout(up, follow(address, token, &mut client, &mut last, shown)).await;
        if Instant::now() < until {
            // The line broke by itself: the dispatcher has gone.
            break;
        }
        // An acknowledgement under way may have been cut in the middle of its answer.
        client = Client::connect(address, token).await?;
        tokio::time::sleep(Duration::from_millis(100 + (n as u64 * 71 + turn * 97) % 1000)).await;
    }
    Ok(())
}

async fn follow(
    address: &str,
    token: &str,
    client: &mut Client,
    last: &mut Option<u64>,
    shown: &Shown,
) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let resume = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
    let head =
        format!("GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{resume}\r\n");
    stream.write_all(head.as_bytes()).await?;
    let (mut buffer, mut text) = (vec![0; 16 * 1024], String::new());
    loop {
        let n = stream.read(&mut buffer).await?;
        ensure!(n > 0, "the stream ended");
        text.push_str(&String::from_utf8_lossy(&buffer[..n]));
        let mut fresh = Vec::new();
        // Every event is one chunk, so nothing of the framing stands inside one.
        while let Some((id, data, end)) = event(&text) {
            let value: serde_json::Value = serde_json::from_str(data)?;
            let calls = value["calls"].as_array().into_iter().flatten();
            let now = Instant::now();
            for seq in calls.chain(value.get("call")).filter_map(|call| call["seq"].as_u64()) {
                shown
                    .lock()
                    .expect("no panic under this lock")
                    .entry(seq)
                    .or_insert(now);
                fresh.push(seq);
            }
            *last = Some(id);
            text.drain(..end);
        }
        if !fresh.is_empty() {
            let body = serde_json::json!({ "calls": fresh }).to_string();
            let answer = client.post("/shown", None, &body).await?;
            ensure!(answer.status == 204, "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

/// The first whole event of a text: id, data, and where it ends.
fn event(text: &str) -> Option<(u64, &str, usize)> {
    let start = text.find("event: ")?;
    let end = start + text[start..].find("\n\n")?;
    let field = |name: &str| text[start..end].lines().find_map(|line| line.strip_prefix(name));
    Some((field("id: ")?.parse().ok()?, field("data: ")?, end + 2))
}
