//! The processes of the demo: started one after another, watched, and ended with it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::doctor::beside_this_program;

/// How long a process may take until its ready line: debug builds on a busy machine with two cores are slow.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// How long a process may take to end by itself once it has been asked to.
const END_WITHIN: Duration = Duration::from_secs(5);

/// One running program of the hall.
pub struct Process {
    /// Its name.
    pub name: &'static str,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a program that lies beside this one and waits for its ready line.
    pub async fn start(name: &'static str, args: &[&str], logs: &Path) -> anyhow::Result<(Self, Value)> {
        let program = beside_this_program(name)
            .with_context(|| format!("{name} is not beside hallctl: build it with `cargo build --bin {name}`"))?;
        let log = logs.join(format!("{name}.log"));
        let stderr = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        // A group of its own: Ctrl-C at the terminal then reaches this program alone, which ends the others in order.
        command.process_group(0).kill_on_drop(true);
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "info");
        }
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let stdout = child
            .stdout
            .take()
            .with_context(|| format!("{name} has no standard output"))?;
        let mut process = Self { name, log, child };
        let mut lines = BufReader::new(stdout).lines();
        let ready = process.ready(&mut lines).await?;
        // Nobody reads on, but a full pipe would stop the program.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((process, ready))
    }

    async fn ready(&mut self, lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<Value> {
        let line = match tokio::time::timeout(READY_WITHIN, lines.next_line()).await {
            Ok(line) => line.with_context(|| format!("cannot hear {}", self.name))?,
            Err(_) => bail!(
                "{} did not become ready within {} s{}",
                self.name,
                READY_WITHIN.as_secs(),
                self.last_words()
            ),
        };
        let Some(line) = line else {
            bail!("{} ended before it was ready{}", self.name, self.last_words());
        };
        let ready: Value = serde_json::from_str(&line)
            .with_context(|| format!("{} said `{line}` instead of being ready", self.name))?;
        if ready.get("ready") == Some(&Value::Bool(true)) {
            Ok(ready)
        } else {
            bail!("{} said `{line}` instead of being ready", self.name)
        }
    }

    /// Waits until the program ends by itself and says so.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => format!("{} ended by itself ({status}){}", self.name, self.last_words()),
            Err(error) => format!("{} is lost: {error}", self.name),
        }
    }

    /// Asks the program to end, and makes it if it does not.
    pub async fn stop(mut self) {
        let id = self
            .child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(id) = id {
            // An error means that it is gone already, which is what is wanted.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            eprintln!("{} did not end when asked; it was killed", self.name);
            let _ = self.child.kill().await;
        }
    }

    /// The end of its log, for the person who wonders why.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
        if last.is_empty() {
            String::new()
        } else {
            format!("; its last words:\n    {}", last.join("\n    "))
        }
    }
}

/// An address of a ready line, like `"loopback":"127.0.0.1:8480"`.
pub fn address(ready: &Value, key: &str, name: &str) -> anyhow::Result<String> {
    let address = ready.get(key).and_then(Value::as_str);
    Ok(address
        .with_context(|| format!("{name} did not say its `{key}` address"))?
        .to_string())
}
