//! The hall as the engine knows it: the static header. Made from the hall file by the daemon, from the trace by
//! `simulate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{BookingId, GroupId, Millis, ServiceId, WindowId, WindowKind};

use crate::booking::{BookingRules, LastTicket};
use crate::policy::{Policy, Weighing, WindowRule};

/// Everything static. Take `..HallConfig::default()` for what a hall does not say.
// Old journals hold hall files without the newer fields, so a missing one reads as its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Settings of the policies that weigh; none leaves them to the policy.
    pub weighing: Option<Weighing>,
    /// Which of several idle windows takes the ticket.
    pub window_rule: WindowRule,
    /// Seed of the forecasts.
    pub seed: u64,
    /// Paths of a forecast; 0 switches forecasts off.
    pub forecast_paths: u32,
    /// Bookings of today that are known before opening.
    pub bookings: Vec<Booking>,
    /// The rules on appointments.
    pub booking: BookingRules,
    /// People whom a group can serve in one slot; a group that is not named here is worked out from the plan.
    pub slot_capacity: BTreeMap<GroupId, u32>,
    /// What happens near closing time; a group that is not named here warns.
    pub last_ticket: BTreeMap<GroupId, LastTicket>,
    /// How many walk-ins came on past days.
    pub profiles: Vec<Profile>,
    /// What else past days taught.
    pub archive: Archive,
}

/// Walk-ins of a group on past days, by bin of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The group.
    pub group: GroupId,
    /// Days that are summed up in `counts`.
    pub days: u32,
    /// Start of each bin; a bin ends where the next begins, the last lasts 30 minutes.
    pub from: Vec<Millis>,
    /// Walk-ins in each bin, over all days.
    pub counts: Vec<u32>,
    /// Percent of them by class: disabled, elderly; the others are normal.
    pub disabled_pct: u32,
    /// See `disabled_pct`.
    pub elderly_pct: u32,
}

/// What past days taught, for the forecasts. Empty lists mean "never measured": defaults are used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Percent of bookings that never show up.
    pub book_no_show_pct: Option<u32>,
    /// Arrival minus slot of kept bookings, ms.
    pub book_offset_ms: Vec<i64>,
    /// Call to start, ms.
    pub walk_ms: Vec<i64>,
    /// Actual minus planned opening, ms.
    pub open_dev_ms: Vec<i64>,
    /// Actual minus planned closing, ms.
    pub close_dev_ms: Vec<i64>,
    /// Lengths of past faults, ms.
    pub fault_ms: Vec<i64>,
    /// Share of calls in vain by length of wait: from ms, to ms, per mille.
    pub no_answer_permille: Vec<(i64, i64, i64)>,
}

/// A booking of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The booking.
    pub id: BookingId,
    /// What for.
    pub service: ServiceId,
    /// When, since local midnight.
    pub slot: Millis,
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

/// Where a person may hold one open ticket at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneTicketPer {
    /// In each group.
    #[default]
    Group,
    /// In the whole hall.
    Hall,
    /// No such rule.
    None,
}

/// The hall's rules; every number is a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// First instant at which numbers are given out.
    pub issue_from: Millis,
    /// Last instant at which numbers are given out.
    pub issue_until: Millis,
    /// The hall closes.
    pub close: Millis,
    /// The real-name rule.
    pub one_ticket_per: OneTicketPer,
    /// Most matters on one ticket.
    pub matters_max: u8,
    /// Most cases of an agent on one ticket.
    pub agent_cases_max: u8,
    /// How often a number is called; then it is missed.
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
    /// Most priority calls (disabled, elderly) in a row for one group while ordinary tickets wait in it; none sets no
    /// limit. Appointments neither count nor end a row: they were promised a time.
    pub priority_run_max: Option<u8>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            issue_from: Millis::from_mins(8 * 60),
            issue_until: Millis::from_mins(17 * 60),
            close: Millis::from_mins(17 * 60 + 30),
            one_ticket_per: OneTicketPer::Group,
            matters_max: 3,
            agent_cases_max: 3,
            calls_max: 3,
            return_within: Millis::from_mins(30),
            return_place: 3,
            call_timeout: Millis::from_secs(60),
            appt_grace: Millis::from_mins(15),
            target: [10, 5, 10, 20].map(Millis::from_mins),
            priority_run_max: Some(2),
        }
    }
}
