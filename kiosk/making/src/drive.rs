//! One card, exactly once: the pure machine decides, this asks, waits and remembers.

use std::time::{Duration, Instant};

use drivers_temp_id_maker::codec::reply::cap;
use drivers_temp_id_maker::codec::{Identity, JobId, Mode, Phase, RecordTag, Status};
use drivers_temp_id_maker::{Answer, Ending, JobMachine, JobSpec, Maker, MakerError, Order};
use ui_model::Refusal;
use ui_ticket_raster::CardPicture;

/// Why the host's memory did not do it. The owner stops driving: what is on the disk is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the memory of the job: {0}")]
pub struct KeepError(pub String);

/// What the host remembers of a job, durable when a call returns. Losing it loses time, never a card: the ids are
/// computed again and the machine knows the phase.
pub trait Keep {
    /// Serial number of the machine that the job began on.
    fn serial(&mut self) -> Result<Option<String>, KeepError>;
    /// Stores it, before the job is first opened.
    fn keep_serial(&mut self, serial: &str) -> Result<(), KeepError>;
    /// The picture as uploaded.
    fn picture(&mut self) -> Result<Option<Vec<u8>>, KeepError>;
    /// Stores it, before the job is first opened: a retry after midnight must send the same bytes.
    fn keep_picture(&mut self, data: &[u8]) -> Result<(), KeepError>;
    /// The picture as it must be drawn when none is stored.
    fn draw(&mut self, dpi: u16) -> Result<CardPicture, Refusal>;
    /// Where the job stands; called whenever the phase, the attempt or the running step may have changed.
    fn told(&mut self, machine: &JobMachine, status: Option<&Status>) -> Result<(), KeepError>;
    /// Lets time pass before the machine is asked again.
    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
    /// True when the owner wants to stop; the machine goes on by itself and the job is driven on later.
    fn stopping(&mut self) -> bool {
        false
    }
}

/// How a drive ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driven {
    /// By the machine's word.
    Ended(Ending),
    /// The picture cannot be drawn: nothing was sent.
    Refused(Refusal),
    /// The answers are none of the protocol.
    Protocol(String),
    /// The picture of the machine has another size than the card.
    WrongSize,
    /// The owner wanted to stop.
    Stopped,
}

/// The two jobs of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// Job 0 and job 1.
    pub ids: [JobId; 2],
    /// The record's tag.
    pub tag: RecordTag,
}

/// Drives the job of a record to its end, from wherever the machine says that it is.
pub fn drive(maker: &mut dyn Maker, jobs: Jobs, keep: &mut dyn Keep) -> Result<Driven, KeepError> {
    let mut machine = JobMachine::new(jobs.ids, keep.serial()?, Phase::None, maker.guarantees());
    let mut run = Run {
        maker,
        jobs,
        keep,
        identity: None,
        status: None,
        data: None,
        time_told: false,
        began: Instant::now(),
    };
    let mut order = machine.begin();
    loop {
        run.keep.told(&machine, run.status.as_ref())?;
        if run.keep.stopping() {
            return Ok(Driven::Stopped);
        }
        order = match order {
            Order::End(ending) => return Ok(Driven::Ended(ending)),
            Order::Wait(ms) => {
                run.keep.wait(Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
                machine.waited()
            }
            order => {
                let answer = match run.ask(order)? {
                    Asked::Answer(answer) => Some(answer),
                    Asked::Error(MakerError::Lost { .. }) => None,
                    Asked::Error(error) => return Ok(Driven::Protocol(error.to_string())),
                    Asked::Over(driven) => return Ok(driven),
                };
                let now = i64::try_from(run.began.elapsed().as_millis()).unwrap_or(i64::MAX);
                machine.next(answer, now)
            }
        };
    }
}

enum Asked {
    Answer(Answer),
    Error(MakerError),
    Over(Driven),
}

struct Run<'a> {
    maker: &'a mut dyn Maker,
    jobs: Jobs,
    keep: &'a mut dyn Keep,
    identity: Option<Identity>,
    status: Option<Status>,
    data: Option<Vec<u8>>,
    /// It took its time since it was greeted last.
    time_told: bool,
    began: Instant,
}

impl Run<'_> {
    fn ask(&mut self, order: Order) -> Result<Asked, KeepError> {
        let job = |index: u8| self.jobs.ids[usize::from(index)];
        let answer = match order {
            Order::Hello => self.maker.hello().map(|identity| {
                self.identity = Some(identity.clone());
                self.time_told = false;
                self.tell_time();
                Answer::Identity(Box::new(identity))
            }),
            Order::Status => self.maker.status().map(|status| {
                self.status = Some(status.clone());
                if status.mode != Mode::Init {
                    self.tell_time();
                }
                Answer::Status(Box::new(status))
            }),
            Order::Query(index) => self.maker.job_query(job(index)),
            Order::Open(index) | Order::Upload(index) => {
                let spec = match self.spec(index)? {
                    Ok(spec) => spec,
                    Err(over) => return Ok(Asked::Over(over)),
                };
                if matches!(order, Order::Open(_)) {
                    self.tell_time();
                    self.maker.job_open(&spec)
                } else {
                    self.maker.job_upload(&spec)
                }
            }
            Order::Seal(index) => self.maker.job_seal(job(index)),
            Order::Step(index, step) => self.maker.job_step(job(index), step),
            Order::Close(index) => self.maker.job_close(job(index)),
            Order::Wait(_) | Order::End(_) => Ok(Answer::Done),
        };
        Ok(answer.map_or_else(Asked::Error, Asked::Answer))
    }

    /// Its events carry no time until it is told one, and it takes none while it starts: told again until it does,
    /// before a job is driven on. Nothing else hangs on its answer.
    fn tell_time(&mut self) {
        if !self.time_told {
            let now = jiff::Timestamp::now().as_second();
            let told = self.maker.time_set(u32::try_from(now).unwrap_or(0));
            self.time_told = matches!(told, Ok(Answer::Done));
        }
    }

    /// The job as ordered: drawn once, stored before it is first opened, the same bytes for ever after.
    fn spec(&mut self, index: u8) -> Result<Result<JobSpec, Driven>, KeepError> {
        let Some(identity) = self.identity.clone() else {
            return Ok(Err(Driven::Protocol("the maker was not greeted".into())));
        };
        let mirror = identity.caps & cap::MIRROR != 0;
        let packed = identity.formats & 2 != 0;
        if self.data.is_none() {
            self.data = self.keep.picture()?;
        }
        let data = match &self.data {
            Some(data) => data.clone(),
            None => {
                let picture = match self.keep.draw(identity.dpi) {
                    Ok(picture) => picture,
                    Err(refusal) => return Ok(Err(Driven::Refused(refusal))),
                };
                if (picture.width, picture.height) != (identity.raster_w, identity.raster_h) {
                    return Ok(Err(Driven::WrongSize));
                }
                let picture = if mirror { picture.mirrored() } else { picture };
                let data = if packed { picture.packed() } else { picture.bits };
                self.keep.keep_picture(&data)?;
                self.data = Some(data.clone());
                data
            }
        };
        self.keep.keep_serial(&identity.serial)?;
        Ok(Ok(JobSpec {
            job: self.jobs.ids[usize::from(index)],
            tag: self.jobs.tag,
            data,
            width: identity.raster_w,
            height: identity.raster_h,
            dpi: identity.dpi,
            format: u8::from(packed),
            mirrored: mirror,
        }))
    }
}
