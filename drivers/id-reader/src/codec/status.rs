//! Status words (reference section 5). SW3 decides; SW1 SW2 forward the card's own words for some codes.

/// SW3 of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 90.
    Success,
    /// 9F: a card was found.
    Found,
    /// 91: the card has no such item.
    NoSuchItem,
    /// 10: the check byte of the request was wrong.
    RequestCheck,
    /// 11: the length of the request was wrong.
    RequestLength,
    /// 21: command or parameter not valid.
    UnknownCommand,
    /// 23: operation not permitted.
    NotPermitted,
    /// 24: unrecognised error.
    Unrecognised,
    /// 31: the card failed to authenticate the module.
    CardRefusedModule,
    /// 32: the module failed to authenticate the card.
    ModuleRefusedCard,
    /// 33: verification of the data failed.
    DataVerification,
    /// 40: unknown card type.
    UnknownCard,
    /// 41: reading the card failed.
    ReadFailed,
    /// 47: getting a random number failed.
    RandomFailed,
    /// 60: self test failed, the module accepts no command.
    SelfTestFailed,
    /// 66: module not authorised, unusable.
    NotAuthorised,
    /// 80: no card.
    NoCard,
    /// 81: selecting the card failed.
    SelectFailed,
    /// Anything else; 34, 50 and 61 occur in tables of vendor libraries only.
    Other(u8),
}

/// What a driver does about a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// The command was carried out (or answered that there is no such item).
    GoOn,
    /// Nobody there: keep polling.
    KeepPolling,
    /// Start again from find.
    FindAgain,
    /// Ask the citizen to lift the card and put it down again.
    PutAgain,
    /// This card cannot be read here; wait until it is gone.
    NotReadable,
    /// Ask once more, then drain and reset.
    AskOnceMore,
    /// A programming error or unknown firmware: log, do not retry.
    Unsupported,
    /// Out of service: raise an alarm.
    OutOfService,
    /// Anything else is a fault of the device: log all three words.
    DeviceFault,
}

const CODES: [(u8, Status); 18] = [
    (0x90, Status::Success),
    (0x9F, Status::Found),
    (0x91, Status::NoSuchItem),
    (0x10, Status::RequestCheck),
    (0x11, Status::RequestLength),
    (0x21, Status::UnknownCommand),
    (0x23, Status::NotPermitted),
    (0x24, Status::Unrecognised),
    (0x31, Status::CardRefusedModule),
    (0x32, Status::ModuleRefusedCard),
    (0x33, Status::DataVerification),
    (0x40, Status::UnknownCard),
    (0x41, Status::ReadFailed),
    (0x47, Status::RandomFailed),
    (0x60, Status::SelfTestFailed),
    (0x66, Status::NotAuthorised),
    (0x80, Status::NoCard),
    (0x81, Status::SelectFailed),
];

impl Status {
    /// From SW3.
    pub fn from_code(code: u8) -> Self {
        let known = CODES.iter().find(|(known, _)| *known == code);
        known.map_or(Self::Other(code), |(_, status)| *status)
    }

    /// SW3.
    pub fn code(self) -> u8 {
        if let Self::Other(code) = self {
            return code;
        }
        let known = CODES.iter().find(|(_, status)| *status == self);
        known.map_or(0, |(code, _)| *code)
    }

    /// What to do about it.
    pub fn handling(self) -> Handling {
        match self {
            Self::Success | Self::Found | Self::NoSuchItem => Handling::GoOn,
            Self::NoCard => Handling::KeepPolling,
            Self::SelectFailed => Handling::FindAgain,
            Self::CardRefusedModule
            | Self::ModuleRefusedCard
            | Self::DataVerification
            | Self::ReadFailed
            | Self::RandomFailed => Handling::PutAgain,
            Self::UnknownCard => Handling::NotReadable,
            Self::RequestCheck | Self::RequestLength => Handling::AskOnceMore,
            Self::UnknownCommand | Self::NotPermitted | Self::Unrecognised => Handling::Unsupported,
            Self::SelfTestFailed | Self::NotAuthorised => Handling::OutOfService,
            Self::Other(_) => Handling::DeviceFault,
        }
    }
}
