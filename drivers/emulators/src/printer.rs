//! The twin of a ticket printer: real bytes in, paper out.
//!
//! It has a roll that ends at a dot row, a cover, a cutter, an exit, a receive buffer that fills up, and a supply of
//! its own: pulling the cable loses nothing of what it holds, as with a real kiosk printer. It shares with the driver
//! only the codec and the numbers of the profile; it must never use the driver's machine.

mod command;
mod device;
mod paper;
mod picture;
mod typesetter;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use drivers_thermal_printer::Profile;
use serde_json::{Value, json};

pub use device::{Cover, Cutter, Device, Fault, PaperFault, View};
pub use paper::Piece;
pub use picture::png;

use crate::{Heard, Line, Twin};

/// The printer with its control interface.
#[derive(Debug, Clone)]
pub struct PrinterTwin {
    profile: &'static Profile,
    truth: Arc<Mutex<Device>>,
    switched_on: Instant,
    switched_on_unix_ms: u64,
}

impl PrinterTwin {
    /// A printer of this model, switched on now.
    pub fn new(profile: &'static Profile) -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            profile,
            truth: Arc::new(Mutex::new(Device::new(profile))),
            switched_on: Instant::now(),
            switched_on_unix_ms: u64::try_from(unix.as_millis()).unwrap_or(0),
        }
    }

    fn truth(&self) -> MutexGuard<'_, Device> {
        let mut device = self.truth.lock().unwrap_or_else(PoisonError::into_inner);
        device.advance_to(u64::try_from(self.switched_on.elapsed().as_micros()).unwrap_or(u64::MAX));
        device
    }

    /// A person does something to it.
    pub fn fault(&self, fault: Fault) {
        self.truth().fault(fault);
    }

    /// What a person sees.
    pub fn view(&self) -> View {
        self.truth().view()
    }

    /// What came out so far.
    pub fn pieces(&self) -> Vec<Piece> {
        self.truth().pieces().to_vec()
    }

    fn job(&self, piece: &Piece) -> Value {
        let unix = |us: u64| self.switched_on_unix_ms + us / 1000;
        json!({
            "id": piece.id,
            "complete": piece.complete,
            "torn": !piece.complete,
            "dots": piece.picture.rows(),
            "height_mm": f64::from(piece.picture.rows()) / 8.0,
            "bytes": piece.bytes.len(),
            "at": unix(piece.left_us),
            "first_byte_ms": piece.arrived_us.map(|(first, _)| unix(first)),
            "last_byte_ms": piece.arrived_us.map(|(_, last)| unix(last)),
            "taken": piece.taken,
            "text": piece.text,
            "qr": piece.qr,
        })
    }
}

impl Twin for PrinterTwin {
    fn name(&self) -> &'static str {
        "printer"
    }

    fn baud(&self) -> u32 {
        self.profile.baud
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/", get(view))
            .route("/fault", post(fault))
            .route("/take", post(take))
            .route("/jobs", get(jobs))
            .route("/jobs/{file}", get(job_file))
            .with_state(self.clone())
    }

    fn run(self: Box<Self>, mut line: Line) {
        let mut buffer = [0; 256];
        loop {
            let room = self.truth().room().min(buffer.len());
            // A full printer stops reading: what the host sends next stays on the line.
            let heard = match room {
                0 => line.pause(Duration::from_millis(2)),
                room => line.read(&mut buffer[..room], Duration::from_millis(2)),
            };
            let count = match heard {
                Heard::Bytes(count) => count,
                Heard::Silence | Heard::Unplugged => 0,
                Heard::Closed => return,
            };
            let replies = {
                let mut device = self.truth();
                buffer[..count].iter().for_each(|byte| device.receive(*byte));
                device.take_replies()
            };
            if !replies.is_empty() {
                line.write(&replies);
            }
        }
    }
}

async fn view(State(twin): State<PrinterTwin>) -> Json<View> {
    Json(twin.truth().view())
}

async fn fault(State(twin): State<PrinterTwin>, Json(fault): Json<Fault>) -> Json<View> {
    let mut device = twin.truth();
    device.fault(fault);
    Json(device.view())
}

async fn take(State(twin): State<PrinterTwin>) -> Json<Value> {
    Json(json!({ "taken": twin.truth().take_ticket() }))
}

async fn jobs(State(twin): State<PrinterTwin>) -> Json<Vec<Value>> {
    let device = twin.truth();
    Json(device.pieces().iter().map(|piece| twin.job(piece)).collect())
}

async fn job_file(State(twin): State<PrinterTwin>, Path(file): Path<String>) -> Response {
    let found = file.rsplit_once('.').and_then(|(id, kind)| {
        let id: u32 = id.parse().ok()?;
        let piece = twin.truth().pieces().iter().find(|piece| piece.id == id)?.clone();
        Some((piece, kind.to_string()))
    });
    match found {
        Some((piece, kind)) if kind == "bin" => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], piece.bytes).into_response()
        }
        Some((piece, kind)) if kind == "png" => match png(&piece.picture) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "image/png")], bytes).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
        _ => (StatusCode::NOT_FOUND, "no such job: /printer/jobs lists them\n").into_response(),
    }
}
