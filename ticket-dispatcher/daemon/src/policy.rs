//! Who is next: the policy of the hall file and of the day, and the calls past it, which are a right of few, need a
//! reason and leave a trace.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use provisioning_config::hall_file;
use serde::Deserialize;
use ticket_dispatcher_protocol::{
    PickTicket, PolicyChoice, PolicyView, Problem, ProblemKind, Said, SetPolicy, WaitingList, WaitingTicket,
};
use ticket_dispatcher_queue_core::{Engine, Event, Policy, Ticket, Weighing, WindowNow};
use ticket_dispatcher_types::{Millis, TicketId, TicketNo, WindowId};
use zeroize::Zeroizing;

use crate::app::{App, Ask, Told};
use crate::body::{self, Asked};
use crate::caller::{Caller, Role};
use crate::keys::fresh_key;
use crate::live_hall::entry;
use crate::problem::Failure;
use crate::tickets::needed_reason;
use crate::view::Picture;
use crate::windows::{STAFF, called_answer, window_id};

/// Who may see which policy chooses.
const RULES: &[Role] = &[Role::Window, Role::Manager, Role::Policy];
/// Who may choose another.
const RULES_SET: &[Role] = &[Role::Manager, Role::Policy];

/// Reasons for looking at the list. Words of a list, because a free text would stand in an address, and addresses
/// end up in logs.
const LOOKS: [&str; 5] = ["person-at-window", "papers-fetched", "urgent", "manager-asked", "other"];

/// The policy that the hall file names; its own list of names and the engine's are the same.
pub fn of_file(rules: &hall_file::Rules) -> (Policy, Option<Weighing>) {
    let policy = Policy::by_name(&rules.policy).unwrap_or_default();
    if rules.weighing.is_empty() {
        return (policy, None);
    }
    let mut weighing = Weighing::of(policy);
    let given = &rules.weighing;
    for (place, class) in given.class.iter().enumerate() {
        weighing.class[place] = class.unwrap_or(weighing.class[place]);
    }
    for (place, head_start) in given.head_start.iter().enumerate() {
        weighing.head_start[place] = head_start.unwrap_or(weighing.head_start[place]);
    }
    weighing.short = given.short.unwrap_or(weighing.short);
    weighing.grade = given.grade.unwrap_or(weighing.grade);
    weighing.fade = given.fade.unwrap_or(weighing.fade);
    weighing.late = given.late.unwrap_or(weighing.late);
    weighing.late_gain = given.late_gain.unwrap_or(weighing.late_gain);
    weighing.age = given.age.unwrap_or(weighing.age);
    weighing.early = given.early.unwrap_or(weighing.early);
    (policy, Some(weighing))
}

/// A policy's names.
pub fn title(policy: Policy) -> Said {
    Said {
        zh: policy.title().to_string(),
        en: policy.title_en().to_string(),
    }
}

fn choice(policy: Policy) -> PolicyChoice {
    PolicyChoice {
        name: policy.name().to_string(),
        title: title(policy),
    }
}

/// The policy as the manager sees it.
pub fn policy_view(picture: &Picture) -> PolicyView {
    let entries = picture.record.entries.iter().rev();
    PolicyView {
        now: choice(picture.engine.policy()),
        of_file: picture.engine.hall_file().policy.name().to_string(),
        choices: Policy::ALL.into_iter().map(choice).collect(),
        switched: entries
            .map(entry)
            .find(|e| e.kind == ticket_dispatcher_protocol::EntryKind::Policy),
    }
}

