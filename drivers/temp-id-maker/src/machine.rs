//! What is asked next: the host's side of a job, from the machine's answers alone.
//!
//! Pure: no clock, no line; time is an input. It remembers nothing across a restart but the serial number of the
//! machine, and needs nothing else: the ids are computed, the machine says where the job is. It must never order a
//! second card where it is not known that the first stayed inside.

use crate::codec::{Identity, JobId, JobRecord, Mode, Phase, ResultCode, Status, Step};
use crate::maker::{Answer, MakerGuarantees};

/// Milliseconds between two questions while the machine works.
pub const POLL_MS: i64 = 200;

/// How long a machine may be silent before the host gives up.
pub const SILENT_MS: i64 = 5_000;

/// How long the host waits for a machine that is not ready.
pub const NOT_READY_MS: i64 = 60_000;

/// A picture whose digest is refused is sent again so many times.
const UPLOADS_MAX: u8 = 3;

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Ask who it is.
    Hello,
    /// Ask how it is.
    Status,
    /// Ask about job 0 or 1 of the record.
    Query(u8),
    /// Open job 0 or 1.
    Open(u8),
    /// Send the picture.
    Upload(u8),
    /// Have it checked.
    Seal(u8),
    /// Start a step.
    Step(u8, Step),
    /// Put the ended job into the archive.
    Close(u8),
    /// Let so many milliseconds pass.
    Wait(i64),
    /// Nothing more.
    End(Ending),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The job is over: TAKEN, RETRACTED, REJECTED, ABORTED or DOUBT.
    Job(Phase),
    /// A card of this record has left, or may have, and the machine no longer knows which job.
    RecordDone,
    /// The machine was not ready in time; nothing was consumed.
    NotReady,
    /// Another serial number than the job began with.
    OtherMachine,
    /// Another record's job is open.
    OtherJob,
    /// A fault that a person must clear; the job stays where it is.
    Fault(u16),
    /// The machine does not answer.
    Silent,
    /// It refuses what it must not refuse.
    Refused(ResultCode),
}

/// The host's side of one making record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMachine {
    ids: [JobId; 2],
    index: u8,
    serial: Option<String>,
    /// What the host last knew, for machines that forget.
    remembered: Phase,
    guarantees: MakerGuarantees,
    asked: Order,
    phase: Phase,
    silent_since: Option<i64>,
    not_ready_since: Option<i64>,
    uploads: u8,
    attempt: u8,
    /// Boot numbers the machine has had so far under this host.
    hellos: u32,
}

impl JobMachine {
    /// For the two jobs of one record. `serial` is that of the machine the job began on; `remembered` is the last
    /// phase the host knew, [`Phase::None`] when it knows nothing.
    pub fn new(ids: [JobId; 2], serial: Option<String>, remembered: Phase, guarantees: MakerGuarantees) -> Self {
        Self {
            ids,
            index: 0,
            serial,
            remembered,
            guarantees,
            asked: Order::Hello,
            phase: Phase::None,
            silent_since: None,
            not_ready_since: None,
            uploads: 0,
            attempt: 0,
            hellos: 0,
        }
    }

    /// The first order.
    pub fn begin(&self) -> Order {
        self.asked
    }

    /// Where the job is, as far as the host knows.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Which job of the record: 0, or 1 after the first was rejected.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// Attempt of this job, from 1; 0 when not known.
    pub fn attempt(&self) -> u8 {
        self.attempt
    }

    /// How often the machine was greeted.
    pub fn hellos(&self) -> u32 {
        self.hellos
    }

    /// What is next after `answer` (none: no answer came) at `now` milliseconds.
    pub fn next(&mut self, answer: Option<Answer>, now: i64) -> Order {
        let next = match answer {
            None => self.silence(now),
            Some(answer) => {
                self.silent_since = None;
                self.answered(answer, now)
            }
        };
        self.asked = next;
        next
    }

    /// After a pause.
    pub fn waited(&mut self) -> Order {
        self.asked = match (self.silent_since, self.phase) {
            (Some(_), _) => Order::Hello,
            (None, Phase::None) => Order::Query(self.index),
            (None, _) => Order::Status,
        };
        self.asked
    }

    fn silence(&mut self, now: i64) -> Order {
        let since = *self.silent_since.get_or_insert(now);
        if now - since >= SILENT_MS {
            return Order::End(Ending::Silent);
        }
        Order::Wait(POLL_MS)
    }

    fn answered(&mut self, answer: Answer, now: i64) -> Order {
        match answer {
            Answer::Identity(identity) => self.greeted(&identity),
            Answer::Record(record) => self.known(&record),
            Answer::Closed(record) => self.archived(&record),
            Answer::Status(status) => self.seen(&status),
            Answer::Done => self.done(),
            Answer::Running if matches!(self.asked, Order::Seal(_)) => self.asked,
            Answer::Running => Order::Wait(POLL_MS),
            Answer::Refused(code) => self.refused(code, now),
        }
    }

