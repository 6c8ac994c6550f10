//! One job's life. Pure: bytes and times in, bytes and events out; no line, no clock.
//!
//! # What an outcome means
//!
//! | outcome | what is true | what the owner does |
//! |---|---|---|
//! | `Printed` | the ticket is out, whole | marks the record printed |
//! | `NotTaken` | the ticket is out, whole, and nobody took it in 30 s | tells staff; does not print again |
//! | `NotStarted` | not one byte left us: nothing is or will be on paper | may call `print` with the same slip |
//! | `Unknown` | some, all or nothing of the ticket is on paper | see below |
//!
//! # What the owner must do on `Unknown`
//!
//! 1. Show the number on the screen and mark the record *unknown* in its store, before anything else.
//! 2. Never call `print` with the same unmarked slip again. The only slip that may follow is
//!    [`crate::TicketSlip::reprinted`] (补打), rendered anew from the stored record.
//! 3. Wait for [`PrinterEvent::Cleared`], or for a status that [`PrinterStatus::prints`]: both come only when nothing
//!    of the unknown job can come out any more and the torn piece is cut off. Until then `print` answers `NotStarted`.
//!    `Unknown { cleared: false }` says that the printer may still bring the first ticket out when its fault ends.
//! 4. Then print the reprint by an explicit decision (the citizen touches 补打, or staff do). If the reprint ends
//!    `Unknown` too, the same rules hold for it: its mark stays.
//! 5. After a restart with a job in flight, open with [`PriorLife::JobInFlight`] and treat its record as *unknown*.
//!
//! The record (slip, job number) is stored before `print` is called. The machine never sends a job again by itself.

mod poll;
mod recover;

use ticket_dispatcher_types::Millis;

use crate::Profile;
use crate::codec::answer::Answer;
use crate::codec::command;
pub use crate::codec::status::PrinterStatus;
use crate::profile::{EndOfJob, Exit};
use poll::{IDLE_PAUSE_MS, JOB_PAUSE_MS, Poller};
use recover::Recovery;

/// A ticket to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Names the job in events. Jobs that follow each other differ in the low 15 bits: these make the end marker.
    pub id: u32,
    /// From initialisation to cut; the machine adds the end marker.
    pub bytes: Vec<u8>,
    /// Paper it takes, dots.
    pub dots: u32,
}

/// How a job ended. See the module's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// Out, whole (and taken, where a sensor tells).
    Printed,
    /// Out, whole, left hanging; ejected where the model can.
    NotTaken,
    /// Nobody knows.
    Unknown {
        /// True when the printer confirmed that it holds nothing of it any more.
        cleared: bool,
    },
    /// Nothing was sent.
    NotStarted {
        /// Why.
        status: PrinterStatus,
    },
}

/// What the owner hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrinterEvent {
    /// The status changed.
    Status(PrinterStatus),
    /// The ticket is out and waits to be taken (models with an exit sensor); the outcome follows.
    Presented {
        /// Which.
        job: u32,
    },
    /// The job ended; comes exactly once a job.
    Outcome {
        /// Which.
        job: u32,
        /// How.
        outcome: JobOutcome,
    },
    /// After an unknown outcome: nothing of that job can come out any more, and the torn piece is cut off.
    Cleared {
        /// Which.
        job: u32,
    },
}

/// What the owner knows about the time before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriorLife {
    /// Every job that was sent has a known outcome.
    Clean,
    /// This job was being printed when the owner stopped: its outcome is unknown.
    JobInFlight {
        /// Which.
        job: u32,
    },
}

/// A citizen has this long to take a ticket.
const TAKE_MS: Millis = Millis(30_000);

/// A line that takes no byte for so long has failed.
const STALL_MS: Millis = Millis(3_000);

/// Clean status has to hold for so long after the last dot, where nothing tells the end of a job.
const SETTLE_MS: Millis = Millis(300);

