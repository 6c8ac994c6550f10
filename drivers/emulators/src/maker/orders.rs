//! What the firmware answers: TIM/1, section 3. Jobs and staff have their own pages.

mod jobs;
mod staff;

use drivers_temp_id_maker::codec::{
    Command, EventPage, Frame, JobId, JobRecord, Kind, Mode, Phase, Position, Request, ResultCode, Status,
};

use super::firmware::Firmware;
use super::memory::Job;
use super::shape::{REJECT_CAP, RETRACT_CAP};
use super::world::World;

pub use staff::self_test_fails;

type Answer = (ResultCode, Vec<u8>);

fn just(code: ResultCode) -> Answer {
    (code, Vec::new())
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
            Request::Plain(Command::Hello) => (ResultCode::Ok, self.shape.identity().encode()),
            Request::Plain(Command::Status) => (ResultCode::Ok, self.status(world).encode()),
            Request::Plain(Command::Sensors) => (ResultCode::Ok, world.sensors().encode()),
            Request::Plain(Command::Counters) => (
                ResultCode::Ok,
                self.state.counters.iter().flat_map(|n| n.to_le_bytes()).collect(),
            ),
            Request::Plain(Command::Nonce) => {
                self.state.nonce = self.state.nonce.wrapping_add(1);
                self.state.nonce_open = true;
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
            Request::MaintEnter(a, b, mac) => self.enter(a, b, &mac),
            other => self.maintain(&other, world),
        }
    }

    /// The job as the host sees it: a step that a fault has stopped does not run.
    fn record(&self, job: &Job) -> JobRecord {
        let mut record = job.record();
        record.step = record.step.filter(|_| self.running.is_some());
        record
    }

    pub(super) fn status(&self, world: &World) -> Status {
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
            on(18)
                && on(20)
                && !on(19)
                && !on(21)
                && self.state.reject_count < REJECT_CAP
                && self.state.retract_count < RETRACT_CAP,
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
}
