//! When the queue will be gone, and when it would be if windows opened or closed now.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use provisioning_config::hall_file::clock;
use ticket_dispatcher_protocol::{Clear, Problem, ProblemKind, Said, WhatIf, WhatIfAnswer};
use ticket_dispatcher_queue_core::{Engine, QueueOutlook};
use ticket_dispatcher_types::{Millis, WindowId, WindowState};

use crate::app::App;
use crate::body;
use crate::caller::Caller;
use crate::policy::secs;
use crate::problem::Failure;
use crate::wait::as_told;
use crate::windows::STAFF;

/// When the queue will be gone.
#[utoipa::path(get, path = "/api/v1/forecast/clear", tag = "manager", responses((status = 200, body = Clear)))]
pub async fn clear(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Clear>, Failure> {
    caller.must_be(STAFF)?;
    let engine = app.view.read().engine.clone();
    let now = app.clock.stamp().now;
    off_the_reactor(move || clear_of(&engine, now, engine.queue_gone(now), 0))
        .await
        .map(Json)
}

/// What would be if these windows opened and those closed now. Changes nothing.
#[utoipa::path(post, path = "/api/v1/whatif", tag = "manager", request_body = WhatIf,
    responses((status = 200, body = WhatIfAnswer), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn what_if(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WhatIfAnswer>, Failure> {
    caller.must_be(STAFF)?;
    let bytes = body::read(&headers, body).await?;
    let asked: WhatIf = body::parse(&headers, &bytes)?;
    if asked.open.is_empty() && asked.close.is_empty() {
        let what = "Name a window to open or to close.";
        return Err(Failure::new(ProblemKind::Unprocessable, what));
    }
    let mut all = asked.open.iter().chain(&asked.close);
    if let Some(window) = all.find(|window| app.hall.window(window).is_none()) {
        return Err(Failure::not_found(&format!("window {window}")));
    }
    let mut named: Vec<&WindowId> = asked.open.iter().chain(&asked.close).collect();
    named.sort();
    if let Some(twice) = named.windows(2).find(|two| two[0] == two[1]) {
        let what = format!(
            "Window {} is named twice; each window can be opened or closed once.",
            twice[0]
        );
        return Err(Failure::new(ProblemKind::Unprocessable, what));
    }
    let engine = app.view.read().engine.clone();
    let now = app.clock.stamp().now;
    off_the_reactor(move || answer(&engine, now, &asked)).await.map(Json)
}

async fn off_the_reactor<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failure::new(ProblemKind::Internal, "No forecast."))
}

fn answer(engine: &Engine, now: Millis, asked: &WhatIf) -> WhatIfAnswer {
    let is_open = |id: &WindowId| engine.window(id).is_some_and(|w| w.state == WindowState::Open);
    let count = |n: usize| i64::try_from(n).unwrap_or(0);
    let opens = asked.open.iter().filter(|id| !is_open(id) && !asked.close.contains(id));
    let more = count(opens.count()) - count(asked.close.iter().filter(|id| is_open(id)).count());
    let (before, after) = engine.what_if(now, &asked.open, &asked.close).unzip();
    let before = clear_of(engine, now, before, 0);
    let after = clear_of(engine, now, after, more);
    WhatIfAnswer {
        text: compared(&before, &after, asked),
        now: before,
        then: after,
    }
}

fn names(windows: &[WindowId]) -> String {
    windows.iter().map(WindowId::as_str).collect::<Vec<_>>().join("、")
}

fn compared(before: &Clear, after: &Clear, asked: &WhatIf) -> Said {
    let mut doing = Vec::new();
    if !asked.open.is_empty() {
        doing.push((
            format!("现在开放{}", names(&asked.open)),
            format!("opening {}", names(&asked.open)),
        ));
    }
    if !asked.close.is_empty() {
        doing.push((
            format!("现在关闭{}", names(&asked.close)),
            format!("closing {}", names(&asked.close)),
        ));
    }
    let (zh, en): (Vec<_>, Vec<_>) = doing.into_iter().unzip();
    let (zh, en) = (zh.join("，"), en.join(" and ").replace('、', ", "));
    let none = (before.stranded, after.stranded);
    if before.waiting == 0 && none == (0, 0) {
        return Said {
            zh: format!("{zh}：现在没有人等候，没有变化。"),
            en: format!("With {en}: nobody waits, nothing changes."),
        };
    }
    let (mut parts_zh, mut parts_en) = (Vec::new(), Vec::new());
    if before.waiting > 0 {
        let minutes = |s: u32| (s + 30) / 60;
        let mean = (minutes(before.mean_wait_s), minutes(after.mean_wait_s));
        let (is, would) = (gone(before), gone(after));
        let waiting = before.waiting;
        parts_zh.push(format!(
            "在等的 {waiting} 人{}（不变则{}），平均还要等 {} 分钟（不变则 {} 分钟）",
            would.0, is.0, mean.1, mean.0
        ));
        parts_en.push(format!(
            "the {waiting} waiting {} (else {}), mean wait from now {} min (else {})",
            would.1, is.1, mean.1, mean.0
        ));
    }
    if none != (0, 0) {
        parts_zh.push(format!("没有窗口可办的 {} 人（不变则 {} 人）", none.1, none.0));
        parts_en.push(format!("{} with no window for them (else {})", none.1, none.0));
    }
    Said {
        zh: format!("{zh}：{}。", parts_zh.join("；")),
        en: format!("With {en}: {}.", parts_en.join("; ")),
    }
}

fn gone(clear: &Clear) -> (String, String) {
    match clear.today {
        true => (
            format!("大约 {} 叫完", clear.gone_at[1]),
            format!("gone at about {}", clear.gone_at[1]),
        ),
        false => ("到关门可能叫不完".to_string(), "likely not gone by closing".to_string()),
    }
}

/// On the wire; `more` windows are open than now.
pub fn clear_of(engine: &Engine, now: Millis, outlook: Option<QueueOutlook>, more: i64) -> Clear {
    let open = engine.windows().iter().filter(|w| w.state == WindowState::Open).count();
    let open = i64::try_from(open).unwrap_or(0) + more;
    let windows_open = u32::try_from(open.max(0)).unwrap_or(0);
    let at = |wait: Millis| clock(Millis((now.0 + wait.0).min(24 * 3_600_000)));
    let Some(outlook) = outlook else {
        return Clear {
            waiting: 0,
            stranded: 0,
            windows_open,
            gone: Default::default(),
            gone_at: [at(Millis::ZERO), at(Millis::ZERO), at(Millis::ZERO)],
            mean_wait_s: 0,
            today: true,
            text: Said {
                zh: "现在没有人等候。".to_string(),
                en: "Nobody waits.".to_string(),
            },
        };
    };
    let close = engine.config().rules.close;
    let today = now.0 + outlook.gone.p50.0 <= close.0.max(now.0);
    let gone_at = [at(outlook.gone.p10), at(outlook.gone.p50), at(outlook.gone.p90)];
    Clear {
        waiting: outlook.waiting,
        stranded: outlook.stranded,
        windows_open,
        gone: as_told(outlook.gone),
        mean_wait_s: secs(outlook.mean_wait.0),
        today,
        text: said(outlook, &gone_at, today, close),
        gone_at,
    }
}

fn said(outlook: QueueOutlook, at: &[String; 3], today: bool, close: Millis) -> Said {
    let (waiting, stranded, close) = (outlook.waiting, outlook.stranded, clock(close));
    if waiting == 0 {
        return Said {
            zh: format!("有 {stranded} 人在等，没有窗口可办。"),
            en: format!("{stranded} waiting, and no window for them."),
        };
    }
    let mut said = if today {
        Said {
            zh: format!(
                "在等的 {waiting} 人大约 {} 叫完（{} 到 {} 之间）。",
                at[1], at[0], at[2]
            ),
            en: format!(
                "The {waiting} waiting are all called at about {} (from {} to {}).",
                at[1], at[0], at[2]
            ),
        }
    } else {
        Said {
            zh: format!("在等的 {waiting} 人到 {close} 关门可能叫不完。"),
            en: format!("The {waiting} waiting will likely not all be called before closing at {close}."),
        }
    };
    if stranded > 0 {
        said.zh.push_str(&format!("另有 {stranded} 人没有窗口可办。"));
        said.en.push_str(&format!(" For {stranded} more there is no window."));
    }
    said
}
