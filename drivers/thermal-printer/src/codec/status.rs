//! Status bytes folded into one word. A byte that fits no pattern never reads as ready.

use serde::{Deserialize, Serialize};

/// How the printer is. Only [`PrinterStatus::Ready`] and [`PrinterStatus::PaperLow`] allow taking a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterStatus {
    /// All well.
    Ready,
    /// Prints; the roll ends soon.
    PaperLow,
    /// No paper.
    PaperOut,
    /// Cover or head open.
    CoverOpen,
    /// The cutter is not home.
    CutterError,
    /// The head is too hot, or the supply is wrong; it recovers by itself.
    HeadHot,
    /// Paper is jammed.
    Jam,
    /// A ticket hangs in the exit.
    TicketNotTaken,
    /// The bin of retracted tickets is full.
    BinFull,
    /// No answer, or switched off line.
    Offline,
    /// It said something that means nothing, or what it holds is being cleared.
    Unknown,
}

impl PrinterStatus {
    /// True when a ticket may be printed.
    pub fn prints(self) -> bool {
        matches!(self, Self::Ready | Self::PaperLow)
    }
}

/// Differences between models that answer `DLE EOT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusBits {
    /// Bits that a healthy first byte must have: 12 (Epson) or 16 (SNBC, Masung).
    pub first_fixed: u8,
    /// True when bit 2 of n=3 means a paper jam (SNBC BT-T080).
    pub jam_in_third: bool,
    /// True when the model answers `10 04 05` about its exit (Masung).
    pub exit_byte: bool,
}

/// The answers of one round of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Answers to `10 04 01` to `10 04 04`.
    pub bytes: [u8; 4],
    /// Answer to `10 04 05`, where the model has it.
    pub exit: u8,
}

/// Folds a round of `DLE EOT` answers.
pub fn fold_round(round: &Round, bits: StatusBits) -> PrinterStatus {
    let [first, second, third, fourth] = round.bytes;
    let patterned = round.bytes.iter().all(|b| b & 0x93 == 0x12) && first & bits.first_fixed == bits.first_fixed;
    if !patterned {
        return PrinterStatus::Unknown;
    }
    if second & 0x04 != 0 {
        return PrinterStatus::CoverOpen;
    }
    if third & 0x08 != 0 {
        return PrinterStatus::CutterError;
    }
    if bits.exit_byte && round.exit & (0x01 | 0x08) != 0 {
        return PrinterStatus::Jam;
    }
    if third & 0x04 != 0 && bits.jam_in_third {
        return PrinterStatus::Jam;
    }
    if fourth & 0x60 != 0 || second & 0x20 != 0 || (bits.exit_byte && round.exit & 0x80 != 0) {
        return PrinterStatus::PaperOut;
    }
    if third & 0x40 != 0 {
        return PrinterStatus::HeadHot;
    }
    if third & 0x24 != 0 || second & 0x48 != 0 {
        return PrinterStatus::Unknown;
    }
    if bits.exit_byte && round.exit & (0x02 | 0x04) != 0 {
        return PrinterStatus::TicketNotTaken;
    }
    if first & 0x28 != 0 {
        return PrinterStatus::Offline;
    }
    if fourth & 0x0C != 0 {
        return PrinterStatus::PaperLow;
    }
    PrinterStatus::Ready
}

/// Folds Custom's full status (b3 paper, b4 user, b5 recoverable, b6 unrecoverable).
pub fn fold_custom([paper, user, recoverable, unrecoverable]: [u8; 4]) -> PrinterStatus {
    if user & 0x03 != 0 || unrecoverable & 0x02 != 0 {
        PrinterStatus::CoverOpen
    } else if unrecoverable & 0x01 != 0 {
        PrinterStatus::CutterError
    } else if recoverable & 0x40 != 0 {
        PrinterStatus::Jam
    } else if paper & 0x01 != 0 {
        PrinterStatus::PaperOut
    } else if recoverable & 0x09 != 0 {
        PrinterStatus::HeadHot
    } else if unrecoverable & 0x4C != 0 || paper & 0x80 != 0 || recoverable & 0x26 != 0 {
        PrinterStatus::Unknown
    } else if paper & 0x20 != 0 {
        PrinterStatus::TicketNotTaken
    } else if paper & 0x44 != 0 {
        PrinterStatus::PaperLow
    } else {
        PrinterStatus::Ready
    }
}

/// True while Custom's printer still has something to do: spooling, or its motor runs.
pub fn custom_busy([_, user, _, _]: [u8; 4]) -> bool {
    user & 0x0C != 0
}

