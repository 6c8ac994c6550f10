//! Errors on the wire: RFC 9457 problem documents, `application/problem+json`.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Cases, ServiceId, TicketId, TicketNo, TicketState};
use utoipa::ToSchema;

use crate::WaitRange;

/// What went wrong, for programs. The last part of the document's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// 409: the person holds an open ticket of this group already; `ticket` says which.
    AlreadyHolds,
    /// 409: the ticket or window is not in a state in which this can be done.
    WrongState,
    /// 409: a called person is given time to come; `left_s` says how long before the number can be marked as missed.
    TooEarly,
    /// 409: a number given out offline on another day, which is over.
    DayIsOver,
    /// 409: every place of this slot that may be booked is booked.
    SlotFull,
    /// 409: the person has a booking of this group on this day.
    AlreadyBooked,
    /// 403: the person stayed away too often; `detail` says until when. Walking in is never blocked.
    BookingBlocked,
    /// 422: the request is well formed and cannot be met (unknown service, too many matters, ...).
    Unprocessable,
    /// 422: no number is given out now (outside hours, or the last ticket of this group is gone).
    NotIssuing,
    /// 400: not JSON, a missing field, a bad identifier.
    Malformed,
    /// 401: no or wrong credentials.
    Unauthorised,
    /// 403: this role may not do this.
    Forbidden,
    /// 403: the first password must be replaced; send a new one with it.
    MustChange,
    /// 422: the new password is too short, or the old one.
    WeakPassword,
    /// 404: no such ticket, window or service.
    NotFound,
    /// 413: the body is longer than allowed.
    TooLarge,
    /// 422: the same `Idempotency-Key` came before with another request.
    KeyReused,
    /// 429: too many requests.
    TooMany,
    /// 503: the ledger cannot write; ask again with the same key.
    LedgerUnavailable,
    /// 500: a fault of ours.
    Internal,
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:yimen:problem:<kind>`.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// Short and the same for every problem of this kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, to what, and what to do.
    pub detail: String,
    /// The kind, for programs.
    pub code: ProblemKind,
    /// With `already-holds`: the open ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<HeldTicket>,
    /// With `too-early`: seconds until it can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_s: Option<u32>,
}

/// The open ticket of a person who asked for another one. Sent to the kiosk that read the person's card, to nobody
/// else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeldTicket {
    /// The ticket.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// What it is for.
    #[schema(value_type = Vec<String>)]
    pub services: Vec<ServiceId>,
    /// Where it stands.
    #[schema(value_type = String)]
    pub state: TicketState,
    /// People before it, 0 when called.
    pub people_ahead: u32,
    /// Likely wait from now on; null when nobody can say.
    #[serde(default)]
    pub wait: Option<WaitRange>,
    /// The window it is called to, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_name: Option<crate::LocalText>,
    /// Where its state can be looked up; told to whoever prints the slip again, not to staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_url: Option<String>,
    /// The four digits beside the number; told like the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_code: Option<String>,
    /// When it was issued, RFC 3339.
    pub issued_at: String,
    /// Masked name, only where the hall prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_name: Option<String>,
    /// Cases on it.
    #[serde(default)]
    #[schema(value_type = u8)]
    pub cases: Cases,
    /// Slot of the appointment that it keeps, local time; none for an ordinary number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<KeptSlot>,
}

/// The slot of a kept appointment, local times like `10:00`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptSlot {
    /// Begins.
    pub from: String,
    /// Ends.
    pub to: String,
}
