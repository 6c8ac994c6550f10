//! Drawing without a display: a platform with one software-rendered window, real time, and frames that can be fetched.

use crate::PANEL;
use slint::platform::software_renderer::{MinimalSoftwareWindow, PhysicalRegion, RepaintBufferType};
use slint::platform::{EventLoopProxy, Platform, WindowAdapter};
use slint::{EventLoopError, PhysicalSize, PlatformError, Rgb8Pixel};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The longest sleep of the loop; work wakes it at once.
const IDLE: Duration = Duration::from_secs(1);

/// One picture of the panel.
#[derive(Debug, Default)]
pub struct Frame {
    /// Counts frames that differ in at least a region, from 1.
    pub number: u64,
    /// Red, green, blue, row by row.
    pub pixels: Vec<Rgb8Pixel>,
}

/// The window and the pixels it is drawn into.
pub struct Canvas {
    window: Rc<MinimalSoftwareWindow>,
    pixels: RefCell<Vec<Rgb8Pixel>>,
}

impl Canvas {
    /// An empty panel.
    pub fn new() -> Self {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        window.set_size(PhysicalSize::new(PANEL.0, PANEL.1));
        let pixels = vec![Rgb8Pixel::default(); PANEL.0 as usize * PANEL.1 as usize];
        Self {
            window,
            pixels: RefCell::new(pixels),
        }
    }

    /// Draws what changed; none when nothing did.
    pub fn draw(&self) -> Option<PhysicalRegion> {
        slint::platform::update_timers_and_animations();
        let mut region = None;
        self.window.draw_if_needed(|renderer| {
            region = Some(renderer.render(&mut self.pixels.borrow_mut(), PANEL.0 as usize));
        });
        region
    }

    /// Draws everything, changed or not.
    pub fn draw_whole(&self) {
        self.window.request_redraw();
        self.window.draw_if_needed(|renderer| {
            renderer.set_repaint_buffer_type(RepaintBufferType::NewBuffer);
            renderer.render(&mut self.pixels.borrow_mut(), PANEL.0 as usize);
            renderer.set_repaint_buffer_type(RepaintBufferType::ReusedBuffer);
        });
    }

    /// The whole panel as it was drawn last.
    pub fn pixels(&self) -> Vec<Rgb8Pixel> {
        self.pixels.borrow().clone()
    }
}

impl Default for Canvas {
    fn default() -> Self {
        Self::new()
    }
}

enum Job {
    Run(Box<dyn FnOnce() + Send>),
    Quit,
}

#[derive(Clone)]
struct Jobs {
    waiting: Arc<Mutex<VecDeque<Job>>>,
    thread: Thread,
}

impl Jobs {
    fn push(&self, job: Job) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(job);
        self.thread.unpark();
    }

    fn pop(&self) -> Option<Job> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl EventLoopProxy for Jobs {
    fn quit_event_loop(&self) -> Result<(), EventLoopError> {
        self.push(Job::Quit);
        Ok(())
    }

    fn invoke_from_event_loop(&self, event: Box<dyn FnOnce() + Send>) -> Result<(), EventLoopError> {
        self.push(Job::Run(event));
        Ok(())
    }
}

/// The platform; made on the thread that will run the loop.
pub struct Headless {
    canvas: Rc<Canvas>,
    jobs: Jobs,
    started: Instant,
    frames: watch::Sender<Arc<Frame>>,
    looped: bool,
}

impl Headless {
    /// The platform, the canvas it draws on, and the frames it will publish.
    pub fn new() -> (Self, Rc<Canvas>, watch::Receiver<Arc<Frame>>) {
        let canvas = Rc::new(Canvas::new());
        let (frames, receiver) = watch::channel(Arc::new(Frame::default()));
        let jobs = Jobs {
            waiting: Arc::default(),
            thread: std::thread::current(),
        };
        (
            Self {
                canvas: canvas.clone(),
                jobs,
                started: Instant::now(),
                frames,
                looped: true,
            },
            canvas,
            receiver,
        )
    }

    /// A platform for whoever draws by hand: without a loop, and so as many in one program as it has threads.
    pub fn by_hand() -> (Self, Rc<Canvas>) {
        let (platform, canvas, _) = Self::new();
        (
            Self {
                looped: false,
                ..platform
            },
            canvas,
        )
    }

    fn draw(&self) {
        let Some(region) = self.canvas.draw() else { return };
        let size = region.bounding_box_size();
        if size.width > 0 && size.height > 0 {
            let number = self.frames.borrow().number + 1;
            self.frames.send_replace(Arc::new(Frame {
                number,
                pixels: self.canvas.pixels(),
            }));
        }
    }
}

impl Platform for Headless {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.canvas.window.clone())
    }

    fn duration_since_start(&self) -> Duration {
        self.started.elapsed()
    }

    fn run_event_loop(&self) -> Result<(), PlatformError> {
        loop {
            // One job a round: each finds the tree as it was drawn, with every conditional part made.
            self.draw();
            match self.jobs.pop() {
                Some(Job::Quit) => return Ok(()),
                Some(Job::Run(run)) => run(),
                None => {
                    let next = slint::platform::duration_until_next_timer_update().unwrap_or(IDLE);
                    let busy = self.canvas.window.has_active_animations();
                    std::thread::park_timeout(if busy {
                        Duration::from_millis(16)
                    } else {
                        next.min(IDLE)
                    });
                }
            }
        }
    }

    fn new_event_loop_proxy(&self) -> Option<Box<dyn EventLoopProxy>> {
        self.looped
            .then(|| Box::new(self.jobs.clone()) as Box<dyn EventLoopProxy>)
    }
}
