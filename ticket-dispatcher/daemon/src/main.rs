//! `ticket-dispatcher`: the one program of a hall that gives out numbers and calls them.
//!
//! It wires listeners, clock, keys, ledger and pages together. It must hold no rule of the hall (those are in the
//! engine), answer nothing that is not durable, and log no person.

mod app;
mod body;
mod bookings;
mod caller;
mod clock;
mod forecasts;
mod hall;
mod hub;
mod keys;
mod operator;
mod pages;
mod problem;
mod public;
mod router;
mod serve;
mod server;
mod simulate;
mod tickets;
mod view;
mod wait;
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Gives out and calls the numbers of a government service hall.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the dispatcher of a hall.
    Serve {
        /// The dispatcher file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Checks a journal: hash chain, dense rows, replay against what was stored, invariants.
    Verify {
        /// The journal.
        #[arg(long)]
        ledger: PathBuf,
        /// The key file; with it the seal on the end of the journal is checked too.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Plays a trace of a day with the engine.
    Simulate(simulate::SimulateArgs),
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    let done = match args.command {
        Command::Serve { config } => serve::run(&config),
        Command::Verify { ledger, key } => verify(&ledger, key.as_deref()),
        Command::Simulate(args) => return simulate::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ticket-dispatcher: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Exit 0: sound. Exit 1: not, with the first bad record on the first line.
fn verify(ledger: &std::path::Path, key: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
    let crypto = match key {
        Some(path) => Some(ticket_dispatcher_identity::GmSoft::new(&keys::root_key(path)?)),
        None => None,
    };
    let crypto = crypto
        .as_ref()
        .map(|c| c as &dyn ticket_dispatcher_identity::CryptoProvider);
    let report = ticket_dispatcher_ledger::verify(ledger, crypto)?;
    for finding in &report.findings {
        match finding.seq {
            Some(seq) => println!("row {seq}: {}", finding.what),
            None => println!("ledger: {}", finding.what),
        }
    }
    if report.more > 0 {
        println!("and {} more", report.more);
    }
    let seal = if report.seal_checked {
        "checked"
    } else {
        "not checked (give --key)"
    };
    println!(
        "{}: {} rows, {} replayed, {} tickets, {} days, seal {seal}",
        if report.is_sound() { "sound" } else { "NOT SOUND" },
        report.rows,
        report.replayed,
        report.tickets,
        report.days,
    );
    Ok(if report.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
