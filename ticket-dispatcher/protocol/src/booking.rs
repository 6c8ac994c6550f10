//! Appointments: which slots are free, making and giving back a booking, what a kiosk finds for a card.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{BookingId, ServiceId, TicketNo};
use utoipa::ToSchema;

use crate::Holder;

/// `POST /bookings`, with the header `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookSlot {
    /// What for.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The local day, `2026-11-23`.
    pub day: String,
    /// Beginning of the slot in local time, `10:00`.
    pub slot: String,
    /// Who. Only a tag of the number is kept, and that for 30 days after the appointment.
    pub holder: Holder,
    /// Made by staff at the desk: a block does not hold. For staff roles only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub desk: bool,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookingView {
    /// The booking.
    #[schema(value_type = String)]
    pub id: BookingId,
    /// What for.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The local day.
    pub day: String,
    /// Beginning of the slot in local time, `10:00`.
    pub slot: String,
    /// End of the slot.
    pub until: String,
    /// From when the person is asked to come; earlier is no harm, the number then waits for its slot.
    pub check_in_from: String,
    /// Until when it counts as an appointment; later it is the ordinary queue.
    pub check_in_until: String,
    /// Until when it can be given back without counting as missed.
    pub cancel_until: String,
    /// Where it stands.
    pub state: BookingStateView,
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BookingStateView {
    /// 已预约.
    Open,
    /// 已报到.
    CheckedIn,
    /// 已取消.
    Cancelled,
    /// 已取消, so late that it counts like a missed one.
    CancelledLate,
}

/// `GET /bookings/slots?service=&day=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlotsView {
    /// What for.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The local day.
    pub day: String,
    /// In order; those that have begun are left out.
    pub slots: Vec<SlotView>,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlotView {
    /// Begins, local time.
    pub from: String,
    /// Ends.
    pub to: String,
    /// Places that may still be booked.
    pub free: u32,
    /// People whom the windows can serve in it, walk-ins included.
    pub capacity: u32,
}

/// `POST /bookings/find`: a body, because a number must never stand in an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindBookings {
    /// Who.
    pub holder: Holder,
}

/// Answer of `POST /bookings/find` and `POST /bookings/unblock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundBookings {
    /// Open bookings of today, the earliest first.
    pub today: Vec<BookingView>,
    /// The first day on which the person may book online again; none for everybody who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_until: Option<String>,
    /// The person's number of today that was called in vain and may come back: taking a number for its service does so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedTicket>,
}

/// A number that was called in vain and may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissedTicket {
    /// The number.
    #[schema(value_type = String)]
    pub number: TicketNo,
    /// The service that it is next for.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// Until when it may, local time like `11:42`.
    pub until: String,
}

/// `POST /bookings/unblock`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnblockBooker {
    /// Who.
    pub holder: Holder,
    /// Why; no names.
    pub reason: String,
}
