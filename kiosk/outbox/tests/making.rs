//! The maker's store keeps what it was told over a reopening, and a ledger that was changed by hand is seen.

use kiosk_outbox::making::{BlankLine, Identify, InClear, KeptRecord, MakingStore, Mark, StaffFile, StaffRefused};

fn line<'a>(index: Option<u32>, what: &'a str, count: i64) -> BlankLine<'a> {
    BlankLine {
        serial: "TWIN-0001",
        machine_index: index,
        what,
        count,
        code: 0,
        staff: "",
        why: "",
        at_s: 1_000,
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("yimen-making-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    dir
}

const TAG: [u8; 32] = [0xA1; 32];

fn kept() -> KeptRecord {
    KeptRecord {
        tag: TAG,
        sealed: b"sealed number".to_vec(),
        jobs: [7; 48],
    }
}

#[test]
fn a_job_that_was_begun_is_found_again_and_its_picture_goes_with_its_end() {
    let dir = folder("job");
    let path = dir.join("m.sqlite");
    {
        let mut store = MakingStore::open(&path).expect("opens");
        store.begin(&kept(), "o1", 1000, 5).expect("kept");
        store.keep_serial(&TAG, "TWIN-0001").expect("kept");
        store.keep_picture(&TAG, b"dots").expect("kept");
        store.passed(&TAG, 0, 1, 2, 7).expect("kept");
    }
    let mut store = MakingStore::open(&path).expect("opens again");
    let open = store.unfinished().expect("read");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].serial.as_deref(), Some("TWIN-0001"));
    assert_eq!(store.picture(&TAG).expect("read").as_deref(), Some(&b"dots"[..]));
    store.begin(&kept(), "o2", 0, 9).expect("kept");
    assert_eq!(
        store.row(&TAG).expect("read").expect("there").fee_order,
        "o1",
        "the first order counts"
    );
    assert!(store.makes().expect("read"));
    store.end(&TAG, "doubt", None, 10).expect("kept");
    let doubts = store.doubts().expect("read");
    assert_eq!(
        (doubts[0].sealed.as_deref(), doubts[0].jobs),
        (Some(&b"sealed number"[..]), [7; 48]),
        "two people must decide"
    );
    store.end(&TAG, "taken", Some(("j1", "a0")), 10).expect("kept");
    assert!(!store.makes().expect("read"));
    assert_eq!(
        store.row(&TAG).expect("read").expect("there").sealed,
        None,
        "of no more use"
    );
    assert_eq!(store.picture(&TAG).expect("read"), None);
    assert!(store.unfinished().expect("read").is_empty());
    assert_eq!(store.reports().expect("read"), [("j1".to_string(), "a0".to_string())]);
    store.reported("j1").expect("kept");
    assert!(store.reports().expect("read").is_empty());
    std::fs::remove_dir_all(dir).expect("removed");
}

/// All bytes of a database and of its log.
fn bytes(path: &std::path::Path) -> Vec<u8> {
    let log = path.with_extension("sqlite-wal");
    [path, &log]
        .map(|file| std::fs::read(file).unwrap_or_default())
        .concat()
}

fn shows(path: &std::path::Path, text: &str) -> bool {
    bytes(path).windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_an_older_version_left_in_clear_is_taken_over_and_stands_in_no_file_afterwards() {
    const NUMBER: &str = "990101202600000017";
    let dir = folder("older");
    let path = dir.join("m.sqlite");
    let old = rusqlite::Connection::open(&path).expect("opens");
    old.pragma_update(None, "journal_mode", "WAL").expect("set");
    let steps = [
        include_str!("../src/making_1.sql"),
        include_str!("../src/making_2.sql"),
        include_str!("../src/making_3.sql"),
        "PRAGMA user_version = 3",
    ];
    steps.iter().for_each(|step| old.execute_batch(step).expect("made"));
    let report = format!("{{\"record_no\":\"{NUMBER}\"}}");
    let rows = format!(
        "INSERT INTO making_job (record_no, fee_order, fee_fen, serial, phase, opened_s)
             VALUES ('{NUMBER}', 'o1', 1000, 'TWIN-0001', 4, 5);
         INSERT INTO making_event (record_no, idx, attempt, phase, at_ms) VALUES ('{NUMBER}', 0, 1, 4, 6);
         INSERT INTO making_report (job_id, body, at_s) VALUES ('j9', '{report}', 7);"
    );
    old.execute_batch(&rows).expect("kept");
    drop(old);
    // `hallctl maker` has no keys: it opens the file and sees that a job is on.
    assert!(MakingStore::open(&path).expect("opens").makes().expect("read"));

    let mut store = MakingStore::open(&path).expect("opens");
    assert!(shows(&path, NUMBER), "what is looked for would be found");
    let clear = store.in_clear().expect("read");
    assert_eq!(
        (clear.records.as_slice(), clear.reports.as_slice()),
        (&[NUMBER.to_string()][..], &[("j9".to_string(), report)][..])
    );
    let sealed = [("j9".to_string(), "5ea1ed".to_string())];
    store
        .take_over(&[(NUMBER.to_string(), kept())], &sealed)
        .expect("taken over");
    assert!(!shows(&path, NUMBER), "with the store still open");
    assert_eq!(store.in_clear().expect("read"), InClear::default());
    let open = store.unfinished().expect("read");
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].tag, open[0].serial.as_deref(), open[0].fee_fen),
        (TAG, Some("TWIN-0001"), 1000)
    );
    assert_eq!(store.reports().expect("read"), sealed);
    drop(store);
    assert!(!shows(&path, NUMBER));
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn two_who_write_the_ledger_at_once_wait_for_each_other_and_the_chain_holds() {
    const LINES: u32 = 60;
    let dir = folder("two");
    let path = dir.join("m.sqlite");
    drop(MakingStore::open(&path).expect("opens"));
    let write = |machine: bool| {
        let mut store = MakingStore::open(&path).expect("opens");
        for at in 0..LINES {
            let index = machine.then_some(at);
            store
                .add_blanks(&[line(index, "picked", 1)], None)
                .expect("waits, and is kept");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| write(true));
        scope.spawn(|| write(false));
    });
    let store = MakingStore::open(&path).expect("opens again");
    assert_eq!(store.blanks("TWIN-0001").expect("read").len(), 2 * LINES as usize);
    assert_eq!(store.broken_at().expect("read"), None);
    std::fs::remove_dir_all(dir).expect("removed");
}

