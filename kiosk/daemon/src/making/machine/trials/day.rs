//! A random day of 500 jobs with faults, power cuts and cards that nobody takes: the ledger that was pulled from the
//! machine agrees with where the blanks really are, and every spoiled one has a reason.

use std::collections::BTreeMap;
use std::time::Duration;

use drivers_temp_id_maker::codec::{Fault, JobId, RecordTag};
use drivers_temp_id_maker::{JobMachine, StaffDone, StaffOrder};
use kiosk_making::Keep;
use kiosk_making::drive::Jobs;
use kiosk_outbox::making::day::open_day;
use ui_ticket_raster::CardPicture;

use super::*;

const JOBS: u32 = 500;

/// The same numbers at every run (Marsaglia's xorshift, 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Faults that a day brings, with the step at which they come.
const FAULTS: [(u16, Step); 17] = [
    (0x0103, Step::Cut),
    (0x0104, Step::Cut),
    (0x0105, Step::Cut),
    (0x0106, Step::Print),
    (0x0204, Step::Print),
    (0x0205, Step::Laminate),
    (0x0303, Step::Feed),
    (0x0304, Step::Feed),
    (0x0305, Step::Feed),
    (0x0306, Step::Laminate),
    (0x0308, Step::Feed),
    (0x0403, Step::Laminate),
    (0x0404, Step::Laminate),
    (0x0406, Step::Laminate),
    (0x0503, Step::Present),
    (0x0701, Step::Laminate),
    (0x0805, Step::Laminate),
];

/// One job's memory, without a disk; the machine's time passes where the host would wait.
pub struct Memory<'a> {
    line: &'a Direct,
    serial: Option<String>,
    picture: Option<Vec<u8>>,
    /// The power goes after so many waits.
    cut_in: Option<u64>,
    /// And is away for so many more.
    away_for: u64,
}

impl<'a> Memory<'a> {
    /// The power goes after so many waits, long enough for the host to hear nothing.
    pub fn cut(line: &'a Direct, cut_in: u64) -> Self {
        Self {
            line,
            serial: None,
            picture: None,
            cut_in: Some(cut_in),
            away_for: 2,
        }
    }
}

impl Keep for Memory<'_> {
    fn serial(&mut self) -> Result<Option<String>, KeepError> {
        Ok(self.serial.clone())
    }

    fn keep_serial(&mut self, serial: &str) -> Result<(), KeepError> {
        self.serial = Some(serial.into());
        Ok(())
    }

    fn picture(&mut self) -> Result<Option<Vec<u8>>, KeepError> {
        Ok(self.picture.clone())
    }

    fn keep_picture(&mut self, data: &[u8]) -> Result<(), KeepError> {
        self.picture = Some(data.to_vec());
        Ok(())
    }

    fn draw(&mut self, _dpi: u16) -> Result<CardPicture, Refusal> {
        Ok(CardPicture {
            width: 1011,
            height: 638,
            bits: vec![0; 127 * 638],
        })
    }

    fn told(&mut self, _machine: &JobMachine, _status: Option<&Status>) -> Result<(), KeepError> {
        Ok(())
    }

    fn wait(&mut self, time: Duration) {
        let mut machine = self.line.machine();
        if self.cut_in == Some(0) {
            machine.power(false);
            machine.pass(2_000);
        }
        if machine.firmware.is_none() {
            match self.away_for.checked_sub(1) {
                Some(left) => self.away_for = left,
                None => machine.power(true),
            }
        }
        self.cut_in = self.cut_in.and_then(|left| left.checked_sub(1));
        machine.pass(time.as_millis() as u64);
    }
}

struct Shift {
    line: Direct,
    maker: Tim1<Box<dyn Transport>>,
    store: MakingStore,
    dice: Dice,
    ends: BTreeMap<&'static str, u32>,
}

impl Shift {
    fn order(&mut self, order: StaffOrder) -> StaffDone {
        self.maker.staff(order).expect("it answers staff")
    }

    fn maintain(&mut self, orders: &[StaffOrder]) {
        assert_eq!(self.order(StaffOrder::Enter(1001, 1002)), StaffDone::Done);
        for order in orders {
            let done = self.order(*order);
            assert!(!matches!(done, StaffDone::Refused(_)), "{order:?}: {done:?}");
        }
        self.order(StaffOrder::Exit);
    }

    fn pull(&mut self) {
        let mut recent = super::super::super::seen::Recent::default();
        blanks::pull(&mut self.maker, "TWIN-0001", &mut self.store, &mut recent).expect("kept");
    }

    /// Staff mends what broke, takes out what lies in the path, and clears the fault until the machine goes on.
    fn mend(&mut self) {
        for _ in 0..5 {
            {
                let mut machine = self.line.machine();
                machine.heal();
                let shut = machine.world.count(Place::Exit) == 0;
                if shut {
                    machine.world.clear_path();
                }
                machine.pass(120_000);
            }
            let _ = self.maker.hello();
            let status = self.maker.status().expect("it answers");
            if status.fault == 0 {
                return;
            }
            if status.fault == 0x0306 {
                self.maintain(&[StaffOrder::DoubtResolve(status.job, false)]);
            } else {
                self.maintain(&[StaffOrder::FaultClear(status.fault_seq)]);
            }
        }
        panic!("a fault that cannot be cleared: {:?}", self.maker.status());
    }

