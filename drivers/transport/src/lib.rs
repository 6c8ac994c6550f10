//! Cables: serial lines (also pseudo-terminals), USB bulk, TCP, all behind [`Transport`].
//!
//! Bytes and deadlines only: no protocol is known here, and nothing blocks longer than it is told. The one thing about
//! contents is in [`UsbLayout::Split`], where a reader wants the head of a frame on one endpoint and the rest on
//! another.

mod bulk;
mod layout;
mod serial;
mod tcp;
mod usb;

use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};

pub use layout::{Endpoint, UsbLayout, choose_layout};
pub use serial::{Parity, Serial};
pub use tcp::Tcp;
pub use usb::Usb;

/// How the port's text is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spec {
    Serial,
    Usb { vendor: u16, product: u16 },
    Tcp { address: String },
}

/// Opens `port_spec`: a serial path, `usb:VID:PID` (hexadecimal), or `tcp:HOST:PORT`. `baud` matters to serial lines.
///
/// A port that is not there is [`TransportError::Gone`]: to wait for a device, use [`closed`] and reopen.
pub fn open(port_spec: &str, baud: u32) -> Result<Box<dyn Transport>, TransportError> {
    let mut transport = closed(port_spec, baud)?;
    transport.reopen()?;
    Ok(transport)
}

/// Like [`open`], but for a device that may be plugged in later: only a port that cannot be understood is refused.
pub fn closed(port_spec: &str, baud: u32) -> Result<Box<dyn Transport>, TransportError> {
    closed_with(port_spec, baud, Parity::None)
}

/// Like [`closed`], for a device that wants a parity bit; it matters to serial lines.
pub fn closed_with(port_spec: &str, baud: u32, parity: Parity) -> Result<Box<dyn Transport>, TransportError> {
    Ok(match parse(port_spec)? {
        Spec::Serial => Box::new(Serial::closed(port_spec, baud, parity)),
        Spec::Usb { vendor, product } => Box::new(Usb::closed(port_spec, vendor, product)),
        Spec::Tcp { address } => Box::new(Tcp::closed(port_spec, &address)),
    })
}

fn parse(port_spec: &str) -> Result<Spec, TransportError> {
    let refuse = |reason: &str| TransportError::Refused {
        port: port_spec.into(),
        reason: reason.into(),
    };
    if let Some(ids) = port_spec.strip_prefix("usb:") {
        let pair = ids.split_once(':').and_then(|(vendor, product)| {
            let id = |text: &str| u16::from_str_radix(text.trim_start_matches("0x"), 16).ok();
            Some((id(vendor)?, id(product)?))
        });
        let (vendor, product) =
            pair.ok_or_else(|| refuse("a USB port is written usb:VID:PID, such as usb:0400:c35a"))?;
        return Ok(Spec::Usb { vendor, product });
    }
    if let Some(address) = port_spec.strip_prefix("tcp:") {
        let fits = address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !fits {
            return Err(refuse(
                "a network port is written tcp:HOST:PORT, such as tcp:192.0.2.7:9100",
            ));
        }
        return Ok(Spec::Tcp {
            address: address.into(),
        });
    }
    if port_spec.is_empty() {
        return Err(refuse("no port given"));
    }
    Ok(Spec::Serial)
}

/// What is left of a wait that began at `start`.
fn left(start: Instant, deadline: Duration) -> Duration {
    deadline.saturating_sub(start.elapsed())
}

fn gone(port: &str, reason: impl ToString) -> TransportError {
    TransportError::Gone {
        port: port.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_texts_are_understood_or_refused_with_an_example() {
        let usb = Spec::Usb {
            vendor: 0x0400,
            product: 0xC35A,
        };
        assert_eq!(parse("usb:0400:C35A").expect("understood"), usb);
        assert_eq!(parse("usb:0x0400:0xc35a").expect("understood"), usb);
        assert_eq!(parse("/dev/ttyS0").expect("understood"), Spec::Serial);
        assert!(matches!(parse("tcp:[::1]:9100"), Ok(Spec::Tcp { .. })));
        for bad in [
            "usb:0400",
            "usb:printer:1",
            "tcp:host",
            "tcp::9100",
            "tcp:host:99999",
            "",
        ] {
            assert!(
                matches!(parse(bad), Err(TransportError::Refused { .. })),
                "{bad} was taken"
            );
        }
    }
}
