//! What lies between everybody: the tick, the dice, the network, and the checkers who see all.

use std::collections::{BTreeMap, BTreeSet};

use ticket_dispatcher_types::{Millis, TicketId};

use crate::checks::Checks;
use crate::dice::Dice;
use crate::journal::{Addr, Message};
use crate::{Bug, hall};

/// A quarter of a second.
pub(crate) const TICK_MS: i64 = 250;

pub(crate) struct Air {
    pub(crate) tick: u64,
    pub(crate) bug: Option<Bug>,
    /// While true, everything that can go wrong does.
    pub(crate) faults: bool,
    pub(crate) dice: Dice,
    pub(crate) checks: Checks,
    /// Tickets marked as missed, whose people may come back to the desk.
    pub(crate) missed: Vec<TicketId>,
    asks_count: u64,
    under_way: BTreeMap<(u64, u64), Letter>,
    posted: u64,
    /// Last delivery of each stream, which keeps its order as TCP does.
    streams: BTreeMap<u64, u64>,
    broken: BTreeSet<u64>,
    /// Who is cut off, and until when.
    cut: BTreeMap<Addr, u64>,
}

struct Letter {
    from: Addr,
    to: Addr,
    message: Message,
}

impl Air {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        Self {
            tick: 0,
            bug,
            faults: true,
            dice: Dice::new(seed),
            checks: Checks::default(),
            missed: Vec::new(),
            asks_count: 0,
            under_way: BTreeMap::new(),
            posted: 0,
            streams: BTreeMap::new(),
            broken: BTreeSet::new(),
            cut: BTreeMap::new(),
        }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Time of the hall: since local midnight.
    pub(crate) fn now(&self) -> Millis {
        Millis(hall::OPENS_MS + i64::try_from(self.tick).expect("a short day") * TICK_MS)
    }

    pub(crate) fn new_ask(&mut self) -> u64 {
        self.asks_count += 1;
        self.asks_count
    }

    /// True with that chance while faults are on.
    pub(crate) fn mishap(&mut self, permille: u64) -> bool {
        self.faults && self.dice.permille(permille)
    }

    fn delay(&mut self) -> u64 {
        if self.mishap(60) {
            self.dice.between(10, 70)
        } else if self.faults {
            self.dice.between(1, 5)
        } else {
            1
        }
    }

    /// Nothing comes to this one or from it until then.
    pub(crate) fn cut(&mut self, addr: Addr, until: u64) {
        self.cut.insert(addr, until);
    }

    fn is_cut(&self, addr: Addr) -> bool {
        self.faults && self.cut.get(&addr).is_some_and(|until| self.tick < *until)
    }

    /// A message that may be lost, doubled, late, and overtaken.
    pub(crate) fn send(&mut self, from: Addr, to: Addr, message: Message) {
        if self.is_cut(from) || self.is_cut(to) {
            return;
        }
        if self.mishap(80) {
            return;
        }
        if self.mishap(60) {
            let due = self.tick + self.delay();
            self.post(due, from, to, message.clone());
        }
        let due = self.tick + self.delay();
        self.post(due, from, to, message);
    }

    /// One more piece of a stream: in order, until the stream breaks for good without telling anybody.
    pub(crate) fn stream(&mut self, stream: u64, to: Addr, message: Message) {
        if self.mishap(6) {
            self.broken.insert(stream);
        }
        if self.broken.contains(&stream) {
            return;
        }
        let last = self.streams.get(&stream).copied().unwrap_or(0);
        let due = last.max(self.tick + self.delay());
        self.streams.insert(stream, due);
        self.post(due, Addr::Server, to, message);
    }

    fn post(&mut self, due: u64, from: Addr, to: Addr, message: Message) {
        self.posted += 1;
        self.under_way.insert((due, self.posted), Letter { from, to, message });
    }

    /// A process died: what it had sent and not yet delivered dies with its connections.
    pub(crate) fn hang_up(&mut self, from: Addr) {
        self.under_way.retain(|_, letter| letter.from != from);
    }

    pub(crate) fn next_due(&mut self) -> Option<(Addr, Message)> {
        let first = self.under_way.first_entry()?;
        if first.key().0 > self.tick {
            return None;
        }
        let letter = first.remove();
        Some((letter.to, letter.message))
    }
}
