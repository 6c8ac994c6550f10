//! One line of a trace, as written: `hall-trace/1`.

use serde::{Deserialize, Deserializer};

/// Every kind of line. Extra fields are ignored.
#[derive(Debug, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub(crate) enum Line {
    Meta(Meta),
    Group {
        id: String,
    },
    Service {
        id: String,
        group: String,
        hist_ms: Vec<i64>,
    },
    Window {
        id: String,
        kind: String,
        skills: Vec<String>,
        truth: WindowTruth,
    },
    Plan {
        window: String,
        open: Vec<(i64, i64)>,
    },
    Profile {
        group: String,
        days: u32,
        from_t: Vec<i64>,
        counts: Vec<u32>,
        class_pct: ClassPct,
    },
    Book {
        id: String,
        service: String,
        slot_t: i64,
    },
    Archive(ArchiveLine),
    Open {
        t: i64,
        window: String,
    },
    Close {
        t: i64,
        window: String,
        reason: Reason,
    },
    Arrive(Arrive),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Meta {
    pub(crate) format: String,
    pub(crate) open_t: i64,
    pub(crate) close_t: i64,
    #[serde(rename = "last_issue_t")]
    pub(crate) _last_issue_t: i64,
    pub(crate) call_timeout_ms: i64,
    pub(crate) appt_grace_ms: i64,
    pub(crate) eta_tick_ms: i64,
    pub(crate) target_ms: Targets,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Targets {
    pub(crate) appt: i64,
    pub(crate) disabled: i64,
    pub(crate) elderly: i64,
    pub(crate) normal: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WindowTruth {
    pub(crate) speed_pct: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ClassPct {
    pub(crate) elderly: f64,
    pub(crate) disabled: f64,
}

/// What the archive line says; every field may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ArchiveLine {
    pub(crate) book_no_show_pct: Option<f64>,
    pub(crate) book_offset_ms: Vec<i64>,
    pub(crate) walk_ms: Vec<i64>,
    pub(crate) open_dev_ms: Vec<i64>,
    pub(crate) close_dev_ms: Vec<i64>,
    pub(crate) fault_ms: Vec<i64>,
    pub(crate) no_answer_permille: Vec<(i64, i64, i64)>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    Lunch,
    Break,
    Fault,
    End,
}

/// Walk-in classes; `appt` is never written, a kept booking makes it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WalkInClass {
    Normal,
    Elderly,
    Disabled,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Arrive {
    pub(crate) t: i64,
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) class: WalkInClass,
    #[serde(deserialize_with = "present")]
    pub(crate) booking: Option<String>,
    pub(crate) truth: Truth,
}

/// What only the simulated hall knows.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Truth {
    pub(crate) work_ms: i64,
    pub(crate) walk_ms: i64,
    pub(crate) leave_t: i64,
    pub(crate) tells: bool,
}

/// `null` is a value here, a missing field is a mistake.
fn present<'de, D: Deserializer<'de>>(de: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(de)
}
