//! Every fault of TIM/1 with its class and what staff does.

/// What a fault asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The job goes on.
    Warn,
    /// The job fails, the machine captures and is ready again.
    Job,
    /// Out of service until a person acts.
    Service,
    /// Nobody knows where a card is.
    Doubt,
}

use FaultClass::{Doubt, Job, Service, Warn};

/// A fault by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number, such as 0305h.
    pub code: u16,
    /// Name in logs.
    pub name: &'static str,
    /// What it asks for.
    pub class: FaultClass,
    /// What staff does; empty where the machine helps itself.
    pub advice: &'static str,
}

impl Fault {
    /// The fault with this number.
    pub fn of(code: u16) -> Option<&'static Self> {
        ALL.iter().find(|fault| fault.code == code)
    }
}

const fn fault(code: u16, name: &'static str, class: FaultClass, advice: &'static str) -> Fault {
    Fault {
        code,
        name,
        class,
        advice,
    }
}

/// All of them, by number.
pub const ALL: &[Fault] = &[
    fault(0x0101, "FILM_LOW", Warn, "load film"),
    fault(0x0102, "FILM_OUT", Service, "load film"),
    fault(0x0103, "FILM_JAM", Service, "clear the film path"),
    fault(0x0104, "CUTTER_JAM", Service, "call service"),
    fault(0x0105, "CUT_LENGTH", Job, ""),
    fault(0x0106, "FILM_LOST", Service, "clear the film path"),
    fault(0x0201, "MEDIUM_LOW", Warn, "replace the print medium"),
    fault(0x0202, "MEDIUM_OUT", Service, "replace the print medium"),
    fault(0x0203, "HEAD_TEMP", Job, "wait"),
    fault(0x0204, "PRINT_STALL", Job, ""),
    fault(0x0205, "INSPECT_FAIL", Job, ""),
    fault(0x0301, "CARD_LOW", Warn, "load blanks"),
    fault(0x0302, "HOPPER_EMPTY", Service, "load blanks"),
    fault(0x0303, "PICK_FAIL", Job, "check the hopper"),
    fault(0x0304, "DOUBLE_PICK", Job, ""),
    fault(0x0305, "CARD_JAM", Service, "open, take the card out, enter the count"),
    fault(0x0306, "CARD_LOST", Doubt, "search; two people decide"),
    fault(0x0307, "CARD_UNEXPECTED", Service, "confirm what lies in the path"),
    fault(0x0308, "SERIAL_UNREAD", Job, ""),
    fault(0x0401, "WARMING", Warn, "wait"),
    fault(0x0402, "WARMUP_TIMEOUT", Service, "call service"),
    fault(0x0403, "OVER_TEMP", Service, "call service"),
    fault(0x0404, "UNDER_TEMP", Job, ""),
    fault(0x0405, "TEMP_SENSOR", Service, "call service"),
    fault(0x0406, "LAM_JAM", Service, "wait for less than 60 degrees, clear"),
    fault(0x0501, "NOT_TAKEN", Warn, ""),
    fault(0x0502, "EXIT_BLOCKED", Service, "clear the slot"),
    fault(0x0503, "SHUTTER_FAIL", Service, "call service"),
    fault(0x0504, "DRAW_IN_FAIL", Service, "take the card, two people"),
    fault(0x0601, "BIN_HIGH", Warn, "empty the bin"),
    fault(0x0602, "REJECT_FULL", Service, "empty the reject bin and count"),
    fault(0x0603, "RETRACT_FULL", Service, "empty the retract bin and count"),
    fault(0x0604, "BIN_MISSING", Service, "put the bin back"),
    fault(0x0605, "BIN_OPENED", Service, "two people count the bin"),
    fault(0x0701, "COVER_OPEN", Service, "close the cover"),
    fault(0x0702, "POWER_LOW", Service, "call service"),
    fault(0x0703, "POWER_LOST", Warn, ""),
    fault(0x0704, "TAMPER", Service, "two people look at the machine"),
    fault(0x0801, "NV_FAIL", Service, "call service"),
    fault(0x0802, "CLOCK_UNSET", Warn, "set the time"),
    fault(0x0803, "AUTH_FAIL", Warn, "check the keys"),
    fault(0x0804, "SELF_TEST", Service, "call service"),
    fault(0x0805, "WATCHDOG", Warn, "report it"),
    fault(0x0806, "HOST_SILENT", Job, "check the kiosk"),
];
