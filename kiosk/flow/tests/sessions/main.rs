//! Whole sessions, played input by input without a clock, a device or a network.

mod appointments;
mod bench;
mod faults;
mod random;
mod ways;
