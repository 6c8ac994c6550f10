//! The screen's Unix socket: whole models down, intents up, one JSON object a line.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use anyhow::Context;
use kiosk_flow::Input;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use ui_model::Intent;

use crate::core::Message;

/// Longest line of an intent; a screen that sends more is not ours.
const LINE_BYTES_MAX: u64 = 4096;

/// The newest model as a line.
pub type Models = watch::Sender<Arc<str>>;

/// Listens on `path`. Only the owner's processes may connect.
pub fn serve(runtime: &tokio::runtime::Runtime, path: &Path, tx: Sender<Message>) -> anyhow::Result<Models> {
    let (models, newest) = watch::channel(Arc::<str>::from(""));
    if path.exists() {
        std::fs::remove_file(path).with_context(|| format!("removing the old socket {}", path.display()))?;
    }
    let _inside = runtime.enter();
    let listener = UnixListener::bind(path).with_context(|| format!("listening on {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    runtime.spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => connect(stream, newest.clone(), tx.clone()),
                Err(error) => {
                    tracing::warn!(%error, "a screen could not connect");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            }
        }
    });
    Ok(models)
}

fn connect(stream: UnixStream, newest: watch::Receiver<Arc<str>>, tx: Sender<Message>) {
    tracing::info!("a screen connected");
    let (up, down) = stream.into_split();
    let sends = tokio::spawn(send(down, newest));
    tokio::spawn(async move {
        listen(up, tx).await;
        sends.abort();
        tracing::info!("a screen left");
    });
}

async fn send(mut down: OwnedWriteHalf, mut newest: watch::Receiver<Arc<str>>) {
    newest.mark_changed(); // a new screen gets the present picture at once
    while newest.changed().await.is_ok() {
        let line = newest.borrow_and_update().clone();
        if !line.is_empty() && down.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn listen(up: OwnedReadHalf, tx: Sender<Message>) {
    let mut lines = BufReader::new(up);
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if line.last() != Some(&b'\n') => return,
            Ok(_) => {}
        }
        match serde_json::from_slice::<Intent>(&line) {
            Ok(intent) => {
                if tx.send(Message::from(Input::Intent(intent))).is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "the screen sent no intent"),
        }
    }
}
