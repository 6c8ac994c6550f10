//! `hallctl demo`: a whole hall on loopback with emulated devices, as separate processes like in a real one.
//!
//! A process that dies is started again, never silently: the demo says which, why and when. So anybody may kill -9 the
//! dispatcher under a living kiosk and watch the hall come back.

mod authority;
mod files;
mod links;
mod process;
pub mod reaper;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::doctor::PORTS;
use files::{Files, KIOSK, PRINTER_PROFILE};
use links::Links;
use process::{Process, address};
use reaper::Reaper;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Where to keep the hall's files; without it a directory of its own, removed at the end.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// One JSON line with all addresses instead of a list for people; takes free ports.
    #[arg(long)]
    json: bool,
}

/// Runs until Ctrl-C or SIGTERM; exit status 1 when something could not start or died.
pub fn run(args: &Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(demo(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hallctl demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(args: &Args) -> anyhow::Result<()> {
    // Signals are caught before the first process starts, so that none is left behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let place = Place::take(args.dir.as_deref())?;
    let mut running = Vec::new();
    let reaper = Reaper::start()?;
    let outcome = tokio::select! {
        outcome = open_and_watch(args, place.path(), &mut running, &reaper) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    // Last started, first stopped: the kiosk goes before the dispatcher that it talks to.
    while let Some(process) = running.pop() {
        process.stop().await;
    }
    outcome
}

/// Starts everything, says where it answers, and starts again what dies. Returns only when something cannot start.
async fn open_and_watch(args: &Args, dir: &Path, running: &mut Vec<Process>, reaper: &Reaper) -> anyhow::Result<()> {
    let links = open(args, dir, running, reaper).await?;
    if args.json {
        println!("{}", links.json());
    } else {
        println!("{}", links.list());
    }
    loop {
        let ends = running.iter_mut().map(|process| Box::pin(process.ended()));
        let (how, which, _) = futures_util::future::select_all(ends).await;
        running[which].start_again(&how).await;
    }
}

async fn open(args: &Args, dir: &Path, running: &mut Vec<Process>, reaper: &Reaper) -> anyhow::Result<Links> {
    let say = |text: &str| {
        if !args.json {
            println!("  {text}");
        }
    };
    let files = Files::lay_out(dir)?;
    say("certificates and files are made");
    let [loopback, tls, bench, screen] = PORTS.map(|(port, _)| listen_on(port, args.json));

    let socket = files.ui_socket.display().to_string();
    let arguments = ["--socket", &socket, "--headless", &screen];
    let screen = address(
        &start(running, "kiosk-screen", &arguments, &files, reaper).await?,
        "headless",
        "kiosk-screen",
    )?;
    keep(running, "--headless", &screen);
    say("kiosk-screen is ready");

    files.write_dispatcher(&loopback, &tls)?;
    let config = files.dispatcher.display().to_string();
    let ready = start(
        running,
        "ticket-dispatcher",
        &["serve", "--config", &config],
        &files,
        reaper,
    )
    .await?;
    let loopback = address(&ready, "loopback", "ticket-dispatcher")?;
    let tls = address(&ready, "tls", "ticket-dispatcher")?;
    // From now on at these addresses, also after a restart.
    files.write_dispatcher(&loopback, &tls)?;
    let token = std::fs::read_to_string(&files.token).context("the dispatcher wrote no token file")?;
    say("ticket-dispatcher is ready");

    let mut links = Links {
        loopback,
        tls,
        emulators: String::new(),
        lan: String::new(),
        making: String::new(),
        screen,
        token_file: files.token.display().to_string(),
        token: token.trim().to_string(),
        dir: files.dir.display().to_string(),
    };
    (links.emulators, links.lan) = start_emulators(running, &files, &links, &bench, args.json, reaper).await?;
    keep(running, "--control", &links.emulators);
    keep(running, "--lan-listen", &links.lan);
    say("hall-emulators are ready");

    let [ca, cert, key] = files.making_certificates();
    let any = "127.0.0.1:0";
    let arguments = [
        "--ca",
        &ca,
        "--cert",
        &cert,
        "--key",
        &key,
        "--pays-after-s",
        "2",
        "--wants-face",
        "--listen",
        any,
        "--control",
        any,
    ];
    let ready = start(running, "making-record-simulator", &arguments, &files, reaper).await?;
    links.making = address(&ready, "control", "making-record-simulator")?;
    let making = address(&ready, "tls", "making-record-simulator")?;
    keep(running, "--control", &links.making);
    keep(running, "--listen", &making);
    say("making-record-simulator is ready");

    // Through a cable that can be pulled.
    files.write_kiosk(&links.lan, &making)?;
    let config = files.kiosk.display().to_string();
    start(running, "kiosk", &["--config", &config], &files, reaper).await?;
    say(&format!("kiosk {KIOSK} is ready"));
    Ok(links)
}

async fn start(
    running: &mut Vec<Process>,
    name: &'static str,
    args: &[&str],
    files: &Files,
    reaper: &Reaper,
) -> anyhow::Result<serde_json::Value> {
    let (process, ready) = Process::start(name, args, &files.logs, reaper).await?;
    running.push(process);
    Ok(ready)
}

/// The program that was started last keeps the address that it took.
fn keep(running: &mut [Process], option: &str, address: &str) {
    if let Some(last) = running.last_mut() {
        last.use_from_now_on(option, address);
    }
}

async fn start_emulators(
    running: &mut Vec<Process>,
    files: &Files,
    links: &Links,
    bench: &str,
    quick: bool,
    reaper: &Reaper,
) -> anyhow::Result<(String, String)> {
    let devices = files.devices.display().to_string();
    let screen = format!("http://{}", links.screen);
    let board = format!("board={}", links.board());
    let clerk = format!("clerk={}", links.clerk("W01"));
    let manager = format!("manager={}", links.manager());
    let maker = format!("maker={}", links.maker());
    let phone = format!("phone=http://{}/q", links.loopback);
    // People watch a demo at the pace of life; a program that plays it through has no three minutes for each card.
    let maker_time = if quick { "0.25" } else { "1" };
    let args = [
        "--dir",
        &devices,
        "--control",
        bench,
        "--devices",
        "id-reader,passport-reader,printer,maker,scanner",
        "--maker-time",
        maker_time,
        "--printer-profile",
        PRINTER_PROFILE,
        "--kiosk-screen",
        &screen,
        "--lan",
        &links.tls,
        "--lan-listen",
        "127.0.0.1:0",
        "--link",
        &board,
        "--link",
        &clerk,
        "--link",
        &manager,
        "--link",
        &maker,
        "--link",
        &phone,
    ];
    let ready = start(running, "hall-emulators", &args, files, reaper).await?;
    Ok((
        address(&ready, "control", "hall-emulators")?,
        address(&ready, "lan", "hall-emulators")?,
    ))
}

/// The usual port if it is free, else any: a second demo on one machine must not fail.
fn listen_on(usual: u16, any: bool) -> String {
    let free = !any && TcpListener::bind(("127.0.0.1", usual)).is_ok();
    format!("127.0.0.1:{}", if free { usual } else { 0 })
}

/// The directory of the demo: given and kept, or made and removed.
enum Place {
    Given(PathBuf),
    Made(PathBuf),
}

impl Place {
    fn take(given: Option<&Path>) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(given.is_some()).mode(0o700);
        let path = match given {
            Some(path) => path.to_path_buf(),
            None => {
                let mut random = [0u8; 8];
                getrandom::fill(&mut random).context("no randomness")?;
                std::env::temp_dir().join(format!("yimen-demo-{:016x}", u64::from_ne_bytes(random)))
            }
        };
        builder
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(if given.is_some() {
            Self::Given(path)
        } else {
            Self::Made(path)
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) | Self::Made(path) => path,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Made(path) = self
            && let Err(error) = std::fs::remove_dir_all(&*path)
        {
            eprintln!("{} could not be removed: {error}", path.display());
        }
    }
}
