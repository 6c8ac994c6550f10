//! One running virtual machine: a shell on its serial line, and a power switch.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A boot takes some seconds; on a machine that also compiles, a minute.
const BOOT_WITHIN: Duration = Duration::from_secs(180);

/// The machine; its power is cut when the value goes.
pub struct Guest {
    child: Child,
    keyboard: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Guest {
    /// Boots and waits for the shell. `devices` are further arguments for QEMU.
    pub async fn boot(kernel: &Path, image: &Path, devices: &[String]) -> anyhow::Result<Self> {
        let mut qemu = Command::new("qemu-system-x86_64");
        // The accelerator of a nested machine may be there and hang.
        qemu.args(["-accel", "tcg", "-smp", "1", "-m", "768", "-nodefaults", "-no-reboot"]);
        qemu.args(["-display", "none", "-serial", "stdio", "-kernel"])
            .arg(kernel);
        qemu.arg("-initrd").arg(image);
        qemu.args(["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"])
            .args(devices);
        let mut child = qemu
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting qemu-system-x86_64 (Debian package qemu-system-x86)")?;
        let keyboard = child.stdin.take().context("QEMU has no standard input")?;
        let stdout = child.stdout.take().context("QEMU has no standard output")?;
        let mut guest = Self {
            child,
            keyboard,
            lines: BufReader::new(stdout).lines(),
        };
        guest.wait_for("guest-is-up", BOOT_WITHIN).await?;
        Ok(guest)
    }

    /// Types a command; what it prints comes with the next [`Guest::wait_for`].
    pub async fn type_in(&mut self, command: &str) -> anyhow::Result<()> {
        self.keyboard.write_all(format!("{command}\n").as_bytes()).await?;
        Ok(self.keyboard.flush().await?)
    }

    /// The next line with this text in it.
    pub async fn wait_for(&mut self, text: &str, within: Duration) -> anyhow::Result<String> {
        let mut seen = Vec::new();
        let found = tokio::time::timeout(within, self.search(text, &mut seen)).await;
        match found {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(error.context(format!("the guest printed:\n{}", seen.join("\n")))),
            Err(_) => bail!("no `{text}` within {within:?}; the guest printed:\n{}", seen.join("\n")),
        }
    }

    async fn search(&mut self, text: &str, seen: &mut Vec<String>) -> anyhow::Result<String> {
        while let Some(line) = self.lines.next_line().await? {
            let line = line.trim().to_string();
            if line.contains(text) {
                return Ok(line);
            }
            if line.contains(r#""number""#) {
                bail!("a card was read while `{text}` was waited for");
            }
            seen.push(line);
        }
        bail!("the guest ended while `{text}` was waited for");
    }

    /// Cuts the power: the machine stops between two instructions, and what it had not written is gone.
    pub async fn cut(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }
}
