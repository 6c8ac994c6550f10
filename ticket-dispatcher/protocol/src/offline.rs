//! What lets a kiosk go on alone: numbers lent to it beforehand, and tickets handed over afterwards.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Cases, Class, DeviceId, GroupId, ServiceId, TicketId, TicketNo};
use utoipa::ToSchema;

use crate::Holder;

/// `POST /leases`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskLease {
    /// The kiosk; a certificate names it already, only a tool on the same machine has to say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
}

/// The numbers that a kiosk may give out alone today: those lent to it that it has not handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Lent {
    /// The local day on which they are good.
    pub day: String,
    /// In the order in which they are to be given out.
    pub numbers: Vec<LentNumber>,
}

/// One lent number with everything that its slip says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LentNumber {
    /// Its group.
    #[schema(value_type = String)]
    pub group: GroupId,
    /// The number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The ticket that it becomes.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// Four digits beside the number.
    pub check_code: String,
    /// What the QR on the ticket says; it answers from the loan on.
    pub lookup_url: String,
}

/// `POST /tickets/hand-over`, with the header `Idempotency-Key`: a ticket that was given out of a lent block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The kiosk; see [`AskLease::device`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// The local day on which it was given out, `2026-11-22`.
    pub day: String,
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// Its id, as lent.
    #[schema(value_type = String)]
    pub id: TicketId,
    /// RFC 3339: when it was given out.
    pub issued_at: String,
    /// What for.
    #[schema(value_type = Vec<String>)]
    pub services: Vec<ServiceId>,
    /// Who; none once the day is over, because nothing of a person may be kept so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Priority class asked for; `normal` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub class: Option<Class>,
    /// How many cases an agent brings; 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>)]
    pub cases: Option<Cases>,
    /// The person gave it back at the kiosk before it was handed over: it is handed over without its person, so that
    /// whoever looks the number up is told.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub given_back: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandedOver {
    /// Its number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The number under which the person will be called: its own, or that of another ticket of the same person.
    #[schema(value_type = String)]
    pub counts: TicketNo,
    /// People before it when it came in.
    pub people_ahead: u32,
}
