//! How a making ends without a card in the hand: what the screen and the slip say, to whom they may be said, and that
//! the next person finds a first screen.

use kiosk_flow::{Effect, JobEnd, MakerState, MakingInput, Note};
use ticket_dispatcher_types::Lang;
use ui_model::{Intent, MakingEnd, MakingScreen, MakingStep, Screen, SlipState};

use crate::bench::Bench;
use crate::making::{RULES, bench, end, ended, part, say, to_making, working};

fn notes(bench: &mut Bench) -> Vec<Note> {
    let effects = bench.taken();
    let notes = effects.into_iter().filter_map(|effect| match effect {
        Effect::PrintNote { note, .. } => Some(note),
        _ => None,
    });
    notes.collect()
}

#[test]
fn a_second_attempt_is_told_and_a_second_failure_sends_to_a_window_with_a_slip() {
    let mut bench = bench(RULES);
    to_making(&mut bench);
    working(&mut bench, MakingStep::Laminate, 1);
    working(&mut bench, MakingStep::Check, 2);
    assert!(matches!(part(&mut bench), MakingScreen::Work { attempt: 2, .. }));
    bench.taken();
    ended(&mut bench, JobEnd::Failed);
    assert_eq!(end(&mut bench), MakingEnd::Failed { refund: true });
    let notes = notes(&mut bench);
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].job, "3E6D-4250");
}

#[test]
fn a_doubt_shows_the_job_for_a_minute_and_says_where_there_is_no_paper() {
    let mut bench = bench(RULES);
    to_making(&mut bench);
    working(&mut bench, MakingStep::Feed, 1);
    bench.printer(kiosk_flow::PrinterInput::Status(kiosk_flow::PrinterState::Down(
        ui_model::Trouble::PaperOut,
    )));
    bench.taken();
    ended(&mut bench, JobEnd::Doubt);
    match part(&mut bench) {
        MakingScreen::Ended {
            end: MakingEnd::Doubt,
            job,
            slip: SlipState::NoPaper,
            ..
        } => assert_eq!(job, "3E6D-4250"),
        other => panic!("{other:?}"),
    }
    bench.wait_s(55);
    assert_eq!(end(&mut bench), MakingEnd::Doubt);
    bench.wait_s(6);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
}

#[test]
fn a_job_of_before_a_restart_is_shown_to_its_end() {
    let mut bench = bench(RULES);
    working(&mut bench, MakingStep::Laminate, 1);
    assert!(matches!(part(&mut bench), MakingScreen::Work { .. }));
    ended(&mut bench, JobEnd::NotTaken);
    assert_eq!(end(&mut bench), MakingEnd::NotTaken);
}

/// A card that lies in the slot, of somebody who chose English and large type.
fn presented() -> Bench {
    let mut bench = bench(RULES);
    bench.touch(Intent::SetLang { lang: Lang::En });
    to_making(&mut bench);
    working(&mut bench, MakingStep::Laminate, 1);
    let job = "3E6D-4250".to_string();
    say(&mut bench, MakingInput::CardOut { job });
    bench.taken();
    bench
}

#[test]
fn a_card_that_was_left_is_told_to_whoever_stands_there_without_anything_of_a_person() {
    let mut bench = presented();
    bench.wait_s(60);
    ended(&mut bench, JobEnd::NotTaken);
    let note = notes(&mut bench);
    assert_eq!(note.len(), 1);
    let told = format!("{:?} {:?}", note[0], bench.screen());
    assert_eq!(note[0].job, "3E6D-4250");
    for of_the_person in ["李", "9901"] {
        assert!(!told.contains(of_the_person), "{of_the_person}: {told}");
    }
    assert!(matches!(
        part(&mut bench),
        MakingScreen::Ended {
            end: MakingEnd::NotTaken,
            slip: SlipState::Printed,
            ..
        }
    ));
    bench.wait_s(19);
    assert!(matches!(bench.screen(), Screen::Making { .. }));
    bench.wait_s(2);
    neutral(&mut bench);
}

#[test]
fn somebody_else_who_touches_the_screen_of_a_card_that_was_left_has_a_screen_of_their_own() {
    let mut bench = presented();
    bench.wait_s(60);
    ended(&mut bench, JobEnd::NotTaken);
    bench.taken();
    bench.touch(Intent::Done);
    neutral(&mut bench);

    // Or they took a number meanwhile: it is not disturbed, and what ended below it is not shown to them afterwards.
    let mut bench = presented();
    bench.touch(Intent::ChooseFirst);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
    bench.wait_s(10);
    ended(&mut bench, JobEnd::NotTaken);
    assert!(matches!(bench.screen(), Screen::Groups { .. }), "not disturbed");
    assert_eq!(bench.model().making, None, "nothing is told above it");
    bench.touch(Intent::Cancel);
    bench.wait_s(21);
    neutral(&mut bench);
}

/// The first screen, in the hall's own language, with nothing of the making.
fn neutral(bench: &mut Bench) {
    say(bench, MakingInput::Machine(MakerState::Ready));
    assert!(matches!(bench.screen(), Screen::Attract { .. }), "{:?}", bench.screen());
    let model = bench.model();
    assert_eq!((model.lang, model.elder, model.making), (Lang::ZhHans, false, None));
    assert!(bench.taken().contains(&Effect::Wipe), "what was of a person is wiped");
}
