//! What every device of the hall has in common: a byte stream with deadlines, a status, an error with advice.
//!
//! Traits and plain types only; this crate knows no vendor and no protocol.

mod error;
mod transport;

pub use error::{Advice, DeviceError, DeviceErrorKind};
pub use transport::{Transport, TransportError};
