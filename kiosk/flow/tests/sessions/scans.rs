//! Passports and codes at the kiosk.

use kiosk_flow::{Card, Effect, Input, Outcome, ReaderInput, Reason, Scan};
use ticket_dispatcher_types::{DocumentKind, Personal};
use ui_model::{CardTrouble, Intent, Screen};

use crate::bench::{Bench, adult};

fn traveller() -> Card {
    Card {
        document: DocumentKind::Passport,
        number: Personal::new("UTO<X1234567"),
        name: Personal::new("SPECIMEN ANNA"),
        birth: Personal::new("19840229"),
        valid_to: kiosk_flow::Day::parse("20310101"),
    }
}

fn trouble(bench: &mut Bench) -> Option<CardTrouble> {
    match bench.screen() {
        Screen::CardProblem { trouble, .. } => Some(trouble),
        _ => None,
    }
}

#[test]
fn a_passport_takes_a_number_and_nothing_waits_for_it_to_be_lifted() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.step(Input::Scan(Scan::Passport(traveller())));
    assert_eq!(bench.request().1.holder, traveller());
}

#[test]
fn a_passport_first_leads_to_the_choice() {
    let mut bench = Bench::well();
    bench.step(Input::Scan(Scan::Passport(traveller())));
    bench.wait_s(2);
    let screen = bench.screen();
    assert!(matches!(screen, Screen::Groups { .. }), "{screen:?}");
}

#[test]
fn an_electronic_identity_is_refused_kindly_and_a_misread_asks_again() {
    let mut bench = Bench::well();
    bench.step(Input::Scan(Scan::ForeignCode));
    assert_eq!(trouble(&mut bench), Some(CardTrouble::NotReadable));
    bench.step(Input::Scan(Scan::Misread));
    assert_eq!(trouble(&mut bench), Some(CardTrouble::TryAgain));
    // The paper is laid down better.
    bench.step(Input::Scan(Scan::Passport(traveller())));
    bench.wait_s(2);
    let screen = bench.screen();
    assert!(matches!(screen, Screen::Groups { .. }), "{screen:?}");
}

#[test]
fn a_card_that_lies_there_goes_first_and_a_second_person_is_not_taken() {
    let mut bench = Bench::well();
    bench.lay(adult());
    let outcome = bench.step(Input::Scan(Scan::Passport(traveller())));
    assert_eq!(
        outcome,
        Outcome::Ignored {
            reason: Reason::CardLies
        }
    );
    bench.reader(ReaderInput::Removed);
    let outcome = bench.step(Input::Scan(Scan::Passport(traveller())));
    assert_eq!(
        outcome,
        Outcome::Ignored {
            reason: Reason::CardNotNeeded
        }
    );
    assert!(
        !bench
            .taken()
            .iter()
            .any(|effect| matches!(effect, Effect::IssueTicket { .. }))
    );
}

#[test]
fn a_passport_laid_down_during_a_making_begins_nothing_and_hides_nothing() {
    use crate::making::{RULES, bench, part, to_entry};
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    for scan in [Scan::Passport(traveller()), Scan::ForeignCode, Scan::Misread] {
        let outcome = bench.step(Input::Scan(scan));
        assert_eq!(
            outcome,
            Outcome::Ignored {
                reason: Reason::CardNotNeeded
            }
        );
        assert!(matches!(part(&mut bench), ui_model::MakingScreen::Entry { .. }));
    }
}