/// Which policy chooses, and which could.
#[utoipa::path(get, path = "/api/v1/policy", tag = "manager", responses((status = 200, body = PolicyView)))]
pub async fn policy(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<PolicyView>, Failure> {
    caller.must_be(RULES)?;
    Ok(Json(policy_view(&app.view.read())))
}

/// Another policy until the day ends; tomorrow begins with the hall file's.
#[utoipa::path(post, path = "/api/v1/policy", tag = "manager", request_body = SetPolicy,
    responses((status = 200, body = PolicyView), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn set_policy(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PolicyView>, Failure> {
    caller.must_be(RULES_SET)?;
    let idem = body::idempotency_key(&headers)?;
    let bytes = body::read(&headers, body).await?;
    let asked: SetPolicy = body::parse(&headers, &bytes)?;
    let policy = Policy::by_name(&asked.policy).ok_or_else(|| {
        let names = Policy::ALL.map(Policy::name).join(", ");
        Failure::new(ProblemKind::Unprocessable, format!("Policies are {names}."))
    })?;
    let event = Event::SetPolicy {
        policy,
        by: caller.name(),
        reason: needed_reason(&asked.reason)?,
    };
    app.must(Ask {
        who: caller.name(),
        idem,
        route: "policy",
        request: Zeroizing::new(bytes.to_vec()),
        event,
        holder: None,
        quote: None,
    })
    .await?;
    Ok(Json(policy_view(&app.view.read())))
}

/// Whether who asks may pass by the policy at this window: the window may, or the account that they have signed in
/// under. Who opened it, or is named there, gives nothing to who sits there now, and a certificate is nobody. A tool of
/// the machine stands in for the clerk whom it has named.
pub fn may_pick(app: &App, caller: &Caller, window: &WindowNow) -> bool {
    let clerk = match caller {
        Caller::Loopback => window.clerk.clone(),
        _ => caller.clerk(),
    };
    app.hall.may_pick(&window.id, clerk.as_ref())
}

/// Refuses whoever has no right to pass by the policy.
fn must_pick(app: &App, caller: &Caller, window: &WindowId) -> Result<(), Failure> {
    let picture = app.view.read();
    let here = picture
        .engine
        .window(window)
        .ok_or_else(|| Failure::not_found("window"))?;
    if may_pick(app, caller, here) {
        return Ok(());
    }
    Err(Failure::new(
        ProblemKind::Forbidden,
        "本窗口没有选号的权限。The hall file gives neither this window nor you the right to choose \
         (rules.pick_windows, rules.pick_clerks).",
    ))
}

/// The query of a look at the list.
#[derive(Deserialize)]
pub struct Look {
    #[serde(default)]
    reason: String,
}

/// Who waits for this window. Only with the right that the hall file gives, only with a reason, and every look is kept.
#[utoipa::path(get, path = "/api/v1/windows/{w}/waiting", tag = "windows",
    params(("w" = String, Path, description = "The window"),
        ("reason" = String, Query, description = "`person-at-window`, `papers-fetched`, `urgent`, `manager-asked` or \
            `other`: a word of this list, because addresses end up in logs")),
    responses((status = 200, body = WaitingList), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn waiting(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    Asked(look): Asked<Look>,
) -> Result<Json<WaitingList>, Failure> {
    caller.must_be(STAFF)?;
    let window = window_id(&caller, &w)?;
    must_pick(&app, &caller, &window)?;
    if !LOOKS.contains(&look.reason.as_str()) {
        let what = format!("The reason must be one of {}.", LOOKS.join(", "));
        return Err(Failure::new(ProblemKind::Unprocessable, what));
    }
    let outcome = app
        .must(Ask {
            who: caller.name(),
            // The list is made anew for each answer, so each is a look: a key that came before counts for nothing.
            idem: fresh_key(),
            route: "peek",
            request: Zeroizing::new(format!("{window}\n{}", look.reason).into_bytes()),
            event: Event::Peek {
                window: window.clone(),
                reason: look.reason,
            },
            holder: None,
            quote: None,
        })
        .await?;
    let now = app.clock.stamp().now;
    let picture = app.view.read();
    let all = picture.engine.next_up(usize::MAX);
    let ours = all
        .into_iter()
        .filter(|t| picture.engine.could_call(t.id).contains(&window));
    Ok(Json(WaitingList {
        seq: outcome.seq,
        tickets: ours.map(|t| waiting_ticket(t, now)).collect(),
        window,
    }))
}

/// One who waits, on the wire.
pub fn waiting_ticket(ticket: &Ticket, now: Millis) -> WaitingTicket {
    WaitingTicket {
        id: ticket.id,
        number: ticket.number,
        group: ticket.group.clone(),
        service: ticket.service().clone(),
        class: ticket.class,
        waited_s: secs(now.0 - ticket.base().0),
        wait: None,
    }
}

/// Whole seconds, none below zero.
pub fn secs(ms: i64) -> u32 {
    u32::try_from(ms.max(0) / 1000).unwrap_or(u32::MAX)
}

/// Calls this ticket to this window, whatever the policy would choose. Only with the right that the hall file gives.
#[utoipa::path(post, path = "/api/v1/windows/{w}/call", tag = "windows", request_body = PickTicket,
    params(("w" = String, Path, description = "The window")),
    responses((status = 200, description = "Called to this window", body = ticket_dispatcher_protocol::Called),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(w): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    caller.must_be(STAFF)?;
    let window = window_id(&caller, &w)?;
    must_pick(&app, &caller, &window)?;
    let idem = body::idempotency_key(&headers)?;
    let bytes = body::read(&headers, body).await?;
    let asked: PickTicket = body::parse(&headers, &bytes)?;
    let ticket = ticket_named(&app.view.read().engine, &asked.ticket).ok_or_else(|| Failure::not_found("ticket"))?;
    let mut request = Zeroizing::new(format!("{window}\n").into_bytes());
    request.extend_from_slice(&bytes);
    let told = app
        .ask(Ask {
            who: caller.name(),
            idem,
            route: "pick",
            request,
            event: Event::Pick {
                window: window.clone(),
                ticket,
                reason: needed_reason(&asked.reason)?,
            },
            holder: None,
            quote: None,
        })
        .await?;
    match told {
        Told::Done(outcome) => called_answer(&app, window, &outcome),
        Told::Refused(refusal) => Err(refusal.into()),
        Told::NobodyWaits => Err(Failure::new(ProblemKind::Internal, "The engine gave no outcome.")),
    }
}

/// By id or by number; a number is given out once a day.
fn ticket_named(engine: &Engine, text: &str) -> Option<TicketId> {
    if let Ok(id) = text.parse::<TicketId>() {
        return Some(id);
    }
    let number: TicketNo = text.trim().parse().ok()?;
    engine.tickets().find(|t| t.number == number).map(|t| t.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_the_hall_file_is_one_of_the_engine() {
        assert_eq!(hall_file::POLICIES, Policy::ALL.map(Policy::name));
    }

    fn rules(lines: &str) -> hall_file::Rules {
        let shipped = include_str!("../../../provisioning/halls/foshan-street.toml");
        let text = shipped.replacen("[rules]\n", &format!("[rules]\n{lines}\n"), 1);
        hall_file::HallFile::parse("hall.toml", &text).unwrap().rules
    }

    #[test]
    fn every_setting_of_the_hall_file_reaches_the_policy_and_the_others_stay_its_own() {
        assert_eq!(
            of_file(&rules("")),
            (Policy::Balanced, None),
            "the shipped hall leaves all to the policy"
        );
        let all = "weighing = { class = { appt = 2.0, disabled = 3.0, elderly = 4.0, normal = 5.0 }, short = 0.1, \
                   grade = 0.2, fade_min = 11, late_min = 12, late_gain_pct = 13.0, age_min = 14, early_min = 15, \
                   head_start_s = { appt = 16, disabled = 17, elderly = 18, normal = 19 } }";
        let weighing = Weighing {
            class: [2.0, 3.0, 4.0, 5.0],
            short: 0.1,
            grade: 0.2,
            fade: Millis::from_mins(11),
            late: Millis::from_mins(12),
            late_gain: 0.13,
            age: Millis::from_mins(14),
            early: Millis::from_mins(15),
            head_start: [16, 17, 18, 19].map(Millis::from_secs),
        };
        assert_eq!(of_file(&rules(all)), (Policy::Balanced, Some(weighing)));
        let one = Weighing {
            fade: Millis::from_mins(45),
            ..Weighing::of(Policy::Balanced)
        };
        assert_eq!(of_file(&rules("weighing = { fade_min = 45 }")).1, Some(one));
    }
}
