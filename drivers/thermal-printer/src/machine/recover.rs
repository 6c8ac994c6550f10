//! After an unknown outcome: clear at once, report, wait until the printer is well, clear again, cut the torn piece.

use ticket_dispatcher_types::Millis;

use super::{Job, JobOutcome, Machine, Phase, PrinterEvent, SETTLE_MS, STALL_MS, ends_a_job, stops_a_job};
use crate::codec::command;
use crate::profile::{Clear, EndOfJob};

/// The printer confirms a clearing within this, or never.
const CONFIRM_MS: Millis = Millis(800);

/// Paper of a job whose record is all that is left of it, dots.
const UNKNOWN_JOB_DOTS: u32 = 1200;

/// Bytes of such a job.
const UNKNOWN_JOB_BYTES: usize = 1500;

/// After `GS r` answered in a tidying, an older answer may have been first: the last one is awaited for so long.
const LAST_ANSWER_MS: Millis = Millis(700);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The clearing command is due or sent; the fault may stand.
    Clear { sent_at: Option<Millis> },
    /// Waits for a status without a fault.
    AwaitWell { since: Millis },
    /// Cleared once more now that the printer listens again.
    ClearAgain { sent_at: Millis },
    /// Start of a new sheet is on its way: initialise, cut, end marker.
    Tidy {
        written_at: Option<Millis>,
        ended_at: Option<Millis>,
    },
}

/// One recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    job: u32,
    bytes: usize,
    dots: u32,
    reported: bool,
    confirmed: bool,
    started: Option<Millis>,
    step: Step,
}

impl Recovery {
    /// Of a job that met a fault.
    pub fn of(job: &Job, now: Millis) -> Self {
        Self {
            job: job.id,
            bytes: job.bytes.len(),
            dots: job.dots,
            reported: false,
            confirmed: false,
            started: Some(now),
            step: Step::Clear { sent_at: None },
        }
    }

    /// Of a job of an earlier life: the owner knows already that its outcome is unknown.
    pub fn after_restart(job: u32) -> Self {
        Self {
            job,
            bytes: UNKNOWN_JOB_BYTES,
            dots: UNKNOWN_JOB_DOTS,
            reported: true,
            confirmed: false,
            started: None,
            step: Step::Clear { sent_at: None },
        }
    }

    /// From the beginning, on a new line.
    pub fn again(self) -> Self {
        Self {
            step: Step::Clear { sent_at: None },
            ..self
        }
    }

    /// The printer says that its buffers are empty.
    pub fn confirmed(&mut self) {
        if matches!(self.step, Step::Clear { sent_at: Some(_) } | Step::ClearAgain { .. }) {
            self.confirmed = true;
        }
    }

    /// An end marker came: the job, if it is its own and nobody was told yet.
    pub fn marker_came(&mut self, marker: [u8; 4], now: Millis) -> Option<u32> {
        if marker == tidy_marker(self.job) {
            if let Step::Tidy { ended_at, .. } = &mut self.step {
                *ended_at = Some(now);
            }
            return None;
        }
        let whole = marker == command::marker(self.job) && !self.reported;
        self.reported |= whole;
        whole.then_some(self.job)
    }

    /// An answer to `GS r` came.
    pub fn sequence_came(&mut self, now: Millis) {
        if let Step::Tidy { ended_at, .. } = &mut self.step {
            *ended_at = Some(now);
        }
    }
}

fn tidy_marker(job: u32) -> [u8; 4] {
    command::marker(job ^ 0x8000)
}

