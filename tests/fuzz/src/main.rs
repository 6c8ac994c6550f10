//! Fuzz targets for every parser that meets the outside; `HALL_FUZZ` names the one to run (see `run`).
//!
//! Coverage-guided by libFuzzer. A target fails by panicking: on its own, by an arithmetic overflow, or because
//! something that must hold for every input does not. It never opens a port, a socket or a file.
#![no_main]

use std::sync::LazyLock;

use drivers_id_reader::codec::{Blocks, Card, Command, Date, Found, Parser, ReceiptParser, Reply, Scan, ScanParser};
use drivers_temp_id_maker::codec::{Decoder, EventPage, Identity, JobRecord, Request, Sensors, Status};
use drivers_thermal_printer::codec::answer::{Family, Splitter};
use drivers_thermal_printer::codec::status::{fold_automatic, fold_custom};
use libfuzzer_sys::fuzz_target;
use provisioning_config::dispatcher_file::DispatcherFile;
use provisioning_config::hall_file::HallFile;
use provisioning_config::kiosk_file::KioskFile;
use ticket_dispatcher_protocol as wire;
use ticket_dispatcher_replay::Trace;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("HALL_FUZZ").unwrap_or_default();
    match name.as_str() {
        "sdt" => sdt,
        "scan" => scan,
        "receipt" => receipt,
        "mrz" => mrz,
        "escpos" => escpos,
        "tim1" => tim1,
        "http" => http,
        "hall" => files,
        "trace" => trace,
        other => panic!("HALL_FUZZ={other}: name one of sdt scan receipt mrz escpos tim1 http hall trace"),
    }
});

fuzz_target!(|data: &[u8]| TARGET(data));

/// The first byte says in what pieces the rest arrives.
fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (size, rest) = data.split_first().map_or((1, data), |(first, rest)| (usize::from(*first).max(1), rest));
    rest.chunks(size)
}

/// Card readers, both directions, down to the person on the card.
fn sdt(data: &[u8]) {
    for mut parser in [Parser::replies(), Parser::requests()] {
        for piece in pieces(data) {
            parser.push(piece);
            while let Some(found) = parser.next() {
                let Found::Frame(frame) = found else { continue };
                let _ = Command::parse(frame.body());
                let Ok(reply) = Reply::parse(&frame) else { continue };
                let _ = drivers_id_reader::codec::appended_address(reply.data());
                for with_fingerprints in [false, true] {
                    card(Blocks::parse(reply.data(), with_fingerprints).ok());
                }
            }
        }
    }
    // Without the frame around it, which a fuzzer finds hard to make.
    card(Blocks::parse(data, false).ok());
}

fn card(blocks: Option<Blocks>) {
    if let Some(Ok(card)) = blocks.map(Card::decode) {
        serde_json::to_string(&card).expect("every card can be shown");
    }
}

/// The document scanner: passports and codes.
fn scan(data: &[u8]) {
    let mut parser = ScanParser::default();
    for piece in pieces(data) {
        for scan in parser.push(piece) {
            if let Scan::Zone(text) = &scan {
                mrz(text.as_bytes());
            }
            let again = drivers_id_reader::codec::encode_scan(&scan);
            if scan != Scan::Garbled {
                assert_eq!(ScanParser::default().push(&again), [scan], "a scan does not survive its own message");
            }
        }
    }
}

/// The barcode scanner: codes of receipts.
fn receipt(data: &[u8]) {
    let mut parser = ReceiptParser::default();
    let mut codes = Vec::new();
    pieces(data).for_each(|piece| codes.extend(parser.push(piece)));
    let lines = data.get(1..).unwrap_or_default().split(|byte| matches!(byte, b'\r' | b'\n'));
    let whole = |code: &str| lines.clone().any(|line| String::from_utf8_lossy(line).trim() == code);
    assert!(codes.iter().all(|code| whole(code)), "a code that no line of the scanner was");
}

/// Machine-readable zones.
fn mrz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let today = Date::new(2026, 11, 22).expect("a day");
    if let Ok(zone) = drivers_id_reader::mrz::parse(text, today) {
        assert!(zone.birth.is_none_or(|birth| birth <= today), "somebody is born tomorrow");
    }
}

/// What printers answer.
fn escpos(data: &[u8]) {
    for family in [Family::Automatic, Family::CustomFull] {
        let mut splitter = Splitter::new(family);
        for (n, byte) in data.iter().enumerate() {
            splitter.expect_plain(n % 7 == 3);
            let _ = splitter.take(*byte);
        }
    }
    if let Some(four) = data.first_chunk::<4>() {
        let _ = (fold_automatic(*four), fold_custom(*four));
    }
}

/// The maker of temporary cards, both directions.
fn tim1(data: &[u8]) {
    let mut decoder = Decoder::default();
    for byte in data {
        let Some(frame) = decoder.push(*byte) else { continue };
        let mut again = Decoder::default();
        let frames: Vec<_> = frame.encode().into_iter().filter_map(|byte| again.push(byte)).collect();
        assert_eq!(frames, [frame.clone()], "a frame does not survive its own bytes");
        payloads(&frame.payload);
    }
    payloads(data);
}

fn payloads(payload: &[u8]) {
    let _ = Identity::decode(payload);
    let _ = Status::decode(payload);
    let _ = JobRecord::decode(payload);
    let _ = Sensors::decode(payload);
    let _ = EventPage::decode(payload);
    let _ = payload.split_first().map(|(first, rest)| {
        drivers_temp_id_maker::codec::Command::from_code(*first).map(|command| Request::decode(command, rest))
    });
}

/// Bodies of requests, as the dispatcher takes them. What is accepted must come back the same.
fn http(data: &[u8]) {
    macro_rules! bodies {
        ($($body:ty),*) => { $(
            if let Ok(body) = serde_json::from_slice::<$body>(data) {
                let text = serde_json::to_vec(&body).expect("a body can be written");
                let again = serde_json::from_slice::<$body>(&text).expect("what was written can be read");
                assert!(body == again, "a body changed on its way");
            }
        )* };
    }
    bodies!(
        wire::TakeTicket, wire::BookSlot, wire::FindBookings, wire::UnblockBooker, wire::OpenWindow, wire::PauseWindow,
        wire::NextTicket, wire::FinishTicket, wire::TransferTicket, wire::CancelTicket, wire::RateTicket,
        wire::SetPolicy, wire::PickTicket, wire::HandOver
    );
}

/// Files that a technician edits at night.
fn files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let folder = std::path::Path::new("/nowhere");
    for problems in [
        HallFile::parse("hall.toml", text).err(),
        KioskFile::parse("kiosk.toml", text, folder).err(),
        DispatcherFile::parse(&folder.join("dispatcher.toml"), text).err(),
    ] {
        assert!(problems.is_none_or(|problems| !problems.to_string().is_empty()), "refused without a word");
    }
}

/// Recorded days.
fn trace(data: &[u8]) {
    let _ = Trace::parse(data);
}
