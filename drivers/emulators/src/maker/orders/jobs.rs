//! Orders of a job: TIM/1, sections 5 and 6.

use std::sync::Arc;

use drivers_temp_id_maker::codec::{JobId, JobOpen, Mode, Phase, ResultCode, Step};
use drivers_temp_id_maker::ids;

use super::super::firmware::{Firmware, Picture};
use super::super::memory::Job;
use super::super::raster;
use super::super::world::{Action, Face, World};
use super::{Answer, just};

/// No picture of a card is longer, packed or not.
const DATA_MAX: u32 = 400_000;

impl Firmware {
    fn archived(&self, id: JobId) -> Option<Answer> {
        let found = self.state.archive.iter().rev().find(|record| record.job == id)?;
        Some((ResultCode::JobClosed, found.encode()))
    }

    pub(super) fn open(&mut self, open: &JobOpen, world: &mut World) -> Answer {
        let who = self.shape.identity();
        let fits = open.width == who.raster_w && open.height == who.raster_h && open.dpi == who.dpi;
        if !fits || open.format > 1 || open.data_len == 0 || open.data_len > DATA_MAX || open.flags & 2 != 0 {
            return just(ResultCode::BadParam);
        }
        if self.maintenance {
            return just(ResultCode::Maintenance);
        }
        if let Some(job) = &self.state.job {
            if job.id != open.job {
                return (ResultCode::JobOther, self.record(job).encode());
            }
            let same = job.sha256 == open.sha256;
            if job.phase != Phase::Open {
                return just(if same {
                    ResultCode::OkAlready
                } else {
                    ResultCode::Digest
                });
            }
            self.announce(open);
            if !same {
                self.with_job(|job| job.sha256 = open.sha256);
                self.commit();
            }
            self.act(world, &Action::Heat(2));
            return just(ResultCode::OkAlready);
        }
        if let Some(closed) = self.archived(open.job) {
            return closed;
        }
        if self.state.fence.contains(&open.tag) {
            return just(ResultCode::RecordDone);
        }
        match self.mode() {
            Mode::OutOfService => return just(ResultCode::OutOfService),
            Mode::Fault => return just(ResultCode::Fault),
            _ => {}
        }
        if !self.code_holds(open.nonce, &open.mac, |key| ids::open_mac(key, open)) {
            return just(ResultCode::Auth);
        }
        // Heat is reached inside LAMINATE; everything else must be there before a citizen waits for it.
        if self.status(world).ready | 1 << 3 != 0xFF {
            return just(ResultCode::NotReady);
        }
        let unix = self.unix();
        let job = Job {
            id: open.job,
            tag: open.tag,
            sha256: open.sha256,
            phase: Phase::Open,
            step: None,
            attempt: 1,
            captures: 0,
            inside: 0,
            film: false,
            fault: 0,
            fault_seq: 0,
            opened_at: unix,
            changed_at: unix,
            abort: false,
            blank: [0; 16],
        };
        let record = job.record().encode();
        self.state.job = Some(job);
        self.commit();
        self.announce(open);
        self.act(world, &Action::Heat(2));
        (ResultCode::Ok, record)
    }

    fn announce(&mut self, open: &JobOpen) {
        let known = self.picture.as_ref();
        if known.is_some_and(|picture| picture.job == open.job && picture.sha256 == open.sha256) {
            return;
        }
        self.picture = Some(Picture {
            job: open.job,
            sha256: open.sha256,
            data: vec![0; usize::try_from(open.data_len).unwrap_or(0)],
            width: open.width,
            height: open.height,
            packed: open.format == 1,
            mirrored: open.flags & 1 != 0,
            face: None,
        });
    }

    pub(super) fn data(&mut self, offset: u32, bytes: &[u8]) -> Answer {
        let Some(job) = &self.state.job else {
            return just(ResultCode::NoJob);
        };
        let Some(picture) = self
            .picture
            .as_mut()
            .filter(|_| job.phase == Phase::Open && self.running.is_none())
        else {
            return just(ResultCode::Sequence);
        };
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        match picture.data.get_mut(at..at.saturating_add(bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                just(ResultCode::Ok)
            }
            None => just(ResultCode::BadParam),
        }
    }

