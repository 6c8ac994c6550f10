//! What a host may ask (reference section 4).

use crate::codec::{Status, TEXT_LEN, encode};

/// The rates of the module, in the order in which a driver tries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baud {
    /// Factory setting.
    B115200,
    /// `60 01`.
    B57600,
    /// `60 02`.
    B38400,
    /// `60 03`.
    B19200,
    /// `60 04`.
    B9600,
}

impl Baud {
    /// All of them, the factory setting first.
    pub const ALL: [Self; 5] = [Self::B115200, Self::B57600, Self::B38400, Self::B19200, Self::B9600];

    /// The rate in baud.
    pub const fn rate(self) -> u32 {
        match self {
            Self::B115200 => 115_200,
            Self::B57600 => 57_600,
            Self::B38400 => 38_400,
            Self::B19200 => 19_200,
            Self::B9600 => 9_600,
        }
    }

    /// The parameter byte of command 60.
    pub const fn code(self) -> u8 {
        match self {
            Self::B115200 => 0,
            Self::B57600 => 1,
            Self::B38400 => 2,
            Self::B19200 => 3,
            Self::B9600 => 4,
        }
    }

    /// From a rate in baud.
    pub fn from_rate(rate: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|baud| baud.rate() == rate)
    }
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `10 FF`: reset the module, as if power had been cycled.
    Reset,
    /// `11 FF`: is the module in order?
    Status,
    /// `12 FF`: the module's id.
    ModuleId,
    /// `20 01`: is there a card?
    Find,
    /// `20 02`: select the card that was found.
    Select,
    /// `30 01`: text and photo.
    ReadBase,
    /// `30 10`: text, photo and fingerprints. A hall that compares no fingerprints never asks this.
    ReadBaseAndFingerprints,
    /// `30 03`: the newest appended address.
    ReadAppended,
    /// `30 05`: the card's chip numbers (IIN, SN, DN).
    ReadChipNumbers,
    /// `60 pp`: the serial rate from the next request on.
    SetBaud(Baud),
    /// `61 FF dd`: the largest frame over the air, in bytes.
    SetRadioFrame(u8),
}

/// Why a body is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The command does not have this many bytes: status 11.
    #[error("the length does not match the command")]
    Length,
    /// No such command or parameter: status 21.
    #[error("unknown command {0:02X} {1:02X}")]
    Unknown(u8, u8),
}

impl Command {
    /// Command, parameter and data.
    pub fn body(self) -> Vec<u8> {
        match self {
            Self::Reset => vec![0x10, 0xFF],
            Self::Status => vec![0x11, 0xFF],
            Self::ModuleId => vec![0x12, 0xFF],
            Self::Find => vec![0x20, 0x01],
            Self::Select => vec![0x20, 0x02],
            Self::ReadBase => vec![0x30, 0x01],
            Self::ReadBaseAndFingerprints => vec![0x30, 0x10],
            Self::ReadAppended => vec![0x30, 0x03],
            Self::ReadChipNumbers => vec![0x30, 0x05],
            Self::SetBaud(baud) => vec![0x60, baud.code()],
            Self::SetRadioFrame(bytes) => vec![0x61, 0xFF, bytes],
        }
    }

    /// The whole request frame.
    pub fn frame(self) -> Vec<u8> {
        encode(&self.body())
    }

    /// Reads the body of a request frame.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let [command, parameter, data @ ..] = body else {
            return Err(RequestError::Length);
        };
        let bare = match (command, parameter) {
            (0x10, 0xFF) => Self::Reset,
            (0x11, 0xFF) => Self::Status,
            (0x12, 0xFF) => Self::ModuleId,
            (0x20, 0x01) => Self::Find,
            (0x20, 0x02) => Self::Select,
            (0x30, 0x01) => Self::ReadBase,
            (0x30, 0x10) => Self::ReadBaseAndFingerprints,
            (0x30, 0x03) => Self::ReadAppended,
            (0x30, 0x05) => Self::ReadChipNumbers,
            (0x60, code) => match Baud::ALL.into_iter().find(|baud| baud.code() == *code) {
                Some(baud) => Self::SetBaud(baud),
                None => return Err(RequestError::Unknown(*command, *parameter)),
            },
            (0x61, 0xFF) => {
                return match data {
                    [bytes] => Ok(Self::SetRadioFrame(*bytes)),
                    _ => Err(RequestError::Length),
                };
            }
            _ => return Err(RequestError::Unknown(*command, *parameter)),
        };
        if data.is_empty() {
            Ok(bare)
        } else {
            Err(RequestError::Length)
        }
    }

    /// The status that means that this command was carried out with its data in the reply.
    pub fn success(self) -> Status {
        match self {
            Self::Find => Status::Found,
            _ => Status::Success,
        }
    }

    /// True when a reply of `status` with `data_len` bytes of data can be the answer to this command at all. A reply
    /// names no request, so its shape is all there is to tell a late reply from the awaited one.
    pub fn admits(self, status: Status, data_len: usize) -> bool {
        match (self, status) {
            (Self::Find, Status::Found) => data_len == 4,
            (Self::Find, Status::Success) => false,
            (_, Status::Found) => false,
            (Self::Find, Status::NoCard) | (Self::Select, Status::SelectFailed) => data_len == 0,
            (_, Status::NoCard | Status::SelectFailed) => false,
            (Self::Select, Status::Success) => data_len == 8,
            (Self::ModuleId, Status::Success) => data_len == 16,
            (Self::ReadBase, Status::Success) => data_len >= 4 + TEXT_LEN,
            (Self::ReadBaseAndFingerprints, Status::Success) => data_len >= 6 + TEXT_LEN,
            (Self::ReadAppended, Status::Success) => data_len == 70,
            (Self::ReadChipNumbers, Status::Success) => data_len == 28,
            (Self::ReadAppended, Status::NoSuchItem) => data_len == 0,
            (_, Status::NoSuchItem) => false,
            (_, _) => data_len == 0,
        }
    }
}
