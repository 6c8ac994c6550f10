//! Asking the printer how it is: one request, its answer, then the next; a round folds into one status.

use ticket_dispatcher_types::Millis;

use crate::codec::answer::{Answer, Splitter};
use crate::codec::status::{PrinterStatus, Round, custom_busy, fold_automatic, fold_custom, fold_round};
use crate::profile::{Profile, StatusKind};

/// A printer answers within this, even while its motor runs.
const ANSWER_MS: Millis = Millis(300);

/// Quiet time after a missed answer, so that a late byte is not taken for the next answer.
const QUIET_MS: Millis = Millis(100);

/// Pause between rounds while nothing is printed.
pub const IDLE_PAUSE_MS: Millis = Millis(400);

/// Pause between rounds while a job is in the printer.
pub const JOB_PAUSE_MS: Millis = Millis(80);

/// Missed answers in a row from which the printer counts as off line.
const MISSED_MAX: u8 = 2;

/// What one round of requests found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// When its first request went out.
    pub asked_at: Millis,
    /// The folded status.
    pub status: PrinterStatus,
    /// True while the printer says that it still works (Custom only).
    pub busy: bool,
}

/// The requests and answers of status rounds.
#[derive(Debug, Clone)]
pub struct Poller {
    profile: &'static Profile,
    splitter: Splitter,
    round: Round,
    index: usize,
    round_asked_at: Millis,
    outstanding: Option<Millis>,
    next_at: Millis,
    missed: u8,
    last: Option<Finding>,
}

impl Poller {
    /// Nothing asked yet.
    pub fn new(profile: &'static Profile) -> Self {
        Self {
            profile,
            splitter: Splitter::new(profile.answer_family()),
            round: Round::default(),
            index: 0,
            round_asked_at: Millis::ZERO,
            outstanding: None,
            next_at: Millis::ZERO,
            missed: 0,
            last: None,
        }
    }

    /// What the last round found.
    pub fn last(&self) -> Option<Finding> {
        self.last
    }

    /// The status of the last round; off line before the first.
    pub fn status(&self) -> PrinterStatus {
        self.last.map_or(PrinterStatus::Offline, |finding| finding.status)
    }

    /// The last round if its first request went out at `since` or later.
    pub fn fresh(&self, since: Millis) -> Option<Finding> {
        self.last.filter(|finding| finding.asked_at >= since)
    }

    /// Starts a round as soon as the one under way ends.
    pub fn hurry(&mut self, now: Millis) {
        self.next_at = self.next_at.min(now);
    }

    /// The line is gone or silent by decision: nothing asked counts any more.
    pub fn abandon(&mut self, now: Millis) {
        self.splitter.forget();
        self.outstanding = None;
        self.index = 0;
        self.next_at = now;
    }

    /// The line is gone.
    pub fn lost(&mut self, now: Millis) {
        self.abandon(now);
        self.missed = 0;
        self.last = Some(Finding {
            asked_at: now,
            status: PrinterStatus::Offline,
            busy: false,
        });
    }

    /// The number of the request that is due, marked as sent.
    pub fn request(&mut self, now: Millis) -> Option<u8> {
        if self.outstanding.is_some() || now < self.next_at {
            return None;
        }
        if self.index == 0 {
            self.round = Round::default();
            self.round_asked_at = now;
        }
        let n = self.profile.status_requests()[self.index];
        self.splitter.expect_plain(n == 5);
        self.outstanding = Some(now);
        Some(n)
    }

    /// Gives up on an answer that is late.
    pub fn tick(&mut self, now: Millis) {
        let Some(asked) = self.outstanding else { return };
        if now - asked < ANSWER_MS {
            return;
        }
        self.missed = self.missed.saturating_add(1);
        let asked_at = self.round_asked_at;
        self.abandon(now);
        self.next_at = now + QUIET_MS;
        if self.missed >= MISSED_MAX {
            self.last = Some(Finding {
                asked_at,
                status: PrinterStatus::Offline,
                busy: false,
            });
        }
    }

    /// Cuts a byte off the stream.
    pub fn split(&mut self, byte: u8) -> Option<Answer> {
        self.splitter.take(byte)
    }

    /// Takes an answer about status. `pause` is the time to the next round.
    pub fn take(&mut self, answer: Answer, now: Millis, pause: Millis) {
        if let Answer::Automatic(bytes) = answer {
            self.last = Some(Finding {
                asked_at: now,
                status: fold_automatic(bytes),
                busy: false,
            });
            return;
        }
        if self.outstanding.take().is_none() {
            return;
        }
        self.missed = 0;
        match (self.profile.status, answer) {
            (StatusKind::RealTime(bits), Answer::RealTime(byte) | Answer::Plain(byte)) => {
                match self.round.bytes.get_mut(self.index) {
                    Some(place) => *place = byte,
                    None => self.round.exit = byte,
                }
                self.index += 1;
                if self.index == self.profile.status_requests().len() {
                    self.found(fold_round(&self.round, bits), false, now, pause);
                }
            }
            (StatusKind::CustomFull, Answer::CustomFull(bytes)) => {
                self.found(fold_custom(bytes), custom_busy(bytes), now, pause);
            }
            _ => self.found(PrinterStatus::Unknown, false, now, pause),
        }
    }

    fn found(&mut self, status: PrinterStatus, busy: bool, now: Millis, pause: Millis) {
        self.last = Some(Finding {
            asked_at: self.round_asked_at,
            status,
            busy,
        });
        self.index = 0;
        self.next_at = now + pause;
    }
}
