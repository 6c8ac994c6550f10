//! Walks over the whole document of the interface, as everybody who must not come in; what every answer carries.

use provisioning_enrolment::{Authority, DeviceName, Validity};
use serde_json::Value;

use super::{Device, Gate, HALL, now_s};

/// One call of the interface: method and path with its parameters filled in.
fn every_call(document: &Value) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled = path
            .replace("{w}", "W01")
            .replace("{serial}", "0102")
            .replace("{id}", "01a2004d-5030-75e9-af12-ac73007b1b3c");
        for (method, call) in methods.as_object().unwrap() {
            let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
            let query: Vec<String> = parameters
                .iter()
                .filter(|p| p["in"] == "query" && p["required"] == true)
                .map(|p| format!("{}=x", p["name"].as_str().unwrap()))
                .collect();
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{}", query.join("&"))
            };
            calls.push((method.to_ascii_uppercase(), format!("{filled}{query}")));
        }
    }
    calls
}

/// Calls that answer without credentials, on purpose: state without a person, and the door to sign in.
const PUBLIC: [&str; 6] = [
    "GET /healthz",
    "GET /api/v1/lookup?t=x",
    "POST /api/v1/lookup",
    "POST /api/v1/sign-in",
    "POST /api/v1/sign-out",
    "GET /openapi.json",
];

#[test]
fn every_call_of_the_interface_refuses_whoever_has_no_good_certificate_or_session() {
    let gate = Gate::new();
    let document = gate.house.bare("GET", "/openapi.json", "").json();
    let calls = every_call(&document);
    assert!(calls.len() > 50, "{}", calls.len());
    let good = Validity::days(now_s(), 90);
    let past = Validity {
        from_s: now_s() - 200_000,
        until_s: now_s() - 100_000,
    };
    let soon = Validity {
        from_s: now_s() + 100_000,
        until_s: now_s() + 200_000,
    };
    let (foreign_authority, _) = Authority::make(HALL, Validity::days(now_s(), 3650)).unwrap();
    let foreign = Gate::signed(
        &foreign_authority,
        &DeviceName::new(HALL, "window", "W01").unwrap(),
        20,
        good,
    );
    let other_hall = Gate::signed(
        &gate.authority,
        &DeviceName::new("elsewhere", "window", "W01").unwrap(),
        21,
        good,
    );
    let revoked = gate.device("kiosk", "K09", 22, good);
    let hex = "56".to_string() + &"16".repeat(15);
    assert_eq!(
        gate.house
            .call(
                "POST",
                &format!("/api/v1/certificates/{hex}/revoke"),
                r#"{"reason":"lost"}"#
            )
            .status,
        204
    );
    let nobody_session = format!("__Host-yimen={}", "ab".repeat(32));
    let by_cookie = |cookie: String| vec![("cookie", cookie), ("origin", "https://hall".to_string())];
    let elsewhere = Gate::new();
    let stranger = elsewhere.cookie(&elsewhere.account("A1", "admin"));
    assert_eq!(elsewhere.as_staff(&stranger, "GET", "/api/v1/accounts", "").status, 200);
    let left = gate.cookie(&gate.account("A8", "admin"));
    assert_eq!(gate.as_staff(&left, "POST", "/api/v1/sign-out", "").status, 204);
    let idle = gate.cookie(&gate.account("A9", "admin"));
    let db = rusqlite::Connection::open(gate.house.dir.join("access.sqlite")).unwrap();
    db.execute(
        "UPDATE session SET seen_ms = seen_ms - 16 * 60000 WHERE account = 'A9'",
        [],
    )
    .unwrap();
    let refusals: [Refused; 12] = [
        ("none", None, vec![]),
        ("expired", Some(gate.device("window", "W01", 23, past)), vec![]),
        ("not yet good", Some(gate.device("window", "W01", 24, soon)), vec![]),
        (
            "an administrator by certificate",
            Some(gate.device("admin", "A01", 25, good)),
            vec![],
        ),
        ("foreign", Some(foreign), vec![]),
        ("another hall's", Some(other_hall), vec![]),
        ("revoked", Some(revoked), vec![]),
        ("no such session", None, by_cookie(nobody_session)),
        ("a session of another hall", None, by_cookie(stranger)),
        ("a session that was ended", None, by_cookie(left)),
        ("a session that was idle for 16 minutes", None, by_cookie(idle)),
        (
            "the loopback token",
            None,
            vec![("authorization", format!("Bearer {}", gate.house.token))],
        ),
    ];
    let mut tried = 0;
    for (method, path) in &calls {
        let call = format!("{method} {path}");
        for (who, device, headers) in &refusals {
            tried += 1;
            let answer = gate.ask(
                device.as_ref(),
                method,
                path,
                headers,
                if method == "GET" { "" } else { "{}" },
            );
            let public = PUBLIC.contains(&call.as_str());
            match answer {
                // No handshake, no answer.
                Err(_) => assert!(device.is_some(), "{call} by {who}"),
                Ok(answer) if public => assert_ne!(answer.status, 500, "{call} by {who}"),
                Ok(answer) => assert_eq!(answer.status, 401, "{call} by {who}: {}", answer.text()),
            }
        }
    }
    println!("{} calls, {tried} tries, 0 open but {PUBLIC:?}", calls.len());
}

