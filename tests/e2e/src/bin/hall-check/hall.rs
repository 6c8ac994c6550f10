//! The hall under test: `hallctl demo --json` as a child, and its links.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The JSON line of `hallctl demo --json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Links {
    /// Bench page and control interface of the emulators.
    pub emulators: String,
    /// The headless kiosk screen.
    pub kiosk_screen: String,
    /// The board's page, with its token.
    pub board: String,
    /// The console of window W01, with its token.
    pub clerk: String,
    /// Where the simulated making-record service is turned.
    pub making: String,
    /// The manager's page, with its token.
    pub manager: String,
    /// Plain loopback listener of the dispatcher.
    pub dispatcher: String,
    /// Its listener for everybody else.
    pub dispatcher_tls: String,
    /// Everything that the hall has written.
    pub dir: PathBuf,
    /// Holds the bearer token of the loopback listener.
    pub token_file: PathBuf,
}

/// A running hall; ends with this value.
pub struct Hall {
    child: Child,
    /// Where everything is.
    pub links: Links,
    /// From the start of the child until its links were printed.
    pub started_in: Duration,
}

impl Hall {
    /// Starts the hall beside this binary and waits for its links.
    pub async fn start() -> anyhow::Result<Self> {
        let began = Instant::now();
        let own = std::env::current_exe().context("finding this binary")?;
        let hallctl = own.with_file_name("hallctl");
        let mut child = Command::new(&hallctl)
            .args(["demo", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}; build the workspace first", hallctl.display()))?;
        let stdout = child.stdout.take().context("hallctl has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(Duration::from_secs(60), lines.next_line());
        let Some(line) = first.await.context("the hall was not ready within 60 s")?? else {
            bail!("hallctl demo ended before it was ready; see its messages above");
        };
        let links = serde_json::from_str(&line).with_context(|| format!("reading the links: {line}"))?;
        Ok(Self {
            child,
            links,
            started_in: began.elapsed(),
        })
    }

    /// Asks the hall to stop as Ctrl-C would, and waits for it.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            let _ = Command::new("kill").args(["-INT", &pid.to_string()]).status().await;
        }
        if tokio::time::timeout(Duration::from_secs(10), self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}
