//! One movement after another, and the look at the sensors that says whether it was one.

use drivers_temp_id_maker::codec::{Sensors, Step};

use super::super::memory::Count;
use super::super::world::{Action, HOT, World};
use super::{Firmware, HEAD_HOT_MS, Picture, Running, WARMUP_MS, Weakness, cards_seen, covered};

/// The movements of a step with their times, milliseconds.
pub(super) fn movements(step: Step, picture: Option<&Picture>, weakness: Option<Weakness>) -> Vec<(Action, u64)> {
    match step {
        Step::DrawIn if weakness == Some(Weakness::OneStepRetract) => vec![
            (Action::ArmFlaps, 0),
            (Action::Back, 2_000),
            (Action::Shutter(false), 1_000),
            (Action::DropRetract, 3_000),
        ],
        Step::Cut => vec![(Action::FeedFilm, 3_000), (Action::Cut, 2_000)],
        Step::Print => {
            let face = picture.and_then(|picture| picture.face.clone());
            face.map(|face| (Action::Print(face), 25_000)).into_iter().collect()
        }
        Step::Feed => vec![(Action::Pick, 2_000), (Action::Forward, 2_000)],
        Step::Laminate => vec![
            (Action::Forward, 3_000),
            (Action::Forward, 20_000),
            (Action::Forward, 7_000),
        ],
        Step::Present => vec![(Action::Shutter(true), 1_000), (Action::Forward, 2_000)],
        Step::DrawIn => vec![(Action::Back, 2_000), (Action::Shutter(false), 1_000)],
        Step::Retract => vec![(Action::DropRetract, 3_000)],
        Step::Capture => vec![(Action::Shutter(false), 1_000), (Action::DropReject, 4_000)],
    }
}

/// What a look at the sensors after a movement says.
enum Seen {
    Good,
    Again,
    FromStart,
    Fault(u16, u32),
    Doubt(u16),
    Taken,
}

impl Firmware {
    pub(super) fn go_on(&mut self, running: Running, world: &mut World) {
        let sensors = world.sensors();
        if covered(&sensors, 24) || covered(&sensors, 25) {
            self.act(world, &Action::Heat(0));
            self.fault(0x0701, 0);
            return;
        }
        if self.now_ms < running.until_ms || self.must_wait(running, &sensors) {
            return;
        }
        let steps = movements(running.step, self.picture.as_ref(), self.weakness);
        let Some((action, _)) = steps.get(running.at) else {
            return self.finished(running.step, world);
        };
        self.act(world, action);
        if self.dead {
            return;
        }
        let seen = self.look(running, world);
        match seen {
            Seen::Good if running.at + 1 < steps.len() => {
                let until_ms = self.now_ms + steps[running.at + 1].1;
                self.running = Some(Running {
                    at: running.at + 1,
                    until_ms,
                    ..running
                });
            }
            Seen::Good => self.finished(running.step, world),
            Seen::Again | Seen::FromStart => {
                if matches!(seen, Seen::FromStart) {
                    // The piece of the wrong length makes room for the one new piece that this step may take.
                    self.act(world, &Action::DropReject);
                }
                let at = if matches!(seen, Seen::Again) { running.at } else { 0 };
                let until_ms = self.now_ms + steps[at].1;
                self.running = Some(Running {
                    at,
                    until_ms,
                    tries: running.tries + 1,
                    ..running
                });
            }
            Seen::Fault(code, arg) => self.failed(code, arg, world),
            Seen::Doubt(code) => self.doubt(code),
            Seen::Taken => self.taken(true, world),
        }
    }

    /// Heat and head may hold a movement up.
    fn must_wait(&mut self, running: Running, sensors: &Sensors) -> bool {
        let since = *self.wait_since_ms.get_or_insert(self.now_ms);
        let waited = self.now_ms - since;
        if running.step == Step::Laminate && running.at == 0 && !covered(sensors, 28) {
            if waited == 0 {
                self.note(4, Some(Step::Laminate), 0x0401, 0);
                self.commit();
            }
            if sensors.heater == i16::MAX {
                self.fault(0x0405, 0);
            } else if covered(sensors, 29) {
                self.fault(0x0403, 0);
            } else if waited > WARMUP_MS {
                self.fault(0x0402, 0);
            }
            return true;
        }
        if running.step == Step::Print && sensors.head > 900 && waited <= HEAD_HOT_MS {
            return true;
        }
        self.wait_since_ms = None;
        false
    }

