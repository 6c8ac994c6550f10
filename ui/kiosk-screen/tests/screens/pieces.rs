//! A screen that was drawn piece by piece, as changes came, is the screen drawn whole.

use crate::examples;
use crate::stage::Stage;
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, Rgb8Pixel};
use std::sync::mpsc;
use ticket_dispatcher_types::Lang;
use ui_model::Model;

/// Rows of the panel with the hall's name and the clock.
const HEADER: usize = 104;
/// Pixels of some ticks' and pictograms' edges.
const SOFT_EDGES: usize = 600;

/// Small numbers in an order that is the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).expect("small")
    }
}

/// A touch of the strip, which does nothing but say that somebody is here.
fn touch(stage: &Stage, dice: &mut Dice) {
    let position = LogicalPosition::new(dice.below(1080) as f32, 40.0);
    let button = PointerEventButton::Left;
    let window = stage.app.window();
    window.dispatch_event(WindowEvent::PointerMoved { position });
    window.dispatch_event(WindowEvent::PointerPressed { position, button });
    if dice.below(2) == 0 {
        stage.canvas.draw();
    }
    window.dispatch_event(WindowEvent::PointerReleased { position, button });
    window.dispatch_event(WindowEvent::PointerExited);
}

fn news(dice: &mut Dice, seen: &[Vec<examples::Example>], step: usize) -> Option<Model> {
    let language = &seen[step / 40 % seen.len()];
    let example = &language[dice.below(language.len())];
    example.model.clone().filter(|_| dice.below(6) > 0).map(|mut model| {
        model.clock = format!("{:02}:{:02}", step / 60 % 24, step % 60);
        model.elder = dice.below(9) == 0;
        if dice.below(3) == 0 {
            model.strip.calls.clear();
        }
        model
    })
}

#[test]
fn a_screen_drawn_in_pieces_is_the_screen_drawn_whole() {
    let (ask, asked) = mpsc::channel::<Option<Model>>();
    let (answer, whole) = mpsc::channel::<Vec<Rgb8Pixel>>();
    // The other screen sees only what is compared, and is drawn whole each time.
    let other = std::thread::spawn(move || {
        let stage = Stage::new();
        for model in asked {
            stage.show(model.as_ref());
            stage.canvas.draw_whole();
            if answer.send(stage.pixels()).is_err() {
                break;
            }
        }
    });
    let stage = Stage::new();
    let seen: Vec<Vec<examples::Example>> = [Lang::ZhHans, Lang::ZhHant, Lang::En].map(examples::all).into();
    let mut dice = Dice(7);
    for step in 0..150 {
        let model = news(&mut dice, &seen, step);
        stage.tell(model.as_ref());
        if dice.below(2) == 0 {
            stage.elements();
        }
        if dice.below(3) == 0 {
            touch(&stage, &mut dice);
        }
        if dice.below(3) > 0 {
            stage.canvas.draw();
        }
        if dice.below(4) == 0 {
            stage.show(model.as_ref());
            ask.send(model).expect("the other screen lives");
            let whole = whole.recv().expect("the other screen draws");
            let pieces = stage.pixels();
            let wrong = |rows: std::ops::Range<usize>| {
                let pixels = rows.start * 1080..rows.end * 1080;
                let both = pieces[pixels.clone()].iter().zip(&whole[pixels]);
                both.filter(|(a, b)| a != b).count()
            };
            // A drawing that is cut at the edge of a piece may differ by its soft edge; a word never does.
            assert_eq!(
                wrong(0..HEADER),
                0,
                "step {step}: hall's name or clock was not drawn again"
            );
            assert!(
                wrong(HEADER..1920) < SOFT_EDGES,
                "step {step}: {} pixels",
                wrong(HEADER..1920)
            );
        }
    }
    drop(ask);
    other.join().expect("the other screen ended well");
}
