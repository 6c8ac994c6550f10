//! The one writer: batches, one transaction each, answers after the commit.

mod bookings;
mod checkpoints;
mod command;
mod delivery;
mod rows;
mod teller;
mod turn;

pub use command::{Answer, Command, Options, Outcome, Quoted};

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use sm3::{Digest, Sm3};
use ticket_dispatcher_identity::{CryptoProvider, DayKey, IdTag};
use ticket_dispatcher_queue_core::{Effect, Engine, Event, HallConfig, Quote};
use ticket_dispatcher_types::{HallId, UnixMillis};

use crate::day::{Forward, HallClock, Stamp};
use crate::holder::Retention;
use crate::recovery::{self, Follower, Recovered};
use crate::row::{Committed, Delivery, Input, KIND_HALL, Row, What, is_refused, kind_of};
use crate::schema::{InFile, LedgerError, open_writer};
use crate::writer::checkpoints::Checkpoints;
use crate::writer::teller::{News, Teller};
use crate::writer::turn::checkpoint;

/// Most commands in one commit.
pub const BATCH_MAX: usize = 256;

/// Most commands that may wait; more are refused at once rather than answered late.
const WAITING_MAX: usize = 4096;

/// After a failed write the ledger is not tried again for this long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A forecast costs as much as hundreds of rows, so the writer makes one only for who comes alone, and gives at most
/// one part in this many of its time to them; everybody else is told what was quoted.
const PART_FOR_FORECASTS: u32 = 20;

/// A forecast that takes longer than this keeps everybody waiting. The next is made after [`PAUSE_AFTER_LONG`] only.
const FORECAST_LONG: Duration = Duration::from_millis(5);
const PAUSE_AFTER_LONG: Duration = Duration::from_secs(10);

/// Version of the engine whose decisions are being stored.
const ENGINE_VERSION: u32 = ticket_dispatcher_queue_core::ENGINE_VERSION;

enum Message {
    Do(Box<Command>),
    /// What somebody may see of a person.
    Person(IdTag, Box<dyn FnOnce(Whose) + Send>),
    /// What the boards have shown, or not.
    Note(Delivery),
    /// Look at the clock: a day may have begun.
    Tick,
    /// The end of the day: drop what is left of persons.
    EndOfDay,
    Stop,
}

/// The opaque keys of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// That of the person's bookings; none if there are none.
    pub booker: Option<String>,
    /// That of today's tickets.
    pub holder: String,
}

/// The handle of a running ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    send: SyncSender<Message>,
}

impl Ledger {
    /// Opens, recovers, begins the day if a new one has come, and starts the writer. The thread ends after
    /// [`Ledger::stop`] or when the last handle is gone.
    pub fn open(options: Options) -> Result<(Self, JoinHandle<()>), LedgerError> {
        let mut writer = Writer::open(options)?;
        writer.tick();
        // Who opens a ledger finds the view where the journal ends.
        writer.teller.wait();
        let (send, receive) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || writer.run(&receive))
            .map_err(LedgerError::Thread)?;
        Ok((Self { send }, thread))
    }

    /// Hands a command over. If too many wait already it is answered [`Answer::Unavailable`] at once.
    pub fn submit(&self, command: Command) {
        let refused = match self.send.try_send(Message::Do(Box::new(command))) {
            Ok(()) => return,
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => message,
        };
        if let Message::Do(command) = refused {
            (command.answer)(Answer::Unavailable);
        }
    }

    /// Asks for the keys that this person's bookings and tickets carry. No answer if nobody can say now.
    pub fn person(&self, tag: IdTag, answer: Box<dyn FnOnce(Whose) + Send>) {
        // A message that is refused drops the answer, which tells whoever waits for it.
        let _ = self.send.try_send(Message::Person(tag, answer));
    }

    /// Writes down which calls no board has shown. Nobody is told when it is on disk but the follower.
    pub fn note(&self, delivery: Delivery) {
        let _ = self.send.try_send(Message::Note(delivery));
    }

    /// Asks the writer to look at the clock.
    pub fn tick(&self) {
        let _ = self.send.try_send(Message::Tick);
    }

    /// Tells the writer that the day is over: sealed records and masks go.
    pub fn end_of_day(&self) {
        let _ = self.send.try_send(Message::EndOfDay);
    }

    /// Ends the writer after what waits before it.
    pub fn stop(&self) {
        let _ = self.send.send(Message::Stop);
    }
}

