//! What is known about the person of a ticket: apart from the journal, and only for as long as needed.

use rusqlite::{Connection, OptionalExtension, params};
use ticket_dispatcher_identity::{CryptoProvider, DayKey, IdTag, RowId};
use ticket_dispatcher_types::TicketId;

use crate::day::Day;

/// What comes with a request for a ticket.
#[derive(Clone, Default)]
pub struct HolderFacts {
    /// Hash of the ticket's lookup token.
    pub token_hash: [u8; 32],
    /// Tag of the document number; none for a ticket from the desk.
    pub tag: Option<IdTag>,
    /// Masked name.
    pub mask: Option<String>,
    /// Name and number, sealed for the cell (`holder`, `sealed`, ticket id); none where the hall keeps none.
    pub sealed: Option<Vec<u8>>,
}

impl core::fmt::Debug for HolderFacts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HolderFacts")
    }
}

/// A row of `holder` as far as a view needs it after a restart.
#[derive(Clone)]
pub struct HolderRecord {
    /// The ticket.
    pub ticket: TicketId,
    /// Hash of its lookup token.
    pub token_hash: Option<[u8; 32]>,
    /// Masked name.
    pub mask: Option<String>,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Days that tags of document numbers are kept.
    pub id_tag_days: u16,
}

pub(crate) fn insert(db: &Connection, day: Day, ticket: TicketId, facts: &HolderFacts) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO holder (ticket, day, token_hash, id_tag, mask, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        ticket.bytes(),
        day.as_str(),
        facts.token_hash,
        facts.tag.map(|t| t.0),
        facts.mask,
        facts.sealed,
    ])?;
    Ok(())
}

/// The end of service: the sealed record and the mask go.
pub(crate) fn end_of_service(db: &Connection, ticket: TicketId) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE holder SET sealed = NULL, mask = NULL WHERE ticket = ?1")?
        .execute(params![ticket.bytes()])?;
    Ok(())
}

/// The end of a day: whatever sealed records and masks are left up to and with this day go.
pub(crate) fn end_of_day(db: &Connection, day: Day) -> rusqlite::Result<usize> {
    db.execute(
        "UPDATE holder SET sealed = NULL, mask = NULL
         WHERE day <= ?1 AND (sealed IS NOT NULL OR mask IS NOT NULL)",
        params![day.as_str()],
    )
}

/// The sweep at the beginning of `day`: tags beyond their time, tokens and day keys of days before yesterday.
pub(crate) fn sweep(db: &Connection, day: Day, retention: Retention) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE holder SET sealed = NULL, mask = NULL
         WHERE day < ?1 AND (sealed IS NOT NULL OR mask IS NOT NULL)",
        params![day.as_str()],
    )?;
    db.execute(
        "UPDATE holder SET id_tag = NULL WHERE day < date(?1, '-' || ?2 || ' days') AND id_tag IS NOT NULL",
        params![day.as_str(), retention.id_tag_days],
    )?;
    db.execute(
        "UPDATE holder SET token_hash = NULL WHERE day < date(?1, '-1 day') AND token_hash IS NOT NULL",
        params![day.as_str()],
    )?;
    db.execute(
        "DELETE FROM day_key WHERE day < date(?1, '-1 day')",
        params![day.as_str()],
    )?;
    Ok(())
}

/// Those of these tickets whose token still opens the lookup. By ticket, because the table keeps a row for every ticket
/// there ever was.
pub(crate) fn of(db: &Connection, tickets: &[TicketId]) -> rusqlite::Result<Vec<HolderRecord>> {
    let mut query = db.prepare("SELECT token_hash, mask FROM holder WHERE ticket = ?1 AND token_hash IS NOT NULL")?;
    let mut records = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        let record = query.query_row(params![ticket.bytes()], |row| {
            Ok(HolderRecord {
                ticket: *ticket,
                token_hash: row.get(0)?,
                mask: row.get(1)?,
            })
        });
        records.extend(record.optional()?);
    }
    Ok(records)
}

fn cell(day: &Day) -> RowId<'_> {
    RowId {
        table: "day_key",
        column: "sealed",
        row: day.as_str().as_bytes(),
    }
}

/// The key of a day, none if it was destroyed or never made.
pub(crate) fn day_key(db: &Connection, crypto: &dyn CryptoProvider, day: Day) -> rusqlite::Result<Option<DayKey>> {
    let sealed: Option<Vec<u8>> = db
        .prepare_cached("SELECT sealed FROM day_key WHERE day = ?1")?
        .query_row(params![day.as_str()], |row| row.get(0))
        .optional()?;
    let opened = sealed.and_then(|record| crypto.open(cell(&day), &record).ok());
    Ok(opened.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok().map(DayKey::from_bytes)))
}

/// Stores the key of a day, sealed under the record key.
pub(crate) fn put_day_key(
    db: &Connection,
    crypto: &dyn CryptoProvider,
    day: Day,
    key: &DayKey,
    nonce: [u8; 12],
) -> rusqlite::Result<()> {
    let sealed = crypto.seal(cell(&day), nonce, key.expose());
    db.execute(
        "INSERT OR REPLACE INTO day_key (day, sealed) VALUES (?1, ?2)",
        params![day.as_str(), sealed],
    )?;
    Ok(())
}
