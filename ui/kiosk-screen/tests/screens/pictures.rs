//! Golden pictures of every screen, at half size. `UPDATE_PICTURES=1` writes them anew: then look at each one.

use crate::{examples, stage::Stage};
use slint::Rgb8Pixel;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::PANEL;
use ui_model::Model;

const WIDTH: usize = PANEL.0 as usize / 2;
const HEIGHT: usize = PANEL.1 as usize / 2;

type Small = Vec<[u8; 3]>;

/// Half the size: plain areas as they are, edges with four bits a colour, so that a palette holds them and every stroke
/// is still there. Plain loops, for this runs unoptimised.
fn small(pixels: &[Rgb8Pixel]) -> Small {
    let mut levels = [0u8; 1021];
    for (sum, level) in levels.iter_mut().enumerate() {
        *level = u8::try_from((sum * 15 + 510) / 1020 * 17).expect("at most 255");
    }
    let mut out = Vec::with_capacity(WIDTH * HEIGHT);
    for rows in pixels.chunks_exact(4 * WIDTH) {
        let (above, below) = rows.split_at(2 * WIDTH);
        let mut x = 0;
        while x < 2 * WIDTH {
            let (a, b, c, d) = (above[x], above[x + 1], below[x], below[x + 1]);
            if a == b && a == c && a == d {
                out.push([a.r, a.g, a.b]);
                x += 2;
                continue;
            }
            let red = a.r as usize + b.r as usize + c.r as usize + d.r as usize;
            let green = a.g as usize + b.g as usize + c.g as usize + d.g as usize;
            let blue = a.b as usize + b.b as usize + c.b as usize + d.b as usize;
            out.push([levels[red], levels[green], levels[blue]]);
            x += 2;
        }
    }
    out
}

fn write(path: &Path, picture: &Small) {
    let colours: BTreeSet<[u8; 3]> = picture.iter().copied().collect();
    let few = colours.len() <= 256;
    let palette: BTreeMap<[u8; 3], u8> = colours.iter().copied().zip(0..=255).collect();
    let mut info = png::Info::with_size(WIDTH as u32, HEIGHT as u32);
    info.bit_depth = png::BitDepth::Eight;
    let file = std::fs::File::create(path).expect("a file");
    if few {
        info.color_type = png::ColorType::Indexed;
        info.palette = Some(colours.into_iter().flatten().collect::<Vec<u8>>().into());
    } else {
        info.color_type = png::ColorType::Rgb;
    }
    let mut encoder = png::Encoder::with_info(file, info).expect("a header");
    encoder.set_compression(png::Compression::High);
    let bytes = if few {
        picture.iter().map(|colour| palette[colour]).collect()
    } else {
        picture.concat()
    };
    encoder
        .write_header()
        .expect("a header")
        .write_image_data(&bytes)
        .expect("the data");
}

fn read(path: &Path) -> Option<Small> {
    let file = std::io::BufReader::new(std::fs::File::open(path).ok()?);
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut bytes).ok()?;
    Some(
        bytes
            .chunks_exact(3)
            .map(|colour| [colour[0], colour[1], colour[2]])
            .collect(),
    )
}

/// Folder and changes of each set.
fn sets() -> [(&'static str, Lang, bool, bool); 7] {
    [
        ("zh-hans", Lang::ZhHans, false, false),
        ("zh-hant", Lang::ZhHant, false, false),
        ("en", Lang::En, false, false),
        ("zh-hans-elder", Lang::ZhHans, true, false),
        ("en-elder", Lang::En, true, false),
        ("zh-hans-low", Lang::ZhHans, false, true),
        ("en-elder-low", Lang::En, true, true),
    ]
}

/// One of each kind of screen, for the sets beside the first.
const KINDS: [&str; 32] = [
    "attract",
    "attract-reader-away",
    "groups",
    "services",
    "search",
    "confirm",
    "confirm-full",
    "present-card",
    "present-card-chosen",
    "reading",
    "card-again",
    "card-not-readable",
    "take-card-loud",
    "check-in-late",
    "priority-offer",
    "issuing-slow",
    "already-holds",
    "ticket-printed",
    "ticket-appointment",
    "ticket-interrupted",
    "ticket-queued",
    "ticket-windows-busy",
    "failed",
    "failed-appointment",
    "offline-attract",
    "offline-confirm",
    "offline-ticket",
    "no-card",
    "privacy",
    "ended",
    "warning-confirm",
    "warning-ticket",
];

/// Where the hand's part moves: the screens worth a picture of their own in low reach.
const LOW: [&str; 5] = ["attract", "groups", "services", "search", "confirm-full"];

#[test]
fn every_screen_looks_as_it_was_last_looked_at() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
    let update = std::env::var_os("UPDATE_PICTURES").is_some();
    let stage = Stage::new();
    let mut wrong = Vec::new();
    for (set, lang, elder, low_reach) in sets() {
        let folder = root.join(set);
        std::fs::create_dir_all(&folder).expect("a folder");
        for example in examples::all(lang) {
            let wanted = if low_reach { &LOW[..] } else { &KINDS[..] };
            let making = !low_reach
                && (crate::making::KINDS.contains(&example.name) || example.name.starts_with("attract-maker"));
            if set != "zh-hans" && !wanted.contains(&example.name) && !making {
                continue;
            }
            let model = example.model.map(|model| Model {
                elder,
                low_reach,
                ..model
            });
            stage.show(model.as_ref());
            let now = small(&stage.pixels());
            let path = folder.join(format!("{}.png", example.name));
            if update {
                write(&path, &now);
            } else if read(&path).as_ref() != Some(&now) {
                let seen = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{set}-{}.png", example.name));
                write(&seen, &now);
                wrong.push(seen.display().to_string());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these differ from tests/pictures:\n{}",
        wrong.join("\n")
    );
}
