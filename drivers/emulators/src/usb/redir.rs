//! Packets of the usbredir protocol 0.7 between a USB device (us) and a virtual machine (the host). Pure.
//!
//! Source: `usbredirproto.h` of Debian's libusbredirparser-dev 0.13. All numbers are little-endian; a packet is type,
//! length and id (4 bytes each, as we do not announce 64-bit ids), then the header of its type, then data. Announced
//! capabilities: the device's version in the connect packet, and packet sizes with the endpoints.

/// More than the protocol needs for any transfer of a full-speed device.
const PACKET_LEN_MAX: usize = 1 << 20;
/// `usb_redir_cap_connect_device_version` and `usb_redir_cap_ep_info_max_packet_size`.
const CAPABILITIES: u32 = 1 << 1 | 1 << 4;
const HEAD_LEN: usize = 12;
const VERSION_LEN: usize = 64;
/// Endpoints 0 to 15, out before in.
const ENDPOINTS_COUNT: usize = 32;

const HELLO: u32 = 0;
const DEVICE_CONNECT: u32 = 1;
const DEVICE_DISCONNECT: u32 = 2;
const RESET: u32 = 3;
const INTERFACE_INFO: u32 = 4;
const EP_INFO: u32 = 5;
const SET_CONFIGURATION: u32 = 6;
const GET_CONFIGURATION: u32 = 7;
const CONFIGURATION_STATUS: u32 = 8;
const SET_ALT_SETTING: u32 = 9;
const GET_ALT_SETTING: u32 = 10;
const ALT_SETTING_STATUS: u32 = 11;
const CANCEL_DATA_PACKET: u32 = 21;
const CONTROL_PACKET: u32 = 100;
const BULK_PACKET: u32 = 101;

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// All of it.
    Success = 0,
    /// Taken back by the host.
    Cancelled = 1,
    /// No such endpoint.
    Invalid = 2,
    /// The endpoint is halted, or the control request is not known.
    Stall = 4,
    /// More came than was asked for.
    Babble = 6,
}

/// The eight bytes of a control request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// `bmRequestType`.
    pub request_type: u8,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
    /// `wLength`.
    pub length: u16,
}

/// What the host says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromHost {
    /// First packet of a connection.
    Hello,
    /// The bus was reset.
    Reset,
    /// Configuration chosen.
    SetConfiguration(u8),
    /// Which configuration?
    GetConfiguration,
    /// Alternate setting of an interface chosen.
    SetAltSetting(u8, u8),
    /// Which alternate setting has this interface?
    GetAltSetting(u8),
    /// A control transfer; what a request to the device carries is not kept.
    Control(Setup),
    /// A bulk transfer: endpoint, length asked for, data of a transfer to the device.
    Bulk(u8, u16, Vec<u8>),
    /// The transfer with this packet's id is taken back.
    Cancel,
    /// Something a bulk device has no answer to.
    Other(u32),
}

/// The stream is not usbredir, or broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side does not speak usbredir")]
pub struct NotRedir;

/// Cuts the host's byte stream into packets.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
}

