//! Whoever kills the demo without a word (`kill -9`) must not leave its programs running.
//!
//! A second process of `hallctl` holds the reading end of a pipe and hears which programs run. When the pipe closes,
//! the demo is gone, and what is still running is asked to end. No signal handler and no flag of the kernel is needed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// Name of the hidden command that [`run`] is behind.
pub const COMMAND: &str = "demo-reaper";

/// The demo's end of the pipe.
#[derive(Clone)]
pub struct Reaper(Arc<Mutex<ChildStdin>>);

impl Reaper {
    /// Starts the second process.
    pub fn start() -> anyhow::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let program = std::env::current_exe().context("this program cannot be found")?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A group of its own: Ctrl-C at the terminal must not end it before its work is done.
            .process_group(0)
            .spawn()
            .context("the reaper cannot be started")?;
        let stdin = child.stdin.take().context("the reaper has no standard input")?;
        Ok(Self(Arc::new(Mutex::new(stdin))))
    }

    /// This program runs.
    pub fn watch(&self, id: u32) {
        self.say(&format!("+{id}"));
    }

    /// This one has ended; its number may soon be another's.
    pub fn forget(&self, id: u32) {
        self.say(&format!("-{id}"));
    }

    fn say(&self, line: &str) {
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a reaper the demo still ends its programs itself, unless it is killed.
        if let Err(error) = writeln!(pipe, "{line}") {
            eprintln!("hallctl demo: the reaper is gone ({error}); a kill -9 would leave programs behind");
        }
    }
}

/// The second process: hears who runs until the pipe closes, then ends who is left.
pub fn run() -> ExitCode {
    let mut running = BTreeSet::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        heed(&mut running, &line);
    }
    for id in running.into_iter().filter_map(Pid::from_raw) {
        // An error means that it is gone already, which is what is wanted.
        let _ = kill_process(id, Signal::TERM);
    }
    ExitCode::SUCCESS
}

fn heed(running: &mut BTreeSet<i32>, line: &str) {
    let id = |text: &str| text.parse::<i32>().ok().filter(|id| *id > 1);
    if let Some(id) = line.strip_prefix('+').and_then(id) {
        running.insert(id);
    } else if let Some(id) = line.strip_prefix('-').and_then(id) {
        running.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_still_run_are_left() {
        let mut running = BTreeSet::new();
        for line in ["+7", "+8", "-7", "+x", "+1", "+0", "+-9", "9"] {
            heed(&mut running, line);
        }
        assert_eq!(running.into_iter().collect::<Vec<_>>(), [8]);
    }
}
