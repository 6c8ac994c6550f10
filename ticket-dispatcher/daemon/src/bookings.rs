//! Appointments: free slots, booking, giving back, and what a kiosk finds for a card.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use ticket_dispatcher_identity::{IdTag, id_tag};
use ticket_dispatcher_ledger::HolderFacts;
use ticket_dispatcher_protocol::{
    BookSlot, BookingStateView, BookingView, FindBookings, FoundBookings, Holder, MissedTicket, Problem, ProblemKind,
    SlotView, SlotsView, UnblockBooker,
};
use ticket_dispatcher_queue_core::{BookingNow, BookingState, Effect, Event, NewBooking, day_number};
use ticket_dispatcher_types::{BookingId, Millis, ServiceId};
use zeroize::Zeroizing;

use crate::app::{App, Ask};
use crate::body::{self, Asked};
use crate::caller::{Caller, Role};
use crate::gate::{From, persons};
use crate::keys::entropy;
use crate::problem::Failure;
use crate::tickets::{check_holder, needed_reason};

const BOOKERS: &[Role] = &[Role::Gateway, Role::Window, Role::Manager];
const STAFF: &[Role] = &[Role::Window, Role::Manager];
const FINDERS: &[Role] = &[Role::Kiosk, Role::Gateway, Role::Window, Role::Manager];

/// Makes an appointment.
#[utoipa::path(post, path = "/api/v1/bookings", tag = "bookings", request_body = BookSlot,
    params(("Idempotency-Key" = Option<String>, Header, description = "UUID, made and stored before the first send")),
    responses(
        (status = 201, description = "Booked, and durable", body = BookingView),
        (status = 200, description = "The key came before: the same answer again", body = BookingView),
        (status = 403, description = "`booking-blocked`: missed too many; says until when", body = Problem),
        (status = 409, description = "`slot-full` or `already-booked`", body = Problem),
        (status = 422, description = "A day or slot that cannot be booked, such as yesterday", body = Problem)))]
pub async fn book(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Failure> {
    caller.must_be(BOOKERS)?;
    caller.must_have_signed_in()?;
    let idem = body::idempotency_key(&headers)?;
    let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
    let request: BookSlot = body::parse(&headers, &bytes)?;
    check_holder(&app, &request.holder)?;
    persons::may_ask(&app, from, &caller).await?;
    if request.desk {
        caller.must_be(STAFF)?;
    }
    let event = Event::Book(NewBooking {
        id: new_booking_id(app.clock.stamp().at.0),
        person: String::new(),
        service: request.service.clone(),
        day: request.day.clone(),
        slot: parse_clock(&request.slot)?,
        online: !request.desk,
    });
    let canonical = Zeroizing::new(serde_json::to_vec(&request).expect("plain data"));
    let ask = Ask {
        who: caller.name(),
        idem,
        route: "book",
        request: canonical,
        event,
        quote: None,
        holder: Some(facts(&app, &request.holder)),
    };
    let outcome = app.must(ask).await?;
    let booked = outcome.effects.iter().find_map(|effect| match effect {
        Effect::Booked { booking, .. } => Some(booking.clone()),
        _ => None,
    });
    let Some(new) = booked else {
        return Err(Failure::new(
            ProblemKind::Internal,
            "The journal holds another outcome.",
        ));
    };
    let status = if outcome.again {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let view = times(&app, new.id, new.service, new.day, new.slot, BookingStateView::Open);
    Ok((status, Json(view)).into_response())
}

/// Gives an appointment back; its place is free at once.
#[utoipa::path(delete, path = "/api/v1/bookings/{id}", tag = "bookings",
    params(("id" = String, Path, description = "The booking"),
        ("Idempotency-Key" = Option<String>, Header, description = "UUID")),
    responses((status = 200, description = "`state` says whether it was early enough not to count", body = BookingView),
        (status = 404, body = Problem), (status = 422, description = "Not open any more", body = Problem)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<BookingView>, Failure> {
    caller.must_be(BOOKERS)?;
    caller.must_have_signed_in()?;
    let id = BookingId::new(id).map_err(|_| Failure::not_found("booking"))?;
    let known = app.view.read().engine.booking(&id).is_some();
    if !known {
        return Err(Failure::not_found("booking"));
    }
    let ask = Ask {
        who: caller.name(),
        idem: body::idempotency_key(&headers)?,
        route: "cancel-booking",
        request: Zeroizing::new(id.as_str().as_bytes().to_vec()),
        event: Event::CancelBooking { booking: id.clone() },
        quote: None,
        holder: None,
    };
    app.must(ask).await?;
    let picture = app.view.read();
    let booking = picture
        .engine
        .booking(&id)
        .ok_or_else(|| Failure::not_found("booking"))?;
    Ok(Json(view(&app, booking)))
}

/// What `GET /bookings/slots` is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhichSlots {
    service: String,
    day: String,
}

/// The free slots of a service on a day.
#[utoipa::path(get, path = "/api/v1/bookings/slots", tag = "bookings",
    params(("service" = String, Query, description = "What for"), ("day" = String, Query, description = "2026-11-23")),
    responses((status = 200, body = SlotsView), (status = 400, description = "No such day", body = Problem),
        (status = 404, description = "No such service", body = Problem)))]
