//! Requests that are made to be read in two ways: bodies of another type, headers twice, odd paths, two lengths. Each
//! is refused or does nothing.

use std::io::{Read, Write};

use provisioning_enrolment::Validity;
use serde_json::json;

use super::{Device, Gate, now_s};
use crate::house::connect;

/// Sends bytes as they are and returns all that comes back until the other side closes or says nothing for a while.
fn raw(mut stream: impl Read + Write, bytes: &[u8]) -> String {
    // A peer that refuses may close before it has read all.
    let _ = stream.write_all(bytes);
    let _ = stream.flush();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

fn raw_tls(gate: &Gate, device: Option<&Device>, bytes: &[u8]) -> String {
    let stream = gate.connect_to(gate.tls, device);
    stream
        .sock
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .unwrap();
    raw(stream, bytes)
}

fn statuses(text: &str) -> Vec<u16> {
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.filter_map(|line| line.get(..3)?.parse().ok()).collect()
}

/// What only somebody of the hall may read.
fn tells_of_the_hall(text: &str) -> bool {
    text.contains("\"windows\"") || text.contains("\"next_up\"")
}

#[test]
fn a_body_of_another_type_does_nothing() {
    let gate = Gate::new();
    let body = r#"{"clerk":"C1"}"#;
    let open = |kind: Option<&str>, body: &str| {
        let mut head = format!(
            "POST /api/v1/windows/W01/open HTTP/1.1\r\nhost: hall\r\nconnection: close\r\nauthorization: Bearer {}\r\n",
            gate.house.token
        );
        if let Some(kind) = kind {
            head += &format!("content-type: {kind}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n{body}", body.len());
        statuses(&raw(connect(gate.house.addr).unwrap(), head.as_bytes()))
    };
    for kind in [
        "text/plain",
        "text/plain; charset=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json+xml",
        "application/xml",
        "",
        "application/json, text/plain",
        "application/json; charset=gbk",
        "application/json; charset=\"utf-16\"",
        "application/json\u{a0}",
    ] {
        assert_eq!(open(Some(kind), body), [415], "{kind:?}");
    }
    assert_eq!(open(Some("application/x-www-form-urlencoded"), "clerk=C1"), [415]);
    let closed = gate.house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(closed["window"]["state"], "closed", "nothing was opened by any of them");
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        assert_eq!(open(Some(good), body), [200], "{good}");
    }
    // A browser sends a body without a type to any site without asking that site first.
    assert_eq!(open(None, body), [415]);
    let nobody =
        "POST /api/v1/windows/W01/open HTTP/1.1\r\nhost: hall\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(
        statuses(&raw(connect(gate.house.addr).unwrap(), nobody.as_bytes())),
        [401]
    );
}

#[test]
fn a_header_that_comes_twice_is_refused_and_one_that_claims_something_is_not_believed() {
    let gate = Gate::new();
    let token = gate.house.token.clone();
    let ask = |headers: &str| {
        let text = format!("GET /api/v1/hall HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        raw(connect(gate.house.addr).unwrap(), text.as_bytes())
    };
    let right = format!("authorization: Bearer {token}\r\n");
    assert_eq!(statuses(&ask(&format!("host: hall\r\n{right}"))), [200]);
    for twice in [
        format!("host: hall\r\n{right}authorization: Bearer x\r\n"),
        format!("host: hall\r\nauthorization: Bearer x\r\n{right}"),
        format!("host: hall\r\nhost: evil.test\r\n{right}"),
        format!("host: hall\r\norigin: https://hall\r\norigin: https://evil.test\r\n{right}"),
    ] {
        let answer = ask(&twice);
        assert_eq!(statuses(&answer), [400], "{twice}");
        assert!(!tells_of_the_hall(&answer));
    }
    for claim in [
        "x-forwarded-for: 127.0.0.1",
        "forwarded: for=127.0.0.1;proto=https;host=hall",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-client-cert: URI=urn:hall:foshan-street:admin:A1",
        "x-client-cert: urn:hall:foshan-street:manager:M1",
        "x-http-method-override: OPTIONS",
        "x-original-url: /healthz",
        "x-rewrite-url: /healthz",
        "authorization: bearer",
        "authorization: Bearer\t",
        "authorization: Basic YWRtaW46YWRtaW4=",
        "cookie: __Host-yimen=",
    ] {
        let answer = ask(&format!("host: hall\r\n{claim}\r\n"));
        assert_eq!(statuses(&answer), [401], "{claim}: {answer}");
    }
}

#[test]
fn a_method_is_what_the_first_line_says() {
    let gate = Gate::new();
    let board = gate.device("board", "B01", 40, Validity::days(now_s(), 90));
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let over = [(header, "POST".to_string())];
        let answer = gate
            .ask(Some(&board), "GET", "/api/v1/windows/W01/open", &over, "")
            .unwrap();
        assert_eq!(answer.status, 405, "{header}");
    }
    let closed = gate.house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(closed["window"]["state"], "closed");
    for method in ["TRACE", "CONNECT", "PROPFIND", "get", "G\u{0}ET"] {
        let text = format!("{method} /api/v1/hall HTTP/1.1\r\nhost: hall\r\nconnection: close\r\n\r\n");
        let answer = raw_tls(&gate, Some(&board), text.as_bytes());
        assert!(!tells_of_the_hall(&answer), "{method}: {answer}");
    }
}

