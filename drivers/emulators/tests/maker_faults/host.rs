//! A host that asks the machine in memory, frame by frame, and drives one job as far as it goes.

use drivers_emulators::maker::{Count, Machine};
use drivers_temp_id_maker::codec::{
    Command, Decoder, Frame, JobId, JobOpen, Kind, Mode, Phase, RecordTag, Request, ResultCode, Step,
};
use drivers_temp_id_maker::ids;

pub const JOB: JobId = JobId([7; 16]);
pub const TAG: RecordTag = RecordTag([9; 16]);

pub struct Host {
    pub machine: Machine,
    seq: u8,
    pub nonce: Option<(Vec<u8>, u32)>,
}

impl Host {
    pub fn new(machine: Machine) -> Self {
        Self {
            machine,
            seq: 0,
            nonce: None,
        }
    }

    pub fn ask(&mut self, request: &Request) -> Option<Frame> {
        self.seq = self.seq.checked_add(1).unwrap_or(1);
        let any = request.command().takes_any_boot();
        let frame = Frame {
            kind: Kind::Request,
            seq: self.seq,
            cmd: request.command().code(),
            rc: 0,
            boot: if any { 0 } else { self.machine.state().boot },
            payload: request.payload(),
        };
        let wire = frame.encode();
        let out: Vec<u8> = wire.into_iter().flat_map(|byte| self.machine.hear(byte)).collect();
        let mut decoder = Decoder::default();
        out.into_iter().find_map(|byte| decoder.push(byte))
    }

    pub fn rc(&mut self, request: &Request) -> Option<ResultCode> {
        self.ask(request).and_then(|frame| ResultCode::from_code(frame.rc))
    }

    pub fn order(&self, data: &[u8]) -> JobOpen {
        let mut open = JobOpen {
            job: JOB,
            tag: TAG,
            sha256: ids::digest(data),
            data_len: 1_276,
            width: 1011,
            height: 638,
            dpi: 300,
            format: 1,
            flags: 1,
            nonce: 0,
            mac: [0; 32],
        };
        if let Some((key, nonce)) = &self.nonce {
            open.nonce = *nonce;
            open.mac = ids::open_mac(key, &open);
        }
        open
    }

    pub fn open(&mut self) -> Option<ResultCode> {
        let order = self.order(&white());
        self.rc(&Request::JobOpen(Box::new(order)))
    }

    pub fn upload(&mut self, data: &[u8]) {
        for (at, bytes) in (0..).zip(data.chunks(1020)) {
            self.ask(&Request::JobData {
                offset: at * 1020,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// One order in maintenance, which two people enter and leave.
    pub fn maintain(&mut self, order: &Request) -> Option<ResultCode> {
        assert_eq!(self.rc(&Request::MaintEnter(1, 2, [0; 32])), Some(ResultCode::Ok));
        let answer = self.rc(order);
        self.rc(&Request::Plain(Command::MaintExit));
        answer
    }

    /// Staff repairs what is broken, takes out what lies in the path and clears the fault.
    pub fn mend(&mut self) {
        self.machine.heal();
        self.machine.world.clear_path();
        let seq = self.machine.state().fault_seq;
        assert_eq!(self.maintain(&Request::FaultClear(seq)), Some(ResultCode::Ok));
    }

    /// Drives the job until it is over, stands still, or the machine hears nothing any more.
    pub fn drive(&mut self) {
        let data = white();
        for _ in 0..1_500 {
            if self.machine.firmware.is_none() {
                self.machine.power(true);
            }
            let state = self.machine.state();
            let moves = state.job.as_ref().is_some_and(|job| job.step == Some(Step::Capture));
            let stopped = self.machine.firmware.as_ref().is_some_and(|life| life.stopped());
            match state.job.as_ref().map(|job| (job.phase, job.step)) {
                _ if stopped && !moves => return,
                None if state.archive.is_empty() => drop(self.open()),
                None => return,
                Some((Phase::Doubt, _)) => return,
                Some((_, Some(_))) => {}
                Some((Phase::Open, None)) => {
                    self.open();
                    self.upload(&data);
                    self.ask(&Request::JobSeal(JOB));
                }
                Some((phase, None)) if phase.is_terminal() => drop(self.ask(&Request::JobClose(JOB))),
                Some((phase, None)) => {
                    if let Some(step) = Step::after(phase) {
                        self.ask(&Request::JobStep(JOB, step));
                    }
                }
            }
            self.machine.pass(500);
        }
    }

    pub fn told(&self, code: u16) -> bool {
        let state = self.machine.state();
        state.fault == code || state.events.iter().any(|event| event.code == code)
    }

    pub fn mode(&self) -> Option<Mode> {
        self.machine
            .firmware
            .as_ref()
            .map(drivers_emulators::maker::Firmware::mode)
    }

    /// Every blank is where the machine counts it; stray ones and those that nobody picked apart.
    pub fn balances(&self) {
        let state = self.machine.state();
        let counted = |what: Count| state.counters[what as usize];
        let gone = [Count::Taken, Count::Rejected, Count::Retracted, Count::StaffRemoved];
        let inside = state.job.as_ref().map_or(0, |job| u32::from(job.inside));
        let found = u32::from(state.blanks_left) + inside + gone.map(counted).iter().sum::<u32>();
        assert_eq!(found, counted(Count::BlanksLoaded));
        let all: usize = self.machine.world.cards.len();
        assert_eq!(all, 100, "no card was made or lost by the world");
    }
}

/// A white card in PackBits: 127 zeros a row.
pub fn white() -> Vec<u8> {
    [130, 0].repeat(638)
}
