//! The machine's own program. It sees sensors and its memory, nothing else of the world, and starts no consuming step
//! by itself (TIM/1, invariants 1 to 8).
//!
//! Every change is on the memory before it is acted upon, and every movement is over before it is written down.

use std::sync::Arc;

use drivers_temp_id_maker::codec::{Fault, FaultClass, JobId, Mode, Phase, Position, RecordTag, Sensors, Step};

use super::memory::{ARCHIVE_KEPT, Count, Job, Memory, State};
use super::world::{Action, Face, HOT, PATH, World};

/// A presented card is drawn in after this, milliseconds.
pub const TAKE_MS: u64 = 60_000;
/// A host that is silent so long has left its job, milliseconds.
const HOST_SILENT_MS: u64 = 300_000;
/// Longest warm-up, milliseconds.
const WARMUP_MS: u64 = 300_000;
/// A hot head is waited for so long, milliseconds.
const HEAD_HOT_MS: u64 = 60_000;

/// Sensors of the path that see a card.
const CARD_BITS: [u32; 6] = [10, 12, 13, 14, 15, 16];

/// A step under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub step: Step,
    pub at: usize,
    pub until_ms: u64,
    pub tries: u8,
}

/// A picture announced and received.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub job: JobId,
    pub sha256: [u8; 32],
    pub data: Vec<u8>,
    pub width: u16,
    pub height: u16,
    pub packed: bool,
    pub mirrored: bool,
    pub face: Option<Arc<Face>>,
}

/// One life of the machine, from power on to power off.
#[derive(Debug)]
pub struct Firmware {
    /// Survives it.
    pub memory: Memory,
    /// The state as last written.
    pub state: State,
    pub(super) now_ms: u64,
    pub(super) clock: Option<(u32, u64)>,
    pub(super) picture: Option<Picture>,
    pub(super) running: Option<Running>,
    pub(super) recovering: bool,
    pub(super) maintenance: bool,
    pub(super) last: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) host_heard_ms: u64,
    presented_ms: u64,
    wait_since_ms: Option<u64>,
    /// Movements and writes left before the power goes; none: it stays.
    pub cut_in: Option<u32>,
    /// Power went in the middle of something.
    pub dead: bool,
}

fn covered(sensors: &Sensors, bit: u32) -> bool {
    sensors.bits & 1 << bit != 0
}

fn cards_seen(sensors: &Sensors) -> Vec<u32> {
    CARD_BITS.into_iter().filter(|bit| covered(sensors, *bit)).collect()
}

