//! What the kiosk does when something is away, breaks in the middle, or is left behind.

use kiosk_flow::{
    DispatcherInput, Effect, JobOutcome, Outcome, PrinterInput, PrinterState, ReadFailure, ReaderInput, Reason,
    StaffReason,
};
use ui_model::{
    CardTrouble, Function, FunctionState, Intent, PaperState, ReadingStep, Screen, TakeCardUrgency, Trouble,
};

use crate::bench::{Bench, adult, elder, ticket};

fn down_of(screen: Screen) -> (Vec<FunctionState>, bool) {
    match screen {
        Screen::Attract { down, closed, .. } => (down, closed),
        other => panic!("not the first screen: {other:?}"),
    }
}

/// A session whose number was just asked for, card gone.
fn asked(bench: &mut Bench) -> ticket_dispatcher_types::IdemKey {
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.request().0
}

#[test]
fn a_card_left_behind_is_called_for_and_bars_the_next_session() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.taken();
    bench.lay(adult());
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(1) });
    bench.wait_s(14);
    assert!(!bench.effects.contains(&Effect::CallStaff(StaffReason::CardLeft)));
    bench.wait_s(1);
    assert!(bench.effects.contains(&Effect::CallStaff(StaffReason::CardLeft)));
    let urgency = TakeCardUrgency::Loud;
    assert_eq!(bench.screen(), Screen::TakeCard { urgency });
    bench.wait_s(60);
    assert!(bench.effects.contains(&Effect::Wipe), "the session ended all the same");
    assert_eq!(bench.screen(), Screen::TakeCard { urgency });
    assert_eq!(
        bench.touch(Intent::ChooseFirst),
        Outcome::Ignored {
            reason: Reason::CardLies
        }
    );
    let progress = ReaderInput::Progress(ReadingStep::Found);
    assert_eq!(
        bench.reader(progress),
        Outcome::Ignored {
            reason: Reason::CardLies
        }
    );
    bench.reader(ReaderInput::Removed);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
}

#[test]
fn a_card_pulled_while_reading_is_asked_for_again() {
    let mut bench = Bench::well();
    bench.touch(Intent::TapFirst);
    bench.reader(ReaderInput::Progress(ReadingStep::Reading));
    bench.reader(ReaderInput::Removed);
    let trouble = CardTrouble::TryAgain;
    let card_present = false;
    assert_eq!(bench.screen(), Screen::CardProblem { trouble, card_present });
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
}

#[test]
fn an_unreadable_card_leads_to_the_desk() {
    let mut bench = Bench::well();
    bench.reader(ReaderInput::Progress(ReadingStep::Found));
    bench.reader(ReaderInput::Failed(ReadFailure::NotReadable));
    let trouble = CardTrouble::NotReadable;
    assert_eq!(
        bench.screen(),
        Screen::CardProblem {
            trouble,
            card_present: true
        }
    );
    bench.wait_s(15);
    assert!(
        matches!(bench.screen(), Screen::TakeCard { .. }),
        "left behind all the same"
    );
}

#[test]
fn paper_out_in_the_middle_gives_one_reprint_and_one_number() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(9) });
    let (first, slip, _) = bench.print();
    let outcome = JobOutcome::Unknown;
    bench.printer(PrinterInput::Job { job: first, outcome });
    assert!(bench.taken().contains(&Effect::CallStaff(StaffReason::Printer)));
    let Screen::Ticket {
        ticket: shown, paper, ..
    } = bench.screen()
    else {
        panic!("the number stays")
    };
    assert_eq!((shown.number, paper), (slip.number, PaperState::Interrupted));

    // What was known of the printer before the fault is stale: nothing is sent on it.
    bench.wait_s(5);
    bench.printer(PrinterInput::Status(PrinterState::Down(Trouble::PaperOut)));
    bench.wait_s(5);
    let printed = |e: &Effect| matches!(e, Effect::Print { .. });
    assert!(!bench.effects.iter().any(printed));
    bench.printer(PrinterInput::Status(PrinterState::Ready));
    let (second, again, reprint) = bench.print();
    assert!(reprint && second != first);
    assert_eq!(again, slip, "the same record");
    assert!(matches!(
        bench.screen(),
        Screen::Ticket {
            paper: PaperState::Printing,
            reprint: true,
            ..
        }
    ));
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job: second, outcome });
    assert!(matches!(
        bench.screen(),
        Screen::Ticket {
            paper: PaperState::Printed,
            ..
        }
    ));
    bench.printer(PrinterInput::Status(PrinterState::PaperLow));
    bench.wait_s(100);
    assert!(!bench.effects.iter().any(printed), "exactly one");
}

