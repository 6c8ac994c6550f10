//! Second-generation ID card readers (SAM_V protocol): identity cards, residence permits, foreigners' cards.
//!
//! [`codec`] knows the bytes, [`machine`] knows the order of things and the time-outs, [`driver`] runs both over a
//! `Transport`. Codec and machine are pure: no clock, no port. The module in the reader decrypts the card, so what
//! comes over the wire is a person in clear text: nothing here may log, format or keep it beyond the record handed
//! over.

pub mod codec;
pub mod driver;
pub mod machine;
pub mod mrz;
pub mod record;
pub mod scanner;

pub use codec::Card;
pub use driver::IdReader;
pub use machine::{Config, DownReason, Event, ReadFailure};
pub use scanner::{Code, DocumentScanner, ScanEvent};
