//! What the machine answers, byte layouts of docs/tim-1.md section 4.

use serde::Serialize;

use super::{JobId, Mode, Phase, Position, Reader, Step, padded};

/// Events in one reply at most.
pub const EVENTS_MAX: u8 = 60;

/// Reply to `HELLO`, 80 bytes and the last fields, as the machine tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Minor version of the protocol.
    pub minor: u8,
    /// Largest payload it takes.
    pub max_payload: u16,
    /// Capability bits, see [`cap`].
    pub caps: u32,
    /// Maker of the machine.
    pub vendor: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Its firmware.
    pub fw: String,
    /// Width of the picture, dots.
    pub raster_w: u16,
    /// Height of the picture, dots.
    pub raster_h: u16,
    /// Dots an inch.
    pub dpi: u16,
    /// Bits: 0 1 bpp raw, 1 1 bpp PackBits, 2 8 bpp raw.
    pub formats: u8,
    /// 1 or 2.
    pub sides: u8,
    /// Pieces of film a roll has.
    pub film_cap: u16,
    /// Blanks the hopper holds.
    pub blank_cap: u16,
    /// Cards the reject bin holds.
    pub reject_cap: u8,
    /// Cards the retract bin holds.
    pub retract_cap: u8,
    /// Seconds from cold to hot.
    pub warmup_s: u16,
}

/// Bits of [`Identity::caps`].
pub mod cap {
    /// It prints film, not the card.
    pub const PRINTS_FILM: u32 = 1;
    /// The host must mirror the picture.
    pub const MIRROR: u32 = 1 << 1;
    /// Its blanks carry serial numbers, read at the pick.
    pub const BLANK_SERIAL: u32 = 1 << 3;
    /// It has a cutter.
    pub const CUTTER: u32 = 1 << 4;
    /// It has a retract bin.
    pub const RETRACT_BIN: u32 = 1 << 5;
    /// It has a reject bin.
    pub const REJECT_BIN: u32 = 1 << 6;
    /// It wants authentication codes.
    pub const AUTH: u32 = 1 << 7;
    /// It looks at the print.
    pub const INSPECT: u32 = 1 << 8;
    /// It has a heater.
    pub const HEATER: u32 = 1 << 9;
    /// It has a shutter.
    pub const SHUTTER: u32 = 1 << 10;
    /// It feels two cards at once.
    pub const DOUBLE_DETECT: u32 = 1 << 11;
}

impl Identity {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.minor, 0];
        out.extend(self.max_payload.to_le_bytes());
        out.extend(self.caps.to_le_bytes());
        out.extend(padded::<16>(&self.vendor));
        out.extend(padded::<16>(&self.model));
        out.extend(padded::<16>(&self.serial));
        out.extend(padded::<8>(&self.fw));
        for number in [self.raster_w, self.raster_h, self.dpi] {
            out.extend(number.to_le_bytes());
        }
        out.extend([self.formats, self.sides]);
        out.extend(self.film_cap.to_le_bytes());
        out.extend(self.blank_cap.to_le_bytes());
        out.extend([self.reject_cap, self.retract_cap]);
        out.extend(self.warmup_s.to_le_bytes());
        out
    }

    /// From bytes.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let minor = r.u8()?;
        r.u8()?;
        let identity = Self {
            minor,
            max_payload: r.u16()?,
            caps: r.u32()?,
            vendor: r.text::<16>()?,
            model: r.text::<16>()?,
            serial: r.text::<16>()?,
            fw: r.text::<8>()?,
            raster_w: r.u16()?,
            raster_h: r.u16()?,
            dpi: r.u16()?,
            formats: r.u8()?,
            sides: r.u8()?,
            film_cap: r.u16()?,
            blank_cap: r.u16()?,
            reject_cap: r.u8()?,
            retract_cap: r.u8()?,
            warmup_s: r.u16()?,
        };
        r.0.is_empty().then_some(identity)
    }
}

