//! Which of the last calls stand without any board having shown them, as the journal tells it.

use std::collections::VecDeque;

use ticket_dispatcher_ledger::Delivery;
use ticket_dispatcher_protocol::CallView;
use ticket_dispatcher_queue_core::Engine;
use ticket_dispatcher_types::{TicketId, TicketState};

/// Calls that are remembered longer than the board shows them, in case that no board does.
const REMEMBERED: usize = 64;

/// Folded from the rows of a day.
#[derive(Default)]
pub struct Unshown {
    /// Last calls with their tickets, newest last.
    recent: VecDeque<(TicketId, CallView)>,
    /// Those that stand and that no board has shown, oldest first.
    open: Vec<(TicketId, CallView)>,
}

impl Unshown {
    /// A call is made.
    pub fn called(&mut self, ticket: TicketId, call: CallView) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((ticket, call));
    }

    /// After a row: what it says of boards counts, and calls that are over drop out. The list, if it changed.
    pub fn settle(&mut self, delivery: &Delivery, engine: &Engine) -> Option<Vec<CallView>> {
        if self.open.is_empty() && delivery.is_empty() {
            return None;
        }
        let before = self.open.len();
        self.open.retain(|(_, call)| !delivery.late.contains(&call.seq));
        let told = self
            .recent
            .iter()
            .filter(|(_, call)| delivery.unshown.contains(&call.seq));
        self.open.extend(told.cloned());
        let recent = &self.recent;
        self.open.retain(|(id, call)| {
            let recalled = recent.iter().any(|(other, newer)| other == id && newer.seq > call.seq);
            stands(engine, *id) && !recalled
        });
        (before != self.open.len() || !delivery.is_empty()).then(|| self.list())
    }

    /// For the picture of the hall.
    pub fn list(&self) -> Vec<CallView> {
        self.open.iter().map(|(_, call)| call.clone()).collect()
    }

    /// Calls that still stand: position, and whether the journal has them as not shown.
    pub fn standing(&self, engine: &Engine) -> Vec<(u64, bool)> {
        let standing = self.recent.iter().filter(|(id, _)| stands(engine, *id));
        let noted = |seq: u64| self.open.iter().any(|(_, call)| call.seq == seq);
        standing.map(|(_, call)| (call.seq, noted(call.seq))).collect()
    }

    /// A new day.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

fn stands(engine: &Engine, ticket: TicketId) -> bool {
    engine.ticket(ticket).is_some_and(|t| t.state == TicketState::Called)
}
