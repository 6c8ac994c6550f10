//! The stream: a snapshot first, every row after it once and in order, and nobody waits for a slow reader.

use std::time::{Duration, Instant};

use crate::house::{House, key};

#[test]
fn a_stream_begins_with_a_snapshot_and_resumes_without_a_gap() {
    let house = House::new();
    house.take("S101", None, &key(1));
    let mut stream = house.stream(None);
    let (name, at, snapshot) = stream.next();
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot["seq"], at);
    assert_eq!(snapshot["next_up"][0], "A001");
    house.open("W01");
    house.call("POST", "/api/v1/windows/W01/next", "{}");
    let (name, opened, event) = stream.next();
    assert_eq!(
        (name.as_str(), event["kind"].as_str()),
        ("journal", Some("window-changed"))
    );
    drop(stream);
    for n in 2..10 {
        house.take("S101", None, &key(n));
    }
    let mut again = house.stream(Some(opened));
    let (_, seq, called) = again.next();
    assert_eq!(called["call"]["window"], "W01");
    let mut last = seq;
    for _ in 2..10 {
        let (name, seq, event) = again.next();
        assert_eq!((name.as_str(), seq), ("journal", last + 1));
        assert_eq!(event["kind"], "issued");
        last = seq;
    }
}

#[test]
fn a_stream_from_before_a_restart_goes_on_or_begins_anew() {
    let mut house = House::new();
    house.take("S101", None, &key(1));
    let (_, at, _) = house.stream(None).next();
    house.kill();
    house.start_again();
    let mut current = house.stream(Some(at));
    let mut behind = house.stream(Some(at - 1));
    let (name, _, snapshot) = behind.next();
    assert_eq!(name, "snapshot", "what the ring has not is told whole");
    assert_eq!(snapshot["next_up"][0], "A001");
    house.take("S101", None, &key(2));
    let (name, seq, event) = current.next();
    assert_eq!(
        (name.as_str(), seq),
        ("journal", at + 1),
        "nothing was missed, so no snapshot"
    );
    assert_eq!(event["number"], "A002");
}

#[test]
fn clients_that_never_read_hold_nobody_up() {
    let house = House::new();
    let sleepers: Vec<_> = (0..50).map(|_| house.stream(None)).collect();
    let mut reader = house.stream(None);
    reader.next();
    let last = 60;
    for n in 0..last {
        assert_eq!(house.take("S101", None, &key(n)).status, 201);
    }
    let answered = Instant::now();
    for seen in 1..=last {
        let (name, _, event) = reader.next();
        assert_eq!(name, "journal");
        assert_eq!(event["number"], format!("A{seen:03}"));
    }
    assert!(
        answered.elapsed() < Duration::from_secs(5),
        "the reader waited for the sleepers"
    );
    let metrics = house.call("GET", "/metrics", "").text();
    assert!(metrics.contains("streams_open 51"), "{metrics}");
    drop(sleepers);
}
