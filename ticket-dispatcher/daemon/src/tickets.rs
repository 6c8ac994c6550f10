//! Tickets: taking one, looking at one, and what staff do with one.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use ticket_dispatcher_identity::{RowId, check_code, id_tag, lookup_token, token_hash};
use ticket_dispatcher_ledger::{HolderFacts, Outcome};
use ticket_dispatcher_protocol::{
    CancelTicket, FinishTicket, Holder, Problem, ProblemKind, RateTicket, TakeTicket, TicketHistory, TicketIssued,
    TicketView, TransferTicket,
};
use ticket_dispatcher_queue_core::{By, Effect, Event, Forecast, NewTicket, Refusal, Source, TransferTo};
use ticket_dispatcher_types::{
    Cases, Class, DocumentKind, GroupId, ServiceId, TicketId, TicketNo, TicketState, WindowId, check_digit_holds,
};
use zeroize::Zeroizing;

use crate::app::{App, Ask, Told};
use crate::body;
use crate::caller::{Caller, Role};
use crate::clock::rfc3339;
use crate::forecasts;
use crate::gate::{From, persons};
use crate::held::already_holds;
use crate::keys::entropy;
use crate::problem::Failure;
use crate::view::Picture;
use crate::wait::as_told;

/// Longest document number and longest name that a card can give, with room.
const NUMBER_CHARS_MAX: usize = 40;
const NAME_CHARS_MAX: usize = 120;

const STAFF: &[Role] = &[Role::Window, Role::Manager];
const STAFF_AND_KIOSK: &[Role] = &[Role::Kiosk, Role::Window, Role::Manager];

/// Takes a ticket. The same key gives the same answer, byte for byte, over restarts.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = TakeTicket,
    params(("Idempotency-Key" = String, Header, description = "UUID, made and stored before the first send")),
    responses(
        (status = 201, description = "Issued, and durable", body = TicketIssued),
        (status = 200, description = "The key came before: the same answer again. Or `returned`: the person's missed \
            number, back in the queue instead of a new one", body = TicketIssued),
        (status = 400, description = "No `Idempotency-Key`, or not this interface's JSON", body = Problem),
        (status = 409, description = "`already-holds`: the person's open ticket", body = Problem),
        (status = 413, description = "Longer than 16 KiB", body = Problem),
        (status = 422, description = "Cannot be met, or the key came with another request", body = Problem),
        (status = 503, description = "`ledger-unavailable`: ask again with the same key", body = Problem)))]
pub async fn take(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Failure> {
    caller.must_be(STAFF_AND_KIOSK)?;
    let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
    let request: TakeTicket = body::parse(&headers, &bytes)?;
    if request.holder.is_some() {
        caller.must_have_signed_in()?;
    }
    check(&app, &request)?;
    if request.holder.is_some() {
        persons::may_ask(&app, from, &caller).await?;
    }
    let idem = body::required_key(&headers)?;
    let stamp = app.clock.stamp();
    let id = new_ticket_id(stamp.at.0);
    let mask = request.holder.as_ref().map(|h| h.name.masked_name());
    let token = lookup_token(app.crypto.as_ref(), id);
    let facts = holder_facts(&app, id, &token, request.holder.as_ref());
    let event = Event::Take(NewTicket {
        id,
        services: request.services.clone(),
        class: request.class.unwrap_or(Class::Normal),
        booking: request.booking.clone(),
        cases: request.cases.unwrap_or_default(),
        holder: None,
        source: Source {
            device: request.device.clone(),
        },
    });
    let ordinary = request.booking.is_none() && request.class.unwrap_or(Class::Normal) == Class::Normal;
    let quote = forecasts::quote(&app, stamp.now, &request.services[0], ordinary);
    let canonical = Zeroizing::new(serde_json::to_vec(&request).expect("plain data"));
    let ask = Ask {
        who: caller.name(),
        idem,
        route: "take",
        request: canonical,
        event,
        quote,
        holder: Some(facts),
    };
    match app.ask(ask).await? {
        Told::Done(outcome) => issued(&app, &outcome, mask, (id, token)),
        Told::Refused(Refusal::AlreadyHolds { ticket, .. }) => Err(already_holds(&app, from, &caller, ticket).await?),
        Told::Refused(refusal) => Err(refusal.into()),
        Told::NobodyWaits => Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
    }
}

fn check(app: &App, request: &TakeTicket) -> Result<(), Failure> {
    let matters_max = app.hall.file.rules.matters_max;
    let unprocessable = |what: String| Err(Failure::new(ProblemKind::Unprocessable, what));
    let services = &request.services;
    if services.is_empty() || services.len() > usize::from(matters_max) {
        return unprocessable(format!("In this hall a ticket is for 1 to {matters_max} services."));
    }
    let twice = services
        .iter()
        .enumerate()
        .find(|(at, id)| services[..*at].contains(id));
    if let Some((_, id)) = twice {
        return unprocessable(format!(
            "Service {id} is named twice; each service stands once on a ticket."
        ));
    }
    if request.class == Some(Class::Appt) && request.booking.is_none() {
        return unprocessable("The class appt comes only from a booking.".into());
    }
    request
        .holder
        .as_ref()
        .map_or(Ok(()), |holder| check_holder(app, holder))
}

/// Refuses a person that no card can have given, and names the field.
pub fn check_holder(app: &App, holder: &Holder) -> Result<(), Failure> {
    check_lengths(holder)?;
    let wrong = |what: &str| Err(Failure::new(ProblemKind::Unprocessable, what));
    let of_china = matches!(holder.document, DocumentKind::ResidentId | DocumentKind::HmtPermit);
    if of_china && !check_digit_holds(holder.number.expose().trim()) {
        return wrong("The holder's `number` is none: 18 characters whose last one follows from the others.");
    }
    if holder.name.expose().trim().is_empty() {
        return wrong("The holder's `name` is empty.");
    }
    // A foreign paper may leave parts of it open, and the desk may know none.
    let may_be_open = matches!(holder.document, DocumentKind::Passport | DocumentKind::Desk);
    let birth = holder.birth.expose();
    let today = app.clock.stamp().day.to_string().replace('-', "");
    if !(is_past_day(birth, &today) || may_be_open && birth.is_empty()) {
        return wrong("The holder's `birth` is no date YYYYMMDD of the past.");
    }
    Ok(())
}

/// A day of the calendar up to today, both `YYYYMMDD`. Nobody who takes a number was born before 1880.
fn is_past_day(text: &str, today: &str) -> bool {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    digits && ("18800101"..=today).contains(&text) && jiff::civil::Date::strptime("%Y%m%d", text).is_ok()
}

/// Refuses what no card can hold.
pub fn check_lengths(holder: &Holder) -> Result<(), Failure> {
    let number = holder.number.expose().chars().count();
    let name = holder.name.expose().chars().count();
    if number == 0 || number > NUMBER_CHARS_MAX || name > NAME_CHARS_MAX {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            "The holder's `number` or `name` is empty or too long.",
        ));
    }
    Ok(())
}

