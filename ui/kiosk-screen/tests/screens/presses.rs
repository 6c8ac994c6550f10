//! What a finger presses counts, whatever news comes while it lies on the glass.

use crate::examples;
use crate::stage::Stage;
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};
use std::cell::RefCell;
use std::rc::Rc;
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::intents;
use ui_model::{Intent, Model, Screen};

/// Presses the control in the middle, shows `news` while the finger lies there, lifts it; what was meant by it.
fn press_while(stage: &Stage, sent: &Rc<RefCell<Vec<Intent>>>, label: &str, news: &Model) -> Vec<Intent> {
    let all = stage.elements();
    let control = all
        .iter()
        .find(|element| element.label.starts_with(label))
        .unwrap_or_else(|| panic!("{label} is not on the screen"));
    let position = LogicalPosition::new(control.x + control.width / 2.0, control.y + control.height / 2.0);
    let button = PointerEventButton::Left;
    let window = stage.app.window();
    sent.borrow_mut().clear();
    window.dispatch_event(WindowEvent::PointerMoved { position });
    window.dispatch_event(WindowEvent::PointerPressed { position, button });
    stage.canvas.draw();
    stage.show(Some(news));
    window.dispatch_event(WindowEvent::PointerReleased { position, button });
    window.dispatch_event(WindowEvent::PointerExited);
    std::thread::sleep(intents::PRESS_GAP);
    let sent = sent.borrow();
    sent.iter()
        .filter(|one| !matches!(one, Intent::Touched))
        .cloned()
        .collect()
}

fn example(name: &str) -> Model {
    let all = examples::all(Lang::ZhHans);
    let found = all.into_iter().find(|example| example.name == name);
    found
        .and_then(|example| example.model)
        .expect("an example of that name")
}

#[test]
fn news_in_the_middle_of_a_press_does_not_lose_it() {
    let stage = Stage::new();
    let sent: Rc<RefCell<Vec<Intent>>> = Rc::default();
    let told = sent.clone();
    intents::connect(&stage.app, move |intent| told.borrow_mut().push(intent));

    let groups = example("groups");
    stage.show(Some(&groups));
    let mut busier = groups.clone();
    busier.clock = "14:06".into();
    let Screen::Groups { groups: rows, .. } = &mut busier.screen else {
        panic!("groups")
    };
    for row in rows.iter_mut() {
        row.waiting += 1;
    }
    let (name, id) = (rows[0].name.clone(), rows[0].id.clone());
    assert_eq!(
        press_while(&stage, &sent, &name, &busier),
        [Intent::ChooseGroup { group: id }]
    );

    let services = example("services");
    stage.show(Some(&services));
    let mut cut_off = services.clone();
    cut_off.offline = true;
    let Screen::Services {
        wait, services: rows, ..
    } = &mut cut_off.screen
    else {
        panic!("services")
    };
    *wait = None;
    let (name, id) = (rows[0].name.clone(), rows[0].id.clone());
    assert_eq!(
        press_while(&stage, &sent, &name, &cut_off),
        [Intent::ChooseService { service: id }]
    );

    let confirm = example("confirm-full");
    stage.show(Some(&confirm));
    let Screen::Confirm { matters, .. } = &confirm.screen else {
        panic!("confirm")
    };
    let id = matters[0].id.clone();
    let mut again = confirm.clone();
    again.clock = "14:06".into();
    assert_eq!(
        press_while(&stage, &sent, "去掉", &again),
        [Intent::RemoveService { service: id }]
    );
}

#[test]
fn a_press_never_chooses_what_was_not_under_the_finger() {
    let stage = Stage::new();
    let sent: Rc<RefCell<Vec<Intent>>> = Rc::default();
    let told = sent.clone();
    intents::connect(&stage.app, move |intent| told.borrow_mut().push(intent));
    let services = example("services");
    stage.show(Some(&services));
    let mut turned = services.clone();
    let Screen::Services { services: rows, .. } = &mut turned.screen else {
        panic!("services")
    };
    let name = rows[0].name.clone();
    rows.reverse();
    assert_eq!(press_while(&stage, &sent, &name, &turned), []);
}
