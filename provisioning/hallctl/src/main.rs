//! `hallctl`: the technician's and developer's tool. It checks files, talks to one device by hand, looks the machine
//! over and runs a whole hall with emulated devices. It must never hold a business rule: who is next is not decided
//! here.

mod check;
mod demo;
mod device;
mod doctor;
mod enrol;
mod init;
mod maker;
mod private;
mod support;
mod whatif;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "hallctl", version, about = "Checks, tries and demonstrates a Yimen hall.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a hall, dispatcher or kiosk file and explain everything that is wrong with it.
    Check {
        /// The file; its `format` line says what it is.
        file: PathBuf,
    },
    /// Talk to one device by hand.
    #[command(subcommand)]
    Device(device::Device),
    /// The blank ledger of a kiosk's maker: people, the day's close, differences.
    #[command(subcommand)]
    Maker(maker::Maker),
    /// Look this machine over: programs, fonts, ports, permissions.
    Doctor,
    /// Make a hall's authority and the dispatcher's files.
    Init(init::Args),
    /// Make this machine a device of the hall with a one-time code, which is read from standard input.
    Enrol(enrol::Enrol),
    /// Get a new certificate for a kiosk when two thirds of the old one's time are over.
    Renew(enrol::Renew),
    /// Write down what somebody who helps from afar needs to see, without anybody's data in it.
    SupportBundle(support::Args),
    /// Run a whole hall on this machine with emulated devices, until Ctrl-C.
    Demo(demo::Args),
    /// Ask a running dispatcher when the queue will be gone, and what if windows opened or closed now.
    Whatif(whatif::Args),
    /// Started by `demo` for itself.
    #[command(hide = true)]
    DemoReaper,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match Cli::parse().command {
        Command::Check { file } => check::run(&file),
        Command::Device(device) => device::run(device),
        Command::Maker(command) => maker::run(&command),
        Command::Doctor => doctor::run(),
        Command::Init(args) => init::run(&args),
        Command::Enrol(args) => enrol::run(&args),
        Command::Renew(args) => enrol::run_renew(&args),
        Command::SupportBundle(args) => support::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::DemoReaper => demo::reaper::run(),
    }
}
