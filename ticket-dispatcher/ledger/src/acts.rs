//! The journal in the words of the audit log: who did what to which ticket, window or booking, and why. For the
//! auditor, who reads it beside the records of the gate; nothing is written twice.
//!
//! An act names codes and ids. What the journal knows of a person (nothing but a key that dies with the day) is left
//! out.

use std::path::Path;

use rusqlite::{Connection, params};
use ticket_dispatcher_queue_core::{By, Effect, Policy, TransferTo};
use ticket_dispatcher_types::{Class, CloseReason, TicketId, WindowId};

use crate::recovery::read_row;
use crate::row::{Input, Row, What};
use crate::schema::{InFile, LedgerError, open_reader};

/// Rows that are read at once.
const ROWS: u32 = 500;

/// Something that was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// Place of its row in the journal; acts of one row share it.
    pub seq: u64,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// By whom: role and id; `dispatcher` for what it does by itself.
    pub actor: String,
    /// What, a word with a dot: `ticket.call`.
    pub action: &'static str,
    /// To what: a ticket's id, a window, a kiosk, a booking.
    pub object: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why, where a reason was given.
    pub reason: String,
}

/// Acts before a place, the newest last, whole rows, at least so many where there are.
pub fn acts_before(file: &Path, seq: u64, at_least: usize) -> Result<Vec<Act>, LedgerError> {
    let db = open_reader(file)?;
    let (mut acts, mut end) = (Vec::new(), seq);
    while acts.len() < at_least {
        let rows = rows(&db, file, "seq < ?1 ORDER BY seq DESC", end, ROWS)?;
        let Some(last) = rows.last() else { break };
        end = last.seq;
        for row in rows {
            // Backwards like the rows.
            acts.extend(acts_of(&row)?.into_iter().rev());
            if acts.len() >= at_least {
                break;
            }
        }
    }
    acts.reverse();
    Ok(acts)
}

/// Acts from a place on, whole rows, at least so many where there are, and the place behind them.
pub fn acts_from(file: &Path, seq: u64, at_least: usize) -> Result<(Vec<Act>, u64), LedgerError> {
    let db = open_reader(file)?;
    let (mut acts, mut next) = (Vec::new(), seq);
    while acts.len() < at_least {
        let rows = rows(&db, file, "seq >= ?1 ORDER BY seq", next, ROWS)?;
        let Some(last) = rows.last() else { break };
        next = last.seq + 1;
        for row in &rows {
            acts.extend(acts_of(row)?);
        }
    }
    Ok((acts, next))
}

/// A place of the journal and the hash of its row, which stands for all rows up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The place.
    pub seq: u64,
    /// SM3 of the row, the one before it chained in.
    pub hash: [u8; 32],
}

/// Where the journal ends; none where it has not begun.
pub fn end_of(file: &Path) -> Result<Option<Mark>, LedgerError> {
    let db = open_reader(file)?;
    last_before(&db, file, u64::MAX)
}

/// The first of these marks that does not fit: the journal has no such row, or another one.
pub fn misfit(file: &Path, marks: &[Mark]) -> Result<Option<u64>, LedgerError> {
    let db = open_reader(file)?;
    for mark in marks {
        if last_before(&db, file, mark.seq.saturating_add(1))? != Some(*mark) {
            return Ok(Some(mark.seq));
        }
    }
    Ok(None)
}

fn last_before(db: &Connection, file: &Path, seq: u64) -> Result<Option<Mark>, LedgerError> {
    let last = rows(db, file, "seq < ?1 ORDER BY seq DESC", seq, 1)?;
    Ok(last.first().map(|row| Mark {
        seq: row.seq,
        hash: row.hash(),
    }))
}

fn rows(db: &Connection, file: &Path, which: &str, seq: u64, at_most: u32) -> Result<Vec<Row>, LedgerError> {
    let sql = format!(
        "SELECT seq, at_ms, kind, idem, input, outcome, engine_version, prev_hash FROM journal WHERE {which} LIMIT ?2"
    );
    let mut query = db.prepare_cached(&sql).in_file(file)?;
    // The place after the last one that can be is asked for by whoever wants the end.
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let rows = query.query_map(params![seq, at_most], read_row).in_file(file)?;
    rows.collect::<rusqlite::Result<_>>().in_file(file)
}

fn acts_of(row: &Row) -> Result<Vec<Act>, LedgerError> {
    let unreadable = |error: crate::row::RowError| LedgerError::Damaged {
        file: std::path::PathBuf::new(),
        reason: error.to_string(),
    };
    let input = row.input().map_err(unreadable)?;
    let base = Act {
        seq: row.seq,
        at_ms: row.at.0,
        actor: actor(&input),
        ..Act::default()
    };
    if matches!(input.what, What::Hall { .. }) {
        let act = Act {
            action: "hall-file.change",
            ..base
        };
        return Ok(vec![act]);
    }
    let effects = row.effects().map_err(unreadable)?;
    Ok(effects.iter().flat_map(|effect| of_effect(&base, effect)).collect())
}

