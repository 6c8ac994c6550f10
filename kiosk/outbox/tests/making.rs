//! The maker's store keeps what it was told over a reopening, and a ledger that was changed by hand is seen.

use kiosk_outbox::making::{BlankLine, MakingStore};

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

#[test]
fn a_job_that_was_begun_is_found_again_and_its_picture_goes_with_its_end() {
    let dir = folder("job");
    let path = dir.join("m.sqlite");
    {
        let mut store = MakingStore::open(&path).expect("opens");
        store.begin("R1", "o1", 1000, 5).expect("kept");
        store.keep_serial("R1", "TWIN-0001").expect("kept");
        store.keep_picture("R1", b"dots").expect("kept");
        store.passed("R1", 0, 1, 2, 7).expect("kept");
    }
    let mut store = MakingStore::open(&path).expect("opens again");
    let open = store.unfinished().expect("read");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].serial.as_deref(), Some("TWIN-0001"));
    assert_eq!(store.picture("R1").expect("read").as_deref(), Some(&b"dots"[..]));
    store.begin("R1", "o2", 0, 9).expect("kept");
    assert_eq!(
        store.row("R1").expect("read").expect("there").fee_order,
        "o1",
        "the first order counts"
    );
    store.end("R1", "taken", "j1", "{}", 10).expect("kept");
    assert_eq!(store.picture("R1").expect("read"), None);
    assert!(store.unfinished().expect("read").is_empty());
    assert_eq!(store.reports().expect("read"), [("j1".to_string(), "{}".to_string())]);
    store.reported("j1").expect("kept");
    assert!(store.reports().expect("read").is_empty());
    std::fs::remove_dir_all(dir).expect("removed");
}

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
    store.add_blanks(&lines, Some(("TWIN-0001", 7))).expect("kept");
    store.add_blanks(&lines[1..], Some(("TWIN-0001", 7))).expect("kept");
    assert_eq!(store.blanks("TWIN-0001").expect("read").len(), 3);
    assert_eq!(store.mark("TWIN-0001").expect("read"), 7);
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
