//! `kill -9` under load, again and again: kiosks and clerks keep histories of what they were answered, and the journal
//! is held against them in the end.
//!
//! `HALL_KILL_ROUNDS=1000 cargo test -p ticket-dispatcher-daemon --test http kill_loop -- --nocapture` is the long run.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use crate::house::{House, key, ticket};

/// Rounds without being asked.
const ROUNDS: u64 = 50;
/// Tickets of the whole run: a day has 999 numbers in each of six series.
const TICKETS: u64 = 4000;
const WINDOWS: [&str; 5] = ["W01", "W02", "W03", "P01", "P02"];
const NEXT: &str = r#"{"finish_current":true}"#;

/// What the clients know: what they asked, and what they were answered before a cut.
#[derive(Default)]
struct Histories {
    asked: AtomicU64,
    taken: Mutex<BTreeMap<u64, Vec<u8>>>,
    /// By key of the request: window, and the ticket that was called; none when nobody waited.
    called: Mutex<BTreeMap<u64, (usize, Option<String>)>>,
    /// A clerk's request without an answer: asked again with its key before anything else.
    open: [Mutex<Option<u64>>; WINDOWS.len()],
    repeated: AtomicU64,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap()
}

fn body_of(n: u64) -> String {
    let person = (!n.is_multiple_of(3)).then_some(u32::try_from(n).unwrap());
    let service = ["S101", "S201", "S301", "S401", "S501", "S601"][usize::try_from(n % 6).unwrap()];
    ticket(service, person)
}

/// A kiosk: takes tickets up to the round's share, then asks for old ones again.
fn kiosk(house: &House, seen: &Histories, until: u64, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let next = seen
            .asked
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < until).then_some(n + 1));
        let n = match next {
            Ok(n) => n,
            Err(all) => seen.repeated.fetch_add(7, Ordering::SeqCst) % all.max(1),
        };
        let sent = house.try_keyed("POST", "/api/v1/tickets", &body_of(n), Some(&key(n.into())));
        let Ok(answer) = sent else {
            continue;
        };
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let before = lock(&seen.taken).insert(n, answer.body.clone());
        assert!(
            before.is_none_or(|before| before == answer.body),
            "key {n} got another answer"
        );
    }
}

/// A clerk: calls one after the other; after a lost answer the same request again.
fn clerk(house: &House, seen: &Histories, window: usize, keys: &AtomicU64, stop: &AtomicBool) {
    let path = format!("/api/v1/windows/{}/next", WINDOWS[window]);
    while !stop.load(Ordering::SeqCst) {
        let n = *lock(&seen.open[window]).get_or_insert_with(|| keys.fetch_add(1, Ordering::SeqCst));
        let Ok(answer) = house.try_keyed("POST", &path, NEXT, Some(&key(n.into()))) else {
            continue;
        };
        assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
        let called = (answer.status == 200).then(|| answer.json()["ticket"]["id"].as_str().unwrap().to_string());
        lock(&seen.called).insert(n, (window, called));
        let pause = if answer.status == 204 { 40 } else { 5 };
        *lock(&seen.open[window]) = None;
        std::thread::sleep(Duration::from_millis(pause));
    }
}

fn round(house: &House, seen: &Histories, until: u64, keys: &AtomicU64, length: Duration) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| kiosk(house, seen, until, &stop));
        }
        for window in 0..WINDOWS.len() {
            let stop = &stop;
            scope.spawn(move || clerk(house, seen, window, keys, stop));
        }
        std::thread::sleep(length);
        let pid = house.child.id().to_string();
        Command::new("kill").args(["-9", &pid]).status().unwrap();
        stop.store(true, Ordering::SeqCst);
    });
}

/// Every call of the journal: ticket to window.
fn calls_of(house: &House) -> BTreeMap<String, String> {
    let db = rusqlite::Connection::open(house.dir.join("journal.db")).unwrap();
    let mut query = db.prepare("SELECT outcome FROM journal ORDER BY seq").unwrap();
    let outcomes: Vec<String> = query
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut calls = BTreeMap::new();
    for outcome in outcomes {
        for effect in serde_json::from_str::<Vec<Value>>(&outcome).unwrap() {
            if effect["effect"] == "called" {
                let text = |field: &str| effect[field].as_str().unwrap().to_string();
                let before = calls.insert(text("ticket"), text("window"));
                assert_eq!(before, None, "ticket {} was called twice", text("ticket"));
            }
        }
    }
    calls
}

#[test]
fn killed_again_and_again_it_loses_nothing_and_calls_nobody_twice() {
    let rounds = std::env::var("HALL_KILL_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    let mut house = House::new();
    for window in WINDOWS {
        house.open(window);
    }
    let (seen, keys) = (Histories::default(), AtomicU64::new(1 << 32));
    for n in 0..rounds {
        let length = Duration::from_millis(30 + n * 37 % 150);
        round(&house, &seen, TICKETS * (n + 1) / rounds, &keys, length);
        house.kill();
        house.start_again();
    }
    let taken = lock(&seen.taken).clone();
    let mut numbers = BTreeMap::new();
    for n in 0..seen.asked.load(Ordering::SeqCst) {
        let again = house.keyed("POST", "/api/v1/tickets", &body_of(n), Some(&key(n.into())));
        match taken.get(&n) {
            Some(before) => {
                assert_eq!(again.status, 200, "key {n} was answered and is gone");
                assert_eq!(&again.body, before, "key {n} got another answer");
            }
            None => assert!(matches!(again.status, 200 | 201)),
        }
        let number = again.json()["number"].to_string();
        assert_eq!(numbers.insert(number.clone(), n), None, "{number} was given twice");
    }
    house.kill();
    let calls = calls_of(&house);
    let called = lock(&seen.called);
    let answered: BTreeMap<&str, &str> = called
        .values()
        .filter_map(|(window, ticket)| Some((ticket.as_deref()?, WINDOWS[*window])))
        .collect();
    for (ticket, window) in &answered {
        assert_eq!(
            calls.get(*ticket).map(String::as_str),
            Some(*window),
            "call of {ticket}"
        );
    }
    let with_ticket = called.values().filter(|(_, ticket)| ticket.is_some()).count();
    assert_eq!(answered.len(), with_ticket, "a ticket was called for two requests");
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
    println!(
        "{rounds} rounds: {} tickets answered, {} calls answered, {} calls in the journal; {text}",
        taken.len(),
        answered.len(),
        calls.len()
    );
    assert!(
        taken.len() as u64 >= 3 * rounds && answered.len() as u64 >= rounds,
        "too little load"
    );
}