const MARK: Mark = Mark {
    next_index: 7,
    reason: 0x0404,
    shift: 3,
};

#[test]
fn the_blank_ledger_takes_each_event_once_and_shows_where_it_was_changed() {
    let dir = folder("blanks");
    let path = dir.join("m.sqlite");
    let mut store = MakingStore::open(&path).expect("opens");
    let lines = [
        line(None, "loaded", 100),
        line(Some(5), "picked", 1),
        line(Some(6), "taken", 1),
    ];
    store.add_blanks(&lines, Some(("TWIN-0001", MARK))).expect("kept");
    store.add_blanks(&lines[1..], Some(("TWIN-0001", MARK))).expect("kept");
    assert_eq!(store.blanks("TWIN-0001").expect("read").len(), 3);
    assert_eq!(store.mark("TWIN-0001").expect("read"), MARK);
    assert_eq!(store.broken_at().expect("read"), None);
    drop(store);
    let db = rusqlite::Connection::open(&path).expect("opens");
    assert!(
        db.execute("UPDATE blank_event SET count = 2 WHERE no = 2", []).is_err(),
        "only added to"
    );
    db.execute_batch("DROP TRIGGER blank_event_stays; UPDATE blank_event SET count = 2 WHERE no = 2")
        .expect("by force");
    drop(db);
    let store = MakingStore::open(&path).expect("opens again");
    assert_eq!(store.broken_at().expect("read"), Some(2));
    std::fs::remove_dir_all(dir).expect("removed");
}

const FAST: &str = "ten characters at least";

fn staff() -> StaffFile {
    let people = [(1001, FAST), (1002, "another secret, long")];
    let text: String = people
        .iter()
        .map(|(no, password)| StaffFile::entry(*no, password, &[7; 16]).expect("an entry"))
        .collect();
    StaffFile::parse(&text).expect("a file")
}

#[test]
fn two_people_are_two_people_and_five_wrong_passwords_are_enough_for_fifteen_minutes() {
    let dir = folder("staff");
    let path = dir.join("m.sqlite");
    let store = MakingStore::open(&path).expect("opens");
    let file = staff();
    let both = [(1001, FAST), (1002, "another secret, long")];
    let who = |given: &[(u32, &str)], needed, now_s| store.identify(&file, given, needed, now_s);
    assert_eq!(who(&both, 2, 0).expect("both"), [1001, 1002]);
    assert_eq!(who(&both[..1], 1, 0).expect("one"), [1001]);
    assert_eq!(who(&both[..1], 2, 0), Err(Identify::Refused(StaffRefused::TwoNeeded)));
    let same = [both[0], both[0]];
    assert_eq!(who(&same, 2, 0), Err(Identify::Refused(StaffRefused::TwoNeeded)));
    for _ in 0..5 {
        let wrong = [(1001, "ten characters, wrong")];
        assert_eq!(who(&wrong, 1, 100), Err(Identify::Refused(StaffRefused::Wrong(1001))));
    }
    drop(store);
    let store = MakingStore::open(&path).expect("opens again");
    let locked = Err(Identify::Refused(StaffRefused::Locked(1001)));
    assert_eq!(
        store.identify(&file, &both, 2, 101),
        locked,
        "the right one too, over a restart"
    );
    assert_eq!(store.identify(&file, &both, 2, 1_001).expect("later"), [1001, 1002]);
    assert_eq!(
        store.identify(&file, &[(9, FAST)], 1, 0),
        Err(Identify::Refused(StaffRefused::Wrong(9))),
        "nobody has this number"
    );
    assert!(StaffFile::entry(1003, "too short", &[7; 16]).is_err());
    std::fs::remove_dir_all(dir).expect("removed");
}
