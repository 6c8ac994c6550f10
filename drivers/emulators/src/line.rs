//! A serial line seen from the device: paced at the rate of the wire, with a plug that can be pulled.
//!
//! A port can be USB instead: then the bytes travel as [`crate::usb`] says and no rate applies.
//!
//! One thread owns a [`Line`]; the control interface holds the [`Port`] of the same device and pulls and plugs.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::pty::Pty;
use crate::usb::{Socket, UsbShape};
use crate::wire::as_heard;

/// One byte on the wire is ten bits: start, eight data, stop.
const BITS_PER_BYTE: u32 = 10;
/// A pull is noticed within this time, also in the middle of a long wait.
const SLICE: Duration = Duration::from_millis(10);
/// A line busier than this long ago is idle: its next byte starts now.
const IDLE_AFTER: Duration = Duration::from_millis(20);

/// The plug of one device: shared by its [`Line`] and the control interface.
#[derive(Debug)]
pub struct Port {
    link: PathBuf,
    pty: Mutex<Option<Arc<Pty>>>,
    plugs_count: AtomicU64,
    closed: AtomicBool,
    /// A device on USB has this instead of a pseudo-terminal.
    usb: Option<Arc<Socket>>,
}

impl Port {
    /// A port that is not plugged in yet; its slave will be linked as `link`.
    pub fn new(link: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            link,
            pty: Mutex::new(None),
            plugs_count: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            usb: None,
        })
    }

    /// A USB port, served to virtual machines on `address`; nothing is plugged in yet. Its link is no file but
    /// `usbredir:ADDRESS`.
    pub fn usb(address: SocketAddr, shape: UsbShape) -> io::Result<Arc<Self>> {
        let socket = Socket::listen(address, shape)?;
        Ok(Arc::new(Self {
            link: PathBuf::from(format!("usbredir:{}", socket.address())),
            pty: Mutex::new(None),
            plugs_count: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            usb: Some(socket),
        }))
    }

    /// Where the slave is linked while the device is plugged in.
    pub fn link(&self) -> &PathBuf {
        &self.link
    }

    /// True while the device is plugged in.
    pub fn is_plugged(&self) -> bool {
        self.usb
            .as_ref()
            .map_or_else(|| self.slot().is_some(), |usb| usb.is_plugged())
    }

    /// Plugs the device in: a new pseudo-terminal under the old name. Nothing happens when it is plugged in already.
    pub fn plug(&self) -> io::Result<()> {
        if let Some(usb) = &self.usb {
            usb.plug();
            return Ok(());
        }
        let mut slot = self.slot();
        if slot.is_none() {
            *slot = Some(Arc::new(Pty::open(&self.link)?));
            self.plugs_count.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Pulls the plug: the link goes and the host's open file is hung up before this returns.
    pub fn unplug(&self) {
        if let Some(usb) = &self.usb {
            return usb.unplug();
        }
        let Some(mut pty) = self.slot().take() else { return };
        // The device's thread may be looking at it for one more slice.
        loop {
            match Arc::try_unwrap(pty) {
                Ok(last) => return drop(last),
                Err(shared) => pty = shared,
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Pulls the plug for good: the device's thread ends.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.unplug();
        if let Some(usb) = &self.usb {
            usb.close();
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Pty>>> {
        self.pty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a device hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// So many bytes were put at the start of the buffer.
    Bytes(usize),
    /// Nothing within the time.
    Silence,
    /// The cable is not plugged in. A device that gets its power from the cable forgets everything now.
    Unplugged,
    /// The bench is being closed: leave the thread.
    Closed,
}

/// The device's end of the cable. Reads and writes take as long as they take on a wire.
#[derive(Debug)]
pub struct Line {
    port: Arc<Port>,
    baud: u32,
    sent_until: Instant,
    heard_until: Instant,
    /// Heard (after a change of rate perhaps more bytes than were sent) but not yet taken.
    waiting: Vec<u8>,
}

impl Line {
    /// The device's end of `port`, listening at `baud`.
    pub fn new(port: Arc<Port>, baud: u32) -> Self {
        let now = Instant::now();
        Self {
            port,
            baud,
            sent_until: now,
            heard_until: now,
            waiting: Vec::new(),
        }
    }

    /// The rate at which the device itself sends and listens.
    pub fn baud(&self) -> u32 {
        self.baud
    }

    /// Changes the device's own rate. A host at another rate hears garbage, and is heard as garbage.
    pub fn set_baud(&mut self, baud: u32) {
        self.baud = baud;
    }

    /// How often the device was plugged in so far; a device compares it to see that it lost power in between.
    pub fn plugs_count(&self) -> u64 {
        let of_pty = || self.port.plugs_count.load(Ordering::SeqCst);
        self.port.usb.as_ref().map_or_else(of_pty, |usb| usb.plugs_count())
    }

    /// Waits at most `wait` for bytes. Returns when the last byte handed over has arrived on the wire, so a long
    /// stream comes in pieces of about two milliseconds.
    pub fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Heard {
        if let Some(usb) = &self.port.usb {
            return usb.read(buffer, wait);
        }
        let until = Instant::now() + wait;
        loop {
            if !self.waiting.is_empty() {
                let count = self.waiting.len().min(buffer.len());
                buffer[..count].copy_from_slice(&self.waiting[..count]);
                self.waiting.drain(..count);
                return Heard::Bytes(count);
            }
            if self.port.closed.load(Ordering::SeqCst) {
                return Heard::Closed;
            }
            let left = until.saturating_duration_since(Instant::now());
            let Some(pty) = self.port.slot().clone() else {
                thread::sleep(left.min(SLICE));
                return Heard::Unplugged;
            };
            match self.listen(&pty, left.min(SLICE)) {
                Ok(()) if self.waiting.is_empty() && Instant::now() >= until => return Heard::Silence,
                Ok(()) => {}
                Err(error) => {
                    tracing::debug!(%error, "the pseudo-terminal went away");
                    return Heard::Unplugged;
                }
            }
        }
    }

    /// Lets time pass without listening: what the host sends stays on the line, as with a device whose buffer is full.
    pub fn pause(&mut self, wait: Duration) -> Heard {
        if self.port.closed.load(Ordering::SeqCst) {
            return Heard::Closed;
        }
        thread::sleep(wait.min(SLICE));
        if self.port.is_plugged() {
            Heard::Silence
        } else {
            Heard::Unplugged
        }
    }

    /// What is written next is the beginning of a reply: USB has an endpoint for it in one of its layouts.
    pub fn begin_reply(&mut self) {
        if let Some(usb) = &self.port.usb {
            usb.begin_reply();
        }
    }

    /// Sends bytes at the device's rate and returns when the last one has left; false when the cable was pulled. Bytes
    /// that the host does not fetch are lost once the kernel's buffer is full, as in a real UART.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        if let Some(usb) = &self.port.usb {
            return usb.write(bytes);
        }
        // Late chunks of one stream catch up; a new one starts when it starts.
        self.sent_until = self.sent_until.max(Instant::now());
        for chunk in bytes.chunks(bytes_in_two_ms(self.baud)) {
            self.sent_until += wire_time(chunk.len(), self.baud);
            thread::sleep(self.sent_until.saturating_duration_since(Instant::now()));
            let Some(pty) = self.port.slot().clone() else {
                return false;
            };
            let written = pty
                .host_baud()
                .and_then(|host| pty.write(&as_heard(chunk, self.baud, host)));
            if let Err(error) = written {
                tracing::debug!(%error, "the pseudo-terminal went away");
                return false;
            }
        }
        true
    }

    fn listen(&mut self, pty: &Pty, wait: Duration) -> io::Result<()> {
        // Bytes that are there at once follow the last ones; bytes that had to be waited for start now.
        let follows = pty.wait_readable(Duration::ZERO)?;
        if !follows && !pty.wait_readable(wait)? {
            return Ok(());
        }
        let host = pty.host_baud()?;
        let mut sent = vec![0; bytes_in_two_ms(host)];
        let count = pty.read(&mut sent)?;
        let now = Instant::now();
        let busy_until = if follows { self.heard_until } else { now };
        self.heard_until = after(now, busy_until) + wire_time(count, host);
        thread::sleep(self.heard_until.saturating_duration_since(now));
        self.waiting = as_heard(&sent[..count], host, self.baud);
        Ok(())
    }
}

/// When the next byte starts on a line that was busy until `busy_until`.
fn after(now: Instant, busy_until: Instant) -> Instant {
    if busy_until + IDLE_AFTER < now { now } else { busy_until }
}

/// How long `count` bytes take on a wire of `baud`.
pub fn wire_time(count: usize, baud: u32) -> Duration {
    Duration::from_micros(count as u64 * u64::from(BITS_PER_BYTE) * 1_000_000 / u64::from(baud.max(1)))
}

fn bytes_in_two_ms(baud: u32) -> usize {
    (baud / BITS_PER_BYTE / 500).max(1) as usize
}
