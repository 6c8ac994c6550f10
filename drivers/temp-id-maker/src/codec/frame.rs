//! Frames: head, payload, CRC, COBS, one zero at the end.

/// Largest payload.
pub const PAYLOAD_MAX: usize = 1024;

/// Bytes before the payload.
const HEAD: usize = 8;

/// Largest frame before COBS.
const RAW_MAX: usize = HEAD + PAYLOAD_MAX + 2;

/// Largest frame on the wire: one byte a run of 254, and the zero.
pub const WIRE_MAX: usize = RAW_MAX + RAW_MAX.div_ceil(254) + 1;

/// Protocol version in the low bits of the first byte.
const VERSION: u8 = 1;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Host to machine.
    Request,
    /// Machine to host.
    Reply,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who speaks.
    pub kind: Kind,
    /// 1 to 255; a reply carries its request's.
    pub seq: u8,
    /// Command number.
    pub cmd: u8,
    /// Result code; 0 in requests.
    pub rc: u8,
    /// Boot number: of the machine in replies, believed by the host in requests (0 = any).
    pub boot: u16,
    /// At most [`PAYLOAD_MAX`] bytes.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frame as it goes on the wire, with its final zero.
    pub fn encode(&self) -> Vec<u8> {
        let payload = &self.payload[..self.payload.len().min(PAYLOAD_MAX)];
        let reply = if self.kind == Kind::Reply { 0x80 } else { 0 };
        let mut raw = vec![VERSION | reply, self.seq, self.cmd, self.rc];
        raw.extend(self.boot.to_le_bytes());
        raw.extend(u16::try_from(payload.len()).unwrap_or(0).to_le_bytes());
        raw.extend(payload);
        raw.extend(crc16(&raw).to_le_bytes());
        let mut wire = cobs(&raw);
        wire.push(0);
        wire
    }

    /// The frame of the bytes between two zeros; none when anything is wrong with it.
    pub fn decode(wire: &[u8]) -> Option<Self> {
        let raw = uncobs(wire)?;
        if raw.len() < HEAD + 2 || raw.len() > RAW_MAX {
            return None;
        }
        let (body, crc) = raw.split_at(raw.len() - 2);
        let payload = &body[HEAD..];
        let len = usize::from(u16::from_le_bytes([body[6], body[7]]));
        let whole = crc == crc16(body).to_le_bytes() && body[0] & 0x7F == VERSION && len == payload.len();
        whole.then(|| Self {
            kind: if body[0] & 0x80 == 0 {
                Kind::Request
            } else {
                Kind::Reply
            },
            seq: body[1],
            cmd: body[2],
            rc: body[3],
            boot: u16::from_le_bytes([body[4], body[5]]),
            payload: payload.to_vec(),
        })
    }
}

/// Bytes of a line become frames; whatever is no frame is dropped without a word, up to the next zero.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
    /// More came without a zero than any frame has.
    overrun: bool,
}

impl Decoder {
    /// Takes one byte; a frame when it was the last of one.
    pub fn push(&mut self, byte: u8) -> Option<Frame> {
        if byte != 0 {
            self.overrun |= self.held.len() >= WIRE_MAX;
            if !self.overrun {
                self.held.push(byte);
            }
            return None;
        }
        let frame = if self.overrun { None } else { Frame::decode(&self.held) };
        self.held.clear();
        self.overrun = false;
        frame
    }
}

/// CRC-16/IBM-3740: polynomial 1021h, start FFFFh, not reflected, nothing xored at the end.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
        })
    })
}

/// Consistent overhead byte stuffing: no zero stays.
pub fn cobs(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    let mut code_at = 0;
    let mut code = 1u8;
    for (at, byte) in raw.iter().enumerate() {
        if *byte != 0 {
            out.push(*byte);
            code += 1;
        }
        // A run of 254 at the very end needs no further code byte.
        if *byte == 0 || (code == 0xFF && at + 1 < raw.len()) {
            out[code_at] = code;
            code_at = out.len();
            out.push(0);
            code = 1;
        }
    }
    out[code_at] = code;
    out
}

/// The bytes before [`cobs`]; none for what cobs never makes. A final run of 254 may carry one more code byte 01.
pub fn uncobs(wire: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((code, after)) = rest.split_first() {
        let count = usize::from(*code).checked_sub(1)?;
        let run = after.get(..count)?;
        if run.contains(&0) {
            return None;
        }
        out.extend(run);
        rest = &after[count..];
        if *code != 0xFF && !rest.is_empty() {
            out.push(0);
        }
    }
    (!wire.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_crc_catalogue() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn runs_of_254_come_back_with_and_without_a_final_code_byte() {
        for count in [0, 1, 253, 254, 255, 508, 509] {
            let raw = vec![7; count];
            assert_eq!(uncobs(&cobs(&raw)).expect("whole"), raw, "{count}");
        }
        let mut lazy = cobs(&[7; 254]);
        assert_eq!(lazy.len(), 255);
        lazy.push(1);
        assert_eq!(uncobs(&lazy).expect("whole"), [7; 254]);
    }

    #[test]
    fn the_largest_frame_is_1040_bytes_on_the_wire() {
        assert_eq!(WIRE_MAX, 1040);
        let frame = Frame {
            kind: Kind::Reply,
            seq: 9,
            cmd: 3,
            rc: 0,
            boot: 1,
            payload: vec![5; PAYLOAD_MAX],
        };
        let wire = frame.encode();
        assert!(wire.len() <= WIRE_MAX);
        assert_eq!(Frame::decode(&wire[..wire.len() - 1]), Some(frame));
    }
}
