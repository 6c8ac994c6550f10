//! The document scanner's driver against its twin, over a real pseudo-terminal.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use drivers_emulators::passport::PassportReader as Twin;
use drivers_emulators::{Bench, Options};
use drivers_id_reader::codec::Date;
use drivers_id_reader::{DocumentScanner, ScanEvent};
use drivers_transport::Parity;
use serde_json::{Value, json};

struct Setup {
    _bench: Bench,
    scanner: DocumentScanner,
    control: String,
    runtime: tokio::runtime::Runtime,
    dir: PathBuf,
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Setup {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("passport-{}-{name}", std::process::id()));
        let bench = Bench::start(dir.clone(), vec![Box::new(Twin::new())], Options::default()).expect("a bench");
        let port = dir.join("passport-reader").display().to_string();
        let transport = drivers_transport::closed_with(&port, 256_000, Parity::Odd).expect("a port");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let router = bench.router();
        let control = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
            let address = listener.local_addr().expect("bound");
            tokio::spawn(async move { axum::serve(listener, router).await });
            format!("http://{address}/passport-reader")
        });
        let mut setup = Self {
            _bench: bench,
            scanner: DocumentScanner::new(transport),
            control,
            runtime,
            dir,
        };
        assert_eq!(setup.event(), Some(ScanEvent::Up));
        setup
    }

    fn post(&self, path: &str, body: Value) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let sent = client.post(format!("{}{path}", self.control)).json(&body).send();
        let answer = self.runtime.block_on(sent).expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    fn event(&mut self) -> Option<ScanEvent> {
        let today = Date::new(2026, 11, 22).expect("a day");
        self.scanner.next_event(Duration::from_secs(2), today)
    }

    fn number(&mut self) -> String {
        match self.event() {
            Some(ScanEvent::Passport(zone)) => zone.number.expose().to_string(),
            other => panic!("no passport: {other:?}"),
        }
    }
}

fn passport() -> Value {
    json!({
        "issuer": "UTO", "surname": "SPECIMEN", "given": "ANNA", "number": "X1234567",
        "birth": "840229", "sex": "F", "expiry": "310101",
    })
}

#[test]
fn a_passport_is_read_once_however_often_the_scanner_repeats_it() {
    let mut setup = Setup::new("once");
    setup.post("/fault", json!({ "repeat_ms": 200 }));
    setup.post("/passport", passport());
    assert_eq!(setup.number(), "X1234567");
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        let today = Date::new(2026, 11, 22).expect("a day");
        assert_eq!(setup.scanner.next_event(Duration::from_millis(100), today), None);
    }
}

#[test]
fn a_letter_read_wrong_is_never_a_person() {
    let mut setup = Setup::new("letter");
    setup.post("/fault", json!({ "wrong_letter": true, "times": 1 }));
    setup.post("/passport", passport());
    assert_eq!(setup.event(), Some(ScanEvent::Misread));
    setup.post("/passport", passport());
    assert_eq!(setup.number(), "X1234567");
}

#[test]
fn a_message_that_breaks_off_is_told_and_the_next_is_read_behind_noise() {
    let mut setup = Setup::new("noise");
    setup.post("/fault", json!({ "truncate_to": 50, "times": 1 }));
    setup.post("/passport", passport());
    assert_eq!(setup.event(), Some(ScanEvent::Misread));
    setup.post("/fault", json!({ "noise_hex": "00ff0a1b", "times": 1 }));
    setup.post("/passport", passport());
    assert_eq!(setup.number(), "X1234567");
}

#[test]
fn a_wrong_digit_that_the_issuer_printed_is_a_warning() {
    let mut setup = Setup::new("warning");
    // The composite digit alone is wrong; number, birth and expiry have theirs right.
    let zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<11";
    setup.post("/passport", json!({ "mrz": zone }));
    match setup.event() {
        Some(ScanEvent::Passport(zone)) => assert_eq!(zone.failures.len(), 1),
        other => panic!("no passport: {other:?}"),
    }
}

#[test]
fn a_code_is_handed_on_unread_and_a_pulled_cable_is_told() {
    let mut setup = Setup::new("code");
    setup.post("/code", json!({ "text": "opaque-token" }));
    match setup.event() {
        Some(ScanEvent::Code(code)) => assert_eq!(code.expose(), "opaque-token"),
        other => panic!("no code: {other:?}"),
    }
    setup.post("/unplug", Value::Null);
    assert!(matches!(setup.event(), Some(ScanEvent::Down(_))));
    setup.post("/plug", Value::Null);
    assert_eq!(setup.event(), Some(ScanEvent::Up));
    setup.post("/passport", passport());
    assert_eq!(setup.number(), "X1234567");
}
