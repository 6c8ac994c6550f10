//! A ledger on a file of its own, with a clock that the test turns and a view that remembers what it was shown.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ticket_dispatcher_identity::{CryptoProvider, GmSoft, RootKey, id_tag, lookup_token, token_hash};
use ticket_dispatcher_ledger::{
    Answer, Command, Committed, Day, Follower, HallClock, HolderFacts, HolderRecord, Ledger, LedgerError, Options,
    Outcome, Retention, Stamp,
};
use ticket_dispatcher_queue_core::{
    By, Effect, Engine, Event, Group, HallConfig, NewTicket, Rules, Service, Source, Window,
};
use ticket_dispatcher_types::{
    Cases, Class, ClerkId, GroupId, HallId, IdemKey, Millis, Personal, ServiceId, TicketId, TicketNo, UnixMillis,
    WindowId, WindowKind,
};

/// 2026-11-20 16:00 UTC, which is midnight of the 21st in the hall.
const MIDNIGHT: i64 = 1_795_190_400_000;
const DAY: i64 = 86_400_000;
/// Made-up document numbers begin with division code 990101.
pub const NAME: &str = "欧阳试验";

pub fn number(person: u32) -> String {
    format!("99010119900101{person:03}1")
}

#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn set(&self, day: i64, time: Millis) {
        self.0.store(MIDNIGHT + day * DAY + time.0, Ordering::SeqCst);
    }
}

impl HallClock for Clock {
    fn read(&mut self) -> Stamp {
        let at = self.0.load(Ordering::SeqCst);
        let days = (at - MIDNIGHT).div_euclid(DAY);
        Stamp {
            at: UnixMillis(at),
            day: date(days),
            now: Millis((at - MIDNIGHT).rem_euclid(DAY)),
        }
    }
}

/// 2026-11-21 and the days after it, as far as the tests go.
fn date(days: i64) -> Day {
    let (mut month, mut day) = (11, 21 + days);
    for length in [30, 31] {
        if day > length {
            day -= length;
            month += 1;
        }
    }
    let year = if month > 12 { 2027 } else { 2026 };
    Day::new(year, ((month - 1) % 12 + 1) as u8, u8::try_from(day).unwrap())
}

#[derive(Default)]
pub struct Seen {
    pub engine: Option<Engine>,
    pub rows: Vec<Committed>,
    pub began_at: u64,
    pub holders: Vec<HolderRecord>,
    pub trouble: Option<String>,
}

struct View(Arc<Mutex<Seen>>);

impl Follower for View {
    fn begin(&mut self, engine: Engine, seq: u64) {
        let mut seen = self.0.lock().unwrap();
        seen.engine = Some(engine);
        seen.began_at = seq;
    }
    fn follow(&mut self, rows: &[Committed]) {
        let mut seen = self.0.lock().unwrap();
        for row in rows {
            for effect in row.effects.iter() {
                seen.engine.as_mut().unwrap().fold(row.now, effect);
            }
            seen.rows.push(row.clone());
        }
    }
    fn publish(&mut self) {}
    fn holders(&mut self, records: Vec<HolderRecord>) {
        self.0.lock().unwrap().holders = records;
    }
    fn committed(&mut self, _: usize, _: Duration) {}
    fn trouble(&mut self, why: Option<String>) {
        self.0.lock().unwrap().trouble = why;
    }
}

pub fn config() -> HallConfig {
    let group = |id: &str, series| Group {
        id: GroupId::new(id).unwrap(),
        series,
    };
    let service = |id: &str, group: &str| Service {
        id: ServiceId::new(id).unwrap(),
        group: GroupId::new(group).unwrap(),
        hist_ms: vec![300_000; 3],
    };
    let window = |id: &str, skills: &[&str]| Window {
        id: WindowId::new(id).unwrap(),
        kind: WindowKind::Comprehensive,
        skills: skills.iter().map(|g| GroupId::new(*g).unwrap()).collect(),
        plan: vec![],
    };
    HallConfig {
        groups: vec![group("G1", 'A'), group("G2", 'B')],
        services: vec![service("S1", "G1"), service("S2", "G2")],
        windows: vec![window("W1", &["G1", "G2"]), window("W2", &["G2"])],
        rules: Rules {
            issue_from: Millis::ZERO,
            issue_until: Millis(DAY),
            ..Rules::default()
        },
        seed: 1,
        ..HallConfig::default()
    }
}

static FILES: AtomicU64 = AtomicU64::new(0);

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let unique = format!(
            "journal-{}-{}",
            std::process::id(),
            FILES.fetch_add(1, Ordering::SeqCst)
        );
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn crypto() -> Arc<dyn CryptoProvider> {
    Arc::new(GmSoft::new(&RootKey::from_bytes([7; 32])))
}

