//! Words and colours: nothing untranslated, nothing the font cannot draw, nothing too pale.

use crate::stage::Stage;
use ab_glyph::{Font, FontRef};
use slint::{Color, ComponentHandle};
use std::collections::BTreeSet;
use std::path::PathBuf;
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::picture;
use ui_kiosk_screen::screens::Theme;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(root().join("ui")).expect("the folder of the screens") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "slint") {
            all.push_str(&std::fs::read_to_string(path).expect("a file"));
        }
    }
    all
}

fn po(lang: &str) -> String {
    let path = root().join(format!("lang/{lang}/LC_MESSAGES/ui-kiosk-screen.po"));
    std::fs::read_to_string(path).expect("the words of a language")
}

/// The first string of every `@tr(`.
fn wanted() -> BTreeSet<String> {
    let text = sources();
    let parts = text.split("@tr(\"").skip(1);
    parts
        .map(|rest| rest.split('"').next().expect("a string ends").to_owned())
        .collect()
}

/// Identifier and translations of every entry but the head.
fn entries(lang: &str) -> Vec<(String, Vec<String>)> {
    let quoted = |line: &str| {
        line.split_once('"')
            .and_then(|(_, rest)| rest.strip_suffix('"'))
            .map(str::to_owned)
    };
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for line in po(lang).lines() {
        if line.starts_with("msgid \"") {
            out.push((quoted(line).expect("quoted"), Vec::new()));
        } else if line.starts_with("msgstr") {
            out.last_mut()
                .expect("after its msgid")
                .1
                .push(quoted(line).expect("quoted"));
        }
    }
    out.retain(|(id, _)| !id.is_empty());
    out
}

#[test]
fn no_word_lacks_a_translation() {
    let wanted = wanted();
    assert!(wanted.len() > 100, "found only {} words", wanted.len());
    for (lang, forms) in [("zh_Hant", 1), ("en", 2)] {
        let entries = entries(lang);
        let known: BTreeSet<String> = entries.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(
            wanted.difference(&known).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "missing in {lang}"
        );
        assert_eq!(
            known.difference(&wanted).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "unused in {lang}"
        );
        for (id, words) in entries {
            assert!(words.iter().all(|word| !word.is_empty()), "{id} is empty in {lang}");
            assert!(
                words.len() == 1 || words.len() == forms,
                "{id} has {} forms in {lang}",
                words.len()
            );
            let places = |text: &str| text.matches('{').count();
            assert!(
                words.iter().all(|word| places(word) == places(&id)),
                "{id}: a place is lost in {lang}"
            );
        }
    }
}

#[test]
fn place_and_wait_are_said_in_the_words_of_slip_phone_and_catalogue() {
    use crate::examples;
    use ticket_dispatcher_types::wait::{ahead_in_words, wait_in_words};
    use ui_model::{PaperState, Screen, TicketShown, Wait};
    let stage = Stage::new();
    let waits = [None, Some((0, 1)), Some((0, 4)), Some((10, 25)), Some((85, 110))];
    for lang in [Lang::ZhHans, Lang::ZhHant, Lang::En] {
        for people_ahead in [0, 1, 12] {
            for wait in waits {
                let wait = wait.map(|(from_min, to_min)| Wait { from_min, to_min });
                let ticket = TicketShown {
                    people_ahead,
                    wait,
                    ..examples::ticket(lang)
                };
                let screen = Screen::Ticket {
                    ticket,
                    paper: PaperState::Printed,
                    reprint: false,
                };
                stage.show(Some(&examples::model(lang, screen)));
                let labels: Vec<String> = stage.elements().into_iter().map(|element| element.label).collect();
                let said = |words: String| labels.contains(&words);
                assert!(
                    said(ahead_in_words(lang, people_ahead, wait)),
                    "{people_ahead} {wait:?} in {labels:?}"
                );
                let next = people_ahead == 0 && wait.is_some_and(Wait::is_now);
                assert_eq!(
                    said(wait_in_words(lang, wait)),
                    !next,
                    "{people_ahead} {wait:?} in {labels:?}"
                );
            }
        }
    }
}

#[test]
fn the_font_draws_every_character_of_the_screens() {
    let text = sources() + &po("zh_Hant") + &po("en");
    let characters: BTreeSet<char> = text.chars().filter(|c| !c.is_control()).collect();
    assert!(characters.len() > 300, "only {} characters", characters.len());
    for name in ["KioskSans-Regular.otf", "KioskSans-Bold.otf"] {
        let bytes = std::fs::read(root().join("../fonts").join(name)).expect("the font");
        let font = FontRef::try_from_slice(&bytes).expect("a font");
        let missing: Vec<&char> = characters.iter().filter(|c| font.glyph_id(**c).0 == 0).collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}");
    }
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |colour: Color| {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(colour.red()) + 0.7152 * part(colour.green()) + 0.0722 * part(colour.blue())
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_of_text_stands_out_from_its_ground() {
    let stage = Stage::new();
    picture::select(Lang::ZhHans);
    let theme = stage.app.global::<Theme>();
    // One set of colours for both modes: text keeps the 7:1 that large type asks for.
    let text = [
        ("on header", theme.get_on_primary(), theme.get_navy()),
        ("on primary", theme.get_on_primary(), theme.get_primary()),
        ("on primary held", theme.get_on_primary(), theme.get_primary_pressed()),
        ("ink on ground", theme.get_ink(), theme.get_ground()),
        ("ink on card", theme.get_ink(), theme.get_card()),
        ("ink on tint", theme.get_ink(), theme.get_tint()),
        ("ink on tint held", theme.get_ink(), theme.get_tint_pressed()),
        ("soft ink on ground", theme.get_ink_soft(), theme.get_ground()),
        ("soft ink on card", theme.get_ink_soft(), theme.get_card()),
        ("soft ink on tint", theme.get_ink_soft(), theme.get_tint()),
        ("primary on card", theme.get_primary(), theme.get_card()),
        ("primary on ground", theme.get_primary(), theme.get_ground()),
        ("off", theme.get_off_ink(), theme.get_off()),
        ("warn", theme.get_warn_ink(), theme.get_warn()),
        ("warn on tint", theme.get_warn_ink(), theme.get_tint()),
        ("bad", theme.get_bad_ink(), theme.get_bad()),
        ("bad on ground", theme.get_bad_ink(), theme.get_ground()),
        ("good", theme.get_good_ink(), theme.get_good()),
    ];
    for (what, ink, ground) in text {
        let ratio = contrast(ink, ground);
        assert!(ratio >= 7.0, "{what}: {ratio:.2}");
    }
    for (what, line, ground) in [
        ("frame on card", theme.get_line(), theme.get_card()),
        ("frame on ground", theme.get_line(), theme.get_ground()),
        ("frame on tint", theme.get_line(), theme.get_tint()),
        ("pictogram on tint", theme.get_primary(), theme.get_tint()),
    ] {
        let ratio = contrast(line, ground);
        assert!(ratio >= 3.0, "{what}: {ratio:.2}");
    }
}
