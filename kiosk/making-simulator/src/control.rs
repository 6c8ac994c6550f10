//! The bench's own door, plain and on loopback: what the simulator holds, and what a person at the bench may turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::serve::Service;

/// What can be turned; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    /// Answers nothing but 503.
    away: Option<bool>,
    /// Whether live faces match.
    faces_match: Option<bool>,
    /// Whether orders get paid by themselves, a second after they are made.
    pays: Option<bool>,
    /// A broken service that grants a claim twice.
    grants_twice: Option<bool>,
    /// Whether a claim needs the token of a face that matched.
    wants_face: Option<bool>,
}

async fn view(State(service): State<Arc<Service>>) -> Json<Value> {
    let book = service.book();
    let records = book.people().iter().map(|person| {
        json!({
            "note": person.note,
            "receipt_no": person.record.receipt_no,
            "record_no": person.record.record_no,
            "temp_issued": person.record.temp_issued,
        })
    });
    Json(json!({
        "away": service.away.load(Ordering::Relaxed),
        "records": records.collect::<Vec<_>>(),
        "claims": book.claims,
        "reports": book.reports.values().collect::<Vec<_>>(),
        "orders": book.orders.iter().map(|(no, (state, _))| json!({ "order_no": no, "state": state }))
            .collect::<Vec<_>>(),
    }))
}

async fn turn(State(service): State<Arc<Service>>, Json(turn): Json<Turn>) -> Json<Value> {
    if let Some(away) = turn.away {
        service.away.store(away, Ordering::Relaxed);
    }
    {
        let mut book = service.book();
        book.faces_match = turn.faces_match.unwrap_or(book.faces_match);
        book.wants_face = turn.wants_face.unwrap_or(book.wants_face);
        book.grants_twice = turn.grants_twice.unwrap_or(book.grants_twice);
        if let Some(pays) = turn.pays {
            book.pays_after_s = pays.then_some(1);
        }
    }
    view(State(service)).await
}

/// `GET /` and `POST /`.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(view))
        .route("/", post(turn))
        .with_state(service)
}
