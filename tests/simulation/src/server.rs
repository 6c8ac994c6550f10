//! The dispatcher: the ledger's one writer around the real engine, and the streams behind it.
//!
//! Modelled as the daemon does it: a batch is decided on the live engine, its rows are flushed together, only then is
//! anything answered or published; whoever dies in between takes the unflushed rows along, or all of them got to the
//! disk although nobody heard; recovery folds outcomes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ticket_dispatcher_queue_core::{By, Effect, Engine, Event, HallConfig, Policy};
use ticket_dispatcher_types::{IdemKey, TicketId};

use crate::air::Air;
use crate::alone::BLOCK;
use crate::checks::{Rule, is_over, rebuild};
use crate::journal::{Addr, Answer, Call, Message, Request, Row, changes_nothing, show, ticket_of};
use crate::{Bug, hall};

/// Most commands in one commit.
const BATCH_MAX: usize = 8;
/// Rows that a board may resume over; older ones need a snapshot.
const RING_ROWS: u64 = 40;
/// Ticks between heartbeats of a stream.
const BEAT_TICKS: u64 = 20;

pub(crate) struct Server {
    config: Arc<HallConfig>,
    engine: Engine,
    /// Follows what is on disk; reads and boards see this one alone.
    pub(crate) view: Engine,
    pub(crate) rows: Vec<Row>,
    tail: Vec<Row>,
    next_seq: u64,
    outcomes: BTreeMap<IdemKey, (Event, Vec<Effect>)>,
    inbox: VecDeque<Request>,
    commit: Option<Commit>,
    streams: BTreeMap<usize, u64>,
    down_until: Option<u64>,
    /// By the dispatcher's own clock.
    day: String,
    pub(crate) crashes: u32,
}

