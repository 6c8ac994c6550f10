//! Several matters on one number, and what a body that is not understood is told.

use serde_json::Value;

use crate::house::{House, key};

fn take(house: &House, n: u128, services: &str) -> Value {
    let body = format!(r#"{{"services":{services}}}"#);
    house.keyed("POST", "/api/v1/tickets", &body, Some(&key(n))).json()
}

fn look(house: &House, slip: &Value) -> Value {
    let token = slip["token"].as_str().unwrap();
    house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").json()
}

fn act(house: &House, slip: &Value, action: &str) -> Value {
    let path = format!("/api/v1/tickets/{}/{action}", slip["id"].as_str().unwrap());
    let answer = house.call("POST", &path, "{}");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn matters_that_one_window_cannot_do_are_said_in_order_and_the_place_is_kept() {
    let house = House::new();
    // P01 serves the police groups only; household papers and then a matter of social insurance.
    house.open("P01");
    let slip = take(&house, 1, r#"["S501","S101"]"#);
    let seen = look(&house, &slip);
    assert_eq!((&seen["in_order"], &seen["done"]), (&true.into(), &0.into()));
    house.call("POST", "/api/v1/windows/P01/next", "{}");
    let desk = house.call("GET", "/api/v1/windows/P01", "").json();
    assert_eq!(
        desk["next_matter"],
        serde_json::json!({ "service": "S101", "here": false })
    );
    act(&house, &slip, "start");
    let after = act(&house, &slip, "finish");
    assert_eq!((&after["state"], &after["matter"]), (&"waiting".into(), &1.into()));
    let seen = look(&house, &slip);
    assert_eq!((&seen["state"], &seen["done"]), (&"waiting".into(), &1.into()));
    // Whoever came later for the same does not pass.
    take(&house, 2, r#"["S101"]"#);
    house.open("W01");
    let next = house.call("POST", "/api/v1/windows/W01/next", "{}").json();
    assert_eq!(next["ticket"]["id"], slip["id"]);
}

#[test]
fn a_window_that_can_do_both_goes_on_and_the_board_is_not_told_a_second_call() {
    let house = House::new();
    house.open("W01");
    let slip = take(&house, 1, r#"["S101","S102"]"#);
    assert_eq!(look(&house, &slip)["in_order"], Value::Null);
    house.call("POST", "/api/v1/windows/W01/next", "{}");
    let desk = house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(desk["next_matter"]["here"], true);
    act(&house, &slip, "start");
    let calls = |house: &House| house.call("GET", "/api/v1/hall", "").json()["calls"].clone();
    let before = calls(&house);
    let next = house.call("POST", "/api/v1/windows/W01/next", r#"{"finish_current":true}"#);
    assert_eq!(next.status, 200);
    let next = next.json();
    assert_eq!(
        (&next["ticket"]["id"], &next["ticket"]["state"]),
        (&slip["id"], &"serving".into())
    );
    assert_eq!(calls(&house), before);
    let seen = look(&house, &slip);
    assert_eq!((&seen["state"], &seen["done"]), (&"serving".into(), &1.into()));
    assert_eq!(act(&house, &slip, "finish")["state"], "finished");
    assert_eq!(look(&house, &slip)["done"], 2);
}

#[test]
fn a_body_that_is_not_understood_is_told_which_field_and_never_what_stood_in_it() {
    let house = House::new();
    let said = |body: &str| {
        let answer = house.keyed("POST", "/api/v1/tickets", body, Some(&key(1)));
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{body}");
        answer.json()["detail"].as_str().unwrap().to_string()
    };
    let holder = r#""document":"resident_id","number":"990201198500000001","name":"试验人""#;
    for (body, expected) in [
        ("{}".to_string(), "lacks the field `services`"),
        (r#"{"services":"S101"}"#.into(), "a wrong value in `services`"),
        (r#"{"services":["S101"],"cases":0}"#.into(), "a wrong value in `cases`"),
        (
            format!(r#"{{"services":["S101"],"holder":{{{holder}}}}}"#),
            "lacks the field `holder.birth`",
        ),
        (
            r#"{"services":["S101"],"services":[]}"#.into(),
            "a field twice: `services`",
        ),
        (
            r#"{"services":["S101"],"张三":1}"#.into(),
            "known: one of `services`, `holder`",
        ),
        (r#"{"services":["S101"]} 1"#.into(), "goes on behind its end"),
        ("[".into(), "is not JSON"),
    ] {
        let detail = said(&body);
        assert!(detail.contains(expected), "{body}: {detail}");
        assert!(!detail.contains("张三") && !detail.contains("990201"), "{detail}");
    }
}
