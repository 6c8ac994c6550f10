//! A renewed certificate under a kiosk that somebody stands before: it waits, and nobody notices.

#[path = "../src/bin/hall-check/kiosk.rs"]
#[allow(dead_code)]
mod kiosk;
#[path = "../src/bin/hall-check/watch.rs"]
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use kiosk::Kiosk;
use tests_e2e::binaries::{Daemon, built};
use watch::until;

/// What the kiosk says when it ends itself.
const RESTARTS: &str = "restarting for the new certificate";

fn restarts(dir: &Path) -> usize {
    let log = std::fs::read_to_string(dir.join("logs/kiosk.log")).unwrap_or_default();
    log.matches(RESTARTS).count()
}

/// As `hallctl renew` does it: another file in the place of the old one, in one step.
fn renew(certificate: &Path) -> anyhow::Result<()> {
    let beside = certificate.with_extension("new");
    std::fs::copy(certificate, &beside)?;
    Ok(std::fs::rename(beside, certificate)?)
}

#[tokio::test]
async fn a_kiosk_restarts_for_its_new_certificate_only_when_nobody_is_there() -> anyhow::Result<()> {
    let hallctl = built("hallctl").await?;
    let demo = Daemon::start(&hallctl, &["demo", "--json"]).await?;
    let (screen, devices) = (demo.address("kiosk_screen")?, demo.address("emulators")?);
    let dir = PathBuf::from(demo.address("dir")?);
    let file: toml::Table = std::fs::read_to_string(dir.join("kiosk.toml"))?.parse()?;
    let certificate = file["dispatcher"]["cert"]
        .as_str()
        .map(PathBuf::from)
        .expect("a certificate");
    let kiosk = Kiosk::new(tests_e2e::http_client(), &screen, &devices);
    kiosk.see("先选事项").await?;

    kiosk.touch("先选事项").await?;
    kiosk.see("社保医保").await?;
    renew(&certificate)?;
    // The file is looked at every second.
    tokio::time::sleep(Duration::from_secs(4)).await;
    ensure!(restarts(&dir) == 0, "it ended itself before a person");
    kiosk.touch("社保医保").await?;
    kiosk.see("居民医保参保登记").await?;
    kiosk.touch("取消").await?;
    until("the kiosk to end itself once nobody is there", || async {
        Ok((restarts(&dir) == 1).then_some(()))
    })
    .await?;
    // It comes back, with the new certificate, and once: the file that it started with is no new one.
    until("a number that can be had again", || async {
        Ok(kiosk.has_button("先选事项").await?.then_some(()))
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    ensure!(restarts(&dir) == 1, "it restarts again and again");
    kiosk.touch("先选事项").await?;
    kiosk.see("社保医保").await?;
    demo.kill().await;
    Ok(())
}
