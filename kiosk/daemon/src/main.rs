//! `kiosk`: one kiosk of the hall. Wires the pure flow to the card reader, the printer, the dispatcher and the screen.
//!
//! Nothing is decided here: inputs go to the flow one by one, and what it asks for is carried out in its order. This
//! program never logs a person, never sends identity but over mutual TLS or the machine's own loopback, and stops
//! rather than going on when its outbox cannot keep what it was told.

mod alone;
mod case;
mod clock;
mod convert;
mod core;
mod dispatcher;
mod making;
mod passport;
mod printer;
mod reader;
mod renewal;
mod screen;
mod vault;
mod watchdog;

use std::alloc::System;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use anyhow::Context;
use clap::Parser;
use kiosk_flow::{Flow, Input, JobNo, PrinterInput, Settings, Slip, Timeouts};
use kiosk_outbox::Outbox;
use provisioning_config::keys::listed;
use provisioning_config::kiosk_file::KioskFile;
use provisioning_config::own_files::keep_to_ourselves;
use ticket_dispatcher_types::{Millis, UnixMillis};
use zeroizing_alloc::ZeroAlloc;

use crate::clock::Clock;
use crate::core::{Core, Devices, Message};

/// Whatever is freed is wiped: persons pass through buffers of libraries that know nothing of them.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// One kiosk of the hall.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The kiosk's file.
    #[arg(long)]
    config: PathBuf,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let args = Args::parse();
    let file = KioskFile::load(&args.config)?;
    let in_files = file.keys.in_files(file.key_files())?;
    if !in_files.is_empty() {
        tracing::warn!(files = listed(&in_files), "keys lie in files, as the kiosk file allows");
    }
    let stores = file.maker.as_ref().map(|maker| maker.store.as_path());
    let own: Vec<&Path> = std::iter::once(file.outbox.as_path()).chain(stores).collect();
    keep_to_ourselves("kiosk", &own)?;
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok()
        .context("a TLS provider is installed already")?;
    run(&file)
}

fn run(file: &KioskFile) -> anyhow::Result<()> {
    let clock = Clock::new(&file.timezone)?;
    let (tx, rx) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")?;

    let mut outbox = Outbox::open(&file.outbox).with_context(|| {
        format!(
            "opening {}; check the disk and the owner of its folder",
            file.outbox.display()
        )
    })?;
    let timeouts = timeouts(file);
    let now = clock.unix();
    outbox.forget(UnixMillis(now.0 - KEEP_MS))?;
    let found = outbox.recover(UnixMillis(now.0 - timeouts.reprint.0), now)?;
    if found.lost_requests > 0 {
        tracing::warn!(
            requests = found.lost_requests,
            "requests were lost at the last stop; their people tap again"
        );
    }
    let first_job = JobNo(outbox.next_job_no()?);
    let vault = Arc::new(vault::Vault::open(file)?);
    for job in &found.unknown {
        // A record of an older version that cannot be read any more is no reason to stay dark.
        let text = vault.open_text(core::RECORD, &job.no.to_be_bytes(), &job.record);
        match text.map(|text| serde_json::from_str::<Box<Slip>>(&text)) {
            Some(Ok(slip)) => tx.send(Message::from(Input::Printer(PrinterInput::InFlight(slip))))?,
            _ => tracing::error!(job = job.no, "a slip in flight cannot be read; it is not printed again"),
        }
    }

    let alone = alone::Alone::open(file, &clock, &vault)?;
    let renewal = renewal::Renewal::new(file.dispatcher.cert.as_deref());
    let client = dispatcher::client(&file.dispatcher)?;
    let line = dispatcher::Line::start(
        runtime.handle().clone(),
        client.clone(),
        file.id.clone(),
        clock.clone(),
        tx.clone(),
        alone.is_some(),
    );
    let models = screen::serve(&runtime, &file.ui_socket, tx.clone())?;
    if let Some(device) = &file.reader {
        reader::start(device, tx.clone())?;
    }
    if let Some(scanner) = &file.passport {
        passport::start(scanner, clock.clone(), tx.clone())?;
    }
    let printer = match &file.printer {
        Some(device) => Some(printer::start(device, found.at_printer, tx.clone())?),
        None => None,
    };
    let desk = match &file.maker {
        Some(maker) => {
            let dispatcher = (runtime.handle(), client.clone());
            let (id, timezone) = (file.id.clone(), &file.timezone);
            Some(making::start(
                maker,
                id,
                timezone,
                tx.clone(),
                dispatcher,
                vault.clone(),
            )?)
        }
        None => None,
    };
    if let Some(case) = &file.case {
        case::start(case, tx.clone())?;
    }
    if let Some(scanner) = &file.scanner {
        making::start_scanner(scanner, tx.clone())?;
    }
    runtime.spawn(stop_on_signal(tx));

    let flow = Flow::new(settings(file, timeouts, first_job), clock.now());
    let core = Core::new(
        flow,
        outbox,
        clock,
        line,
        Devices { printer, desk },
        models,
        (alone, vault, renewal),
    );
    println!("{{\"ready\":true}}");
    core.run(&rx)
}

/// Settled requests and jobs are kept for two days: long enough to explain a complaint, no longer.
const KEEP_MS: i64 = 2 * 24 * 3600 * 1000;

fn timeouts(file: &KioskFile) -> Timeouts {
    let secs = |s: u16| Millis::from_secs(i64::from(s));
    Timeouts {
        idle: secs(file.timeouts.idle_s),
        idle_elder: secs(file.timeouts.idle_elder_s),
        card_left: secs(file.timeouts.card_left_s),
        ..Timeouts::default()
    }
}

fn settings(file: &KioskFile, timeouts: Timeouts, first_job: JobNo) -> Settings {
    Settings {
        kiosk_name: convert::text(&file.name),
        elsewhere: convert::text(&file.elsewhere),
        lang: file.modes.lang,
        elder: file.modes.elder,
        low_reach: file.modes.low_reach,
        timeouts,
        first_job,
    }
}

/// Ctrl-C, SIGTERM, and SIGPWR from a failing supply: wipe first, then stop.
async fn stop_on_signal(tx: mpsc::Sender<Message>) {
    use tokio::signal::unix::{SignalKind, signal};
    const SIGPWR: i32 = 30;
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::from_raw(SIGPWR),
    ];
    let mut waits = Vec::new();
    for kind in kinds {
        match signal(kind) {
            Ok(mut stream) => waits.push(tokio::spawn(async move { stream.recv().await })),
            Err(error) => tracing::error!(%error, "a signal cannot be heard"),
        }
    }
    let (tx_each, mut rx_any) = tokio::sync::mpsc::channel(1);
    for wait in waits {
        let tx_each = tx_each.clone();
        tokio::spawn(async move {
            let _ = wait.await;
            let _ = tx_each.send(()).await;
        });
    }
    rx_any.recv().await;
    let _ = tx.send(Message::from(Input::PowerFail));
    let _ = tx.send(Message::Stop);
}