/// UUIDv7: time of issue and 74 random bits, so that tickets lie in order in the database.
pub fn new_ticket_id(at_ms: i64) -> TicketId {
    let mut random = [0; 10];
    entropy(&mut random);
    let millis = u64::try_from(at_ms).unwrap_or(0);
    TicketId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// What is kept of a holder beside the journal: tag, mask, and sealed name and number where the hall needs them.
pub fn holder_facts(app: &App, id: TicketId, token: &str, holder: Option<&Holder>) -> HolderFacts {
    let crypto = app.crypto.as_ref();
    let mut facts = HolderFacts {
        token_hash: token_hash(token),
        ..HolderFacts::default()
    };
    let Some(holder) = holder else {
        return facts;
    };
    facts.tag = Some(id_tag(crypto, &app.hall.info.id, &holder.number));
    facts.mask = Some(holder.name.masked_name());
    if app.seal_holder {
        let cell = RowId {
            table: "holder",
            column: "sealed",
            row: &id.bytes(),
        };
        let mut nonce = [0; 12];
        entropy(&mut nonce);
        let plain = Zeroizing::new(format!("{}\n{}", holder.number.expose(), holder.name.expose()));
        facts.sealed = Some(crypto.seal(cell, nonce, plain.as_bytes()));
    }
    facts
}

/// What a taker is told: of a new ticket, or of a missed one that came back.
struct Given<'a> {
    id: TicketId,
    number: TicketNo,
    services: &'a [ServiceId],
    group: &'a GroupId,
    class: Class,
    cases: Cases,
    people_ahead: u32,
    forecast: Option<Forecast>,
    returned: bool,
}

fn given(effect: &Effect) -> Option<Given<'_>> {
    match effect {
        Effect::Issued {
            ticket,
            number,
            group,
            class,
            people_ahead,
            forecast,
            ..
        } => Some(Given {
            id: ticket.id,
            number: *number,
            services: &ticket.services,
            group,
            class: *class,
            cases: ticket.cases,
            people_ahead: *people_ahead,
            forecast: *forecast,
            returned: false,
        }),
        Effect::Requeued {
            ticket,
            told: Some(told),
            ..
        } => Some(Given {
            id: *ticket,
            number: told.number,
            services: &told.services,
            group: &told.group,
            class: told.class,
            cases: told.cases,
            people_ahead: told.people_ahead,
            forecast: told.forecast,
            returned: true,
        }),
        _ => None,
    }
}

