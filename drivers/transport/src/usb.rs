//! USB bulk by libusb. Endpoints come from the descriptor, never from the ids.

use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use rusb::{Context, Device, DeviceHandle, Direction, TransferType, UsbContext as _};

use crate::layout::{Endpoint, UsbLayout, choose_layout};
use crate::{gone, left};

/// Bytes of a frame that travel on the first endpoint of a split layout; LEN are the last two of them.
const HEAD_LEN: usize = 7;
/// libusb takes 0 for "no limit".
const WAIT_MIN: Duration = Duration::from_millis(1);
/// Reads ask for at least a high-speed packet, or libusb reports an overflow.
const READ_LEN: usize = 512;

/// One device.
#[derive(Debug)]
pub struct Usb {
    port: String,
    vendor: u16,
    product: u16,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    handle: DeviceHandle<Context>,
    layout: UsbLayout,
    head: Vec<u8>,
    /// Bytes of the reply that are still to come on the second endpoint.
    rest_len: usize,
    waiting: Vec<u8>,
}

impl Usb {
    /// Not opened yet; call [`Transport::reopen`].
    pub fn closed(port: &str, vendor: u16, product: u16) -> Self {
        Self {
            port: port.into(),
            vendor,
            product,
            open: None,
        }
    }

    fn find(&self) -> Result<Device<Context>, TransportError> {
        // A context of our own and not the library's global one, which panics where there is no USB at all.
        let context = Context::new().map_err(|error| gone(&self.port, format!("no USB here: {error}")))?;
        let devices = context.devices().map_err(|error| gone(&self.port, error))?;
        let mut matching = devices.iter().filter(|device| {
            let ids = device
                .device_descriptor()
                .map(|found| (found.vendor_id(), found.product_id()));
            ids == Ok((self.vendor, self.product))
        });
        matching
            .next()
            .ok_or_else(|| gone(&self.port, "no such device is plugged in"))
    }

    fn open(&self) -> Result<Open, TransportError> {
        let refuse = |error: rusb::Error| TransportError::Refused {
            port: self.port.clone(),
            reason: error.to_string(),
        };
        let device = self.find()?;
        let config = device.active_config_descriptor().map_err(refuse)?;
        let interface = config
            .interfaces()
            .next()
            .and_then(|interface| interface.descriptors().next());
        let interface = interface.ok_or_else(|| refuse(rusb::Error::NotFound))?;
        let bulk: Vec<Endpoint> = interface
            .endpoint_descriptors()
            .filter(|endpoint| endpoint.transfer_type() == TransferType::Bulk)
            .map(|endpoint| Endpoint {
                address: endpoint.address() | if endpoint.direction() == Direction::In { 0x80 } else { 0 },
                packet_len: endpoint.max_packet_size(),
            })
            .collect();
        let layout = choose_layout(&bulk).ok_or_else(|| refuse(rusb::Error::NotSupported))?;
        let handle = device.open().map_err(refuse)?;
        // Takes the kernel's driver off only if one is bound, and gives the device back to it when we let go.
        match handle.set_auto_detach_kernel_driver(true) {
            Ok(()) | Err(rusb::Error::NotSupported) => {}
            Err(error) => return Err(refuse(error)),
        }
        handle.claim_interface(interface.interface_number()).map_err(refuse)?;
        Ok(Open {
            handle,
            layout,
            head: Vec::new(),
            rest_len: 0,
            waiting: Vec::new(),
        })
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, rusb::Error> {
        let start = Instant::now();
        // A new request: what was missing of an older reply will not be waited for.
        self.head.clear();
        self.rest_len = 0;
        match self.layout {
            UsbLayout::Single { out, .. } => self.send(out, bytes, start, deadline),
            UsbLayout::Split { out: [head, rest], .. } => {
                let (first, second) = bytes.split_at(bytes.len().min(HEAD_LEN));
                let sent = self.send(head, first, start, deadline)?;
                if sent < first.len() || second.is_empty() {
                    return Ok(sent);
                }
                Ok(sent + self.send(rest, second, start, deadline)?)
            }
        }
    }

    fn send(&self, to: Endpoint, bytes: &[u8], start: Instant, deadline: Duration) -> Result<usize, rusb::Error> {
        let mut sent = 0;
        while sent < bytes.len() {
            let time = left(start, deadline);
            match self.handle.write_bulk(to.address, &bytes[sent..], time.max(WAIT_MIN)) {
                // After a time-out the count may be short without an error.
                Ok(count) => sent += count,
                Err(rusb::Error::Timeout | rusb::Error::Interrupted) => {}
                Err(error) => return Err(error),
            }
            if left(start, deadline).is_zero() {
                break;
            }
        }
        Ok(sent)
    }

    fn fetch(&mut self, deadline: Duration) -> Result<(), rusb::Error> {
        let from = match self.layout {
            UsbLayout::Single { input: Some(input), .. } => input,
            UsbLayout::Single { input: None, .. } => {
                std::thread::sleep(deadline);
                return Ok(());
            }
            UsbLayout::Split {
                input: [head, rest], ..
            } => {
                if self.rest_len == 0 {
                    head
                } else {
                    rest
                }
            }
        };
        let mut buffer = vec![0; READ_LEN.max(usize::from(from.packet_len))];
        let count = match self.handle.read_bulk(from.address, &mut buffer, deadline.max(WAIT_MIN)) {
            Ok(count) => count,
            Err(rusb::Error::Timeout | rusb::Error::Interrupted) => 0,
            Err(error) => return Err(error),
        };
        if let UsbLayout::Split { .. } = self.layout {
            self.count_rest(&buffer[..count]);
        }
        self.waiting.extend_from_slice(&buffer[..count]);
        Ok(())
    }

    /// Follows head and rest of a reply, to know which endpoint speaks next.
    fn count_rest(&mut self, bytes: &[u8]) {
        if self.rest_len > 0 {
            self.rest_len = self.rest_len.saturating_sub(bytes.len());
            return;
        }
        self.head.extend_from_slice(bytes);
        if let Some([.., high, low]) = self.head.get(..HEAD_LEN) {
            self.rest_len = usize::from(*high) << 8 | usize::from(*low);
            self.head.clear();
        }
    }
}

impl Transport for Usb {
    fn port(&self) -> &str {
        &self.port
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        let Some(open) = &mut self.open else {
            return Err(gone(&self.port, "not open"));
        };
        open.write(bytes, deadline).map_err(|error| {
            self.open = None;
            gone(&self.port, error)
        })
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let Some(open) = &mut self.open else {
            return Err(gone(&self.port, "not open"));
        };
        if open.waiting.is_empty()
            && let Err(error) = open.fetch(deadline)
        {
            self.open = None;
            return Err(gone(&self.port, error));
        }
        let count = open.waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&open.waiting[..count]);
        open.waiting.drain(..count);
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.open = None;
        self.open = Some(self.open()?);
        Ok(())
    }
}
