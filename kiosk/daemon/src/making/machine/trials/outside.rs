//! The store as others see it: changed by hand (`hallctl maker`) while the kiosk runs, which is heard without a
//! restart; read by the desk before anybody pays.

use kiosk_outbox::making::BlankLine;

use super::*;

/// A line that two people add by hand, through a connection of its own.
fn by_hand(path: &Path, what: &str, why: &str) {
    let line = BlankLine {
        serial: "TWIN-0001",
        machine_index: None,
        what,
        count: 0,
        code: 0,
        staff: "1001+1002",
        why,
        at_s: unix_s(),
    };
    let mut store = MakingStore::open(path).expect("a store");
    store.add_blanks(&[line], None).expect("kept");
}

#[test]
fn a_difference_written_by_hand_stops_a_running_kiosk_and_its_explanation_puts_it_back() {
    let (folder, office, line) = (Folder::new("outside"), Office::new(), line());
    let path = folder.store("m.sqlite");
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(kiosk.state(), MakerState::Ready);
    by_hand(&path, "day_closed", "-1");
    assert_eq!(
        kiosk.make(LI),
        refused(Refusal::MakerNotReady),
        "before the next look, too"
    );
    assert_eq!(kiosk.state(), MakerState::NotReady);
    assert_eq!(kiosk.machine.known.difference, Some(-1));
    by_hand(&path, "explained", "found behind the machine");
    assert_eq!(kiosk.state(), MakerState::Ready);
    by_hand(&path, "day_closed", "2");
    assert_eq!(kiosk.state(), MakerState::NotReady, "seen by the look alone");
    by_hand(&path, "explained", "two were counted twice");
    assert_eq!(ended(&kiosk.make(ZHAO)), Some(JobEnd::Taken));
    assert_eq!(hands(&line), 1);
}

#[test]
fn a_kiosk_that_starts_with_a_difference_never_says_ready() {
    let (folder, office, line) = (Folder::new("starts"), Office::new(), line());
    let path = folder.store("m.sqlite");
    by_hand(&path, "day_closed", "-1");
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(kiosk.state(), MakerState::NotReady);
}

#[test]
fn who_got_no_card_last_time_is_told_so_before_face_and_fee() {
    let office = Office::new();
    for (outcome, refusal) in [
        ("aborted", Refusal::EndedBefore),
        ("rejected", Refusal::EndedBefore),
        ("retracted", Refusal::EndedBefore),
        ("doubt", Refusal::EndedBefore),
        ("taken", Refusal::AlreadyIssued),
    ] {
        let folder = Folder::new(outcome);
        let path = folder.store("m.sqlite");
        let record = known(LI);
        let mut store = MakingStore::open(&path).expect("a store");
        assert!(matches!(clock::looked_for(&office, &path), MakingInput::Found { .. }));
        store.begin(&record, "order", 1_000, unix_s()).expect("kept");
        assert!(matches!(clock::looked_for(&office, &path), MakingInput::Found { .. }));
        store.unwant(&record.tag).expect("kept");
        assert_eq!(vec![clock::looked_for(&office, &path)], refused(Refusal::EndedBefore));
        store.end(&record.tag, outcome, None, unix_s()).expect("kept");
        assert_eq!(vec![clock::looked_for(&office, &path)], refused(refusal), "{outcome}");
    }
    assert!(fee(&office).is_empty(), "nobody was asked to pay");
}
