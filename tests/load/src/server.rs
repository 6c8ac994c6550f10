//! A dispatcher of our own on a fresh ledger, watched through `/proc`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::disk::Disk;

/// The running dispatcher.
pub struct Server {
    child: Child,
    dir: PathBuf,
    /// Address of its loopback listener.
    pub address: String,
    /// Address of its TLS listener, if it has one.
    pub tls: Option<String>,
    /// Bearer token.
    pub token: String,
}

impl Server {
    /// Starts the dispatcher beside this binary in `dir`, with the shipped hall open all day.
    pub async fn start(dir: &Path, hall: &Path) -> anyhow::Result<Self> {
        Self::start_on(dir, hall, &Disk::default()).await
    }

    /// The same on a disk as slow as wanted.
    pub async fn start_on(dir: &Path, hall: &Path, disk: &Disk) -> anyhow::Result<Self> {
        Self::start_with(dir, hall, disk, "").await
    }

    /// The same with more in its dispatcher file.
    pub async fn start_with(dir: &Path, hall: &Path, disk: &Disk, more: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let text = std::fs::read_to_string(hall).with_context(|| format!("reading {}", hall.display()))?;
        std::fs::write(dir.join("hall.toml"), open_all_day(&text))?;
        let file = [
            "format = \"yimen-dispatcher/1\"",
            "hall_file = \"hall.toml\"",
            "ledger = \"ledger.db\"",
            "key_file = \"root.key\"",
            "lookup_base = \"http://127.0.0.1\"",
            "[loopback]",
            "listen = \"127.0.0.1:0\"",
            "token_file = \"token\"",
            more,
        ]
        .join("\n");
        std::fs::write(dir.join("dispatcher.toml"), file)?;
        Self::again(dir, disk).await
    }

    /// Starts it once more on what lies in `dir`.
    pub async fn again(dir: &Path, disk: &Disk) -> anyhow::Result<Self> {
        let binary = beside("ticket-dispatcher")?;
        let mut command = Command::new(&binary);
        disk.put_under(&mut command);
        let mut child = command
            .arg("serve")
            .arg("--config")
            .arg(dir.join("dispatcher.toml"))
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await?
            .context("the dispatcher ended at its start")?;
        let ready: serde_json::Value =
            serde_json::from_str(&line).with_context(|| format!("its ready line: {line}"))?;
        let address = ready["loopback"].as_str().context("no loopback address")?.to_string();
        let tls = ready["tls"].as_str().map(str::to_string);
        let token = std::fs::read_to_string(dir.join("token"))?.trim().to_string();
        Ok(Self {
            child,
            dir: dir.to_path_buf(),
            address,
            tls,
            token,
        })
    }

    /// CPU seconds (user and system) and resident KiB so far.
    pub fn usage(&self) -> anyhow::Result<(f64, u64)> {
        let pid = self.child.id().context("the dispatcher has ended")?;
        usage_of(pid)
    }

    /// The file of its journal.
    pub fn ledger(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    /// Ends it with SIGKILL.
    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}

/// A binary in the folder of this one.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// The hall file with its hours opened, because a load test runs at night too.
fn open_all_day(text: &str) -> String {
    let line = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        match key {
            "opens" => "opens = \"00:00\"".to_string(),
            "closes" => "closes = \"24:00\"".to_string(),
            "last_issue" => "last_issue = \"24:00\"".to_string(),
            "plan" => "plan = [\"00:00-24:00\"]".to_string(),
            _ => line.to_string(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// CPU seconds (user and system) and resident KiB of a process so far.
pub fn usage_of(pid: u32) -> anyhow::Result<(f64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(") ").context("odd /proc stat")?.1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or("0 kB");
    let rss = rss.trim().trim_end_matches(" kB").parse()?;
    // The kernel counts in ticks of 1/100 s on every Linux that this runs on.
    Ok((ticks as f64 / 100.0, rss))
}
