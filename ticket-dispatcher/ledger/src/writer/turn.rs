//! The turn of the day: what begins with it, and who is forgotten at its end.

use rusqlite::{Connection, params};
use ticket_dispatcher_identity::DayKey;
use ticket_dispatcher_queue_core::Event;
use zeroize::Zeroizing;

use super::{ENGINE_VERSION, GivenUp, Writer, json, own_key};
use crate::booker;
use crate::day::{Day, Stamp};
use crate::holder;
use crate::recovery;
use crate::row::{Committed, Input, What, is_refused, kind_of};
use crate::schema::{InFile, LedgerError};

impl Writer {
    /// The first thing of a new day is the day itself, so that no event is ever applied under the wrong date.
    pub(super) fn begin_day(&mut self, stamp: Stamp, rows: &mut Vec<Committed>) -> Result<(), GivenUp> {
        if self.engine.day() == stamp.day.as_str() {
            return Ok(());
        }
        let before = recovery::Carried::of(&self.engine);
        let (seq, hash) = (self.seq, self.hash);
        let event = Event::DayBegins {
            day: stamp.day.to_string(),
        };
        let effects = self.engine.apply(stamp.now, event.clone());
        if is_refused(&effects) {
            tracing::warn!(day = %stamp.day, "the day began already");
            return Ok(());
        }
        let kind = kind_of(&event);
        let input = Input {
            now: stamp.now,
            request: None,
            quote: None,
            by: None,
            who: None,
            what: What::Event(event),
        };
        let idem = own_key(b"day begins", stamp.day.as_str().as_bytes());
        let mut row = self.append(stamp, kind, idem, &input, &json(&effects))?;
        row.effects = effects.into();
        rows.push(row);
        self.db.execute(
            "INSERT OR REPLACE INTO snapshot (seq, hash, engine_version, day, state) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![seq, hash, ENGINE_VERSION, stamp.day.as_str(), json(&before)],
        )?;
        holder::sweep(&self.db, stamp.day, self.retention)?;
        booker::sweep(&self.db, stamp.day, self.retention)?;
        self.day_key = self.make_day_key(stamp.day)?;
        Ok(())
    }

    pub(super) fn make_day_key(&self, day: Day) -> rusqlite::Result<DayKey> {
        let mut key = Zeroizing::new([0_u8; 32]);
        let mut nonce = [0_u8; 12];
        (self.entropy)(key.as_mut_slice());
        (self.entropy)(&mut nonce);
        let key = DayKey::from_bytes(*key);
        holder::put_day_key(&self.db, self.crypto.as_ref(), day, &key, nonce)?;
        Ok(key)
    }

    /// The key of the engine's day as stored.
    pub(super) fn key_of_day(&self) -> Result<DayKey, LedgerError> {
        let Some(day) = Day::parse(self.engine.day()) else {
            return Ok(DayKey::from_bytes([0; 32]));
        };
        let stored = holder::day_key(&self.db, self.crypto.as_ref(), day).in_file(&self.file)?;
        stored.ok_or_else(|| LedgerError::Damaged {
            file: self.file.clone(),
            reason: format!("the key of {day} is missing or was sealed with another key file"),
        })
    }

    /// 23:59: whoever was not served today is forgotten now. The checkpoint takes what was deleted out of the log too.
    pub(super) fn end_of_day(&mut self) {
        let Some(day) = Day::parse(self.engine.day()) else {
            return;
        };
        match holder::end_of_day(&self.db, day) {
            Ok(cleared) => tracing::info!(cleared, %day, "sealed records and masks of the day are deleted"),
            Err(error) => tracing::error!(%error, "sealed records could not be deleted; tried again at midnight"),
        }
        checkpoint(&self.db);
    }
}

/// Folds the whole log in and empties it.
pub(super) fn checkpoint(db: &Connection) {
    let done: rusqlite::Result<i64> = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    if let Err(error) = done {
        tracing::warn!(%error, "the write-ahead log could not be folded in");
    }
}
