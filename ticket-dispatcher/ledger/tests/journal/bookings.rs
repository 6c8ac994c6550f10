//! Bookings outlive the day, the restart and the hall file; whose they are does not outlive its time.

use ticket_dispatcher_identity::id_tag;
use ticket_dispatcher_ledger::{Answer, HolderFacts, verify};
use ticket_dispatcher_queue_core::{Effect, Event, NewBooking, NewTicket, PlanInterval, Refusal, Source};
use ticket_dispatcher_types::{BookingId, Cases, Class, HallId, Millis, Personal, ServiceId, TicketId};

use crate::bench::{Bench, crypto, number, open};

/// W1 is planned all day, so that there are slots.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let (from, to) = (Millis::from_mins(9 * 60), Millis::from_mins(17 * 60));
    bench.config.windows[0].plan = vec![PlanInterval { from, to }];
    bench.restart();
    bench
}

fn facts(person: u32) -> HolderFacts {
    let hall = HallId::new("h1").unwrap();
    HolderFacts {
        tag: Some(id_tag(crypto().as_ref(), &hall, &Personal::new(number(person)))),
        ..HolderFacts::default()
    }
}

fn booking(id: &str) -> BookingId {
    BookingId::new(id).unwrap()
}

fn book(bench: &Bench, key: u128, id: &str, person: u32, day: &str) -> Answer {
    let new = NewBooking {
        id: booking(id),
        person: String::new(),
        service: ServiceId::new("S1").unwrap(),
        day: day.to_string(),
        slot: Millis::from_mins(600),
        online: true,
    };
    bench.ask(
        key,
        Event::Book(new),
        Some(facts(person)),
        &format!("{id} {person} {day}"),
    )
}

fn check_in(bench: &Bench, key: u128, id: &str, person: Option<u32>) -> Answer {
    let event = Event::Take(NewTicket {
        id: TicketId::from_bytes(key.to_be_bytes()),
        services: vec![ServiceId::new("S1").unwrap()],
        class: Class::Normal,
        booking: Some(booking(id)),
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    });
    let mut token_hash = [0; 32];
    token_hash[..16].copy_from_slice(&key.to_be_bytes());
    let known = person.map(facts).unwrap_or_default();
    let facts = HolderFacts { token_hash, ..known };
    bench.ask(key, event, Some(facts), id)
}

fn effects(answer: &Answer) -> Vec<Effect> {
    match answer {
        Answer::Done(outcome) => outcome.effects.to_vec(),
        other => panic!("{other:?}"),
    }
}

fn refusal(answer: &Answer) -> Refusal {
    match answer {
        Answer::Unchanged(effects) => match &effects[..] {
            [Effect::Refused { refusal }] => refusal.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn at(bench: &Bench, day: i64, mins: i64) {
    bench.clock.set(day, Millis::from_mins(mins));
}

#[test]
fn a_booking_outlives_midnight_and_restart_and_is_its_persons_alone() {
    let mut bench = bench();
    assert!(matches!(
        &effects(&book(&bench, 1, "B1", 7, "2026-11-24"))[..],
        [Effect::Booked { .. }]
    ));
    assert!(matches!(book(&bench, 1, "B1", 7, "2026-11-24"), Answer::Done(o) if o.again));
    for day in 1..=3 {
        at(&bench, day, 540);
        bench.done(100 + day as u128, open("W1"));
        let before = bench.digest();
        bench.restart();
        assert_eq!(bench.digest(), before, "day {day}");
    }
    at(&bench, 3, 595);
    assert!(matches!(
        refusal(&check_in(&bench, 2, "B1", Some(8))),
        Refusal::UnknownBooking { .. }
    ));
    let came = effects(&check_in(&bench, 3, "B1", Some(7)));
    assert!(matches!(&came[0], Effect::Issued { class: Class::Appt, .. }));
    bench.stop();
    let report = verify(&bench.folder.journal(), None).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

#[test]
fn no_shows_count_over_restarts_and_staff_lift_the_block() {
    let mut bench = bench();
    for (day, id, date) in [(1, "B1", "2026-11-22"), (2, "B2", "2026-11-23")] {
        at(&bench, day, 540);
        bench.done(100 + day as u128, open("W1"));
        effects(&book(&bench, day as u128, id, 7, date));
        bench.restart();
    }
    at(&bench, 3, 540);
    let refused = refusal(&book(&bench, 4, "B3", 7, "2026-11-25"));
    assert!(matches!(refused, Refusal::BlockedFromBooking { until, .. } if until == "2026-12-24"));
    effects(&book(&bench, 5, "B4", 8, "2026-11-25"));
    let walked_in = effects(&bench.take(20, "S1", Some(7)));
    assert!(
        matches!(walked_in[0], Effect::Issued { .. }),
        "the same person walks in all the same"
    );
    let lift = || Event::Unblock {
        person: String::new(),
        reason: "was in hospital".to_string(),
    };
    assert_eq!(refusal(&bench.ask(6, lift(), Some(facts(9)), "")), Refusal::NotBlocked);
    effects(&bench.ask(7, lift(), Some(facts(7)), ""));
    effects(&book(&bench, 8, "B3", 7, "2026-11-25"));
    bench.stop();
    let report = verify(&bench.folder.journal(), None).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

#[test]
fn who_booked_is_forgotten_thirty_days_after_the_appointment() {
    let bench = bench();
    effects(&book(&bench, 1, "B1", 7, "2026-11-23"));
    for (day, kept) in [(2, 1_i64), (32, 1), (33, 0)] {
        at(&bench, day, 540);
        bench.done(100 + day as u128, open("W1"));
        assert_eq!(bench.sql::<i64>("SELECT count(*) FROM booker"), kept, "day {day}");
    }
}

#[test]
fn the_journal_ties_bookings_to_a_random_key_only() {
    let bench = bench();
    effects(&book(&bench, 1, "B1", 7, "2026-11-23"));
    effects(&book(&bench, 2, "B2", 7, "2026-11-24"));
    let keys: i64 =
        bench.sql("SELECT count(DISTINCT json_extract(input, '$.event.person')) FROM journal WHERE kind = 'book'");
    assert_eq!(keys, 1, "one person, one key");
    let tag = facts(7).tag.unwrap().0;
    let hex: String = tag.iter().map(|b| format!("{b:02X}")).collect();
    let found: i64 = bench.sql(&format!(
        "SELECT count(*) FROM journal WHERE instr(upper(input || outcome), '{}') > 0",
        &hex[..16]
    ));
    assert_eq!(found, 0, "the tag itself stays out of the journal");
}