#[test]
fn a_reprint_waits_until_nobody_else_stands_here() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(9) });
    let (job, ..) = bench.print();
    let outcome = JobOutcome::Unknown;
    bench.printer(PrinterInput::Job { job, outcome });
    bench.touch(Intent::Done);
    bench.touch(Intent::ChooseFirst);
    bench.taken();
    bench.printer(PrinterInput::Status(PrinterState::Ready));
    assert!(!bench.effects.iter().any(|e| matches!(e, Effect::Print { .. })));
    bench.touch(Intent::Cancel);
    bench.wait_s(2);
    let (.., reprint) = bench.print();
    assert!(reprint);
}

#[test]
fn a_slip_of_which_no_byte_was_sent_comes_out_unmarked() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(9) });
    let (job, ..) = bench.print();
    let outcome = JobOutcome::NotStarted;
    bench.printer(PrinterInput::Job { job, outcome });
    bench.taken();
    bench.printer(PrinterInput::Status(PrinterState::Ready));
    let (.., reprint) = bench.print();
    assert!(!reprint);
}

#[test]
fn a_slip_in_flight_at_a_restart_is_printed_again_once() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(9) });
    let (_, slip, _) = bench.print();
    let mut restarted = Bench::well();
    restarted.printer(PrinterInput::InFlight(Box::new(slip.clone())));
    restarted.printer(PrinterInput::Status(PrinterState::Ready));
    let (_, again, reprint) = restarted.print();
    assert!(reprint);
    assert_eq!(again, slip);
}

#[test]
fn without_paper_the_number_is_offered_on_the_screen_first() {
    let mut bench = Bench::well();
    bench.printer(PrinterInput::Status(PrinterState::Down(Trouble::PaperOut)));
    let (down, closed) = down_of(bench.screen());
    assert_eq!(down[0].function, Function::Print);
    assert!(!closed, "numbers are still given out");
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    assert!(matches!(bench.screen(), Screen::Confirm { paper: false, .. }));
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(2) });
    bench.reader(ReaderInput::Removed);
    let Screen::Ticket {
        ticket: shown, paper, ..
    } = bench.screen()
    else {
        panic!("the number")
    };
    assert_eq!(paper, PaperState::None);
    assert!(shown.lookup_url.contains("/q?t="));
    assert!(!bench.effects.iter().any(|e| matches!(e, Effect::Print { .. })));
}

#[test]
fn every_function_that_is_away_is_named_with_its_reason() {
    let mut bench = Bench::dark();
    let (down, closed) = down_of(bench.screen());
    let troubles: Vec<Trouble> = down.iter().map(|d| d.trouble).collect();
    assert_eq!(
        troubles,
        [Trouble::DispatcherAway, Trouble::ReaderAway, Trouble::PrinterAway]
    );
    assert!(closed);
    bench.touch(Intent::ChooseFirst);
    let trouble = Trouble::DispatcherAway;
    assert!(matches!(bench.screen(), Screen::Failed { trouble: t, .. } if t == trouble));

    let mut bench = Bench::well();
    bench.reader(ReaderInput::Down);
    let (down, closed) = down_of(bench.screen());
    assert_eq!((down[0].trouble, closed), (Trouble::ReaderAway, false));
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    assert!(
        matches!(bench.screen(), Screen::Confirm { .. }),
        "papers and waits are still shown"
    );
    bench.touch(Intent::Confirm);
    assert!(matches!(
        bench.screen(),
        Screen::Failed {
            trouble: Trouble::ReaderAway,
            ..
        }
    ));
}

