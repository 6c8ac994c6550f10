//! What the outside tells the flow.

use ticket_dispatcher_types::{IdemKey, Millis, ServiceId, TicketId, TicketNo};
use ui_model::{Intent, ReadingStep, Trouble};

use crate::{Appointment, Card, Catalogue, Day, JobNo, Lent, LocalText, MakingInput, Slip, Ticket};

/// The moment of a step: everything a pure flow cannot know by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds of a clock that never jumps, from any start.
    pub now: Millis,
    /// Today in the hall.
    pub today: Day,
    /// Minute of the local day, 0 to 1439.
    pub minute_of_day: u16,
    /// A fresh key; used if this step confirms a request, else thrown away.
    pub fresh: IdemKey,
}

/// One input.
#[allow(clippy::large_enum_variant)] // one at a time, and boxed wherever it waits
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Somebody touched the screen.
    Intent(Intent),
    /// The reader.
    Reader(ReaderInput),
    /// The document scanner.
    Scan(Scan),
    /// The dispatcher.
    Dispatcher(DispatcherInput),
    /// The printer.
    Printer(PrinterInput),
    /// The maker of temporary cards, its service and its scanner.
    Making(MakingInput),
    /// The case was opened or shut.
    Case {
        /// Open.
        open: bool,
    },
    /// Time passed; at least twice a second.
    Tick,
    /// Power is failing or the kiosk is being stopped: wipe and take nobody on.
    PowerFail,
    /// Power is back.
    PowerBack,
}

/// What the reader says.
#[derive(Debug, Clone, PartialEq)]
pub enum ReaderInput {
    /// It answers and passed its self test.
    Up,
    /// It does not.
    Down,
    /// A card lies on it; how far reading is.
    Progress(ReadingStep),
    /// The card was read.
    Record(Card),
    /// The card could not be read.
    Failed(ReadFailure),
    /// No card lies on it any more.
    Removed,
}

/// Why a card could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// Moved or pulled while reading: once more.
    TryAgain,
    /// Not a card that this reader knows, or a damaged chip.
    NotReadable,
}

/// What a document scanner saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Scan {
    /// A passport whose zone is sure.
    Passport(Card),
    /// A paper that could not be read.
    Misread,
    /// A code that this kiosk has no use for, such as an electronic identity. What it says is not kept.
    ForeignCode,
}

/// A number that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The number.
    pub number: TicketNo,
    /// The window's name.
    pub window: LocalText,
}

/// What the dispatcher says.
#[derive(Debug, Clone, PartialEq)]
pub enum DispatcherInput {
    /// The number.
    Issued {
        /// Of which request.
        key: IdemKey,
        /// The ticket.
        ticket: Ticket,
    },
    /// The person holds an open ticket.
    AlreadyHolds {
        /// Of which request.
        key: IdemKey,
        /// Which.
        ticket: Ticket,
    },
    /// The request is refused for good.
    Refused {
        /// Of which request.
        key: IdemKey,
        /// What the screen says.
        trouble: Trouble,
    },
    /// One attempt failed; the same key will be sent again.
    Unavailable {
        /// Of which request.
        key: IdemKey,
        /// What the screen says if it goes on.
        trouble: Trouble,
    },
    /// The appointments of the person who was asked about, the earliest first.
    Bookings {
        /// Which question.
        ask: IdemKey,
        /// What was found.
        found: Vec<Appointment>,
        /// The service of a number of the person that was called in vain and may come back.
        missed: Option<ServiceId>,
    },
    /// The catalogue with its counts.
    Services(Catalogue),
    /// The numbers that this kiosk may give out alone.
    Lent(Lent),
    /// The newest calls, newest first.
    Strip(Vec<Call>),
    /// The line is down.
    Away,
    /// The line is up.
    Back,
    /// A ticket was given back.
    GivenBack(TicketId),
    /// Giving it back did not work.
    GiveBackFailed(TicketId),
}

/// State of the printer as far as a person is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrinterState {
    /// Prints.
    Ready,
    /// Prints; the roll is nearly used up.
    PaperLow,
    /// Does not print, and why.
    Down(Trouble),
}

impl PrinterState {
    /// True when a slip can be sent.
    pub fn prints(self) -> bool {
        matches!(self, Self::Ready | Self::PaperLow)
    }
}

/// What the printer says.
#[derive(Debug, Clone, PartialEq)]
pub enum PrinterInput {
    /// Its state; repeated from time to time even when nothing changed.
    Status(PrinterState),
    /// How a job went on.
    Job {
        /// Which.
        job: JobNo,
        /// How.
        outcome: JobOutcome,
    },
    /// Found in the outbox after a restart: a slip of which nobody knows whether it came out.
    InFlight(Box<Slip>),
}

/// How a job went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// The whole slip is out.
    Printed,
    /// It lies in the mouth of the printer and nobody took it.
    NotTaken,
    /// The person took it.
    Taken,
    /// A fault came in between: nobody knows how much came out.
    Unknown,
    /// Not one byte was sent.
    NotStarted,
}
