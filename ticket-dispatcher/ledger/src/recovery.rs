//! The start: from the snapshot before yesterday, every outcome since is folded. Nothing is decided here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use serde::{Deserialize, Serialize};
use ticket_dispatcher_identity::{CryptoProvider, KeyUse};
use ticket_dispatcher_queue_core::{ENGINE_VERSION, Effect, Engine, Experience, HallConfig};
use ticket_dispatcher_types::{IdemKey, Millis, TicketId, UnixMillis, WindowState};

use crate::day::{Day, Stamp};
use crate::holder::HolderRecord;
use crate::row::{Committed, Delivery, Input, Row, RowError, What, genesis};
use crate::schema::{InFile, LedgerError};

/// A view that follows the journal: the boards' picture, the lookup, the statistics.
pub trait Follower: Send {
    /// The view begins here: an engine at journal position `seq`, before anything is followed.
    fn begin(&mut self, engine: Engine, seq: u64);
    /// Rows that are on disk, in order. Called by recovery, and then after every commit before anybody is answered.
    fn follow(&mut self, rows: &[Committed]);
    /// Everybody who asked for these rows is answered: now whoever only watches may hear of them.
    fn publish(&mut self);
    /// What is known about holders of tickets of yesterday and today; called once, after recovery.
    fn holders(&mut self, records: Vec<HolderRecord>);
    /// How a commit went: rows and time from the first insert to the return of the fsync.
    fn committed(&mut self, rows: usize, took: Duration);
    /// The ledger cannot be written, and why; none when it can again.
    fn trouble(&mut self, why: Option<String>);
}

/// Where the writer goes on.
pub(crate) struct Recovered {
    pub(crate) engine: Engine,
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
    /// The last stamp of the journal, none in a new one.
    pub(crate) last: Option<Stamp>,
    /// The hall file in force at the end, none in a new journal.
    pub(crate) hall: Option<What>,
}

const COLUMNS: &str = "seq, at_ms, kind, idem, input, outcome, engine_version, prev_hash";

pub(crate) fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: row.get(0)?,
        at: UnixMillis(row.get(1)?),
        kind: row.get(2)?,
        idem: row.get(3)?,
        input: row.get(4)?,
        outcome: row.get(5)?,
        engine_version: row.get(6)?,
        prev_hash: row.get(7)?,
    })
}

/// Calls `each` for every row behind `after`, in order, until it returns false.
pub(crate) fn for_rows(
    db: &Connection,
    after: u64,
    mut each: impl FnMut(Row) -> Result<bool, LedgerError>,
    file: &Path,
) -> Result<(), LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM journal WHERE seq > ?1 ORDER BY seq");
    let mut query = db.prepare(&sql).in_file(file)?;
    let mut rows = query.query(params![after]).in_file(file)?;
    while let Some(row) = rows.next().in_file(file)? {
        if !each(read_row(row).in_file(file)?)? {
            break;
        }
    }
    Ok(())
}

pub(crate) fn row_by_idem(db: &Connection, idem: &[u8; 16]) -> rusqlite::Result<Option<Row>> {
    let sql = "SELECT seq, at_ms, kind, idem, input, outcome, engine_version, prev_hash FROM journal WHERE idem = ?1";
    db.prepare_cached(sql)?.query_row(params![idem], read_row).optional()
}

/// What a day leaves to the next one. Tickets do not outlive their day in the engine, so only windows, bookings and
/// what was learnt are left; that is what makes a snapshot so small.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The effects that bring a fresh engine there.
    effects: Vec<Effect>,
    /// None in snapshots of versions that did not keep it.
    experience: Option<Experience>,
}

impl Carried {
    pub(crate) fn of(engine: &Engine) -> Self {
        Self {
            effects: carried_over(engine),
            experience: Some(engine.experience()),
        }
    }

    /// From the column `state`.
    pub(crate) fn read(state: &str) -> serde_json::Result<Self> {
        let bare = |effects| Self {
            effects,
            experience: None,
        };
        serde_json::from_str(state).or_else(|_| serde_json::from_str(state).map(bare))
    }

