//! The kiosk alone: lent numbers while the dispatcher is away.

use kiosk_flow::{DispatcherInput, Effect, Lent, LentNumber, Outcome, ReaderInput, Reason, Ticket, TicketRequest};
use ticket_dispatcher_types::{IdemKey, TicketId, TicketNo};
use ui_model::{Intent, PaperState, Screen, Trouble};

use crate::bench::{Bench, TODAY, adult, group_id, ticket};

fn number(count: u32) -> LentNumber {
    LentNumber {
        group: group_id("G1"),
        number: TicketNo::new('A', count).expect("a number"),
        id: TicketId::from_bytes([u8::try_from(count % 250).expect("small"); 16]),
        check_code: "0007".to_string(),
        lookup_url: "https://hall.example/q?t=OFFLINE".to_string(),
    }
}

/// A kiosk with two lent numbers of G1 whose dispatcher has just gone.
fn cut_off() -> Bench {
    let mut bench = Bench::well();
    bench.dispatcher(DispatcherInput::Lent(Lent {
        day: Some(TODAY),
        numbers: vec![number(990), number(991)],
    }));
    bench.dispatcher(DispatcherInput::Away);
    bench.taken();
    bench
}

/// The lent number that is asked for, and its key.
fn given(bench: &mut Bench) -> (IdemKey, TicketRequest, LentNumber) {
    let mut given = bench.taken().into_iter().filter_map(|effect| match effect {
        Effect::GiveAlone { key, request, number } => Some((key, request, *number)),
        _ => None,
    });
    let first = given.next().expect("a lent number was asked for");
    assert!(given.next().is_none(), "only one");
    first
}

fn issued(number: &LentNumber, request: &TicketRequest) -> Ticket {
    Ticket {
        id: number.id,
        number: number.number,
        services: request.services.clone(),
        windows: Vec::new(),
        offline: true,
        ..ticket(1)
    }
}

fn take(bench: &mut Bench) -> (IdemKey, TicketRequest, LentNumber) {
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    given(bench)
}

#[test]
fn a_kiosk_alone_gives_out_a_lent_number_marked_as_such_on_screen_and_paper() {
    let mut bench = cut_off();
    let model = bench.model();
    assert!(model.offline);
    assert!(matches!(model.screen, Screen::Attract { closed: false, ref down, .. } if down.is_empty()));
    let (key, request, number) = take(&mut bench);
    assert_eq!(number.number.to_string(), "A990");
    let ticket = issued(&number, &request);
    bench.dispatcher(DispatcherInput::Issued { key, ticket });
    let Screen::Ticket { ticket, paper, .. } = bench.screen() else {
        panic!("the number")
    };
    assert!(ticket.offline && ticket.wait.is_none());
    assert_eq!((ticket.number, paper), (number.number, PaperState::Printing));
    assert_eq!(ticket.windows, ["1号窗口"]);
    let (_, slip, reprint) = bench.print();
    assert!(slip.offline && !reprint);
    bench.touch(Intent::Done);
    assert_eq!(take(&mut bench).2.number.to_string(), "A991", "the first is used up");
}

#[test]
fn alone_only_what_was_lent_can_be_chosen_and_without_numbers_the_screen_says_where_to_go() {
    let mut bench = cut_off();
    bench.touch(Intent::ChooseFirst);
    let Screen::Groups { groups, .. } = bench.screen() else {
        panic!("groups")
    };
    let available: Vec<bool> = groups.iter().map(|group| group.available).collect();
    assert_eq!(available, [true, false], "G1 was lent, G5 was not");
    assert!(groups.iter().all(|group| group.wait.is_none()), "no counts of before");
    let group = group_id("G5");
    let ignored = Outcome::Ignored {
        reason: Reason::NoSuchChoice,
    };
    assert_eq!(bench.touch(Intent::ChooseGroup { group }), ignored);
    bench.touch(Intent::Cancel);
    bench.wait_s(3);
    for _ in 0..2 {
        let (key, request, number) = take(&mut bench);
        let ticket = issued(&number, &request);
        bench.dispatcher(DispatcherInput::Issued { key, ticket });
        bench.touch(Intent::Done);
    }
    assert!(
        matches!(bench.screen(), Screen::Attract { closed: true, .. }),
        "none is left"
    );
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    assert!(matches!(
        bench.screen(),
        Screen::Failed {
            trouble: Trouble::DispatcherAway,
            ..
        }
    ));
}

