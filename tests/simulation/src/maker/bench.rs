//! The machine on its line: bytes, time, power, and the checks that hold at every moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drivers_device::{Transport, TransportError};
use drivers_emulators::maker::{Count, Machine, Place, Shape};
use drivers_temp_id_maker::codec::{Command, Decoder, Frame, RecordTag};

use super::rules::Rules;
use super::{Cut, FrameFate, Plan, Played, Who};

/// The record of every play.
pub const TAG: RecordTag = RecordTag([9; 16]);
/// A small hopper: what is counted is where cards are, not how many.
const BLANKS: u32 = 8;
const FILM: u16 = 60;
/// How long a cut lasts, milliseconds.
const DARK_MS: u64 = 2_000;
/// The machine looks at its sensors this often, milliseconds: no two movements happen between two looks.
const SLICE_MS: u64 = 250;

/// How a play is over, as far as its counts can be held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// With an end that the machine knows.
    Ended,
    /// Nobody knows where the card is.
    Doubt,
    /// The machine waits for a person.
    Stopped,
}

/// Everything but the host.
#[derive(Debug)]
pub struct Bench {
    /// The machine.
    pub machine: Machine,
    plan: Plan,
    next_cut: usize,
    dark_ms: u64,
    /// Milliseconds since the play began.
    pub now_ms: u64,
    /// The host lost power with the machine.
    pub host_struck: bool,
    host_actions: u32,
    frames: u32,
    replies: VecDeque<Vec<u8>>,
    held_back: Option<Vec<u8>>,
    sniffer: Decoder,
    rules: Rules,
    /// What was seen so far.
    pub played: Played,
}

impl Bench {
    /// A warm, loaded machine with the first cut set.
    pub fn new(plan: &Plan) -> Self {
        let shape = Shape {
            weakness: plan.weakness,
            ..Shape::default()
        };
        let mut machine = Machine::loaded(BLANKS, FILM, shape);
        machine.tick_every(SLICE_MS);
        if plan.never_taken {
            machine.world.take_after_ms = None;
        }
        let lie = plan.lie.filter(|_| plan.lie_at.is_none());
        if let Some((bit, on)) = lie {
            machine.world.broken.sensors.insert(bit, on);
        }
        if let Some((code, step)) = plan.fault {
            machine.fault(code, Some(step));
        }
        let rules = Rules::new(&machine);
        let mut bench = Self {
            machine,
            plan: plan.clone(),
            next_cut: 0,
            dark_ms: 0,
            now_ms: 0,
            host_struck: false,
            host_actions: 0,
            frames: 0,
            replies: VecDeque::new(),
            held_back: None,
            sniffer: Decoder::default(),
            rules,
            played: Played::default(),
        };
        bench.arm();
        bench
    }

    fn cut(&self) -> Option<Cut> {
        self.plan.cuts.get(self.next_cut).copied()
    }

    /// Sets the next cut of the machine.
    fn arm(&mut self) {
        let cut = self.cut();
        self.host_actions = 0;
        if let Some(life) = &mut self.machine.firmware {
            life.cut_in = cut.filter(|cut| cut.who != Who::Host).map(|cut| cut.at);
        }
    }

    /// Before an elementary action of the host: true when its power goes now.
    pub fn host_acts(&mut self) -> bool {
        let due = self
            .cut()
            .is_some_and(|cut| cut.who == Who::Host && cut.at == self.host_actions);
        self.host_actions += 1;
        if due {
            self.next_cut += 1;
            self.played.cuts += 1;
            self.arm();
            self.pass(3_000);
        }
        due
    }

    /// Lets time pass, power come back, and looks at what must always hold.
    pub fn pass(&mut self, ms: u64) {
        let mut left = ms;
        while left > 0 {
            let slice = left.min(SLICE_MS);
            left -= slice;
            let was_lit = self.machine.firmware.is_some();
            self.begin_to_lie();
            self.machine.pass(slice);
            self.now_ms += slice;
            if self.machine.firmware.is_none() {
                self.dark(if was_lit { 0 } else { slice });
            }
            self.look();
        }
    }

    /// The sensor breaks when its step begins.
    fn begin_to_lie(&mut self) {
        if let (Some((bit, on)), Some(step)) = (self.plan.lie, self.plan.lie_at)
            && !self.machine.world.broken.sensors.contains_key(&bit)
            && self.machine.state().job.is_some_and(|job| job.step == Some(step))
        {
            self.machine.world.broken.sensors.insert(bit, on);
        }
    }

    fn dark(&mut self, ms: u64) {
        if self.dark_ms == 0 && ms == 0 {
            self.next_cut += 1;
            self.played.cuts += 1;
            let both = self
                .plan
                .cuts
                .get(self.next_cut - 1)
                .is_some_and(|cut| cut.who == Who::Both);
            self.host_struck |= both;
            if self.plan.torn {
                self.machine.tear();
            }
            if self.plan.pulled {
                self.machine.world.take();
            }
            self.replies.clear();
            self.dark_ms = 1;
            return;
        }
        self.dark_ms += ms;
        if self.dark_ms > DARK_MS {
            self.dark_ms = 0;
            self.machine.power(true);
            self.arm();
            if self.machine.firmware.is_none() {
                // The next cut came before the first write of the new life.
                self.dark(0);
            }
        }
    }

