//! What a printer model has, as data. A model differs from another only here.

use crate::codec::answer::Family;
use crate::codec::command;
use crate::codec::status::StatusBits;
use crate::codec::text::Rom;

/// How a model is asked how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusKind {
    /// `DLE EOT 1..4`, one byte each.
    RealTime(StatusBits),
    /// Custom's `10 04 14`, six bytes.
    CustomFull,
}

/// How a ticket is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Dots to feed first; 0 where the command feeds to the cutter itself.
    pub feed_dots: u8,
    /// The command.
    pub command: &'static [u8],
}

/// Who draws the QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrMode {
    /// The printer, from the text.
    Native,
    /// We do, as a picture that the printer doubles on both axes.
    RasterDoubled,
}

/// How the end of a job is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfJob {
    /// `GS ( H`: answered with our marker.
    ProcessId,
    /// `GS r 1`: answered after the data.
    SequenceStatus,
    /// Nothing in the sequence: clean status 300 ms after the time that the paper takes.
    MotorIdle,
}

/// How what the printer holds is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// `DLE DC4 8`, at once and confirmed.
    Confirmed,
    /// `DLE ENQ 2`, at once, obeyed only after a recoverable error and never confirmed.
    Unconfirmed,
    /// Only `ESC @`, in its turn.
    InSequence,
}

/// How a ticket leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It falls out; nobody can tell.
    Free,
    /// A sensor tells whether a ticket hangs in the exit.
    Sensor {
        /// Throws a ticket out that nobody takes.
        eject: Option<&'static [u8]>,
    },
}

/// A printer model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name in settings and on the command line.
    pub name: &'static str,
    /// Default rate of its serial line, 8N1.
    pub baud: u32,
    /// Its own font.
    pub rom: Rom,
    /// How it is asked.
    pub status: StatusKind,
    /// How it cuts.
    pub cut: Cut,
    /// How a ticket leaves.
    pub exit: Exit,
    /// Who draws the QR code.
    pub qr: QrMode,
    /// User characters that it keeps at once; 0 where it has none.
    pub user_characters: u8,
    /// Receive buffer, bytes.
    pub receive_buffer: u16,
    /// How the end of a job is known.
    pub end_of_job: EndOfJob,
    /// How it is cleared.
    pub clear: Clear,
    /// Second byte of the bold command: 45 (`ESC E`) or 47 (`ESC G`).
    pub bold_letter: u8,
    /// Dot rows a second.
    pub rows_per_second: u32,
    /// Dots between head and cutter.
    pub head_to_cutter: u16,
    /// Time of a cut with presenting, ms.
    pub cut_ms: i64,
}

/// The usual mechanism: 150 mm/s, 203 dpi.
const ROWS_PER_SECOND: u32 = 1200;

/// Dots between head and cutter where the model's own figure is not known: 15 mm.
const HEAD_TO_CUTTER: u16 = 120;

/// Epson TM and EU kinds, and what copies them faithfully.
pub const EPSON: Profile = Profile {
    name: "epson",
    baud: 115_200,
    rom: Rom::Gbk,
    status: StatusKind::RealTime(StatusBits {
        first_fixed: 0x12,
        jam_in_third: false,
        exit_byte: false,
    }),
    cut: Cut {
        feed_dots: 0,
        command: &[0x1D, 0x56, 0x42, 0x00],
    },
    exit: Exit::Free,
    qr: QrMode::Native,
    user_characters: 94,
    receive_buffer: 4096,
    end_of_job: EndOfJob::ProcessId,
    clear: Clear::Confirmed,
    bold_letter: 0x45,
    rows_per_second: ROWS_PER_SECOND,
    head_to_cutter: HEAD_TO_CUTTER,
    cut_ms: 300,
};

