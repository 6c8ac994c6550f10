//! What a card does to the session.

use ticket_dispatcher_types::Class;
use ui_model::{CardTrouble, PaperState, ReadingStep, Trouble};

use crate::flow::{CardPlace, Effects, Flow, ignored, log};
use crate::session::{Place, Priority, Session, Stage};
use crate::{Card, Effect, Moment, Outcome, Phrase, ReadFailure, ReaderInput, Reason, TicketRequest, Underway};

/// Below this age the number goes to the accompanying adult (Personal Information Protection Law, art. 31).
const ADULT_FROM_AGE: u8 = 14;

impl Flow {
    pub(crate) fn reader(&mut self, at: &Moment, input: ReaderInput, effects: &mut Effects) -> Outcome {
        match input {
            ReaderInput::Up if self.reader_up => ignored(Reason::Same),
            ReaderInput::Up => {
                self.reader_up = true;
                Outcome::Advanced
            }
            ReaderInput::Down => self.reader_down(effects),
            ReaderInput::Progress(step) => self.card_progress(at, step, effects),
            ReaderInput::Record(card) => self.card_read(at, card, effects),
            ReaderInput::Failed(failure) => self.card_failed(at, failure, effects),
            ReaderInput::Removed => self.card_removed(at, effects),
        }
    }

    fn reader_down(&mut self, effects: &mut Effects) -> Outcome {
        if !self.reader_up {
            return ignored(Reason::Same);
        }
        self.reader_up = false;
        // Nobody can see any more whether a card lies there; the screen must not wait for it for ever.
        self.card = CardPlace::Absent;
        effects.push(log("reader_down"));
        let needs_card = self.session.as_ref().is_some_and(|s| match s.stage {
            Stage::Reading(_) | Stage::CardProblem(_) => true,
            Stage::At => s.place == Place::Present,
            _ => false,
        });
        if needs_card {
            self.fail(Trouble::ReaderAway, None, effects);
        }
        Outcome::Advanced
    }

    /// True when a card laid down now begins a session of its own: the last one has nothing left to do.
    fn over(stage: &Stage) -> bool {
        match stage {
            Stage::Failed { .. } | Stage::Ended { .. } | Stage::Held { busy: false, .. } => true,
            Stage::Ticket(shown) => shown.paper != PaperState::Printing,
            _ => false,
        }
    }

    /// Makes room for a card that was laid down; false when this session needs none.
    pub(crate) fn ready_for_card(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        if self.session.as_ref().is_some_and(|s| Self::over(&s.stage)) {
            self.end(effects);
        }
        match &mut self.session {
            None => {
                let stage = match self.blocked(at) {
                    Some(trouble) => Stage::Failed { trouble, key: None },
                    None => Stage::Reading(ReadingStep::Found),
                };
                let wanted = matches!(stage, Stage::Reading(_));
                self.session = Some(Session::in_stage(stage, at.now));
                wanted
            }
            Some(session) if session.person.is_none() => match session.stage {
                Stage::At | Stage::CardProblem(_) | Stage::Reading(_) => {
                    session.touch(at.now);
                    true
                }
                _ => false,
            },
            Some(_) => false,
        }
    }