    fn look(&mut self, running: Running, world: &World) -> Seen {
        let sensors = world.sensors();
        let on = |bit| covered(&sensors, bit);
        let position = u32::from(self.card_position(&sensors).code());
        let jam_or_lost = |from: u32, code: u16| {
            if on(from) {
                Seen::Fault(code, position)
            } else {
                Seen::Doubt(0x0306)
            }
        };
        if running.step == Step::DrawIn && self.weakness == Some(Weakness::OneStepRetract) {
            return Seen::Good;
        }
        if running.step == Step::Capture && self.weakness == Some(Weakness::AnySensorIsInside) {
            return Seen::Good;
        }
        match (running.step, running.at) {
            (Step::Cut, 0) if on(2) => Seen::Good,
            (Step::Cut, 0) if on(0) => {
                self.film_spent(0x0103);
                Seen::Fault(0x0103, 0)
            }
            (Step::Cut, 0) => Seen::Fault(0x0102, 0),
            (Step::Cut, _) => self.look_at_cut(running, &sensors),
            (Step::Print, _) if sensors.head > 900 => Seen::Fault(0x0203, 0),
            (Step::Print, _) if !world.head_turned() => Seen::Fault(0x0204, 0),
            (Step::Print, _) if !on(6) => Seen::Fault(0x0202, 0),
            (Step::Print, _) if !on(3) => Seen::Fault(0x0106, 0),
            (Step::Feed, 0) => self.look_at_pick(running, &sensors, world.blank_serial()),
            (Step::Feed, _) if !on(12) => jam_or_lost(10, 0x0305),
            (Step::Laminate, 0) if !on(13) => jam_or_lost(12, 0x0305),
            (Step::Laminate, 1) if !on(14) => jam_or_lost(13, 0x0406),
            (Step::Laminate, 1) if on(29) => Seen::Fault(0x0403, 0),
            (Step::Laminate, 1) if i32::from(sensors.heater) < HOT - 100 => Seen::Fault(0x0404, 0),
            (Step::Laminate, 2) if !on(15) => jam_or_lost(14, 0x0406),
            (Step::Laminate, 2) if !world.print_is_good() => Seen::Fault(0x0205, 0),
            (Step::Present, 0) if on(17) => Seen::Fault(0x0503, 0),
            (Step::Present, 1) if !on(16) => jam_or_lost(15, 0x0305),
            (Step::DrawIn, 0) if on(16) => Seen::Fault(0x0504, 0),
            (Step::DrawIn, 0) if !on(15) => Seen::Taken,
            (Step::DrawIn, 1) if !on(17) => Seen::Fault(0x0503, 0),
            (Step::Retract, _) if !on(23) => jam_or_lost(15, 0x0305),
            (Step::Capture, 0) if !on(17) => Seen::Fault(0x0503, 0),
            (Step::Capture, 1) if !cards_seen(&sensors).is_empty() => Seen::Fault(0x0305, position),
            (Step::Capture, 1) if self.inside() > 0 && !on(22) => Seen::Doubt(0x0306),
            _ => Seen::Good,
        }
    }

    pub(super) fn inside(&self) -> u8 {
        self.state.job.as_ref().map_or(0, |job| job.inside)
    }

    /// A piece of film less, counted by its event; `code` where no cut piece came of it: what hangs crumpled on the
    /// roll is pulled out by staff and of no more use.
    fn film_spent(&mut self, code: u16) {
        self.state.film_left = self.state.film_left.saturating_sub(1);
        self.state.count(Count::Cuts, 1);
        self.note(9, Some(Step::Cut), code, 0);
    }

    fn look_at_cut(&mut self, running: Running, sensors: &Sensors) -> Seen {
        if !covered(sensors, 4) {
            self.film_spent(0x0104);
            return Seen::Fault(0x0104, 0);
        }
        self.film_spent(0);
        self.with_job(|job| job.film = true);
        self.commit();
        match covered(sensors, 3) {
            true => Seen::Good,
            false if running.tries == 0 => Seen::FromStart,
            false => Seen::Fault(0x0105, 0),
        }
    }

    pub(super) fn picked(&mut self, count: u8) {
        self.state.blanks_left = self.state.blanks_left.saturating_sub(count.into());
        self.state.count(Count::Picks, count.into());
        self.note(5, Some(Step::Feed), 0, count.into());
        self.state.pick_fails = 0;
        self.with_job(|job| job.inside += count);
        self.commit();
    }

    fn look_at_pick(&mut self, running: Running, sensors: &Sensors, serial: Option<[u8; 16]>) -> Seen {
        if covered(sensors, 11) {
            self.state.count(Count::DoublePicks, 1);
            self.picked(2);
            return Seen::Fault(0x0304, 0);
        }
        if covered(sensors, 10) {
            self.with_job(|job| job.blank = serial.unwrap_or_default());
            self.picked(1);
            return serial.map_or(Seen::Fault(0x0308, 0), |_| Seen::Good);
        }
        if !covered(sensors, 8) {
            return Seen::Fault(0x0302, 0);
        }
        if running.tries < 2 {
            Seen::Again
        } else {
            Seen::Fault(0x0303, 0)
        }
    }
}
