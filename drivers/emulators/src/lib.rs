//! The twins of the hall's devices: programs that speak the real bytes from the other side of a pseudo-terminal.
//!
//! The frame is here: [`Pty`](pty) and [`Line`] (a paced serial line with a plug that can be pulled), [`Twin`] (what a
//! device implements), [`Bench`] (all twins of one hall with their control interface). A twin has physical truth of its
//! own (which card lies where, how much paper is left) and shares only the *codec* with the driver that talks to it;
//! it must never use a driver's `machine` or `driver`, or a mistake there would be made on both sides and stay unseen.

mod bench;
pub mod id_reader;
mod lan;
pub mod line;
pub mod maker;
mod pages;
pub mod passport;
pub mod printer;
mod proxy;
mod pty;
pub mod scanner;
pub mod usb;
mod wire;

pub use bench::{Bench, BenchError, Options, Twin};
pub use lan::{Cable, Lan};
pub use line::{Heard, Line};
pub use usb::UsbShape;
pub use wire::as_heard;