    fn card_progress(&mut self, at: &Moment, step: ReadingStep, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::PowerFailing);
        }
        if matches!(self.card, CardPlace::Lies { .. }) {
            return ignored(Reason::CardLies);
        }
        self.card = CardPlace::Reading;
        if self.making_keeps_cards_out() {
            return ignored(Reason::CardNotNeeded);
        }
        if !self.ready_for_card(at, effects) {
            return ignored(Reason::CardNotNeeded);
        }
        if let Some(session) = &mut self.session {
            session.stage = Stage::Reading(step);
        }
        Outcome::Advanced
    }

    fn card_read(&mut self, at: &Moment, card: Card, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::PowerFailing);
        }
        if matches!(self.card, CardPlace::Lies { .. }) {
            return ignored(Reason::CardLies);
        }
        self.card = CardPlace::Lies {
            since: at.now,
            loud: false,
        };
        effects.push(Effect::Speak(Phrase::TakeCard));
        if self.making_card(at, &card, effects) {
            return Outcome::Advanced;
        }
        if self.making_keeps_cards_out() || !self.ready_for_card(at, effects) {
            return ignored(Reason::CardNotNeeded); // and the card's data is dropped here
        }
        self.take_person(at, card, effects);
        Outcome::Advanced
    }

    pub(crate) fn take_person(&mut self, at: &Moment, card: Card, effects: &mut Effects) {
        let elder_age = self.catalogue.elder_age;
        let age = card.age_on(at.today);
        let trouble = match age {
            None => Some(CardTrouble::NotReadable),
            Some(_) if card.expired_on(at.today) => Some(CardTrouble::Expired),
            Some(age) if age < ADULT_FROM_AGE => Some(CardTrouble::Child),
            Some(_) => None,
        };
        let Some(session) = &mut self.session else {
            return;
        };
        if let Some(trouble) = trouble {
            session.stage = Stage::CardProblem(trouble);
            effects.push(log("card_refused"));
            return;
        }
        let age = age.unwrap_or_default();
        session.person = Some(card.clone());
        session.touch(at.now);
        if age >= elder_age && elder_age > 0 {
            self.prefs.elder = true;
        }
        self.look_for_bookings(at, card, effects);
    }

    /// The card is read and every question about it answered: ask for the number if it was confirmed, else choose.
    pub(crate) fn go_on_with_person(&mut self, at: &Moment, effects: &mut Effects) {
        let Some(session) = &mut self.session else {
            return;
        };
        if session.confirmed && !session.chosen.is_empty() {
            self.issue(at, effects);
            return;
        }
        session.confirmed = false;
        let place = match &session.place {
            Place::Present | Place::NoCard | Place::Privacy if session.chosen.is_empty() => Place::Groups,
            Place::Present | Place::NoCard | Place::Privacy => Place::Confirm,
            here => here.clone(),
        };
        session.go(place);
    }

    /// Asks for the number. The only place where a request begins, with the one fresh key of this step.
    pub(crate) fn issue(&mut self, at: &Moment, effects: &mut Effects) {
        if let Some(trouble) = self.blocked(at) {
            self.fail(trouble, None, effects);
            return;
        }
        let alone = self.dispatcher_away_since.is_some();
        let priority_age = self.catalogue.priority_age;
        let Some(session) = &mut self.session else {
            return;
        };
        let Some(holder) = session.person.take() else {
            return;
        };
        let of_age = priority_age > 0 && holder.age_on(at.today).is_some_and(|age| age >= priority_age);
        let class = match session.priority {
            Priority::Wanted if of_age => Class::Elderly,
            // Who comes too late for his appointment is in the ordinary queue, and there age counts.
            Priority::Unasked if of_age && session.appointment.is_some() => Class::Elderly,
            _ => Class::Normal,
        };
        let request = TicketRequest {
            services: session.chosen.clone(),
            holder,
            class,
            appointment: session.appointment.clone(),
            cases: session.cases,
        };
        session.confirmed = false;
        session.touch(at.now);
        if alone {
            return self.issue_alone(at, request, effects);
        }
        session.stage = Stage::Issuing {
            underway: Underway {
                key: at.fresh,
                since: at.now,
            },
            cancel: false,
            trouble: Trouble::DispatcherAway,
            lost: 0,
            waits: Some(Box::new(request.clone())),
        };
        effects.push(Effect::StoreKey {
            key: at.fresh,
            what: request.without_person(),
        });
        effects.push(Effect::IssueTicket { key: at.fresh, request });
    }

    fn card_failed(&mut self, at: &Moment, failure: ReadFailure, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::PowerFailing);
        }
        if matches!(self.card, CardPlace::Lies { .. }) {
            return ignored(Reason::CardLies);
        }
        self.card = CardPlace::Lies {
            since: at.now,
            loud: false,
        };
        if self.making_card_failed(at, failure) {
            effects.push(Effect::Speak(Phrase::TryAgain));
            return Outcome::Advanced;
        }
        if self.making_keeps_cards_out() || !self.ready_for_card(at, effects) {
            return ignored(Reason::CardNotNeeded);
        }
        let (trouble, phrase) = match failure {
            ReadFailure::TryAgain => (CardTrouble::TryAgain, Phrase::TryAgain),
            ReadFailure::NotReadable => (CardTrouble::NotReadable, Phrase::GoToDesk),
        };
        if let Some(session) = &mut self.session {
            session.stage = Stage::CardProblem(trouble);
        }
        effects.push(Effect::Speak(phrase));
        effects.push(log("card_not_read"));
        Outcome::Advanced
    }

    fn card_removed(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        if self.card == CardPlace::Absent {
            return ignored(Reason::Same);
        }
        self.card = CardPlace::Absent;
        let Some(session) = &mut self.session else {
            return Outcome::Advanced;
        };
        session.touch(at.now);
        match session.stage {
            // Pulled in the middle: nothing of it was kept.
            Stage::Reading(_) => {
                session.stage = Stage::CardProblem(CardTrouble::TryAgain);
                effects.push(Effect::Speak(Phrase::TryAgain));
            }
            Stage::PriorityOffer => effects.push(Effect::Speak(Phrase::PriorityOffer)),
            Stage::CheckIn(_) => effects.push(Effect::Speak(Phrase::CheckIn)),
            _ => {}
        }
        Outcome::Advanced
    }
}
