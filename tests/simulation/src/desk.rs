//! The desk: gives numbers without a card, takes some back, puts missed ones into the queue again.

use ticket_dispatcher_queue_core::{Event, NewTicket, Source};
use ticket_dispatcher_types::{Cases, Class, TicketId};

use crate::air::Air;
use crate::journal::{Addr, Answer, Message};
use crate::kiosk::issued;
use crate::retry::Pending;
use crate::{Bug, hall};

#[derive(Default)]
pub(crate) struct Desk {
    pending: Vec<Pending>,
}

impl Desk {
    pub(crate) fn is_quiet(&self) -> bool {
        self.pending.is_empty()
    }

    fn ask(&mut self, air: &mut Air, event: Event) {
        let key = air.dice.key();
        let pending = Pending::new(air, key, event);
        self.pending.push(pending);
    }

    pub(crate) fn give_number(&mut self, air: &mut Air) {
        let service = hall::service(air.dice.pick(5));
        let event = Event::Take(NewTicket {
            id: TicketId::from_bytes([0; 16]),
            services: vec![service],
            class: Class::Normal,
            booking: None,
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        });
        self.ask(air, event);
    }

    pub(crate) fn tick(&mut self, air: &mut Air) {
        for ticket in std::mem::take(&mut air.missed) {
            if air.dice.permille(500) {
                let reason = "came back".to_string();
                self.ask(air, Event::Requeue { ticket, reason });
            }
        }
        let tick = air.tick;
        for pending in self.pending.iter_mut().filter(|pending| pending.is_due(tick)) {
            if air.has(Bug::NewKeyOnRetry) && pending.attempts > 0 {
                pending.key = air.dice.key();
            }
            pending.send(air, Addr::Desk);
        }
    }

    pub(crate) fn hear(&mut self, air: &mut Air, message: Message) {
        let Message::Answer { key, answer } = message else {
            return;
        };
        if let Some((ticket, number)) = issued(&answer) {
            air.checks.told(ticket, Some(number));
        }
        let Some(at) = self.pending.iter().position(|pending| pending.key == key) else {
            return;
        };
        self.pending.remove(at);
        if let Some((ticket, _)) = issued(&answer)
            && air.dice.permille(150)
        {
            let reason = "changed their mind".to_string();
            self.ask(air, Event::Cancel { ticket, reason });
        }
        if matches!(answer, Answer::KeyReused) {
            air.checks.mark(&[7]);
        }
    }
}