/// Who, with which certificate, with which headers.
type Refused = (&'static str, Option<Device>, Vec<(&'static str, String)>);

/// Calls that a role may make, by the words of the paths; whatever is not here is refused.
#[test]
fn every_call_of_the_interface_refuses_the_wrong_role() {
    let gate = Gate::new();
    let document = gate.house.bare("GET", "/openapi.json", "").json();
    let good = Validity::days(now_s(), 90);
    let auditor = gate.account("R1", "auditor");
    let auditor = [
        ("cookie", gate.cookie(&auditor)),
        ("origin", "https://hall".to_string()),
    ];
    let board = gate.device("board", "B01", 30, good);
    let board_may = [
        "GET /api/v1/hall",
        "GET /api/v1/stream",
        "GET /api/v1/services",
        "POST /api/v1/shown",
        "POST /api/v1/certificate",
    ];
    let auditor_may = ["GET /api/v1/audit", "GET /api/v1/audit/export", "GET /api/v1/session"];
    let (mut refused, mut wrong) = (0, Vec::new());
    for (method, path) in every_call(&document) {
        let call = format!("{method} {path}");
        if PUBLIC.contains(&call.as_str()) || path == "/api/v1/stream" {
            continue;
        }
        let body = if method == "GET" { "" } else { "{}" };
        for (who, device, headers, may) in [
            ("board", Some(&board), &[][..], &board_may[..]),
            ("auditor", None, &auditor[..], &auditor_may[..]),
        ] {
            let answer = gate.ask(device, &method, &path, headers, body).unwrap();
            let closed = matches!(answer.status, 401 | 403);
            if closed == may.contains(&call.as_str()) {
                wrong.push(format!("{call} by {who}: {} {}", answer.status, answer.text()));
            }
            refused += usize::from(closed);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 80, "{refused}");
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let gate = Gate::new();
    for (path, page) in [
        ("/clerk", true),
        ("/sign-in", true),
        ("/q", true),
        ("/api/v1/hall", false),
        ("/nowhere", false),
    ] {
        let answer = gate.ask(None, "GET", path, &[], "").unwrap();
        let policy = answer.header("content-security-policy").unwrap();
        let wanted = if page {
            "default-src 'self'"
        } else {
            "default-src 'none'"
        };
        assert!(policy.starts_with(wanted), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for header in [
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "strict-transport-security",
            "x-frame-options",
            "cache-control",
        ] {
            assert!(answer.header(header).is_some(), "{path} has no {header}");
        }
    }
}
