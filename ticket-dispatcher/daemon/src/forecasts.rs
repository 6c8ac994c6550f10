//! What is foreseen for each service, made now and then for everybody: for the catalogue, and for tickets that come
//! faster than forecasts can be made.
//!
//! Two hundred paths for each of forty services take milliseconds, so they are made on a copy of the engine, off its
//! lock and off the reactor, one at a time, and in a busy hall with a bounded part of one core.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use ticket_dispatcher_ledger::Quoted;
use ticket_dispatcher_protocol::{ProblemKind, WaitRange};
use ticket_dispatcher_queue_core::{Engine, Quote};
use ticket_dispatcher_types::{GroupId, Millis, ServiceId};

use crate::app::App;
use crate::hall::Hall;
use crate::problem::Failure;
use crate::public;

/// Waits move with the clock, so forecasts are made anew after this long even if nothing happens in the hall.
const SLICE: i64 = 15_000;
/// One part in this many of one core goes into forecasts for everybody, in the long run.
const PART: u32 = 20;
/// What may be spent beyond that part at once: more for somebody who looks at a catalogue than for tickets that pass.
const CREDIT_OF_READER: Duration = Duration::from_secs(2);
const CREDIT_OF_TICKET: Duration = Duration::from_millis(100);
/// In a crowd a ticket that passes is told what was foreseen a moment ago as if it were of now: as long as less than
/// one part in this many of those who wait has changed.
const CROWD_PART: u64 = 20;
/// A quote of an age that no load explains is not told any more.
const QUOTE_AGE_MAX: Duration = Duration::from_secs(60);
/// While nothing happens in the hall, what was shown and what a slip says hold for so long.
pub const SHOWN_HOLDS: Duration = Duration::from_secs(30);

/// The forecasts of all services.
#[derive(Default)]
pub struct Forecasts {
    made: RwLock<Option<Arc<Made>>>,
    /// Held by the one who makes them.
    making: tokio::sync::Mutex<()>,
    spent: Mutex<Spent>,
}

/// The catalogue at one journal position and time.
pub struct Made {
    seq: u64,
    slice: i64,
    /// How many waited, in all groups.
    waiting: u64,
    day: String,
    at: Instant,
    quotes: BTreeMap<ServiceId, Quote>,
    groups: BTreeMap<GroupId, WaitRange>,
    /// The catalogue.
    pub json: Bytes,
}

impl Made {
    /// Its validator.
    pub fn etag(&self) -> String {
        format!("\"{}-{}\"", self.seq, self.slice)
    }

    /// What a kiosk says of a group; none where nobody can say.
    pub fn of_group(&self, group: &GroupId) -> Option<WaitRange> {
        self.groups.get(group).copied()
    }
}

/// Time spent on forecasts and not yet earned back.
struct Spent {
    debt: Duration,
    counted: Instant,
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            debt: Duration::ZERO,
            counted: Instant::now(),
        }
    }
}

impl Spent {
    fn now(&mut self, now: Instant) -> Duration {
        let earned = now.saturating_duration_since(self.counted) / PART;
        self.debt = self.debt.saturating_sub(earned);
        self.counted = now;
        self.debt
    }
}

impl Forecasts {
    fn last(&self) -> Option<Arc<Made>> {
        self.made.read().expect("no panic under this lock").clone()
    }

    /// True if forecasts may be made now.
    fn may_spend(&self, credit: Duration) -> bool {
        let mut spent = self.spent.lock().expect("no panic under this lock");
        spent.now(Instant::now()) < credit
    }

    fn spend(&self, took: Duration) {
        let mut spent = self.spent.lock().expect("no panic under this lock");
        spent.now(Instant::now());
        spent.debt += took;
    }
}

/// The catalogue: as of now, or in a busy hall as of a moment ago.
pub async fn catalogue(app: &Arc<App>) -> Result<Arc<Made>, Failure> {
    // One lock for looking and making: ten kiosks that ask at once cost one forecast.
    let _making = app.forecasts.making.lock().await;
    match app.forecasts.last() {
        Some(made) if is_fresh(app, app.clock.stamp().now, &made) || !app.forecasts.may_spend(CREDIT_OF_READER) => {
            Ok(made)
        }
        _ => make(app).await,
    }
}

