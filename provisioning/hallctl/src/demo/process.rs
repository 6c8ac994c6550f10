//! The processes of the demo: started one after another, watched, started again when they die, and ended with it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::reaper::Reaper;
use crate::doctor::beside_this_program;

/// How long a process may take until its ready line: debug builds on a busy machine with two cores are slow.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// How long a process may take to end by itself once it has been asked to.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Pauses before a program that died is started again; the last one is for ever.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

/// A program that lived so long was well: the next death begins with the first pause again.
const WELL_AFTER: Duration = Duration::from_secs(30);

/// One running program of the hall.
pub struct Process {
    /// Its name.
    pub name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    child: Child,
    reaper: Option<Reaper>,
    started: Instant,
    deaths: usize,
}

impl Process {
    /// Starts a program that lies beside this one and waits for its ready line.
    pub async fn start(
        name: &'static str,
        args: &[&str],
        logs: &Path,
        reaper: &Reaper,
    ) -> anyhow::Result<(Self, Value)> {
        let program = beside_this_program(name)
            .with_context(|| format!("{name} is not beside hallctl: build it with `cargo build --bin {name}`"))?;
        Self::start_program(name, &program, args, logs, Some(reaper.clone())).await
    }

    async fn start_program(
        name: &'static str,
        program: &Path,
        args: &[&str],
        logs: &Path,
        reaper: Option<Reaper>,
    ) -> anyhow::Result<(Self, Value)> {
        let log = logs.join(format!("{name}.log"));
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_string()).collect();
        let (child, lines) = Self::spawn(name, program, &args, &log, reaper.as_ref())?;
        let mut process = Self {
            name,
            program: program.to_path_buf(),
            args,
            log,
            child,
            reaper,
            started: Instant::now(),
            deaths: 0,
        };
        let ready = process.until_ready(lines).await?;
        Ok((process, ready))
    }

    fn spawn(
        name: &'static str,
        program: &Path,
        args: &[String],
        log: &Path,
        reaper: Option<&Reaper>,
    ) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
        let stderr = OpenOptions::new()
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
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
        if let (Some(reaper), Some(id)) = (reaper, child.id()) {
            reaper.watch(id);
        }
        Ok((child, BufReader::new(stdout).lines()))
    }

    async fn until_ready(&mut self, mut lines: Lines<BufReader<ChildStdout>>) -> anyhow::Result<Value> {
        let ready = self.ready(&mut lines).await?;
        // Nobody reads on, but a full pipe would stop the program.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(ready)
    }

    /// Tells later runs of this program what the first found out: the ports it took.
    pub fn use_from_now_on(&mut self, option: &str, value: &str) {
        if let Some(at) = self.args.iter().position(|arg| arg == option)
            && let Some(place) = self.args.get_mut(at + 1)
        {
            *place = value.to_string();
        }
    }

    /// Starts a program that has ended again, until it is ready. Says what happened and what is done about it.
    pub async fn start_again(&mut self, how_it_ended: &str) {
        if self.started.elapsed() >= WELL_AFTER {
            self.deaths = 0;
        }
        let mut why = how_it_ended.to_string();
        loop {
            let pause = PAUSES[self.deaths.min(PAUSES.len() - 1)];
            self.deaths += 1;
            eprintln!(
                "hallctl demo: {why}\n  it is started again in {} s",
                pause.as_secs_f32()
            );
            tokio::time::sleep(pause).await;
            self.started = Instant::now();
            match self.try_again().await {
                Ok(()) => {
                    eprintln!("hallctl demo: {} is ready again", self.name);
                    return;
                }
                Err(error) => why = format!("{error:#}"),
            }
        }
    }

    async fn try_again(&mut self) -> anyhow::Result<()> {
        let (child, lines) = Self::spawn(self.name, &self.program, &self.args, &self.log, self.reaper.as_ref())?;
        self.child = child;
        let said = self.until_ready(lines).await;
        if said.is_err() {
            let _ = self.child.kill().await;
        }
        said.map(|_| ())
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
        let id = self.child.id();
        let ended = self.child.wait().await;
        if let (Some(reaper), Some(id)) = (&self.reaper, id) {
            reaper.forget(id);
        }
        match ended {
            Ok(status) => format!("{} ended by itself ({status}){}", self.name, self.last_words()),
            Err(error) => format!("{} is lost: {error}", self.name),
        }
    }

    /// Asks the program to end, and makes it if it does not.
    pub async fn stop(mut self) {
        let number = self.child.id();
        let id = number.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(id) = id {
            // An error means that it is gone already, which is what is wanted.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            eprintln!("{} did not end when asked; it was killed", self.name);
            let _ = self.child.kill().await;
        }
        if let (Some(reaper), Some(id)) = (&self.reaper, number) {
            reaper.forget(id);
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
        Process::start_program("kiosk", Path::new("/bin/sh"), &["-c", line], place.path(), None).await
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
    async fn a_program_that_was_killed_is_started_again_with_the_same_words() {
        let place = place();
        let runs = place.path().join("runs");
        let line = format!("echo x >> {}; echo '{{\"ready\":true}}'; exec sleep 60", runs.display());
        let (mut process, _) = shell(&place, &line).await.expect("it is ready");
        process.child.kill().await.expect("killed");
        let words = process.ended().await;
        assert!(words.contains("ended by itself (signal: 9"), "{words}");
        process.start_again(&words).await;
        assert_eq!(std::fs::read_to_string(&runs).expect("two runs"), "x\nx\n");
        process.stop().await;
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
