//! A ticket and a window as the engine remembers them: plain data, changed only by `fold`.

use ticket_dispatcher_types::{
    BookingId, Cases, Class, ClerkId, DeviceId, GroupId, Millis, ServiceId, TicketId, TicketNo, TicketState, WindowId,
    WindowState,
};

use crate::effect::Place;
use crate::forecast::Forecast;

/// A ticket of today. The arena keeps them in order of issue.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Ticket {
    /// For ever.
    pub id: TicketId,
    /// As printed.
    pub number: TicketNo,
    /// Order of issue today, from 0.
    pub order: u32,
    /// What the person came for.
    pub services: Vec<ServiceId>,
    /// Which of `services` is next or under way.
    pub matter: u8,
    /// The group whose queue it is in.
    pub group: GroupId,
    /// Effective class.
    pub class: Class,
    /// Old or disabled, whatever its effective class: takes longer.
    pub(crate) slow: bool,
    /// Place of the present service in the hall file.
    pub(crate) service_at: usize,
    /// Place of `group` in the hall file.
    pub(crate) group_at: usize,
    /// Cases of an agent.
    pub cases: Cases,
    /// The booking it came with.
    pub booking: Option<BookingId>,
    /// Opaque, equal for equal persons within the day.
    pub holder: Option<String>,
    /// The kiosk or desk it came from.
    pub device: Option<DeviceId>,
    /// Where it stands.
    pub state: TicketState,
    /// When it was given out.
    pub issued: Millis,
    /// Its place in the queue.
    pub place: Place,
    /// Only this window may call it: the clerk sent it there, or keeps it.
    pub bound: Option<WindowId>,
    /// Goes before all others of its window: taken up again after a hold.
    pub front: bool,
    /// The window that has it, or had it last.
    pub window: Option<WindowId>,
    /// How often it was called for the present matter.
    pub calls: u8,
    /// Last call.
    pub called: Option<Millis>,
    /// Start of the present service.
    pub started: Option<Millis>,
    /// End of everything.
    pub ended: Option<Millis>,
    /// Came back after a missed call; a second return is refused.
    pub returned: bool,
    /// The ticket that counts instead of this one.
    pub superseded_by: Option<TicketId>,
    /// The person's rating.
    pub stars: Option<u8>,
    /// What the slip said.
    pub forecast: Option<Forecast>,
    /// Everything that happened to it, in order.
    pub history: Vec<Step>,
}

impl Ticket {
    /// The service that is next or under way.
    pub fn service(&self) -> &ServiceId {
        &self.services[usize::from(self.matter)]
    }

    /// From when its wait counts.
    pub fn base(&self) -> Millis {
        Millis(self.place.base_ms)
    }
}

/// One line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// When.
    pub at: Millis,
    /// What it became, or stayed.
    pub state: TicketState,
    /// At which window.
    pub window: Option<WindowId>,
    /// What happened, one of the effect names (`called`, `recalled`, `transferred`, ...).
    pub what: &'static str,
}

/// A window now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowNow {
    /// The window.
    pub id: WindowId,
    /// Whether it calls.
    pub state: WindowState,
    /// Since when it is in this state.
    pub since: Millis,
    /// Why it does not call.
    pub reason: Option<ticket_dispatcher_types::CloseReason>,
    /// Who sits there.
    pub clerk: Option<ClerkId>,
    /// The ticket called to it or served by it.
    pub current: Option<TicketId>,
    /// Since when nobody is there, or since when it opened.
    pub idle_since: Millis,
}
