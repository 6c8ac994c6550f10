//! What the journal promises, on a real file: nothing answered is lost, nothing is decided twice, no person stays.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops where it stands

mod bench;
mod bookings;
mod persons;
mod tampering;

use bench::{Bench, a_morning, crypto, issued, next, open};
use ticket_dispatcher_ledger::{Answer, LedgerError, verify};
use ticket_dispatcher_queue_core::{By, Effect, Event, Refusal, TransferTo};
use ticket_dispatcher_types::{Millis, WindowId};

#[test]
fn a_restart_finds_everything_that_was_answered() {
    let mut bench = Bench::new();
    a_morning(&bench, 1000);
    let (before, rows) = (bench.digest(), bench.seen.lock().unwrap().rows.len());
    bench.restart();
    assert_eq!(bench.digest(), before);
    assert_eq!(bench.seen.lock().unwrap().rows.len(), rows);
    let (_, number) = issued(&bench.take(9000, "S1", None));
    assert_eq!(number.to_string(), "A014", "numbers go on where they were");
}

#[test]
fn the_same_key_gives_the_same_ticket_over_a_restart() {
    let mut bench = Bench::new();
    let first = issued(&bench.take(1, "S1", Some(1)));
    bench.restart();
    let Answer::Done(again) = bench.take(1, "S1", Some(1)) else {
        panic!("not answered");
    };
    assert!(again.again);
    assert_eq!(issued(&Answer::Done(again)), first);
    assert!(matches!(bench.take(1, "S1", Some(2)), Answer::KeyReused));
    assert!(matches!(bench.take(1, "S2", Some(1)), Answer::KeyReused));
}

#[test]
fn one_key_in_one_batch_is_one_ticket() {
    let bench = Bench::new();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| bench.take(5, "S1", Some(5)))).collect();
        threads.into_iter().map(|t| issued(&t.join().unwrap())).collect()
    });
    assert!(answers.iter().all(|a| *a == answers[0]));
    assert_eq!(bench.sql::<i64>("SELECT count(*) FROM journal WHERE kind = 'take'"), 1);
}

#[test]
fn many_at_once_get_dense_rows_and_dense_numbers() {
    let bench = Bench::new();
    let mut numbers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u128)
            .map(|t| {
                let bench = &bench;
                scope.spawn(move || {
                    let keys = (0..40).map(|i| 1 + t * 100 + i);
                    keys.map(|key| issued(&bench.take(key, "S1", None)).1.count())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=320).collect::<Vec<_>>());
    let (rows, last): (i64, i64) = (
        bench.sql("SELECT count(*) FROM journal"),
        bench.sql("SELECT max(seq) FROM journal"),
    );
    assert_eq!((rows, last), (322, 322));
}

#[test]
fn a_person_with_an_open_ticket_gets_no_second_one_and_no_row_is_written() {
    let bench = Bench::new();
    let (id, _) = issued(&bench.take(1, "S1", Some(1)));
    let rows: i64 = bench.sql("SELECT count(*) FROM journal");
    let Answer::Unchanged(effects) = bench.take(2, "S1", Some(1)) else {
        panic!("a second ticket");
    };
    assert!(format!("{effects:?}").contains(&format!("AlreadyHolds {{ ticket: {id:?}")));
    assert_eq!(bench.sql::<i64>("SELECT count(*) FROM journal"), rows);
}

#[test]
fn replaying_the_inputs_gives_the_stored_outcomes() {
    let mut bench = Bench::new();
    for day in 0..3 {
        bench.clock.set(day, Millis::from_mins(540));
        a_morning(&bench, 1000 * (day as u128 + 1));
    }
    bench.stop();
    let report = verify(&bench.folder.journal(), Some(crypto().as_ref())).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.days, report.tickets, report.rows), (3, 60, report.replayed + 1));
    assert!(report.seal_checked);
}

#[test]
fn snapshot_and_tail_give_what_the_whole_journal_gives() {
    let mut bench = Bench::new();
    for day in 0..4 {
        bench.clock.set(day, Millis::from_mins(540));
        bench.restart();
        a_morning(&bench, 1000 * (day as u128 + 1));
        let before = bench.digest();
        bench.restart();
        assert_eq!(bench.digest(), before, "day {day}");
    }
    let began_at = bench.seen.lock().unwrap().began_at;
    assert!(
        began_at > 50,
        "recovery began at row {began_at}, not at the snapshot of the day before"
    );
    bench.stop();
    bench.tamper("DELETE FROM snapshot");
    bench.start().unwrap();
    assert_eq!(bench.seen.lock().unwrap().began_at, 0);
    let whole = bench.digest();
    bench.restart();
    assert_eq!(bench.digest(), whole);
}

