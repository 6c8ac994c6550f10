//! Staff at the door: sign-in, sessions, what each may read, the audit log and guesses at a number's check code.

use serde_json::json;

use super::Gate;

#[test]
fn a_clerk_signs_in_works_at_their_window_and_signs_out() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    let me = gate.as_staff(&cookie, "GET", "/api/v1/session", "").json();
    assert_eq!(
        (me["account"].as_str(), me["role"].as_str(), me["window"].as_str()),
        (Some("C1"), Some("window"), Some("W01"))
    );
    let opened = gate.as_staff(&cookie, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"SOMEBODY"}"#);
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(
        opened.json()["clerk"],
        "C1",
        "whoever has signed in works under their own code"
    );
    assert_eq!(
        gate.as_staff(&cookie, "POST", "/api/v1/windows/W02/open", r#"{"clerk":"C1"}"#)
            .status,
        403
    );
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/audit", "").status, 403);
    assert_eq!(gate.as_staff(&cookie, "POST", "/api/v1/sign-out", "").status, 204);
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/session", "").status, 401);
}

#[test]
fn a_session_survives_a_restart_of_the_dispatcher() {
    let mut gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    gate.house.kill();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/session", "").status, 200);
}

#[test]
fn a_request_that_another_site_made_is_refused_whatever_its_cookie() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    let open = |more: &[(&str, String)]| {
        let mut headers = vec![("cookie", cookie.clone())];
        headers.extend_from_slice(more);
        gate.ask(None, "POST", "/api/v1/windows/W01/open", &headers, r#"{"clerk":"C1"}"#)
            .unwrap()
    };
    assert_eq!(open(&[]).status, 403);
    assert_eq!(open(&[("origin", "https://evil.test".into())]).status, 403);
    assert_eq!(open(&[("sec-fetch-site", "cross-site".into())]).status, 403);
    assert_eq!(open(&[("sec-fetch-site", "same-origin".into())]).status, 200);
}

