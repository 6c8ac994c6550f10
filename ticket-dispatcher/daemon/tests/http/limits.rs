//! What is malformed, too large, too slow or not allowed.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::house::{House, connect, exchange, key, number, ticket};

#[test]
fn a_body_of_ten_megabytes_is_refused_and_the_answer_arrives() {
    let house = House::new();
    let body = "x".repeat(10 * 1024 * 1024);
    let answer = house.call("POST", "/api/v1/tickets", &body);
    assert_eq!((answer.status, answer.code().as_str()), (413, "too-large"));
    // The same without saying so beforehand.
    let mut stream = connect(house.addr).unwrap();
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        house.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..10 {
        stream
            .write_all(format!("{:x}\r\n{}\r\n", 4096, "y".repeat(4096)).as_bytes())
            .unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    assert_eq!(house.take("S101", None, &key(1)).status, 201);
}

#[test]
fn malformed_requests_get_a_problem_and_change_nothing() {
    let house = House::new();
    let seq = || house.bare("GET", "/healthz", "").json()["seq"].clone();
    let before = seq();
    for (body, status, code) in [
        ("{", 400, "malformed"),
        ("[]", 400, "malformed"),
        ("{}", 400, "malformed"),
        (r#"{"services":"S101"}"#, 400, "malformed"),
        (r#"{"services":["S 101"]}"#, 400, "malformed"),
        (r#"{"services":["S101"],"surprise":1}"#, 400, "malformed"),
        (r#"{"services":["S101"],"class":"vip"}"#, 400, "malformed"),
        (r#"{"services":["S101"],"cases":0}"#, 400, "malformed"),
        (r#"{"services":[]}"#, 422, "unprocessable"),
        (r#"{"services":["S101","S101"]}"#, 422, "unprocessable"),
        (r#"{"services":["S101","S102","S103","S104"]}"#, 422, "unprocessable"),
        (r#"{"services":["S101"],"class":"appt"}"#, 422, "unprocessable"),
        (r#"{"services":["S101"],"booking":"nope"}"#, 422, "unprocessable"),
        (r#"{"services":["S101"],"cases":99}"#, 422, "unprocessable"),
    ] {
        let answer = house.call("POST", "/api/v1/tickets", body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{body}: {}",
            answer.text()
        );
    }
    for (method, path, status) in [
        ("POST", "/api/v1/tickets/none/finish", 404),
        (
            "POST",
            "/api/v1/tickets/01a2004d-5030-75e9-af12-ac73007b1b3c/finish",
            404,
        ),
        ("GET", "/api/v1/windows/W99", 404),
        ("POST", "/api/v1/windows/W99/next", 404),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/tickets", 405),
        ("GET", "/api/v1/lookup?t=0000000000000000", 404),
    ] {
        let answer = house.call(method, path, "");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.header("content-type").as_deref(),
            Some("application/problem+json"),
            "{path}"
        );
    }
    let bad_key = house.keyed("POST", "/api/v1/tickets", &ticket("S101", None), Some("12"));
    assert_eq!((bad_key.status, bad_key.code().as_str()), (400, "malformed"));
    let text = exchange(
        connect(house.addr).unwrap(),
        "POST",
        "/api/v1/tickets",
        &[
            ("authorization", format!("Bearer {}", house.token)),
            ("content-type", "text/plain".to_string()),
        ],
        b"",
    );
    assert_eq!(text.unwrap().status, 415);
    assert_eq!(seq(), before);
}

#[test]
fn a_refusal_says_the_halls_own_limit_and_which_service_came_twice() {
    let house = House::new();
    let said = |services: &str| {
        let body = format!(r#"{{"services":{services}}}"#);
        let answer = house.call("POST", "/api/v1/tickets", &body);
        assert_eq!(answer.status, 422, "{}", answer.text());
        answer.json()["detail"].as_str().unwrap().to_string()
    };
    assert_eq!(said("[]"), "In this hall a ticket is for 1 to 3 services.");
    assert_eq!(
        said(r#"["S101","S102","S103","S201"]"#),
        "In this hall a ticket is for 1 to 3 services."
    );
    assert_eq!(
        said(r#"["S101","S102","S101"]"#),
        "Service S101 is named twice; each service stands once on a ticket."
    );
}

#[test]
fn a_number_asked_for_without_a_key_is_refused_with_what_to_do() {
    let house = House::new();
    let answer = house.keyed("POST", "/api/v1/tickets", &ticket("S101", None), None);
    assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"));
    let detail = answer.json()["detail"].as_str().unwrap().to_string();
    assert!(detail.starts_with("The header Idempotency-Key is missing."), "{detail}");
    assert_eq!(
        house.take("S101", None, &key(1)).json()["number"],
        "A001",
        "no number was used up"
    );
}

#[test]
fn a_person_that_no_card_can_have_given_is_refused_with_the_field() {
    let house = House::new();
    let good = number(1);
    let mut wrong_end = good[..17].to_string();
    wrong_end.push(if good.ends_with('1') { '2' } else { '1' });
    let ask = |document: &str, number: &str, name: &str, birth: &str| {
        house.call(
            "POST",
            "/api/v1/tickets",
            &serde_json::json!({"services": ["S101"], "holder":
                {"document": document, "number": number, "name": name, "birth": birth}})
            .to_string(),
        )
    };
    for (document, number, name, birth, field) in [
        ("resident_id", wrong_end.as_str(), "试验人", "19850101", "`number`"),
        ("resident_id", "12345", "试验人", "19850101", "`number`"),
        ("hmt_permit", wrong_end.as_str(), "试验人", "19850101", "`number`"),
        ("resident_id", good.as_str(), "", "19850101", "`name`"),
        ("resident_id", good.as_str(), "  ", "19850101", "`name`"),
        ("resident_id", good.as_str(), "试验人", "19850231", "`birth`"),
        ("resident_id", good.as_str(), "试验人", "29850101", "`birth`"),
        ("resident_id", good.as_str(), "试验人", "1985-1-1", "`birth`"),
        ("resident_id", good.as_str(), "试验人", "", "`birth`"),
        ("passport", "E1234567", "A B", "19851301", "`birth`"),
    ] {
        let answer = ask(document, number, name, birth);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "unprocessable"),
            "{field}"
        );
        assert!(answer.text().contains(field), "{field}: {}", answer.text());
        assert!(!answer.text().contains(&good[..17]), "it says who");
    }
    assert_eq!(
        ask("passport", "E1234567", "A B", "").status,
        201,
        "a foreign paper may leave it open"
    );
    assert_eq!(ask("resident_id", &good, "试验人", "19850101").json()["number"], "A002");
}

#[test]
fn a_problem_never_repeats_what_was_sent() {
    let house = House::new();
    let body = r#"{"services":["S101"],"holder":{"document":"resident_id","number":990201198500000001}}"#;
    let answer = house.call("POST", "/api/v1/tickets", body);
    assert_eq!(answer.status, 400);
    assert!(!answer.text().contains("99020119"), "{}", answer.text());
}

#[test]
fn the_same_key_with_another_request_is_refused() {
    let house = House::new();
    assert_eq!(house.take("S101", None, &key(1)).status, 201);
    let other = house.take("S102", None, &key(1));
    assert_eq!((other.status, other.code().as_str()), (422, "key-reused"));
    house.open("W01");
    let elsewhere = house.keyed("POST", "/api/v1/windows/W01/next", "{}", Some(&key(1)));
    assert_eq!(elsewhere.code(), "key-reused");
}

#[test]
fn without_credentials_only_public_calls_answer() {
    let house = House::new();
    for (method, path) in [
        ("POST", "/api/v1/tickets"),
        ("GET", "/api/v1/tickets/01a2004d-5030-75e9-af12-ac73007b1b3c"),
        ("POST", "/api/v1/windows/W01/open"),
        ("POST", "/api/v1/windows/W01/next"),
        ("GET", "/api/v1/windows/W01"),
        ("GET", "/api/v1/hall"),
        ("GET", "/api/v1/stream"),
        ("GET", "/api/v1/services"),
        ("GET", "/metrics"),
    ] {
        let answer = house.bare(method, path, "");
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthorised"), "{path}");
    }
    let wrong = [("authorization", format!("Bearer {}x", &house.token[1..]))];
    let answer = exchange(connect(house.addr).unwrap(), "GET", "/api/v1/hall", &wrong, b"").unwrap();
    assert_eq!(answer.status, 401);
}

#[test]
fn a_client_that_dawdles_is_not_waited_for() {
    let house = House::new();
    let started = Instant::now();
    let mut headers = connect(house.addr).unwrap();
    headers.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    let mut body = connect(house.addr).unwrap();
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        house.token
    );
    body.write_all(head.as_bytes()).unwrap();
    let mut rest = Vec::new();
    let _ = headers.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(20));
    let mut answer = [0; 512];
    let n = body.read(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer[..n]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
}

#[test]
fn who_connects_and_asks_nothing_is_let_go_and_has_a_bounded_number_of_places() {
    use std::net::{IpAddr, SocketAddr, TcpStream};
    let house = House::new();
    let began = Instant::now();
    // Nothing, half of what HTTP/2 begins with, and all of it.
    let starts: [&[u8]; 3] = [
        b"",
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ];
    let mut silent: Vec<TcpStream> = starts
        .iter()
        .map(|start| {
            let mut stream = TcpStream::connect(house.addr).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream.write_all(start).unwrap();
            stream
        })
        .collect();
    // From one other address, more than it may have.
    let from = SocketAddr::new(IpAddr::from([127, 0, 0, 2]), 0);
    let connect = || {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&from.into()).unwrap();
        socket.connect(&house.addr.into()).unwrap();
        TcpStream::from(socket)
    };
    let many: Vec<TcpStream> = (0..512).map(|_| connect()).collect();
    let mut one_more = connect();
    let mut said = Vec::new();
    let _ = one_more.read_to_end(&mut said);
    assert!(
        String::from_utf8_lossy(&said).contains("too-many") || said.is_empty(),
        "{said:?}"
    );
    assert_eq!(house.call("GET", "/api/v1/hall", "").status, 200, "others are served");
    drop(many);
    let mut rest = Vec::new();
    for stream in &mut silent {
        let _ = stream.read_to_end(&mut rest);
    }
    let took = began.elapsed();
    assert!(
        took > Duration::from_secs(8) && took < Duration::from_secs(25),
        "{took:?}"
    );
}
