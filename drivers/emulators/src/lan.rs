//! The hall's network cable between a kiosk and the dispatcher, to pull, to kink and to plug in again.
//!
//! It carries bytes and looks into none. A pulled cable is silence, not an error: connections that stand stay open on
//! both sides and nothing arrives (`silent`). A dead switch or server refuses (`refused`). A bad line is `slow`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the cable does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cable {
    /// Everything passes.
    #[default]
    Plugged,
    /// Connections break, and none is accepted.
    Refused,
    /// Connections stand, and nothing arrives. What was sent meanwhile is lost.
    Silent,
    /// Everything passes, late.
    Slow {
        /// By how much in each direction.
        delay_ms: u64,
    },
}

/// A cable between an address of its own and `to`.
pub struct Lan {
    address: SocketAddr,
    cable: Arc<watch::Sender<Cable>>,
}

impl Lan {
    /// Listens on `listen` and carries every connection to `to`.
    pub async fn start(listen: SocketAddr, to: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (cable, line) = watch::channel(Cable::default());
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    // A connection that comes while nobody is there ends at once.
                    Ok(_) if *line.borrow() == Cable::Refused => {}
                    Ok((near, _)) => drop(tokio::spawn(carry(near, to, line.clone()))),
                    Err(error) => {
                        tracing::warn!(%error, "the cable takes no connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Ok(Self {
            address,
            cable: Arc::new(cable),
        })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its part of the control interface.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/lan", get(look).post(set))
            .with_state(Arc::clone(&self.cable))
    }
}

async fn look(State(cable): State<Arc<watch::Sender<Cable>>>) -> Json<Cable> {
    Json(*cable.borrow())
}

async fn set(State(cable): State<Arc<watch::Sender<Cable>>>, Json(wanted): Json<Cable>) -> Json<Cable> {
    tracing::info!(?wanted, "the network cable");
    cable.send_replace(wanted);
    Json(wanted)
}

async fn carry(near: TcpStream, to: SocketAddr, mut line: watch::Receiver<Cable>) {
    // Whoever calls into a pulled cable hears nothing, not even a refusal.
    while *line.borrow_and_update() == Cable::Silent {
        if line.changed().await.is_err() {
            return;
        }
    }
    let Ok(far) = TcpStream::connect(to).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = pump(near_in, far_out, line.clone()) => {}
        () = pump(far_in, near_out, line) => {}
    }
}

/// One direction, until it ends or the line breaks.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut line: watch::Receiver<Cable>) {
    let mut bytes = vec![0; 16 * 1024];
    let mut lost = false;
    loop {
        let count = tokio::select! {
            changed = line.changed() => {
                let now = *line.borrow_and_update();
                // Bytes that fell into a pulled cable break the connection once it carries again.
                if changed.is_err() || now == Cable::Refused || (lost && now != Cable::Silent) {
                    return;
                }
                continue;
            }
            read = from.read(&mut bytes) => match read {
                Ok(count) if count > 0 => count,
                _ => return,
            },
        };
        let now = *line.borrow();
        match now {
            Cable::Silent => {
                lost = true;
                continue;
            }
            Cable::Refused => return,
            Cable::Slow { delay_ms } => tokio::time::sleep(Duration::from_millis(delay_ms)).await,
            Cable::Plugged => {}
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