#[test]
fn the_administrator_cannot_read_the_audit_log_and_the_auditor_can_do_nothing_else() {
    let gate = Gate::new();
    let (admin, auditor) = (gate.account("A1", "admin"), gate.account("R1", "auditor"));
    let wrong = gate.sign_in(&admin, "not the password", 0, None);
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "unauthorised"));
    let admin = gate.cookie(&admin);
    for path in ["/api/v1/audit", "/api/v1/audit/export"] {
        assert_eq!(gate.as_staff(&admin, "GET", path, "").status, 403);
        assert_eq!(
            gate.house.call("GET", path, "").status,
            403,
            "nor does the machine's token"
        );
    }
    assert_eq!(
        gate.as_staff(&admin, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#)
            .status,
        403
    );
    assert_eq!(gate.as_staff(&admin, "GET", "/api/v1/manager", "").status, 403);
    let made = gate.as_staff(
        &admin,
        "PUT",
        "/api/v1/accounts/C7",
        r#"{"role":"window","windows":["W01"]}"#,
    );
    assert_eq!(made.status, 200, "{}", made.text());
    let unknown = gate.as_staff(
        &admin,
        "PUT",
        "/api/v1/accounts/C8",
        r#"{"role":"window","windows":["W99"]}"#,
    );
    assert_eq!(unknown.status, 422);

    // Nor by a way around: as an auditor of its own making, or with the auditor's new password.
    for id in ["X7", "A1", "R1"] {
        let path = format!("/api/v1/accounts/{id}");
        let role = if id == "R1" { "window" } else { "auditor" };
        let body = format!(r#"{{"role":"{role}","windows":[]}}"#);
        assert_eq!(gate.as_staff(&admin, "PUT", &path, &body).status, 403, "{id}");
        assert_eq!(
            gate.house.call("PUT", &path, &body).status,
            403,
            "{id} by the machine's token"
        );
    }
    assert_eq!(gate.as_staff(&admin, "DELETE", "/api/v1/accounts/R1", "").status, 403);
    let own = gate.as_staff(&admin, "DELETE", "/api/v1/accounts/A1", "");
    assert_eq!((own.status, own.code().as_str()), (409, "wrong-state"));

    let auditor = gate.cookie(&auditor);
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/accounts", "").status, 403);
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/hall", "").status, 403);
    let log = gate.as_staff(&auditor, "GET", "/api/v1/audit", "").json();
    let records = log["records"].as_array().unwrap();
    let has = |action: &str, result: &str, object: &str| {
        records
            .iter()
            .any(|r| r["action"] == action && r["result"] == result && r["object"] == object)
    };
    let put = gate
        .house
        .call("PUT", "/api/v1/accounts/C7", r#"{"role":"window","windows":["W02"]}"#);
    assert_eq!(put.status, 200);
    assert_eq!(gate.house.call("DELETE", "/api/v1/accounts/C7", "").status, 204);
    assert_eq!(gate.house.call("DELETE", "/api/v1/accounts/C6", "").status, 404);
    let changes = gate.as_staff(&auditor, "GET", "/api/v1/audit", "").json();
    let changes: Vec<String> = changes["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["object"] == "C7" || r["object"] == "C6")
        .map(|r| format!("{}: {} -> {}", r["action"], r["old"], r["new"]).replace('"', ""))
        .collect();
    assert_eq!(
        changes,
        [
            "account.put:  -> window W01",
            "account.put: window W01 first-password -> window W02",
            "account.close: window W02 first-password -> closed",
        ]
    );
    assert!(
        has("account.put", "done", "A1") && has("account.put", "done", "C7"),
        "{log}"
    );
    assert!(has("staff.sign-in", "refused", "A1") && has("staff.sign-in", "done", "A1"));
    assert!(has("audit.read", "done", ""));
    let text = log.to_string();
    assert!(!text.contains("long password") && !text.contains("not the password"));
}

#[test]
fn five_wrong_passwords_lock_the_account_on_the_wire_too() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    for _ in 0..5 {
        assert_eq!(gate.sign_in(&clerk, "wrong password", 0, None).status, 401);
    }
    let locked = gate.sign_in(&clerk, &clerk.password, 0, None);
    assert_eq!((locked.status, locked.code().as_str()), (429, "too-many"));
    let seconds: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((880..=901).contains(&seconds), "{seconds}");
}

#[test]
fn nobody_learns_by_trying_which_codes_are_of_accounts() {
    let mut gate = Gate::new();
    gate.account("C1", "window");
    gate.account("C2", "window");
    let closed = gate.house.call("DELETE", "/api/v1/accounts/C2", "");
    assert_eq!(closed.status, 204);
    let try_in = |gate: &Gate, account: &str| {
        let body = json!({"account": account, "password": "wrong password", "code": "000000", "window": "W01"});
        let answer = gate
            .ask(None, "POST", "/api/v1/sign-in", &[], &body.to_string())
            .unwrap();
        let after: i64 = answer.header("retry-after").map_or(0, |after| after.parse().unwrap());
        // Two askers are not heard in the same second.
        let near = (after + 5) / 10;
        (answer.status, answer.json()["detail"].clone(), near)
    };
    let codes = ["C1", "C2", "C9"];
    let heard = codes.map(|code| (0..6).map(|_| try_in(&gate, code)).collect::<Vec<_>>());
    assert_eq!(
        heard[0].iter().map(|h| h.0).collect::<Vec<_>>(),
        [401, 401, 401, 401, 401, 429]
    );
    assert_eq!(heard[0], heard[1], "a closed one");
    assert_eq!(heard[0], heard[2], "one that never was");
    gate.house.kill();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    let heard = codes.map(|code| try_in(&gate, code));
    assert_eq!(heard[0].0, 429);
    assert!(heard[0] == heard[1] && heard[0] == heard[2], "{heard:?}");
}

#[test]
fn a_manager_who_has_signed_in_does_what_no_certificate_may() {
    let gate = Gate::new();
    let cookie = gate.cookie(&gate.account("M1", "hall_manager"));
    for (method, path, body, status) in [
        ("POST", "/api/v1/windows/W02/open", r#"{"clerk":"C2"}"#, 200),
        ("GET", "/metrics", "", 200),
        ("GET", "/api/v1/makers", "", 200),
        ("POST", "/api/v1/makers/K01/orders", "{}", 400),
        ("GET", "/api/v1/accounts", "", 403),
    ] {
        let answer = gate.as_staff(&cookie, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
}

#[test]
fn the_audit_log_is_checked_by_command_and_a_changed_byte_is_named() {
    let mut gate = Gate::new();
    gate.account("A1", "admin");
    // A head is signed at the start and when the dispatcher stops in order, and each has its copy.
    let id = i32::try_from(gate.house.child.id()).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(id).unwrap(),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    gate.house.child.wait().unwrap();
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("sound: 7 records, first 1, 6 heads checked, 3 of them copies"),
        "{said}"
    );
    assert!(said.contains("proved: records 1 to 7 are as they were"), "{said}");
    assert!(
        said.contains("not proved: that log and copies were not changed together"),
        "{said}"
    );
    let db = rusqlite::Connection::open(gate.house.dir.join("access.sqlite")).unwrap();
    db.execute_batch("UPDATE audit SET actor = 'X' WHERE seq = 2").unwrap();
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(1));
    assert!(said.starts_with("record 2: the record was changed"), "{said}");
    db.execute_batch("DELETE FROM audit; DELETE FROM audit_head").unwrap();
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(1));
    assert!(
        said.contains("the log ends at 0, but a signed head knows of this record"),
        "{said}"
    );
}

#[test]
fn a_wrong_check_code_is_heard_ten_times_and_then_not_even_the_right_one() {
    let gate = Gate::new();
    let taken = gate.house.take("S101", None, &crate::house::key(5)).json();
    let (number, right) = (taken["number"].as_str().unwrap(), taken["check_code"].as_str().unwrap());
    let pair = |code: &str| {
        let body = json!({"number": number, "check_code": code}).to_string();
        gate.house.bare("POST", "/api/v1/lookup", &body)
    };
    let found = pair(right);
    assert_eq!((found.status, found.json()["number"].as_str()), (200, Some(number)));
    let wrong = if right == "0000" { "0001" } else { "0000" };
    for _ in 0..10 {
        assert_eq!(pair(wrong).status, 404);
    }
    let silent = pair(right);
    assert_eq!((silent.status, silent.code().as_str()), (429, "too-many"));
    let token = taken["token"].as_str().unwrap();
    assert_eq!(
        gate.house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").status,
        200,
        "the QR still works"
    );
}

#[test]
fn what_is_typed_into_the_field_of_the_account_and_is_none_is_not_written_down() {
    let gate = Gate::new();
    gate.account("C1", "window");
    let auditor = gate.account("R1", "auditor");
    for typed in ["A8F35GVHB5PE8GWX", "110101900307747", "13800138000", "ZhangWei", "C1"] {
        let body = json!({"account": typed, "password": "a wrong password", "code": "000000", "window": "W01"});
        let answer = gate.ask(None, "POST", "/api/v1/sign-in", &[], &body.to_string());
        assert_eq!(answer.unwrap().status, 401, "{typed}");
    }
    let cookie = gate.cookie(&auditor);
    let export = gate.as_staff(&cookie, "GET", "/api/v1/audit/export", "").text();
    for typed in ["A8F35GVHB5PE8GWX", "110101900307747", "13800138000", "ZhangWei"] {
        assert!(!export.contains(typed), "{typed} is in the log");
    }
    let refused = export
        .lines()
        .filter(|line| line.contains("staff.sign-in") && line.contains("refused"));
    let mut objects = refused.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["object"].clone());
    assert!(objects.any(|object| object == "C1"), "whose account was tried is told");
}
