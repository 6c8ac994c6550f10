//! The twin of a serial document scanner (EST-100PR-NZ): a glass on which a passport lies or a code is shown.
//!
//! It speaks when something is laid down and says nothing else. Whether the real one repeats what lies there is not
//! known; `repeat_ms` makes it do so.

mod zone;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use drivers_id_reader::codec::{Scan, encode_scan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::zone::PassportForm;
use crate::id_reader::from_hex;
use crate::{Heard, Line, Twin};

/// The line's rate (reference section 12).
pub const BAUD: u32 = 256_000;
const LOOK_UP: Duration = Duration::from_millis(20);

/// What goes wrong with the next messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanFault {
    /// For so many messages.
    pub times: u32,
    /// Bytes before the message, in hexadecimal.
    pub noise_hex: String,
    /// Stop after so many bytes.
    pub truncate_to: Option<usize>,
    /// The camera takes a letter of the number for another: the check digits no longer fit.
    pub wrong_letter: bool,
}

/// What lies on the glass.
#[derive(Debug)]
struct Lying {
    scan: Scan,
    kind: &'static str,
    repeated_at: Instant,
}

/// The truth of one scanner.
#[derive(Debug, Default)]
pub struct Glass {
    lying: Option<Lying>,
    to_say: VecDeque<Vec<u8>>,
    fault: ScanFault,
    repeat_ms: Option<u64>,
    messages_count: u64,
}

impl Glass {
    fn lay(&mut self, scan: Scan, kind: &'static str) {
        self.lying = Some(Lying {
            scan,
            kind,
            repeated_at: Instant::now(),
        });
        self.say();
    }

    fn say(&mut self) {
        let Some(lying) = &mut self.lying else { return };
        lying.repeated_at = Instant::now();
        self.messages_count += 1;
        let mut scan = lying.scan.clone();
        let mut sent = Vec::new();
        let faulty = self.fault.times > 0;
        if faulty {
            self.fault.times -= 1;
            if self.fault.wrong_letter
                && let Scan::Zone(text) = &scan
            {
                scan = Scan::Zone(zone::misread(text).into());
            }
            sent = from_hex(&self.fault.noise_hex).unwrap_or_default();
        }
        let mut message = encode_scan(&scan);
        if faulty {
            message.truncate(self.fault.truncate_to.unwrap_or(usize::MAX));
        }
        sent.extend(message);
        self.to_say.push_back(sent);
    }

    /// The next bytes to send, if any.
    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        let due = |lying: &Lying, ms: u64| lying.repeated_at.elapsed() >= Duration::from_millis(ms);
        if let (Some(lying), Some(ms)) = (&self.lying, self.repeat_ms)
            && due(lying, ms)
        {
            self.say();
        }
        self.to_say.pop_front()
    }

    /// What a person at the bench may know.
    fn state(&self) -> Value {
        json!({
            "lying": self.lying.as_ref().map(|lying| lying.kind),
            "fault": self.fault,
            "repeat_ms": self.repeat_ms,
            "messages_count": self.messages_count,
        })
    }
}

/// The scanner.
#[derive(Debug, Default)]
pub struct PassportReader {
    glass: Arc<Mutex<Glass>>,
}

impl PassportReader {
    /// A scanner with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }
}

fn lock(glass: &Mutex<Glass>) -> MutexGuard<'_, Glass> {
    glass.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Twin for PassportReader {
    fn name(&self) -> &'static str {
        "passport-reader"
    }

    fn baud(&self) -> u32 {
        BAUD
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/", get(state))
            .route("/passport", post(lay_passport).delete(lift))
            .route("/code", post(show_code).delete(lift))
            .route("/fault", post(set_fault).delete(clear_fault))
            .with_state(self.glass.clone())
    }

    fn run(self: Box<Self>, mut line: Line) {
        let mut buffer = [0; 64];
        loop {
            // It listens to nobody; this only tells whether the cable is there.
            let heard = line.read(&mut buffer, LOOK_UP);
            match heard {
                Heard::Closed => return,
                Heard::Unplugged => lock(&self.glass).to_say.clear(),
                Heard::Silence | Heard::Bytes(_) => {
                    let bytes = lock(&self.glass).next_bytes();
                    if let Some(bytes) = bytes {
                        line.write(&bytes);
                    }
                }
            }
        }
    }
}

type Shared = State<Arc<Mutex<Glass>>>;

async fn state(State(glass): Shared) -> Json<Value> {
    Json(lock(&glass).state())
}

async fn lay_passport(State(glass): Shared, Json(form): Json<PassportForm>) -> Response {
    match form.zone() {
        Ok(text) => {
            let mut glass = lock(&glass);
            glass.lay(Scan::Zone(text.into()), "passport");
            Json(glass.state()).into_response()
        }
        Err(reason) => refuse(reason),
    }
}

/// `POST /passport-reader/code`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeForm {
    text: String,
}

async fn show_code(State(glass): Shared, Json(form): Json<CodeForm>) -> Json<Value> {
    let mut glass = lock(&glass);
    glass.lay(Scan::Code(form.text.into()), "code");
    Json(glass.state())
}

async fn lift(State(glass): Shared) -> Json<Value> {
    let mut glass = lock(&glass);
    glass.lying = None;
    Json(glass.state())
}

/// `POST /passport-reader/fault`.
#[derive(Debug, Deserialize)]
struct FaultForm {
    #[serde(default)]
    repeat_ms: Option<u64>,
    #[serde(flatten)]
    fault: ScanFault,
}

async fn set_fault(State(glass): Shared, Json(form): Json<FaultForm>) -> Response {
    if from_hex(&form.fault.noise_hex).is_none() {
        return refuse("noise_hex: bytes in hexadecimal");
    }
    let mut glass = lock(&glass);
    glass.repeat_ms = form.repeat_ms;
    glass.fault = form.fault;
    Json(glass.state()).into_response()
}

async fn clear_fault(State(glass): Shared) -> Json<Value> {
    let mut glass = lock(&glass);
    (glass.fault, glass.repeat_ms) = (ScanFault::default(), None);
    Json(glass.state())
}

fn refuse(reason: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": reason }))).into_response()
}