/// `fresh`: the ticket that was asked for and its token. The answer is of another one where the key came before, or a
/// missed number came back.
fn issued(app: &App, outcome: &Outcome, mask: Option<String>, fresh: (TicketId, String)) -> Result<Response, Failure> {
    let Some(given) = outcome.effects.iter().find_map(given) else {
        return Err(Failure::new(
            ProblemKind::Internal,
            "The journal holds another outcome.",
        ));
    };
    let wait = given.forecast.map(as_told);
    let crypto = app.crypto.as_ref();
    let token = match fresh {
        (id, token) if id == given.id => token,
        _ => lookup_token(crypto, given.id),
    };
    let answer = TicketIssued {
        id: given.id,
        number: given.number,
        lookup_url: app.lookup_url_of(&token),
        token,
        check_code: check_code(crypto, given.id),
        services: given.services.to_vec(),
        class: given.class,
        people_ahead: given.people_ahead,
        wait_p10_s: wait.map(|w| w.p10_s),
        wait_p50_s: wait.map(|w| w.p50_s),
        wait_p90_s: wait.map(|w| w.p90_s),
        windows: app.hall.windows_of(given.group),
        masked_name: mask.filter(|_| app.hall.file.rules.print_masked_name),
        cases: given.cases,
        returned: given.returned,
        issued_at: rfc3339(outcome.at),
    };
    let status = if outcome.again || given.returned {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(answer)).into_response())
}

/// One ticket with its history.
#[utoipa::path(get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The ticket")),
    responses((status = 200, body = TicketView), (status = 403, description = "Another window's", body = Problem),
        (status = 404, body = Problem)))]
pub async fn look(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TicketView>, Failure> {
    caller.must_be(STAFF)?;
    let id = ticket_id(&id)?;
    let picture = app.view.read();
    let shown = ticket_view(&picture, id).ok_or_else(|| Failure::not_found("ticket"))?;
    if let Some(By::Window { window }) = caller.hands()
        && !of_window(&picture, id, &window)
    {
        let what = "This ticket is another window's.";
        return Err(Failure::new(ProblemKind::Forbidden, what));
    }
    Ok(Json(shown))
}

/// Whether a ticket is there, was there, or could be called there.
fn of_window(picture: &Picture, id: TicketId, window: &WindowId) -> bool {
    let Some(ticket) = picture.ticket(id) else {
        return false;
    };
    let was = ticket.history.iter().any(|step| step.window.as_ref() == Some(window));
    let waits = ticket.state == TicketState::Waiting && picture.engine.could_call(id).contains(window);
    was || waits || ticket.window.as_ref() == Some(window)
}

fn ticket_id(text: &str) -> Result<TicketId, Failure> {
    text.parse().map_err(|_| Failure::not_found("ticket"))
}

fn view(app: &App, id: TicketId) -> Result<TicketView, Failure> {
    ticket_view(&app.view.read(), id).ok_or_else(|| Failure::not_found("ticket"))
}

/// A ticket as staff see it.
pub fn ticket_view(picture: &Picture, id: TicketId) -> Option<TicketView> {
    let ticket = picture.ticket(id)?;
    let note = picture.note(id)?;
    let history = ticket
        .history
        .iter()
        .zip(&note.steps)
        .map(|(step, (seq, at))| TicketHistory {
            seq: *seq,
            at: rfc3339(*at),
            what: step.what.to_string(),
            window: step.window.clone(),
        });
    Some(TicketView {
        id,
        number: ticket.number,
        state: ticket.state,
        services: ticket.services.clone(),
        matter: ticket.matter,
        class: ticket.class,
        cases: ticket.cases,
        masked_name: note.mask.clone(),
        window: ticket.window.clone(),
        calls: ticket.calls,
        issued_at: rfc3339(note.issued_at),
        history: history.collect(),
    })
}

/// What an action on a ticket needs beside its event.
struct Action {
    route: &'static str,
    roles: &'static [Role],
}

impl Action {
    const fn by_staff(route: &'static str) -> Self {
        Self { route, roles: STAFF }
    }

    const fn open_to_kiosks(route: &'static str) -> Self {
        Self {
            route,
            roles: STAFF_AND_KIOSK,
        }
    }
}

/// Everything that came with a call on a ticket.
struct Call {
    app: Arc<App>,
    from: From,
    caller: Caller,
    id: String,
    headers: HeaderMap,
    body: Body,
}

async fn act<T: serde::de::DeserializeOwned>(
    call: Call,
    action: Action,
    event: impl FnOnce(TicketId, T) -> Result<Event, Failure>,
) -> Result<Json<TicketView>, Failure> {
    let Call {
        app,
        from,
        caller,
        id,
        headers,
        body,
    } = call;
    caller.must_be(action.roles)?;
    let id = ticket_id(&id)?;
    let idem = body::idempotency_key(&headers)?;
    let bytes: Bytes = body::read(&headers, body).await?;
    let event = event(id, body::parse(&headers, &bytes)?)?;
    let mut request = Zeroizing::new(id.bytes().to_vec());
    request.extend_from_slice(&bytes);
    let ask = Ask {
        who: caller.name(),
        idem,
        route: action.route,
        request,
        event,
        quote: None,
        holder: None,
    };
    match app.ask_as(caller.hands(), ask).await? {
        Told::Done(_) => view(&app, id).map(Json),
        Told::Refused(Refusal::AlreadyHolds { ticket, .. }) => Err(already_holds(&app, from, &caller, ticket).await?),
        Told::Refused(refusal) => Err(refusal.into()),
        Told::NobodyWaits => Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
    }
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ty, $action:expr, $event:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "tickets", request_body = $body,
            params(("id" = String, Path, description = "The ticket"),
                ("Idempotency-Key" = Option<String>, Header, description = "UUID")),
            responses((status = 200, body = TicketView), (status = 404, body = Problem),
                (status = 409, description = "`wrong-state`; `too-early` of `no-show`", body = Problem),
                (status = 503, body = Problem)))]
        pub async fn $name(
            State(app): State<Arc<App>>,
            from: From,
            caller: Caller,
            Path(id): Path<String>,
            headers: HeaderMap,
            body: Body,
        ) -> Result<Json<TicketView>, Failure> {
            act::<$body>(Call { app, from, caller, id, headers, body }, $action, $event).await
        }
    };
}

