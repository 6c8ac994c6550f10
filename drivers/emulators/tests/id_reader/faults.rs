//! Cards and lines that misbehave.

use super::super::*;

/// The name on a card of the drawer's first person, to tell two people apart.
fn another() -> Value {
    let mut card = drawer()[0]["card"].clone();
    card["name"] = json!("测试戊");
    card
}

#[test]
fn a_card_pulled_between_select_and_read_asks_for_another_try_and_then_reads() {
    let mut setup = Setup::new();
    setup.up();
    setup.fault(json!({ "pull_after_select": true, "times": 1 }));
    setup.lay(&r1());
    assert_eq!(setup.event(), Event::CardFound);
    assert_eq!(setup.event(), Event::Reading);
    assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::PutAgain));
    assert_eq!(setup.event(), Event::CardRemoved);
    setup.lay(&r1());
    assert_eq!(setup.reads().name.expose(), "测试甲");
}

#[test]
fn an_answer_to_a_read_given_up_is_never_taken_for_the_next_card() {
    for behaviour in ["strict", "lenient"] {
        let mut setup = Setup::new();
        setup.up();
        // The module answers the read after 4.5 s; the driver gives up after 3 s.
        setup.fault(json!({ "command": "30 01", "delay_ms": 4500, "times": 1, "behaviour": behaviour }));
        setup.lay(&r1());
        assert_eq!(setup.event(), Event::CardFound);
        assert_eq!(setup.event(), Event::Reading);
        assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::PutAgain), "{behaviour}");
        // The twin answers with the card that lies there when it answers: so the late reply is the first person's.
        std::thread::sleep(Duration::from_millis(1600));
        setup.lay(&another());
        let card = loop {
            match setup.event() {
                Event::Record(card) => break card,
                Event::CardFound | Event::Reading | Event::CardRemoved => {}
                other => panic!("{behaviour}: {other:?}"),
            }
        };
        assert_eq!(card.name.expose(), "测试戊", "{behaviour}: a late reply was delivered");
    }
}

#[test]
fn a_late_answer_to_find_costs_at_most_another_try() {
    for behaviour in ["strict", "lenient"] {
        let mut setup = Setup::new();
        setup.up();
        setup.fault(json!({ "command": "20 01", "delay_ms": 1300, "times": 1, "behaviour": behaviour }));
        setup.lay(&r1());
        assert_eq!(setup.event(), Event::CardFound);
        if behaviour == "strict" {
            // The answers were one step late, so select reached the card unseen, and a strict module now hides it.
            assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::PutAgain));
            assert_eq!(setup.event(), Event::CardRemoved);
            setup.lay(&r1());
            assert_eq!(setup.event(), Event::CardFound);
        }
        assert_eq!(setup.event(), Event::Reading);
        assert_eq!(setup.record().name.expose(), "测试甲");
        assert!(setup.is_quiet_for(Duration::from_millis(1000)));
    }
}

#[test]
fn noise_of_another_reader_before_every_reply_hides_no_card() {
    // Half a frame of another reader, extra AA bytes, and a whole preamble with an impossible length.
    for noise in [
        "AA AA AA 96",
        "AA AA AA AA AA",
        "00 FF 96 69 AA AA",
        "AA AA AA 96 69 FF FF 00 13 57",
    ] {
        let mut setup = Setup::new();
        setup.up();
        setup.fault(json!({ "noise_hex": noise }));
        setup.lay(&r1());
        assert_eq!(setup.reads().name.expose(), "测试甲", "{noise}");
        setup.lift();
        assert_eq!(setup.event(), Event::CardRemoved, "{noise}");
    }
}

#[test]
fn a_whole_frame_of_another_reader_before_the_answer_is_not_taken_for_it() {
    let mut setup = Setup::new();
    setup.up();
    // "No card" from the second reader, just before the first says that it read one: out of step, so asked again.
    setup.fault(
        json!({ "command": "30 01", "noise_hex": "AA AA AA 96 69 00 04 00 00 80 84", "times": 1,
        "behaviour": "lenient" }),
    );
    setup.lay(&r1());
    assert_eq!(setup.event(), Event::CardFound);
    assert_eq!(setup.event(), Event::Reading);
    assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::PutAgain));
    assert_eq!(setup.record().name.expose(), "测试甲");
}

