//! What boards, kiosks and phones read: the hall, its stream, the catalogue, one ticket by its token.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use provisioning_config::hall_file::clock;
use serde::Deserialize;
use ticket_dispatcher_identity::{check_code, token_hash};
use ticket_dispatcher_protocol::{
    HallEvent, HallSnapshot, LocalText, LookupPair, LookupState, LookupView, Problem, ProblemKind, ServiceGroup,
    ServiceView, Services, TemporaryCardRules, ToldWait, WaitRange, WayBack,
};
use ticket_dispatcher_queue_core::{Engine, Quote};
use ticket_dispatcher_types::{Millis, ServiceId, TicketId, TicketNo, TicketState, UnixMillis, wait};

use crate::app::App;
use crate::body::{self, Asked};
use crate::caller::{Caller, Role};
use crate::clock::rfc3339;
use crate::forecasts;
use crate::gate::{Counter, From, Short};
use crate::hall::{Hall, local};
use crate::hub::Stream;
use crate::problem::Failure;
use crate::refresh::{self, Waits};
use crate::staff;
use crate::view::Picture;
use crate::wait::{as_told, in_all};

const EVERYBODY: &[Role] = &[
    Role::Kiosk,
    Role::Window,
    Role::Board,
    Role::Manager,
    Role::Policy,
    Role::Admin,
];

/// A JSON document with a validator: 304 if the reader has it already.
fn document(headers: &HeaderMap, json: Bytes, etag: &str) -> Response<Body> {
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|given| given == etag);
    let mut response = Response::new(if known { Body::empty() } else { Body::from(json) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Everything a board shows.
#[utoipa::path(get, path = "/api/v1/hall", tag = "hall",
    responses((status = 200, body = HallSnapshot), (status = 304, description = "As the reader has it")))]
pub async fn hall(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap) -> Result<Response<Body>, Failure> {
    caller.must_be(EVERYBODY)?;
    let (seq, json) = app.view.snapshot_json();
    Ok(document(&headers, json, &format!("\"{seq}\"")))
}

/// Server-sent events: first `snapshot` ([`HallSnapshot`]), later `journal` ([`HallEvent`]); the id is the journal
/// position.
#[utoipa::path(get, path = "/api/v1/stream", tag = "hall",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Goes on behind this position")),
    responses((status = 200, description = "Events `snapshot` (HallSnapshot) and `journal` (HallEvent)",
        content_type = "text/event-stream", body = HallEvent)))]
