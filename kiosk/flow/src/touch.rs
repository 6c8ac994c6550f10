//! What a touch does to the session. Every intent in every state has an outcome.

use ui_model::{Intent, Trouble};

use crate::flow::{CardPlace, Effects, Flow, ignored, log};
use crate::session::{Place, Priority, Session, Stage};
use crate::{Effect, Moment, Outcome, Phrase, Reason, StaffReason};

/// Longest text of the search.
const SEARCH_LETTERS_MAX: usize = 16;

impl Flow {
    pub(crate) fn intent(&mut self, at: &Moment, intent: Intent, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::PowerFailing);
        }
        if let Some(outcome) = self.everywhere(at, &intent, effects) {
            return outcome;
        }
        if let Some(outcome) = self.making_intent(at, &intent, effects) {
            return outcome;
        }
        if let Some(session) = &mut self.session {
            session.touch(at.now);
        }
        let lies = matches!(self.card, CardPlace::Lies { .. });
        if intent == Intent::Cancel {
            return self.cancel(at, effects);
        }
        let problem = matches!(
            self.session.as_ref().map(|s| &s.stage),
            Some(Stage::CardProblem(_) | Stage::Failed { .. })
        );
        if lies && !problem {
            return ignored(Reason::CardLies);
        }
        match self.session {
            None => self.begin(at, intent, effects),
            Some(_) => self.in_session(at, intent, effects),
        }
    }

    /// Intents that hold on every screen.
    fn everywhere(&mut self, at: &Moment, intent: &Intent, effects: &mut Effects) -> Option<Outcome> {
        match intent {
            Intent::Touched | Intent::StillHere => {}
            Intent::SetLang { lang } => self.prefs.lang = *lang,
            Intent::SetElder { elder } => self.prefs.elder = *elder,
            Intent::SetLowReach { low_reach } => self.prefs.low_reach = *low_reach,
            Intent::CallStaff if self.prefs.staff_called => {}
            Intent::CallStaff => {
                self.prefs.staff_called = true;
                effects.push(Effect::CallStaff(StaffReason::Asked));
            }
            _ => return None,
        }
        self.prefs_at = at.now;
        if let Some(making) = &mut self.making {
            making.sign_of_life = at.now;
        }
        if let Some(session) = &mut self.session {
            session.touch(at.now);
        }
        Some(Outcome::Advanced)
    }

    fn cancel(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        match &mut session.stage {
            Stage::Ended { .. } | Stage::Held { busy: true, .. } => ignored(Reason::Busy),
            Stage::Issuing { cancel: true, .. } => ignored(Reason::Same),
            // The request may have reached the dispatcher: wait for its answer and give the number back.
            Stage::Issuing { cancel, .. } => {
                *cancel = true;
                Outcome::Advanced
            }
            Stage::Ticket(shown) if Self::unprinted(shown) && !shown.reprint => {
                effects.push(Effect::CancelTicket {
                    id: shown.ticket.id,
                    number: shown.ticket.number,
                });
                self.end_with_word(at, true, effects);
                Outcome::Advanced
            }
            Stage::Ticket(_) | Stage::Failed { .. } => {
                self.end(effects);
                Outcome::Advanced
            }
            Stage::At
            | Stage::Reading(_)
            | Stage::CardProblem(_)
            | Stage::PriorityOffer
            | Stage::Held { .. }
            | Stage::Looking { .. }
            | Stage::CheckIn(_) => {
                self.end_with_word(at, false, effects);
                Outcome::Advanced
            }
        }
    }

    /// The first touch of a session.
    fn begin(&mut self, at: &Moment, intent: Intent, effects: &mut Effects) -> Outcome {
        let place = match intent {
            Intent::ChooseFirst => Place::Groups,
            Intent::OpenSearch => Place::Search(String::new()),
            Intent::TapFirst => Place::Present,
            Intent::NoCard => Place::NoCard,
            Intent::ShowPrivacy => Place::Privacy,
            Intent::Guidance if self.catalogue.guidance.is_some() => Place::Confirm,
            _ => return ignored(Reason::NotOnThisScreen),
        };
        let needs_number = !matches!(place, Place::NoCard | Place::Privacy);
        let needs_card = place == Place::Present && !self.reader_up;
        let trouble = match self.blocked(at) {
            Some(trouble) if needs_number => Some(trouble),
            _ if needs_card => Some(Trouble::ReaderAway),
            _ => None,
        };
        let mut session = Session::at(place, at.now);
        if intent == Intent::Guidance {
            session.chosen.extend(self.catalogue.guidance.clone());
        }
        if session.place == Place::Present && trouble.is_none() {
            effects.push(Effect::Speak(Phrase::PresentCard));
        }
        self.session = Some(session);
        effects.push(log("session_began"));
        effects.push(Effect::RefreshServices);
        if let Some(trouble) = trouble {
            self.fail(trouble, None, effects);
        }
        Outcome::Advanced
    }

    fn in_session(&mut self, at: &Moment, intent: Intent, effects: &mut Effects) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        match &session.stage {
            Stage::At => self.at_place(at, intent, effects),
            Stage::PriorityOffer => match intent {
                Intent::AcceptPriority => self.answer_offer(at, Priority::Wanted, effects),
                Intent::DeclinePriority => self.answer_offer(at, Priority::Declined, effects),
                _ => ignored(Reason::NotOnThisScreen),
            },
            Stage::CheckIn(_) => match intent {
                Intent::CheckIn => self.check_in(at, effects),
                Intent::OtherMatter => {
                    self.after_bookings(at, effects);
                    Outcome::Advanced
                }
                _ => ignored(Reason::NotOnThisScreen),
            },
            Stage::CardProblem(_) if intent == Intent::Back => {
                session.stage = Stage::At;
                Outcome::Advanced
            }
            Stage::Held { busy: true, .. }
            | Stage::Issuing { .. }
            | Stage::Reading(_)
            | Stage::Ended { .. }
            | Stage::Looking { .. } => ignored(Reason::Busy),
            Stage::Held { .. } => self.at_held(at, intent, effects),
            Stage::Ticket(_) | Stage::Failed { .. } if matches!(intent, Intent::Done | Intent::Back) => {
                self.end(effects);
                Outcome::Advanced
            }
            Stage::Ticket(_) | Stage::Failed { .. } | Stage::CardProblem(_) => ignored(Reason::NotOnThisScreen),
        }
    }

    fn answer_offer(&mut self, at: &Moment, answer: Priority, effects: &mut Effects) -> Outcome {
        if let Some(session) = &mut self.session {
            session.priority = answer;
        }
        self.go_on_with_person(at, effects);
        Outcome::Advanced
    }

    fn at_held(&mut self, at: &Moment, intent: Intent, effects: &mut Effects) -> Outcome {
        let Some(Session {
            stage: Stage::Held { ticket, busy },
            ..
        }) = &mut self.session
        else {
            return ignored(Reason::NotOnThisScreen);
        };
        match intent {
            // Whatever the printer is doing: the next screen says what becomes of the slip.
            Intent::Reprint => {
                let ticket = ticket.clone();
                self.show_ticket(at, ticket, true, effects);
                Outcome::Advanced
            }
            Intent::CancelHeld => {
                *busy = true;
                effects.push(Effect::CancelTicket {
                    id: ticket.id,
                    number: ticket.number,
                });
                Outcome::Advanced
            }
            Intent::Done | Intent::Back => {
                self.end(effects);
                Outcome::Advanced
            }
            _ => ignored(Reason::NotOnThisScreen),
        }
    }

    fn at_place(&mut self, at: &Moment, intent: Intent, effects: &mut Effects) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        if session.place == Place::Confirm
            && let Some(outcome) = self.at_confirm(at, &intent, effects)
        {
            return outcome;
        }
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        let card_read = session.person.is_some();
        match (intent, &session.place) {
            (Intent::Back, _) => {
                if !session.go_back() {
                    self.end(effects);
                }
                Outcome::Advanced
            }
            (Intent::ShowPrivacy, place) if *place != Place::Privacy => self.go(Place::Privacy),
            (Intent::NoCard, place) if *place != Place::NoCard && !card_read => self.go(Place::NoCard),
            (Intent::ChooseFirst, Place::Present | Place::NoCard | Place::Privacy) => self.go(Place::Groups),
            (Intent::TapFirst, place) if *place != Place::Present && !card_read => self.present(at, effects),
            (Intent::OpenSearch, Place::Groups | Place::Services(_)) => self.go(Place::Search(String::new())),
            (Intent::Search { text }, Place::Search(_)) => {
                let fits = text.len() <= SEARCH_LETTERS_MAX && text.bytes().all(|b| b.is_ascii_lowercase());
                if !fits {
                    return ignored(Reason::NoSuchChoice);
                }
                session.place = Place::Search(text);
                Outcome::Advanced
            }
            (Intent::ChooseGroup { group }, Place::Groups) => self.choose_group(at, group),
            (Intent::ChooseService { service }, Place::Services(_) | Place::Search(_)) => self.choose(at, service),
            (Intent::Guidance, Place::Groups | Place::Services(_) | Place::Search(_)) => self.choose_guidance(at),
            (Intent::AcceptPriority, Place::Present) => self.want_priority(at, effects),
            _ => ignored(Reason::NotOnThisScreen),
        }
    }

    pub(crate) fn go(&mut self, place: Place) -> Outcome {
        if let Some(session) = &mut self.session {
            session.go(place);
        }
        Outcome::Advanced
    }
}
