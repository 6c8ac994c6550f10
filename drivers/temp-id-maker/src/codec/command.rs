//! What the host asks, byte layouts of docs/tim-1.md section 3.

use super::frame::PAYLOAD_MAX;
use super::{Command, JobId, Reader, RecordTag, Step};

/// `JOB_OPEN`, 112 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOpen {
    /// The job.
    pub job: JobId,
    /// The making record.
    pub tag: RecordTag,
    /// SHA-256 of the bytes as uploaded.
    pub sha256: [u8; 32],
    /// How many bytes.
    pub data_len: u32,
    /// Dots.
    pub width: u16,
    /// Dots.
    pub height: u16,
    /// Dots an inch.
    pub dpi: u16,
    /// 0 1-bpp raw, 1 1-bpp PackBits, 2 8-bpp raw, 3 8-bpp PackBits.
    pub format: u8,
    /// Bit 0 mirrored, bit 1 front side.
    pub flags: u8,
    /// From `NONCE`, 0 without authentication.
    pub nonce: u32,
    /// Zeros without authentication.
    pub mac: [u8; 32],
}

/// A request with its payload understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Commands without a payload.
    Plain(Command),
    /// `EVENTS`.
    Events {
        /// First index wanted.
        from: u32,
        /// How many at most, up to 60.
        max: u8,
    },
    /// `TIME_SET`, unix seconds.
    TimeSet(u32),
    /// `JOB_OPEN`.
    JobOpen(Box<JobOpen>),
    /// `JOB_DATA`.
    JobData {
        /// Where the bytes belong.
        offset: u32,
        /// Up to 1020 bytes.
        bytes: Vec<u8>,
    },
    /// `JOB_SEAL`.
    JobSeal(JobId),
    /// `JOB_QUERY`.
    JobQuery(JobId),
    /// `JOB_STEP`.
    JobStep(JobId, Step),
    /// `JOB_ABORT`: 1 citizen, 2 host, 3 staff.
    JobAbort(JobId, u8),
    /// `JOB_CLOSE`.
    JobClose(JobId),
    /// `MAINT_ENTER` with two staff numbers.
    MaintEnter(u32, u32, [u8; 32]),
    /// `REPLENISH`: 1 film, 2 blanks, 3 medium; count; lot.
    Replenish(u8, u32, [u8; 16]),
    /// `BIN_EMPTIED`: bin, counted by hand.
    BinEmptied(u8, u16),
    /// `HEATER`: 0 off, 1 standby, 2 hot.
    Heater(u8),
    /// `SELF_TEST`.
    SelfTest(u8),
    /// `FAULT_CLEAR`.
    FaultClear(u16),
    /// `DOUBT_RESOLVE`: 1 left, 2 found.
    DoubtResolve(JobId, u8, [u8; 32]),
}

impl Request {
    /// The command's number.
    pub fn command(&self) -> Command {
        match self {
            Self::Plain(command) => *command,
            Self::Events { .. } => Command::Events,
            Self::TimeSet(_) => Command::TimeSet,
            Self::JobOpen(_) => Command::JobOpen,
            Self::JobData { .. } => Command::JobData,
            Self::JobSeal(_) => Command::JobSeal,
            Self::JobQuery(_) => Command::JobQuery,
            Self::JobStep(..) => Command::JobStep,
            Self::JobAbort(..) => Command::JobAbort,
            Self::JobClose(_) => Command::JobClose,
            Self::MaintEnter(..) => Command::MaintEnter,
            Self::Replenish(..) => Command::Replenish,
            Self::BinEmptied(..) => Command::BinEmptied,
            Self::Heater(_) => Command::Heater,
            Self::SelfTest(_) => Command::SelfTest,
            Self::FaultClear(_) => Command::FaultClear,
            Self::DoubtResolve(..) => Command::DoubtResolve,
        }
    }

