//! Numbers lent to kiosks, and tickets handed over after an outage.

use serde_json::{Value, json};

use crate::house::{Answer, House, key, ticket};

fn lend(house: &House, kiosk: &str) -> Value {
    let answer = house.call("POST", "/api/v1/leases", &json!({ "device": kiosk }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The first lent number of group G1.
fn first(lent: &Value) -> Value {
    let numbers = lent["numbers"].as_array().expect("numbers");
    numbers.iter().find(|n| n["group"] == "G1").expect("one of G1").clone()
}

fn body(lent: &Value, number: &Value, kiosk: &str, person: Option<u32>) -> Value {
    let mut body = json!({
        "device": kiosk, "day": lent["day"], "number": number["number"], "id": number["id"],
        "issued_at": jiff::Timestamp::now().to_string(), "services": ["S101"],
    });
    if let Some(person) = person {
        let ordinary: Value = serde_json::from_str(&ticket("S101", Some(person))).expect("a request");
        body["holder"] = ordinary["holder"].clone();
    }
    body
}

fn hand_over(house: &House, body: &Value, n: u128) -> Answer {
    house.keyed("POST", "/api/v1/tickets/hand-over", &body.to_string(), Some(&key(n)))
}

fn look(house: &House, number: &Value) -> Value {
    let url = number["lookup_url"].as_str().expect("an address");
    let token = url.split("t=").nth(1).expect("a token");
    house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").json()
}

#[test]
fn a_lent_number_is_handed_over_once_and_its_slip_answers_from_the_loan_on() {
    let mut house = House::new();
    let lent = lend(&house, "K01");
    let per_group = |group: &str| {
        let numbers = lent["numbers"].as_array().expect("numbers");
        numbers.iter().filter(|n| n["group"] == group).count()
    };
    assert_eq!((per_group("G1"), per_group("G6"), per_group("G0")), (10, 10, 10));
    let number = first(&lent);
    assert_eq!(number["number"], "A990");
    assert_eq!(look(&house, &number)["state"], "offline");
    assert_eq!(lend(&house, "K01"), lent, "asked again it is the same block");
    assert_eq!(
        first(&lend(&house, "K02"))["number"],
        "A980",
        "another kiosk has another one"
    );

    let ticket = body(&lent, &number, "K01", Some(1));
    let taken = hand_over(&house, &ticket, 1);
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(
        taken.json(),
        json!({"number": "A990", "counts": "A990", "people_ahead": 0})
    );
    assert_eq!(hand_over(&house, &ticket, 1).status, 200, "the same key");
    assert_eq!(
        hand_over(&house, &ticket, 2).status,
        200,
        "another key, the same ticket"
    );
    assert_eq!(look(&house, &number)["state"], "waiting");
    house.kill();
    house.start_again();
    assert_eq!(hand_over(&house, &ticket, 1).status, 200, "after a restart");
    assert_eq!(
        first(&lend(&house, "K01"))["number"],
        "A991",
        "what is handed over is not lent any more"
    );
    assert_eq!(house.take("S101", Some(2), &key(3)).json()["number"], "A001");
    let already = house.take("S101", Some(1), &key(4));
    assert_eq!((already.status, already.code().as_str()), (409, "already-holds"));
    assert_eq!(already.json()["ticket"]["number"], "A990");
    house.open("W01");
    let called = house.call("POST", "/api/v1/windows/W01/next", "{}").json();
    assert_eq!(called["ticket"]["number"], "A990", "{called}");
    house.kill();
    let (sound, report) = house.verify(true);
    assert!(sound, "{report}");
}

#[test]
fn a_number_handed_over_is_told_its_wait_and_not_that_no_window_is_open() {
    let house = House::new();
    house.open("W01");
    let lent = lend(&house, "K01");
    let number = first(&lent);
    house.take("S101", None, &key(1));
    // A lookup has been made already, so that a table of waits stands that knows nothing of the slip.
    let before = house.take("S101", None, &key(2)).json();
    house.bare(
        "GET",
        &format!("/api/v1/lookup?t={}", before["token"].as_str().unwrap()),
        "",
    );
    assert_eq!(hand_over(&house, &body(&lent, &number, "K01", Some(1)), 3).status, 201);
    for look in [look(&house, &number), look(&house, &number)] {
        assert!(look["wait"]["p90_s"].is_u64(), "{look}");
        assert!(
            !look["told"]["wait"]["zh-Hans"].as_str().unwrap().contains("还没开"),
            "{look}"
        );
    }
}

#[test]
fn a_number_given_back_before_its_hand_over_is_cancelled_and_not_offline_for_ever() {
    let mut house = House::new();
    let lent = lend(&house, "K01");
    let number = first(&lent);
    let mut back = body(&lent, &number, "K01", None);
    back["given_back"] = json!(true);
    let answer = hand_over(&house, &back, 1);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(look(&house, &number)["state"], "cancelled");
    assert_eq!(hand_over(&house, &back, 1).status, 200);
    // Handed over, the answer lost, and then given back: the second hand-over has a key and a body of its own.
    let numbers = lent["numbers"].as_array().expect("numbers");
    let other = numbers.iter().find(|n| n["number"] == "A991").expect("lent").clone();
    assert_eq!(hand_over(&house, &body(&lent, &other, "K01", Some(5)), 2).status, 201);
    assert_eq!(look(&house, &other)["state"], "waiting");
    let mut back = body(&lent, &other, "K01", None);
    back["given_back"] = json!(true);
    assert!(hand_over(&house, &back, 3).status < 300);
    assert_eq!(look(&house, &other)["state"], "cancelled");
    assert_eq!(
        house.take("S101", Some(5), &key(4)).status,
        201,
        "the person may take another"
    );
    house.kill();
    let (sound, report) = house.verify(true);
    assert!(sound, "{report}");
}

#[test]
fn the_time_of_issue_is_the_kiosks() {
    let house = House::new();
    let lent = lend(&house, "K01");
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let given = jiff::Timestamp::now();
    let number = first(&lent);
    let ticket = body(&lent, &number, "K01", Some(1));
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(hand_over(&house, &ticket, 1).status, 201);
    let id = number["id"].as_str().expect("an id");
    let seen = house.call("GET", &format!("/api/v1/tickets/{id}"), "").json();
    let issued: jiff::Timestamp = seen["issued_at"].as_str().expect("a time").parse().expect("RFC 3339");
    let off = (issued.as_millisecond() - given.as_millisecond()).abs();
    assert!(off < 1000, "{off} ms off: {seen}");
}

#[test]
fn of_two_numbers_of_one_person_one_counts_and_both_slips_say_which() {
    let house = House::new();
    let (one, two) = (lend(&house, "K01"), lend(&house, "K02"));
    let (a, b) = (first(&one), first(&two));
    assert_eq!(hand_over(&house, &body(&two, &b, "K02", Some(7)), 1).status, 201);
    let joined = hand_over(&house, &body(&one, &a, "K01", Some(7)), 2);
    assert_eq!(joined.status, 201, "{}", joined.text());
    assert_eq!(joined.json()["counts"], b["number"]);
    let slip = look(&house, &a);
    assert_eq!(
        (&slip["number"], &slip["slip"], &slip["state"]),
        (&b["number"], &a["number"], &json!("waiting"))
    );
    assert_eq!(look(&house, &b)["slip"], Value::Null);
}

#[test]
fn the_slip_in_the_hand_counts_and_not_the_ticket_whose_answer_was_lost() {
    let house = House::new();
    let lent = lend(&house, "K01");
    let unheard = house.take("S101", Some(3), &key(1)).json();
    let number = first(&lent);
    let ticket = body(&lent, &number, "K01", Some(3));
    let taken = hand_over(&house, &ticket, 2);
    assert_eq!(taken.json()["counts"], number["number"], "{}", taken.text());
    assert_eq!(look(&house, &unheard)["number"], number["number"]);
    let hall = house.call("GET", "/api/v1/hall", "").json();
    let waiting = hall["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .find(|g| g["id"] == "G1");
    assert_eq!(waiting.expect("G1")["waiting"], 1);
}

#[test]
fn a_number_of_another_day_another_kiosk_or_nobody_is_refused_with_the_reason() {
    let house = House::new();
    let lent = lend(&house, "K01");
    let number = first(&lent);
    let mut late = body(&lent, &number, "K01", None);
    late["day"] = json!("2026-01-02");
    let answer = hand_over(&house, &late, 1);
    assert_eq!((answer.status, answer.code().as_str()), (409, "day-is-over"));
    let detail = answer.json()["detail"].as_str().expect("a sentence").to_string();
    assert_eq!(detail, "Number A990 was given out on 2026-01-02, and that day is over.");
    let stolen = hand_over(&house, &body(&lent, &number, "K09", None), 2);
    assert_eq!((stolen.status, stolen.code().as_str()), (422, "unprocessable"));
    let nameless = house.call("POST", "/api/v1/leases", "{}");
    assert_eq!((nameless.status, nameless.code().as_str()), (422, "unprocessable"));
    let keyless = house.keyed(
        "POST",
        "/api/v1/tickets/hand-over",
        &body(&lent, &number, "K01", None).to_string(),
        None,
    );
    assert_eq!((keyless.status, keyless.code().as_str()), (400, "malformed"));
}

#[test]
fn a_call_for_staff_is_on_the_managers_page() {
    let house = House::new();
    let call = json!({ "device": "K01", "reason": "card-left" }).to_string();
    assert_eq!(house.call("POST", "/api/v1/staff-calls", &call).status, 200);
    let page = house.call("GET", "/api/v1/manager", "").json();
    let first = &page["alerts"][0];
    assert_eq!(first["kind"], "staff-called", "{page}");
    assert_eq!(first["text"]["zh"], "自助机 K01：读卡区有遗留的证件（刚刚）");
    let wrong = json!({ "device": "K01", "reason": "bored" }).to_string();
    assert_eq!(house.call("POST", "/api/v1/staff-calls", &wrong).status, 400);
}
