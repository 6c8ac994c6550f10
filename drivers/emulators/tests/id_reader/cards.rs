//! Cards that read well: all kinds, once each, and what happens until they leave.

use super::super::*;

#[test]
fn a_resident_card_is_read_over_the_wire_as_the_reference_says() {
    let mut setup = Setup::new();
    assert_eq!(
        setup.event(),
        Event::DeviceUp(drivers_id_reader::codec::ModuleId::from_parts((
            5, 1, 20_200_101, 12_345, 67_890
        )))
    );
    setup.lay(&r1());
    let card = setup.reads();
    assert_eq!(card.kind, CardKind::ResidentId);
    assert_eq!(card.name.expose(), "测试甲");
    assert_eq!(card.number.expose(), "11010519491231002X");
    assert_eq!(card.valid_to, ValidTo::LongTerm);
    assert_eq!(card.photo.bytes().len(), 1024);
    assert_eq!(card.warnings, []);
}

#[test]
fn every_card_of_the_drawer_reads_as_it_was_laid_down() {
    let mut setup = Setup::new();
    setup.up();
    for entry in drawer() {
        setup.lay(&entry["card"]);
        let card = serde_json::to_value(setup.reads()).expect("plain data");
        for (name, said) in entry["card"].as_object().expect("an object") {
            assert_eq!(&card[name], said, "{} {name}", entry["id"]);
        }
        setup.lift();
        assert_eq!(setup.event(), Event::CardRemoved);
    }
}

#[test]
fn one_presentation_gives_one_record_and_the_next_gives_another() {
    for behaviour in ["strict", "lenient"] {
        let mut setup = Setup::new();
        setup.up();
        let mut card = r1();
        card["behaviour"] = json!(behaviour);
        setup.lay(&card);
        setup.reads();
        assert!(
            setup.is_quiet_for(Duration::from_millis(1500)),
            "{behaviour}: told twice"
        );
        setup.lift();
        assert_eq!(setup.event(), Event::CardRemoved, "{behaviour}");
        setup.lay(&card);
        setup.reads();
    }
}

#[test]
fn a_card_changed_for_another_between_two_polls_is_noticed() {
    for behaviour in ["strict", "lenient"] {
        let mut setup = Setup::new();
        setup.up();
        let mut card = r1();
        card["behaviour"] = json!(behaviour);
        setup.lay(&card);
        setup.reads();
        card["name"] = json!("测试戊");
        setup.lay(&card);
        assert_eq!(setup.event(), Event::CardRemoved, "{behaviour}");
        assert_eq!(setup.reads().name.expose(), "测试戊", "{behaviour}");
    }
}

#[test]
fn a_module_left_at_any_of_the_five_rates_is_found_and_read() {
    for rate in [115_200, 57_600, 38_400, 19_200, 9_600] {
        let mut setup = Setup::with(|module| {
            module.set_fault(FaultForm::parse(json!({ "baud": rate })).expect("a rate"));
        });
        setup.up();
        setup.lay(&r1());
        let start = Instant::now();
        setup.reads();
        // Text and photo are 1295 bytes of ten bits: a twin that was faster than the wire would prove nothing.
        let wire = Duration::from_micros(1295 * 10 * 1_000_000 / rate);
        assert!(
            start.elapsed() >= wire,
            "{rate}: read in {:?}, the wire needs {wire:?}",
            start.elapsed()
        );
    }
}

/// What the kiosk sets: it needs no address, and 30 03 then only watches whether the card still lies there.
#[test]
fn without_the_appended_address_the_record_is_the_first_read_and_the_removal_is_still_seen() {
    for behaviour in ["strict", "lenient"] {
        let config = Config {
            appended_address: false,
            ..Config::default()
        };
        let mut setup = Setup::with_config(config, |_| {});
        setup.up();
        let mut form = r1();
        form["behaviour"] = json!(behaviour);
        form["appended_address"] = json!("北京市朝阳区示例路9号");
        setup.lay(&form);
        let card = setup.reads();
        assert_eq!(card.appended_address, None, "{behaviour}");
        let state = setup.module(|module| module.state());
        assert!(state["last_read_reply_ms"].is_i64(), "{behaviour}: {state}");
        assert!(
            setup.is_quiet_for(Duration::from_millis(1000)),
            "{behaviour}: told twice"
        );
        assert_eq!(
            setup.module(|module| module.state())["last_read_reply_ms"],
            state["last_read_reply_ms"]
        );
        setup.lift();
        assert_eq!(setup.event(), Event::CardRemoved, "{behaviour}");
    }
}
