//! Who booked: the one place that ties a person to the opaque key that bookings carry in the journal.
//!
//! The key is random. When the row goes, 30 days after the last appointment, the journal's bookings and no-shows
//! belong to nobody any more, and no block can hold longer than that.

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, params};
use ticket_dispatcher_identity::IdTag;

use crate::day::Day;
use crate::holder::Retention;

/// Table of version 2. `day` is the day of the person's last appointment.
pub(crate) const TABLES_2: &str = "
CREATE TABLE booker (
    id_tag BLOB PRIMARY KEY CHECK (length(id_tag) = 32),
    person TEXT NOT NULL UNIQUE,
    day    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The key of a person; none for one who never booked, or whose time is over.
pub(crate) fn person(db: &Connection, tag: &IdTag) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT person FROM booker WHERE id_tag = ?1")?
        .query_row(params![tag.0], |row| row.get(0))
        .optional()
}

/// Remembers a person until the time after this appointment is over.
pub(crate) fn keep(db: &Connection, tag: &IdTag, person: &str, day: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO booker (id_tag, person, day) VALUES (?1, ?2, ?3)
         ON CONFLICT (id_tag) DO UPDATE SET day = max(day, excluded.day)",
    )?
    .execute(params![tag.0, person, day])?;
    Ok(())
}

/// The sweep at the beginning of `day`.
pub(crate) fn sweep(db: &Connection, day: Day, retention: Retention) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM booker WHERE day < date(?1, '-' || ?2 || ' days')",
        params![day.as_str(), retention.id_tag_days],
    )?;
    Ok(())
}

/// A new key: 128 random bits in hex.
pub(crate) fn new_person(entropy: fn(&mut [u8])) -> String {
    let mut bytes = [0; 16];
    entropy(&mut bytes);
    HEXLOWER.encode(&bytes)
}
