//! What a manager may ask about today: every call with its why, everything that was done past the policy, and the rows
//! themselves, so that any moment of the day can be rebuilt and looked at again.

use std::sync::Arc;

use ticket_dispatcher_ledger::Committed;
use ticket_dispatcher_queue_core::{Effect, Engine, Policy, Why};
use ticket_dispatcher_types::{ClerkId, Millis, TicketId, TicketNo, UnixMillis, WindowId};

/// Today, folded for the manager.
#[derive(Default)]
pub struct Record {
    /// The hall as the day began.
    start: Option<Engine>,
    /// What was decided since.
    rows: Vec<DayRow>,
    /// Calls in order.
    pub calls: Vec<Call>,
    /// Steps past the policy in order.
    pub entries: Vec<Step>,
    /// Reason of a pick whose call comes next in the same row.
    picked: Option<String>,
}

/// One row of today.
#[derive(Clone)]
struct DayRow {
    seq: u64,
    now: Millis,
    effects: Arc<[Effect]>,
}

/// One call.
#[derive(Clone)]
pub struct Call {
    /// Place in the journal.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// The ticket.
    pub ticket: TicketId,
    /// Its number.
    pub number: TicketNo,
    /// To which window.
    pub window: WindowId,
    /// How long it had waited.
    pub waited: Millis,
    /// Why it.
    pub why: Why,
    /// The clerk's reason, when it was picked past the policy.
    pub picked: Option<String>,
}

/// Something done past the policy.
#[derive(Clone)]
pub struct Step {
    /// Place in the journal.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// The reason given.
    pub reason: String,
    /// What.
    pub what: Done,
}

/// What was done.
#[derive(Clone)]
pub enum Done {
    /// The policy was switched.
    Policy {
        /// From.
        from: Policy,
        /// To.
        to: Policy,
        /// Role and id of who did it.
        by: String,
    },
    /// A number was called past the policy.
    Pick {
        /// To this window.
        window: WindowId,
        /// By its clerk.
        clerk: Option<ClerkId>,
        /// This number.
        number: TicketNo,
    },
    /// The list was looked at.
    Peek {
        /// From this window.
        window: WindowId,
        /// By its clerk.
        clerk: Option<ClerkId>,
    },
}

/// A call with what it takes to stand in the moment before it.
pub struct Moment {
    /// The call.
    pub call: Call,
    start: Engine,
    rows: Vec<DayRow>,
}

impl Record {
    /// The view begins here.
    pub fn begin(&mut self, engine: &Engine) {
        *self = Self {
            start: Some(engine.clone()),
            ..Self::default()
        };
    }

    /// Notes an effect before it is folded.
    pub fn before(&mut self, row: &Committed, effect: &Effect, engine: &Engine) {
        let step = |reason: &str, what: Done| Step {
            seq: row.seq,
            at: row.at,
            reason: reason.to_string(),
            what,
        };
        match effect {
            Effect::Called { ticket, window, why } => {
                let picked = self.picked.take();
                let Some(ticket) = engine.ticket(*ticket) else {
                    return;
                };
                self.calls.push(Call {
                    seq: row.seq,
                    at: row.at,
                    ticket: ticket.id,
                    number: ticket.number,
                    window: window.clone(),
                    waited: Millis((row.now.0 - ticket.base().0).max(0)),
                    why: why.clone(),
                    picked,
                });
            }
            Effect::Picked {
                ticket,
                window,
                clerk,
                reason,
            } => {
                self.picked = Some(reason.clone());
                if let Some(ticket) = engine.ticket(*ticket) {
                    let (window, clerk, number) = (window.clone(), clerk.clone(), ticket.number);
                    self.entries.push(step(reason, Done::Pick { window, clerk, number }));
                }
            }
            Effect::Peeked { window, clerk, reason } => {
                let (window, clerk) = (window.clone(), clerk.clone());
                self.entries.push(step(reason, Done::Peek { window, clerk }));
            }
            Effect::PolicyChanged { from, to, by, reason } => {
                let (from, to, by) = (*from, *to, by.clone());
                self.entries.push(step(reason, Done::Policy { from, to, by }));
            }
            _ => {}
        }
    }

    /// Keeps a row after it is folded; a day that began in it empties the record.
    pub fn row(&mut self, row: &Committed, engine: &Engine) {
        if row
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::DayBegan { .. }))
        {
            self.begin(engine);
            return;
        }
        self.rows.push(DayRow {
            seq: row.seq,
            now: row.now,
            effects: Arc::clone(&row.effects),
        });
    }

    /// The last call of a ticket.
    pub fn last_call(&self, ticket: TicketId) -> Option<&Call> {
        self.calls.iter().rev().find(|call| call.ticket == ticket)
    }

    /// The call in this row, or the last call of the ticket with this id or number.
    pub fn moment(&self, named: &str) -> Option<Moment> {
        let seq = named.parse::<u64>().ok();
        let ticket = named.parse::<TicketId>().ok();
        let number = named.parse::<TicketNo>().ok();
        let is = |call: &&Call| seq == Some(call.seq) || ticket == Some(call.ticket) || number == Some(call.number);
        let call = self.calls.iter().rev().find(is)?.clone();
        let until = self.rows.partition_point(|row| row.seq <= call.seq);
        Some(Moment {
            start: self.start.clone()?,
            rows: self.rows[..until].to_vec(),
            call,
        })
    }
}

impl Moment {
    /// The hall just before the call, rebuilt from the journal, and the time of the call. Folding a day takes
    /// milliseconds: not on the reactor.
    pub fn rebuild(self) -> (Engine, Millis) {
        let mut engine = self.start;
        let mut now = Millis::ZERO;
        for row in self.rows {
            now = row.now;
            for effect in row.effects.iter() {
                let here = row.seq == self.call.seq;
                if here && matches!(effect, Effect::Called { ticket, .. } if *ticket == self.call.ticket) {
                    return (engine, now);
                }
                engine.fold(now, effect);
            }
        }
        (engine, now)
    }
}
