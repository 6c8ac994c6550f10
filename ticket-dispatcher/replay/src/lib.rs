//! Replays a day of a hall from a trace with the same engine that serves the live hall, and writes the report.
//!
//! The simulated hall knows the truth of the trace (how long a service takes, when a person has left); the engine is
//! told only what a real hall would show it. This crate must never hand the truth to the engine before it happened,
//! read a clock, or touch a file: whoever calls it reads and writes.

mod hall;
mod line;
mod plot;
mod report;
mod trace;

pub use hall::{Options, config_for, simulate, simulate_hall};
pub use plot::{PlotError, plot};
pub use report::{Record, Report};
pub use trace::{Trace, TraceError};
