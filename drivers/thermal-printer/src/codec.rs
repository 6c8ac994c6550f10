//! Bytes of the wire, both ways. Pure: no line, no clock, no state but the half-received answer.

pub mod answer;
pub mod command;
pub mod status;
pub mod text;
