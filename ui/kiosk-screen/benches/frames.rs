//! CPU time of a frame at 1080x1920: a whole redraw, a change of screen, and a press. Prints medians in milliseconds.
//! Run with `cargo bench -p ui-kiosk-screen`; the budget is 8 ms for a whole screen and 1 ms for a part of it.

#[path = "../tests/screens/examples.rs"]
mod examples;
#[path = "../tests/screens/making.rs"]
mod making;
#[path = "../tests/screens/stage.rs"]
mod stage;

use slint::LogicalPosition;
use slint::platform::{PointerEventButton, WindowEvent};
use stage::Stage;
use std::time::Duration;
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::web::Element;

/// Time this process has spent on the processor: other programs of the machine do not count.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanoseconds)
}

/// Frames measured together: the kernel writes the time down at its scheduler's tick, 4 ms apart on many machines.
const BATCH: usize = 50;

fn median(what: &str, mut frame: impl FnMut(usize)) {
    let mut times: Vec<Duration> = (0..15)
        .map(|batch| {
            let before = cpu();
            (0..BATCH).for_each(|round| frame(batch * BATCH + round));
            (cpu() - before) / u32::try_from(BATCH).expect("a small count")
        })
        .collect();
    times.sort();
    println!(
        "{what}: {:.2} ms (worst batch {:.2})",
        ms(times[times.len() / 2]),
        ms(times[times.len() - 1])
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn main() {
    let stage = Stage::new();
    let all = examples::all(Lang::ZhHans);
    let find = |name: &str| {
        all.iter()
            .find(|one| one.name == name)
            .and_then(|one| one.model.as_ref())
    };
    let (first, second) = (find("attract"), find("groups"));
    for example in &all {
        stage.show(example.model.as_ref());
    }
    median("change of screen", |round| {
        stage.change(if round % 2 == 0 { first } else { second });
    });
    stage.show(first);
    median("whole screen", |_| stage.canvas.draw_whole());
    let button = stage.elements().into_iter().find(Element::is_button).expect("a button");
    let position = LogicalPosition::new(button.x + 20.0, button.y + 20.0);
    let window = slint::ComponentHandle::window(&stage.app);
    median("button pressed or released", |round| {
        let button = PointerEventButton::Left;
        window.dispatch_event(if round % 2 == 0 {
            WindowEvent::PointerPressed { position, button }
        } else {
            WindowEvent::PointerReleased { position, button }
        });
        stage.canvas.draw();
    });
}
