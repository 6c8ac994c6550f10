//! The codec against bytes from the device documents: what driver and twin share must be pinned by something else.

use drivers_id_reader::codec::{
    Baud, Blocks, Card, CardKind, Command, Date, Found, ModuleId, NumberWarning, Parser, Reply, Sex, Status, TextBlock,
    ValidTo, Warning, appended_address, check_character, check_citizen_number, check_foreigner_number, encode_blocks,
    encode_reply, ethnic_code, ethnic_name,
};

const REQUESTS: &str = include_str!("../../../tests/vectors/id-reader/requests.txt");
const REPLIES: &str = include_str!("../../../tests/vectors/id-reader/replies.txt");
const R1: &str = include_str!("../../../tests/vectors/id-reader/r1.hex");
const J1: &str = include_str!("../../../tests/vectors/id-reader/j1.hex");

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits"))
        .collect()
}

fn named(table: &'static str, name: &str) -> Vec<u8> {
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let line = lines.find_map(|line| line.split_once('|').filter(|(key, _)| key.trim() == name));
    hex(line.unwrap_or_else(|| panic!("no vector {name}")).1)
}

fn block(file: &str) -> TextBlock {
    let digits: String = file.lines().filter(|line| !line.starts_with('#')).collect();
    TextBlock::from_bytes(hex(&digits).as_slice().try_into().expect("256 bytes"))
}

fn filler(len: usize, factor: usize, offset: usize) -> Vec<u8> {
    (0..len)
        .map(|i| u8::try_from((factor * i + offset) % 256).expect("below 256"))
        .collect()
}

fn photo() -> Vec<u8> {
    filler(1024, 7, 3)
}

/// One reply out of a whole frame.
fn reply(frame: &[u8]) -> Reply {
    let mut parser = Parser::replies();
    parser.push(frame);
    let Some(Found::Frame(frame)) = parser.next() else {
        panic!("no frame")
    };
    assert_eq!(parser.next(), None);
    assert_eq!(parser.pending_len(), 0);
    Reply::parse(&frame).expect("three words")
}

fn read(text: &TextBlock) -> Card {
    let frame = encode_reply([0, 0, 0x90], &encode_blocks(text, &photo(), None));
    let blocks = Blocks::parse(reply(&frame).data(), false).expect("counts add up");
    Card::decode(blocks).expect("a known kind")
}

/// A card made of fields, as the reference lists them for I1 and Y1.
fn made(kind: CardKind, fields: &[(&str, &str)]) -> TextBlock {
    let mut text = TextBlock::blank(kind);
    for (name, value) in fields {
        text.put(kind.field(name).expect("a field of this card"), value)
            .expect("fits");
    }
    text
}

fn i1() -> TextBlock {
    made(
        CardKind::Foreigner2017,
        &[
            ("name", "SPECIMEN, ANNA MARIA"),
            ("sex", "2"),
            ("number", "UTO110081080301"),
            ("nationality", "UTO"),
            ("name_zh", "测试丙"),
            ("valid_from", "20170616"),
            ("valid_to", "20270615"),
            ("birth", "19810803"),
            ("version", "01"),
            ("authority", "1100"),
        ],
    )
}

fn y1() -> TextBlock {
    made(
        CardKind::Foreigner2023,
        &[
            ("name_zh", "测试丁"),
            ("sex", "2"),
            ("renewals", "00"),
            ("birth", "19810803"),
            ("name", "SPECIMEN, ANNA MARIA"),
            ("number", "911124198108030024"),
            ("valid_from", "20231201"),
            ("valid_to", "20331130"),
            ("nationality", "CAN"),
        ],
    )
}

#[test]
fn every_request_is_framed_as_the_documents_print_it() {
    for (name, command) in [
        ("reset", Command::Reset),
        ("status", Command::Status),
        ("module id", Command::ModuleId),
        ("find", Command::Find),
        ("select", Command::Select),
        ("read", Command::ReadBase),
        ("read with fingerprints", Command::ReadBaseAndFingerprints),
        ("appended address", Command::ReadAppended),
        ("chip numbers", Command::ReadChipNumbers),
        ("rate 115200", Command::SetBaud(Baud::B115200)),
        ("radio frame 0x50", Command::SetRadioFrame(0x50)),
    ] {
        let frame = named(REQUESTS, name);
        assert_eq!(command.frame(), frame, "{name}");
        let mut parser = Parser::requests();
        parser.push(&frame);
        let Some(Found::Frame(frame)) = parser.next() else {
            panic!("{name}: no frame")
        };
        assert_eq!(Command::parse(frame.body()), Ok(command), "{name}");
    }
}

