//! For the operator: health, metrics, and the document of the interface.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use ticket_dispatcher_protocol as wire;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::caller::{Caller, Role};
use crate::problem::Failure;

/// `GET /healthz`.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `failing`.
    status: &'static str,
    /// Journal position.
    seq: u64,
    /// The hall's local date.
    day: String,
    /// What is wrong, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// Whether the dispatcher works. Public, and tells nothing about anybody.
#[utoipa::path(get, path = "/healthz", tag = "operator",
    responses((status = 200, body = Health), (status = 503, description = "The ledger cannot write", body = Health)))]
pub async fn healthz(State(app): State<Arc<App>>) -> Response<Body> {
    let trouble = app.view.trouble();
    let (seq, day) = {
        let picture = app.view.read();
        (picture.seq, picture.engine.day().to_string())
    };
    let status = if trouble.is_some() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let health = Health {
        status: if trouble.is_some() { "failing" } else { "ok" },
        seq,
        day,
        trouble,
    };
    (status, Json(health)).into_response()
}

/// Metrics in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operator",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(State(app): State<Arc<App>>, caller: Caller) -> Result<Response<Body>, Failure> {
    caller.must_be(&[Role::Manager, Role::Admin])?;
    let (seq, waiting, tickets) = {
        let picture = app.view.read();
        (
            picture.seq,
            picture.engine.waiting().count(),
            picture.engine.tickets().count(),
        )
    };
    gauge("journal_seq", seq);
    gauge("tickets_waiting", waiting as u64);
    gauge("tickets_today", tickets as u64);
    gauge("streams_open", app.view.hub.streams() as u64);
    app.metrics.run_upkeep();
    let mut response = Response::new(Body::from(app.metrics.render()));
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    Ok(response)
}

#[allow(clippy::cast_precision_loss)] // counts of a hall are far below 2^52
fn gauge(name: &'static str, value: u64) {
    metrics::gauge!(name).set(value as f64);
}

/// The document of this interface. Public.
pub async fn openapi(State(app): State<Arc<App>>) -> Response<Body> {
    let mut response = Response::new(Body::from(app.openapi.clone()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The document, made from the types of the wire and the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Yimen ticket dispatcher",
        description = "Numbers, windows, boards and lookups of one government service hall. Errors are RFC 9457 \
            problem documents. Devices come with a client certificate whose URI name is \
            `urn:hall:<hall>:<role>:<id>`; tools on the same machine may use the loopback listener with a bearer \
            token.",
        license(name = "GPL-3.0-only", identifier = "GPL-3.0-only"),
    ),
    paths(
        crate::tickets::take,
        crate::tickets::look,
        crate::tickets::recall,
        crate::tickets::start,
        crate::tickets::finish,
        crate::tickets::no_show,
        crate::tickets::transfer,
        crate::tickets::requeue,
        crate::tickets::hold,
        crate::tickets::resume,
        crate::tickets::cancel,
        crate::tickets::rate,
        crate::offline::lend,
        crate::offline::hand_over,
        crate::staff::call,
        crate::makers::tell,
        crate::makers::look,
        crate::makers::order,
        crate::bookings::book,
        crate::bookings::cancel,
        crate::bookings::slots,
        crate::bookings::find,
        crate::bookings::unblock,
        crate::windows::desk,
        crate::windows::open,
        crate::windows::pause,
        crate::windows::close,
        crate::windows::next,
        crate::public::hall,
        crate::public::stream,
        crate::delivery::shown,
        crate::public::services,
        crate::public::lookup,
        crate::public::lookup_pair,
        crate::policy::policy,
        crate::policy::set_policy,
        crate::policy::waiting,
        crate::policy::call,
        crate::why::why,
        crate::outlook::clear,
        crate::outlook::what_if,
        crate::live_hall::manager,
        crate::gate::sign_in::sign_in,
        crate::gate::sign_in::sign_out,
        crate::gate::sign_in::session,
        crate::gate::accounts::list,
        crate::gate::accounts::put,
        crate::gate::accounts::close,
        crate::gate::certificates::list,
        crate::gate::certificates::revoke,
        crate::gate::certificates::renew,
        crate::gate::enrol::code,
        crate::gate::audit::records,
        crate::gate::audit::export,
        healthz,
        metrics,
    ),
    components(schemas(
        wire::HallSnapshot,
        wire::HallEvent,
        wire::Services,
        wire::LookupView,
        wire::TicketIssued,
        wire::TicketView,
        wire::TakeTicket,
        wire::Problem,
        wire::WindowDesk,
        wire::Called,
        wire::ManagerView,
        wire::WhyView,
        wire::WhatIfAnswer,
        wire::PolicyView,
        wire::WaitingList,
    ))
)]
struct Document;

/// The document as JSON.
pub fn document() -> Bytes {
    let json = Document::openapi().to_json();
    json.expect("the document is plain data").into()
}
