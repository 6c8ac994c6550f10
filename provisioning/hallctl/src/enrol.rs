//! `hallctl enrol` and `hallctl renew`: how a device comes by its certificate and keeps one.
//!
//! The code is read from standard input: what stands on a command line can be read by every process of the machine.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;
use provisioning_config::kiosk_file::KioskFile;
use provisioning_enrolment::{Answer, Asked, Code, NewKey, Validity, answer_mac, request_mac, validity_of};
use subtle::ConstantTimeEq as _;
use ticket_dispatcher_protocol::{Problem, RenewCertificate, Renewed};

use crate::private;

/// A clock further off than this makes certificates that are not good yet, or no longer.
const CLOCK_OFF_MS: i64 = 5 * 60 * 1000;
const PATIENCE: Duration = Duration::from_secs(20);
/// Exit status of `renew` when nothing is due.
const NOT_DUE: u8 = 4;

/// Arguments of `enrol`.
#[derive(clap::Args)]
pub struct Enrol {
    /// `HOST:PORT` of the door of enrolment, as the administrator's page shows it.
    #[arg(long, value_name = "HOST:PORT")]
    dispatcher: String,
    /// Where certificate and key go, in one file of mode 0600: `cert` and `key` of the kiosk file both name it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the authority's certificate goes: `ca` of the kiosk file.
    #[arg(long, value_name = "FILE")]
    ca_out: PathBuf,
}

/// Arguments of `renew`.
#[derive(clap::Args)]
pub struct Renew {
    /// The kiosk file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Also when two thirds of the time are not over yet.
    #[arg(long)]
    now: bool,
}

/// Exit status 0 with a certificate, 1 without.
pub fn run(args: &Enrol) -> ExitCode {
    finish("enrol", with_runtime(enrol(args)))
}

/// Exit status 0 with a new certificate, 4 when none is due, 1 when it failed; the old one stays in force then.
pub fn run_renew(args: &Renew) -> ExitCode {
    finish("renew", with_runtime(renew(args)))
}

fn with_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}

fn finish(name: &str, done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("hallctl {name}: {error:#}");
        ExitCode::FAILURE
    })
}

fn seen(answer: &reqwest::Response) -> anyhow::Result<[u8; 32]> {
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let certificate = info.and_then(reqwest::tls::TlsInfo::peer_certificate);
    let certificate = certificate.context("the dispatcher showed no certificate")?;
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    digest.as_ref().try_into().context("SHA-256 has 32 bytes")
}

async fn enrol(args: &Enrol) -> anyhow::Result<ExitCode> {
    eprint!("登记码 / code: ");
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed).context("no code came")?;
    let code = Code::parse(&typed)?;
    // Any certificate is taken here, because no authority is known yet: the code binds both sides instead.
    let http = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .timeout(PATIENCE)
        .no_proxy()
        .build()?;
    let door = format!("https://{}/enrol", args.dispatcher);
    let first = http.get(&door).send().await.with_context(|| {
        format!(
            "nobody answers at {}: is the code still good? The door is open for 15 minutes",
            args.dispatcher
        )
    })?;
    let server = seen(&first)?;
    let key = NewKey::make()?;
    let request = key.request_der()?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let asked = Asked {
        code_id: code.id().to_string(),
        request: HEXLOWER.encode(&request),
        mac: HEXLOWER.encode(&request_mac(code.secret(), &server, &request)),
        clock_ms: now_ms,
    };
    let answer = http
        .post(&door)
        .json(&asked)
        .send()
        .await
        .context("the request was cut off")?;
    ensure!(
        seen(&answer)? == server,
        "the dispatcher's certificate changed under way: somebody is between"
    );
    if !answer.status().is_success() {
        let problem: Problem = answer.json().await.context("the answer is not ours")?;
        bail!("{}", problem.detail);
    }
    let answer: Answer = answer.json().await.context("the answer is not ours")?;
    let wanted = answer_mac(code.secret(), &answer.certificate, &answer.authority);
    let given = HEXLOWER.decode(answer.mac.as_bytes()).unwrap_or_default();
    ensure!(
        bool::from(wanted.ct_eq(&given)),
        "the answer does not know the code: somebody is between. Nothing was written"
    );
    ensure!(
        key.is_of(&answer.certificate)?,
        "the certificate is for another key. Nothing was written"
    );
    private::replace(&args.ca_out, answer.authority.as_bytes())?;
    private::replace(&args.out, format!("{}{}", answer.certificate, *key.pem()).as_bytes())?;
    println!("{}", answer.name);
    let off = now_ms - answer.clock_ms;
    if off.abs() > CLOCK_OFF_MS {
        println!(
            "This machine's clock is {} s off; set it, or the certificate will not be taken.",
            off / 1000
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn renew(args: &Renew) -> anyhow::Result<ExitCode> {
    let kiosk = KioskFile::load(&args.config)?.dispatcher;
    let path = |path: &Option<PathBuf>| path.clone().context("the kiosk file names no certificate");
    let (ca, cert, key) = (path(&kiosk.ca)?, path(&kiosk.cert)?, path(&kiosk.key)?);
    ensure!(
        cert == key,
        "`cert` and `key` are two files, which cannot be replaced in one step; put both into one file and name it twice"
    );
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let own = read(&cert)?;
    let validity = validity_of(&own)?;
    let now_s = jiff::Timestamp::now().as_second();
    if !args.now && !due(validity, now_s) {
        println!("not due before {}", jiff::Timestamp::from_second(two_thirds(validity))?);
        return Ok(ExitCode::from(NOT_DUE));
    }
    let http = reqwest::Client::builder()
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&read(&ca)?)?)
        .identity(reqwest::Identity::from_pem(&own)?)
        .timeout(PATIENCE)
        .no_proxy()
        .build()?;
    let next = NewKey::make()?;
    let asked = RenewCertificate {
        request: HEXLOWER.encode(&next.request_der()?),
    };
    let url = format!("{}/api/v1/certificate", kiosk.url);
    let answer = http
        .post(url)
        .json(&asked)
        .send()
        .await
        .context("the dispatcher does not answer")?;
    if !answer.status().is_success() {
        let problem: Problem = answer.json().await.context("the answer is not ours")?;
        bail!("{}", problem.detail);
    }
    let answer: Renewed = answer.json().await.context("the answer is not ours")?;
    ensure!(
        next.is_of(&answer.certificate)?,
        "the certificate is for another key. The old one stays"
    );
    private::replace(&cert, format!("{}{}", answer.certificate, *next.pem()).as_bytes())?;
    println!("renewed; the kiosk takes it up when nobody stands before it");
    Ok(ExitCode::SUCCESS)
}

fn two_thirds(validity: Validity) -> i64 {
    validity.from_s + (validity.until_s - validity.from_s) / 3 * 2
}

fn due(validity: Validity, now_s: i64) -> bool {
    now_s >= two_thirds(validity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_days_are_renewed_after_sixty() {
        let validity = Validity::of_device(0);
        let day = 24 * 3600;
        assert!(!due(validity, 59 * day));
        assert!(due(validity, 61 * day));
        assert!(due(validity, 100 * day), "a kiosk that was off for long still tries");
    }
}
