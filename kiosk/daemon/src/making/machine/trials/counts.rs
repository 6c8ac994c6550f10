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
fn where_fewer_than_ten_fit_it_does_not_say_none() {
    let (folder, office) = (Folder::new("five"), Office::new());
    let line = Direct::new(Twin::loaded(95, 500, Shape::default()), FRAME_MS);
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    let mut load = |count| {
        let said = kiosk.machine.load(&WHO, MakerItem::Blanks, count);
        said.expect("the store holds")
    };
    let said = load(50).expect_err("refused");
    assert!(said.contains("最多还能装不到 10 张"), "{said}");
    load(3).expect("three fit");
}

#[test]
fn a_count_that_no_hopper_holds_closes_no_day() {
    let (folder, office, line) = (Folder::new("hopper"), Office::new(), line());
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    let before = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    for counted in [101, 65_536, u32::MAX] {
        let said = kiosk.machine.close_day(&WHO, counted).expect("the store holds");
        let said = said.expect_err("refused");
        assert!(said.contains("最多装 100 张") && said.contains("没有日结"), "{said}");
    }
    assert_eq!(kiosk.machine.store.blanks("TWIN-0001").expect("read"), before);
    let kept = kiosk.machine.store.hopper_room("TWIN-0001").expect("read");
    assert_eq!(kept, Some(100), "for who closes the day by hand");
}

#[test]
fn nothing_is_explained_where_nothing_is_open() {
    let (folder, office, line) = (Folder::new("nothing"), Office::new(), line());
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    let before = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    let said = kiosk.machine.explain(&WHO, "lent to the other machine");
    let said = said.expect("the store holds").expect_err("refused");
    assert!(said.contains("没有要说明的差额"), "{said}");
    assert_eq!(kiosk.machine.store.blanks("TWIN-0001").expect("read"), before);
}

#[test]
fn a_day_that_cannot_be_closed_says_which_job_stands_and_what_to_do() {
    for (fault, wants) in [(0x0406, "清除故障"), (0x0306, "认定")] {
        let (folder, office, line) = (Folder::new("stands"), Office::new(), line());
        let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
        kiosk.state();
        assert!(line.machine().fault(fault, Some(Step::Laminate)));
        kiosk.make(LI);
        let job = short(kiosk.machine.house.jobs(&Kiosk::order(LI).record.record_no).ids[0]);
        let said = kiosk.machine.close_day(&WHO, 99).expect("the store holds");
        let said = said.expect_err("a job stands");
        assert!(said.contains(&job) && said.contains(wants), "{fault:04X}: {said}");
    }
}

#[test]
fn a_fault_that_stands_has_the_time_at_which_it_came() {
    let (folder, office, line) = (Folder::new("since"), Office::new(), line());
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    let began = unix_s();
    kiosk.state();
    assert!(line.machine().fault(0x0602, None));
    line.machine().pass(1_000);
    kiosk.state();
    let status = kiosk.machine.maker.status().expect("it answers");
    let mut since = |now_s| {
        let now = kiosk.machine.known.now(Some(&status), now_s).expect("greeted");
        now.fault.expect("it stands").at_s
    };
    let first = since(began + 5);
    assert!(first >= began);
    assert_eq!(since(began + 500), first, "and keeps it");
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
