//! Calls for staff from the kiosks. They live in memory and for ten minutes: who pressed a button stands there now, and
//! a call that nobody came to is better made again than shown for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use ticket_dispatcher_protocol::{CLOCK_HEADER, CallStaff, Problem, Said, StaffCallReason, StaffCalled};
use ticket_dispatcher_types::{DeviceId, UnixMillis};

use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::gate::{From, Line};
use crate::offline::{KIOSK, kiosk};
use crate::problem::Failure;

/// A call is shown for so long.
const SHOWN_MS: i64 = 10 * 60 * 1000;

/// A kiosk's clock further off than this is told of (hall rules 8.3).
const CLOCK_OFF_MS: i64 = 5 * 60 * 1000;

/// What the kiosks have called for: the last time of each reason; and by how much their clocks are off.
#[derive(Default)]
pub struct StaffCalls {
    calls: Mutex<BTreeMap<(DeviceId, StaffCallReason), UnixMillis>>,
    clocks: Mutex<BTreeMap<DeviceId, i64>>,
}

impl StaffCalls {
    fn call(&self, kiosk: DeviceId, reason: StaffCallReason, now: UnixMillis) -> usize {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // A changed roll calls nobody.
        if reason != StaffCallReason::PaperRefilled {
            calls.insert((kiosk, reason), now);
        }
        calls.retain(|_, at| now.0 - at.0 < SHOWN_MS);
        calls.len()
    }

    /// One sentence for each call that is not old, the newest first.
    pub fn sentences(&self, now: UnixMillis) -> Vec<Said> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: Vec<_> = calls.iter().filter(|(_, at)| now.0 - at.0 < SHOWN_MS).collect();
        fresh.sort_by_key(|(_, at)| std::cmp::Reverse(**at));
        let calls = fresh
            .into_iter()
            .map(|((kiosk, reason), at)| said(kiosk, *reason, now.0 - at.0));
        let clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        let off = clocks.iter().map(|(kiosk, off_ms)| clock_said(kiosk, *off_ms));
        off.chain(calls).collect()
    }

    /// What a kiosk's clock says against ours. True the first time that it is found off, and again once it was right.
    fn clock(&self, kiosk: &DeviceId, off_ms: i64) -> bool {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if off_ms.abs() <= CLOCK_OFF_MS {
            clocks.remove(kiosk);
            return false;
        }
        clocks.insert(kiosk.clone(), off_ms).is_none()
    }
}

/// The clock that a kiosk tells with its question. One that is more than five minutes off is told to the manager as
/// long as it is, and to the auditor once: it dates what the kiosk writes down alone, and certificates hold by it.
pub async fn hear_clock(app: &App, from: From, caller: &Caller, headers: &HeaderMap) {
    let told = headers.get(CLOCK_HEADER).and_then(|value| value.to_str().ok());
    let (Some(told), Caller::Device(Role::Kiosk, id)) = (told.and_then(|text| text.parse::<i64>().ok()), caller) else {
        return;
    };
    let Ok(kiosk) = DeviceId::new(id.as_str()) else { return };
    let off_ms = told.saturating_sub(app.clock.stamp().at.0);
    if app.staff_calls.clock(&kiosk, off_ms) {
        tracing::warn!(%kiosk, off_s = off_ms / 1000, "the clock of a kiosk is off");
        let line = Line::new(from, caller, "clock.off", kiosk.to_string());
        // The catalogue is answered whether or not this can be written down: the log has said why it cannot.
        let _ = app.gate.log(line.now(format!("{} s", off_ms / 1000))).await;
    }
}

fn clock_said(kiosk: &DeviceId, off_ms: i64) -> Said {
    let minutes = off_ms.unsigned_abs() / 60_000;
    let (zh, en) = if off_ms > 0 { ("快", "fast") } else { ("慢", "slow") };
    Said {
        zh: format!("自助机 {kiosk}：时钟{zh}了 {minutes} 分钟，请校准"),
        en: format!("kiosk {kiosk}: its clock is {minutes} min {en}; set it"),
    }
}