struct Commit {
    done_at: u64,
    answers: Vec<(Addr, IdemKey, Answer)>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let config = hall::config(Policy::default());
        Self {
            engine: Engine::new(config.clone()),
            view: Engine::new(config.clone()),
            config,
            rows: Vec::new(),
            tail: Vec::new(),
            next_seq: 1,
            outcomes: BTreeMap::new(),
            inbox: VecDeque::new(),
            commit: None,
            streams: BTreeMap::new(),
            down_until: None,
            day: String::new(),
            crashes: 0,
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.inbox.is_empty() && self.commit.is_none() && self.down_until.is_none()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.seq)
    }

    /// The turn of the day, by the dispatcher's own clock.
    pub(crate) fn begin_day(&mut self, air: &mut Air, day: &str) {
        self.day = day.to_string();
        let key = air.dice.key();
        self.inbox.push_back(Request {
            from: Addr::Server,
            key,
            ask: 0,
            event: Event::DayBegins { day: day.to_string() },
        });
    }

    pub(crate) fn hear(&mut self, air: &mut Air, message: Message) {
        if self.down_until.is_some() {
            return;
        }
        match message {
            Message::Do(request) => self.inbox.push_back(request),
            Message::Services { from } => air.send(Addr::Server, from, Message::Catalogue),
            Message::Look { from, window } => {
                let Some(now) = self.view.window(&window) else { return };
                let current = now.current.and_then(|id| self.view.ticket(id)).map(|t| (t.id, t.state));
                let open = now.state == ticket_dispatcher_types::WindowState::Open;
                air.send(Addr::Server, from, Message::Looked { open, current });
            }
            Message::Subscribe { board, stream, last } => self.subscribe(air, board, stream, last),
            _ => {}
        }
    }

    pub(crate) fn tick(&mut self, air: &mut Air) {
        if let Some(until) = self.down_until {
            if air.tick >= until {
                self.recover(air);
            }
            return;
        }
        if air.mishap(3) {
            let reached_disk = air.dice.permille(300);
            self.crash(air, reached_disk);
            return;
        }
        if self.commit.as_ref().is_some_and(|commit| air.tick >= commit.done_at) {
            self.flushed(air);
        }
        if self.commit.is_none() && self.down_until.is_none() {
            self.begin_commit(air);
        }
        if air.tick.is_multiple_of(BEAT_TICKS) {
            for (board, stream) in self.streams.clone() {
                air.stream(stream, Addr::Board(board), Message::Beat { stream });
            }
        }
    }

    fn begin_commit(&mut self, air: &mut Air) {
        let mut answers = Vec::new();
        for _ in 0..BATCH_MAX {
            let Some(request) = self.inbox.pop_front() else { break };
            if let Some(answer) = self.obey(air, &request) {
                answers.push((request.from, request.key, answer));
            }
        }
        if answers.is_empty() {
            return;
        }
        if air.has(Bug::PublishedBeforeFlush) {
            let tail = self.tail.clone();
            self.publish(air, &tail);
        }
        if air.has(Bug::AnswersBeforeFlush) {
            answer(air, std::mem::take(&mut answers));
        }
        let ticks = if air.mishap(100) { 24 } else { air.dice.between(1, 4) };
        self.commit = Some(Commit {
            done_at: air.tick + ticks,
            answers,
        });
    }

    /// None only when a planted bug swallows the answer.
    fn obey(&mut self, air: &mut Air, request: &Request) -> Option<Answer> {
        let blind = match &request.event {
            Event::Take(_) => air.has(Bug::TakeNotDeduplicated),
            Event::Next { .. } => air.has(Bug::NextNotDeduplicated),
            Event::HandOver(_) => air.has(Bug::HandOverDoubled),
            _ => false,
        };
        if let Some((asked, effects)) = self.outcomes.get(&request.key)
            && !blind
        {
            return match *asked == request.event {
                _ if air.has(Bug::RepeatIsSilent) => None,
                true => Some(Answer::Done(effects.clone())),
                false => Some(Answer::KeyReused),
            };
        }
        if let Addr::Window(at) = request.from
            && let Err(refusal) = self.engine.may(
                &By::Window {
                    window: hall::window(at),
                },
                &request.event,
            )
        {
            return Some(Answer::Unchanged(vec![Effect::Refused { refusal }]));
        }
        let mut event = request.event.clone();
        if let Event::Take(new) = &mut event {
            new.id = TicketId::from_bytes(air.dice.bytes());
        }
        self.fill_in(air, &mut event);
        let mut effects = self.engine.apply(air.now(), event.clone());
        if changes_nothing(&effects) {
            return Some(Answer::Unchanged(effects));
        }
        if air.has(Bug::BlockLentTwice) {
            self.lend_again(&mut effects);
        }
        if air.has(Bug::DayEndDropsWaiters) && matches!(event, Event::DayBegins { .. }) {
            effects.retain(|effect| !matches!(effect, Effect::Cancelled { .. }));
        }
        self.append(air, request, event, effects.clone());
        Some(Answer::Done(effects))
    }

    /// What the daemon and the ledger add: ids for lent numbers, the ticket of a request whose answer never came.
    fn fill_in(&self, air: &mut Air, event: &mut Event) {
        match event {
            Event::Lend { ids, .. } => *ids = (0..BLOCK).map(|_| TicketId::from_bytes(air.dice.bytes())).collect(),
            Event::HandOver(offline) if blind_again(air, &self.engine, offline.ticket.id) => {
                let mut new = offline.ticket.clone();
                new.id = TicketId::from_bytes(air.dice.bytes());
                new.holder = None;
                *event = Event::Take(new);
            }
            _ => {}
        }
    }

    /// The planted mistake: the block that was lent last goes to somebody else too.
    fn lend_again(&self, effects: &mut [Effect]) {
        for effect in effects {
            if let Effect::Leased { first, kiosk, .. } = effect
                && let Some(other) = self
                    .view
                    .leases()
                    .iter()
                    .find(|lease| lease.first.series() == first.series() && lease.kiosk != *kiosk)
            {
                *first = other.first;
            }
        }
    }

    fn append(&mut self, air: &Air, request: &Request, event: Event, effects: Vec<Effect>) {
        self.outcomes
            .insert(request.key, (request.event.clone(), effects.clone()));
        self.tail.push(Row {
            seq: self.next_seq,
            from: request.from,
            key: request.key,
            ask: request.ask,
            now: air.now(),
            asked: request.event.clone(),
            event,
            effects,
        });
        self.next_seq += 1;
    }

    fn flushed(&mut self, air: &mut Air) {
        let Some(commit) = self.commit.take() else { return };
        if air.mishap(8) {
            // A failed flush means "unknown": whoever goes on here goes on with a guess.
            if !air.has(Bug::GoesOnAfterFailedFlush) {
                let reached_disk = air.dice.permille(500);
                self.crash(air, reached_disk);
                return;
            }
            self.tail.clear();
        }
        self.keep_tail(air);
        answer(air, commit.answers);
    }

    fn keep_tail(&mut self, air: &mut Air) {
        let tail = std::mem::take(&mut self.tail);
        for row in &tail {
            air.checks.committed(row, &self.view);
            for effect in &row.effects {
                self.view.fold(row.now, effect);
            }
        }
        self.rows.extend(tail.iter().cloned());
        if !air.has(Bug::PublishedBeforeFlush) {
            self.publish(air, &tail);
        }
    }

    fn publish(&mut self, air: &mut Air, rows: &[Row]) {
        let mut rows: Vec<&Row> = rows.iter().collect();
        if air.has(Bug::BatchPublishedBackwards) {
            rows.reverse();
        }
        for (board, stream) in self.streams.clone() {
            for row in &rows {
                self.tell(air, board, stream, row);
            }
        }
    }

    fn tell(&self, air: &mut Air, board: usize, stream: u64, row: &Row) {
        let (seq, calls) = (row.seq, row.calls());
        air.stream(stream, Addr::Board(board), Message::Event { stream, seq, calls });
    }

    fn subscribe(&mut self, air: &mut Air, board: usize, stream: u64, last: Option<u64>) {
        self.streams.insert(board, stream);
        let end = self.last_seq();
        match last {
            Some(last) if last <= end && end - last <= RING_ROWS => {
                let from = last + u64::from(air.has(Bug::ResumeSkipsOne));
                let missed: Vec<Row> = self.rows.iter().filter(|row| row.seq > from).cloned().collect();
                for row in &missed {
                    self.tell(air, board, stream, row);
                }
            }
            _ => {
                let mut calls: Vec<Call> = Vec::new();
                self.rows.iter().for_each(|row| show(&mut calls, &row.calls()));
                let snapshot = Message::Snapshot {
                    stream,
                    seq: end,
                    calls,
                };
                air.stream(stream, Addr::Board(board), snapshot);
            }
        }
    }

    fn crash(&mut self, air: &mut Air, reached_disk: bool) {
        self.crashes += 1;
        self.streams.clear();
        if reached_disk {
            self.keep_tail(air);
        }
        self.tail.clear();
        self.inbox.clear();
        self.commit = None;
        air.hang_up(Addr::Server);
        self.down_until = Some(air.tick + air.dice.between(4, 60));
    }

    fn recover(&mut self, air: &mut Air) {
        // The ledger refuses a journal with a hole, and waits for a human.
        let dense = (1..).zip(&self.rows).all(|(seq, row)| row.seq == seq);
        if !dense {
            return;
        }
        self.down_until = None;
        self.next_seq = self.last_seq() + 1;
        self.outcomes.clear();
        if !air.has(Bug::KeysForgottenOnRestart) {
            for row in &self.rows {
                self.outcomes.insert(row.key, (row.asked.clone(), row.effects.clone()));
            }
        }
        let fresh = Engine::new(self.config.clone());
        self.engine = match air.bug {
            Some(Bug::RecoveryDecidesAgain) => {
                let mut newer = Engine::new(hall::config(Policy::Fifo));
                for row in &self.rows {
                    newer.apply(row.now, row.event.clone());
                }
                newer
            }
            Some(Bug::SeriesNotRestored) => {
                let over = |ticket| self.view.ticket(ticket).is_none_or(|t| is_over(t.state));
                let mut rows = self.rows.clone();
                for row in &mut rows {
                    row.effects.retain(|effect| !ticket_of(effect).is_some_and(over));
                }
                rebuild(fresh, &rows)
            }
            _ => rebuild(fresh, &self.rows),
        };
        if air.has(Bug::WindowsReleasedOnRestart) {
            self.release_windows(air);
        }
        // The first thing written on a day is the day, however often the dispatcher died before.
        if self.engine.day() != self.day {
            let day = self.day.clone();
            self.begin_day(air, &day);
        }
    }

    fn release_windows(&mut self, air: &mut Air) {
        let at_windows: Vec<TicketId> = self.engine.windows().iter().filter_map(|w| w.current).collect();
        for ticket in at_windows {
            let reason = "restart".to_string();
            let request = Request {
                from: Addr::Server,
                key: air.dice.key(),
                ask: 0,
                event: Event::Requeue { ticket, reason },
            };
            self.obey(air, &request);
        }
        self.keep_tail(air);
    }

    /// The live engine, the view that follows and a rebuild from the first row must be one and the same.
    pub(crate) fn compare(&self, air: &mut Air, whole: bool) {
        if !self.is_quiet() {
            return;
        }
        let live = self.engine.state_digest();
        let mut same = live == self.view.state_digest();
        if whole {
            let rebuilt = rebuild(Engine::new(self.config.clone()), &self.rows);
            same &= live == rebuilt.state_digest();
        }
        let seq = self.last_seq();
        if !same {
            air.checks.found(Rule::RebuildIsLive, || {
                format!("the journal up to {seq} gives another hall")
            });
        }
        air.checks
            .mark(&[u64::from_be_bytes(live[..8].try_into().expect("8 of 16 bytes"))]);
    }
}

/// The planted mistake: a ticket that is here already comes in once more, as another one.
fn blind_again(air: &Air, engine: &Engine, id: TicketId) -> bool {
    air.has(Bug::HandOverDoubled) && engine.ticket(id).is_some()
}

fn answer(air: &mut Air, answers: Vec<(Addr, IdemKey, Answer)>) {
    for (to, key, answer) in answers {
        if to != Addr::Server {
            air.send(Addr::Server, to, Message::Answer { key, answer });
        }
    }
}
