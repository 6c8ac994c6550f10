//! A dispatcher of a test's own: the shipped hall, open at any hour, in a folder that goes with the value.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::binaries::{Daemon, built};

const SHIPPED_HALL: &str = include_str!("../../../provisioning/halls/foshan-street.toml");

/// The running dispatcher with what is needed to ask it.
pub struct Dispatcher {
    folder: PathBuf,
    binary: PathBuf,
    daemon: Option<Daemon>,
    http: reqwest::Client,
    keys_count: AtomicU32,
    /// `127.0.0.1:PORT` of the loopback listener; the same after [`Dispatcher::start_again`].
    pub address: String,
    /// Bearer token of the loopback listener.
    pub token: String,
}

impl Dispatcher {
    /// Builds and starts it with an empty journal.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with_rules("").await
    }

    /// The same, with more lines under `[rules]` of the hall file.
    pub async fn start_with_rules(rules: &str) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("yimen-pages-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        std::fs::write(folder.join("hall.toml"), open_all_day(SHIPPED_HALL, rules)?)?;
        let mut dispatcher = Self {
            folder,
            binary: built("ticket-dispatcher").await?,
            daemon: None,
            http: crate::http_client(),
            keys_count: AtomicU32::new(0),
            address: "127.0.0.1:0".to_string(),
            token: String::new(),
        };
        dispatcher.start_again().await?;
        Ok(dispatcher)
    }

    /// Starts it on the journal and the port that it had.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let file = format!(
            "format = \"yimen-dispatcher/1\"\nhall_file = \"hall.toml\"\nledger = \"ledger.sqlite\"\n\
             key_file = \"hall.key\"\n[loopback]\nlisten = \"{}\"\ntoken_file = \"token\"\n",
            self.address
        );
        let path = self.folder.join("dispatcher.toml");
        std::fs::write(&path, file)?;
        let path = path.to_str().context("the temporary folder has a plain name")?;
        let daemon = Daemon::start(&self.binary, &["serve", "--config", path]).await?;
        self.address = daemon.address("loopback")?;
        let token = std::fs::read_to_string(self.folder.join("token")).context("reading the bearer token")?;
        self.token = token.trim().to_string();
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Ends it without a warning.
    pub async fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill().await;
        }
    }

    /// A page's address as a stranger has it.
    pub fn page(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Runs a command of the dispatcher on this hall's file, and returns what it printed.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let config = self.folder.join("dispatcher.toml");
        let mut command = tokio::process::Command::new(&self.binary);
        let done = command.args(arguments).arg("--config").arg(config).output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?)
    }

    /// A page's address; staff pages get the token in the fragment.
    pub fn staff_page(&self, path: &str) -> String {
        format!("http://{}{path}#token={}", self.address, self.token)
    }

    /// The phone page of a ticket.
    pub fn phone_page(&self, token: &str) -> String {
        format!("http://{}/q?t={token}", self.address)
    }

    /// `GET /api/v1…`.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/v1{path}", self.address);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "GET {path}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// `POST /api/v1…`; null when the answer has no body.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/v1{path}", self.address);
        let request = self.http.post(url).bearer_auth(&self.token).json(&body);
        let request = request.header("idempotency-key", self.new_key());
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "POST {path}: {status} {text}");
        Ok(if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text)?
        })
    }

    /// One journal knows one client here, so that counting makes keys enough.
    fn new_key(&self) -> String {
        let count = self.keys_count.fetch_add(1, Ordering::Relaxed);
        uuid::Uuid::from_u128(0xe2e0_0000 << 64 | u128::from(count)).to_string()
    }

    /// A ticket from the desk, without a person.
    pub async fn take(&self, service: &str) -> anyhow::Result<Value> {
        self.post("/tickets", json!({ "services": [service] })).await
    }

    /// Opens a window.
    pub async fn open(&self, window: &str) -> anyhow::Result<()> {
        let path = format!("/windows/{window}/open");
        self.post(&path, json!({ "clerk": format!("C-{window}") }))
            .await
            .map(|_| ())
    }

    /// Calls the next number to a window and returns the number.
    pub async fn next(&self, window: &str) -> anyhow::Result<String> {
        let called = self
            .post(&format!("/windows/{window}/next"), json!({ "finish_current": true }))
            .await?;
        let number = called["ticket"]["number"].as_str();
        Ok(number
            .with_context(|| format!("nobody was called: {called}"))?
            .to_string())
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.daemon = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The shipped hall file, open around the clock.
pub fn open_hall() -> anyhow::Result<String> {
    open_all_day(SHIPPED_HALL, "")
}

/// The shipped hall, with its hours taken away: tests run at night.
fn open_all_day(shipped: &str, rules: &str) -> anyhow::Result<String> {
    let mut file: toml::Table = shipped.parse().context("the shipped hall is not TOML")?;
    let hall = file.get_mut("hall").and_then(toml::Value::as_table_mut);
    let hall = hall.context("the shipped hall has no [hall]")?;
    for (key, time) in [("opens", "00:00"), ("closes", "24:00"), ("last_issue", "24:00")] {
        hall.insert(key.to_string(), time.into());
    }
    let more: toml::Table = rules.parse().context("the rules are not TOML")?;
    let table = file.get_mut("rules").and_then(toml::Value::as_table_mut);
    let table = table.context("the shipped hall has no [rules]")?;
    // A test that waits for a missed call does not want to wait a minute.
    table.insert("call_timeout_s".to_string(), 10.into());
    table.extend(more);
    let windows = file.get_mut("window").and_then(toml::Value::as_array_mut);
    for window in windows.context("the shipped hall has no windows")? {
        let window = window.as_table_mut().context("a window is a table")?;
        window.insert("plan".to_string(), vec!["00:00-24:00"].into());
    }
    Ok(toml::to_string(&file)?)
}
