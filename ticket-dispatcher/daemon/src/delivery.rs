//! Proof of delivery: whether each call was shown on some board in time.
//!
//! A board says what it has painted (`POST /api/v1/shown`). A call that no board has shown after two seconds is written
//! into the journal, and from there reaches whoever looks at the hall; so is a board that shows it after all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ticket_dispatcher_ledger::{Delivery, Ledger};
use ticket_dispatcher_protocol::{Problem, ProblemKind, SHOWN_MAX, Shown};

use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::problem::Failure;
use crate::view::View;

/// A call that no board has shown by then is an alert.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);
/// Boards come back after a restart of the dispatcher within this time, and then say what they show.
const AFTER_RESTART: Duration = Duration::from_secs(5);
/// How often the calls are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// What was handed to the ledger and did not come back is handed over again after this time.
const AGAIN: Duration = Duration::from_secs(5);
/// Calls that are watched; a hall has some at a time. Beyond it the oldest is forgotten.
const WATCHED_MAX: usize = 4096;

/// Calls whose showing is not settled.
#[derive(Default)]
pub struct Watch {
    open: Mutex<BTreeMap<u64, Call>>,
}

struct Call {
    /// When it is due to be on a board.
    due: Instant,
    /// Called at; none after a restart, when nobody measured.
    called: Option<Instant>,
    shown: bool,
    /// The journal says that no board showed it.
    noted: bool,
    /// When it was handed to the ledger.
    handed: Option<Instant>,
}

impl Watch {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Call>> {
        self.open.lock().expect("no panic under this lock")
    }

    /// A call is on disk and on its way to the boards.
    pub fn called(&self, seq: u64, now: Instant) {
        self.add(seq, now + SHOWN_WITHIN, Some(now), false);
    }

    /// A call that stands since before a restart; `noted` if the journal has it as not shown.
    pub fn resumed(&self, seq: u64, noted: bool, now: Instant) {
        self.add(seq, now + AFTER_RESTART, None, noted);
    }

    fn add(&self, seq: u64, due: Instant, called: Option<Instant>, noted: bool) {
        let mut open = self.open();
        while open.len() >= WATCHED_MAX {
            open.pop_first();
        }
        let (shown, handed) = (false, None);
        open.insert(
            seq,
            Call {
                due,
                called,
                shown,
                noted,
                handed,
            },
        );
    }

    /// A board shows these. Gives how long each that was not shown before has taken.
    fn shown(&self, calls: &[u64], now: Instant) -> Vec<Duration> {
        let mut open = self.open();
        let mut took = Vec::new();
        for seq in calls {
            let Some(call) = open.get_mut(seq).filter(|call| !call.shown) else {
                continue;
            };
            took.extend(call.called.map(|called| now.saturating_duration_since(called)));
            if call.noted || call.handed.is_some() {
                call.shown = true;
            } else {
                open.remove(seq);
            }
        }
        took
    }

    /// What the ledger should hear now.
    fn look(&self, now: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        for (seq, call) in self.open().iter_mut() {
            if call.handed.is_some_and(|at| now.saturating_duration_since(at) < AGAIN) {
                continue;
            }
            match (call.shown, call.noted) {
                (false, false) if now >= call.due => delivery.unshown.push(*seq),
                (true, true) => delivery.late.push(*seq),
                _ => continue,
            }
            call.handed = Some(now);
        }
        delivery
    }

    /// The journal has it.
    pub fn noted(&self, delivery: &Delivery) {
        let mut open = self.open();
        for seq in &delivery.unshown {
            if let Some(call) = open.get_mut(seq) {
                (call.noted, call.handed) = (true, None);
            }
        }
        for seq in &delivery.late {
            open.remove(seq);
        }
    }

    /// A new day has calls of its own.
    pub fn forget(&self) {
        self.open().clear();
    }
}

/// Looks at the calls for as long as the dispatcher runs.
pub async fn watch(view: Arc<View>, ledger: Ledger) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let delivery = view.watch.look(Instant::now());
        if !delivery.is_empty() {
            if !delivery.unshown.is_empty() {
                tracing::warn!(calls = ?delivery.unshown, "no board has shown these calls");
            }
            metrics::counter!("calls_unshown_total").increment(delivery.unshown.len() as u64);
            ledger.note(delivery);
        }
    }
}

/// A board says which calls it shows. It may say so again and again, and of calls that are long settled.
#[utoipa::path(post, path = "/api/v1/shown", tag = "hall", request_body = Shown,
    responses((status = 204, description = "Noted"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn shown(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<StatusCode, Failure> {
    caller.must_be(&[Role::Board, Role::Manager])?;
    let bytes = body::read(&headers, sent).await?;
    let shown: Shown = body::parse(&headers, &bytes)?;
    if shown.calls.len() > SHOWN_MAX {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            format!("At most {SHOWN_MAX} calls at a time."),
        ));
    }
    for took in app.view.watch.shown(&shown.calls, Instant::now()) {
        metrics::histogram!("call_shown_seconds").record(took);
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    fn unshown(calls: &[u64]) -> Delivery {
        let late = Vec::new();
        Delivery {
            unshown: calls.to_vec(),
            late,
        }
    }

    #[test]
    fn a_call_that_no_board_shows_is_told_once_and_one_that_is_shown_never() {
        let (watch, start) = (Watch::default(), Instant::now());
        watch.called(7, start);
        watch.called(8, at(start, 100));
        assert_eq!(watch.shown(&[8, 99], at(start, 150)), [Duration::from_millis(50)]);
        assert!(watch.shown(&[8], at(start, 160)).is_empty(), "the first board counts");
        assert!(watch.look(at(start, 1_999)).is_empty());
        assert_eq!(watch.look(at(start, 2_000)), unshown(&[7]));
        assert!(watch.look(at(start, 2_250)).is_empty(), "on its way to the journal");
        watch.noted(&unshown(&[7]));
        assert!(watch.look(at(start, 60_000)).is_empty());
    }

    #[test]
    fn a_board_that_shows_a_call_after_all_is_told_once() {
        let (watch, start) = (Watch::default(), Instant::now());
        watch.called(7, start);
        let told = watch.look(at(start, 2_000));
        watch.shown(&[7], at(start, 2_100));
        watch.noted(&told);
        let late = Delivery {
            unshown: Vec::new(),
            late: vec![7],
        };
        assert_eq!(watch.look(at(start, 2_250)), late);
        watch.noted(&late);
        assert!(watch.look(at(start, 60_000)).is_empty());
        assert!(watch.open().is_empty());
    }

    #[test]
    fn what_the_ledger_could_not_take_is_said_again() {
        let (watch, start) = (Watch::default(), Instant::now());
        watch.called(7, start);
        assert_eq!(watch.look(at(start, 2_000)), unshown(&[7]));
        assert_eq!(watch.look(at(start, 7_000)), unshown(&[7]));
    }

    #[test]
    fn boards_have_time_to_come_back_after_a_restart() {
        let (watch, start) = (Watch::default(), Instant::now());
        watch.resumed(7, false, start);
        watch.resumed(8, true, start);
        assert!(watch.look(at(start, 4_900)).is_empty());
        assert_eq!(watch.look(at(start, 5_000)), unshown(&[7]));
        watch.shown(&[8], at(start, 5_100));
        assert_eq!(watch.look(at(start, 5_250)).late, [8]);
    }
}
