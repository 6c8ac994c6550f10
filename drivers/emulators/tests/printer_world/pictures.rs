//! What came out, as pictures that a person looked at.

use std::path::Path;

use drivers_emulators::printer::png;
use drivers_thermal_printer::profile::ALL;
use drivers_thermal_printer::{JobOutcome, Profile, TicketSlip};
use ticket_dispatcher_types::Lang;

use crate::world::World;

fn paper(profile: &'static Profile, slip: &TicketSlip) -> Vec<u8> {
    let mut world = World::new(profile);
    assert_eq!(world.print(slip), JobOutcome::Printed, "{}", profile.name);
    world.run(2_000);
    png(&world.device.pieces()[0].picture).expect("a picture")
}

/// Compares with the golden picture; `UPDATE_PICTURES=1` writes it anew, to be looked at before it is committed.
fn golden(name: &str, picture: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/printer")
        .join(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        std::fs::write(&path, picture).expect("written");
    }
    let wanted = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(wanted == picture, "{name} differs from the golden picture");
}

/// Names are on no real slip unmasked; they stand here so that the rare characters are seen.
fn rare(lang: Lang) -> TicketSlip {
    TicketSlip {
        masked_name: Some("张䶮 李𬱖".into()),
        lang,
        ..TicketSlip::sample()
    }
}

#[test]
fn rare_names_are_legible_on_every_model() {
    for profile in ALL {
        golden(
            &format!("ticket-rare-{}.png", profile.name),
            &paper(profile, &rare(Lang::ZhHans)),
        );
    }
}

#[test]
fn a_reprint_says_so_in_three_languages() {
    for (lang, name) in [(Lang::ZhHans, "zh-hans"), (Lang::ZhHant, "zh-hant"), (Lang::En, "en")] {
        let slip = TicketSlip {
            lang,
            wait: None,
            ..TicketSlip::sample()
        }
        .reprinted();
        golden(
            &format!("ticket-reprint-{name}.png"),
            &paper(&drivers_thermal_printer::profile::EPSON, &slip),
        );
    }
}

#[test]
fn a_long_hall_name_and_many_windows_break_where_a_reader_expects() {
    let windows = ["1", "2", "3", "4", "11", "12"].map(|number| format!("{number}号综合窗口"));
    let others = ["5号民生窗口", "6号民生窗口", "7号民生窗口", "公安1号窗口"].map(String::from);
    let slip = TicketSlip {
        hall: "佛山市示例街道政务服务中心".into(),
        services: vec!["灵活就业人员参保登记、变更".into()],
        windows: windows.into_iter().chain(others).collect(),
        ..TicketSlip::sample()
    };
    golden(
        "ticket-long-names.png",
        &paper(&drivers_thermal_printer::profile::EPSON, &slip),
    );
}
