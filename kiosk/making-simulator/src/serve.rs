//! The calls over mutual TLS: who has no certificate of the hall's authority is refused in the handshake.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use kiosk_making::client::Settle;
use kiosk_making::{Claim, ClaimAsked, Face, FaceAsked, Find, Found, OrderAsked, Payment, Report};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Book;

/// A handshake that takes longer is somebody trying.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// The book with the service's switch.
#[derive(Debug)]
pub struct Service {
    book: Mutex<Book>,
    /// Answers 503 to everything while true.
    pub away: std::sync::atomic::AtomicBool,
}

impl Service {
    /// Over a book.
    pub fn new(book: Book) -> Arc<Self> {
        Arc::new(Self {
            book: Mutex::new(book),
            away: false.into(),
        })
    }

    /// The book.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Book>, StatusCode> {
        if self.away.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        Ok(self.book())
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

type Answer<T> = Result<Json<T>, StatusCode>;
type Of = State<Arc<Service>>;

async fn find(State(service): Of, Json(asked): Json<Find>) -> Answer<Found> {
    let found = service.open()?.find(&asked);
    found.map(Json).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

async fn claim(State(service): Of, Json(asked): Json<ClaimAsked>) -> Answer<Claim> {
    let claim = service.open()?.claim(&asked, now());
    tracing::info!(job = asked.job_id, kiosk = asked.kiosk_id, ?claim, "claim");
    Ok(Json(claim))
}

async fn verify_face(State(service): Of, Json(asked): Json<FaceAsked>) -> Answer<Face> {
    Ok(Json(service.open()?.verify_face(&asked, now())))
}

async fn report(State(service): Of, Json(report): Json<Report>) -> Answer<Value> {
    service.open()?.report(&report);
    tracing::info!(job = report.job_id, outcome = ?report.outcome, "report");
    Ok(Json(json!({ "stored": true })))
}

async fn order(State(service): Of, Json(asked): Json<OrderAsked>) -> Answer<Payment> {
    Ok(Json(service.open()?.order(&asked, now())))
}

async fn settle(State(service): Of, Json(asked): Json<Settle>) -> Answer<Payment> {
    Ok(Json(service.open()?.settle(&asked.order_no, asked.outcome)))
}

/// The calls.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/making/v1/find", post(find))
        .route("/making/v1/claim", post(claim))
        .route("/making/v1/verify-face", post(verify_face))
        .route("/making/v1/report", post(report))
        .route("/payments/v1/order", post(order))
        .route("/payments/v1/settle", post(settle))
        .with_state(service)
}

/// TLS from PEM files; a client needs a certificate of the same authority.
pub fn tls(ca: &Path, cert: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).with_context(|| format!("reading {}", ca.display()))? {
        roots.add(certificate?)?;
    }
    let chain = CertificateDer::pem_file_iter(cert)
        .with_context(|| format!("reading {}", cert.display()))?
        .collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("reading {}", key.display()))?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await else {
                tracing::info!("a connection without a certificate of ours");
                return;
            };
            let service = TowerToHyperService::new(router);
            // A client that breaks off is its own affair.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
