//! What no picture tells by itself: sizes in millimetres, overlaps, words that run out of their buttons.

use crate::{examples, stage::Stage};
use slint::ComponentHandle;
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::screens::Theme;
use ui_kiosk_screen::web::Element;
use ui_model::Model;

/// Controls of a flow stand in the lower 60 % of the glass; in low reach in the lower half.
const REACH: f32 = 768.0;
const REACH_LOW: f32 = 960.0;
/// Rounding of the renderer.
const SLACK: f32 = 1.0;

fn inside(inner: &Element, outer: &Element) -> bool {
    inner.x >= outer.x - SLACK
        && inner.y >= outer.y - SLACK
        && inner.x + inner.width <= outer.x + outer.width + SLACK
        && inner.y + inner.height <= outer.y + outer.height + SLACK
}

fn overlap(one: &Element, other: &Element) -> bool {
    one.x + one.width > other.x + SLACK
        && other.x + other.width > one.x + SLACK
        && one.y + one.height > other.y + SLACK
        && other.y + other.height > one.y + SLACK
}

fn starts_in(text: &Element, button: &Element) -> bool {
    let (x, y) = (text.x + text.width / 2.0, text.y + text.height / 2.0);
    x >= button.x && x < button.x + button.width && y >= button.y && y < button.y + button.height
}

fn complaints(elements: &[Element], elder: bool, low_reach: bool, mm: f32) -> Vec<String> {
    let glass = Element {
        x: 0.0,
        y: 0.0,
        width: 1080.0,
        height: 1920.0,
        ..elements[0].clone()
    };
    let (buttons, texts): (Vec<&Element>, Vec<&Element>) = elements
        .iter()
        .filter(|element| element.is_button() || element.role == "text")
        .partition(|e| e.is_button());
    let least = if elder { 25.0 } else { 20.0 } * mm;
    let reach = if low_reach { REACH_LOW } else { REACH };
    let mut out = Vec::new();
    for (index, button) in buttons.iter().enumerate() {
        let label = &button.label;
        if !inside(button, &glass) {
            out.push(format!("{label}: not on the glass"));
        }
        if button.width < least - SLACK || button.height < least - SLACK {
            out.push(format!(
                "{label}: {:.0} x {:.0} is under {least:.0} px",
                button.width, button.height
            ));
        }
        if button.y < reach - SLACK {
            out.push(format!("{label}: at {:.0}, above the reach of {reach:.0}", button.y));
        }
        for other in &buttons[index + 1..] {
            if overlap(button, other) {
                out.push(format!("{label}: overlaps {}", other.label));
            }
        }
    }
    for (index, text) in texts.iter().enumerate() {
        let label = &text.label;
        if !inside(text, &glass) {
            out.push(format!(
                "text {label}: runs off the glass ({:.0} + {:.0})",
                text.x, text.width
            ));
        }
        match buttons.iter().find(|button| starts_in(text, button)) {
            Some(button) if !inside(text, button) => out.push(format!("text {label}: runs out of {}", button.label)),
            Some(_) => {}
            None => {
                if let Some(button) = buttons.iter().find(|button| overlap(text, button)) {
                    out.push(format!("text {label}: under {}", button.label));
                }
            }
        }
        for other in &texts[index + 1..] {
            if overlap(text, other) {
                out.push(format!("text {label}: over text {}", other.label));
            }
        }
    }
    out
}

#[test]
fn every_control_is_big_within_reach_and_holds_its_words() {
    let stage = Stage::new();
    let mm = stage.app.global::<Theme>().get_one_mm();
    let mut wrong = Vec::new();
    for lang in [Lang::ZhHans, Lang::ZhHant, Lang::En] {
        for (elder, low_reach) in [(false, false), (true, false), (false, true), (true, true)] {
            for example in examples::all(lang) {
                let model = example.model.map(|model| Model {
                    elder,
                    low_reach,
                    ..model
                });
                stage.show(model.as_ref());
                let elements = stage.elements();
                let labels: Vec<&str> = elements.iter().map(|element| element.label.as_str()).collect();
                if model.is_some() {
                    for always in ["简体", "繁體", "English"] {
                        assert!(labels.contains(&always), "{always} is missing on {}", example.name);
                    }
                }
                for complaint in complaints(&elements, elder, low_reach, mm) {
                    wrong.push(format!(
                        "{} {lang:?} elder={elder} low={low_reach}: {complaint}",
                        example.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_control_names_itself_once_on_a_screen() {
    let stage = Stage::new();
    for lang in [Lang::ZhHans, Lang::ZhHant, Lang::En] {
        for example in examples::all(lang) {
            stage.show(example.model.as_ref());
            let mut labels: Vec<String> = stage
                .elements()
                .into_iter()
                .filter(Element::is_button)
                .map(|button| button.label)
                .collect();
            labels.sort();
            let count = labels.len();
            labels.dedup();
            // A list of matters has one 去掉 each, told apart by the description.
            let repeated = if example.name == "confirm-full" { 2 } else { 0 };
            assert_eq!(labels.len() + repeated, count, "{} {lang:?}: {labels:?}", example.name);
        }
    }
}
