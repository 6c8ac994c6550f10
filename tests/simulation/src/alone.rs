//! A kiosk alone, as its daemon does it: lent numbers, tickets kept until they are handed over one by one, in order.

use std::collections::{BTreeSet, VecDeque};

use kiosk_flow::{DispatcherInput, Lent, LentNumber, TicketRequest};
use ticket_dispatcher_queue_core as core;
use ticket_dispatcher_types::{DeviceId, GroupId, IdemKey, Millis, TicketId, TicketNo};

use crate::air::Air;
use crate::journal::{Addr, Answer};
use crate::kiosk::{TODAY, ticket};
use crate::retry::Pending;
use crate::{Bug, hall};

/// Numbers of a block.
pub(crate) const BLOCK: usize = 4;
/// Lent numbers are asked for this often.
const LEASE_TICKS: u64 = 150;

/// What survives a restart is the outbox's, all but the errands.
pub(crate) struct Alone {
    at: usize,
    numbers: Vec<LentNumber>,
    used: BTreeSet<TicketNo>,
    given: VecDeque<Given>,
    leases: Vec<Pending>,
    errand: Option<Pending>,
}

struct Given {
    key: IdemKey,
    id: TicketId,
    number: TicketNo,
    group: GroupId,
    person: String,
    issued: Millis,
    request: TicketRequest,
}

impl Alone {
    pub(crate) fn new(at: usize) -> Self {
        Self {
            at,
            numbers: Vec::new(),
            used: BTreeSet::new(),
            given: VecDeque::new(),
            leases: Vec::new(),
            errand: None,
        }
    }

    fn device(&self) -> DeviceId {
        DeviceId::new(format!("K{}", self.at)).expect("a made-up id")
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.given.is_empty() && self.errand.is_none() && self.leases.is_empty()
    }

    pub(crate) fn crash(&mut self, air: &Air) {
        self.leases.clear();
        self.errand = None;
        if air.has(Bug::AloneNotKept) {
            self.given.clear();
        }
        if air.has(Bug::UsedNumbersForgotten) {
            self.used.clear();
        }
    }

    /// What the flow may give out.
    pub(crate) fn lent(&self) -> DispatcherInput {
        let unused = self.numbers.iter().filter(|lent| !self.used.contains(&lent.number));
        DispatcherInput::Lent(Lent {
            day: Some(TODAY),
            numbers: unused.cloned().collect(),
        })
    }

    pub(crate) fn tick(&mut self, air: &mut Air, up: bool) {
        if up && (air.tick + self.at as u64).is_multiple_of(LEASE_TICKS) && self.leases.is_empty() {
            self.ask_leases(air);
        }
        if up && self.errand.is_none() && !self.given.is_empty() {
            let place = if air.has(Bug::HandedOverBackwards) {
                self.given.len() - 1
            } else {
                0
            };
            let event = self.hand_over(&self.given[place]);
            self.errand = Some(Pending::new(air, self.given[place].key, event));
        }
        let (tick, from) = (air.tick, Addr::Kiosk(self.at));
        for pending in self.leases.iter_mut().chain(self.errand.iter_mut()) {
            if pending.is_due(tick) {
                pending.send(air, from);
            }
        }
    }

    fn ask_leases(&mut self, air: &mut Air) {
        for service in [0, 2, 4] {
            let group = hall::group_of(service);
            let own = self.numbers.iter().filter(|lent| lent.group == group);
            if own.filter(|lent| !self.used.contains(&lent.number)).count() * 2 < BLOCK {
                let (kiosk, ids) = (self.device(), Vec::new());
                let (key, event) = (air.dice.key(), core::Event::Lend { kiosk, group, ids });
                self.leases.push(Pending::new(air, key, event));
            }
        }
    }

    fn hand_over(&self, given: &Given) -> core::Event {
        core::Event::HandOver(Box::new(core::OfflineTicket {
            day: hall::DAY.to_string(),
            number: given.number,
            issued: given.issued,
            ticket: core::NewTicket {
                id: given.id,
                services: given.request.services.clone(),
                class: given.request.class,
                booking: None,
                cases: given.request.cases,
                holder: Some(given.person.clone()),
                source: core::Source {
                    device: Some(self.device()),
                },
            },
            given_back: false,
        }))
    }

    /// The ticket that the person was given here before, or this number.
    pub(crate) fn give(
        &mut self,
        air: &mut Air,
        key: IdemKey,
        request: TicketRequest,
        lent: &LentNumber,
    ) -> DispatcherInput {
        let person = request.holder.number.expose().to_string();
        let held = self
            .given
            .iter()
            .find(|given| given.person == person && given.group == lent.group);
        if let Some(held) = held {
            let ticket = ticket(held.id, held.number);
            return DispatcherInput::AlreadyHolds { key, ticket };
        }
        self.used.insert(lent.number);
        air.checks.given_alone(lent.id, lent.number, &person);
        self.given.push_back(Given {
            key,
            id: lent.id,
            number: lent.number,
            group: lent.group.clone(),
            issued: air.now(),
            person,
            request,
        });
        let mut ticket = ticket(lent.id, lent.number);
        ticket.offline = true;
        DispatcherInput::Issued { key, ticket }
    }

    /// Gives back what the dispatcher has not heard of.
    pub(crate) fn give_back(&mut self, air: &mut Air, id: TicketId) -> bool {
        let before = self.given.len();
        if self.errand.is_none() {
            self.given.retain(|given| given.id != id);
        }
        let gone = self.given.len() < before;
        if gone {
            air.checks.taken_back(id);
        }
        gone
    }

    /// True when the answer was for one of these errands.
    pub(crate) fn answered(&mut self, key: IdemKey, answer: &Answer) -> bool {
        if self.errand.as_ref().is_some_and(|errand| errand.key == key) {
            self.errand = None;
            self.given.retain(|given| given.key != key);
            return true;
        }
        let before = self.leases.len();
        self.leases.retain(|lease| lease.key != key);
        if self.leases.len() == before {
            return false;
        }
        if let Answer::Done(effects) = answer {
            effects.iter().for_each(|effect| self.lease(effect));
        }
        true
    }

    fn lease(&mut self, effect: &core::Effect) {
        if let core::Effect::Leased { group, first, ids, .. } = effect {
            let counts = first.count()..;
            self.numbers.extend(counts.zip(ids).map(|(count, id)| LentNumber {
                group: group.clone(),
                number: TicketNo::new(first.series(), count).expect("a lent number"),
                id: *id,
                check_code: "0000".to_string(),
                lookup_url: String::new(),
            }));
        }
    }
}
