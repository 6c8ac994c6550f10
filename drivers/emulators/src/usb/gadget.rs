//! A reader as a USB device: descriptors, control requests, bulk endpoints with their queues. Pure.
//!
//! A transfer to the host ends as on a real bus: when as many bytes came as were asked for, or with a packet shorter
//! than the endpoint's size. What the host asked for and took back stays in the device's queue.

use std::collections::VecDeque;

use super::redir::{self, FromHost, Setup, Status};

/// The ids that readers with the SAM_V module carry (reference section 3).
pub const VENDOR: u16 = 0x0400;
/// See [`VENDOR`].
pub const PRODUCT: u16 = 0xC35A;
/// The largest packet of a full-speed bulk endpoint.
const PACKET_LEN: u16 = 64;
/// Bytes of a reply that travel on the first endpoint of the split layout.
const HEAD_LEN: usize = 7;
/// Class "vendor specific"; no source names the real one.
const CLASS: u8 = 0xFF;

/// Which of the two layouts that occur for the same ids (reference section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsbShape {
    /// Heads on 0x02 and 0x81, the rest on 0x06 and 0x85.
    Split,
    /// Whole frames on one endpoint each way.
    Single,
}

impl UsbShape {
    /// `split` or `single`.
    pub fn named(text: &str) -> Option<Self> {
        match text {
            "split" => Some(Self::Split),
            "single" => Some(Self::Single),
            _ => None,
        }
    }

    /// Bulk endpoints in the order of the descriptor: not sorted, as nobody promises that.
    fn endpoints(self) -> &'static [u8] {
        match self {
            Self::Split => &[0x85, 0x06, 0x81, 0x02],
            Self::Single => &[0x82, 0x01],
        }
    }

    fn device_descriptor(self) -> Vec<u8> {
        let ids = [VENDOR, PRODUCT, 0x0100].map(u16::to_le_bytes).concat();
        let packet_len = u8::try_from(PACKET_LEN).expect("64");
        [&[18, 1, 0x10, 0x01, 0, 0, 0, packet_len][..], &ids, &[0, 0, 0, 1]].concat()
    }

    fn config_descriptor(self) -> Vec<u8> {
        let endpoints = self.endpoints();
        let count = u8::try_from(endpoints.len()).expect("two or four");
        let length = u16::from(count) * 7 + 18;
        let [low, high] = length.to_le_bytes();
        // Configuration 1, one interface, bus-powered, 200 mA.
        let mut out = vec![9, 2, low, high, 1, 1, 0, 0x80, 100];
        out.extend([9, 4, 0, 0, count, CLASS, 0, 0, 0]);
        let [low, high] = PACKET_LEN.to_le_bytes();
        for address in endpoints {
            out.extend([7, 5, *address, 2, low, high, 0]);
        }
        out
    }
}

/// Where transfers to the host wait for data, and data for transfers.
#[derive(Debug, Default)]
struct Pipe {
    address: u8,
    packets: VecDeque<Vec<u8>>,
    asked: VecDeque<(u32, u16)>,
}

impl Pipe {
    /// The next transfer that can end, if any.
    fn next(&mut self) -> Option<Vec<u8>> {
        let (id, wanted) = *self.asked.front()?;
        let mut length = 0;
        let mut packets_count = 0;
        let mut ended = false;
        for packet in &self.packets {
            length += packet.len();
            packets_count += 1;
            ended = packet.len() < usize::from(PACKET_LEN) || length >= usize::from(wanted);
            if ended {
                break;
            }
        }
        if !ended {
            return None;
        }
        self.asked.pop_front();
        let data: Vec<u8> = self.packets.drain(..packets_count).flatten().collect();
        let count = u16::try_from(data.len()).unwrap_or(u16::MAX);
        if count > wanted {
            return Some(redir::bulk(id, self.address, Status::Babble, 0, &[]));
        }
        Some(redir::bulk(id, self.address, Status::Success, count, &data))
    }
}

/// The device.
#[derive(Debug)]
pub struct Gadget {
    shape: UsbShape,
    configuration: u8,
    /// What the host has sent and the twin has not yet taken.
    heard: Vec<u8>,
    pipes: Vec<Pipe>,
    /// Bytes of the reply being sent that still belong on the first endpoint.
    head_left: usize,
}

impl Gadget {
    /// A device of this layout, without power.
    pub fn new(shape: UsbShape) -> Self {
        let addresses = shape.endpoints().iter().filter(|address| **address & 0x80 != 0);
        let mut pipes: Vec<Pipe> = addresses
            .map(|address| Pipe {
                address: *address,
                ..Pipe::default()
            })
            .collect();
        pipes.sort_by_key(|pipe| pipe.address);
        Self {
            shape,
            configuration: 0,
            heard: Vec::new(),
            pipes,
            head_left: HEAD_LEN,
        }
    }

    /// What the host is told when the device is plugged in.
    pub fn connect(&mut self) -> Vec<u8> {
        *self = Self::new(self.shape);
        let mut out = redir::endpoints(CLASS, self.shape.endpoints(), PACKET_LEN);
        out.extend(redir::connect(VENDOR, PRODUCT, 0x0100));
        out
    }

