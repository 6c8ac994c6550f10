//! Serves one [`Gadget`] on a socket, one virtual machine at a time.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::gadget::{Gadget, UsbShape};
use super::redir::{self, FromHost, NotRedir, Parser};
use crate::Heard;

#[derive(Debug)]
struct State {
    gadget: Gadget,
    plugged: bool,
    /// The connection of a host that has said hello.
    host: Option<TcpStream>,
    closed: bool,
    plugs_count: u64,
}

impl State {
    fn send(&mut self, bytes: &[u8]) -> bool {
        let Some(host) = &mut self.host else { return false };
        match host.write_all(bytes) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "the virtual machine went away");
                self.host = None;
                false
            }
        }
    }

    /// Power comes from the host: a device that nobody supplies is as good as unplugged.
    fn has_power(&self) -> bool {
        self.plugged && self.host.is_some()
    }

    fn power_on(&mut self) {
        if self.has_power() {
            self.plugs_count += 1;
            let told = self.gadget.connect();
            self.send(&told);
        }
    }
}

/// A USB socket with a device that can be pulled out of it.
#[derive(Debug)]
pub struct Socket {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

impl Socket {
    /// Listens on `address` (loopback) and serves from a thread of its own; nothing is plugged in yet.
    pub fn listen(address: SocketAddr, shape: UsbShape) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind(address)?;
        let socket = Arc::new(Self {
            address: listener.local_addr()?,
            state: Mutex::new(State {
                gadget: Gadget::new(shape),
                plugged: false,
                host: None,
                closed: false,
                plugs_count: 0,
            }),
            changed: Condvar::new(),
        });
        let served = socket.clone();
        thread::Builder::new()
            .name("usb".into())
            .spawn(move || served.serve(&listener))?;
        Ok(socket)
    }

    /// Where virtual machines connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// True while the device is plugged in, whether or not a machine is there.
    pub fn is_plugged(&self) -> bool {
        self.lock().plugged
    }

    /// How often the device came under power.
    pub fn plugs_count(&self) -> u64 {
        self.lock().plugs_count
    }

    /// Plugs the device in.
    pub fn plug(&self) {
        let mut state = self.lock();
        if !state.plugged {
            state.plugged = true;
            state.power_on();
        }
    }

    /// Pulls it.
    pub fn unplug(&self) {
        let mut state = self.lock();
        if state.plugged {
            state.send(&redir::disconnect());
            state.plugged = false;
            self.changed.notify_all();
        }
    }

    /// Ends the thread and the connection.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if let Some(host) = state.host.take() {
            let _ = host.shutdown(Shutdown::Both);
        }
        drop(state);
        self.changed.notify_all();
        // The thread waits for a machine: this is the last one.
        let _ = TcpStream::connect(self.address);
    }

    /// Waits at most `wait` for bytes of the host.
    pub fn read(&self, buffer: &mut [u8], wait: Duration) -> Heard {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            if state.closed {
                return Heard::Closed;
            }
            let powered = state.has_power();
            if powered {
                let count = state.gadget.take(buffer);
                if count > 0 {
                    return Heard::Bytes(count);
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return if powered { Heard::Silence } else { Heard::Unplugged };
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The next bytes written are the beginning of a reply.
    pub fn begin_reply(&self) {
        self.lock().gadget.begin_reply();
    }

    /// Hands bytes to the host's transfers; false without power.
    pub fn write(&self, bytes: &[u8]) -> bool {
        let mut state = self.lock();
        if !state.has_power() {
            return false;
        }
        let told = state.gadget.say(bytes);
        told.is_empty() || state.send(&told)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.lock().closed {
                return;
            }
            let ended = stream.and_then(|stream| self.talk(stream));
            let mut state = self.lock();
            state.host = None;
            if let Err(error) = ended {
                tracing::debug!(%error, "a virtual machine went away");
            }
        }
    }

    fn talk(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.write_all(&redir::hello())?;
        let mut parser = Parser::default();
        let mut buffer = [0; 4096];
        loop {
            while let Some(packet) = parser.next_packet() {
                let (id, packet) = packet.map_err(|NotRedir| io::Error::other(NotRedir))?;
                self.hear(id, packet, &stream)?;
            }
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                count => parser.push(&buffer[..count]),
            }
        }
    }

    fn hear(&self, id: u32, packet: FromHost, stream: &TcpStream) -> io::Result<()> {
        let mut state = self.lock();
        if packet == FromHost::Hello {
            state.host = Some(stream.try_clone()?);
            state.power_on();
        } else if state.has_power() {
            let told = state.gadget.hear(id, packet);
            state.send(&told);
        }
        self.changed.notify_all();
        Ok(())
    }
}