    /// The payload.
    pub fn payload(&self) -> Vec<u8> {
        let job = |job: &JobId, more: &[u8]| [&job.0[..], more].concat();
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Events { from, max } => [&from.to_le_bytes()[..], &[*max]].concat(),
            Self::TimeSet(unix) => unix.to_le_bytes().to_vec(),
            Self::JobOpen(open) => open.encode(),
            Self::JobData { offset, bytes } => [&offset.to_le_bytes()[..], bytes].concat(),
            Self::JobSeal(id) | Self::JobQuery(id) | Self::JobClose(id) => id.0.to_vec(),
            Self::JobStep(id, step) => job(id, &[step.code(), 0]),
            Self::JobAbort(id, reason) => job(id, &[*reason]),
            Self::MaintEnter(a, b, mac) => [&a.to_le_bytes()[..], &b.to_le_bytes(), mac].concat(),
            Self::Replenish(item, count, lot) => [&[*item][..], &count.to_le_bytes(), lot].concat(),
            Self::BinEmptied(bin, counted) => [&[*bin][..], &counted.to_le_bytes()].concat(),
            Self::Heater(level) => vec![*level],
            Self::SelfTest(kind) => vec![*kind],
            Self::FaultClear(seq) => seq.to_le_bytes().to_vec(),
            Self::DoubtResolve(id, verdict, mac) => [&id.0[..], &[*verdict], mac].concat(),
        }
    }

    /// A request understood; none for a wrong length or value. Steps 6 to 8 are the machine's own: no request.
    pub fn decode(command: Command, payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let request = match command {
            Command::Hello
            | Command::Status
            | Command::Sensors
            | Command::Counters
            | Command::MaintExit
            | Command::MechReset
            | Command::Nonce => Self::Plain(command),
            Command::Events => Self::Events {
                from: r.u32()?,
                max: r.u8().filter(|max| *max <= super::EVENTS_MAX)?,
            },
            Command::TimeSet => Self::TimeSet(r.u32()?),
            Command::JobOpen => Self::JobOpen(Box::new(JobOpen::read(&mut r)?)),
            Command::JobData => {
                let offset = r.u32()?;
                let bytes = std::mem::take(&mut r.0).to_vec();
                Self::JobData { offset, bytes }
            }
            Command::JobSeal => Self::JobSeal(JobId(r.array()?)),
            Command::JobQuery => Self::JobQuery(JobId(r.array()?)),
            Command::JobStep => {
                let id = JobId(r.array()?);
                let step = Step::from_code(r.u8()?).filter(|step| step.done().is_some())?;
                r.u8()?;
                Self::JobStep(id, step)
            }
            Command::JobAbort => Self::JobAbort(JobId(r.array()?), r.u8().filter(|why| (1..=3).contains(why))?),
            Command::JobClose => Self::JobClose(JobId(r.array()?)),
            Command::MaintEnter => {
                let (a, b) = (r.u32()?, r.u32()?);
                let mac = if r.0.is_empty() { [0; 32] } else { r.array()? };
                Self::MaintEnter(a, b, mac)
            }
            Command::Replenish => Self::Replenish(r.u8().filter(|item| (1..=3).contains(item))?, r.u32()?, r.array()?),
            Command::BinEmptied => Self::BinEmptied(r.u8().filter(|bin| (1..=2).contains(bin))?, r.u16()?),
            Command::Heater => Self::Heater(r.u8().filter(|level| *level <= 2)?),
            Command::SelfTest => Self::SelfTest(r.u8()?),
            Command::FaultClear => Self::FaultClear(r.u16()?),
            Command::DoubtResolve => {
                let (id, verdict) = (JobId(r.array()?), r.u8().filter(|v| (1..=2).contains(v))?);
                let mac = if r.0.is_empty() { [0; 32] } else { r.array()? };
                Self::DoubtResolve(id, verdict, mac)
            }
        };
        r.0.is_empty().then_some(request)
    }
}

/// Bytes of picture in one `JOB_DATA`.
pub const DATA_MAX: usize = PAYLOAD_MAX - 4;

impl JobOpen {
    fn encode(&self) -> Vec<u8> {
        let mut out = self.job.0.to_vec();
        out.extend(self.tag.0);
        out.extend(self.sha256);
        out.extend(self.data_len.to_le_bytes());
        for number in [self.width, self.height, self.dpi] {
            out.extend(number.to_le_bytes());
        }
        out.extend([self.format, self.flags]);
        out.extend(self.nonce.to_le_bytes());
        out.extend(self.mac);
        out
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            job: JobId(r.array()?),
            tag: RecordTag(r.array()?),
            sha256: r.array()?,
            data_len: r.u32()?,
            width: r.u16()?,
            height: r.u16()?,
            dpi: r.u16()?,
            format: r.u8().filter(|format| *format <= 3)?,
            flags: r.u8().filter(|flags| *flags <= 3)?,
            nonce: r.u32()?,
            mac: r.array()?,
        })
    }
}
