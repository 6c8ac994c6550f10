//! The makers of temporary cards as staff see them: the kiosks tell, staff orders, the kiosks do and tell again.
//!
//! A mailbox in memory. Who may act, the blank ledger and every check are the kiosk's; passwords pass through and are
//! kept nowhere. An order is given out once: what is lost on the way was not done, and the page says so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use ticket_dispatcher_protocol::{
    MakerAction, MakerDone, MakerItem, MakerNow, MakerOrder, MakerOrdered, MakerOrders, MakerView, MakersView,
    OrderMaker, Problem, ProblemKind, TellMaker,
};
use ticket_dispatcher_types::{DeviceId, UnixMillis};

use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::gate::{From, Line};
use crate::offline::kiosk;
use crate::problem::Failure;

/// A kiosk that has not told for so long is silent.
const SILENT_MS: i64 = 10_000;
/// Results that are kept for the page.
const DONE_KEPT: usize = 8;
/// Orders that wait at most; nobody gives more at once.
const ORDERS_MAX: usize = 8;

struct Desk {
    at: UnixMillis,
    now: MakerNow,
    orders: VecDeque<MakerOrder>,
    /// Given out and not answered.
    waiting: Vec<u64>,
    done: VecDeque<MakerDone>,
}

/// What the kiosks told and what staff orders.
#[derive(Default)]
pub struct Makers(Mutex<(u64, BTreeMap<DeviceId, Desk>)>);

impl Makers {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<DeviceId, Desk>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What staff orders, and of what is done that which was not told before.
    fn told(
        &self,
        kiosk: DeviceId,
        now: MakerNow,
        done: Vec<MakerDone>,
        at: UnixMillis,
    ) -> (Vec<MakerOrder>, Vec<MakerDone>) {
        let mut desks = self.lock();
        let desk = desks.1.entry(kiosk).or_insert_with(|| Desk {
            at,
            now: now.clone(),
            orders: VecDeque::new(),
            waiting: Vec::new(),
            done: VecDeque::new(),
        });
        (desk.at, desk.now) = (at, now);
        let mut fresh = Vec::new();
        for done in done {
            desk.waiting.retain(|id| *id != done.id);
            // Told again after a lost answer: once is enough.
            if desk.done.iter().all(|known| known.id != done.id) {
                fresh.push(done.clone());
                desk.done.push_front(done);
            }
        }
        desk.done.truncate(DONE_KEPT);
        (desk.orders.drain(..).collect(), fresh)
    }

    /// None where no such kiosk has told of a machine, or it has told nothing for long.
    fn order(&self, kiosk: &DeviceId, order: OrderMaker, at: UnixMillis) -> Option<u64> {
        let mut desks = self.lock();
        let id = desks.0 + 1;
        let desk = desks.1.get_mut(kiosk)?;
        if at.0 - desk.at.0 > SILENT_MS || desk.orders.len() >= ORDERS_MAX {
            return None;
        }
        desk.orders.push_back(MakerOrder { id, order });
        desk.waiting.push(id);
        desks.0 = id;
        Some(id)
    }

    fn view(&self, at: UnixMillis) -> MakersView {
        let desks = self.lock();
        let makers = desks.1.iter().map(|(kiosk, desk)| MakerView {
            kiosk: kiosk.clone(),
            at: desk.at,
            silent: at.0 - desk.at.0 > SILENT_MS,
            now: desk.now.clone(),
            waiting: desk.waiting.clone(),
            done: desk.done.iter().cloned().collect(),
        });
        MakersView {
            makers: makers.collect(),
        }
    }
}

/// A kiosk tells how its machine is and gets what staff orders.
#[utoipa::path(post, path = "/api/v1/makers", tag = "maker", request_body = TellMaker,
    responses((status = 200, description = "What staff orders", body = MakerOrders),
        (status = 403, body = Problem)))]
pub async fn tell(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<MakerOrders>, Failure> {
    caller.must_be(&[Role::Kiosk])?;
    let told: TellMaker = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let kiosk = kiosk(&caller, told.device)?;
    let (orders, done) = app
        .makers
        .told(kiosk.clone(), told.now, told.done, app.clock.stamp().at);
    for done in done {
        let line = Line::new(from, &caller, "maker.done", kiosk.to_string()).now(done.id.to_string());
        let line = if done.ok { line } else { line.refused("") };
        app.gate.log(line).await?;
    }
    Ok(Json(MakerOrders { orders }))
}

/// All machines of the hall.
#[utoipa::path(get, path = "/api/v1/makers", tag = "maker",
    responses((status = 200, body = MakersView), (status = 403, body = Problem)))]
