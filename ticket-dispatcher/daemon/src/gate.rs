//! The gate: who is let in, by session or certificate, and what is written down about it.
//!
//! Everything that the handlers of this folder share, and the two things that every connection asks: is this
//! certificate taken back, and whose cookie is this. No handler here may tell a stranger why they were refused.

pub mod accounts;
pub mod audit;
pub mod certificates;
pub mod cookie;
pub mod enrol;
mod guesses;
pub mod heads;
pub mod persons;
mod short;
pub mod sign_in;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use provisioning_enrolment::Authority;
use ticket_dispatcher_access::{Access, AccessError, Entry, HeadKey, Outcome, Serial};
use ticket_dispatcher_protocol::ProblemKind;
use ticket_dispatcher_types::UnixMillis;
use tokio::sync::{Semaphore, watch};

use crate::caller::Caller;
use crate::clock::Clock;
use crate::problem::Failure;
pub use guesses::{Counter, Guesses};
pub use short::Short;

/// Passwords that are being hashed at once: 19 MiB each.
const SIGN_INS_AT_ONCE: usize = 2;

/// Everything about coming in.
pub struct Gate {
    access: Arc<Access>,
    clock: Clock,
    hall: String,
    head_key: HeadKey,
    heads_file: PathBuf,
    /// The hall's journal, for the auditor.
    journal: PathBuf,
    authority: Option<Authority>,
    revoked: watch::Sender<Arc<BTreeSet<Serial>>>,
    seen: Mutex<BTreeMap<Serial, Seen>>,
    /// Certificates that were taken back and came all the same. Our authority has signed each, so they are few.
    turned_away: Mutex<BTreeSet<Serial>>,
    /// Since when the door of enrolment may be open, and until when.
    pub(crate) door_until: watch::Sender<UnixMillis>,
    /// Where the door is, while it is open.
    pub(crate) door_at: watch::Sender<Option<std::net::SocketAddr>>,
    sign_ins: Semaphore,
    pub(crate) guesses: Guesses,
}

/// A certificate that somebody has come with since the start.
#[derive(Clone)]
struct Seen {
    role: &'static str,
    device: String,
    at: UnixMillis,
}

/// What [`Gate::new`] needs.
pub struct Parts {
    /// Accounts, sessions, certificates, log.
    pub access: Access,
    /// The hall's clock.
    pub clock: Clock,
    /// The hall's id.
    pub hall: String,
    /// Signs heads of the audit log.
    pub head_key: HeadKey,
    /// Where heads are copied to.
    pub heads_file: PathBuf,
    /// The hall's journal, which the auditor reads beside the log.
    pub journal: PathBuf,
    /// Signs certificates, where this dispatcher does.
    pub authority: Option<Authority>,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub struct From(pub IpAddr);

impl Gate {
    /// Reads who is taken back.
    pub fn new(parts: Parts) -> Result<Self, AccessError> {
        let revoked: BTreeSet<Serial> = parts.access.revoked()?.into_iter().collect();
        Ok(Self {
            access: Arc::new(parts.access),
            clock: parts.clock,
            hall: parts.hall,
            head_key: parts.head_key,
            heads_file: parts.heads_file,
            journal: parts.journal,
            authority: parts.authority,
            revoked: watch::Sender::new(Arc::new(revoked)),
            seen: Mutex::default(),
            turned_away: Mutex::default(),
            door_until: watch::Sender::new(UnixMillis(0)),
            door_at: watch::Sender::new(None),
            sign_ins: Semaphore::new(SIGN_INS_AT_ONCE),
            guesses: Guesses::default(),
        })
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> UnixMillis {
        self.clock.stamp().at
    }

    /// Certificates taken back, and whoever has to let go of a connection when there are more.
    pub fn revoked(&self) -> watch::Receiver<Arc<BTreeSet<Serial>>> {
        self.revoked.subscribe()
    }

    /// Somebody came with this certificate; true for the first time since the start.
    pub fn came(&self, serial: &Serial, caller: &Caller) -> bool {
        let Caller::Device(_, device) = caller else {
            return false;
        };
        let seen = Seen {
            role: caller.role(),
            device: device.clone(),
            at: self.now(),
        };
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(serial.clone(), seen).is_none()
    }

    /// Does something with the file where it may block.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Access) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, Failure> {
        let access = Arc::clone(&self.access);
        let done = tokio::task::spawn_blocking(move || work(&access)).await;
        match done {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "the access file");
                Err(unavailable())
            }
            Err(_) => Err(unavailable()),
        }
    }

    /// Writes down what a caller did. What cannot be written down is not done.
    pub async fn log(&self, line: Line) -> Result<(), Failure> {
        let now = self.now();
        self.with(move |access| {
            let entry = Entry {
                source: &line.source,
                actor: &line.actor,
                role: line.role,
                action: line.action,
                object: &line.object,
                old: &line.old,
                new: &line.new,
                reason: &line.reason,
                result: line.result,
            };
            access.audit(&entry, now).map(|_| ())
        })
        .await
    }

    /// Writes down what the dispatcher did by itself, and what it is now. That it came up or went down is true also
    /// where it cannot be written.
    pub async fn log_own(&self, action: &'static str, new: String) {
        let now = self.now();
        let _ = self
            .with(move |access| {
                let entry = Entry {
                    action,
                    new: &new,
                    ..Entry::default()
                };
                access.audit(&entry, now).map(|_| ())
            })
            .await;
    }
}

fn unavailable() -> Failure {
    Failure::new(
        ProblemKind::LedgerUnavailable,
        "The access file cannot be written now. Ask again.",
    )
}

/// A record to be, owned.
pub struct Line {
    source: String,
    actor: String,
    role: &'static str,
    action: &'static str,
    object: String,
    old: String,
    new: String,
    reason: String,
    result: Outcome,
}

impl Line {
    /// Somebody did something to something.
    pub fn new(from: From, caller: &Caller, action: &'static str, object: impl Into<String>) -> Self {
        Self {
            source: from.0.to_string(),
            actor: caller.name(),
            role: caller.role(),
            action,
            object: object.into(),
            old: String::new(),
            new: String::new(),
            reason: String::new(),
            result: Outcome::Done,
        }
    }

    /// What it was before.
    pub fn was(mut self, old: impl Into<String>) -> Self {
        self.old = old.into();
        self
    }

    /// What it is now.
    pub fn now(mut self, new: impl Into<String>) -> Self {
        self.new = new.into();
        self
    }

    /// Why.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// It was refused, for this.
    pub fn refused(mut self, why: impl Into<String>) -> Self {
        self.result = Outcome::Refused;
        self.reason = why.into();
        self
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        let nowhere = Self(IpAddr::from([0, 0, 0, 0]));
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(nowhere))
    }
}