struct Writer {
    db: Connection,
    file: PathBuf,
    engine: Engine,
    config: Arc<HallConfig>,
    crypto: Arc<dyn CryptoProvider>,
    entropy: fn(&mut [u8]),
    clock: Box<dyn HallClock>,
    forward: Forward,
    retention: Retention,
    teller: Teller,
    checkpoints: Checkpoints,
    /// Place and hash of the last row.
    seq: u64,
    hash: [u8; 32],
    day_key: DayKey,
    failed: Option<Instant>,
    refuse: Box<dyn Fn() -> Option<String> + Send>,
    /// The last answer of `refuse`, and when it was asked.
    refused: Option<(Instant, bool)>,
    in_trouble: bool,
    /// Until then tickets are told what was quoted.
    forecasts_from: Instant,
}

/// Why a batch was given up before its commit. Nothing of it is on disk.
struct GivenUp(rusqlite::Error);

impl From<rusqlite::Error> for GivenUp {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}

impl Writer {
    fn open(mut options: Options) -> Result<Self, LedgerError> {
        let file = options.file;
        let db = open_writer(&file)?;
        let crypto = options.crypto;
        let follower: &mut dyn Follower = options.follower.as_mut();
        let recovered = recovery::recover(&db, &file, &options.config, crypto.as_ref(), Some(follower))?;
        let Recovered {
            engine,
            seq,
            hash,
            last,
            hall,
        } = recovered;
        let mut writer = Self {
            db,
            checkpoints: Checkpoints::start(&file)?,
            file,
            engine,
            config: Arc::clone(&options.config),
            crypto,
            entropy: options.entropy,
            clock: options.clock,
            forward: Forward(last),
            retention: options.retention,
            teller: Teller::start(options.follower)?,
            seq,
            hash,
            day_key: DayKey::from_bytes([0; 32]),
            failed: None,
            refuse: options.refuse,
            refused: None,
            in_trouble: false,
            forecasts_from: Instant::now(),
        };
        writer.day_key = writer.key_of_day()?;
        writer.put_hall_in_force(&options.hall, hall)?;
        Ok(writer)
    }

    /// The first row of a journal, and one whenever the hall file has changed.
    fn put_hall_in_force(&mut self, id: &HallId, before: Option<What>) -> Result<(), LedgerError> {
        let what = What::Hall {
            id: id.clone(),
            config: Box::new((*self.config).clone()),
        };
        match before {
            Some(What::Hall { id: found, .. }) if found != *id => {
                return Err(LedgerError::OtherHall {
                    file: self.file.clone(),
                    found: found.to_string(),
                    wanted: id.to_string(),
                });
            }
            Some(before) if before == what => return Ok(()),
            _ => {}
        }
        let stamp = self.forward.next(self.clock.read());
        let idem = own_key(b"hall file", &(self.seq + 1).to_be_bytes());
        let (file, started) = (self.file.clone(), Instant::now());
        self.db.execute_batch("BEGIN IMMEDIATE").in_file(&file)?;
        let input = Input {
            now: stamp.now,
            request: None,
            quote: None,
            by: None,
            who: None,
            what,
        };
        let row = self.append(stamp, KIND_HALL, idem, &input, "[]").in_file(&file)?;
        self.seal_head().in_file(&file)?;
        self.db.execute_batch("COMMIT").in_file(&file)?;
        self.told(vec![row], Vec::new(), started);
        Ok(())
    }

