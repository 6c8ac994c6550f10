//! What TLS costs: connections a second with and without it, and the dispatcher's CPU for a call through either door.
//!
//! Both doors are tried in turns in the same run. Clients and dispatcher share the machine, and a client pays about as
//! much for a handshake as the dispatcher does, so the CPU of the dispatcher says more than the rate.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use provisioning_enrolment::{Authority, DeviceName, Validity};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Client, fresh_key};
use crate::disk::Disk;
use crate::server::Server;

/// Connections and calls through both doors.
#[derive(clap::Args)]
pub struct Args {
    /// Clients at once.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Length of one run in seconds.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Runs of each; the median is printed.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// What a client does again and again.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    /// Connects, asks for the hall, and goes.
    Connection,
    /// Asks for the hall over a connection that stays.
    Call,
    /// Connects, takes a ticket, and goes: a connection over which a device may have named somebody ends.
    Ticket,
}

/// Which door, and how it is opened.
#[derive(Clone)]
enum Door {
    Plain,
    Tls(TlsConnector),
}

/// An open connection, with TLS or without.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Prints a table: how many a second, and the dispatcher's CPU for each.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    // The same provider as in the dispatcher; another one that is installed already serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = std::env::temp_dir().join(format!("hall-load-tls-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let now = Validity::days(i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_secs())?, 1);
    let (authority, _) = Authority::make("load", now)?;
    let server = Server::start_with(&dir, &args.hall, &Disk::default(), &tls_of(&dir, &authority, now)?).await?;
    let kiosk = kiosk_of(&authority, &hall_of(&server).await?, now)?;
    let resumed = Door::Tls(TlsConnector::from(Arc::new(kiosk.clone())));
    let full = Door::Tls(TlsConnector::from(Arc::new({
        let mut kiosk = kiosk;
        kiosk.resumption = Resumption::disabled();
        kiosk
    })));
    let rows = [
        ("connection and call, plain", Work::Connection, Door::Plain),
        (
            "the same, handshake with both certificates",
            Work::Connection,
            full.clone(),
        ),
        ("the same, handshake resumed", Work::Connection, resumed.clone()),
        ("call on a kept connection, plain", Work::Call, Door::Plain),
        ("the same, TLS", Work::Call, full),
        ("connection and durable ticket, plain", Work::Ticket, Door::Plain),
        ("the same, handshake resumed", Work::Ticket, resumed),
    ];
    let mut seen = vec![Vec::new(); rows.len()];
    for _ in 0..args.runs {
        for ((_, work, door), seen) in rows.iter().zip(&mut seen) {
            seen.push(one(&server, args, *work, door).await?);
        }
    }
    println!("{:44}  a second  dispatcher's cpu ms each", "");
    for ((name, ..), mut seen) in rows.iter().zip(seen) {
        let middle = seen.len() / 2;
        seen.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rate = seen[middle].0;
        seen.sort_by(|a, b| a.1.total_cmp(&b.1));
        println!("{name:44}  {rate:8.0}  {:23.3}", seen[middle].1);
    }
    server.stop().await;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// How many a second, and milliseconds of the dispatcher's CPU for each.
async fn one(server: &Server, args: &Args, work: Work, door: &Door) -> anyhow::Result<(f64, f64)> {
    let length = Duration::from_secs(args.seconds);
    let until = Instant::now() + length;
    let (before, _) = server.usage()?;
    let mut tasks = Vec::new();
    for _ in 0..args.clients {
        let (door, address, token) = (door.clone(), address(server, door)?, server.token.clone());
        tasks.push(tokio::spawn(async move {
            client(&door, &address, &token, work, until).await
        }));
    }
    let mut done = 0_u32;
    for task in tasks {
        done += task.await??;
    }
    ensure!(done > 0, "not one was answered");
    let (after, _) = server.usage()?;
    Ok((
        f64::from(done) / length.as_secs_f64(),
        (after - before) * 1000.0 / f64::from(done),
    ))
}

async fn client(door: &Door, address: &str, token: &str, work: Work, until: Instant) -> anyhow::Result<u32> {
    let mut kept = open(door, address, token).await?;
    let mut done = 0;
    while Instant::now() < until {
        let answer = match work {
            Work::Connection => open(door, address, token).await?.get("/hall").await?,
            Work::Call => kept.get("/hall").await?,
            Work::Ticket => {
                let body = r#"{"services":["S101"]}"#;
                let mut own = open(door, address, token).await?;
                own.post("/tickets", Some(&fresh_key()?), body).await?
            }
        };
        ensure!(answer.status < 300, "the dispatcher answered {}", answer.status);
        done += 1;
    }
    Ok(done)
}

async fn open(door: &Door, address: &str, token: &str) -> anyhow::Result<Client<Box<dyn Wire>>> {
    let stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    Ok(match door {
        Door::Plain => {
            let credentials = format!("Authorization: Bearer {token}\r\n");
            Client::over(Box::new(stream), address, &credentials)
        }
        Door::Tls(connector) => {
            let name = ServerName::IpAddress(IpAddr::try_from("127.0.0.1")?);
            let stream = connector.connect(name, stream).await.context("the handshake")?;
            Client::over(Box::new(stream), address, "")
        }
    })
}

fn address(server: &Server, door: &Door) -> anyhow::Result<String> {
    match door {
        Door::Plain => Ok(server.address.clone()),
        Door::Tls(_) => server.tls.clone().context("the dispatcher has no TLS listener"),
    }
}

/// The dispatcher's certificate as files, and where its own file names them.
pub fn tls_of(dir: &Path, authority: &Authority, validity: Validity) -> anyhow::Result<String> {
    let names = ["127.0.0.1".to_string()];
    let leaf = authority.server(&names, &[1; 16], validity)?;
    std::fs::write(dir.join("ca.pem"), authority.cert_pem())?;
    std::fs::write(dir.join("cert.pem"), &leaf.cert_pem)?;
    let mut key = std::fs::OpenOptions::new();
    key.write(true).create(true).truncate(true).mode(0o600);
    key.open(dir.join("key.pem"))?.write_all(leaf.key_pem.as_bytes())?;
    Ok(r#"
[tls]
listen = "127.0.0.1:0"
cert = "cert.pem"
key = "key.pem"
client_ca = "ca.pem"
"#
    .into())
}

async fn hall_of(server: &Server) -> anyhow::Result<String> {
    let answer = Client::connect(&server.address, &server.token)
        .await?
        .get("/hall")
        .await?;
    let hall: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let id = hall["hall"]["id"].as_str().context("the hall has no id")?;
    Ok(id.to_string())
}

fn kiosk_of(authority: &Authority, hall: &str, validity: Validity) -> anyhow::Result<rustls::ClientConfig> {
    let leaf = authority.device(&DeviceName::new(hall, "kiosk", "K01")?, &[2; 16], validity)?;
    let roots = roots(authority)?;
    let chain = vec![CertificateDer::from_pem_slice(leaf.cert_pem.as_bytes())?];
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes())?;
    Ok(rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?)
}

/// What a client holds to be the hall's authority.
pub fn roots(authority: &Authority) -> anyhow::Result<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.cert_pem().as_bytes())?)?;
    Ok(roots)
}
