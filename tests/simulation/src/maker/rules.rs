//! What must hold at every moment, held against what moved, what is on the memory and what went over the wire.
//!
//! It sees things, the memory without power, and frames; never the firmware's own variables, so a firmware that is
//! written anew is judged by the same rules.

use drivers_emulators::maker::{Count, FilmPlace, Machine, NonVolatile, Place, TAKE_MS, World};
use drivers_temp_id_maker::codec::{
    Command, Decoder, Frame, JobId, JobRecord, Kind, Phase, Request, ResultCode, Status, Step,
};

/// Movements that only the host may start, counted from things alone.
const CONSUMING: [Step; 5] = [Step::Cut, Step::Print, Step::Feed, Step::Laminate, Step::Present];

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Things {
    cards: Vec<(Place, bool)>,
    films: Vec<(FilmPlace, bool)>,
}

impl Things {
    fn of(world: &World) -> Self {
        Self {
            cards: world.cards.iter().map(|card| (card.place, card.pressed)).collect(),
            films: world
                .films
                .iter()
                .map(|film| (film.place, film.face.is_some()))
                .collect(),
        }
    }
}

/// One movement with the steps that may cause it. `once` names the step whose order it uses up.
struct Moved {
    what: &'static str,
    by: &'static [Step],
    once: Option<Step>,
}

fn card_moved(from: Place, to: Place) -> Option<Moved> {
    let moved = |what, by, once| Some(Moved { what, by, once });
    match (from, to) {
        (Place::Hopper, Place::Pick) => moved("a blank left the hopper", &[Step::Feed], Some(Step::Feed)),
        (_, Place::Pick | Place::Merge) => moved("a card was fed", &[Step::Feed], None),
        (_, Place::LaminatorIn | Place::Laminator) => moved("a card went to the press", &[Step::Laminate], None),
        (Place::Exit, Place::Cooler) => moved("a card was drawn in", &[Step::DrawIn], None),
        (_, Place::Cooler) => moved("a card left the press", &[Step::Laminate], None),
        (_, Place::Exit) => moved("a card came out", &[Step::Present], Some(Step::Present)),
        (_, Place::RejectBin) => moved("a card fell into the reject bin", &[Step::Capture], None),
        // Whether the two changes of custody are one step is the business of the counts.
        (_, Place::RetractBin) => moved("a card fell into the retract bin", &[Step::Retract, Step::DrawIn], None),
        _ => None,
    }
}

fn moves(before: &Things, after: &Things) -> Vec<Moved> {
    let mut all = Vec::new();
    for (from, to) in before.cards.iter().zip(&after.cards) {
        if from.0 != to.0 {
            all.extend(card_moved(from.0, to.0));
        }
        if !from.1 && to.1 {
            all.push(Moved {
                what: "a card was pressed",
                by: &[Step::Laminate],
                once: Some(Step::Laminate),
            });
        }
    }
    for (at, film) in after.films.iter().enumerate() {
        let was = before.films.get(at);
        let moved = |what, by, once| Moved { what, by, once };
        if was.is_none() {
            all.push(moved("film was cut", &[Step::Cut], Some(Step::Cut)));
        }
        if film.1 && was.is_some_and(|was| !was.1) {
            all.push(moved("film was printed", &[Step::Print], Some(Step::Print)));
        }
        if film.0 == FilmPlace::RejectBin && was.is_some_and(|was| was.0 != film.0) {
            all.push(moved("film was dropped", &[Step::Capture, Step::Cut], None));
        }
    }
    all
}

/// The rules, with what they must remember.
#[derive(Debug)]
pub struct Rules {
    things: Things,
    /// The step on the memory when things were last looked at.
    step: Option<Step>,
    /// Orders that reached the machine, for each consuming step.
    ordered: [u32; 5],
    /// Movements of each that cost something.
    done: [u32; 5],
    requests: Decoder,
    replies: Decoder,
    /// The life of the machine in which a picture was last announced.
    announced_in: Option<u16>,
    out_since_ms: Option<u64>,
    broken: Vec<String>,
}

impl Rules {
    /// From how things are now.
    pub fn new(machine: &Machine) -> Self {
        Self {
            things: Things::of(&machine.world),
            step: None,
            ordered: [0; 5],
            done: [0; 5],
            requests: Decoder::default(),
            replies: Decoder::default(),
            announced_in: None,
            out_since_ms: None,
            broken: Vec::new(),
        }
    }

