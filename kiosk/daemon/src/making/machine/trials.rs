//! The maker's thread against the emulated machine and a service with made-up people, all in memory: what it says, what
//! it keeps, and what never happens when one of the three misbehaves.

mod clock;
mod counts;
mod cut;
mod day;
mod outside;
mod people;
mod sealed;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};

use drivers_device::Transport;
use drivers_emulators::maker::{Direct, Machine as Twin, Place};
use drivers_temp_id_maker::codec::{JobId, RecordTag, Step};
use kiosk_flow::Input;
use kiosk_making::{Face, FaceAsked, Find, Found, OrderAsked, PayState, Payment, ServiceError};
use kiosk_making_simulator::Book;
use kiosk_making_simulator::people::people;
use kiosk_outbox::making::KeptRecord;
use ticket_dispatcher_types::{DeviceId, IdemKey};

use super::super::tell;
use super::*;
use crate::core::Message;
use crate::vault::Vault;

fn ask() -> IdemKey {
    IdemKey::from_bytes([5; 16])
}

/// Of the machine's time, a frame: a step is over after a few questions.
const FRAME_MS: u64 = 4_000;

/// The service's book, at the kiosk's end of it.
#[derive(Clone)]
pub struct Office {
    pub book: Arc<Mutex<Book>>,
    /// Seconds by which its clock is ahead of the kiosk's; none: its answers tell no time.
    pub ahead_s: Option<i64>,
}

impl Office {
    pub fn new() -> Self {
        Self {
            book: Arc::new(Mutex::new(Book::new(people(), Some(0)))),
            ahead_s: None,
        }
    }

    pub fn with<R>(&self, look: impl FnOnce(&mut Book) -> R) -> R {
        look(&mut self.book.lock().expect("no test panics with it"))
    }
}

impl MakingService for Office {
    fn find(&self, find: &Find) -> Result<Found, ServiceError> {
        self.with(|book| book.find(find))
            .map_err(|_| ServiceError::Away("status 503".into()))
    }

    fn claim(&self, claim: &ClaimAsked) -> Result<Claim, ServiceError> {
        Ok(self.with(|book| book.claim(claim, unix_s())))
    }

    fn verify_face(&self, face: &FaceAsked) -> Result<Face, ServiceError> {
        Ok(self.with(|book| book.verify_face(face, unix_s())))
    }

    fn report(&self, report: &Report) -> Result<(), ServiceError> {
        self.with(|book| book.report(report));
        Ok(())
    }

    fn order(&self, order: &OrderAsked) -> Result<Payment, ServiceError> {
        Ok(self.with(|book| book.order(order, unix_s())))
    }

    fn settle(&self, order_no: &str, outcome: Outcome) -> Result<Payment, ServiceError> {
        Ok(self.with(|book| book.settle(order_no, outcome)))
    }

    fn clock_ahead_s(&self) -> Option<i64> {
        self.ahead_s
    }
}

