//! Power cuts: a dispatcher on a disk of its own in a guest that is switched off under load, and held against what its
//! clients were answered before.
//!
//! The guest's page cache goes with it, so an answer that was given before its row was flushed is found missing here;
//! `kill -9` alone cannot show that. `--plant no-flush` runs the dispatcher with flushes that do nothing, to see that
//! the check finds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tests_e2e::binaries::binary_dir;

use crate::guest::Guest;
use crate::image;
use crate::kernel::{Kernel, run as run_tool};

const MODULES: [&str; 6] = [
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "crc32c_generic",
    "libcrc32c",
    "ext4",
];
const SERVICES: [&str; 6] = ["S101", "S201", "S301", "S401", "S501", "S601"];
const WINDOWS: [&str; 3] = ["W01", "W02", "P01"];
const KIOSKS: usize = 4;
/// The dispatcher on an emulated processor that shares two real ones with compilers.
const START_WITHIN: Duration = Duration::from_secs(120);
/// Answers before a cut, and how long they are waited for.
const ANSWERS_MIN: usize = 30;
const LOAD_MAX: Duration = Duration::from_secs(180);
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Options of the command.
#[derive(clap::Args)]
pub struct Args {
    /// How often the power is cut.
    #[arg(long, default_value_t = 5)]
    cuts: u64,
    /// Seconds of load before each cut, at least.
    #[arg(long, default_value_t = 15)]
    load_seconds: u64,
    /// Run with this fault planted; the run must then fail.
    #[arg(long, value_parser = ["no-flush"])]
    plant: Option<String>,
}

