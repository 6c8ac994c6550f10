//! What the firmware answers: TIM/1, sections 3 to 6.

use std::sync::Arc;

use drivers_temp_id_maker::codec::reply::cap;
use drivers_temp_id_maker::codec::{
    Command, EventPage, Frame, Identity, JobId, JobOpen, JobRecord, Kind, Mode, Phase, Position, Request, ResultCode,
    Status, Step,
};
use drivers_temp_id_maker::ids;

use super::firmware::{Firmware, Picture};
use super::memory::{Count, Job};
use super::world::{Action, Face, World};

type Answer = (ResultCode, Vec<u8>);

fn just(code: ResultCode) -> Answer {
    (code, Vec::new())
}

/// Who the emulated machine is.
pub fn identity() -> Identity {
    Identity {
        minor: 0,
        max_payload: 1024,
        caps: cap::PRINTS_FILM
            | cap::MIRROR
            | cap::CUTTER
            | cap::RETRACT_BIN
            | cap::REJECT_BIN
            | cap::HEATER
            | cap::SHUTTER
            | cap::DOUBLE_DETECT,
        vendor: "Yimen".into(),
        model: "TIM twin 300".into(),
        serial: "TWIN-0001".into(),
        fw: "1.0".into(),
        raster_w: 1011,
        raster_h: 638,
        dpi: 300,
        formats: 0b011,
        sides: 1,
        film_cap: 500,
        blank_cap: 100,
        reject_cap: 30,
        retract_cap: 20,
        warmup_s: 40,
    }
}

impl Firmware {
    /// The answer to a frame; none to what is no request. An identical frame gets the stored answer.
    pub fn answer(&mut self, frame: &Frame, world: &mut World) -> Option<Vec<u8>> {
        if frame.kind != Kind::Request || frame.seq == 0 {
            return None;
        }
        self.host_heard_ms = self.now_ms;
        let asked = frame.encode();
        if let Some((last, reply)) = &self.last
            && *last == asked
        {
            return Some(reply.clone());
        }
        let (rc, payload) = self.decide(frame, world);
        if self.dead {
            return None;
        }
        let reply = Frame {
            kind: Kind::Reply,
            seq: frame.seq,
            cmd: frame.cmd,
            rc: rc.code(),
            boot: self.state.boot,
            payload,
        };
        let wire = reply.encode();
        self.last = Some((asked, wire.clone()));
        Some(wire)
    }

    fn decide(&mut self, frame: &Frame, world: &mut World) -> Answer {
        let Some(command) = Command::from_code(frame.cmd) else {
            return just(ResultCode::BadCmd);
        };
        let any = command.takes_any_boot() && frame.boot == 0;
        if !any && frame.boot != self.state.boot {
            return just(ResultCode::BootChanged);
        }
        let Some(request) = Request::decode(command, &frame.payload) else {
            return just(ResultCode::BadParam);
        };
        if self.mode() == Mode::Init && !command.takes_any_boot() {
            return just(ResultCode::Busy);
        }
        match request {
            Request::Plain(Command::Hello) => (ResultCode::Ok, identity().encode()),
            Request::Plain(Command::Status) => (ResultCode::Ok, self.status(world).encode()),
            Request::Plain(Command::Sensors) => (ResultCode::Ok, world.sensors().encode()),
            Request::Plain(Command::Counters) => (
                ResultCode::Ok,
                self.state.counters.iter().flat_map(|n| n.to_le_bytes()).collect(),
            ),
            Request::Plain(Command::Nonce) => {
                self.state.nonce = self.state.nonce.wrapping_add(1);
                self.commit();
                (ResultCode::Ok, self.state.nonce.to_le_bytes().to_vec())
            }
            Request::Events { from, max } => (ResultCode::Ok, self.events(from, max).encode()),
            Request::TimeSet(unix) => {
                self.clock = Some((unix, self.now_ms));
                just(ResultCode::Ok)
            }
            Request::JobOpen(open) => self.open(&open, world),
            Request::JobData { offset, bytes } => self.data(offset, &bytes),
            Request::JobSeal(id) => self.seal(id),
            Request::JobQuery(id) => self.query(id),
            Request::JobStep(id, step) => self.step(id, step, world),
            Request::JobAbort(id, _) => self.abort(id, world),
            Request::JobClose(id) => self.close(id),
            Request::MaintEnter(a, b, _) => self.enter(a, b),
            other => self.maintain(&other, world),
        }
    }

