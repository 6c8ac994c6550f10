//! The maker of temporary identity cards: exactly one card a making record, whatever is unplugged.
//!
//! [`Maker`] is what a machine of any vendor can do; [`Tim1`] does it over the open protocol TIM/1
//! (`docs/tim-1.md`); [`machine::JobMachine`] decides what is asked next, from the machine's answers alone, so that a
//! host that was killed at any moment drives the same job on. It must never hold a name or a number of a person: a job
//! is sixteen keyed bytes and a picture.

pub mod codec;
pub mod conformance;
pub mod driver;
pub mod ids;
pub mod machine;
pub mod maker;

pub use driver::Tim1;
pub use machine::{Ending, JobMachine, Order};
pub use maker::{Answer, JobSpec, Maker, MakerError, MakerGuarantees, StaffDone, StaffOrder};
