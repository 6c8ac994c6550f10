//! `serve`: opens everything in order, says it is ready, and ends in order.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use provisioning_config::dispatcher_file::DispatcherFile;
use provisioning_config::hall_file::HallFile;
use provisioning_config::keys::listed;
use provisioning_config::own_files::keep_to_ourselves;
use provisioning_enrolment::Authority;
use sd_notify::NotifyState;
use ticket_dispatcher_access::{Access, HEADS_EVERY_MINUTES};
use ticket_dispatcher_identity::{CryptoProvider, GmSoft};
use ticket_dispatcher_ledger::{Ledger, Options, Retention};
use ticket_dispatcher_types::Millis;
use tokio::sync::watch;

use crate::app::App;
use crate::caller::Bearer;
use crate::clock::Clock;
use crate::forecasts::Forecasts;
use crate::gate::{self, Gate, enrol};
use crate::hall::Hall;
use crate::hub::{Hub, Snapshot};
use crate::keys::Missing;
use crate::refresh::Refresh;
use crate::server::{self, Door};
use crate::view::{Following, View};
use crate::{delivery, keys, machine, operator, router};

/// 23:59, when what is left of persons is deleted.
const END_OF_DAY: Millis = Millis::from_mins(23 * 60 + 59);
/// A third of `WatchdogSec=`.
const WATCHED_EVERY: Duration = Duration::from_secs(5);
/// What was measured is counted this often.
const COUNT_METRICS_EVERY: Duration = Duration::from_secs(5);
/// Heads of the audit log are signed this often (hall rules 8.4), and at the end.
const SIGN_HEADS_EVERY: Duration = Duration::from_secs(HEADS_EVERY_MINUTES.unsigned_abs() * 60);
/// The clock is looked at this often, so that a jump of it is noticed within the minute.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(20);

/// Runs until a signal to stop.
pub fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let file = DispatcherFile::load(config)?;
    keep_to_ourselves("ticket-dispatcher", &[&file.ledger, &file.access, &file.audit_heads])?;
    let hall = Arc::new(Hall::new(HallFile::load(&file.hall_file)?));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    runtime.block_on(serve(file, hall))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(file: DispatcherFile, hall: Arc<Hall>) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new()
        .set_buckets(&[0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0])?
        .install_recorder()?;
    let keys_in_files = file.keys.in_files(file.key_files())?;
    let missing = Missing::before(&[&file.ledger, &file.access]);
    let crypto: Arc<dyn CryptoProvider> = Arc::new(GmSoft::new(&keys::root_key(&file.key_file, missing)?));
    let clock = Clock::new(&hall.file.hall.timezone)?;
    let bearer = match &file.loopback {
        Some(loopback) => Some(Bearer(keys::bearer_token(&loopback.token_file)?)),
        None => None,
    };
    // Bound before the ledger is opened: a second dispatcher by mistake stops here and touches nothing.
    let loopback = match &file.loopback {
        Some(loopback) => Some(server::bind(loopback.listen, Door::Loopback).await?),
        None => None,
    };
    let acceptors = file.tls.as_ref().map(server::tls).transpose()?;
    let tls = match (&file.tls, &acceptors) {
        (Some(tls), Some(acceptors)) => Some(server::bind(tls.listen, Door::Tls(acceptors.devices.clone())).await?),
        _ => None,
    };
    let gate = gate(&file, &hall, &crypto, &clock)?;
    let view = Arc::new(View::new(Arc::clone(&hall), Arc::new(Hub::new())));
    let (ledger, writer) = Ledger::open(Options {
        file: file.ledger.clone(),
        hall: hall.info.id.clone(),
        config: Arc::clone(&hall.config),
        crypto: Arc::clone(&crypto),
        entropy: keys::entropy,
        clock: Box::new(clock.clone()),
        retention: Retention {
            id_tag_days: file.retention.id_tag_days,
        },
        refuse: {
            let ledger = file.ledger.clone();
            Box::new(move || machine::no_room(&ledger))
        },
        follower: Box::new(Following::new(Arc::clone(&view))),
    })?;
    clock.not_before(view.read().at);
    let shown = Arc::clone(&view);
    let snapshot: Arc<Snapshot> = Arc::new(move || shown.snapshot_event());
    let addrs = (loopback.as_ref().map(|b| b.addr), tls.as_ref().map(|b| b.addr));
    if file.slips_lead_nowhere() {
        tracing::warn!("lookup_base is not set: the QR of a slip carries an address that no phone can open");
    }
    let lookup_base = file.lookup_base.clone().unwrap_or_else(|| match addrs {
        (Some(addr), _) => format!("http://{addr}"),
        (None, Some(addr)) => format!("https://{addr}"),
        (None, None) => String::new(),
    });
    let app = Arc::new(App {
        view: Arc::clone(&view),
        hall,
        ledger: ledger.clone(),
        crypto,
        clock: clock.clone(),
        lookup_base,
        seal_holder: file.seal_holder,
        bearer,
        metrics,
        snapshot,
        forecasts: Forecasts::default(),
        refresh: Refresh::default(),
        staff_calls: crate::staff::StaffCalls::default(),
        gate,
        enrolment: file.enrolment.as_ref().map(|e| e.listen),
        makers: crate::makers::Makers::default(),
        openapi: operator::document(),
    });
    let routes = router::router(Arc::clone(&app));
    let (stop, stopped) = watch::channel(false);
    let seats = server::Seats::new();
    let mut doors = tokio::task::JoinSet::new();
    for bound in [loopback, tls].into_iter().flatten() {
        doors.spawn(server::serve(
            bound,
            Arc::clone(&app),
            routes.clone(),
            Arc::clone(&seats),
            stopped.clone(),
        ));
    }
    if let (Some(enrolment), Some(tls)) = (&file.enrolment, acceptors) {
        let seats = Arc::clone(&seats);
        tokio::spawn(enrol::keep_door(
            Arc::clone(&app),
            enrolment.listen,
            tls.enrolment,
            tls.own,
            seats,
        ));
    }
    tokio::spawn(stay_watched(Arc::clone(&view)));
    tokio::spawn(keep_heads(Arc::clone(&app)));
    tokio::spawn(count_metrics(Arc::clone(&app)));
    let hub = Arc::clone(&view.hub);
    tokio::spawn(async move { hub.fan_out().await });
    tokio::spawn(delivery::watch(Arc::clone(&view), ledger.clone()));
    tokio::spawn(keep_the_day(
        ledger.clone(),
        clock,
        Arc::clone(&app),
        file.retention.audit_days,
    ));
    let told = app.gate.check_log();
    let version = || env!("CARGO_PKG_VERSION").to_string();
    app.gate.log_own("dispatcher.start", version()).await;
    if !keys_in_files.is_empty() {
        app.gate.log_own("keys.in-files", listed(&keys_in_files)).await;
    }
    // From now on a head vouches for the log, and tells that its key was made once.
    app.gate.sign_head();
    ready(addrs)?;
    let whole = Arc::clone(&app);
    drop(tokio::task::spawn_blocking(move || whole.gate.check_all_of_log(&told)));
    wait_for_signal().await?;
    tracing::info!("stopping");
    view.hub.close();
    let _ = stop.send(true);
    while doors.join_next().await.is_some() {}
    app.gate.log_own("dispatcher.stop", version()).await;
    ledger.stop();
    let _ = tokio::task::spawn_blocking(move || writer.join()).await;
    // After the last row, so that the head vouches for it.
    app.gate.sign_head();
    Ok(())
}

