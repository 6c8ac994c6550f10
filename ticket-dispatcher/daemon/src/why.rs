//! "Why was 017 called before 012": the answer for a call of today, from the journal.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use ticket_dispatcher_protocol::{OverView, Problem, ProblemKind, RunnerUpView, Said, WhyView};
use ticket_dispatcher_queue_core::{Passed, Policy, Why};
use ticket_dispatcher_types::{Millis, TicketNo};

use crate::app::App;
use crate::body::Asked;
use crate::caller::Caller;
use crate::policy::title;
use crate::problem::Failure;
use crate::record::{Call, Moment};
use crate::windows::STAFF;

/// The query: beside which other number.
#[derive(Deserialize)]
pub struct Over {
    over: Option<String>,
}

/// Why this number was called then, and with `over` why not that other one.
#[utoipa::path(get, path = "/api/v1/calls/{id}/why", tag = "manager",
    params(("id" = String, Path, description = "Place of the call in the journal, or the id or number of a \
        ticket: its last call"),
        ("over" = Option<String>, Query, description = "Another number of today, `A012`")),
    responses((status = 200, body = WhyView), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn why(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(asked): Asked<Over>,
) -> Result<Json<WhyView>, Failure> {
    caller.must_be(STAFF)?;
    let moment = app.view.read().record.moment(&id);
    let moment = moment.ok_or_else(|| Failure::not_found("call of today"))?;
    let mut answer = why_view(&moment.call);
    if let Some(over) = asked.over {
        let over: TicketNo = over
            .trim()
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| Failure::new(ProblemKind::Unprocessable, "A number looks like A012."))?;
        let beside = tokio::task::spawn_blocking(move || beside(moment, over)).await;
        answer.over = beside.map_err(|_| Failure::new(ProblemKind::Internal, "No comparison."))?;
    }
    Ok(Json(answer))
}

/// The other number as it stood just before the call; none beside itself.
fn beside(moment: Moment, over: TicketNo) -> Option<OverView> {
    let call = moment.call.clone();
    let (engine, now) = moment.rebuild();
    let seen = engine.compare(now, &call.window, call.ticket, over)?;
    Some(OverView {
        number: over,
        because: word(seen.passed).to_string(),
        score: seen.other.as_ref().map(|other| other.score),
        text: Said {
            zh: seen.sentence(),
            en: seen.sentence_en(),
        },
    })
}

fn word(passed: Passed) -> &'static str {
    match passed {
        Passed::NotIssued => "not-issued",
        Passed::NotWaiting(_) => "not-waiting",
        Passed::NotServedHere => "not-served-here",
        Passed::Resumed => "resumed",
        Passed::OrdinaryTurn => "ordinary-turn",
        Passed::SameKindLater => "same-kind-later",
        Passed::WinnerOverAge => "winner-over-age",
        Passed::TooEarly => "too-early",
        Passed::LowerScore => "lower-score",
        Passed::LaterPlace => "later-place",
        Passed::PickedByHand => "picked-by-hand",
    }
}

/// The sentences of a call, a pick said as such.
pub fn said(call: &Call) -> Said {
    said_of(&call.why, call.number, call.picked.as_deref())
}

/// The sentences of a why.
pub fn said_of(why: &Why, number: TicketNo, picked: Option<&str>) -> Said {
    let Some(reason) = picked else {
        return Said {
            zh: why.sentence(number),
            en: why.sentence_en(number),
        };
    };
    let policy = Policy::by_name(&why.policy).map(title).unwrap_or_default();
    let (zh, en) = match &why.runner_up {
        Some(other) => (
            format!("；按“{}”本应先叫 {}", policy.zh, other.number),
            format!("; by “{}” it should have been {}", policy.en, other.number),
        ),
        None => (String::new(), String::new()),
    };
    Said {
        zh: format!("{number} 由工作人员指定呼叫（{reason}）{zh}。"),
        en: format!("{number} was picked by hand ({reason}){en}."),
    }
}

fn clock(ms: i64) -> String {
    provisioning_config::hall_file::clock(Millis(ms))
}

fn why_view(call: &Call) -> WhyView {
    let why = &call.why;
    WhyView {
        seq: call.seq,
        at: call.at,
        ticket: call.ticket,
        number: call.number,
        window: call.window.clone(),
        policy: why.policy.clone(),
        policy_title: Policy::by_name(&why.policy).map(title).unwrap_or_default(),
        score: why.score,
        class: why.class,
        due: clock(why.due_ms),
        runner_up: why.runner_up.as_ref().map(|other| RunnerUpView {
            number: other.number,
            class: other.class,
            score: other.score,
            due: clock(other.due_ms),
        }),
        picked: call.picked.clone(),
        text: said(call),
        over: None,
    }
}
