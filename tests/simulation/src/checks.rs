//! The checkers: the questions asked of the journal and of everybody's history. They never influence what happens.

use std::collections::{BTreeMap, BTreeSet};

use ticket_dispatcher_queue_core::{Effect, Engine, Event};
use ticket_dispatcher_types::{DeviceId, IdemKey, Millis, TicketId, TicketNo, TicketState, WindowId};

use crate::hall;
use crate::journal::{Addr, Call, Row, show};

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// What a client was told stands in the journal, as told.
    AnsweredIsJournalled,
    /// A key has one row.
    OneKeyOneRow,
    /// One intention of one person leaves one row, however often it was sent.
    OneAskOneRow,
    /// One open ticket per person and group.
    OneOpenTicket,
    /// A ticket is at one window, a window has one ticket, in the journal and in the clerks' hands.
    OneWindow,
    /// No number twice in a day.
    NumberOnce,
    /// Every wait ends in called, cancelled or the end of the day.
    WaitEnds,
    /// Boards show journalled calls alone, all of them, in order.
    BoardTellsTheJournal,
    /// After the faults stop everything is answered, served and shown within a bound.
    Drains,
    /// The journal alone gives the live state.
    RebuildIsLive,
    /// A slip is handed to the person whose ticket it is.
    RightHands,
    /// No number is lent to two kiosks.
    LentOnce,
    /// A kiosk hands its tickets over in the order in which it gave them out.
    HandedOverInOrder,
    /// A kiosk's key is stored before it is sent.
    KeyStoredFirst,
    /// A slip without its mark comes out once.
    OneUnmarkedSlip,
}

#[derive(Default)]
pub(crate) struct Checks {
    pub(crate) broken: BTreeMap<Rule, String>,
    /// FNV-1a over everything that happened.
    pub(crate) trace: u64,
    /// Board pictures by journal position.
    pictures: BTreeMap<u64, Vec<Call>>,
    picture: Vec<Call>,
    keys: BTreeSet<IdemKey>,
    asks: BTreeSet<u64>,
    numbers: BTreeMap<TicketNo, TicketId>,
    pub(crate) issued: BTreeMap<TicketId, (TicketNo, Option<String>)>,
    called: BTreeSet<Call>,
    waiting: BTreeSet<TicketId>,
    at_window: BTreeMap<TicketId, WindowId>,
    in_hand: BTreeMap<WindowId, TicketId>,
    told: Vec<(TicketId, Option<TicketNo>)>,
    told_calls: Vec<Call>,
    unmarked: BTreeSet<TicketId>,
    /// Numbers lent today, and to whom.
    lent: BTreeMap<TicketNo, DeviceId>,
    /// By kiosk: when the ticket was given out that it handed over last.
    handed: BTreeMap<DeviceId, Millis>,
    /// Tickets that a kiosk gave out alone: which, and to whom.
    alone: Vec<(TicketId, TicketNo, String)>,
}

impl Checks {
    pub(crate) fn found(&mut self, rule: Rule, what: impl FnOnce() -> String) {
        self.broken.entry(rule).or_insert_with(what);
    }

