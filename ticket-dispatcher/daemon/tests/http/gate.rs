//! Who gets in, over the real listeners: sign-in, cookies, certificates taken back, enrolment, the audit log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use provisioning_enrolment::{Authority, Code, DeviceName, NewKey, Validity, answer_mac, request_mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::house::{Answer, House, connect, exchange, ticket};

const HALL: &str = "foshan-street";

pub struct Gate {
    pub house: House,
    authority: Authority,
    tls: SocketAddr,
}

/// A device's certificate and key.
#[derive(Clone)]
struct Device {
    cert: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
}

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn serial(n: u8) -> [u8; 16] {
    [n; 16]
}

fn private(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Gate {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (authority, own) = Authority::make(HALL, Validity::days(now_s(), 3650)).unwrap();
        let server = authority
            .server(&["127.0.0.1".into()], &serial(1), Validity::days(now_s(), 90))
            .unwrap();
        let unique = format!("gate-{}-{:?}", std::process::id(), std::thread::current().id());
        let dir = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&dir).unwrap();
        private(&dir.join("cert.pem"), &server.cert_pem);
        private(&dir.join("key.pem"), &server.key_pem);
        private(&dir.join("ca.pem"), &own.cert_pem);
        private(&dir.join("ca.key"), &own.key_pem);
        let path = |name: &str| dir.join(name).display().to_string();
        let more = format!(
            "[tls]\nlisten = \"127.0.0.1:0\"\ncert = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"\n\
             [enrolment]\nlisten = \"127.0.0.1:0\"\nauthority_key = \"{}\"\n",
            path("cert.pem"),
            path("key.pem"),
            path("ca.pem"),
            path("ca.key")
        );
        let house = House::with(&more, &[]);
        let tls = house.tls.unwrap();
        Self { house, authority, tls }
    }

    fn device(&self, role: &str, id: &str, n: u8, validity: Validity) -> Device {
        Self::signed(&self.authority, &DeviceName::new(HALL, role, id).unwrap(), n, validity)
    }

    fn signed(authority: &Authority, name: &DeviceName, n: u8, validity: Validity) -> Device {
        let leaf = authority.device(name, &serial(n), validity).unwrap();
        Device {
            cert: CertificateDer::from_pem_slice(leaf.cert_pem.as_bytes()).unwrap(),
            key: Arc::new(PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes()).unwrap()),
        }
    }

    fn connect_to(&self, addr: SocketAddr, device: Option<&Device>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.authority.cert_pem().as_bytes()).unwrap())
            .unwrap();
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let config = match device {
            Some(d) => builder
                .with_client_auth_cert(vec![d.cert.clone()], d.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(client, connect(addr).unwrap())
    }

    fn ask(
        &self,
        device: Option<&Device>,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> std::io::Result<Answer> {
        exchange(
            self.connect_to(self.tls, device),
            method,
            path,
            headers,
            body.as_bytes(),
        )
    }

    /// An account by the console of the machine, with its first password replaced; its authenticator, too.
    fn account(&self, id: &str, role: &str) -> Staff {
        let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
            .args(["account", "put", "--json", "--id", id, "--role", role, "--config"])
            .arg(self.house.dir.join("dispatcher.toml"))
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let made: Value = serde_json::from_slice(&out.stdout).unwrap();
        let totp = totp_rs::Totp::from_url(made["otpauth"].as_str().unwrap()).unwrap();
        let staff = Staff {
            id: id.to_string(),
            password: "a good long password".to_string(),
            totp,
        };
        let first = made["first_password"].as_str().unwrap();
        let asked = self.sign_in(&staff, first, -1, None);
        assert_eq!((asked.status, asked.code().as_str()), (403, "must-change"));
        let done = self.sign_in(&staff, first, -1, Some(&staff.password));
        assert_eq!(done.status, 200, "{}", done.text());
        staff
    }

    /// With the digits of this step or the one before: each counts once.
    fn sign_in(&self, staff: &Staff, password: &str, step: i64, new: Option<&str>) -> Answer {
        let code = staff
            .totp
            .generate(u64::try_from(now_s() + step * 30).unwrap())
            .to_string();
        let mut body = json!({"account": staff.id, "password": password, "code": code, "window": "W01"});
        if let Some(new) = new {
            body["new_password"] = json!(new);
        }
        self.ask(None, "POST", "/api/v1/sign-in", &[], &body.to_string())
            .unwrap()
    }

    fn cookie(&self, staff: &Staff) -> String {
        let answer = self.sign_in(staff, &staff.password, 0, None);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let set = answer.header("set-cookie").unwrap();
        for part in ["__Host-yimen=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        set.split(';').next().unwrap().to_string()
    }

    /// By a page of this host, under a cookie.
    fn as_staff(&self, cookie: &str, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("cookie", cookie.to_string()), ("origin", "https://hall".to_string())];
        self.ask(None, method, path, &headers, body).unwrap()
    }
}

struct Staff {
    id: String,
    password: String,
    totp: totp_rs::Totp,
}

#[test]
fn a_clerk_signs_in_works_at_their_window_and_signs_out() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    let me = gate.as_staff(&cookie, "GET", "/api/v1/session", "").json();
    assert_eq!(
        (me["account"].as_str(), me["role"].as_str(), me["window"].as_str()),
        (Some("C1"), Some("window"), Some("W01"))
    );
    let opened = gate.as_staff(&cookie, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"SOMEBODY"}"#);
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(
        opened.json()["clerk"],
        "C1",
        "whoever has signed in works under their own code"
    );
    assert_eq!(
        gate.as_staff(&cookie, "POST", "/api/v1/windows/W02/open", r#"{"clerk":"C1"}"#)
            .status,
        403
    );
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/audit", "").status, 403);
    assert_eq!(gate.as_staff(&cookie, "POST", "/api/v1/sign-out", "").status, 204);
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/session", "").status, 401);
}

#[test]
fn a_session_survives_a_restart_of_the_dispatcher() {
    let mut gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    gate.house.kill();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert_eq!(gate.as_staff(&cookie, "GET", "/api/v1/session", "").status, 200);
}

#[test]
fn a_request_that_another_site_made_is_refused_whatever_its_cookie() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    let cookie = gate.cookie(&clerk);
    let open = |more: &[(&str, String)]| {
        let mut headers = vec![("cookie", cookie.clone())];
        headers.extend_from_slice(more);
        gate.ask(None, "POST", "/api/v1/windows/W01/open", &headers, r#"{"clerk":"C1"}"#)
            .unwrap()
    };
    assert_eq!(open(&[]).status, 403);
    assert_eq!(open(&[("origin", "https://evil.test".into())]).status, 403);
    assert_eq!(open(&[("sec-fetch-site", "cross-site".into())]).status, 403);
    assert_eq!(open(&[("sec-fetch-site", "same-origin".into())]).status, 200);
}

#[test]
fn the_administrator_cannot_read_the_audit_log_and_the_auditor_can_do_nothing_else() {
    let gate = Gate::new();
    let (admin, auditor) = (gate.account("A1", "admin"), gate.account("R1", "auditor"));
    let wrong = gate.sign_in(&admin, "not the password", 0, None);
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "unauthorised"));
    let admin = gate.cookie(&admin);
    for path in ["/api/v1/audit", "/api/v1/audit/export"] {
        assert_eq!(gate.as_staff(&admin, "GET", path, "").status, 403);
        assert_eq!(
            gate.house.call("GET", path, "").status,
            403,
            "nor does the machine's token"
        );
    }
    assert_eq!(
        gate.as_staff(&admin, "POST", "/api/v1/windows/W01/open", r#"{"clerk":"C1"}"#)
            .status,
        403
    );
    assert_eq!(gate.as_staff(&admin, "GET", "/api/v1/manager", "").status, 403);
    let made = gate.as_staff(
        &admin,
        "PUT",
        "/api/v1/accounts/C7",
        r#"{"role":"window","windows":["W01"]}"#,
    );
    assert_eq!(made.status, 200, "{}", made.text());
    let unknown = gate.as_staff(
        &admin,
        "PUT",
        "/api/v1/accounts/C8",
        r#"{"role":"window","windows":["W99"]}"#,
    );
    assert_eq!(unknown.status, 422);

    let auditor = gate.cookie(&auditor);
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/accounts", "").status, 403);
    assert_eq!(gate.as_staff(&auditor, "GET", "/api/v1/hall", "").status, 403);
    let log = gate.as_staff(&auditor, "GET", "/api/v1/audit", "").json();
    let records = log["records"].as_array().unwrap();
    let has = |action: &str, result: &str, object: &str| {
        records
            .iter()
            .any(|r| r["action"] == action && r["result"] == result && r["object"] == object)
    };
    assert!(
        has("account.put", "done", "A1") && has("account.put", "done", "C7"),
        "{log}"
    );
    assert!(has("staff.sign-in", "refused", "A1") && has("staff.sign-in", "done", "A1"));
    assert!(has("audit.read", "done", ""));
    let text = log.to_string();
    assert!(!text.contains("password\"") && !text.contains("not the password"));
    let export = gate.as_staff(&auditor, "GET", "/api/v1/audit/export", "");
    assert_eq!(
        export.text().lines().count(),
        usize::try_from(log["last"].as_u64().unwrap() + 1).unwrap()
    );
}

