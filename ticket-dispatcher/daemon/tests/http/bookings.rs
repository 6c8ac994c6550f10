//! Appointments from outside: free slots, booking, giving back, finding by card, check-in.

use crate::house::{Answer, House, key, number};

fn holder(person: u32) -> String {
    format!(
        r#"{{"document":"resident_id","number":"{}","name":"试验人","birth":"19850101"}}"#,
        number(person)
    )
}

fn book(house: &House, n: u128, person: u32, day: &str, slot: &str) -> Answer {
    let body = format!(
        r#"{{"service":"S101","day":"{day}","slot":"{slot}","holder":{}}}"#,
        holder(person)
    );
    house.keyed("POST", "/api/v1/bookings", &body, Some(&key(n)))
}

fn find(house: &House, person: u32) -> serde_json::Value {
    let body = format!(r#"{{"holder":{}}}"#, holder(person));
    house.call("POST", "/api/v1/bookings/find", &body).json()
}

fn check_in(house: &House, person: u32, booking: &str) -> Answer {
    let body = format!(
        r#"{{"services":["S101"],"booking":"{booking}","holder":{}}}"#,
        holder(person)
    );
    house.call("POST", "/api/v1/tickets", &body)
}

/// The hall's day and the one `ahead` of it; the house lives in a zone where it is between twelve and one.
fn day(ahead: i64) -> String {
    let now = jiff::Timestamp::now();
    let noon = now.to_zoned(jiff::tz::TimeZone::get(&crate::house::noon_zone()).unwrap());
    noon.date().saturating_add(jiff::Span::new().days(ahead)).to_string()
}

#[test]
fn a_day_that_is_none_is_refused() {
    let house = House::new();
    for day in ["2026-13-23", "2026-02-30", "tomorrow", ""] {
        let answer = house.call("GET", &format!("/api/v1/bookings/slots?service=S101&day={day}"), "");
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{day}");
    }
    let none = house.call("GET", "/api/v1/bookings/slots?service=S101", "");
    assert_eq!(
        (none.status, none.code().as_str()),
        (400, "malformed"),
        "{}",
        none.text()
    );
}

fn slots(house: &House, day: &str) -> Vec<(String, i64)> {
    let path = format!("/api/v1/bookings/slots?service=S101&day={day}");
    let found = house.call("GET", &path, "").json();
    let slots = found["slots"].as_array().unwrap().iter();
    slots
        .map(|s| (s["from"].as_str().unwrap().to_string(), s["free"].as_i64().unwrap()))
        .collect()
}

#[test]
fn a_slot_is_booked_found_by_card_and_checked_in() {
    let mut house = House::at_noon();
    let today = day(0);
    let (slot, free) = slots(&house, &today).into_iter().find(|(_, free)| *free > 0).unwrap();
    let booked = book(&house, 1, 7, &today, &slot);
    assert_eq!(booked.status, 201, "{}", booked.text());
    let again = book(&house, 1, 7, &today, &slot);
    assert_eq!(
        (again.status, again.json()),
        (200, booked.json()),
        "the same key, the same booking"
    );
    assert!(slots(&house, &today).contains(&(slot.clone(), free - 1)));
    let id = booked.json()["id"].as_str().unwrap().to_string();
    house.kill();
    house.start_again();
    assert_eq!(
        find(&house, 7)["today"][0]["id"],
        id.as_str(),
        "found after a power cut"
    );
    assert_eq!(find(&house, 8)["today"].as_array().unwrap().len(), 0);
    let thief = check_in(&house, 8, &id);
    assert_eq!(thief.status, 422, "{}", thief.text());
    let came = check_in(&house, 7, &id);
    assert_eq!(
        (came.status, came.json()["class"].as_str()),
        (201, Some("appt")),
        "{}",
        came.text()
    );
    assert_eq!(find(&house, 7)["today"].as_array().unwrap().len(), 0, "checked in once");
    house.kill();
    let (sound, told) = house.verify(true);
    assert!(sound, "{told}");
}

#[test]
fn a_booking_given_back_frees_its_place_at_once() {
    let house = House::at_noon();
    let tomorrow = day(1);
    let (slot, free) = slots(&house, &tomorrow)
        .into_iter()
        .find(|(_, free)| *free > 0)
        .unwrap();
    let id = book(&house, 1, 7, &tomorrow, &slot).json()["id"]
        .as_str()
        .unwrap()
        .to_string();
    let early = check_in(&house, 7, &id);
    assert_eq!(early.status, 422);
    assert!(
        early.json()["detail"].as_str().unwrap().contains(&tomorrow),
        "{}",
        early.text()
    );
    let back = house.call("DELETE", &format!("/api/v1/bookings/{id}"), "");
    assert_eq!(
        (back.status, back.json()["state"].as_str()),
        (200, Some("cancelled")),
        "{}",
        back.text()
    );
    assert!(slots(&house, &tomorrow).contains(&(slot, free)));
    assert_eq!(house.call("DELETE", &format!("/api/v1/bookings/{id}"), "").status, 422);
    assert_eq!(house.call("DELETE", "/api/v1/bookings/none", "").status, 404);
}

#[test]
fn what_cannot_be_booked_is_said_in_plain_words() {
    let house = House::at_noon();
    let (yesterday, today, tomorrow) = (day(-1), day(0), day(1));
    for (n, when, slot, status, code, words) in [
        (1, yesterday.as_str(), "10:00", 422, "unprocessable", "in the past"),
        (2, &today, "00:00", 422, "unprocessable", "in the past"),
        (3, "2099-01-01", "10:00", 422, "unprocessable", "up to"),
        (4, "soon", "10:00", 422, "unprocessable", "no day"),
        (5, &tomorrow, "10:07", 422, "unprocessable", "no slot"),
        (6, &tomorrow, "ten", 422, "unprocessable", "time of day"),
    ] {
        let answer = book(&house, n, 7, when, slot);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{when} {slot}");
        let detail = answer.json()["detail"].as_str().unwrap().to_lowercase();
        assert!(detail.contains(words), "{detail}");
    }
    let (slot, free) = slots(&house, &tomorrow)
        .into_iter()
        .find(|(_, free)| *free > 0)
        .unwrap();
    for person in 0..u32::try_from(free).unwrap() {
        assert_eq!(
            book(&house, 100 + u128::from(person), person, &tomorrow, &slot).status,
            201
        );
    }
    let full = book(&house, 200, 999, &tomorrow, &slot);
    assert_eq!(
        (full.status, full.code().as_str()),
        (409, "slot-full"),
        "{}",
        full.text()
    );
    let twice = book(&house, 201, 0, &tomorrow, "15:00");
    assert_eq!(
        (twice.status, twice.code().as_str()),
        (409, "already-booked"),
        "{}",
        twice.text()
    );
    let lift = format!(r#"{{"reason":"a mistake","holder":{}}}"#, holder(0));
    assert_eq!(
        house.call("POST", "/api/v1/bookings/unblock", &lift).status,
        409,
        "nobody is blocked"
    );
    let words = std::fs::read_to_string(house.dir.join("log")).unwrap();
    assert!(!words.contains(&number(0)), "a number is in the log");
}
