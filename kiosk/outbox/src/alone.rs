//! What the kiosk keeps to go on alone: the last catalogue and the lent numbers, who holds what (as tags under the
//! kiosk's own key), and the tickets that were given out and are to be handed over, their persons sealed.
//!
//! The number of a ticket is used up and its person sealed in one transaction, before anybody sees the number; a crash
//! at any moment leaves a ticket that is handed over once, or no ticket at all.

use rusqlite::{OptionalExtension, params};
use ticket_dispatcher_types::{GroupId, IdemKey, TicketNo, UnixMillis};

use crate::{Outbox, OutboxError};

/// A person as this kiosk tells one from another: a keyed tag.
pub type Tag = [u8; 32];

/// A ticket given out alone, to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlone<'a> {
    /// The key of its hand-over.
    pub key: IdemKey,
    /// The person.
    pub tag: Tag,
    /// The group of its number.
    pub group: &'a GroupId,
    /// The local day.
    pub day: &'a str,
    /// Its number.
    pub number: TicketNo,
    /// The hand-over without the person, JSON.
    pub body: &'a str,
    /// The person, sealed.
    pub sealed: &'a [u8],
    /// The ticket as shown, JSON without the person.
    pub ticket: &'a str,
}

/// A ticket that waits for its hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAlone {
    /// Its place among those given out alone.
    pub no: i64,
    /// The key of its hand-over.
    pub key: IdemKey,
    /// The hand-over without the person, JSON.
    pub body: String,
    /// The person, sealed; none once its day was over.
    pub sealed: Option<Vec<u8>>,
}

/// How a ticket given out alone ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AloneEnd {
    /// In the dispatcher's queue.
    Handed,
    /// The person holds another ticket, which counts.
    Joined,
    /// Refused for good.
    Void,
}

impl AloneEnd {
    fn word(self) -> &'static str {
        match self {
            Self::Handed => "handed",
            Self::Joined => "joined",
            Self::Void => "void",
        }
    }
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredAlone> {
    Ok(StoredAlone {
        no: row.get(0)?,
        key: IdemKey::from_bytes(row.get(1)?),
        body: row.get(2)?,
        sealed: row.get(3)?,
    })
}

impl Outbox {
    /// Keeps a document under a name, in place of the last one.
    pub fn keep(&self, name: &str, value: &str, at: UnixMillis) -> Result<(), OutboxError> {
        let sql = "INSERT OR REPLACE INTO kept (name, value, at_ms) VALUES (?1, ?2, ?3)";
        self.db.execute(sql, params![name, value, at.0])?;
        Ok(())
    }

    /// The document kept under a name.
    pub fn kept(&self, name: &str) -> Result<Option<String>, OutboxError> {
        let sql = "SELECT value FROM kept WHERE name = ?1";
        Ok(self.db.query_row(sql, [name], |row| row.get(0)).optional()?)
    }

    /// Somebody asks for a number with this key.
    pub fn asked(&self, key: IdemKey, tag: &Tag, group: &GroupId, day: &str) -> Result<(), OutboxError> {
        let sql = "INSERT OR REPLACE INTO asked (key, tag, grp, day) VALUES (?1, ?2, ?3, ?4)";
        self.db.execute(sql, params![key.bytes(), tag, group.as_str(), day])?;
        Ok(())
    }

    /// Whoever asked with this key holds this ticket now.
    pub fn hold(&self, key: IdemKey, number: TicketNo, ticket: &str) -> Result<(), OutboxError> {
        let sql = "INSERT OR REPLACE INTO held (tag, grp, day, number, ticket)
                   SELECT tag, grp, day, ?2, ?3 FROM asked WHERE key = ?1";
        self.db.execute(sql, params![key.bytes(), number.to_string(), ticket])?;
        Ok(())
    }

    /// A ticket is over: its person may take another number.
    pub fn release(&self, number: TicketNo) -> Result<(), OutboxError> {
        self.db
            .execute("DELETE FROM held WHERE number = ?1", [number.to_string()])?;
        Ok(())
    }

