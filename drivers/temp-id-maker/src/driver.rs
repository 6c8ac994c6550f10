//! TIM/1 over a line: frames out, frames in, three sends, boot numbers. Decides nothing about jobs.

use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};

use crate::codec::command::DATA_MAX;
use crate::codec::{
    Command, Decoder, EVENTS_MAX, EventPage, Frame, Identity, JobId, JobOpen, JobRecord, Kind, Request, ResultCode,
    Sensors, Status, Step,
};
use crate::ids;
use crate::maker::{Answer, JobSpec, Maker, MakerError, MakerGuarantees, StaffDone, StaffOrder};

/// Rate of the line.
pub const BAUD: u32 = 115_200;

/// The machine answers within 200 ms; this is the wait on top of the time on the wire.
const REPLY_WAIT: Duration = Duration::from_millis(400);

/// Sends of one request.
const SENDS: u8 = 3;

/// A reply as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Result.
    pub rc: ResultCode,
    /// The machine's boot number.
    pub boot: u16,
    /// Payload.
    pub payload: Vec<u8>,
}

/// A TIM/1 machine on a line.
pub struct Tim1<T: Transport> {
    line: T,
    seq: u8,
    boot: u16,
    device_key: Option<Vec<u8>>,
    caps: u32,
    frames_count: u64,
    lost: bool,
}

impl<T: Transport> Tim1<T> {
    /// On a line that may be closed: it is opened at the first question. `device_key` is for machines with the
    /// capability AUTH.
    pub fn new(line: T, device_key: Option<Vec<u8>>) -> Self {
        Self {
            line,
            seq: 0,
            boot: 0,
            device_key,
            caps: 0,
            frames_count: 0,
            lost: true,
        }
    }

    /// Frames sent so far, resends included.
    pub fn frames_count(&self) -> u64 {
        self.frames_count
    }

    /// Boot number of the last `HELLO`.
    pub fn boot(&self) -> u16 {
        self.boot
    }

    /// The port as configured.
    pub fn port(&self) -> &str {
        self.line.port()
    }

    fn lost(&mut self, reason: impl ToString) -> MakerError {
        self.lost = true;
        MakerError::Lost {
            port: self.line.port().into(),
            reason: reason.to_string(),
        }
    }

    fn protocol(&self, what: impl ToString) -> MakerError {
        MakerError::Protocol {
            port: self.line.port().into(),
            what: what.to_string(),
        }
    }

