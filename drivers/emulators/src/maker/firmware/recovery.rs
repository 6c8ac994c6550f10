//! Power is back: what the last life left is settled from memory and sensors alone (TIM/1, section 7).
//!
//! It must never guess where a card is: what the table does not know is a doubt.

use drivers_temp_id_maker::codec::{Phase, Step};

use super::super::orders::self_test_fails;
use super::super::world::World;
use super::{Firmware, Weakness, cards_seen, covered};

impl Firmware {
    pub(super) fn recover(&mut self, world: &mut World) {
        let sensors = world.sensors();
        let seen = cards_seen(&sensors);
        let dead_sensor = self_test_fails(&sensors);
        let Some(job) = self.state.job.clone() else {
            self.recovering = false;
            if dead_sensor {
                self.fault(0x0804, 0);
            } else if !seen.is_empty() {
                self.fault(0x0307, seen[0]);
            }
            return;
        };
        if job.phase.is_terminal() {
            self.recovering = false;
            return;
        }
        // A sensor that does not work says nothing about where the card is.
        if dead_sensor {
            return self.doubt(0x0804);
        }
        let only = |bits: &[u32]| seen.iter().all(|bit| bits.contains(bit));
        match job.step {
            None => match job.phase {
                Phase::Open | Phase::Sealed if !seen.is_empty() => self.doubt(0x0307),
                Phase::Open | Phase::Sealed => {
                    self.with_job(|job| job.phase = Phase::Open);
                    self.commit();
                    self.recovering = false;
                }
                Phase::Cut | Phase::Printed if seen.is_empty() => self.begin(Step::Capture, world),
                Phase::Fed | Phase::Laminated => self.begin(Step::Capture, world),
                Phase::Presented if seen == [16] => self.presented_again(),
                Phase::Presented if seen.is_empty() => self.taken(true, world),
                _ => self.doubt(0x0306),
            },
            Some(Step::Cut | Step::Print) if seen.is_empty() => self.begin(Step::Capture, world),
            Some(Step::Feed) if only(&[10, 12]) => {
                if !seen.is_empty() && job.inside == 0 {
                    let count = if covered(&sensors, 11) { 2 } else { 1 };
                    self.picked(count);
                }
                self.begin(Step::Capture, world);
            }
            Some(Step::Laminate) if self.weakness == Some(Weakness::BeginsAgainAlone) && seen == [14] => {
                self.begin(Step::Laminate, world);
            }
            Some(Step::Laminate) if only(&[12, 13, 14, 15]) => self.begin(Step::Capture, world),
            Some(Step::Present)
                if self.weakness == Some(Weakness::AnySensorIsInside)
                    && seen.first() != Some(&16)
                    && !seen.is_empty() =>
            {
                self.begin(Step::Capture, world);
            }
            Some(Step::Present) if seen == [15] => self.begin(Step::Capture, world),
            Some(Step::Present | Step::DrawIn) if seen == [16] => self.presented_again(),
            Some(Step::DrawIn) if seen == [15] => self.begin(Step::Retract, world),
            Some(Step::Present | Step::DrawIn) if seen.is_empty() => self.taken(true, world),
            // The flap that the card lifted when it fell stays up without power.
            Some(Step::Retract) if seen.is_empty() && covered(&sensors, 23) => self.retracted(),
            Some(Step::Retract) if seen == [15] => self.begin(Step::Retract, world),
            Some(Step::Capture) if seen.is_empty() && (job.inside == 0 || covered(&sensors, 22)) => {
                self.begin_again(Step::Capture);
            }
            Some(Step::Capture) if only(&[10, 12, 13, 14, 15]) && !seen.is_empty() => self.begin(Step::Capture, world),
            _ => self.doubt(0x0306),
        }
    }

    pub(super) fn presented_again(&mut self) {
        self.with_job(|job| {
            job.phase = Phase::Presented;
            job.step = None;
        });
        self.commit();
        self.presented_ms = self.now_ms;
        self.recovering = false;
    }
}
