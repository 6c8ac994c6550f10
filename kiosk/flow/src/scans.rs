//! What a document scanner does to the session: passports, and codes that are none of ours.
//!
//! A scanner sees a paper for a moment and does not tell when it is taken away: nothing waits for that, and a card that
//! lies on the card reader goes first.

use ui_model::CardTrouble;

use crate::flow::{CardPlace, Effects, Flow, ignored, log};
use crate::session::Stage;
use crate::{Effect, Moment, Outcome, Phrase, Reason, Scan};

impl Flow {
    pub(crate) fn scanned(&mut self, at: &Moment, scan: Scan, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::PowerFailing);
        }
        if self.card != CardPlace::Absent {
            return ignored(Reason::CardLies);
        }
        // Who is asked for a receipt, a number or a fee is not put aside by a paper that slips onto the scanner.
        if self.making_keeps_cards_out() || !self.ready_for_card(at, effects) {
            return ignored(Reason::CardNotNeeded); // and the person's data is dropped here
        }
        match scan {
            Scan::Passport(card) => self.take_person(at, card, effects),
            Scan::Misread => self.scan_refused(CardTrouble::TryAgain, Phrase::TryAgain, effects),
            Scan::ForeignCode => self.scan_refused(CardTrouble::NotReadable, Phrase::GoToDesk, effects),
        }
        Outcome::Advanced
    }

    fn scan_refused(&mut self, trouble: CardTrouble, phrase: Phrase, effects: &mut Effects) {
        if let Some(session) = &mut self.session {
            session.stage = Stage::CardProblem(trouble);
        }
        effects.push(Effect::Speak(phrase));
        effects.push(log("scan_refused"));
    }
}
