//! Which path leads where, and what every answer carries.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use ticket_dispatcher_protocol::ProblemKind;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Failure;
use crate::{
    bookings, delivery, live_hall, offline, operator, outlook, pages, policy, public, staff, tickets, why, windows,
};

/// Whether the listener that a request came in by takes the bearer token.
#[derive(Clone, Copy)]
pub struct TakesBearer(pub bool);

/// All paths.
pub fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/tickets", post(tickets::take))
        .route("/tickets/hand-over", post(offline::hand_over))
        .route("/leases", post(offline::lend))
        .route("/staff-calls", post(staff::call))
        .route("/tickets/{id}", get(tickets::look))
        .route("/tickets/{id}/recall", post(tickets::recall))
        .route("/tickets/{id}/start", post(tickets::start))
        .route("/tickets/{id}/finish", post(tickets::finish))
        .route("/tickets/{id}/no-show", post(tickets::no_show))
        .route("/tickets/{id}/transfer", post(tickets::transfer))
        .route("/tickets/{id}/requeue", post(tickets::requeue))
        .route("/tickets/{id}/hold", post(tickets::hold))
        .route("/tickets/{id}/resume", post(tickets::resume))
        .route("/tickets/{id}/cancel", post(tickets::cancel))
        .route("/tickets/{id}/rate", post(tickets::rate))
        .route("/bookings", post(bookings::book))
        .route("/bookings/slots", get(bookings::slots))
        .route("/bookings/find", post(bookings::find))
        .route("/bookings/unblock", post(bookings::unblock))
        .route("/bookings/{id}", delete(bookings::cancel))
        .route("/windows/{w}", get(windows::desk))
        .route("/windows/{w}/open", post(windows::open))
        .route("/windows/{w}/pause", post(windows::pause))
        .route("/windows/{w}/close", post(windows::close))
        .route("/windows/{w}/next", post(windows::next))
        .route("/windows/{w}/waiting", get(policy::waiting))
        .route("/windows/{w}/call", post(policy::call))
        .route("/policy", get(policy::policy).post(policy::set_policy))
        .route("/calls/{id}/why", get(why::why))
        .route("/forecast/clear", get(outlook::clear))
        .route("/whatif", post(outlook::what_if))
        .route("/manager", get(live_hall::manager))
        .route("/hall", get(public::hall))
        .route("/stream", get(public::stream))
        .route("/shown", post(delivery::shown))
        .route("/services", get(public::services))
        .route("/lookup", get(public::lookup));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(operator::healthz))
        .route("/metrics", get(operator::metrics))
        .route("/openapi.json", get(operator::openapi))
        .route("/q", get(pages::phone))
        .route("/board", get(pages::board))
        .route("/clerk", get(pages::clerk))
        .route("/manager", get(pages::manager))
        .route("/web/{*path}", get(pages::asset))
        .fallback(async || Failure::not_found("path"))
        .method_not_allowed_fallback(async || {
            Failure::new(ProblemKind::Malformed, "This path knows other methods.")
                .with_status(axum::http::StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// Who asks comes in, what every answer carries goes out.
async fn around(
    axum::extract::State(app): axum::extract::State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let takes_bearer = request.extensions().get::<TakesBearer>().is_some_and(|t| t.0);
    if takes_bearer && let Some(bearer) = &app.bearer {
        let given = request.headers().get(header::AUTHORIZATION);
        if bearer.matches(given.and_then(|v| v.to_str().ok())) {
            request.extensions_mut().insert(Caller::Loopback);
        }
    }
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let path = path.map_or_else(|| "other".to_string(), |p| p.as_str().to_string());
    let status = response.status().as_u16().to_string();
    metrics::counter!("http_requests_total", "path" => path, "status" => status).increment(1);
    metrics::histogram!("http_request_seconds").record(started.elapsed());
    response
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self::Nobody))
    }
}

/// For a connection beyond the cap.
pub fn too_many() -> Response {
    Failure::new(ProblemKind::TooMany, "Too many connections. Try again in a moment.").into_response()
}
