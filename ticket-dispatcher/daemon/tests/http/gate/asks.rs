//! Who asks too much: for people by their documents, for tickets that are another window's, for numbers and codes.

use provisioning_enrolment::Validity;
use serde_json::{Value, json};

use super::{Device, Gate, now_s};
use crate::house::{Answer, key, number, ticket};

fn post(gate: &Gate, device: &Device, path: &str, body: &str, k: u128) -> Answer {
    let idem = [("idempotency-key", key(k))];
    gate.ask(Some(device), "POST", path, &idem, body).unwrap()
}

fn holder(person: u32) -> Value {
    json!({"document": "resident_id", "number": number(person), "name": "试验人", "birth": "19850101"})
}

#[test]
fn a_kiosk_that_asks_for_more_people_than_can_come_is_heard_no_more_and_the_auditor_sees_it() {
    let gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    let auditor = gate.cookie(&auditor);
    let kiosk = gate.device("kiosk", "K01", 60, Validity::of_device(now_s()));
    let find = |person: u32| {
        let body = json!({ "holder": holder(person) }).to_string();
        post(&gate, &kiosk, "/api/v1/bookings/find", &body, 1)
    };
    for person in 0..200 {
        assert_eq!(find(person).status, 200, "person {person}");
    }
    let silent = find(200);
    assert_eq!((silent.status, silent.code().as_str()), (429, "too-many"));
    assert!(silent.header("retry-after").is_some());
    let taken = post(&gate, &kiosk, "/api/v1/tickets", &ticket("S101", Some(201)), 2);
    assert_eq!(taken.status, 429, "asked the other way");
    let nameless = post(&gate, &kiosk, "/api/v1/tickets", &ticket("S001", None), 3);
    assert_eq!(
        nameless.status,
        201,
        "a number for nobody asks for nobody: {}",
        nameless.text()
    );
    let other = gate.device("kiosk", "K02", 61, Validity::of_device(now_s()));
    let answer = post(&gate, &other, "/api/v1/tickets", &ticket("S101", Some(201)), 4);
    assert_eq!(answer.status, 201, "the kiosk beside it serves on");
    let told: Vec<_> = gate
        .exported(&auditor)
        .into_iter()
        .filter(|record| record["action"] == "person.ask")
        .collect();
    assert_eq!(told.len(), 1, "once, however often it is refused: {told:#?}");
    assert_eq!(
        (&told[0]["actor"], &told[0]["result"]),
        (&"kiosk:K01".into(), &"refused".into())
    );
}

#[test]
fn a_clerk_who_asks_by_document_gets_no_way_into_the_ticket_and_leaves_a_record() {
    let gate = Gate::new();
    let (clerk, auditor) = (gate.account("C1", "window"), gate.account("R1", "auditor"));
    let (clerk, auditor) = (gate.cookie(&clerk), gate.cookie(&auditor));
    let kiosk = gate.device("kiosk", "K01", 60, Validity::of_device(now_s()));
    let first = post(&gate, &kiosk, "/api/v1/tickets", &ticket("S101", Some(7)), 1).json();
    let headers = [
        ("cookie", clerk.clone()),
        ("origin", "https://hall".to_string()),
        ("idempotency-key", key(2)),
    ];
    let body = ticket("S101", Some(7));
    let asked = gate.ask(None, "POST", "/api/v1/tickets", &headers, &body).unwrap();
    assert_eq!((asked.status, asked.code().as_str()), (409, "already-holds"));
    let held = asked.json()["ticket"].clone();
    assert_eq!(held["number"], first["number"], "that there is one is the rule itself");
    assert_eq!((held.get("lookup_url"), held.get("check_code")), (None, None));
    assert!(!asked.text().contains(first["token"].as_str().unwrap()));
    let found = json!({ "holder": holder(7) }).to_string();
    assert_eq!(
        gate.as_staff(&clerk, "POST", "/api/v1/bookings/find", &found).status,
        200
    );

    // A kiosk prints the slip again, with all that stands on it.
    let again = post(&gate, &kiosk, "/api/v1/tickets", &ticket("S101", Some(7)), 3).json();
    assert_eq!(again["ticket"]["check_code"], first["check_code"]);
    assert_eq!(again["ticket"]["lookup_url"], first["lookup_url"]);

    let records = gate.exported(&auditor);
    let of = |action: &str| -> Vec<(String, String)> {
        let found = records.iter().filter(|r| r["action"] == action);
        let text = |value: &Value| value.as_str().unwrap().to_string();
        found.map(|r| (text(&r["actor"]), text(&r["object"]))).collect()
    };
    let id = first["id"].as_str().unwrap().to_string();
    assert_eq!(
        of("ticket.tell-again"),
        [("staff:C1".to_string(), id.clone()), ("kiosk:K01".to_string(), id)]
    );
    assert_eq!(of("person.find"), [("staff:C1".to_string(), String::new())]);
}

