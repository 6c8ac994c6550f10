//! Runs the machine over a line: small writes with a deadline, our own count, and a clock. Nothing is decided here.

use std::time::{Duration, Instant};

use drivers_device::Transport;
use ticket_dispatcher_types::Millis;

use crate::Profile;
use crate::machine::{Job, JobOutcome, Machine, PrinterEvent, PrinterStatus, PriorLife};

/// Bytes of one write: a line that stops is noticed before more is on its way.
const CHUNK: usize = 512;

/// A line is opened again this often.
const REOPEN_EVERY: Duration = Duration::from_secs(1);

/// How long one turn waits at most for the line, so that time-outs are kept.
const TURN: Duration = Duration::from_millis(20);

/// A ticket printer on a line.
///
/// Its owner calls [`ThermalPrinter::pump`] again and again (status goes on being asked, a fault is heard of, a job
/// that is unknown is cleared), and [`ThermalPrinter::print`] for a ticket. What to do on an unknown outcome: see
/// [`crate::machine`].
pub struct ThermalPrinter {
    transport: Box<dyn Transport>,
    machine: Machine,
    started: Instant,
    line_up: bool,
    reopen_at: Instant,
    heard: Vec<PrinterEvent>,
}

impl ThermalPrinter {
    /// On an open line (its rate is the caller's business).
    pub fn new(transport: Box<dyn Transport>, profile: &'static Profile, prior: PriorLife) -> Self {
        let now = Instant::now();
        Self {
            transport,
            machine: Machine::new(profile, prior),
            started: now,
            line_up: true,
            reopen_at: now,
            heard: Vec::new(),
        }
    }

    /// The printer's profile.
    pub fn profile(&self) -> &'static Profile {
        self.machine.profile()
    }

    /// The last status found.
    pub fn status(&self) -> PrinterStatus {
        self.machine.status()
    }

    /// Works for about `at_most` and returns what happened, in order.
    pub fn pump(&mut self, at_most: Duration) -> Vec<PrinterEvent> {
        let until = Instant::now() + at_most;
        loop {
            self.turn(until);
            if !self.heard.is_empty() || Instant::now() >= until {
                return std::mem::take(&mut self.heard);
            }
        }
    }

    /// Asks until a status is found, at most for `at_most`.
    pub fn first_status(&mut self, at_most: Duration) -> PrinterStatus {
        let until = Instant::now() + at_most;
        while !self.machine.knows_status() && Instant::now() < until {
            self.turn(until);
        }
        self.status()
    }

    /// Begins to print; the outcome comes from [`ThermalPrinter::pump`]. Refused with the status if it cannot begin.
    pub fn start(&mut self, job: Job) -> Result<(), JobOutcome> {
        let now = self.now();
        self.machine.print(job, now)
    }

    /// Prints and waits for the outcome: seconds when all is well, up to 30 s more for a ticket nobody takes. Other
    /// events of that time come with the next [`ThermalPrinter::pump`].
    pub fn print(&mut self, job: Job) -> JobOutcome {
        let id = job.id;
        if let Err(refused) = self.start(job) {
            return refused;
        }
        loop {
            let until = Instant::now() + TURN;
            self.turn(until);
            let found = self
                .heard
                .iter()
                .position(|e| matches!(e, PrinterEvent::Outcome { job, .. } if *job == id));
            if let Some(at) = found
                && let PrinterEvent::Outcome { outcome, .. } = self.heard.remove(at)
            {
                return outcome;
            }
        }
    }

    fn now(&self) -> Millis {
        Millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// One turn: write, read, tick.
    fn turn(&mut self, until: Instant) {
        let patience = until.saturating_duration_since(Instant::now()).min(TURN);
        if !self.line_up {
            self.reopen(patience);
        } else if let Err(error) = self.exchange(patience) {
            tracing::warn!(port = self.transport.port(), %error, "printer line broke");
            self.line_up = false;
            self.reopen_at = Instant::now() + REOPEN_EVERY;
            let now = self.now();
            self.machine.line_gone(now);
        }
        let now = self.now();
        self.machine.tick(now);
        self.heard.extend(self.machine.take_events());
    }

    fn exchange(&mut self, patience: Duration) -> Result<(), drivers_device::TransportError> {
        let out = self.machine.outgoing();
        let waiting = !out.is_empty();
        if waiting {
            let count = self.transport.write(&out[..out.len().min(CHUNK)], TURN)?;
            let now = self.now();
            self.machine.accepted(count, now);
        }
        let mut buffer = [0; 256];
        let more = !self.machine.outgoing().is_empty();
        let wait = if more { Duration::ZERO } else { patience };
        let count = self.transport.read(&mut buffer, wait)?;
        let now = self.now();
        self.machine.received(&buffer[..count], now);
        Ok(())
    }

    fn reopen(&mut self, patience: Duration) {
        if Instant::now() < self.reopen_at {
            std::thread::sleep(patience);
            return;
        }
        self.reopen_at = Instant::now() + REOPEN_EVERY;
        if self.transport.reopen().is_ok() {
            tracing::info!(port = self.transport.port(), "printer line is back");
            self.line_up = true;
            let now = self.now();
            self.machine.line_back(now);
        }
    }
}
