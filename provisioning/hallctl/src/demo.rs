//! `hallctl demo`: a whole hall on loopback with emulated devices.

use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Where to keep the hall's files; a directory of its own that is removed at the end, unless given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// One JSON line with all addresses instead of a list for people; takes free ports.
    #[arg(long)]
    json: bool,
}

/// Runs until Ctrl-C.
pub fn run(_args: &Args) -> ExitCode {
    ExitCode::FAILURE
}
