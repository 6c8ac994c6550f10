//! Bad days: a disk that turned read-only, a journal that was cut, a clock that jumps, clients that dawdle.

use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::crash::shim;
use crate::house::{House, connect, key, ticket};

fn run(house: &House, args: &[&str]) -> (Output, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(args)
        .current_dir(&house.dir)
        .output()
        .unwrap();
    let text = [&out.stdout[..], &out.stderr[..]].concat();
    (out, String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_disk_that_turns_read_only_costs_nobody_an_answered_ticket() {
    let (dir, library) = shim();
    let trigger = dir.join("read-only-now");
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("RO_WHILE", trigger.to_str().unwrap()),
    ];
    let mut house = House::with("", &env);
    let before = house.take("S101", Some(1), &key(1));
    assert_eq!(before.status, 201);
    std::fs::write(&trigger, "").unwrap();
    let unanswered = house.try_keyed("POST", "/api/v1/tickets", &ticket("S101", Some(2)), Some(&key(2)));
    assert!(unanswered.is_err(), "answered though nothing could be written");
    let _ = house.child.wait();
    // Started again while the disk still is: whoever only looks is served, nobody is given a number.
    house.start_again();
    let refused = house.take("S101", Some(2), &key(2));
    assert_eq!((refused.status, refused.code().as_str()), (503, "ledger-unavailable"));
    let health = house.bare("GET", "/healthz", "");
    assert_eq!(health.status, 503, "{}", health.text());
    let token = before.json()["token"].as_str().unwrap().to_string();
    assert_eq!(house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").status, 200);
    std::fs::remove_file(&trigger).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while house.take("S101", Some(2), &key(2)).status == 503 {
        assert!(
            Instant::now() < until,
            "the disk can be written again, and nobody notices"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(house.bare("GET", "/healthz", "").status, 200);
    assert_eq!(house.take("S101", Some(1), &key(1)).body, before.body);
    assert_eq!(house.take("S101", Some(2), &key(2)).json()["number"], "A002");
    house.kill();
    assert!(house.verify(true).0);
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn a_journal_cut_in_the_middle_of_a_page_is_named_and_left_alone() {
    let mut house = House::new();
    for n in 1..60 {
        house.take("S101", Some(n), &key(n.into()));
    }
    // Asked to stop it folds the log into the file, so the cut goes through rows.
    let pid = house.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    house.child.wait().unwrap();
    let journal = house.dir.join("journal.db");
    let length = std::fs::metadata(&journal).unwrap().len();
    let cut = length / 2 / 4096 * 4096 + 1777;
    std::fs::OpenOptions::new()
        .write(true)
        .open(&journal)
        .unwrap()
        .set_len(cut)
        .unwrap();
    let (served, said) = run(&house, &["serve", "--config", "dispatcher.toml"]);
    assert_eq!(served.status.code(), Some(2), "{said}");
    assert!(said.contains("verify") && said.contains("backup"), "{said}");
    let (verified, said) = run(&house, &["verify", "--ledger", "journal.db", "--key", "root.key"]);
    assert!(!verified.status.success(), "{said}");
    assert_eq!(std::fs::metadata(&journal).unwrap().len(), cut, "it was touched");
}

/// Behind a cut the log holds nothing that counts. SQLite goes on with the commits before it, whole ones only; that the
/// last are gone nothing in the folder can tell, which is what backups and the hub's copy are for.
#[test]
fn a_log_cut_in_the_middle_of_a_frame_gives_whole_commits_or_none() {
    let mut house = House::new();
    for n in 1..20 {
        house.take("S101", Some(n), &key(n.into()));
    }
    house.kill();
    let log = std::fs::OpenOptions::new()
        .write(true)
        .open(house.dir.join("journal.db-wal"))
        .unwrap();
    let length = log.metadata().unwrap().len();
    log.set_len(length - 5000).unwrap();
    house.start_again();
    assert_eq!(house.take("S101", Some(1), &key(1)).status, 200);
    house.kill();
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
}

#[test]
fn a_row_of_a_newer_version_is_named_and_left_alone() {
    let mut house = House::new();
    house.take("S101", None, &key(1));
    house.kill();
    let db = rusqlite::Connection::open(house.dir.join("journal.db")).unwrap();
    db.execute(
        "UPDATE journal SET engine_version = 99, outcome = '[{\"effect\":\"teleported\"}]' WHERE kind = 'take'",
        [],
    )
    .unwrap();
    drop(db);
    let (served, said) = run(&house, &["serve", "--config", "dispatcher.toml"]);
    assert_eq!(served.status.code(), Some(2), "{said}");
    assert!(said.contains("newer version") && said.contains("row 3"), "{said}");
}

#[test]
fn a_clock_set_back_by_an_hour_stops_no_hall_and_turns_no_row_back() {
    let (dir, library) = shim();
    let offset = dir.join("clock");
    std::fs::write(&offset, "0").unwrap();
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("CLOCK_FILE", offset.to_str().unwrap()),
    ];
    let mut house = House::with("", &env);
    let issued_at = |n: u32| {
        let answer = house.take("S101", Some(n), &key(n.into()));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["issued_at"].as_str().unwrap().to_string()
    };
    let mut times = vec![issued_at(1)];
    std::fs::write(&offset, "-3600").unwrap();
    times.extend([2, 3].map(|n| {
        std::thread::sleep(Duration::from_millis(30));
        issued_at(n)
    }));
    house.kill();
    house.start_again();
    for n in [4, 5] {
        std::thread::sleep(Duration::from_millis(30));
        let answer = house.take("S101", Some(n), &key(n.into()));
        times.push(answer.json()["issued_at"].as_str().unwrap().to_string());
    }
    assert!(
        times.is_sorted_by(|a, b| a < b),
        "time stands still or goes back: {times:?}"
    );
    house.open("W01");
    let called = house.call("POST", "/api/v1/windows/W01/next", "{}").json();
    assert_eq!(called["ticket"]["number"], "A001", "who came first is called first");
    house.kill();
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_is_let_go() {
    let house = House::new();
    let mut slow = connect(house.addr).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let began = Instant::now();
    // A byte each half second keeps a line alive that a byte a minute would not.
    for byte in b"GET /healthz HTTP/1.1\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        .iter()
        .cycle()
    {
        let gone = slow.write_all(&[*byte]).is_err() || matches!(slow.read(&mut [0; 64]), Ok(0));
        if gone {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "still there");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(house.take("S101", None, &key(1)).status, 201);
}

#[test]
fn a_stream_that_is_never_read_is_let_go_and_holds_nobody_up() {
    let house = House::new();
    let silent = house.stream(None);
    let streams = || {
        let metrics = house.call("GET", "/metrics", "").text();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("streams_open "))
            .unwrap()
            .to_string();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    while streams() < 1.0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    // More than both sockets hold, so that a write to it has to wait; on a busy machine that takes minutes.
    let until = Instant::now() + Duration::from_secs(300);
    let mut n = 0;
    while streams() > 0.0 {
        assert!(
            Instant::now() < until,
            "the silent client is still there after {n} tickets"
        );
        for _ in 0..200 {
            n += 1;
            let asked = Instant::now();
            assert_eq!(house.take("S101", None, &key(n)).status, 201);
            assert!(asked.elapsed() < Duration::from_secs(5), "a ticket waited for it");
        }
    }
    let metrics = house.call("GET", "/metrics", "").text();
    assert!(metrics.contains("connections_that_never_read_total 1"), "{metrics}");
    drop(silent);
}

/// A flipped byte anywhere in the file is found by `verify`, or lies where nothing is stored.
#[test]
fn a_flipped_byte_is_found() {
    let mut house = House::new();
    for n in 1..10 {
        house.take("S101", Some(n), &key(n.into()));
    }
    let pid = house.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    house.child.wait().unwrap();
    let journal = house.dir.join("journal.db");
    let bytes = std::fs::read(&journal).unwrap();
    let at = bytes.windows(5).position(|w| w == b"A0050" || w == b"\"A005").unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&journal).unwrap();
    file.write_all_at(&[bytes[at + 3] ^ 1], at as u64 + 3).unwrap();
    let (sound, text) = house.verify(true);
    assert!(!sound, "{text}");
}
