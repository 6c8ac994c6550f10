//! What the kiosk's disk shows of a record and of a person: nothing, while a card is made, afterwards, and when the key
//! is lost.

use super::*;

/// True where a file of the folder holds one of the texts.
fn holds(folder: &Folder, texts: &[String]) -> Option<String> {
    let files = std::fs::read_dir(&folder.0).expect("a folder").flatten();
    let found = files.filter_map(|file| {
        let bytes = std::fs::read(file.path()).expect("a file");
        let text = texts
            .iter()
            .find(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        text.map(|text| format!("{} in {}", text, file.path().display()))
    });
    found.take(1).next()
}

#[test]
fn no_number_of_a_record_and_nothing_of_its_person_stands_in_a_file() {
    let record = Kiosk::order(LI).record;
    let person = [&record.citizen_no, &record.name, &record.address, &record.birth];
    let mut texts: Vec<String> = person.iter().map(|text| text.expose().to_string()).collect();
    texts.extend([record.record_no.clone(), record.receipt_no.clone()]);
    for (name, fault, end) in [
        ("numbers-taken", None, JobEnd::Taken),
        ("numbers-left", Some((0x0501, None)), JobEnd::NotTaken),
        ("numbers-jam", Some((0x0406, Some(Step::Laminate))), JobEnd::Failed),
        ("numbers-doubt", Some((0x0306, Some(Step::Laminate))), JobEnd::Doubt),
    ] {
        let (folder, office, line) = (Folder::new(name), Office::new(), line());
        let control = folder.store("control");
        std::fs::write(&control, format!("..{}..", record.record_no)).expect("written");
        assert!(holds(&folder, &texts).is_some(), "what is looked for would be found");
        std::fs::remove_file(control).expect("removed");
        if let Some((code, at)) = fault {
            assert!(line.machine().fault(code, at));
        }
        let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
        kiosk.state();
        kiosk.machine.make(Kiosk::order(LI)).expect("the store holds");
        assert_eq!(ended(&kiosk.heard()), Some(end), "{name}");
        let owed = kiosk.machine.store.reports().expect("read").len();
        assert_eq!(
            owed,
            usize::from(end != JobEnd::Failed),
            "{name}: the back end was not told yet"
        );
        assert_eq!(holds(&folder, &texts), None, "while the report waits");
        kiosk.machine.report().expect("the store holds");
        assert!(kiosk.machine.store.reports().expect("read").is_empty());
        let row = kiosk.machine.store.row(&known(LI).tag).expect("read").expect("there");
        let needed = matches!(end, JobEnd::Doubt | JobEnd::Failed);
        assert_eq!(
            row.sealed.is_some(),
            needed,
            "{name}: the number goes when nobody needs it"
        );
        drop(kiosk);
        assert_eq!(holds(&folder, &texts), None, "{name}: closed");
    }
}

#[test]
fn a_kiosk_that_lost_its_key_ends_the_job_without_a_card() {
    let (folder, office, line) = (Folder::new("lost-key"), Office::new(), line());
    let path = folder.store("m.sqlite");
    assert!(line.machine().fault(0x0503, Some(Step::Present)));
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(ended(&kiosk.make(LI)), Some(JobEnd::Failed));
    drop(kiosk);

    let mut other = Kiosk::of(house("K01", [4; 32]), &line, &office, &path);
    line.machine().heal();
    let fault = other.machine.look().expect("it answers");
    assert_eq!(fault.fault, 0x0503);
    let ordered = drivers_temp_id_maker::StaffOrder::FaultClear(fault.fault_seq);
    for order in [drivers_temp_id_maker::StaffOrder::Enter(1001, 1002), ordered] {
        other.machine.maker.staff(order).expect("it answers staff");
    }
    let _ = other.machine.maker.staff(drivers_temp_id_maker::StaffOrder::Exit);
    for _ in 0..40 {
        let open = other.machine.store.unfinished().expect("read");
        let Some(row) = open.first() else { break };
        other.machine.go_on(row).expect("the store holds");
        line.machine().pass(2_000);
    }
    assert!(
        other.machine.store.unfinished().expect("read").is_empty(),
        "by the ids that need no key"
    );
    assert!(
        other.machine.store.reports().expect("read").is_empty(),
        "whose record is unknown"
    );
    assert_eq!(hands(&line), 0);
}

#[test]
fn a_store_of_before_is_taken_over_when_the_kiosk_starts() {
    let (folder, office, line) = (Folder::new("before"), Office::new(), line());
    let path = folder.store("m.sqlite");
    let record_no = Kiosk::order(LI).record.record_no;
    let body = format!(
        "{{\"report\":{{\"record_no\":\"{record_no}\",\"job_id\":\"j\",\"outcome\":\"taken\",\"opened_at\":1,\
         \"ended_at\":2,\"blank_serial\":\"\"}},\"fee\":false}}"
    );
    drop(MakingStore::open(&path).expect("a store"));
    let old = rusqlite::Connection::open(&path).expect("opens");
    old.execute_batch(&format!(
        "INSERT INTO making_job_clear (record_no, fee_order, fee_fen, outcome, opened_s)
             VALUES ('{record_no}', 'o', 0, 'retracted', 5);
         INSERT INTO making_report (job_id, body, at_s) VALUES ('j', '{body}', 7);"
    ))
    .expect("kept");
    drop(old);
    assert!(holds(&folder, std::slice::from_ref(&record_no)).is_some());
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(holds(&folder, &[record_no]), None);
    assert_eq!(kiosk.make(LI), refused(Refusal::EndedBefore), "it is found by its tag");
    let reports = office.with(|book| book.reports.len());
    assert_eq!(reports, 1, "what the back end had to hear, it heard");
}

/// True where any 48 bytes of the picture, edges apart, are found in a file.
fn shows(file: &Path, picture: &[u8]) -> bool {
    let bytes = std::fs::read(file).unwrap_or_default();
    let pieces = picture.chunks_exact(48).filter(|piece| {
        let kinds: std::collections::BTreeSet<u8> = piece.iter().copied().collect();
        kinds.len() > 12 // the face, not an empty margin
    });
    let mut any = 0;
    for piece in pieces {
        any += 1;
        if bytes.windows(piece.len()).any(|window| window == piece) {
            return true;
        }
    }
    assert!(any > 20, "{any} pieces of a face to look for");
    false
}

#[test]
fn a_picture_is_kept_sealed_while_its_card_is_made_and_is_gone_with_the_job() {
    let (folder, office, line) = (Folder::new("sealed"), Office::new(), line());
    let path = folder.store("m.sqlite");
    let files = ["m.sqlite", "m.sqlite-wal"].map(|name| folder.store(name));
    let order = Kiosk::order(LI);
    let record = known(LI);
    let fonts = Fonts::system();
    let today = jiff::Zoned::now().in_tz("Asia/Shanghai").expect("a zone").date();
    let drawn = order
        .record
        .draw(today, &ui_ticket_raster::CardLayout::shipped(), 300, &fonts);
    let clear = drawn.expect("drawn").mirrored().packed();

    let control = folder.store("control");
    std::fs::write(&control, [&[0; 999][..], &clear].concat()).expect("written");
    assert!(shows(&control, &clear), "what is looked for would be found");

    // A jam holds the job where it is.
    assert!(line.machine().fault(0x0406, Some(Step::Laminate)));
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(ended(&kiosk.make(LI)), Some(JobEnd::Failed));
    // What was written in the meantime is still in the write-ahead log.
    for file in &files {
        assert!(!shows(file, &clear), "{}", file.display());
    }
    assert_eq!(
        kiosk.machine.store.picture(&record.tag).expect("read"),
        None,
        "given up: of no more use"
    );

    // The row of a job that goes on: sealed for its record alone, and for no other key.
    let mut row = Row {
        house: &kiosk.machine.house,
        store: &mut kiosk.machine.store,
        service: kiosk.machine.service.as_ref(),
        fonts: &fonts,
        vault: &kiosk.machine.house.vault,
        tag: record.tag,
        record_no: None,
        record: None,
        job: drivers_temp_id_maker::codec::JobId::default(),
        last: None,
        seen: None,
        renewed: Instant::now(),
        known: Known::default(),
    };
    kiosk_making::Keep::keep_picture(&mut row, &clear).expect("kept");
    assert_eq!(
        kiosk_making::Keep::picture(&mut row).expect("read"),
        Some(clear.clone())
    );
    let stored = row.store.picture(&record.tag).expect("read").expect("there");
    assert!(
        !stored
            .windows(48)
            .any(|window| clear.windows(48).next() == Some(window))
    );
    let other = Vault::of_test([4; 32]);
    row.vault = &other;
    assert_eq!(
        kiosk_making::Keep::picture(&mut row).expect("read"),
        None,
        "another key opens nothing"
    );
    for file in &files {
        assert!(!shows(file, &clear), "{}", file.display());
    }
    let row = kiosk.machine.store.row(&record.tag).expect("read").expect("there");
    kiosk.machine.end(&row, Phase::Aborted).expect("kept");
    assert_eq!(kiosk.machine.store.picture(&record.tag).expect("read"), None);
}