/// The movements of a step with their times, milliseconds.
fn movements(step: Step, picture: Option<&Picture>) -> Vec<(Action, u64)> {
    match step {
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
    /// Power on: a new life, and whatever the last one left is settled by the table of TIM/1, section 7.
    pub fn boot(memory: Memory, world: &mut World) -> Self {
        let state = memory.read();
        let mut machine = Self {
            memory,
            state,
            now_ms: 0,
            clock: None,
            picture: None,
            running: None,
            recovering: true,
            maintenance: false,
            last: None,
            host_heard_ms: 0,
            presented_ms: 0,
            wait_since_ms: None,
            cut_in: None,
            dead: false,
        };
        let lives = machine.state.boot != 0;
        machine.state.boot = machine.state.boot.checked_add(1).unwrap_or(1);
        machine.state.count(Count::Boots, 1);
        machine.note(1, None, 0, machine.state.boot.into());
        if lives {
            machine.note(4, None, 0x0703, 0);
        }
        machine.commit();
        machine.recover(world);
        machine
    }

    pub(super) fn unix(&self) -> u32 {
        self.clock.map_or(0, |(unix, at)| {
            unix.saturating_add(u32::try_from((self.now_ms - at) / 1000).unwrap_or(0))
        })
    }

    pub(super) fn note(&mut self, kind: u8, step: Option<Step>, code: u16, arg: u32) {
        let unix = self.unix();
        self.state.note(unix, kind, step.map_or(0, Step::code), code, arg);
    }

    fn power_holds(&mut self) -> bool {
        match &mut self.cut_in {
            _ if self.dead => {}
            Some(0) => self.dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        !self.dead
    }

    /// Writes the state: the moment from which it is true.
    pub(super) fn commit(&mut self) {
        let unix = self.unix();
        if let Some(job) = &mut self.state.job {
            job.changed_at = unix;
        }
        if !self.power_holds() {
            return;
        }
        if !self.memory.write(&self.state) {
            // What cannot be written is not true: nothing further is begun.
            self.state.fault = 0x0801;
            self.running = None;
        }
    }

    pub(super) fn act(&mut self, world: &mut World, action: &Action) {
        if self.power_holds() {
            world.act(action);
        }
    }

    /// The mode as STATUS tells it.
    pub fn mode(&self) -> Mode {
        let doubt = self.state.job.as_ref().is_some_and(|job| job.phase == Phase::Doubt);
        match Fault::of(self.state.fault).map(|fault| fault.class) {
            _ if self.recovering => Mode::Init,
            _ if self.maintenance => Mode::Maintenance,
            _ if doubt => Mode::OutOfService,
            Some(FaultClass::Doubt) => Mode::OutOfService,
            Some(FaultClass::Service) => Mode::Fault,
            _ if self.state.job.is_some() => Mode::Job,
            _ => Mode::Idle,
        }
    }

    /// True while a fault stops everything that consumes.
    pub fn stopped(&self) -> bool {
        matches!(self.mode(), Mode::Fault | Mode::OutOfService)
    }

    /// Where the sensors see the card.
    pub fn card_position(&self, sensors: &Sensors) -> Position {
        let seen = cards_seen(sensors);
        let place = [
            Position::Pick,
            Position::Merge,
            Position::LaminatorIn,
            Position::Laminator,
            Position::Cooler,
            Position::Exit,
        ];
        match seen.as_slice() {
            [] => Position::None,
            [one] => place[PATH.iter().position(|(_, bit)| bit == one).unwrap_or(0)],
            _ => Position::Unknown,
        }
    }

    fn recover(&mut self, world: &mut World) {
        let sensors = world.sensors();
        let seen = cards_seen(&sensors);
        let Some(job) = self.state.job.clone() else {
            self.recovering = false;
            if !seen.is_empty() {
                self.fault(0x0307, seen[0]);
            }
            return;
        };
        if job.phase.is_terminal() {
            self.recovering = false;
            return;
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
            Some(Step::Laminate) if only(&[12, 13, 14, 15]) => self.begin(Step::Capture, world),
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

    fn presented_again(&mut self) {
        self.with_job(|job| {
            job.phase = Phase::Presented;
            job.step = None;
        });
        self.commit();
        self.presented_ms = self.now_ms;
        self.recovering = false;
    }

    pub(super) fn with_job(&mut self, change: impl FnOnce(&mut Job)) {
        if let Some(job) = &mut self.state.job {
            change(job);
        }
    }

    fn tag(&self) -> RecordTag {
        self.state.job.as_ref().map(|job| job.tag).unwrap_or_default()
    }

    /// Writes that a step begins, then begins it. PRESENT enters the fence in the same write.
    pub(super) fn begin(&mut self, step: Step, world: &mut World) {
        if matches!(step, Step::Capture | Step::Retract) {
            self.act(world, &Action::ArmFlaps);
            self.picture = None;
        }
        if step == Step::Present {
            let tag = self.tag();
            self.state.fence_in(tag);
        }
        self.note(2, Some(step), 0, 0);
        self.with_job(|job| job.step = Some(step));
        self.commit();
        self.begin_again(step);
    }

    /// Goes on with a step whose start is written; its flaps stay as they are.
    fn begin_again(&mut self, step: Step) {
        let first = movements(step, self.picture.as_ref()).first().map_or(0, |(_, ms)| *ms);
        self.wait_since_ms = None;
        self.running = Some(Running {
            step,
            at: 0,
            until_ms: self.now_ms + first,
            tries: 0,
        });
    }

    /// Time passes up to `now_ms` of this life.
    pub fn tick(&mut self, now_ms: u64, world: &mut World) {
        self.now_ms = now_ms;
        if self.dead {
            return;
        }
        match self.running {
            Some(running) => self.go_on(running, world),
            None => self.watch(world),
        }
    }

    fn go_on(&mut self, running: Running, world: &mut World) {
        let sensors = world.sensors();
        if covered(&sensors, 24) || covered(&sensors, 25) {
            self.act(world, &Action::Heat(0));
            self.fault(0x0701, 0);
            return;
        }
        if self.now_ms < running.until_ms || self.must_wait(running, &sensors) {
            return;
        }
        let steps = movements(running.step, self.picture.as_ref());
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
        match (running.step, running.at) {
            (Step::Cut, 0) if on(2) => Seen::Good,
            (Step::Cut, 0) => Seen::Fault(if on(0) { 0x0103 } else { 0x0102 }, 0),
            (Step::Cut, _) => self.look_at_cut(running, &sensors),
            (Step::Print, _) if sensors.head > 900 => Seen::Fault(0x0203, 0),
            (Step::Print, _) if !world.head_turned() => Seen::Fault(0x0204, 0),
            (Step::Print, _) if !on(6) => Seen::Fault(0x0202, 0),
            (Step::Print, _) if !on(3) => Seen::Fault(0x0106, 0),
            (Step::Feed, 0) => self.look_at_pick(running, &sensors),
            (Step::Feed, _) if !on(12) => jam_or_lost(10, 0x0305),
            (Step::Laminate, 0) if !on(13) => jam_or_lost(12, 0x0305),
            (Step::Laminate, 1) if !on(14) => jam_or_lost(13, 0x0406),
            (Step::Laminate, 1) if on(29) => Seen::Fault(0x0403, 0),
            (Step::Laminate, 1) if i32::from(sensors.heater) < HOT - 100 => Seen::Fault(0x0404, 0),
            (Step::Laminate, 2) if !on(15) => jam_or_lost(14, 0x0406),
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

    fn inside(&self) -> u8 {
        self.state.job.as_ref().map_or(0, |job| job.inside)
    }

    fn look_at_cut(&mut self, running: Running, sensors: &Sensors) -> Seen {
        if !covered(sensors, 4) {
            return Seen::Fault(0x0104, 0);
        }
        self.state.film_left = self.state.film_left.saturating_sub(1);
        self.state.count(Count::Cuts, 1);
        self.note(9, Some(Step::Cut), 0, 0);
        if self.state.film_left == 50 {
            self.note(4, Some(Step::Cut), 0x0101, 0);
        }
        self.with_job(|job| job.film = true);
        self.commit();
        match covered(sensors, 3) {
            true => Seen::Good,
            false if running.tries == 0 => Seen::FromStart,
            false => Seen::Fault(0x0105, 0),
        }
    }

    fn picked(&mut self, count: u8) {
        self.state.blanks_left = self.state.blanks_left.saturating_sub(count.into());
        self.state.count(Count::Picks, count.into());
        self.note(5, Some(Step::Feed), 0, count.into());
        if self.state.blanks_left == 20 {
            self.note(4, Some(Step::Feed), 0x0301, 0);
        }
        self.state.pick_fails = 0;
        self.with_job(|job| job.inside += count);
        self.commit();
    }

    fn look_at_pick(&mut self, running: Running, sensors: &Sensors) -> Seen {
        if covered(sensors, 11) {
            self.state.count(Count::DoublePicks, 1);
            self.picked(2);
            return Seen::Fault(0x0304, 0);
        }
        if covered(sensors, 10) {
            self.picked(1);
            return Seen::Good;
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

    fn finished(&mut self, step: Step, world: &mut World) {
        self.running = None;
        let done = |machine: &mut Self| machine.note(3, Some(step), 0, 0);
        match step {
            Step::DrawIn => {
                done(self);
                // The start of RETRACT is the end of DRAW_IN: one write.
                self.begin(Step::Retract, world);
                return;
            }
            Step::Retract => return self.retracted(),
            Step::Capture => return self.captured(world),
            Step::Print => {
                self.state.count(Count::Prints, 1);
                self.state.prints_left = self.state.prints_left.saturating_sub(1);
            }
            Step::Laminate => self.state.count(Count::Laminated, 1),
            Step::Present => {
                self.state.count(Count::Presented, 1);
                self.presented_ms = self.now_ms;
            }
            Step::Cut | Step::Feed => {}
        }
        done(self);
        self.with_job(|job| {
            job.step = None;
            job.phase = step.done().unwrap_or(job.phase);
        });
        self.commit();
        if self.state.job.as_ref().is_some_and(|job| job.abort) && step != Step::Present {
            self.begin(Step::Capture, world);
        }
    }

    fn retracted(&mut self) {
        self.running = None;
        self.recovering = false;
        let inside = self.inside();
        self.state.retract_count = self.state.retract_count.saturating_add(inside);
        self.state.count(Count::Retracted, inside.into());
        let tag = self.tag();
        self.state.fence_out(tag);
        self.note(7, Some(Step::Retract), 0, inside.into());
        self.end_job(Phase::Retracted);
    }

    fn captured(&mut self, world: &mut World) {
        self.running = None;
        self.recovering = false;
        let Some(job) = self.state.job.clone() else { return };
        self.state.reject_count = self.state.reject_count.saturating_add(job.inside);
        self.state.count(Count::Rejected, job.inside.into());
        if job.inside > 0 {
            self.note(8, Some(Step::Capture), 0, job.inside.into());
        } else if job.film {
            self.note(10, Some(Step::Capture), 0, 0);
        }
        self.state.fence_out(job.tag);
        // A cut that was begun before any film was cut spoiled nothing: it counts as an attempt alone.
        let spoiled = job.inside > 0 || job.film;
        let captures = job.captures + u8::from(spoiled);
        if Fault::of(self.state.fault).is_some_and(|fault| fault.class == FaultClass::Job) {
            self.state.fault = 0;
        }
        let ending = match () {
            () if job.abort => Some(Phase::Aborted),
            () if captures >= 2 => Some(Phase::Rejected),
            () => None,
        };
        self.with_job(|job| {
            job.captures = captures;
            job.inside = 0;
            job.film = false;
            job.step = None;
            job.attempt = job.attempt.saturating_add(1);
            job.phase = Phase::Open;
        });
        match ending {
            Some(phase) => self.end_job(phase),
            None => self.commit(),
        }
        self.act(world, &Action::Heat(if ending.is_some() { 1 } else { 2 }));
    }

    fn end_job(&mut self, phase: Phase) {
        self.picture = None;
        self.with_job(|job| {
            job.phase = phase;
            job.step = None;
            job.inside = 0;
        });
        self.commit();
    }

    fn taken(&mut self, unseen: bool, world: &mut World) {
        self.running = None;
        self.recovering = false;
        self.state.count(Count::Taken, 1);
        let code = if unseen { 0x0505 } else { 0 };
        self.note(6, None, code, u32::from(unseen));
        self.end_job(Phase::Taken);
        self.act(world, &Action::Shutter(false));
        self.act(world, &Action::Heat(1));
        if !self.dead && !covered(&world.sensors(), 17) {
            self.fault(0x0503, 0);
        }
    }

    /// Nobody knows where the card is: it counts as left.
    fn doubt(&mut self, code: u16) {
        self.running = None;
        self.recovering = false;
        let tag = self.tag();
        self.state.fence_in(tag);
        self.state.count(Count::Doubts, 1);
        self.note(18, None, code, 0);
        self.raise(code);
        self.end_job(Phase::Doubt);
    }

    fn raise(&mut self, code: u16) {
        self.state.fault = code;
        self.state.fault_seq = self.state.fault_seq.wrapping_add(1);
        let (fault, fault_seq) = (self.state.fault, self.state.fault_seq);
        self.with_job(|job| (job.fault, job.fault_seq) = (fault, fault_seq));
    }

    /// A fault that stops the machine until a person acts; an interrupted step stays written as begun.
    pub(super) fn fault(&mut self, code: u16, arg: u32) {
        let step = self.running.take().map(|running| running.step);
        self.recovering = false;
        self.raise(code);
        self.note(4, step, code, arg);
        self.commit();
    }

    fn failed(&mut self, code: u16, arg: u32, world: &mut World) {
        let again = code == 0x0303 && self.state.pick_fails > 0;
        self.state.pick_fails += u8::from(code == 0x0303);
        let class = Fault::of(code).map_or(FaultClass::Service, |fault| fault.class);
        if class != FaultClass::Job || again {
            if matches!(code, 0x0305 | 0x0403 | 0x0406) {
                self.act(world, &Action::Heat(0));
            }
            return self.fault(code, arg);
        }
        let step = self.running.take().map(|running| running.step);
        self.raise(code);
        self.note(4, step, code, arg);
        self.begin(Step::Capture, world);
    }

    /// Nothing runs: the slot, the covers, the bins, the host.
    fn watch(&mut self, world: &mut World) {
        let sensors = world.sensors();
        let on = |bit| covered(&sensors, bit);
        let phase = self.state.job.as_ref().map_or(Phase::None, |job| job.phase);
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
        let silent = self.now_ms - self.host_heard_ms >= HOST_SILENT_MS;
        if busy && silent && !phase.is_terminal() && self.state.fault == 0 {
            return self.failed(0x0806, 0, world);
        }
        let standing = [
            (on(24) || on(25), 0x0701),
            (on(26), 0x0704),
            (!on(27), 0x0702),
            (sensors.heater == i16::MAX, 0x0405),
            (on(29), 0x0403),
            (!on(18) || !on(20), 0x0604),
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
        let found = standing.iter().find(|(stands, _)| *stands).map(|(_, code)| *code);
        let own = [0x0701, 0x0102, 0x0302, 0x0202, 0x0604, 0x0702];
        // In a job, want of film, blanks or medium is found by the step that needs them.
        let idle_only = [0x0102, 0x0302, 0x0202];
        match found {
            Some(code) if self.state.fault == 0 && !(busy && idle_only.contains(&code)) => {
                if code == 0x0704 {
                    self.picture = None;
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

    /// Puts the ended job into the archive.
    pub(super) fn archive(&mut self) {
        if let Some(job) = self.state.job.take() {
            self.state.archive.push_back(job.record());
            if self.state.archive.len() > ARCHIVE_KEPT {
                self.state.archive.pop_front();
            }
            self.commit();
        }
    }
}
