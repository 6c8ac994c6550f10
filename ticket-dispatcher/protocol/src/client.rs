//! A typed client of the HTTP interface, and the only place of this crate that opens a socket.
//!
//! It sends and reads, nothing more: when to try again, and with which pauses, is the caller's business, because only
//! the caller knows whether anybody still waits. What it promises is that an answer is either the type that was asked
//! for, a [`Problem`], or "nobody knows" ([`CallError::Unreachable`]), and that no error text holds a body.

mod sse;

use std::time::Duration;

use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ticket_dispatcher_types::{IdemKey, TicketId};

use crate::{
    AskLease, CLOCK_HEADER, CallStaff, CancelTicket, Clear, FindBookings, FoundBookings, HallEvent, HallSnapshot,
    HandOver, HandedOver, Lent, MakerOrders, Problem, Services, StaffCalled, TakeTicket, TellMaker, TicketIssued,
    TicketView, WhatIf, WhatIfAnswer,
};

pub use sse::{SseEvent, SseParser};

/// A connection is tried for this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A call is answered within this time, or counts as not answered.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream that is silent for so long is dead: the dispatcher sends a comment at least every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(40);

/// Largest answer that is read; the catalogue of a big hall is some 100 KiB.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How the dispatcher knows who calls.
pub enum Access {
    /// A certificate of the hall's authority, all PEM.
    MutualTls {
        /// The authority's certificate.
        ca: Vec<u8>,
        /// The caller's certificate.
        cert: Vec<u8>,
        /// Its private key.
        key: Vec<u8>,
    },
    /// A bearer token, on the loopback listener only.
    Loopback {
        /// The token.
        token: String,
    },
}

/// Why there is no answer of the type that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The dispatcher answered with a problem document.
    #[error("the dispatcher refused: {} ({})", .0.title, .0.status)]
    Refused(Box<Problem>),
    /// No answer: whether the request arrived is unknown. The same key may be sent again.
    #[error("the dispatcher does not answer: {0}")]
    Unreachable(String),
    /// It answered what this version does not understand.
    #[error("an answer that is not of this protocol (status {status})")]
    NotOurs {
        /// The HTTP status.
        status: u16,
    },
    /// The settings cannot make a client.
    #[error("{0}")]
    Settings(String),
}

/// An error's own words without the manual page that the TLS library puts behind them.
fn plain(words: &str) -> &str {
    words.split(": https://").next().unwrap_or(words)
}

impl CallError {
    fn from_http(error: reqwest::Error) -> Self {
        let error = error.without_url(); // the lookup's address holds a token
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            text.push_str(": ");
            text.push_str(plain(&inner.to_string()));
            source = inner.source();
        }
        Self::Unreachable(text)
    }

    /// True when the same request with the same key may be answered later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::NotOurs { status } => *status >= 500,
            Self::Settings(_) => false,
        }
    }
}

/// The client.
#[derive(Clone)]
pub struct Client {
    calls: reqwest::Client,
    /// For calls that name a person: their connections end with the answer, and with them what both sides have read
    /// into their buffers. A kept one would hold the person until others have come by.
    persons: reqwest::Client,
    streams: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// `base` is `https://HOST:PORT` or `http://127.0.0.1:PORT`. The process has installed a rustls provider.
    pub fn new(base: &str, access: Access) -> Result<Self, CallError> {
        let bad = |error: reqwest::Error| CallError::Settings(error.without_url().to_string());
        let mut token = None;
        let builder = || reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy();
        let (mut calls, mut streams) = (builder().timeout(CALL_TIMEOUT), builder().read_timeout(SILENCE_MAX));
        let mut persons = builder().timeout(CALL_TIMEOUT).pool_max_idle_per_host(0);
        match access {
            Access::MutualTls { ca, cert, key } => {
                let roots = reqwest::Certificate::from_pem_bundle(&ca).map_err(bad)?;
                // Both may lie in one file, which can be replaced in one step.
                let mut pem = cert;
                if pem != key {
                    pem.push(b'\n');
                    pem.extend(key);
                }
                let identity = reqwest::Identity::from_pem(&pem).map_err(bad)?;
                calls = calls.tls_certs_only(roots.clone()).identity(identity.clone());
                persons = persons.tls_certs_only(roots.clone()).identity(identity.clone());
                streams = streams.tls_certs_only(roots).identity(identity);
            }
            Access::Loopback { token: given } => token = Some(given),
        }
        Ok(Self {
            calls: calls.build().map_err(bad)?,
            persons: persons.build().map_err(bad)?,
            streams: streams.build().map_err(bad)?,
            base: base.trim_end_matches('/').to_string(),
            token,
        })
    }

    /// `POST /tickets`. The same key always gets the same ticket.
    pub async fn take_ticket(&self, key: IdemKey, request: &TakeTicket) -> Result<TicketIssued, CallError> {
        self.post(&self.persons, "/api/v1/tickets", key, request).await
    }

    /// `POST /tickets/{id}/cancel`.
    pub async fn cancel_ticket(&self, id: TicketId, key: IdemKey, reason: &str) -> Result<TicketView, CallError> {
        let body = CancelTicket {
            reason: reason.to_string(),
        };
        let path = format!("/api/v1/tickets/{id}/cancel");
        self.post(&self.calls, &path, key, &body).await
    }