    /// Takes at most `buffer.len()` bytes that the host has sent.
    pub fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.heard.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.heard[..count]);
        self.heard.drain(..count);
        count
    }

    /// The next bytes said are the beginning of a reply.
    pub fn begin_reply(&mut self) {
        self.head_left = HEAD_LEN;
    }

    /// Sends bytes of a reply to the host; what is returned goes over the socket.
    pub fn say(&mut self, bytes: &[u8]) -> Vec<u8> {
        let head_len = match self.shape {
            UsbShape::Split => self.head_left.min(bytes.len()),
            UsbShape::Single => 0,
        };
        self.head_left -= head_len;
        let (head, rest) = bytes.split_at(head_len);
        let last = self.pipes.len() - 1;
        queue(&mut self.pipes[0], head);
        queue(&mut self.pipes[last], rest);
        self.flow()
    }

    /// Answers the host; what is returned goes over the socket.
    pub fn hear(&mut self, id: u32, packet: FromHost) -> Vec<u8> {
        match packet {
            FromHost::Hello | FromHost::Other(_) => Vec::new(),
            FromHost::Reset => {
                self.configuration = 0;
                Vec::new()
            }
            FromHost::SetConfiguration(configuration) => {
                self.configuration = configuration;
                redir::configuration(id, configuration)
            }
            FromHost::GetConfiguration => redir::configuration(id, self.configuration),
            FromHost::SetAltSetting(interface, alt) => redir::alt_setting(id, interface, alt),
            FromHost::GetAltSetting(interface) => redir::alt_setting(id, interface, 0),
            FromHost::Control(setup) => self.control(id, setup),
            FromHost::Bulk(endpoint, length, data) => self.bulk(id, endpoint, length, &data),
            FromHost::Cancel => self.cancel(id),
        }
    }

    fn control(&self, id: u32, setup: Setup) -> Vec<u8> {
        let [kind, _] = setup.value.to_be_bytes();
        let answer = match (setup.request_type, setup.request) {
            (0x80, 6) if kind == 1 => Some(self.shape.device_descriptor()),
            (0x80, 6) if kind == 2 => Some(self.shape.config_descriptor()),
            // Status of device, interface, endpoint: nothing to report.
            (0x80..=0x82, 0) => Some(vec![0, 0]),
            // An endpoint's halt is cleared.
            (0x02, 1) => Some(Vec::new()),
            _ => None,
        };
        match answer {
            Some(mut data) => {
                data.truncate(usize::from(setup.length));
                redir::control(id, setup, Status::Success, &data)
            }
            None => redir::control(id, setup, Status::Stall, &[]),
        }
    }

    fn bulk(&mut self, id: u32, endpoint: u8, length: u16, data: &[u8]) -> Vec<u8> {
        if !self.shape.endpoints().contains(&endpoint) {
            return redir::bulk(id, endpoint, Status::Invalid, 0, &[]);
        }
        match self.pipes.iter_mut().find(|pipe| pipe.address == endpoint) {
            Some(pipe) => {
                pipe.asked.push_back((id, length));
                self.flow()
            }
            None => {
                self.heard.extend_from_slice(data);
                redir::bulk(id, endpoint, Status::Success, length, &[])
            }
        }
    }

    fn cancel(&mut self, id: u32) -> Vec<u8> {
        let pipe = self
            .pipes
            .iter_mut()
            .find(|pipe| pipe.asked.iter().any(|(asked, _)| *asked == id));
        match pipe {
            Some(pipe) => {
                pipe.asked.retain(|(asked, _)| *asked != id);
                redir::bulk(id, pipe.address, Status::Cancelled, 0, &[])
            }
            // It had ended already.
            None => Vec::new(),
        }
    }

    /// Ends every transfer that can end.
    fn flow(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for pipe in &mut self.pipes {
            while let Some(ended) = pipe.next() {
                out.extend(ended);
            }
        }
        out
    }
}

/// Cuts one transfer into packets; one that fills its last packet ends with an empty one.
fn queue(pipe: &mut Pipe, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let packet_len = usize::from(PACKET_LEN);
    pipe.packets.extend(bytes.chunks(packet_len).map(<[u8]>::to_vec));
    if bytes.len().is_multiple_of(packet_len) {
        pipe.packets.push_back(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_of(answer: &[u8]) -> &[u8] {
        // Packet head 12, bulk head 8.
        &answer[20..]
    }

    #[test]
    fn a_reply_is_split_into_head_and_rest() {
        let mut gadget = Gadget::new(UsbShape::Split);
        let reply: Vec<u8> = (0..200).collect();
        assert!(gadget.hear(1, FromHost::Bulk(0x81, 512, Vec::new())).is_empty());
        gadget.begin_reply();
        let head = gadget.say(&reply);
        assert_eq!(data_of(&head), &reply[..7]);
        let rest = gadget.hear(2, FromHost::Bulk(0x85, 512, Vec::new()));
        assert_eq!(data_of(&rest), &reply[7..]);
    }

    #[test]
    fn a_transfer_that_was_taken_back_leaves_its_bytes_for_the_next() {
        let mut gadget = Gadget::new(UsbShape::Single);
        gadget.hear(1, FromHost::Bulk(0x82, 64, Vec::new()));
        let cancelled = gadget.hear(1, FromHost::Cancel);
        assert_eq!(cancelled[13], Status::Cancelled as u8);
        assert!(gadget.say(b"late").is_empty());
        assert_eq!(data_of(&gadget.hear(2, FromHost::Bulk(0x82, 64, Vec::new()))), b"late");
    }

    #[test]
    fn more_than_was_asked_for_is_babble() {
        let mut gadget = Gadget::new(UsbShape::Single);
        gadget.say(&[7; 64]);
        let ended = gadget.hear(1, FromHost::Bulk(0x82, 63, Vec::new()));
        assert_eq!((ended[13], data_of(&ended).len()), (Status::Babble as u8, 0));
    }

    #[test]
    fn the_descriptors_say_their_own_lengths() {
        for shape in [UsbShape::Split, UsbShape::Single] {
            assert_eq!(shape.device_descriptor().len(), 18);
            let config = shape.config_descriptor();
            assert_eq!(usize::from(config[2]), config.len());
            assert_eq!(usize::from(config[13]), shape.endpoints().len());
        }
    }
}