    /// The ticket that a person holds in a group today, as far as this kiosk knows.
    pub fn held(&self, tag: &Tag, group: &GroupId, day: &str) -> Result<Option<String>, OutboxError> {
        let sql = "SELECT ticket FROM held WHERE tag = ?1 AND grp = ?2 AND day = ?3";
        let found = self
            .db
            .query_row(sql, params![tag, group.as_str(), day], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Keeps a ticket that is given out alone. When this returns it is on the disk, and its number is used up.
    pub fn give_alone(&mut self, new: &NewAlone<'_>, at: UnixMillis) -> Result<(), OutboxError> {
        let number = new.number.to_string();
        let change = self.db.transaction()?;
        let sql = "INSERT INTO alone (key, day, number, body, sealed, state, at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'given', ?6)";
        let row = params![new.key.bytes(), new.day, number, new.body, new.sealed, at.0];
        change.execute(sql, row)?;
        let sql = "INSERT OR REPLACE INTO held (tag, grp, day, number, ticket) VALUES (?1, ?2, ?3, ?4, ?5)";
        change.execute(sql, params![new.tag, new.group.as_str(), new.day, number, new.ticket])?;
        change.commit()?;
        Ok(())
    }

    /// Numbers given out alone on a day.
    pub fn used_numbers(&self, day: &str) -> Result<Vec<String>, OutboxError> {
        let mut query = self.db.prepare_cached("SELECT number FROM alone WHERE day = ?1")?;
        Ok(query.query_map([day], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The oldest ticket that is not handed over.
    pub fn next_alone(&self) -> Result<Option<StoredAlone>, OutboxError> {
        let sql = "SELECT no, key, body, sealed FROM alone WHERE state = 'given' ORDER BY no LIMIT 1";
        Ok(self.db.query_row(sql, [], stored).optional()?)
    }

    /// Says how a ticket ended. Its person is forgotten with it; the first end counts.
    pub fn end_alone(&self, no: i64, end: AloneEnd, note: &str, at: UnixMillis) -> Result<(), OutboxError> {
        let sql =
            "UPDATE alone SET state = ?2, note = ?3, ended_ms = ?4, sealed = NULL WHERE no = ?1 AND state = 'given'";
        let ended = self.db.execute(sql, params![no, end.word(), note, at.0])? == 1;
        if ended && end != AloneEnd::Handed {
            let sql = "DELETE FROM held WHERE number = (SELECT number FROM alone WHERE no = ?1)";
            self.db.execute(sql, [no])?;
        }
        Ok(())
    }

    /// The hand-over of a ticket that was given out on this day and not handed over yet.
    pub fn given_alone(&self, day: &str, number: TicketNo) -> Result<Option<StoredAlone>, OutboxError> {
        let sql = "SELECT no, key, body, sealed FROM alone WHERE day = ?1 AND number = ?2 AND state = 'given'";
        let row = params![day, number.to_string()];
        Ok(self.db.query_row(sql, row, stored).optional()?)
    }

    /// A ticket that was not handed over yet is given back: its person is forgotten and may take another number. The
    /// hall still hears of the number, in its turn and with a key and a body of its own: the first hand-over may have
    /// arrived although its answer did not.
    pub fn give_back_alone(&mut self, no: i64, key: IdemKey, body: &str) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        let sql = "UPDATE alone SET key = ?2, body = ?3, sealed = NULL WHERE no = ?1 AND state = 'given'";
        change.execute(sql, params![no, key.bytes(), body])?;
        let sql = "DELETE FROM held WHERE number = (SELECT number FROM alone WHERE no = ?1)";
        change.execute(sql, [no])?;
        change.commit()?;
        Ok(())
    }

    /// A day has begun: nothing of a person is kept from another one. Tickets of other days that were never handed over
    /// stay, without their persons, so that the hall hears of them.
    pub fn begin_day(&mut self, day: &str) -> Result<(), OutboxError> {
        let change = self.db.transaction()?;
        change.execute("DELETE FROM asked WHERE day <> ?1", [day])?;
        change.execute("DELETE FROM held WHERE day <> ?1", [day])?;
        change.execute(
            "UPDATE alone SET sealed = NULL WHERE day <> ?1 AND sealed IS NOT NULL",
            [day],
        )?;
        change.commit()?;
        Ok(())
    }
}
