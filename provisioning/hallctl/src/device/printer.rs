//! `hallctl device printer`: a ticket printer by hand.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use drivers_thermal_printer::{
    Job, JobOutcome, PrinterEvent, PrinterStatus, PriorLife, Profile, ThermalPrinter, TicketSlip, profile,
};
use serde_json::json;
use ui_ticket_raster::Fonts;

use super::Failure;

/// Arguments of the command.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["status", "sample", "raw"]))]
pub struct Args {
    /// Serial path, `usb:VID:PID` or `tcp:HOST:PORT`.
    #[arg(long)]
    port: String,
    /// Model: epson, masung, custom or snbc.
    #[arg(long, value_parser = profile_named)]
    profile: &'static Profile,
    /// Say how it is, as one JSON object.
    #[arg(long)]
    status: bool,
    /// Print a made-up ticket.
    #[arg(long)]
    sample: bool,
    /// Send the bytes of a file as they are, once the printer is ready.
    #[arg(long, value_name = "FILE")]
    raw: Option<PathBuf>,
}

/// A printer answers within this, or it is not there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Paper that raw bytes may take, dots: bounds the wait for their end.
const RAW_DOTS: u32 = 4_000;

fn profile_named(text: &str) -> Result<&'static Profile, String> {
    Profile::named(text).ok_or_else(|| {
        let names = profile::ALL.map(|profile| profile.name).join(", ");
        format!("no printer profile is called {text}; there are: {names}")
    })
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    // The low bits name the end marker; two runs in one second are not meant to share a printer.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = u32::try_from(now.as_secs() & 0x7FFF).unwrap_or(0);
    let job = match &args.raw {
        Some(file) => {
            let bytes = std::fs::read(file).map_err(|e| Failure::Usage(format!("{}: {e}", file.display())))?;
            Some(Job {
                id,
                bytes,
                dots: RAW_DOTS,
            })
        }
        None if args.sample => Some(TicketSlip::sample().render(args.profile, &Fonts::system()).job(id)),
        None => None,
    };
    let line = drivers_transport::open(&args.port, args.profile.baud).map_err(|e| Failure::Device(e.to_string()))?;
    let mut printer = ThermalPrinter::new(line, args.profile, PriorLife::Clean);
    let status = printer.first_status(PATIENCE);
    match job {
        None => {
            println!("{}", json!({ "profile": args.profile.name, "status": status }));
            if status.prints() {
                Ok(())
            } else {
                Err(Failure::Device(advice(&args.port, status)))
            }
        }
        Some(job) => {
            let bytes = job.bytes.len();
            let outcome = printer.print(job);
            settle(&mut printer, outcome);
            report(&args.port, bytes, outcome)
        }
    }
}

/// After an unknown outcome the printer is cleared before the command leaves it, if it is well within a while.
fn settle(printer: &mut ThermalPrinter, outcome: JobOutcome) {
    if !matches!(outcome, JobOutcome::Unknown { .. }) {
        return;
    }
    for _ in 0..10 {
        let heard = printer.pump(Duration::from_millis(500));
        if heard.iter().any(|event| matches!(event, PrinterEvent::Cleared { .. })) {
            return;
        }
    }
}

fn report(port: &str, bytes: usize, outcome: JobOutcome) -> Result<(), Failure> {
    match outcome {
        JobOutcome::Printed => {
            println!("{}", json!({ "printed": true, "bytes": bytes }));
            Ok(())
        }
        JobOutcome::NotTaken => {
            println!("{}", json!({ "printed": true, "taken": false, "bytes": bytes }));
            Ok(())
        }
        JobOutcome::NotStarted { status } => Err(Failure::Device(advice(port, status))),
        JobOutcome::Unknown { cleared } => {
            let held = if cleared {
                "it holds nothing more of it"
            } else {
                "it may still bring the rest out"
            };
            Err(Failure::Device(format!(
                "{port}: nobody knows whether the ticket came out whole; {held}. Look at the paper, clear the fault, \
                 and ask for --status"
            )))
        }
    }
}

fn advice(port: &str, status: PrinterStatus) -> String {
    let what = match status {
        PrinterStatus::Ready | PrinterStatus::PaperLow => "is busy; try again",
        PrinterStatus::PaperOut => "is out of paper; put in a roll",
        PrinterStatus::CoverOpen => "has its cover open; close it",
        PrinterStatus::CutterError => "has its cutter stuck; open the cover, free the knife",
        PrinterStatus::HeadHot => "has a hot head or a weak supply; wait a minute",
        PrinterStatus::Jam => "has jammed paper; open the cover and take it out",
        PrinterStatus::TicketNotTaken => "has a ticket in its exit; take it",
        PrinterStatus::BinFull => "has a full bin; empty it",
        PrinterStatus::Offline => "does not answer; check power, cable, baud rate and --profile",
        PrinterStatus::Unknown => "answers what its profile does not allow; check --profile",
    };
    format!("{port}: the printer {what}")
}