#[test]
fn every_reply_is_read_and_written_as_seen_in_the_field() {
    for (name, status, data_len) in [
        ("found", Status::Found, 4),
        ("selected", Status::Success, 8),
        ("good", Status::Success, 0),
        ("no card", Status::NoCard, 0),
        ("select failed", Status::SelectFailed, 0),
        ("read failed", Status::ReadFailed, 0),
        ("self test failed", Status::SelfTestFailed, 0),
        ("module id", Status::Success, 16),
        ("no appended address", Status::NoSuchItem, 0),
        ("request check wrong", Status::RequestCheck, 0),
    ] {
        let frame = named(REPLIES, name);
        let reply = reply(&frame);
        assert_eq!((reply.status(), reply.data().len()), (status, data_len), "{name}");
        assert_eq!(encode_reply(reply.words, reply.data()), frame, "{name}");
    }
}

#[test]
fn every_status_code_survives_both_ways() {
    for code in 0..=255 {
        assert_eq!(Status::from_code(code).code(), code);
    }
}

#[test]
fn the_module_id_prints_as_vendors_print_it() {
    let id = ModuleId::parse(reply(&named(REPLIES, "module id")).data()).expect("16 bytes");
    assert_eq!(id.to_string(), "05.01-20200101-0000012345-0000067890");
}

#[test]
fn the_reference_cards_make_replies_with_the_reference_check_bytes() {
    for (name, text, check) in [
        ("R1", block(R1), 0xEC),
        ("J1", block(J1), 0x4E),
        ("I1", i1(), 0x94),
        ("Y1", y1(), 0xF0),
    ] {
        let frame = encode_reply([0, 0, 0x90], &encode_blocks(&text, &photo(), None));
        assert_eq!((frame.len(), frame.last()), (1295, Some(&check)), "{name}");
    }
    let (one, two) = (filler(512, 5, 1), filler(512, 11, 2));
    for (fingerprints, len, check) in [(vec![], 1297, 0xEE), ([one.clone(), two].concat(), 2321, 0xE6)] {
        let frame = encode_reply([0, 0, 0x90], &encode_blocks(&block(R1), &photo(), Some(&fingerprints)));
        assert_eq!((frame.len(), frame.last()), (len, Some(&check)));
        let blocks = Blocks::parse(reply(&frame).data(), true).expect("counts add up");
        assert_eq!(
            (blocks.photo.len(), blocks.fingerprints.len()),
            (1024, fingerprints.len())
        );
    }
    let frame = encode_reply([0, 0, 0x90], &encode_blocks(&block(R1), &photo(), Some(&one)));
    assert_eq!((frame.len(), frame[5], frame[6]), (1809, 0x07, 0x0A));
}

#[test]
fn the_resident_card_reads_as_the_reference_describes_it() {
    let card = read(&block(R1));
    let json = serde_json::to_value(&card).expect("plain data");
    let expected = serde_json::json!({
        "type": "resident_id", "name": "测试甲", "sex": "女", "ethnic": "汉", "birth": "19491231",
        "address": "北京市朝阳区示例路1号", "number": "11010519491231002X", "authority": "北京市公安局朝阳分局",
        "valid_from": "20150101", "valid_to": "长期", "photo": 1024, "fingerprints": 0, "warnings": [],
    });
    assert_eq!(json, expected);
    assert_eq!(card.valid_to, ValidTo::LongTerm);
}

