//! A kiosk: the real flow, an outbox that survives, and the daemon's way of asking until there is an answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kiosk_flow::{
    Day, DispatcherInput, Effect, Flow, Input, JobNo, JobOutcome, LocalText, Moment, PrinterInput, PrinterState,
    ReaderInput, Settings, Slip, Ticket, TicketRequest, Timeouts,
};
use ticket_dispatcher_queue_core as core;
use ticket_dispatcher_types::{Cases, IdemKey, Lang, Millis, TicketId, TicketNo};
use ui_model::{Screen, Trouble};

use crate::air::{Air, TICK_MS};
use crate::alone::Alone;
use crate::checks::Rule;
use crate::journal::{Addr, Answer, Message};
use crate::person::{Act, Person};
use crate::retry::Pending;
use crate::{Bug, hall};

pub(crate) const TODAY: Day = Day {
    year: 2026,
    month: 11,
    day: 21,
};
/// Attempts at giving a ticket back.
const CANCEL_TRIES: usize = 4;
/// The dispatcher counts as away after this long without a catalogue.
const AWAY_TICKS: u64 = 36;
const PRINT_TICKS: u64 = 6;

pub(crate) struct Kiosk {
    at: usize,
    flow: Flow,
    /// What survives a restart: keys, and slips of which nobody knows whether they came out.
    stored_keys: BTreeSet<IdemKey>,
    slips: BTreeMap<JobNo, Slip>,
    last_job: JobNo,
    printing: VecDeque<(u64, JobNo)>,
    asks: Vec<Ask>,
    cancels: Vec<(TicketId, Pending)>,
    pub(crate) line: VecDeque<Person>,
    pub(crate) visitor: Option<Person>,
    /// People who have turned away from the kiosk, with or without a number.
    pub(crate) left: Vec<Person>,
    heard: u64,
    down_until: Option<u64>,
    alone: Alone,
}

struct Ask {
    /// The key that the flow waits for.
    key: IdemKey,
    pending: Pending,
}

impl Kiosk {
    pub(crate) fn new(at: usize, air: &mut Air) -> Self {
        let mut kiosk = Self {
            at,
            flow: flow(JobNo(1), air),
            stored_keys: BTreeSet::new(),
            slips: BTreeMap::new(),
            last_job: JobNo(0),
            printing: VecDeque::new(),
            asks: Vec::new(),
            cancels: Vec::new(),
            line: VecDeque::new(),
            visitor: None,
            left: Vec::new(),
            heard: 0,
            down_until: None,
            alone: Alone::new(at),
        };
        kiosk.power_up(air);
        kiosk
    }

    /// Nobody waits here for anything.
    pub(crate) fn is_quiet(&self) -> bool {
        let nobody = self.visitor.is_none() && self.line.is_empty() && self.left.is_empty();
        let nothing = self.asks.is_empty() && self.cancels.is_empty() && self.alone.is_quiet();
        nobody && nothing && self.down_until.is_none()
    }

    fn power_up(&mut self, air: &mut Air) {
        self.flow = flow(JobNo(self.last_job.0 + 1), air);
        // Kept over the restart: the catalogue, and the numbers that are not used up.
        self.step(air, Input::Dispatcher(DispatcherInput::Services(hall::catalogue())));
        let lent = self.alone.lent();
        self.step(air, Input::Dispatcher(lent));
        self.step(air, Input::Reader(ReaderInput::Up));
        self.step(air, Input::Printer(PrinterInput::Status(PrinterState::Ready)));
        for (_, slip) in std::mem::take(&mut self.slips) {
            if air.has(Bug::SlipSentTwice) {
                air.checks.slip(slip.ticket, false, None);
            } else {
                self.step(air, Input::Printer(PrinterInput::InFlight(Box::new(slip))));
            }
        }
    }

    fn crash(&mut self, air: &mut Air) {
        self.asks.clear();
        self.alone.crash(air);
        self.cancels.clear();
        self.printing.clear();
        self.left.extend(self.visitor.take());
        air.hang_up(Addr::Kiosk(self.at));
        self.down_until = Some(air.tick + air.dice.between(10, 60));
    }

