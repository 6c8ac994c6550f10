//! What a hall manager sees and steers: the live hall, why each number was called, the policy, what would be if. None
//! of it holds a person: numbers, windows, employee codes and reasons only.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{
    Class, ClerkId, GroupId, ServiceId, TicketId, TicketNo, UnixMillis, WindowId, WindowKind, WindowState,
};
use utoipa::ToSchema;

use crate::{LocalText, WaitRange};

/// A sentence for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Said {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One policy that the hall may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyChoice {
    /// As in the hall file.
    pub name: String,
    /// What people call it.
    pub title: Said,
}

/// `GET /policy`, and the answer of `POST /policy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    /// What chooses now.
    pub now: PolicyChoice,
    /// What the hall file says; the day begins with it.
    pub of_file: String,
    /// All that may be chosen.
    pub choices: Vec<PolicyChoice>,
    /// Who switched it last today, when and why; none while the hall file's choice stands untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched: Option<Entry>,
}

/// `POST /policy`: another policy until the day ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// Which, by the name in the hall file.
    pub policy: String,
    /// Why; kept in the journal, no names.
    pub reason: String,
}

/// `POST /windows/{w}/call`: call this ticket, whatever the policy would choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PickTicket {
    /// The ticket's id, or its number of today.
    pub ticket: String,
    /// Why; kept in the journal, no names.
    pub reason: String,
}

/// `GET /windows/{w}/waiting`: who waits for this window. Each look leaves a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WaitingList {
    /// Journal position of the trace.
    pub seq: u64,
    /// The window.
    #[schema(value_type = String)]
    pub window: WindowId,
    /// In the order in which the policy would call them now.
    pub tickets: Vec<WaitingTicket>,
}

/// One who waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WaitingTicket {
    /// The ticket.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The group whose queue it is in.
    #[schema(value_type = String)]
    pub group: GroupId,
    /// What it is for now.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// Effective class.
    #[schema(value_type = String)]
    pub class: Class,
    /// Seconds since its wait counts; 0 for an appointment before its slot.
    pub waited_s: u32,
    /// Likely wait from now on, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitRange>,
}

/// The best ticket that was passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunnerUpView {
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// Its class.
    #[schema(value_type = String)]
    pub class: Class,
    /// Its score, larger is better.
    pub score: f64,
    /// Promised by, local time, `09:42`.
    pub due: String,
}

/// `GET /calls/{id}/why`: why this number was called then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhyView {
    /// Place of the call in the journal.
    pub seq: u64,
    /// When, milliseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// The ticket.
    #[schema(value_type = String)]
    pub ticket: TicketId,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// To which window.
    #[schema(value_type = String)]
    pub window: WindowId,
    /// Policy that chose.
    pub policy: String,
    /// What people call it.
    pub policy_title: Said,
    /// Score of the winner, larger is better; its measure is the policy's.
    pub score: f64,
    /// Class of the winner.
    #[schema(value_type = String)]
    pub class: Class,
    /// Promised by, local time, `09:42`.
    pub due: String,
    /// The best ticket that was passed over, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUpView>,
    /// The reason, when a clerk picked it past the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked: Option<String>,
    /// The answer in a sentence.
    pub text: Said,
    /// With `?over=A012`: the answer for that number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<OverView>,
}

/// The winner of a call beside another number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OverView {
    /// The other number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// Why it was not the one, for programs: `lower-score`, `same-kind-later`, `ordinary-turn`, `not-waiting`, ...
    pub because: String,
    /// Its score at that moment, if it existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The answer in a sentence.
    pub text: Said,
}

/// `GET /forecast/clear`: when the queue will be gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Clear {
    /// How many wait for whom a window is open or is expected to open; in an answer of `POST /whatif` those for whom
    /// that is so either way.
    pub waiting: u32,
    /// How many wait for whom there is none; they count in nothing else here.
    pub stranded: u32,
    /// Windows that call now.
    pub windows_open: u32,
    /// Time from now until the last of them is called; zeros when nobody waits.
    pub gone: WaitRange,
    /// Local times of `gone`, `16:40`.
    pub gone_at: [String; 3],
    /// Mean time from now until the call of those who wait, seconds.
    pub mean_wait_s: u32,
    /// True when they are likely all called before the hall closes.
    pub today: bool,
    /// The answer in a sentence.
    pub text: Said,
}

