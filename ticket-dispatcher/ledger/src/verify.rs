//! `verify`: reads a whole journal and says what is wrong with it, first bad row first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use ticket_dispatcher_identity::CryptoProvider;
use ticket_dispatcher_queue_core::{ENGINE_VERSION, Effect, Engine, Event, HallConfig};
use ticket_dispatcher_types::{Millis, TicketId, TicketNo, WindowId};

use crate::recovery::{Carried, for_rows, head_mac, read_head};
use crate::row::{Row, What, genesis};
use crate::schema::{InFile, LedgerError, open_reader};

/// Findings beyond this many are counted, not listed.
const FINDINGS_MAX: usize = 20;

/// A restart goes back to the beginning of yesterday.
const DAYS_KEPT: usize = 2;

/// The state as a whole is compared once in so many rows, and at each end of a day; outcomes are compared in every row.
const STATE_EVERY: u64 = 1000;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row it was found at; none for the file as a whole.
    pub seq: Option<u64>,
    /// One sentence.
    pub what: String,
}

/// What `verify` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Rows whose input was played again by the engine of their own version.
    pub replayed: u64,
    /// Tickets issued.
    pub tickets: u64,
    /// Days begun.
    pub days: u64,
    /// True if the seal on the end was checked with the key file.
    pub seal_checked: bool,
    /// What is wrong, in the order of the journal; the first is the first bad record.
    pub findings: Vec<Finding>,
    /// Findings that were not listed.
    pub more: u64,
}

impl Report {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, seq: Option<u64>, what: impl Into<String>) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { seq, what: what.into() });
        } else {
            self.more += 1;
        }
    }
}

/// Checks the file, the chain, the outcomes and the invariants. With `crypto` the seal on the end is checked too: it is
/// what shows that the tail was cut or rewritten by somebody who also made the hashes fit.
pub fn verify(file: &Path, crypto: Option<&dyn CryptoProvider>) -> Result<Report, LedgerError> {
    let db = open_reader(file)?;
    // One transaction, so that a running dispatcher cannot move the end while it is read.
    db.execute_batch("BEGIN").in_file(file)?;
    let mut check = Check::new(snapshots(&db, file)?);
    check_pages(&db, file, &mut check.report)?;
    for_rows(
        &db,
        0,
        |row| {
            check.row(&row);
            Ok(true)
        },
        file,
    )?;
    check.end(&db, file, crypto)?;
    Ok(check.report)
}

fn check_pages(db: &Connection, file: &Path, report: &mut Report) -> Result<(), LedgerError> {
    let mut query = db.prepare("PRAGMA integrity_check(5)").in_file(file)?;
    let mut rows = query.query([]).in_file(file)?;
    while let Some(row) = rows.next().in_file(file)? {
        let text: String = row.get(0).in_file(file)?;
        if text != "ok" {
            report.add(None, format!("the database file is damaged: {text}"));
        }
    }
    Ok(())
}

type Snapshots = BTreeMap<u64, ([u8; 32], String)>;

fn snapshots(db: &Connection, file: &Path) -> Result<Snapshots, LedgerError> {
    let mut query = db.prepare("SELECT seq, hash, state FROM snapshot").in_file(file)?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .in_file(file)?;
    rows.collect::<rusqlite::Result<_>>().in_file(file)
}

/// The two engines, once a hall file is known: one folds what was stored, one decides again.
struct Engines {
    live: Engine,
    replay: Engine,
}

/// What was folded, and when.
type Folded = Vec<(Millis, Vec<Effect>)>;

struct Check {
    report: Report,
    snapshots: Snapshots,
    seq: u64,
    hash: [u8; 32],
    at_ms: i64,
    engines: Option<Engines>,
    /// Yesterday and today, each with what it began with: a new hall file is put under both, as a restart does it.
    days: VecDeque<(Carried, Folded)>,
    numbers: BTreeMap<char, u32>,
    /// Blocks lent to kiosks, and every number given out, today.
    lent: Vec<RangeInclusive<TicketNo>>,
    given: BTreeSet<TicketNo>,
    issued: BTreeSet<TicketId>,
    at_window: BTreeMap<WindowId, TicketId>,
}

impl Check {
    fn new(snapshots: Snapshots) -> Self {
        Self {
            report: Report::default(),
            snapshots,
            seq: 0,
            hash: genesis(),
            at_ms: i64::MIN,
            engines: None,
            days: VecDeque::from([(Carried::default(), Vec::new())]),
            numbers: BTreeMap::new(),
            lent: Vec::new(),
            given: BTreeSet::new(),
            issued: BTreeSet::new(),
            at_window: BTreeMap::new(),
        }
    }

