//! A hundred thousand guesses at the lookup and at a check code: none may succeed, and a clock must not tell a wrong
//! one from a right one, neither at the plain listener nor at the one of TLS, which is where a guesser is.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use provisioning_enrolment::{Authority, Validity};
use rustls::pki_types::{IpAddr as TlsAddress, ServerName};
use tokio_rustls::TlsConnector;

use crate::client::{Client, fresh_key, stream_from};
use crate::disk::Disk;
use crate::server::Server;
use crate::tls::{Wire, roots, tls_of};

/// Guesses at tokens and at a check code, from as many addresses as a guesser has.
#[derive(clap::Args)]
pub struct Args {
    /// Guesses of each kind.
    #[arg(long, default_value_t = 100_000)]
    guesses: usize,
    /// The hall file.
    #[arg(long, default_value = "provisioning/halls/foshan-street.toml")]
    hall: PathBuf,
}

/// Wrong guesses from one address before it is not heard any more are a few hundred; with fewer, all are heard.
const FROM_ONE_ADDRESS: usize = 250;
const TICKETS: usize = 200;
/// Addresses that the guesses at one door, or at codes, come from.
const ADDRESSES_EACH: usize = 10_000;

/// Where guesses come in.
enum Door {
    Plain(String),
    Tls(String, TlsConnector),
}

impl Door {
    fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain",
            Self::Tls(..) => "TLS",
        }
    }

    /// A connection without any credentials.
    async fn open(&self, from: IpAddr) -> anyhow::Result<Client<Box<dyn Wire>>> {
        Ok(match self {
            Self::Plain(address) => Client::over(Box::new(stream_from(address, from).await?), address, ""),
            Self::Tls(address, connector) => {
                let name = ServerName::IpAddress(TlsAddress::try_from("127.0.0.1")?);
                let stream = connector.connect(name, stream_from(address, from).await?).await;
                Client::over(Box::new(stream.context("the handshake")?), address, "")
            }
        })
    }
}

/// Prints what was heard, what was found, and both medians, at each door.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    // The same provider as in the dispatcher; another one that is installed already serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = std::env::temp_dir().join(format!("hall-load-guesses-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let day = Validity::days(i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_secs())?, 1);
    let (authority, _) = Authority::make("load", day)?;
    let server = Server::start_with(&dir, &args.hall, &Disk::default(), &tls_of(&dir, &authority, day)?).await?;
    let tickets = tickets(&server).await?;
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots(&authority)?)
        .with_no_client_auth();
    let address = server.tls.clone().context("the dispatcher has no TLS listener")?;
    let doors = [
        Door::Plain(server.address.clone()),
        Door::Tls(address, TlsConnector::from(Arc::new(config))),
    ];
    for (at, door) in doors.iter().enumerate() {
        guess(args, &server, door, at * ADDRESSES_EACH, &tickets).await?;
    }
    codes(args, &server, &tickets[0].1).await?;
    server.stop().await;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Wrong tokens and right ones in turns, at one door.
async fn guess(
    args: &Args,
    server: &Server,
    door: &Door,
    first_address: usize,
    tickets: &[(String, String)],
) -> anyhow::Result<()> {
    let (cpu, began) = (server.usage()?.0, Instant::now());
    let (mut right, mut wrong, mut found) = (Vec::new(), Vec::new(), 0);
    let mut client = None;
    for n in 0..args.guesses {
        if n % FROM_ONE_ADDRESS == 0 {
            client = Some(door.open(address(first_address + n / FROM_ONE_ADDRESS)).await?);
        }
        let client = client.as_mut().context("the first guess has opened one")?;
        let (status, took) = ask(client, &token(n)).await?;
        ensure!(status == 404 || status == 200, "a guess was answered {status}");
        found += usize::from(status == 200);
        wrong.push(took);
        // As many right ones as wrong ones: what is asked oftener is warmer in the machine's caches.
        let (status, took) = ask(client, &tickets[n % TICKETS].0).await?;
        ensure!(status == 200, "a right token was answered {status}");
        right.push(took);
    }
    let (lookups, cpu) = (right.len() + wrong.len(), server.usage()?.0 - cpu);
    let name = door.name();
    println!(
        "{name}: {lookups} lookups with {TICKETS} waiting: {:.0} a second from one connection, {:.1} us CPU each",
        lookups as f64 / began.elapsed().as_secs_f64(),
        cpu / lookups as f64 * 1e6,
    );
    let (right, wrong) = (median(&mut right), median(&mut wrong));
    println!(
        "{name}: {} guesses at tokens, all heard: {found} found; median wrong {:.1} us, right {:.1} us ({:+.1} %)",
        args.guesses,
        wrong.as_secs_f64() * 1e6,
        right.as_secs_f64() * 1e6,
        (wrong.as_secs_f64() / right.as_secs_f64() - 1.0) * 100.0,
    );
    Ok(())
}

/// All codes of one number, again and again, from everywhere.
async fn codes(args: &Args, server: &Server, number: &str) -> anyhow::Result<()> {
    let (mut heard, mut found) = (0, 0);
    let mut client = None;
    for n in 0..args.guesses {
        if n % FROM_ONE_ADDRESS == 0 {
            client = Some(
                Client::connect_from(&server.address, "", address(2 * ADDRESSES_EACH + n / FROM_ONE_ADDRESS)).await?,
            );
        }
        let client = client.as_mut().context("the first guess has opened one")?;
        let body = format!("{{\"number\":\"{number}\",\"check_code\":\"{:04}\"}}", n % 10_000);
        let answer = client.post("/lookup", None, &body).await?;
        heard += usize::from(answer.status != 429);
        found += usize::from(answer.status == 200);
    }
    println!(
        "{} guesses at one check code: {heard} heard, {found} found (ten in ten minutes are: 1 in 1,000 is found)",
        args.guesses
    );
    Ok(())
}

async fn tickets(server: &Server) -> anyhow::Result<Vec<(String, String)>> {
    let mut client = Client::connect(&server.address, &server.token).await?;
    // Without an open window nobody could say how long it takes, and a lookup would be cheaper than in a hall.
    for window in ["W01", "W02", "W03"] {
        let answer = client
            .post(&format!("/windows/{window}/open"), None, r#"{"clerk":"C1"}"#)
            .await?;
        ensure!(answer.status == 200, "opening {window} was answered {}", answer.status);
    }
    let mut tickets = Vec::new();
    for _ in 0..TICKETS {
        let answer = client
            .post("/tickets", Some(&fresh_key()?), "{\"services\":[\"S101\"]}")
            .await?;
        let ticket: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let word = |key: &str| ticket[key].as_str().map(str::to_string);
        tickets.push(word("token").zip(word("number")).context("no ticket")?);
    }
    Ok(tickets)
}

async fn ask(client: &mut Client<Box<dyn Wire>>, token: &str) -> anyhow::Result<(u16, Duration)> {
    let asked = Instant::now();
    let answer = client.get(&format!("/lookup?t={token}")).await?;
    Ok((answer.status, asked.elapsed()))
}

/// A token that nobody has, of the right shape.
fn token(n: usize) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut bits = (n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut text = String::with_capacity(16);
    for _ in 0..16 {
        text.push(DIGITS[(bits >> 123) as usize] as char);
        bits <<= 5;
    }
    text
}

/// Every address of 127/8 is this machine.
fn address(n: usize) -> IpAddr {
    let n = u32::try_from(n).unwrap_or(0) + 2;
    IpAddr::V4(Ipv4Addr::from(0x7f00_0000 | (n & 0x00ff_ffff)))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