#[test]
fn a_day_begins_once_and_numbers_begin_at_one() {
    let mut bench = Bench::new();
    bench.take(1, "S1", Some(1));
    bench.clock.set(1, Millis::from_secs(1));
    let (_, number) = issued(&bench.take(2, "S1", Some(1)));
    assert_eq!(
        number.to_string(),
        "A001",
        "yesterday's open ticket is void, and the person may take a new one"
    );
    // The clock goes back over midnight, and the process restarts there.
    bench.clock.set(0, Millis::from_mins(1439));
    let (_, number) = issued(&bench.take(3, "S1", Some(2)));
    assert_eq!(number.to_string(), "A002");
    bench.restart();
    let (_, number) = issued(&bench.take(4, "S1", Some(3)));
    assert_eq!(number.to_string(), "A003");
    assert_eq!(
        bench.sql::<i64>("SELECT count(*) FROM journal WHERE kind = 'day-begins'"),
        2
    );
    let back: i64 =
        bench.sql("SELECT count(*) FROM journal a JOIN journal b ON b.seq = a.seq + 1 WHERE b.at_ms < a.at_ms");
    assert_eq!(back, 0);
}

#[test]
fn that_nobody_waits_is_remembered_under_its_key() {
    let bench = Bench::new();
    bench.done(1, open("W1"));
    bench.take(2, "S1", None);
    let called = bench.done(3, next("W1"));
    assert!(called.effects.iter().any(|e| matches!(e, Effect::Called { .. })));
    let finished = bench.done(4, next("W1"));
    assert!(finished.effects.iter().any(|e| matches!(e, Effect::Finished { .. })));
    let nobody = |answer: Answer| match answer {
        Answer::Done(outcome) => matches!(outcome.effects[..], [Effect::NobodyWaits { .. }]),
        _ => false,
    };
    assert!(nobody(bench.ask(5, next("W1"), None, "")));
    // Somebody comes; the same message, doubled under way, must not call them.
    bench.take(6, "S1", None);
    assert!(nobody(bench.ask(5, next("W1"), None, "")));
    let called = bench.done(7, next("W1"));
    assert!(called.effects.iter().any(|e| matches!(e, Effect::Called { .. })));
}

