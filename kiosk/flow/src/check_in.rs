//! 报到: the card is read, does its person have an appointment today, or a number that was called in vain?
//!
//! The question holds nobody up: when no answer comes soon, the session goes on as if there were none.

use ticket_dispatcher_types::IdemKey;

use crate::flow::{Effects, Flow, ignored, log};
use crate::session::{Priority, Session, Stage};
use crate::{Appointment, Card, DispatcherInput, Effect, Moment, Outcome, Phrase, Reason};

impl Flow {
    /// Asks for the bookings of the person whose card was just read.
    pub(crate) fn look_for_bookings(&mut self, at: &Moment, card: Card, effects: &mut Effects) {
        // Alone nobody can be asked: an appointment is then an ordinary number, which the desk may mend.
        if self.dispatcher_away_since.is_some() || self.blocked(at).is_some() {
            return self.after_bookings(at, effects);
        }
        let (ask, since) = (at.fresh, at.now);
        if let Some(session) = &mut self.session {
            session.stage = Stage::Looking { ask, since };
            effects.push(Effect::FindBookings { ask, holder: card });
        }
    }

    pub(crate) fn bookings_found(&mut self, at: &Moment, input: DispatcherInput, effects: &mut Effects) -> Outcome {
        let DispatcherInput::Bookings { ask, found, missed } = input else {
            return ignored(Reason::Late);
        };
        if !self.looks_with(ask) {
            return ignored(Reason::Late);
        }
        let known = found.into_iter().find(|a| self.catalogue.service(&a.service).is_some());
        match (known, &mut self.session) {
            (Some(appointment), Some(session)) => {
                session.stage = Stage::CheckIn(appointment);
                effects.push(Effect::Speak(Phrase::CheckIn));
                effects.push(log("appointment_found"));
            }
            (None, Some(session)) if missed.is_some() && session.chosen.is_empty() => {
                // Who lays down the card and has chosen nothing comes for the number that was missed.
                session.chosen.extend(missed);
                effects.push(log("missed_number_found"));
                self.issue(at, effects);
            }
            _ => self.after_bookings(at, effects),
        }
        Outcome::Advanced
    }

    fn looks_with(&self, key: IdemKey) -> bool {
        matches!(&self.session, Some(Session { stage: Stage::Looking { ask, .. }, .. }) if *ask == key)
    }

    /// The answer does not come.
    pub(crate) fn tick_looking(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        let late = match self.session.as_ref().map(|s| &s.stage) {
            Some(Stage::Looking { since, .. }) => at.now - *since >= self.settings.timeouts.look,
            _ => false,
        };
        if late {
            effects.push(log("bookings_not_answered"));
            self.after_bookings(at, effects);
        }
        late
    }

    /// The person's other questions, as without an appointment.
    pub(crate) fn after_bookings(&mut self, at: &Moment, effects: &mut Effects) {
        let priority_age = self.catalogue.priority_age;
        let Some(session) = &mut self.session else {
            return;
        };
        session.stage = Stage::At;
        let age = session.person.as_ref().and_then(|p| p.age_on(at.today));
        let of_age = priority_age > 0 && age.is_some_and(|age| age >= priority_age);
        if of_age && session.priority == Priority::Unasked {
            session.stage = Stage::PriorityOffer;
        } else {
            self.go_on_with_person(at, effects);
        }
    }

    /// 报到取号: one touch, and the number is asked for.
    pub(crate) fn check_in(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        let Stage::CheckIn(appointment) = &session.stage else {
            return ignored(Reason::NotOnThisScreen);
        };
        let appointment: Appointment = appointment.clone();
        session.chosen = vec![appointment.service.clone()];
        session.appointment = Some(appointment);
        self.issue(at, effects);
        Outcome::Advanced
    }
}
