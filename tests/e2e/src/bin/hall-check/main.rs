//! `hall-check`: the player behind `./hall demo --check`.
//!
//! It starts the whole hall with emulated devices, plays citizens and a clerk through it, and believes nothing that it
//! did not see from outside: the kiosk's screen, the bytes that the printer got, the board's and the phone's page in a
//! real browser, the public lookup. It must never look into a process, a database or a log of the product; only at the
//! end it searches all bytes for people, as a thief would.

mod hall;
mod kiosk;
mod report;
mod scenes;
mod staff;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

/// Plays citizens through a whole emulated hall and reports what was seen from outside.
#[derive(Parser)]
struct Args {
    /// Where report.json and the pictures go; made if absent.
    #[arg(long)]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args.out).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hall-check: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(out: &std::path::Path) -> anyhow::Result<bool> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut report = report::Report::new(out);
    let hall = hall::Hall::start().await?;
    report.note_start(hall.started_in);
    let mut play = scenes::Play::new(hall, out).await?;
    let outcome = play.all(&mut report).await;
    play.end().await;
    report.finish(outcome)
}