pub async fn slots(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(which): Asked<WhichSlots>,
) -> Result<Json<SlotsView>, Failure> {
    caller.must_be(FINDERS)?;
    let service = ServiceId::new(which.service)
        .ok()
        .filter(|s| app.hall.service(s).is_some());
    let service = service.ok_or_else(|| Failure::not_found("service"))?;
    if day_number(&which.day).is_none() {
        let what = "`day` is no day of the calendar; it looks like 2026-11-23.";
        return Err(Failure::new(ProblemKind::Malformed, what));
    }
    let now = app.clock.stamp().now;
    let found = app.view.read().engine.slots(now, &service, &which.day);
    let slots = found.iter().map(|slot| SlotView {
        from: hours(slot.from),
        to: hours(slot.to),
        free: slot.free(),
        capacity: slot.capacity,
    });
    let (slots, day) = (slots.collect(), which.day);
    Ok(Json(SlotsView { service, day, slots }))
}

/// What a kiosk must know of a card: bookings of today, for the check-in; a missed number that may come back; until
/// when online booking is blocked.
#[utoipa::path(post, path = "/api/v1/bookings/find", tag = "bookings", request_body = FindBookings,
    responses((status = 200, body = FoundBookings)))]
pub async fn find(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<FoundBookings>, Failure> {
    caller.must_be(FINDERS)?;
    caller.must_have_signed_in()?;
    let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
    let request: FindBookings = body::parse(&headers, &bytes)?;
    check_holder(&app, &request.holder)?;
    persons::may_ask(&app, from, &caller).await?;
    persons::found_by_staff(&app, from, &caller).await?;
    found(&app, &request.holder).await.map(Json)
}

/// Lets a person book online again.
#[utoipa::path(post, path = "/api/v1/bookings/unblock", tag = "bookings", request_body = UnblockBooker,
    params(("Idempotency-Key" = Option<String>, Header, description = "UUID")),
    responses((status = 200, body = FoundBookings), (status = 409, description = "Not blocked", body = Problem)))]
