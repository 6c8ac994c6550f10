//! One window for each test thread, drawn with the software renderer.

use slint::{ComponentHandle, Rgb8Pixel};
use std::rc::Rc;
use ui_kiosk_screen::headless::{Canvas, Headless};
use ui_kiosk_screen::picture;
use ui_kiosk_screen::screens::App;
use ui_kiosk_screen::web::{Element, elements};
use ui_model::Model;

pub struct Stage {
    pub app: App,
    pub canvas: Rc<Canvas>,
}

impl Stage {
    pub fn new() -> Self {
        let (platform, canvas) = Headless::by_hand();
        slint::platform::set_platform(Box::new(platform)).expect("the first on this thread");
        let app = App::new().expect("the screens start");
        app.show().expect("shown");
        Self { app, canvas }
    }

    /// Shows a model, or that the kiosk is away, until nothing changes any more.
    pub fn show(&self, model: Option<&Model>) {
        self.tell(model);
        for _ in 0..3 {
            self.canvas.draw();
        }
    }

    /// Tells the screens a model, and draws nothing yet.
    pub fn tell(&self, model: Option<&Model>) {
        match model {
            Some(model) => picture::show(&self.app, model),
            None => picture::show_disconnected(&self.app),
        }
    }

    /// Shows a model in one frame.
    #[allow(dead_code, reason = "only the bench counts single frames")]
    pub fn change(&self, model: Option<&Model>) {
        if let Some(model) = model {
            picture::show(&self.app, model);
        }
        self.canvas.draw();
    }

    #[allow(dead_code, reason = "the bench does not look")]
    pub fn pixels(&self) -> Vec<Rgb8Pixel> {
        self.canvas.pixels()
    }

    pub fn elements(&self) -> Vec<Element> {
        elements(&self.app)
    }
}
