//! A whole hall in one thread, played from a seed: kiosks, desk, clerks and boards around one dispatcher, over a
//! network that loses, doubles, delays and reorders, with crashes that take what was not flushed.
//!
//! What decides is the product's own pure code: `queue-core` behind its two doors, `kiosk-flow` with its rule of one
//! key for one confirmation. What waits and stores is modelled as the daemons and the ledger do it: batches, one flush,
//! answers after the flush, recovery by folding outcomes, keys kept in the journal, streams that resume.
//!
//! [`run`] plays one seed and says which [`Rule`]s were broken. A [`Bug`] plants a fault in the model; the tests hold
//! that each is found, because a checker that has never failed is not to be trusted.
//! Nothing in here may read a clock, draw a random number but from the seed, open a file or a socket, or wait.

mod air;
mod alone;
mod board;
mod bug;
mod checks;
mod clerk;
mod desk;
mod dice;
mod hall;
mod journal;
mod kiosk;
pub mod maker;
mod person;
mod retry;
mod server;
mod world;

pub use bug::Bug;
pub use checks::Rule;
pub use world::{Report, run};
