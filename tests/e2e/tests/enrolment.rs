//! The technician's first morning: a hall is made, a kiosk is enrolled with a code, works, and renews its certificate.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use ticket_dispatcher_protocol::client::{Access, Client};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a program with a line on its standard input; its exit status and what it said.
async fn run(program: &Path, arguments: &[&str], line: &str) -> anyhow::Result<(i32, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("a standard input")?;
    // Whoever does not ask for a line may be gone by now.
    let _ = stdin.write_all(line.as_bytes()).await;
    drop(stdin);
    let done = child.wait_with_output().await?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok((done.status.code().unwrap_or(-1), said))
}

#[tokio::test]
async fn a_kiosk_joins_with_a_code_works_and_renews() -> anyhow::Result<()> {
    let place = Place(std::env::temp_dir().join(format!("yimen-enrolment-{}", std::process::id())));
    let dir = place.0.join("hall");
    let at = |name: &str| place.0.join(name).display().to_string();
    let hallctl = built("hallctl").await?;
    let dispatcher = built("ticket-dispatcher").await?;
    let hall = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../provisioning/halls/foshan-street.toml");
    let (hall, folder) = (hall.display().to_string(), dir.display().to_string());
    let (status, said) = run(
        &hallctl,
        &["init", "--dir", &folder, "--hall", &hall, "--name", "127.0.0.1"],
        "",
    )
    .await?;
    ensure!(status == 0, "{said}");
    // The usual ports may be taken on a machine that tests.
    let config = dir.join("dispatcher.toml");
    let text = std::fs::read_to_string(&config)?;
    let free = ["0.0.0.0:8443", "0.0.0.0:8444", "127.0.0.1:8480"]
        .iter()
        .fold(text, |text, port| text.replace(port, "127.0.0.1:0"));
    std::fs::write(&config, free)?;
    let config = config.display().to_string();
    let daemon = Daemon::start(&dispatcher, &["serve", "--config", &config]).await?;
    let (loopback, tls) = (daemon.address("loopback")?, daemon.address("tls")?);
    let token = std::fs::read_to_string(dir.join("loopback.token"))?;
    let code: Value = tests_e2e::http_client()
        .post(format!("http://{loopback}/api/v1/enrolment/codes"))
        .bearer_auth(token.trim())
        .json(&json!({"role": "kiosk", "device": "K07", "place": "北门"}))
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let word = |key: &str| code[key].as_str().unwrap_or_default().to_string();
    let (pem, ca) = (at("kiosk.pem"), at("ca.pem"));
    let door = word("enrolment");
    let enrol = ["enrol", "--dispatcher", &door, "--out", &pem, "--ca-out", &ca];
    let wrong = format!("{}{}\n", &word("code")[..4], "0".repeat(12));
    let (status, said) = run(&hallctl, &enrol, &wrong).await?;
    ensure!(
        status == 1 && said.contains("code is unknown, used, too old"),
        "{status} {said}"
    );
    ensure!(!Path::new(&pem).exists(), "a refused kiosk has a certificate");
    let typed = format!("{}\n", word("code").to_lowercase());
    let (status, said) = run(&hallctl, &enrol, &typed).await?;
    ensure!(
        status == 0 && said.contains("urn:hall:foshan-street:kiosk:K07"),
        "{status} {said}"
    );

    let works = async || -> anyhow::Result<()> {
        let (cert, ca) = (std::fs::read(&pem)?, std::fs::read(&ca)?);
        let (key, access) = (cert.clone(), |cert, key| Access::MutualTls { ca, cert, key });
        let client = Client::new(&format!("https://{tls}"), access(cert, key))?;
        client.services().await?;
        Ok(())
    };
    works().await.context("with the first certificate")?;

    let kiosk = format!(
        "format = \"yimen-kiosk/1\"\n[kiosk]\nid = \"K07\"\n\
         name = {{ zh-Hans = \"7号\", zh-Hant = \"7號\", en = \"7\" }}\n\
         elsewhere = {{ zh-Hans = \"服务台\", zh-Hant = \"服務台\", en = \"the desk\" }}\n\
         outbox = \"outbox.sqlite\"\nui_socket = \"{}\"\n[dispatcher]\nurl = \"https://{tls}\"\nca = \"{ca}\"\n\
         cert = \"{pem}\"\nkey = \"{pem}\"\n[reader]\nport = \"{}\"\n[printer]\nport = \"{}\"\nprofile = \"epson\"\n",
        at("kiosk.sock"),
        at("reader"),
        at("printer")
    );
    std::fs::write(at("kiosk.toml"), kiosk)?;
    let (status, said) = run(&hallctl, &["renew", "--config", &at("kiosk.toml")], "").await?;
    ensure!(status == 4 && said.contains("not due before"), "{status} {said}");
    let before = std::fs::read(&pem)?;
    let (status, said) = run(&hallctl, &["renew", "--now", "--config", &at("kiosk.toml")], "").await?;
    ensure!(status == 0, "{said}");
    ensure!(std::fs::read(&pem)? != before, "the file is the old one");
    works().await.context("with the renewed certificate")?;
    daemon.kill().await;
    Ok(())
}
