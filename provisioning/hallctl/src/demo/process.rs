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
        Self::start_program(name, &program, args, logs).await
    }

    async fn start_program(
        name: &'static str,
        program: &Path,
        args: &[&str],
        logs: &Path,
    ) -> anyhow::Result<(Self, Value)> {
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
        // The log goes to a file: no colours.
        command.env("NO_COLOR", "1");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Place;

    /// Runs a line of shell as if it were a program of the hall.
    async fn shell(place: &Place, line: &str) -> anyhow::Result<(Process, Value)> {
        Process::start_program("kiosk", Path::new("/bin/sh"), &["-c", line], place.path()).await
    }

    fn place() -> Place {
        Place::take(None).expect("a directory")
    }

    #[tokio::test]
    async fn a_ready_line_gives_its_address() {
        let place = place();
        let line = r#"echo '{"ready":true,"tls":"127.0.0.1:9"}'; exec sleep 60"#;
        let (process, ready) = shell(&place, line).await.expect("it is ready");
        assert_eq!(address(&ready, "tls", "kiosk").expect("told"), "127.0.0.1:9");
        let untold = address(&ready, "loopback", "kiosk").expect_err("not told").to_string();
        assert_eq!(untold, "kiosk did not say its `loopback` address");
        process.stop().await;
    }

    #[tokio::test]
    async fn a_program_that_dies_early_is_named_with_its_last_words() {
        let place = place();
        let error = shell(&place, "echo 'no such font' >&2; exit 3")
            .await
            .err()
            .expect("it died");
        assert_eq!(
            error.to_string(),
            "kiosk ended before it was ready; its last words:\n    no such font"
        );
    }

    #[tokio::test]
    async fn a_program_that_dies_later_is_named_too() {
        let place = place();
        let line = r#"echo '{"ready":true}'; echo 'lost my paper' >&2; exit 7"#;
        let (mut process, _) = shell(&place, line).await.expect("it is ready");
        let words = process.ended().await;
        assert!(words.starts_with("kiosk ended by itself (exit status: 7)"), "{words}");
        assert!(words.ends_with("lost my paper"), "{words}");
    }

    #[tokio::test]
    async fn nonsense_instead_of_a_ready_line_is_repeated() {
        let place = place();
        let error = shell(&place, "echo hello; sleep 60").await.err().expect("not ready");
        assert!(
            error.to_string().contains("said `hello` instead of being ready"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_program_that_ends_when_asked_is_not_killed() {
        let place = place();
        let told = place.path().join("told");
        let line = format!(
            "trap 'touch {}; exit 0' TERM; echo '{{\"ready\":true}}'; while :; do sleep 0.05; done",
            told.display()
        );
        let (process, _) = shell(&place, &line).await.expect("it is ready");
        process.stop().await;
        assert!(told.exists(), "it was not asked first");
    }
}