    fn row(&mut self, row: &Row) {
        self.report.rows += 1;
        self.chain(row);
        let input = match row.input() {
            Ok(input) => input,
            Err(error) => return self.report.add(Some(row.seq), error.to_string()),
        };
        let effects = match row.effects() {
            Ok(effects) => effects,
            Err(error) => return self.report.add(Some(row.seq), error.to_string()),
        };
        match input.what {
            What::Hall { config, .. } => self.new_hall(*config),
            What::Delivery(_) => self.note(&row.outcome, row.seq),
            What::Event(event) => {
                let Some(engines) = &mut self.engines else {
                    return self.report.add(Some(row.seq), "there is no hall file before this row");
                };
                let begins = effects.iter().any(|e| matches!(e, Effect::DayBegan { .. }));
                if begins {
                    self.days.push_back((Carried::of(&engines.live), Vec::new()));
                    if self.days.len() > DAYS_KEPT {
                        self.days.pop_front();
                    }
                }
                for effect in &effects {
                    engines.live.fold(input.now, effect);
                }
                if row.engine_version == ENGINE_VERSION {
                    self.report.replayed += 1;
                    let again = match (event, input.quote) {
                        (Event::Take(new), Some(quote)) => engines.replay.apply_quoted(input.now, &new, &quote),
                        (event, _) => engines.replay.apply(input.now, event),
                    };
                    let again = serde_json::to_string(&again).unwrap_or_default();
                    // Looking at a whole state costs as much as hundreds of rows, so it is done now and then.
                    let look = begins || row.seq.is_multiple_of(STATE_EVERY);
                    let same =
                        again == row.outcome && (!look || engines.live.state_digest() == engines.replay.state_digest());
                    if !same {
                        self.report.add(
                            Some(row.seq),
                            "playing the input again gives another outcome than the one stored",
                        );
                        engines.replay = engines.live.clone();
                    }
                } else {
                    engines.replay = engines.live.clone();
                }
                self.invariants(row.seq, &effects);
                if let Some((_, today)) = self.days.back_mut() {
                    today.push((input.now, effects));
                }
            }
        }
    }

    /// A row about boards moves nothing.
    fn note(&mut self, outcome: &str, seq: u64) {
        self.report.replayed += 1;
        if outcome != "[]" {
            self.report.add(Some(seq), "a row about boards has an outcome");
        }
    }

    fn chain(&mut self, row: &Row) {
        if row.seq != self.seq + 1 {
            let missing = match (self.seq + 1, row.seq - 1) {
                (first, last) if first == last => format!("row {first} is missing"),
                (first, last) => format!("rows {first} to {last} are missing"),
            };
            self.report.add(Some(self.seq + 1), missing);
        } else if row.prev_hash != self.hash {
            let (at, what) = match self.seq {
                0 => (row.seq, "the first row does not begin the chain".to_string()),
                before => (
                    before,
                    format!(
                        "row {before} was changed after it was written (row {} still knows it)",
                        row.seq
                    ),
                ),
            };
            self.report.add(Some(at), what);
        }
        if row.at.0 < self.at_ms {
            self.report.add(Some(row.seq), "time goes back");
        }
        self.snapshot();
        self.seq = row.seq;
        self.hash = row.hash();
        self.at_ms = row.at.0;
    }

    /// A snapshot stands for the state before the row that follows it.
    fn snapshot(&mut self) {
        let Some((hash, state)) = self.snapshots.remove(&self.seq) else {
            return;
        };
        let live = self.engines.as_ref().map(|e| Carried::of(&e.live)).unwrap_or_default();
        let stored = Carried::read(&state).ok();
        if hash != self.hash || !stored.is_some_and(|stored| live.is_told_by(&stored)) {
            let at = Some(self.seq);
            self.report
                .add(at, "the snapshot behind this row is not what the journal gives");
        }
    }

    /// The same days under another hall file, as a restart makes it.
    fn new_hall(&mut self, config: HallConfig) {
        let Some((before, _)) = self.days.front() else {
            return;
        };
        let mut engine = before.engine(&Arc::new(config));
        for (now, effects) in self.days.iter().flat_map(|(_, rows)| rows) {
            for effect in effects {
                engine.fold(*now, effect);
            }
        }
        self.engines = Some(Engines {
            replay: engine.clone(),
            live: engine,
        });
    }

