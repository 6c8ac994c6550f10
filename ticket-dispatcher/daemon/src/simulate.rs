//! `ticket-dispatcher simulate`: reads a trace, lets the replay play it, writes the report. No rules live here.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ticket_dispatcher_queue_core::Policy;
use ticket_dispatcher_replay::{Options, Trace, plot, simulate};

/// Plays a day from a trace with the dispatch engine in virtual time.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The day: a file in the format hall-trace/1.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// Where the log goes, in the format hall-report/1.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// Which policy chooses; without it the one that a hall uses by default.
    #[arg(long, value_name = "NAME", value_parser = policy)]
    policy: Option<Policy>,
    /// Seed of the forecasts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Leave the forecasts out.
    #[arg(long)]
    no_eta: bool,
    /// Also draws the day: queue, waits, forecasts against what happened, as an SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

fn policy(name: &str) -> Result<Policy, String> {
    let names = || Policy::ALL.map(Policy::name).join(", ");
    Policy::by_name(name).ok_or_else(|| format!("known policies: {}", names()))
}

/// Exit status 0; 1 when a file cannot be read or written; 2 when the trace is wrong, with the number of the line.
pub fn run(args: &SimulateArgs) -> ExitCode {
    let bytes = match fs::read(&args.trace) {
        Ok(bytes) => bytes,
        Err(error) => return failed(1, &format!("cannot read {}: {error}", args.trace.display())),
    };
    let mut options = Options {
        seed: args.seed,
        ..Options::default()
    };
    if let Some(policy) = args.policy {
        options.policy = policy;
    }
    if args.no_eta {
        options.forecast_paths = 0;
    }
    let played = Trace::parse(&bytes).and_then(|trace| Ok((simulate(&trace, options)?, trace)));
    let (report, trace) = match played {
        Ok(played) => played,
        Err(error) => return failed(2, &format!("{}: {error}", args.trace.display())),
    };
    if let Some(file) = &args.plot {
        let day = args.trace.file_stem().unwrap_or_default().to_string_lossy();
        let title = format!("{day}, policy {}", options.policy.name());
        let drawn = plot(&trace, &report, &title).map_err(|error| error.to_string());
        if let Err(error) = drawn.and_then(|svg| fs::write(file, svg).map_err(|error| error.to_string())) {
            return failed(1, &format!("cannot draw {}: {error}", file.display()));
        }
    }
    let written = File::create(&args.report).and_then(|file| report.write(BufWriter::new(file)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(1, &format!("cannot write {}: {error}", args.report.display())),
    }
}

fn failed(code: u8, why: &str) -> ExitCode {
    eprintln!("ticket-dispatcher simulate: {why}");
    ExitCode::from(code)
}
