//! The simulated hall: plays the people, windows and clerks of a trace against the engine in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Forecast, HallConfig, NewTicket, Policy, Refusal, Source, WindowRule,
};
use ticket_dispatcher_types::{Cases, Millis, TicketId, TicketState, WindowId};

use crate::line::Truth;
use crate::report::{Eta, Record, Report};
use crate::trace::{DayEvent, Person, Trace, TraceError, What};

/// How to play the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Which policy chooses.
    pub policy: Policy,
    /// Seed of the forecasts.
    pub seed: u64,
    /// Paths of a forecast; 0 leaves forecasts out of the report.
    pub forecast_paths: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            seed: 1,
            forecast_paths: 200,
        }
    }
}

/// Plays the day to its end. Fails, with the line, only when the engine refuses a person of the trace.
pub fn simulate(trace: &Trace, options: Options) -> Result<Report, TraceError> {
    simulate_hall(trace, config_for(trace, options))
}

/// The trace's header with the options put in.
pub fn config_for(trace: &Trace, options: Options) -> HallConfig {
    let mut config = trace.config.clone();
    config.policy = options.policy;
    config.seed = options.seed;
    config.forecast_paths = options.forecast_paths;
    // The reference rule `fifo` takes the first idle window; every other policy has the rule of a real hall.
    config.window_rule = if options.policy == Policy::Fifo {
        WindowRule::HallOrder
    } else {
        WindowRule::FewestSkills
    };
    config
}

/// Like [`simulate`], with a header of the caller's: for tuning.
pub fn simulate_hall(trace: &Trace, config: HallConfig) -> Result<Report, TraceError> {
    let forecasts = config.forecast_paths > 0;
    let mut hall = Hall::new(trace, Engine::new(Arc::new(config)), forecasts);
    let mut last = trace.open_t;
    while let Some(now) = hall.next_instant() {
        hall.instant(now)?;
        last = now;
    }
    let tickets = hall.people.len();
    hall.report.records.push(Record::End { t: last, tickets });
    Ok(hall.report)
}

/// What a window waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Start,
    Finish,
    NoAnswer,
}

struct Hall<'a> {
    trace: &'a Trace,
    engine: Engine,
    /// Place of the next event of the trace.
    next_event: usize,
    /// In order of issue.
    people: Vec<&'a Person>,
    /// By window order: when, what, and whose (order of issue).
    busy: Vec<Option<(i64, Due, usize)>>,
    /// Who will tell that he leaves: when, order of issue.
    leaving: BTreeSet<(i64, usize)>,
    next_tick: Option<i64>,
    windows: BTreeMap<WindowId, usize>,
    report: Report,
}

impl<'a> Hall<'a> {
    fn new(trace: &'a Trace, mut engine: Engine, forecasts: bool) -> Self {
        engine.apply(Millis::ZERO, Event::DayBegins { day: "trace".into() });
        let windows: BTreeMap<WindowId, usize> = engine
            .config()
            .windows
            .iter()
            .enumerate()
            .map(|(ix, w)| (w.id.clone(), ix))
            .collect();
        let ticks = forecasts && trace.eta_tick_ms > 0 && trace.open_t <= trace.close_t;
        Self {
            trace,
            busy: vec![None; windows.len()],
            windows,
            engine,
            next_event: 0,
            people: Vec::new(),
            leaving: BTreeSet::new(),
            next_tick: ticks.then_some(trace.open_t),
            report: Report::default(),
        }
    }

    fn next_instant(&self) -> Option<i64> {
        let event = self.trace.events.get(self.next_event).map(|event| event.t);
        let busy = self.busy.iter().flatten().map(|(t, _, _)| *t).min();
        let leaving = self.leaving.first().map(|(t, _)| *t);
        [event, busy, leaving, self.next_tick].into_iter().flatten().min()
    }

    /// One instant, kinds in the order that the format fixes, the dispatch step last.
    fn instant(&mut self, now: i64) -> Result<(), TraceError> {
        for kind in [Due::Start, Due::Finish, Due::NoAnswer] {
            for window in 0..self.busy.len() {
                if let Some((t, due, who)) = self.busy[window]
                    && (t, due) == (now, kind)
                {
                    self.at_window(now, window, kind, who);
                }
            }
        }
        while let Some((t, who)) = self.leaving.first().copied()
            && t <= now
        {
            self.leaving.pop_first();
            self.leave(now, who);
        }
        let trace = self.trace;
        let rest = &trace.events[self.next_event..];
        let events = &rest[..rest.partition_point(|event| event.t <= now)];
        self.next_event += events.len();
        for rank in 0..3 {
            for event in events.iter().filter(|event| kind_rank(event) == rank) {
                self.day_event(now, event)?;
            }
        }
        if self.next_tick == Some(now) {
            self.tick(now);
        }
        self.dispatch(now);
        Ok(())
    }

