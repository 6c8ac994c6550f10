//! What a maker of any vendor can do, in words instead of bytes.

use crate::codec::{EventPage, Identity, JobId, JobRecord, RecordTag, ResultCode, Sensors, Status, Step};

/// What a device promises. What it does not promise makes more work for staff, never a second card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MakerGuarantees {
    /// It refuses a second card for a record tag.
    pub fence: bool,
    /// After a power loss it still knows where a job was.
    pub job_query_after_boot: bool,
    /// It starts no consuming step by itself.
    pub step_control: bool,
    /// It draws an untaken card back.
    pub retract: bool,
    /// It keeps a log of events.
    pub event_log: bool,
}

/// A job as ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSpec {
    /// The job.
    pub job: JobId,
    /// The making record.
    pub tag: RecordTag,
    /// The picture as uploaded.
    pub data: Vec<u8>,
    /// Dots.
    pub width: u16,
    /// Dots.
    pub height: u16,
    /// Dots an inch.
    pub dpi: u16,
    /// 0 1-bpp raw, 1 1-bpp PackBits.
    pub format: u8,
    /// True when the picture is mirrored, as a machine that prints film may want it.
    pub mirrored: bool,
}

/// What came of a question or an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done, or was done before.
    Done,
    /// Has begun.
    Running,
    /// The open job's record.
    Record(JobRecord),
    /// The archived job's record.
    Closed(JobRecord),
    /// How the machine is.
    Status(Box<Status>),
    /// Who it is.
    Identity(Box<Identity>),
    /// It said no.
    Refused(ResultCode),
}

/// What staff has a machine do. Refused outside maintenance, but for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffOrder {
    /// Maintenance begins, under two people's numbers (the same twice: one person).
    Enter(u32, u32),
    /// Maintenance ends.
    Exit,
    /// Homes all; captures what it finds.
    Home,
    /// Supplies were loaded: 1 film, 2 blanks, 3 medium; how many.
    Loaded(u8, u32),
    /// A bin was emptied: 1 reject, 2 retract; how many were counted by hand.
    BinEmptied(u8, u16),
    /// Tests its parts.
    SelfTest,
    /// The fault of this number is dealt with.
    FaultClear(u16),
    /// Two people's verdict on a job in doubt: true when the card has left, false when it was found.
    DoubtResolve(JobId, bool),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffDone {
    /// Done.
    Done,
    /// Done; the machine had counted so many entries of the bin.
    Counted(u16),
    /// It said no.
    Refused(ResultCode),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum MakerError {
    /// Nobody answers, or the cable is gone. Asking again later may help.
    #[error("{port}: the maker does not answer ({reason}); check its power and its cable")]
    Lost {
        /// The port as configured.
        port: String,
        /// What was seen.
        reason: String,
    },
    /// An answer that the protocol does not allow.
    #[error("{port}: {what}; is this a TIM/1 machine?")]
    Protocol {
        /// The port as configured.
        port: String,
        /// What was wrong.
        what: String,
    },
}

/// A machine that makes temporary identity cards. No bytes above this line.
///
/// Every call may be repeated without effect; a machine that was restarted answers
/// [`ResultCode::BootChanged`] once to every order meant for its earlier life.
pub trait Maker: Send {
    /// What it promises.
    fn guarantees(&self) -> MakerGuarantees;
    /// Who it is; orders that follow are meant for the life it has now.
    fn hello(&mut self) -> Result<Identity, MakerError>;
    /// How it is.
    fn status(&mut self) -> Result<Status, MakerError>;
    /// Raw sensors, for staff.
    fn sensors(&mut self) -> Result<Sensors, MakerError>;
    /// What happened from an index on.
    fn events(&mut self, from: u32) -> Result<EventPage, MakerError>;
    /// Opens a job.
    fn job_open(&mut self, spec: &JobSpec) -> Result<Answer, MakerError>;
    /// Sends the picture.
    fn job_upload(&mut self, spec: &JobSpec) -> Result<Answer, MakerError>;
    /// Checks the picture.
    fn job_seal(&mut self, job: JobId) -> Result<Answer, MakerError>;
    /// Starts a step.
    fn job_step(&mut self, job: JobId, step: Step) -> Result<Answer, MakerError>;
    /// Asks about a job.
    fn job_query(&mut self, job: JobId) -> Result<Answer, MakerError>;
    /// Ends a job that is not presented: 1 citizen, 2 host, 3 staff.
    fn job_abort(&mut self, job: JobId, reason: u8) -> Result<Answer, MakerError>;
    /// Puts an ended job into the archive.
    fn job_close(&mut self, job: JobId) -> Result<Answer, MakerError>;
    /// Sets its clock, unix seconds. A machine without a clock of its own stamps events with 0 until then.
    fn time_set(&mut self, unix: u32) -> Result<Answer, MakerError>;
    /// Heat: 0 off, 1 standby, 2 hot.
    fn heater(&mut self, level: u8) -> Result<Answer, MakerError>;
    /// What staff orders.
    fn staff(&mut self, order: StaffOrder) -> Result<StaffDone, MakerError>;
}
