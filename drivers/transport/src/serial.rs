//! Serial lines: opened and set up by `serialport`, then read and written without ever blocking.
//!
//! `serialport` switches its file back to blocking, and a write to a line that nobody reads then stays in the kernel
//! for ever. So after the set-up we open the line a second time for ourselves, non-blocking, and let the first go (the
//! settings stay as long as one file is open).

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use crate::{gone, left};

/// The kernel takes writes in pieces of at most this size, so that the count of accepted bytes is fine-grained.
const PIECE_LEN: usize = 512;

/// The bit after the eight of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parity {
    /// None: 8N1, as almost every device.
    #[default]
    None,
    /// Odd: 8O1.
    Odd,
}

/// One serial line, eight bits, one stop bit, no flow control.
#[derive(Debug)]
pub struct Serial {
    path: String,
    baud: u32,
    parity: Parity,
    line: Option<OwnedFd>,
}

impl Serial {
    /// Not opened yet; call [`Transport::reopen`].
    pub fn closed(path: &str, baud: u32, parity: Parity) -> Self {
        Self {
            path: path.into(),
            baud,
            parity,
            line: None,
        }
    }

    fn refuse(&self, reason: impl ToString) -> TransportError {
        TransportError::Refused {
            port: self.path.clone(),
            reason: reason.to_string(),
        }
    }

    /// An error of the open line: the device is gone, and so is our file.
    fn lose(&mut self, reason: impl ToString) -> TransportError {
        self.line = None;
        gone(&self.path, reason)
    }

    fn open(&self) -> Result<OwnedFd, TransportError> {
        let set_up = serialport::new(&self.path, self.baud)
            .timeout(Duration::from_millis(100))
            .parity(match self.parity {
                Parity::None => serialport::Parity::None,
                Parity::Odd => serialport::Parity::Odd,
            })
            .exclusive(false)
            .open_native()
            // A line that another program has locked is reported as a missing device: only the path tells them apart.
            .map_err(|error| match error.kind() {
                serialport::ErrorKind::NoDevice if Path::new(&self.path).exists() => {
                    self.refuse(format!("{error}; is another program using it?"))
                }
                serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(std::io::ErrorKind::NotFound) => {
                    gone(&self.path, &error)
                }
                _ => self.refuse(&error),
            })?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let line = rustix::fs::open(&self.path, flags, Mode::empty()).map_err(|error| gone(&self.path, error))?;
        drop(set_up);
        // An advisory lock goes with the process, where the terminal's exclusive flag would outlive a killed one.
        flock(&line, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| self.refuse("another program is using this port"))?;
        // What lay in the line before we came is nobody's answer.
        tcflush(&line, QueueSelector::IOFlush).map_err(|error| gone(&self.path, error))?;
        Ok(line)
    }
}

/// Waits for `flags`; false when the time is over first.
fn wait(line: &OwnedFd, flags: PollFlags, time: Duration) -> Result<bool, Errno> {
    let time = Timespec::try_from(time).map_err(|_| Errno::INVAL)?;
    let mut fds = [PollFd::new(line, flags)];
    match poll(&mut fds, Some(&time)) {
        Ok(0) | Err(Errno::INTR) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error),
    }
}

impl Transport for Serial {
    fn port(&self) -> &str {
        &self.path
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        let start = Instant::now();
        let mut written = 0;
        while written < bytes.len() {
            let Some(line) = &self.line else {
                return Err(gone(&self.path, "not open"));
            };
            let piece = &bytes[written..bytes.len().min(written + PIECE_LEN)];
            match rustix::io::write(line, piece) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let time = left(start, deadline);
                    match wait(line, PollFlags::OUT, time) {
                        Ok(_) if time.is_zero() => return Ok(written),
                        Ok(_) => {}
                        Err(error) => return Err(self.lose(error)),
                    }
                }
                Err(error) => return Err(self.lose(error)),
            }
        }
        Ok(written)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let start = Instant::now();
        loop {
            let Some(line) = &self.line else {
                return Err(gone(&self.path, "not open"));
            };
            let time = left(start, deadline);
            match wait(line, PollFlags::IN, time) {
                Ok(false) if time.is_zero() => return Ok(0),
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => return Err(self.lose(error)),
            }
            match rustix::io::read(line, &mut *buffer) {
                Ok(0) if buffer.is_empty() => return Ok(0),
                // A raw terminal has no end of file: this is a hang-up.
                Ok(0) => return Err(self.lose("hung up")),
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(self.lose(error)),
            }
        }
    }

    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError> {
        self.baud = baud;
        let Some(line) = &self.line else {
            return Err(gone(&self.path, "not open"));
        };
        let set = || {
            let mut settings = tcgetattr(line)?;
            settings.set_speed(baud)?;
            tcsetattr(line, OptionalActions::Now, &settings)
        };
        set().map_err(|error| self.lose(error))
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.line = None;
        self.line = Some(self.open()?);
        Ok(())
    }
}
