//! Who gets in, over the real listeners: a hall with an authority of its own, for the rooms of this folder.

mod asks;
mod certificates;
mod clocks;
mod log;
mod named;
mod seats;
mod sign_in;
mod tricks;
mod walks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;

use provisioning_enrolment::{Authority, DeviceName, Validity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::house::{Answer, House, connect, exchange};

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

/// A file that nobody else reads.
pub fn private(path: &std::path::Path, text: &str) {
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

    /// `audit verify`: its exit code and what it says.
    fn audit_verify(&self) -> (Option<i32>, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"))
            .args(["audit", "verify", "--config"])
            .arg(self.house.dir.join("dispatcher.toml"))
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    }

    /// Everything that the auditor exports, the line of the end among it.
    fn exported(&self, cookie: &str) -> Vec<Value> {
        let export = self.as_staff(cookie, "GET", "/api/v1/audit/export", "");
        assert_eq!(export.status, 200);
        // Sent in chunks: the sizes between them are no records.
        let text = export.text();
        let lines = text.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
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
