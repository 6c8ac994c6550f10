//! The machine at the end of a line that is memory: bytes in, bytes out, no port and no clock. Time passes by what is
//! sent and by waiting for an answer, so a test plays a day of jobs in seconds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drivers_device::{Transport, TransportError};

use super::Machine;

/// A line to a [`Machine`]; clones are ends of the same line.
#[derive(Debug, Clone)]
pub struct Direct {
    machine: Arc<Mutex<Machine>>,
    replies: Arc<Mutex<VecDeque<u8>>>,
    frame_ms: u64,
}

fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Direct {
    /// To this machine; every write takes `frame_ms` of its time.
    pub fn new(machine: Machine, frame_ms: u64) -> Self {
        Self {
            machine: Arc::new(Mutex::new(machine)),
            replies: Arc::default(),
            frame_ms,
        }
    }

    /// The machine, to be looked at, broken, or put in the place of another.
    pub fn machine(&self) -> MutexGuard<'_, Machine> {
        whole(&self.machine)
    }
}

impl Transport for Direct {
    fn port(&self) -> &str {
        "memory"
    }

    fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<usize, TransportError> {
        let mut machine = self.machine();
        machine.pass(self.frame_ms);
        let heard = bytes.iter().flat_map(|byte| machine.hear(*byte));
        whole(&self.replies).extend(heard);
        Ok(bytes.len())
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let mut replies = whole(&self.replies);
        let count = replies.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(replies.drain(..count)) {
            *to = from;
        }
        if count == 0 {
            self.machine()
                .pass(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}
