//! Which bulk endpoints carry what, chosen from the descriptor. Pure.

/// A bulk endpoint as the descriptor lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// With the direction in its highest bit (set: to the host).
    pub address: u8,
    /// Bytes of one packet.
    pub packet_len: u16,
}

impl Endpoint {
    fn is_in(self) -> bool {
        self.address & 0x80 != 0
    }
}

/// How frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsbLayout {
    /// The 7 bytes of a frame's head on the first endpoint, the rest on the second, each way.
    Split {
        /// Out: head, rest.
        out: [Endpoint; 2],
        /// In: head, rest.
        input: [Endpoint; 2],
    },
    /// Everything on one endpoint each way; some printers have no way back.
    Single {
        /// Out.
        out: Endpoint,
        /// In.
        input: Option<Endpoint>,
    },
}

/// Two bulk endpoints each way mean split, one out means single; `None` when a device has no bulk way out.
///
/// In the split layout the lower address carries the head (0x02 before 0x06, 0x81 before 0x85).
pub fn choose_layout(bulk: &[Endpoint]) -> Option<UsbLayout> {
    let mut sorted = bulk.to_vec();
    sorted.sort_by_key(|endpoint| endpoint.address);
    let (input, out): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|endpoint| endpoint.is_in());
    match (out.as_slice(), input.as_slice()) {
        ([head, rest], [head_in, rest_in]) => Some(UsbLayout::Split {
            out: [*head, *rest],
            input: [*head_in, *rest_in],
        }),
        ([out, ..], input) => Some(UsbLayout::Single {
            out: *out,
            input: input.first().copied(),
        }),
        ([], _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: u8) -> Endpoint {
        Endpoint {
            address,
            packet_len: 64,
        }
    }

    #[test]
    fn two_bulk_endpoints_each_way_are_split_whatever_their_order() {
        let layout = choose_layout(&[0x85, 0x06, 0x81, 0x02].map(endpoint));
        let expected = UsbLayout::Split {
            out: [endpoint(0x02), endpoint(0x06)],
            input: [endpoint(0x81), endpoint(0x85)],
        };
        assert_eq!(layout, Some(expected));
    }

    #[test]
    fn one_bulk_endpoint_each_way_is_single() {
        let expected = UsbLayout::Single {
            out: endpoint(0x01),
            input: Some(endpoint(0x82)),
        };
        assert_eq!(choose_layout(&[0x82, 0x01].map(endpoint)), Some(expected));
    }

    #[test]
    fn a_printer_without_a_way_back_can_still_be_written_to() {
        let expected = UsbLayout::Single {
            out: endpoint(0x01),
            input: None,
        };
        assert_eq!(choose_layout(&[endpoint(0x01)]), Some(expected));
        assert_eq!(choose_layout(&[endpoint(0x81)]), None);
        assert_eq!(choose_layout(&[]), None);
    }
}