#[test]
fn a_late_answer_still_shows_the_number_while_the_person_stands_there() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    let trouble = Trouble::LedgerAway;
    bench.dispatcher(DispatcherInput::Unavailable { key, trouble });
    bench.wait_s(15);
    assert!(matches!(
        bench.screen(),
        Screen::Failed {
            trouble: Trouble::LedgerAway,
            ..
        }
    ));
    assert!(!bench.taken().contains(&Effect::Abandon(key)));
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(4) });
    assert!(matches!(bench.screen(), Screen::Ticket { .. }));
}

#[test]
fn an_answer_for_somebody_who_left_is_not_shown_to_the_next() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.wait_s(15);
    bench.touch(Intent::Done);
    assert!(bench.taken().contains(&Effect::Abandon(key)));
    bench.lay(elder());
    let late = DispatcherInput::Issued { key, ticket: ticket(4) };
    assert_eq!(bench.dispatcher(late), Outcome::Ignored { reason: Reason::Late });
    bench.reader(ReaderInput::Removed);
    assert!(matches!(bench.screen(), Screen::PriorityOffer { .. }));
}

#[test]
fn cancelling_while_the_number_is_made_gives_it_back() {
    let mut bench = Bench::well();
    let key = asked(&mut bench);
    bench.touch(Intent::Cancel);
    assert!(matches!(bench.screen(), Screen::Issuing { .. }));
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(5) });
    assert!(bench.taken().contains(&Effect::CancelTicket {
        id: ticket(5).id,
        number: ticket(5).number,
    }));
    assert_eq!(bench.screen(), Screen::Ended { cancelled_ticket: true });
}

#[test]
fn a_reader_that_dies_under_the_card_does_not_hold_the_kiosk() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Down);
    assert!(matches!(bench.screen(), Screen::Groups { .. }), "what was read is read");
    let mut bench = Bench::well();
    bench.reader(ReaderInput::Progress(ReadingStep::Reading));
    bench.reader(ReaderInput::Down);
    assert!(matches!(
        bench.screen(),
        Screen::Failed {
            trouble: Trouble::ReaderAway,
            ..
        }
    ));
}

#[test]
fn power_failing_wipes_and_takes_nobody_on() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.step(kiosk_flow::Input::PowerFail);
    assert!(bench.taken().contains(&Effect::Wipe));
    let failing = Outcome::Ignored {
        reason: Reason::PowerFailing,
    };
    assert_eq!(bench.touch(Intent::ChooseFirst), failing);
    assert_eq!(bench.reader(ReaderInput::Progress(ReadingStep::Found)), failing);
    bench.step(kiosk_flow::Input::PowerBack);
    bench.reader(ReaderInput::Removed);
    assert_eq!(bench.touch(Intent::ChooseFirst), Outcome::Advanced);
}

#[test]
fn the_strip_tells_its_age_when_the_line_is_down() {
    let mut bench = Bench::well();
    let call = kiosk_flow::Call {
        number: ticket(1).number,
        window: crate::bench::text("3号窗口", "Window 3"),
    };
    bench.dispatcher(DispatcherInput::Strip(vec![call]));
    assert_eq!(bench.model().strip.stale_s, None);
    bench.dispatcher(DispatcherInput::Away);
    bench.wait_s(12);
    assert_eq!(bench.model().strip.stale_s, Some(12));
    bench.dispatcher(DispatcherInput::Back);
    assert_eq!(bench.model().strip.stale_s, None);
}

