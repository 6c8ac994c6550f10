//! A person who wants a number: what for, how patient, and what they do on each screen.

use kiosk_flow::{Card, Input, ReaderInput};
use ticket_dispatcher_types::{DocumentKind, Personal};
use ui_model::{Intent, PaperState, ReadingStep, Screen};

use crate::dice::Dice;
use crate::hall;

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: usize,
    service: usize,
    elderly: bool,
    /// Goes to a kiosk that many times more if it did not give a number.
    pub(crate) tries_left: u8,
    /// Tries another kiosk although the number is in the hand already.
    pub(crate) again: bool,
    pub(crate) holds: bool,
    began: bool,
}

/// What somebody does next.
pub(crate) enum Act {
    Wait,
    Do(Vec<Input>),
    Leave,
}

impl Person {
    pub(crate) fn new(id: usize, dice: &mut Dice) -> Self {
        Self {
            id,
            service: dice.pick(5),
            elderly: dice.permille(200),
            tries_left: 3,
            again: dice.permille(300),
            holds: false,
            began: false,
        }
    }

    /// Steps up to a kiosk.
    pub(crate) fn begins(&mut self) {
        self.began = false;
    }

    fn card(&self) -> Card {
        Card {
            document: DocumentKind::ResidentId,
            number: Personal::new(format!("p{}", self.id)),
            name: Personal::new("测试"),
            birth: Personal::new(if self.elderly { "19500101" } else { "19900101" }),
            valid_to: None,
        }
    }

    pub(crate) fn act(&mut self, screen: &Screen, dice: &mut Dice) -> Act {
        let touch = |intent| Act::Do(vec![Input::Intent(intent)]);
        match screen {
            Screen::Attract { .. } if self.began => Act::Leave,
            Screen::Attract { .. } => {
                self.began = true;
                touch(if dice.permille(300) {
                    Intent::TapFirst
                } else {
                    Intent::ChooseFirst
                })
            }
            Screen::Groups { .. } => touch(Intent::ChooseGroup {
                group: hall::group_of(self.service),
            }),
            Screen::Services { .. } => touch(Intent::ChooseService {
                service: hall::service(self.service),
            }),
            // Some press twice.
            Screen::Confirm { .. } => Act::Do(vec![Input::Intent(Intent::Confirm); dice.pick(2) + 1]),
            Screen::PresentCard { .. } | Screen::Reading { .. } => Act::Do(vec![
                Input::Reader(ReaderInput::Progress(ReadingStep::Found)),
                Input::Reader(ReaderInput::Progress(ReadingStep::Reading)),
                Input::Reader(ReaderInput::Record(self.card())),
            ]),
            Screen::TakeCard { .. } | Screen::CardProblem { card_present: true, .. } => {
                Act::Do(vec![Input::Reader(ReaderInput::Removed)])
            }
            Screen::PriorityOffer { .. } if dice.permille(700) => touch(Intent::AcceptPriority),
            Screen::PriorityOffer { .. } => touch(Intent::DeclinePriority),
            Screen::Issuing { .. } => match dice.below(100) {
                0 => Act::Leave,
                1..=3 => touch(Intent::Cancel),
                _ => Act::Wait,
            },
            Screen::AlreadyHolds { .. } => {
                self.holds = true;
                touch(if dice.permille(100) {
                    Intent::CancelHeld
                } else {
                    Intent::Done
                })
            }
            Screen::Ticket { paper, .. } if *paper == PaperState::Printing => Act::Wait,
            Screen::Ticket { .. } | Screen::Failed { .. } => touch(Intent::Done),
            Screen::Ended { .. } => Act::Wait,
            _ => touch(Intent::Back),
        }
    }
}
