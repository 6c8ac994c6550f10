//! How a device becomes a device of the hall: the hall's authority, the names in its certificates, and the binding of a
//! request to a one-time code, by which both sides refuse a man in the middle although no authority was known before.
//!
//! Both sides use this crate: the dispatcher that signs, the technician's tool and the kiosk that ask. It opens no file
//! and no socket, reads no clock, and decides nothing about who may ask.

mod authority;
mod binding;
mod name;
mod request;

pub use authority::{Authority, AuthorityError, Leaf, Validity};
pub use binding::{CODE_CHARS, Code, CodeError, answer_mac, request_mac};
pub use name::{DeviceName, NameError};
pub use request::{Answer, Asked, NewKey, validity_of};
