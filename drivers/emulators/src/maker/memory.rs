//! What stays without power: two copies, the newer whole one counts.

use std::collections::VecDeque;

use drivers_temp_id_maker::codec::{Event, JobId, JobRecord, Phase, RecordTag, Step};

/// Events kept.
pub const EVENTS_KEPT: usize = 4096;
/// Ended jobs kept.
pub const ARCHIVE_KEPT: usize = 64;
/// Fenced records kept.
pub const FENCE_KEPT: usize = 4096;

/// The open job. Nothing in it names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// The making record.
    pub tag: RecordTag,
    /// Digest of its picture.
    pub sha256: [u8; 32],
    /// The last phase reached.
    pub phase: Phase,
    /// The step that was begun and not ended.
    pub step: Option<Step>,
    /// From 1.
    pub attempt: u8,
    /// Captures so far.
    pub captures: u8,
    /// Cards that were picked for it and are not yet counted elsewhere.
    pub inside: u8,
    /// Film was cut for this attempt.
    pub film: bool,
    /// Last fault.
    pub fault: u16,
    /// Its number.
    pub fault_seq: u16,
    /// Unix seconds.
    pub opened_at: u32,
    /// Unix seconds.
    pub changed_at: u32,
    /// An abort is wished.
    pub abort: bool,
    /// Serial number of the blank last picked, padded with zeros.
    pub blank: [u8; 16],
}

impl Job {
    /// As the host sees it.
    pub fn record(&self) -> JobRecord {
        JobRecord {
            job: self.id,
            phase: self.phase,
            step: self.step,
            attempt: self.attempt,
            fault: self.fault,
            fault_seq: self.fault_seq,
            opened_at: self.opened_at,
            changed_at: self.changed_at,
            blank: self.blank,
        }
    }
}

/// Indices of the lifetime counters, in the order of the `COUNTERS` reply.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub enum Count {
    /// Boots.
    Boots,
    /// Film cut.
    Cuts,
    /// Prints.
    Prints,
    /// Blanks picked.
    Picks,
    /// Cards pressed.
    Laminated,
    /// Cards presented.
    Presented,
    /// Cards taken.
    Taken,
    /// Blanks in the retract bin.
    Retracted,
    /// Blanks in the reject bin.
    Rejected,
    /// Double picks.
    DoublePicks,
    /// Film loaded.
    FilmLoaded,
    /// Blanks loaded.
    BlanksLoaded,
    /// Blanks removed by staff.
    StaffRemoved,
    /// Doubts.
    Doubts,
}

/// The whole memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Boot number, never 0.
    pub boot: u16,
    /// The open job.
    pub job: Option<Job>,
    /// Ended jobs, oldest first.
    pub archive: VecDeque<JobRecord>,
    /// Records of which a card left or may have left, oldest first.
    pub fence: VecDeque<RecordTag>,
    /// Events, oldest first.
    pub events: VecDeque<Event>,
    /// Index of the next event.
    pub next_event: u32,
    /// See [`Count`].
    pub counters: [u32; 16],
    /// Pieces left by count.
    pub film_left: u16,
    /// Blanks left by count.
    pub blanks_left: u16,
    /// Prints left by count.
    pub prints_left: u16,
    /// Entries of the reject bin.
    pub reject_count: u8,
    /// Entries of the retract bin.
    pub retract_count: u8,
    /// Standing fault.
    pub fault: u16,
    /// Its number.
    pub fault_seq: u16,
    /// Counter of orders with authentication.
    pub nonce: u32,
    /// It was given out and not used.
    pub nonce_open: bool,
    /// Wrong codes in a row.
    pub auth_fails: u8,
    /// Failed picks in a row.
    pub pick_fails: u8,
}

impl State {
    /// A machine from the works, loaded by staff.
    pub fn new(blanks: u32, film: u16) -> Self {
        let mut counters = [0; 16];
        counters[Count::FilmLoaded as usize] = film.into();
        counters[Count::BlanksLoaded as usize] = blanks;
        let mut state = Self {
            boot: 0,
            job: None,
            archive: VecDeque::new(),
            fence: VecDeque::new(),
            events: VecDeque::new(),
            next_event: 1,
            counters,
            film_left: film,
            blanks_left: u16::try_from(blanks).unwrap_or(u16::MAX),
            prints_left: film,
            reject_count: 0,
            retract_count: 0,
            fault: 0,
            fault_seq: 0,
            nonce: 0,
            nonce_open: false,
            auth_fails: 0,
            pick_fails: 0,
        };
        // What staff loaded before it was first switched on.
        state.note(0, 12, 0, 1, film.into());
        state.note(0, 12, 0, 2, blanks);
        state
    }

    /// One more of something.
    pub fn count(&mut self, what: Count, by: u32) {
        let counter = &mut self.counters[what as usize];
        *counter = counter.saturating_add(by);
    }

    /// Puts a tag into the fence.
    pub fn fence_in(&mut self, tag: RecordTag) {
        if !self.fence.contains(&tag) {
            self.fence.push_back(tag);
            if self.fence.len() > FENCE_KEPT {
                self.fence.pop_front();
            }
        }
    }

    /// Takes a tag out: its card is known to be in a bin.
    pub fn fence_out(&mut self, tag: RecordTag) {
        self.fence.retain(|fenced| *fenced != tag);
    }

    /// Writes down that something happened.
    pub fn note(&mut self, unix: u32, kind: u8, step: u8, code: u16, arg: u32) {
        let index = self.next_event;
        self.next_event += 1;
        self.events.push_back(Event {
            index,
            unix,
            kind,
            step,
            code,
            arg,
        });
        if self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
    }
}

/// Two copies, written in turn; a write that power cuts short spoils only the older one.
#[derive(Debug, Clone)]
pub struct Memory {
    copies: [Option<(u64, State)>; 2],
    sequence: u64,
    /// The bench has worn it out: writes do not hold.
    pub worn: bool,
}

impl Memory {
    /// With its first content.
    pub fn new(state: State) -> Self {
        Self {
            copies: [Some((1, state)), None],
            sequence: 1,
            worn: false,
        }
    }

    /// Writes a whole state; false when reading it back shows that it did not hold.
    pub fn write(&mut self, state: &State) -> bool {
        if self.worn {
            return false;
        }
        self.sequence += 1;
        self.copies[(self.sequence % 2) as usize] = Some((self.sequence, state.clone()));
        true
    }

    /// Power went in the middle of a write: that copy is no longer whole.
    pub fn tear(&mut self) {
        self.copies[((self.sequence + 1) % 2) as usize] = None;
    }

    /// The newer whole copy.
    pub fn newest(&self) -> &State {
        let newest = self.copies.iter().flatten().max_by_key(|(sequence, _)| *sequence);
        newest
            .map(|(_, state)| state)
            .expect("one of two copies is always whole")
    }

    /// The newer whole copy, as a life begins with it.
    pub fn read(&self) -> State {
        self.newest().clone()
    }
}