/// What an ordinary ticket for this service may be told; none if nothing was foreseen yet. If it is not of this moment
/// a better one is begun for those who come next. It holds for an ordinary ticket while nothing happens in the hall:
/// then its taker has just been shown it at the kiosk.
pub fn quote(app: &Arc<App>, now: Millis, service: &ServiceId, ordinary: bool) -> Option<Quoted> {
    let group = &app.hall.file.service(service)?.group;
    if !app.view.read().engine.foreseeable(now, group) {
        // Nothing will be told, so nothing is foreseen: before the first window opens, and in a crowd beyond all a hall
        // can do.
        let nothing = Quote {
            people_ahead: 0,
            forecast: None,
        };
        return Some(Quoted {
            quote: nothing,
            holds: false,
        });
    }
    let made = app.forecasts.last();
    let fresh = |made: &Arc<Made>| is_near(app, made) || is_fresh(app, now, made);
    if !made.as_ref().is_some_and(fresh) && app.forecasts.may_spend(CREDIT_OF_TICKET) {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            if let Ok(_making) = app.forecasts.making.try_lock() {
                let _ = make(&app).await;
            }
        });
    }
    let made = made.filter(|made| made.at.elapsed() < QUOTE_AGE_MAX)?;
    let (same_day, still) = {
        let picture = app.view.read();
        (picture.engine.day() == made.day, picture.seq == made.seq)
    };
    let quote = made.quotes.get(service).copied().filter(|_| same_day)?;
    let holds = ordinary && still && made.at.elapsed() < SHOWN_HOLDS;
    Some(Quoted { quote, holds })
}

/// In a crowd: so little has happened since that nobody at its end would be told anything else.
fn is_near(app: &App, made: &Made) -> bool {
    app.view.read().seq.saturating_sub(made.seq) * CROWD_PART < made.waiting
}

fn is_fresh(app: &App, now: Millis, made: &Made) -> bool {
    made.slice == slice(now) && made.seq == app.view.read().seq
}

/// Which stretch of the day it is; nothing is foreseen anew within one while nothing happens.
pub fn slice(now: Millis) -> i64 {
    now.0.div_euclid(SLICE)
}

async fn make(app: &Arc<App>) -> Result<Arc<Made>, Failure> {
    let now = app.clock.stamp().now;
    // The copy is part of the price: where no window is open it is the whole of it.
    let began = Instant::now();
    let (engine, seq, open) = {
        let picture = app.view.read();
        let open = app.hall.file.groups.iter().map(|g| picture.windows_open(&g.id));
        (picture.engine.clone(), picture.seq, open.collect::<Vec<_>>())
    };
    let hall = Arc::clone(&app.hall);
    let made = tokio::task::spawn_blocking(move || {
        let quotes = foresee(&hall, &engine, now);
        let services = public::catalogue(&hall, &engine, seq, now, &open, |service| quotes[service]);
        let groups = services.groups.iter();
        Made {
            seq,
            slice: slice(now),
            waiting: engine.waiting().count() as u64,
            day: engine.day().to_string(),
            at: Instant::now(),
            groups: groups.filter_map(|g| Some((g.id.clone(), g.wait?))).collect(),
            json: Bytes::from(serde_json::to_vec(&services).expect("plain data")),
            quotes,
        }
    });
    let made = made.await;
    app.forecasts.spend(began.elapsed());
    let made = Arc::new(made.map_err(|_| Failure::new(ProblemKind::Internal, "No forecast."))?);
    *app.forecasts.made.write().expect("no panic under this lock") = Some(Arc::clone(&made));
    Ok(made)
}

fn foresee(hall: &Hall, engine: &Engine, now: Millis) -> BTreeMap<ServiceId, Quote> {
    let one = |service: &provisioning_config::hall_file::Service| {
        // Where nobody can say, two hundred paths of a crowd would be played for nothing.
        let foreseen = engine
            .foreseeable(now, &service.group)
            .then(|| engine.forecast_if_taken(now, &service.id))
            .flatten();
        let quote = match foreseen {
            Some((people_ahead, forecast)) => Quote {
                people_ahead,
                forecast: Some(forecast),
            },
            None => Quote {
                people_ahead: engine.ahead_if_taken(now, &service.id).unwrap_or_default(),
                forecast: None,
            },
        };
        (service.id.clone(), quote)
    };
    hall.file.services.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_get_a_bounded_part_of_one_core() {
        let start = Instant::now();
        let mut spent = Spent {
            debt: Duration::ZERO,
            counted: start,
        };
        let mut used = Duration::ZERO;
        // Each takes 20 ms; somebody asks every millisecond for a minute.
        for ms in 0..60_000 {
            if spent.now(start + Duration::from_millis(ms)) < CREDIT_OF_TICKET {
                spent.debt += Duration::from_millis(20);
                used += Duration::from_millis(20);
            }
        }
        let most = Duration::from_secs(60) / PART + CREDIT_OF_TICKET + Duration::from_millis(20);
        assert!(used <= most && used > most / 2, "{used:?}");
    }
}
