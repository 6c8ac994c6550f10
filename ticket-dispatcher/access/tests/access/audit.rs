//! The audit log: what `verify` names, what it says is proved by nothing, and what goes on time.

use ticket_dispatcher_access::*;

use super::{Place, at, crypto};

fn log_of(place: &Place, records: u64) -> HeadKey {
    let access = place.open();
    let key = HeadKey::from_pkcs8(&HeadKey::make().unwrap()).unwrap();
    for n in 1..=records {
        let object = format!("C{n}");
        let entry = Entry {
            action: "staff.sign-in",
            object: &object,
            ..Entry::default()
        };
        assert_eq!(access.audit(&entry, at(0)).unwrap(), n);
    }
    key
}

fn sql(place: &Place, sql: &str) {
    rusqlite::Connection::open(place.file())
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

fn check(place: &Place, key: &HeadKey, kept: &[Head]) -> Vec<AuditFinding> {
    verify(&place.file(), crypto(7).as_ref(), key.public(), kept)
        .unwrap()
        .findings
}

#[test]
fn a_changed_byte_a_gone_row_and_a_cut_tail_are_named() {
    let place = Place::new();
    let key = log_of(&place, 9);
    place.open().sign_head(&key, at(1)).unwrap().unwrap();
    assert!(
        place.open().sign_head(&key, at(2)).unwrap().is_none(),
        "nothing new, no new head"
    );
    assert_eq!(check(&place, &key, &[]), []);

    sql(&place, "UPDATE audit SET object = 'C8' WHERE seq = 4");
    let found = check(&place, &key, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].seq, Some(4));
    sql(&place, "UPDATE audit SET object = 'C4' WHERE seq = 4");
    assert_eq!(check(&place, &key, &[]), []);

    let place = Place::new();
    let key = log_of(&place, 9);
    let head = place.open().sign_head(&key, at(1)).unwrap().unwrap();
    sql(&place, "DELETE FROM audit WHERE seq IN (4, 5)");
    let found = check(&place, &key, &[]);
    assert_eq!(found[0].what, Wrong::Gone { from: 4, to: 5 });

    // Without a head a cut tail leaves no trace in the file; the copy of the head that went to the log server has it.
    sql(&place, "DELETE FROM audit WHERE seq > 3; DELETE FROM audit_head");
    assert_eq!(wrongs(&check(&place, &key, &[])), [Wrong::NoHead]);
    let found = wrongs(&check(&place, &key, std::slice::from_ref(&head)));
    assert!(found.contains(&Wrong::CutOff { end: 3 }), "{found:?}");
}

fn wrongs(found: &[AuditFinding]) -> Vec<Wrong> {
    found.iter().map(|one| one.what.clone()).collect()
}

#[test]
fn a_log_that_no_head_vouches_for_is_not_sound_however_well_it_is_chained() {
    let place = Place::new();
    let key = log_of(&place, 3);
    assert_eq!(wrongs(&check(&place, &key, &[])), [Wrong::NoHead]);
    // A head at a place that is gone vouches for nothing either, and an empty log is no better.
    place.open().sign_head(&key, at(1)).unwrap().unwrap();
    assert_eq!(check(&place, &key, &[]), []);
    sql(&place, "DELETE FROM audit; DELETE FROM audit_head");
    assert_eq!(wrongs(&check(&place, &key, &[])), [Wrong::NoHead]);
}

#[test]
fn records_after_the_last_head_are_told_and_heads_that_have_stopped_are_a_finding() {
    let place = Place::new();
    let key = log_of(&place, 3);
    place.open().sign_head(&key, at(1)).unwrap().unwrap();
    let report = || verify(&place.file(), crypto(7).as_ref(), key.public(), &[]).unwrap();
    assert_eq!((report().unprotected, report().vouched), (0, Some((3, at(1)))));
    write(&place, at(100));
    write(&place, at(104));
    assert!(
        report().is_sound(),
        "a quiet hall, then two records, the next head is due"
    );
    assert_eq!((report().unprotected, report().newest), (2, Some(at(104))));
    write(&place, at(111));
    let late = AuditFinding {
        seq: Some(4),
        what: Wrong::HeadsStopped { minutes: 11 },
    };
    assert_eq!(report().findings, [late]);
    place.open().sign_head(&key, at(112)).unwrap().unwrap();
    assert!(report().is_sound());
}

fn write(place: &Place, when: ticket_dispatcher_types::UnixMillis) {
    let entry = Entry {
        action: "test.entry",
        ..Entry::default()
    };
    place.open().audit(&entry, when).unwrap();
}

