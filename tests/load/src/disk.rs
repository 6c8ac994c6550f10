//! A machine worse than this one: flushes that take longer, and a clock that is turned by hand. A small library in
//! front of the C library of the programs that are measured.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// The same library as in the dispatcher's own tests.
const SHIM: &str = include_str!("../../../ticket-dispatcher/daemon/tests/http/shim.c");

/// What is put under a program; nothing by default.
#[derive(Default)]
pub struct Disk {
    library: Option<PathBuf>,
    flush_ms: u32,
    clock: Option<PathBuf>,
}

impl Disk {
    /// One whose flushes take `ms` longer. Compiles the library into `dir`.
    pub fn new(dir: &Path, ms: u32) -> anyhow::Result<Self> {
        if ms == 0 {
            return Ok(Self::default());
        }
        Ok(Self {
            library: Some(compiled(dir)?),
            flush_ms: ms,
            clock: None,
        })
    }

    /// The machine's own, with a clock that is turned by [`Disk::turn_clock`].
    pub fn with_clock(dir: &Path) -> anyhow::Result<Self> {
        let disk = Self {
            library: Some(compiled(dir)?),
            flush_ms: 0,
            clock: Some(dir.join("clock")),
        };
        disk.turn_clock(0)?;
        Ok(disk)
    }

    /// Sets the wall clock off by so many days.
    pub fn turn_clock(&self, days: i64) -> anyhow::Result<()> {
        let clock = self.clock.as_ref().context("this machine's clock is its own")?;
        let next = clock.with_extension("next");
        std::fs::write(&next, (days * 86_400).to_string())?;
        Ok(std::fs::rename(next, clock)?)
    }

    /// Puts it under a program.
    pub fn put_under(&self, command: &mut tokio::process::Command) {
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library);
        }
        if self.flush_ms > 0 {
            command.env("FLUSH_MS", self.flush_ms.to_string());
        }
        if let Some(clock) = &self.clock {
            command.env("CLOCK_FILE", clock);
        }
    }
}

fn compiled(dir: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let (source, library) = (dir.join("shim.c"), dir.join("shim.so"));
    std::fs::write(&source, SHIM)?;
    let mut compiler = std::process::Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source);
    ensure!(compiler.status().context("running cc")?.success(), "cc failed");
    Ok(library)
}