#[test]
fn a_spoilt_check_byte_or_a_cut_reply_gives_no_record_and_the_next_try_does() {
    for fault in [
        json!({ "corrupt_check": true }),
        json!({ "truncate_to": 700 }),
        json!({ "no_reply": true }),
    ] {
        let mut setup = Setup::new();
        setup.up();
        let mut fault = fault;
        fault["command"] = json!("30 01");
        fault["times"] = json!(1);
        fault["behaviour"] = json!("lenient");
        setup.fault(fault.clone());
        setup.lay(&r1());
        assert_eq!(setup.event(), Event::CardFound, "{fault}");
        assert_eq!(setup.event(), Event::Reading, "{fault}");
        assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::PutAgain), "{fault}");
        assert_eq!(setup.record().name.expose(), "测试甲", "{fault}");
    }
}

#[test]
fn a_reply_that_comes_byte_by_byte_is_read() {
    let mut setup = Setup::new();
    setup.up();
    setup.fault(json!({ "chunk_bytes": 1, "chunk_delay_ms": 1 }));
    setup.lay(&r1());
    assert_eq!(setup.reads().name.expose(), "测试甲");
}

#[test]
fn one_lost_answer_while_a_card_lies_there_does_not_deliver_it_twice() {
    for fault in [json!({ "no_reply": true }), json!({ "corrupt_check": true })] {
        let mut setup = Setup::new();
        setup.up();
        let mut card = r1();
        card["behaviour"] = json!("lenient");
        setup.lay(&card);
        setup.reads();
        let mut fault = fault;
        fault["command"] = json!("30 03");
        fault["times"] = json!(1);
        setup.fault(fault.clone());
        assert!(setup.is_quiet_for(Duration::from_millis(4500)), "{fault}");
        setup.lift();
        assert_eq!(setup.event(), Event::CardRemoved, "{fault}");
    }
}

#[test]
fn each_refusal_is_told_as_what_the_citizen_can_do_about_it() {
    for (words, failure) in [
        ("6A 82 31", ReadFailure::PutAgain),
        ("00 00 32", ReadFailure::PutAgain),
        ("00 00 33", ReadFailure::PutAgain),
        ("6F 00 41", ReadFailure::PutAgain),
        ("00 00 47", ReadFailure::PutAgain),
        ("00 00 40", ReadFailure::NotReadable),
    ] {
        let mut setup = Setup::new();
        setup.up();
        setup.fault(json!({ "command": "30 01", "words": words }));
        setup.lay(&r1());
        assert_eq!(setup.event(), Event::CardFound, "{words}");
        assert_eq!(setup.event(), Event::Reading, "{words}");
        assert_eq!(setup.event(), Event::ReadFailed(failure), "{words}");
    }
}

#[test]
fn a_card_of_an_unknown_kind_is_held_until_it_is_gone() {
    let mut setup = Setup::new();
    setup.up();
    let mut block = "2000".repeat(128);
    block.replace_range(496..500, "5100");
    setup.lay(&json!({ "text_hex": block, "behaviour": "lenient" }));
    assert_eq!(setup.event(), Event::CardFound);
    assert_eq!(setup.event(), Event::Reading);
    assert_eq!(setup.event(), Event::ReadFailed(ReadFailure::NotReadable));
    assert!(setup.is_quiet_for(Duration::from_millis(1200)));
    setup.lift();
    assert_eq!(setup.event(), Event::CardRemoved);
}

#[test]
fn a_module_that_is_out_of_service_is_told_once_and_comes_back_when_healed() {
    for (health, code) in [("self_test_failed", 0x60), ("not_authorised", 0x66)] {
        let mut setup = Setup::with(|module| {
            module.set_fault(FaultForm::parse(json!({ "health": health })).expect("a state of health"));
        });
        let reason = DownReason::OutOfService(drivers_id_reader::codec::Status::from_code(code));
        assert_eq!(setup.event(), Event::DeviceDown(reason), "{health}");
        assert!(setup.is_quiet_for(Duration::from_millis(5500)), "{health}: told twice");
        setup.module(Module::clear_faults);
        setup.up();
    }
}

#[test]
fn a_module_without_the_appended_address_command_still_delivers_each_card_once() {
    for behaviour in ["strict", "lenient"] {
        let mut setup = Setup::new();
        setup.up();
        setup.fault(json!({ "command": "30 03", "words": "00 00 21", "behaviour": behaviour }));
        setup.lay(&r1());
        setup.reads();
        assert!(
            setup.is_quiet_for(Duration::from_millis(1500)),
            "{behaviour}: told twice"
        );
        setup.lift();
        if behaviour == "lenient" {
            assert_eq!(setup.event(), Event::CardRemoved);
        }
        // A strict reader hides the card after the read; only the next card shows that it left.
        assert!(setup.is_quiet_for(Duration::from_millis(600)));
        setup.lay(&another());
        if behaviour == "strict" {
            assert_eq!(setup.event(), Event::CardRemoved);
        }
        assert_eq!(setup.reads().name.expose(), "测试戊");
    }
}
