//! A journal row: what is stored, how it is chained, how it is read back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};
use ticket_dispatcher_queue_core::{By, Effect, Event, HallConfig, Quote};
use ticket_dispatcher_types::{HallId, IdemKey, Millis, TicketId, UnixMillis};

/// One row, as stored. `hash` is the only derived field: the next row stores it as its `prev_hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) at: UnixMillis,
    pub(crate) kind: String,
    pub(crate) idem: [u8; 16],
    /// JSON of [`Input`].
    pub(crate) input: String,
    /// JSON of the effects.
    pub(crate) outcome: String,
    pub(crate) engine_version: u32,
    pub(crate) prev_hash: [u8; 32],
}

impl Row {
    /// SM3 over `prev_hash ‖ seq(8) ‖ at_ms(8) ‖ engine_version(4) ‖ idem(16)` and, each behind its length (4), kind,
    /// input and outcome; integers big endian.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut sm3 = Sm3::new();
        sm3.update(self.prev_hash);
        sm3.update(self.seq.to_be_bytes());
        sm3.update(self.at.0.to_be_bytes());
        sm3.update(self.engine_version.to_be_bytes());
        sm3.update(self.idem);
        for text in [&self.kind, &self.input, &self.outcome] {
            let length = u32::try_from(text.len()).expect("requests are limited to 16 KiB");
            sm3.update(length.to_be_bytes());
            sm3.update(text.as_bytes());
        }
        sm3.finalize().into()
    }

    pub(crate) fn input(&self) -> Result<Input, RowError> {
        serde_json::from_str(&self.input).map_err(|source| self.unreadable("input", &source))
    }

    pub(crate) fn effects(&self) -> Result<Vec<Effect>, RowError> {
        serde_json::from_str(&self.outcome).map_err(|source| self.unreadable("outcome", &source))
    }

    fn unreadable(&self, column: &'static str, source: &serde_json::Error) -> RowError {
        RowError::Unreadable {
            seq: self.seq,
            column,
            reason: source.to_string(),
        }
    }
}

/// What the first row of every journal chains to.
pub(crate) fn genesis() -> [u8; 32] {
    Sm3::digest(b"yimen journal 1").into()
}

/// What is stored of a request: local time for the engine, the input itself, a keyed digest of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
    /// Since local midnight of the engine's day.
    pub(crate) now: Millis,
    /// Keyed digest of the request, hex; none for what the dispatcher does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// What a ticket was told, if that was foreseen before it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quote: Option<Quote>,
    /// Whose hands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<By>,
    /// Who asked, by role and id; none for what the dispatcher does by itself, and in rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<String>,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// The input itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// An event for the engine.
    Event(Event),
    /// The hall file in force from here on. A replay needs it, so it stands in the journal like any other input.
    Hall {
        /// Which hall.
        id: HallId,
        /// The engine's view of the hall file.
        config: Box<HallConfig>,
    },
    /// What the boards have shown, or not. The engine knows nothing of it.
    Delivery(Delivery),
}

/// Calls by the journal position that made them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// No board said in time that it shows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unshown: Vec<u64>,
    /// A board said so after all, when it had been noted that none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<u64>,
}

impl Delivery {
    /// Nothing to say.
    pub fn is_empty(&self) -> bool {
        self.unshown.is_empty() && self.late.is_empty()
    }
}

/// The word for an event in the column `kind`.
pub(crate) fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::DayBegins { .. } => "day-begins",
        Event::Take(_) => "take",
        Event::Open { .. } => "open",
        Event::Pause { .. } => "pause",
        Event::Close { .. } => "close",
        Event::Next { .. } => "next",
        Event::Dispatch => "dispatch",
        Event::Recall { .. } => "recall",
        Event::Start { .. } => "start",
        Event::Finish { .. } => "finish",
        Event::NoShow { .. } => "no-show",
        Event::Transfer { .. } => "transfer",
        Event::Requeue { .. } => "requeue",
        Event::Hold { .. } => "hold",
        Event::Resume { .. } => "resume",
        Event::Cancel { .. } => "cancel",
        Event::Book(_) => "book",
        Event::CancelBooking { .. } => "cancel-booking",
        Event::Unblock { .. } => "unblock",
        Event::Lend { .. } => "lend",
        Event::HandOver(_) => "hand-over",
        Event::Rate { .. } => "rate",
        Event::SetPolicy { .. } => "policy",
        Event::Pick { .. } => "pick",
        Event::Peek { .. } => "peek",
    }
}