fn actor(input: &Input) -> String {
    match (&input.who, &input.by) {
        (Some(who), _) => who.clone(),
        (None, Some(By::Window { window })) => format!("window:{window}"),
        (None, Some(By::Kiosk)) => "kiosk".to_string(),
        (None, None) => "dispatcher".to_string(),
    }
}

/// Most effects are one act; a number given out with priority is two.
fn of_effect(base: &Act, effect: &Effect) -> Vec<Act> {
    let act = |action, object: String, new: String, reason: &str| Act {
        action,
        object,
        new,
        reason: reason.to_string(),
        ..base.clone()
    };
    let one = |action, object: String, new: String, reason: &str| vec![act(action, object, new, reason)];
    if let Some(acts) = of_ticket(base, effect) {
        return acts;
    }
    match effect {
        Effect::DayBegan { day } => one("day.begin", day.clone(), String::new(), ""),
        Effect::WindowOpened { window, clerk } => {
            let clerk = clerk.as_ref().map(ToString::to_string).unwrap_or_default();
            one("window.open", window.to_string(), clerk, "")
        }
        Effect::WindowPaused { window, reason } => {
            one("window.pause", window.to_string(), String::new(), word(*reason))
        }
        Effect::WindowClosed { window, reason } => {
            one("window.close", window.to_string(), String::new(), word(*reason))
        }
        Effect::Leased { kiosk, first, ids, .. } => {
            one("numbers.lend", kiosk.to_string(), format!("{first} +{}", ids.len()), "")
        }
        Effect::Booked { booking, .. } => one("booking.make", booking.id.to_string(), String::new(), ""),
        Effect::BookingCancelled { booking, .. } => one("booking.cancel", booking.to_string(), String::new(), ""),
        Effect::BookingMissed { booking, .. } => one("booking.miss", booking.to_string(), String::new(), ""),
        Effect::BookingBlocked { until, .. } => one("booking.block", String::new(), until.clone(), ""),
        Effect::BookingUnblocked { reason, .. } => one("booking.unblock", String::new(), String::new(), reason),
        Effect::PolicyChanged { from, to, reason, .. } => vec![Act {
            old: Policy::name(*from).to_string(),
            ..act("policy.change", String::new(), Policy::name(*to).to_string(), reason)
        }],
        Effect::Peeked { window, clerk, reason } => {
            let clerk = clerk.as_ref().map(ToString::to_string).unwrap_or_default();
            one("list.look", window.to_string(), clerk, reason)
        }
        _ => Vec::new(),
    }
}

fn of_ticket(base: &Act, effect: &Effect) -> Option<Vec<Act>> {
    let act = |action, ticket: &TicketId, new: String, reason: &str| Act {
        action,
        object: ticket.to_string(),
        new,
        reason: reason.to_string(),
        ..base.clone()
    };
    let at = |window: &WindowId| window.to_string();
    let done = match effect {
        Effect::Issued {
            ticket, number, class, ..
        } => {
            let taken = act("ticket.take", &ticket.id, number.to_string(), "");
            let class = match class {
                Class::Elderly => "elderly",
                Class::Disabled => "disabled",
                Class::Appt | Class::Normal => return Some(vec![taken]),
            };
            return Some(vec![taken, act("priority.give", &ticket.id, class.to_string(), "")]);
        }
        Effect::Called { ticket, window, .. } => act("ticket.call", ticket, at(window), ""),
        Effect::Picked {
            ticket, window, reason, ..
        } => act("ticket.pick", ticket, at(window), reason),
        Effect::Recalled { ticket, window, .. } => act("ticket.recall", ticket, at(window), ""),
        Effect::Started { ticket, window } => act("ticket.start", ticket, at(window), ""),
        Effect::Finished { ticket, window } => act("ticket.finish", ticket, at(window), ""),
        Effect::NextMatter { ticket, group, .. } => act("ticket.next-matter", ticket, group.to_string(), ""),
        Effect::NoShow { ticket, window } => act("ticket.miss", ticket, at(window), ""),
        Effect::Transferred { ticket, to, reason, .. } => act("ticket.move", ticket, place(to), reason),
        Effect::Requeued {
            ticket,
            reason,
            returned,
            ..
        } => {
            let action = if *returned { "ticket.return" } else { "ticket.requeue" };
            act(action, ticket, String::new(), reason)
        }
        Effect::Held { ticket, window, reason } => act("ticket.hold", ticket, at(window), reason),
        Effect::Resumed { ticket } => act("ticket.resume", ticket, String::new(), ""),
        Effect::Cancelled { ticket, reason } => act("ticket.cancel", ticket, String::new(), reason),
        Effect::Superseded { ticket, by, .. } => act("ticket.supersede", ticket, by.to_string(), ""),
        // How many stars is between the person and the hall's statistics.
        Effect::Rated { ticket, .. } => act("ticket.rate", ticket, String::new(), ""),
        _ => return None,
    };
    Some(vec![done])
}

fn place(to: &TransferTo) -> String {
    match to {
        TransferTo::Service { service } => service.to_string(),
        TransferTo::Window { window } => window.to_string(),
        TransferTo::Group { group } => group.to_string(),
    }
}

fn word(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Lunch => "lunch",
        CloseReason::Break => "break",
        CloseReason::Fault => "fault",
        CloseReason::End => "end",
    }
}
