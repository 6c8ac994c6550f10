//! The bytes of tickets: pinned, counted, and compared with an encoder that others wrote.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use drivers_thermal_printer::codec::command;
use drivers_thermal_printer::profile::{ALL, CUSTOM, EPSON, MASUNG, SNBC};
use drivers_thermal_printer::{Profile, TicketSlip};
use escpos::driver::Driver;
use escpos::errors::Result as EscposResult;
use escpos::printer::Printer;
use escpos::utils::{Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption};
use ticket_dispatcher_types::Lang;
use ui_ticket_raster::{Cell, Fonts, GlyphSource};

fn hex(bytes: &[u8]) -> String {
    bytes
        .chunks(32)
        .map(|line| line.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ") + "\n")
        .collect()
}

/// Golden bytes; `UPDATE_VECTORS=1` writes them anew, to be read before they are committed.
fn pinned(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/printer")
        .join(name);
    let head = "# Our own sample ticket (TicketSlip::sample), laid out by this profile; made-up person.\n";
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, format!("{head}{}", hex(bytes))).expect("written");
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(hex(bytes), text.strip_prefix(head).expect("the head line"), "{name}");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn sample_ticket_is_pinned_for_every_profile() {
    for profile in ALL {
        let rendered = TicketSlip::sample().render(profile, &Fonts::bundled());
        assert_eq!(rendered.undrawn, []);
        assert!(
            rendered.bytes.len() < usize::from(profile.receive_buffer),
            "fits without flow control"
        );
        pinned(&format!("sample-ticket-{}.hex", profile.name), &rendered.bytes);
    }
}

#[test]
fn sample_ticket_stays_under_400_bytes_in_text_mode() {
    for profile in [&EPSON, &SNBC] {
        let bytes = TicketSlip::sample().render(profile, &Fonts::bundled()).bytes.len();
        let with_marker = bytes + command::process_id([0; 4]).len();
        assert!(with_marker < 400, "{}: {with_marker} bytes", profile.name);
    }
}

#[test]
fn a_slip_holds_its_number_its_words_and_one_cut() {
    for profile in ALL {
        let bytes = TicketSlip::sample().render(profile, &Fonts::bundled()).bytes;
        assert!(bytes.starts_with(&command::INITIALISE), "{}", profile.name);
        assert!(contains(&bytes, b"A012\n"), "{}", profile.name);
        assert!(
            !contains(&bytes, &[0xB2, 0xB9, 0xB4, 0xF2]),
            "{}: 补打 on a first slip",
            profile.name
        );
        assert!(bytes.ends_with(profile.cut.command), "{}", profile.name);
        let again = TicketSlip::sample()
            .reprinted()
            .render(profile, &Fonts::bundled())
            .bytes;
        assert!(
            contains(&again, &[0xB2, 0xB9, 0xB4, 0xF2]),
            "{}: 补打 on a reprint",
            profile.name
        );
    }
}

fn rare(text: &str) -> TicketSlip {
    TicketSlip {
        masked_name: Some(text.into()),
        ..TicketSlip::sample()
    }
}

#[test]
fn a_kept_appointment_says_so_and_when_in_every_language() {
    let fonts = Fonts::bundled();
    // 预约 and 預約 (GB 18030), and the slot behind them, as the printer's own characters.
    let words: [(Lang, &[u8]); 3] = [
        (Lang::ZhHans, b"\xD4\xA4\xD4\xBC 10:00-10:30\x0A"),
        (Lang::ZhHant, b" 10:00-10:30\x0A"),
        (Lang::En, b"Appointment 10:00-10:30\x0A"),
    ];
    for (lang, line) in words {
        let slip = TicketSlip {
            appointment: Some("10:00-10:30".into()),
            lang,
            ..TicketSlip::sample()
        };
        let kept = slip.render(&EPSON, &fonts);
        assert!(contains(&kept.bytes, line), "{lang:?}");
        assert_eq!(kept.undrawn, [], "{lang:?}");
        let ordinary = TicketSlip {
            lang,
            ..TicketSlip::sample()
        };
        assert!(
            !contains(&ordinary.render(&EPSON, &fonts).bytes, b" 10:00-10:30"),
            "{lang:?}"
        );
    }
}

#[test]
fn a_rare_character_goes_the_way_of_its_profile() {
    let fonts = Fonts::bundled();
    let columns = fonts.glyph('𬱖', Cell::HAN).expect("bundled").columns();
    let definition = command::define_user_character(0xA1, &columns);
    for profile in [&EPSON, &SNBC] {
        let bytes = rare("李𬱖").render(profile, &fonts).bytes;
        assert!(contains(&bytes, &definition), "{}", profile.name);
        assert!(
            contains(&bytes, &[0xC0, 0xEE, 0xFE, 0xA1, 0x0A]),
            "{}: 李 and the user character",
            profile.name
        );
    }
    // The name is a double-size line: models without user characters get it as one picture, doubled on both axes.
    for profile in [&MASUNG, &CUSTOM] {
        let bytes = rare("李𬱖").render(profile, &fonts).bytes;
        assert!(
            contains(&bytes, &[0x1D, 0x76, 0x30, 3, 6, 0, 24, 0]),
            "{}",
            profile.name
        );
    }
    // On a line of small print it stands in the text.
    let slip = TicketSlip {
        windows: vec!["𬱖".into()],
        ..TicketSlip::sample()
    };
    let inline = command::inline_picture(&columns);
    assert!(contains(&slip.render(&MASUNG, &fonts).bytes, &inline));
    for profile in ALL {
        let bytes = rare("李𬱖").render(profile, &fonts).bytes;
        assert!(
            !contains(&bytes, &[0x99, 0x33, 0xC3, 0x36]),
            "{}: a four-byte code went out",
            profile.name
        );
    }
}

#[test]
fn user_characters_beyond_the_slots_are_drawn_another_way() {
    let fonts = Fonts::bundled();
    let one_slot: &'static Profile = Box::leak(Box::new(Profile {
        user_characters: 1,
        ..EPSON
    }));
    let slip = TicketSlip {
        windows: vec!["䶮𬱖䶮".into()],
        ..TicketSlip::sample()
    };
    let bytes = slip.render(one_slot, &fonts).bytes;
    let second = command::inline_picture(&fonts.glyph('𬱖', Cell::HAN).expect("bundled").columns());
    let mut line = vec![0xFE, 0xA1];
    line.extend(second);
    line.extend([0xFE, 0xA1]);
    assert!(contains(&bytes, &line));
}