#[derive(Debug, Clone)]
enum Phase {
    Idle,
    Checking {
        job: Job,
        since: Millis,
    },
    Writing {
        job: Job,
        accepted: usize,
        progress_at: Millis,
    },
    Finishing {
        job: Job,
        written_at: Millis,
    },
    InExit {
        job: u32,
        since: Millis,
    },
    Recovering(Recovery),
}

/// The printer as its owner sees it.
#[derive(Debug, Clone)]
pub struct Machine {
    profile: &'static Profile,
    poller: Poller,
    phase: Phase,
    out: Vec<u8>,
    events: Vec<PrinterEvent>,
    shown: Option<PrinterStatus>,
    line_up: bool,
}

impl Machine {
    /// A machine whose line is open.
    pub fn new(profile: &'static Profile, prior: PriorLife) -> Self {
        let phase = match prior {
            PriorLife::Clean => Phase::Idle,
            PriorLife::JobInFlight { job } => Phase::Recovering(Recovery::after_restart(job)),
        };
        Self {
            profile,
            poller: Poller::new(profile),
            phase,
            out: Vec::new(),
            events: Vec::new(),
            shown: None,
            line_up: true,
        }
    }

    /// The profile.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// How the printer is. While it is being cleared it is never ready.
    pub fn status(&self) -> PrinterStatus {
        let status = self.poller.status();
        match self.phase {
            Phase::Recovering(_) if status.prints() => PrinterStatus::Unknown,
            _ => status,
        }
    }

    /// True once a status has been found, good or bad.
    pub fn knows_status(&self) -> bool {
        self.poller.last().is_some()
    }

