//! `ticket-dispatcher`: the one program of a hall that gives out numbers and calls them.
//!
//! It wires listeners, clock, keys, ledger and pages together. It must hold no rule of the hall (those are in the
//! engine), answer nothing that is not durable, and log no person.

mod app;
mod body;
mod bookings;
mod caller;
mod clock;
mod delivery;
mod forecasts;
mod gate;
mod hall;
mod held;
mod hub;
mod keys;
mod live_hall;
mod machine;
mod makers;
mod offline;
mod operator;
mod outlook;
mod pages;
mod patient;
mod policy;
mod problem;
mod public;
mod record;
mod refresh;
mod router;
mod serve;
mod server;
mod simulate;
mod staff;
mod tickets;
mod unshown;
mod upkeep;
mod view;
mod wait;
mod why;
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ticket_dispatcher_identity::{CryptoProvider, GmSoft};
use ticket_dispatcher_ledger::{LedgerError, Report, backup, restore};
use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// Whatever is freed is wiped: persons pass through buffers of libraries that know nothing of them.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

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
    /// Copies the journal to a new file while the dispatcher runs, and checks the copy.
    Backup {
        /// The journal.
        #[arg(long)]
        ledger: PathBuf,
        /// The new file.
        #[arg(long)]
        to: PathBuf,
        /// The key file; with it the seal on the end of the journal is checked too.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Puts a copy in the place of a lost journal, with the dispatcher stopped.
    Restore {
        /// The copy.
        #[arg(long)]
        from: PathBuf,
        /// Where the journal shall be; nothing may lie there.
        #[arg(long)]
        ledger: PathBuf,
        /// The key file; with it the seal on the end of the journal is checked too.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Accounts of staff, for the console of the machine.
    #[command(subcommand)]
    Account(upkeep::AccountCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(upkeep::AuditCommand),
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
        Command::Backup { ledger, to, key } => copied(&to, key.as_deref(), |crypto| backup(&ledger, &to, crypto)),
        Command::Restore { from, ledger, key } => {
            copied(&ledger, key.as_deref(), |crypto| restore(&from, &ledger, crypto))
        }
        Command::Account(command) => upkeep::account(command),
        Command::Audit(command) => upkeep::audit(command),
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

/// Says what was copied. Exit 0: the copy is sound and on disk. Exit 2: there is none.
fn copied(
    to: &std::path::Path,
    key: Option<&std::path::Path>,
    copy: impl FnOnce(Option<&dyn CryptoProvider>) -> Result<Report, LedgerError>,
) -> anyhow::Result<ExitCode> {
    let crypto = key
        .map(|key| keys::root_key(key, keys::Missing::Refuse))
        .transpose()?
        .map(|key| GmSoft::new(&key));
    let report = copy(crypto.as_ref().map(|c| c as &dyn CryptoProvider))?;
    println!(
        "{}: sound, {} rows, {} tickets, {} days",
        to.display(),
        report.rows,
        report.tickets,
        report.days
    );
    Ok(ExitCode::SUCCESS)
}

/// Exit 0: sound. Exit 1: not, with the first bad record on the first line.
fn verify(ledger: &std::path::Path, key: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(ledger.exists(), "there is no ledger at {}", ledger.display());
    let crypto = key
        .map(|key| keys::root_key(key, keys::Missing::Refuse))
        .transpose()?
        .map(|key| GmSoft::new(&key));
    let report = ticket_dispatcher_ledger::verify(ledger, crypto.as_ref().map(|c| c as &dyn CryptoProvider))?;
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