pub async fn stream(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    caller.must_be(EVERYBODY)?;
    let last = headers
        .get("last-event-id")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.trim().parse().ok());
    let stream = Stream::new(Arc::clone(&app.view.hub), Arc::clone(&app.snapshot), last);
    let body = match caller {
        Caller::Staff(_) => Body::new(Short::new(stream)),
        _ => Body::new(stream),
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

/// The catalogue with people waiting and forecast per service.
#[utoipa::path(get, path = "/api/v1/services", tag = "hall", responses((status = 200, body = Services)))]
pub async fn services(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    caller.must_be(EVERYBODY)?;
    staff::hear_clock(&app, from, &caller, &headers).await;
    let made = forecasts::catalogue(&app).await?;
    Ok(document(&headers, made.json.clone(), &made.etag()))
}

/// The catalogue of a hall at one moment, with what was foreseen for each service.
pub fn catalogue(
    hall: &Hall,
    engine: &Engine,
    seq: u64,
    now: Millis,
    open: &[u32],
    quote: impl Fn(&ServiceId) -> Quote,
) -> Services {
    let (file, rules) = (&hall.file, &hall.file.rules);
    let issuing = (file.hall.first_issue..=file.hall.last_issue).contains(&now);
    let services: Vec<ServiceView> = file
        .services
        .iter()
        .map(|service| {
            let Quote { people_ahead, forecast } = quote(&service.id);
            let served = file.windows_of(&service.group).any(|w| {
                let open = engine.window(&w.id).map(|now| now.state);
                let planned = w.plan.iter().any(|p| p.to > now);
                planned || open == Some(ticket_dispatcher_types::WindowState::Open)
            });
            ServiceView {
                id: service.id.clone(),
                group: service.group.clone(),
                name: local(&service.name),
                keywords: service.keywords.clone(),
                pinyin_initials: service.pinyin_initials.clone(),
                materials: service.materials.iter().map(local).collect(),
                waiting: people_ahead,
                wait: forecast.map(as_told),
                windows: hall.windows_of(&service.group).to_vec(),
                available: issuing
                    && served
                    && !forecast.is_some_and(|wait| engine.stops_before(now, &service.id, wait)),
            }
        })
        .collect();
    let groups = file.groups.iter().zip(open).map(|(group, open)| ServiceGroup {
        id: group.id.clone(),
        name: local(&group.name),
        series: group.series.to_string(),
        waiting: engine.waiting_in(&group.id),
        wait: wait_of_group(services.iter().filter(|s| s.group == group.id)),
        windows_open: *open,
    });
    Services {
        seq,
        hall: hall.info.clone(),
        issuing,
        not_issuing_reason: (!issuing).then(|| not_issuing(hall)),
        hours: hall.hours(),
        matters_max: rules.matters_max,
        agent_cases_max: rules.agent_cases_max,
        elder_age: rules.elder_age,
        priority_age: rules.priority_age,
        groups: groups.collect(),
        guidance: file.hall.guidance.clone(),
        services,
        temporary_card: TemporaryCardRules {
            face: file.temporary_card.face,
            fee_fen: file.temporary_card.fee_fen,
        },
    }
}

/// The wait of a group as a whole, for who has not chosen yet: that of its middle matter, with the upper end of the one
/// called latest. So nobody is told a longer wait after choosing than before; who has a short matter may be told less.
pub fn wait_of_group<'a>(services: impl Iterator<Item = &'a ServiceView>) -> Option<WaitRange> {
    let mut waits: Vec<WaitRange> = services.filter_map(|service| service.wait).collect();
    waits.sort_unstable_by_key(|wait| (wait.p50_s, wait.p10_s, wait.p90_s));
    let middle = waits.get(waits.len().checked_sub(1)? / 2)?;
    Some(WaitRange {
        p90_s: waits.iter().map(|wait| wait.p90_s).max()?,
        ..*middle
    })
}

fn not_issuing(hall: &Hall) -> LocalText {
    let (from, until) = (clock(hall.file.hall.first_issue), clock(hall.file.hall.last_issue));
    LocalText {
        zh_hans: format!("现在不在取号时间内。每天 {from} 至 {until} 可以取号。"),
        zh_hant: format!("現在不在取號時間內。每天 {from} 至 {until} 可以取號。"),
        en: format!("Numbers are given out from {from} to {until}."),
    }
}

/// The query of a lookup.
#[derive(Deserialize)]
pub struct Lookup {
    #[serde(default)]
    t: String,
}

/// State of one ticket without a person in it. Public: whoever holds the slip may look.
#[utoipa::path(get, path = "/api/v1/lookup", tag = "public",
    params(("t" = String, Query, description = "The token on the ticket")),
    responses((status = 200, body = LookupView), (status = 304, description = "As the reader has it"),
        (status = 404, body = Problem)))]
pub async fn lookup(
    State(app): State<Arc<App>>,
    from: From,
    Asked(query): Asked<Lookup>,
    headers: HeaderMap,
) -> Result<Response<Body>, Failure> {
    let token = query.t.trim().to_ascii_uppercase();
    let stamp = app.clock.stamp();
    let hash = token_hash(&token);
    let slip = app.view.read().by_token(&hash);
    let lent = || crate::offline::lent_by_token(&app, &app.view.read().engine, &hash);
    if slip.is_none() && lent().is_none() {
        // A hall's phones share an address with whoever guesses there: who has a slip is heard all the same.
        heard(&app.gate.guesses.lookups, &from.0, stamp.at)?;
    }
    let decoy = decoy(&app.view.read(), stamp.at);
    let waits = refresh::waits(&app, slip.or(decoy)).await?;
    let found = look_up(&app, &hash, &waits, stamp.now);
    if found.is_none() {
        app.gate.guesses.lookups.wrong(&from.0, stamp.at);
    }
    answer(&app, &headers, &waits, found, decoy)
}

