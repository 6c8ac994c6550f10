//! The manager's picture: the live hall, the queues, why each number was called, and what needs somebody now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ticket_dispatcher_protocol as wire;
use ticket_dispatcher_protocol::{
    Alert, AlertKind, CallNote, CallView, Entry, EntryKind, GroupNow, ManagerView, ProblemKind, Said,
};
use ticket_dispatcher_queue_core::{Engine, Ticket};
use ticket_dispatcher_types::{ClerkId, GroupId, Millis, TicketState, WindowId, WindowState};

use crate::app::App;
use crate::caller::{Caller, Role};
use crate::forecasts::{self, Made};
use crate::hall::{Hall, local};
use crate::outlook::clear_of;
use crate::policy::{policy_view, secs, waiting_ticket};
use crate::problem::Failure;
use crate::record::{Call, Done, Step};
use crate::refresh::{self, Waits};
use crate::why::said;

/// Calls and entries shown.
const LINES_MAX: usize = 30;
/// Who waits longest, shown.
const LONGEST_MAX: usize = 10;
/// From here on an ordinary ticket is not overtaken any more, so a manager should know.
const LONG_WAIT: Millis = Millis::from_mins(60);
/// Three calls take a minute each at most; who is called longer than this was forgotten.
const CALLED_LONG: Millis = Millis::from_mins(5);

