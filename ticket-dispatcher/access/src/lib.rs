//! Who may come in, and what they did there: accounts of staff, sessions, certificates taken back, one-time codes of
//! enrolment, and the audit log. One SQLite file of its own beside the journal.
//!
//! The file holds no person of the public. A clerk is a code, never a name; passwords are argon2id, the seeds of the
//! one-time passwords and the secrets of enrolment are sealed, sessions are keyed hashes. So whoever copies the file
//! gets into nothing with it.
//!
//! This crate never reads a clock or draws a random number by itself: both come in, and tests turn them.

mod account;
mod audit;
mod certificates;
mod codes;
mod heads;
mod otp;
mod password;
mod session;
mod store;
mod tries;
mod verify;

pub use account::{AccountView, NewAccount, PASSWORD_CHARS_MIN, SignIn, SignInRefused, StaffRole};
pub use audit::{BROKEN, Entry, JOURNAL_MARK, Outcome, Record};
pub use certificates::{Issued, Serial};
pub use codes::{CODE_MINUTES, CODE_TRIES_MAX, CodeRefused, NewCode, OpenCode};
pub use heads::{Copies, HEADS_EVERY_MINUTES, Head, HeadKey};
pub use otp::OneTime;
pub use session::{IDLE_MINUTES, SESSION_HOURS_MAX, Session, SessionToken};
pub use store::{Access, AccessError, Options};
pub use tries::TRIES_MAX;
pub use verify::{AuditFinding, AuditReport, Wrong, verify};
