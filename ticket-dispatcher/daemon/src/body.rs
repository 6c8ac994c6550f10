//! Request bodies: limited in size and time before anything is parsed.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hyper::body::Body as _;
use serde::de::DeserializeOwned;
use ticket_dispatcher_protocol::{BODY_BYTES_MAX, ProblemKind};
use ticket_dispatcher_types::IdemKey;

use crate::keys::fresh_key;
use crate::problem::Failure;

/// A whole body must be here by then; a client that sends a byte a minute is not waited for.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// How much of a refused body is read and thrown away, so that the client gets the answer instead of a reset.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Reads a body into memory, or refuses it.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large(body));
    }
    match tokio::time::timeout(BODY_TIME_MAX, collect(body)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(ProblemKind::Malformed, "The body did not arrive in time.")
            .with_status(StatusCode::REQUEST_TIMEOUT)),
    }
}

async fn collect(mut body: Body) -> Result<Bytes, Failure> {
    let mut whole = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
        let Some(frame) = frame else {
            return Ok(whole.into());
        };
        let frame = frame.map_err(|_| Failure::new(ProblemKind::Malformed, "The body broke off."))?;
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > BODY_BYTES_MAX {
                return Err(too_large(body));
            }
            whole.extend_from_slice(&data);
        }
    }
}

/// Refuses, and drains what still comes for a while beside the answer.
fn too_large(mut body: Body) -> Failure {
    tokio::spawn(tokio::time::timeout(BODY_TIME_MAX, async move {
        let mut drained = 0;
        while drained < DRAIN_BYTES_MAX {
            match std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
                Some(Ok(frame)) => drained += frame.data_ref().map_or(0, Bytes::len),
                _ => break,
            }
        }
    }));
    Failure::new(
        ProblemKind::TooLarge,
        format!("A body may have at most {BODY_BYTES_MAX} bytes."),
    )
}

/// Parses a body; an empty one means all defaults where the type has them.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Failure> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|v| v.to_str().unwrap_or_default());
    // A body without a type is what a browser sends to any site without asking that site first.
    let json = kind.map_or(body.is_empty(), is_json);
    let body = if body.is_empty() { b"{}" } else { body };
    if !json {
        return Err(
            Failure::new(ProblemKind::Malformed, "The body must be application/json.")
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        );
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        let what = match error.classify() {
            serde_json::error::Category::Data => wrong_field(&path, &error.to_string()),
            _ => "is not JSON".to_string(),
        };
        malformed(&what, &error)
    })?;
    reader
        .end()
        .map_err(|error| malformed("goes on behind its end", &error))?;
    Ok(parsed)
}

/// What stands behind the `?` of an address; refused like a body.
pub struct Asked<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let asked = Query::<T>::try_from_uri(&parts.uri);
        // What axum says of it can quote the address.
        asked.map(|Query(asked)| Self(asked)).map_err(|_| {
            let what = "The address lacks a parameter, or has one that is not known here or is given twice.";
            Failure::new(ProblemKind::Malformed, what)
        })
    }
}

fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let what = format!("The body {what} (line {line}, column {column}).");
    Failure::new(ProblemKind::Malformed, what)
}

/// Names the field. The parser's own words can quote the body, and the body can hold a person: of those only what
/// comes from our types is said, and a path only where each of its parts does.
fn wrong_field(path: &str, said: &str) -> String {
    let quoted = |from: &str| from.split('`').nth(1).unwrap_or_default().to_string();
    let inside = |name: &str| match path {
        "." => name.to_string(),
        path => format!("{path}.{name}"),
    };
    if said.starts_with("missing field") {
        format!("lacks the field `{}`", inside(&quoted(said)))
    } else if said.starts_with("duplicate field") {
        format!("has a field twice: `{}`", quoted(said))
    } else if let Some((unknown, known)) = said.split_once(", expected ")
        && unknown.starts_with("unknown field")
    {
        let known = known.split(" at line").next().unwrap_or_default();
        format!("has a field that is not known here; known: {known}")
    } else if path == "." {
        "is not what this call takes".to_string()
    } else {
        format!("has a wrong value in `{path}`")
    }
}

/// JSON is UTF-8 (RFC 8259): whoever says otherwise means other bytes than we would read.
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    json && parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

/// The header `Idempotency-Key` where a lost answer would cost somebody a second number.
pub fn required_key(headers: &HeaderMap) -> Result<IdemKey, Failure> {
    if headers.contains_key("idempotency-key") {
        return idempotency_key(headers);
    }
    Err(Failure::new(
        ProblemKind::Malformed,
        "The header Idempotency-Key is missing. Make a UUID, store it, send it with the request, and send the same one \
         again if no answer comes: it always gives the same ticket.",
    ))
}

/// The header `Idempotency-Key`; a request without one is its own, and gets a key that nobody else has.
pub fn idempotency_key(headers: &HeaderMap) -> Result<IdemKey, Failure> {
    let Some(given) = headers.get("idempotency-key") else {
        return Ok(fresh_key());
    };
    let text = given.to_str().unwrap_or_default().trim().trim_matches('"');
    text.parse()
        .map_err(|_| Failure::new(ProblemKind::Malformed, "The header Idempotency-Key must be a UUID."))
}
