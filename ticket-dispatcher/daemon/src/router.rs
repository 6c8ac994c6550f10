//! Which path leads where, and what every answer carries.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use ticket_dispatcher_protocol::ProblemKind;

use crate::app::App;
use crate::caller::{Caller, Role};
use crate::gate::cookie::{self, Made};
use crate::problem::Failure;
use crate::{
    bookings, delivery, gate, live_hall, makers, offline, operator, outlook, pages, policy, public, staff, tickets,
    why, windows,
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
        .route("/makers", get(makers::look).post(makers::tell))
        .route("/makers/{kiosk}/orders", post(makers::order))
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
        .route("/session", get(gate::sign_in::session))
        .route("/accounts", get(gate::accounts::list))
        .route("/accounts/{id}", put(gate::accounts::put).delete(gate::accounts::close))
        .route("/certificates", get(gate::certificates::list))
        .route("/certificates/{serial}/revoke", post(gate::certificates::revoke))
        .route("/certificate", post(gate::certificates::renew))
        .route("/enrolment/codes", post(gate::enrol::code))
        .route("/audit", get(gate::audit::records))
        .route("/audit/export", get(gate::audit::export))
        .route_layer(middleware::from_fn(known))
        // What follows is for everybody.
        .route("/lookup", get(public::lookup).post(public::lookup_pair))
        .route("/sign-in", post(gate::sign_in::sign_in))
        .route("/sign-out", post(gate::sign_in::sign_out));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(operator::healthz))
        .route("/metrics", get(operator::metrics))
        .route("/openapi.json", get(operator::openapi))
        .route("/q", get(pages::phone))
        .route("/board", get(pages::board))
        .route("/clerk", get(pages::clerk))
        .route("/manager", get(pages::manager))
        .route("/sign-in", get(pages::sign_in))
        .route("/admin", get(pages::admin))
        .route("/audit", get(pages::audit))
        .route("/maker", get(pages::maker))
        .route("/web/{*path}", get(pages::asset))
        .fallback(async || Failure::not_found("path"))
        .method_not_allowed_fallback(async || {
            Failure::new(ProblemKind::Malformed, "This path knows other methods.")
                .with_status(axum::http::StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// On every answer beside the policy of its content: nobody frames us, keeps a window of ours, or reads from elsewhere
/// what is here, and no page of ours may use the machine's senses.
const ALWAYS: [(&str, &str); 4] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
    ),
    ("x-frame-options", "SAMEORIGIN"),
];

/// Turns strangers away before anything of their request is read, so that a new path is closed unless it is put among
/// the open ones on purpose. Which role may do what is said by each handler.
async fn known(caller: Caller, request: Request, next: Next) -> Response {
    if caller == Caller::Nobody {
        return caller.must_be(&[]).into_response();
    }
    next.run(request).await
}

/// A page says by this header that it asks by itself and nobody has touched it: that keeps nobody signed in.
const BY_ITSELF: &str = "x-yimen-by-itself";

/// A session counts where nothing stronger speaks for the caller. What a browser sends by itself, a cookie or a
/// certificate, changes something only for a page of ours, or it is as good as none.
async fn signed_in(app: &App, scheme: &str, request: &mut Request) -> Result<(), Failure> {
    let changes = !cookie::only_reads(request.method());
    let elsewhere = || {
        Failure::new(
            ProblemKind::Forbidden,
            "A request that changes something must come from a page of this host (Origin, Sec-Fetch-Site).",
        )
    };
    match request.extensions().get::<Caller>() {
        None | Some(Caller::Nobody) => {}
        // A browser says where a request was made, a device says nothing.
        Some(Caller::Device(..)) if changes && cookie::made(scheme, request.headers()) == Made::Elsewhere => {
            return Err(elsewhere());
        }
        // A machine at a window whose browser shows its certificate: who signs in there is more than the machine.
        Some(Caller::Device(Role::Window, _)) => {}
        Some(_) => return Ok(()),
    }
    let Some(token) = cookie::token(request.headers()) else {
        return Ok(());
    };
    let now = app.gate.now();
    let used = !request.headers().contains_key(BY_ITSELF);
    let Some(session) = app.gate.with(move |access| access.session(&token, now, used)).await? else {
        return Ok(());
    };
    if changes && cookie::made(scheme, request.headers()) != Made::Here {
        return Err(elsewhere());
    }
    request.extensions_mut().insert(Caller::Staff(session));
    Ok(())
}

/// Headers that may come once: of two, the one that we read need not be the one that somebody before us read.
const ONCE: [HeaderName; 4] = [
    header::HOST,
    header::AUTHORIZATION,
    header::ORIGIN,
    header::CONTENT_TYPE,
];

fn ambiguous(request: &Request) -> Result<(), Failure> {
    let twice = |name: &&HeaderName| request.headers().get_all(*name).iter().nth(1).is_some();
    match ONCE.iter().find(twice) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            ProblemKind::Malformed,
            format!("The header {name} comes twice."),
        )),
    }
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
    let scheme = if takes_bearer { "http" } else { "https" };
    let admitted = match ambiguous(&request) {
        Ok(()) => signed_in(&app, scheme, &mut request).await,
        Err(failure) => Err(failure),
    };
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    // For what follows: a map that grows is copied each time.
    headers.reserve(ALWAYS.len() + 5);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Pages name what they may load; whatever else is answered is no page.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !takes_bearer {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
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
