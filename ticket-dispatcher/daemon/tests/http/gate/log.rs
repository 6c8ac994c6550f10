//! What the auditor reads: everything on the list of what is logged, from both logs, in one list.

use provisioning_enrolment::Validity;
use serde_json::{Value, json};

use super::{Gate, now_s};
use crate::house::ticket;

#[test]
fn every_act_on_the_list_is_there_with_who_did_it_and_no_person() {
    let gate = Gate::new();
    let (clerk, auditor) = (gate.account("C1", "window"), gate.account("R1", "auditor"));
    let (clerk, auditor) = (gate.cookie(&clerk), gate.cookie(&auditor));
    let kiosk = gate.device("kiosk", "K01", 60, Validity::of_device(now_s()));
    let by_kiosk = |path: &str, body: &str, key: u128| {
        let idem = [("idempotency-key", crate::house::key(key))];
        let answer = gate.ask(Some(&kiosk), "POST", path, &idem, body).unwrap();
        assert!(answer.status < 300, "{path}: {}", answer.text());
        answer
    };
    let by_clerk = |path: &str, body: &str| {
        let answer = gate.as_staff(&clerk, "POST", path, body);
        assert!(answer.status < 300, "{path}: {}", answer.text());
        answer
    };
    let elder = ticket("S101", Some(3)).replace("\"services\"", "\"class\":\"elderly\",\"services\"");
    let taken = by_kiosk("/api/v1/tickets", &elder, 61).json();
    let id = taken["ticket"]["id"]
        .as_str()
        .or(taken["id"].as_str())
        .expect("an id")
        .to_string();
    for reason in ["card-left", "case-opened", "paper-refilled", "asked", "priority"] {
        by_kiosk("/api/v1/staff-calls", &json!({ "reason": reason }).to_string(), 70);
    }
    by_clerk("/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#);
    by_clerk("/api/v1/windows/W01/next", "{}");
    by_clerk(&format!("/api/v1/tickets/{id}/start"), "{}");
    by_clerk(
        &format!("/api/v1/tickets/{id}/transfer"),
        r#"{"service":"S201","reason":"papers"}"#,
    );
    let set = json!({"policy": "priority", "reason": "many booked"}).to_string();
    assert_eq!(gate.house.call("POST", "/api/v1/policy", &set).status, 200);
    by_clerk("/api/v1/windows/W01/pause", r#"{"reason":"lunch"}"#);

    let records = gate.exported(&auditor);
    let find = |action: &str| {
        let found = records.iter().find(|r| r["action"] == action);
        found.unwrap_or_else(|| panic!("no {action} in {records:#?}"))
    };
    for (action, actor, object) in [
        ("dispatcher.start", "dispatcher", ""),
        ("staff.sign-in", "nobody", "C1"),
        ("account.password", "staff:C1", "C1"),
        ("ticket.take", "kiosk:K01", id.as_str()),
        ("priority.give", "kiosk:K01", &id),
        ("card.left", "kiosk:K01", "K01"),
        ("case.open", "kiosk:K01", "K01"),
        ("paper.refill", "kiosk:K01", "K01"),
        ("priority.ask", "kiosk:K01", "K01"),
        ("staff.call", "kiosk:K01", "K01"),
        ("window.open", "staff:C1", "W01"),
        ("ticket.call", "staff:C1", &id),
        ("ticket.start", "staff:C1", &id),
        ("ticket.move", "staff:C1", &id),
        ("policy.change", "loopback", ""),
        ("window.pause", "staff:C1", "W01"),
        ("audit.export", "staff:R1", ""),
    ] {
        let record = find(action);
        assert_eq!(
            (&record["actor"], &record["object"]),
            (&actor.into(), &object.into()),
            "{action}"
        );
    }
    let moved = find("ticket.move");
    assert_eq!(
        (&moved["new"], &moved["reason"], &moved["log"]),
        (&"S201".into(), &"papers".into(), &"hall".into())
    );
    let changed = find("policy.change");
    assert_eq!(
        (&changed["old"], &changed["new"]),
        (&"balanced".into(), &"priority".into())
    );
    assert_eq!(find("window.pause")["reason"], "lunch");
    let text = serde_json::to_string(&records).unwrap();
    for secret in ["试验人", "19850101", taken["token"].as_str().unwrap(), "many password"] {
        assert!(!text.contains(secret), "the export tells a person");
    }

    let end = records.last().unwrap();
    assert_eq!(end["end"], true, "an export that broke off is seen by its end");
    assert_eq!(end["records"].as_u64(), Some(records.len() as u64 - 1));
    let times: Vec<i64> = records[..records.len() - 1]
        .iter()
        .map(|r| r["at"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted(), "one list, by time");

    let alerts = gate.house.call("GET", "/api/v1/manager", "").json()["alerts"].to_string();
    assert!(alerts.contains("机箱被打开") && !alerts.contains("已换纸"), "{alerts}");
}

#[test]
fn the_auditor_turns_pages_back_to_the_first_record_and_nobody_else_turns_any() {
    let gate = Gate::new();
    let (admin, auditor) = (gate.account("A1", "admin"), gate.account("R1", "auditor"));
    for n in 0..150 {
        assert_eq!(gate.house.take("S101", None, &crate::house::key(1000 + n)).status, 201);
        if n % 3 == 0 {
            gate.house
                .call("POST", "/api/v1/staff-calls", r#"{"device":"K01","reason":"asked"}"#);
        }
    }
    let (admin, auditor) = (gate.cookie(&admin), gate.cookie(&auditor));
    let (mut path, mut seen, mut pages) = ("/api/v1/audit".to_string(), Vec::new(), 0);
    loop {
        assert_eq!(gate.as_staff(&admin, "GET", &path, "").status, 403);
        let page = gate.as_staff(&auditor, "GET", &path, "").json();
        let mut records = page["records"].as_array().unwrap().clone();
        records.extend(seen);
        (seen, pages) = (records, pages + 1);
        let older = &page["older"];
        if older.is_null() {
            break;
        }
        path = format!("/api/v1/audit?gate={}&hall={}", older["gate"], older["hall"]);
    }
    assert!(pages >= 2, "{pages}");
    let of = |log: &str| -> Vec<u64> {
        let own = seen.iter().filter(|r| r["log"] == log);
        own.map(|r| r["seq"].as_u64().unwrap()).collect()
    };
    let gate_seqs = of("gate");
    assert_eq!(gate_seqs, (1..=gate_seqs.len() as u64).collect::<Vec<_>>());
    let mut hall = of("hall");
    hall.dedup();
    assert_eq!(hall, (1..=hall.len() as u64).collect::<Vec<_>>());
    assert!(hall.len() > 150);
    // Each page is a record, also one that is asked for from behind the end.
    let reads = || {
        let all = gate.exported(&auditor);
        let reads = all.into_iter().filter(|r| r["action"] == "audit.read");
        reads
            .map(|r| r["object"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(reads().len(), pages);
    let end = u64::MAX;
    for (place, words) in [
        (format!("?gate={end}&hall={end}"), format!("gate {end} hall {end}")),
        (format!("?hall={end}"), format!("hall {end}")),
        (String::new(), String::new()),
    ] {
        let before = reads().len();
        let page = gate.as_staff(&auditor, "GET", &format!("/api/v1/audit{place}"), "");
        assert_eq!(page.status, 200);
        let after = reads();
        assert_eq!((after.len(), after.last()), (before + 1, Some(&words)));
    }
    // A stranger's query is refused, not guessed at.
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/audit?from=1", "").status, 400);
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/audit?gate=x", "").status, 400);
}

#[test]
fn at_level_3_keys_in_files_are_refused_or_allowed_by_somebody_and_logged_at_each_start() {
    let mut gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    gate.house.kill();
    let file = gate.house.dir.join("dispatcher.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let keys = |more: &str| std::fs::write(&file, format!("{text}\n[keys]\nprotection_level = 3\n{more}")).unwrap();
    keys("");
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    for name in ["root.key", "audit.key", "ca.key", "allow_file_keys = true"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    keys("allow_file_keys = true\n");
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    let records = gate.exported(&gate.cookie(&auditor));
    let logged: Vec<&Value> = records.iter().filter(|r| r["action"] == "keys.in-files").collect();
    assert_eq!(logged.len(), 1, "{records:#?}");
    assert!(logged[0]["new"].as_str().unwrap().contains("root.key"));
}

#[test]
fn an_older_log_in_the_place_of_todays_is_told_at_the_start_and_to_the_auditor_and_the_hall_goes_on() {
    let mut gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    gate.house.kill();
    let files = ["access.sqlite", "access.sqlite-wal", "access.sqlite-shm"];
    let at = |name: &str, gate: &Gate| gate.house.dir.join(name);
    for file in files {
        if at(file, &gate).exists() {
            std::fs::copy(at(file, &gate), at(&format!("old-{file}"), &gate)).unwrap();
        }
    }
    // After the last start and its head nothing was signed: that is said, and is nothing wrong.
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("not proved: 3 records after the last head"), "{said}");

    gate.house.start_again();
    gate.house.kill();
    assert_eq!(gate.audit_verify().0, Some(0));
    for file in files {
        let _ = std::fs::remove_file(at(file, &gate));
        let old = at(&format!("old-{file}"), &gate);
        if old.exists() {
            std::fs::copy(old, at(file, &gate)).unwrap();
        }
    }
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("an older log was put in place"), "{said}");

    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert_eq!(gate.house.take("S101", None, &crate::house::key(3)).status, 201);
    let log = std::fs::read_to_string(gate.house.dir.join("log")).unwrap();
    assert!(log.contains("THE AUDIT LOG IS NOT THE ONE THAT WAS SIGNED"), "{log}");
    let cookie = gate.cookie(&auditor);
    let records = gate.exported(&cookie);
    let told = records.iter().find(|r| r["action"] == "audit.broken").unwrap();
    assert_eq!(
        (&told["actor"], &told["reason"]),
        (&"dispatcher".into(), &"cut-off".into())
    );
    assert_eq!(
        gate.audit_verify().0,
        Some(1),
        "and it stays so, whatever is written on"
    );
}

#[test]
fn the_key_of_the_dispatchers_certificate_must_be_its_own_alone_too() {
    use std::os::unix::fs::PermissionsExt;
    let mut gate = Gate::new();
    gate.house.kill();
    let text = std::fs::read_to_string(gate.house.dir.join("dispatcher.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("key = ")).unwrap();
    let key = line.split('"').nth(1).unwrap();
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config"])
        .arg(gate.house.dir.join("dispatcher.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("key.pem can be read by others"), "{said}");
}

/// Copies a database with its log, or puts the copy back.
fn copy(gate: &Gate, from: &str, to: &str) {
    for part in ["", "-wal", "-shm"] {
        let (from, to) = (
            gate.house.dir.join(format!("{from}{part}")),
            gate.house.dir.join(format!("{to}{part}")),
        );
        let _ = std::fs::remove_file(&to);
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn an_older_journal_in_the_place_of_todays_is_told_though_it_fits_in_itself() {
    let mut gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    gate.house.take("S101", None, &crate::house::key(1));
    gate.house.kill();
    copy(&gate, "journal.db", "older.db");
    gate.house.start_again();
    let set = json!({"policy": "fifo", "reason": "for a friend"}).to_string();
    assert_eq!(gate.house.call("POST", "/api/v1/policy", &set).status, 200);
    gate.house.kill();
    // The next start signs a head that vouches for the journal's end.
    gate.house.start_again();
    gate.house.kill();
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("proved: the journal's row"), "{said}");

    copy(&gate, "older.db", "journal.db");
    assert!(gate.house.verify(true).0, "the older journal is sound in itself");
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the journal of the hall has no row"), "{said}");
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    let log = std::fs::read_to_string(gate.house.dir.join("log")).unwrap();
    assert!(log.contains("the journal of the hall has no row"), "{log}");
    let records = gate.exported(&gate.cookie(&auditor));
    let told = records.iter().find(|r| r["action"] == "audit.broken").unwrap();
    assert_eq!(told["reason"], "journal");
    let (code, said) = gate.audit_verify();
    assert_eq!(code, Some(1), "heads of after vouch for nothing before: {said}");
    assert!(said.contains("the journal of the hall has no row"), "{said}");
}

#[test]
fn a_start_tells_a_changed_record_and_that_all_heads_are_gone() {
    let mut gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    gate.house.kill();
    let change = |gate: &Gate, sql: &str| {
        let db = rusqlite::Connection::open(gate.house.dir.join("access.sqlite")).unwrap();
        assert!(db.execute(sql, []).unwrap() > 0);
    };
    change(&gate, "UPDATE audit SET object = 'A9' WHERE action = 'account.put'");
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    let cookie = gate.cookie(&auditor);
    let reasons = |gate: &Gate, cookie: &str| -> Vec<String> {
        let records = gate.exported(cookie);
        let broken = records.iter().filter(|r| r["action"] == "audit.broken");
        broken.map(|r| r["reason"].as_str().unwrap().to_string()).collect()
    };
    // All of the log is read beside the work.
    let began = std::time::Instant::now();
    while reasons(&gate, &cookie).is_empty() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "not told");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(reasons(&gate, &cookie), ["changed"]);
    gate.house.kill();
    change(&gate, "DELETE FROM audit_head");
    std::fs::remove_file(gate.house.dir.join("audit-heads.jsonl")).unwrap();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert!(reasons(&gate, &cookie).contains(&"no-head".to_string()));
    let (_, said) = gate.audit_verify();
    assert!(
        said.contains("say that the log was not the one that was signed"),
        "{said}"
    );
}