/// Masung 美松 MS-D347 and the EP-800 family: GB 2312, exit sensor without a presenter.
pub const MASUNG: Profile = Profile {
    name: "masung",
    rom: Rom::Gb2312,
    status: StatusKind::RealTime(StatusBits {
        first_fixed: 0x16,
        jam_in_third: false,
        exit_byte: true,
    }),
    cut: Cut {
        feed_dots: 120,
        command: &[0x1B, 0x69, 0x00],
    },
    exit: Exit::Sensor { eject: None },
    qr: QrMode::RasterDoubled,
    user_characters: 0,
    end_of_job: EndOfJob::MotorIdle,
    clear: Clear::Unconfirmed,
    bold_letter: 0x47,
    cut_ms: 500,
    ..EPSON
};

/// Custom VKP80 and TG2480: full status, ejector.
pub const CUSTOM: Profile = Profile {
    name: "custom",
    rom: Rom::Gbk,
    status: StatusKind::CustomFull,
    cut: Cut {
        feed_dots: 120,
        command: &[0x1B, 0x69],
    },
    exit: Exit::Sensor {
        eject: Some(&[0x1D, 0x65, 0x05]),
    },
    qr: QrMode::RasterDoubled,
    user_characters: 0,
    end_of_job: EndOfJob::MotorIdle,
    clear: Clear::InSequence,
    cut_ms: 1000,
    ..EPSON
};

/// SNBC 新北洋 BT-T080: 20 user characters, `GS r` on its serial line.
pub const SNBC: Profile = Profile {
    name: "snbc",
    rom: Rom::Gb18030Y2000,
    status: StatusKind::RealTime(StatusBits {
        first_fixed: 0x16,
        jam_in_third: true,
        exit_byte: false,
    }),
    user_characters: 20,
    end_of_job: EndOfJob::SequenceStatus,
    clear: Clear::Unconfirmed,
    ..EPSON
};

/// All profiles, by the order in which they are offered.
pub const ALL: [&Profile; 4] = [&EPSON, &MASUNG, &CUSTOM, &SNBC];

impl Profile {
    /// The profile called `name`.
    pub fn named(name: &str) -> Option<&'static Profile> {
        ALL.into_iter().find(|profile| profile.name == name)
    }

    /// How a byte `10` reads on this model.
    pub fn answer_family(&self) -> Family {
        match self.status {
            StatusKind::RealTime(_) => Family::Automatic,
            StatusKind::CustomFull => Family::CustomFull,
        }
    }

    /// The requests of one round of status, in order.
    pub fn status_requests(&self) -> &'static [u8] {
        match self.status {
            StatusKind::RealTime(bits) if bits.exit_byte => &[1, 2, 3, 4, 5],
            StatusKind::RealTime(_) => &[1, 2, 3, 4],
            StatusKind::CustomFull => &[0x14],
        }
    }

    /// Feeds to the cutter and cuts.
    pub fn cut_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.cut.feed_dots > 0 {
            out.extend(command::feed(self.cut.feed_dots));
        }
        out.extend_from_slice(self.cut.command);
        out
    }

    /// Time that `bytes` on the line and `dots` of paper take together, ms, rounded up.
    pub fn job_ms(&self, bytes: usize, dots: u32) -> i64 {
        let bits = i64::try_from(bytes).unwrap_or(i64::MAX / 20_000).saturating_mul(10_000);
        let wire = bits / i64::from(self.baud.max(1)) + 1;
        let paper = i64::from(dots) * 1000 / i64::from(self.rows_per_second.max(1)) + 1;
        wire + paper + self.cut_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_fits_its_own_rules() {
        for profile in ALL {
            assert_eq!(Profile::named(profile.name), Some(profile));
            assert_eq!(
                profile.cut.feed_dots == 0,
                profile.cut.command.starts_with(&[0x1D, 0x56])
            );
            let custom = profile.status == StatusKind::CustomFull;
            assert_eq!(custom, profile.answer_family() == Family::CustomFull);
        }
        assert_eq!(Profile::named("laser"), None);
    }

    #[test]
    fn a_sample_ticket_takes_the_time_of_the_reference() {
        // 294 bytes at 115200 baud: 26 ms; 563 dots at 150 mm/s: 0.47 s.
        assert_eq!(EPSON.job_ms(294, 563) - EPSON.cut_ms, 26 + 470);
    }
}