/// What the clients know: by number of the request, the answer.
#[derive(Default)]
struct Histories {
    asked: AtomicU64,
    taken: Mutex<BTreeMap<u64, String>>,
    called: Mutex<BTreeMap<u64, (usize, String)>>,
    /// A clerk's request without an answer: asked again with its key before anything else.
    open_calls: Mutex<BTreeMap<usize, u64>>,
    calls_count: AtomicU64,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The dispatcher in the guest, as clients outside see it.
#[derive(Clone)]
struct Hall {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Hall {
    /// Status and body, or why there is no answer.
    async fn post(&self, path: &str, body: String, key: u64) -> reqwest::Result<(u16, String)> {
        let key = uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 | u128::from(key)).to_string();
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = request
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        let answer = request.timeout(ANSWER_WITHIN).body(body).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn take(&self, n: u64) -> reqwest::Result<(u16, String)> {
        let service = SERVICES[(n % 6) as usize];
        let holder = match n % 3 {
            0 => String::new(),
            _ => format!(
                r#","holder":{{"document":"resident_id","number":"{}","name":"测试甲","birth":"19900307"}}"#,
                citizen_number(n)
            ),
        };
        self.post("/tickets", format!(r#"{{"services":["{service}"]{holder}}}"#), n)
            .await
    }

    async fn next(&self, window: usize, n: u64) -> reqwest::Result<(u16, String)> {
        let path = format!("/windows/{}/next", WINDOWS[window]);
        self.post(&path, r#"{"finish_current":true}"#.into(), 1 << 32 | n).await
    }
}

/// A made-up number with its check character (GB 11643): a division that does not exist, 7 March 1990.
fn citizen_number(n: u64) -> String {
    let digits = format!("990102199003{:02}{:03}", 1 + n / 1000 % 28, n % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Cuts the power of one dispatcher again and again.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let dir = binary_dir()?.with_file_name("guest");
    let kernel = Kernel::at(&dir)?;
    let mut binaries = vec![binary_dir()?.join("ticket-dispatcher")];
    if args.plant.is_some() {
        binaries.push(no_flush_library(&dir)?);
    }
    let image = image::make(&dir, "power.cpio", &kernel, &MODULES, &binaries)?;
    let disk = make_disk(&dir)?;
    let port = free_port()?;
    let mut devices: Vec<String> = Vec::new();
    // Writes of the guest go past this machine's cache, flushes reach its disk.
    let drive = format!("file={},if=none,id=disk,format=raw,cache=none", disk.display());
    let net = format!("user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:8081");
    for (option, value) in [("-drive", drive.as_str()), ("-device", "virtio-blk-pci,drive=disk")] {
        devices.extend([option.into(), value.into()]);
    }
    for (option, value) in [
        ("-netdev", net.as_str()),
        ("-device", "virtio-net-pci,netdev=net,romfile="),
    ] {
        devices.extend([option.into(), value.into()]);
    }
    let seen = Arc::new(Histories::default());
    let plant = args.plant.is_some();
    for cut in 1..=args.cuts {
        let start = Instant::now();
        let (guest, hall) = up(&kernel, &image, &devices, port, plant).await?;
        let recovered = start.elapsed();
        if cut == 1 {
            open_windows(&hall).await?;
        }
        let checked = check(&hall, &seen).await?;
        let before = lock(&seen.taken).len();
        load(guest, &hall, &seen, Duration::from_secs(args.load_seconds)).await?;
        let answered = lock(&seen.taken).len() - before;
        ensure!(
            answered > 0,
            "no ticket was answered: too little load to prove anything"
        );
        println!(
            "cut {cut}: up after {:.1} s, {checked} older answers found again, {answered} new, cut under load",
            recovered.as_secs_f64()
        );
    }
    let (mut guest, hall) = up(&kernel, &image, &devices, port, plant).await?;
    let checked = check(&hall, &seen).await?;
    guest.type_in("killall -9 ticket-dispatcher; sleep 1").await?;
    let verify = "ticket-dispatcher verify --ledger /data/journal.db --key /data/root.key; echo verified-with $?";
    guest.type_in(verify).await?;
    guest
        .wait_for("verified-with 0", START_WITHIN)
        .await
        .context("the journal is not sound")?;
    guest.cut().await?;
    println!(
        "{} cuts: {checked} answers ({} calls) found again to the byte, no number twice, journal sound, {:.0} s",
        args.cuts,
        lock(&seen.called).len(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Debian's library that makes every flush do nothing.
fn no_flush_library(dir: &Path) -> anyhow::Result<PathBuf> {
    let library = dir.join("usr/lib/x86_64-linux-gnu/libeatmydata.so.1.3.0");
    if !library.exists() {
        let script = "apt-get download -q libeatmydata1 && dpkg -x libeatmydata1_*.deb .";
        run_tool(std::process::Command::new("sh").args(["-c", script]).current_dir(dir))?;
    }
    Ok(library)
}

/// A fresh disk with the files of a hall that is open around the clock.
fn make_disk(dir: &Path) -> anyhow::Result<PathBuf> {
    let content = dir.join("disk");
    if content.exists() {
        std::fs::remove_dir_all(&content)?;
    }
    std::fs::create_dir_all(&content)?;
    std::fs::write(content.join("hall.toml"), tests_e2e::dispatcher::open_hall()?)?;
    let file = "format = \"yimen-dispatcher/1\"\nhall_file = \"hall.toml\"\nledger = \"journal.db\"\n\
                key_file = \"root.key\"\n[loopback]\nlisten = \"127.0.0.1:8080\"\ntoken_file = \"token\"\n";
    std::fs::write(content.join("dispatcher.toml"), file)?;
    let disk = dir.join("disk.img");
    let mut make = std::process::Command::new("mke2fs");
    make.args(["-q", "-q", "-F", "-t", "ext4", "-d"])
        .arg(&content)
        .arg(&disk)
        .arg("256M");
    // On some systems it lies where only root looks.
    make.env(
        "PATH",
        format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()),
    );
    run_tool(&mut make)?;
    Ok(disk)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Boots, mounts the disk (its journal is replayed), starts the dispatcher.
async fn up(
    kernel: &Kernel,
    image: &Path,
    devices: &[String],
    port: u16,
    plant: bool,
) -> anyhow::Result<(Guest, Hall)> {
    let mut guest = Guest::boot(&kernel.image, image, devices).await?;
    guest
        .type_in("ip link set lo up; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up")
        .await?;
    guest
        .type_in("mkdir /data; mount -t ext4 /dev/vda /data && echo disk-is-there")
        .await?;
    guest.wait_for("disk-is-there", START_WITHIN).await?;
    // The dispatcher's plain listener is for its own machine only; clients outside come through this.
    guest.type_in("nc -ll -p 8081 -e nc 127.0.0.1 8080 &").await?;
    let preload = if plant {
        "LD_PRELOAD=/bin/libeatmydata.so.1.3.0 "
    } else {
        ""
    };
    guest
        .type_in(&format!(
            "{preload}ticket-dispatcher serve --config /data/dispatcher.toml &"
        ))
        .await?;
    guest.wait_for("\"ready\":true", START_WITHIN).await?;
    guest.type_in("echo token-is $(cat /data/token)").await?;
    let line = guest.wait_for("token-is ", START_WITHIN).await?;
    let token = line.rsplit(' ').next().context("no token")?.to_string();
    let hall = Hall {
        http: tests_e2e::http_client(),
        base: format!("http://127.0.0.1:{port}/api/v1"),
        token,
    };
    Ok((guest, hall))
}

async fn open_windows(hall: &Hall) -> anyhow::Result<()> {
    for (n, window) in WINDOWS.iter().enumerate() {
        let path = format!("/windows/{window}/open");
        let (status, text) = hall.post(&path, r#"{"clerk":"C1"}"#.into(), 2 << 32 | n as u64).await?;
        ensure!(status == 200, "{path}: {status} {text}");
    }
    Ok(())
}

/// Kiosks and clerks work until the power goes.
async fn load(guest: Guest, hall: &Hall, seen: &Arc<Histories>, length: Duration) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for _ in 0..KIOSKS {
        let (hall, seen, stop) = (hall.clone(), seen.clone(), stop.clone());
        tasks.push(tokio::spawn(async move { kiosk(&hall, &seen, &stop).await }));
    }
    for window in 0..WINDOWS.len() {
        let (hall, seen, stop) = (hall.clone(), seen.clone(), stop.clone());
        tasks.push(tokio::spawn(async move { clerk(&hall, &seen, window, &stop).await }));
    }
    let (began, before) = (Instant::now(), lock(&seen.taken).len());
    // On a machine that also compiles, the guest may stand still for a while: there must be something to lose.
    while began.elapsed() < length || (lock(&seen.taken).len() < before + ANSWERS_MIN && began.elapsed() < LOAD_MAX) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    guest.cut().await?;
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn kiosk(hall: &Hall, seen: &Histories, stop: &AtomicBool) -> anyhow::Result<()> {
    while !stop.load(Ordering::SeqCst) {
        let n = seen.asked.fetch_add(1, Ordering::SeqCst);
        // An answer that did not come is no answer: the check asks again.
        if let Ok((status, text)) = hall.take(n).await {
            ensure!(status == 201, "ticket {n}: {status} {text}");
            lock(&seen.taken).insert(n, text);
        }
    }
    Ok(())
}

async fn clerk(hall: &Hall, seen: &Histories, window: usize, stop: &AtomicBool) -> anyhow::Result<()> {
    while !stop.load(Ordering::SeqCst) {
        let n = *lock(&seen.open_calls)
            .entry(window)
            .or_insert_with(|| seen.calls_count.fetch_add(1, Ordering::SeqCst));
        if let Ok((status, text)) = hall.next(window, n).await {
            ensure!(matches!(status, 200 | 204), "next {n}: {status} {text}");
            let nobody = text.is_empty();
            lock(&seen.called).insert(n, (window, text));
            lock(&seen.open_calls).remove(&window);
            if nobody {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    Ok(())
}

/// Asks every request again: what was answered is answered the same, no number is given twice, nobody called twice.
async fn check(hall: &Hall, seen: &Histories) -> anyhow::Result<usize> {
    let taken = lock(&seen.taken).clone();
    let mut numbers = BTreeSet::new();
    for n in 0..seen.asked.load(Ordering::SeqCst) {
        let (status, text) = hall.take(n).await?;
        match taken.get(&n) {
            Some(before) if status == 200 && *before == text => {}
            Some(_) => bail!("LOST: ticket request {n} had been answered; now {status}"),
            None => ensure!(matches!(status, 200 | 201), "ticket {n}: {status} {text}"),
        }
        let ticket: serde_json::Value = serde_json::from_str(&text)?;
        let number = ticket["number"]
            .as_str()
            .context("a ticket without a number")?
            .to_string();
        ensure!(numbers.insert(number.clone()), "{number} was given twice");
        lock(&seen.taken).insert(n, text);
    }
    let called = lock(&seen.called).clone();
    let mut tickets = BTreeSet::new();
    for (n, (window, before)) in &called {
        // "Nobody waits" is no fact of the journal: asked again, somebody may.
        if before.is_empty() {
            continue;
        }
        let (_, text) = hall.next(*window, *n).await?;
        let (ticket, again) = (called_ticket(before)?, called_ticket(&text)?);
        ensure!(
            ticket == again,
            "LOST: call {n} had been answered {before} and is answered {text} now"
        );
        let Some(ticket) = ticket else { continue };
        ensure!(tickets.insert(ticket.clone()), "{ticket} was called twice");
    }
    Ok(taken.len() + called.len())
}

/// The ticket of an answer to `next`; none when nobody waited. The rest of the answer shows the ticket as it is now.
fn called_ticket(answer: &str) -> anyhow::Result<Option<String>> {
    if answer.is_empty() {
        return Ok(None);
    }
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    let ticket = answer["ticket"]["id"].as_str().context("a call without a ticket")?;
    Ok(Some(ticket.to_string()))
}
