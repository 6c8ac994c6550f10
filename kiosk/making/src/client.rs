//! The making-record service over HTTP, with a client certificate. Blocking: the maker's own thread calls it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize as Ser};
use tokio::runtime::Runtime;

use crate::service::{
    Claim, ClaimAsked, Face, FaceAsked, Find, Found, MakingService, OrderAsked, Outcome, Payment, Report, ServiceError,
};

/// A connection is tried for this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The reference gives the query step ten seconds; two tries fit.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
/// Largest answer that is read: records with their photos.
const ANSWER_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Files of the kiosk's certificate, PEM.
pub struct Credentials {
    /// The authority that signed the service's certificate.
    pub ca: Vec<u8>,
    /// The kiosk's certificate.
    pub cert: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

/// What `settle` sends.
#[derive(Debug, Clone, Ser, Deserialize)]
pub struct Settle {
    /// The order.
    pub order_no: String,
    /// How its job ended.
    pub outcome: Outcome,
}

/// The client.
pub struct HttpService {
    http: reqwest::Client,
    runtime: Runtime,
    base: String,
    clock_ahead_s: Mutex<Option<i64>>,
}

impl HttpService {
    /// `base` is `https://HOST:PORT`. The process has installed a rustls provider.
    pub fn new(base: &str, credentials: &Credentials) -> Result<Self, ServiceError> {
        let bad = |error: reqwest::Error| ServiceError::Settings(error.without_url().to_string());
        if !base.starts_with("https://") {
            return Err(ServiceError::Settings(
                "the making-record service is reached by https:// alone: its answers name people".into(),
            ));
        }
        let roots = reqwest::Certificate::from_pem_bundle(&credentials.ca).map_err(bad)?;
        let pem = [&credentials.cert[..], b"\n", &credentials.key[..]].concat();
        let identity = reqwest::Identity::from_pem(&pem).map_err(bad)?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            // Every answer names a person: its connection ends with it, and so do the buffers of both sides.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .tls_certs_only(roots)
            .identity(identity)
            .build()
            .map_err(bad)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ServiceError::Settings(error.to_string()))?;
        Ok(Self {
            http,
            runtime,
            base: base.trim_end_matches('/').to_string(),
            clock_ahead_s: Mutex::new(None),
        })
    }

    /// Keeps what the answer's `Date` says of the service's clock.
    fn hear_clock(&self, headers: &reqwest::header::HeaderMap) {
        let told = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        let told = told.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        let ahead = told.map(|told| told.as_second() - jiff::Timestamp::now().as_second());
        *self.clock_ahead_s.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }

    fn post<A: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<A, ServiceError> {
        // The address of an error names no person, its body might: neither is told.
        let away = |error: reqwest::Error| {
            let what = if error.is_timeout() {
                "no answer in time"
            } else if error.is_connect() {
                "no connection"
            } else {
                "the answer broke off"
            };
            ServiceError::Away(what.to_string())
        };
        self.runtime.block_on(async {
            let request = self.http.post(format!("{}{path}", self.base)).json(body);
            let answer = request.send().await.map_err(away)?;
            let status = answer.status();
            self.hear_clock(answer.headers());
            if status.is_server_error() || status.as_u16() == 429 {
                return Err(ServiceError::Away(format!("status {}", status.as_u16())));
            }
            let too_long = answer.content_length().is_some_and(|bytes| bytes > ANSWER_BYTES_MAX);
            if !status.is_success() || too_long {
                return Err(ServiceError::NotOurs(status.as_u16()));
            }
            answer.json::<A>().await.map_err(|error| {
                if error.is_decode() {
                    ServiceError::NotOurs(status.as_u16())
                } else {
                    away(error)
                }
            })
        })
    }
}

impl MakingService for HttpService {
    fn find(&self, find: &Find) -> Result<Found, ServiceError> {
        self.post("/making/v1/find", find)
    }

    fn claim(&self, claim: &ClaimAsked) -> Result<Claim, ServiceError> {
        self.post("/making/v1/claim", claim)
    }

    fn verify_face(&self, face: &FaceAsked) -> Result<Face, ServiceError> {
        self.post("/making/v1/verify-face", face)
    }

    fn report(&self, report: &Report) -> Result<(), ServiceError> {
        self.post::<serde::de::IgnoredAny>("/making/v1/report", report)
            .map(|_| ())
    }

    fn order(&self, order: &OrderAsked) -> Result<Payment, ServiceError> {
        self.post("/payments/v1/order", order)
    }

    fn clock_ahead_s(&self) -> Option<i64> {
        *self.clock_ahead_s.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, order_no: &str, outcome: Outcome) -> Result<Payment, ServiceError> {
        let body = Settle {
            order_no: order_no.to_string(),
            outcome,
        };
        self.post("/payments/v1/settle", &body)
    }
}
