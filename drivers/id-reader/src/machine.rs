//! Finding the reader, polling it, reading a card once, noticing that it left. Pure: time comes in as an argument.
//!
//! What it never does: hand over a record from a presentation in which anything timed out or came out of step, hand
//! over one presentation twice, take a late reply for the awaited one (a reply names no request, so after every
//! time-out the line is drained until it has been silent, the sequence starts again from find, and a reply whose shape
//! does not fit the request is out of step).
//!
//! ```text
//!            open                     90, 12 FF                 9F           90            90        90|91
//! Closed ──────────▶ Probe (5 rates) ──────────▶ Find ─────────────▶ Select ─────▶ Read ─────▶ Appended ─▶ Hold ─┐
//!    ▲ gone (any)        ▲ 60/66, silent          ▲ 80: 400 ms        │ 81         │ 41…                30 03 ↺ │
//!    └───────────────────┴──────────────────────  └───────────────────┴────────────┴──────────── gone: 41, 31 ◀─┘
//! ```

mod steps;

use drivers_device::DeviceErrorKind;
use ticket_dispatcher_types::Millis;

use crate::codec::{Baud, Card, Command, Found, ModuleId, PREAMBLE, Parser, Reply, Status};

/// Times and choices. [`Config::default`] holds the values of the reference (section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Between two polls.
    pub poll_ms: i64,
    /// To the first byte of the answer to status, id, reset and rate.
    pub module_ms: i64,
    /// To the first byte of the answer to find and select.
    pub find_ms: i64,
    /// To the first byte of the answer to a read.
    pub read_ms: i64,
    /// Between two bytes of a reply.
    pub gap_ms: i64,
    /// The line counts as drained after this silence.
    pub silence_ms: i64,
    /// Between two attempts to open, and between two searches of the rates.
    pub search_ms: i64,
    /// Between two questions to a module that said it was out of service.
    pub out_of_service_ms: i64,
    /// Ask for the newest appended address before handing over the record.
    pub appended_address: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            poll_ms: 400,
            module_ms: 500,
            find_ms: 1000,
            read_ms: 3000,
            gap_ms: 200,
            silence_ms: 200,
            search_ms: 1000,
            out_of_service_ms: 5000,
            appended_address: true,
        }
    }
}

/// No reply takes longer than this after its first byte, whatever trickles in.
const REPLY_MS_MAX: i64 = 4000;
/// A line that will not be silent for so long is noise.
const DRAIN_MS_MAX: i64 = 3000;
/// So many unanswered requests in a row mean that the reader is not there.
const UNANSWERED_MAX: u32 = 3;
/// So many failed selections in a row mean that the card lies badly.
const SELECTS_MAX: u32 = 3;

/// What the kiosk hears. A `DeviceDown` ends whatever presentation was going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A card was put down.
    CardFound,
    /// It was selected and is being read: about a tenth of a second at 115200 baud, more than one at 9600.
    Reading,
    /// It was read. Comes once per presentation.
    Record(Box<Card>),
    /// It could not be read; if the card is put down again a `Record` may follow without another `CardFound`.
    ReadFailed(ReadFailure),
    /// It is gone (or, after a failure, no longer answers).
    CardRemoved,
    /// The reader cannot be used. Told once per reason.
    DeviceDown(DownReason),
    /// The reader is in order.
    DeviceUp(ModuleId),
}

/// Why a card could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// Lift it and put it down again.
    PutAgain,
    /// This card cannot be read here.
    NotReadable,
}

/// Why the reader cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownReason {
    /// Not plugged in, or its port cannot be opened.
    Gone(String),
    /// It answers at none of the five rates.
    Silent,
    /// The line carries bytes that are no replies.
    Noise,
    /// It says itself that it is out of service (60, 66).
    OutOfService(Status),
    /// It does not know a command that it must know (21, 23, 24).
    Unsupported(Status),
}

impl DownReason {
    /// The kind of error that it is for other devices' purposes.
    pub fn kind(&self) -> DeviceErrorKind {
        match self {
            Self::Gone(_) => DeviceErrorKind::Gone,
            Self::Silent => DeviceErrorKind::Silent,
            Self::Noise | Self::Unsupported(_) => DeviceErrorKind::Protocol,
            Self::OutOfService(_) => DeviceErrorKind::OutOfOrder,
        }
    }
}

impl core::fmt::Display for DownReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Gone(reason) => f.write_str(reason),
            Self::Silent => f.write_str("the reader answers at none of its five rates; check power and cable"),
            Self::Noise => f.write_str("the line carries bytes that are no replies; check the port and the cable"),
            Self::OutOfService(Status::NotAuthorised) => {
                f.write_str("the reader's security module is not authorised (66); it has to be exchanged")
            }
            Self::OutOfService(status) => {
                write!(
                    f,
                    "the reader failed its self test ({:02X}); power it off and on",
                    status.code()
                )
            }
            Self::Unsupported(status) => {
                write!(f, "the reader does not know a required command ({:02X})", status.code())
            }
        }
    }
}

