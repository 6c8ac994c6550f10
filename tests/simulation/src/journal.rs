//! What travels and what is stored.

use ticket_dispatcher_queue_core::{Effect, Event};
use ticket_dispatcher_types::{IdemKey, Millis, TicketId, TicketState, WindowId};

/// Who is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Addr {
    Server,
    Kiosk(usize),
    Desk,
    Window(usize),
    Board(usize),
}

/// A call as a board shows it; the ticket's id stands for its number.
pub(crate) type Call = (TicketId, WindowId);

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) from: Addr,
    pub(crate) key: IdemKey,
    /// One intention of one person: all its attempts carry the same number. The dispatcher does not look at it.
    pub(crate) ask: u64,
    pub(crate) event: Event,
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// On disk, now or when the same key came first.
    Done(Vec<Effect>),
    /// Refused, or nobody waits; nothing was stored.
    Unchanged(Vec<Effect>),
    KeyReused,
}

#[derive(Debug, Clone)]
pub(crate) enum Message {
    Do(Request),
    Services {
        from: Addr,
    },
    Look {
        from: Addr,
        window: WindowId,
    },
    Subscribe {
        board: usize,
        stream: u64,
        last: Option<u64>,
    },
    Answer {
        key: IdemKey,
        answer: Answer,
    },
    Catalogue,
    Looked {
        open: bool,
        current: Option<(TicketId, TicketState)>,
    },
    Snapshot {
        stream: u64,
        seq: u64,
        calls: Vec<Call>,
    },
    Event {
        stream: u64,
        seq: u64,
        calls: Vec<Call>,
    },
    Beat {
        stream: u64,
    },
}

/// A row of the journal.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) from: Addr,
    pub(crate) key: IdemKey,
    pub(crate) ask: u64,
    pub(crate) now: Millis,
    /// As asked; the ticket's id is given by the dispatcher.
    pub(crate) asked: Event,
    pub(crate) event: Event,
    pub(crate) effects: Vec<Effect>,
}

impl Row {
    pub(crate) fn calls(&self) -> Vec<Call> {
        let called = self.effects.iter().filter_map(|effect| match effect {
            Effect::Called { ticket, window, .. } => Some((*ticket, window.clone())),
            _ => None,
        });
        called.collect()
    }
}

/// The four newest calls, newest first: the picture of a board.
pub(crate) fn show(picture: &mut Vec<Call>, calls: &[Call]) {
    for call in calls {
        picture.retain(|shown| shown.0 != call.0);
        picture.insert(0, call.clone());
        picture.truncate(4);
    }
}

pub(crate) fn changes_nothing(effects: &[Effect]) -> bool {
    effects.iter().all(|e| matches!(e, Effect::Refused { .. }))
}

/// The ticket that an effect is about.
pub(crate) fn ticket_of(effect: &Effect) -> Option<TicketId> {
    match effect {
        Effect::Issued { ticket, .. } => Some(ticket.id),
        Effect::Called { ticket, .. }
        | Effect::Recalled { ticket, .. }
        | Effect::Started { ticket, .. }
        | Effect::Finished { ticket, .. }
        | Effect::NextMatter { ticket, .. }
        | Effect::NoShow { ticket, .. }
        | Effect::Transferred { ticket, .. }
        | Effect::Requeued { ticket, .. }
        | Effect::Held { ticket, .. }
        | Effect::Resumed { ticket }
        | Effect::Cancelled { ticket, .. }
        | Effect::Superseded { ticket, .. }
        | Effect::Rated { ticket, .. } => Some(*ticket),
        _ => None,
    }
}