fn said(kiosk: &DeviceId, reason: StaffCallReason, ago_ms: i64) -> Said {
    let (zh, en) = match reason {
        StaffCallReason::Asked => ("有人呼叫工作人员", "somebody calls for staff"),
        StaffCallReason::Priority => ("有人需要优先服务，请来看看", "somebody asks for priority"),
        StaffCallReason::CardLeft => ("读卡区有遗留的证件", "a card was left on the reader"),
        StaffCallReason::Printer => ("打印机需要处理", "the printer needs somebody"),
        StaffCallReason::Maker => ("临时身份证机需要处理", "the maker of temporary cards needs somebody"),
        StaffCallReason::CaseOpened => ("机箱被打开，请去查看", "its case was opened, go and see"),
        StaffCallReason::PaperRefilled => ("已换纸", "its roll was changed"),
    };
    let minutes = ago_ms / 60_000;
    let (when_zh, when_en) = match minutes {
        0 => ("刚刚".to_string(), "just now".to_string()),
        n => (format!("{n} 分钟前"), format!("{n} min ago")),
    };
    Said {
        zh: format!("自助机 {kiosk}：{zh}（{when_zh}）"),
        en: format!("kiosk {kiosk}: {en} ({when_en})"),
    }
}

fn said_in_a_word(reason: StaffCallReason) -> &'static str {
    match reason {
        StaffCallReason::Asked => "asked",
        StaffCallReason::Printer => "printer",
        StaffCallReason::Maker => "maker",
        StaffCallReason::Priority
        | StaffCallReason::CardLeft
        | StaffCallReason::CaseOpened
        | StaffCallReason::PaperRefilled => "",
    }
}

/// Calls staff to a kiosk.
#[utoipa::path(post, path = "/api/v1/staff-calls", tag = "kiosk alone", request_body = CallStaff,
    responses((status = 200, description = "On the manager's page", body = StaffCalled),
        (status = 403, body = Problem)))]
pub async fn call(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<StaffCalled>, Failure> {
    caller.must_be(KIOSK)?;
    let asked: CallStaff = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let kiosk = kiosk(&caller, asked.device)?;
    let action = match asked.reason {
        StaffCallReason::CardLeft => "card.left",
        StaffCallReason::CaseOpened => "case.open",
        StaffCallReason::PaperRefilled => "paper.refill",
        StaffCallReason::Priority => "priority.ask",
        StaffCallReason::Asked | StaffCallReason::Printer | StaffCallReason::Maker => "staff.call",
    };
    let what = said_in_a_word(asked.reason);
    app.gate
        .log(Line::new(from, &caller, action, kiosk.to_string()).now(what))
        .await?;
    let open = app.staff_calls.call(kiosk, asked.reason, app.clock.stamp().at);
    let open = u32::try_from(open).unwrap_or(u32::MAX);
    Ok(Json(StaffCalled { open }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_until_it_is_ten_minutes_old_and_once_however_often_it_is_made() {
        let calls = StaffCalls::default();
        let kiosk = |n: &str| DeviceId::new(n).expect("an id");
        assert_eq!(calls.call(kiosk("K01"), StaffCallReason::Asked, UnixMillis(0)), 1);
        assert_eq!(calls.call(kiosk("K01"), StaffCallReason::Asked, UnixMillis(1_000)), 1);
        calls.call(kiosk("K02"), StaffCallReason::CardLeft, UnixMillis(400_000));
        let told: Vec<String> = calls
            .sentences(UnixMillis(410_000))
            .into_iter()
            .map(|said| said.zh)
            .collect();
        assert_eq!(
            told,
            [
                "自助机 K02：读卡区有遗留的证件（刚刚）",
                "自助机 K01：有人呼叫工作人员（6 分钟前）"
            ]
        );
        assert_eq!(calls.sentences(UnixMillis(601_000)).len(), 1, "the first is old");
    }
}
