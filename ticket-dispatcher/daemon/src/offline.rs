//! Kiosks alone: numbers are lent for the time without a line, tickets are handed over after it.
//!
//! The rules are the engine's (`queue-core`, `lease`). Here: who may ask, which ids the numbers become, what is kept
//! of the holder, and what a kiosk is told.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ticket_dispatcher_identity::{check_code, lookup_token, token_hash};
use ticket_dispatcher_protocol::{AskLease, HandOver, HandedOver, Lent, LentNumber, Problem, ProblemKind};
use ticket_dispatcher_queue_core::{Effect, Engine, Event, NewTicket, OfflineTicket, Refusal, Source};
use ticket_dispatcher_types::{Class, DeviceId, GroupId, Millis, TicketId, TicketNo};
use zeroize::Zeroizing;

use crate::app::{App, Ask, Told};
use crate::body;
use crate::caller::{Caller, Role};
use crate::keys::fresh_key;
use crate::problem::Failure;
use crate::tickets::{check_lengths, holder_facts, new_ticket_id};

/// Who gives out numbers alone.
pub const KIOSK: &[Role] = &[Role::Kiosk];

/// The kiosk that asks: the one of its certificate, or the one that a tool on this machine names.
pub fn kiosk(caller: &Caller, named: Option<DeviceId>) -> Result<DeviceId, Failure> {
    caller.must_be(KIOSK)?;
    if let Caller::Device(Role::Kiosk, id) = caller {
        let own = DeviceId::new(id.as_str()).map_err(|_| Failure::not_found("kiosk"))?;
        return match named {
            Some(other) if other != own => Err(Failure::new(
                ProblemKind::Forbidden,
                "The certificate is that of another kiosk.",
            )),
            _ => Ok(own),
        };
    }
    named.ok_or_else(|| Failure::new(ProblemKind::Unprocessable, "Name the kiosk in `device`."))
}

/// Lends a kiosk numbers for the time without a line: a block for each group and day. Asked again it gives what is
/// left of the same blocks, and a further one where less than half is left.
#[utoipa::path(post, path = "/api/v1/leases", tag = "kiosk alone", request_body = AskLease,
    responses((status = 200, description = "Durable: nobody else is given these numbers today", body = Lent),
        (status = 503, body = Problem)))]
pub async fn lend(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<Lent>, Failure> {
    caller.must_be(KIOSK)?;
    let asked: AskLease = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let kiosk = kiosk(&caller, asked.device)?;
    let wanted = usize::from(app.hall.file.rules.offline_numbers);
    for group in app.hall.file.groups.iter().map(|group| &group.id) {
        let left = left_of(&app.view.read().engine, &kiosk, Some(group)).len();
        if left * 2 < wanted {
            extend(&app, &caller.name(), &kiosk, group, wanted).await?;
        }
    }
    let picture = app.view.read();
    let left = left_of(&picture.engine, &kiosk, None);
    let numbers = left.into_iter().map(|(group, number, id)| LentNumber {
        group,
        number,
        id,
        check_code: check_code(app.crypto.as_ref(), id).to_string(),
        lookup_url: app.lookup_url(id),
    });
    Ok(Json(Lent {
        day: picture.engine.day().to_string(),
        numbers: numbers.collect(),
    }))
}

async fn extend(app: &App, who: &str, kiosk: &DeviceId, group: &GroupId, wanted: usize) -> Result<(), Failure> {
    let at = app.clock.stamp().at.0;
    let event = Event::Lend {
        kiosk: kiosk.clone(),
        group: group.clone(),
        ids: (0..wanted).map(|_| new_ticket_id(at)).collect(),
    };
    let ask = Ask {
        who: who.to_string(),
        idem: fresh_key(),
        route: "lend",
        request: Zeroizing::new(Vec::new()),
        event,
        quote: None,
        holder: None,
    };
    match app.ask(ask).await? {
        // A series without room for a block still serves everybody who comes while the line is up.
        Told::Refused(Refusal::SeriesUsedUp { .. }) | Told::Done(_) => Ok(()),
        Told::Refused(refusal) => Err(refusal.into()),
        Told::NobodyWaits => Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
    }
}

/// Lent to this kiosk today and not handed over.
fn left_of(engine: &Engine, kiosk: &DeviceId, group: Option<&GroupId>) -> Vec<(GroupId, TicketNo, TicketId)> {
    let own = engine.leases().iter().filter(|lease| lease.kiosk == *kiosk);
    own.filter(|lease| group.is_none_or(|group| lease.group == *group))
        .flat_map(|lease| lease.numbers().map(|(number, id)| (lease.group.clone(), number, id)))
        .filter(|(_, _, id)| engine.ticket(*id).is_none())
        .collect()
}

/// A lent number that nobody has handed over yet, by the token on its slip.
pub fn lent_by_token(app: &App, engine: &Engine, hash: &[u8; 32]) -> Option<TicketNo> {
    let lent = engine.leases().iter().flat_map(|lease| lease.numbers());
    lent.filter(|(_, id)| engine.ticket(*id).is_none())
        .find(|(_, id)| token_hash(&lookup_token(app.crypto.as_ref(), *id)) == *hash)
        .map(|(number, _)| number)
}

/// Takes in a ticket that a kiosk gave out alone. The same ticket is taken in once, whatever key it comes with.
#[utoipa::path(post, path = "/api/v1/tickets/hand-over", tag = "kiosk alone", request_body = HandOver,
    params(("Idempotency-Key" = String, Header, description = "UUID, stored before the first send")),
    responses(
        (status = 201, description = "In the queue at the place of its time of issue, or joined to another ticket of \
            the same person", body = HandedOver),
        (status = 200, description = "It came before", body = HandedOver),
        (status = 409, description = "`day-is-over`: the number was good on another day", body = Problem),
        (status = 422, description = "Not lent to this kiosk", body = Problem),
        (status = 503, body = Problem)))]
