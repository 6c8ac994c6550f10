//! The host: the product's own machine and driver, restarted as often as its power goes.

use std::sync::{Arc, Mutex};

use drivers_temp_id_maker::codec::{JobId, Phase};
use drivers_temp_id_maker::machine::SILENT_MS;
use drivers_temp_id_maker::{Answer, Ending, JobMachine, JobSpec, Maker, MakerError, Order, Tim1};

use super::bench::{Bench, Line, Over, TAG};
use super::{HostWeakness, Plan, Played};

/// A play that takes longer than this many orders never ends.
const ORDERS_MAX: u32 = 40_000;

/// What the host's disk holds.
#[derive(Debug, Default, Clone)]
struct Disk {
    serial: Option<String>,
}

struct Host<'a> {
    plan: &'a Plan,
    line: Line,
    disk: Disk,
    lives: u8,
}

fn over(ending: Option<Ending>) -> Over {
    match ending {
        Some(Ending::Job(Phase::Doubt) | Ending::RecordDone) => Over::Doubt,
        Some(Ending::Job(_)) => Over::Ended,
        _ => Over::Stopped,
    }
}

/// How one drive went.
enum Drive {
    Ended(Ending),
    /// The power went.
    Struck,
    /// It never ends.
    Endless,
}

/// Plays one record to its end, and once more from an empty disk: asking again must never give a second card.
pub fn run(plan: &Plan) -> Played {
    let line = Line(Arc::new(Mutex::new(Bench::new(plan))));
    let mut host = Host {
        plan,
        line: line.clone(),
        disk: Disk::default(),
        lives: 0,
    };
    let first = host.play_out();
    let mut bench = line.bench();
    bench.settle(over(first));
    if first.is_none() {
        bench.played.broken.push("the job never ends".into());
    }
    let ms = bench.now_ms;
    drop(bench);
    host.disk = Disk::default();
    host.lives = host.lives.wrapping_add(1);
    let again = host.play_out();
    let mut bench = line.bench();
    bench.played.ms = ms;
    bench.settle(if over(first) == Over::Ended {
        over(again)
    } else {
        over(first)
    });
    bench.played.clone()
}

impl Host<'_> {
    fn ids(&self) -> [JobId; 2] {
        let drawn = if self.plan.host_weakness == Some(HostWeakness::RandomIds) {
            self.lives
        } else {
            0
        };
        [JobId([1 + 2 * drawn; 16]), JobId([2 + 2 * drawn; 16])]
    }

    /// Drives over restarts; none when it never ends.
    fn play_out(&mut self) -> Option<Ending> {
        for _ in 0..12 {
            match self.drive() {
                Drive::Ended(Ending::Silent) => self.line.bench().pass(SILENT_MS.unsigned_abs()),
                Drive::Ended(ending) => return Some(ending),
                Drive::Struck => {
                    self.line.bench().host_struck = false;
                    self.lives = self.lives.wrapping_add(1);
                    if self.plan.db_lost {
                        self.disk = Disk::default();
                    }
                    self.line.bench().pass(3_000);
                }
                Drive::Endless => return None,
            }
        }
        Some(Ending::Silent)
    }

    fn drive(&mut self) -> Drive {
        let mut maker = Tim1::new(self.line.clone(), None);
        let mut machine = JobMachine::new(self.ids(), self.disk.serial.clone(), Phase::None, maker.guarantees());
        let mut order = machine.begin();
        let mut looked = None;
        for _ in 0..ORDERS_MAX {
            if self.line.bench().host_struck {
                return Drive::Struck;
            }
            // Looking again at what has not changed is no action that could be lost.
            let same = order == Order::Status && looked == Some(machine.phase());
            let idle = matches!(order, Order::Wait(_) | Order::End(_)) || same;
            if !idle && self.line.bench().host_acts() {
                return Drive::Struck;
            }
            looked = (order == Order::Status).then(|| machine.phase()).or(looked);
            order = match order {
                Order::End(ending) => return Drive::Ended(self.weakened(ending)),
                Order::Wait(ms) => {
                    self.line.bench().pass(ms.unsigned_abs());
                    machine.waited()
                }
                order => {
                    let answer = match self.ask(&mut maker, order) {
                        Ok(answer) => Some(answer),
                        Err(MakerError::Lost { .. }) => None,
                        Err(MakerError::Protocol { .. }) => return Drive::Ended(Ending::Silent),
                    };
                    let now = i64::try_from(self.line.bench().now_ms).unwrap_or(i64::MAX);
                    machine.next(answer, now)
                }
            };
        }
        Drive::Endless
    }

    /// The planted host that always tries once more, under fresh ids.
    fn weakened(&mut self, ending: Ending) -> Ending {
        let wanted = self.plan.host_weakness == Some(HostWeakness::AlwaysAnother);
        if wanted && matches!(ending, Ending::Job(_)) && self.lives < 4 {
            self.lives += 1;
            let ids = [JobId([200 + self.lives; 16]), JobId([210 + self.lives; 16])];
            let mut maker = Tim1::new(self.line.clone(), None);
            let mut machine = JobMachine::new(ids, None, Phase::None, maker.guarantees());
            let mut order = machine.begin();
            for _ in 0..ORDERS_MAX {
                order = match order {
                    Order::End(_) => break,
                    Order::Wait(ms) => {
                        self.line.bench().pass(ms.unsigned_abs());
                        machine.waited()
                    }
                    order => {
                        let answer = ask(&mut maker, ids, order).ok();
                        let now = i64::try_from(self.line.bench().now_ms).unwrap_or(i64::MAX);
                        machine.next(answer, now)
                    }
                };
            }
        }
        ending
    }

    fn ask(&mut self, maker: &mut Tim1<Line>, order: Order) -> Result<Answer, MakerError> {
        let answer = ask(maker, self.ids(), order);
        if let (Order::Hello, Ok(Answer::Identity(identity))) = (order, &answer) {
            self.disk.serial = Some(identity.serial.clone());
        }
        answer
    }
}

/// A white card in PackBits: 127 zeros a row.
fn spec(job: JobId) -> JobSpec {
    JobSpec {
        job,
        tag: TAG,
        data: [130, 0].repeat(638),
        width: 1011,
        height: 638,
        dpi: 300,
        format: 1,
        mirrored: true,
    }
}

fn ask(maker: &mut Tim1<Line>, ids: [JobId; 2], order: Order) -> Result<Answer, MakerError> {
    let job = |index: u8| ids[usize::from(index)];
    match order {
        Order::Hello => maker.hello().map(|identity| Answer::Identity(Box::new(identity))),
        Order::Status => maker.status().map(|status| Answer::Status(Box::new(status))),
        Order::Query(index) => maker.job_query(job(index)),
        Order::Open(index) => maker.job_open(&spec(job(index))),
        Order::Upload(index) => maker.job_upload(&spec(job(index))),
        Order::Seal(index) => maker.job_seal(job(index)),
        Order::Step(index, step) => maker.job_step(job(index), step),
        Order::Close(index) => maker.job_close(job(index)),
        Order::Wait(_) | Order::End(_) => Ok(Answer::Done),
    }
}
