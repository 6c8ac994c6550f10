//! How long everybody still waits, foreseen once for all who ask.
//!
//! Phones ask all day, and two hundred paths cost milliseconds for one ticket as for all. So the paths are played for
//! everybody who waits, on a copy of the engine, off its lock and off the reactor, at most once a second; every lookup,
//! right or wrong, reads the table that comes of it. A lookup must never play paths of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use ticket_dispatcher_protocol::{ProblemKind, WaitRange};
use ticket_dispatcher_queue_core::{Engine, Forecast, Ticket};
use ticket_dispatcher_types::{Millis, TicketId, TicketState};

use crate::app::App;
use crate::forecasts::{SHOWN_HOLDS, slice};
use crate::problem::Failure;
use crate::view::Picture;
use crate::wait::as_told;

/// A table of this age is good enough whatever happened since.
const YOUNG: Duration = Duration::from_secs(1);

/// The table that was made last.
#[derive(Default)]
pub struct Refresh {
    last: RwLock<Option<Arc<Waits>>>,
    /// Held by the one who makes it.
    making: tokio::sync::Mutex<()>,
}

/// The waits of all waiting tickets at one journal position and time.
pub struct Waits {
    seq: u64,
    slice: i64,
    at: Instant,
    ranges: BTreeMap<TicketId, Option<WaitRange>>,
}

impl Waits {
    /// Likely wait of a ticket from now on; none where nobody can say, nothing for one that does not wait.
    pub fn of(&self, ticket: &Ticket) -> Option<WaitRange> {
        if ticket.state != TicketState::Waiting {
            return Some(as_told(Forecast::default()));
        }
        // Who is not in it took a number within the last second and has just been told.
        let slip = || ticket.forecast.map(as_told);
        self.ranges.get(&ticket.id).copied().unwrap_or_else(slip)
    }

    fn answers(&self, picture: &Picture, now: Millis, asked: Option<TicketId>) -> bool {
        if self.seq == picture.seq && self.slice == slice(now) {
            return true;
        }
        let ticket = asked.and_then(|id| picture.engine.ticket(id));
        // Whose slip says nothing, because it was given out alone or before any window had opened, or something old,
        // because it came back.
        let slip_says = |t: &Ticket| t.state != TicketState::Waiting || t.called.is_none() && t.forecast.is_some();
        let has_it = ticket.is_none_or(|t| self.ranges.contains_key(&t.id) || slip_says(t));
        has_it && self.at.elapsed() < YOUNG
    }
}

/// The waits as of this moment. `asked`: the ticket that somebody looks up, if it is one.
pub async fn waits(app: &App, asked: Option<TicketId>) -> Result<Arc<Waits>, Failure> {
    if let Some(waits) = app.refresh.standing(app, asked) {
        return Ok(waits);
    }
    // One makes it, and who came meanwhile reads it.
    let _making = app.refresh.making.lock().await;
    match app.refresh.standing(app, asked) {
        Some(waits) => Ok(waits),
        None => make(app).await,
    }
}

impl Refresh {
    fn standing(&self, app: &App, asked: Option<TicketId>) -> Option<Arc<Waits>> {
        let last = self.last.read().expect("no panic under this lock").clone()?;
        let now = app.clock.stamp().now;
        last.answers(&app.view.read(), now, asked).then_some(last)
    }
}

async fn make(app: &App) -> Result<Arc<Waits>, Failure> {
    let now = app.clock.stamp().now;
    let (engine, seq, newest) = {
        let picture = app.view.read();
        (picture.engine.clone(), picture.seq, newest(&picture, now))
    };
    let made = tokio::task::spawn_blocking(move || {
        let mut ranges = foresee(&engine, now);
        ranges.extend(newest);
        Waits {
            seq,
            slice: slice(now),
            at: Instant::now(),
            ranges,
        }
    });
    let made = made.await;
    let made = Arc::new(made.map_err(|_| Failure::new(ProblemKind::Internal, "No forecast."))?);
    metrics::counter!("forecast_refreshes_total").increment(1);
    *app.refresh.last.write().expect("no panic under this lock") = Some(Arc::clone(&made));
    Ok(made)
}

/// The ticket whose issue is the last thing that happened, with what its slip says: the phone must not say another
/// range because a few seconds have gone by.
fn newest(picture: &Picture, now: Millis) -> Option<(TicketId, Option<WaitRange>)> {
    let ticket = picture.engine.tickets().last()?;
    let issue = picture.note(ticket.id)?.steps.first()?.0;
    let since = u128::try_from(now.0 - ticket.issued.0).unwrap_or(0);
    let holds = issue == picture.seq && since < SHOWN_HOLDS.as_millis();
    let told = as_told(ticket.forecast?);
    holds.then_some((ticket.id, Some(told)))
}

fn foresee(engine: &Engine, now: Millis) -> BTreeMap<TicketId, Option<WaitRange>> {
    let groups = engine.config().groups.iter().map(|group| &group.id);
    let said: Vec<_> = groups.filter(|group| engine.foreseeable(now, group)).collect();
    let can_say = |ticket: &Ticket| said.contains(&&ticket.group);
    let mut ranges: BTreeMap<_, _> = engine.waiting().map(|ticket| (ticket.id, None)).collect();
    // Where nobody can say, two hundred paths of a crowd would be played for nothing.
    if !engine.waiting().any(can_say) {
        return ranges;
    }
    for (id, forecast) in engine.forecast_all(now) {
        if engine.ticket(id).is_some_and(can_say) {
            ranges.insert(id, Some(as_told(forecast)));
        }
    }
    ranges
}