    /// Sends a request for the known life of the machine, or for any where the command allows it.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, MakerError> {
        let command = request.command();
        let boot = if command.takes_any_boot() { 0 } else { self.boot };
        self.exchange(command.code(), boot, request.payload())
    }

    /// Sends any command with any boot number, for the conformance test.
    pub fn exchange(&mut self, cmd: u8, boot: u16, payload: Vec<u8>) -> Result<Reply, MakerError> {
        self.seq = if self.seq == u8::MAX { 1 } else { self.seq + 1 };
        let frame = Frame {
            kind: Kind::Request,
            seq: self.seq,
            cmd,
            rc: 0,
            boot,
            payload,
        };
        let found = self.send_until_answered(&frame)?;
        let rc = ResultCode::from_code(found.rc)
            .ok_or_else(|| self.protocol(format_args!("result code {:02X}h has no meaning", found.rc)))?;
        if boot != 0 && found.boot != boot && rc != ResultCode::BootChanged {
            return Err(self.protocol(format_args!(
                "an order for life {boot} was carried out in life {}",
                found.boot
            )));
        }
        Ok(Reply {
            rc,
            boot: found.boot,
            payload: found.payload,
        })
    }

    /// A nonce where the machine wants codes and the key is known: key and nonce.
    fn nonce(&mut self) -> Result<Option<(Vec<u8>, u32)>, MakerError> {
        let wanted = self.caps & crate::codec::reply::cap::AUTH != 0;
        let Some(key) = self.device_key.clone().filter(|_| wanted) else {
            return Ok(None);
        };
        let reply = self.ask(&Request::Plain(Command::Nonce))?;
        let bytes = <[u8; 4]>::try_from(&reply.payload[..]).map_err(|_| self.protocol("a nonce has 4 bytes"))?;
        Ok(Some((key, u32::from_le_bytes(bytes))))
    }

    /// The request of a staff order, with its code where one is wanted.
    fn staff_request(&mut self, order: StaffOrder) -> Result<Request, MakerError> {
        Ok(match order {
            StaffOrder::Enter(a, b) => {
                let nonce = self.nonce()?;
                let mac = nonce.map_or([0; 32], |(key, nonce)| ids::maintenance_mac(&key, nonce, a, b));
                Request::MaintEnter(a, b, mac)
            }
            StaffOrder::DoubtResolve(job, left) => {
                let verdict = if left { 1 } else { 2 };
                let nonce = self.nonce()?;
                let mac = nonce.map_or([0; 32], |(key, nonce)| ids::doubt_mac(&key, nonce, job, verdict));
                Request::DoubtResolve(job, verdict, mac)
            }
            StaffOrder::Exit => Request::Plain(Command::MaintExit),
            StaffOrder::Home => Request::Plain(Command::MechReset),
            StaffOrder::Loaded(item, count) => Request::Replenish(item, count, [0; 16]),
            StaffOrder::BinEmptied(bin, counted) => Request::BinEmptied(bin, counted),
            StaffOrder::SelfTest => Request::SelfTest(0),
            StaffOrder::FaultClear(seq) => Request::FaultClear(seq),
        })
    }

    /// Sends bytes as they are and hears what comes within `wait`, for the conformance test.
    pub fn raw(&mut self, wire: &[u8], wait: Duration) -> Result<Vec<Frame>, MakerError> {
        let mut sent = 0;
        let until = Instant::now() + wait + Duration::from_micros(wire.len() as u64 * 87);
        let mut heard = Vec::new();
        let mut decoder = Decoder::default();
        let mut buffer = [0; 256];
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let count = if sent < wire.len() {
                sent += self.line.write(&wire[sent..], left).map_err(|error| self.lost(error))?;
                0
            } else {
                self.line.read(&mut buffer, left).map_err(|error| self.lost(error))?
            };
            heard.extend(buffer[..count].iter().filter_map(|byte| decoder.push(*byte)));
        }
        Ok(heard)
    }

    fn send_until_answered(&mut self, frame: &Frame) -> Result<Frame, MakerError> {
        let wire = frame.encode();
        if self.lost {
            self.line.reopen().map_err(|error| self.lost(error))?;
            self.lost = false;
        }
        for _ in 0..SENDS {
            self.frames_count += 1;
            match self.send_once(frame, &wire) {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(error) => return Err(self.lost(error)),
            }
        }
        Err(self.lost("no answer to three sends"))
    }

    fn send_once(&mut self, frame: &Frame, wire: &[u8]) -> Result<Option<Frame>, TransportError> {
        let on_wire = Duration::from_micros(wire.len() as u64 * 87);
        let until = Instant::now() + REPLY_WAIT + on_wire * 2;
        let mut sent = 0;
        while sent < wire.len() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            sent += self.line.write(&wire[sent..], left)?;
        }
        // A reply of the largest size takes 90 ms on the wire; the wait goes on while bytes come.
        let mut until = Instant::now() + REPLY_WAIT + on_wire;
        let hard = until + Duration::from_millis(120);
        let mut decoder = Decoder::default();
        let mut buffer = [0; 256];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let count = self.line.read(&mut buffer, left)?;
            if count == 0 {
                return Ok(None); // a transport gives none only when the whole time is over
            }
            for byte in &buffer[..count] {
                // A late reply to another request is dropped.
                if let Some(found) = decoder.push(*byte)
                    && found.kind == Kind::Reply
                    && found.seq == frame.seq
                    && found.cmd == frame.cmd
                {
                    return Ok(Some(found));
                }
            }
            if count > 0 {
                until = hard.min(Instant::now() + REPLY_WAIT).max(until);
            }
        }
    }

    fn parsed<R>(&self, reply: &Reply, read: impl Fn(&[u8]) -> Option<R>) -> Result<R, MakerError> {
        read(&reply.payload).ok_or_else(|| self.protocol("an answer has the wrong length or a value without meaning"))
    }

    fn answer(&mut self, request: &Request) -> Result<Answer, MakerError> {
        let reply = self.ask(request)?;
        Ok(match reply.rc {
            ResultCode::JobClosed => Answer::Closed(self.parsed(&reply, JobRecord::decode)?),
            ResultCode::Ok if request.command() == Command::JobQuery => {
                Answer::Record(self.parsed(&reply, JobRecord::decode)?)
            }
            ResultCode::Ok | ResultCode::OkAlready => Answer::Done,
            ResultCode::OkRunning => Answer::Running,
            refused => Answer::Refused(refused),
        })
    }

    fn question<R>(&mut self, command: Command, read: impl Fn(&[u8]) -> Option<R>) -> Result<R, MakerError> {
        let reply = self.ask(&Request::Plain(command))?;
        if reply.rc != ResultCode::Ok {
            return Err(self.protocol(format_args!("{command:?} answered {:?}", reply.rc)));
        }
        self.parsed(&reply, read)
    }
}

impl<T: Transport> Maker for Tim1<T> {
    fn guarantees(&self) -> MakerGuarantees {
        MakerGuarantees {
            fence: true,
            job_query_after_boot: true,
            step_control: true,
            retract: true,
            event_log: true,
        }
    }