#[test]
fn what_no_font_has_is_a_box_and_is_reported_once() {
    for profile in ALL {
        let rendered = rare("李\u{E863}\u{E863}").render(profile, &Fonts::bundled());
        assert_eq!(rendered.undrawn, ['\u{E863}'], "{}", profile.name);
        assert!(
            contains(&rendered.bytes, &[0xC0, 0xEE, 0xA1, 0xFE, 0xA1, 0xFE]),
            "{}",
            profile.name
        );
    }
}

#[test]
fn traditional_and_english_slips_have_nothing_undrawn_and_fit_every_buffer() {
    for lang in [Lang::ZhHant, Lang::En] {
        for profile in ALL {
            let slip = TicketSlip {
                lang,
                services: vec!["社會保險登記與待遇核定".into()],
                ..TicketSlip::sample()
            };
            let rendered = slip.reprinted().render(profile, &Fonts::bundled());
            assert_eq!(rendered.undrawn, [], "{}", profile.name);
            assert!(
                rendered.bytes.len() < usize::from(profile.receive_buffer),
                "{} {lang:?}",
                profile.name
            );
        }
    }
}

#[test]
fn no_picture_on_a_slip_holds_what_a_printer_obeys_at_once() {
    let fonts = Fonts::bundled();
    for round in 0..300 {
        let slip = TicketSlip {
            lookup_url: format!("https://hall.example/q?t={round:012}"),
            ..rare("李䶮𬱖")
        };
        for profile in [&MASUNG, &CUSTOM] {
            let bytes = slip.render(profile, &fonts).bytes;
            assert!(
                !command::holds_real_time_sequence(&bytes),
                "{} round {round}",
                profile.name
            );
        }
    }
}

#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Driver for Paper {
    fn name(&self) -> String {
        "paper".into()
    }
    fn write(&self, data: &[u8]) -> EscposResult<()> {
        self.0.borrow_mut().extend_from_slice(data);
        Ok(())
    }
    fn read(&self, _: &mut [u8]) -> EscposResult<usize> {
        Ok(0)
    }
    fn flush(&self) -> EscposResult<()> {
        Ok(())
    }
}

/// The crate `escpos` agrees on the bytes of a QR code, of sizes and of alignment.
#[test]
fn our_bytes_equal_those_of_another_encoder() {
    let paper = Paper::default();
    let url = TicketSlip::sample().lookup_url;
    let mut printer = Printer::new(paper.clone(), Protocol::default(), None);
    let option = QRCodeOption::new(QRCodeModel::Model2, 6, QRCodeCorrectionLevel::M);
    printer
        .qrcode_option(&url, option)
        .expect("a code")
        .print()
        .expect("written");
    assert_eq!(hex(&paper.0.borrow()), hex(&command::native_qr(url.as_bytes(), 6)));

    paper.0.borrow_mut().clear();
    printer
        .init()
        .expect("init")
        .size(5, 5)
        .expect("a size")
        .print()
        .expect("written");
    let bytes = paper.0.borrow().clone();
    assert!(
        contains(&bytes, &command::INITIALISE) && contains(&bytes, &command::size(5, 5)),
        "{}",
        hex(&bytes)
    );
}
