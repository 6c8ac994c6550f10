//! USB bulk by libusb. Endpoints come from the descriptor, never from the ids.

use std::time::Duration;

use drivers_device::{Transport, TransportError};
use rusb::{Context, Device, DeviceHandle, Direction, TransferType, UsbContext as _};

use crate::bulk::{Bulk, Exchange};
use crate::gone;
use crate::layout::{Endpoint, choose_layout};

/// libusb takes 0 for "no limit".
const WAIT_MIN: Duration = Duration::from_millis(1);

/// One device.
#[derive(Debug)]
pub struct Usb {
    port: String,
    vendor: u16,
    product: u16,
    open: Option<Exchange<DeviceHandle<Context>>>,
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

    fn open(&self) -> Result<Exchange<DeviceHandle<Context>>, TransportError> {
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
        Ok(Exchange::new(handle, layout))
    }
}

impl Bulk for DeviceHandle<Context> {
    fn put(&mut self, to: u8, bytes: &[u8], within: Duration) -> Result<usize, String> {
        // After a time-out the count may be short without an error.
        match self.write_bulk(to, bytes, within.max(WAIT_MIN)) {
            Err(rusb::Error::Timeout | rusb::Error::Interrupted) => Ok(0),
            Err(rusb::Error::Pipe) => unhalted(self.clear_halt(to)),
            other => other.map_err(|error| error.to_string()),
        }
    }

    fn fetch(&mut self, from: u8, buffer: &mut [u8], within: Duration) -> Result<usize, String> {
        match self.read_bulk(from, buffer, within.max(WAIT_MIN)) {
            Err(rusb::Error::Timeout | rusb::Error::Interrupted) => Ok(0),
            Err(rusb::Error::Pipe) => unhalted(self.clear_halt(from)),
            other => other.map_err(|error| error.to_string()),
        }
    }
}

/// A halted endpoint says nothing more until it is told to; a device that left in the meantime says so here.
fn unhalted(cleared: rusb::Result<()>) -> Result<usize, String> {
    cleared.map(|()| 0).map_err(|error| error.to_string())
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
        open.read(buffer, deadline).map_err(|error| {
            self.open = None;
            gone(&self.port, error)
        })
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