    /// What broke since this was asked last.
    pub fn broken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.broken)
    }

    /// Bytes that reach a machine with power.
    pub fn heard(&mut self, byte: u8, boot: u16) {
        let Some(frame) = self.requests.push(byte).filter(|frame| frame.kind == Kind::Request) else {
            return;
        };
        let request = Command::from_code(frame.cmd).and_then(|command| Request::decode(command, &frame.payload));
        match request {
            Some(Request::JobStep(_, step)) if frame.boot == boot => {
                if let Some(at) = CONSUMING.iter().position(|one| *one == step) {
                    self.ordered[at] += 1;
                }
            }
            Some(Request::JobOpen(_)) => self.announced_in = Some(boot),
            _ => {}
        }
    }

    /// Bytes that the machine sends: what it tells of a job must be on its memory.
    pub fn told(&mut self, wire: &[u8], durable: &NonVolatile) {
        let frames: Vec<Frame> = wire.iter().filter_map(|byte| self.replies.push(*byte)).collect();
        for frame in frames {
            let told = match (Command::from_code(frame.cmd), ResultCode::from_code(frame.rc)) {
                (Some(Command::Status), Some(ResultCode::Ok)) => {
                    Status::decode(&frame.payload).map(|status| (status.job, status.phase))
                }
                (Some(Command::JobOpen | Command::JobQuery | Command::JobClose), _) => {
                    JobRecord::decode(&frame.payload).map(|record| (record.job, record.phase))
                }
                _ => None,
            };
            if let Some((job, phase)) = told.filter(|(job, _)| *job != JobId::default())
                && stored(durable, job) != Some(phase)
            {
                self.broken
                    .push(format!("2: {phase:?} was told and is not on the memory"));
            }
        }
    }

    /// After each slice of time: what moved since, and whether it was allowed to.
    pub fn look(&mut self, machine: &Machine, now_ms: u64) {
        let things = Things::of(&machine.world);
        let durable = machine.durable();
        if things != self.things {
            for moved in moves(&self.things, &things) {
                self.moved(&moved, now_ms);
            }
            self.things = things;
        }
        self.step = durable.job.as_ref().and_then(|job| job.step);
        self.counts_add_up(durable);
        let job = durable.job.as_ref();
        let over = job.is_none_or(|job| job.phase.is_terminal())
            || matches!(self.step, Some(Step::Capture | Step::DrawIn | Step::Retract) if machine.firmware.is_some());
        if machine.holds_picture() && (over || self.announced_in != Some(durable.boot)) {
            self.broken
                .push("8: a picture is held when nothing is made of it any more".into());
        }
    }

    fn moved(&mut self, moved: &Moved, now_ms: u64) {
        if !self.step.is_some_and(|step| moved.by.contains(&step)) {
            self.broken
                .push(format!("2: {} and no start of it was on the memory", moved.what));
        }
        if let Some(at) = moved
            .once
            .and_then(|step| CONSUMING.iter().position(|one| *one == step))
        {
            self.done[at] += 1;
            // A piece of the wrong length is replaced once inside the step; two blanks may stick together.
            let most = if matches!(CONSUMING[at], Step::Cut | Step::Feed) {
                2
            } else {
                1
            };
            if self.done[at] > self.ordered[at] * most {
                self.broken
                    .push(format!("5: {} and the host had ordered it less often", moved.what));
            }
        }
        if moved.once == Some(Step::Present) {
            self.out_since_ms = Some(now_ms);
        }
        if moved.by == [Step::DrawIn] && self.out_since_ms.is_some_and(|since| now_ms - since < TAKE_MS) {
            self.broken.push("5: a card was drawn in before its time".into());
        }
    }

    /// Loaded = hopper + inside + taken + rejected + retracted + removed, each from its own event.
    fn counts_add_up(&mut self, state: &NonVolatile) {
        let counted = |what: Count| state.counters[what as usize];
        let gone = [Count::Taken, Count::Rejected, Count::Retracted, Count::StaffRemoved];
        let inside = state.job.as_ref().map_or(0, |job| u32::from(job.inside));
        let found = u32::from(state.blanks_left) + inside + gone.map(counted).iter().sum::<u32>();
        let loaded = counted(Count::BlanksLoaded);
        if found != loaded {
            self.broken
                .push(format!("6: {loaded} loaded, {found} accounted for on the memory"));
        }
        let begun = |step: Step| {
            let starts = state
                .events
                .iter()
                .filter(|event| event.kind == 2 && event.step == step.code());
            u32::try_from(starts.count()).unwrap_or(u32::MAX)
        };
        if state.next_event > 400 {
            return; // the ring of a long play has forgotten its first starts
        }
        for (step, ordered) in CONSUMING.into_iter().zip(self.ordered) {
            if begun(step) > ordered {
                self.broken.push(format!("5: {step:?} began without an order"));
            }
        }
    }
}

/// The phase of a job on the memory.
fn stored(durable: &NonVolatile, job: JobId) -> Option<Phase> {
    let open = durable.job.as_ref().filter(|open| open.id == job);
    let archived = durable.archive.iter().rev().find(|record| record.job == job);
    open.map(|open| open.phase)
        .or_else(|| archived.map(|record| record.phase))
}
