//! Every part of a making, as the golden pictures and the checks of words and sizes see it.

use ticket_dispatcher_types::Lang;
use ui_model::{MakingEnd, MakingScreen, MakingStep, MakingStrip, Refusal, Screen, SlipState};

use crate::examples::{Example, attract, model};

/// What the pictures beside the first set show.
#[allow(dead_code, reason = "the bench draws only what all examples show")]
pub const KINDS: [&str; 13] = [
    "making-notice",
    "making-entry",
    "making-number",
    "making-found",
    "making-face-again",
    "making-pay",
    "making-work",
    "making-work-again",
    "making-take",
    "making-Q01",
    "making-failed",
    "making-doubt",
    "making-strip",
];

fn ended(end: MakingEnd, job: &str, slip: SlipState) -> MakingScreen {
    MakingScreen::Ended {
        end,
        job: job.into(),
        slip,
    }
}

fn ends() -> Vec<(&'static str, MakingScreen)> {
    const REFUSED: [&str; 16] = [
        "making-Q01",
        "making-Q02",
        "making-Q03",
        "making-Q04",
        "making-Q05",
        "making-Q06",
        "making-Q07",
        "making-Q08",
        "making-Q09",
        "making-Q10",
        "making-Q11",
        "making-Q12",
        "making-Q13",
        "making-Q14",
        "making-Q15",
        "making-Q16",
    ];
    let refused = Refusal::ALL.into_iter().zip(REFUSED).map(|(refusal, name)| {
        let refund = refusal == Refusal::HeldElsewhere;
        let end = MakingEnd::Refused { refusal, refund };
        (name, ended(end, "", SlipState::Unwanted))
    });
    let job = "3E6D-4250";
    let failed = MakingEnd::Failed { refund: true };
    let mut all: Vec<_> = refused.collect();
    all.extend([
        ("making-taken", ended(MakingEnd::Taken, job, SlipState::Unwanted)),
        ("making-not-taken", ended(MakingEnd::NotTaken, job, SlipState::Printed)),
        ("making-failed", ended(failed, job, SlipState::Printed)),
        ("making-doubt", ended(MakingEnd::Doubt, job, SlipState::NoPaper)),
        ("making-at-window", ended(MakingEnd::AtWindow, "", SlipState::Unwanted)),
        ("making-cancelled", ended(MakingEnd::Cancelled, "", SlipState::Unwanted)),
    ]);
    all
}

fn parts() -> Vec<(&'static str, MakingScreen)> {
    let fee_fen = 1000;
    let work = |step, attempt, left_s| MakingScreen::Work { step, attempt, left_s };
    vec![
        ("making-notice", MakingScreen::Notice { fee_fen, face: true }),
        (
            "making-entry",
            MakingScreen::Entry {
                reader: true,
                unknown_code: false,
            },
        ),
        (
            "making-entry-unknown",
            MakingScreen::Entry {
                reader: false,
                unknown_code: true,
            },
        ),
        (
            "making-number",
            MakingScreen::Number {
                shown: "990101 •••••••".into(),
                complete: false,
                wrong: false,
            },
        ),
        (
            "making-number-wrong",
            MakingScreen::Number {
                shown: "990101 •••••••• 0025".into(),
                complete: false,
                wrong: true,
            },
        ),
        ("making-old-card", MakingScreen::OldCard { again: true }),
        ("making-searching", MakingScreen::Searching { waited_s: 5 }),
        (
            "making-found",
            MakingScreen::Found {
                name: "李*".into(),
                fee_fen,
            },
        ),
        (
            "making-face",
            MakingScreen::Face {
                tries_left: 3,
                checking: true,
            },
        ),
        (
            "making-face-again",
            MakingScreen::Face {
                tries_left: 2,
                checking: false,
            },
        ),
        (
            "making-pay",
            MakingScreen::Pay {
                fee_fen,
                qr: "https://pay.example.invalid/o/3e6d42".into(),
                left_s: 97,
            },
        ),
        ("making-work", work(MakingStep::Print, 1, 58)),
        ("making-work-again", work(MakingStep::Check, 2, 75)),
        ("making-take", MakingScreen::Take { left_s: 35 }),
    ]
}

/// One example a part and an end, and the first screen above a card that lies in the slot.
pub fn all(lang: Lang) -> Vec<Example> {
    let mut beside = model(lang, attract(lang, &[], false));
    beside.making = Some(MakingStrip {
        step: MakingStep::Laminate,
        left_s: 35,
        out: true,
    });
    let beside = Example {
        name: "making-strip",
        model: Some(beside),
    };
    parts()
        .into_iter()
        .chain(ends())
        .map(|(name, making)| Example {
            name,
            model: Some(model(lang, Screen::Making { making })),
        })
        .chain([beside])
        .collect()
}