#[test]
fn a_log_of_last_week_in_the_place_of_todays_is_told_by_the_copies_of_its_heads() {
    let place = Place::new();
    let key = log_of(&place, 3);
    let mut copies = vec![place.open().sign_head(&key, at(1)).unwrap().unwrap()];
    let last_week = std::fs::read(place.file()).unwrap();
    write(&place, at(2));
    copies.push(place.open().sign_head(&key, at(3)).unwrap().unwrap());
    let against = |copies: &[Head]| wrongs(&place.open().audit_against(copies, key.public()).unwrap());
    assert_eq!(against(&copies), []);

    for file in ["access.sqlite-wal", "access.sqlite-shm"] {
        let _ = std::fs::remove_file(place.0.join(file));
    }
    std::fs::write(place.file(), last_week).unwrap();
    assert_eq!(against(&copies), [Wrong::CutOff { end: 3 }]);
    assert_eq!(wrongs(&check(&place, &key, &copies)), [Wrong::CutOff { end: 3 }]);
    // Written on, it has a record at that place again: another one.
    write(&place, at(4));
    copies.push(place.open().sign_head(&key, at(5)).unwrap().unwrap());
    assert_eq!(against(&copies), [Wrong::OtherRecord]);
    assert_eq!(wrongs(&check(&place, &key, &copies)), [Wrong::OtherRecord]);
    // Whoever writes heads of their own beside it is told, too.
    let other = HeadKey::from_pkcs8(&HeadKey::make().unwrap()).unwrap();
    assert_eq!(
        wrongs(&place.open().audit_against(&copies[1..2], other.public()).unwrap()),
        [Wrong::ForeignHead]
    );
}

#[test]
fn copies_are_read_around_a_line_that_the_power_cut_off() {
    let place = Place::new();
    let key = log_of(&place, 1);
    let head = place.open().sign_head(&key, at(1)).unwrap().unwrap();
    let line = serde_json::to_string(&head).unwrap();
    let file = place.0.join("heads.jsonl");
    assert_eq!(Copies::read(&file).unwrap(), Copies::default());
    std::fs::write(&file, format!("{line}\n{}\n{line}\n\n", &line[..40])).unwrap();
    let read = Copies::read(&file).unwrap();
    assert_eq!((read.heads, read.unreadable), (vec![head.clone(), head], 1));
}

#[test]
fn a_head_of_another_key_and_a_changed_head_do_not_verify() {
    let place = Place::new();
    let key = log_of(&place, 2);
    let head = place.open().sign_head(&key, at(1)).unwrap().unwrap();
    assert!(head.verifies(key.public()));
    let other = HeadKey::from_pkcs8(&HeadKey::make().unwrap()).unwrap();
    assert!(!head.verifies(other.public()));
    assert!(!Head { seq: 3, ..head.clone() }.verifies(key.public()));
    assert!(!Head { at_ms: 0, ..head }.verifies(key.public()));
}

#[test]
fn a_rewritten_log_needs_the_key_of_the_hall() {
    let place = Place::new();
    let key = log_of(&place, 3);
    place.open().sign_head(&key, at(1)).unwrap().unwrap();
    let found = verify(&place.file(), crypto(8).as_ref(), key.public(), &[]).unwrap();
    assert_eq!(found.findings.len(), 3, "under another key no record holds");
}

#[test]
fn what_is_forgotten_on_time_goes_from_the_front_and_is_told_from_what_was_removed() {
    let place = Place::new();
    let key = HeadKey::from_pkcs8(&HeadKey::make().unwrap()).unwrap();
    for minute in 0..6 {
        write(&place, at(minute));
    }
    let forget = |before| place.open().audit_forget(&key, before, at(7)).unwrap();
    assert_eq!(
        forget(at(0)),
        None,
        "nothing is that old, and nothing is written about it"
    );
    assert_eq!(forget(at(2)).unwrap().seq, 2);
    let access = place.open();
    assert_eq!(access.audit_from(0, 100).unwrap().first().unwrap().seq, 3);
    let told = access.audit_before(u64::MAX, 1).unwrap().remove(0);
    assert_eq!((told.action.as_str(), told.object.as_str()), ("audit.forget", "2"));
    access.sign_head(&key, at(7)).unwrap().unwrap();
    drop(access);
    let report = verify(&place.file(), crypto(7).as_ref(), key.public(), &[]).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.first, report.records), (3, 5));
    forget(at(3)).unwrap();
    assert_eq!(check(&place, &key, &[]), [], "and again the next day");

    // Removed by hand: up to a head, so that the chain holds, but no record says that it was time.
    sql(&place, "DELETE FROM audit WHERE seq < 5");
    assert_eq!(wrongs(&check(&place, &key, &[])), [Wrong::Beginning]);
    let place = Place::new();
    let key = log_of(&place, 2);
    place.open().sign_head(&key, at(1)).unwrap().unwrap();
    write(&place, at(2));
    place.open().sign_head(&key, at(3)).unwrap().unwrap();
    sql(&place, "DELETE FROM audit WHERE seq < 3");
    assert_eq!(wrongs(&check(&place, &key, &[])), [Wrong::Beginning]);
}

#[test]
fn a_log_that_is_all_old_keeps_its_last_record() {
    let place = Place::new();
    let key = log_of(&place, 3);
    assert_eq!(place.open().audit_forget(&key, at(1000), at(1000)).unwrap(), None);
}
