//! What an operator does: copies while the hall goes on, comes back from a copy, fills a disk, stops the service.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::crash::shim;
use crate::house::{House, key};

fn dispatcher(house: &House, command: &str, options: &[(&str, &str)]) -> Output {
    let mut run = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"));
    run.arg(command).current_dir(&house.dir).args(["--key", "root.key"]);
    for (option, value) in options {
        run.arg(format!("--{option}")).arg(value);
    }
    run.output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text))
        .concat()
}

#[test]
fn a_backup_of_a_busy_hall_is_sound_and_brings_its_tickets_back() {
    let mut house = House::new();
    let early = house.take("S101", Some(1), &key(1));
    let (stop, taken) = (AtomicBool::new(false), AtomicU64::new(2));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let n = taken.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(house.take("S201", None, &key(n.into())).status, 201);
                }
            });
        }
        for copy in ["copy-1.db", "copy-2.db", "copy-3.db"] {
            let made = dispatcher(&house, "backup", &[("ledger", "journal.db"), ("to", copy)]);
            assert!(
                made.status.success() && said(&made).contains("sound"),
                "{}",
                said(&made)
            );
        }
        stop.store(true, Ordering::SeqCst);
    });
    let again = dispatcher(&house, "backup", &[("ledger", "journal.db"), ("to", "copy-1.db")]);
    assert!(
        !again.status.success() && said(&again).contains("never overwritten"),
        "{}",
        said(&again)
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(house.dir.join("copy-1.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "a copy holds what the ledger holds");
    house.kill();

    let onto = dispatcher(&house, "restore", &[("from", "copy-1.db"), ("ledger", "journal.db")]);
    assert!(
        !onto.status.success(),
        "a journal that is there is never overwritten: {}",
        said(&onto)
    );
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::rename(house.dir.join(file), house.dir.join(format!("lost-{file}")));
    }
    let back = dispatcher(&house, "restore", &[("from", "copy-1.db"), ("ledger", "journal.db")]);
    assert!(back.status.success(), "{}", said(&back));
    house.start_again();
    let known = house.take("S101", Some(1), &key(1));
    assert_eq!((known.status, &known.body), (200, &early.body));
    assert_eq!(house.take("S101", Some(2), &key(1_000_000)).json()["number"], "A002");
    house.kill();
    assert!(house.verify(true).0);
}

#[test]
fn a_copy_that_is_not_sound_is_not_put_in_place() {
    let mut house = House::new();
    house.take("S101", Some(1), &key(1));
    house.kill();
    assert!(
        dispatcher(&house, "backup", &[("ledger", "journal.db"), ("to", "copy.db")])
            .status
            .success()
    );
    let db = rusqlite::Connection::open(house.dir.join("copy.db")).unwrap();
    db.execute("UPDATE journal SET outcome = replace(outcome, 'A001', 'A009')", [])
        .unwrap();
    drop(db);
    let back = dispatcher(&house, "restore", &[("from", "copy.db"), ("ledger", "new.db")]);
    assert!(
        !back.status.success() && said(&back).contains("not sound"),
        "{}",
        said(&back)
    );
    assert!(!house.dir.join("new.db").exists() && !house.dir.join("new.db.partial").exists());
}

#[test]
fn a_full_disk_is_told_and_survived() {
    let (dir, library) = shim();
    let trigger = dir.join("full-now");
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FULL_WHILE", trigger.to_str().unwrap()),
    ];
    let mut house = House::with("", &env);
    let before = house.take("S101", Some(1), &key(1));
    assert_eq!(before.status, 201);
    assert_eq!(house.bare("GET", "/healthz", "").status, 200);

    std::fs::write(&trigger, "").unwrap();
    for n in 2..5 {
        let refused = house.take("S101", Some(n), &key(n.into()));
        assert_eq!((refused.status, refused.code().as_str()), (503, "ledger-unavailable"));
    }
    // Who asked hears it first; the view a moment later, from a thread of its own.
    let until = Instant::now() + Duration::from_secs(5);
    let health = loop {
        let health = house.bare("GET", "/healthz", "");
        if health.status == 503 || Instant::now() > until {
            break health;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(
        (health.status, health.json()["status"].as_str()),
        (503, Some("failing"))
    );
    assert!(
        health.json()["trouble"].as_str().unwrap().contains("full"),
        "{}",
        health.text()
    );
    assert_eq!(
        house.bare("GET", "/api/v1/lookup?t=none", "").status,
        404,
        "what is only read goes on"
    );
    assert!(
        house.child.try_wait().unwrap().is_none(),
        "no crash, no loop of crashes"
    );

    std::fs::remove_file(&trigger).unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    let after = loop {
        let after = house.take("S101", Some(2), &key(2));
        if after.status != 503 || Instant::now() > until {
            break after;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(
        (after.status, after.json()["number"].as_str()),
        (201, Some("A002")),
        "{}",
        after.text()
    );
    assert_eq!(house.bare("GET", "/healthz", "").status, 200);
    assert_eq!(house.take("S101", Some(1), &key(1)).body, before.body);
    house.kill();
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn a_slow_disk_delays_answers_and_loses_none() {
    let (dir, library) = shim();
    let env = [("LD_PRELOAD", library.to_str().unwrap()), ("FLUSH_MS", "20")];
    let mut house = House::with("", &env);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for n in 1..=32_u128 {
            let house = &house;
            scope.spawn(move || assert_eq!(house.take("S101", None, &key(n)).status, 201));
        }
    });
    let all = began.elapsed();
    assert!(
        all >= Duration::from_millis(20),
        "nobody was answered before a flush: {all:?}"
    );
    house.kill();
    assert!(house.verify(true).0);
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn asked_to_stop_it_ends_streams_and_exits_well() {
    let mut house = House::new();
    house.take("S101", None, &key(1));
    let mut stream = house.stream(None);
    assert_eq!(stream.next().0, "snapshot");
    let idle = crate::house::connect(house.addr).unwrap();
    let began = Instant::now();
    let pid = house.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = house.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(idle);
    let wal = house.dir.join("journal.db-wal");
    assert_eq!(
        std::fs::metadata(wal).map_or(0, |m| m.len()),
        0,
        "the log was folded in"
    );
    assert!(house.verify(true).0);
}

#[test]
fn a_journal_from_a_newer_version_is_named_and_left_alone() {
    let mut house = House::new();
    house.take("S101", None, &key(1));
    house.kill();
    let db = rusqlite::Connection::open(house.dir.join("journal.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let run = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config", "dispatcher.toml"])
        .current_dir(&house.dir)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(said(&run).contains("newer version"), "{}", said(&run));
}

#[test]
fn whatever_the_dispatcher_makes_is_its_own_under_any_umask_and_what_was_wider_is_narrowed() {
    use std::os::unix::fs::PermissionsExt;
    let mut house = House::new();
    house.take("S101", None, &key(1));
    // What the test itself put there.
    let ours = ["hall.toml", "dispatcher.toml", "log"];
    let modes = |house: &House| {
        let files = std::fs::read_dir(&house.dir).unwrap().map(Result::unwrap);
        let made = files.filter(|file| !ours.iter().any(|own| file.file_name() == *own));
        let modes = made.map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777));
        modes.collect::<Vec<_>>()
    };
    let made = modes(&house);
    for name in [
        "journal.db-wal",
        "access.sqlite",
        "access.sqlite-shm",
        "audit-heads.jsonl",
        "token",
    ] {
        assert!(made.iter().any(|(own, _)| own == name), "{name} is not there: {made:?}");
    }
    assert!(made.iter().all(|(_, mode)| *mode == 0o600), "{made:?}");

    house.kill();
    for file in ["journal.db", "journal.db-wal", "access.sqlite", "audit-heads.jsonl"] {
        std::fs::set_permissions(house.dir.join(file), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    house.start_again();
    let again = modes(&house);
    assert!(again.iter().all(|(_, mode)| *mode == 0o600), "{again:?}");
    let log = std::fs::read_to_string(house.dir.join("log")).unwrap();
    for file in ["journal.db", "access.sqlite", "audit-heads.jsonl"] {
        let told = format!("{file} could be read by others (mode 644)");
        assert!(log.contains(&told), "{file}: {log}");
    }
}

#[test]
fn root_makes_nothing_in_the_folder_of_the_units_user() {
    // Nobody else can make files that another user cannot open, so there is nothing to refuse.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut house = House::new();
    house.kill();
    std::os::unix::fs::chown(&house.dir, Some(65_534), None).unwrap();
    let before = std::fs::read(house.dir.join("audit-heads.jsonl")).unwrap();
    for command in [["account", "list"].as_slice(), &["serve"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
            .args(command)
            .arg("--config")
            .arg(house.dir.join("dispatcher.toml"))
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(2), "{command:?}");
        assert!(said(&run).contains("of another user (65534)"), "{}", said(&run));
    }
    assert_eq!(std::fs::read(house.dir.join("audit-heads.jsonl")).unwrap(), before);
}
