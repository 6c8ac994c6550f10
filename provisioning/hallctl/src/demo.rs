//! `hallctl demo`: a whole hall on loopback with emulated devices, as separate processes like in a real one.
//!
//! Nothing is restarted silently: when a process dies the demo says which and why, ends the others and fails.

mod authority;
mod files;
mod links;
mod process;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::doctor::PORTS;
use files::{Files, KIOSK, PRINTER_PROFILE};
use links::Links;
use process::{Process, address};

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
    let outcome = tokio::select! {
        outcome = open_and_watch(args, place.path(), &mut running) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    // Last started, first stopped: the kiosk goes before the dispatcher that it talks to.
    while let Some(process) = running.pop() {
        process.stop().await;
    }
    outcome
}

/// Starts everything, says where it answers, and returns only when something dies.
async fn open_and_watch(args: &Args, dir: &Path, running: &mut Vec<Process>) -> anyhow::Result<()> {
    let links = open(args, dir, running).await?;
    if args.json {
        println!("{}", links.json());
    } else {
        println!("{}", links.list());
    }
    let ends = running.iter_mut().map(|process| Box::pin(process.ended()));
    let (first, ..) = futures_util::future::select_all(ends).await;
    anyhow::bail!("{first}")
}

async fn open(args: &Args, dir: &Path, running: &mut Vec<Process>) -> anyhow::Result<Links> {
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
        &start(running, "kiosk-screen", &arguments, &files).await?,
        "headless",
        "kiosk-screen",
    )?;
    say("kiosk-screen is ready");

    files.write_dispatcher(&loopback, &tls)?;
    let config = files.dispatcher.display().to_string();
    let ready = start(running, "ticket-dispatcher", &["serve", "--config", &config], &files).await?;
    let loopback = address(&ready, "loopback", "ticket-dispatcher")?;
    let tls = address(&ready, "tls", "ticket-dispatcher")?;
    let token = std::fs::read_to_string(&files.token).context("the dispatcher wrote no token file")?;
    say("ticket-dispatcher is ready");

    let mut links = Links {
        loopback,
        tls,
        emulators: String::new(),
        screen,
        token_file: files.token.display().to_string(),
        token: token.trim().to_string(),
        dir: files.dir.display().to_string(),
    };
    links.emulators = start_emulators(running, &files, &links, &bench).await?;
    say("hall-emulators are ready");

    files.write_kiosk(&links.tls)?;
    let config = files.kiosk.display().to_string();
    start(running, "kiosk", &["--config", &config], &files).await?;
    say(&format!("kiosk {KIOSK} is ready"));
    Ok(links)
}

async fn start(
    running: &mut Vec<Process>,
    name: &'static str,
    args: &[&str],
    files: &Files,
) -> anyhow::Result<serde_json::Value> {
    let (process, ready) = Process::start(name, args, &files.logs).await?;
    running.push(process);
    Ok(ready)
}

async fn start_emulators(
    running: &mut Vec<Process>,
    files: &Files,
    links: &Links,
    bench: &str,
) -> anyhow::Result<String> {
    let devices = files.devices.display().to_string();
    let screen = format!("http://{}", links.screen);
    let board = format!("board={}", links.board());
    let clerk = format!("clerk={}", links.clerk("W01"));
    let manager = format!("manager={}", links.manager());
    let phone = format!("phone=http://{}/q", links.loopback);
    let args = [
        "--dir",
        &devices,
        "--control",
        bench,
        "--devices",
        "id-reader,printer",
        "--printer-profile",
        PRINTER_PROFILE,
        "--kiosk-screen",
        &screen,
        "--link",
        &board,
        "--link",
        &clerk,
        "--link",
        &manager,
        "--link",
        &phone,
    ];
    address(
        &start(running, "hall-emulators", &args, files).await?,
        "control",
        "hall-emulators",
    )
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
