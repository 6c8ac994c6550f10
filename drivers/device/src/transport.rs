//! Bytes with deadlines.

use std::time::Duration;

/// Why bytes did not go or come.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The device is not there (unplugged, never plugged, closed by the other side). Opening it again may help.
    #[error("{port}: the device is gone ({reason}); check its cable")]
    Gone {
        /// The port as configured.
        port: String,
        /// What the system said.
        reason: String,
    },
    /// The system refused (permission, busy).
    #[error("{port}: {reason}")]
    Refused {
        /// The port as configured.
        port: String,
        /// What the system said.
        reason: String,
    },
}

/// A byte stream to one device. Nothing here blocks longer than it is told.
///
/// Replug is a normal event: after [`TransportError::Gone`] the owner calls [`Transport::reopen`] from time to time.
pub trait Transport: Send {
    /// The port as configured: a path, `usb:VID:PID`, `tcp:HOST:PORT`. For messages to people.
    fn port(&self) -> &str;

    /// Writes as much as the line takes within `deadline` and returns how many bytes it took (0 to `bytes.len()`).
    /// A short count is not an error: the caller decides whether to go on.
    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError>;

    /// Reads what is there, waiting at most `deadline` for a first byte; 0 means that none came.
    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError>;

    /// Sets the line's rate in baud; a transport without one (USB, TCP) does nothing.
    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError>;

    /// Closes and opens again.
    fn reopen(&mut self) -> Result<(), TransportError>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn port(&self) -> &str {
        (**self).port()
    }
    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        (**self).write(bytes, deadline)
    }
    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        (**self).read(buffer, deadline)
    }
    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError> {
        (**self).set_baud(baud)
    }
    fn reopen(&mut self) -> Result<(), TransportError> {
        (**self).reopen()
    }
}