/// Something for the log; never about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// No answer in time.
    TimedOut(Command),
    /// A reply that cannot be the answer to this request, or did not come alone.
    OutOfStep(Command, [u8; 3]),
    /// Bytes without a request.
    Stray(usize),
    /// A frame with a wrong check byte.
    BadCheck,
    /// All three words of a refusal.
    Words(Command, [u8; 3]),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this request.
    Send(Vec<u8>),
    /// Set the line to this rate (before the next `Send`).
    SetBaud(u32),
    /// Open the port again and say [`Machine::opened`] or [`Machine::gone`].
    Reopen,
    /// Tell the kiosk.
    Event(Event),
    /// Log.
    Note(Note),
}

/// What is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// `11 FF` at a rate.
    Probe(usize),
    /// `12 FF`.
    Identify,
    /// `10 FF`.
    Reset,
    Find,
    Select,
    Read,
    /// `30 03` for the address of the card just read.
    Appended,
    /// `30 03` to see that the card still lies there.
    Hold,
    /// The same by find, for a module that does not know `30 03`.
    HoldByFind,
}

impl Step {
    fn command(self) -> Command {
        match self {
            Self::Probe(_) => Command::Status,
            Self::Identify => Command::ModuleId,
            Self::Reset => Command::Reset,
            Self::Find | Self::HoldByFind => Command::Find,
            Self::Select => Command::Select,
            Self::Read => Command::ReadBase,
            Self::Appended | Self::Hold => Command::ReadAppended,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Closed {
        retry_at: i64,
    },
    Asking {
        step: Step,
        sent_at: i64,
        heard_at: i64,
        asked_again: bool,
    },
    Draining {
        since: i64,
        quiet_at: i64,
        then: Step,
    },
    Pausing {
        until: i64,
        then: Step,
    },
}

/// What the kiosk was told of the card that lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Nobody,
    Found,
    Failed(ReadFailure),
    Delivered,
}

/// How the module answers find while a card that was selected stays; learnt only where `30 03` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FindWhileSelected {
    Unknown,
    Answers,
    Hides,
}

/// The state of one reader.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    state: State,
    parser: Parser,
    presence: Presence,
    /// Read, waiting for its appended address.
    read: Option<Box<Card>>,
    up: bool,
    down_told: Option<DownReason>,
    unanswered_count: u32,
    bytes_since_answer: bool,
    selects_failed_count: u32,
    hold_doubted: bool,
    appended_unknown: bool,
    while_selected: FindWhileSelected,
}

