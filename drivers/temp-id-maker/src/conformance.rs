//! Does a machine at a port keep TIM/1? Questions and refused orders, and one job that is opened and given back before
//! film is cut: nothing is consumed.

use std::time::Duration;

use drivers_device::Transport;

use crate::Tim1;
use crate::codec::{Command, Frame, Identity, JobId, JobOpen, Kind, RecordTag, Request, ResultCode, Status, Step};
use crate::driver::Reply;
use crate::ids;
use crate::maker::{Maker, MakerError};

/// One rule and whether it holds.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Check {
    /// The rule, with its section in docs/tim-1.md.
    pub rule: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was seen instead.
    pub seen: String,
}

/// A machine answers within this; silence is waited for as long.
const ANSWER_WAIT: Duration = Duration::from_millis(400);

struct Trial<'a, T: Transport> {
    machine: &'a mut Tim1<T>,
    told: &'a mut dyn FnMut(Check),
    boot: u16,
}

impl<T: Transport> Trial<'_, T> {
    fn tell(&mut self, rule: &'static str, ok: bool, seen: impl core::fmt::Debug) {
        let seen = if ok { String::new() } else { format!("{seen:?}") };
        (self.told)(Check { rule, ok, seen });
    }

    fn expect(
        &mut self,
        rule: &'static str,
        cmd: u8,
        boot: u16,
        payload: Vec<u8>,
        rc: ResultCode,
    ) -> Result<Reply, MakerError> {
        let reply = self.machine.exchange(cmd, boot, payload)?;
        self.tell(rule, reply.rc == rc, reply.rc);
        Ok(reply)
    }

    fn order(&mut self, rule: &'static str, request: &Request, rc: ResultCode) -> Result<Reply, MakerError> {
        let boot = if request.command().takes_any_boot() {
            0
        } else {
            self.boot
        };
        self.expect(rule, request.command().code(), boot, request.payload(), rc)
    }
}

/// Tries every rule that can be tried without consuming anything; each is told as it was seen.
pub fn run<T: Transport>(machine: &mut Tim1<T>, told: &mut dyn FnMut(Check)) -> Result<(), MakerError> {
    let identity = machine.hello()?;
    let boot = machine.boot();
    let mut trial = Trial { machine, told, boot };
    trial.tell(
        "4 HELLO names a serial number and a picture",
        plausible(&identity),
        &identity,
    );
    trial.tell("2 a boot number is never 0", boot != 0, boot);
    line_rules(&mut trial)?;
    boot_rules(&mut trial)?;
    payload_rules(&mut trial)?;
    job_rules(&mut trial, &identity)
}

fn plausible(identity: &Identity) -> bool {
    !identity.serial.is_empty() && identity.raster_w > 0 && identity.raster_h > 0 && identity.formats & 1 == 1
}

fn line_rules<T: Transport>(trial: &mut Trial<'_, T>) -> Result<(), MakerError> {
    let frame = |seq, cmd: Command, boot| Frame {
        kind: Kind::Request,
        seq,
        cmd: cmd.code(),
        rc: 0,
        boot,
        payload: Vec::new(),
    };
    let status = frame(201, Command::Status, 0).encode();
    let mut damaged = status.clone();
    damaged[3] ^= 0x55;
    let heard = trial.machine.raw(&damaged, ANSWER_WAIT)?;
    trial.tell("2 a frame with a wrong CRC gets no answer", heard.is_empty(), &heard);
    let noisy = [&[0, 0, 0x55, 0xAA, 0x13, 0][..], &status].concat();
    let first = trial.machine.raw(&noisy, ANSWER_WAIT)?;
    trial.tell(
        "2 after noise it is in place again at the next zero",
        first.len() == 1,
        &first,
    );
    let again = trial.machine.raw(&status, ANSWER_WAIT)?;
    trial.tell(
        "2 an identical frame gets the stored reply, byte for byte",
        first == again,
        &again,
    );
    let long = [vec![7; 3000], vec![0], frame(202, Command::Status, 0).encode()].concat();
    let heard = trial.machine.raw(&long, ANSWER_WAIT)?;
    trial.tell("2 a frame longer than any is dropped", heard.len() == 1, &heard);
    let reply = frame(203, Command::Status, 0);
    let reply = Frame {
        kind: Kind::Reply,
        ..reply
    }
    .encode();
    let heard = trial.machine.raw(&reply, ANSWER_WAIT)?;
    trial.tell("2 a reply frame gets no answer", heard.is_empty(), &heard);
    Ok(())
}

fn boot_rules<T: Transport>(trial: &mut Trial<'_, T>) -> Result<(), MakerError> {
    let job = Request::JobStep(JobId([0xC1; 16]), Step::Cut);
    let wrong = trial.boot.wrapping_add(1).max(1);
    let cmd = job.command().code();
    trial.expect(
        "2 an order for another life is not executed",
        cmd,
        wrong,
        job.payload(),
        ResultCode::BootChanged,
    )?;
    trial.expect(
        "2 an order for any life is not executed",
        cmd,
        0,
        job.payload(),
        ResultCode::BootChanged,
    )?;
    let status = Command::Status.code();
    trial.expect(
        "2 a question for another life is not answered",
        status,
        wrong,
        vec![],
        ResultCode::BootChanged,
    )?;
    let reply = trial.expect("3 STATUS for any life", status, 0, vec![], ResultCode::Ok)?;
    let seen = Status::decode(&reply.payload);
    trial.tell("4 STATUS has 48 bytes with a meaning", seen.is_some(), &reply.payload);
    trial.expect("3 STATUS for this life", status, trial.boot, vec![], ResultCode::Ok)?;
    Ok(())
}