    fn hello(&mut self) -> Result<Identity, MakerError> {
        let reply = self.ask(&Request::Plain(Command::Hello))?;
        if reply.rc != ResultCode::Ok {
            return Err(self.protocol(format_args!("HELLO answered {:?}", reply.rc)));
        }
        let identity = self.parsed(&reply, Identity::decode)?;
        if went_back(self.boot, reply.boot) {
            return Err(self.protocol(format_args!(
                "its boot number went back from {} to {}: its memory is not the one that it had",
                self.boot, reply.boot
            )));
        }
        self.boot = reply.boot;
        self.caps = identity.caps;
        Ok(identity)
    }

    fn status(&mut self) -> Result<Status, MakerError> {
        self.question(Command::Status, Status::decode)
    }

    fn sensors(&mut self) -> Result<Sensors, MakerError> {
        self.question(Command::Sensors, Sensors::decode)
    }

    fn events(&mut self, from: u32) -> Result<EventPage, MakerError> {
        let reply = self.ask(&Request::Events { from, max: EVENTS_MAX })?;
        self.parsed(&reply, EventPage::decode)
    }

    fn job_open(&mut self, spec: &JobSpec) -> Result<Answer, MakerError> {
        let mut open = JobOpen {
            job: spec.job,
            tag: spec.tag,
            sha256: ids::digest(&spec.data),
            data_len: u32::try_from(spec.data.len()).unwrap_or(u32::MAX),
            width: spec.width,
            height: spec.height,
            dpi: spec.dpi,
            format: spec.format,
            flags: u8::from(spec.mirrored),
            nonce: 0,
            mac: [0; 32],
        };
        if let Some((key, nonce)) = self.nonce()? {
            open.nonce = nonce;
            open.mac = ids::open_mac(&key, &open);
        }
        self.answer(&Request::JobOpen(Box::new(open)))
    }

    fn job_upload(&mut self, spec: &JobSpec) -> Result<Answer, MakerError> {
        for (at, bytes) in spec.data.chunks(DATA_MAX).enumerate() {
            let offset = u32::try_from(at * DATA_MAX).unwrap_or(u32::MAX);
            let data = Request::JobData {
                offset,
                bytes: bytes.to_vec(),
            };
            match self.answer(&data)? {
                Answer::Done => {}
                other => return Ok(other),
            }
        }
        Ok(Answer::Done)
    }

    fn job_seal(&mut self, job: JobId) -> Result<Answer, MakerError> {
        self.answer(&Request::JobSeal(job))
    }

    fn job_step(&mut self, job: JobId, step: Step) -> Result<Answer, MakerError> {
        self.answer(&Request::JobStep(job, step))
    }

    fn job_query(&mut self, job: JobId) -> Result<Answer, MakerError> {
        self.answer(&Request::JobQuery(job))
    }

    fn job_abort(&mut self, job: JobId, reason: u8) -> Result<Answer, MakerError> {
        self.answer(&Request::JobAbort(job, reason))
    }

    fn job_close(&mut self, job: JobId) -> Result<Answer, MakerError> {
        self.answer(&Request::JobClose(job))
    }

    fn time_set(&mut self, unix: u32) -> Result<Answer, MakerError> {
        self.answer(&Request::TimeSet(unix))
    }

    fn heater(&mut self, level: u8) -> Result<Answer, MakerError> {
        self.answer(&Request::Heater(level))
    }

    fn staff(&mut self, order: StaffOrder) -> Result<StaffDone, MakerError> {
        let request = self.staff_request(order)?;
        let reply = self.ask(&request)?;
        Ok(match (reply.rc, order) {
            (ResultCode::Ok, StaffOrder::BinEmptied(..)) => {
                let bytes =
                    <[u8; 2]>::try_from(&reply.payload[..]).map_err(|_| self.protocol("a count has 2 bytes"))?;
                StaffDone::Counted(u16::from_le_bytes(bytes))
            }
            (ResultCode::Ok | ResultCode::OkAlready | ResultCode::OkRunning, _) => StaffDone::Done,
            (refused, _) => StaffDone::Refused(refused),
        })
    }
}

/// True when a boot number is older than the one known. 65535 is followed by 1.
fn went_back(known: u16, told: u16) -> bool {
    const WRAP: u16 = 1_000;
    told < known && !(known > u16::MAX - WRAP && told < WRAP)
}

#[cfg(test)]
mod tests {
    use super::went_back;

    #[test]
    fn boot_numbers_count_up_and_begin_again_behind_the_last() {
        assert!(!went_back(0, 1), "the first greeting");
        assert!(!went_back(7, 7) && !went_back(7, 8));
        assert!(went_back(8, 7));
        assert!(!went_back(65_535, 1), "after the last one");
        assert!(went_back(65_535, 30_000));
    }
}