/// The same by the number and the check code that are printed on the slip, for whom the QR does not work.
#[utoipa::path(post, path = "/api/v1/lookup", tag = "public", request_body = LookupPair,
    responses((status = 200, body = LookupView), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn lookup_pair(
    State(app): State<Arc<App>>,
    from: From,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response<Body>, Failure> {
    let asked: LookupPair = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let stamp = app.clock.stamp();
    heard(&app.gate.guesses.lookups, &from.0, stamp.at)?;
    let number = asked.number.trim().to_ascii_uppercase().parse::<TicketNo>().ok();
    let (ticket, decoy) = {
        let picture = app.view.read();
        // All are looked at, and some code is made, so that a clock does not tell which numbers are given out.
        let same = picture.engine.tickets().filter(|ticket| Some(ticket.number) == number);
        (same.fold(None, |_, ticket| Some(ticket.id)), decoy(&picture, stamp.at))
    };
    if let Some(number) = number {
        heard(&app.gate.guesses.pairs, &number, stamp.at)?;
    }
    let code = ticket
        .or(decoy)
        .map(|id| check_code(app.crypto.as_ref(), id).to_string());
    let right = ticket.is_some() && code.as_deref() == Some(asked.check_code.trim());
    if !right {
        app.gate.guesses.lookups.wrong(&from.0, stamp.at);
        if let Some(number) = number {
            app.gate.guesses.pairs.wrong(&number, stamp.at);
        }
    }
    let waits = refresh::waits(&app, ticket.or(decoy)).await?;
    let found = {
        let picture = app.view.read();
        ticket
            .filter(|_| right)
            .and_then(|id| view_of(&app, &picture, id, &waits, stamp.now))
    };
    answer(&app, &headers, &waits, found, decoy)
}

/// Whether somebody who guessed wrong too often is heard again.
fn heard<K: Hash + Eq + Clone>(counter: &Counter<K>, key: &K, now: UnixMillis) -> Result<(), Failure> {
    let Some(seconds) = counter.silence(key, now) else {
        return Ok(());
    };
    let minutes = seconds.div_ceil(60);
    let detail = format!(
        "输错次数过多，请 {minutes} 分钟后再试，或扫描小票上的二维码。Too many wrong tries; again in {minutes} min."
    );
    Err(Failure::new(ProblemKind::TooMany, detail).after(seconds))
}

/// Somebody for whom a wrong guess costs what a right one costs: one of those who wait, each time another one, because
/// the work grows with the place in the queue; where nobody waits, anybody.
fn decoy(picture: &Picture, at: UnixMillis) -> Option<TicketId> {
    let waiting = picture.engine.waiting().count().max(1);
    let place = usize::try_from(at.0).unwrap_or(0) % waiting;
    let one = picture.engine.waiting().nth(place);
    one.or_else(|| picture.engine.tickets().next()).map(|ticket| ticket.id)
}

/// A view, or that there is none. Whoever guesses must not read from a clock whether they came close, so for a wrong
/// guess the same work is done on some ticket and thrown away.
fn answer(
    app: &App,
    headers: &HeaderMap,
    waits: &Waits,
    found: Option<LookupView>,
    decoy: Option<TicketId>,
) -> Result<Response<Body>, Failure> {
    let stamp = app.clock.stamp();
    let right = found.is_some();
    let some = || {
        let picture = app.view.read();
        view_of(app, &picture, decoy?, waits, stamp.now)
    };
    let Some(mut view) = found.or_else(some) else {
        return Err(Failure::not_found("ticket"));
    };
    // The validator leaves out time and position, so that a phone that asks every few seconds mostly gets 304.
    let seq = std::mem::take(&mut view.seq);
    let mut hasher = std::hash::DefaultHasher::new();
    serde_json::to_string(&view).expect("plain data").hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    view.seq = seq;
    view.as_of = rfc3339(stamp.at);
    let json = serde_json::to_vec(&view).expect("plain data");
    let made = document(headers, json.into(), &etag);
    if right {
        Ok(made)
    } else {
        Err(Failure::not_found("ticket"))
    }
}

fn look_up(app: &App, hash: &[u8; 32], waits: &Waits, now: Millis) -> Option<LookupView> {
    let picture = app.view.read();
    let Some(slip) = picture.by_token(hash) else {
        let number = crate::offline::lent_by_token(app, &picture.engine, hash)?;
        return Some(not_here_yet(app, number, picture.seq));
    };
    view_of(app, &picture, slip, waits, now)
}

fn view_of(app: &App, picture: &Picture, slip: TicketId, waits: &Waits, now: Millis) -> Option<LookupView> {
    // Both slips of a person who took two while kiosks were cut off lead to the one that counts.
    let counts = picture
        .ticket(slip)?
        .superseded_by
        .filter(|by| picture.ticket(*by).is_some());
    let id = counts.unwrap_or(slip);
    let (ticket, note) = (picture.ticket(id)?, picture.note(id)?);
    let services = || ticket.services.iter().filter_map(|id| app.hall.service(id));
    let mut materials: Vec<LocalText> = Vec::new();
    for paper in services().flat_map(|s| &s.materials).map(local) {
        if !materials.contains(&paper) {
            materials.push(paper);
        }
    }
    let waiting = ticket.state == TicketState::Waiting;
    let at_window = matches!(
        ticket.state,
        TicketState::Called | TicketState::Serving | TicketState::Held
    );
    let could_call = picture.engine.could_call(id);
    let people_ahead = picture.engine.people_ahead_at(now, id);
    let wait = waits.of(ticket).filter(|_| waiting);
    Some(LookupView {
        number: ticket.number,
        slip: picture.ticket(slip).filter(|_| id != slip).map(|t| t.number),
        state: ticket.state.into(),
        services: services().map(|s| local(&s.name)).collect(),
        materials,
        done: ticket.matter + u8::from(ticket.state == TicketState::Finished),
        in_order: picture.engine.may_need_two_windows(id),
        people_ahead,
        wait,
        told: waiting.then(|| told(people_ahead, wait)),
        back: picture
            .engine
            .return_until(id)
            .filter(|until| now <= *until)
            .map(|until| WayBack {
                until: clock(until),
                place: app.hall.file.rules.return_place,
            }),
        window_name: ticket
            .window
            .as_ref()
            .filter(|_| at_window)
            .map(|w| app.hall.window_sign(w)),
        windows: could_call.iter().map(|w| app.hall.window_sign(w)).collect(),
        hall: app.hall.info.name.clone(),
        hall_phone: app.hall.info.phone.clone(),
        issued_at: rfc3339(note.issued_at),
        as_of: String::new(),
        seq: picture.seq,
    })
}

/// Place and wait in the words of every other screen.
fn told(people_ahead: u32, wait: Option<WaitRange>) -> ToldWait {
    let wait = WaitRange::minutes(wait);
    ToldWait {
        ahead: in_all(|lang| wait::ahead_in_words(lang, people_ahead, wait)),
        wait: in_all(|lang| wait::wait_in_words(lang, wait)),
    }
}

/// A number that was lent to a kiosk and has not been handed over: given out while the kiosk is cut off, or not at all.
fn not_here_yet(app: &App, number: TicketNo, seq: u64) -> LookupView {
    LookupView {
        number,
        slip: None,
        state: LookupState::Offline,
        services: Vec::new(),
        materials: Vec::new(),
        done: 0,
        in_order: false,
        people_ahead: 0,
        wait: None,
        told: None,
        back: None,
        window_name: None,
        windows: Vec::new(),
        hall: app.hall.info.name.clone(),
        hall_phone: app.hall.info.phone.clone(),
        issued_at: String::new(),
        as_of: String::new(),
        seq,
    }
}
