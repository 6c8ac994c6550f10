//! The twin of a barcode scanner on a serial line: 9600 8N1, what it reads goes out as text ended by CR.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Heard, Line, Twin};

/// Codes that were shown to it and are not yet sent, and how many it has sent.
#[derive(Debug, Default)]
struct Window {
    waiting: VecDeque<String>,
    sent_count: u32,
}

/// The scanner on the bench.
#[derive(Debug, Clone, Default)]
pub struct ScannerTwin {
    window: Arc<Mutex<Window>>,
}

/// What is held before it. A code is a person's receipt: it is never shown again or logged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    text: String,
}

impl ScannerTwin {
    fn with<R>(&self, act: impl FnOnce(&mut Window) -> R) -> R {
        act(&mut self.window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn view(State(twin): State<ScannerTwin>) -> Json<Value> {
    Json(twin.with(|window| json!({ "waiting": window.waiting.len(), "sent_count": window.sent_count })))
}

async fn scan(State(twin): State<ScannerTwin>, Json(shown): Json<Shown>) -> Response {
    if shown.text.is_empty() || shown.text.len() > 64 || shown.text.contains(['\r', '\n']) {
        return (StatusCode::BAD_REQUEST, "text: 1 to 64 characters on one line\n").into_response();
    }
    twin.with(|window| window.waiting.push_back(shown.text));
    view(State(twin)).await.into_response()
}

impl Twin for ScannerTwin {
    fn name(&self) -> &'static str {
        "scanner"
    }

    fn baud(&self) -> u32 {
        9_600
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/", get(view))
            .route("/scan", post(scan))
            .with_state(self.clone())
    }

    fn run(self: Box<Self>, mut line: Line) {
        let mut buffer = [0; 64];
        loop {
            match line.read(&mut buffer, Duration::from_millis(20)) {
                Heard::Closed => return,
                // It has no commands; without a cable the light is off and nothing is read.
                Heard::Unplugged => continue,
                Heard::Bytes(_) | Heard::Silence => {}
            }
            if let Some(code) = self.with(|window| window.waiting.pop_front()) {
                line.write(format!("{code}\r").as_bytes());
                self.with(|window| window.sent_count += 1);
            }
        }
    }
}
