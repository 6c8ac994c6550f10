//! Orders of staff: maintenance, supplies, bins, faults, doubts. Nothing here moves a card on towards a hand.

use drivers_temp_id_maker::codec::{Command, JobId, Phase, Position, Request, ResultCode, Sensors, Step};
use drivers_temp_id_maker::ids;

use super::super::firmware::Firmware;
use super::super::memory::Count;
use super::super::shape::{BLANK_CAP, FILM_CAP};
use super::super::world::{Action, World};
use super::{Answer, just};

/// Wrong codes until the machine stops.
const AUTH_FAILS_MAX: u8 = 5;

/// True when a sensor does not work: one that is not valid, a heater that cannot be read, a cutter that is not home.
pub fn self_test_fails(sensors: &Sensors) -> bool {
    const USED: u32 = 0x3FFF_FFDF;
    sensors.valid & USED != USED || sensors.heater == i16::MAX || sensors.bits & 1 << 4 == 0
}

impl Firmware {
    pub(super) fn enter(&mut self, a: u32, b: u32, mac: &[u8; 32]) -> Answer {
        if self.state.job.is_some() && !self.stopped() {
            return just(ResultCode::Busy);
        }
        let nonce = self.state.nonce;
        if !self.code_holds(nonce, mac, |key| ids::maintenance_mac(key, nonce, a, b)) {
            return just(ResultCode::Auth);
        }
        self.maintenance = true;
        self.note(14, None, 0, a ^ b);
        self.commit();
        just(ResultCode::Ok)
    }

    pub(super) fn maintain(&mut self, request: &Request, world: &mut World) -> Answer {
        if let Request::Heater(level) = request {
            self.act(world, &Action::Heat(*level));
            return just(ResultCode::Ok);
        }
        if !self.maintenance {
            return just(ResultCode::Maintenance);
        }
        match request {
            Request::Plain(Command::MaintExit) => {
                self.maintenance = false;
                self.note(15, None, 0, 0);
            }
            Request::Replenish(item, count, _) => {
                if !self.replenish(*item, *count) {
                    return just(ResultCode::BadParam);
                }
            }
            Request::BinEmptied(bin, counted) => {
                let entries = if *bin == 1 {
                    &mut self.state.reject_count
                } else {
                    &mut self.state.retract_count
                };
                let machine = u16::from(std::mem::take(entries));
                self.note(13, None, (*bin).into(), (*counted).into());
                self.commit();
                return (ResultCode::Ok, machine.to_le_bytes().to_vec());
            }
            Request::FaultClear(seq) => return self.clear(*seq, world),
            Request::DoubtResolve(id, verdict, mac) => return self.resolve(*id, *verdict, mac),
            Request::Plain(Command::MechReset) if self.state.job.is_none() => self.home(world),
            Request::SelfTest(kind) => {
                if self_test_fails(&world.sensors()) {
                    self.fault(0x0804, (*kind).into());
                    return just(ResultCode::Fault);
                }
            }
            _ => return just(ResultCode::Sequence),
        }
        self.commit();
        just(ResultCode::Ok)
    }

    /// A new roll or ribbon takes the place of the old one, blanks come on top; false for more than there is room for.
    fn replenish(&mut self, item: u8, count: u32) -> bool {
        let Ok(given) = u16::try_from(count) else {
            return false;
        };
        match item {
            1 if given <= FILM_CAP => {
                self.state.film_left = given;
                self.state.count(Count::FilmLoaded, count);
            }
            2 if given <= BLANK_CAP.saturating_sub(self.state.blanks_left) => {
                self.state.blanks_left += given;
                self.state.count(Count::BlanksLoaded, count);
            }
            3 => self.state.prints_left = given,
            _ => return false,
        }
        self.note(12, None, item.into(), count);
        true
    }