#[test]
fn a_lent_number_is_good_on_its_day_and_within_the_hours_alone() {
    let mut bench = cut_off();
    assert!(bench.model().offline);
    bench.minute_of_day = 750;
    assert!(!bench.model().offline, "the midday break");
    bench.minute_of_day = 600;
    let numbers = vec![number(990)];
    let day = kiosk_flow::Day::parse("20261119");
    bench.dispatcher(DispatcherInput::Lent(Lent { day, numbers }));
    assert!(!bench.model().offline, "numbers of another day");
    assert!(matches!(bench.screen(), Screen::Attract { closed: true, .. }));
}

#[test]
fn who_holds_a_number_of_this_kiosk_is_shown_it_and_no_number_is_used_up() {
    let mut bench = cut_off();
    let (key, ..) = take(&mut bench);
    bench.dispatcher(DispatcherInput::AlreadyHolds { key, ticket: ticket(7) });
    assert!(matches!(bench.screen(), Screen::AlreadyHolds { .. }));
    bench.touch(Intent::Done);
    assert_eq!(take(&mut bench).2.number.to_string(), "A990");
}

#[test]
fn a_request_that_is_not_answered_when_the_line_goes_gets_a_lent_number_instead() {
    let mut bench = Bench::well();
    bench.dispatcher(DispatcherInput::Lent(Lent {
        day: Some(TODAY),
        numbers: vec![number(990)],
    }));
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    let (first, request) = bench.request();
    bench.wait_s(5);
    assert!(bench.taken().is_empty(), "the line may only be slow");
    bench.dispatcher(DispatcherInput::Away);
    bench.wait_s(1);
    let effects = bench.taken();
    assert!(effects.contains(&Effect::Abandon(first)), "{effects:?}");
    let again = effects.iter().find_map(|effect| match effect {
        Effect::GiveAlone { key, request, .. } => Some((*key, request.clone())),
        _ => None,
    });
    let (key, asked) = again.expect("a lent number");
    assert_ne!(key, first);
    assert_eq!(asked, request, "the same person and the same matters");
    // The first answer comes after all: too late, and the hand-over names its key.
    let late = bench.dispatcher(DispatcherInput::Issued {
        key: first,
        ticket: ticket(3),
    });
    assert_eq!(late, Outcome::Ignored { reason: Reason::Late });
    let ticket = issued(&number(990), &request);
    bench.dispatcher(DispatcherInput::Issued { key, ticket });
    assert!(matches!(bench.screen(), Screen::Ticket { .. }));
}

#[test]
fn with_the_line_back_numbers_come_from_the_dispatcher_again() {
    let mut bench = cut_off();
    bench.dispatcher(DispatcherInput::Back);
    assert!(!bench.model().offline);
    bench.taken();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.request();
}

#[test]
fn two_attempts_that_nobody_answers_are_an_outage_for_whoever_waits() {
    let mut bench = Bench::well();
    bench.dispatcher(DispatcherInput::Lent(Lent {
        day: Some(TODAY),
        numbers: vec![number(990)],
    }));
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    let (key, _) = bench.request();
    let trouble = Trouble::LedgerAway;
    for _ in 0..3 {
        bench.dispatcher(DispatcherInput::Unavailable { key, trouble });
    }
    bench.wait_s(5);
    assert!(bench.taken().is_empty(), "a dispatcher that cannot write is there");
    let trouble = Trouble::DispatcherAway;
    for _ in 0..2 {
        assert!(!bench.model().offline);
        bench.dispatcher(DispatcherInput::Unavailable { key, trouble });
    }
    bench.wait_s(1);
    assert_eq!(given(&mut bench).2.number.to_string(), "A990");
}