    /// Staff loads what is low and empties the bins by hand count.
    fn supply(&mut self) {
        let _ = self.maker.hello();
        let status = self.maker.status().expect("it answers");
        if status.blanks_left < 30 {
            self.line.machine().world.load(60, 0, 0);
            self.maintain(&[StaffOrder::Loaded(2, 60)]);
        }
        if status.film_left < 60 || status.prints_left < 60 {
            self.line.machine().world.load(0, 500, 500);
            self.maintain(&[StaffOrder::Loaded(1, 500), StaffOrder::Loaded(3, 500)]);
        }
        if status.reject_count > 15 || status.retract_count > 10 {
            self.maintain(&[
                StaffOrder::BinEmptied(1, status.reject_count.into()),
                StaffOrder::BinEmptied(2, status.retract_count.into()),
            ]);
        }
    }

    fn job(&mut self, no: u32) {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&no.to_be_bytes());
        let second = {
            let mut second = id;
            second[15] = 1;
            second
        };
        let jobs = Jobs {
            ids: [JobId(id), JobId(second)],
            tag: RecordTag(id),
        };
        let trouble = self.dice.below(10);
        {
            let mut machine = self.line.machine();
            machine.world.take_after_ms = if trouble == 0 { None } else { Some(0) };
            if trouble < 4 {
                let (code, step) = FAULTS[self.dice.below(17) as usize];
                assert!(machine.fault(code, Some(step)));
            }
        }
        let line = self.line.clone();
        let mut keep = Memory {
            line: &line,
            serial: None,
            picture: None,
            cut_in: (trouble == 4 || trouble == 5).then(|| self.dice.below(300)),
            away_for: 0,
        };
        for _ in 0..8 {
            let driven = drive(&mut self.maker, jobs, &mut keep).expect("it remembers");
            let end = match driven {
                Driven::Ended(Ending::Fault(_) | Ending::NotReady) => {
                    self.mend();
                    continue;
                }
                // Two people find the card in the machine and say so.
                Driven::Ended(Ending::Job(Phase::Doubt)) => "doubt",
                Driven::Ended(Ending::Job(Phase::Taken)) => "taken",
                Driven::Ended(Ending::Job(Phase::Retracted)) => "retracted",
                Driven::Ended(Ending::Job(Phase::Rejected)) => "rejected",
                Driven::Ended(Ending::Job(_)) => "ended",
                other => panic!("job {no}: {other:?}, {:?}", self.maker.status()),
            };
            *self.ends.entry(end).or_default() += 1;
            return;
        }
        panic!("job {no} never ends: {:?}", self.maker.status());
    }
}

#[test]
fn the_ledger_of_a_random_day_of_500_jobs_agrees_with_where_the_blanks_are() {
    let folder = Folder::new("day");
    let mut twin = Twin::new();
    twin.tick_every(200);
    let line = Direct::new(twin, 20);
    let wire: Box<dyn Transport> = Box::new(line.clone());
    let mut shift = Shift {
        line: line.clone(),
        maker: Tim1::new(wire, None),
        store: MakingStore::open(&folder.store("m.sqlite")).expect("a store"),
        dice: Dice(0x2026_1122),
        ends: BTreeMap::new(),
    };
    for no in 0..JOBS {
        shift.job(no);
        shift.mend();
        shift.supply();
        shift.pull();
    }
    println!("{:?}", shift.ends);
    let lines = shift.store.blanks("TWIN-0001").expect("read");
    assert_eq!(shift.store.broken_at().expect("read"), None);
    let (day, unexplained) = open_day(&lines);
    assert_eq!((unexplained, day.discrepancies), (None, 0));
    let machine = line.machine();
    let there = |place| i64::from(machine.world.count(place));
    println!("{day:?}");
    assert_eq!(day.taken, there(Place::Hand));
    assert_eq!(day.rejected, there(Place::RejectBin));
    assert_eq!(day.retracted, there(Place::RetractBin));
    assert_eq!(day.removed, there(Place::Staff));
    assert_eq!(day.inside(), 0);
    assert_eq!(day.loaded, machine.world.cards.len() as i64);
    let spoiled: i64 = day.spoiled.values().sum();
    assert_eq!(spoiled, day.rejected + day.removed);
    for (code, count) in &day.spoiled {
        assert!(Fault::of(*code).is_some(), "{count} blanks are spoiled by {code:04X}");
    }
    assert!(
        day.spoiled.len() > 5 && day.taken > 300 && day.removed > 0 && day.retracted > 0,
        "{day:?}"
    );
    let hopper = there(Place::Hopper);
    assert_eq!(day.clone().close(hopper, None).difference, 0);
    assert_eq!(
        day.close(hopper - 1, None).difference,
        -1,
        "a blank that is missing is seen"
    );
}
