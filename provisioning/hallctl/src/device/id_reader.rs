//! `hallctl device id-reader`: an identity card reader by hand.

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
        "{}: this version has no driver for an identity card reader yet",
        args.port
    )))
}
