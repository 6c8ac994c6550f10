//! The machine as staff see it: its status in words, beside what the store knows.

use std::collections::VecDeque;

use drivers_temp_id_maker::codec::{Event, Fault, Identity, JobId, Mode, Status};
use ticket_dispatcher_protocol::{MakerBin, MakerDoubt, MakerFault, MakerNow, MakerSupply};

use super::machine::short;

/// Faults and warnings that are shown.
const RECENT_KEPT: usize = 12;

/// What staff sees beside the status. It changes when the ledger or the jobs change.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The machine's serial number; empty before the first greeting.
    pub serial: String,
    /// Room for film and blanks, entries of the two bins.
    pub room: (u16, u16, u8, u8),
    /// Two people must decide about these.
    pub doubts: Vec<MakerDoubt>,
    /// A difference of a day's close that nobody has explained.
    pub difference: Option<i64>,
    /// The ledger's chain held when it was read last.
    pub chain_holds: bool,
    /// The newest first.
    pub recent: Recent,
    /// The fault that stands: its code, its number, since when.
    standing: Option<(u16, u16, i64)>,
}

/// Faults and warnings as the machine told them, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Recent(VecDeque<MakerFault>);

impl Recent {
    /// Keeps what an event says of a fault.
    pub fn heard(&mut self, event: &Event, now_s: i64) {
        if let Some(fault) = Fault::of(event.code).filter(|_| matches!(event.kind, 4 | 16 | 17 | 18)) {
            self.0.push_front(told(fault, at_s(event, now_s)));
            self.0.truncate(RECENT_KEPT);
        }
    }

    /// When a fault came last.
    fn came(&self, fault: &Fault) -> Option<i64> {
        let known = told(fault, 0);
        self.0.iter().find(|seen| seen.code == known.code).map(|seen| seen.at_s)
    }
}

/// When an event was: by the machine, or when it is heard of, where the machine had not been told the time yet.
pub fn at_s(event: &Event, now_s: i64) -> i64 {
    if event.unix == 0 { now_s } else { event.unix.into() }
}

fn told(fault: &Fault, at_s: i64) -> MakerFault {
    MakerFault {
        code: format!("{:04X}", fault.code),
        said: fault.said.to_string(),
        to_do: fault.to_do.to_string(),
        at_s,
    }
}

fn mode(status: &Status) -> &'static str {
    match status.mode {
        Mode::Init => "init",
        Mode::Idle => "idle",
        Mode::Job => "job",
        Mode::Fault => "fault",
        Mode::Maintenance => "maintenance",
        Mode::OutOfService => "out-of-service",
    }
}

fn bin(entries: u8, room: u8) -> MakerBin {
    match room {
        0 => MakerBin::Room,
        room if entries >= room => MakerBin::Full,
        room if u16::from(entries) * 5 >= u16::from(room) * 4 => MakerBin::High,
        _ => MakerBin::Room,
    }
}

impl Known {
    /// Takes over who the machine is; true when that is another than before.
    pub fn greeted(&mut self, identity: &Identity) -> bool {
        let other = self.serial != identity.serial || self.room.1 != identity.blank_cap;
        self.serial.clone_from(&identity.serial);
        self.room = (
            identity.film_cap,
            identity.blank_cap,
            identity.reject_cap,
            identity.retract_cap,
        );
        other
    }

    /// The fault that stands, since when it is known to: a kiosk that starts later knows no better than its own start.
    fn stands(&mut self, status: Option<&Status>, now_s: i64) -> Option<MakerFault> {
        let status = status?;
        let fault = Fault::of(status.fault);
        self.standing = fault.map(|fault| match self.standing {
            Some((code, seq, since)) if (code, seq) == (fault.code, status.fault_seq) => (code, seq, since),
            _ => (fault.code, status.fault_seq, self.recent.came(fault).unwrap_or(now_s)),
        });
        let (_, _, since) = self.standing?;
        fault.map(|fault| told(fault, since))
    }

    /// How it is; none before it was ever greeted.
    pub fn now(&mut self, status: Option<&Status>, now_s: i64) -> Option<MakerNow> {
        if self.serial.is_empty() {
            return None;
        }
        let fault = self.stands(status, now_s);
        let (film, blanks, reject, retract) = self.room;
        let supply = |left: u16, room: u16, low: bool| MakerSupply {
            left: left.into(),
            room: room.into(),
            low,
        };
        let of = |read: fn(&Status) -> u16| status.map_or(0, read);
        let (film_left, blanks_left) = (of(|s| s.film_left), of(|s| s.blanks_left));
        let medium_left = of(|s| s.prints_left);
        let job = status.map(|status| status.job).filter(|job| *job != JobId::default());
        Some(MakerNow {
            serial: self.serial.clone(),
            mode: status.map_or("away", mode).to_string(),
            ready: status.is_some_and(super::machine::ready) && self.difference.is_none(),
            fault,
            difference: self.difference,
            heat_c: status.map_or(0, |status| i32::from(status.heater) / 10),
            job: job.map(short),
            step: status.and_then(|status| status.step).map(|step| step.code()),
            film: supply(film_left, film, film_left <= film / 10),
            // In tens: the day's close asks for a hand count that nobody could have read here.
            blanks: supply(blanks_left / 10 * 10, blanks, blanks_left < 20),
            // The machine says how many prints are left and not how many a new medium has: low at a twentieth of the
            // film.
            medium: supply(medium_left, 0, medium_left <= film / 20),
            reject_bin: bin(status.map_or(0, |s| s.reject_count), reject),
            retract_bin: bin(status.map_or(0, |s| s.retract_count), retract),
            doubts: self.doubts.clone(),
            recent: self.recent.0.iter().cloned().collect(),
            chain_holds: self.chain_holds,
        })
    }
}