    /// The job as the host sees it: a step that a fault has stopped does not run.
    fn record(&self, job: &Job) -> JobRecord {
        let mut record = job.record();
        record.step = record.step.filter(|_| self.running.is_some());
        record
    }

    fn status(&self, world: &World) -> Status {
        let sensors = world.sensors();
        let on = |bit: u32| sensors.bits & 1 << bit != 0;
        let card_pos = self.card_position(&sensors);
        let job = self.state.job.as_ref();
        let ready = [
            on(0) && self.state.film_left > 0,
            on(8) && self.state.blanks_left > 0,
            on(6) && self.state.prints_left > 0,
            on(28),
            !on(24) && !on(25),
            on(18) && on(20) && !on(19) && !on(21) && self.state.reject_count < 30 && self.state.retract_count < 20,
            card_pos == Position::None,
            true,
        ];
        let ready = ready
            .iter()
            .zip(0..)
            .fold(0, |bits, (is, bit)| bits | u8::from(*is) << bit);
        Status {
            boot: self.state.boot,
            mode: self.mode(),
            ready,
            fault: self.state.fault,
            fault_seq: self.state.fault_seq,
            job: job.map_or(JobId::default(), |job| job.id),
            phase: job.map_or(Phase::None, |job| job.phase),
            step: self.running.map(|running| running.step),
            attempt: job.map_or(0, |job| job.attempt),
            card_pos,
            film_pos: if on(3) { Position::Merge } else { Position::None },
            heater: sensors.heater,
            step_left: self.running.map_or(0, |running| {
                u16::try_from(running.until_ms.saturating_sub(self.now_ms) / 100).unwrap_or(u16::MAX)
            }),
            next_event: self.state.next_event,
            film_left: self.state.film_left,
            blanks_left: self.state.blanks_left,
            prints_left: self.state.prints_left,
            reject_count: self.state.reject_count,
            retract_count: self.state.retract_count,
        }
    }

    fn events(&self, from: u32, max: u8) -> EventPage {
        let oldest = self
            .state
            .events
            .front()
            .map_or(self.state.next_event, |event| event.index);
        let wanted = self.state.events.iter().filter(|event| event.index >= from);
        EventPage {
            oldest,
            next: self.state.next_event,
            events: wanted.take(max.into()).copied().collect(),
        }
    }

    fn archived(&self, id: JobId) -> Option<Answer> {
        let found = self.state.archive.iter().rev().find(|record| record.job == id)?;
        Some((ResultCode::JobClosed, found.encode()))
    }

