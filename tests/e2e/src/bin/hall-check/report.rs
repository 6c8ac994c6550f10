//! What was played, and who saw it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

/// Something outside the product that saw a thing happen.
#[derive(Debug, Clone, Copy)]
pub enum Witness {
    /// The kiosk's screen: its picture and the labels on it.
    Screen,
    /// The bytes that the printer got, or the picture of what came out.
    Printer,
    /// The bench page in a browser.
    Bench,
    /// The board's page in a browser.
    Board,
    /// The phone page in a browser.
    Phone,
    /// The public lookup.
    Lookup,
    /// The bytes on the disk, as a thief has them.
    Disk,
    /// The bytes on the loopback, as an eavesdropper has them.
    Wire,
    /// The clerk's console in a browser, or its interface.
    Console,
    /// The world of the emulated maker: where its blanks are.
    Maker,
    /// The simulated making-record service.
    Service,
    /// The manager's page in a browser.
    Manager,
}

impl Witness {
    fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Printer => "printer",
            Self::Bench => "bench",
            Self::Board => "board",
            Self::Phone => "phone",
            Self::Disk => "disk",
            Self::Wire => "wire",
            Self::Lookup => "lookup",
            Self::Console => "console",
            Self::Maker => "maker",
            Self::Service => "service",
            Self::Manager => "manager",
        }
    }
}

/// The report of one run; becomes `report.json`.
pub struct Report {
    out: PathBuf,
    began: Instant,
    start_ms: u128,
    scenes: Vec<Value>,
    current: Option<(String, Instant, Vec<Value>)>,
    figures: serde_json::Map<String, Value>,
}

impl Report {
    /// An empty report that will be written below `out`.
    pub fn new(out: &Path) -> Self {
        Self {
            out: out.to_path_buf(),
            began: Instant::now(),
            start_ms: 0,
            scenes: Vec::new(),
            current: None,
            figures: serde_json::Map::new(),
        }
    }

    /// How long the hall took until its links worked.
    pub fn note_start(&mut self, took: Duration) {
        self.start_ms = took.as_millis();
        println!("hall ready after {:.1} s", took.as_secs_f64());
    }

    /// A figure worth keeping.
    pub fn figure(&mut self, name: &str, value: Value) {
        self.figures.insert(name.to_string(), value);
    }

    /// A scene begins.
    pub fn begin(&mut self, scene: &str) {
        println!("▶ {scene}");
        self.current = Some((scene.to_string(), Instant::now(), Vec::new()));
    }

    /// A witness saw something.
    pub fn saw(&mut self, witness: Witness, what: impl Into<String>) {
        let what = what.into();
        println!("    {:8} {what}", witness.name());
        if let Some((_, _, seen)) = &mut self.current {
            seen.push(json!({"by": witness.name(), "what": what}));
        }
    }

    /// The scene ended well, or not.
    pub fn end(&mut self, error: Option<&anyhow::Error>) {
        if let Some((scene, began, seen)) = self.current.take() {
            let mut entry = json!({
                "scene": scene, "ok": error.is_none(), "ms": began.elapsed().as_millis() as u64, "seen": seen,
            });
            if let Some(error) = error {
                println!("  ✗ {error:#}");
                entry["error"] = json!(format!("{error:#}"));
            }
            self.scenes.push(entry);
        }
    }

    /// A scene cannot be played now; the report and the closing line say so.
    pub fn left_out(&mut self, scene: &str, why: &str) {
        println!("▷ {scene}\n    {why}");
        self.scenes.push(json!({"scene": scene, "ok": null, "left_out": why}));
    }

    /// Writes `report.json` and the closing line; true when every scene was seen to happen.
    pub fn finish(mut self, outcome: anyhow::Result<()>) -> anyhow::Result<bool> {
        self.end(outcome.as_ref().err());
        let count = |ok: Value| self.scenes.iter().filter(|scene| scene["ok"] == ok).count();
        let (passed, failed, left_out) = (count(json!(true)), count(json!(false)), count(Value::Null));
        let ok = failed == 0 && outcome.is_ok();
        let report = json!({
            "ok": ok,
            "hall_ready_ms": self.start_ms as u64,
            "total_ms": self.began.elapsed().as_millis() as u64,
            "scenes": self.scenes,
            "figures": self.figures,
            "error": outcome.err().map(|error| format!("{error:#}")),
        });
        let path = self.out.join("report.json");
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        match left_out {
            0 => println!("{passed} passed, {failed} failed"),
            _ => println!("{passed} passed, {failed} failed, {left_out} NOT PLAYED"),
        }
        Ok(ok)
    }
}