    /// `POST /leases`: the numbers that this kiosk may give out alone today.
    pub async fn lease(&self, request: &AskLease) -> Result<Lent, CallError> {
        let request = self
            .authorised(self.calls.post(format!("{}/api/v1/leases", self.base)))
            .json(request);
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    /// `POST /tickets/hand-over`. The same ticket is taken in once.
    pub async fn hand_over(&self, key: IdemKey, request: &HandOver) -> Result<HandedOver, CallError> {
        self.post(&self.persons, "/api/v1/tickets/hand-over", key, request)
            .await
    }

    /// `POST /makers`: tells how a kiosk's maker is, and hears what staff orders.
    pub async fn tell_maker(&self, told: &TellMaker) -> Result<MakerOrders, CallError> {
        let request = self
            .authorised(self.calls.post(format!("{}/api/v1/makers", self.base)))
            .json(told);
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    /// `POST /staff-calls`.
    pub async fn call_staff(&self, request: &CallStaff) -> Result<StaffCalled, CallError> {
        let request = self
            .authorised(self.calls.post(format!("{}/api/v1/staff-calls", self.base)))
            .json(request);
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    /// `POST /bookings/find`.
    pub async fn find_bookings(&self, request: &FindBookings) -> Result<FoundBookings, CallError> {
        let request = self
            .authorised(self.persons.post(format!("{}/api/v1/bookings/find", self.base)))
            .json(request);
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    /// `GET /services`.
    pub async fn services(&self) -> Result<Services, CallError> {
        let request = self.authorised(self.calls.get(format!("{}/api/v1/services", self.base)));
        // So that a clock that runs away is told to people before it costs anybody anything.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_millis());
        let request = request.header(CLOCK_HEADER, now.to_string());
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    /// `GET /forecast/clear`.
    pub async fn clear(&self) -> Result<Clear, CallError> {
        self.get("/api/v1/forecast/clear").await
    }

    /// `POST /whatif`.
    pub async fn what_if(&self, request: &WhatIf) -> Result<WhatIfAnswer, CallError> {
        // It changes nothing, so no two of them need telling apart.
        let key = IdemKey::from_bytes([0; 16]);
        self.post(&self.calls, "/api/v1/whatif", key, request).await
    }

    /// `GET /hall`.
    pub async fn hall(&self) -> Result<HallSnapshot, CallError> {
        self.get("/api/v1/hall").await
    }

    /// `GET /stream`, from behind `last` if given.
    pub async fn stream(&self, last: Option<u64>) -> Result<HallStream, CallError> {
        let mut request = self.authorised(self.streams.get(format!("{}/api/v1/stream", self.base)));
        request = request.header("Accept", "text/event-stream");
        if let Some(seq) = last {
            request = request.header("Last-Event-ID", seq.to_string());
        }
        let response = request.send().await.map_err(CallError::from_http)?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(HallStream {
            response: response.bytes_stream().map(|part| part.map(|b| b.to_vec())).boxed(),
            parser: SseParser::default(),
        })
    }

    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let request = self.authorised(self.calls.get(format!("{}{path}", self.base)));
        answer(request.send().await.map_err(CallError::from_http)?).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        by: &reqwest::Client,
        path: &str,
        key: IdemKey,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        let request = self.authorised(by.post(format!("{}{path}", self.base)));
        let request = request.header("Idempotency-Key", key.to_string()).json(body);
        answer(request.send().await.map_err(CallError::from_http)?).await
    }
}

async fn answer<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, CallError> {
    let status = response.status();
    if !status.is_success() {
        return Err(refusal(response).await);
    }
    let body = body(response).await?;
    let status = status.as_u16();
    serde_json::from_slice(&body).map_err(|_| CallError::NotOurs { status })
}

async fn refusal(response: reqwest::Response) -> CallError {
    let status = response.status().as_u16();
    match body(response).await {
        Ok(body) => match serde_json::from_slice(&body) {
            Ok(problem) => CallError::Refused(Box::new(problem)),
            Err(_) => CallError::NotOurs { status },
        },
        Err(error) => error,
    }
}

async fn body(response: reqwest::Response) -> Result<Vec<u8>, CallError> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend(chunk.map_err(CallError::from_http)?);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(CallError::NotOurs { status });
        }
    }
    Ok(body)
}

/// What a stream brought.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamItem {
    /// The whole picture, first of all and whenever resuming is not possible.
    Snapshot(Box<HallSnapshot>),
    /// One event.
    Event(Box<HallEvent>),
    /// Nothing but a sign of life.
    Alive,
}

/// An open stream of the hall.
pub struct HallStream {
    response: futures_util::stream::BoxStream<'static, Result<Vec<u8>, reqwest::Error>>,
    parser: SseParser,
}

impl HallStream {
    /// The next item; an error ends the stream, and the caller opens another behind the last `seq` that it has.
    pub async fn next(&mut self) -> Result<StreamItem, CallError> {
        loop {
            if let Some(event) = self.parser.next_event() {
                let wrong = |_| CallError::NotOurs { status: 200 };
                match event.name.as_str() {
                    "snapshot" => return Ok(StreamItem::Snapshot(serde_json::from_str(&event.data).map_err(wrong)?)),
                    "journal" => return Ok(StreamItem::Event(serde_json::from_str(&event.data).map_err(wrong)?)),
                    _ => return Ok(StreamItem::Alive), // a later version may tell more
                }
            }
            match self.response.next().await {
                None => return Err(CallError::Unreachable("the stream ended".to_string())),
                Some(Err(error)) => return Err(CallError::from_http(error)),
                Some(Ok(bytes)) => {
                    if !self.parser.feed(&bytes) {
                        return Err(CallError::NotOurs { status: 200 });
                    }
                    if !self.parser.has_event() {
                        return Ok(StreamItem::Alive);
                    }
                }
            }
        }
    }
}
