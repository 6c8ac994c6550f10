//! Windows: opening, pausing, closing, the next ticket, and what the clerk's page shows.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ticket_dispatcher_ledger::Outcome;
use ticket_dispatcher_protocol::{
    Called, GroupView, NextMatter, NextTicket, OpenWindow, PauseWindow, Problem, ProblemKind, WindowDesk,
};
use ticket_dispatcher_queue_core::{Effect, Event, Why};
use ticket_dispatcher_types::{CloseReason, Millis, TicketId, TicketState, WindowId};
use zeroize::Zeroizing;

use crate::app::{App, Ask, Told};
use crate::body;
use crate::caller::{Caller, Role};
use crate::policy::may_pick;
use crate::problem::Failure;
use crate::tickets::ticket_view;
use crate::view::Picture;
use crate::why::{said, said_of};

/// Who works in the hall.
pub const STAFF: &[Role] = &[Role::Window, Role::Manager];
/// Missed tickets on the clerk's page.
const MISSED_MAX: usize = 5;

/// Everything the clerk's page shows.
#[utoipa::path(get, path = "/api/v1/windows/{w}", tag = "windows",
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, body = WindowDesk), (status = 404, body = Problem)))]
pub async fn desk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
) -> Result<Json<WindowDesk>, Failure> {
    caller.must_be(STAFF)?;
    desk_of(&app, &caller, &window_id(&caller, &w)?).map(Json)
}

pub fn window_id(caller: &Caller, text: &str) -> Result<WindowId, Failure> {
    caller.must_be_at(text)?;
    WindowId::new(text).map_err(|_| Failure::not_found("window"))
}

fn desk_of(app: &App, caller: &Caller, id: &WindowId) -> Result<WindowDesk, Failure> {
    let picture = app.view.read();
    let window = picture.engine.window(id).ok_or_else(|| Failure::not_found("window"))?;
    let groups = app.hall.window(id).map(|w| w.groups.as_slice()).unwrap_or_default();
    let groups: Vec<_> = groups.iter().map(|g| picture.group_view(&app.hall, g)).collect();
    let here = |state: TicketState| {
        let tickets = picture.engine.tickets();
        tickets.filter(move |t| t.state == state && t.window.as_ref() == Some(id))
    };
    let show = |ids: Vec<TicketId>| ids.into_iter().filter_map(|id| ticket_view(&picture, id)).collect();
    let mut missed: Vec<_> = here(TicketState::NoShow).map(|t| (t.ended, t.id)).collect();
    missed.sort_by(|a, b| b.cmp(a));
    let current = window.current.and_then(|id| ticket_view(&picture, id));
    Ok(WindowDesk {
        seq: picture.seq,
        window: picture.window_view(&app.hall, window),
        clerk: window.clerk.clone(),
        miss_in_s: window
            .current
            .and_then(|id| picture.engine.miss_in(app.clock.stamp().now, id))
            .and_then(|left| u32::try_from((left + Millis(999)).secs()).ok()),
        next_matter: window.current.and_then(|id| next_matter(app, &picture, id, &groups)),
        current: current.clone(),
        why: current
            .as_ref()
            .and_then(|t| Some(said(picture.record.last_call(t.id)?).zh)),
        may_pick: may_pick(app, caller, window),
        waiting: groups.iter().map(|g| g.waiting).sum(),
        groups,
        held: show(here(TicketState::Held).map(|t| t.id).collect()),
        missed: show(missed.into_iter().take(MISSED_MAX).map(|(_, id)| id).collect()),
    })
}

fn next_matter(app: &App, picture: &Picture, id: TicketId, groups: &[GroupView]) -> Option<NextMatter> {
    let ticket = picture.engine.ticket(id)?;
    let service = ticket.services.get(usize::from(ticket.matter) + 1)?;
    let group = &app.hall.service(service)?.group;
    Some(NextMatter {
        service: service.clone(),
        here: groups.iter().any(|served| served.id == *group),
    })
}

/// Everything that came with a call on a window.
struct Call {
    app: Arc<App>,
    caller: Caller,
    w: String,
    headers: HeaderMap,
    body: Body,
}

async fn ask<T: serde::de::DeserializeOwned>(
    call: Call,
    route: &'static str,
    event: impl FnOnce(WindowId, T) -> Event,
) -> Result<(Arc<App>, Caller, WindowId, Told), Failure> {
    call.caller.must_be(STAFF)?;
    let window = window_id(&call.caller, &call.w)?;
    let idem = body::idempotency_key(&call.headers)?;
    let bytes = body::read(&call.headers, call.body).await?;
    let event = event(window.clone(), body::parse(&call.headers, &bytes)?);
    let mut request = Zeroizing::new(format!("{window}\n").into_bytes());
    request.extend_from_slice(&bytes);
    let ask = Ask {
        who: call.caller.name(),
        idem,
        route,
        request,
        event,
        quote: None,
        holder: None,
    };
    let told = call.app.ask(ask).await?;
    Ok((call.app, call.caller, window, told))
}