#[test]
fn the_permit_reads_as_the_reference_describes_it() {
    let json = serde_json::to_value(read(&block(J1))).expect("plain data");
    let expected = serde_json::json!({
        "type": "hmt_permit", "name": "测试乙", "sex": "女", "birth": "19940823",
        "address": "广东省佛山市禅城区示例路2号", "number": "810000199408230021", "authority": "佛山市公安局",
        "pass_number": "H00000001", "issues": "01",
        "valid_from": "20180901", "valid_to": "20230831", "photo": 1024, "fingerprints": 0, "warnings": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn the_foreigners_cards_stand_where_the_reference_says_and_read_back() {
    let i1 = i1();
    assert_eq!(i1.bytes()[..6], hex("53 00 50 00 45 00"));
    assert_eq!(i1.bytes()[120..122], hex("32 00"));
    assert_eq!(i1.bytes()[248..250], hex("49 00"));
    let json = serde_json::to_value(read(&i1)).expect("plain data");
    let expected = serde_json::json!({
        "type": "foreigner_2017", "name": "SPECIMEN, ANNA MARIA", "name_zh": "测试丙", "sex": "女",
        "number": "UTO110081080301", "nationality": "UTO", "birth": "19810803", "version": "01", "authority": "1100",
        "valid_from": "20170616", "valid_to": "20270615", "photo": 1024, "fingerprints": 0, "warnings": [],
    });
    assert_eq!(json, expected);

    let y1 = y1();
    assert_eq!(y1.bytes()[122..126], hex("39 00 31 00"));
    assert_eq!(y1.bytes()[242..248], hex("43 00 41 00 4E 00"));
    assert_eq!(y1.bytes()[248..250], hex("59 00"));
    let json = serde_json::to_value(read(&y1)).expect("plain data");
    let expected = serde_json::json!({
        "type": "foreigner_2023", "name": "SPECIMEN, ANNA MARIA", "name_zh": "测试丁", "sex": "女",
        "number": "911124198108030024", "nationality": "CAN", "birth": "19810803", "renewals": "00",
        "valid_from": "20231201", "valid_to": "20331130", "photo": 1024, "fingerprints": 0, "warnings": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_long_latin_name_of_2023_keeps_the_space_at_the_seam() {
    let mut text = y1();
    let kind = CardKind::Foreigner2023;
    // 35 characters, the last of them a space that belongs to the name.
    text.put(
        kind.field("name").expect("has one"),
        "EXAMPLE, MAXIMILIAN ALEXANDER JEAN ",
    )
    .expect("fits");
    text.put(kind.field("name_rest").expect("has one"), "PAUL")
        .expect("fits");
    assert_eq!(read(&text).name.expose(), "EXAMPLE, MAXIMILIAN ALEXANDER JEAN PAUL");
}

#[test]
fn the_appended_address_reads_and_makes_an_81_byte_reply() {
    let mut address = hex("17 53 AC 4E 02 5E 1D 67 33 96 3A 53 3A 79 8B 4F EF 8D 39 00 F7 53");
    address.extend([0x20, 0x00].repeat(24));
    let frame = encode_reply([0, 0, 0x90], &address);
    assert_eq!((frame.len(), frame.last()), (81, Some(&0xEE)));
    let address = appended_address(reply(&frame).data()).expect("an address");
    assert_eq!(address.expose(), "北京市朝阳区示例路9号");
}

#[test]
fn an_unpaired_surrogate_is_a_warning_and_no_panic() {
    let mut bytes = *block(R1).bytes();
    bytes[2..4].copy_from_slice(&[0x00, 0xD8]);
    let card = read(&TextBlock::from_bytes(&bytes));
    assert_eq!(card.warnings, [Warning::Text("name")]);
    assert_eq!(card.name.expose(), "测\u{FFFD}甲");
}

#[test]
fn odd_codes_dates_and_numbers_warn_and_refuse_nobody() {
    let mut text = block(R1);
    let kind = CardKind::ResidentId;
    for (field, value) in [
        ("sex", "7"),
        ("ethnic", "82"),
        ("number", "110105194912310021"),
        ("valid_from", "20151301"),
        ("valid_to", "不详"),
    ] {
        text.put(kind.field(field).expect("has one"), value).expect("fits");
    }
    let card = read(&text);
    assert_eq!(
        card.warnings,
        [
            Warning::Number(NumberWarning::CheckCharacter),
            Warning::SexCode,
            Warning::EthnicCode,
            Warning::Date("valid_from"),
            Warning::Date("valid_to"),
        ]
    );
    assert_eq!((card.sex, card.valid_to), (Sex::NotStated, ValidTo::Unreadable));
    assert_eq!(card.ethnic.expect("shown as digits").expose(), "82");
}

#[test]
fn the_debug_form_of_a_card_shows_no_person() {
    let mut card = read(&block(R1));
    card.appended_address = appended_address(&[0x17, 0x53].repeat(35));
    let shown = format!("{card:?} {:?}", block(R1));
    for secret in ["测", "1101", "1949", "北京", "朝阳", "汉", "女", "Female", "2015"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn counts_that_do_not_add_up_are_rejected() {
    let good = encode_blocks(&block(R1), &photo(), None);
    assert!(Blocks::parse(&good, false).is_ok());
    assert!(
        Blocks::parse(&good, true).is_err(),
        "the counts of 30 01 are not those of 30 10"
    );
    assert!(Blocks::parse(&good[..good.len() - 1], false).is_err());
    assert!(Blocks::parse(&[], false).is_err());
    let mut short_text = good.to_vec();
    short_text[1] = 0xFE;
    short_text[0] = 0x00;
    short_text[3] = 0x02;
    assert!(
        Blocks::parse(&short_text, false).is_err(),
        "a text block of 254 bytes has no layout"
    );
}

#[test]
fn a_late_reply_is_told_by_its_shape() {
    let shapes = [(Command::Find, Status::Found, 4), (Command::Select, Status::Success, 8)];
    let more = [
        (Command::ReadBase, Status::Success, 1284),
        (Command::ReadAppended, Status::Success, 70),
    ];
    let all = [shapes, more].concat();
    for (asked, ..) in &all {
        for (answered, status, data_len) in &all {
            assert_eq!(
                asked.admits(*status, *data_len),
                asked == answered,
                "{asked:?} {answered:?}"
            );
        }
    }
}

#[test]
fn numbers_are_checked_by_the_rules_of_the_standard() {
    assert_eq!(check_character("11010519491231002"), Some('X'));
    assert_eq!(check_citizen_number("11010519491231002X"), None);
    assert_eq!(check_citizen_number("810000199408230021"), None);
    assert_eq!(
        check_citizen_number("110105194912310021"),
        Some(NumberWarning::CheckCharacter)
    );
    assert_eq!(check_citizen_number("1101051949123100"), Some(NumberWarning::Form));
    assert_eq!(check_citizen_number("甲乙丙丁戊己"), Some(NumberWarning::Form));
    let unknown_region = format!(
        "01010519491231002{}",
        check_character("01010519491231002").expect("digits")
    );
    assert_eq!(check_citizen_number(&unknown_region), Some(NumberWarning::Region));
    assert_eq!(check_foreigner_number("911124198108030024", true), None);
    assert_eq!(
        check_foreigner_number("11010519491231002X", true),
        Some(NumberWarning::Form)
    );
    assert_eq!(check_foreigner_number("UTO110081080301", false), None);
    assert_eq!(
        check_foreigner_number("UT0110081080301", false),
        Some(NumberWarning::Form)
    );
}

#[test]
fn ethnic_names_and_codes_are_one_table() {
    assert_eq!(ethnic_name("01"), Some("汉"));
    assert_eq!(ethnic_name("56"), Some("基诺"));
    assert_eq!(ethnic_name("57"), None);
    for code in (1..=56).chain([81, 97, 98]) {
        let code = format!("{code:02}");
        let name = ethnic_name(&code).unwrap_or_else(|| panic!("{code} has a name"));
        assert_eq!(ethnic_code(name), Some(code.as_str()));
    }
}

#[test]
fn dates_are_days_that_exist() {
    for good in ["20240229", "20000229", "19491231"] {
        assert_eq!(Date::parse(good).map(|date| date.to_string()).as_deref(), Some(good));
    }
    for bad in [
        "20230229", "19000229", "20241301", "20240431", "2024022", "20240a01", "长期", "        ",
    ] {
        assert!(Date::parse(bad).is_none(), "{bad}");
    }
}