    fn at_window(&mut self, now: i64, window: usize, due: Due, who: usize) {
        let (ticket, id) = (ticket_id(who), self.people[who].id.clone());
        let name = self.engine.config().windows[window].id.to_string();
        let event = match due {
            Due::Start => Event::Start { ticket },
            Due::Finish => Event::Finish { ticket },
            Due::NoAnswer => Event::NoShow { ticket },
        };
        self.engine.apply(Millis(now), event);
        let record = match due {
            Due::Start => Record::Start {
                t: now,
                id,
                window: name,
            },
            Due::Finish => Record::Finish {
                t: now,
                id,
                window: name,
            },
            Due::NoAnswer => Record::NoAnswer {
                t: now,
                id,
                window: name,
            },
        };
        self.report.records.push(record);
        self.busy[window] = (due == Due::Start).then(|| {
            let work = (self.people[who].truth.work_ms * 100 / self.trace.speed_pct[window]).max(1);
            (now + work, Due::Finish, who)
        });
    }

    fn leave(&mut self, now: i64, who: usize) {
        let ticket = ticket_id(who);
        if self
            .engine
            .ticket(ticket)
            .is_some_and(|ticket| ticket.state == TicketState::Waiting)
        {
            self.engine.apply(
                Millis(now),
                Event::Cancel {
                    ticket,
                    reason: "left".into(),
                },
            );
            self.report.records.push(Record::Cancel {
                t: now,
                id: self.people[who].id.clone(),
            });
        }
    }

    fn day_event(&mut self, now: i64, event: &'a DayEvent) -> Result<(), TraceError> {
        match &event.what {
            What::Open(window) => {
                let window = self.engine.config().windows[*window].id.clone();
                self.engine.apply(Millis(now), Event::Open { window, clerk: None });
            }
            What::Close(window, reason) => {
                let window = self.engine.config().windows[*window].id.clone();
                self.engine.apply(
                    Millis(now),
                    Event::Close {
                        window,
                        reason: *reason,
                    },
                );
            }
            What::Arrive(person) => self.arrive(now, person).map_err(|refusal| TraceError {
                line: event.line,
                what: refusal.to_string(),
            })?,
        }
        Ok(())
    }

    fn arrive(&mut self, now: i64, person: &'a Person) -> Result<(), Refusal> {
        let who = self.people.len();
        let effects = self.engine.apply(
            Millis(now),
            Event::Take(NewTicket {
                id: ticket_id(who),
                services: vec![person.service.clone()],
                class: person.class,
                booking: person.booking.clone(),
                cases: Cases::ONE,
                holder: None,
                source: Source { device: None },
            }),
        );
        let mut eta = None;
        for effect in effects {
            match effect {
                Effect::Issued { forecast, .. } => eta = forecast.map(in_report),
                Effect::Refused { refusal } => return Err(refusal),
                _ => {}
            }
        }
        self.people.push(person);
        self.report.records.push(Record::Issue {
            t: now,
            id: person.id.clone(),
            eta,
        });
        if person.truth.tells {
            self.leaving.insert((person.truth.leave_t.max(now), who));
        }
        Ok(())
    }

    fn tick(&mut self, now: i64) {
        for (ticket, forecast) in self.engine.forecast_all(Millis(now)) {
            let id = self.people[order_of(ticket)].id.clone();
            self.report.records.push(Record::Eta {
                t: now,
                id,
                eta: in_report(forecast),
            });
        }
        let next = now + self.trace.eta_tick_ms;
        self.next_tick = (next <= self.trace.close_t).then_some(next);
    }

    fn dispatch(&mut self, now: i64) {
        for effect in self.engine.apply(Millis(now), Event::Dispatch) {
            let Effect::Called { ticket, window, .. } = effect else {
                continue;
            };
            let who = order_of(ticket);
            let Truth { walk_ms, leave_t, .. } = self.people[who].truth;
            let due = if now >= leave_t {
                (now + self.engine.config().rules.call_timeout.0, Due::NoAnswer, who)
            } else {
                (now + walk_ms, Due::Start, who)
            };
            self.busy[self.windows[&window]] = Some(due);
            let (id, window) = (self.people[who].id.clone(), window.to_string());
            self.report.records.push(Record::Call { t: now, id, window });
        }
    }
}

fn kind_rank(event: &DayEvent) -> usize {
    match event.what {
        What::Close(..) => 0,
        What::Open(_) => 1,
        What::Arrive(_) => 2,
    }
}

fn in_report(forecast: Forecast) -> Eta {
    Eta {
        eta_p10_ms: forecast.p10.0,
        eta_p50_ms: forecast.p50.0,
        eta_p90_ms: forecast.p90.0,
    }
}

fn ticket_id(who: usize) -> TicketId {
    TicketId::from_bytes((who as u128 + 1).to_be_bytes())
}

fn order_of(ticket: TicketId) -> usize {
    usize::try_from(u128::from_be_bytes(ticket.bytes())).expect("the id was made by `ticket_id`") - 1
}
