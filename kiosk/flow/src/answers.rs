//! What the dispatcher's answers do to the session.

use ticket_dispatcher_types::{IdemKey, TicketId};
use ui_model::Trouble;

use crate::flow::{Effects, Flow, ignored, log};
use crate::session::{Place, Session, Stage};
use crate::{Catalogue, DispatcherInput, Effect, Moment, Outcome, Phrase, Reason, Ticket};

/// Attempts at one request that nobody answered, before the dispatcher counts as away.
const LOST_IS_AWAY: u8 = 2;

impl Flow {
    pub(crate) fn dispatcher(&mut self, at: &Moment, input: DispatcherInput, effects: &mut Effects) -> Outcome {
        match input {
            DispatcherInput::Issued { key, ticket } => self.issued(at, key, ticket, effects),
            DispatcherInput::AlreadyHolds { key, ticket } => self.already_holds(at, key, ticket, effects),
            DispatcherInput::Refused { key, trouble } => self.refused(at, key, trouble, effects),
            DispatcherInput::Unavailable { key, trouble } => self.unavailable(at, key, trouble, effects),
            found @ DispatcherInput::Bookings { .. } => self.bookings_found(at, found, effects),
            DispatcherInput::Services(catalogue) => self.services(catalogue),
            DispatcherInput::Lent(lent) => self.lent(lent),
            DispatcherInput::Strip(calls) => {
                let same = self.strip == calls;
                self.strip = calls;
                if same { ignored(Reason::Same) } else { Outcome::Advanced }
            }
            DispatcherInput::Away if self.dispatcher_away_since.is_some() => ignored(Reason::Same),
            DispatcherInput::Away => {
                self.dispatcher_away_since = Some(at.now);
                effects.push(log("dispatcher_away"));
                Outcome::Advanced
            }
            DispatcherInput::Back if self.dispatcher_away_since.is_none() => ignored(Reason::Same),
            DispatcherInput::Back => {
                self.dispatcher_away_since = None;
                effects.push(Effect::RefreshServices);
                effects.push(log("dispatcher_back"));
                Outcome::Advanced
            }
            DispatcherInput::GivenBack(id) => self.given_back(at, id, effects),
            DispatcherInput::GiveBackFailed(id) => self.give_back_failed(id, effects),
        }
    }

    /// Whether the session waits for this key, and whether its person has cancelled meanwhile.
    fn waits_for(&self, key: IdemKey) -> Option<bool> {
        match self.session.as_ref().map(|s| &s.stage) {
            Some(Stage::Issuing { underway, cancel, .. }) if underway.key == key => Some(*cancel),
            Some(Stage::Failed { key: Some(open), .. }) if *open == key => Some(false),
            _ => None,
        }
    }

    fn issued(&mut self, at: &Moment, key: IdemKey, mut ticket: Ticket, effects: &mut Effects) -> Outcome {
        if ticket.offline {
            self.use_up(ticket.number);
            ticket.windows = self.catalogue.windows_of(&ticket.services);
        }
        match self.waits_for(key) {
            // The session is over. The ticket stays open: the person who taps again is shown it.
            None => ignored(Reason::Late),
            Some(true) => {
                effects.push(Effect::CancelTicket {
                    id: ticket.id,
                    number: ticket.number,
                });
                self.end_with_word(at, true, effects);
                Outcome::Advanced
            }
            Some(false) => {
                self.show_ticket(at, ticket, false, effects);
                effects.push(Effect::RefreshServices);
                Outcome::Advanced
            }
        }
    }

    fn already_holds(&mut self, at: &Moment, key: IdemKey, ticket: Ticket, effects: &mut Effects) -> Outcome {
        match self.waits_for(key) {
            None => ignored(Reason::Late),
            Some(true) => {
                self.end_with_word(at, false, effects);
                Outcome::Advanced
            }
            Some(false) => {
                let mut ticket = ticket;
                if ticket.windows.is_empty() {
                    ticket.windows = self.catalogue.windows_of(&ticket.services);
                }
                effects.push(Effect::Speak(Phrase::AlreadyHolds(ticket.number)));
                effects.push(log("already_holds"));
                if let Some(session) = &mut self.session {
                    session.person = None;
                    session.touch(at.now);
                    session.stage = Stage::Held { ticket, busy: false };
                }
                Outcome::Advanced
            }
        }
    }

    fn refused(&mut self, at: &Moment, key: IdemKey, trouble: Trouble, effects: &mut Effects) -> Outcome {
        match self.waits_for(key) {
            None => ignored(Reason::Late),
            Some(true) => {
                self.end_with_word(at, false, effects);
                Outcome::Advanced
            }
            Some(false) => {
                self.fail(trouble, None, effects);
                effects.push(Effect::RefreshServices);
                Outcome::Advanced
            }
        }
    }

    fn unavailable(&mut self, at: &Moment, key: IdemKey, said: Trouble, effects: &mut Effects) -> Outcome {
        let Some(Stage::Issuing {
            underway,
            trouble,
            lost,
            ..
        }) = self.session.as_mut().map(|s| &mut s.stage)
        else {
            return ignored(Reason::Late);
        };
        if underway.key != key {
            return ignored(Reason::Late);
        }
        *trouble = said;
        if said == Trouble::DispatcherAway {
            *lost = lost.saturating_add(1);
        }
        // Two lost in a row are an outage, and a person waits: the next catalogue may be long in coming.
        if *lost >= LOST_IS_AWAY && self.dispatcher_away_since.is_none() {
            self.dispatcher_away_since = Some(at.now);
            effects.push(log("dispatcher_away"));
        }
        Outcome::Advanced
    }

    fn services(&mut self, catalogue: Catalogue) -> Outcome {
        if self.catalogue == catalogue {
            return ignored(Reason::Same);
        }
        self.catalogue = catalogue;
        if let Some(session) = &mut self.session {
            let known = &self.catalogue;
            session.chosen.retain(|id| known.service(id).is_some());
            // The hall file was changed under the person's hands: choose again rather than confirm nothing.
            let nothing_left = session.chosen.is_empty() && matches!(session.stage, Stage::At);
            if nothing_left && session.place == Place::Confirm {
                session.place = Place::Groups;
            }
        }
        Outcome::Advanced
    }

    fn given_back(&mut self, at: &Moment, id: TicketId, effects: &mut Effects) -> Outcome {
        if !self.gives_back(id) {
            return ignored(Reason::Late);
        }
        self.end_with_word(at, true, effects);
        effects.push(Effect::RefreshServices);
        Outcome::Advanced
    }

    fn give_back_failed(&mut self, id: TicketId, effects: &mut Effects) -> Outcome {
        if !self.gives_back(id) {
            return ignored(Reason::Late);
        }
        self.fail(Trouble::NotGivenBack, None, effects);
        Outcome::Advanced
    }

    fn gives_back(&self, id: TicketId) -> bool {
        matches!(&self.session, Some(Session { stage: Stage::Held { ticket, busy: true }, .. }) if ticket.id == id)
    }
}