    /// Whether `id` is the open job, else what to answer.
    pub(super) fn open_job(&self, id: JobId) -> Result<&Job, Answer> {
        match &self.state.job {
            Some(job) if job.id == id => Ok(job),
            Some(job) => Err((ResultCode::JobOther, self.record(job).encode())),
            None => Err(self.archived(id).unwrap_or(just(ResultCode::NoJob))),
        }
    }

    pub(super) fn seal(&mut self, id: JobId) -> Answer {
        let phase = match self.open_job(id) {
            Ok(job) => job.phase,
            Err(answer) => return answer,
        };
        match phase {
            Phase::Open if self.running.is_some() => return just(ResultCode::Busy),
            Phase::Open => {}
            Phase::Sealed => return just(ResultCode::OkAlready),
            _ => return just(ResultCode::Sequence),
        }
        let Some(picture) = &mut self.picture else {
            return just(ResultCode::Sequence);
        };
        let rows = raster::rows(picture);
        let Some(bits) = rows.filter(|_| ids::digest(&picture.data) == picture.sha256) else {
            return just(ResultCode::Digest);
        };
        picture.face = Some(Arc::new(Face {
            width: picture.width,
            height: picture.height,
            bits,
            mirrored: picture.mirrored,
        }));
        self.with_job(|job| job.phase = Phase::Sealed);
        self.commit();
        just(ResultCode::Ok)
    }

    pub(super) fn query(&self, id: JobId) -> Answer {
        match &self.state.job {
            Some(job) if job.id == id => (ResultCode::Ok, self.record(job).encode()),
            _ => self.archived(id).unwrap_or(just(ResultCode::NoJob)),
        }
    }

    pub(super) fn step(&mut self, id: JobId, step: Step, world: &mut World) -> Answer {
        let phase = match self.open_job(id) {
            Ok(job) => job.phase,
            Err(answer) => return answer,
        };
        if let Some(running) = self.running {
            let same = running.step == step;
            return just(if same { ResultCode::OkRunning } else { ResultCode::Busy });
        }
        if self.maintenance {
            return just(ResultCode::Maintenance);
        }
        if phase.is_terminal() {
            return just(ResultCode::Sequence);
        }
        if step.done().is_some_and(|done| done <= phase) {
            return just(ResultCode::OkAlready);
        }
        if Step::after(phase) != Some(step) {
            return just(ResultCode::Sequence);
        }
        match self.mode() {
            Mode::OutOfService => just(ResultCode::OutOfService),
            Mode::Fault => just(ResultCode::Fault),
            _ => {
                self.begin(step, world);
                just(ResultCode::OkRunning)
            }
        }
    }

    pub(super) fn abort(&mut self, id: JobId, world: &mut World) -> Answer {
        let phase = match self.open_job(id) {
            Ok(job) => job.phase,
            Err(answer) => return answer,
        };
        if phase.is_terminal() || phase == Phase::Presented {
            return just(ResultCode::Sequence);
        }
        match self.running.map(|running| running.step) {
            Some(Step::Present | Step::DrawIn | Step::Retract) => return just(ResultCode::Sequence),
            Some(_) => {}
            None if self.stopped() => return just(ResultCode::Fault),
            None => {}
        }
        self.with_job(|job| job.abort = true);
        if self.running.is_none() {
            self.begin(Step::Capture, world);
        } else {
            self.commit();
        }
        just(ResultCode::OkRunning)
    }

    pub(super) fn close(&mut self, id: JobId) -> Answer {
        match self.open_job(id) {
            Err(answer) => answer,
            Ok(job) if !job.phase.is_terminal() || job.phase == Phase::Doubt => just(ResultCode::Sequence),
            Ok(job) => {
                let record = job.record().encode();
                self.archive();
                (ResultCode::Ok, record)
            }
        }
    }
}
