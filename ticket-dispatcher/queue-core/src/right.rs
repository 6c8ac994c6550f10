//! Who may act on a ticket. Decided here, on the state that the event meets: a console that was away for a moment may
//! have seen its ticket as it stood before another window called it.

use ticket_dispatcher_types::{TicketId, TicketState, WindowId};

use crate::effect::Refusal;
use crate::engine::Engine;
use crate::event::{By, Event};

impl Engine {
    /// Whether these hands may do this now. What is done without naming hands (by a manager, by the hall itself) may.
    pub fn may(&self, by: &By, event: &Event) -> Result<(), Refusal> {
        match event {
            Event::Recall { ticket }
            | Event::Start { ticket }
            | Event::Finish { ticket }
            | Event::NoShow { ticket }
            | Event::Transfer { ticket, .. }
            | Event::Hold { ticket, .. }
            | Event::Resume { ticket } => self.has_or_had(by, *ticket),
            // A citizen gives a number back or checks in again at any kiosk or desk, but not over a clerk's head.
            Event::Requeue { ticket, .. } | Event::Cancel { ticket, .. } => {
                let at_window = |state| matches!(state, TicketState::Called | TicketState::Serving | TicketState::Held);
                match self.ticket(*ticket) {
                    Some(known) if at_window(known.state) => self.has_or_had(by, *ticket),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn has_or_had(&self, by: &By, id: TicketId) -> Result<(), Refusal> {
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        let own = |window: &WindowId| ticket.window.as_ref() == Some(window);
        match by {
            By::Window { window } if own(window) => Ok(()),
            By::Window { .. } | By::Kiosk => Err(Refusal::NotYours { number: ticket.number }),
        }
    }
}
