//! Listeners and connections: limits on time, size and number before any handler runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::app::App;
use crate::caller::{Caller, serial_of};
use crate::gate::From;
use crate::gate::certificates::Shown;
use crate::machine;
use crate::patient::Patient;
use crate::router::{TakesBearer, too_many};

/// A client that has not sent its headers by then is gone; so is one whose handshake takes as long.
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// Connections at once from one address. A kiosk has some, a board one or two; this machine itself as many as it likes.
const CONNECTIONS_OF_ONE_MAX: usize = 512;
/// A client that takes nothing of what is written to it for so long is gone.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// Connections at once on all listeners. A hall has hundreds; the rest is somebody trying.
const CONNECTIONS_MAX: usize = 20_000;
/// Streams of one HTTP/2 connection.
const H2_STREAMS_MAX: u32 = 32;
/// Calls that name a person, whoever makes them; `POST /api/v1/tickets` names one where a device makes it.
const NAMES_SOMEBODY: [&str; 4] = [
    "/api/v1/tickets/hand-over",
    "/api/v1/bookings",
    "/api/v1/bookings/find",
    "/api/v1/bookings/unblock",
];
/// How long open connections may take to end at shutdown.
const GOODBYE: Duration = Duration::from_secs(3);

/// What a listener is.
pub enum Door {
    /// Plain HTTP on this machine, with the bearer token.
    Loopback,
    /// TLS with client certificates.
    Tls(TlsAcceptor),
}

/// A bound listener.
pub struct Bound {
    listener: TcpListener,
    door: Door,
    /// Where it really listens.
    pub addr: SocketAddr,
}

/// Both kinds of TLS, under one certificate.
pub struct Tls {
    /// For devices, which show theirs.
    pub devices: TlsAcceptor,
    /// For those who are to become devices.
    pub enrolment: TlsAcceptor,
    /// SHA-256 of our own certificate, to which a request for enrolment is bound.
    pub own: [u8; 32],
}

/// Binds.
pub async fn bind(addr: SocketAddr, door: Door) -> anyhow::Result<Bound> {
    let listener = TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}"))?;
    let addr = listener.local_addr()?;
    Ok(Bound { listener, door, addr })
}

/// TLS from the files of the dispatcher file. A client may come without a certificate and then sees public calls only;
/// one with a certificate that the hall's authority did not sign is refused in the handshake.
pub fn tls(file: &provisioning_config::dispatcher_file::Tls) -> anyhow::Result<Tls> {
    let name = |path: &std::path::Path| path.display().to_string();
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::pem_file_iter(&file.client_ca)
        .with_context(|| format!("cannot read {}", name(&file.client_ca)))?;
    for certificate in authority {
        roots.add(certificate.with_context(|| format!("in {}", name(&file.client_ca)))?)?;
    }
    let chain: Vec<_> = CertificateDer::pem_file_iter(&file.cert)
        .with_context(|| format!("cannot read {}", name(&file.cert)))?
        .collect::<Result<_, _>>()
        .with_context(|| format!("in {}", name(&file.cert)))?;
    let key = crate::keys::private_text(&file.key)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).with_context(|| format!("in {}", name(&file.key)))?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .allow_unauthenticated()
        .build()?;
    let own = chain
        .first()
        .with_context(|| format!("no certificate in {}", name(&file.cert)))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, own);
    let own: [u8; 32] = digest.as_ref().try_into().context("SHA-256 has 32 bytes")?;
    let acceptor = |mut config: ServerConfig| {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    };
    // In 1.2 the certificate of a device would cross in clear.
    let versions = [&rustls::version::TLS13];
    let devices = ServerConfig::builder_with_protocol_versions(&versions)
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), key.clone_key())?;
    let enrolment = ServerConfig::builder_with_protocol_versions(&versions)
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Tls {
        devices: acceptor(devices),
        enrolment: acceptor(enrolment),
        own,
    })
}

/// Places for connections, of all listeners together.
pub struct Seats {
    /// As many as the machine has files for.
    all: Arc<Semaphore>,
    /// How many each address has.
    by_address: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A place that is taken; it is free again with the end of this value.
struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
    _one: OwnedSemaphorePermit,
}

impl Seats {
    /// All free.
    pub fn new() -> Arc<Self> {
        let all = Arc::new(Semaphore::new(machine::connections_that_fit(CONNECTIONS_MAX)));
        Arc::new(Self {
            all,
            by_address: Mutex::default(),
        })
    }

