//! What a clerk does at a window. Paths are in the OpenAPI document; an empty body means all defaults.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{ClerkId, CloseReason, ServiceId, WindowId};
use utoipa::ToSchema;

use crate::{GroupView, TicketView, WindowView};

/// `POST /windows/{w}/open`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenWindow {
    /// Employee code. Counts from a tool of the machine alone: who has signed in is known, and a window's certificate
    /// is nobody.
    #[schema(value_type = String)]
    pub clerk: ClerkId,
}

/// `POST /windows/{w}/pause` and `/close`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseWindow {
    /// Why; a break if left out on pause, the end of the day on close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<CloseReason>,
}

/// `POST /windows/{w}/next`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextTicket {
    /// Finish what the window has now first. Without it a window that still has somebody gets 409.
    #[serde(default)]
    pub finish_current: bool,
}

/// Answer of `next` (200), and what the clerk's page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Called {
    /// The window.
    #[schema(value_type = String)]
    pub window: WindowId,
    /// Who was called; with more matters that this window serves, who is still here with the next of them, `serving`.
    pub ticket: TicketView,
    /// One sentence: why this one.
    pub why: String,
}

/// The next of several matters on one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextMatter {
    /// The service.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// This window goes on with it at once; otherwise it waits, its place kept, for a window that serves it.
    pub here: bool,
}

/// `GET /windows/{w}`: everything the clerk's page shows. Read again whenever an answer was lost, so that the page
/// never guesses what became of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowDesk {
    /// Journal position that this is true at.
    pub seq: u64,
    /// The window.
    pub window: WindowView,
    /// Employee code of the clerk who opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub clerk: Option<ClerkId>,
    /// Whom it has now: called or being served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<TicketView>,
    /// Seconds until the number that was called can be marked as missed; 0 when it can, none when none is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miss_in_s: Option<u32>,
    /// What the present ticket needs after the present matter; none when that is its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_matter: Option<NextMatter>,
    /// One sentence: why this one was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// People waiting whom this window may call.
    pub waiting: u32,
    /// The groups this window serves, with people waiting; counts only, so that nobody picks and chooses.
    pub groups: Vec<GroupView>,
    /// Tickets this window put aside, oldest first.
    pub held: Vec<TicketView>,
    /// True when the hall file lets this window, or whoever asks, call past the policy.
    #[serde(default)]
    pub may_pick: bool,
    /// Tickets this window called in vain today, newest first, at most five; they can be requeued.
    pub missed: Vec<TicketView>,
}

/// `POST /tickets/{id}/finish`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishTicket {}

/// `POST /tickets/{id}/transfer`: to a service or to a window, one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferTicket {
    /// The service it should have been taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    /// The window it is sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub window: Option<WindowId>,
    /// Why; kept in the journal, no names.
    #[serde(default)]
    pub reason: String,
}

/// `POST /tickets/{id}/cancel`, `/requeue`, `/hold`, `/resume`, `/no-show`, `/recall`, `/start`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelTicket {
    /// Why; kept in the journal, no names.
    #[serde(default)]
    pub reason: String,
}

/// `POST /tickets/{id}/rate`: the five levels of 好差评.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateTicket {
    /// 5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意.
    pub stars: u8,
}
