//! The picture of a making, with nothing of a person but a masked name and a number whose birth date is hidden.

use ticket_dispatcher_types::{Millis, Personal, check_digit_holds};
use ui_model::{MakingScreen, MakingStep, MakingStrip, TempCard};

use crate::Moment;
use crate::flow::Flow;
use crate::making::{MakerState, Making, MakingStage, TAKE_S};

impl Flow {
    /// What the first screen offers.
    pub(crate) fn temp_card(&self) -> TempCard {
        match self.maker {
            MakerState::Absent => TempCard::Absent,
            MakerState::Ready => TempCard::Ready,
            MakerState::NotReady => TempCard::Down,
        }
    }

    /// What the other screens say of a card that is being made.
    pub(crate) fn making_strip(&self, at: &Moment) -> Option<MakingStrip> {
        self.session.as_ref()?;
        match self.making.as_ref()?.stage {
            MakingStage::Work { step, left_s, .. } => Some(MakingStrip {
                step,
                left_s: left_s.max(1),
                out: false,
            }),
            MakingStage::Take { since } => Some(MakingStrip {
                step: MakingStep::Laminate,
                left_s: take_left_s(since, at.now),
                out: true,
            }),
            _ => None,
        }
    }

    /// Seconds until a making without a touch ends by itself, once they are few.
    pub(crate) fn making_left_s(&self, at: &Moment) -> Option<u16> {
        let making = self.making.as_ref().filter(|making| making.idles())?;
        let left = self.idle_limit() - (at.now - making.sign_of_life);
        let shown = left <= self.settings.timeouts.warning;
        shown.then(|| u16::try_from(((left.0 + 999) / 1000).max(0)).unwrap_or(u16::MAX))
    }

    pub(crate) fn making_screen(&self, making: &Making, at: &Moment) -> MakingScreen {
        let rules = self.catalogue.temp_card;
        let secs = |since: Millis| (at.now - since).secs().max(0);
        let whole = |secs: i64| u16::try_from(secs.max(0)).unwrap_or(u16::MAX);
        match &making.stage {
            MakingStage::Notice => MakingScreen::Notice {
                fee_fen: rules.fee_fen,
                face: rules.face,
            },
            MakingStage::Entry { unknown_code } => MakingScreen::Entry {
                reader: self.reader_up,
                unknown_code: *unknown_code,
            },
            MakingStage::Number(typed) => MakingScreen::Number {
                shown: shown(typed),
                complete: check_digit_holds(typed.expose()),
                wrong: Self::typed_whole(typed) && !check_digit_holds(typed.expose()),
            },
            MakingStage::OldCard { again } => MakingScreen::OldCard { again: *again },
            MakingStage::Searching { since, .. } | MakingStage::Claiming { since, .. } => MakingScreen::Searching {
                waited_s: whole(secs(*since)),
            },
            MakingStage::Found { .. } => MakingScreen::Found {
                name: making.name.clone(),
                fee_fen: rules.fee_fen,
            },
            MakingStage::Face { tries, since, .. } => MakingScreen::Face {
                tries_left: 3_u8.saturating_sub(*tries),
                checking: since.is_some(),
            },
            MakingStage::Pay { since, qr, .. } => MakingScreen::Pay {
                fee_fen: rules.fee_fen,
                qr: qr.clone(),
                left_s: whole(120 - secs(*since)),
            },
            MakingStage::Work { step, attempt, left_s } => MakingScreen::Work {
                step: *step,
                attempt: *attempt,
                left_s: *left_s,
            },
            MakingStage::Take { since } => MakingScreen::Take {
                left_s: take_left_s(*since, at.now),
            },
            MakingStage::Ended { end, slip, .. } => MakingScreen::Ended {
                end: end.clone(),
                job: making.job.clone(),
                slip: *slip,
            },
        }
    }
}

/// Seconds until a card that lies in the slot is drawn in.
fn take_left_s(since: Millis, now: Millis) -> u16 {
    u16::try_from((TAKE_S - (now - since).secs().max(0)).max(0)).unwrap_or(u16::MAX)
}

/// The number as it stands on the screen for all behind to see: the birth date hidden, but for the digit just typed.
fn shown(typed: &Personal) -> String {
    let digits: Vec<char> = typed.expose().chars().collect();
    let last = digits.len().saturating_sub(1);
    let hidden = |at: usize| (6..14).contains(&at) && at != last;
    let mut out = String::new();
    for (at, digit) in digits.iter().enumerate() {
        if at == 6 || at == 14 {
            out.push(' ');
        }
        out.push(if hidden(at) { '•' } else { *digit });
    }
    out
}
