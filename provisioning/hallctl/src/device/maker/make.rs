//! One card, exactly once: the pure machine decides, this asks, waits and remembers.

use std::path::Path;
use std::time::{Duration, Instant};

use drivers_temp_id_maker::codec::reply::cap;
use drivers_temp_id_maker::codec::{Fault, Identity, Phase};
use drivers_temp_id_maker::{Answer, Ending, JobMachine, JobSpec, Maker, MakerError, Order, Tim1, ids};
use serde_json::json;
use ui_ticket_raster::{CardLayout, Fonts};

use super::record::{Record, today};
use super::store::Store;
use super::{Port, Stop};

const SERIAL: &str = "serial";
const PICTURE: &str = "picture";

struct Run {
    maker: Tim1<Port>,
    store: Store,
    record: Record,
    site_key: Vec<u8>,
    identity: Option<Identity>,
    /// The picture as uploaded, once drawn or read back.
    data: Option<Vec<u8>>,
    told: Option<(u8, u8, Phase)>,
    began: Instant,
}

/// Makes the card of the record in `file`, remembering it under `dir`.
pub fn run(port: &str, file: &Path, dir: &Path) -> Result<(), Stop> {
    let text = std::fs::read_to_string(file).map_err(|e| Stop {
        code: 2,
        why: format!("{}: {e}", file.display()),
    })?;
    let record = Record::parse(&text)?;
    let site_key = record.site_key()?;
    let tag = ids::record_tag(&site_key, &record.record_no);
    let store = Store::open(dir, tag).map_err(|e| Stop {
        code: 2,
        why: format!("{}: {e}", dir.display()),
    })?;
    let maker = super::machine(port, record.device_key()?)?;
    let jobs = [0, 1].map(|index| ids::job_id(&site_key, &record.record_no, index));
    let serial = store.read(SERIAL).map_err(Stop::device)?;
    let serial = serial.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    // A refused record consumes nothing; one that was begun is driven on whatever today's date says of it.
    let begun = serial.is_some();
    if !begun {
        record.check(today())?;
    }
    let mut machine = JobMachine::new(jobs, serial, Phase::None, maker.guarantees());
    let mut run = Run {
        maker,
        store,
        record,
        site_key,
        identity: None,
        data: None,
        told: None,
        began: Instant::now(),
    };
    run.drive(&mut machine)
}

impl Run {
    fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn drive(&mut self, machine: &mut JobMachine) -> Result<(), Stop> {
        let mut order = machine.begin();
        loop {
            self.tell(machine);
            order = match order {
                Order::End(ending) => return self.end(ending),
                Order::Wait(ms) => {
                    std::thread::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
                    machine.waited()
                }
                order => {
                    let answer = match self.ask(order)? {
                        Ok(answer) => Some(answer),
                        Err(MakerError::Lost { .. }) => None,
                        Err(error) => return Err(Stop::device(error)),
                    };
                    machine.next(answer, self.now())
                }
            };
        }
    }

    /// One line for each phase reached.
    fn tell(&mut self, machine: &JobMachine) {
        let now = (machine.index(), machine.attempt(), machine.phase());
        if machine.phase() != Phase::None && self.told != Some(now) {
            self.told = Some(now);
            println!(
                "{}",
                json!({
                    "phase": machine.phase(), "job": machine.index(), "attempt": machine.attempt(), "ms": self.now(),
                })
            );
        }
    }

    fn ask(&mut self, order: Order) -> Result<Result<Answer, MakerError>, Stop> {
        let job = |run: &Self, index| ids::job_id(&run.site_key, &run.record.record_no, index);
        Ok(match order {
            Order::Hello => self.maker.hello().map(|identity| {
                self.identity = Some(identity.clone());
                Answer::Identity(Box::new(identity))
            }),
            Order::Status => self.maker.status().map(|status| Answer::Status(Box::new(status))),
            Order::Query(index) => self.maker.job_query(job(self, index)),
            Order::Open(index) => {
                let spec = self.spec(index)?;
                self.maker.job_open(&spec)
            }
            Order::Upload(index) => {
                let spec = self.spec(index)?;
                self.maker.job_upload(&spec)
            }
            Order::Seal(index) => self.maker.job_seal(job(self, index)),
            Order::Step(index, step) => self.maker.job_step(job(self, index), step),
            Order::Close(index) => self.maker.job_close(job(self, index)),
            Order::Wait(_) | Order::End(_) => Ok(Answer::Done),
        })
    }

