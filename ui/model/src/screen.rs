//! What the screen shows.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Cases, GroupId, Lang, ServiceId, TicketNo, Wait};

use crate::making::{MakingScreen, MakingStrip, TempCard};

/// A whole picture of the kiosk. Texts that come from the hall file are already in the model's language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Counts models; a screen ignores one older than what it shows.
    pub revision: u64,
    /// Language of the words.
    pub lang: Lang,
    /// 长者模式: large type, longer time-outs.
    pub elder: bool,
    /// 低位模式: controls at the bottom.
    pub low_reach: bool,
    /// The hall's name.
    pub hall_name: String,
    /// Which kiosk this is, for the person on the phone with the service desk.
    pub kiosk_name: String,
    /// The hall's phone.
    pub hall_phone: String,
    /// Local time, `14:05`.
    pub clock: String,
    /// The screen.
    pub screen: Screen,
    /// The live strip at the top.
    pub strip: NowServing,
    /// Seconds until this session ends by itself, shown once it is 20 or less ("您还在吗?").
    pub time_left_s: Option<u16>,
    /// True once staff have been called from this session.
    pub staff_called: bool,
    /// True while the dispatcher is away and numbers come from the kiosk's own block.
    #[serde(default)]
    pub offline: bool,
    /// A temporary card that is being made while this screen is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub making: Option<MakingStrip>,
}

/// The live strip "now serving".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NowServing {
    /// Newest first, at most four.
    pub calls: Vec<StripCall>,
    /// Age of what is shown, when the line to the dispatcher is down; the screen then says so.
    pub stale_s: Option<u32>,
}

/// One call on the strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripCall {
    /// The number.
    pub number: TicketNo,
    /// The window's name.
    pub window: String,
}

/// A group of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogueGroup {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// People waiting.
    pub waiting: u32,
    /// Likely wait; none when no window is open.
    pub wait: Option<Wait>,
    /// False when no number is given out for it now.
    pub available: bool,
}

/// A service of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogueService {
    /// The service.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// Its group's name, shown in search results.
    pub group_name: String,
    /// False when no number is given out for it now.
    pub available: bool,
}

/// A matter on the list that will be confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenMatter {
    /// The service.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// Papers needed.
    pub materials: Vec<String>,
}

/// Something the kiosk does, and whether it can do it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Giving out numbers at all (the dispatcher).
    TakeNumber,
    /// Reading cards.
    ReadCard,
    /// Printing.
    Print,
}

/// State of a [`Function`]; a function that is down is greyed with the reason and the next place that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionState {
    /// Which.
    pub function: Function,
    /// Why it is down.
    pub trouble: Trouble,
}

/// Why something does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The dispatcher does not answer.
    DispatcherAway,
    /// The dispatcher cannot write its ledger.
    LedgerAway,
    /// The card reader does not answer or failed its self test.
    ReaderAway,
    /// The printer does not answer.
    PrinterAway,
    /// Out of paper.
    PaperOut,
    /// The printer's cover is open.
    CoverOpen,
    /// Cutter, jam, head: staff must look.
    PrinterFault,
    /// Outside the hours of this hall.
    OutsideHours,
    /// No more numbers for this group today.
    LastNumberGone,
    /// The appointment was cancelled, used, or is for another day or matter.
    AppointmentGone,
    /// The dispatcher gives no number for this here, for a reason that only staff can mend.
    NotGivenHere,
    /// This kiosk is not registered in the hall (its certificate is refused).
    NotRegistered,
    /// The number could not be given back: it was called meanwhile, or nobody answers.
    NotGivenBack,
}

/// A step of reading a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingStep {
    /// The card was found.
    Found,
    /// Its data is being read.
    Reading,
}

/// Why a card was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardTrouble {
    /// Lift it and put it down again.
    TryAgain,
    /// This kind of card cannot be read here; take it away, go to the desk.
    NotReadable,
    /// It is no longer valid; the desk can help.
    Expired,
    /// The holder is under 14: the accompanying adult takes the number.
    Child,
}

/// How urgently the person is told to take the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeCardUrgency {
    /// Just after reading.
    Gentle,
    /// Still there after 15 s: louder, staff told.
    Loud,
}

/// What is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorityKind {
    /// By age: priority and large type.
    Elder,
}

/// How somebody comes to an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Punctual {
    /// So early that the number waits for its slot.
    Early,
    /// In time.
    InTime,
    /// So late that it is an ordinary number; nobody is refused.
    Late,
}

/// How the paper ticket is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// Being printed.
    Printing,
    /// Printed; take it.
    Printed,
    /// Printed and waiting in the mouth of the printer.
    NotTaken,
    /// A fault came in between; the printer is being seen to, it will be printed once and marked 补打 if in doubt.
    Interrupted,
    /// Asked for while the printer has a fault: it will be printed by itself once the printer is well.
    Queued,
    /// No paper ticket: keep the number by photo or at the desk.
    None,
}

