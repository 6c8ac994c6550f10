//! What everybody is told of a wait: the same, and foreseen once for all who ask.

use std::time::{Duration, Instant};

use serde_json::Value;
use ticket_dispatcher_types::Lang;
use ticket_dispatcher_types::wait::{Wait, ahead_in_words, wait_in_words};

use crate::house::{House, key};

/// One window open and this many people in front of it; what each was told.
fn queue(house: &House, service: &str, people: u128) -> Vec<Value> {
    house.open("W01");
    let taken = (0..people).map(|n| house.take(service, None, &key(n)).json());
    taken.collect()
}

fn look(house: &House, slip: &Value) -> Value {
    let token = slip["token"].as_str().unwrap();
    let found = house.bare("GET", &format!("/api/v1/lookup?t={token}"), "");
    assert_eq!(found.status, 200, "{}", found.text());
    found.json()
}

/// The catalogue as of now. On a machine that is busy with other things it may at first be of a moment ago, because
/// forecasts get a bounded part of the time.
fn catalogue(house: &House) -> Value {
    let began = Instant::now();
    loop {
        let shown = house.call("GET", "/api/v1/services", "").json();
        if shown["seq"] == house.bare("GET", "/healthz", "").json()["seq"] {
            return shown;
        }
        assert!(
            began.elapsed().as_secs() < 100,
            "the catalogue stays behind: {}",
            shown["seq"]
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// How often the waits of all were foreseen so far.
fn refreshes(house: &House) -> u64 {
    let text = house.call("GET", "/metrics", "").text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("forecast_refreshes_total "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

#[test]
fn a_hundred_lookups_cost_one_refresh_whether_right_or_wrong() {
    let house = House::new();
    let slips = queue(&house, "S101", 8);
    let (before, began) = (refreshes(&house), Instant::now());
    for n in 0..100 {
        if n % 4 == 3 {
            let wrong = house.bare("GET", &format!("/api/v1/lookup?t=00000000000000{n:02}"), "");
            assert_eq!(wrong.status, 404);
        } else {
            assert_eq!(look(&house, &slips[n % slips.len()])["state"], "waiting");
        }
    }
    let made = refreshes(&house) - before;
    // Nothing happened, so only the clock may have asked for another one, every quarter of a minute.
    let most = 2 + began.elapsed().as_secs() / 15;
    assert!((1..=most).contains(&made), "{made} refreshes for 100 lookups");
}

#[test]
fn lookups_in_a_busy_hall_cost_one_refresh_a_second() {
    let house = House::new();
    let slips = queue(&house, "S101", 4);
    let (before, began) = (refreshes(&house), Instant::now());
    for n in 0..60 {
        let what = if n % 2 == 0 { "open" } else { "pause" };
        let body = if n % 2 == 0 { r#"{"clerk":"C2"}"# } else { "" };
        let answer = house.call("POST", &format!("/api/v1/windows/W02/{what}"), body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        look(&house, &slips[n % slips.len()]);
    }
    let (made, seconds) = (refreshes(&house) - before, began.elapsed().as_secs());
    assert!(made <= seconds + 2, "{made} refreshes in {seconds} s and 60 rows");
}

#[test]
fn the_kiosk_the_slip_and_the_phone_tell_one_range_in_the_same_words() {
    let house = House::new();
    queue(&house, "S101", 5);
    let shown = catalogue(&house);
    let services = shown["services"].as_array().unwrap();
    let kiosk = services.iter().find(|s| s["id"] == "S101").unwrap();
    assert!(
        kiosk["wait"]["p90_s"].as_u64().unwrap() >= 300,
        "a wait that says something: {kiosk}"
    );

    let slip = house.take("S101", None, &key(50)).json();
    for point in ["p10_s", "p50_s", "p90_s"] {
        assert_eq!(
            slip[format!("wait_{point}")],
            kiosk["wait"][point],
            "{point} of the slip"
        );
    }
    assert_eq!(slip["people_ahead"], kiosk["waiting"]);
    let phone = look(&house, &slip);
    assert_eq!(
        (&phone["wait"], &phone["people_ahead"]),
        (&kiosk["wait"], &slip["people_ahead"])
    );
    let secs = |point: &str| u32::try_from(slip[point].as_u64().unwrap()).unwrap();
    let range = Wait::from_secs(Some((secs("wait_p10_s"), secs("wait_p90_s"))));
    let ahead = u32::try_from(slip["people_ahead"].as_u64().unwrap()).unwrap();
    for (lang, name) in [(Lang::ZhHans, "zh-Hans"), (Lang::ZhHant, "zh-Hant"), (Lang::En, "en")] {
        assert_eq!(phone["told"]["wait"][name], wait_in_words(lang, range));
        assert_eq!(phone["told"]["ahead"][name], ahead_in_words(lang, ahead, range));
    }
    assert!(house.verify(true).0, "a row that was quoted replays to the same");
}

#[test]
fn the_tile_of_a_group_promises_no_less_than_any_of_its_matters() {
    let house = House::new();
    queue(&house, "S110", 10);
    let shown = catalogue(&house);
    let mut differ = 0;
    for group in shown["groups"].as_array().unwrap() {
        let services = shown["services"].as_array().unwrap().iter();
        let of_group: Vec<&Value> = services.filter(|s| s["group"] == group["id"]).collect();
        let tile = &group["wait"];
        let waits: Vec<&Value> = of_group.iter().map(|s| &s["wait"]).filter(|w| !w.is_null()).collect();
        assert_eq!(tile.is_null(), waits.is_empty(), "{group}");
        if waits.is_empty() {
            continue;
        }
        let of = |wait: &Value, point: &str| wait[point].as_u64().unwrap();
        let latest = waits.iter().map(|wait| of(wait, "p90_s")).max();
        assert_eq!(Some(of(tile, "p90_s")), latest, "{group}");
        let sooner = waits
            .iter()
            .filter(|wait| of(wait, "p50_s") < of(tile, "p50_s"))
            .count();
        let later = waits
            .iter()
            .filter(|wait| of(wait, "p50_s") > of(tile, "p50_s"))
            .count();
        assert!(sooner.max(later) <= waits.len() / 2, "the middle one: {group}");
        assert!(
            waits
                .iter()
                .any(|w| w["p10_s"] == tile["p10_s"] && w["p50_s"] == tile["p50_s"])
        );
        differ += usize::from(of_group.iter().any(|s| s["wait"] != of_group[0]["wait"]));
    }
    assert!(differ > 0, "in this hall short matters go before long ones");
}

#[test]
fn the_manager_and_the_phones_read_one_table() {
    let house = House::new();
    let slips = queue(&house, "S101", 6);
    let phones = || {
        let each = slips.iter().map(|slip| look(&house, slip)["wait"].clone());
        each.collect::<Vec<_>>()
    };
    let before = phones();
    let manager = house.call("GET", "/api/v1/manager", "").json();
    let after = phones();
    let longest = manager["longest"].as_array().unwrap().iter();
    let managers: Vec<Value> = longest.map(|ticket| ticket["wait"].clone()).collect();
    assert_eq!(managers.len(), slips.len());
    // The clock may have turned to another table in between; a third one there is not.
    assert!(
        managers == before || managers == after,
        "{managers:?} {before:?} {after:?}"
    );
    let late = |wait: Option<&Value>| wait.and_then(|wait| wait["p90_s"].as_u64());
    assert!(late(managers.last()) > late(managers.first()), "{managers:?}");
}