    fn invariants(&mut self, seq: u64, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::DayBegan { .. } => {
                    self.report.days += 1;
                    self.numbers.clear();
                    self.lent.clear();
                    self.given.clear();
                    self.at_window.clear();
                }
                Effect::Leased { first, ids, .. } => {
                    let length = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                    let last =
                        TicketNo::new(first.series(), first.count() + length.saturating_sub(1)).unwrap_or(*first);
                    let twice = |range: &RangeInclusive<TicketNo>| *range.start() <= last && *first <= *range.end();
                    if self.lent.iter().any(twice) {
                        self.report
                            .add(Some(seq), format!("numbers from {first} on were lent twice"));
                    }
                    self.lent.push(*first..=last);
                }
                Effect::Issued { ticket, number, .. } => {
                    self.report.tickets += 1;
                    let lent = |number: TicketNo| self.lent.iter().any(|range| range.contains(&number));
                    let last = self.numbers.get(&number.series()).copied().unwrap_or(0);
                    let between = (last + 1..number.count()).map(|count| TicketNo::new(number.series(), count));
                    // A lent number comes when its kiosk is back; others follow each other around the lent ones.
                    let skipped = between.map(|between| between.is_ok_and(lent)).any(|is_lent| !is_lent);
                    let follows = lent(*number) || (number.count() > last && !skipped);
                    if !lent(*number) {
                        self.numbers.insert(number.series(), number.count());
                    }
                    if !self.given.insert(*number) {
                        self.report
                            .add(Some(seq), format!("number {number} was given out twice"));
                    }
                    if !follows {
                        self.report.add(
                            Some(seq),
                            format!("number {number} does not follow the last one of its series"),
                        );
                    }
                    if !self.issued.insert(ticket.id) {
                        self.report
                            .add(Some(seq), format!("ticket {} was issued twice", ticket.id));
                    }
                }
                Effect::Called { ticket, window, .. } => {
                    if self.at_window.values().any(|there| there == ticket) {
                        self.report
                            .add(Some(seq), format!("ticket {ticket} is called to a second window"));
                    }
                    if self.at_window.insert(window.clone(), *ticket).is_some() {
                        self.report.add(Some(seq), format!("window {window} has two tickets"));
                    }
                }
                Effect::Finished { ticket, .. }
                | Effect::NoShow { ticket, .. }
                | Effect::Transferred { ticket, .. }
                | Effect::Requeued { ticket, .. }
                | Effect::Held { ticket, .. }
                | Effect::Superseded { ticket, .. }
                | Effect::Cancelled { ticket, .. } => self.at_window.retain(|_, there| there != ticket),
                _ => {}
            }
        }
    }

    fn end(&mut self, db: &Connection, file: &Path, crypto: Option<&dyn CryptoProvider>) -> Result<(), LedgerError> {
        self.snapshot();
        let apart = |e: &Engines| e.live.state_digest() != e.replay.state_digest();
        if self.engines.as_ref().is_some_and(apart) {
            self.report.add(
                Some(self.seq),
                "playing the inputs again gives another state at the end",
            );
        }
        let strays: Vec<u64> = self.snapshots.keys().copied().collect();
        for seq in strays {
            self.report
                .add(Some(seq), "a snapshot stands behind a row that is not there");
        }
        match read_head(db).in_file(file)? {
            None if self.seq == 0 => {}
            None => self.report.add(None, "the seal on the end of the journal is missing"),
            Some(head) => {
                if head.seq > self.seq {
                    let first = self.seq + 1;
                    self.report.add(
                        Some(first),
                        format!("rows {first} to {} are missing at the end", head.seq),
                    );
                } else if head.seq < self.seq {
                    let first = head.seq + 1;
                    self.report.add(
                        Some(first),
                        format!("rows from {first} on were added behind the sealed end"),
                    );
                } else if head.hash != self.hash {
                    let what = format!("row {} was changed after the end was sealed", self.seq);
                    self.report.add(Some(self.seq), what);
                }
                if let Some(crypto) = crypto {
                    self.report.seal_checked = true;
                    if head.mac != head_mac(crypto, head.seq, &head.hash) {
                        self.report
                            .add(Some(head.seq), "the seal on the end was not made with this key file");
                    }
                }
            }
        }
        self.forgotten(db, file)
    }

    /// What should have been deleted by now.
    fn forgotten(&mut self, db: &Connection, file: &Path) -> Result<(), LedgerError> {
        let Some(day) = self.engines.as_ref().map(|e| e.live.day().to_string()) else {
            return Ok(());
        };
        let kept: i64 = db
            .query_row(
                "SELECT count(*) FROM holder WHERE day < ?1 AND (sealed IS NOT NULL OR mask IS NOT NULL)",
                params![day],
                |row| row.get(0),
            )
            .in_file(file)?;
        if kept > 0 {
            self.report
                .add(None, format!("{kept} records of persons are older than their day"));
        }
        Ok(())
    }
}