impl Machine {
    /// One step of a recovery.
    pub(super) fn recovering(&mut self, mut recovery: Recovery, now: Millis) {
        let started = *recovery.started.get_or_insert(now);
        match recovery.step {
            Step::Clear { sent_at: None } if self.line_up => {
                self.out.extend(self.clear_bytes());
                recovery.step = Step::Clear { sent_at: Some(now) };
            }
            Step::Clear { .. } => {
                if recovery.confirmed || now - started >= CONFIRM_MS {
                    self.report(&mut recovery);
                    if self.line_up {
                        self.poller.hurry(now);
                        recovery.step = Step::AwaitWell { since: now };
                    }
                }
            }
            Step::AwaitWell { since } => {
                if self.poller.fresh(since).is_some_and(|found| ends_a_job(found.status)) {
                    self.poller.abandon(now);
                    self.out.extend(self.clear_bytes());
                    recovery.confirmed = false;
                    recovery.step = Step::ClearAgain { sent_at: now };
                }
            }
            Step::ClearAgain { sent_at } => {
                let waits = self.profile.clear == Clear::Confirmed && !recovery.confirmed;
                if !waits || now - sent_at >= CONFIRM_MS {
                    let bytes = self.tidy_bytes(&recovery);
                    self.out.extend(bytes);
                    recovery.step = Step::Tidy {
                        written_at: None,
                        ended_at: None,
                    };
                }
            }
            Step::Tidy {
                written_at: None,
                ended_at,
            } => {
                if self.out.is_empty() {
                    self.poller.hurry(now);
                    recovery.step = Step::Tidy {
                        written_at: Some(now),
                        ended_at,
                    };
                }
            }
            Step::Tidy {
                written_at: Some(written_at),
                ended_at,
            } => {
                if self.tidied(&recovery, written_at, ended_at, now) {
                    self.report(&mut recovery);
                    self.events.push(PrinterEvent::Cleared { job: recovery.job });
                    self.phase = Phase::Idle;
                    return;
                }
                recovery.step = self.tidy_or_wait(&recovery, written_at, ended_at, now);
            }
        }
        self.phase = Phase::Recovering(recovery);
    }

    fn report(&mut self, recovery: &mut Recovery) {
        if !recovery.reported {
            recovery.reported = true;
            let cleared = recovery.confirmed;
            self.outcome(recovery.job, JobOutcome::Unknown { cleared });
        }
    }

    /// What clears the printer at once, even with a fault standing.
    fn clear_bytes(&self) -> Vec<u8> {
        match self.profile.clear {
            Clear::Confirmed => command::CLEAR_BUFFERS.to_vec(),
            Clear::Unconfirmed => command::CLEAR_AND_RECOVER.to_vec(),
            Clear::InSequence => Vec::new(),
        }
    }

    /// A new sheet: zeros that end any picture the printer still waits for, initialise, cut, end marker.
    fn tidy_bytes(&self, recovery: &Recovery) -> Vec<u8> {
        let mut out = Vec::new();
        if !recovery.confirmed {
            out.resize(recovery.bytes, 0);
        }
        out.extend(command::INITIALISE);
        out.extend(self.profile.cut_bytes());
        match self.profile.end_of_job {
            EndOfJob::ProcessId => out.extend(command::process_id(tidy_marker(recovery.job))),
            EndOfJob::SequenceStatus => out.extend(command::SEQUENCE_STATUS),
            EndOfJob::MotorIdle => {}
        }
        out
    }

    /// Time for what the printer may still bring out, and the cut.
    fn tidy_ms(&self, recovery: &Recovery) -> Millis {
        let dots = recovery.dots + 2 * u32::from(self.profile.head_to_cutter);
        Millis(self.profile.job_ms(recovery.bytes * 2, dots) + self.profile.cut_ms)
    }

    fn tidied(&self, recovery: &Recovery, written_at: Millis, ended_at: Option<Millis>, now: Millis) -> bool {
        match self.profile.end_of_job {
            EndOfJob::ProcessId => ended_at.is_some(),
            EndOfJob::SequenceStatus => {
                let quiet = Millis(self.profile.cut_ms) + LAST_ANSWER_MS;
                ended_at.is_some_and(|ended| now - ended >= quiet)
            }
            EndOfJob::MotorIdle => {
                let settled = written_at + self.tidy_ms(recovery) + SETTLE_MS;
                self.poller
                    .fresh(settled)
                    .is_some_and(|found| ends_a_job(found.status) && !found.busy)
            }
        }
    }

    /// A fault or a silence during the tidying: wait until the printer is well and begin again.
    fn tidy_or_wait(&self, recovery: &Recovery, written_at: Millis, ended_at: Option<Millis>, now: Millis) -> Step {
        let fault = self
            .poller
            .fresh(written_at)
            .is_some_and(|found| stops_a_job(found.status));
        let late = now - written_at > Millis(self.tidy_ms(recovery).0 * 2) + STALL_MS;
        if fault || late {
            Step::AwaitWell { since: now }
        } else {
            Step::Tidy {
                written_at: Some(written_at),
                ended_at,
            }
        }
    }
}