    fn greeted(&mut self, identity: &Identity) -> Order {
        self.hellos += 1;
        if self.serial.as_ref().is_some_and(|serial| *serial != identity.serial) {
            return Order::End(Ending::OtherMachine);
        }
        self.serial = Some(identity.serial.clone());
        let interrupted = self.remembered.code() >= Phase::Printed.code() && !self.remembered.is_terminal();
        if interrupted && !self.guarantees.job_query_after_boot {
            return Order::End(Ending::Job(Phase::Doubt));
        }
        self.phase = Phase::None;
        Order::Query(self.index)
    }

    fn known(&mut self, record: &JobRecord) -> Order {
        if record.job != self.ids[usize::from(self.index)] {
            return Order::End(Ending::OtherJob);
        }
        self.attempt = record.attempt;
        self.phase = record.phase;
        Order::Status
    }

    fn archived(&mut self, record: &JobRecord) -> Order {
        if record.job != self.ids[usize::from(self.index)] {
            return Order::End(Ending::Refused(ResultCode::JobClosed));
        }
        self.phase = record.phase;
        if record.phase == Phase::Rejected && self.index == 0 {
            return self.second_job();
        }
        Order::End(Ending::Job(record.phase))
    }

    /// Only a job that ended REJECTED, so that every blank of it is in the bin, is followed by another.
    fn second_job(&mut self) -> Order {
        self.index = 1;
        self.phase = Phase::None;
        self.attempt = 0;
        self.remembered = Phase::None;
        Order::Query(1)
    }

    fn seen(&mut self, status: &Status) -> Order {
        if status.job != self.ids[usize::from(self.index)] {
            // Between two questions it was closed, or the machine has lost it: ask for the job itself.
            return Order::Query(self.index);
        }
        self.phase = status.phase;
        self.attempt = status.attempt;
        if status.phase.is_terminal() && status.phase != Phase::Doubt && status.step.is_none() {
            return Order::Close(self.index);
        }
        if status.phase == Phase::Doubt {
            return Order::End(Ending::Job(Phase::Doubt));
        }
        if matches!(status.mode, Mode::Fault | Mode::OutOfService) && status.step.is_none() {
            return Order::End(Ending::Fault(status.fault));
        }
        if status.mode == Mode::Maintenance {
            return Order::End(Ending::Refused(ResultCode::Maintenance));
        }
        if status.mode == Mode::Init || status.step.is_some() {
            return Order::Wait(POLL_MS);
        }
        match status.phase {
            Phase::Open => Order::Open(self.index),
            Phase::Presented => Order::Wait(POLL_MS),
            phase => Step::after(phase).map_or(Order::Wait(POLL_MS), |step| Order::Step(self.index, step)),
        }
    }

    fn done(&mut self) -> Order {
        match self.asked {
            Order::Open(index) => {
                self.not_ready_since = None;
                // It is open from here on, whoever goes away now.
                self.phase = Phase::Open;
                self.attempt = self.attempt.max(1);
                Order::Upload(index)
            }
            Order::Upload(index) => Order::Seal(index),
            Order::Seal(_) => {
                self.uploads = 0;
                self.phase = Phase::Sealed;
                Order::Status
            }
            Order::Close(0) if self.phase == Phase::Rejected => self.second_job(),
            Order::Close(_) => Order::End(Ending::Job(self.phase)),
            _ => Order::Status,
        }
    }

    fn refused(&mut self, code: ResultCode, now: i64) -> Order {
        match (code, self.asked) {
            (ResultCode::BootChanged, _) => Order::Hello,
            (ResultCode::NoJob, Order::Query(index)) => Order::Open(index),
            // Vanished between two questions: a restart, seen a moment later.
            (ResultCode::NoJob, _) => Order::Query(self.index),
            (ResultCode::Busy, Order::Open(_)) => self.not_ready(now, Ending::NotReady),
            (ResultCode::Busy, _) => Order::Wait(POLL_MS),
            (ResultCode::Sequence, Order::Upload(_) | Order::Seal(_) | Order::Step(..) | Order::Close(_)) => {
                Order::Wait(POLL_MS)
            }
            (ResultCode::Digest, Order::Seal(index)) if self.uploads < UPLOADS_MAX => {
                self.uploads += 1;
                Order::Open(index)
            }
            (ResultCode::NotReady, Order::Open(_)) => self.not_ready(now, Ending::NotReady),
            (ResultCode::NotReady, _) => self.not_ready(now, Ending::Refused(code)),
            (ResultCode::RecordDone, _) => Order::End(Ending::RecordDone),
            (ResultCode::JobOther, _) => Order::End(Ending::OtherJob),
            (ResultCode::Fault | ResultCode::OutOfService, Order::Step(..)) => Order::Status,
            (ResultCode::Fault | ResultCode::OutOfService, _) => Order::End(Ending::Fault(0)),
            (code, _) => Order::End(Ending::Refused(code)),
        }
    }