#[test]
fn a_clerk_reads_tickets_of_their_own_window_and_those_it_could_call() {
    let gate = Gate::new();
    let here = gate.device("window", "W01", 62, Validity::of_device(now_s()));
    let elsewhere = gate.device("window", "P01", 63, Validity::of_device(now_s()));
    let taken = gate.house.take("S101", Some(9), &key(1)).json();
    let id = taken["id"].as_str().unwrap();
    let look = |device: &Device| {
        let path = format!("/api/v1/tickets/{id}");
        gate.ask(Some(device), "GET", &path, &[], "").unwrap()
    };
    assert_eq!(look(&here).status, 200, "it waits for windows like this one");
    let other = look(&elsewhere);
    assert_eq!((other.status, other.code().as_str()), (403, "forbidden"));
    post(&gate, &here, "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#, 2);
    post(&gate, &here, "/api/v1/windows/W01/next", "{}", 3);
    post(&gate, &here, &format!("/api/v1/tickets/{id}/start"), "{}", 4);
    post(&gate, &here, &format!("/api/v1/tickets/{id}/finish"), "{}", 5);
    assert_eq!(look(&here).status, 200, "it was served here");
    let like = gate.device("window", "W02", 64, Validity::of_device(now_s()));
    assert_eq!(look(&like).status, 403, "what is over is of the window that did it");
}

#[test]
fn wrong_codes_do_not_tell_which_numbers_were_given_out() {
    let gate = Gate::new();
    let taken = gate.house.take("S101", None, &key(5)).json();
    let wrong = if taken["check_code"] == "0000" { "0001" } else { "0000" };
    let answers = |number: &str| -> Vec<(u16, String)> {
        let body = json!({"number": number, "check_code": wrong}).to_string();
        let ask = |_| {
            let answer = gate.house.bare("POST", "/api/v1/lookup", &body);
            (answer.status, answer.text())
        };
        (0..12).map(ask).collect()
    };
    let (there, not_there) = (answers(taken["number"].as_str().unwrap()), answers("A987"));
    assert_eq!(there, not_there);
    assert_eq!((there[9].0, there[10].0), (404, 429));
}

#[test]
fn a_guesser_at_the_same_address_keeps_nobody_from_their_own_ticket() {
    let gate = Gate::new();
    let taken = gate.house.take("S101", None, &key(5)).json();
    let ask = |token: &str| {
        let path = format!("/api/v1/lookup?t={token}");
        gate.house.bare("GET", &path, "").status
    };
    for n in 0..300 {
        assert_eq!(ask(&format!("{n:016}")), 404);
    }
    assert_eq!(ask("0000000000009999"), 429, "the guesser is heard no more");
    assert_eq!(ask(taken["token"].as_str().unwrap()), 200, "who has the slip is");
}

#[test]
fn another_site_cannot_use_the_certificate_in_a_browser() {
    let gate = Gate::new();
    let window = gate.device("window", "W01", 65, Validity::of_device(now_s()));
    let open = |headers: &[(&str, String)]| {
        let path = "/api/v1/windows/W01/open";
        gate.ask(Some(&window), "POST", path, headers, r#"{"clerk":"C1"}"#)
            .unwrap()
            .status
    };
    let header = |name: &'static str, value: &str| [(name, value.to_string())];
    for made_elsewhere in [
        header("origin", "https://evil.test"),
        header("origin", "null"),
        header("origin", "http://hall"),
        header("sec-fetch-site", "cross-site"),
        header("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(open(&made_elsewhere), 403, "{made_elsewhere:?}");
    }
    let closed = gate.house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(closed["window"]["state"], "closed");
    assert_eq!(open(&header("origin", "https://hall")), 200);
    assert_eq!(open(&header("sec-fetch-site", "same-origin")), 200);
    assert_eq!(open(&[]), 200, "no browser at all");
}
