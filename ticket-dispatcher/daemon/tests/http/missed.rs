//! The missed-call rule from outside: the minute of a called person, and the way back by card.

use std::time::Duration;

use serde_json::Value;

use crate::house::{Answer, House, key, ticket};

fn post(house: &House, path: &str) -> Answer {
    house.call("POST", path, "{}")
}

fn look(house: &House, slip: &Value) -> Value {
    let token = slip["token"].as_str().unwrap();
    house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").json()
}

/// What a kiosk asks for a card.
fn find(house: &House, person: u32) -> Value {
    let taken: Value = serde_json::from_str(&ticket("S101", Some(person))).unwrap();
    let question = serde_json::json!({ "holder": taken["holder"] }).to_string();
    house.call("POST", "/api/v1/bookings/find", &question).json()
}

/// Waits out the ten seconds of this hall.
fn missed(house: &House, id: &str) {
    std::thread::sleep(Duration::from_millis(10_100));
    let answer = post(house, &format!("/api/v1/tickets/{id}/no-show"));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_missed_person_gets_the_number_back_by_card_once_and_is_told_the_same_everywhere() {
    let house = House::impatient();
    house.open("W01");
    let slip = house.take("S101", Some(1), &key(1)).json();
    for n in 2..=4 {
        assert_eq!(house.take("S101", Some(n), &key(n.into())).status, 201);
    }
    let id = slip["id"].as_str().unwrap();
    assert_eq!(post(&house, "/api/v1/windows/W01/next").json()["ticket"]["id"], id);

    let early = post(&house, &format!("/api/v1/tickets/{id}/no-show"));
    assert_eq!((early.status, early.code().as_str()), (409, "too-early"));
    let left = early.json()["left_s"].as_u64().unwrap();
    let counted = house.call("GET", "/api/v1/windows/W01", "").json()["miss_in_s"]
        .as_u64()
        .unwrap();
    assert!(
        (8..=10).contains(&left) && (left - 1..=left).contains(&counted),
        "{left} {counted}"
    );
    assert_eq!(find(&house, 1)["missed"], Value::Null);
    missed(&house, id);
    let desk = house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(
        (&desk["miss_in_s"], &desk["missed"][0]["id"]),
        (&Value::Null, &slip["id"])
    );

    let seen = look(&house, &slip);
    assert_eq!((&seen["state"], &seen["back"]["place"]), (&"no-show".into(), &3.into()));
    let found = find(&house, 1)["missed"].clone();
    assert_eq!((&found["number"], &found["service"]), (&slip["number"], &"S101".into()));
    assert_eq!(
        found["until"], seen["back"]["until"],
        "the phone and the kiosk say the same time"
    );

    let back = house.take("S101", Some(1), &key(9));
    assert_eq!(back.status, 200, "{}", back.text());
    let told = back.json();
    assert_eq!(
        (&told["id"], &told["returned"], &told["people_ahead"]),
        (&slip["id"], &true.into(), &2.into())
    );
    assert_eq!(
        (&told["check_code"], &told["lookup_url"]),
        (&slip["check_code"], &slip["lookup_url"])
    );
    assert_eq!(
        house.take("S101", Some(1), &key(9)).body,
        back.body,
        "the same key, the same answer"
    );
    let seen = look(&house, &slip);
    assert_eq!(
        (&seen["state"], &seen["people_ahead"]),
        (&"waiting".into(), &told["people_ahead"])
    );
    assert_eq!(seen["told"]["ahead"]["zh-Hans"], "前面还有 2 人");

    // Missed once more: the next number is a fresh one.
    for _ in 0..3 {
        house.call("POST", "/api/v1/windows/W01/next", r#"{"finish_current":true}"#);
    }
    assert_eq!(look(&house, &slip)["state"], "called");
    missed(&house, id);
    assert_eq!(look(&house, &slip)["back"], Value::Null);
    assert_eq!(find(&house, 1)["missed"], Value::Null);
    let fresh = house.take("S101", Some(1), &key(10));
    assert_eq!(fresh.status, 201);
    assert_ne!(fresh.json()["number"], slip["number"]);
    assert!(house.verify(true).0, "the journal replays to the same");
}
