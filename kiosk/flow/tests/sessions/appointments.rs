//! 报到: a card whose person has an appointment today.

use kiosk_flow::{Appointment, DispatcherInput, Effect, Input, ReaderInput};
use ticket_dispatcher_types::{BookingId, Class};
use ui_model::{Intent, PriorityKind, Punctual, Screen};

use crate::bench::{Bench, adult, elder, service_id, ticket};

fn appointment() -> Appointment {
    Appointment {
        id: BookingId::new("B1").expect("an id"),
        service: service_id("S501"),
        slot: "10:00–10:30".to_string(),
        check_in_from: 585,
        check_in_until: 615,
    }
}

fn booked(minute_of_day: u16) -> Bench {
    let mut bench = Bench::well();
    bench.bookings = vec![appointment()];
    bench.minute_of_day = minute_of_day;
    bench
}

fn check_in(punctual: Punctual) -> Screen {
    Screen::CheckIn {
        service: "补办身份证".to_string(),
        slot: "10:00–10:30".to_string(),
        punctual,
    }
}

#[test]
fn one_touch_gives_the_appointment_its_number_on_screen_and_paper() {
    let mut bench = booked(590);
    bench.lay(adult());
    assert!(matches!(bench.screen(), Screen::TakeCard { .. }), "the card first");
    bench.reader(ReaderInput::Removed);
    assert_eq!(bench.screen(), check_in(Punctual::InTime));
    bench.touch(Intent::CheckIn);
    let (key, request) = bench.request();
    assert_eq!(request.services, [service_id("S501")]);
    assert_eq!(request.appointment, Some(appointment()));
    assert!(request.without_person().ends_with(" B1"));
    let mut issued = ticket(7);
    issued.appointment = Some(appointment().slot);
    bench.dispatcher(DispatcherInput::Issued { key, ticket: issued });
    let Screen::Ticket { ticket, .. } = bench.screen() else {
        panic!("{:?}", bench.screen());
    };
    assert_eq!(ticket.appointment.as_deref(), Some("10:00–10:30"));
    assert_eq!(bench.print().1.appointment.as_deref(), Some("10:00–10:30"));
}

#[test]
fn the_screen_says_beforehand_what_early_and_late_mean() {
    for (minute, punctual) in [
        (584, Punctual::Early),
        (585, Punctual::InTime),
        (615, Punctual::InTime),
        (616, Punctual::Late),
    ] {
        let mut bench = booked(minute);
        bench.lay(adult());
        bench.reader(ReaderInput::Removed);
        assert_eq!(bench.screen(), check_in(punctual), "{minute}");
    }
}

#[test]
fn something_else_goes_on_as_without_an_appointment() {
    let mut bench = booked(590);
    bench.lay(elder());
    bench.reader(ReaderInput::Removed);
    assert_eq!(
        bench.screen(),
        check_in(Punctual::InTime),
        "before the offer of priority"
    );
    bench.touch(Intent::OtherMatter);
    let kind = PriorityKind::Elder;
    assert_eq!(bench.screen(), Screen::PriorityOffer { kind });
    bench.touch(Intent::DeclinePriority);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    assert_eq!(bench.request().1.appointment, None);
}

#[test]
fn an_elder_who_comes_late_keeps_the_priority_of_age() {
    let mut bench = booked(700);
    bench.lay(elder());
    bench.reader(ReaderInput::Removed);
    bench.touch(Intent::CheckIn);
    assert_eq!(bench.request().1.class, Class::Elderly);
}

#[test]
fn a_confirmed_choice_waits_for_the_answer_and_then_goes_on() {
    let mut bench = Bench::well();
    bench.answers = false;
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    let asked = |e: &Effect| matches!(e, Effect::IssueTicket { .. });
    assert!(
        !bench.effects.iter().any(asked),
        "the person may have an appointment for it"
    );
    assert!(matches!(bench.screen(), Screen::Issuing { .. }));
    bench.wait_s(2);
    let (_, request) = bench.request();
    assert_eq!(
        (request.services, request.appointment),
        (vec![service_id("S101")], None)
    );
}

#[test]
fn an_answer_that_comes_late_or_to_another_session_changes_nothing() {
    let mut bench = booked(590);
    bench.answers = false;
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    let ask = bench.taken().into_iter().find_map(|e| match e {
        Effect::FindBookings { ask, .. } => Some(ask),
        _ => None,
    });
    let answer = || DispatcherInput::Bookings {
        ask: ask.expect("it was asked"),
        found: vec![appointment()],
        missed: None,
    };
    bench.touch(Intent::Cancel);
    let before = bench.screen();
    bench.step(Input::Dispatcher(answer()));
    assert_eq!(bench.screen(), before);
    bench.wait_s(3);
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.dispatcher(answer());
    assert!(
        matches!(bench.screen(), Screen::Issuing { .. }),
        "another question is open"
    );
}

#[test]
fn who_lays_the_card_down_after_a_missed_call_is_back_in_the_queue_without_a_touch() {
    let mut bench = Bench::well();
    bench.missed = Some(service_id("S102"));
    bench.lay(adult());
    let (key, request) = bench.request();
    assert_eq!(request.services, [service_id("S102")]);
    let mut back = ticket(3);
    back.returned = true;
    bench.dispatcher(DispatcherInput::Issued { key, ticket: back });
    bench.reader(ReaderInput::Removed);
    let Screen::Ticket { ticket, .. } = bench.screen() else {
        panic!("the number")
    };
    assert!(ticket.returned);
    let (_, slip, _) = bench.print();
    assert!(slip.returned, "the slip says so too");
}

#[test]
fn who_has_chosen_something_is_asked_for_that() {
    let mut bench = Bench::well();
    bench.missed = Some(service_id("S102"));
    bench.touch(Intent::ChooseFirst);
    bench.choose("G5", "S501");
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    let (_, request) = bench.request();
    assert_eq!(request.services, [service_id("S501")]);
}