    /// The job as ordered: drawn once, stored before it is first opened, the same bytes for ever after.
    fn spec(&mut self, index: u8) -> Result<JobSpec, Stop> {
        let identity = self
            .identity
            .clone()
            .ok_or_else(|| Stop::device("the maker was not greeted"))?;
        let mirror = identity.caps & cap::MIRROR != 0;
        let packed = identity.formats & 2 != 0;
        if self.data.is_none() {
            self.data = self.store.read(PICTURE).map_err(Stop::device)?;
        }
        if self.data.is_none() {
            let face = self.record.face(today())?;
            let drawn = face.draw(&CardLayout::shipped(), identity.dpi, &Fonts::system());
            let picture = drawn.map_err(|error| Stop {
                code: 4,
                why: error.to_string(),
            })?;
            if (picture.width, picture.height) != (identity.raster_w, identity.raster_h) {
                return Err(Stop::device(
                    "the maker's picture has another size than the card's layout",
                ));
            }
            let picture = if mirror { picture.mirrored() } else { picture };
            let data = if packed { picture.packed() } else { picture.bits };
            self.store.write(PICTURE, &data).map_err(Stop::device)?;
            self.data = Some(data);
        }
        self.store
            .write(SERIAL, identity.serial.as_bytes())
            .map_err(Stop::device)?;
        Ok(JobSpec {
            job: ids::job_id(&self.site_key, &self.record.record_no, index),
            tag: ids::record_tag(&self.site_key, &self.record.record_no),
            data: self.data.clone().unwrap_or_default(),
            width: identity.raster_w,
            height: identity.raster_h,
            dpi: identity.dpi,
            format: u8::from(packed),
            mirrored: mirror,
        })
    }

    fn end(&mut self, ending: Ending) -> Result<(), Stop> {
        let outcome = match ending {
            Ending::Job(phase) => Some(phase),
            Ending::RecordDone => Some(Phase::Doubt),
            _ => None,
        };
        if let Some(phase) = outcome {
            if phase != Phase::Doubt {
                self.store.forget(PICTURE);
            }
            println!(
                "{}",
                json!({ "outcome": phase, "ms": self.now(), "frames": self.maker.frames_count() })
            );
        }
        let port = self.maker.port().to_string();
        let fault = |code| {
            Fault::of(code).map_or_else(
                || "a fault stands".into(),
                |fault| format!("{:04X} {}: {}", fault.code, fault.name, fault.advice),
            )
        };
        let stop = |code, why: String| {
            Err(Stop {
                code,
                why: format!("{port}: {why}"),
            })
        };
        match ending {
            Ending::Job(Phase::Taken) => Ok(()),
            Ending::Job(Phase::Doubt) => stop(
                5,
                "nobody knows where the card is: it counts as left; two people look for it and decide".into(),
            ),
            Ending::RecordDone => stop(
                5,
                "a card of this record has left, or may have; look into the ledger".into(),
            ),
            Ending::Job(_) => stop(4, "the job ended without a card in a hand".into()),
            Ending::NotReady => stop(
                4,
                "the maker is not ready (film, blanks, bins, covers); nothing was made".into(),
            ),
            Ending::Fault(code) => stop(3, fault(code)),
            Ending::OtherMachine => stop(3, "this is not the machine that the job began on".into()),
            Ending::OtherJob => stop(3, "another record's job is open in it; end that first".into()),
            Ending::Silent => stop(3, "the maker does not answer; check its power and its cable".into()),
            Ending::Refused(code) => stop(3, format!("the maker refuses: {code:?}")),
        }
    }
}
