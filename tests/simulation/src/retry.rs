//! A request that is sent until it is answered: the same for kiosk, desk and console.

use ticket_dispatcher_queue_core::Event;
use ticket_dispatcher_types::IdemKey;

use crate::air::Air;
use crate::journal::{Addr, Message, Request};

/// Ticks between attempts.
const PAUSES: [u64; 4] = [6, 7, 9, 13];

#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) key: IdemKey,
    pub(crate) ask: u64,
    pub(crate) event: Event,
    pub(crate) attempts: usize,
    next_at: u64,
}

impl Pending {
    pub(crate) fn new(air: &mut Air, key: IdemKey, event: Event) -> Self {
        Self {
            key,
            ask: air.new_ask(),
            event,
            attempts: 0,
            next_at: air.tick,
        }
    }

    pub(crate) fn is_due(&self, tick: u64) -> bool {
        tick >= self.next_at
    }

    pub(crate) fn send(&mut self, air: &mut Air, from: Addr) {
        let request = Request {
            from,
            key: self.key,
            ask: self.ask,
            event: self.event.clone(),
        };
        self.next_at = air.tick + PAUSES[self.attempts.min(PAUSES.len() - 1)];
        self.attempts += 1;
        air.send(from, Addr::Server, Message::Do(request));
    }
}