    pub(crate) fn tick(&mut self, air: &mut Air) {
        if let Some(until) = self.down_until {
            if air.tick >= until {
                self.down_until = None;
                self.power_up(air);
            }
            return;
        }
        if air.mishap(1) {
            return self.crash(air);
        }
        let phase = air.tick + self.at as u64;
        if phase.is_multiple_of(2) {
            self.step(air, Input::Tick);
        }
        if phase.is_multiple_of(12) {
            let from = Addr::Kiosk(self.at);
            air.send(from, Addr::Server, Message::Services { from });
            self.step(air, Input::Printer(PrinterInput::Status(PrinterState::Ready)));
            if air.tick - self.heard > AWAY_TICKS {
                self.step(air, Input::Dispatcher(DispatcherInput::Away));
            }
        }
        // A cable is pulled, or a switch loses its power, for half a minute or so.
        if air.mishap(2) {
            let until = air.tick + air.dice.between(60, 300);
            air.cut(Addr::Kiosk(self.at), until);
        }
        let up = self.heard > 0 && air.tick - self.heard <= AWAY_TICKS;
        self.alone.tick(air, up);
        self.print(air);
        self.retry(air);
        if phase.is_multiple_of(4) {
            self.serve(air);
        }
    }

    fn print(&mut self, air: &mut Air) {
        while let Some((done_at, job)) = self.printing.front().copied() {
            if done_at > air.tick {
                return;
            }
            self.printing.pop_front();
            self.slips.remove(&job);
            let outcome = JobOutcome::Printed;
            self.step(air, Input::Printer(PrinterInput::Job { job, outcome }));
        }
    }

    fn retry(&mut self, air: &mut Air) {
        let mut failed = Vec::new();
        let tick = air.tick;
        for ask in self.asks.iter_mut().filter(|ask| ask.pending.is_due(tick)) {
            failed.push(ask.key);
            if air.has(Bug::NewKeyOnRetry) {
                ask.pending.key = air.dice.key();
                self.stored_keys.insert(ask.pending.key);
            }
            ask.pending.send(air, Addr::Kiosk(self.at));
        }
        for key in failed {
            let trouble = Trouble::DispatcherAway;
            self.step(air, Input::Dispatcher(DispatcherInput::Unavailable { key, trouble }));
        }
        let due = |(_, pending): &(TicketId, Pending)| pending.is_due(tick);
        let Some(at) = self.cancels.iter().position(due) else {
            return;
        };
        if self.cancels[at].1.attempts < CANCEL_TRIES {
            self.cancels[at].1.send(air, Addr::Kiosk(self.at));
        } else {
            let (ticket, _) = self.cancels.remove(at);
            self.step(air, Input::Dispatcher(DispatcherInput::GiveBackFailed(ticket)));
        }
    }

    /// What the person in front of the screen does.
    fn serve(&mut self, air: &mut Air) {
        let screen = self.flow.model(&moment(air)).screen;
        let Some(mut person) = self.visitor.take() else {
            if matches!(screen, Screen::Attract { .. })
                && let Some(mut next) = self.line.pop_front()
            {
                next.begins();
                self.visitor = Some(next);
            }
            return;
        };
        match person.act(&screen, &mut air.dice) {
            Act::Leave => self.left.push(person),
            Act::Wait => self.visitor = Some(person),
            Act::Do(inputs) => {
                self.visitor = Some(person);
                inputs.into_iter().for_each(|input| self.step(air, input));
            }
        }
    }

    fn step(&mut self, air: &mut Air, input: Input) {
        let mut effects = self.flow.step(&moment(air), input).effects;
        if air.has(Bug::SentBeforeStored) {
            effects.sort_by_key(|effect| matches!(effect, Effect::StoreKey { .. }));
        }
        for effect in effects {
            self.carry_out(air, effect);
        }
    }

    fn carry_out(&mut self, air: &mut Air, effect: Effect) {
        match effect {
            Effect::StoreKey { key, .. } => {
                self.stored_keys.insert(key);
            }
            Effect::IssueTicket { key, request } => self.issue(air, key, &request),
            Effect::GiveAlone { key, request, number } => {
                let answer = self.alone.give(air, key, request, &number);
                self.step(air, Input::Dispatcher(answer));
            }
            Effect::CancelTicket { id, .. } if self.alone.give_back(air, id) => {
                self.step(air, Input::Dispatcher(DispatcherInput::GivenBack(id)));
            }
            Effect::Abandon(key) => self.asks.retain(|ask| ask.key != key),
            Effect::CancelTicket { id: ticket, .. } => {
                let reason = "given back".to_string();
                let key = air.dice.key();
                let pending = Pending::new(air, key, core::Event::Cancel { ticket, reason });
                self.cancels.push((ticket, pending));
            }
            Effect::Print { job, slip, reprint } => {
                let person = self.visitor.as_mut().filter(|_| !reprint);
                let person = person.map(|person| {
                    person.holds = true;
                    person.id
                });
                air.checks.slip(slip.ticket, reprint, person);
                self.last_job = self.last_job.max(job);
                self.slips.insert(job, slip);
                self.printing.push_back((air.tick + PRINT_TICKS, job));
            }
            _ => {}
        }
    }