/// Reply to `STATUS`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Boot number.
    pub boot: u16,
    /// What it does.
    pub mode: Mode,
    /// Bits: 0 film, 1 blanks, 2 medium, 3 hot, 4 covers, 5 bins, 6 path clear, 7 link authenticated.
    pub ready: u8,
    /// Standing fault or 0.
    pub fault: u16,
    /// Its number, to clear it.
    pub fault_seq: u16,
    /// The open job, zeros when there is none.
    #[serde(skip)]
    pub job: JobId,
    /// Its phase.
    pub phase: Phase,
    /// The step that runs.
    pub step: Option<Step>,
    /// Attempts of this job, from 1.
    pub attempt: u8,
    /// Where the card is.
    pub card_pos: Position,
    /// Where the film is.
    pub film_pos: Position,
    /// Heater, 0.1 degrees C.
    pub heater: i16,
    /// What is left of the step, 0.1 s.
    pub step_left: u16,
    /// The next event's index.
    pub next_event: u32,
    /// Pieces of film left.
    pub film_left: u16,
    /// Blanks left.
    pub blanks_left: u16,
    /// Prints left.
    pub prints_left: u16,
    /// Cards in the reject bin.
    pub reject_count: u8,
    /// Cards in the retract bin.
    pub retract_count: u8,
}

fn step_code(step: Option<Step>) -> u8 {
    step.map_or(0, Step::code)
}

fn step_of(code: u8) -> Option<Option<Step>> {
    if code == 0 {
        Some(None)
    } else {
        Step::from_code(code).map(Some)
    }
}

impl Status {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.boot.to_le_bytes().to_vec();
        out.extend([self.mode.code(), self.ready]);
        out.extend(self.fault.to_le_bytes());
        out.extend(self.fault_seq.to_le_bytes());
        out.extend(self.job.0);
        out.extend([self.phase.code(), step_code(self.step), self.attempt]);
        out.extend([self.card_pos.code(), self.film_pos.code(), 0]);
        out.extend(self.heater.to_le_bytes());
        out.extend(self.step_left.to_le_bytes());
        out.extend([0, 0]);
        out.extend(self.next_event.to_le_bytes());
        for number in [self.film_left, self.blanks_left, self.prints_left] {
            out.extend(number.to_le_bytes());
        }
        out.extend([self.reject_count, self.retract_count]);
        out
    }

    /// From bytes.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let (boot, mode, ready) = (r.u16()?, Mode::from_code(r.u8()?)?, r.u8()?);
        let (fault, fault_seq, job) = (r.u16()?, r.u16()?, JobId(r.array()?));
        let (phase, step, attempt) = (Phase::from_code(r.u8()?)?, step_of(r.u8()?)?, r.u8()?);
        let (card_pos, film_pos) = (Position::from_code(r.u8()?)?, Position::from_code(r.u8()?)?);
        r.u8()?;
        let (heater, step_left) = (r.i16()?, r.u16()?);
        r.u16()?;
        let status = Self {
            boot,
            mode,
            ready,
            fault,
            fault_seq,
            job,
            phase,
            step,
            attempt,
            card_pos,
            film_pos,
            heater,
            step_left,
            next_event: r.u32()?,
            film_left: r.u16()?,
            blanks_left: r.u16()?,
            prints_left: r.u16()?,
            reject_count: r.u8()?,
            retract_count: r.u8()?,
        };
        r.0.is_empty().then_some(status)
    }
}

/// A job as the machine knows it, 48 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRecord {
    /// The job.
    pub job: JobId,
    /// Where it is.
    pub phase: Phase,
    /// The step that runs.
    pub step: Option<Step>,
    /// Attempts from 1.
    pub attempt: u8,
    /// Its last fault or 0.
    pub fault: u16,
    /// Number of that fault.
    pub fault_seq: u16,
    /// Unix seconds, 0 when the clock was not set.
    pub opened_at: u32,
    /// Unix seconds of the last change.
    pub changed_at: u32,
    /// Serial of the blank, zeros when it has none.
    pub blank: [u8; 16],
}

