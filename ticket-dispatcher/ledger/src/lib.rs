//! The journal of a hall: an append-only, hash-chained table of inputs and outcomes in SQLite, and its one writer.
//!
//! The writer thread owns the queue engine. It takes what is waiting (up to [`BATCH_MAX`] commands), applies each,
//! writes one row each, commits once, and only then publishes and answers. So an answer means: on disk. A commit that
//! fails means "unknown", not "no" (the row may be there after a restart), so the process stops at once and recovery
//! reads the truth; the client asks again with the same key.
//!
//! Recovery folds the stored outcomes and never decides again: a newer engine must not rewrite whom yesterday's engine
//! called. The journal holds no person. What is known about the holder of a ticket stands in the table `holder`,
//! written in the same transaction, and is deleted on time; the journal has only a key that dies with its day.
//!
//! This crate must never open a socket, read the wall clock itself, or answer before the commit.

mod acts;
mod backup;
mod booker;
mod day;
mod holder;
mod recovery;
mod row;
mod schema;
mod verify;
mod writer;

pub use acts::{Act, Mark, acts_before, acts_from, end_of, misfit};
pub use backup::{backup, restore};
pub use day::{Day, HallClock, Stamp};
pub use holder::{HolderFacts, HolderRecord, Retention};
pub use recovery::Follower;
pub use row::{Committed, Delivery, RowError};
pub use schema::LedgerError;
pub use verify::{Finding, Report, verify};
pub use writer::{Answer, BATCH_MAX, Command, Ledger, Options, Outcome, Quoted, Whose};
