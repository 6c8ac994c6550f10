//! Mutual TLS: the role in the certificate decides, per call.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::house::{Answer, House, connect, exchange, key, ticket};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    pem: String,
}

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self {
            root: root.der().clone(),
            pem: root.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    fn sign(&self, name: SanType) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![name];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn device(&self, uri: &str) -> Identity {
        let (certificate, key) = self.sign(SanType::URI(uri.try_into().unwrap()));
        Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

struct Tls {
    house: House,
    authority: Authority,
    addr: SocketAddr,
}

fn house_with_tls() -> Tls {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Authority::new();
    let (certificate, server_key) = authority.sign(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let dir = std::env::temp_dir().join(format!("tls-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, pem: &str| {
        crate::gate::private(&dir.join(name), pem);
        dir.join(name).display().to_string()
    };
    let more = format!(
        "[tls]\nlisten = \"127.0.0.1:0\"\ncert = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"\n",
        write("cert.pem", &certificate.pem()),
        write("key.pem", &server_key.serialize_pem()),
        write("ca.pem", &authority.pem)
    );
    let house = House::with(&more, &[]);
    let addr = house.tls.unwrap();
    remove(&dir);
    Tls { house, authority, addr }
}

fn remove(dir: &Path) {
    let _ = std::fs::remove_dir_all(dir);
}

impl Tls {
    fn connect(&self, identity: Option<Identity>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.root.clone()).unwrap();
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let config = match identity {
            Some(id) => builder.with_client_auth_cert(vec![id.certificate], id.key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(client, connect(self.addr).unwrap())
    }

    fn call(&self, uri: Option<&str>, method: &str, path: &str, body: &str) -> Answer {
        let identity = uri.map(|uri| self.authority.device(uri));
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let key = [(
            "idempotency-key",
            key(u128::from(CALLS.fetch_add(1, Ordering::SeqCst)) | 1 << 44),
        )];
        exchange(self.connect(identity), method, path, &key, body.as_bytes()).unwrap()
    }
}

const KIOSK: Option<&str> = Some("urn:hall:foshan-street:kiosk:K01");
const BOARD: Option<&str> = Some("urn:hall:foshan-street:board:B01");
const W01: Option<&str> = Some("urn:hall:foshan-street:window:W01");
const W02: Option<&str> = Some("urn:hall:foshan-street:window:W02");
/// Persons sign in: certificates that name their roles are of nobody.
const MANAGER: Option<&str> = Some("urn:hall:foshan-street:manager:M01");
const ADMIN: Option<&str> = Some("urn:hall:foshan-street:admin:A01");
const GATEWAY: Option<&str> = Some("urn:hall:foshan-street:gateway:G01");
const OTHER_HALL: Option<&str> = Some("urn:hall:elsewhere:window:W01");

#[test]
fn each_role_may_do_its_own_and_no_more() {
    let tls = house_with_tls();
    let take = ticket("S101", None);
    let finish = "/api/v1/tickets/01a2004d-5030-75e9-af12-ac73007b1b3c/finish";
    for (who, method, path, body, status) in [
        (KIOSK, "POST", "/api/v1/tickets", take.as_str(), 201),
        (BOARD, "POST", "/api/v1/tickets", take.as_str(), 403),
        (W01, "POST", "/api/v1/tickets", take.as_str(), 201),
        (OTHER_HALL, "POST", "/api/v1/tickets", take.as_str(), 401),
        (None, "POST", "/api/v1/tickets", take.as_str(), 401),
        (KIOSK, "GET", "/api/v1/services", "", 200),
        (BOARD, "GET", "/api/v1/hall", "", 200),
        (OTHER_HALL, "GET", "/api/v1/hall", "", 401),
        (None, "GET", "/api/v1/hall", "", 401),
        (KIOSK, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#, 403),
        (W02, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#, 403),
        (W01, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#, 200),
        (MANAGER, "POST", "/api/v1/windows/W02/open", r#"{"clerk":"C2"}"#, 401),
        (BOARD, "POST", "/api/v1/windows/W01/next", "", 403),
        (W01, "POST", "/api/v1/windows/W01/next", "", 200),
        (KIOSK, "POST", finish, "", 403),
        (KIOSK, "GET", "/metrics", "", 403),
        (MANAGER, "GET", "/metrics", "", 401),
        (ADMIN, "GET", "/metrics", "", 401),
        (ADMIN, "GET", "/api/v1/accounts", "", 401),
        (ADMIN, "PUT", "/api/v1/accounts/A9", r#"{"role":"admin"}"#, 401),
        (ADMIN, "POST", "/api/v1/certificate", "{}", 401),
        (KIOSK, "GET", "/api/v1/makers", "", 403),
        (W01, "POST", "/api/v1/makers", "{}", 403),
        (KIOSK, "POST", "/api/v1/makers", "{}", 400),
        (KIOSK, "POST", "/api/v1/makers/K01/orders", "{}", 403),
        (GATEWAY, "POST", "/api/v1/bookings", "{}", 400),
        (KIOSK, "POST", "/api/v1/bookings", "{}", 403),
        (BOARD, "DELETE", "/api/v1/bookings/B1", "", 403),
        (GATEWAY, "DELETE", "/api/v1/bookings/B1", "", 404),
        (KIOSK, "POST", "/api/v1/bookings/find", "{}", 400),
        (BOARD, "POST", "/api/v1/bookings/find", "{}", 403),
        (GATEWAY, "POST", "/api/v1/bookings/unblock", "{}", 403),
        (W01, "POST", "/api/v1/bookings/unblock", "{}", 403),
        (GATEWAY, "POST", "/api/v1/tickets", take.as_str(), 403),
        (KIOSK, "POST", "/api/v1/staff-calls", r#"{"reason":"asked"}"#, 200),
        (BOARD, "POST", "/api/v1/staff-calls", r#"{"reason":"asked"}"#, 403),
        (KIOSK, "POST", "/api/v1/leases", "{}", 200),
        (KIOSK, "POST", "/api/v1/leases", r#"{"device":"K02"}"#, 403),
        (W01, "POST", "/api/v1/leases", "{}", 403),
        (KIOSK, "POST", "/api/v1/tickets/hand-over", "{}", 400),
        (BOARD, "POST", "/api/v1/tickets/hand-over", "{}", 403),
        (
            None,
            "GET",
            "/api/v1/bookings/slots?service=S101&day=2026-11-23",
            "",
            401,
        ),
        (None, "GET", "/healthz", "", 200),
        (None, "GET", "/q", "", 200),
        (None, "GET", "/openapi.json", "", 200),
    ] {
        let answer = tls.call(who, method, path, body);
        assert_eq!(answer.status, status, "{who:?} {method} {path}: {}", answer.text());
    }
}

#[test]
fn a_window_acts_on_its_own_ticket_only() {
    let tls = house_with_tls();
    tls.house.open("W01");
    let id = tls.house.take("S101", None, &key(1)).json()["id"]
        .as_str()
        .unwrap()
        .to_string();
    assert_eq!(tls.call(W01, "POST", "/api/v1/windows/W01/next", "").status, 200);
    let start = format!("/api/v1/tickets/{id}/start");
    assert_eq!(tls.call(W02, "POST", &start, "").status, 403);
    assert_eq!(tls.call(W01, "POST", &start, "").status, 200);
    let unknown = "/api/v1/tickets/01a2004d-5030-75e9-af12-ac73007b1b3c/start";
    assert_eq!(tls.call(W01, "POST", unknown, "").status, 404);
    let requeue = format!("/api/v1/tickets/{id}/requeue");
    for other in [W02, KIOSK] {
        let refused = tls.call(other, "POST", &requeue, r#"{"reason":"x"}"#);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "forbidden"),
            "{other:?}"
        );
    }
    assert_eq!(tls.call(W01, "POST", &requeue, r#"{"reason":"x"}"#).status, 200);
}

#[test]
fn a_certificate_of_another_authority_does_not_get_through_the_handshake() {
    let tls = house_with_tls();
    let foreign = Authority::new().device("urn:hall:foshan-street:admin:A01");
    let answer = exchange(tls.connect(Some(foreign)), "GET", "/healthz", &[], b"");
    assert!(answer.is_err(), "a foreign certificate was let in");
}

#[test]
fn the_bearer_token_opens_nothing_on_the_lan() {
    let tls = house_with_tls();
    let bearer = [("authorization", format!("Bearer {}", tls.house.token))];
    let answer = exchange(tls.connect(None), "GET", "/api/v1/hall", &bearer, b"").unwrap();
    assert_eq!(answer.status, 401);
}