#[test]
fn where_no_window_is_open_no_wait_is_promised() {
    let mut bench = Bench::well();
    let mut early = crate::bench::catalogue();
    early.groups.iter_mut().for_each(|group| group.wait = None);
    early.services.iter_mut().for_each(|service| service.wait = None);
    bench.dispatcher(DispatcherInput::Services(early));
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    let Screen::Confirm { wait, past_closing, .. } = bench.screen() else {
        panic!("confirm")
    };
    assert_eq!((wait, past_closing), (None, false));
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    let (key, _) = bench.request();
    let mut ticket = ticket(2);
    ticket.wait = None; // the dispatcher says that nobody can say
    bench.dispatcher(DispatcherInput::Issued { key, ticket });
    bench.reader(ReaderInput::Removed);
    let (_, slip, _) = bench.print();
    assert_eq!(slip.wait, None);
}

/// A person at the screen of the open ticket, with the printer as it is.
fn holding(bench: &mut Bench) {
    let key = asked(bench);
    bench.dispatcher(DispatcherInput::AlreadyHolds { key, ticket: ticket(7) });
    bench.taken();
}

fn paper_of(bench: &mut Bench) -> PaperState {
    match bench.screen() {
        Screen::Ticket { paper, .. } => paper,
        other => panic!("not the number: {other:?}"),
    }
}

#[test]
fn a_reprint_asked_for_while_the_printer_jams_is_printed_once_it_is_mended() {
    let mut bench = Bench::well();
    holding(&mut bench);
    // The jam comes between the picture and the finger.
    bench.printer(PrinterInput::Status(PrinterState::Down(Trouble::PrinterFault)));
    assert_eq!(bench.touch(Intent::Reprint), Outcome::Advanced);
    assert_eq!(paper_of(&mut bench), PaperState::Queued);
    assert!(bench.effects.contains(&Effect::CallStaff(StaffReason::Printer)));
    bench.wait_s(5);
    assert!(
        !bench.taken().iter().any(|e| matches!(e, Effect::Print { .. })),
        "the printer is broken"
    );
    bench.printer(PrinterInput::Status(PrinterState::Ready));
    let (job, slip, reprint) = bench.print();
    assert!(reprint, "marked 补打");
    assert_eq!(slip.number, ticket(7).number);
    assert_eq!(paper_of(&mut bench), PaperState::Printing);
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    assert_eq!(paper_of(&mut bench), PaperState::Printed);
    bench.wait_s(120);
    assert!(!bench.taken().iter().any(|e| matches!(e, Effect::Print { .. })), "once");
}

#[test]
fn a_reprint_asked_for_twice_while_the_printer_jams_comes_once_even_when_its_person_sat_down() {
    let mut bench = Bench::well();
    bench.printer(PrinterInput::Status(PrinterState::Down(Trouble::PaperOut)));
    for _ in 0..2 {
        holding(&mut bench);
        bench.touch(Intent::Reprint);
        assert_eq!(paper_of(&mut bench), PaperState::Queued);
        bench.touch(Intent::Done);
    }
    bench.taken();
    bench.printer(PrinterInput::Status(PrinterState::Ready));
    let (job, slip, _) = bench.print();
    assert_eq!(slip.number, ticket(7).number);
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    bench.wait_s(2);
    assert!(!bench.taken().iter().any(|e| matches!(e, Effect::Print { .. })), "once");
}

#[test]
fn a_reprint_on_a_kiosk_whose_printer_is_gone_leaves_the_number_on_the_screen() {
    let mut bench = Bench::well();
    holding(&mut bench);
    bench.printer(PrinterInput::Status(PrinterState::Down(Trouble::PrinterAway)));
    assert_eq!(bench.touch(Intent::Reprint), Outcome::Advanced);
    assert_eq!(paper_of(&mut bench), PaperState::None);
}
