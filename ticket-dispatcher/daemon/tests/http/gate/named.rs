//! A connection over which a person was named ends with the answer, and its buffers with it.

use std::io::{Read as _, Write as _};

use provisioning_enrolment::Validity;
use serde_json::json;

use super::{Device, Gate, now_s};
use crate::house::{key, number, ticket};

/// Asks over a connection that it would keep, then asks for something else; everything that is answered.
fn ask_twice(gate: &Gate, device: &Device, path: &str, body: &str, k: u128) -> String {
    let mut stream = gate.connect_to(gate.tls, Some(device));
    let (length, key) = (body.len(), key(k));
    let first = format!(
        "POST {path} HTTP/1.1\r\nhost: hall\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let second = "GET /healthz HTTP/1.1\r\nhost: hall\r\nconnection: close\r\n\r\n";
    stream.write_all(first.as_bytes()).unwrap();
    stream.write_all(second.as_bytes()).unwrap();
    let mut all = Vec::new();
    // Who ends TLS without a goodbye has said all the same what it had to say.
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn a_connection_over_which_a_person_was_named_ends_with_the_answer() {
    let gate = Gate::new();
    let kiosk = gate.device("kiosk", "K01", 70, Validity::of_device(now_s()));
    let holder = json!({"document": "resident_id", "number": number(7), "name": "试验人", "birth": "19850101"});
    let question = json!({ "holder": holder }).to_string();
    for (path, body, k) in [
        ("/api/v1/tickets", ticket("S101", Some(7)), 1),
        ("/api/v1/tickets", ticket("S102", Some(7)), 2), // refused: somebody who holds one
        ("/api/v1/bookings/find", question, 3),
        ("/api/v1/bookings/find", "{".to_string(), 4), // whatever it was, it was meant to name somebody
    ] {
        let text = ask_twice(&gate, &kiosk, path, &body, k);
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{path}: {text}");
        assert!(
            text.to_lowercase().contains("\r\nconnection: close\r\n"),
            "{path}: {text}"
        );
    }
    let text = ask_twice(&gate, &kiosk, "/api/v1/leases", "{}", 5);
    assert_eq!(
        text.matches("HTTP/1.1 ").count(),
        2,
        "a call that names nobody ends nothing: {text}"
    );
}