    /// None where all are taken, or this address has as many as one may have.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let own = address == IpAddr::V4(Ipv4Addr::LOCALHOST) || address == IpAddr::V6(Ipv6Addr::LOCALHOST);
        let mut taken = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = taken.entry(address).or_default();
        if *of_it >= CONNECTIONS_OF_ONE_MAX && !own {
            return None;
        }
        *of_it += 1;
        drop(taken);
        Some(Seat {
            seats: Arc::clone(self),
            address,
            _one: one,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_it) = taken.get_mut(&self.address) {
            *of_it -= 1;
            if *of_it == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// Serves until `stop` turns true; then connections may end what they are at.
pub async fn serve(bound: Bound, app: Arc<App>, router: Router, seats: Arc<Seats>, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let door = Arc::new(bound.door);
    loop {
        let accepted = tokio::select! {
            accepted = bound.listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: a pause lets some connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let Some(seat) = seats.take(peer.ip().to_canonical()) else {
            tokio::spawn(turn_away(stream, Arc::clone(&door)));
            continue;
        };
        let (app, router) = (Arc::clone(&app), router.clone());
        let (door, watcher) = (Arc::clone(&door), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, peer.ip(), &door, &app, router, watcher).await;
            drop(seat);
        });
    }
    drop(bound.listener);
    if tokio::time::timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        tracing::info!("some connections did not end in time");
    }
}

async fn turn_away(stream: TcpStream, door: Arc<Door>) {
    // Only the plain door can say so in words; a handshake for a client that is turned away would cost the most.
    if matches!(*door, Door::Loopback) {
        let service = hyper::service::service_fn(async |_: Request<Incoming>| Ok::<_, Infallible>(too_many()));
        let connection = hyper::server::conn::http1::Builder::new()
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        let _ = tokio::time::timeout(Duration::from_secs(1), connection).await;
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, door: &Door, app: &App, router: Router, watcher: Watcher) {
    let stream = Patient::new(stream, WRITE_TIME_MAX);
    let from = From(peer.to_canonical());
    match door {
        Door::Loopback => http(stream, (Caller::Nobody, from, true, Shown(None)), router, watcher).await,
        Door::Tls(acceptor) => {
            let Ok(Ok(stream)) = tokio::time::timeout(HEADER_TIME_MAX, acceptor.accept(stream)).await else {
                metrics::counter!("tls_handshakes_failed_total").increment(1);
                return;
            };
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let caller = certificate.map_or(Caller::Nobody, |c| Caller::from_certificate(c, &app.hall.info.id));
            let Some(serial) = certificate.and_then(serial_of) else {
                return http(stream, (caller, from, false, Shown(None)), router, watcher).await;
            };
            // Subscribed before it is looked at: a revocation at this very moment is seen by one or the other.
            let mut revoked = app.gate.revoked();
            if revoked.borrow_and_update().contains(&serial) {
                metrics::counter!("certificates_refused_total").increment(1);
                return app.gate.turned_away(from, &caller, &serial).await;
            }
            if app.gate.came(&serial, &caller) {
                app.gate.retire_older(from, &caller, serial.clone()).await;
            }
            let shown = Shown(Some(serial.clone()));
            tokio::select! {
                () = http(stream, (caller, from, false, shown), router, watcher) => {}
                // Whatever was being answered is cut off: it was asked by a thief.
                _ = revoked.wait_for(|all| all.contains(&serial)) => {
                    metrics::counter!("certificates_refused_total").increment(1);
                }
            }
        }
    }
}

async fn http<S>(
    stream: S,
    (caller, from, takes_bearer, shown): (Caller, From, bool, Shown),
    router: Router,
    watcher: Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let has_asked = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        has_asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(caller.clone());
        request.extensions_mut().insert(from);
        request.extensions_mut().insert(TakesBearer(takes_bearer));
        request.extensions_mut().insert(shown.clone());
        let ends = names_somebody(&request, &caller);
        let answer = router.clone().oneshot(request);
        async move {
            let mut answer = answer.await?;
            if ends {
                let headers = answer.headers_mut();
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS_MAX)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(HEADER_TIME_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // An error here is a client that went away or spoke nonsense; both are its own affair.
        _ = watcher.watch(connection.into_owned()) => {}
        // The library waits for ever for the bytes by which it tells HTTP/1.1 from HTTP/2.
        () = silent(&asked) => metrics::counter!("connections_that_never_ask_total").increment(1),
    }
}

/// Whether a connection ends with this request: it has read a person into buffers that are of nobody, and a kept one
/// holds them there until others have come by, perhaps for a night. HTTP/2 cannot end for one of its requests.
fn names_somebody<B>(request: &Request<B>, caller: &Caller) -> bool {
    let path = request.uri().path();
    let takes = path == "/api/v1/tickets" && matches!(caller, Caller::Device(..));
    let posts = *request.method() == Method::POST && request.version() < Version::HTTP_2;
    posts && (takes || NAMES_SOMEBODY.contains(&path))
}

/// Ends when a client has asked nothing for as long as it may; never for one that has.
async fn silent(asked: &AtomicBool) {
    Box::pin(tokio::time::sleep(HEADER_TIME_MAX)).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