/// The word in `kind` for a row that puts a hall file in force.
pub(crate) const KIND_HALL: &str = "hall-file";

/// The word in `kind` for a row about boards.
pub(crate) const KIND_DELIVERY: &str = "delivery";

/// True if nothing was done, so that no row is written: asked again, the same may be possible. "Nobody waits" is an
/// answer and gets its row: the same key must not call somebody later, when a doubled message comes in late.
pub(crate) fn is_refused(effects: &[Effect]) -> bool {
    effects.iter().all(|e| matches!(e, Effect::Refused { .. }))
}

/// The ticket that an effect is about.
pub(crate) fn ticket_of(effect: &Effect) -> Option<TicketId> {
    match effect {
        Effect::Issued { ticket, .. } => Some(ticket.id),
        Effect::Called { ticket, .. }
        | Effect::Picked { ticket, .. }
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
        Effect::DayBegan { .. }
        | Effect::Leased { .. }
        | Effect::Booked { .. }
        | Effect::BookingCancelled { .. }
        | Effect::BookingMissed { .. }
        | Effect::BookingBlocked { .. }
        | Effect::BookingUnblocked { .. }
        | Effect::WindowOpened { .. }
        | Effect::WindowPaused { .. }
        | Effect::WindowClosed { .. }
        | Effect::PolicyChanged { .. }
        | Effect::Peeked { .. }
        | Effect::NobodyWaits { .. }
        | Effect::Refused { .. } => None,
    }
}

/// A row that is on disk, as every view gets it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Its place in the journal, dense from 1.
    pub seq: u64,
    /// UTC.
    pub at: UnixMillis,
    /// Since local midnight of the engine's day.
    pub now: Millis,
    /// The client's key.
    pub idem: IdemKey,
    /// What the engine decided.
    pub effects: Arc<[Effect]>,
    /// What the boards have shown, or not.
    pub delivery: Delivery,
    /// Masked name of the holder, with the row that issues a ticket.
    pub mask: Option<String>,
    /// Hash of the lookup token, with the row that issues a ticket.
    pub token_hash: Option<[u8; 32]>,
}

/// A row that cannot be taken for what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not the JSON that this version writes.
    #[error("row {seq}: column {column} cannot be read: {reason}")]
    Unreadable {
        /// Which row.
        seq: u64,
        /// Which column.
        column: &'static str,
        /// What the parser said.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            seq: 7,
            at: UnixMillis(1_700_000_000_000),
            kind: "next".into(),
            idem: [3; 16],
            input: "{}".into(),
            outcome: "[]".into(),
            engine_version: 1,
            prev_hash: genesis(),
        }
    }

    #[test]
    fn every_stored_field_moves_the_hash() {
        let changes: [fn(&mut Row); 8] = [
            |r| r.seq += 1,
            |r| r.at.0 += 1,
            |r| r.kind = "nex".into(),
            |r| r.idem[15] ^= 1,
            |r| r.input = "{ }".into(),
            |r| r.outcome = "[ ]".into(),
            |r| r.engine_version += 1,
            |r| r.prev_hash[0] ^= 1,
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            assert_ne!(changed.hash(), row().hash(), "change {i} was not noticed");
        }
    }

    #[test]
    fn text_cannot_move_from_one_column_to_the_next() {
        let mut moved = row();
        moved.kind = "next{".into();
        moved.input = "}".into();
        assert_ne!(moved.hash(), row().hash());
    }
}
