//! What the flow asks the outside to do, and what it says about an input.

use ticket_dispatcher_types::{IdemKey, TicketId, TicketNo};

use crate::{Card, JobNo, LentNumber, MakingOrder, Note, Slip, TicketRequest};

/// One effect. Carried out in the order given: [`Effect::StoreKey`] must be durable before the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put the key into the outbox, durably.
    StoreKey {
        /// The key.
        key: IdemKey,
        /// What is asked for, without the person: services, class, cases.
        what: String,
    },
    /// Ask for a number; again with the same key and growing pauses while the dispatcher does not answer.
    IssueTicket {
        /// The key.
        key: IdemKey,
        /// The request.
        request: TicketRequest,
    },
    /// Give out a lent number: keep its ticket and its person, sealed, then answer as the dispatcher would, with the
    /// ticket that the person holds already if there is one.
    GiveAlone {
        /// The key that it will be handed over with.
        key: IdemKey,
        /// The request.
        request: TicketRequest,
        /// The number.
        number: Box<LentNumber>,
    },
    /// Ask whether this person has an appointment today, or a missed number. Asked once; no answer counts as none.
    FindBookings {
        /// Names the question.
        ask: IdemKey,
        /// Who.
        holder: Card,
    },
    /// Nobody waits for this request any more: stop asking, forget the holder.
    Abandon(IdemKey),
    /// Ask for the catalogue now.
    RefreshServices,
    /// Print a slip; the outbox keeps the record before the first byte.
    Print {
        /// The job.
        job: JobNo,
        /// The record.
        slip: Slip,
        /// Marked 补打.
        reprint: bool,
    },
    /// Something for the maker's side.
    Making(MakingOrder),
    /// Print the slip of a making job that did not end with a card in the hand.
    PrintNote {
        /// The job at the printer.
        job: JobNo,
        /// What it says.
        note: Note,
    },
    /// Give a ticket back.
    CancelTicket {
        /// Which.
        id: TicketId,
        /// Its number.
        number: TicketNo,
    },
    /// Call staff to the kiosk.
    CallStaff(StaffReason),
    /// The session ended: forget everything about a person, everywhere.
    Wipe,
    /// Say it aloud; everything said is on the screen too.
    Speak(Phrase),
    /// Write a line to the log; never about a person.
    Log(LogLine),
}

/// Why staff are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffReason {
    /// By button.
    Asked,
    /// 需要优先服务 by button.
    Priority,
    /// A card was left on the reader.
    CardLeft,
    /// The printer needs somebody.
    Printer,
    /// The maker or a person at it needs somebody.
    Maker,
    /// The case was opened.
    CaseOpened,
    /// The roll was changed: told, nobody has to come.
    PaperRefilled,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// 请刷身份证.
    PresentCard,
    /// 请取走身份证.
    TakeCard,
    /// The same, louder.
    TakeCardLoud,
    /// 请重新放好身份证.
    TryAgain,
    /// 请到服务台办理.
    GoToDesk,
    /// 您今天有预约，请报到.
    CheckIn,
    /// 您可以使用优先号.
    PriorityOffer,
    /// 您的号码是.
    YourNumber(TicketNo),
    /// 您已经取过号.
    AlreadyHolds(TicketNo),
    /// 您还在吗.
    StillThere,
    /// 请取走您的临时身份证.
    TakeTempCard,
}

/// A line of the log: a fixed name, and at most numbers of the hall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine {
    /// What happened.
    pub what: &'static str,
    /// The ticket it is about.
    pub number: Option<TicketNo>,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something.
    Advanced,
    /// It changed nothing, for a reason that is logged.
    Ignored {
        /// Why.
        reason: Reason,
    },
}

/// Why an input changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// This screen has no such button; a touch that came late.
    NotOnThisScreen,
    /// A card lies on the reader: first it has to be taken away.
    CardLies,
    /// The choice does not exist, or no number is given out for it.
    NoSuchChoice,
    /// As many matters are on the list as one number takes.
    ListFull,
    /// The number is being asked for or the ticket is there: nothing else now.
    Busy,
    /// It belongs to a request, a job or a session that is over.
    Late,
    /// Nothing new in it.
    Same,
    /// A card was laid down while this session needs none.
    CardNotNeeded,
    /// Power is failing.
    PowerFailing,
}

/// What a step gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What became of the input.
    pub outcome: Outcome,
    /// What to do, in this order.
    pub effects: Vec<Effect>,
}