impl Machine {
    /// A reader whose port is still closed: the first [`Machine::tick`] asks to open it.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Closed { retry_at: i64::MIN },
            parser: Parser::replies(),
            presence: Presence::Nobody,
            read: None,
            up: false,
            down_told: None,
            unanswered_count: 0,
            bytes_since_answer: false,
            selects_failed_count: 0,
            hold_doubted: false,
            appended_unknown: false,
            while_selected: FindWhileSelected::Unknown,
        }
    }

    /// When [`Machine::tick`] is wanted next, if no bytes come before.
    pub fn wake_at(&self) -> Millis {
        Millis(match &self.state {
            State::Closed { retry_at } => *retry_at,
            State::Draining { quiet_at, .. } => *quiet_at,
            State::Pausing { until, .. } => *until,
            State::Asking {
                step,
                sent_at,
                heard_at,
                ..
            } => self.deadline(*step, *sent_at, *heard_at),
        })
    }

    /// True while the port is closed: there is nothing to read from.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// The port is open.
    pub fn opened(&mut self, now: Millis) -> Vec<Effect> {
        let mut out = Vec::new();
        self.parser.clear();
        self.ask(now.0, Step::Probe(0), &mut out);
        out
    }

    /// The port could not be opened, or the device went away.
    pub fn gone(&mut self, now: Millis, reason: &str) -> Vec<Effect> {
        let mut out = Vec::new();
        self.down(DownReason::Gone(reason.into()), &mut out);
        self.state = State::Closed {
            retry_at: now.0 + self.config.search_ms / 2,
        };
        out
    }

    /// Bytes arrived.
    pub fn bytes(&mut self, now: Millis, bytes: &[u8]) -> Vec<Effect> {
        let mut out = Vec::new();
        let now = now.0;
        match &mut self.state {
            State::Closed { .. } => {}
            State::Draining { since, quiet_at, .. } => {
                *quiet_at = now + self.config.silence_ms;
                if now - *since > DRAIN_MS_MAX {
                    self.down(DownReason::Noise, &mut out);
                }
            }
            State::Pausing { then, .. } => {
                // Nobody asked: a late reply or noise. Either way the line must be silent before the next request.
                let then = *then;
                out.push(Effect::Note(Note::Stray(bytes.len())));
                self.drain(now, then);
            }
            State::Asking { heard_at, .. } => {
                *heard_at = now;
                self.bytes_since_answer = true;
                self.parser.push(bytes);
                self.hear(now, &mut out);
            }
        }
        out
    }

    /// Time passed. Harmless when it comes early.
    pub fn tick(&mut self, now: Millis) -> Vec<Effect> {
        let mut out = Vec::new();
        if now < self.wake_at() {
            return out;
        }
        let now = now.0;
        match self.state {
            State::Closed { .. } => {
                self.state = State::Closed {
                    retry_at: now + self.config.search_ms / 2,
                };
                out.push(Effect::Reopen);
            }
            State::Draining { then, .. } | State::Pausing { then, .. } => self.ask(now, then, &mut out),
            State::Asking { step, .. } => {
                out.push(Effect::Note(Note::TimedOut(step.command())));
                self.unanswered(now, step, &mut out);
            }
        }
        out
    }

    fn deadline(&self, step: Step, sent_at: i64, heard_at: i64) -> i64 {
        let first_ms = match step.command() {
            Command::Find | Command::Select => self.config.find_ms,
            Command::ReadBase | Command::ReadBaseAndFingerprints | Command::ReadAppended | Command::ReadChipNumbers => {
                self.config.read_ms
            }
            _ => self.config.module_ms,
        };
        // Noise before the reply does not start it: only a preamble does.
        let begun = self.parser.pending_len() >= PREAMBLE.len();
        if begun {
            (heard_at + self.config.gap_ms).min(sent_at + first_ms + REPLY_MS_MAX)
        } else {
            sent_at + first_ms
        }
    }

    /// Takes frames out of what arrived for the request that is out.
    fn hear(&mut self, now: i64, out: &mut Vec<Effect>) {
        while let Some(found) = self.parser.next() {
            let Found::Frame(frame) = found else {
                out.push(Effect::Note(Note::BadCheck));
                continue;
            };
            // The parser's limits leave room for the three words.
            let Ok(reply) = Reply::parse(&frame) else { continue };
            let State::Asking { step, asked_again, .. } = self.state else {
                return;
            };
            if !step.command().admits(reply.status(), reply.data().len()) {
                self.out_of_step(now, step, &reply, out);
                return;
            }
            // What follows is decided only when no other frame stands behind the answer: which one would it be?
            while let Some(found) = self.parser.next() {
                if matches!(found, Found::Frame(_)) {
                    self.out_of_step(now, step, &reply, out);
                    return;
                }
            }
            self.unanswered_count = 0;
            self.bytes_since_answer = false;
            self.answered(now, step, asked_again, &reply, out);
        }
    }

    fn ask(&mut self, now: i64, step: Step, out: &mut Vec<Effect>) {
        self.ask_maybe_again(now, step, false, out);
    }

    fn ask_maybe_again(&mut self, now: i64, step: Step, asked_again: bool, out: &mut Vec<Effect>) {
        if let Step::Probe(index) = step {
            out.push(Effect::SetBaud(Baud::ALL[index % Baud::ALL.len()].rate()));
        }
        out.push(Effect::Send(step.command().frame()));
        self.state = State::Asking {
            step,
            sent_at: now,
            heard_at: now,
            asked_again,
        };
    }

    fn pause(&mut self, now: i64, pause_ms: i64, then: Step) {
        self.state = State::Pausing {
            until: now + pause_ms,
            then,
        };
    }

    /// Throws away what is buffered and waits until the line is silent.
    fn drain(&mut self, now: i64, then: Step) {
        self.parser.clear();
        self.state = State::Draining {
            since: now,
            quiet_at: now + self.config.silence_ms,
            then,
        };
    }

    fn down(&mut self, reason: DownReason, out: &mut Vec<Effect>) {
        self.parser.clear();
        self.presence = Presence::Nobody;
        self.read = None;
        self.up = false;
        self.unanswered_count = 0;
        self.hold_doubted = false;
        // Two wordings of one absence are one absence.
        let told = self.down_told.as_ref().map(core::mem::discriminant);
        if told != Some(core::mem::discriminant(&reason)) {
            out.push(Effect::Event(Event::DeviceDown(reason.clone())));
            self.down_told = Some(reason);
        }
    }
}
