//! A session is taped and played: the same events, and nobody on the tape.

use std::io::Write;

use super::super::*;
use drivers_id_reader::record::{Recorder, Replayer};

/// A tape in memory.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one writer").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An event without the person in it.
fn kind(event: &Event) -> String {
    match event {
        Event::Record(card) => format!(
            "record {:?} {} {}",
            card.kind,
            card.photo.bytes().len(),
            card.appended_address.is_some()
        ),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_taped_session_plays_to_the_same_events_without_the_people() {
    let tape = Tape::default();
    let mut setup = Setup::new();
    let port = setup.dir.join("id-reader").display().to_string();
    let transport = drivers_transport::closed(&port, 115_200).expect("a path");
    let recorder = Recorder::new(transport, tape.clone(), [0x42; 32]);
    setup.reader = IdReader::new(Box::new(recorder), Config::default());
    let mut events = Vec::new();
    let mut until = |setup: &mut Setup, last: &str| {
        loop {
            events.push(kind(&setup.event()));
            if events.last().is_some_and(|event| event.starts_with(last)) {
                return;
            }
        }
    };

    until(&mut setup, "DeviceUp");
    let mut card = r1();
    card["appended_address"] = json!("北京市朝阳区示例路9号");
    card["behaviour"] = json!("lenient");
    // Once spoilt, once cut off, then whole, with noise before everything.
    setup.fault(json!({ "noise_hex": "00 AA AA" }));
    setup.fault(json!({ "command": "30 01", "corrupt_check": true, "times": 1 }));
    setup.lay(&card);
    until(&mut setup, "ReadFailed");
    setup.fault(json!({ "command": "30 01", "truncate_to": 600, "times": 1 }));
    until(&mut setup, "record");
    setup.lift();
    until(&mut setup, "CardRemoved");
    setup.lay(&drawer()[10]["card"]);
    until(&mut setup, "record");
    drop(setup);

    let tape = String::from_utf8(tape.0.lock().expect("the recorder is gone").clone()).expect("JSON lines");
    for secret in ["测试甲", "11010519491231002X", "北京", "示例路", "19491231"] {
        let utf16: String = secret
            .encode_utf16()
            .map(|unit| format!("{:02X}{:02X}", unit & 0xFF, unit >> 8))
            .collect();
        assert!(
            !tape.contains(secret) && !tape.contains(&utf16),
            "{secret} is on the tape"
        );
        assert!(!tape.contains(&utf16[..8]), "a piece of {secret} is on the tape");
    }
    // The photo's filler begins 03 0A 11 18.
    assert!(!tape.contains("030A1118"), "the photo is on the tape");

    let replayer = Replayer::new("tape", &tape).expect("a tape");
    let mut reader = IdReader::new(Box::new(replayer), Config::default());
    let mut played = Vec::new();
    while played.len() < events.len() {
        let event = reader.next_event(Duration::from_secs(10));
        let event = event.unwrap_or_else(|| panic!("{played:?} of {events:?}"));
        if let Event::Record(card) = &event {
            assert_eq!(card.name.expose(), "重放");
        }
        played.push(kind(&event));
    }
    assert_eq!(played, events);
}

#[test]
fn what_is_no_tape_is_refused_with_its_line() {
    assert_eq!(
        Replayer::new("tape", "").map(|_| ()).expect_err("empty").to_string(),
        "not a tape of an id reader (yimen-id-reader-tape/1)"
    );
    let bad = "{\"ms\":0,\"tape\":\"yimen-id-reader-tape/1\"}\n{\"ms\":1,\"to\":\"XY\"}";
    let error = Replayer::new("tape", bad)
        .map(|_| ())
        .expect_err("no hexadecimal")
        .to_string();
    assert_eq!(error, "line 2: not bytes in hexadecimal");
}
