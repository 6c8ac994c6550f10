//! Runs the [`Machine`] over a `Transport`: reads, writes, opens, keeps the time. Decides nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use ticket_dispatcher_types::Millis;
use zeroize::{Zeroize as _, Zeroizing};

use crate::machine::{Config, Effect, Event, Machine, Note};

/// A request has at most 11 bytes: 12 ms at 9600 baud. A line that does not take it in this time is stuck.
const WRITE_WITHIN: Duration = Duration::from_millis(500);
/// The longest reply fits twice.
const BUFFER_LEN: usize = 4096;

/// One reader. Runs on a thread of its own: call [`IdReader::next_event`] in a loop.
pub struct IdReader {
    transport: Box<dyn Transport>,
    machine: Machine,
    started: Instant,
    events: VecDeque<Event>,
    buffer: Zeroizing<Vec<u8>>,
}

impl IdReader {
    /// Takes a transport that may still be closed; the reader opens it, and opens it again whenever it is gone.
    pub fn new(transport: Box<dyn Transport>, config: Config) -> Self {
        Self {
            transport,
            machine: Machine::new(config),
            started: Instant::now(),
            events: VecDeque::new(),
            buffer: Zeroizing::new(vec![0; BUFFER_LEN]),
        }
    }

    /// The port as configured, for messages to people.
    pub fn port(&self) -> &str {
        self.transport.port()
    }

    /// Works for at most about `wait` and returns the next event, or `None` when there was none.
    pub fn next_event(&mut self, wait: Duration) -> Option<Event> {
        let until = Instant::now() + wait;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let now = self.now();
            let effects = self.machine.tick(now);
            self.perform(effects);
            if !self.events.is_empty() {
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let to_wake = self.machine.wake_at().0.saturating_sub(self.now().0).max(0);
            // Never zero: a wake-up a fraction of a millisecond away must not become a busy loop.
            let to_wake = Duration::from_millis(to_wake.unsigned_abs().max(1));
            self.listen(left.min(to_wake));
        }
    }

    fn now(&self) -> Millis {
        Millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn listen(&mut self, wait: Duration) {
        if self.machine.is_closed() {
            return std::thread::sleep(wait);
        }
        let effects = match self.transport.read(&mut self.buffer, wait) {
            Ok(0) => return,
            Ok(count) => {
                let now = self.now();
                let effects = self.machine.bytes(now, &self.buffer[..count]);
                // The next bytes may be hours away.
                self.buffer[..count].zeroize();
                effects
            }
            Err(error) => self.lost(&error),
        };
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut waiting = VecDeque::from(effects);
        while let Some(effect) = waiting.pop_front() {
            let done = match effect {
                Effect::Event(event) => {
                    self.events.push_back(event);
                    Ok(())
                }
                Effect::Note(note) => {
                    log(self.transport.port(), &note);
                    Ok(())
                }
                Effect::SetBaud(baud) => self.transport.set_baud(baud),
                // A request that went out in part is one that will not be answered: the time-out sees to it.
                Effect::Send(request) => self.transport.write(&request, WRITE_WITHIN).map(|_| ()),
                Effect::Reopen => match self.transport.reopen() {
                    Ok(()) => {
                        let now = self.now();
                        waiting.extend(self.machine.opened(now));
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = done {
                // What was still to be done was meant for an open port; only what is to be told remains.
                waiting.retain(|effect| matches!(effect, Effect::Event(_) | Effect::Note(_)));
                waiting.extend(self.lost(&error));
            }
        }
    }

    fn lost(&mut self, error: &TransportError) -> Vec<Effect> {
        let now = self.now();
        self.machine.gone(now, &error.to_string())
    }
}

fn log(port: &str, note: &Note) {
    match note {
        Note::Words(command, [sw1, sw2, sw3]) => {
            tracing::warn!(
                port,
                ?command,
                words = format!("{sw1:02X} {sw2:02X} {sw3:02X}"),
                "the reader refused"
            );
        }
        other => tracing::debug!(port, note = ?other, "id reader"),
    }
}