    /// Whether a stored snapshot says this; what an older version left out cannot be held against it.
    pub(crate) fn is_told_by(&self, stored: &Self) -> bool {
        self.effects == stored.effects && (stored.experience.is_none() || self.experience == stored.experience)
    }

    /// An engine under this hall file where the day before has ended.
    pub(crate) fn engine(&self, config: &Arc<HallConfig>) -> Engine {
        let mut engine = Engine::new(Arc::clone(config));
        if let Some(experience) = &self.experience {
            engine.recall(experience);
        }
        for effect in &self.effects {
            engine.fold(Millis::ZERO, effect);
        }
        engine
    }
}

fn carried_over(engine: &Engine) -> Vec<Effect> {
    let mut effects = Vec::new();
    for window in engine.windows() {
        if window.state != WindowState::Closed {
            effects.push(Effect::WindowOpened {
                window: window.id.clone(),
                clerk: window.clerk.clone(),
            });
        }
        match (window.state, window.reason) {
            (WindowState::Paused, Some(reason)) => effects.push(Effect::WindowPaused {
                window: window.id.clone(),
                reason,
            }),
            (WindowState::Closed, Some(reason)) => effects.push(Effect::WindowClosed {
                window: window.id.clone(),
                reason,
            }),
            _ => {}
        }
    }
    effects.extend(engine.bookings_as_effects());
    effects
}

/// Engine and position from which to fold: the snapshot at the beginning of yesterday, or nothing at all.
fn starting_point(
    db: &Connection,
    config: &Arc<HallConfig>,
    file: &Path,
) -> Result<(Engine, u64, [u8; 32]), LedgerError> {
    let snapshot: Option<(u64, [u8; 32], String)> = db
        .query_row(
            "SELECT seq, hash, state FROM snapshot ORDER BY seq DESC LIMIT 1 OFFSET 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .in_file(file)?;
    let Some((seq, hash, state)) = snapshot else {
        return Ok((Engine::new(Arc::clone(config)), 0, genesis()));
    };
    let carried = Carried::read(&state).map_err(|error| LedgerError::Damaged {
        file: file.to_path_buf(),
        reason: format!("snapshot {seq} cannot be read: {error}"),
    })?;
    Ok((carried.engine(config), seq, hash))
}

/// Rebuilds the engine under this hall file and shows every row on the way to the follower.
pub(crate) fn recover(
    db: &Connection,
    file: &Path,
    config: &Arc<HallConfig>,
    crypto: &dyn CryptoProvider,
    mut follower: Option<&mut dyn Follower>,
) -> Result<Recovered, LedgerError> {
    let (engine, seq, hash) = starting_point(db, config, file)?;
    if let Some(follower) = follower.as_deref_mut() {
        follower.begin(engine.clone(), seq);
    }
    let mut at = Recovered {
        engine,
        seq,
        hash,
        last: None,
        hall: None,
    };
    let mut tickets = Vec::new();
    for_rows(
        db,
        seq,
        |row| {
            let committed = fold_row(&mut at, &row, file)?;
            if let Some(follower) = follower.as_deref_mut() {
                let issued = committed.effects.iter().filter_map(|effect| match effect {
                    Effect::Issued { ticket, .. } => Some(ticket.id),
                    _ => None,
                });
                tickets.extend(issued);
                follower.follow(&[committed]);
            }
            Ok(true)
        },
        file,
    )?;
    check_head(db, file, &at, crypto)?;
    at.hall = last_hall(db, file)?;
    if let Some(follower) = follower {
        follower.holders(crate::holder::of(db, &tickets).in_file(file)?);
    }
    Ok(at)
}

fn fold_row(at: &mut Recovered, row: &Row, file: &Path) -> Result<Committed, LedgerError> {
    if row.seq != at.seq + 1 || row.prev_hash != at.hash {
        return Err(LedgerError::Damaged {
            file: file.to_path_buf(),
            reason: format!("row {} does not follow row {}", row.seq, at.seq),
        });
    }
    let newer = |unreadable: RowError| {
        if row.engine_version > ENGINE_VERSION {
            return LedgerError::NewerRow {
                file: file.to_path_buf(),
                seq: row.seq,
                found: row.engine_version,
                known: ENGINE_VERSION,
            };
        }
        LedgerError::Damaged {
            file: file.to_path_buf(),
            reason: unreadable.to_string(),
        }
    };
    let input: Input = row.input().map_err(newer)?;
    let effects = row.effects().map_err(newer)?;
    for effect in &effects {
        at.engine.fold(input.now, effect);
    }
    at.seq = row.seq;
    at.hash = row.hash();
    at.last = Day::parse(at.engine.day()).map(|day| Stamp {
        at: row.at,
        day,
        now: input.now,
    });
    let delivery = match input.what {
        What::Delivery(delivery) => delivery,
        What::Event(_) | What::Hall { .. } => Delivery::default(),
    };
    Ok(committed(row, input.now, effects, delivery))
}

fn committed(row: &Row, now: Millis, effects: Vec<Effect>, delivery: Delivery) -> Committed {
    Committed {
        seq: row.seq,
        at: row.at,
        now,
        idem: IdemKey::from_bytes(row.idem),
        effects: effects.into(),
        delivery,
        mask: None,
        token_hash: None,
    }
}

/// `head` was written in the same transaction as the last row; if they differ, somebody else was here.
fn check_head(db: &Connection, file: &Path, at: &Recovered, crypto: &dyn CryptoProvider) -> Result<(), LedgerError> {
    let damaged = |reason: String| LedgerError::Damaged {
        file: file.to_path_buf(),
        reason,
    };
    match read_head(db).in_file(file)? {
        None if at.seq == 0 => Ok(()),
        None => Err(damaged("the head is missing".into())),
        Some(head) if head.seq != at.seq || head.hash != at.hash => Err(damaged(format!(
            "the journal ends at row {}, its head says {}",
            at.seq, head.seq
        ))),
        Some(head) if head.mac != head_mac(crypto, head.seq, &head.hash) => {
            Err(damaged("the head was not sealed with this key file".into()))
        }
        Some(_) => Ok(()),
    }
}

/// The seal on the end of the journal.
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) mac: [u8; 32],
}