    fn clear(&mut self, seq: u16, world: &mut World) -> Answer {
        if seq != self.state.fault_seq {
            return just(ResultCode::BadParam);
        }
        let code = self.state.fault;
        let path_clear = self.status(world).card_pos == Position::None;
        self.state.fault = 0;
        self.state.auth_fails = 0;
        let Some(job) = self.state.job.clone().filter(|job| !job.phase.is_terminal()) else {
            self.note(19, None, code, 0);
            self.commit();
            return just(ResultCode::Ok);
        };
        // A card that stood in the path when the machine stopped and is gone now was taken out by staff.
        let removed = if path_clear && job.phase != Phase::Presented {
            job.inside
        } else {
            0
        };
        self.note(19, None, code, removed.into());
        if removed > 0 {
            self.state.count(Count::StaffRemoved, job.inside.into());
            self.with_job(|job| (job.inside, job.step) = (0, None));
            self.begin(Step::Capture, world);
        } else if job.film && job.inside == 0 && world.sensors().bits & 1 << 3 == 0 {
            // The film went with what was taken out: without it no step of this attempt can be done.
            self.with_job(|job| job.step = None);
            self.begin(Step::Capture, world);
        } else if job.inside > 0 && job.step.is_some() && job.phase != Phase::Presented {
            self.begin(Step::Capture, world);
        } else {
            self.with_job(|job| job.step = None);
            self.commit();
        }
        just(ResultCode::Ok)
    }

    /// Homes everything. What lies in the path and nobody picked goes into the reject bin, counted with its reason.
    fn home(&mut self, world: &mut World) {
        self.act(world, &Action::ArmFlaps);
        let strays = u32::from(self.card_position(&world.sensors()) != Position::None);
        self.act(world, &Action::DropReject);
        if strays > 0 && world.sensors().bits & 1 << 22 != 0 {
            self.state.count(Count::Rejected, strays);
            self.state.blanks_left = self.state.blanks_left.saturating_sub(1);
            self.state.reject_count = self.state.reject_count.saturating_add(1);
            self.note(8, None, 0x0307, strays);
        }
    }

    /// Whether a code is the one for an order. Without AUTH every order is good; with it a nonce is good once, and five
    /// wrong codes stop the machine.
    pub(super) fn code_holds(&mut self, nonce: u32, mac: &[u8; 32], expected: impl Fn(&[u8]) -> [u8; 32]) -> bool {
        let Some(key) = self.shape.device_key.clone() else {
            return true;
        };
        let fresh = self.state.nonce_open && nonce == self.state.nonce;
        let holds = fresh && expected(&key) == *mac;
        self.state.nonce_open = false;
        if holds {
            self.state.auth_fails = 0;
        } else {
            self.state.auth_fails = self.state.auth_fails.saturating_add(1);
            self.note(16, None, 0x0803, self.state.auth_fails.into());
            if self.state.auth_fails >= AUTH_FAILS_MAX {
                self.fault(0x0803, self.state.auth_fails.into());
            }
        }
        self.commit();
        holds
    }

    fn resolve(&mut self, id: JobId, verdict: u8, mac: &[u8; 32]) -> Answer {
        match self.open_job(id) {
            Err(answer) => return answer,
            Ok(job) if job.phase != Phase::Doubt => return just(ResultCode::Sequence),
            Ok(_) => {}
        }
        let nonce = self.state.nonce;
        if !self.code_holds(nonce, mac, |key| ids::doubt_mac(key, nonce, id, verdict)) {
            return just(ResultCode::Auth);
        }
        let (tag, inside) = self
            .state
            .job
            .as_ref()
            .map(|job| (job.tag, job.inside))
            .unwrap_or_default();
        // Only a card that two people hold in their hands opens the record again. Either way its blank is counted.
        let whose = if verdict == 2 {
            self.state.fence_out(tag);
            Count::StaffRemoved
        } else {
            Count::Taken
        };
        self.state.count(whose, inside.into());
        self.with_job(|job| job.inside = 0);
        self.state.fault = 0;
        self.note(19, None, 0x0306, u32::from(verdict) | u32::from(inside) << 8);
        self.archive();
        just(ResultCode::Ok)
    }
}
