//! The back of the card as a person sees it, at both resolutions, against pictures that a person has looked at: a name
//! of fifteen characters, an address of thirty-five, a number that ends in X and a rare character.
//!
//! `UPDATE_PICTURES=1 cargo test -p ui-ticket-raster` draws them anew; look at them then.

use std::path::PathBuf;

use ui_ticket_raster::{CardError, CardFace, CardLayout, CardPicture, Fonts};

const PHOTO: &[u8] = include_bytes!("../../../tests/vectors/maker/photo.jpg");

fn face(name: &str, number: &str, address: &str) -> CardFace {
    let digits: Vec<u32> = number.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let part = |from: usize, to: usize| digits[from..to].iter().fold(0, |sum, digit| sum * 10 + digit);
    CardFace {
        name: name.into(),
        sex: if digits[16] % 2 == 1 { "男" } else { "女" }.into(),
        ethnic: "维吾尔".into(),
        birth: format!("{}年{}月{}日", part(6, 10), part(10, 12), part(12, 14)),
        address: address.into(),
        number: number.into(),
        authority: "示例市公安局禅示分局".into(),
        validity: "2026.11.22-2027.02.22".into(),
        photo: PHOTO.to_vec(),
    }
}

/// Made-up people.
fn people() -> [(&'static str, CardFace); 3] {
    let long = "示例省示例市禅示区示例街道样板路一百零二号示例花园第3栋2座1201房";
    assert_eq!(long.chars().count(), 35);
    let name = "阿卜杜热西提·麦麦提艾力江明";
    let fifteen = format!("{name}{}", "示".repeat(15 - name.chars().count()));
    [
        ("name", face(&fifteen, "990101199003070015", "示例省示例市示例街道1号")),
        ("address", face("李𬱖", "990102197612310026", long)),
        (
            "x",
            face("张小明", "99010720030318021X", "佛山市示例街道样板路1024号2座301房"),
        ),
    ]
}

fn png(picture: &CardPicture) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, picture.width.into(), picture.height.into());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::High);
    // In the machine 1 is black, in a PNG 0 is.
    let inverted: Vec<u8> = picture.bits.iter().map(|byte| !byte).collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&inverted).expect("rows");
    writer.finish().expect("an end");
    out
}

fn rows(file: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file))
        .read_info()
        .expect("a picture");
    let mut rows = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut rows).expect("rows");
    rows.truncate(info.buffer_size());
    (info.width, info.height, rows)
}

#[test]
fn the_back_is_drawn_as_a_person_has_seen_it_at_both_resolutions() {
    let fonts = Fonts::bundled();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cards");
    for (name, face) in people() {
        for dpi in [300, 600] {
            let drawn = face.draw(&CardLayout::shipped(), dpi, &fonts).expect("drawn");
            let again = face.draw(&CardLayout::shipped(), dpi, &fonts).expect("drawn");
            assert_eq!(drawn.bits, again.bits, "the same record gives the same bytes");
            let path = folder.join(format!("{name}-{dpi}.png"));
            if std::env::var_os("UPDATE_PICTURES").is_some() {
                std::fs::write(&path, png(&drawn)).expect("written");
            }
            let golden = std::fs::read(&path).expect("a picture");
            assert!(
                rows(&png(&drawn)) == rows(&golden),
                "{name} at {dpi} dpi differs from its picture"
            );
        }
    }
}

#[test]
fn a_character_without_a_glyph_is_refused_and_never_drawn_as_something_else() {
    let face = face("朱\u{F0000}例", "990101199003070015", "示例街道1号");
    for dpi in [300, 600] {
        let drawn = face.draw(&CardLayout::shipped(), dpi, &Fonts::bundled());
        assert!(matches!(drawn, Err(CardError::NoGlyph { .. })), "{dpi}");
    }
}

#[test]
fn upload_of_a_card_is_shorter_packed() {
    for (name, face) in people() {
        for dpi in [300, 600] {
            let drawn = face
                .draw(&CardLayout::shipped(), dpi, &Fonts::bundled())
                .expect("drawn");
            let (raw, packed) = (drawn.bits.len(), drawn.packed().len());
            println!("{name} {dpi} dpi: raw {raw}, packed {packed} bytes");
            assert!(packed < raw, "{name} at {dpi}: {packed} of {raw}");
        }
    }
}

#[test]
fn a_photo_that_breaks_off_is_no_photo() {
    let fonts = Fonts::bundled();
    let draw = |photo: &[u8]| {
        let mut face = people()[0].1.clone();
        face.photo = photo.to_vec();
        face.draw(&CardLayout::shipped(), 300, &fonts)
    };
    assert!(draw(PHOTO).is_ok());
    // 3000: the first 4000 characters of its base64. The last two bytes are its end.
    for length in [0, 100, 700, 3000, PHOTO.len() / 2, PHOTO.len() - 200, PHOTO.len() - 2] {
        let broken = draw(&PHOTO[..length]);
        assert!(matches!(broken, Err(CardError::Photo)), "{length} of {}", PHOTO.len());
    }
    // The same with an end mark put behind the cut.
    for length in [
        700,
        3000,
        PHOTO.len() / 2,
        PHOTO.len() - 200,
        PHOTO.len() - 20,
        PHOTO.len() - 6,
    ] {
        let forged = draw(&[&PHOTO[..length], &[0xFF, 0xD9]].concat());
        assert!(
            matches!(forged, Err(CardError::Photo)),
            "{length} of {} and an end",
            PHOTO.len()
        );
    }
    assert!(
        draw(&[PHOTO, b"\0\0"].concat()).is_ok(),
        "what comes after its end is nobody's face"
    );
}
