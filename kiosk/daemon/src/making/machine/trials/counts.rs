//! Counts that staff gives: more than fits is not booked, and a day that is closed again says what is still open.

use drivers_emulators::maker::Shape;
use kiosk_outbox::making::day::open_day;
use ticket_dispatcher_protocol::MakerItem;

use super::*;

const WHO: [u32; 2] = [1001, 1002];

#[test]
fn more_than_there_is_room_for_is_neither_booked_nor_told_to_the_machine() {
    let (folder, office) = (Folder::new("room"), Office::new());
    let line = Direct::new(Twin::loaded(89, 500, Shape::default()), FRAME_MS);
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    let machine = &mut kiosk.machine;
    let before = (line.machine().state(), machine.store.blanks("TWIN-0001").expect("read"));
    for (item, count, fits) in [
        (MakerItem::Film, 501, "最多 500"),
        (MakerItem::Film, 70_000, "最多 500"),
        // With room for eleven, twelve do not go in; how many there are exactly is not told.
        (MakerItem::Blanks, 12, "最多还能装约 10 张"),
        (MakerItem::Medium, 65_536, "最多 65535"),
    ] {
        let said = machine.load(&WHO, item, count).expect("the store holds");
        let said = said.expect_err("refused");
        assert!(said.contains("装不下") && said.contains(fits), "{said}");
    }
    let state = line.machine().state();
    assert_eq!(
        (state.film_left, state.blanks_left, state.prints_left),
        (before.0.film_left, before.0.blanks_left, before.0.prints_left)
    );
    assert_eq!(
        machine.store.blanks("TWIN-0001").expect("read"),
        before.1,
        "nothing is in the ledger"
    );

    machine
        .load(&WHO, MakerItem::Blanks, 11)
        .expect("the store holds")
        .expect("booked");
    assert_eq!(line.machine().state().blanks_left, 100);
}

#[test]
fn a_day_closed_again_goes_on_saying_what_is_open() {
    let (folder, office, line) = (Folder::new("again"), Office::new(), line());
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    let mut close = |counted| {
        let said = kiosk.machine.close_day(&WHO, counted).expect("the store holds");
        kiosk.machine.refresh().expect("the store holds");
        (said.expect("closed"), kiosk.machine.known.difference)
    };
    let first = close(96);
    assert!(first.0.contains("相差 -4") && first.0.contains("停用"), "{}", first.0);
    assert_eq!(first.1, Some(-4));
    let again = close(96);
    assert!(
        again.0.contains("相差 0，连同以前未说明的共 -4") && again.0.contains("停用"),
        "{}",
        again.0
    );
    assert_eq!(again.1, Some(-4));
    let found = close(100);
    assert!(!found.0.contains("停用"), "{}", found.0);
    assert_eq!(found.1, None);
    let lines = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    assert_eq!(open_day(&lines).1, None);
}
