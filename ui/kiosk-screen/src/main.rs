//! `kiosk-screen`: the picture of the kiosk's model on a panel, or headless over HTTP on loopback.
//! Holds no rules and no state of its own; when the kiosk is away it says so and waits.

use anyhow::{Context, bail};
use clap::Parser;
use slint::ComponentHandle;
use std::alloc::System;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use ui_kiosk_screen::link::News;
use ui_kiosk_screen::screens::{App, Theme};
use ui_kiosk_screen::{headless, intents, link, picture, web};
use zeroizing_alloc::ZeroAlloc;

/// Whatever is freed is wiped: what stood on the screen is nobody's business afterwards.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Draws the kiosk's screens.
#[derive(Debug, Parser)]
#[command(name = "kiosk-screen")]
struct Options {
    /// The kiosk's Unix socket.
    #[arg(long)]
    socket: PathBuf,
    /// Draw without a display and serve the picture on this loopback address; port 0 takes a free one.
    #[arg(long)]
    headless: Option<SocketAddr>,
    /// Width of the panel's glass in millimetres; sizes of type and touch follow it. 336 is a 27 inch portrait panel.
    #[arg(long, default_value_t = 336.0)]
    panel_width_mm: f32,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    match options.headless {
        Some(address) => run_headless(&options, address),
        None => run_on_display(&options),
    }
}

/// Makes the window and joins it with the kiosk.
fn open(options: &Options) -> anyhow::Result<App> {
    let app = App::new().context("the screens do not start")?;
    app.global::<Theme>()
        .set_panel_width_mm(options.panel_width_mm.clamp(200.0, 900.0));
    picture::show_disconnected(&app);
    let weak = app.as_weak();
    let sender = link::start(options.socket.clone(), move |news| {
        let told = weak.upgrade_in_event_loop(move |app| match news {
            News::Model(model) => picture::show(&app, &model),
            News::Lost => picture::show_disconnected(&app),
        });
        if told.is_err() {
            tracing::debug!("the screens have closed");
        }
    })?;
    intents::connect(&app, move |intent| sender.send(&intent));
    Ok(app)
}

fn run_headless(options: &Options, address: SocketAddr) -> anyhow::Result<()> {
    if !address.ip().is_loopback() {
        bail!("--headless serves touches to anybody who asks, so it takes a loopback address only, not {address}");
    }
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let local = listener.local_addr()?;
    let (platform, _canvas, frames) = headless::Headless::new();
    slint::platform::set_platform(Box::new(platform)).context("a platform is there already")?;
    let app = open(options)?;
    app.show()?;
    web::start(listener, frames, app.as_weak())?;
    say_ready(&serde_json::json!({"ready": true, "headless": local.to_string()}))?;
    slint::run_event_loop().context("the loop of the screens ended")
}

fn run_on_display(options: &Options) -> anyhow::Result<()> {
    if cfg!(not(any(feature = "desktop", feature = "kms"))) {
        bail!("this build draws headless only: give --headless ADDR, or build with --features desktop or kms");
    }
    let app = open(options)?;
    app.show()?;
    say_ready(&serde_json::json!({"ready": true}))?;
    slint::run_event_loop().context("the loop of the screens ended")
}

fn say_ready(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
