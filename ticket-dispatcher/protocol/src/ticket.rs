//! Taking a ticket and looking one up.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{
    BookingId, Cases, CheckCode, Class, DeviceId, DocumentKind, Personal, ServiceId, TicketId, TicketNo, TicketState,
    WindowId,
};
use utoipa::ToSchema;

use crate::WaitRange;

/// The person of a ticket, as read from the card. Lives in memory and inside TLS only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Which paper was shown.
    #[schema(value_type = String)]
    pub document: DocumentKind,
    /// Its number.
    #[schema(value_type = String)]
    pub number: Personal,
    /// The name on it.
    #[schema(value_type = String)]
    pub name: Personal,
    /// Birth date, `YYYYMMDD`; used for the age band and forgotten.
    #[schema(value_type = String)]
    pub birth: Personal,
}

/// `POST /tickets`, with the header `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeTicket {
    /// What for: 1 to `matters_max` services.
    #[schema(value_type = Vec<String>)]
    pub services: Vec<ServiceId>,
    /// Who; none for a ticket that the desk gives out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Priority class asked for; `normal` if left out. `appt` comes only from a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub class: Option<Class>,
    /// The booking that is checked in with this ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub booking: Option<BookingId>,
    /// How many cases an agent brings; 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>)]
    pub cases: Option<Cases>,
    /// The kiosk or desk that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
}

/// Answer of `POST /tickets`: 201, or 200 when the key came before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketIssued {
    /// The ticket.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// 80 random bits as 16 Crockford base32 characters; opens the lookup.
    pub token: String,
    /// Four digits beside the number.
    #[schema(value_type = String)]
    pub check_code: CheckCode,
    /// What for.
    #[schema(value_type = Vec<String>)]
    pub services: Vec<ServiceId>,
    /// Effective class.
    #[schema(value_type = String)]
    pub class: Class,
    /// People before it when it was issued.
    pub people_ahead: u32,
    /// Likely wait when it was issued, seconds; null when nobody can say, because no window is open for it.
    #[serde(default)]
    pub wait_p10_s: Option<u32>,
    /// See `wait_p10_s`.
    #[serde(default)]
    pub wait_p50_s: Option<u32>,
    /// See `wait_p10_s`.
    #[serde(default)]
    pub wait_p90_s: Option<u32>,
    /// Names of the windows that may call it.
    #[schema(value_type = Vec<crate::LocalText>)]
    pub windows: crate::WindowSigns,
    /// Masked name, only where the hall prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_name: Option<String>,
    /// Cases on it.
    #[serde(default)]
    #[schema(value_type = u8)]
    pub cases: Cases,
    /// The person's missed number, back in the queue at the hall's place for such: it happens once, the next is fresh.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub returned: bool,
    /// What the QR on the ticket says.
    pub lookup_url: String,
    /// RFC 3339, UTC.
    pub issued_at: String,
}

/// One ticket with its history, for staff: `GET /tickets/{id}` and the answer of every ticket action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketView {
    /// The ticket.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// Where it stands.
    #[schema(value_type = String)]
    pub state: TicketState,
    /// What for.
    #[schema(value_type = Vec<String>)]
    pub services: Vec<ServiceId>,
    /// Which of them is next or under way, from 0.
    #[serde(default)]
    pub matter: u8,
    /// Effective class.
    #[schema(value_type = String)]
    pub class: Class,
    /// Cases on it.
    #[schema(value_type = u8)]
    pub cases: Cases,
    /// Masked name of the holder, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_name: Option<String>,
    /// The window that has it now, or had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub window: Option<WindowId>,
    /// Times it was called.
    pub calls: u8,
    /// RFC 3339, UTC.
    pub issued_at: String,
    /// What happened to it, in order.
    pub history: Vec<TicketHistory>,
}

/// A line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketHistory {
    /// Position in the journal.
    pub seq: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// What happened, in the words of the journal (`issued`, `called`, ...).
    pub what: String,
    /// The window, where one took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub window: Option<WindowId>,
}

/// `POST /lookup`: what is printed on the slip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupPair {
    /// `A023`.
    pub number: String,
    /// Four digits.
    pub check_code: String,
}

/// State of one ticket without a person in it: `GET /lookup?t=TOKEN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LookupView {
    /// Its number: the one that is called.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The number on the slip, where another one counts: the person took two while kiosks were cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub slip: Option<TicketNo>,
    /// What the person should do.
    pub state: LookupState,
    /// Names of the services, in the order in which they are done.
    pub services: Vec<crate::LocalText>,
    /// How many of them are done.
    #[serde(default)]
    pub done: u8,
    /// The rest may need another window than the first: one number serves for all, its place is kept.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub in_order: bool,
    /// Papers to have at hand, each once, in the order of the hall file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<crate::LocalText>,
    /// People before it; 0 unless waiting.
    pub people_ahead: u32,
    /// Likely wait from now on, while waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitRange>,
    /// Both in words, while waiting: the same that the kiosk and the slip say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldWait>,
    /// How a missed number comes back, while it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<WayBack>,
    /// The window to go to, once called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_name: Option<crate::LocalText>,
    /// Windows that may call it.
    pub windows: Vec<crate::LocalText>,
    /// The hall's name.
    pub hall: crate::LocalText,
    /// The hall's phone number.
    pub hall_phone: String,
    /// RFC 3339, UTC.
    pub issued_at: String,
    /// RFC 3339, UTC: when this was true.
    pub as_of: String,
    /// Journal position.
    pub seq: u64,
}

/// Place and wait in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToldWait {
    /// `前面还有 4 人`.
    pub ahead: crate::LocalText,
    /// `约 10 至 25 分钟`; what happens next where nobody can say.
    pub wait: crate::LocalText,
}

/// How a missed number comes back, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WayBack {
    /// Until when, local time like `11:42`.
    pub until: String,
    /// At which place of the queue.
    pub place: u8,
}

/// Where a ticket stands, as told to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LookupState {
    /// 离线取号: taken while the kiosk was cut off; it counts once the line is back.
    Offline,
    /// 等候中.
    Waiting,
    /// 请到窗口.
    Called,
    /// 办理中.
    Serving,
    /// 暂时挂起.
    Held,
    /// 已办结.
    Finished,
    /// 已过号: check in again at a kiosk or the desk.
    NoShow,
    /// 已取消.
    Cancelled,
}

impl From<TicketState> for LookupState {
    fn from(state: TicketState) -> Self {
        match state {
            TicketState::Waiting => Self::Waiting,
            TicketState::Called => Self::Called,
            TicketState::Serving => Self::Serving,
            TicketState::Held => Self::Held,
            TicketState::Finished => Self::Finished,
            TicketState::NoShow => Self::NoShow,
            TicketState::Cancelled => Self::Cancelled,
        }
    }
}