pub async fn hand_over(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Failure> {
    caller.must_be(KIOSK)?;
    let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
    let request: HandOver = body::parse(&headers, &bytes)?;
    let idem = body::required_key(&headers)?;
    let kiosk = kiosk(&caller, request.device.clone())?;
    // Only what no card can have: the slip is in somebody's hand already, and an odd card is the desk's business.
    request.holder.as_ref().map_or(Ok(()), check_lengths)?;
    let canonical = Zeroizing::new(serde_json::to_vec(&request).expect("plain data"));
    let (id, number) = (request.id, request.number);
    let token = lookup_token(app.crypto.as_ref(), id);
    let ask = Ask {
        who: caller.name(),
        idem,
        route: "hand-over",
        request: canonical,
        holder: Some(holder_facts(&app, id, &token, request.holder.as_ref())),
        event: event(&app, request, kiosk)?,
        quote: None,
    };
    let status = match app.ask(ask).await? {
        Told::Done(outcome) if outcome.again => StatusCode::OK,
        Told::Done(outcome) => {
            count(&outcome.effects);
            StatusCode::CREATED
        }
        Told::Refused(Refusal::HandedOver { .. }) => StatusCode::OK,
        Told::Refused(refusal) => {
            metrics::counter!("offline_tickets_total", "outcome" => "refused").increment(1);
            tracing::warn!(%number, %refusal, "a ticket given out offline does not count");
            return Err(refusal.into());
        }
        Told::NobodyWaits => return Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
    };
    let picture = app.view.read();
    let counts = picture.ticket(id).and_then(|ticket| ticket.superseded_by);
    let counts = counts
        .and_then(|by| picture.ticket(by))
        .map_or(number, |other| other.number);
    let answer = HandedOver {
        number,
        counts,
        people_ahead: picture.engine.people_ahead(id),
    };
    Ok((status, Json(answer)).into_response())
}

fn count(effects: &[Effect]) {
    let joined = effects.iter().any(|effect| matches!(effect, Effect::Superseded { .. }));
    let outcome = if joined { "joined" } else { "queued" };
    metrics::counter!("offline_tickets_total", "outcome" => outcome).increment(1);
}

fn event(app: &App, request: HandOver, kiosk: DeviceId) -> Result<Event, Failure> {
    let wrong = |_| Failure::new(ProblemKind::Malformed, "`issued_at` is no RFC 3339 time.");
    let issued: jiff::Timestamp = request.issued_at.parse().map_err(wrong)?;
    let stamp = app.clock.stamp();
    let midnight = stamp.at.0 - stamp.now.0;
    Ok(Event::HandOver(Box::new(OfflineTicket {
        day: request.day,
        number: request.number,
        issued: Millis(issued.as_millisecond() - midnight),
        ticket: NewTicket {
            id: request.id,
            services: request.services,
            class: request.class.unwrap_or(Class::Normal),
            booking: None,
            cases: request.cases.unwrap_or_default(),
            holder: None,
            source: Source { device: Some(kiosk) },
        },
        given_back: request.given_back,
    })))
}
