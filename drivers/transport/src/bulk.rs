//! Frames over bulk endpoints, in either layout. Knows no library: tests put a device of their own behind [`Bulk`].

use std::time::{Duration, Instant};

use crate::layout::{Endpoint, UsbLayout};
use crate::left;

/// Bytes of a frame that travel on the first endpoint of a split layout; LEN are the last two of them.
const HEAD_LEN: usize = 7;
/// Reads ask for at least a high-speed packet, or libusb reports an overflow.
const READ_LEN: usize = 512;
/// How long an endpoint is listened to for what is left of an older reply: what waits there comes within a frame.
const STALE_WITHIN: Duration = Duration::from_millis(3);
/// No older reply comes in more transfers than this; a device that never falls silent must not hold us for ever.
const STALE_TRANSFERS_MAX: usize = 64;

/// Transfers on the endpoints of one open device. An error means that the device is gone.
pub trait Bulk {
    /// Sends; returns how many bytes were taken within the time.
    fn put(&mut self, to: u8, bytes: &[u8], within: Duration) -> Result<usize, String>;

    /// Fetches one transfer; 0 when none came within the time.
    fn fetch(&mut self, from: u8, buffer: &mut [u8], within: Duration) -> Result<usize, String>;
}

/// Request and reply over the endpoints of one open device.
#[derive(Debug)]
pub struct Exchange<B> {
    device: B,
    layout: UsbLayout,
    head: Vec<u8>,
    /// Bytes of the reply that are still to come on the second endpoint.
    rest_len: usize,
    waiting: Vec<u8>,
    /// Something of an older reply may wait in the device: its queue outlives time-outs and the program that asked.
    stale: bool,
}

impl<B: Bulk> Exchange<B> {
    /// An exchange with a device that was just opened.
    pub fn new(device: B, layout: UsbLayout) -> Self {
        Self {
            device,
            layout,
            head: Vec::new(),
            rest_len: 0,
            waiting: Vec::new(),
            stale: true,
        }
    }

