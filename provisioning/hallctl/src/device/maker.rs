//! `hallctl device maker`: a temporary-ID maker by hand, and one card from a file.

mod clear;
mod make;
mod record;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use drivers_device::Transport;
use drivers_temp_id_maker::driver::BAUD;
use drivers_temp_id_maker::{Maker as _, Tim1, conformance};
use serde_json::json;

/// Arguments of the command.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["status", "conformance", "make", "clear_fault"]))]
pub struct Args {
    /// Serial path, `usb:VID:PID` or `tcp:HOST:PORT`.
    #[arg(long)]
    port: String,
    /// Say who and how it is, as one JSON object.
    #[arg(long)]
    status: bool,
    /// Try every rule of TIM/1 that costs no blank; one JSON object a rule.
    #[arg(long)]
    conformance: bool,
    /// Make one card from a making record (docs/tim-1.md, section 9). Run again after a crash, it drives the same job
    /// on.
    #[arg(long, value_name = "RECORD.json", requires = "state")]
    make: Option<PathBuf>,
    /// Clear the fault that stands, after what is wrong was mended and what lay in the path taken out.
    #[arg(long, requires = "staff")]
    clear_fault: bool,
    /// Staff number, with --clear-fault; twice for what takes two people (0504, 0605, 0704).
    #[arg(long)]
    staff: Vec<u32>,
    /// Key of a machine that demands codes, with --clear-fault: a file of hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    device_key_file: Option<PathBuf>,
    /// Where the job is remembered; a photo is in it until the card is made.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Why the command ended, with its exit status.
pub struct Stop {
    /// 2 usage, 3 device, 4 ended without a card, 5 in doubt.
    pub code: u8,
    /// What to do next.
    pub why: String,
}

impl Stop {
    fn device(why: impl ToString) -> Self {
        Self {
            code: 3,
            why: why.to_string(),
        }
    }
}

fn machine(port: &str, device_key: Option<Vec<u8>>) -> Result<Tim1<Box<dyn Transport>>, Stop> {
    let line = drivers_transport::closed(port, BAUD).map_err(Stop::device)?;
    Ok(Tim1::new(line, device_key))
}

/// Runs the command.
pub fn run(args: &Args) -> ExitCode {
    let done = match (&args.make, &args.state) {
        (Some(record), Some(state)) => make::run(&args.port, record, state),
        _ if args.conformance => conform(&args.port),
        _ if args.clear_fault => clear::run(args),
        _ => status(&args.port),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("{}", stop.why);
            ExitCode::from(stop.code)
        }
    }
}

fn status(port: &str) -> Result<(), Stop> {
    let mut machine = machine(port, None)?;
    let identity = machine.hello().map_err(Stop::device)?;
    let status = machine.status().map_err(Stop::device)?;
    println!("{}", json!({ "identity": identity, "status": status }));
    match drivers_temp_id_maker::codec::Fault::of(status.fault) {
        None => Ok(()),
        Some(fault) => Err(Stop::device(format!(
            "{port}: {:04X} {}: {}",
            fault.code, fault.name, fault.advice
        ))),
    }
}

fn conform(port: &str) -> Result<(), Stop> {
    let mut machine = machine(port, None)?;
    let mut failed = 0;
    conformance::run(&mut machine, &mut |check| {
        failed += u32::from(!check.ok);
        println!("{}", json!(check));
    })
    .map_err(Stop::device)?;
    if failed == 0 {
        return Ok(());
    }
    Err(Stop::device(format!("{port}: {failed} rules of TIM/1 do not hold")))
}
