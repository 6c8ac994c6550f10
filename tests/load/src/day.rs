//! A day of a hall in some seconds: kiosks give out numbers, clerks call and begin to serve them, until nobody waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::client::{Client, fresh_key};
use crate::next::with_windows;
use crate::server::Server;

/// Windows that serve everybody.
const WINDOWS: usize = 30;
/// Kiosks.
const KIOSKS: usize = 16;

/// The hall file with as many windows as a day needs, written into `dir`.
pub fn hall(dir: &Path, shipped: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let wide = dir.join("wide.toml");
    std::fs::write(&wide, with_windows(&std::fs::read_to_string(shipped)?, WINDOWS))?;
    Ok(wide)
}

/// Plays a day of so many tickets. Three rows each: taken; called, with the one before finished; begun.
pub async fn play(server: &Server, tickets: usize) -> anyhow::Result<()> {
    let left = Arc::new(AtomicUsize::new(tickets));
    let uncalled = Arc::new(AtomicUsize::new(tickets));
    let mut people = Vec::new();
    for kiosk in 0..KIOSKS {
        let (address, token, left) = (server.address.clone(), server.token.clone(), Arc::clone(&left));
        people.push(tokio::spawn(async move {
            let mut client = Client::connect(&address, &token).await?;
            let take = |n: usize| n.checked_sub(1);
            while let Ok(n) = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
                let service = ["S101", "S201", "S301", "S401", "S501", "S601"][(n + kiosk) % 6];
                let body = format!("{{\"services\":[\"{service}\"]}}");
                let answer = client.post("/tickets", Some(&fresh_key()?), &body).await?;
                ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
            }
            anyhow::Ok(())
        }));
    }
    for window in 0..WINDOWS {
        let (address, token, uncalled) = (server.address.clone(), server.token.clone(), Arc::clone(&uncalled));
        people.push(tokio::spawn(
            async move { clerk(&address, &token, window, &uncalled).await },
        ));
    }
    for person in people {
        person.await??;
    }
    Ok(())
}

async fn clerk(address: &str, token: &str, window: usize, uncalled: &AtomicUsize) -> anyhow::Result<()> {
    let mut client = Client::connect(address, token).await?;
    let path = format!("/windows/L{window:02}");
    let opened = client.post(&format!("{path}/open"), None, "{\"clerk\":\"C1\"}").await?;
    ensure!(opened.status == 200, "{}", String::from_utf8_lossy(&opened.body));
    while uncalled.load(Ordering::SeqCst) > 0 {
        let answer = client
            .post(&format!("{path}/next"), None, "{\"finish_current\":true}")
            .await?;
        if answer.status == 204 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
        // More may wait than were given out here; they are called as well.
        let _ = uncalled.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let called: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let ticket = called["ticket"]["id"].as_str().context("a call without a ticket")?;
        let begun = client.post(&format!("/tickets/{ticket}/start"), None, "{}").await?;
        ensure!(begun.status == 200, "{}", String::from_utf8_lossy(&begun.body));
    }
    Ok(())
}