fn payload_rules<T: Transport>(trial: &mut Trial<'_, T>) -> Result<(), MakerError> {
    let boot = trial.boot;
    let job = JobId([0xC1; 16]);
    trial.expect("5 an unknown command", 0x7E, boot, vec![], ResultCode::BadCmd)?;
    trial.expect(
        "5 a payload where none belongs",
        Command::Status.code(),
        0,
        vec![1],
        ResultCode::BadParam,
    )?;
    trial.expect(
        "5 a payload too short",
        Command::JobQuery.code(),
        0,
        vec![1; 15],
        ResultCode::BadParam,
    )?;
    trial.expect(
        "3 more than 60 events",
        Command::Events.code(),
        0,
        vec![1, 0, 0, 0, 61],
        ResultCode::BadParam,
    )?;
    trial.order(
        "3 EVENTS from the first",
        &Request::Events { from: 0, max: 60 },
        ResultCode::Ok,
    )?;
    trial.order("3 SENSORS", &Request::Plain(Command::Sensors), ResultCode::Ok)?;
    let counters = trial.order("3 COUNTERS", &Request::Plain(Command::Counters), ResultCode::Ok)?;
    trial.tell(
        "4 COUNTERS are 16 numbers",
        counters.payload.len() == 64,
        counters.payload.len(),
    );
    trial.order("6 an unknown job", &Request::JobQuery(job), ResultCode::NoJob)?;
    for step in 6..=8 {
        let payload = [&job.0[..], &[step, 0]].concat();
        let rule = "6 a step of the machine's own is no order";
        trial.expect(rule, Command::JobStep.code(), boot, payload, ResultCode::BadParam)?;
    }
    trial.order(
        "3 staff orders need maintenance",
        &Request::FaultClear(0),
        ResultCode::Maintenance,
    )?;
    Ok(())
}

fn job_rules<T: Transport>(trial: &mut Trial<'_, T>, identity: &Identity) -> Result<(), MakerError> {
    // Named by the machine's own count of lives and events, so that a second run tries a job it has never seen.
    let status = trial.machine.status()?;
    let mark = [&status.boot.to_le_bytes()[..], &status.next_event.to_le_bytes()].concat();
    let name = |what: &[u8]| {
        let mut id = [0; 16];
        id.copy_from_slice(&ids::hmac(b"TIM1-conformance", &[&mark, what])[..16]);
        id
    };
    let row_bytes = usize::from(identity.raster_w).div_ceil(8);
    let white = vec![0; row_bytes * usize::from(identity.raster_h)];
    let open = JobOpen {
        job: JobId(name(b"job")),
        tag: RecordTag(name(b"tag")),
        sha256: ids::digest(&white),
        data_len: u32::try_from(white.len()).unwrap_or(u32::MAX),
        width: identity.raster_w,
        height: identity.raster_h,
        dpi: identity.dpi,
        format: 0,
        flags: u8::from(identity.caps & crate::codec::reply::cap::MIRROR != 0),
        nonce: 0,
        mac: [0; 32],
    };
    if identity.caps & crate::codec::reply::cap::AUTH != 0 {
        trial.order(
            "6 a job without a code",
            &Request::JobOpen(Box::new(open)),
            ResultCode::Auth,
        )?;
        return Ok(());
    }
    let job = open.job;
    let other = Request::JobOpen(Box::new(JobOpen {
        job: JobId(name(b"other")),
        ..open.clone()
    }));
    let open = Request::JobOpen(Box::new(open));
    let opened = trial.order("6 a job is opened", &open, ResultCode::Ok)?;
    if opened.rc != ResultCode::Ok {
        return Ok(());
    }
    trial.order("6 opened again", &open, ResultCode::OkAlready)?;
    trial.order("6 another job while one is open", &other, ResultCode::JobOther)?;
    trial.order("6 asked about", &Request::JobQuery(job), ResultCode::Ok)?;
    trial.order(
        "6 a step before its turn",
        &Request::JobStep(job, Step::Feed),
        ResultCode::Sequence,
    )?;
    trial.order("6 closed before its end", &Request::JobClose(job), ResultCode::Sequence)?;
    let black = Request::JobData {
        offset: 0,
        bytes: vec![0xFF; 8],
    };
    trial.order("6 data at its place", &black, ResultCode::Ok)?;
    let beyond = Request::JobData {
        offset: u32::try_from(white.len()).unwrap_or(0),
        bytes: vec![0],
    };
    trial.order("6 data past the announced length", &beyond, ResultCode::BadParam)?;
    trial.order(
        "6 another picture than announced",
        &Request::JobSeal(job),
        ResultCode::Digest,
    )?;
    trial.order("6 given back", &Request::JobAbort(job, 3), ResultCode::OkRunning)?;
    for _ in 0..100 {
        let status = trial.machine.status()?;
        if status.phase.is_terminal() && status.step.is_none() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    trial.order("6 an ended job is archived", &Request::JobClose(job), ResultCode::Ok)?;
    trial.order("6 archived again", &Request::JobClose(job), ResultCode::JobClosed)?;
    trial.order(
        "6 asked about in the archive",
        &Request::JobQuery(job),
        ResultCode::JobClosed,
    )?;
    trial.order("6 an archived job is never opened again", &open, ResultCode::JobClosed)?;
    Ok(())
}