pub async fn look(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<MakersView>, Failure> {
    caller.must_be(&[Role::Manager, Role::Admin])?;
    Ok(Json(app.makers.view(app.clock.stamp().at)))
}

/// The order in a word, for the audit log; blanks, films and bins are what an auditor counts.
fn word(action: &MakerAction) -> &'static str {
    match action {
        MakerAction::Load {
            item: MakerItem::Film, ..
        } => "maker.load-film",
        MakerAction::Load {
            item: MakerItem::Blanks,
            ..
        } => "maker.load-blanks",
        MakerAction::Load {
            item: MakerItem::Medium,
            ..
        } => "maker.load-medium",
        MakerAction::EmptyBin { .. } => "maker.empty-bin",
        MakerAction::ClearFault => "maker.clear-fault",
        MakerAction::SelfTest => "maker.self-test",
        MakerAction::Home => "maker.home",
        MakerAction::ResolveDoubt { .. } => "maker.resolve-doubt",
        MakerAction::CloseDay { .. } => "maker.close-day",
        MakerAction::Explain { .. } => "maker.explain",
    }
}

/// Who says that they act, by staff number. The kiosk checks it; what it found comes back with what was done.
fn people(asked: &OrderMaker) -> String {
    let numbers = asked.staff.iter().map(|one| one.no.to_string());
    numbers.collect::<Vec<_>>().join(" ")
}

/// Staff orders something of a machine. The kiosk checks who acts; what came of it is told with the machine.
#[utoipa::path(post, path = "/api/v1/makers/{kiosk}/orders", tag = "maker", request_body = OrderMaker,
    params(("kiosk" = String, Path, description = "The kiosk")),
    responses((status = 202, description = "On its way", body = MakerOrdered),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn order(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Path(at): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Result<(axum::http::StatusCode, Json<MakerOrdered>), Failure> {
    caller.must_be(&[Role::Manager, Role::Admin])?;
    let asked: OrderMaker = body::parse(&headers, &body::read(&headers, sent).await?)?;
    if !(1..=2).contains(&asked.staff.len()) {
        return Err(Failure::new(ProblemKind::Unprocessable, "One person acts, or two."));
    }
    let kiosk = DeviceId::new(at.as_str()).map_err(|_| Failure::not_found("kiosk"))?;
    let (what, who) = (word(&asked.action), people(&asked));
    let id = app.makers.order(&kiosk, asked, app.clock.stamp().at);
    let id = id.ok_or_else(|| Failure::not_found("kiosk with a maker that answers"))?;
    let line = Line::new(from, &caller, what, kiosk.to_string());
    app.gate.log(line.now(id.to_string()).because(who)).await?;
    Ok((axum::http::StatusCode::ACCEPTED, Json(MakerOrdered { id })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ticket_dispatcher_protocol::{MakerBin, MakerSupply};

    fn now() -> MakerNow {
        let supply = MakerSupply {
            left: 1,
            room: 1,
            low: false,
        };
        MakerNow {
            serial: "S".into(),
            mode: "idle".into(),
            ready: true,
            fault: None,
            difference: None,
            heat_c: 90,
            job: None,
            step: None,
            film: supply.clone(),
            blanks: supply.clone(),
            medium: supply,
            reject_bin: MakerBin::Room,
            retract_bin: MakerBin::Room,
            doubts: Vec::new(),
            recent: Vec::new(),
            chain_holds: true,
        }
    }

    fn self_test() -> OrderMaker {
        OrderMaker {
            staff: Vec::new(),
            action: MakerAction::SelfTest,
        }
    }

    #[test]
    fn an_order_is_given_out_once_and_its_answer_is_kept_once() {
        let makers = Makers::default();
        let kiosk = DeviceId::new("K01").expect("an id");
        assert_eq!(
            makers.order(&kiosk, self_test(), UnixMillis(0)),
            None,
            "it has not told yet"
        );
        assert!(makers.told(kiosk.clone(), now(), vec![], UnixMillis(0)).0.is_empty());
        let id = makers.order(&kiosk, self_test(), UnixMillis(1_000)).expect("ordered");
        let given = makers.told(kiosk.clone(), now(), vec![], UnixMillis(2_000)).0;
        assert_eq!(given.iter().map(|order| order.id).collect::<Vec<_>>(), [id]);
        assert!(
            makers
                .told(kiosk.clone(), now(), vec![], UnixMillis(3_000))
                .0
                .is_empty()
        );
        assert_eq!(makers.view(UnixMillis(3_000)).makers[0].waiting, [id]);
        let done = MakerDone {
            id,
            ok: true,
            said: "自检通过".into(),
        };
        let first = makers
            .told(kiosk.clone(), now(), vec![done.clone()], UnixMillis(4_000))
            .1;
        let again = makers.told(kiosk, now(), vec![done.clone()], UnixMillis(5_000)).1;
        assert_eq!((first.len(), again.len()), (1, 0), "written down once");
        let view = makers.view(UnixMillis(5_000));
        assert_eq!((view.makers[0].waiting.len(), &view.makers[0].done), (0, &vec![done]));
    }

    #[test]
    fn a_silent_kiosk_takes_no_order() {
        let makers = Makers::default();
        let kiosk = DeviceId::new("K01").expect("an id");
        makers.told(kiosk.clone(), now(), vec![], UnixMillis(0));
        assert_eq!(makers.order(&kiosk, self_test(), UnixMillis(SILENT_MS + 1)), None);
        assert!(makers.view(UnixMillis(SILENT_MS + 1)).makers[0].silent);
    }
}
