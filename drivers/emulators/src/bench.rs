//! All twins of one hall behind one directory of links and one control interface.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::line::{Line, Port};
use crate::usb::UsbShape;
use crate::{pages, proxy};

/// One emulated device.
///
/// `routes` and `run` share the device's truth (usually an `Arc<Mutex<…>>` inside the twin): the first is what a person
/// does to it, the second is what it does on its cable.
pub trait Twin: Send + 'static {
    /// The device's name: its link in the directory and its place in the control interface.
    fn name(&self) -> &'static str;

    /// The rate at which the device starts, in baud.
    fn baud(&self) -> u32;

    /// Its part of the control interface, mounted below `/<name>`; `/plug` and `/unplug` are added by the frame.
    fn routes(&self) -> Router;

    /// Serves the line on a thread of its own until it hears [`crate::Heard::Closed`].
    fn run(self: Box<Self>, line: Line);
}

/// What the control interface shows beside the devices.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the kiosk's screen answers (`http://127.0.0.1:PORT`), shown and touched through `/kiosk-screen/`.
    pub kiosk_screen: Option<String>,
    /// Names and addresses of the other pages of the hall, for the bench page.
    pub links: Vec<(String, String)>,
    /// Which devices are USB devices (name, where virtual machines connect, layout); they start unplugged.
    pub usb: Vec<(String, SocketAddr, UsbShape)>,
}

/// Why the bench could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The directory or a pseudo-terminal could not be made.
    #[error("cannot make {path}: {source}")]
    Make {
        /// What was to be made.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two twins with one name.
    #[error("two devices are called {0}")]
    Twice(&'static str),
}

struct Device {
    name: &'static str,
    port: Arc<Port>,
    thread: Option<JoinHandle<()>>,
}

/// The running twins. Dropping it pulls every plug and waits for the threads.
pub struct Bench {
    devices: Vec<Device>,
    router: Router,
}

impl Bench {
    /// Makes `dir`, plugs every twin in and starts its thread.
    pub fn start(dir: PathBuf, twins: Vec<Box<dyn Twin>>, options: Options) -> Result<Self, BenchError> {
        std::fs::create_dir_all(&dir).map_err(|source| BenchError::Make {
            path: dir.clone(),
            source,
        })?;
        let mut bench = Self {
            devices: Vec::new(),
            router: pages::routes(options.links).merge(proxy::routes(options.kiosk_screen)),
        };
        for twin in twins {
            let link = dir.join(twin.name());
            let make = |source| BenchError::Make {
                path: link.clone(),
                source,
            };
            let port = match options.usb.iter().find(|(name, ..)| name == twin.name()) {
                Some((_, address, shape)) => Port::usb(*address, *shape).map_err(make)?,
                None => {
                    let port = Port::new(link.clone());
                    port.plug().map_err(make)?;
                    port
                }
            };
            bench.add(port, twin)?;
        }
        Ok(bench)
    }

    fn add(&mut self, port: Arc<Port>, twin: Box<dyn Twin>) -> Result<(), BenchError> {
        let name = twin.name();
        if self.devices.iter().any(|device| device.name == name) {
            return Err(BenchError::Twice(name));
        }
        let routes = twin.routes().merge(plug_routes(port.clone()));
        self.router = std::mem::take(&mut self.router).nest(&format!("/{name}"), routes);
        let line = Line::new(port.clone(), twin.baud());
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || twin.run(line))
            .map_err(|source| BenchError::Make {
                path: port.link().clone(),
                source,
            })?;
        self.devices.push(Device {
            name,
            port,
            thread: Some(thread),
        });
        Ok(())
    }

    /// The whole control interface.
    pub fn router(&self) -> Router {
        // Inside every device too: an address with a slash too many gets a sentence and not an empty page.
        self.router
            .clone()
            .fallback(nothing_here)
            .method_not_allowed_fallback(other_methods)
    }

    /// Every device with the path of its link.
    pub fn devices(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        self.devices.iter().map(|device| (device.name, device.port.link()))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for device in &mut self.devices {
            device.port.close();
            if let Some(thread) = device.thread.take()
                && thread.join().is_err()
            {
                tracing::error!(device = device.name, "the device's thread had panicked");
            }
        }
    }
}

async fn nothing_here(method: Method, uri: Uri) -> (StatusCode, String) {
    let path = uri.path();
    (
        StatusCode::NOT_FOUND,
        format!("there is nothing at {method} {path}; the bench page is at /\n"),
    )
}

async fn other_methods(method: Method, uri: Uri) -> (StatusCode, String) {
    let path = uri.path();
    (
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{path} knows other methods than {method}\n"),
    )
}

fn plug_routes(port: Arc<Port>) -> Router {
    Router::new()
        .route("/plug", post(plug))
        .route("/unplug", post(unplug))
        .route("/plugged", get(plugged))
        .with_state(port)
}

async fn plug(State(port): State<Arc<Port>>) -> (StatusCode, Json<serde_json::Value>) {
    match port.plug() {
        Ok(()) => (StatusCode::OK, Json(json!({ "plugged": true }))),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Json(json!({ "error": error.to_string() })),
        ),
    }
}

async fn unplug(State(port): State<Arc<Port>>) -> Json<serde_json::Value> {
    // Waits for the device's thread for some milliseconds: not on the thread that serves the others.
    if let Err(error) = tokio::task::spawn_blocking(move || port.unplug()).await {
        tracing::error!(%error, "pulling the plug failed");
    }
    Json(json!({ "plugged": false }))
}

async fn plugged(State(port): State<Arc<Port>>) -> Json<serde_json::Value> {
    Json(json!({ "plugged": port.is_plugged() }))
}
