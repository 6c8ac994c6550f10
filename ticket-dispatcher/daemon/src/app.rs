//! What every handler shares, and the one way to the ledger.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use ticket_dispatcher_identity::CryptoProvider;
use ticket_dispatcher_ledger::{Answer, Command, HolderFacts, Ledger, Outcome, Quoted};
use ticket_dispatcher_protocol::ProblemKind;
use ticket_dispatcher_queue_core::{By, Effect, Event, Refusal};
use ticket_dispatcher_types::{IdemKey, TicketId};
use zeroize::Zeroizing;

use crate::caller::Bearer;
use crate::clock::Clock;
use crate::forecasts::Forecasts;
use crate::hall::Hall;
use crate::hub::Snapshot;
use crate::problem::Failure;
use crate::refresh::Refresh;
use crate::view::View;

/// How long an answer of the ledger is waited for. A disk that takes longer is as good as gone.
const LEDGER_TIME_MAX: Duration = Duration::from_secs(10);

/// Everything that the handlers share.
pub struct App {
    /// The picture of the hall.
    pub view: Arc<View>,
    /// The hall file.
    pub hall: Arc<Hall>,
    /// The journal.
    pub ledger: Ledger,
    /// Keys.
    pub crypto: Arc<dyn CryptoProvider>,
    /// The hall's clock.
    pub clock: Clock,
    /// What stands before `/q?t=` in the QR of a ticket.
    pub lookup_base: String,
    /// Whether name and number are kept, sealed.
    pub seal_holder: bool,
    /// The loopback token, if that listener is on.
    pub bearer: Option<Bearer>,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Makes a snapshot for a stream.
    pub snapshot: Arc<Snapshot>,
    /// The catalogue and its forecasts as they were made last.
    pub forecasts: Forecasts,
    /// How long everybody still waits.
    pub refresh: Refresh,
    /// Who calls for staff.
    pub staff_calls: crate::staff::StaffCalls,
    /// Who is let in.
    pub gate: crate::gate::Gate,
    /// Where the door of enrolment opens, if it ever does.
    pub enrolment: Option<std::net::SocketAddr>,
    /// The makers of temporary cards.
    pub makers: crate::makers::Makers,
    /// `/openapi.json`, made once.
    pub openapi: Bytes,
}

/// A request for the ledger.
pub struct Ask {
    /// Who asks, for the journal: role and id, never a name.
    pub who: String,
    /// The client's key.
    pub idem: IdemKey,
    /// Which call, with what its path names.
    pub route: &'static str,
    /// The request in canonical form.
    pub request: Zeroizing<Vec<u8>>,
    /// The input.
    pub event: Event,
    /// With a new ticket: what it may be told of its wait.
    pub quote: Option<Quoted>,
    /// With a new ticket: what is kept beside the journal.
    pub holder: Option<HolderFacts>,
}

/// What became of it.
pub enum Told {
    /// Durable.
    Done(Outcome),
    /// Nothing changed.
    NobodyWaits,
    /// The engine would not.
    Refused(Refusal),
}

impl App {
    /// Hands a request to the ledger and waits until it is durable.
    pub async fn ask(&self, ask: Ask) -> Result<Told, Failure> {
        self.ask_as(None, ask).await
    }

    /// The same by hands that may not do everything.
    pub async fn ask_as(&self, by: Option<By>, ask: Ask) -> Result<Told, Failure> {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.ledger.submit(Command {
            idem: ask.idem,
            route: ask.route,
            request: ask.request,
            who: Some(ask.who),
            by,
            event: ask.event,
            quote: ask.quote,
            holder: ask.holder,
            answer: Box::new(move |answer| {
                let _ = send.send(answer);
            }),
        });
        match tokio::time::timeout(LEDGER_TIME_MAX, receive).await {
            Ok(Ok(Answer::Done(outcome))) => Ok(Told::Done(outcome)),
            Ok(Ok(Answer::Unchanged(effects))) => Ok(unchanged(effects)),
            Ok(Ok(Answer::KeyReused)) => Err(Failure::new(
                ProblemKind::KeyReused,
                "This Idempotency-Key came before with another request. Use a new key for a new request.",
            )),
            Ok(Ok(Answer::Unavailable) | Err(_)) | Err(_) => Err(Failure::ledger_unavailable()),
        }
    }

    /// The same, for calls that are nothing if they are refused.
    pub async fn must(&self, ask: Ask) -> Result<Outcome, Failure> {
        match self.ask(ask).await? {
            Told::Done(outcome) => Ok(outcome),
            Told::Refused(refusal) => Err(refusal.into()),
            Told::NobodyWaits => Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
        }
    }

    /// What the QR of a ticket says.
    pub fn lookup_url(&self, ticket: TicketId) -> String {
        self.lookup_url_of(&ticket_dispatcher_identity::lookup_token(self.crypto.as_ref(), ticket))
    }

    /// The same for a token at hand.
    pub fn lookup_url_of(&self, token: &str) -> String {
        format!("{}/q?t={token}", self.lookup_base)
    }
}

fn unchanged(effects: Vec<Effect>) -> Told {
    let refusal = effects.into_iter().find_map(|effect| match effect {
        Effect::Refused { refusal } => Some(refusal),
        _ => None,
    });
    refusal.map_or(Told::NobodyWaits, Told::Refused)
}
