//! `hall-check`: the player behind `./hall demo --check`.
//!
//! It starts the whole hall with emulated devices, plays citizens and a clerk through it, and believes nothing that it
//! did not see from outside: the kiosk's screen, the bytes that the printer got, the board's and the phone's page in a
//! real browser, the public lookup. It must never look into a process, a database or a log of the product; only at the
//! end it searches all bytes for people, those on the disk as a thief would, those on the loopback as an eavesdropper.

mod hall;
mod kiosk;
mod own_net;
mod report;
mod scenes;
mod staff;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use tests_e2e::wire::{self, Wire};

/// Plays citizens through a whole emulated hall and reports what was seen from outside.
#[derive(Parser)]
struct Args {
    /// Where report.json and the pictures go; made if absent.
    #[arg(long)]
    out: PathBuf,
    /// Do not search the bytes on the loopback, where a network of its own is not to be had. The report says so.
    #[arg(long)]
    without_wire: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hall-check: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> anyhow::Result<bool> {
    let wire = if args.without_wire || wire::is_left_out() {
        eprintln!("hall-check: the bytes on the loopback are NOT searched");
        None
    } else {
        own_net::enter()?;
        Some(Arc::new(Wire::listen()?))
    };
    tokio::runtime::Runtime::new()?.block_on(run(&args.out, wire))
}

async fn run(out: &std::path::Path, wire: Option<Arc<Wire>>) -> anyhow::Result<bool> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut report = report::Report::new(out);
    let hall = hall::Hall::start().await?;
    report.note_start(hall.started_in);
    let mut play = scenes::Play::new(hall, out, wire).await?;
    let outcome = play.all(&mut report).await;
    play.end().await;
    report.finish(outcome)
}
