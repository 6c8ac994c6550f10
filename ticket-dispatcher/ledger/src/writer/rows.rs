//! Rows as they go into the file: the journal's, the seal on its end, and what is kept of a holder beside it.

use std::sync::Arc;

use rusqlite::params;
use ticket_dispatcher_queue_core::Effect;
use ticket_dispatcher_types::IdemKey;

use super::{Command, ENGINE_VERSION, Writer, json};
use crate::day::{Day, Stamp};
use crate::holder;
use crate::recovery;
use crate::row::{Committed, Delivery, Input, Row, ticket_of};

impl Writer {
    /// What is known about persons changes in the transaction of the row that changes it.
    pub(super) fn keep_holder(&self, day: Day, command: &Command, row: &mut Committed) -> rusqlite::Result<()> {
        for effect in row.effects.iter() {
            match (effect, ticket_of(effect), &command.holder) {
                (Effect::Issued { ticket, .. }, _, Some(facts)) => {
                    holder::insert(&self.db, day, ticket.id, facts)?;
                    row.mask.clone_from(&facts.mask);
                    row.token_hash = Some(facts.token_hash);
                }
                (Effect::Finished { .. } | Effect::Cancelled { .. } | Effect::Superseded { .. }, Some(ticket), _)
                    if recovery::is_over(&self.engine, ticket) =>
                {
                    holder::end_of_service(&self.db, ticket)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        stamp: Stamp,
        kind: &str,
        idem: [u8; 16],
        input: &Input,
        outcome: &str,
    ) -> rusqlite::Result<Committed> {
        let row = Row {
            seq: self.seq + 1,
            at: stamp.at,
            kind: kind.to_string(),
            idem,
            input: json(input),
            outcome: outcome.to_string(),
            engine_version: ENGINE_VERSION,
            prev_hash: self.hash,
        };
        self.db
            .prepare_cached(
                "INSERT INTO journal (seq, at_ms, kind, idem, input, outcome, engine_version, prev_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.seq,
                row.at.0,
                row.kind,
                row.idem,
                row.input,
                row.outcome,
                row.engine_version,
                row.prev_hash,
            ])?;
        self.seq = row.seq;
        self.hash = row.hash();
        Ok(Committed {
            seq: row.seq,
            at: row.at,
            now: stamp.now,
            idem: IdemKey::from_bytes(idem),
            effects: Arc::new([]),
            delivery: Delivery::default(),
            mask: None,
            token_hash: None,
        })
    }

    pub(super) fn seal_head(&self) -> rusqlite::Result<()> {
        let mac = recovery::head_mac(self.crypto.as_ref(), self.seq, &self.hash);
        self.db
            .prepare_cached("INSERT OR REPLACE INTO head (one, seq, hash, mac) VALUES (1, ?1, ?2, ?3)")?
            .execute(params![self.seq, self.hash, mac])?;
        Ok(())
    }
}
