//! When nobody is here, so that the kiosk may end itself and be started again; what is told without a person.

use kiosk_flow::{
    DispatcherInput, Effect, Input, JobOutcome, Outcome, PrinterInput, PrinterState, ReaderInput, Reason, StaffReason,
};
use ui_model::{Intent, Trouble};

use crate::bench::{Bench, adult, ticket};

#[test]
fn a_kiosk_is_idle_before_a_session_and_after_it_and_never_in_between() {
    let mut bench = Bench::well();
    assert!(bench.flow.is_idle());
    bench.touch(Intent::ChooseFirst);
    assert!(!bench.flow.is_idle(), "somebody chooses");
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.taken();
    bench.lay(adult());
    assert!(!bench.flow.is_idle(), "a card lies there");
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(1) });
    bench.reader(ReaderInput::Removed);
    let (job, ..) = bench.print();
    assert!(!bench.flow.is_idle(), "the slip is being printed");
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    assert!(!bench.flow.is_idle(), "the number is on the screen");
    bench.touch(Intent::Done);
    bench.wait_s(30);
    assert!(bench.flow.is_idle(), "gone");
}

#[test]
fn a_kiosk_with_a_slip_under_way_or_a_card_left_behind_is_not_idle() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.taken();
    bench.lay(adult());
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(1) });
    bench.reader(ReaderInput::Removed);
    let (job, ..) = bench.print();
    // The session times out while the slip is stuck.
    bench.wait_s(200);
    assert!(
        !bench.flow.is_idle(),
        "nobody is here, but the slip is still on its way"
    );
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    assert!(bench.flow.is_idle());
    bench.lay(adult());
    bench.wait_s(200);
    assert!(!bench.flow.is_idle(), "a card that was left behind");
    bench.reader(ReaderInput::Removed);
    bench.wait_s(200);
    assert!(bench.flow.is_idle());
    bench.touch(Intent::SetElder { elder: true });
    assert!(!bench.flow.is_idle(), "somebody made the letters larger this moment");
    bench.wait_s(300);
    assert!(bench.flow.is_idle());
}

#[test]
fn an_opened_case_calls_staff_and_a_session_goes_on() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    let before = bench.screen();
    assert_eq!(bench.step(Input::Case { open: true }), Outcome::Advanced);
    assert_eq!(bench.screen(), before);
    assert!(bench.taken().contains(&Effect::CallStaff(StaffReason::CaseOpened)));
    bench.step(Input::Case { open: false });
    let calls = bench.taken().into_iter().filter(|e| matches!(e, Effect::CallStaff(_)));
    assert_eq!(calls.count(), 0, "a case that was shut calls nobody");
}

#[test]
fn a_changed_roll_is_told_once_and_an_opened_cover_is_no_changed_roll() {
    let told = |from: PrinterState| {
        let mut bench = Bench::well();
        bench.printer(PrinterInput::Status(from));
        bench.taken();
        bench.printer(PrinterInput::Status(PrinterState::Ready));
        let again = bench.printer(PrinterInput::Status(PrinterState::Ready));
        assert_eq!(again, Outcome::Ignored { reason: Reason::Same });
        let refilled = |e: &Effect| *e == Effect::CallStaff(StaffReason::PaperRefilled);
        bench.taken().iter().filter(|e| refilled(e)).count()
    };
    assert_eq!(told(PrinterState::Down(Trouble::PaperOut)), 1);
    assert_eq!(told(PrinterState::PaperLow), 1);
    assert_eq!(told(PrinterState::Down(Trouble::PrinterAway)), 0);
}