/// A number in the person's hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketShown {
    /// The number.
    pub number: TicketNo,
    /// Four digits.
    pub check_code: String,
    /// Names of the services.
    pub services: Vec<String>,
    /// They may need different windows, in this order.
    #[serde(default)]
    pub in_order: bool,
    /// People before it.
    pub people_ahead: u32,
    /// Likely wait; none when nobody can say, because no window is open for it.
    pub wait: Option<Wait>,
    /// Names of the windows that may call it, runs of them told as one, shortened for the screen.
    pub windows: Vec<String>,
    /// What the QR says.
    pub lookup_url: String,
    /// Slot of the appointment that it keeps, `10:00–10:30`; none for an ordinary number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<String>,
    /// The person's missed number, back in the queue: it happens once.
    #[serde(default)]
    pub returned: bool,
    /// Given out without the dispatcher: it counts from when it was taken, once the line is back.
    #[serde(default)]
    pub offline: bool,
}

/// The open ticket of a person who asked for another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldTicketView {
    /// The ticket as it stands now.
    pub ticket: TicketShown,
    /// The window it is called to, if it is.
    pub called_to: Option<String>,
    /// When it was taken, local `09:41`.
    pub taken_at: String,
    /// Whether it can be printed again here.
    pub can_reprint: bool,
}

/// The screen, one variant a screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "screen", rename_all = "snake_case")]
pub enum Screen {
    /// 待机: tap a card or choose first.
    Attract {
        /// What does not work now; empty when all is well.
        down: Vec<FunctionState>,
        /// Where to go instead, from the kiosk's file ("2号自助机, 或大厅服务台").
        elsewhere: String,
        /// True when nothing can be done here at all.
        closed: bool,
        /// The hall's hours, `08:30–17:30`.
        opening_hours: String,
        /// Whether temporary identity cards are made here; also outside the hours.
        #[serde(default)]
        temp_card: TempCard,
    },
    /// A temporary identity card is asked for or made.
    Making {
        /// Which part of it.
        making: MakingScreen,
    },
    /// First level of the catalogue.
    Groups {
        /// In the order of the hall file.
        groups: Vec<CatalogueGroup>,
        /// Masked name once the card has been read (tap-first).
        greeting: Option<String>,
        /// Matters chosen so far.
        chosen: u8,
        /// Whether the hall has a guidance desk.
        guidance: bool,
    },
    /// Second level.
    Services {
        /// The group's name.
        group_name: String,
        /// People waiting.
        waiting: u32,
        /// Likely wait.
        wait: Option<Wait>,
        /// In the order of the hall file.
        services: Vec<CatalogueService>,
    },
    /// Search by pinyin initials.
    Search {
        /// Letters typed.
        text: String,
        /// Best first, at most eight.
        results: Vec<CatalogueService>,
    },
    /// Before confirming: who waits, how long, which papers.
    Confirm {
        /// Matters, at least one.
        matters: Vec<ChosenMatter>,
        /// They may need different windows, in this order.
        #[serde(default)]
        in_order: bool,
        /// May another be added?
        can_add: bool,
        /// People before somebody who takes a number now, for the first matter.
        people_ahead: u32,
        /// Likely wait of the first matter; none when nobody can say.
        wait: Option<Wait>,
        /// QR text that takes the list of papers away.
        materials_url: String,
        /// Acts for others?
        agent: bool,
        /// Cases of the agent.
        cases: Cases,
        /// Most cases an agent may bring; 1 means the choice is not shown.
        cases_max: u8,
        /// The wait passes closing time: say so before a number is taken.
        past_closing: bool,
        /// Whether the card has been read already (tap-first).
        card_read: bool,
        /// An ordinary or a priority number.
        priority: bool,
        /// False when the number would come without paper.
        paper: bool,
    },
    /// 请刷身份证.
    PresentCard {
        /// Names of the matters, empty for tap-first.
        matters: Vec<String>,
        /// Priority asked for by button.
        priority: bool,
    },
    /// Card found, being read.
    Reading {
        /// Where it stands.
        step: ReadingStep,
    },
    /// The card was not taken.
    CardProblem {
        /// Why.
        trouble: CardTrouble,
        /// Card still on the reader: ask to take it away.
        card_present: bool,
    },
    /// 请取走身份证: until the reader sees no card.
    TakeCard {
        /// How urgently.
        urgency: TakeCardUrgency,
    },
    /// Priority offered by age.
    PriorityOffer {
        /// Which.
        kind: PriorityKind,
    },
    /// 您今天有预约: one touch gives its number.
    CheckIn {
        /// Name of the service.
        service: String,
        /// Its slot, `10:00–10:30`.
        slot: String,
        /// Whether the person comes in time.
        punctual: Punctual,
    },
    /// The number is being asked for.
    Issuing {
        /// Seconds so far; a hint appears after some.
        waited_s: u16,
    },
    /// The person holds an open ticket already.
    AlreadyHolds {
        /// Which.
        held: HeldTicketView,
    },
    /// 您的号码: number, paper, what next.
    Ticket {
        /// The number.
        ticket: TicketShown,
        /// The paper.
        paper: PaperState,
        /// True for a reprint.
        reprint: bool,
    },
    /// 未能取号: says what still works and where to go.
    Failed {
        /// Why.
        trouble: Trouble,
        /// Where to go instead.
        elsewhere: String,
    },
    /// 没带证件: what to do.
    NoCard {
        /// Where the desk is.
        elsewhere: String,
    },
    /// The privacy notice in full.
    Privacy,
    /// Goodbye after giving a ticket back or cancelling, for two seconds.
    Ended {
        /// A ticket was given back.
        cancelled_ticket: bool,
    },
}