    fn run(mut self, receive: &Receiver<Message>) {
        let mut batch = VecDeque::with_capacity(BATCH_MAX);
        while let Ok(first) = receive.recv() {
            batch.push_back(first);
            while batch.len() < BATCH_MAX {
                match receive.try_recv() {
                    Ok(next) => batch.push_back(next),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            if !self.take(&mut batch) {
                break;
            }
        }
        self.close();
    }

    /// Works through a batch; false when the writer shall end.
    fn take(&mut self, batch: &mut VecDeque<Message>) -> bool {
        let mut commands = Vec::with_capacity(batch.len());
        for message in batch.drain(..) {
            match message {
                Message::Do(command) => commands.push(*command),
                Message::Person(tag, answer) => answer(Whose {
                    booker: crate::booker::person(&self.db, &tag).unwrap_or_default(),
                    holder: self.day_key.holder(&tag).to_string(),
                }),
                Message::Note(delivery) => self.note(delivery),
                Message::Tick => self.tick(),
                Message::EndOfDay => self.end_of_day(),
                Message::Stop => {
                    self.commit(commands);
                    return false;
                }
            }
        }
        if !commands.is_empty() {
            self.commit(commands);
        }
        true
    }

    /// One transaction. Answers come after it, whatever it became.
    fn commit(&mut self, commands: Vec<Command>) {
        if self.must_not_write() {
            for command in commands {
                (command.answer)(Answer::Unavailable);
            }
            return;
        }
        let started = Instant::now();
        let mut rows = Vec::with_capacity(commands.len() + 1);
        match self.write(&commands, &mut rows) {
            Ok(answers) => {
                self.failed = None;
                if !rows.is_empty() {
                    self.tell(None);
                }
                self.told(rows, commands.into_iter().zip(answers).collect(), started);
            }
            Err(GivenUp(error)) => {
                self.give_up(&error);
                for command in commands {
                    (command.answer)(Answer::Unavailable);
                }
            }
        }
    }

    /// Has a batch told that was committed just now.
    fn told(&mut self, rows: Vec<Committed>, answers: Vec<(Command, Answer)>, started: Instant) {
        if !rows.is_empty() {
            self.checkpoints.committed(rows.len());
        }
        let took = started.elapsed();
        self.teller.tell(News::Committed { rows, answers, took });
    }

    /// True for a while after a failed write, and where there is no room.
    fn must_not_write(&mut self) -> bool {
        self.failed.is_some_and(|at| at.elapsed() < PAUSE_AFTER_FAILURE) || self.is_refused()
    }

    fn give_up(&mut self, error: &rusqlite::Error) {
        tracing::error!(%error, "the ledger cannot write; nothing of this batch is kept");
        self.tell(Some(format!("The ledger cannot be written: {error}.")));
        if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
            self.open_again();
        }
        self.go_back();
    }

    /// A file that was opened while the disk was read-only stays so for its connection, and for every other one as long
    /// as that is open.
    fn open_again(&mut self) {
        let closed = Connection::open_in_memory().map(|none| self.db = none);
        match closed.in_file(&self.file).and_then(|()| open_writer(&self.file)) {
            Ok(db) => self.db = db,
            Err(error) => {
                tracing::error!(%error, "the ledger cannot be opened again; stopping");
                std::process::abort();
            }
        }
    }

    fn write(&mut self, commands: &[Command], rows: &mut Vec<Committed>) -> Result<Vec<Answer>, GivenUp> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let stamp = self.forward.next(self.clock.read());
        self.begin_day(stamp, rows)?;
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            answers.push(self.one(stamp, command, commands.len() == 1, rows)?);
        }
        if rows.is_empty() {
            self.db.execute_batch("ROLLBACK")?;
        } else {
            self.seal_head()?;
            self.commit_or_die()?;
        }
        Ok(answers)
    }

    /// Whether there is no room, looked at once a second.
    fn is_refused(&mut self) -> bool {
        if let Some((at, refused)) = self.refused
            && at.elapsed() < PAUSE_AFTER_FAILURE
        {
            return refused;
        }
        let why = (self.refuse)();
        let (was, is) = (self.refused.is_some_and(|(_, refused)| refused), why.is_some());
        self.refused = Some((Instant::now(), is));
        if was || is {
            self.tell(why);
        }
        is
    }

    fn tell(&mut self, trouble: Option<String>) {
        if let Some(what) = &trouble
            && !self.in_trouble
        {
            tracing::error!(what, "trouble begins");
        } else if trouble.is_none() && self.in_trouble {
            tracing::info!("the ledger is written again");
        }
        if trouble.is_some() || self.in_trouble {
            self.in_trouble = trouble.is_some();
            self.teller.tell(News::Trouble(trouble));
        }
    }

    /// The rule of the house: an error from commit means "unknown", so nobody may go on. But for a full disk: that
    /// fails before the flush, nobody is answered, and what is on disk is read back before anything else is decided; a
    /// process that stopped here would stop again and again.
    fn commit_or_die(&self) -> Result<(), GivenUp> {
        let Err(error) = self.db.execute_batch("COMMIT") else {
            return Ok(());
        };
        if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
            return Err(GivenUp(error));
        }
        tracing::error!(%error, "commit failed: what is on disk is unknown; stopping so that recovery reads it");
        std::process::abort();
    }

    /// After a write that failed before its commit: the engine has decided what is not on disk, so it is built anew.
    fn go_back(&mut self) {
        self.failed = Some(Instant::now());
        let rolled_back = self.db.is_autocommit() || self.db.execute_batch("ROLLBACK").is_ok();
        let again = recovery::recover(&self.db, &self.file, &self.config, self.crypto.as_ref(), None);
        match again {
            Ok(recovered) if rolled_back && recovered.seq <= self.seq => {
                self.engine = recovered.engine;
                self.seq = recovered.seq;
                self.hash = recovered.hash;
                self.forward = Forward(recovered.last);
                match self.key_of_day() {
                    Ok(key) => self.day_key = key,
                    Err(_) => std::process::abort(),
                }
            }
            _ => {
                tracing::error!("the ledger cannot be read back after a failed write; stopping");
                std::process::abort();
            }
        }
    }

    fn one(
        &mut self,
        stamp: Stamp,
        command: &Command,
        alone: bool,
        rows: &mut Vec<Committed>,
    ) -> Result<Answer, GivenUp> {
        let idem = command.idem.bytes();
        let digest = self.day_key.request(command.route, &command.request).to_string();
        if let Some(row) = recovery::row_by_idem(&self.db, &idem)? {
            return self.again(stamp, command, &digest, &row);
        }
        if let Some(by) = &command.by
            && let Err(refusal) = self.engine.may(by, &command.event)
        {
            return Ok(Answer::Unchanged(vec![Effect::Refused { refusal }]));
        }
        let mut event = command.event.clone();
        if let Event::Take(new) = &mut event {
            let tag = command.holder.as_ref().and_then(|facts| facts.tag.as_ref());
            new.holder = tag.map(|tag| self.day_key.holder(tag).to_string());
        }
        if let Event::HandOver(offline) = &mut event {
            let tag = command.holder.as_ref().and_then(|facts| facts.tag.as_ref());
            offline.ticket.holder = tag.map(|tag| self.day_key.holder(tag).to_string());
        }
        if let Some(refusal) = self.fill_person(command, &mut event)? {
            return Ok(Answer::Unchanged(vec![Effect::Refused { refusal }]));
        }
        let (effects, quote) = self.decide(stamp, &event, command.quote, alone);
        if is_refused(&effects) {
            return Ok(Answer::Unchanged(effects));
        }
        let input = Input {
            now: stamp.now,
            request: Some(digest),
            quote,
            by: command.by.clone(),
            who: command.who.clone(),
            what: What::Event(event),
        };
        let outcome = json(&effects);
        let mut row = self.append(stamp, kind_of(&command.event), idem, &input, &outcome)?;
        row.effects = effects.into();
        self.keep_holder(stamp.day, command, &mut row)?;
        self.keep_booker(command, &row)?;
        let outcome = Outcome {
            seq: row.seq,
            at: row.at,
            effects: Arc::clone(&row.effects),
            again: false,
        };
        rows.push(row);
        Ok(Answer::Done(outcome))
    }

    /// Applies an event; with the quote, if the ticket was told that instead of a forecast of its own.
    fn decide(
        &mut self,
        stamp: Stamp,
        event: &Event,
        quote: Option<Quoted>,
        alone: bool,
    ) -> (Vec<Effect>, Option<Quote>) {
        let Event::Take(new) = event else {
            return (self.engine.apply(stamp.now, event.clone()), None);
        };
        let began = Instant::now();
        if let Some(Quoted { quote, .. }) = quote.filter(|q| q.holds || !alone || began < self.forecasts_from) {
            return (self.engine.apply_quoted(stamp.now, new, &quote), Some(quote));
        }
        let effects = self.engine.apply(stamp.now, event.clone());
        let took = began.elapsed();
        let pause = if took > FORECAST_LONG {
            PAUSE_AFTER_LONG
        } else {
            took * PART_FOR_FORECASTS
        };
        self.forecasts_from = began + pause;
        (effects, None)
    }

    /// The same key came before.
    fn again(&self, stamp: Stamp, command: &Command, digest: &str, row: &Row) -> Result<Answer, GivenUp> {
        let damaged = |_| GivenUp(rusqlite::Error::InvalidQuery);
        let stored = row.input().map_err(damaged)?.request;
        let midnight = UnixMillis(stamp.at.0 - stamp.now.0);
        // The digest of an earlier day hangs on that day's key, which may be gone. Then the key alone decides.
        let same = row.at < midnight || stored.as_deref() == Some(digest);
        if !same || row.kind != kind_of(&command.event) {
            return Ok(Answer::KeyReused);
        }
        Ok(Answer::Done(Outcome {
            seq: row.seq,
            at: row.at,
            effects: row.effects().map_err(damaged)?.into(),
            again: true,
        }))
    }

    fn tick(&mut self) {
        self.commit(Vec::new());
    }

    fn close(self) {
        self.teller.end();
        self.checkpoints.end();
        checkpoint(&self.db);
    }
}

/// The key of a row that the dispatcher writes by itself: the same for the same thing, so that it happens once.
fn own_key(what: &[u8], which: &[u8]) -> [u8; 16] {
    let digest = Sm3::new()
        .chain_update(what)
        .chain_update(b"\n")
        .chain_update(which)
        .finalize();
    digest[..16].try_into().expect("half of 32 bytes")
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys")
}
