//! The machine's own program. It sees sensors and its memory, nothing else of the world, and starts no consuming step
//! by itself (TIM/1, invariants 1 to 8).
//!
//! Every change is on the memory before it is acted upon, and every movement is over before it is written down.

mod ends;
mod recovery;
mod steps;
mod watch;

use std::sync::Arc;

use drivers_temp_id_maker::codec::{Fault, FaultClass, JobId, Mode, Phase, Position, RecordTag, Sensors, Step};

use super::memory::{ARCHIVE_KEPT, Count, Job, Memory, State};
use super::shape::Shape;
use super::world::{Action, Face, PATH, World};

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

/// A rule that this machine breaks, planted so that a test can prove that it would be seen. Never set outside tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Drawing in and dropping into the bin are one step.
    OneStepRetract,
    /// No record is ever fenced.
    NoFence,
    /// The fence is written after the card can be reached.
    LateFence,
    /// A step begins before its start is on the memory.
    StartUnwritten,
    /// After a lost PRESENT any covered sensor counts as "inside", and a capture counts without the bin's sensor.
    AnySensorIsInside,
    /// After a power loss in LAMINATE the step is begun again without an order.
    BeginsAgainAlone,
    /// The picture stays in memory when it is of no use any more.
    KeepsPicture,
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
    /// Warnings that stand and were written down, one bit each.
    warned: u8,
    /// Both bins were in their place in this life.
    bins_seen: bool,
    /// Movements and writes left before the power goes; none: it stays.
    pub cut_in: Option<u32>,
    /// Power went in the middle of something.
    pub dead: bool,
    /// A planted weakness.
    pub weakness: Option<Weakness>,
    /// Which machine it is.
    pub(super) shape: Shape,
}

fn covered(sensors: &Sensors, bit: u32) -> bool {
    sensors.bits & 1 << bit != 0
}

fn cards_seen(sensors: &Sensors) -> Vec<u32> {
    CARD_BITS.into_iter().filter(|bit| covered(sensors, *bit)).collect()
}

impl Firmware {
    /// Power on: a new life, and whatever the last one left is settled by the table of TIM/1, section 7. `cause` is
    /// what ended that life: 0703h the power, 0805h the watchdog.
    pub fn boot(memory: Memory, world: &mut World, shape: Shape, cause: u16) -> Self {
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
            warned: 0,
            bins_seen: false,
            cut_in: None,
            dead: false,
            weakness: shape.weakness,
            shape,
        };
        let lives = machine.state.boot != 0;
        machine.state.boot = machine.state.boot.checked_add(1).unwrap_or(1);
        machine.state.count(Count::Boots, 1);
        machine.note(1, None, 0, machine.state.boot.into());
        if lives {
            machine.note(4, None, cause, 0);
        }
        // There is no clock without power: events carry 0 until the host sets the time.
        machine.note(4, None, 0x0802, 0);
        machine.commit();
        machine.recover(world);
        machine
    }

    /// The bench changes a part of the machine under its program.
    pub(super) fn set_shape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    /// The bench says that nobody has emptied the reject bin for long.
    pub(super) fn fill_reject_bin(&mut self) {
        self.state.reject_count = super::shape::REJECT_CAP * 4 / 5;
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
            // Five wrong codes: what warns at first stops it then.
            _ if self.state.fault == 0x0803 => Mode::Fault,
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

    pub(super) fn with_job(&mut self, change: impl FnOnce(&mut Job)) {
        if let Some(job) = &mut self.state.job {
            change(job);
        }
    }

    /// What shows a person goes as soon as nothing is made of it any more.
    pub(super) fn forget_picture(&mut self) {
        if self.weakness != Some(Weakness::KeepsPicture) {
            self.picture = None;
        }
    }

    fn tag(&self) -> RecordTag {
        self.state.job.as_ref().map(|job| job.tag).unwrap_or_default()
    }

    /// Writes that a step begins, then begins it. PRESENT enters the fence in the same write.
    pub(super) fn begin(&mut self, step: Step, world: &mut World) {
        if matches!(step, Step::Capture | Step::Retract) {
            self.act(world, &Action::ArmFlaps);
        }
        if matches!(step, Step::Capture | Step::DrawIn | Step::Retract) {
            self.forget_picture();
        }
        let fenced_now = !matches!(self.weakness, Some(Weakness::NoFence | Weakness::LateFence));
        if step == Step::Present && fenced_now {
            let tag = self.tag();
            self.state.fence_in(tag);
        }
        self.note(2, Some(step), 0, 0);
        self.with_job(|job| job.step = Some(step));
        if self.weakness != Some(Weakness::StartUnwritten) {
            self.commit();
        }
        if self.state.fault == 0x0801 {
            return; // the start is not on the memory: nothing moves
        }
        self.begin_again(step);
    }

    /// Goes on with a step whose start is written; its flaps stay as they are.
    fn begin_again(&mut self, step: Step) {
        let first = steps::movements(step, self.picture.as_ref(), self.weakness)
            .first()
            .map_or(0, |(_, ms)| *ms);
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