/// Accounts, certificates and the audit log, from the files beside the journal.
fn gate(file: &DispatcherFile, hall: &Hall, crypto: &Arc<dyn CryptoProvider>, clock: &Clock) -> anyhow::Result<Gate> {
    let authority = match (&file.enrolment, &file.tls) {
        (Some(enrolment), Some(tls)) => {
            let cert = std::fs::read_to_string(&tls.client_ca)
                .with_context(|| format!("cannot read {}", tls.client_ca.display()))?;
            let key = keys::private_text(&enrolment.authority_key)?;
            Some(Authority::load(&cert, &key)?)
        }
        _ => None,
    };
    let access = Access::open(ticket_dispatcher_access::Options {
        file: file.access.clone(),
        crypto: Arc::clone(crypto),
        entropy: keys::entropy,
    })?;
    Ok(Gate::new(gate::Parts {
        access,
        clock: clock.clone(),
        hall: hall.info.id.to_string(),
        head_key: keys::head_key(&file.audit_key, Missing::before(&[&file.audit_heads]))?,
        heads_file: file.audit_heads.clone(),
        journal: file.ledger.clone(),
        authority,
    })?)
}

/// Tells systemd that tasks still run and the picture of the hall can still be read. A ledger that cannot write is no
/// reason to be restarted: it says so itself, and a restart would only hide it.
async fn stay_watched(view: Arc<View>) {
    loop {
        let _ = view.read().seq;
        let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        tokio::time::sleep(WATCHED_EVERY).await;
    }
}

/// What was measured waits in memory, a number for each request, until somebody counts it. In a hall that nobody
/// watches it would wait for ever.
async fn count_metrics(app: Arc<App>) {
    loop {
        tokio::time::sleep(COUNT_METRICS_EVERY).await;
        app.metrics.run_upkeep();
    }
}

/// Signs the end of the audit log every five minutes, and reads all of it once a day.
async fn keep_heads(app: Arc<App>) {
    let mut read_through = app.clock.stamp().day;
    loop {
        tokio::time::sleep(SIGN_HEADS_EVERY).await;
        let (app, day) = (Arc::clone(&app), app.clock.stamp().day);
        let new_day = day != read_through;
        read_through = day;
        let work = move || {
            app.gate.sign_head();
            if new_day {
                app.gate.check_all_of_log(&[]);
            }
        };
        let _ = tokio::task::spawn_blocking(work).await;
    }
}

fn ready((loopback, tls): (Option<std::net::SocketAddr>, Option<std::net::SocketAddr>)) -> anyhow::Result<()> {
    use std::io::Write;
    let line = serde_json::json!({
        "ready": true,
        "tls": tls.map(|a| a.to_string()),
        "loopback": loopback.map(|a| a.to_string()),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    // Without systemd nobody listens, which is no fault.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    Ok(())
}

/// Midnight begins a day, 23:59 forgets the persons of one. Both are looked for again and again rather than slept for:
/// a clock that is set must not make the hall miss them.
async fn keep_the_day(ledger: Ledger, clock: Clock, app: Arc<App>, audit_days: u16) {
    loop {
        let to_end = clock.until(END_OF_DAY);
        let to_midnight = clock.until(Millis::ZERO);
        let wait = to_end.min(to_midnight).min(LOOK_AT_CLOCK);
        tokio::time::sleep(wait + Duration::from_millis(5)).await;
        ledger.tick();
        if clock.stamp().now >= END_OF_DAY {
            ledger.end_of_day();
            app.gate.forget(audit_days);
        }
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
