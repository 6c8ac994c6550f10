//! USB without a USB plug: the device's side of the usbredir protocol, served on a socket.
//!
//! QEMU's `usb-redir` device connects here and gives its guest a USB device that enumerates, takes bulk transfers and
//! can be pulled out. [`redir`] knows the packets, [`gadget`] is the device (descriptors, endpoints, queues), both
//! without a socket; [`socket`] serves them.

pub mod gadget;
pub mod redir;
mod socket;

pub use gadget::UsbShape;
pub(crate) use socket::Socket;