fn desk_after((app, caller, window, told): (Arc<App>, Caller, WindowId, Told)) -> Result<Json<WindowDesk>, Failure> {
    match told {
        Told::Refused(refusal) => Err(refusal.into()),
        Told::Done(_) | Told::NobodyWaits => desk_of(&app, &caller, &window).map(Json),
    }
}

/// The window calls from now on.
#[utoipa::path(post, path = "/api/v1/windows/{w}/open", tag = "windows", request_body = OpenWindow,
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, body = WindowDesk), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WindowDesk>, Failure> {
    // Whoever has signed in works under their own code, whatever the page sends. A certificate is a thing on the desk,
    // whoever presses its keys: under it nobody has signed in.
    let signed_in = caller.clerk();
    let by_tool = matches!(caller, Caller::Loopback);
    let call = Call {
        app,
        caller,
        w,
        headers,
        body,
    };
    let told = ask(call, "open", |window, asked: OpenWindow| Event::Open {
        window,
        clerk: signed_in.or(by_tool.then_some(asked.clerk)),
    });
    desk_after(told.await?)
}

/// The clerk steps away; the window keeps its ticket.
#[utoipa::path(post, path = "/api/v1/windows/{w}/pause", tag = "windows", request_body = PauseWindow,
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, body = WindowDesk), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WindowDesk>, Failure> {
    let call = Call {
        app,
        caller,
        w,
        headers,
        body,
    };
    let told = ask(call, "pause", |window, asked: PauseWindow| Event::Pause {
        window,
        reason: asked.reason.unwrap_or(CloseReason::Break),
    });
    desk_after(told.await?)
}

/// The window stops calling; a service under way is finished.
#[utoipa::path(post, path = "/api/v1/windows/{w}/close", tag = "windows", request_body = PauseWindow,
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, body = WindowDesk), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WindowDesk>, Failure> {
    let call = Call {
        app,
        caller,
        w,
        headers,
        body,
    };
    let told = ask(call, "close", |window, asked: PauseWindow| Event::Close {
        window,
        reason: asked.reason.unwrap_or(CloseReason::End),
    });
    desk_after(told.await?)
}

/// The policy's next ticket for this window.
#[utoipa::path(post, path = "/api/v1/windows/{w}/next", tag = "windows", request_body = NextTicket,
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, description = "Called to this window, or still here with the next matter", body = Called),
        (status = 204, description = "Nobody waits whom this window could serve"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub async fn next(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let call = Call {
        app,
        caller,
        w,
        headers,
        body,
    };
    let told = ask(call, "next", |window, asked: NextTicket| Event::Next {
        window,
        finish_current: asked.finish_current,
    });
    let (app, _, window, told) = told.await?;
    let outcome = match told {
        Told::Refused(refusal) => return Err(refusal.into()),
        Told::NobodyWaits => return Ok(StatusCode::NO_CONTENT.into_response()),
        Told::Done(outcome) => outcome,
    };
    called_answer(&app, window, &outcome)
}

/// The answer for a call; 204 when the row holds none.
pub fn called_answer(app: &App, window: WindowId, outcome: &Outcome) -> Result<Response, Failure> {
    let Some((ticket, why)) = called(outcome) else {
        return match goes_on(outcome) {
            Some(ticket) => went_on(app, window, ticket),
            None => Ok(StatusCode::NO_CONTENT.into_response()),
        };
    };
    let shown = ticket_view(&app.view.read(), ticket);
    let ticket = shown.ok_or_else(|| Failure::new(ProblemKind::NotFound, "The ticket is of an earlier day."))?;
    let picked = outcome.effects.iter().find_map(|effect| match effect {
        Effect::Picked { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    let why = said_of(&why, ticket.number, picked).zh;
    Ok(Json(Called { window, ticket, why }).into_response())
}

/// Nobody was called, because who is here goes on with the next matter.
fn went_on(app: &App, window: WindowId, ticket: TicketId) -> Result<Response, Failure> {
    let shown = ticket_view(&app.view.read(), ticket);
    let ticket = shown.ok_or_else(|| Failure::new(ProblemKind::NotFound, "The ticket is of an earlier day."))?;
    let why = format!("{} 还有下一件，在本窗口接着办。", ticket.number);
    Ok(Json(Called { window, ticket, why }).into_response())
}

fn goes_on(outcome: &Outcome) -> Option<TicketId> {
    outcome.effects.iter().find_map(|effect| match effect {
        Effect::NextMatter {
            ticket,
            window: Some(_),
            ..
        } => Some(*ticket),
        _ => None,
    })
}

fn called(outcome: &Outcome) -> Option<(TicketId, Why)> {
    outcome.effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, why, .. } => Some((*ticket, why.clone())),
        _ => None,
    })
}