/// A folder of its own, gone with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("yimen-trial-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a folder");
        Self(dir)
    }

    pub fn store(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The key under which the kiosks of these trials seal.
const KEY: [u8; 32] = [3; 32];

/// What the threads of a kiosk of the hall share, and where their messages come out.
pub fn house(name: &str, key: [u8; 32]) -> (House, Receiver<Message>) {
    let (tx, told) = mpsc::channel();
    let house = House {
        tx,
        kiosk: DeviceId::new(name).expect("a name"),
        site_key: Arc::new(zeroize::Zeroizing::new(vec![7; 32])),
        timezone: "Asia/Shanghai".into(),
        board: tell::Board::default(),
        vault: Arc::new(Vault::of_test(key)),
    };
    (house, told)
}

/// The record of a receipt as the store of such a kiosk knows it.
pub fn known(receipt: &str) -> KeptRecord {
    let record_no = Kiosk::order(receipt).record.record_no;
    kept::record(&house("K01", KEY).0, &record_no).expect("sealed")
}

pub struct Kiosk {
    pub machine: Machine,
    told: Receiver<Message>,
}

impl Kiosk {
    /// A kiosk of the hall at a machine, with its store at `path`.
    pub fn new(name: &str, line: &Direct, office: &Office, path: &Path) -> Self {
        Self::of(house(name, KEY), line, office, path)
    }

    fn of((house, told): (House, Receiver<Message>), line: &Direct, office: &Office, path: &Path) -> Self {
        let wire: Box<dyn Transport> = Box::new(line.clone());
        let store = kept::open(path, &house).expect("a store");
        let machine = Machine::new(house, Tim1::new(wire, None), store, office.clone(), None);
        Self { machine, told }
    }

    fn order(receipt: &str) -> Order {
        let record = people().into_iter().find(|person| person.record.receipt_no == receipt);
        Order {
            ask: ask(),
            record: record.expect("one of the made-up people").record,
            fee_fen: 1_000,
            face_token: None,
        }
    }

    /// A card is asked for, its fee paid; what the flow hears of it, states of the machine and steps apart.
    pub fn make(&mut self, receipt: &str) -> Vec<MakingInput> {
        let order = Self::order(receipt);
        let paid = OrderAsked {
            order_no: self.machine.house.jobs(&order.record.record_no).ids[0].to_string(),
            fee_fen: order.fee_fen,
        };
        self.machine.service.order(&paid).expect("paid");
        self.machine.make(order).expect("the store holds");
        self.machine.report().expect("the store holds");
        self.heard()
    }

    /// What the flow heard since it was asked last, states of the machine and steps apart.
    pub fn heard(&self) -> Vec<MakingInput> {
        let inputs = self.told.try_iter().filter_map(|message| match message {
            Message::Input(input) => match *input {
                Input::Making(input) => Some(input),
                _ => None,
            },
            _ => None,
        });
        inputs
            .filter(|input| !matches!(input, MakingInput::Machine(_) | MakingInput::Working { .. }))
            .collect()
    }

    /// How the first screen is told that the machine is.
    pub fn state(&mut self) -> MakerState {
        self.machine.watch().expect("the store holds");
        let states = self.told.try_iter().filter_map(|message| match message {
            Message::Input(input) => match *input {
                Input::Making(MakingInput::Machine(state)) => Some(state),
                _ => None,
            },
            _ => None,
        });
        states.last().expect("told at every look")
    }
}

fn refused(refusal: Refusal) -> Vec<MakingInput> {
    vec![MakingInput::Refused { ask: ask(), refusal }]
}

fn ended(heard: &[MakingInput]) -> Option<JobEnd> {
    heard.iter().find_map(|input| match input {
        MakingInput::Ended { end, .. } => Some(*end),
        _ => None,
    })
}

fn line() -> Direct {
    Direct::new(Twin::new(), FRAME_MS)
}

fn hands(line: &Direct) -> u32 {
    line.machine().world.count(Place::Hand)
}

const LI: &str = "990100202600000001";
const ZHAO: &str = "990100202600000002";

fn fee(office: &Office) -> Vec<PayState> {
    office.with(|book| book.orders.values().map(|(state, _)| *state).collect())
}

#[test]
fn a_back_end_that_grants_a_claim_twice_gives_one_card() {
    let (folder, office) = (Folder::new("twice"), Office::new());
    office.with(|book| book.grants_twice = true);
    let (here, there) = (line(), line());
    let mut first = Kiosk::new("K01", &here, &office, &folder.store("a.sqlite"));
    let mut second = Kiosk::new("K02", &there, &office, &folder.store("b.sqlite"));
    // The claim is the first kiosk's; both have one key, so both ask for one job.
    assert_eq!(first.machine.claimed("9901-nobody", None), Some(Refusal::NoRecord));
    let record_no = Kiosk::order(LI).record.record_no;
    assert_eq!(first.machine.claimed(&record_no, None), None);
    assert_eq!(
        second.make(LI),
        refused(Refusal::HeldElsewhere),
        "granted, but to another kiosk"
    );
    assert_eq!(
        fee(&office),
        [PayState::Authorised],
        "the fee of the card that is being made"
    );
    assert_eq!(ended(&first.make(LI)), Some(JobEnd::Taken));
    assert_eq!((hands(&here), hands(&there)), (1, 0));
    assert_eq!(fee(&office), [PayState::Settled]);

    // It forgets what was issued and grants the claim again.
    let office = Office::new();
    first.machine.service = Box::new(office.clone());
    assert_eq!(
        first.make(LI),
        refused(Refusal::AlreadyIssued),
        "by the kiosk's own store"
    );
    assert_eq!(fee(&office), [PayState::Refunded]);

    // And the kiosk has lost its store too: the machine knows the job.
    let mut fresh = Kiosk::new("K01", &here, &Office::new(), &folder.store("c.sqlite"));
    assert_eq!(
        ended(&fresh.make(LI)),
        Some(JobEnd::Taken),
        "the card that was taken before"
    );
    assert_eq!(hands(&here), 1, "and no other");
}

#[test]
fn a_full_reject_bin_is_told_before_anybody_pays_and_under_a_job_sends_to_a_window() {
    let (folder, office, line) = (Folder::new("full"), Office::new(), line());
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    assert_eq!(kiosk.state(), MakerState::Ready);
    assert!(line.machine().fault(0x0602, None));
    line.machine().pass(1_000);
    assert_eq!(kiosk.state(), MakerState::NotReady, "设备维护中 on the first screen");
    assert_eq!(kiosk.make(LI), refused(Refusal::MakerNotReady));
    assert_eq!(fee(&office), [PayState::Refunded]);
    assert!(kiosk.machine.store.unfinished().expect("read").is_empty());
    assert!(line.machine().world.films.is_empty(), "nothing was consumed");
    let board = kiosk
        .machine
        .known
        .now(kiosk.machine.maker.status().ok().as_ref(), unix_s());
    let fault = board.and_then(|now| now.fault).expect("staff sees why");
    assert_eq!(fault.code, "0602");

    // It fills while a card is fed: the card is not let go on, the citizen is sent to a window, nothing is taken.
    let line = self::line();
    let mut kiosk = Kiosk::new("K02", &line, &office, &folder.store("n.sqlite"));
    assert!(line.machine().fault(0x0602, Some(Step::Feed)));
    assert_eq!(ended(&kiosk.make(ZHAO)), Some(JobEnd::Failed));
    assert_eq!(hands(&line), 0);
    let open = kiosk.machine.store.unfinished().expect("read");
    assert!(open[0].unwanted, "to be ended without a card");
}

#[test]
fn a_machine_whose_boot_number_went_back_is_as_good_as_away_and_nobody_pays_for_it() {
    let (folder, office, line) = (Folder::new("boot"), Office::new(), line());
    for _ in 0..4 {
        line.machine().power(false);
        line.machine().power(true);
    }
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    assert_eq!(kiosk.state(), MakerState::Ready);
    line.machine().power(false);
    line.machine().power(true);
    assert_eq!(kiosk.state(), MakerState::Ready, "an ordinary restart");
    *line.machine() = Twin::new();
    assert_eq!(kiosk.state(), MakerState::NotReady);
    assert_eq!(kiosk.make(LI), refused(Refusal::MakerNotReady));
    assert_eq!(fee(&office), [PayState::Refunded]);
    assert!(line.machine().world.films.is_empty() && line.machine().state().job.is_none());
}

#[test]
fn another_serial_under_an_open_job_gets_nothing_but_a_greeting() {
    let (folder, office, line) = (Folder::new("serial"), Office::new(), line());
    let path = folder.store("m.sqlite");
    let record = known(LI);
    {
        let store = MakingStore::open(&path).expect("a store");
        store.begin(&record, "order", 1_000, unix_s()).expect("kept");
        store.keep_serial(&record.tag, "ANOTHER-0002").expect("kept");
    }
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    let row = kiosk.machine.store.row(&record.tag).expect("read").expect("there");
    kiosk.machine.go_on(&row).expect("the store holds");
    let machine = line.machine();
    assert!(machine.state().job.is_none() && machine.world.films.is_empty());
}

#[test]
fn a_machine_that_lost_its_memory_is_written_down_and_what_it_tells_afterwards_is_kept() {
    let (folder, office, line) = (Folder::new("memory"), Office::new(), line());
    let path = folder.store("m.sqlite");
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    kiosk.state();
    assert_eq!(ended(&kiosk.make(LI)), Some(JobEnd::Taken));
    kiosk.state();
    let before = kiosk.machine.store.mark("TWIN-0001").expect("read");
    assert_eq!(before.shift, 0);
    // The board is changed at night, the kiosk starts again.
    *line.machine() = Twin::new();
    let mut kiosk = Kiosk::new("K01", &line, &office, &path);
    assert_eq!(kiosk.state(), MakerState::Ready);
    let lines = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    let lost = lines.last().expect("a line");
    assert_eq!(lost.what, "memory_lost");
    assert_eq!(ended(&kiosk.make(ZHAO)), Some(JobEnd::Taken));
    kiosk.state();
    let lines = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    let count = |what: &str| lines.iter().filter(|line| line.what == what).count();
    assert_eq!(
        (count("picked"), count("taken")),
        (2, 2),
        "the second card's too, whose indices had been told before"
    );
    let indices: Vec<u32> = lines.iter().filter_map(|line| line.machine_index).collect();
    assert!(indices.is_sorted_by(|a, b| a < b), "{indices:?}");
    assert_eq!(kiosk.machine.store.broken_at().expect("read"), None);
    let (day, _) = kiosk_outbox::making::day::open_day(&lines);
    assert_eq!(day.discrepancies, 1);
}
