//! Messages of the document scanner: in any chunking, behind any noise, and never a guess.

use drivers_id_reader::codec::{Scan, ScanParser, encode_scan};
use proptest::prelude::*;
use zeroize::Zeroizing;

const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

fn zone() -> Scan {
    Scan::Zone(Zeroizing::new(ZONE.into()))
}

#[test]
fn the_message_of_the_reference_reads() {
    let text = ZONE.replace('\n', "\\n");
    let bytes = format!("\x02CameraData:{{\"type\":\"PassPort\",\"data\":\"{text}\"}}\x03\r\n");
    assert_eq!(ScanParser::default().push(bytes.as_bytes()), [zone()]);
    assert_eq!(bytes.len(), encode_scan(&zone()).len());
    let code = b"\x02EidlinkResult{\"type\":\"QRCode\",\"x\":\"8a7f\"}\x03\r\n";
    assert_eq!(
        ScanParser::default().push(code),
        [Scan::Code(Zeroizing::new("8a7f".into()))]
    );
}

#[test]
fn a_message_that_breaks_off_spoils_only_itself() {
    let mut parser = ScanParser::default();
    let whole = encode_scan(&zone());
    assert_eq!(parser.push(&whole[..60]), []);
    assert!(parser.is_pending());
    assert_eq!(parser.push(&whole), [Scan::Garbled, zone()]);
}

#[test]
fn what_is_neither_passport_nor_code_is_no_record() {
    for text in [
        "",
        "CameraData:",
        "{\"type\":\"PassPort\"}",
        "{\"type\":\"Card\",\"data\":\"x\"}",
        "{\"type\":7}",
        "[]",
    ] {
        let bytes = format!("\x02{text}\x03");
        assert_eq!(ScanParser::default().push(bytes.as_bytes()), [Scan::Garbled], "{text}");
    }
    let endless = [&[0x02][..], &[b'x'; 20_000]].concat();
    assert_eq!(ScanParser::default().push(&endless), [Scan::Garbled]);
}

#[test]
fn debug_shows_nothing_of_a_scan() {
    assert_eq!(format!("{:?}", zone()), "Zone(89 bytes)");
}

proptest! {
    #[test]
    fn a_whole_message_is_found_in_any_chunking_behind_any_noise(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        chunk in 1_usize..40,
    ) {
        let mut parser = ScanParser::default();
        let stream = [noise, encode_scan(&zone())].concat();
        let found: Vec<Scan> = stream.chunks(chunk).flat_map(|piece| parser.push(piece)).collect();
        prop_assert_eq!(found.last(), Some(&zone()));
    }
}