    fn issue(&mut self, air: &mut Air, key: IdemKey, request: &TicketRequest) {
        if !self.stored_keys.contains(&key) {
            air.checks.found(Rule::KeyStoredFirst, || {
                "a request left before its key was stored".to_string()
            });
        }
        let mut holder = request.holder.number.expose().to_string();
        if air.has(Bug::HolderPerKiosk) {
            holder = format!("{holder}@{}", self.at);
        }
        let event = core::Event::Take(core::NewTicket {
            id: TicketId::from_bytes([0; 16]),
            services: request.services.clone(),
            class: request.class,
            booking: None,
            cases: request.cases,
            holder: Some(holder),
            source: core::Source { device: None },
        });
        let mut pending = Pending::new(air, key, event);
        pending.send(air, Addr::Kiosk(self.at));
        self.asks.push(Ask { key, pending });
    }

    pub(crate) fn hear(&mut self, air: &mut Air, message: Message) {
        if self.down_until.is_some() {
            return;
        }
        match message {
            Message::Catalogue => {
                self.heard = air.tick;
                self.step(air, Input::Dispatcher(DispatcherInput::Services(hall::catalogue())));
                self.step(air, Input::Dispatcher(DispatcherInput::Back));
            }
            Message::Answer { key, answer } => self.answered(air, key, &answer),
            _ => {}
        }
    }

    fn answered(&mut self, air: &mut Air, key: IdemKey, answer: &Answer) {
        if self.alone.answered(key, answer) {
            let lent = self.alone.lent();
            return self.step(air, Input::Dispatcher(lent));
        }
        if let Some(at) = self.cancels.iter().position(|(_, pending)| pending.key == key) {
            let (ticket, _) = self.cancels.remove(at);
            let input = match answer {
                Answer::Done(_) => DispatcherInput::GivenBack(ticket),
                _ => DispatcherInput::GiveBackFailed(ticket),
            };
            return self.step(air, Input::Dispatcher(input));
        }
        let issued = issued(answer);
        if let Some((id, number)) = issued {
            air.checks.told(id, Some(number));
        }
        let mut at = self.asks.iter().position(|ask| ask.pending.key == key);
        if air.has(Bug::AnswerToWhoeverStandsThere) && issued.is_some() && !self.asks.is_empty() {
            at = at.or(Some(0));
        }
        let Some(at) = at else { return };
        let key = self.asks.remove(at).key;
        let input = match (issued, held(answer)) {
            (Some((id, number)), _) => DispatcherInput::Issued {
                key,
                ticket: ticket(id, number),
            },
            (None, Some((id, number))) => {
                air.checks.told(id, Some(number));
                DispatcherInput::AlreadyHolds {
                    key,
                    ticket: ticket(id, number),
                }
            }
            (None, None) => DispatcherInput::Refused {
                key,
                trouble: Trouble::LastNumberGone,
            },
        };
        self.step(air, Input::Dispatcher(input));
    }
}

pub(crate) fn issued(answer: &Answer) -> Option<(TicketId, TicketNo)> {
    let Answer::Done(effects) = answer else { return None };
    effects.iter().find_map(|effect| match effect {
        core::Effect::Issued { ticket, number, .. } => Some((ticket.id, *number)),
        _ => None,
    })
}

fn held(answer: &Answer) -> Option<(TicketId, TicketNo)> {
    let Answer::Unchanged(effects) = answer else {
        return None;
    };
    effects.iter().find_map(|effect| match effect {
        core::Effect::Refused {
            refusal: core::Refusal::AlreadyHolds { ticket, number },
        } => Some((*ticket, *number)),
        _ => None,
    })
}

fn moment(air: &mut Air) -> Moment {
    Moment {
        now: Millis(1_000 + i64::try_from(air.tick).expect("a short day") * TICK_MS),
        today: TODAY,
        minute_of_day: u16::try_from(air.now().0 / 60_000).expect("a minute of a day"),
        fresh: air.dice.key(),
    }
}

fn flow(first_job: JobNo, air: &mut Air) -> Flow {
    let settings = Settings {
        kiosk_name: LocalText::default(),
        elsewhere: LocalText::default(),
        lang: Lang::ZhHans,
        elder: false,
        low_reach: false,
        timeouts: Timeouts::default(),
        first_job,
    };
    Flow::new(settings, moment(air).now)
}

pub(crate) fn ticket(id: TicketId, number: TicketNo) -> Ticket {
    Ticket {
        appointment: None,
        offline: false,
        id,
        number,
        check_code: "0000".to_string(),
        services: Vec::new(),
        people_ahead: 0,
        wait: None,
        returned: false,
        windows: Vec::new(),
        lookup_url: String::new(),
        taken_at: String::new(),
        called_to: None,
        masked_name: None,
        cases: Cases::ONE,
    }
}