#[test]
fn five_wrong_passwords_lock_the_account_on_the_wire_too() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    for _ in 0..5 {
        assert_eq!(gate.sign_in(&clerk, "wrong password", 0, None).status, 401);
    }
    let locked = gate.sign_in(&clerk, &clerk.password, 0, None);
    assert_eq!((locked.status, locked.code().as_str()), (429, "too-many"));
    let seconds: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((880..=901).contains(&seconds), "{seconds}");
}

#[test]
fn the_audit_log_is_checked_by_command_and_a_changed_byte_is_named() {
    let mut gate = Gate::new();
    gate.account("A1", "admin");
    // A head is signed when the dispatcher stops in order.
    let id = i32::try_from(gate.house.child.id()).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(id).unwrap(),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    gate.house.child.wait().unwrap();
    let verify = || {
        let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
            .args(["audit", "verify", "--config"])
            .arg(gate.house.dir.join("dispatcher.toml"))
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, said) = verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("sound: 3 records, first 1, 2 heads checked"), "{said}");
    let db = rusqlite::Connection::open(gate.house.dir.join("access.sqlite")).unwrap();
    db.execute_batch("UPDATE audit SET actor = 'X' WHERE seq = 2").unwrap();
    let (code, said) = verify();
    assert_eq!(code, Some(1));
    assert!(said.starts_with("record 2: the record was changed"), "{said}");
    db.execute_batch("DELETE FROM audit; DELETE FROM audit_head").unwrap();
    let (code, said) = verify();
    assert_eq!(code, Some(1));
    assert!(
        said.contains("the log ends at 0, but a signed head knows of more"),
        "{said}"
    );
}