fn entropy(bytes: &mut [u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    for byte in bytes {
        *byte = (COUNT.fetch_add(0x9e37, Ordering::SeqCst) >> 3) as u8;
    }
}

pub struct Bench {
    pub folder: Folder,
    pub clock: Clock,
    pub config: HallConfig,
    pub hall: &'static str,
    pub seen: Arc<Mutex<Seen>>,
    ledger: Option<(Ledger, JoinHandle<()>)>,
}

impl Bench {
    pub fn new() -> Self {
        let clock = Clock(Arc::new(AtomicI64::new(MIDNIGHT + 9 * 3_600_000)));
        let mut bench = Self {
            folder: Folder::new(),
            clock,
            config: config(),
            hall: "h1",
            seen: Arc::default(),
            ledger: None,
        };
        bench.start().unwrap();
        bench
    }

    pub fn start(&mut self) -> Result<(), LedgerError> {
        self.seen = Arc::default();
        let opened = Ledger::open(Options {
            file: self.folder.journal(),
            hall: HallId::new(self.hall).unwrap(),
            config: Arc::new(self.config.clone()),
            crypto: crypto(),
            entropy,
            clock: Box::new(self.clock.clone()),
            retention: Retention { id_tag_days: 30 },
            refuse: Box::new(|| None),
            follower: Box::new(View(Arc::clone(&self.seen))),
        })?;
        self.ledger = Some(opened);
        Ok(())
    }

    pub fn stop(&mut self) {
        if let Some((ledger, thread)) = self.ledger.take() {
            ledger.stop();
            thread.join().unwrap();
        }
    }

    pub fn restart(&mut self) {
        self.stop();
        self.start().unwrap();
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger.as_ref().unwrap().0
    }

    pub fn digest(&self) -> [u8; 16] {
        self.seen.lock().unwrap().engine.as_ref().unwrap().state_digest()
    }

    pub fn ask(&self, key: u128, event: Event, holder: Option<HolderFacts>, body: &str) -> Answer {
        self.ask_as(None, key, event, holder, body)
    }

    pub fn ask_as(&self, by: Option<By>, key: u128, event: Event, holder: Option<HolderFacts>, body: &str) -> Answer {
        let (send, receive) = mpsc::channel();
        self.ledger().submit(Command {
            idem: IdemKey::from_bytes(key.to_be_bytes()),
            route: "test",
            request: body.as_bytes().to_vec().into(),
            who: None,
            by,
            event,
            quote: None,
            holder,
            answer: Box::new(move |answer| send.send(answer).unwrap()),
        });
        receive.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    pub fn done(&self, key: u128, event: Event) -> Outcome {
        match self.ask(key, event, None, "") {
            Answer::Done(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// Marks a called number as missed, after the minute that its person has to come.
    pub fn missed(&self, key: u128, ticket: TicketId) -> Outcome {
        self.clock.0.fetch_add(61_000, Ordering::SeqCst);
        self.done(key, Event::NoShow { ticket })
    }

    pub fn take(&self, key: u128, service: &str, person: Option<u32>) -> Answer {
        let id = TicketId::from_bytes((key | 0xF0 << 120).to_be_bytes());
        let crypto = crypto();
        let event = Event::Take(NewTicket {
            id,
            services: vec![ServiceId::new(service).unwrap()],
            class: Class::Normal,
            booking: None,
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        });
        let hall = HallId::new(self.hall).unwrap();
        let facts = HolderFacts {
            token_hash: token_hash(&lookup_token(crypto.as_ref(), id)),
            tag: person.map(|p| id_tag(crypto.as_ref(), &hall, &Personal::new(number(p)))),
            mask: person.map(|_| Personal::new(NAME).masked_name()),
            sealed: person.map(|_| vec![1; 40]),
        };
        self.ask(key, event, Some(facts), &format!("{service} {person:?}"))
    }

    pub fn sql<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let db = rusqlite::Connection::open(self.folder.journal()).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Changes the file behind the ledger's back.
    pub fn tamper(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.folder.journal()).unwrap();
        assert!(db.execute(sql, []).unwrap() > 0, "{sql} changed nothing");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop();
    }
}

pub fn open(window: &str) -> Event {
    Event::Open {
        window: WindowId::new(window).unwrap(),
        clerk: Some(ClerkId::new("C1").unwrap()),
    }
}

pub fn next(window: &str) -> Event {
    Event::Next {
        window: WindowId::new(window).unwrap(),
        finish_current: true,
    }
}

pub fn issued(answer: &Answer) -> (TicketId, TicketNo) {
    let Answer::Done(outcome) = answer else {
        panic!("{answer:?}")
    };
    let found = outcome.effects.iter().find_map(|e| match e {
        Effect::Issued { ticket, number, .. } => Some((ticket.id, *number)),
        _ => None,
    });
    found.unwrap()
}

/// A busy morning: tickets of two groups, two windows, everything that can happen to a ticket. 60 keys from `base` on.
pub fn a_morning(bench: &Bench, base: u128) {
    bench.done(base, open("W1"));
    bench.done(base + 1, open("W2"));
    for i in 0..20 {
        let service = if i % 3 == 0 { "S2" } else { "S1" };
        bench.take(base + 2 + i, service, Some(i as u32));
    }
    for i in 0..12 {
        let window = if i % 4 == 0 { "W2" } else { "W1" };
        let outcome = bench.done(base + 30 + i, next(window));
        let called = outcome.effects.iter().find_map(|e| match e {
            Effect::Called { ticket, .. } => Some(*ticket),
            _ => None,
        });
        let (key, ticket) = (base + 45 + i, called.unwrap());
        match i % 4 {
            0 => bench.missed(key, ticket),
            1 => bench.done(key, Event::Recall { ticket }),
            2 => bench.done(
                key,
                Event::Hold {
                    ticket,
                    reason: "lacks a paper".into(),
                },
            ),
            _ => bench.done(key, Event::Start { ticket }),
        };
    }
}
