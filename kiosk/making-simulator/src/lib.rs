//! A making-record service with made-up people, one for every answer that a kiosk must understand (Q01 to Q13), and a
//! QR code that "gets paid".
//!
//! It stands where the adapter to the police back end will stand: the same four calls and the fee over mutual TLS. It
//! must never hold a real person; division codes 9901xx belong to no province. What it logs names records, never
//! people.

pub mod book;
pub mod control;
pub mod people;
pub mod serve;

pub use book::Book;