/// Folds four bytes of automatic status (`GS a`).
pub fn fold_automatic([first, second, third, _]: [u8; 4]) -> PrinterStatus {
    if first & 0x93 != 0x10 || second & 0x90 != 0 {
        PrinterStatus::Unknown
    } else if first & 0x20 != 0 {
        PrinterStatus::CoverOpen
    } else if second & 0x08 != 0 {
        PrinterStatus::CutterError
    } else if third & 0x0C != 0 {
        PrinterStatus::PaperOut
    } else if second & 0x40 != 0 {
        PrinterStatus::HeadHot
    } else if second & 0x24 != 0 {
        PrinterStatus::Unknown
    } else if first & 0x08 != 0 || second & 0x01 != 0 {
        PrinterStatus::Offline
    } else if third & 0x03 != 0 {
        PrinterStatus::PaperLow
    } else {
        PrinterStatus::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::PrinterStatus::*;
    use super::*;

    const EPSON: StatusBits = StatusBits {
        first_fixed: 0x12,
        jam_in_third: false,
        exit_byte: false,
    };
    const SNBC: StatusBits = StatusBits {
        first_fixed: 0x16,
        jam_in_third: true,
        exit_byte: false,
    };
    const MASUNG: StatusBits = StatusBits {
        first_fixed: 0x16,
        jam_in_third: false,
        exit_byte: true,
    };

    fn round(bytes: [u8; 4]) -> Round {
        Round { bytes, exit: 0 }
    }

    /// Section 5.1 of the reference.
    #[test]
    fn real_time_status_table() {
        for (bytes, status) in [
            ([0x12, 0x12, 0x12, 0x12], Ready),
            ([0x16, 0x12, 0x12, 0x1E], PaperLow),
            ([0x12, 0x12, 0x12, 0x1A], PaperLow),
            ([0x1A, 0x32, 0x12, 0x7E], PaperOut),
            ([0x12, 0x12, 0x12, 0x52], PaperOut),
            ([0x1A, 0x16, 0x12, 0x12], CoverOpen),
            ([0x1A, 0x52, 0x1A, 0x12], CutterError),
            ([0x1A, 0x52, 0x52, 0x12], HeadHot),
            ([0x1A, 0x12, 0x12, 0x12], Offline),
            ([0x1A, 0x52, 0x32, 0x12], Unknown),
            ([0x12, 0x12, 0x16, 0x12], Unknown),
            ([0x12, 0x00, 0x12, 0x12], Unknown),
            ([0x92, 0x12, 0x12, 0x12], Unknown),
        ] {
            assert_eq!(fold_round(&round(bytes), EPSON), status, "{bytes:02X?}");
        }
        assert_eq!(fold_round(&round([0x16, 0x12, 0x16, 0x12]), SNBC), Jam);
        assert_eq!(
            fold_round(&round([0x12, 0x12, 0x12, 0x12]), MASUNG),
            Unknown,
            "a first byte must have 16"
        );
        assert_eq!(fold_round(&round([0x16, 0x12, 0x12, 0x12]), MASUNG), Ready);
        for (exit, status) in [
            (0x01, Jam),
            (0x02, TicketNotTaken),
            (0x04, TicketNotTaken),
            (0x08, Jam),
            (0x80, PaperOut),
        ] {
            let round = Round {
                bytes: [0x16, 0x12, 0x12, 0x12],
                exit,
            };
            assert_eq!(fold_round(&round, MASUNG), status, "exit {exit:02X}");
        }
    }

    /// Section 6, Custom.
    #[test]
    fn custom_full_status_table() {
        for (bytes, status) in [
            ([0x00, 0x00, 0x00, 0x00], Ready),
            ([0x04, 0x00, 0x00, 0x00], PaperLow),
            ([0x05, 0x00, 0x00, 0x00], PaperOut),
            ([0x20, 0x00, 0x00, 0x00], TicketNotTaken),
            ([0x00, 0x01, 0x00, 0x00], CoverOpen),
            ([0x00, 0x02, 0x00, 0x00], CoverOpen),
            ([0x00, 0x00, 0x01, 0x00], HeadHot),
            ([0x00, 0x00, 0x40, 0x00], Jam),
            ([0x00, 0x00, 0x00, 0x01], CutterError),
            ([0x00, 0x00, 0x00, 0x40], Unknown),
            ([0x80, 0x00, 0x00, 0x00], Unknown),
        ] {
            assert_eq!(fold_custom(bytes), status, "{bytes:02X?}");
        }
        assert!(custom_busy([0, 0x08, 0, 0]) && custom_busy([0, 0x04, 0, 0]) && !custom_busy([0, 0x02, 0, 0]));
    }

    /// Section 5.2: measured blocks of the reference.
    #[test]
    fn automatic_status_table() {
        for (bytes, status) in [
            ([0x10, 0x00, 0x00, 0x00], Ready),
            ([0x10, 0x00, 0x03, 0x00], PaperLow),
            ([0x38, 0x00, 0x03, 0x00], CoverOpen),
            ([0x18, 0x00, 0x0F, 0x00], PaperOut),
            ([0x18, 0x08, 0x00, 0x00], CutterError),
            ([0x18, 0x00, 0x00, 0x00], Offline),
            ([0x12, 0x00, 0x00, 0x00], Unknown),
        ] {
            assert_eq!(fold_automatic(bytes), status, "{bytes:02X?}");
        }
    }
}
