//! The typed configuration files of the hall, and the errors that explain them to a technician at night.
//!
//! Every file is TOML with a `format` line. An unknown key is refused, never ignored: a setting that is spelt wrong
//! must not silently keep its default. All problems of a file are reported at once, each with file, line, key, what is
//! wrong and what to do. This crate reads files and keeps those of a program to its user; it must never touch the
//! network or guess a value that decides who is served.

pub mod dispatcher_file;
pub mod hall_file;
pub mod keys;
pub mod kiosk_file;
pub mod own_files;

mod hall_check;
mod initials;
mod problem;
mod strict;

pub use initials::pinyin_initials;
pub use problem::{Problem, Problems};
pub use strict::{read_text, strict_toml};
