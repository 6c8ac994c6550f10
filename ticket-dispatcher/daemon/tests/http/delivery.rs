//! Proof of delivery: a call that no board has shown is told, written down, and taken back when a board shows it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::house::{House, key};

/// A hall with one call that stands; gives its position in the journal.
fn a_call(house: &House, service: &str, window: &str, n: u128) -> u64 {
    house.open(window);
    house.take(service, None, &key(n));
    let path = format!("/api/v1/windows/{window}/next");
    assert_eq!(house.call("POST", &path, "{}").status, 200);
    house.call("GET", "/api/v1/hall", "").json()["calls"][0]["seq"]
        .as_u64()
        .unwrap()
}

fn shows(house: &House, calls: &[u64]) {
    let answer = house.call("POST", "/api/v1/shown", &json!({ "calls": calls }).to_string());
    assert_eq!(answer.status, 204, "{}", answer.text());
}

fn unshown(house: &House) -> Vec<u64> {
    let hall = house.call("GET", "/api/v1/hall", "").json();
    let list = hall["unshown"].as_array().cloned().unwrap_or_default();
    list.iter().map(|call| call["seq"].as_u64().unwrap()).collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn notes(house: &House) -> Vec<Value> {
    let db = rusqlite::Connection::open(house.dir.join("journal.db")).unwrap();
    let mut query = db
        .prepare("SELECT input FROM journal WHERE kind = 'delivery' ORDER BY seq")
        .unwrap();
    let inputs = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let inputs = inputs.map(|input| serde_json::from_str::<Value>(&input.unwrap()).unwrap());
    inputs.map(|input| input["delivery"].clone()).collect()
}

#[test]
fn a_call_that_no_board_shows_is_an_alert_until_one_does() {
    let mut house = House::new();
    let mut stream = house.stream(None);
    let call = a_call(&house, "S101", "W01", 1);
    let called = Instant::now();
    wait_until("no alert", || !unshown(&house).is_empty());
    assert!(
        called.elapsed() >= Duration::from_millis(1500),
        "told before two seconds"
    );
    let event = loop {
        let (_, _, event) = stream.next();
        if event["kind"] == "delivery" {
            break event;
        }
    };
    assert!(
        called.elapsed() >= Duration::from_millis(1500),
        "told before two seconds"
    );
    assert_eq!(event["unshown"][0]["seq"], call);
    assert_eq!(event["unshown"][0]["number"], "A001");
    assert_eq!(unshown(&house), [call]);
    let alerts = |house: &House| house.call("GET", "/api/v1/manager", "").json()["alerts"].clone();
    assert_eq!(alerts(&house)[0]["kind"], "not-shown");
    assert!(alerts(&house)[0]["text"]["zh"].as_str().unwrap().contains("A001"));
    shows(&house, &[call]);
    wait_until("the alert stands though a board shows the call", || {
        unshown(&house).is_empty()
    });
    assert_eq!(notes(&house), [json!({"unshown": [call]}), json!({"late": [call]})]);
    house.kill();
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
}

#[test]
fn a_call_that_a_board_shows_in_time_leaves_no_trace() {
    let house = House::new();
    let call = a_call(&house, "S101", "W01", 1);
    shows(&house, &[call, 999_999]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(unshown(&house), [0_u64; 0]);
    assert_eq!(notes(&house), [Value::Null; 0]);
    let metrics = house.call("GET", "/metrics", "").text();
    assert!(metrics.contains("call_shown_seconds_count 1"), "{metrics}");
}

#[test]
fn an_alert_outlives_a_restart_and_ends_with_its_call() {
    let mut house = House::new();
    let (first, second) = (a_call(&house, "S101", "W01", 1), a_call(&house, "S501", "P01", 2));
    wait_until("no alert", || unshown(&house) == [first, second]);
    house.kill();
    house.start_again();
    assert_eq!(unshown(&house), [first, second]);
    // The boards come back, show what they are given, and say so.
    shows(&house, &[first]);
    wait_until("the first alert stands", || unshown(&house) == [second]);
    let ticket = house.call("GET", "/api/v1/windows/P01", "").json()["current"]["id"].clone();
    let path = format!("/api/v1/tickets/{}/start", ticket.as_str().unwrap());
    assert_eq!(house.call("POST", &path, "{}").status, 200);
    assert_eq!(unshown(&house), [0_u64; 0], "the person is there");
}

#[test]
fn a_call_of_the_last_moment_before_a_crash_is_watched_after_it() {
    let mut house = House::new();
    let call = a_call(&house, "S101", "W01", 1);
    house.kill();
    house.start_again();
    assert_eq!(unshown(&house), [0_u64; 0], "boards have time to come back");
    wait_until("nobody notices that the call was never shown", || {
        unshown(&house) == [call]
    });
}