action!(
    /// Calls the ticket once more.
    recall, "/api/v1/tickets/{id}/recall", CancelTicket, Action::by_staff("recall"),
    |ticket, _| Ok(Event::Recall { ticket }));
action!(
    /// The person is there.
    start, "/api/v1/tickets/{id}/start", CancelTicket, Action::by_staff("start"),
    |ticket, _| Ok(Event::Start { ticket }));
action!(
    /// Served.
    finish, "/api/v1/tickets/{id}/finish", FinishTicket, Action::by_staff("finish"),
    |ticket, _| Ok(Event::Finish { ticket }));
action!(
    /// Called in vain.
    no_show, "/api/v1/tickets/{id}/no-show", CancelTicket, Action::by_staff("no-show"),
    |ticket, _| Ok(Event::NoShow { ticket }));
action!(
/// Sent to another service or window, its place kept.
transfer, "/api/v1/tickets/{id}/transfer", TransferTicket, Action::by_staff("transfer"),
|ticket, asked: TransferTicket| {
    let to = match (asked.service, asked.window) {
        (Some(service), None) => TransferTo::Service { service },
        (None, Some(window)) => TransferTo::Window { window },
        _ => return Err(Failure::new(ProblemKind::Unprocessable, "Name a service or a window, one of the two.")),
    };
    Ok(Event::Transfer { ticket, to, reason: reason(&asked.reason)? })
});
action!(
    /// Back into the queue; a missed ticket comes back once.
    requeue, "/api/v1/tickets/{id}/requeue", CancelTicket, Action::open_to_kiosks("requeue"),
    |ticket, asked: CancelTicket| Ok(Event::Requeue { ticket, reason: reason(&asked.reason)? }));
action!(
    /// Put aside; the window is free.
    hold, "/api/v1/tickets/{id}/hold", CancelTicket, Action::by_staff("hold"),
    |ticket, asked: CancelTicket| Ok(Event::Hold { ticket, reason: reason(&asked.reason)? }));
action!(
    /// A held ticket goes on.
    resume, "/api/v1/tickets/{id}/resume", CancelTicket, Action::by_staff("resume"),
    |ticket, _| Ok(Event::Resume { ticket }));
action!(
    /// Given back.
    cancel, "/api/v1/tickets/{id}/cancel", CancelTicket, Action::open_to_kiosks("cancel"),
    |ticket, asked: CancelTicket| Ok(Event::Cancel { ticket, reason: reason(&asked.reason)? }));
action!(
    /// Rated, 1 to 5 stars.
    rate, "/api/v1/tickets/{id}/rate", RateTicket, Action::open_to_kiosks("rate"),
    |ticket, asked: RateTicket| Ok(Event::Rate { ticket, stars: asked.stars }));

/// The same, where there must be one.
pub fn needed_reason(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            "请写明原因。This needs a reason.",
        ));
    }
    reason(text)
}

/// A reason goes into the journal for ever, so it is kept short and must not carry a document number.
pub fn reason(text: &str) -> Result<String, Failure> {
    if text.chars().count() > 200 || may_tell_a_person(text) {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            "A reason has at most 200 characters and no names or numbers of persons.",
        ));
    }
    Ok(text.to_string())
}

/// Whether a text that is kept has as many digits as the number of a document or a telephone.
pub fn may_tell_a_person(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= 11
}
