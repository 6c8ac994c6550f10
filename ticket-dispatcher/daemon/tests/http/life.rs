//! A ticket from the kiosk to the end of service, and what everybody is told on the way.

use crate::house::{House, key, ticket};

#[test]
fn a_ticket_lives_from_kiosk_to_the_end_of_service() {
    let house = House::new();
    let taken = house.take("S101", Some(1), &key(1));
    assert_eq!(taken.status, 201, "{}", taken.text());
    let issued = taken.json();
    assert_eq!(issued["number"], "A001");
    assert_eq!(issued["people_ahead"], 0);
    let (id, token) = (issued["id"].as_str().unwrap(), issued["token"].as_str().unwrap());
    assert_eq!(token.len(), 16);
    assert_eq!(issued["lookup_url"], format!("https://hall.test/q?t={token}"));
    let (p10, p50, p90) = (&issued["wait_p10_s"], &issued["wait_p50_s"], &issued["wait_p90_s"]);
    assert!(
        p10.is_null() && p50.is_null() && p90.is_null(),
        "no window is open: {issued}"
    );
    assert!(issued["issued_at"].as_str().unwrap().ends_with('Z'));

    let look = |state: &str| {
        let found = house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").json();
        assert_eq!(
            (found["number"].as_str(), found["state"].as_str()),
            (Some("A001"), Some(state))
        );
        assert!(!found.to_string().contains("试验"), "a lookup never names a person");
        found
    };
    assert_eq!(look("waiting")["people_ahead"], 0);
    assert!(look("waiting")["wait"].is_null());

    house.open("W01");
    let called = house.call("POST", "/api/v1/windows/W01/next", "{}").json();
    assert_eq!(called["ticket"]["id"], id);
    assert_eq!(called["ticket"]["masked_name"], "试*人");
    assert!(called["why"].as_str().unwrap().contains("综合均衡"));
    assert_eq!(look("called")["window_name"]["zh-Hans"], "1号综合窗口");
    let busy = house.call("POST", "/api/v1/windows/W01/next", "{}");
    assert_eq!((busy.status, busy.code().as_str()), (409, "wrong-state"));

    let act = |action: &str, body: &str| {
        let answer = house.call("POST", &format!("/api/v1/tickets/{id}/{action}"), body);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.json()
    };
    assert_eq!(act("recall", "")["calls"], 2);
    assert_eq!(act("start", "")["state"], "serving");
    look("serving");
    let hall = house.call("GET", "/api/v1/hall", "").json();
    assert_eq!(hall["windows"][0]["number"], "A001");
    assert_eq!(hall["windows"][0]["serving"], true);
    assert_eq!(hall["calls"][0]["number"], "A001");
    let finished = act("finish", "{}");
    assert_eq!(finished["state"], "finished");
    assert_eq!(
        finished.get("masked_name"),
        None,
        "the name goes with the end of service"
    );
    assert_eq!(act("rate", r#"{"stars":4}"#)["state"], "finished");
    look("finished");

    let again = house.call("POST", &format!("/api/v1/tickets/{id}/start"), "");
    assert_eq!((again.status, again.code().as_str()), (409, "wrong-state"));
    let next = || house.keyed("POST", "/api/v1/windows/W01/next", "{}", Some(&key(77)));
    assert_eq!(next().status, 204);
    assert_eq!(house.take("S101", None, &key(78)).status, 201);
    assert_eq!(next().status, 204, "a doubled message that comes in late calls nobody");
    let seen = house.call("GET", &format!("/api/v1/tickets/{id}"), "").json();
    let what: Vec<_> = seen["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["what"].clone())
        .collect();
    assert_eq!(what, ["issued", "called", "recalled", "started", "finished", "rated"]);
}

#[test]
fn every_action_of_a_clerk_is_there() {
    let house = House::new();
    house.open("W01");
    let call = |path: &str, body: &str| {
        let answer = house.call("POST", path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    let next = || call("/api/v1/windows/W01/next", r#"{"finish_current":true}"#)["ticket"]["id"].clone();
    let act = |id: &serde_json::Value, action: &str, body: &str| {
        call(&format!("/api/v1/tickets/{}/{action}", id.as_str().unwrap()), body)["state"].clone()
    };
    for n in 0..4 {
        assert_eq!(house.take("S101", None, &key(n)).status, 201);
    }
    let first = next();
    assert_eq!(act(&first, "requeue", r#"{"reason":"wrong window"}"#), "waiting");
    let second = next();
    assert_eq!(act(&second, "start", "{}"), "serving");
    assert_eq!(act(&second, "hold", r#"{"reason":"fetches a copy"}"#), "held");
    let desk = house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(desk["held"][0]["id"], second);
    assert_eq!(desk["clerk"], "C1");
    assert_eq!(act(&second, "resume", "{}"), "waiting");
    let third = next();
    assert_eq!(third, second, "a resumed ticket goes first at its window");
    assert_eq!(act(&third, "transfer", r#"{"service":"S201"}"#), "waiting");
    let fourth = next();
    assert_eq!(act(&fourth, "cancel", r#"{"reason":"gives it back"}"#), "cancelled");
    let both = house.call(
        "POST",
        &format!("/api/v1/tickets/{}/transfer", first.as_str().unwrap()),
        r#"{"service":"S101","window":"W02"}"#,
    );
    assert_eq!((both.status, both.code().as_str()), (422, "unprocessable"));
    call("/api/v1/windows/W01/pause", "");
    call("/api/v1/windows/W01/close", r#"{"reason":"lunch"}"#);
    assert_eq!(
        house.call("GET", "/api/v1/hall", "").json()["windows"][0]["state"],
        "closed"
    );
}

#[test]
fn a_second_ticket_is_refused_with_the_open_one() {
    let house = House::new();
    let first = house.take("S101", Some(7), &key(1)).json();
    let second = house.take("S102", Some(7), &key(2));
    assert_eq!((second.status, second.code().as_str()), (409, "already-holds"));
    assert_eq!(
        second.header("content-type").as_deref(),
        Some("application/problem+json")
    );
    let problem = second.json();
    assert_eq!(problem["type"], "urn:yimen:problem:already-holds");
    assert_eq!(problem["ticket"]["id"], first["id"]);
    assert_eq!(problem["ticket"]["check_code"], first["check_code"]);
    assert_eq!(problem["ticket"]["lookup_url"], first["lookup_url"]);
    assert_eq!(house.take("S101", Some(8), &key(3)).status, 201, "another person");
}

#[test]
fn who_asks_again_for_the_slip_gets_the_masked_name_and_the_cases_of_the_first() {
    let house = House::printing_names();
    let body = ticket("S101", Some(7)).replacen('{', r#"{"cases":2,"#, 1);
    let first = house.keyed("POST", "/api/v1/tickets", &body, Some(&key(1))).json();
    assert_eq!((&first["masked_name"], &first["cases"]), (&"试*人".into(), &2.into()));
    let held = house.take("S101", Some(7), &key(2)).json()["ticket"].clone();
    for field in [
        "masked_name",
        "cases",
        "number",
        "check_code",
        "lookup_url",
        "people_ahead",
    ] {
        assert_eq!(held[field], first[field], "{field}");
    }
    let silent = House::new();
    silent.take("S101", Some(7), &key(1));
    let held = silent.take("S101", Some(7), &key(2)).json()["ticket"].clone();
    assert_eq!(held.get("masked_name"), None, "a hall that prints no names tells none");
}

#[test]
fn the_catalogue_tells_what_waits() {
    let house = House::new();
    let before = house.call("GET", "/api/v1/services", "");
    let services = before.json();
    assert_eq!(services["issuing"], true);
    assert!(services["services"].as_array().unwrap().len() >= 41);
    assert_eq!(services["groups"][1]["waiting"], 0);
    let etag = before.header("etag").unwrap();
    house.take("S101", None, &key(1));
    let after = house.call("GET", "/api/v1/services", "");
    assert_ne!(after.header("etag").unwrap(), etag);
    let waiting: u64 = after.json()["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["waiting"].as_u64().unwrap())
        .sum();
    assert_eq!(waiting, 1);
    assert_eq!(house.take("S999", None, &key(2)).code(), "unprocessable");
}

#[test]
fn the_document_names_every_call_and_pages_come_with_their_guards() {
    let house = House::new();
    let document = house.bare("GET", "/openapi.json", "").json();
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v1/tickets",
        "/api/v1/stream",
        "/api/v1/windows/{w}/next",
        "/api/v1/lookup",
        "/healthz",
    ] {
        assert!(paths.contains_key(path), "{path} is not documented");
    }
    assert_eq!(paths.len(), 52);
    for page in ["/board", "/clerk", "/manager", "/q?t=X", "/web/icon.svg"] {
        let answer = house.bare("GET", page, "");
        assert_eq!(answer.status, 200, "{page}");
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .contains("default-src 'self'")
        );
        assert_eq!(answer.header("referrer-policy").as_deref(), Some("no-referrer"));
    }
    assert_eq!(house.bare("GET", "/web/../Cargo.toml", "").status, 404);
    assert_eq!(house.bare("GET", "/healthz", "").json()["status"], "ok");
    let metrics = house.call("GET", "/metrics", "").text();
    assert!(
        metrics.contains("journal_seq") && metrics.contains("ledger_commit_seconds_bucket"),
        "{metrics}"
    );
    let hall = house.call("GET", "/api/v1/hall", "");
    assert_eq!(hall.header("cache-control").as_deref(), Some("no-store"));
}

#[test]
fn no_person_is_in_log_or_journal() {
    let mut house = House::new();
    house.take("S101", Some(4711), &key(1));
    house.take("S101", Some(4711), &key(2));
    house.call(
        "POST",
        "/api/v1/tickets",
        &ticket("S101", Some(4711)).replace("birth", "brith"),
    );
    house.kill();
    for entry in std::fs::read_dir(&house.dir).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for person in [crate::house::number(4711), "试验人".to_string()] {
            let found = bytes.windows(person.len()).any(|w| w == person.as_bytes());
            assert!(!found, "a person is in {}", path.display());
        }
    }
}

/// A hall works with everything outside cut off, for days: there is nothing that it asks outside.
#[test]
fn it_opens_no_connection_of_its_own() {
    let house = House::new();
    house.open("W01");
    assert_eq!(house.take("S101", Some(1), &key(1)).status, 201);
    let _stream = house.stream(None);
    house.call("GET", "/api/v1/services", "");
    let pid = house.child.id();
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = links.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let own: Vec<String> = links.map(|link| link.to_string_lossy().into_owned()).collect();
    let mut sockets = 0;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if own.contains(&format!("socket:[{}]", fields[9])) {
                sockets += 1;
                let port = fields[1].rsplit(':').next().unwrap();
                assert_eq!(u16::from_str_radix(port, 16).unwrap(), house.addr.port(), "{line}");
            }
        }
    }
    assert!(sockets >= 1, "the listener at least");
}
