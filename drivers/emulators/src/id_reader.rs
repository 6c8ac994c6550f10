//! The twin of an ID card reader: a SAM_V module behind a serial line, with a place where cards lie.

mod drawer;
mod fault;
mod form;
mod module;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use drivers_id_reader::codec::{Command, Found, Parser, RequestError, Status};
use serde_json::{Value, json};

pub use self::drawer::drawer;
pub(crate) use self::fault::from_hex;
pub use self::fault::{FaultForm, Rule};
pub use self::form::{FormError, LaidCard, lay};
pub use self::module::{Behaviour, Health, Module};
use crate::{Heard, Line, Twin};

/// A request that stops in the middle is answered with 11 after this silence.
const REQUEST_GAP: Duration = Duration::from_millis(200);
/// How often the thread looks up from the line.
const LOOK_UP: Duration = Duration::from_millis(20);

/// The reader: [`Module`] is its truth, shared with the control interface.
#[derive(Debug, Default)]
pub struct IdReader {
    module: Arc<Mutex<Module>>,
}

impl IdReader {
    /// A reader with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle on the truth, for tests in the same process.
    pub fn handle(&self) -> Arc<Mutex<Module>> {
        self.module.clone()
    }
}

fn lock(module: &Mutex<Module>) -> MutexGuard<'_, Module> {
    module.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Twin for IdReader {
    fn name(&self) -> &'static str {
        "id-reader"
    }

    fn baud(&self) -> u32 {
        lock(&self.module).baud().rate()
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/", get(state))
            .route("/card", post(lay_card).delete(lift_card))
            .route("/fault", post(set_fault).delete(clear_faults))
            .route("/drawer", get(|| async { Json(drawer()) }))
            .with_state(self.module.clone())
    }

    fn run(self: Box<Self>, line: Line) {
        serve(&self.module, line);
    }
}

fn serve(module: &Mutex<Module>, mut line: Line) {
    let mut parser = Parser::requests();
    let mut buffer = [0; 256];
    let mut last_heard = Instant::now();
    let mut plugs_count = line.plugs_count();
    loop {
        let rate = lock(module).baud().rate();
        line.set_baud(rate);
        match line.read(&mut buffer, LOOK_UP) {
            Heard::Closed => return,
            Heard::Unplugged => continue,
            Heard::Silence if parser.pending_len() > 0 && last_heard.elapsed() > REQUEST_GAP => {
                // Fewer bytes than announced: the module says so, but only to what looked like a request at all.
                let had_length = parser.pending_len() >= 7;
                parser.clear();
                if had_length {
                    answer(module, &mut line, Err(Status::RequestLength));
                }
            }
            Heard::Silence => {}
            Heard::Bytes(count) => {
                last_heard = Instant::now();
                if plugs_count != line.plugs_count() {
                    plugs_count = line.plugs_count();
                    lock(module).power_on();
                    parser.clear();
                }
                parser.push(&buffer[..count]);
                while let Some(found) = parser.next() {
                    answer(module, &mut line, understood(&found));
                }
            }
        }
    }
}

fn understood(found: &Found) -> Result<Command, Status> {
    match found {
        Found::Frame(frame) => Command::parse(frame.body()).map_err(|error| match error {
            RequestError::Length => Status::RequestLength,
            RequestError::Unknown(..) => Status::UnknownCommand,
        }),
        Found::BadCheck => Err(Status::RequestCheck),
        Found::BadLength(_) => Err(Status::RequestLength),
    }
}

fn answer(module: &Mutex<Module>, line: &mut Line, request: Result<Command, Status>) {
    let rule = lock(module).take_faults(request.ok());
    // A module that lost its power in the middle of a reply does not go on with it when the plug is back.
    let life = line.plugs_count();
    thread::sleep(Duration::from_millis(rule.delay_ms));
    // Only now does the module look at the card: one that was lifted meanwhile is gone.
    let reply = lock(module).answer(request, &rule);
    line.begin_reply();
    let chunk = rule.chunk_bytes.unwrap_or(usize::MAX).max(1);
    for piece in reply.chunks(chunk) {
        if line.plugs_count() != life || !line.write(piece) {
            return;
        }
        thread::sleep(Duration::from_millis(rule.chunk_delay_ms));
    }
    // Not 30 03: a driver goes on asking it to see whether the card still lies there.
    let record = matches!(request, Ok(Command::ReadBase | Command::ReadBaseAndFingerprints));
    let mut module = lock(module);
    if record && !reply.is_empty() {
        module.stamp_read_reply(unix_ms());
    }
    module.after(request, &rule);
}

/// Wall clock, for figures that compare several processes.
fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

type Shared = State<Arc<Mutex<Module>>>;

async fn state(State(module): Shared) -> Json<Value> {
    Json(lock(&module).state())
}

async fn lay_card(State(module): Shared, Json(form): Json<Value>) -> Response {
    match lay(&form) {
        Ok((card, behaviour)) => {
            let mut module = lock(&module);
            if let Some(behaviour) = behaviour {
                module.set_behaviour(behaviour);
            }
            module.lay_down(card);
            module.stamp_laid(unix_ms());
            Json(module.state()).into_response()
        }
        Err(error) => refuse(&error.to_string()),
    }
}

async fn lift_card(State(module): Shared) -> Json<Value> {
    let mut module = lock(&module);
    module.lift();
    Json(module.state())
}

async fn set_fault(State(module): Shared, Json(form): Json<Value>) -> Response {
    match FaultForm::parse(form) {
        Ok(form) => {
            let mut module = lock(&module);
            module.set_fault(form);
            Json(module.state()).into_response()
        }
        Err(reason) => refuse(&reason),
    }
}

async fn clear_faults(State(module): Shared) -> Json<Value> {
    let mut module = lock(&module);
    module.clear_faults();
    Json(module.state())
}

fn refuse(reason: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": reason }))).into_response()
}
