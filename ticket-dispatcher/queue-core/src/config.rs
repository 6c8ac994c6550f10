//! The hall as the engine knows it: the static header. Made from the hall file by the daemon, from the trace by `simulate`.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{GroupId, Millis, ServiceId, WindowId, WindowKind};

/// Everything static.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HallConfig {
    /// In order of the file.
    pub groups: Vec<Group>,
    /// In order of the file.
    pub services: Vec<Service>,
    /// In order of the file; this order breaks ties.
    pub windows: Vec<Window>,
    /// The hall's rules.
    pub rules: Rules,
    /// Which policy chooses.
    pub policy: Policy,
    /// Seed of the forecasts.
    pub seed: u64,
}

/// A group of services with one queue and one number series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Series letter.
    pub series: char,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The service.
    pub id: ServiceId,
    /// Its group.
    pub group: GroupId,
    /// Past durations, start to finish, ms; a typical duration three times over when a hall has measured none.
    pub hist_ms: Vec<i64>,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// The window.
    pub id: WindowId,
    /// What it is for.
    pub kind: WindowKind,
    /// Groups it serves.
    pub skills: Vec<GroupId>,
    /// When it is planned to be open.
    pub plan: Vec<PlanInterval>,
}

/// A planned opening interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanInterval {
    /// From, since local midnight.
    pub from: Millis,
    /// To, since local midnight.
    pub to: Millis,
}

/// The hall's rules; every number is a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// First instant at which numbers are given out.
    pub issue_from: Millis,
    /// Last instant at which numbers are given out.
    pub issue_until: Millis,
    /// The hall closes.
    pub close: Millis,
    /// Most matters on one ticket.
    pub matters_max: u8,
    /// Most cases of an agent on one ticket.
    pub agent_cases_max: u8,
    /// Calls before a no-show may be marked without a word.
    pub calls_max: u8,
    /// How long a missed ticket may come back.
    pub return_within: Millis,
    /// At which place a missed ticket comes back (3 = third).
    pub return_place: u8,
    /// How long a call waits for its person.
    pub call_timeout: Millis,
    /// How late a booking still counts.
    pub appt_grace: Millis,
    /// Waits that the hall promises, by class: appt, disabled, elderly, normal.
    pub target: [Millis; 4],
}

/// Which rule chooses the ticket. The window rule is the same for all: fewest skills first, then longest idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The earliest ticket that the window can serve.
    #[default]
    Fifo,
}
