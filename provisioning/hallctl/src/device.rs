//! One device by hand, without a kiosk: for the technician who has just plugged it in.

pub mod id_reader;
pub mod maker;
pub mod passport;
pub mod printer;

use std::process::ExitCode;

use clap::Subcommand;

/// Which device.
#[derive(Subcommand)]
pub enum Device {
    /// Read identity cards: one JSON object per card.
    IdReader(id_reader::Args),
    /// Ask a temporary-ID maker how it is, try its protocol, or make one card.
    Maker(maker::Args),
    /// Read passports and show codes: one JSON object per paper.
    Passport(passport::Args),
    /// Ask a ticket printer how it is, or print on it.
    Printer(printer::Args),
}

/// Why a device command ended early; the sentence goes to standard error.
#[derive(Debug)]
// A variant may be unused while a device has no such failure.
#[allow(dead_code)]
pub enum Failure {
    /// What was asked makes no sense: exit status 2.
    Usage(String),
    /// The device or its port: exit status 3. Says what to do next.
    Device(String),
}

/// Exit status 0 ok, 2 usage, 3 device error with the reason on standard error.
pub fn run(device: Device) -> ExitCode {
    let done = match device {
        Device::Maker(args) => return maker::run(&args),
        Device::IdReader(args) => id_reader::run(&args),
        Device::Passport(args) => passport::run(&args),
        Device::Printer(args) => printer::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
        Err(Failure::Device(why)) => {
            eprintln!("{why}");
            ExitCode::from(3)
        }
    }
}
