//! Whole sessions, played input by input without a clock, a device or a network.

mod alone;
mod appointments;
mod bench;
mod faults;
mod making;
mod making_ends;
mod quiet;
mod random;
mod scans;
mod ways;
