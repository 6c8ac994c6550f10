//! Making a temporary identity card: the making record and its checks, the service that holds it, and the drive of one
//! job through a maker.
//!
//! The checks are pure: today is an input. Nothing here prints or logs what a record holds. A record that fails a check
//! costs nothing; a job that was begun is driven on by the same ids until the machine says how it ended, and a second
//! one is opened only after the first is known to lie in the reject bin.

#[cfg(feature = "client")]
pub mod client;
pub mod drive;
pub mod record;
pub mod service;

pub use drive::{Driven, Keep, KeepError, drive};
pub use record::MakingRecord;
pub use service::{
    Claim, ClaimAsked, Face, FaceAsked, Find, Found, MakingService, OrderAsked, Outcome, PayState, Payment, Report,
    ServiceError,
};
