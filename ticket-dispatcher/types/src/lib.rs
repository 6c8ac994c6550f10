//! The words of the hall as types: ids, numbers, times, classes, states.
//!
//! Everything here is plain data that parses and formats itself. This crate must never decide anything, read a clock,
//! or depend on more than `serde` and two small helpers (`uuid`, `zeroize`).

mod citizen;
mod id;
mod number;
mod personal;
mod state;
mod time;
pub mod wait;
mod window_names;

pub use citizen::check_digit_holds;
pub use id::{BookingId, ClerkId, DeviceId, GroupId, HallId, IdError, IdemKey, ServiceId, TicketId, WindowId};
pub use number::{Cases, CheckCode, TicketNo, TicketNoError};
pub use personal::Personal;
pub use state::{Class, CloseReason, DocumentKind, Lang, TicketState, WindowKind, WindowState};
pub use time::{Millis, UnixMillis};
pub use wait::Wait;
pub use window_names::window_names;