/// Everything that the manager's page shows.
#[utoipa::path(get, path = "/api/v1/manager", tag = "manager", responses((status = 200, body = ManagerView)))]
pub async fn manager(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ManagerView>, Failure> {
    caller.must_be(&[Role::Manager, Role::Policy])?;
    // The very ranges that kiosks and phones tell.
    let (told, waits) = (forecasts::catalogue(&app).await?, refresh::waits(&app, None).await?);
    let stamp = app.clock.stamp();
    let trouble = app.view.trouble();
    let (engine, mut view, unshown) = {
        let picture = app.view.read();
        let lines = |n: usize| n.min(LINES_MAX);
        let record = &picture.record;
        let (calls, entries) = (record.calls.iter().rev(), record.entries.iter().rev());
        let view = ManagerView {
            seq: picture.seq,
            as_of: stamp.at,
            hall: app.hall.info.name.clone(),
            policy: policy_view(&picture),
            windows: Vec::new(),
            groups: Vec::new(),
            longest: Vec::new(),
            clear: clear_of(&picture.engine, stamp.now, None, 0),
            calls: calls.take(lines(record.calls.len())).map(call_note).collect(),
            entries: entries.take(lines(record.entries.len())).map(entry).collect(),
            alerts: Vec::new(),
        };
        (picture.engine.clone(), view, picture.unshown.list())
    };
    let called = app.staff_calls.sentences(stamp.at);
    let hall = Arc::clone(&app.hall);
    // The end of the queue takes milliseconds: on a copy, off the lock and off the reactor.
    let made = tokio::task::spawn_blocking(move || {
        view.windows = windows(&hall, &engine, stamp.now);
        view.groups = groups(&hall, &engine, stamp.now, &told);
        view.longest = longest(&engine, stamp.now, &waits);
        view.clear = clear_of(&engine, stamp.now, engine.queue_gone(stamp.now), 0);
        // Calls and people at kiosks cannot wait; what grows slowly comes behind them.
        view.alerts = unshown.iter().map(|call| not_shown(&hall, call)).collect();
        view.alerts.extend(called.into_iter().map(|text| Alert {
            kind: AlertKind::StaffCalled,
            text,
        }));
        let others = alerts(&hall, &engine, stamp.now, &view, trouble);
        view.alerts.extend(others);
        view
    });
    made.await
        .map(Json)
        .map_err(|_| Failure::new(ProblemKind::Internal, "No forecast."))
}

fn windows(hall: &Hall, engine: &Engine, now: Millis) -> Vec<wire::WindowNow> {
    let all = hall.file.windows.iter();
    let known = all.filter_map(|file| engine.window(&file.id).map(|here| (file, here)));
    let each = known.map(|(file, here)| {
        let current = here.current.and_then(|id| engine.ticket(id));
        let since = match current {
            Some(ticket) => ticket.started.or(ticket.called).unwrap_or(here.since),
            None if here.state == WindowState::Open => here.idle_since,
            None => here.since,
        };
        let served = engine
            .tickets()
            .filter(|t| t.state == TicketState::Finished && t.window.as_ref() == Some(&file.id));
        wire::WindowNow {
            id: file.id.clone(),
            name: local(&file.name),
            kind: file.kind,
            state: here.state,
            clerk: here.clerk.clone(),
            number: current.map(|t| t.number),
            serving: current.is_some_and(|t| t.state == TicketState::Serving),
            for_s: secs(now.0 - since.0),
            waiting: file.groups.iter().map(|g| engine.waiting_in(g)).sum(),
            served: u32::try_from(served.count()).unwrap_or(u32::MAX),
            may_pick: hall.may_pick(&file.id, here.clerk.as_ref()),
        }
    });
    each.collect()
}

fn windows_open(hall: &Hall, engine: &Engine, group: &GroupId) -> u32 {
    let open = hall
        .file
        .windows_of(group)
        .filter(|w| engine.window(&w.id).is_some_and(|now| now.state == WindowState::Open));
    u32::try_from(open.count()).unwrap_or(u32::MAX)
}

fn groups(hall: &Hall, engine: &Engine, now: Millis, told: &Made) -> Vec<GroupNow> {
    let each = hall.file.groups.iter().map(|group| {
        let waits = engine
            .waiting()
            .filter(|t| t.group == group.id)
            .map(|t| (now.0 - t.base().0).max(0));
        let (count, sum, most) = waits.fold((0_i64, 0, 0), |(n, sum, most), wait| {
            (n + 1, sum + wait, most.max(wait))
        });
        GroupNow {
            id: group.id.clone(),
            name: local(&group.name),
            waiting: u32::try_from(count).unwrap_or(u32::MAX),
            windows_open: windows_open(hall, engine, &group.id),
            waited_mean_s: secs(sum / count.max(1)),
            waited_max_s: secs(most),
            wait: told.of_group(&group.id),
        }
    });
    each.collect()
}

fn longest(engine: &Engine, now: Millis, waits: &Waits) -> Vec<wire::WaitingTicket> {
    let mut all: Vec<&Ticket> = engine.waiting().collect();
    all.sort_by_key(|t| (t.base(), t.number));
    let each = all.into_iter().take(LONGEST_MAX).map(|ticket| wire::WaitingTicket {
        wait: waits.of(ticket),
        ..waiting_ticket(ticket, now)
    });
    each.collect()
}

fn call_note(call: &Call) -> CallNote {
    CallNote {
        seq: call.seq,
        at: call.at,
        number: call.number,
        window: call.window.clone(),
        waited_s: secs(call.waited.0),
        picked: call.picked.clone(),
        text: said(call),
    }
}

/// A step past the policy on the wire.
pub fn entry(step: &Step) -> Entry {
    let someone = |clerk: &Option<ClerkId>, window: &WindowId| {
        clerk.as_ref().map_or_else(|| window.to_string(), ToString::to_string)
    };
    let (kind, by, window, number, text) = match &step.what {
        Done::Policy { from, to, by } => (
            EntryKind::Policy,
            by.clone(),
            None,
            None,
            Said {
                zh: format!("叫号规则由“{}”改为“{}”", from.title(), to.title()),
                en: format!("policy switched from “{}” to “{}”", from.title_en(), to.title_en()),
            },
        ),
        Done::Pick { window, clerk, number } => (
            EntryKind::Pick,
            someone(clerk, window),
            Some(window.clone()),
            Some(*number),
            Said {
                zh: format!("{window} 指定呼叫 {number}"),
                en: format!("{window} picked {number}"),
            },
        ),
        Done::Peek { window, clerk } => (
            EntryKind::Peek,
            someone(clerk, window),
            Some(window.clone()),
            None,
            Said {
                zh: format!("{window} 查看了等候名单"),
                en: format!("{window} looked at the list of those who wait"),
            },
        ),
    };
    Entry {
        seq: step.seq,
        at: step.at,
        kind,
        by,
        window,
        number,
        reason: step.reason.clone(),
        text,
    }
}

/// A call that a person in the hall can only have heard, if that.
fn not_shown(hall: &Hall, call: &CallView) -> Alert {
    let (number, name) = (call.number, hall.window_sign(&call.window));
    Alert {
        kind: AlertKind::NotShown,
        text: Said {
            zh: format!(
                "没有叫号屏显示“请 {number} 到{}”，请当面叫一声，并查看叫号屏",
                name.zh_hans
            ),
            en: format!(
                "no board shows that {number} is called to {}: call out and look at the boards",
                call.window
            ),
        },
    }
}

fn alerts(hall: &Hall, engine: &Engine, now: Millis, view: &ManagerView, trouble: Option<String>) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let mut say = |kind, zh: String, en: String| {
        alerts.push(Alert {
            kind,
            text: Said { zh, en },
        });
    };
    if let Some(trouble) = trouble {
        let zh = "叫号系统暂时不能记录，请联系管理员".to_string();
        say(
            AlertKind::Trouble,
            zh,
            format!("the journal cannot be written: {trouble}"),
        );
    }
    for group in view.groups.iter().filter(|g| g.waiting > 0 && g.windows_open == 0) {
        let zh = format!("“{}”有 {} 人在等，没有窗口开放", group.name.zh_hans, group.waiting);
        let en = format!("{}: {} waiting and no window open", group.name.en, group.waiting);
        say(AlertKind::NoWindow, zh, en);
    }
    let long = engine.waiting().filter(|t| now.0 - t.base().0 > LONG_WAIT.0).count();
    if let (true, Some(first)) = (long > 0, view.longest.first()) {
        let minutes = first.waited_s / 60;
        let zh = format!("{long} 人等候超过 60 分钟，最久的是 {}（{minutes} 分钟）", first.number);
        let en = format!(
            "{long} waiting for more than 60 min, {} the longest ({minutes} min)",
            first.number
        );
        say(AlertKind::LongWait, zh, en);
    }
    for window in engine.windows() {
        let ticket = window.current.and_then(|id| engine.ticket(id));
        let Some(ticket) = ticket.filter(|t| t.state == TicketState::Called) else {
            continue;
        };
        let minutes = (now.0 - ticket.called.unwrap_or(now).0) / 60_000;
        if minutes >= CALLED_LONG.0 / 60_000 {
            let name = hall.window_sign(&window.id).zh_hans;
            let zh = format!("{name}叫了 {} 已 {minutes} 分钟，还没有开始办理", ticket.number);
            let en = format!(
                "{} called {} {minutes} min ago and has not begun",
                window.id, ticket.number
            );
            say(AlertKind::CalledLong, zh, en);
        }
    }
    if !view.clear.today {
        say(
            AlertKind::PastClosing,
            view.clear.text.zh.clone(),
            view.clear.text.en.clone(),
        );
    }
    alerts
}