#[test]
fn a_certificate_taken_back_is_out_within_five_seconds_open_connections_too() {
    let gate = Gate::new();
    let year = Validity::days(now_s(), 90);
    let (thief, other) = (
        gate.device("kiosk", "K01", 9, year),
        gate.device("kiosk", "K02", 10, year),
    );
    assert_eq!(
        gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    // A stream that is open while the certificate is taken back.
    let mut stream = gate.connect_to(gate.tls, Some(&thief));
    std::io::Write::write_all(&mut stream, b"GET /api/v1/stream HTTP/1.1\r\nhost: hall\r\n\r\n").unwrap();
    let mut buffer = [0; 4096];
    assert!(std::io::Read::read(&mut stream, &mut buffer).unwrap() > 0);

    let listed = gate.house.call("GET", "/api/v1/certificates", "").json();
    let k01 = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["device"] == "K01")
        .unwrap()
        .clone();
    let began = Instant::now();
    let path = format!("/api/v1/certificates/{}/revoke", k01["serial"].as_str().unwrap());
    assert_eq!(gate.house.call("POST", &path, r#"{"reason":"stolen"}"#).status, 204);
    loop {
        match std::io::Read::read(&mut stream, &mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(_) => assert!(began.elapsed() < Duration::from_secs(5), "the stream goes on"),
        }
    }
    assert!(gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").is_err());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(
        gate.ask(Some(&other), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
}

#[test]
fn a_certificate_taken_back_stays_out_after_a_restart() {
    let mut gate = Gate::new();
    let thief = gate.device("kiosk", "K01", 9, Validity::days(now_s(), 90));
    assert_eq!(
        gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    let hex = "49".to_string() + &"09".repeat(15);
    assert_eq!(
        gate.house
            .call("POST", &format!("/api/v1/certificates/{hex}/revoke"), "{}")
            .status,
        204
    );
    gate.house.kill();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert!(gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").is_err());
}

/// One call of the interface: method and path with its parameters filled in.
fn every_call(document: &Value) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled = path
            .replace("{w}", "W01")
            .replace("{serial}", "0102")
            .replace("{id}", "01a2004d-5030-75e9-af12-ac73007b1b3c");
        for (method, call) in methods.as_object().unwrap() {
            let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
            let query: Vec<String> = parameters
                .iter()
                .filter(|p| p["in"] == "query" && p["required"] == true)
                .map(|p| format!("{}=x", p["name"].as_str().unwrap()))
                .collect();
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{}", query.join("&"))
            };
            calls.push((method.to_ascii_uppercase(), format!("{filled}{query}")));
        }
    }
    calls
}

/// Calls that answer without credentials, on purpose: state without a person, and the door to sign in.
const PUBLIC: [&str; 6] = [
    "GET /healthz",
    "GET /api/v1/lookup?t=x",
    "POST /api/v1/lookup",
    "POST /api/v1/sign-in",
    "POST /api/v1/sign-out",
    "GET /openapi.json",
];

#[test]
fn every_call_of_the_interface_refuses_whoever_has_no_good_certificate_or_session() {
    let gate = Gate::new();
    let document = gate.house.bare("GET", "/openapi.json", "").json();
    let calls = every_call(&document);
    assert!(calls.len() > 50, "{}", calls.len());
    let good = Validity::days(now_s(), 90);
    let past = Validity {
        from_s: now_s() - 200_000,
        until_s: now_s() - 100_000,
    };
    let soon = Validity {
        from_s: now_s() + 100_000,
        until_s: now_s() + 200_000,
    };
    let (foreign_authority, _) = Authority::make(HALL, Validity::days(now_s(), 3650)).unwrap();
    let foreign = Gate::signed(
        &foreign_authority,
        &DeviceName::new(HALL, "admin", "A01").unwrap(),
        20,
        good,
    );
    let other_hall = Gate::signed(
        &gate.authority,
        &DeviceName::new("elsewhere", "admin", "A01").unwrap(),
        21,
        good,
    );
    let revoked = gate.device("kiosk", "K09", 22, good);
    let hex = "56".to_string() + &"16".repeat(15);
    assert_eq!(
        gate.house
            .call("POST", &format!("/api/v1/certificates/{hex}/revoke"), "{}")
            .status,
        204
    );
    let nobody_session = format!("__Host-yimen={}", "ab".repeat(32));
    let refusals: [Refused; 8] = [
        ("none", None, vec![]),
        ("expired", Some(gate.device("admin", "A02", 23, past)), vec![]),
        ("not yet good", Some(gate.device("admin", "A03", 24, soon)), vec![]),
        ("foreign", Some(foreign), vec![]),
        ("another hall's", Some(other_hall), vec![]),
        ("revoked", Some(revoked), vec![]),
        (
            "no such session",
            None,
            vec![("cookie", nobody_session), ("origin", "https://hall".into())],
        ),
        (
            "the loopback token",
            None,
            vec![("authorization", format!("Bearer {}", gate.house.token))],
        ),
    ];
    let mut tried = 0;
    for (method, path) in &calls {
        let call = format!("{method} {path}");
        for (who, device, headers) in &refusals {
            tried += 1;
            let answer = gate.ask(
                device.as_ref(),
                method,
                path,
                headers,
                if method == "GET" { "" } else { "{}" },
            );
            let public = PUBLIC.contains(&call.as_str());
            match answer {
                // No handshake, no answer.
                Err(_) => assert!(device.is_some(), "{call} by {who}"),
                Ok(answer) if public => assert_ne!(answer.status, 500, "{call} by {who}"),
                Ok(answer) => assert_eq!(answer.status, 401, "{call} by {who}: {}", answer.text()),
            }
        }
    }
    println!("{} calls, {tried} tries, 0 open but {PUBLIC:?}", calls.len());
}

/// Who, with which certificate, with which headers.
type Refused = (&'static str, Option<Device>, Vec<(&'static str, String)>);

/// Calls that a role may make, by the words of the paths; whatever is not here is refused.
#[test]
fn every_call_of_the_interface_refuses_the_wrong_role() {
    let gate = Gate::new();
    let document = gate.house.bare("GET", "/openapi.json", "").json();
    let good = Validity::days(now_s(), 90);
    let auditor = gate.account("R1", "auditor");
    let auditor = [
        ("cookie", gate.cookie(&auditor)),
        ("origin", "https://hall".to_string()),
    ];
    let board = gate.device("board", "B01", 30, good);
    let board_may = [
        "GET /api/v1/hall",
        "GET /api/v1/stream",
        "GET /api/v1/services",
        "POST /api/v1/shown",
        "POST /api/v1/certificate",
    ];
    let auditor_may = ["GET /api/v1/audit", "GET /api/v1/audit/export", "GET /api/v1/session"];
    let (mut refused, mut wrong) = (0, Vec::new());
    for (method, path) in every_call(&document) {
        let call = format!("{method} {path}");
        if PUBLIC.contains(&call.as_str()) || path == "/api/v1/stream" {
            continue;
        }
        let body = if method == "GET" { "" } else { "{}" };
        for (who, device, headers, may) in [
            ("board", Some(&board), &[][..], &board_may[..]),
            ("auditor", None, &auditor[..], &auditor_may[..]),
        ] {
            let answer = gate.ask(device, &method, &path, headers, body).unwrap();
            let closed = matches!(answer.status, 401 | 403);
            if closed == may.contains(&call.as_str()) {
                wrong.push(format!("{call} by {who}: {} {}", answer.status, answer.text()));
            }
            refused += usize::from(closed);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused > 80, "{refused}");
}

/// A request for enrolment as a kiosk makes it.
fn enrol(gate: &Gate, door: &str, code: &Code, seen: Option<[u8; 32]>) -> (Answer, NewKey) {
    let key = NewKey::make().unwrap();
    let request = key.request_der().unwrap();
    let mut stream = gate.connect_to(door.parse().unwrap(), None);
    std::io::Write::flush(&mut stream).unwrap();
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    let server = stream.conn.peer_certificates().unwrap()[0].clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &server);
    let seen = seen.unwrap_or_else(|| digest.as_ref().try_into().unwrap());
    let mac = request_mac(code.secret(), &seen, &request);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let body = json!({
        "code_id": code.id(), "request": hex(&request), "mac": hex(&mac),
        "clock_ms": jiff::Timestamp::now().as_millisecond() + 400_000,
    });
    (
        exchange(stream, "POST", "/enrol", &[], body.to_string().as_bytes()).unwrap(),
        key,
    )
}

fn code(gate: &Gate) -> (Code, String) {
    let made = gate
        .house
        .call("POST", "/api/v1/enrolment/codes", r#"{"role":"kiosk","device":"K05"}"#);
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    (
        Code::parse(made["code"].as_str().unwrap()).unwrap(),
        made["enrolment"].as_str().unwrap().to_string(),
    )
}

#[test]
fn a_kiosk_enrols_with_a_code_works_and_renews() {
    let gate = Gate::new();
    let (code, door) = code(&gate);
    let (answer, key) = enrol(&gate, &door, &code, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let (cert, authority) = (
        answer["certificate"].as_str().unwrap(),
        answer["authority"].as_str().unwrap(),
    );
    let mac = answer_mac(code.secret(), cert, authority);
    assert_eq!(
        answer["mac"].as_str().unwrap(),
        mac.iter().map(|b| format!("{b:02x}")).collect::<String>()
    );
    assert_eq!(answer["name"], "urn:hall:foshan-street:kiosk:K05");
    let device = |cert: &str, key: &NewKey| Device {
        cert: CertificateDer::from_pem_slice(cert.as_bytes()).unwrap(),
        key: Arc::new(PrivateKeyDer::from_pem_slice(key.pem().as_bytes()).unwrap()),
    };
    let kiosk = device(cert, &key);
    let idem = [("idempotency-key", crate::house::key(1 << 45))];
    let taken = gate
        .ask(Some(&kiosk), "POST", "/api/v1/tickets", &idem, &ticket("S101", None))
        .unwrap();
    assert_eq!(taken.status, 201, "{}", taken.text());

    let next = NewKey::make().unwrap();
    let request: String = next.request_der().unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let renewed = gate.ask(
        Some(&kiosk),
        "POST",
        "/api/v1/certificate",
        &[],
        &json!({ "request": request }).to_string(),
    );
    let renewed = renewed.unwrap().json();
    let newer = device(renewed["certificate"].as_str().unwrap(), &next);
    assert_eq!(
        gate.ask(Some(&newer), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    let board = gate.ask(Some(&newer), "POST", "/api/v1/shown", &[], "{}").unwrap();
    assert_eq!(board.status, 403, "a renewed kiosk is still a kiosk");
}

#[test]
fn a_code_that_is_replayed_relayed_or_tried_six_times_opens_nothing() {
    let gate = Gate::new();
    let (first, door) = code(&gate);
    assert_eq!(enrol(&gate, &door, &first, None).0.status, 200);
    assert_eq!(enrol(&gate, &door, &first, None).0.status, 403, "replayed");
    let (second, door) = code(&gate);
    let relayed = enrol(&gate, &door, &second, Some([7; 32])).0;
    assert_eq!(
        relayed.status, 403,
        "the device saw another certificate than ours: somebody is between"
    );
    let wrong = Code::parse(&format!("{}{}", second.id(), "0".repeat(12))).unwrap();
    for _ in 0..4 {
        assert_eq!(enrol(&gate, &door, &wrong, None).0.status, 403);
    }
    assert_eq!(
        enrol(&gate, &door, &second, None).0.status,
        403,
        "the sixth try, though right"
    );
    // The door knows one path and no other.
    let other = exchange(
        gate.connect_to(door.parse().unwrap(), None),
        "GET",
        "/api/v1/hall",
        &[],
        b"",
    )
    .unwrap();
    assert_eq!(other.status, 404);
}

#[test]
fn a_wrong_check_code_is_heard_ten_times_and_then_not_even_the_right_one() {
    let gate = Gate::new();
    let taken = gate.house.take("S101", None, &crate::house::key(5)).json();
    let (number, right) = (taken["number"].as_str().unwrap(), taken["check_code"].as_str().unwrap());
    let pair = |code: &str| {
        let body = json!({"number": number, "check_code": code}).to_string();
        gate.house.bare("POST", "/api/v1/lookup", &body)
    };
    let found = pair(right);
    assert_eq!((found.status, found.json()["number"].as_str()), (200, Some(number)));
    let wrong = if right == "0000" { "0001" } else { "0000" };
    for _ in 0..10 {
        assert_eq!(pair(wrong).status, 404);
    }
    let silent = pair(right);
    assert_eq!((silent.status, silent.code().as_str()), (429, "too-many"));
    let token = taken["token"].as_str().unwrap();
    assert_eq!(
        gate.house.bare("GET", &format!("/api/v1/lookup?t={token}"), "").status,
        200,
        "the QR still works"
    );
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let gate = Gate::new();
    for (path, page) in [
        ("/clerk", true),
        ("/sign-in", true),
        ("/q", true),
        ("/api/v1/hall", false),
        ("/nowhere", false),
    ] {
        let answer = gate.ask(None, "GET", path, &[], "").unwrap();
        let policy = answer.header("content-security-policy").unwrap();
        let wanted = if page {
            "default-src 'self'"
        } else {
            "default-src 'none'"
        };
        assert!(policy.starts_with(wanted), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for header in [
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "strict-transport-security",
            "x-frame-options",
            "cache-control",
        ] {
            assert!(answer.header(header).is_some(), "{path} has no {header}");
        }
    }
}
