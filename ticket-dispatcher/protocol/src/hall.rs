//! The public picture of the hall: a snapshot, and the stream of events that keeps it true.
//!
//! `GET /stream` is a stream of server-sent events. The first event of a new stream is named `snapshot` and carries a
//! [`HallSnapshot`]; every later one is named `journal` and carries a [`HallEvent`]. The event id is the journal
//! position `seq`; with `Last-Event-ID` the stream goes on behind it (or begins with a new snapshot if that is
//! cheaper). Nothing here holds a person: numbers, windows and counts only.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{GroupId, HallId, TicketNo, UnixMillis, WindowId, WindowKind, WindowState};
use utoipa::ToSchema;

use crate::LocalText;

/// Which hall this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HallInfo {
    /// The hall.
    #[schema(value_type = String)]
    pub id: HallId,
    /// Its name.
    pub name: LocalText,
    /// Its phone number.
    pub phone: String,
}

/// `GET /hall`: everything a board shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HallSnapshot {
    /// The hall.
    pub hall: HallInfo,
    /// Journal position that this is true at.
    pub seq: u64,
    /// When, milliseconds since 1970 UTC.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// Windows in the order of the hall file.
    pub windows: Vec<WindowView>,
    /// The last four calls, newest first.
    pub calls: Vec<CallView>,
    /// Numbers likely to be called next, at most eight.
    #[schema(value_type = Vec<String>)]
    pub next_up: Vec<TicketNo>,
    /// Groups in the order of the hall file.
    pub groups: Vec<GroupView>,
    /// Calls that stand and that no board has shown, oldest first: an alert for staff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unshown: Vec<CallView>,
}

/// A window as the hall sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowView {
    /// The window.
    #[schema(value_type = String)]
    pub id: WindowId,
    /// What the sign above it says (`1号综合窗口`).
    pub name: LocalText,
    /// What it is for.
    #[schema(value_type = String)]
    pub kind: WindowKind,
    /// Whether it calls.
    #[schema(value_type = String)]
    pub state: WindowState,
    /// The number it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub number: Option<TicketNo>,
    /// True once service began.
    pub serving: bool,
}

/// One call on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallView {
    /// Position in the journal.
    pub seq: u64,
    /// The number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The window to go to.
    #[schema(value_type = String)]
    pub window: WindowId,
    /// 1 for the first call, more for recalls.
    pub times: u8,
    /// When.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
}

/// A group's queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    /// The group.
    #[schema(value_type = String)]
    pub id: GroupId,
    /// Its name.
    pub name: LocalText,
    /// People waiting.
    pub waiting: u32,
}

/// One event of the stream: what happened, and the parts of the snapshot that changed, whole.
///
/// A reader replaces what is given: `window` replaces the window with that id, `group` the group, `next_up` the list;
/// a `call` goes on top of `calls`, which then keeps four (a recall replaces the entry of the same number).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HallEvent {
    /// Position in the journal.
    pub seq: u64,
    /// When.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// What happened.
    pub kind: HallEventKind,
    /// The number, where one took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub number: Option<TicketNo>,
    /// The call, with `called` and `recalled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallView>,
    /// Windows that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowView>,
    /// Groups that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupView>,
    /// The new list of numbers likely to be called next.
    #[schema(value_type = Vec<String>)]
    pub next_up: Vec<TicketNo>,
    /// The new list of calls that no board has shown, when it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unshown: Option<Vec<CallView>>,
}

/// `POST /shown`: which calls a board shows, by their `seq`; after painting, not on arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// [`CallView::seq`] of each; at most [`SHOWN_MAX`](crate::SHOWN_MAX).
    pub calls: Vec<u64>,
}

/// What a [`HallEvent`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HallEventKind {
    /// A number was given out.
    Issued,
    /// A number was called.
    Called,
    /// A number was called again.
    Recalled,
    /// Service began.
    Started,
    /// Service ended.
    Finished,
    /// One of several matters ended: the ticket goes on with the next, at the window or in the queue.
    NextMatter,
    /// Called in vain.
    NoShow,
    /// Given back or void.
    Cancelled,
    /// Sent to another service or window.
    Transferred,
    /// Put back into the queue.
    Requeued,
    /// Put aside.
    Held,
    /// Taken up again.
    Resumed,
    /// A window opened, paused or closed.
    WindowChanged,
    /// No board has shown some call in time, or one has after all: `unshown` says which are open.
    Delivery,
    /// A new day began; readers ask for a new snapshot.
    DayRolledOver,
}
