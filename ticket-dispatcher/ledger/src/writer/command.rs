//! What goes into the writer and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use ticket_dispatcher_identity::CryptoProvider;
use ticket_dispatcher_queue_core::{By, Effect, Event, HallConfig, Quote};
use ticket_dispatcher_types::{HallId, IdemKey, UnixMillis};
use zeroize::Zeroizing;

use crate::day::HallClock;
use crate::holder::{HolderFacts, Retention};
use crate::recovery::Follower;

/// What a ledger needs.
pub struct Options {
    /// The database file, made if absent.
    pub file: PathBuf,
    /// Whose journal it is.
    pub hall: HallId,
    /// The engine's view of the hall file in force.
    pub config: Arc<HallConfig>,
    /// Keys.
    pub crypto: Arc<dyn CryptoProvider>,
    /// Fills with randomness, for day keys and nonces.
    pub entropy: fn(&mut [u8]),
    /// The hall's clock.
    pub clock: Box<dyn HallClock>,
    /// How long what is kept.
    pub retention: Retention,
    /// Says why nothing should be written now: no room on the disk. Asked at most once a second.
    pub refuse: Box<dyn Fn() -> Option<String> + Send>,
    /// The view that follows.
    pub follower: Box<dyn Follower>,
}

/// A request for the writer.
pub struct Command {
    /// The client's key; the same key gives the same outcome for ever.
    pub idem: IdemKey,
    /// Which call, for the digest of the request.
    pub route: &'static str,
    /// The request in a canonical form. It may hold a person and is wiped after use.
    pub request: Zeroizing<Vec<u8>>,
    /// Who asks: role and id, never a name. Kept for the auditor; decides nothing.
    pub who: Option<String>,
    /// Whose hands, where that decides what they may do. Asked after the key: who repeats what was done before gets the
    /// stored answer, wherever the ticket is by now.
    pub by: Option<By>,
    /// The input. The holder of a `Take` is filled in by the writer, which has the day's key.
    pub event: Event,
    /// With `Take`: a forecast made before.
    pub quote: Option<Quoted>,
    /// With `Take`: what is kept beside the journal.
    pub holder: Option<HolderFacts>,
    /// Called once, from the writer's thread, after the commit.
    pub answer: Box<dyn FnOnce(Answer) + Send>,
}

/// A forecast made before a ticket was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Quoted {
    /// The forecast.
    pub quote: Quote,
    /// What the taker has just been shown, and nothing has happened in the hall since: the ticket says the same.
    /// Otherwise it is told only where the writer has no time to make one.
    pub holds: bool,
}

/// What became of a command.
#[derive(Debug, Clone)]
pub enum Answer {
    /// On disk, now or when the same key came first.
    Done(Outcome),
    /// Nothing changed and nothing was written: refused.
    Unchanged(Vec<Effect>),
    /// The key came before with another request.
    KeyReused,
    /// The ledger cannot write now. Nothing was decided; ask again with the same key.
    Unavailable,
}

/// A durable outcome.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Place in the journal.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// What was decided.
    pub effects: Arc<[Effect]>,
    /// True when the key came before.
    pub again: bool,
}
