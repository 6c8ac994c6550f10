//! Tickets as the flow knows them: issued, held, and the record that is printed.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{BookingId, Cases, Class, IdemKey, Lang, ServiceId, TicketId, TicketNo, Wait};

use crate::{Card, LocalText};

/// An appointment of today that waits for its person. Times are minutes of the local day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// The booking.
    pub id: BookingId,
    /// What for.
    pub service: ServiceId,
    /// Its slot as people read it, `10:00–10:30`.
    pub slot: String,
    /// Before this the number waits for its slot.
    pub check_in_from: u16,
    /// After this it is an ordinary number.
    pub check_in_until: u16,
}

/// What the kiosk asks the dispatcher for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRequest {
    /// What for.
    pub services: Vec<ServiceId>,
    /// Who.
    pub holder: Card,
    /// Class asked for.
    pub class: Class,
    /// The appointment that is checked in.
    pub appointment: Option<Appointment>,
    /// Cases of an agent, else one.
    pub cases: Cases,
}

impl TicketRequest {
    /// The request as one line that may be stored: a digest of the whole would be a digest of an ID number, which is
    /// as good as the number.
    pub fn without_person(&self) -> String {
        let services: Vec<&str> = self.services.iter().map(ServiceId::as_str).collect();
        let (services, cases) = (services.join("+"), self.cases.get());
        match &self.appointment {
            Some(appointment) => format!("{services} {:?} {cases} {}", self.class, appointment.id),
            None => format!("{services} {:?} {cases}", self.class),
        }
    }
}

/// A ticket: just issued, or found open. Holds no person, so that the outbox may keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNo,
    /// Four digits.
    pub check_code: String,
    /// What for.
    pub services: Vec<ServiceId>,
    /// People before it.
    pub people_ahead: u32,
    /// Likely wait; none where nobody can say.
    #[serde(default)]
    pub wait: Option<Wait>,
    /// Names of the windows that may call it; empty when the dispatcher did not say.
    pub windows: Vec<LocalText>,
    /// What the QR says.
    pub lookup_url: String,
    /// When it was issued, local, `2026-11-21 09:41`.
    pub taken_at: String,
    /// The window it is called to, if it is.
    pub called_to: Option<LocalText>,
    /// Masked name, only where the hall prints it.
    pub masked_name: Option<String>,
    /// Cases on it.
    pub cases: Cases,
    /// Slot of the appointment that it keeps; none for an ordinary number.
    pub appointment: Option<String>,
    /// The person's missed number, back in the queue.
    #[serde(default)]
    pub returned: bool,
    /// Given out without the dispatcher.
    #[serde(default)]
    pub offline: bool,
}

/// The record of a slip: all that is printed, and nothing that is not. Kept in the outbox before the first byte goes
/// to the printer, so it holds no identity: the masked name is there only where the hall prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// The ticket.
    pub ticket: TicketId,
    /// The number, as on the screen.
    pub number: TicketNo,
    /// Four digits.
    pub check_code: String,
    /// Language of the words.
    pub lang: Lang,
    /// The hall.
    pub hall_name: String,
    /// The hall's phone.
    pub hall_phone: String,
    /// Name of the item group.
    pub group_name: String,
    /// Names of the services.
    pub services: Vec<String>,
    /// They may need different windows, in this order.
    #[serde(default)]
    pub in_order: bool,
    /// Names of the windows that may call it.
    pub windows: Vec<String>,
    /// People before it when this was printed.
    pub people_ahead: u32,
    /// Likely wait; none where nobody can say.
    #[serde(default)]
    pub wait: Option<Wait>,
    /// When it was issued, local.
    pub taken_at: String,
    /// What the QR says.
    pub lookup_url: String,
    /// Masked name, only where the hall prints it.
    pub masked_name: Option<String>,
    /// Cases on it, 1 for everybody but agents.
    pub cases: Cases,
    /// Slot of the appointment that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<String>,
    /// The person's missed number, back in the queue: the slip says so.
    #[serde(default)]
    pub returned: bool,
    /// Given out without the dispatcher: the slip says so.
    #[serde(default)]
    pub offline: bool,
}

/// A print job of this kiosk, counted up for ever (the outbox keeps the count).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobNo(pub i64);

/// A request under way: which key, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Underway {
    /// The key it was sent with.
    pub key: IdemKey,
    /// When it was confirmed.
    pub since: ticket_dispatcher_types::Millis,
}