/// `POST /whatif`: windows that would open or close now. Nothing is changed by asking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// Windows that would open now.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub open: Vec<WindowId>,
    /// Windows that would close for the day now.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub close: Vec<WindowId>,
}

/// The hall as it goes and as it would go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfAnswer {
    /// As it goes.
    pub now: Clear,
    /// As it would go.
    pub then: Clear,
    /// The answer in a sentence.
    pub text: Said,
}

/// `GET /manager`: everything that the manager's page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ManagerView {
    /// Journal position that this is true at.
    pub seq: u64,
    /// When it was made, milliseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub as_of: UnixMillis,
    /// The hall's name.
    pub hall: LocalText,
    /// What chooses.
    pub policy: PolicyView,
    /// Windows in the order of the hall file.
    pub windows: Vec<WindowNow>,
    /// Groups in the order of the hall file.
    pub groups: Vec<GroupNow>,
    /// Those who wait longest, at most ten.
    pub longest: Vec<WaitingTicket>,
    /// When the queue will be gone.
    pub clear: Clear,
    /// Calls of today, newest first, at most thirty.
    pub calls: Vec<CallNote>,
    /// Looks, calls and switches past the policy today, newest first, at most thirty.
    pub entries: Vec<Entry>,
    /// What needs a manager now, the most urgent first.
    pub alerts: Vec<Alert>,
}

/// A window as the manager sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowNow {
    /// The window.
    #[schema(value_type = String)]
    pub id: WindowId,
    /// What the sign above it says.
    pub name: LocalText,
    /// What it is for.
    #[schema(value_type = String)]
    pub kind: WindowKind,
    /// Whether it calls.
    #[schema(value_type = String)]
    pub state: WindowState,
    /// Employee code of its clerk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub clerk: Option<ClerkId>,
    /// The number it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub number: Option<TicketNo>,
    /// True once service began.
    pub serving: bool,
    /// Seconds since the number was called, or since the window has had nobody, or since it is in its state.
    pub for_s: u32,
    /// People waiting whom it may call.
    pub waiting: u32,
    /// Numbers served there today.
    pub served: u32,
    /// True when the hall file lets it, or its clerk, call past the policy.
    pub may_pick: bool,
}

/// A queue as the manager sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupNow {
    /// The group.
    #[schema(value_type = String)]
    pub id: GroupId,
    /// Its name.
    pub name: LocalText,
    /// People waiting.
    pub waiting: u32,
    /// Open windows that serve it.
    pub windows_open: u32,
    /// Mean wait of those who wait, so far, seconds.
    pub waited_mean_s: u32,
    /// Longest wait so far, seconds.
    pub waited_max_s: u32,
    /// Likely wait of somebody who comes now; none where nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitRange>,
}

/// One call with its why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallNote {
    /// Place in the journal: ask `GET /calls/{seq}/why` for more.
    pub seq: u64,
    /// When.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// The number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// To which window.
    #[schema(value_type = String)]
    pub window: WindowId,
    /// How long it had waited, seconds.
    pub waited_s: u32,
    /// The reason, when a clerk picked it past the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked: Option<String>,
    /// Why, in a sentence.
    pub text: Said,
}

/// What an [`Entry`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// The policy was switched.
    Policy,
    /// A clerk called a number past the policy.
    Pick,
    /// A clerk looked at the list of those who wait.
    Peek,
}

/// Something that was done past the policy, with who and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Place in the journal.
    pub seq: u64,
    /// When.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// What.
    pub kind: EntryKind,
    /// Who: an employee code, or the role and id of a machine.
    pub by: String,
    /// The window, where one took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub window: Option<WindowId>,
    /// The number, where one took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub number: Option<TicketNo>,
    /// The reason given.
    pub reason: String,
    /// What was done, in a sentence.
    pub text: Said,
}

/// What an [`Alert`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// The journal cannot be written.
    Trouble,
    /// Somebody at a kiosk needs staff.
    StaffCalled,
    /// People wait for whom no window is open.
    NoWindow,
    /// Somebody waits longer than an hour.
    LongWait,
    /// A number was called long ago and nothing followed.
    CalledLong,
    /// The queue will likely not be gone by closing time.
    PastClosing,
    /// No board has shown a call.
    NotShown,
}

/// Something that needs a manager.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// About what.
    pub kind: AlertKind,
    /// In a sentence.
    pub text: Said,
}
