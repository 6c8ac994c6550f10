//! What a kiosk alone keeps: nothing is handed over twice, no number is used twice, nobody of another day is kept.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kiosk_outbox::{AloneEnd, NewAlone, Outbox};
use proptest::prelude::*;
use ticket_dispatcher_types::{GroupId, IdemKey, TicketNo, UnixMillis};

const DAY: &str = "2026-11-22";

/// A database in a folder of its own; removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kiosk-alone-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    fn open(&self) -> Outbox {
        Outbox::open(&self.0.join("outbox.sqlite")).expect("opens")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn group() -> GroupId {
    GroupId::new("G1").expect("an id")
}

fn number(count: u32) -> TicketNo {
    TicketNo::new('A', count).expect("a number")
}

fn key(n: u8) -> IdemKey {
    IdemKey::from_bytes([n; 16])
}

fn give(outbox: &mut Outbox, n: u8, person: u8, count: u32, day: &str) -> bool {
    let group = group();
    let new = NewAlone {
        key: key(n),
        tag: [person; 32],
        group: &group,
        day,
        number: number(count),
        body: "{}",
        sealed: b"the person, sealed",
        ticket: "{\"number\":1}",
    };
    outbox.give_alone(&new, UnixMillis(i64::from(n))).is_ok()
}

#[test]
fn tickets_wait_for_their_hand_over_in_order_and_over_a_restart() {
    let place = Place::new("order");
    let mut outbox = place.open();
    assert!(give(&mut outbox, 1, 1, 990, DAY) && give(&mut outbox, 2, 2, 991, DAY));
    assert!(!give(&mut outbox, 3, 3, 991, DAY), "a number is used once a day");
    assert!(give(&mut outbox, 4, 3, 991, "2026-11-23"));
    drop(outbox);
    let outbox = place.open();
    let first = outbox.next_alone().expect("read").expect("one waits");
    assert_eq!(
        (first.key, first.sealed.as_deref()),
        (key(1), Some(&b"the person, sealed"[..]))
    );
    outbox
        .end_alone(first.no, AloneEnd::Handed, "", UnixMillis(9))
        .expect("ended");
    let second = outbox.next_alone().expect("read").expect("one waits");
    assert_eq!(second.key, key(2));
    assert_eq!(
        outbox.used_numbers(DAY).expect("read"),
        ["A990", "A991"],
        "handed over is used all the same"
    );
}

#[test]
fn the_person_is_gone_with_the_hand_over_and_with_the_day() {
    let place = Place::new("forget");
    let mut outbox = place.open();
    give(&mut outbox, 1, 1, 990, DAY);
    give(&mut outbox, 2, 2, 991, DAY);
    let first = outbox.next_alone().expect("read").expect("one waits").no;
    outbox
        .end_alone(first, AloneEnd::Handed, "", UnixMillis(9))
        .expect("ended");
    outbox.begin_day("2026-11-25").expect("a new day");
    let left = outbox.next_alone().expect("read").expect("the hall hears of it");
    assert_eq!((left.key, left.sealed), (key(2), None));
    assert_eq!(outbox.held(&[2; 32], &group(), DAY).expect("read"), None);
    drop(outbox);
    let bytes = std::fs::read(place.0.join("outbox.sqlite")).expect("the file");
    let person = b"the person, sealed";
    assert!(
        !bytes.windows(person.len()).any(|w| w == person),
        "it is still in the file"
    );
}

#[test]
fn a_person_is_known_again_until_the_ticket_is_over() {
    let place = Place::new("held");
    let mut outbox = place.open();
    let (tag, group) = ([7; 32], group());
    outbox.asked(key(1), &tag, &group, DAY).expect("noted");
    outbox.hold(key(1), number(1), "\"A001\"").expect("held");
    assert_eq!(
        outbox.held(&tag, &group, DAY).expect("read").as_deref(),
        Some("\"A001\"")
    );
    outbox.release(number(1)).expect("over");
    assert_eq!(outbox.held(&tag, &group, DAY).expect("read"), None);
    give(&mut outbox, 2, 7, 990, DAY);
    assert!(outbox.held(&tag, &group, DAY).expect("read").is_some());
    assert_eq!(outbox.given_alone(DAY, number(991)).expect("read"), None);
    let given = outbox.given_alone(DAY, number(990)).expect("read").expect("given");
    outbox
        .give_back_alone(given.no, key(3), "{\"given_back\":true}")
        .expect("given back");
    assert_eq!(outbox.held(&tag, &group, DAY).expect("read"), None);
    let told = outbox.next_alone().expect("read").expect("the hall hears of it");
    assert_eq!((told.no, told.key, told.sealed), (given.no, key(3), None));
    assert_eq!(told.body, "{\"given_back\":true}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Given, restarted, handed over, answers lost: every ticket ends once, in order, and no number is used twice.
    #[test]
    fn every_ticket_is_handed_over_once_and_in_order(steps in prop::collection::vec(0_u8..5, 1..60)) {
        let place = Place::new("random");
        let mut outbox = place.open();
        let (mut given, mut handed) = (Vec::new(), Vec::new());
        let mut n = 0_u8;
        for step in steps {
            match step {
                0 | 1 => {
                    n += 1;
                    let count = 900 + u32::from(n) % 40;
                    let fresh = !given.iter().any(|(_, used)| *used == count);
                    prop_assert_eq!(give(&mut outbox, n, n, count, DAY), fresh);
                    if fresh {
                        given.push((key(n), count));
                    }
                }
                2 => outbox = { drop(outbox); place.open() },
                _ => {
                    let Some(next) = outbox.next_alone().expect("read") else { continue };
                    // The answer may be lost: then the same one is next again.
                    if step == 4 {
                        handed.push(next.key);
                        outbox.end_alone(next.no, AloneEnd::Handed, "", UnixMillis(0)).expect("ended");
                        outbox.end_alone(next.no, AloneEnd::Void, "late", UnixMillis(0)).expect("too late");
                    }
                }
            }
        }
        while let Some(next) = outbox.next_alone().expect("read") {
            handed.push(next.key);
            outbox.end_alone(next.no, AloneEnd::Handed, "", UnixMillis(0)).expect("ended");
        }
        let order: Vec<IdemKey> = given.iter().map(|(key, _)| *key).collect();
        prop_assert_eq!(&handed, &order);
        let numbers = outbox.used_numbers(DAY).expect("read");
        prop_assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), given.len());
    }
}