    /// True while a job is under way.
    pub fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Idle)
    }

    /// Bytes that should go out now.
    pub fn outgoing(&self) -> &[u8] {
        &self.out
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<PrinterEvent> {
        std::mem::take(&mut self.events)
    }

    /// Prints a ticket once the printer says afresh that it can; its outcome comes as an event. Refused with the
    /// status when something else is under way.
    pub fn print(&mut self, job: Job, now: Millis) -> Result<(), JobOutcome> {
        if !matches!(self.phase, Phase::Idle) || !self.line_up {
            return Err(JobOutcome::NotStarted { status: self.status() });
        }
        self.poller.hurry(now);
        self.phase = Phase::Checking { job, since: now };
        self.tick(now);
        Ok(())
    }

    /// The line took `count` bytes of [`Machine::outgoing`].
    pub fn accepted(&mut self, count: usize, now: Millis) {
        let count = count.min(self.out.len());
        self.out.drain(..count);
        if self.out.is_empty() {
            // A vector keeps what was drained; given back, the slip of somebody is wiped by the kiosk's allocator.
            self.out = Vec::new();
        }
        if count == 0 {
            return;
        }
        if let Phase::Writing {
            accepted, progress_at, ..
        } = &mut self.phase
        {
            *accepted += count;
            *progress_at = now;
        }
        self.tick(now);
    }

    /// Bytes came in.
    pub fn received(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if let Some(answer) = self.poller.split(*byte) {
                self.answer(answer, now);
            }
        }
        self.tick(now);
    }

    /// The line broke.
    pub fn line_gone(&mut self, now: Millis) {
        self.line_up = false;
        self.out = Vec::new();
        self.poller.lost(now);
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => {}
            Phase::Checking { job, .. } => self.outcome(job.id, not_started(PrinterStatus::Offline)),
            Phase::Writing { job, accepted: 0, .. } => self.outcome(job.id, not_started(PrinterStatus::Offline)),
            Phase::Writing { job, .. } | Phase::Finishing { job, .. } => self.recover(&job, now),
            Phase::InExit { job, .. } => self.outcome(job, JobOutcome::Printed),
            Phase::Recovering(recovery) => self.phase = Phase::Recovering(recovery.again()),
        }
        self.show_status();
    }

    /// The line is open again.
    pub fn line_back(&mut self, now: Millis) {
        self.line_up = true;
        self.poller.abandon(now);
        self.tick(now);
    }

    /// Time passed.
    pub fn tick(&mut self, now: Millis) {
        self.poller.tick(now);
        self.step(now);
        // Nothing is asked between the bytes of a job: the answer might come from before a fault.
        let writing = matches!(self.phase, Phase::Writing { .. }) || !self.out.is_empty();
        if self.line_up
            && !writing
            && let Some(n) = self.poller.request(now)
        {
            self.out.extend(command::status_request(n));
        }
        self.show_status();
    }

    fn step(&mut self, now: Millis) {
        let phase = std::mem::replace(&mut self.phase, Phase::Idle);
        match phase {
            Phase::Idle => {}
            Phase::Checking { job, since } => self.check(job, since, now),
            Phase::Writing {
                job,
                accepted,
                progress_at,
            } => self.write(job, accepted, progress_at, now),
            Phase::Finishing { job, written_at } => self.finish(job, written_at, now),
            Phase::InExit { job, since } => self.exit(job, since, now),
            Phase::Recovering(recovery) => self.recovering(recovery, now),
        }
    }

    fn check(&mut self, job: Job, since: Millis, now: Millis) {
        let Some(found) = self.poller.fresh(since) else {
            self.phase = Phase::Checking { job, since };
            return;
        };
        if !found.status.prints() {
            self.outcome(job.id, not_started(found.status));
            return;
        }
        self.poller.abandon(now);
        self.out.extend_from_slice(&job.bytes);
        self.out.extend(self.end_marker(job.id));
        self.phase = Phase::Writing {
            job,
            accepted: 0,
            progress_at: now,
        };
    }

    fn write(&mut self, job: Job, accepted: usize, progress_at: Millis, now: Millis) {
        if self.out.is_empty() {
            self.poller.hurry(now);
            self.phase = Phase::Finishing { job, written_at: now };
        } else if now - progress_at < STALL_MS {
            self.phase = Phase::Writing {
                job,
                accepted,
                progress_at,
            };
        } else if accepted == 0 {
            self.out = Vec::new();
            self.outcome(job.id, not_started(PrinterStatus::Offline));
        } else {
            self.recover(&job, now);
        }
    }

    fn finish(&mut self, job: Job, written_at: Millis, now: Millis) {
        let job_ms = Millis(self.profile.job_ms(job.bytes.len(), job.dots));
        let found = self.poller.fresh(written_at);
        if found.is_some_and(|found| stops_a_job(found.status) || self.silence_counts(&job, found.status)) {
            self.recover(&job, now);
            return;
        }
        let settled = written_at + job_ms + SETTLE_MS;
        let clean = self
            .poller
            .fresh(settled)
            .is_some_and(|found| ends_a_job(found.status) && !found.busy);
        if self.profile.end_of_job == EndOfJob::MotorIdle && clean {
            self.finished(job.id, now);
        } else if now - written_at > Millis(job_ms.0 * 2) + STALL_MS {
            self.recover(&job, now);
        } else {
            self.phase = Phase::Finishing { job, written_at };
        }
    }

    /// Without an end marker a printer that was switched off and on in a job looks well again: only its silence in
    /// between tells. A job longer than the receive buffer makes a well printer silent too, so there it cannot count.
    fn silence_counts(&self, job: &Job, status: PrinterStatus) -> bool {
        self.profile.end_of_job == EndOfJob::MotorIdle
            && status == PrinterStatus::Offline
            && job.bytes.len() <= usize::from(self.profile.receive_buffer)
    }

    /// A positive sign that the whole ticket is out.
    fn finished(&mut self, job: u32, now: Millis) {
        match self.profile.exit {
            Exit::Free => self.outcome(job, JobOutcome::Printed),
            Exit::Sensor { .. } => {
                self.events.push(PrinterEvent::Presented { job });
                self.poller.hurry(now);
                self.phase = Phase::InExit { job, since: now };
            }
        }
    }

    fn exit(&mut self, job: u32, since: Millis, now: Millis) {
        let found = self.poller.fresh(since);
        if found.is_some_and(|found| found.status != PrinterStatus::TicketNotTaken) {
            self.outcome(job, JobOutcome::Printed);
        } else if now - since >= TAKE_MS {
            if let Exit::Sensor { eject: Some(eject) } = self.profile.exit {
                self.out.extend_from_slice(eject);
            }
            self.outcome(job, JobOutcome::NotTaken);
        } else {
            self.phase = Phase::InExit { job, since };
        }
    }

    fn answer(&mut self, answer: Answer, now: Millis) {
        match answer {
            Answer::ProcessId(marker) => self.marker_came(marker, now),
            Answer::Sequence(byte) if self.profile.end_of_job == EndOfJob::SequenceStatus => {
                self.sequence_came(byte, now)
            }
            Answer::Cleared => {
                if let Phase::Recovering(recovery) = &mut self.phase {
                    recovery.confirmed();
                }
            }
            Answer::Flow { .. } | Answer::OtherBlock(_) => {}
            status => {
                let pause = if matches!(self.phase, Phase::Idle) {
                    IDLE_PAUSE_MS
                } else {
                    JOB_PAUSE_MS
                };
                self.poller.take(status, now, pause);
            }
        }
    }

    fn marker_came(&mut self, marker: [u8; 4], now: Millis) {
        match &mut self.phase {
            Phase::Finishing { job, .. } if command::marker(job.id) == marker => {
                let job = job.id;
                self.phase = Phase::Idle;
                self.finished(job, now);
            }
            Phase::Recovering(recovery) => {
                // The fault and the end of the ticket crossed: the ticket is whole after all.
                let whole = recovery.marker_came(marker, now);
                if let Some(job) = whole {
                    self.events.push(PrinterEvent::Outcome {
                        job,
                        outcome: JobOutcome::Printed,
                    });
                }
            }
            _ => {}
        }
    }

    fn sequence_came(&mut self, byte: u8, now: Millis) {
        let paper = byte & 0x0C == 0;
        match &mut self.phase {
            Phase::Finishing { job, .. } => {
                let job = job.clone();
                self.phase = Phase::Idle;
                if paper {
                    self.finished(job.id, now)
                } else {
                    self.recover(&job, now)
                }
            }
            Phase::Recovering(recovery) => recovery.sequence_came(now),
            _ => {}
        }
    }

    fn end_marker(&self, id: u32) -> Vec<u8> {
        match self.profile.end_of_job {
            EndOfJob::ProcessId => command::process_id(command::marker(id)),
            EndOfJob::SequenceStatus => command::SEQUENCE_STATUS.to_vec(),
            EndOfJob::MotorIdle => Vec::new(),
        }
    }

    fn recover(&mut self, job: &Job, now: Millis) {
        self.out = Vec::new();
        self.poller.abandon(now);
        self.phase = Phase::Recovering(Recovery::of(job, now));
    }

    fn outcome(&mut self, job: u32, outcome: JobOutcome) {
        self.events.push(PrinterEvent::Outcome { job, outcome });
    }

    fn show_status(&mut self) {
        let status = self.status();
        if self.knows_status() && self.shown != Some(status) {
            self.shown = Some(status);
            self.events.push(PrinterEvent::Status(status));
        }
    }
}

fn not_started(status: PrinterStatus) -> JobOutcome {
    JobOutcome::NotStarted { status }
}

/// Faults on which a printer stops and keeps the rest of a job. Heat passes by itself; silence is left to the deadline.
fn stops_a_job(status: PrinterStatus) -> bool {
    use PrinterStatus::{BinFull, CoverOpen, CutterError, Jam, PaperOut};
    matches!(status, PaperOut | CoverOpen | CutterError | Jam | BinFull)
}

fn ends_a_job(status: PrinterStatus) -> bool {
    status.prints() || status == PrinterStatus::TicketNotTaken
}
