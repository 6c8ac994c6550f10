//! Machine-readable zones: the sample of ICAO 9303 and the invented one of the reader reference, section 12; TD1 and
//! TD2 from the specimen of the same invented person in ICAO 9303 parts 5 and 6.

use drivers_id_reader::codec::Date;
use drivers_id_reader::mrz::{CheckFailure, Format, MrzError, check_digit, parse};

fn today() -> Date {
    Date::new(2026, 11, 21).expect("a day")
}

const ICAO: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const CHINESE: &str = "POCHNZHENGJIAN<<YANGBEN<<<<<<<<<<<<<<<<<<<<<\nE000000008CHN8108038F3407013<<<<<<<<<<<<<<02";
const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";

#[test]
fn the_published_passport_reads() {
    let zone = parse(ICAO, today()).expect("a zone");
    assert_eq!(zone.failures, []);
    assert_eq!(
        (zone.format, zone.code.as_str(), zone.issuer.as_str()),
        (Format::Td3, "P", "UTO")
    );
    assert_eq!((zone.surname.expose(), zone.given.expose()), ("ERIKSSON", "ANNA MARIA"));
    assert_eq!((zone.number.expose(), zone.nationality.expose()), ("L898902C3", "UTO"));
    assert_eq!(zone.birth, Date::new(1974, 8, 12));
    assert_eq!(zone.expiry, Date::new(2012, 4, 15));
    assert_eq!((zone.sex, zone.optional.expose()), (Some('F'), "ZE184226B"));
}

#[test]
fn the_chinese_layout_with_an_empty_optional_field_reads() {
    let zone = parse(CHINESE, today()).expect("a zone");
    assert_eq!(zone.failures, []);
    assert_eq!((zone.code.as_str(), zone.issuer.as_str()), ("PO", "CHN"));
    assert_eq!((zone.surname.expose(), zone.given.expose()), ("ZHENGJIAN", "YANGBEN"));
    assert_eq!(
        (zone.birth, zone.expiry),
        (Date::new(1981, 8, 3), Date::new(2034, 7, 1))
    );
}

#[test]
fn cards_of_three_and_of_two_lines_read() {
    for (text, format) in [(TD1, Format::Td1), (TD2, Format::Td2)] {
        let zone = parse(text, today()).expect("a zone");
        assert_eq!((zone.format, zone.failures.as_slice()), (format, [].as_slice()));
        assert_eq!((zone.surname.expose(), zone.given.expose()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!(
            (zone.number.expose(), zone.birth),
            ("D23145890", Date::new(1974, 8, 12))
        );
    }
}

#[test]
fn a_letter_seen_wrong_shows_in_its_check_digit_and_in_the_composite() {
    let wrong = ICAO.replace("L898902C3", "L898902G3");
    let zone = parse(&wrong, today()).expect("a zone");
    assert_eq!(zone.failures, [CheckFailure::Number, CheckFailure::Composite]);
    let wrong = ICAO.replace("7408122", "7408132");
    let failures = parse(&wrong, today()).expect("a zone").failures;
    assert_eq!(failures, [CheckFailure::Birth, CheckFailure::Composite]);
}

#[test]
fn a_birth_year_takes_the_latest_century_that_is_not_in_the_future() {
    let born = |text: &str, today: Date| {
        let line = format!("{text}{}", check_digit(text));
        parse(&ICAO.replace("7408122", &line), today).expect("a zone").birth
    };
    assert_eq!(born("261121", today()), Date::new(2026, 11, 21), "born today");
    assert_eq!(
        born("261122", today()),
        Date::new(1926, 11, 22),
        "tomorrow is a hundred years ago"
    );
    assert_eq!(born("000229", today()), Date::new(2000, 2, 29));
    assert_eq!(born("<<<<<<", today()), None);
}

#[test]
fn text_that_is_no_zone_is_refused_without_repeating_it() {
    assert_eq!(parse("", today()), Err(MrzError::Shape));
    assert_eq!(parse(&ICAO[..60], today()), Err(MrzError::Shape));
    assert_eq!(
        parse(&ICAO.replace("ANNA", "anna"), today()),
        Err(MrzError::Alphabet(1))
    );
    assert_eq!(parse(&ICAO.replace('L', "张"), today()), Err(MrzError::Alphabet(2)));
}

#[test]
fn the_debug_form_of_a_zone_shows_no_person() {
    let shown = format!("{:?}", parse(ICAO, today()).expect("a zone"));
    for secret in ["ERIKSSON", "ANNA", "L898902", "1974", "UTO"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