    fn open(&mut self, open: &JobOpen, world: &mut World) -> Answer {
        let who = identity();
        let fits = open.width == who.raster_w && open.height == who.raster_h && open.dpi == who.dpi;
        if !fits || open.format > 1 || open.data_len == 0 || open.data_len > 200_000 || open.flags & 2 != 0 {
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

    fn data(&mut self, offset: u32, bytes: &[u8]) -> Answer {
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
    fn open_job(&self, id: JobId) -> Result<&Job, Answer> {
        match &self.state.job {
            Some(job) if job.id == id => Ok(job),
            Some(job) => Err((ResultCode::JobOther, self.record(job).encode())),
            None => Err(self.archived(id).unwrap_or(just(ResultCode::NoJob))),
        }
    }

    fn seal(&mut self, id: JobId) -> Answer {
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
        let rows = raster(picture);
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

    fn query(&self, id: JobId) -> Answer {
        match &self.state.job {
            Some(job) if job.id == id => (ResultCode::Ok, self.record(job).encode()),
            _ => self.archived(id).unwrap_or(just(ResultCode::NoJob)),
        }
    }

    fn step(&mut self, id: JobId, step: Step, world: &mut World) -> Answer {
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

    fn abort(&mut self, id: JobId, world: &mut World) -> Answer {
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

    fn close(&mut self, id: JobId) -> Answer {
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

    fn enter(&mut self, a: u32, b: u32) -> Answer {
        if self.state.job.is_some() && !self.stopped() {
            return just(ResultCode::Busy);
        }
        self.maintenance = true;
        self.note(14, None, 0, a ^ b);
        self.commit();
        just(ResultCode::Ok)
    }

    fn maintain(&mut self, request: &Request, world: &mut World) -> Answer {
        if let Request::Heater(level) = request {
            self.act(world, &Action::Heat(*level));
            return just(ResultCode::Ok);
        }
        if !self.maintenance {
            return just(ResultCode::Maintenance);
        }
        match request {
            Request::Plain(Command::MaintExit) => {
                self.maintenance = false;
                self.note(15, None, 0, 0);
            }
            Request::Replenish(item, count, _) => {
                let count = *count;
                let left = u16::try_from(count).unwrap_or(u16::MAX);
                match item {
                    1 => {
                        self.state.film_left = left;
                        self.state.count(Count::FilmLoaded, count);
                    }
                    2 => {
                        self.state.blanks_left = self.state.blanks_left.saturating_add(left);
                        self.state.count(Count::BlanksLoaded, count);
                    }
                    _ => self.state.prints_left = left,
                }
                self.note(12, None, item.to_owned().into(), count);
            }
            Request::BinEmptied(bin, counted) => {
                let entries = if *bin == 1 {
                    &mut self.state.reject_count
                } else {
                    &mut self.state.retract_count
                };
                let machine = u16::from(std::mem::take(entries));
                self.note(13, None, (*bin).into(), (*counted).into());
                self.commit();
                return (ResultCode::Ok, machine.to_le_bytes().to_vec());
            }
            Request::FaultClear(seq) => return self.clear(*seq, world),
            Request::DoubtResolve(id, verdict, _) => return self.resolve(*id, *verdict),
            Request::Plain(Command::MechReset) if self.state.job.is_none() => {
                self.act(world, &Action::DropReject);
            }
            Request::SelfTest(_) => {}
            _ => return just(ResultCode::Sequence),
        }
        self.commit();
        just(ResultCode::Ok)
    }

    fn clear(&mut self, seq: u16, world: &mut World) -> Answer {
        if seq != self.state.fault_seq {
            return just(ResultCode::BadParam);
        }
        let path_clear = self.status(world).card_pos == Position::None;
        self.state.fault = 0;
        self.note(19, None, 0, seq.into());
        let Some(job) = self.state.job.clone().filter(|job| !job.phase.is_terminal()) else {
            self.commit();
            return just(ResultCode::Ok);
        };
        // A card that stood in the path when the machine stopped and is gone now was taken out by staff.
        if job.inside > 0 && path_clear && job.phase != Phase::Presented {
            self.state.count(Count::StaffRemoved, job.inside.into());
            self.with_job(|job| (job.inside, job.step) = (0, None));
            self.begin(Step::Capture, world);
        } else if job.inside > 0 && job.step.is_some() && job.phase != Phase::Presented {
            self.begin(Step::Capture, world);
        } else {
            self.with_job(|job| job.step = None);
            self.commit();
        }
        just(ResultCode::Ok)
    }

    fn resolve(&mut self, id: JobId, verdict: u8) -> Answer {
        match self.open_job(id) {
            Err(answer) => return answer,
            Ok(job) if job.phase != Phase::Doubt => return just(ResultCode::Sequence),
            Ok(_) => {}
        }
        let tag = self.state.job.as_ref().map(|job| job.tag).unwrap_or_default();
        // Only a card that two people hold in their hands opens the record again.
        if verdict == 2 {
            self.state.fence_out(tag);
        }
        self.state.fault = 0;
        self.note(19, None, 0x0306, verdict.into());
        self.archive();
        just(ResultCode::Ok)
    }
}

/// The rows of a picture, unpacked where it came packed; none when they are not what was announced.
fn raster(picture: &Picture) -> Option<Vec<u8>> {
    let row_bytes = usize::from(picture.width).div_ceil(8);
    let whole = row_bytes * usize::from(picture.height);
    let rows = if picture.packed {
        unpack(&picture.data, row_bytes)?
    } else {
        picture.data.clone()
    };
    (rows.len() == whole).then_some(rows)
}

/// PackBits, each row for itself.
fn unpack(data: &[u8], row_bytes: usize) -> Option<Vec<u8>> {
    let mut rows = Vec::new();
    let mut rest = data;
    while let Some((head, after)) = rest.split_first() {
        let start = rows.len();
        match *head {
            128 => rest = after,
            head @ 0..128 => {
                let count = usize::from(head) + 1;
                rows.extend(after.get(..count)?);
                rest = &after[count..];
            }
            head => {
                let (byte, after) = after.split_first()?;
                rows.extend(std::iter::repeat_n(*byte, 257 - usize::from(head)));
                rest = after;
            }
        }
        let ended = rows.len();
        if start / row_bytes != ended.saturating_sub(1).max(start) / row_bytes {
            return None;
        }
    }
    Some(rows)
}