    fn not_ready(&mut self, now: i64, ending: Ending) -> Order {
        let since = *self.not_ready_since.get_or_insert(now);
        if now - since >= NOT_READY_MS {
            return Order::End(ending);
        }
        Order::Wait(POLL_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: [JobId; 2] = [JobId([1; 16]), JobId([2; 16])];

    fn promises(job_query_after_boot: bool) -> MakerGuarantees {
        MakerGuarantees {
            fence: true,
            job_query_after_boot,
            step_control: true,
            retract: true,
            event_log: true,
        }
    }

    fn identity(serial: &str) -> Option<Answer> {
        Some(Answer::Identity(Box::new(Identity {
            minor: 0,
            max_payload: 1024,
            caps: 0,
            vendor: String::new(),
            model: String::new(),
            serial: serial.into(),
            fw: String::new(),
            raster_w: 1,
            raster_h: 1,
            dpi: 300,
            formats: 1,
            sides: 1,
            film_cap: 1,
            blank_cap: 1,
            reject_cap: 1,
            retract_cap: 1,
            warmup_s: 0,
        })))
    }

    fn record(index: usize, phase: Phase) -> JobRecord {
        JobRecord {
            job: JOB[index],
            phase,
            step: None,
            attempt: 1,
            fault: 0,
            fault_seq: 0,
            opened_at: 0,
            changed_at: 0,
            blank: [0; 16],
        }
    }

    fn asked_about_its_job() -> JobMachine {
        let mut machine = JobMachine::new(JOB, None, Phase::None, promises(true));
        assert_eq!(machine.begin(), Order::Hello);
        assert_eq!(machine.next(identity("S1"), 0), Order::Query(0));
        machine
    }

    #[test]
    fn a_second_job_follows_a_rejected_one_alone_and_a_third_never() {
        for phase in [Phase::Taken, Phase::Retracted, Phase::Aborted, Phase::Doubt] {
            let next = asked_about_its_job().next(Some(Answer::Closed(record(0, phase))), 0);
            assert_eq!(next, Order::End(Ending::Job(phase)));
        }
        let mut machine = asked_about_its_job();
        assert_eq!(
            machine.next(Some(Answer::Closed(record(0, Phase::Rejected))), 0),
            Order::Query(1)
        );
        let next = machine.next(Some(Answer::Closed(record(1, Phase::Rejected))), 0);
        assert_eq!(next, Order::End(Ending::Job(Phase::Rejected)));
    }

    #[test]
    fn a_fenced_record_without_a_job_is_in_doubt_and_never_made() {
        let mut machine = asked_about_its_job();
        assert_eq!(
            machine.next(Some(Answer::Refused(ResultCode::NoJob)), 0),
            Order::Open(0)
        );
        let next = machine.next(Some(Answer::Refused(ResultCode::RecordDone)), 0);
        assert_eq!(next, Order::End(Ending::RecordDone));
    }

    #[test]
    fn another_machine_gets_nothing_but_a_greeting() {
        let mut machine = JobMachine::new(JOB, Some("S1".into()), Phase::Fed, promises(true));
        assert_eq!(machine.next(identity("S2"), 0), Order::End(Ending::OtherMachine));
    }

    #[test]
    fn a_machine_that_forgets_leaves_a_doubt_from_the_card_on() {
        let mut machine = JobMachine::new(JOB, None, Phase::Fed, promises(false));
        assert_eq!(machine.next(identity("S1"), 0), Order::End(Ending::Job(Phase::Doubt)));
        let mut early = JobMachine::new(JOB, None, Phase::Cut, promises(false));
        assert_eq!(early.next(identity("S1"), 0), Order::Query(0));
    }

    #[test]
    fn a_restarted_machine_is_greeted_before_anything_else() {
        let mut machine = asked_about_its_job();
        machine.next(Some(Answer::Record(record(0, Phase::Sealed))), 0);
        assert_eq!(
            machine.next(Some(Answer::Refused(ResultCode::BootChanged)), 0),
            Order::Hello
        );
    }

    #[test]
    fn a_job_is_open_from_the_answer_on() {
        let mut machine = asked_about_its_job();
        machine.next(Some(Answer::Refused(ResultCode::NoJob)), 0);
        assert_eq!(machine.phase(), Phase::None);
        assert_eq!(machine.next(Some(Answer::Done), 0), Order::Upload(0));
        assert_eq!((machine.phase(), machine.attempt()), (Phase::Open, 1));
    }

    #[test]
    fn silence_is_borne_for_five_seconds_and_want_of_readiness_for_sixty() {
        let mut machine = asked_about_its_job();
        assert_eq!(machine.next(None, 1_000), Order::Wait(POLL_MS));
        assert_eq!(machine.waited(), Order::Hello);
        assert_eq!(machine.next(None, 6_000), Order::End(Ending::Silent));
        let mut cold = asked_about_its_job();
        cold.next(Some(Answer::Refused(ResultCode::NoJob)), 0);
        assert_eq!(
            cold.next(Some(Answer::Refused(ResultCode::NotReady)), 0),
            Order::Wait(POLL_MS)
        );
        assert_eq!(cold.waited(), Order::Query(0));
        cold.next(Some(Answer::Refused(ResultCode::NoJob)), 60_000);
        let next = cold.next(Some(Answer::Refused(ResultCode::NotReady)), 60_000);
        assert_eq!(next, Order::End(Ending::NotReady));
    }
}