    /// Sends a request; returns how many of its bytes were taken within `deadline`.
    pub fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, String> {
        let start = Instant::now();
        if self.stale {
            self.throw_away()?;
        }
        // Until its reply is whole, there may be something to throw away. On a single endpoint the protocol above
        // drains what comes; and a printer speaks unasked there, while it is being written to.
        self.stale = matches!(self.layout, UsbLayout::Split { .. });
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

    /// Reads what has come, waiting at most `deadline` for a transfer; 0 when none came.
    pub fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, String> {
        if self.waiting.is_empty() {
            self.listen(deadline)?;
        }
        let count = self.waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
        Ok(count)
    }

    fn send(&mut self, to: Endpoint, bytes: &[u8], start: Instant, deadline: Duration) -> Result<usize, String> {
        let mut sent = 0;
        while sent < bytes.len() {
            sent += self.device.put(to.address, &bytes[sent..], left(start, deadline))?;
            if left(start, deadline).is_zero() {
                break;
            }
        }
        Ok(sent)
    }

    fn listen(&mut self, deadline: Duration) -> Result<(), String> {
        let from = match self.layout {
            UsbLayout::Single { input: Some(input), .. } => input,
            UsbLayout::Single { input: None, .. } => {
                std::thread::sleep(deadline);
                return Ok(());
            }
            UsbLayout::Split { input: [head, _], .. } if self.rest_len == 0 => head,
            UsbLayout::Split { input: [_, rest], .. } => rest,
        };
        let mut buffer = vec![0; READ_LEN.max(usize::from(from.packet_len))];
        let count = self.device.fetch(from.address, &mut buffer, deadline)?;
        self.follow(&buffer[..count]);
        self.waiting.extend_from_slice(&buffer[..count]);
        Ok(())
    }

    /// Follows head and rest of a reply, to know which endpoint speaks next, and whether all of it came.
    fn follow(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || matches!(self.layout, UsbLayout::Single { .. }) {
            return;
        }
        if self.rest_len > 0 {
            // More than the head announced is not the rest of this reply but of an older one.
            self.stale = bytes.len() != self.rest_len;
            self.rest_len = self.rest_len.saturating_sub(bytes.len());
            return;
        }
        self.stale = true;
        self.head.extend_from_slice(bytes);
        if let Some([.., high, low]) = self.head.get(..HEAD_LEN) {
            self.rest_len = usize::from(*high) << 8 | usize::from(*low);
            self.head.clear();
        }
    }

    /// Empties the queues of the device, so that what comes next belongs to the next request.
    fn throw_away(&mut self) -> Result<(), String> {
        self.head.clear();
        self.rest_len = 0;
        let endpoints = match self.layout {
            UsbLayout::Single { input, .. } => [input, None],
            UsbLayout::Split {
                input: [head, rest], ..
            } => [Some(head), Some(rest)],
        };
        for from in endpoints.into_iter().flatten() {
            let mut buffer = vec![0; READ_LEN.max(usize::from(from.packet_len))];
            for _ in 0..STALE_TRANSFERS_MAX {
                if self.device.fetch(from.address, &mut buffer, STALE_WITHIN)? == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const REPLY: [u8; 11] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x90, 0x94];

    /// Transfers that wait in the device, by endpoint, and what it was sent.
    #[derive(Debug, Default)]
    struct Device {
        waiting: BTreeMap<u8, VecDeque<Vec<u8>>>,
        sent: Vec<(u8, Vec<u8>)>,
        /// Comes when a request has been sent.
        answers: VecDeque<Vec<(u8, Vec<u8>)>>,
    }

    impl Device {
        fn queue(&mut self, from: u8, transfer: &[u8]) {
            self.waiting.entry(from).or_default().push_back(transfer.to_vec());
        }

        /// The next request is answered in split layout.
        fn answer(&mut self, reply: &[u8]) {
            let (head, rest) = reply.split_at(HEAD_LEN);
            self.answers
                .push_back(vec![(0x81, head.to_vec()), (0x85, rest.to_vec())]);
        }
    }

    impl Bulk for Device {
        fn put(&mut self, to: u8, bytes: &[u8], _: Duration) -> Result<usize, String> {
            self.sent.push((to, bytes.to_vec()));
            if to == 0x06 || to == 0x01 {
                for (from, transfer) in self.answers.pop_front().unwrap_or_default() {
                    self.queue(from, &transfer);
                }
            }
            Ok(bytes.len())
        }

        fn fetch(&mut self, from: u8, buffer: &mut [u8], _: Duration) -> Result<usize, String> {
            let transfer = self
                .waiting
                .get_mut(&from)
                .and_then(VecDeque::pop_front)
                .unwrap_or_default();
            buffer[..transfer.len()].copy_from_slice(&transfer);
            Ok(transfer.len())
        }
    }

    fn endpoint(address: u8) -> Endpoint {
        Endpoint {
            address,
            packet_len: 64,
        }
    }

    fn split() -> Exchange<Device> {
        let layout = UsbLayout::Split {
            out: [0x02, 0x06].map(endpoint),
            input: [0x81, 0x85].map(endpoint),
        };
        Exchange::new(Device::default(), layout)
    }

    fn read_all(exchange: &mut Exchange<Device>) -> Vec<u8> {
        let mut got = Vec::new();
        let mut buffer = [0; 600];
        loop {
            match exchange.read(&mut buffer, SECOND).expect("the device is there") {
                0 => return got,
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn head_and_rest_travel_on_their_own_endpoints() {
        let mut exchange = split();
        exchange.device.answer(&REPLY);
        let request = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x11, 0xFF, 0xED];
        assert_eq!(exchange.write(&request, SECOND), Ok(10));
        let sent = [(0x02, request[..7].to_vec()), (0x06, request[7..].to_vec())];
        assert_eq!(exchange.device.sent, sent);
        assert_eq!(read_all(&mut exchange), REPLY);
    }

    #[test]
    fn a_rest_that_came_too_late_is_not_taken_for_the_next_reply() {
        let mut exchange = split();
        exchange.device.answers.push_back(vec![(0x81, REPLY[..7].to_vec())]);
        exchange.write(&REPLY, SECOND).expect("sent");
        assert_eq!(read_all(&mut exchange), REPLY[..7]);
        // Given up by the driver; the rest comes in pieces after that.
        for _ in 0..20 {
            exchange.device.queue(0x85, &[0xEE; 50]);
        }
        exchange.device.answer(&REPLY);
        exchange.write(&REPLY, SECOND).expect("sent");
        assert_eq!(read_all(&mut exchange), REPLY);
    }

    #[test]
    fn pieces_that_go_on_coming_spoil_one_reply_and_no_more() {
        let mut exchange = split();
        let mut answer = vec![(0x85, vec![0xEE; 50]); 3];
        answer.extend([(0x81, REPLY[..7].to_vec()), (0x85, REPLY[7..].to_vec())]);
        exchange.device.answers.push_back(answer);
        exchange.write(&REPLY, SECOND).expect("sent");
        assert_ne!(read_all(&mut exchange), REPLY);
        exchange.device.answer(&REPLY);
        exchange.write(&REPLY, SECOND).expect("sent");
        assert_eq!(read_all(&mut exchange), REPLY);
    }

    fn single() -> Exchange<Device> {
        let layout = UsbLayout::Single {
            out: endpoint(0x01),
            input: Some(endpoint(0x82)),
        };
        Exchange::new(Device::default(), layout)
    }

    #[test]
    fn what_a_printer_says_while_it_is_written_to_is_not_lost() {
        let mut exchange = single();
        exchange.write(b"a line", SECOND).expect("sent");
        exchange.device.queue(0x82, b"paper out");
        exchange.write(b"another", SECOND).expect("sent");
        assert_eq!(read_all(&mut exchange), b"paper out");
    }

    #[test]
    fn what_an_earlier_program_left_in_the_device_is_thrown_away() {
        let mut exchange = single();
        exchange.device.queue(0x82, b"the card of the citizen before");
        exchange.device.answers.push_back(vec![(0x82, REPLY.to_vec())]);
        exchange.write(&REPLY, SECOND).expect("sent");
        assert_eq!(read_all(&mut exchange), REPLY);
    }
}
