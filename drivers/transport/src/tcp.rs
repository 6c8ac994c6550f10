//! Devices behind a network socket (printers on port 9100, serial servers).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};

use crate::{gone, left};

/// A device in the same hall answers much sooner.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The system takes no shorter time-out than this as one.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// One connection.
#[derive(Debug)]
pub struct Tcp {
    port: String,
    address: String,
    stream: Option<TcpStream>,
}

impl Tcp {
    /// Not connected yet; call [`Transport::reopen`].
    pub fn closed(port: &str, address: &str) -> Self {
        Self {
            port: port.into(),
            address: address.into(),
            stream: None,
        }
    }

    fn lose(&mut self, reason: impl ToString) -> TransportError {
        self.stream = None;
        gone(&self.port, reason)
    }
}

fn is_wait(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl Transport for Tcp {
    fn port(&self) -> &str {
        &self.port
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        let start = Instant::now();
        let mut written = 0;
        while written < bytes.len() {
            let Some(stream) = &mut self.stream else {
                return Err(gone(&self.port, "not connected"));
            };
            let time = left(start, deadline);
            let sent = stream
                .set_write_timeout(Some(time.max(WAIT_MIN)))
                .and_then(|()| stream.write(&bytes[written..]));
            match sent {
                Ok(count) => written += count,
                Err(error) if is_wait(error.kind()) && time.is_zero() => return Ok(written),
                Err(error) if is_wait(error.kind()) => {}
                Err(error) => return Err(self.lose(error)),
            }
        }
        Ok(written)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let Some(stream) = &mut self.stream else {
            return Err(gone(&self.port, "not connected"));
        };
        let got = stream
            .set_read_timeout(Some(deadline.max(WAIT_MIN)))
            .and_then(|()| stream.read(buffer));
        match got {
            Ok(0) if buffer.is_empty() => Ok(0),
            Ok(0) => Err(self.lose("the other side closed the connection")),
            Ok(count) => Ok(count),
            Err(error) if is_wait(error.kind()) => Ok(0),
            Err(error) => Err(self.lose(error)),
        }
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.stream = None;
        let addresses = self
            .address
            .to_socket_addrs()
            .map_err(|error| gone(&self.port, error))?;
        let mut last = "no address".to_string();
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_WITHIN) {
                Ok(stream) => {
                    // Requests are small and wait for an answer: never hold them back.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY");
                    }
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(gone(&self.port, last))
    }
}
