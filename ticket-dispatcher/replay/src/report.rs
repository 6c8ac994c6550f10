//! What the replay writes: `hall-report/1`.

use std::io::{self, Write};

use serde::Serialize;

/// One record, in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "rec", rename_all = "snake_case")]
#[allow(missing_docs)] // the fields are those of the format
pub enum Record {
    /// A ticket was given out, with its forecast unless switched off.
    Issue {
        t: i64,
        id: String,
        #[serde(flatten)]
        eta: Option<Eta>,
    },
    /// Called to a window.
    Call { t: i64, id: String, window: String },
    /// The person is there.
    Start { t: i64, id: String, window: String },
    /// Served.
    Finish { t: i64, id: String, window: String },
    /// Called in vain.
    NoAnswer { t: i64, id: String, window: String },
    /// Given back.
    Cancel { t: i64, id: String },
    /// A refreshed forecast, counted from `t`.
    Eta {
        t: i64,
        id: String,
        #[serde(flatten)]
        eta: Eta,
    },
    /// The last line.
    End { t: i64, tickets: usize },
}

/// A forecast in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Eta {
    /// One in ten is called earlier.
    pub eta_p10_ms: i64,
    /// As many earlier as later.
    pub eta_p50_ms: i64,
    /// One in ten is called later.
    pub eta_p90_ms: i64,
}

/// A day's log, in order of time and, within an instant, in the order of things.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The records; the last is `end`.
    pub records: Vec<Record>,
}

impl Report {
    /// As JSON Lines.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        for record in &self.records {
            serde_json::to_writer(&mut out, record)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }
}