    fn broke(&mut self, what: String) {
        if self.played.broken.len() < 4 && !self.played.broken.contains(&what) {
            self.played.broken.push(what);
        }
    }

    fn look(&mut self) {
        self.rules.look(&self.machine, self.now_ms);
        for broken in self.rules.broken() {
            self.broke(broken);
        }
        let hands = self.machine.world.count(Place::Hand);
        self.played.hands = hands;
        if hands > 1 {
            self.broke(format!("1: {hands} cards of one record in hands"));
        }
        let reachable = self.machine.world.shutter_open() && self.machine.world.count(Place::Exit) > 0;
        if (reachable || hands > 0) && !self.machine.state().fence.contains(&TAG) {
            self.broke("4: a card is within reach and its record is not fenced".into());
        }
    }

    /// What must hold when a job is over. Sensors that lie make the machine's counts wrong, never its caution.
    pub fn settle(&mut self, over: Over) {
        self.look();
        let state = self.machine.state();
        let world = &self.machine.world;
        let at = |place| world.count(place);
        let (hands, rejected, retracted) = (at(Place::Hand), at(Place::RejectBin), at(Place::RetractBin));
        let counted = |what: Count| state.counters[what as usize];
        let counts = [
            (counted(Count::Taken), hands, "taken"),
            (counted(Count::Rejected), rejected, "rejected"),
            (counted(Count::Retracted), retracted, "retracted"),
        ];
        if self.plan.lie.is_none() && over == Over::Ended {
            for (counted, true_count, what) in counts {
                if counted != true_count {
                    self.broke(format!("6: {counted} counted as {what}, {true_count} there"));
                }
            }
        }
        if over == Over::Doubt && !self.machine.state().fence.contains(&TAG) {
            self.broke("7: a doubt without a fence".into());
        }
    }

    fn hear(&mut self, wire: &[u8]) {
        for byte in wire {
            let was_lit = self.machine.firmware.is_some();
            if was_lit {
                self.rules.heard(*byte, self.machine.durable().boot);
            }
            let reply = self.machine.hear(*byte);
            self.rules.told(&reply, self.machine.durable());
            if was_lit && self.machine.firmware.is_none() {
                self.dark(0);
            }
            if !reply.is_empty() {
                self.replies.push_back(reply);
            }
        }
        self.look();
    }

    /// Bytes of the host.
    fn sent(&mut self, wire: &[u8]) {
        self.pass(1 + wire.len() as u64 * 87 / 1000);
        let frame = wire.iter().find_map(|byte| self.sniffer.push(*byte));
        let fate = self.fate(frame.as_ref());
        match fate {
            Some(FrameFate::RequestLost) => {}
            Some(FrameFate::Damaged) => {
                let mut wire = wire.to_vec();
                let middle = wire.len() / 2;
                wire[middle] ^= 0x10;
                self.hear(&wire);
            }
            Some(FrameFate::Doubled) => {
                self.hear(wire);
                self.hear(wire);
            }
            Some(FrameFate::ReplyLost) => {
                self.hear(wire);
                self.replies.clear();
            }
            Some(FrameFate::Late) => {
                self.hear(wire);
                self.held_back = self.replies.pop_back();
            }
            None => {
                self.hear(wire);
                if let Some(late) = self.held_back.take() {
                    self.replies.push_front(late);
                }
            }
        }
    }

    fn fate(&mut self, frame: Option<&Frame>) -> Option<FrameFate> {
        self.played.frames += 1;
        let frame = frame?;
        if frame.cmd == Command::Status.code() {
            return None;
        }
        let at = self.frames;
        self.frames += 1;
        let fate = self.plan.frame.filter(|(which, _)| *which == at).map(|(_, fate)| fate);
        self.played.frame_met |= fate.is_some();
        fate
    }
}

/// The host's end of the line. Its waiting is the bench's time.
#[derive(Debug, Clone)]
pub struct Line(pub Arc<Mutex<Bench>>);

impl Line {
    /// The bench.
    pub fn bench(&self) -> MutexGuard<'_, Bench> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Line {
    fn port(&self) -> &str {
        "bench"
    }

    fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<usize, TransportError> {
        self.bench().sent(bytes);
        Ok(bytes.len())
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let mut bench = self.bench();
        let Some(mut reply) = bench.replies.pop_front() else {
            bench.pass(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).max(1));
            return Ok(0);
        };
        let count = reply.len().min(buffer.len());
        buffer[..count].copy_from_slice(&reply[..count]);
        if count < reply.len() {
            bench.replies.push_front(reply.split_off(count));
        }
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}
