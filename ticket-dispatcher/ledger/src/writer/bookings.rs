//! Bookings on their way through the writer: whose they are is filled in here, where the tags are.

use ticket_dispatcher_queue_core::{Effect, Event, NewTicket, Refusal};

use super::{Command, GivenUp, Writer};
use crate::booker;
use crate::row::Committed;

impl Writer {
    /// Fills in the person of an event about bookings. A refusal here is one that the engine cannot know: the person
    /// before the kiosk is not the one who booked.
    pub(super) fn fill_person(&self, command: &Command, event: &mut Event) -> Result<Option<Refusal>, GivenUp> {
        let tag = command.holder.as_ref().and_then(|facts| facts.tag.as_ref());
        let known = || tag.map_or(Ok(None), |tag| booker::person(&self.db, tag));
        match event {
            Event::Book(new) => new.person = known()?.unwrap_or_else(|| booker::new_person(self.entropy)),
            Event::Unblock { person, .. } => match known()? {
                Some(found) => *person = found,
                None => return Ok(Some(Refusal::NotBlocked)),
            },
            // Without a card it is staff who ask, and they have seen who stands before them.
            Event::Take(NewTicket { booking: Some(id), .. }) if tag.is_some() => {
                let owner = self.engine.booking(id).map(|b| b.person.clone());
                if owner.is_some() && owner != known()? {
                    let booking = id.clone();
                    return Ok(Some(Refusal::UnknownBooking { booking }));
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// A booking is remembered with its person in the transaction of its row.
    pub(super) fn keep_booker(&self, command: &Command, row: &Committed) -> rusqlite::Result<()> {
        let tag = command.holder.as_ref().and_then(|facts| facts.tag.as_ref());
        for effect in row.effects.iter() {
            if let (Effect::Booked { booking, .. }, Some(tag)) = (effect, tag) {
                booker::keep(&self.db, tag, &booking.person, &booking.day)?;
            }
        }
        Ok(())
    }
}
