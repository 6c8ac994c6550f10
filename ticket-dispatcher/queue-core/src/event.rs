//! What comes into the engine.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{
    BookingId, Cases, Class, ClerkId, CloseReason, DeviceId, GroupId, ServiceId, TicketId, WindowId,
};

use crate::booking::NewBooking;
use crate::lease::OfflineTicket;
use crate::policy::Policy;

/// An input. Everything random (ids, tokens) is made outside and comes in; everything about a person stays outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A new day: number series begin at 1, tickets of the day before that are still open become void.
    DayBegins {
        /// The local date, `2026-11-21`.
        day: String,
    },
    /// A person takes a ticket.
    Take(NewTicket),
    /// A window begins or resumes calling.
    Open {
        /// The window.
        window: WindowId,
        /// Who sits there; none keeps the clerk who was there.
        clerk: Option<ClerkId>,
    },
    /// A clerk steps away for a moment; the window keeps its ticket.
    Pause {
        /// The window.
        window: WindowId,
        /// Why.
        reason: CloseReason,
    },
    /// A window stops calling; a service under way is finished.
    Close {
        /// The window.
        window: WindowId,
        /// Why.
        reason: CloseReason,
    },
    /// The clerk asks for the next ticket: the policy's choice.
    Next {
        /// The window.
        window: WindowId,
        /// Finish what the window has now first.
        finish_current: bool,
    },
    /// Dispatch step of a hall that calls by itself: fills every idle open window. `simulate` uses it.
    Dispatch,
    /// Calls the window's called ticket once more.
    Recall {
        /// The ticket.
        ticket: TicketId,
    },
    /// The person is there.
    Start {
        /// The ticket.
        ticket: TicketId,
    },
    /// Served.
    Finish {
        /// The ticket.
        ticket: TicketId,
    },
    /// Called in vain.
    NoShow {
        /// The ticket.
        ticket: TicketId,
    },
    /// Sent to another service or window, its place kept.
    Transfer {
        /// The ticket.
        ticket: TicketId,
        /// Where to.
        to: TransferTo,
        /// Why; no names.
        reason: String,
    },
    /// Back into the queue (from no-show: at third place, once; from called or serving: its old place).
    Requeue {
        /// The ticket.
        ticket: TicketId,
        /// Why; no names.
        reason: String,
    },
    /// Put aside by the clerk; the window is free.
    Hold {
        /// The ticket.
        ticket: TicketId,
        /// Why; no names.
        reason: String,
    },
    /// A held ticket goes on: at the front of its class for the window that held it.
    Resume {
        /// The ticket.
        ticket: TicketId,
    },
    /// Given back.
    Cancel {
        /// The ticket.
        ticket: TicketId,
        /// Why; no names.
        reason: String,
    },
    /// A person books an appointment.
    Book(NewBooking),
    /// A booking is given back.
    CancelBooking {
        /// Which.
        booking: BookingId,
    },
    /// Staff let a person book online again.
    Unblock {
        /// Whom, as in the booking.
        person: String,
        /// Why; no names.
        reason: String,
    },
    /// Numbers are lent to a kiosk for today, for the time when it cannot reach the dispatcher.
    Lend {
        /// To whom.
        kiosk: DeviceId,
        /// Of which group.
        group: GroupId,
        /// The tickets that the numbers will become, made outside.
        ids: Vec<TicketId>,
    },
    /// A ticket that a kiosk gave out of its block comes in.
    HandOver(Box<OfflineTicket>),
    /// The person's rating, 1 to 5 stars.
    Rate {
        /// The ticket.
        ticket: TicketId,
        /// 5 is best.
        stars: u8,
    },
    /// The hall's policy from now on, until the day ends.
    SetPolicy {
        /// Which.
        policy: Policy,
        /// Who says so: role and id, never a name.
        by: String,
        /// Why; no names.
        reason: String,
    },
    /// A clerk calls a ticket of the own choice. Whether the clerk may is settled before the engine hears of it.
    Pick {
        /// The window.
        window: WindowId,
        /// The ticket.
        ticket: TicketId,
        /// Why; no names.
        reason: String,
    },
    /// A clerk looks at the list of those who wait; kept, because it is the first half of picking.
    Peek {
        /// The window.
        window: WindowId,
        /// Why; no names.
        reason: String,
    },
}

/// Whose hands act on a ticket, where that decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum By {
    /// The clerk at a window, or at the desk.
    Window {
        /// Which.
        window: WindowId,
    },
    /// A citizen at a self-service terminal.
    Kiosk,
}

/// A ticket asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTicket {
    /// Made outside, UUIDv7.
    pub id: TicketId,
    /// What for, at least one.
    pub services: Vec<ServiceId>,
    /// Class asked for.
    pub class: Class,
    /// The booking it checks in.
    pub booking: Option<BookingId>,
    /// Cases of an agent.
    pub cases: Cases,
    /// Opaque, equal for equal persons within a day (hex); none for a ticket from the desk. Never an identity.
    pub holder: Option<String>,
    /// Who asked.
    pub source: Source,
}

/// Who asked for a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The kiosk or desk, if it said so.
    pub device: Option<DeviceId>,
}

/// Where a ticket is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum TransferTo {
    /// Another service, whoever serves it.
    Service {
        /// The service.
        service: ServiceId,
    },
    /// One window.
    Window {
        /// The window.
        window: WindowId,
    },
    /// Another group of the same ticket's matters.
    Group {
        /// The group.
        group: GroupId,
    },
}