impl Parser {
    /// Takes bytes in whatever pieces they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole packet with its id.
    pub fn next_packet(&mut self) -> Option<Result<(u32, FromHost), NotRedir>> {
        let kind = number(&self.bytes, 0)?;
        let length = number(&self.bytes, 4)? as usize;
        let id = number(&self.bytes, 8)?;
        if length > PACKET_LEN_MAX {
            return Some(Err(NotRedir));
        }
        let body = self.bytes.get(HEAD_LEN..HEAD_LEN + length)?.to_vec();
        self.bytes.drain(..HEAD_LEN + length);
        Some(understand(kind, &body).ok_or(NotRedir).map(|packet| (id, packet)))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn understand(kind: u32, body: &[u8]) -> Option<FromHost> {
    let byte = |at: usize| body.get(at).copied();
    Some(match kind {
        HELLO if body.len() >= VERSION_LEN => FromHost::Hello,
        HELLO => return None,
        RESET => FromHost::Reset,
        SET_CONFIGURATION => FromHost::SetConfiguration(byte(0)?),
        GET_CONFIGURATION => FromHost::GetConfiguration,
        SET_ALT_SETTING => FromHost::SetAltSetting(byte(0)?, byte(1)?),
        GET_ALT_SETTING => FromHost::GetAltSetting(byte(0)?),
        CANCEL_DATA_PACKET => FromHost::Cancel,
        // Endpoint, request, request type, status, value, index, length.
        CONTROL_PACKET => FromHost::Control(Setup {
            request: byte(1)?,
            request_type: byte(2)?,
            value: short(body, 4)?,
            index: short(body, 6)?,
            length: short(body, 8)?,
        }),
        // Endpoint, status, length, stream.
        BULK_PACKET => FromHost::Bulk(byte(0)?, short(body, 2)?, body.get(8..)?.to_vec()),
        other => FromHost::Other(other),
    })
}

fn packet(kind: u32, id: u32, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(length).expect("our packets are far below 4 GiB");
    let mut out = [kind, length, id].map(u32::to_le_bytes).concat();
    out.extend(parts.iter().copied().flatten());
    out
}

/// Our first packet.
pub fn hello() -> Vec<u8> {
    let mut version = [0; VERSION_LEN];
    let name = b"yimen hall-emulators";
    version[..name.len()].copy_from_slice(name);
    packet(HELLO, 0, &[&version, &CAPABILITIES.to_le_bytes()])
}

/// One interface with these bulk endpoints of one packet size, in the two packets that go before the connect packet.
pub fn endpoints(class: u8, bulk: &[u8], packet_len: u16) -> Vec<u8> {
    let mut classes = [0; 32];
    classes[0] = class;
    let none = [0_u8; 32];
    let mut out = packet(
        INTERFACE_INFO,
        0,
        &[&1_u32.to_le_bytes(), &none, &classes, &none, &none],
    );
    let mut types = [255_u8; ENDPOINTS_COUNT];
    let mut sizes = [0_u16; ENDPOINTS_COUNT];
    // Endpoint 0 carries control transfers both ways.
    (types[0], types[16]) = (0, 0);
    (sizes[0], sizes[16]) = (packet_len, packet_len);
    for address in bulk {
        let at = usize::from(address & 0x0F) + usize::from(address & 0x80 != 0) * 16;
        types[at] = 2;
        sizes[at] = packet_len;
    }
    let sizes: Vec<u8> = sizes.into_iter().flat_map(u16::to_le_bytes).collect();
    out.extend(packet(EP_INFO, 0, &[&types, &none, &none, &sizes]));
    out
}

/// A full-speed device is there.
pub fn connect(vendor: u16, product: u16, version: u16) -> Vec<u8> {
    let ids = [vendor, product, version].map(u16::to_le_bytes).concat();
    packet(DEVICE_CONNECT, 0, &[&[1, 0, 0, 0], &ids])
}

/// It is gone.
pub fn disconnect() -> Vec<u8> {
    packet(DEVICE_DISCONNECT, 0, &[])
}

/// Answers a question for the configuration, or its choice.
pub fn configuration(id: u32, configuration: u8) -> Vec<u8> {
    packet(CONFIGURATION_STATUS, id, &[&[Status::Success as u8, configuration]])
}

/// Answers a question for an alternate setting, or its choice.
pub fn alt_setting(id: u32, interface: u8, alt: u8) -> Vec<u8> {
    packet(ALT_SETTING_STATUS, id, &[&[Status::Success as u8, interface, alt]])
}

/// Ends a control transfer.
pub fn control(id: u32, setup: Setup, status: Status, data: &[u8]) -> Vec<u8> {
    let to_host = setup.request_type & 0x80;
    let length = match (status, to_host) {
        (Status::Success, 0) => setup.length,
        _ => u16::try_from(data.len()).unwrap_or(u16::MAX),
    };
    let words = [setup.value, setup.index, length].map(u16::to_le_bytes).concat();
    let head = [to_host, setup.request, setup.request_type, status as u8];
    packet(CONTROL_PACKET, id, &[&head, &words, data])
}

/// Ends a bulk transfer: `count` bytes were taken from the host, or `data` goes to it.
pub fn bulk(id: u32, endpoint: u8, status: Status, count: u16, data: &[u8]) -> Vec<u8> {
    let head = [endpoint, status as u8];
    packet(
        BULK_PACKET,
        id,
        &[&head, &count.to_le_bytes(), &0_u32.to_le_bytes(), data],
    )
}