    pub(crate) fn mark(&mut self, values: &[u64]) {
        for value in values {
            self.trace = (self.trace ^ value).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17);
        }
    }

    /// A row is on disk. `before` is the hall as it stood without it.
    pub(crate) fn committed(&mut self, row: &Row, before: &Engine) {
        self.mark(&[row.seq, row.ask, row.effects.len() as u64]);
        let (seq, ask) = (row.seq, row.ask);
        if !self.keys.insert(row.key) {
            self.found(Rule::OneKeyOneRow, || {
                format!("row {seq}: its key has a row already: {:?}", row.event)
            });
        }
        if ask != 0 && !self.asks.insert(ask) {
            self.found(Rule::OneAskOneRow, || {
                format!("row {seq}: asked once, done twice: {:?}", row.event)
            });
        }
        self.sent_away(row);
        self.hand_over(row);
        let joined = row
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Superseded { .. }));
        for effect in &row.effects {
            self.effect(seq, effect, before, joined);
        }
        show(&mut self.picture, &row.calls());
        self.pictures.insert(seq, self.picture.clone());
    }

    /// A clerk who sends a ticket away has it in hand no longer, also when the console was restarted meanwhile and
    /// shows for a moment what was there before its own request was obeyed.
    fn sent_away(&mut self, row: &Row) {
        let (Addr::Window(at), Event::Requeue { ticket, .. } | Event::Transfer { ticket, .. }) = (row.from, &row.event)
        else {
            return;
        };
        let window = hall::window(at);
        if self.in_hand.get(&window) == Some(ticket) {
            self.in_hand.remove(&window);
        }
    }

    /// Each kiosk hands over in the order in which it gave out.
    fn hand_over(&mut self, row: &Row) {
        let Event::HandOver(offline) = &row.event else { return };
        let Some(kiosk) = offline.ticket.source.device.clone() else {
            return;
        };
        let last = self.handed.insert(kiosk, offline.issued).unwrap_or_default();
        if offline.issued < last {
            let (seq, number) = (row.seq, offline.number);
            self.found(Rule::HandedOverInOrder, || {
                format!("row {seq}: {number} was given out before the one handed over last")
            });
        }
    }

    fn lent(&mut self, seq: u64, kiosk: &DeviceId, first: TicketNo, length: usize) {
        let counts = (first.count()..).take(length);
        for number in counts.filter_map(|count| TicketNo::new(first.series(), count).ok()) {
            if self.lent.insert(number, kiosk.clone()).is_some() {
                self.found(Rule::LentOnce, || format!("row {seq}: {number} was lent before"));
            }
        }
    }

    /// A kiosk alone gave this number to this person.
    pub(crate) fn given_alone(&mut self, ticket: TicketId, number: TicketNo, person: &str) {
        self.alone.push((ticket, number, person.to_string()));
    }

    /// And took it back before anybody else heard of it.
    pub(crate) fn taken_back(&mut self, ticket: TicketId) {
        self.alone.retain(|(given, ..)| *given != ticket);
    }

    fn close_alone(&mut self) {
        for (ticket, number, person) in std::mem::take(&mut self.alone) {
            let Some((stored, holder)) = self.issued.get(&ticket).cloned() else {
                self.found(Rule::AnsweredIsJournalled, || {
                    format!("{number} was given to {person} by a kiosk alone; the journal does not know it")
                });
                continue;
            };
            if stored != number || holder.as_deref() != Some(person.as_str()) {
                self.found(Rule::RightHands, || {
                    format!("{number} was given to {person} by a kiosk alone; the journal has {stored} for {holder:?}")
                });
            }
        }
    }

    fn effect(&mut self, seq: u64, effect: &Effect, before: &Engine, joined: bool) {
        match effect {
            Effect::DayBegan { .. } => {
                let left = self.waiting.len();
                if left > 0 {
                    self.found(Rule::WaitEnds, || {
                        format!("row {seq}: the day ended over {left} who waited")
                    });
                }
                self.waiting.clear();
                self.at_window.clear();
                self.numbers.clear();
                self.lent.clear();
            }
            Effect::Leased { kiosk, first, ids, .. } => self.lent(seq, kiosk, *first, ids.len()),
            Effect::Superseded { ticket, .. } => {
                self.at_window.remove(ticket);
                self.waiting.remove(ticket);
            }
            Effect::Issued { .. } => self.issued(seq, effect, before, joined),
            Effect::Called { ticket, window, .. } => self.call(seq, *ticket, window),
            Effect::NextMatter { ticket, .. }
            | Effect::Transferred { ticket, .. }
            | Effect::Requeued { ticket, .. }
            | Effect::Resumed { ticket } => {
                self.at_window.remove(ticket);
                self.waiting.insert(*ticket);
            }
            Effect::Finished { ticket, .. }
            | Effect::NoShow { ticket, .. }
            | Effect::Held { ticket, .. }
            | Effect::Cancelled { ticket, .. } => {
                self.at_window.remove(ticket);
                self.waiting.remove(ticket);
            }
            _ => {}
        }
    }

    /// `joined`: the same row says which of a person's two tickets counts.
    fn issued(&mut self, seq: u64, effect: &Effect, before: &Engine, joined: bool) {
        let Effect::Issued {
            ticket, number, group, ..
        } = effect
        else {
            return;
        };
        if self.numbers.insert(*number, ticket.id).is_some() {
            self.found(Rule::NumberOnce, || {
                format!("row {seq}: {number} was given out before today")
            });
        }
        // By person, not by what the dispatcher took for one.
        let person = |holder: &str| holder.split('@').next().map(str::to_string);
        let holder = ticket.holder.as_deref().and_then(person);
        let held = before.tickets().find(|t| {
            t.state.is_open() && t.group == *group && holder.is_some() && t.holder.as_deref().and_then(person) == holder
        });
        if let Some(held) = held.filter(|_| !joined) {
            let other = held.number;
            self.found(Rule::OneOpenTicket, || {
                format!("row {seq}: {number} for a person who holds {other}")
            });
        }
        self.issued.insert(ticket.id, (*number, holder));
        self.waiting.insert(ticket.id);
    }

    fn call(&mut self, seq: u64, ticket: TicketId, window: &WindowId) {
        let elsewhere = self.at_window.get(&ticket).cloned();
        let other = self.at_window.iter().find(|(t, w)| *w == window && **t != ticket);
        if other.is_some() || elsewhere.is_some() {
            self.found(Rule::OneWindow, || {
                format!("row {seq}: {window} calls what {elsewhere:?} has, or has another")
            });
        }
        let hand = self.in_hand.iter().find(|(w, t)| **t == ticket && *w != window);
        if let Some(hand) = hand.map(|(w, _)| w.clone()) {
            self.found(Rule::OneWindow, || {
                format!("row {seq}: {window} calls whom {hand} is serving")
            });
        }
        self.at_window.insert(ticket, window.clone());
        self.waiting.remove(&ticket);
        self.called.insert((ticket, window.clone()));
    }

    /// A client heard that this ticket exists.
    pub(crate) fn told(&mut self, ticket: TicketId, number: Option<TicketNo>) {
        self.told.push((ticket, number));
    }

    /// A clerk heard of a call.
    pub(crate) fn told_call(&mut self, ticket: TicketId, window: &WindowId) {
        self.told_calls.push((ticket, window.clone()));
    }

    /// A clerk has this ticket before them, until they say otherwise.
    pub(crate) fn takes_in_hand(&mut self, window: &WindowId, ticket: Option<TicketId>) {
        match ticket {
            Some(ticket) => self.in_hand.insert(window.clone(), ticket),
            None => self.in_hand.remove(window),
        };
    }

    /// A board shows this.
    pub(crate) fn board_shows(&mut self, board: usize, seq: u64, calls: &[Call]) {
        match self.pictures.get(&seq) {
            Some(picture) if picture == calls => {}
            None if seq == 0 && calls.is_empty() => {}
            Some(_) => self.found(Rule::BoardTellsTheJournal, || {
                format!("board {board} does not show the calls of position {seq}")
            }),
            None => self.found(Rule::BoardTellsTheJournal, || {
                format!("board {board} shows position {seq}, which is not on disk")
            }),
        }
    }

    /// A slip comes out of a kiosk before a person.
    pub(crate) fn slip(&mut self, ticket: TicketId, reprint: bool, person: Option<usize>) {
        if !reprint && !self.unmarked.insert(ticket) {
            self.found(Rule::OneUnmarkedSlip, || {
                format!("{ticket} was printed twice without its mark")
            });
        }
        let holder = self.issued.get(&ticket).and_then(|(_, holder)| holder.clone());
        if let (Some(person), Some(holder)) = (person, holder)
            && holder != format!("p{person}")
        {
            self.found(Rule::RightHands, || {
                format!("person {person} was handed the ticket of {holder}")
            });
        }
    }

    /// The last look, when all is quiet.
    pub(crate) fn close(&mut self) {
        self.close_alone();
        for (ticket, number) in std::mem::take(&mut self.told) {
            let stored = self.issued.get(&ticket).map(|(number, _)| *number);
            if stored.is_none() || number.is_some_and(|number| stored != Some(number)) {
                self.found(Rule::AnsweredIsJournalled, || {
                    format!("ticket {ticket} was answered as {number:?}; the journal has {stored:?}")
                });
            }
        }
        for call in std::mem::take(&mut self.told_calls) {
            if !self.called.contains(&call) {
                self.found(Rule::AnsweredIsJournalled, || {
                    format!("{} was told a call that is not stored", call.1)
                });
            }
        }
    }
}

/// Folds the whole journal anew.
pub(crate) fn rebuild(mut engine: Engine, rows: &[Row]) -> Engine {
    for row in rows {
        for effect in &row.effects {
            engine.fold(row.now, effect);
        }
    }
    engine
}

pub(crate) fn is_over(state: TicketState) -> bool {
    matches!(state, TicketState::Finished | TicketState::Cancelled)
}
