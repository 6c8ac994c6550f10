//! `hall-emulators`: the twins of a hall's devices on pseudo-terminals, with a control interface and the bench page.
//!
//! Wiring only: what a device does is in its twin.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser;
use drivers_emulators::id_reader::IdReader;
use drivers_emulators::maker::{MakerTwin, Shape};
use drivers_emulators::passport::PassportReader;
use drivers_emulators::printer::PrinterTwin;
use drivers_emulators::scanner::ScannerTwin;
use drivers_emulators::{Bench, Lan, Options, Twin, UsbShape};
use drivers_thermal_printer::{Profile, profile};
use serde_json::json;

/// Emulated devices of one hall, on pseudo-terminals.
#[derive(Debug, Parser)]
#[command(name = "hall-emulators", version)]
struct Args {
    /// Directory for the links, one per device (made if missing).
    #[arg(long)]
    dir: PathBuf,
    /// Address of the control interface and the bench page; loopback only, port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Which devices, by name.
    #[arg(long, value_delimiter = ',', default_value = "id-reader,printer")]
    devices: Vec<String>,
    /// Which model the emulated printer is.
    #[arg(long, default_value = "epson", value_parser = printer_profile)]
    printer_profile: &'static Profile,
    /// The card reader is a USB device with this layout of endpoints, unplugged at first; QEMU's `usb-redir` takes it.
    #[arg(long, value_name = "split|single", value_parser = usb_shape)]
    usb_id_reader: Option<UsbShape>,
    /// Where virtual machines connect for it; loopback only.
    #[arg(long, default_value = "127.0.0.1:0")]
    usb_listen: SocketAddr,
    /// How long everything at the emulated maker takes, as a part of the real time (0.01: a hundred times as fast).
    #[arg(long, default_value_t = 1.0)]
    maker_time: f64,
    /// Dots an inch of the emulated maker: 300 or 600.
    #[arg(long, default_value_t = 300)]
    maker_dpi: u16,
    /// The emulated maker demands codes made with this key (AUTH), hexadecimal.
    #[arg(long, value_name = "HEX", value_parser = key)]
    maker_key: Option<Key>,
    /// Where a headless kiosk-screen answers, to be shown on the bench page.
    #[arg(long, value_name = "URL")]
    kiosk_screen: Option<String>,
    /// Lay a network cable to this address (the dispatcher's); its own end is in the ready line as `lan`.
    #[arg(long, value_name = "HOST:PORT")]
    lan: Option<SocketAddr>,
    /// Where the cable's own end answers.
    #[arg(long, default_value = "127.0.0.1:0")]
    lan_listen: SocketAddr,
    /// Another page of the hall for the bench page (repeatable).
    #[arg(long = "link", value_name = "NAME=URL", value_parser = named_link)]
    links: Vec<(String, String)>,
}

fn printer_profile(text: &str) -> Result<&'static Profile, String> {
    Profile::named(text).ok_or_else(|| {
        let names = profile::ALL.map(|profile| profile.name).join(", ");
        format!("no printer profile is called {text}; there are: {names}")
    })
}

/// A device key.
#[derive(Debug, Clone)]
struct Key(Vec<u8>);

fn key(text: &str) -> Result<Key, String> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) if bytes.len() >= 16 && text.len().is_multiple_of(2) => Ok(Key(bytes)),
        _ => Err("a key is 32 or more hexadecimal digits".into()),
    }
}

fn usb_shape(text: &str) -> Result<UsbShape, String> {
    UsbShape::named(text).ok_or_else(|| "the layouts are split and single".into())
}

fn named_link(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() && !url.is_empty() => Ok((name.into(), url.into())),
        _ => Err("give it as NAME=URL".into()),
    }
}

fn twin(name: &str, args: &Args) -> anyhow::Result<Box<dyn Twin>> {
    match name {
        "id-reader" => Ok(Box::new(IdReader::new())),
        "printer" => Ok(Box::new(PrinterTwin::new(args.printer_profile))),
        "passport-reader" => Ok(Box::new(PassportReader::new())),
        "maker" => Ok(Box::new(MakerTwin::of(maker(args)?, args.maker_time))),
        "scanner" => Ok(Box::new(ScannerTwin::default())),
        other => bail!("no device is called {other}; there are: id-reader, maker, passport-reader, printer, scanner"),
    }
}

fn maker(args: &Args) -> anyhow::Result<Shape> {
    if ![300, 600].contains(&args.maker_dpi) {
        bail!("--maker-dpi {}: 300 or 600", args.maker_dpi);
    }
    Ok(Shape {
        dpi: args.maker_dpi,
        device_key: args.maker_key.clone().map(|Key(key)| key),
        ..Shape::default()
    })
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            eprintln!("hall-emulators: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn run(args: Args) -> anyhow::Result<()> {
    if !args.control.ip().is_loopback() {
        bail!(
            "--control {}: only a loopback address, as anybody who reaches it can lay down cards",
            args.control
        );
    }
    if !args.usb_listen.ip().is_loopback() {
        bail!("--usb-listen {}: only a loopback address", args.usb_listen);
    }
    let twins = args
        .devices
        .iter()
        .map(|name| twin(name, &args))
        .collect::<anyhow::Result<_>>()?;
    let options = Options {
        kiosk_screen: args.kiosk_screen,
        links: args.links,
        usb: args
            .usb_id_reader
            .map(|shape| ("id-reader".into(), args.usb_listen, shape))
            .into_iter()
            .collect(),
    };
    let bench = Bench::start(args.dir, twins, options)?;
    let listener = tokio::net::TcpListener::bind(args.control)
        .await
        .with_context(|| format!("cannot listen on {}", args.control))?;
    let devices: serde_json::Map<_, _> = bench
        .devices()
        .map(|(name, link)| (name.to_string(), json!(link.display().to_string())))
        .collect();
    let mut ready = json!({ "ready": true, "control": listener.local_addr()?.to_string(), "devices": devices });
    let mut router = bench.router();
    if let Some(to) = args.lan {
        let lan = Lan::start(args.lan_listen, to)
            .await
            .context("cannot lay the network cable")?;
        ready["lan"] = json!(lan.address().to_string());
        router = router.merge(lan.routes());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ready}")
        .and_then(|()| out.flush())
        .context("cannot say that it is ready")?;
    drop(out);
    let server = axum::serve(listener, router);
    tokio::select! {
        served = server => served.context("the control interface ended"),
        () = told_to_stop() => Ok(()),
    }
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