impl JobRecord {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.job.0.to_vec();
        out.extend([
            self.phase.code(),
            step_code(self.step),
            u8::from(self.step.is_some()),
            self.attempt,
        ]);
        out.extend(self.fault.to_le_bytes());
        out.extend(self.fault_seq.to_le_bytes());
        out.extend(self.opened_at.to_le_bytes());
        out.extend(self.changed_at.to_le_bytes());
        out.extend(self.blank);
        out
    }

    /// From bytes.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let (job, phase, step) = (JobId(r.array()?), Phase::from_code(r.u8()?)?, step_of(r.u8()?)?);
        let running = r.u8()?;
        let record = Self {
            job,
            phase,
            step: step.filter(|_| running != 0),
            attempt: r.u8()?,
            fault: r.u16()?,
            fault_seq: r.u16()?,
            opened_at: r.u32()?,
            changed_at: r.u32()?,
            blank: r.array()?,
        };
        r.0.is_empty().then_some(record)
    }
}

/// Something that happened, 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Counts from 1.
    pub index: u32,
    /// Unix seconds, 0 when the clock was not set.
    pub unix: u32,
    /// 1 boot, 2 step start, 3 step done, 4 step failed, 5 picked, 6 taken, 7 retracted, 8 rejected, 9 film cut,
    /// 10 film captured, 11 cover, 12 replenished, 13 bin emptied, 14 maintenance in, 15 out, 16 authentication
    /// failure, 17 tamper, 18 doubt, 19 resolved.
    pub kind: u8,
    /// Step it belongs to, or 0.
    pub step: u8,
    /// Fault or 0.
    pub code: u16,
    /// More, by kind.
    pub arg: u32,
}

/// Reply to `EVENTS`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// Oldest index still kept.
    pub oldest: u32,
    /// Index of the next event to come.
    pub next: u32,
    /// Those asked for.
    pub events: Vec<Event>,
}

impl EventPage {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.oldest.to_le_bytes().to_vec();
        out.extend(self.next.to_le_bytes());
        for event in &self.events {
            out.extend(event.index.to_le_bytes());
            out.extend(event.unix.to_le_bytes());
            out.extend([event.kind, event.step]);
            out.extend(event.code.to_le_bytes());
            out.extend(event.arg.to_le_bytes());
        }
        out
    }

    /// From bytes.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let (oldest, next) = (r.u32()?, r.u32()?);
        let mut events = Vec::new();
        while !r.0.is_empty() {
            events.push(Event {
                index: r.u32()?,
                unix: r.u32()?,
                kind: r.u8()?,
                step: r.u8()?,
                code: r.u16()?,
                arg: r.u32()?,
            });
        }
        Some(Self { oldest, next, events })
    }
}

/// Reply to `SENSORS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sensors {
    /// One bit a sensor.
    pub bits: u32,
    /// Sensors that exist and passed their test.
    pub valid: u32,
    /// 0.1 degrees C.
    pub heater: i16,
    /// Print head, 0.1 degrees C.
    pub head: i16,
    /// Supply, mV.
    pub supply_mv: u16,
    /// 0.1 %.
    pub humidity: u16,
}

impl Sensors {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.bits.to_le_bytes().to_vec();
        out.extend(self.valid.to_le_bytes());
        out.extend(self.heater.to_le_bytes());
        out.extend(self.head.to_le_bytes());
        out.extend(self.supply_mv.to_le_bytes());
        out.extend(self.humidity.to_le_bytes());
        out
    }

    /// From bytes.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut r = Reader(payload);
        let sensors = Self {
            bits: r.u32()?,
            valid: r.u32()?,
            heater: r.i16()?,
            head: r.i16()?,
            supply_mv: r.u16()?,
            humidity: r.u16()?,
        };
        r.0.is_empty().then_some(sensors)
    }
}