pub async fn unblock(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<FoundBookings>, Failure> {
    caller.must_be(STAFF)?;
    caller.must_have_signed_in()?;
    let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
    let request: UnblockBooker = body::parse(&headers, &bytes)?;
    check_holder(&app, &request.holder)?;
    persons::may_ask(&app, from, &caller).await?;
    let why = needed_reason(&request.reason)?;
    // A repeated key unblocks nobody again, and is told again what there is of them.
    persons::found_by_staff(&app, from, &caller).await?;
    let ask = Ask {
        who: caller.name(),
        idem: body::idempotency_key(&headers)?,
        route: "unblock",
        request: Zeroizing::new(serde_json::to_vec(&request).expect("plain data")),
        event: Event::Unblock {
            person: String::new(),
            reason: why,
        },
        quote: None,
        holder: Some(facts(&app, &request.holder)),
    };
    app.must(ask).await?;
    found(&app, &request.holder).await.map(Json)
}

async fn found(app: &App, holder: &Holder) -> Result<FoundBookings, Failure> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let answer = Box::new(move |whose| {
        let _ = send.send(whose);
    });
    app.ledger.person(tag(app, holder), answer);
    let whose = receive.await.map_err(|_| Failure::ledger_unavailable())?;
    let now = app.clock.stamp().now;
    let picture = app.view.read();
    let engine = &picture.engine;
    let missed = engine.returnable(now, &whose.holder);
    let mut found = FoundBookings {
        missed: missed.first().and_then(|ticket| {
            Some(MissedTicket {
                number: ticket.number,
                service: ticket.service().clone(),
                until: hours(engine.return_until(ticket.id)?),
            })
        }),
        ..FoundBookings::default()
    };
    if let Some(person) = whose.booker {
        let today = engine.open_bookings_of(&person, engine.day());
        found.today = today.into_iter().map(|b| view(app, b)).collect();
        found.blocked_until = engine.blocked_until(&person).map(str::to_string);
    }
    Ok(found)
}

fn tag(app: &App, holder: &Holder) -> IdTag {
    id_tag(app.crypto.as_ref(), &app.hall.info.id, &holder.number)
}

fn facts(app: &App, holder: &Holder) -> HolderFacts {
    HolderFacts {
        tag: Some(tag(app, holder)),
        ..HolderFacts::default()
    }
}

fn view(app: &App, booking: &BookingNow) -> BookingView {
    let state = match booking.state {
        BookingState::Open => BookingStateView::Open,
        BookingState::CheckedIn => BookingStateView::CheckedIn,
        BookingState::Cancelled => BookingStateView::Cancelled,
        BookingState::CancelledLate => BookingStateView::CancelledLate,
    };
    let (id, service) = (booking.id.clone(), booking.service.clone());
    times(app, id, service, booking.day.clone(), booking.slot, state)
}

fn times(
    app: &App,
    id: BookingId,
    service: ServiceId,
    day: String,
    slot: Millis,
    state: BookingStateView,
) -> BookingView {
    let (config, rules) = (&app.hall.config.booking, &app.hall.config.rules);
    let or_midnight = |time: Millis| hours(time.max(Millis::ZERO));
    BookingView {
        id,
        service,
        day,
        slot: hours(slot),
        until: hours(slot + config.slot),
        check_in_from: or_midnight(slot - config.check_in_before),
        check_in_until: hours(slot + rules.appt_grace),
        cancel_until: or_midnight(slot - config.cancel_before),
        state,
    }
}

fn hours(time: Millis) -> String {
    provisioning_config::hall_file::clock(time)
}

/// `10:00`.
fn parse_clock(text: &str) -> Result<Millis, Failure> {
    let parsed = text.split_once(':').and_then(|(h, m)| {
        let plain = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let (hours, mins): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
        (plain(h) && plain(m) && hours < 24 && mins < 60).then(|| Millis::from_mins(hours * 60 + mins))
    });
    parsed.ok_or_else(|| Failure::new(ProblemKind::Unprocessable, "A slot is a time of day like 10:00."))
}

/// UUIDv7, like a ticket's.
fn new_booking_id(at_ms: i64) -> BookingId {
    let mut random = [0; 10];
    entropy(&mut random);
    let millis = u64::try_from(at_ms).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    BookingId::new(uuid.to_string()).expect("a UUID has 36 characters of those allowed")
}
