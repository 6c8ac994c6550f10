//! The power goes, the disk fails: nothing that was answered is lost, and nothing is guessed.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::house::{House, key, ticket};

/// A library that is loaded before the C library's: flushes fail or take longer, the disk under the journal is full.
/// The folder is to be removed by who asked.
pub fn shim() -> (std::path::PathBuf, std::path::PathBuf) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("shim-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let dir = std::env::temp_dir().join(unique);
    std::fs::create_dir_all(&dir).unwrap();
    let (source, library) = (dir.join("shim.c"), dir.join("shim.so"));
    std::fs::write(&source, include_str!("shim.c")).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status()
        .expect("a C compiler, which SQLite needs as well");
    assert!(built.success());
    (dir, library)
}

#[test]
fn a_failed_flush_stops_the_process_and_a_restart_knows_the_truth() {
    let (shim, library) = shim();
    let trigger = shim.join("fail-now");
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAIL_WHILE", trigger.to_str().unwrap()),
    ];
    let mut house = House::with("", &env);
    let before = house.take("S101", Some(1), &key(1));
    assert_eq!(before.status, 201);
    std::fs::write(&trigger, "").unwrap();
    let unanswered = house.try_keyed("POST", "/api/v1/tickets", &ticket("S101", Some(2)), Some(&key(2)));
    assert!(unanswered.is_err(), "answered though the flush failed");
    let status = house.child.wait().unwrap();
    assert_eq!(status.signal(), Some(6), "the process aborts: {status}");
    std::fs::remove_file(&trigger).unwrap();
    house.forget_env();
    house.start_again();
    let again = house.take("S101", Some(1), &key(1));
    assert_eq!((again.status, &again.body), (200, &before.body));
    let second = house.take("S101", Some(2), &key(2));
    assert!(matches!(second.status, 200 | 201), "{}", second.text());
    assert_eq!(
        second.json()["number"],
        "A002",
        "whether it was there or not, the number is given once"
    );
    house.kill();
    assert!(house.verify(true).0);
    let _ = std::fs::remove_dir_all(shim);
}

#[test]
fn a_restart_gives_the_same_answer_byte_for_byte() {
    let mut house = House::new();
    let first = house.take("S101", Some(1), &key(1));
    house.open("W01");
    house.call("POST", "/api/v1/windows/W01/next", "{}");
    house.kill();
    house.start_again();
    let again = house.take("S101", Some(1), &key(1));
    assert_eq!(again.status, 200);
    assert_eq!(again.body, first.body, "called meanwhile, and still the same answer");
    let token = first.json()["token"].as_str().unwrap().to_string();
    let found = house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").json();
    assert_eq!(found["state"], "called", "tokens still open the lookup");
    let next = house.keyed(
        "POST",
        "/api/v1/windows/W01/next",
        r#"{"finish_current":true}"#,
        Some(&key(9)),
    );
    assert_eq!(next.status, 204);
    let next = house.keyed(
        "POST",
        "/api/v1/windows/W01/next",
        r#"{"finish_current":true}"#,
        Some(&key(9)),
    );
    assert_eq!(next.status, 204, "a retried next finishes nobody twice");
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::new();
    house.kill();
    let key_file = house.dir.join("root.key");
    assert_eq!(
        std::fs::metadata(&key_file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config"])
        .arg(house.dir.join("dispatcher.toml"))
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("can be read by others"));
}

#[test]
fn a_key_that_is_gone_is_asked_for_and_no_other_is_made_in_its_place() {
    let mut house = House::new();
    let before = house.take("S101", Some(1), &key(1));
    house.kill();
    let (key_file, safe) = (house.dir.join("root.key"), house.dir.join("safe"));
    let heads = house.dir.join("audit-heads.jsonl");
    assert!(heads.exists(), "a head was signed at the end or at the start");
    let audit_key = house.dir.join("audit.key");
    for (file, command) in [
        (&key_file, "serve"),
        (&audit_key, "serve"),
        (&key_file, "audit"),
        (&audit_key, "audit"),
    ] {
        std::fs::rename(file, &safe).unwrap();
        let words: &[&str] = if command == "serve" {
            &["serve"]
        } else {
            &["audit", "verify"]
        };
        let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
            .args(words)
            .arg("--config")
            .arg(house.dir.join("dispatcher.toml"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{words:?} {said}");
        assert!(said.contains("put it back from the second copy"), "{said}");
        assert!(!file.exists(), "{words:?} made another");
        std::fs::rename(&safe, file).unwrap();
    }
    house.start_again();
    assert_eq!(house.take("S101", Some(1), &key(1)).body, before.body);
}

#[test]
fn a_key_that_systemd_unsealed_is_taken_by_its_place_and_never_made_there() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::new();
    let before = house.take("S101", Some(1), &key(1));
    house.kill();
    // As systemd shows it: in a folder of the unit, readable by an access list that looks like a group's right.
    let credentials = house.dir.join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let unsealed = credentials.join("hall.key");
    std::fs::rename(house.dir.join("root.key"), &unsealed).unwrap();
    std::fs::set_permissions(&unsealed, std::fs::Permissions::from_mode(0o440)).unwrap();
    let file = house.dir.join("dispatcher.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"root.key\"", "\"credentials/hall.key\"")).unwrap();
    house.put_env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    house.start_again();
    assert_eq!(house.take("S101", Some(1), &key(1)).body, before.body, "the same key");
    house.kill();
    // Without it: no new key in its place, and no start.
    std::fs::remove_file(&unsealed).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config"])
        .arg(&file)
        .env("CREDENTIALS_DIRECTORY", &credentials)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(!unsealed.exists(), "a new key would lock the journal");
}

#[test]
fn verify_tells_by_exit_status_and_names_the_row() {
    let mut house = House::new();
    for n in 0..5 {
        house.take("S101", None, &key(n));
    }
    house.kill();
    assert!(house.verify(true).0);
    let db = rusqlite::Connection::open(house.dir.join("journal.db")).unwrap();
    db.execute(
        "UPDATE journal SET outcome = replace(outcome, 'A002', 'A009') WHERE seq = 4",
        [],
    )
    .unwrap();
    drop(db);
    let (sound, text) = house.verify(false);
    assert!(!sound && text.starts_with("row 4: "), "{text}");
}
