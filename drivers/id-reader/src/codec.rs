//! Bytes of the SAM_V protocol: frames, commands, status words, card layouts, code tables. Pure.

mod card;
mod command;
mod date;
mod frame;
mod layout;
mod number;
mod receipt;
mod reply;
mod sam_id;
mod scan;
mod status;
mod tables;

pub use card::{Card, Opaque, Sex, ValidTo, Warning};
pub use command::{Baud, Command, RequestError};
pub use date::Date;
pub use frame::{Found, Frame, PREAMBLE, Parser, encode};
pub use layout::{CardKind, Field, TEXT_LEN, TextBlock, TextError};
pub use number::{NumberWarning, check_character, check_citizen_number, check_foreigner_number};
pub use receipt::ReceiptParser;
pub use reply::{Blocks, Reply, ReplyError, appended_address, encode_blocks, encode_reply};
pub use sam_id::ModuleId;
pub use scan::{Scan, ScanParser, encode_scan};
pub use status::{Handling, Status};
pub use tables::{ethnic_code, ethnic_name};
