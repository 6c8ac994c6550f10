//! `hall-guest`: what only a whole machine can show, tried in a small virtual one: USB devices and power cuts.
//!
//! A Debian kernel and our own binaries in an initial RAM disk, run by QEMU without hardware acceleration. It needs
//! `qemu-system-x86` and `busybox-static`, and gets the kernel package by `apt-get download` into the target folder.
//! It must never touch the machine it runs on: no mounts, no modules, no root needed.

mod guest;
mod image;
mod kernel;
mod power;
mod usb;

use clap::{Parser, Subcommand};

/// The product in a small virtual machine.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The card reader on USB, both layouts: read, pull out, plug in again, read.
    Usb,
    /// The power of a running dispatcher is cut, again and again; nothing that was answered may be lost.
    PowerCut(power::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Usb => usb::run().await,
        What::PowerCut(args) => power::run(&args).await,
    }
}
