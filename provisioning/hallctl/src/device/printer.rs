//! `hallctl device printer`: a ticket printer by hand.

use super::Failure;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Serial path, `usb:VID:PID` or `tcp:HOST:PORT`.
    #[arg(long)]
    port: String,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::Device(format!(
        "{}: this version has no driver for a ticket printer yet",
        args.port
    )))
}
