//! The product's binaries, by path: built beside the test that asks for them, started, and ended with the value.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

/// A daemon says that it is ready within this time, also on a machine busy with compiling.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Where this build puts its binaries: the folder of the running one, or above it for a test in `deps`.
pub fn binary_dir() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this binary")?;
    let dir = own.parent().context("a binary lies in a folder")?;
    let dir = if dir.ends_with("deps") {
        dir.parent().context("deps lies in a folder")?
    } else {
        dir
    };
    Ok(dir.to_path_buf())
}

/// Path of a daemon of the workspace, built into the same folder first; that costs nothing when it is fresh.
///
/// `cargo test` builds the binaries of a package only for that package's own tests. The whole workspace is asked for,
/// exactly as `./hall` does: asking for one package would choose other features of shared crates and build them anew.
pub async fn built(binary: &str) -> anyhow::Result<PathBuf> {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let dir = binary_dir()?;
    BUILT.get_or_try_init(|| build_all(dir.clone())).await?;
    Ok(dir.join(binary))
}

async fn build_all(dir: PathBuf) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = dir.parent().context("a profile's folder lies in the target folder")?;
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--locked", "--workspace", "--bins", "--target-dir"])
        .arg(target);
    if dir.ends_with("release") {
        build.arg("--release");
    }
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = build.status().await.context("starting cargo")?;
    if !status.success() {
        bail!("building the daemons failed; see the messages above");
    }
    Ok(())
}

/// A running daemon; killed without a word when this value goes.
pub struct Daemon {
    child: Child,
    ready: Value,
}

impl Daemon {
    /// Starts the binary at `path` and waits for its one JSON line on standard output. Its log goes to ours.
    pub async fn start(path: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let name = path.display();
        let mut child = Command::new(path)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let stdout = child.stdout.take().context("the daemon has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(READY_WITHIN, lines.next_line());
        let line = first.await.with_context(|| format!("{name} was not ready in time"))??;
        let Some(line) = line else {
            bail!("{name} ended before it was ready; its reason stands above");
        };
        let ready = serde_json::from_str(&line).with_context(|| format!("{name} said {line}"))?;
        Ok(Self { child, ready })
    }

    /// Its process; none once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The whole ready line.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// An address from the ready line (`loopback`, `control`, ...).
    pub fn address(&self, name: &str) -> anyhow::Result<String> {
        let address = self.ready[name].as_str();
        let address = address.with_context(|| format!("the ready line has no {name}: {}", self.ready))?;
        Ok(address.to_string())
    }

    /// Ends it at once, as a power cut would, and waits until it is gone.
    pub async fn kill(mut self) {
        let _ = self.child.kill().await;
    }
}