pub(crate) fn read_head(db: &Connection) -> rusqlite::Result<Option<Head>> {
    db.query_row("SELECT seq, hash, mac FROM head WHERE one = 1", [], |row| {
        Ok(Head {
            seq: row.get(0)?,
            hash: row.get(1)?,
            mac: row.get(2)?,
        })
    })
    .optional()
}

pub(crate) fn head_mac(crypto: &dyn CryptoProvider, seq: u64, hash: &[u8; 32]) -> [u8; 32] {
    crypto.mac(KeyUse::Audit, &[b"journal head", &seq.to_be_bytes(), hash])
}

fn last_hall(db: &Connection, file: &Path) -> Result<Option<What>, LedgerError> {
    // The first condition is that of the index, word for word: without it the whole journal is read.
    let sql = format!(
        "SELECT {COLUMNS} FROM journal WHERE kind IN ('hall-file', 'day-begins') AND kind = 'hall-file'
         ORDER BY seq DESC LIMIT 1"
    );
    let row = db.query_row(&sql, [], read_row).optional().in_file(file)?;
    row.map(|row| row.input().in_file(file).map(|input| input.what))
        .transpose()
}

/// A ticket is over for good: served, given back or void. A missed one may still come back.
pub(crate) fn is_over(engine: &Engine, ticket: TicketId) -> bool {
    use ticket_dispatcher_types::TicketState::{Cancelled, Finished};
    engine
        .ticket(ticket)
        .is_none_or(|t| matches!(t.state, Finished | Cancelled))
}
