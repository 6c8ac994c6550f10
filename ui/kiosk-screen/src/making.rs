//! Puts the parts of a making on the screens.

use crate::picture::qr;
use crate::screens as ui;
use crate::screens::View;
use slint::{Image, SharedString};
use ui_model::{MakingEnd, MakingScreen, MakingStep, SlipState};

/// Empties everything that belongs to a making.
pub fn wipe(view: &View) {
    view.set_making_fee("".into());
    view.set_number_shown("".into());
    view.set_number_complete(false);
    view.set_number_wrong(false);
    view.set_making_unknown(false);
    view.set_making_again(false);
    view.set_making_checking(false);
    view.set_making_qr(Image::default());
    view.set_has_making_qr(false);
    view.set_making_job("".into());
    view.set_making_slip(0);
    view.set_making_refund(false);
}

/// Fen as people say them: `10`, `10.50`; nothing for nothing.
fn yuan(fen: u32) -> SharedString {
    match (fen, fen % 100) {
        (0, _) => SharedString::default(),
        (fen, 0) => (fen / 100).to_string().into(),
        (fen, rest) => format!("{}.{rest:02}", fen / 100).into(),
    }
}

fn step(step: MakingStep) -> i32 {
    match step {
        MakingStep::Check => 1,
        MakingStep::Cut => 2,
        MakingStep::Print => 3,
        MakingStep::Feed => 4,
        MakingStep::Laminate => 5,
    }
}

/// Shows one part.
pub fn show(view: &View, making: &MakingScreen) -> ui::Page {
    let part = match making {
        MakingScreen::Notice { fee_fen, face } => {
            view.set_making_fee(yuan(*fee_fen));
            view.set_making_face(*face);
            ui::MakingPart::Notice
        }
        MakingScreen::Entry { reader, unknown_code } => {
            view.set_making_reader(*reader);
            view.set_making_unknown(*unknown_code);
            ui::MakingPart::Entry
        }
        MakingScreen::Number { shown, complete, wrong } => {
            view.set_number_shown(shown.as_str().into());
            view.set_number_complete(*complete);
            view.set_number_wrong(*wrong);
            ui::MakingPart::Number
        }
        MakingScreen::OldCard { again } => {
            view.set_making_again(*again);
            ui::MakingPart::OldCard
        }
        MakingScreen::Searching { waited_s } => {
            view.set_waited_s(i32::from(*waited_s));
            ui::MakingPart::Searching
        }
        MakingScreen::Found { name, fee_fen } => {
            view.set_greeting(name.as_str().into());
            view.set_making_fee(yuan(*fee_fen));
            ui::MakingPart::Found
        }
        MakingScreen::Face { tries_left, checking } => {
            view.set_tries_left(i32::from(*tries_left));
            view.set_making_checking(*checking);
            ui::MakingPart::Face
        }
        MakingScreen::Pay {
            fee_fen,
            qr: text,
            left_s,
        } => {
            view.set_making_fee(yuan(*fee_fen));
            view.set_making_left_s(i32::from(*left_s));
            if let Some(picture) = qr(text) {
                view.set_making_qr(picture);
                view.set_has_making_qr(true);
            }
            ui::MakingPart::Pay
        }
        MakingScreen::Work {
            step: now,
            attempt,
            left_s,
        } => {
            view.set_making_step(step(*now));
            view.set_making_attempt(i32::from(*attempt));
            view.set_making_left_s(i32::from(*left_s));
            ui::MakingPart::Work
        }
        MakingScreen::Take { left_s } => {
            view.set_making_left_s(i32::from(*left_s));
            ui::MakingPart::Take
        }
        MakingScreen::Ended { end, job, slip } => {
            show_end(view, end);
            view.set_making_job(job.as_str().into());
            view.set_making_slip(match slip {
                SlipState::Unwanted => 0,
                SlipState::Printed => 1,
                SlipState::NoPaper => 2,
            });
            ui::MakingPart::Ended
        }
    };
    view.set_making_part(part);
    ui::Page::Making
}

fn show_end(view: &View, end: &MakingEnd) {
    let kind = match end {
        MakingEnd::Taken => ui::MakingEndKind::Taken,
        MakingEnd::NotTaken => ui::MakingEndKind::NotTaken,
        MakingEnd::Refused { refusal, refund } => {
            view.set_making_refusal(*refusal as i32 + 1);
            view.set_making_refund(*refund);
            ui::MakingEndKind::Refused
        }
        MakingEnd::Failed { refund } => {
            view.set_making_refund(*refund);
            ui::MakingEndKind::Failed
        }
        MakingEnd::Doubt => ui::MakingEndKind::Doubt,
        MakingEnd::AtWindow => ui::MakingEndKind::AtWindow,
        MakingEnd::Cancelled => ui::MakingEndKind::Cancelled,
    };
    view.set_making_end(kind);
}