#[test]
fn an_address_leads_to_what_it_names_and_to_nothing_else() {
    let gate = Gate::new();
    let board = gate.device("board", "B01", 41, Validity::days(now_s(), 90));
    let get = |device: Option<&Device>, target: &str| {
        let text = format!("GET {target} HTTP/1.1\r\nhost: hall\r\nconnection: close\r\n\r\n");
        raw_tls(&gate, device, text.as_bytes())
    };
    let long = format!("/api/v1/hall?{}", "x".repeat(200_000));
    let deep = format!("/web{}/etc/passwd", "/..".repeat(2_000));
    for target in [
        "/api/v1/../v1/hall",
        "/q/../api/v1/hall",
        "/web/../api/v1/hall",
        "/healthz/../api/v1/hall",
        "/api/v1/%2e%2e/v1/hall",
        "/%61pi/v1/hall",
        "/api/v1/h%61ll",
        "/api%2fv1%2fhall",
        "/api/v1%5chall",
        "/api\\v1\\hall",
        "//api/v1/hall",
        "//hall/api/v1/hall",
        "/api//v1//hall",
        "/api/v1/hall/",
        "/api/v1/hall;x=1",
        "/api/v1/hall%00",
        "/api/v1/hall\u{0}",
        "/api/v1/hall%0d%0ax: y",
        "/API/V1/HALL",
        "/api/v1/hall#x",
        "http://elsewhere.test/api/v1/hall",
        "https://hall/api/v1/hall",
        "hall/api/v1/hall",
        "*",
        long.as_str(),
        deep.as_str(),
        "/web/../../../../etc/passwd",
        "/web/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/web/..%2f..%2f..%2fetc%2fpasswd",
        "/web//etc/passwd",
    ] {
        let shown: String = target.chars().take(60).collect();
        let answer = get(None, target);
        let status = statuses(&answer);
        assert!(
            !tells_of_the_hall(&answer) && !answer.contains("root:"),
            "{shown}: {answer}"
        );
        assert!(
            status.iter().all(|s| [400, 401, 404, 405, 414, 431].contains(s)),
            "{shown}: {status:?}"
        );
        // With a certificate of the hall it opens no door that the plain address would not.
        let other = target.replace("hall", "accounts");
        let answer = get(Some(&board), &other);
        assert!(statuses(&answer).iter().all(|s| *s >= 400), "{shown}: {answer}");
    }
    assert_eq!(
        statuses(&get(Some(&board), "/api/v1/hall")),
        [200],
        "the plain one does"
    );
}

#[test]
fn two_lengths_of_one_body_hide_no_second_request() {
    let gate = Gate::new();
    let hidden = format!(
        "GET /api/v1/hall HTTP/1.1\r\nhost: hall\r\nx-hidden: 1\r\nauthorization: Bearer {}\r\n\r\n",
        "x".repeat(64)
    );
    let body = format!("0\r\n\r\n{hidden}");
    for lengths in [
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", body.len()),
        format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n", body.len()),
        "content-length: 5\r\ncontent-length: 6\r\n".to_string(),
        "transfer-encoding: chunked, identity\r\n".to_string(),
        "transfer-encoding: xchunked\r\n".to_string(),
        "transfer-encoding : chunked\r\n".to_string(),
        "content-length: +5\r\n".to_string(),
        "content-length: 0x10\r\n".to_string(),
        "content-length: -1\r\n".to_string(),
    ] {
        let text = format!("POST /api/v1/sign-out HTTP/1.1\r\nhost: hall\r\n{lengths}\r\n{body}");
        let answer = raw_tls(&gate, None, text.as_bytes());
        assert!(!tells_of_the_hall(&answer), "{lengths}: {answer}");
        // What follows is asked by nobody again, and answered so.
        let good = statuses(&answer).into_iter().filter(|s| *s == 200).count();
        assert_eq!(good, 0, "{lengths}: {answer}");
    }
}

#[test]
fn a_guesser_who_claims_other_addresses_is_counted_as_one() {
    let gate = Gate::new();
    let mut silenced = None;
    for n in 0..40 {
        // Each time another code: one alone is locked after five.
        let account = format!("C{n}");
        let body = json!({"account": account, "password": "a wrong password", "code": "000000", "window": "W01"});
        let body = body.to_string();
        let from = [
            ("x-forwarded-for", format!("10.0.0.{n}")),
            ("forwarded", format!("for=10.1.0.{n}")),
        ];
        let answer = gate.ask(None, "POST", "/api/v1/sign-in", &from, &body).unwrap();
        if answer.status == 429 {
            silenced = Some(n);
            break;
        }
        assert_eq!(answer.status, 401);
    }
    assert_eq!(silenced, Some(30), "thirty wrong ones from one address are heard");
}
