//! What the firmware looks at while nothing runs: the slot, the covers, the bins, the host.

use drivers_temp_id_maker::codec::{Phase, Sensors, Step};

use super::super::shape::{FILM_CAP, REJECT_CAP, RETRACT_CAP};
use super::super::world::World;
use super::{CARD_BITS, Firmware, HOST_SILENT_MS, TAKE_MS, covered};

impl Firmware {
    /// Nothing runs: the slot, the covers, the bins, the host.
    pub(super) fn watch(&mut self, world: &mut World) {
        let sensors = world.sensors();
        let on = |bit| covered(&sensors, bit);
        let phase = self.state.job.as_ref().map_or(Phase::None, |job| job.phase);
        self.warn(&sensors);
        if phase == Phase::Presented && self.state.fault == 0 {
            if !on(16) {
                self.taken(false, world);
            } else if self.now_ms - self.presented_ms >= TAKE_MS {
                self.note(4, None, 0x0501, 0);
                self.begin(Step::DrawIn, world);
            }
            return;
        }
        let busy = self.state.job.as_ref().is_some_and(|job| job.film || job.inside > 0);
        if self.now_ms - self.host_heard_ms >= HOST_SILENT_MS && phase != Phase::None {
            if phase.is_terminal() && phase != Phase::Doubt {
                // Nobody is left to close it, and the next record must find room.
                return self.archive();
            }
            if !phase.is_terminal() && self.state.fault == 0 {
                // Over, with or without something inside: nobody would order a second attempt.
                self.with_job(|job| job.abort = true);
                return self.failed(0x0806, 0, world);
            }
        }
        let standing = [
            (on(24) || on(25), 0x0701),
            (on(26), 0x0704),
            (!on(27), 0x0702),
            (sensors.heater == i16::MAX, 0x0405),
            (on(29), 0x0403),
            ((!on(18) || !on(20)) && self.bins_seen && !self.maintenance, 0x0605),
            ((!on(18) || !on(20)) && !self.maintenance, 0x0604),
            (on(19), 0x0602),
            (on(21), 0x0603),
            (!on(0), 0x0102),
            (!on(8), 0x0302),
            (!on(6), 0x0202),
            (
                phase == Phase::None && CARD_BITS[..5].iter().any(|bit| on(*bit)),
                0x0307,
            ),
            (on(16) && (phase == Phase::None || phase.is_terminal()), 0x0502),
        ];
        // Once both were seen in their place, one that is gone outside maintenance was taken.
        self.bins_seen = on(18) && on(20);
        let found = standing.iter().find(|(stands, _)| *stands).map(|(_, code)| *code);
        let own = [0x0701, 0x0102, 0x0302, 0x0202, 0x0604, 0x0702];
        // In a job, want of film, blanks or medium is found by the step that needs them.
        let idle_only = [0x0102, 0x0302, 0x0202];
        match found {
            Some(code) if self.state.fault == 0 && !(busy && idle_only.contains(&code)) => {
                if matches!(code, 0x0605 | 0x0704) {
                    self.forget_picture();
                    self.note(17, None, code, 0);
                }
                self.fault(code, 0);
            }
            None if own.contains(&self.state.fault) && !self.maintenance => {
                let covers = self.state.fault == 0x0701;
                self.state.fault = 0;
                self.commit();
                if covers && busy && !phase.is_terminal() {
                    self.begin(Step::Capture, world);
                }
            }
            _ => {}
        }
    }

    /// Warnings are written down when they begin to stand, and again when they begin anew.
    fn warn(&mut self, sensors: &Sensors) {
        let on = |bit| covered(sensors, bit);
        let stands = [
            (on(1) || self.state.film_left <= FILM_CAP / 10, 0x0101),
            (on(7) || self.state.prints_left <= FILM_CAP / 20, 0x0201),
            (on(9) || self.state.blanks_left < 20, 0x0301),
            (
                self.state.reject_count >= REJECT_CAP * 4 / 5 || self.state.retract_count >= RETRACT_CAP * 4 / 5,
                0x0601,
            ),
        ];
        let mut fresh = false;
        for (at, (stands, code)) in stands.into_iter().enumerate() {
            let bit = 1 << at;
            if stands && self.warned & bit == 0 {
                self.note(4, None, code, 0);
                fresh = true;
            }
            self.warned = if stands { self.warned | bit } else { self.warned & !bit };
        }
        if fresh {
            self.commit();
        }
    }
}
