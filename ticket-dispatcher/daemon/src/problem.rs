//! Errors as problem documents, and what each refusal of the engine is on the wire.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use ticket_dispatcher_protocol::{HeldTicket, Problem, ProblemKind};
use ticket_dispatcher_queue_core::Refusal;

/// An answer that is not the one that was hoped for.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    kind: ProblemKind,
    detail: String,
    ticket: Option<Box<HeldTicket>>,
    after_s: u64,
    left_s: Option<u32>,
}

impl Failure {
    /// Of this kind, with its usual status.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            status: status_of(kind),
            kind,
            detail: detail.into(),
            ticket: None,
            after_s: 1,
            left_s: None,
        }
    }

    /// With another status than the usual one of its kind.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// May be asked again after so many seconds.
    pub fn after(mut self, seconds: u64) -> Self {
        self.after_s = seconds;
        self
    }

    /// The person holds this ticket already.
    pub fn already_holds(ticket: HeldTicket) -> Self {
        let detail = format!("This person already holds ticket {} in this hall.", ticket.number);
        Self {
            ticket: Some(Box::new(ticket)),
            ..Self::new(ProblemKind::AlreadyHolds, detail)
        }
    }

    /// No such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("There is no such {what}."))
    }

    /// The ledger cannot write.
    pub fn ledger_unavailable() -> Self {
        Self::new(
            ProblemKind::LedgerUnavailable,
            "The ledger cannot write now, and nothing was decided. Ask again with the same Idempotency-Key.",
        )
    }
}

fn status_of(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::AlreadyHolds
        | ProblemKind::TooEarly
        | ProblemKind::DayIsOver
        | ProblemKind::WrongState
        | ProblemKind::SlotFull
        | ProblemKind::AlreadyBooked => StatusCode::CONFLICT,
        ProblemKind::Unprocessable | ProblemKind::WeakPassword | ProblemKind::NotIssuing | ProblemKind::KeyReused => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ProblemKind::Malformed => StatusCode::BAD_REQUEST,
        ProblemKind::Unauthorised => StatusCode::UNAUTHORIZED,
        ProblemKind::Forbidden | ProblemKind::MustChange | ProblemKind::BookingBlocked => StatusCode::FORBIDDEN,
        ProblemKind::NotFound => StatusCode::NOT_FOUND,
        ProblemKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ProblemKind::LedgerUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ProblemKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title_of(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::AlreadyHolds => "The person already holds a ticket",
        ProblemKind::TooEarly => "The called person still has time to come",
        ProblemKind::DayIsOver => "The day of this number is over",
        ProblemKind::SlotFull => "The slot is full",
        ProblemKind::AlreadyBooked => "The person already has an appointment",
        ProblemKind::BookingBlocked => "No online appointments for a while",
        ProblemKind::WrongState => "Not possible in this state",
        ProblemKind::Unprocessable => "The request cannot be met",
        ProblemKind::NotIssuing => "No number is given out now",
        ProblemKind::Malformed => "The request is malformed",
        ProblemKind::Unauthorised => "No valid credentials",
        ProblemKind::Forbidden => "This role may not do this",
        ProblemKind::MustChange => "The first password must be replaced",
        ProblemKind::WeakPassword => "The new password is not good enough",
        ProblemKind::NotFound => "Not found",
        ProblemKind::TooLarge => "The request is too large",
        ProblemKind::KeyReused => "The Idempotency-Key came before with another request",
        ProblemKind::TooMany => "Too many requests",
        ProblemKind::LedgerUnavailable => "The ledger is unavailable",
        ProblemKind::Internal => "Internal fault",
    }
}

/// The word of a kind, as in the document's `type`.
fn word_of(kind: ProblemKind) -> String {
    let word = serde_json::to_value(kind).expect("a unit variant");
    word.as_str().unwrap_or_default().to_string()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let problem = Problem {
            type_uri: format!("urn:yimen:problem:{}", word_of(self.kind)),
            title: title_of(self.kind).to_string(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.kind,
            ticket: self.ticket.map(|t| *t),
            left_s: self.left_s,
        };
        let body = serde_json::to_vec(&problem).expect("plain data");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self.kind {
            ProblemKind::Unauthorised => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            ProblemKind::LedgerUnavailable | ProblemKind::TooMany => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.after_s));
            }
            _ => {}
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let kind = match &refusal {
            Refusal::AlreadyHolds { .. } => ProblemKind::AlreadyHolds,
            Refusal::UnknownTicket | Refusal::UnknownWindow { .. } => ProblemKind::NotFound,
            Refusal::OutsideHours { .. } | Refusal::SeriesUsedUp { .. } | Refusal::LastNumberGone { .. } => {
                ProblemKind::NotIssuing
            }
            Refusal::DayIsOver { .. } => ProblemKind::DayIsOver,
            Refusal::NotMissedYet { .. } => ProblemKind::TooEarly,
            Refusal::UnknownService { .. }
            | Refusal::UnknownGroup { .. }
            | Refusal::NotLent { .. }
            | Refusal::MattersCount { .. }
            | Refusal::TooManyCases { .. }
            | Refusal::UnknownBooking { .. }
            | Refusal::NoSuchDay { .. }
            | Refusal::NoSuchSlot { .. }
            | Refusal::BookingInPast { .. }
            | Refusal::BookingTooFar { .. }
            | Refusal::BookedForOtherDay { .. }
            | Refusal::BookedForOther { .. }
            | Refusal::NoSuchMatter { .. }
            | Refusal::ReasonMissing
            | Refusal::NotServedHere { .. }
            | Refusal::BadStars => ProblemKind::Unprocessable,
            Refusal::NotYours { .. } => ProblemKind::Forbidden,
            Refusal::WindowNotOpen { .. }
            | Refusal::WindowBusy { .. }
            | Refusal::WrongState { .. }
            | Refusal::CalledEnough { .. }
            | Refusal::TooLateToReturn { .. }
            | Refusal::NotBlocked
            | Refusal::PolicyInForce { .. }
            | Refusal::DayBeganAlready { .. } => ProblemKind::WrongState,
            Refusal::SlotFull { .. } => ProblemKind::SlotFull,
            Refusal::AlreadyBooked { .. } => ProblemKind::AlreadyBooked,
            Refusal::BlockedFromBooking { .. } => ProblemKind::BookingBlocked,
            Refusal::IdUsed | Refusal::HandedOver { .. } => ProblemKind::Internal,
        };
        let left_s = match &refusal {
            Refusal::NotMissedYet { left_s, .. } => Some(*left_s),
            _ => None,
        };
        let mut detail = refusal.to_string();
        if let Some(first) = detail.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        detail.push('.');
        Self {
            left_s,
            ..Self::new(kind, detail)
        }
    }
}
