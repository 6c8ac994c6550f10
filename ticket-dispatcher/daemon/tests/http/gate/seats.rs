//! Who sits at a window: a clerk who has signed in, or nobody but the things on the desk and their certificate.

use provisioning_enrolment::Validity;
use serde_json::{Value, json};

use super::{Device, Gate, now_s};
use crate::house::{Answer, key, number, ticket};

const LIST: &str = "/api/v1/windows/W01/waiting?reason=urgent";

/// C8 may choose anywhere, and so may whoever is at W02.
fn gate_with_choosers() -> Gate {
    let mut gate = Gate::new();
    gate.house.kill();
    let file = gate.house.dir.join("hall.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let rules = "[rules]\npick_clerks = [\"C8\"]\npick_windows = [\"W02\"]\n";
    std::fs::write(&file, text.replace("[rules]\n", rules)).unwrap();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    gate
}

fn by(gate: &Gate, device: &Device, method: &str, path: &str, body: &str) -> Answer {
    gate.ask(Some(device), method, path, &[], body).unwrap()
}

fn records(gate: &Gate) -> Vec<Value> {
    let auditor = gate.cookie(&gate.account("R1", "auditor"));
    let export = gate.as_staff(&auditor, "GET", "/api/v1/audit/export", "").text();
    let lines = export.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_windows_certificate_alone_is_no_clerk_whomever_it_names() {
    let gate = gate_with_choosers();
    let here = gate.device("window", "W01", 80, Validity::of_device(now_s()));
    assert_eq!(gate.house.take("S101", None, &key(1)).status, 201);
    assert_eq!(gate.house.take("S101", None, &key(2)).status, 201);
    let opened = by(&gate, &here, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C8"}"#);
    assert_eq!(opened.status, 200, "{}", opened.text());
    let opened = opened.json();
    assert_eq!((opened.get("clerk"), &opened["may_pick"]), (None, &Value::Bool(false)));
    let call = r#"{"ticket":"A002","reason":"熟人"}"#;
    let refused = || {
        for (method, path, body) in [("GET", LIST, ""), ("POST", "/api/v1/windows/W01/call", call)] {
            let answer = by(&gate, &here, method, path, body);
            assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"), "{path}");
        }
    };
    refused();

    // Nor does it inherit anything from a clerk who has the right and opened the window.
    let chooser = gate.cookie(&gate.account("C8", "window"));
    let opened = gate.as_staff(&chooser, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C8"}"#);
    assert_eq!(opened.json()["clerk"], "C8");
    refused();
    let desk = by(&gate, &here, "GET", "/api/v1/windows/W01", "").json();
    assert_eq!(desk["may_pick"], false, "the desk says the same");

    // The right of a window is that of whatever stands there, and its own queue is there to be moved.
    let there = gate.device("window", "W02", 81, Validity::of_device(now_s()));
    let path = "/api/v1/windows/W02/waiting?reason=urgent";
    assert_eq!(by(&gate, &there, "GET", path, "").status, 200);
    assert_eq!(by(&gate, &here, "POST", "/api/v1/windows/W01/next", "{}").status, 200);

    let opened: Vec<Value> = records(&gate)
        .into_iter()
        .filter(|record| record["action"] == "window.open")
        .collect();
    let told = |n: usize| (opened[n]["actor"].as_str().unwrap(), opened[n]["new"].as_str().unwrap());
    assert_eq!((told(0), told(1)), (("window:W01", ""), ("staff:C8", "C8")));
}

#[test]
fn the_right_to_choose_is_of_who_asks_and_not_of_who_opened_the_window() {
    let gate = gate_with_choosers();
    let chooser = gate.cookie(&gate.account("C8", "window"));
    let other = gate.cookie(&gate.account("C2", "window"));
    assert_eq!(gate.house.take("S101", None, &key(1)).status, 201);
    let opened = gate.as_staff(&chooser, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C8"}"#);
    assert_eq!(opened.json()["may_pick"], true);

    let desk = gate.as_staff(&other, "GET", "/api/v1/windows/W01", "").json();
    assert_eq!((&desk["clerk"], &desk["may_pick"]), (&"C8".into(), &Value::Bool(false)));
    let call = r#"{"ticket":"A001","reason":"熟人"}"#;
    for (method, path, body) in [("GET", LIST, ""), ("POST", "/api/v1/windows/W01/call", call)] {
        let answer = gate.as_staff(&other, method, path, body);
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"), "{path}");
    }
    // And the other way: at a window that another has opened the right is still one's own.
    gate.as_staff(&other, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C2"}"#);
    assert_eq!(gate.as_staff(&other, "GET", LIST, "").status, 403);
    assert_eq!(gate.as_staff(&chooser, "GET", LIST, "").status, 200);
    let called = gate.as_staff(&chooser, "POST", "/api/v1/windows/W01/call", call);
    assert_eq!(called.status, 200, "{}", called.text());
}

#[test]
fn who_signs_in_at_a_machine_with_a_certificate_is_the_person_and_nobody_again_after_signing_out() {
    let gate = gate_with_choosers();
    let here = gate.device("window", "W01", 80, Validity::of_device(now_s()));
    let cookie = gate.cookie(&gate.account("C8", "window"));
    let both = |method: &str, path: &str, body: &str, origin: &str| {
        let headers = [("cookie", cookie.clone()), ("origin", origin.to_string())];
        gate.ask(Some(&here), method, path, &headers, body).unwrap()
    };
    let open = "/api/v1/windows/W01/open";
    assert_eq!(
        both("POST", open, "{\"clerk\":\"C9\"}", "https://evil.test").status,
        403
    );
    let opened = both("POST", open, "{\"clerk\":\"C9\"}", "https://hall");
    assert_eq!(opened.json()["clerk"], "C8", "{}", opened.text());
    assert_eq!(both("GET", LIST, "", "https://hall").status, 200);
    assert_eq!(both("POST", "/api/v1/sign-out", "", "https://hall").status, 204);
    assert_eq!(
        both("GET", LIST, "", "https://hall").status,
        403,
        "the certificate is left"
    );
    let next = both("POST", "/api/v1/windows/W01/next", "{}", "https://hall");
    assert_eq!(next.status, 204, "nobody waits: {}", next.text());
}

#[test]
fn a_windows_certificate_alone_asks_for_nobody() {
    let gate = Gate::new();
    let here = gate.device("window", "W01", 80, Validity::of_device(now_s()));
    let clerk = gate.cookie(&gate.account("C1", "window"));
    let holder = json!({"document": "resident_id", "number": number(7), "name": "试验人", "birth": "19850101"});
    let tomorrow = jiff::Zoned::now().date().tomorrow().unwrap().to_string();
    let slot = json!({"service": "S101", "day": tomorrow, "slot": "10:00", "holder": holder, "desk": true});
    let find = json!({ "holder": holder });
    let unblock = json!({"holder": holder, "reason": "was ill"});
    let own = |k: u128| [("idempotency-key", key(k))];
    for (method, path, body, k) in [
        ("POST", "/api/v1/bookings/find", find.to_string(), 1),
        ("POST", "/api/v1/bookings/unblock", unblock.to_string(), 2),
        ("POST", "/api/v1/bookings", slot.to_string(), 3),
        ("DELETE", "/api/v1/bookings/B1", String::new(), 4),
        ("POST", "/api/v1/tickets", ticket("S101", Some(7)), 5),
    ] {
        let alone = gate.ask(Some(&here), method, path, &own(k), &body).unwrap();
        assert_eq!(
            (alone.status, alone.code().as_str()),
            (403, "forbidden"),
            "{method} {path}"
        );
        assert!(alone.text().contains("Sign in"), "{}", alone.text());
        let headers = [
            ("cookie", clerk.clone()),
            ("origin", "https://hall".to_string()),
            ("idempotency-key", key(k)),
        ];
        let signed_in = gate.ask(None, method, path, &headers, &body).unwrap();
        assert_ne!(signed_in.status, 403, "{method} {path}: {}", signed_in.text());
    }
    let nobodys = gate.ask(Some(&here), "POST", "/api/v1/tickets", &own(6), &ticket("S101", None));
    assert_eq!(nobodys.unwrap().status, 201, "a number for nobody");
    let found: Vec<Value> = records(&gate)
        .into_iter()
        .filter(|record| record["action"] == "person.find")
        .collect();
    assert_eq!(found.len(), 2, "found, and looked for to be unblocked: {found:#?}");
    assert!(found.iter().all(|record| record["actor"] == "staff:C1"));
}
