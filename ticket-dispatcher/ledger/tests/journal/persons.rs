//! Persons are kept apart from the journal, and go on time.

use ticket_dispatcher_queue_core::Event;
use ticket_dispatcher_types::Millis;

use crate::bench::{Bench, NAME, issued, next, number, open};

fn count(bench: &Bench, what: &str) -> i64 {
    bench.sql(&format!("SELECT count(*) FROM holder WHERE {what}"))
}

#[test]
fn the_end_of_service_takes_name_and_sealed_record_away() {
    let bench = Bench::new();
    bench.done(1, open("W1"));
    let (ticket, _) = issued(&bench.take(2, "S1", Some(1)));
    bench.take(3, "S1", Some(2));
    assert_eq!(count(&bench, "sealed IS NOT NULL AND mask IS NOT NULL"), 2);
    bench.done(4, next("W1"));
    bench.done(5, Event::Finish { ticket });
    assert_eq!(count(&bench, "sealed IS NOT NULL OR mask IS NOT NULL"), 1);
    assert_eq!(
        count(&bench, "id_tag IS NOT NULL"),
        2,
        "the tag stays for counting no-shows"
    );
}

#[test]
fn a_minute_before_midnight_nobody_is_left() {
    let bench = Bench::new();
    bench.take(2, "S1", Some(1));
    bench.clock.set(0, Millis::from_mins(1439));
    bench.ledger().end_of_day();
    bench.done(3, open("W1"));
    assert_eq!(count(&bench, "sealed IS NOT NULL OR mask IS NOT NULL"), 0);
}

#[test]
fn a_dispatcher_that_slept_over_midnight_forgets_when_it_wakes() {
    let mut bench = Bench::new();
    bench.take(2, "S1", Some(1));
    bench.stop();
    bench.clock.set(1, Millis::from_mins(480));
    bench.start().unwrap();
    assert_eq!(count(&bench, "sealed IS NOT NULL OR mask IS NOT NULL"), 0);
}

#[test]
fn tags_go_after_thirty_days_and_day_keys_after_one() {
    let bench = Bench::new();
    bench.take(1, "S1", Some(1));
    for day in 1..=31 {
        bench.clock.set(day, Millis::from_mins(480));
        bench.done(100 + day as u128, open("W1"));
        let keys: i64 = bench.sql("SELECT count(*) FROM day_key");
        assert!(keys <= 2, "{keys} day keys on day {day}");
        assert_eq!(count(&bench, "id_tag IS NOT NULL"), i64::from(day <= 30), "day {day}");
        assert_eq!(
            count(&bench, "token_hash IS NOT NULL"),
            i64::from(day <= 1),
            "day {day}"
        );
    }
}

#[test]
fn the_same_person_has_another_key_in_the_journal_every_day() {
    let bench = Bench::new();
    bench.take(1, "S1", Some(1));
    bench.clock.set(1, Millis::from_mins(480));
    bench.take(2, "S1", Some(1));
    let keys: i64 =
        bench.sql("SELECT count(DISTINCT json_extract(input, '$.event.holder')) FROM journal WHERE kind = 'take'");
    assert_eq!(keys, 2);
}

#[test]
fn no_byte_of_a_person_is_in_any_file() {
    let mut bench = Bench::new();
    for person in 0..20 {
        bench.take(100 + u128::from(person), "S1", Some(person));
    }
    let look = |bench: &Bench| {
        for entry in std::fs::read_dir(&bench.folder.0).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for person in 0..20 {
                let needle = number(person);
                let found = bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
                assert!(!found, "a number is in {}", path.display());
            }
            assert!(!bytes.windows(NAME.len()).any(|w| w == NAME.as_bytes()));
        }
    };
    look(&bench);
    bench.clock.set(0, Millis::from_mins(1439));
    bench.ledger().end_of_day();
    bench.stop();
    look(&bench);
    let mask = "欧**验".as_bytes();
    let bytes = std::fs::read(bench.folder.journal()).unwrap();
    assert!(
        !bytes.windows(mask.len()).any(|w| w == mask),
        "a mask outlived its day in a free page"
    );
}