#[test]
fn a_changed_hall_file_is_a_row_and_the_day_goes_on_under_it() {
    let mut bench = Bench::new();
    a_morning(&bench, 1000);
    bench.stop();
    bench.config.windows.pop();
    bench.start().unwrap();
    bench.take(5000, "S1", None);
    bench.restart();
    assert_eq!(
        bench.sql::<i64>("SELECT count(*) FROM journal WHERE kind = 'hall-file'"),
        2
    );
    bench.stop();
    let report = verify(&bench.folder.journal(), None).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn settings_that_durability_hangs_on_are_in_force() {
    let bench = Bench::new();
    assert_eq!(bench.sql::<String>("PRAGMA journal_mode"), "wal");
    let strict: i64 = bench.sql(
        "SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND schema = 'main'
        AND name NOT LIKE 'sqlite_%'",
    );
    assert_eq!(strict, 0, "every table is STRICT");
}

#[test]
fn a_journal_of_another_hall_or_of_a_newer_version_is_refused() {
    let mut bench = Bench::new();
    bench.stop();
    bench.hall = "h2";
    assert!(matches!(bench.start(), Err(LedgerError::OtherHall { .. })));
    let db = rusqlite::Connection::open(bench.folder.journal()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    bench.hall = "h1";
    assert!(matches!(bench.start(), Err(LedgerError::Newer { found: 99, .. })));
    assert!(matches!(
        verify(&bench.folder.journal(), None),
        Err(LedgerError::Newer { .. })
    ));
}

/// What a hall has learnt of its services decides who is called and what people are told, so a restart that forgot it
/// would decide otherwise than the same hall without one.
#[test]
fn what_was_learnt_outlives_days_and_restarts() {
    let mut bench = Bench::new();
    bench.stop();
    bench.config.forecast_paths = 50;
    bench.start().unwrap();
    let mut key = 0;
    let mut next_key = || {
        key += 1;
        key
    };
    for day in 0..4 {
        bench.clock.set(day, Millis::from_mins(540));
        if day == 3 {
            bench.restart();
        }
        bench.done(next_key(), open("W1"));
        for n in 0..12 {
            bench.take(next_key(), if n % 2 == 0 { "S1" } else { "S2" }, None);
        }
        for n in 0..10 {
            // Ordinary matters take 20 minutes at S1 and 90 seconds at S2, which no hall file says.
            bench.clock.set(day, Millis::from_mins(545 + 22 * n));
            let outcome = bench.done(next_key(), next("W1"));
            let called = outcome.effects.iter().find_map(|e| match e {
                Effect::Called { ticket, .. } => Some(*ticket),
                _ => None,
            });
            let ticket = called.unwrap();
            bench.done(next_key(), Event::Start { ticket });
            let engine = bench.seen.lock().unwrap().engine.clone().unwrap();
            let short = engine.ticket(ticket).unwrap().service().as_str() == "S2";
            let took = if short { 90 } else { 1200 };
            bench
                .clock
                .set(day, Millis::from_mins(545 + 22 * n) + Millis::from_secs(took));
            bench.done(next_key(), Event::Finish { ticket });
        }
    }
    bench.stop();
    let report = verify(&bench.folder.journal(), Some(crypto().as_ref())).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.days, 4);
}

#[test]
fn a_repeated_transfer_gets_its_stored_answer_wherever_the_ticket_is_by_now() {
    let bench = Bench::new();
    bench.done(1, open("W1"));
    bench.done(2, open("W2"));
    let Answer::Done(taken) = bench.take(3, "S2", None) else {
        panic!("no ticket")
    };
    let Effect::Issued { ticket, .. } = &taken.effects[0] else {
        panic!("{taken:?}")
    };
    let ticket = ticket.id;
    bench.done(4, next("W1"));
    let hands = |w: &str| {
        let window = WindowId::new(w).unwrap();
        Some(By::Window { window })
    };
    let to = TransferTo::Window {
        window: WindowId::new("W2").unwrap(),
    };
    let reason = "papers".to_string();
    let transfer = || Event::Transfer {
        ticket,
        to: to.clone(),
        reason: reason.clone(),
    };
    let Answer::Done(first) = bench.ask_as(hands("W1"), 5, transfer(), None, "t") else {
        panic!("refused")
    };
    bench.done(6, next("W2"));
    let Answer::Done(again) = bench.ask_as(hands("W1"), 5, transfer(), None, "t") else {
        panic!("the answer that was lost is not given again")
    };
    assert_eq!((again.seq, again.again), (first.seq, true));
    let Answer::Unchanged(refused) = bench.ask_as(hands("W1"), 7, transfer(), None, "t") else {
        panic!("W1 moved what W2 has called")
    };
    assert!(
        matches!(
            refused[0],
            Effect::Refused {
                refusal: Refusal::NotYours { .. }
            }
        ),
        "{refused:?}"
    );
    let input: String = bench.sql("SELECT input FROM journal WHERE kind = 'transfer'");
    assert!(
        input.contains(r#""by":{"by":"window","window":"W1"}"#),
        "the journal names the hands: {input}"
    );
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_and_back_moves_no_number_and_no_row_back() {
    let mut bench = Bench::new();
    bench.clock.set(0, Millis::from_mins(600));
    bench.done(1, open("W1"));
    let numbers = |bench: &Bench, key| issued(&bench.take(key, "S1", None)).1.to_string();
    assert_eq!(numbers(&bench, 2), "A001");
    bench.clock.set(0, Millis::from_mins(660));
    assert_eq!(numbers(&bench, 3), "A002");
    bench.clock.set(0, Millis::from_mins(600));
    assert_eq!(numbers(&bench, 4), "A003", "it goes on counting");
    bench.restart();
    assert_eq!(
        numbers(&bench, 5),
        "A004",
        "after a restart in the hour that comes twice, too"
    );
    for (key, wanted) in [(6, "A001"), (7, "A002"), (8, "A003"), (9, "A004")] {
        let called = bench.done(key, next("W1"));
        let found = called.effects.iter().find_map(|effect| match effect {
            Effect::Called { ticket, .. } => Some(*ticket),
            _ => None,
        });
        let engine = bench.seen.lock().unwrap().engine.clone().unwrap();
        assert_eq!(engine.ticket(found.unwrap()).unwrap().number.to_string(), wanted);
    }
    let back = "SELECT count(*) FROM journal a JOIN journal b ON b.seq = a.seq + 1 WHERE b.at_ms < a.at_ms";
    assert_eq!(bench.sql::<i64>(back), 0);
    let days = "SELECT count(*) FROM journal WHERE kind = 'day-begins'";
    assert_eq!(bench.sql::<i64>(days), 1);
}
