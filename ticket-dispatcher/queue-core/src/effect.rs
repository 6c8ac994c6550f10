//! What comes out of the engine, and is stored: outcomes that fix a number, a ticket, a window.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{
    BookingId, Cases, Class, ClerkId, CloseReason, DeviceId, GroupId, ServiceId, TicketId, TicketNo, WindowId,
};

use crate::booking::{Excuse, NewBooking};
use crate::event::{NewTicket, TransferTo};
use crate::forecast::Forecast;
use crate::policy::Policy;

/// An outcome. The journal stores these; recovery folds them and never decides again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A new day began.
    DayBegan {
        /// The local date.
        day: String,
    },
    /// A number was given out.
    Issued {
        /// What was asked for.
        ticket: NewTicket,
        /// The number.
        number: TicketNo,
        /// The group whose queue it joins (that of its first service).
        group: GroupId,
        /// Effective class.
        class: Class,
        /// From when its wait counts, ms since local midnight.
        base_ms: i64,
        /// Waiting tickets of the same group that stand before it.
        people_ahead: u32,
        /// Time until its call as foreseen at issue, as printed; none when the hall has forecasts off.
        forecast: Option<Forecast>,
    },
    /// A window calls.
    WindowOpened {
        /// The window.
        window: WindowId,
        /// Who sits there.
        clerk: Option<ClerkId>,
    },
    /// A window is paused.
    WindowPaused {
        /// The window.
        window: WindowId,
        /// Why.
        reason: CloseReason,
    },
    /// A window is closed.
    WindowClosed {
        /// The window.
        window: WindowId,
        /// Why.
        reason: CloseReason,
    },
    /// A ticket was called to a window.
    Called {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
        /// Why this one.
        why: Why,
    },
    /// Called once more.
    Recalled {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
        /// 2 or more.
        times: u8,
    },
    /// Service began.
    Started {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
    },
    /// Service ended.
    Finished {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
    },
    /// A ticket with several matters comes to its next one: at the same window, or it waits with its place kept.
    /// Follows `Finished`.
    NextMatter {
        /// The ticket.
        ticket: TicketId,
        /// Which of its services, from 0.
        matter: u8,
        /// The group whose queue it is in now.
        group: GroupId,
        /// The window that goes on with it at once, because it serves this matter too; none when it waits again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<WindowId>,
    },
    /// Called in vain.
    NoShow {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
    },
    /// Sent elsewhere; it waits there with its place kept.
    Transferred {
        /// The ticket.
        ticket: TicketId,
        /// Where to.
        to: TransferTo,
        /// Which of its services is next, from 0.
        matter: u8,
        /// The group whose queue it is in now.
        group: GroupId,
        /// Why.
        reason: String,
    },
    /// Back in the queue.
    Requeued {
        /// The ticket.
        ticket: TicketId,
        /// Why.
        reason: String,
        /// Its place in the queue from now on.
        place: Place,
        /// True for a missed ticket that came back, which a ticket may do once.
        returned: bool,
        /// What the person was told who came back by taking a number; none where staff put the ticket back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<Box<Told>>,
    },
    /// Put aside.
    Held {
        /// The ticket.
        ticket: TicketId,
        /// The window that keeps it.
        window: WindowId,
        /// Why.
        reason: String,
    },
    /// Taken up again: waits in front.
    Resumed {
        /// The ticket.
        ticket: TicketId,
    },
    /// Given back or void.
    Cancelled {
        /// The ticket.
        ticket: TicketId,
        /// Why.
        reason: String,
    },
    /// Numbers were lent to a kiosk for today: from `first` on, one for each id.
    Leased {
        /// To whom.
        kiosk: DeviceId,
        /// Of which group.
        group: GroupId,
        /// The lowest number.
        first: TicketNo,
        /// The tickets that they become.
        ids: Vec<TicketId>,
    },
    /// The person holds another ticket of the group, which counts instead of this one.
    Superseded {
        /// The ticket that is void.
        ticket: TicketId,
        /// The one that counts.
        by: TicketId,
        /// Its number.
        number: TicketNo,
        /// How many cases the one that counts has from now on, where the void one had more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cases: Option<Cases>,
    },
    /// Rated.
    Rated {
        /// The ticket.
        ticket: TicketId,
        /// 1 to 5.
        stars: u8,
    },
    /// An appointment was made.
    Booked {
        /// What was asked for.
        booking: NewBooking,
        /// The group of its service.
        group: GroupId,
    },
    /// A booking was given back; its place is free at once.
    BookingCancelled {
        /// Which.
        booking: BookingId,
        /// Early enough not to count.
        in_time: bool,
    },
    /// Nobody came to a booking, or it was given back too late. Decided when the next day begins.
    BookingMissed {
        /// Which.
        booking: BookingId,
        /// Whose.
        person: String,
        /// Which day.
        day: String,
        /// Why it does not count; none counts.
        excuse: Option<Excuse>,
    },
    /// A person may not book online for a while. Walk-ins are never blocked.
    BookingBlocked {
        /// Whom.
        person: String,
        /// The first day on which it is possible again.
        until: String,
    },
    /// Staff lifted a block.
    BookingUnblocked {
        /// Whom.
        person: String,
        /// Why.
        reason: String,
    },
    /// Another policy chooses from now on, until the day ends.
    PolicyChanged {
        /// Which chose before.
        from: Policy,
        /// Which chooses now.
        to: Policy,
        /// Who said so.
        by: String,
        /// Why.
        reason: String,
    },
    /// The call that follows in the same row is a clerk's choice, not the policy's.
    Picked {
        /// The ticket.
        ticket: TicketId,
        /// The window.
        window: WindowId,
        /// Who sits there.
        clerk: Option<ClerkId>,
        /// Why.
        reason: String,
    },
    /// A clerk looked at the list of those who wait.
    Peeked {
        /// The window.
        window: WindowId,
        /// Who sits there.
        clerk: Option<ClerkId>,
        /// Why.
        reason: String,
    },
    /// Nobody waits whom this window could serve.
    NobodyWaits {
        /// The window.
        window: WindowId,
    },
    /// The event could not be obeyed in this state; nothing changed.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// What a person who came back was told, so that the same request is answered the same for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The number that counts again.
    pub number: TicketNo,
    /// What it is for.
    pub services: Vec<ServiceId>,
    /// The group whose queue it is in.
    pub group: GroupId,
    /// Effective class.
    pub class: Class,
    /// Cases on it.
    pub cases: Cases,
    /// Waiting tickets of the group that stand before it.
    pub people_ahead: u32,
    /// Time until its call; none where nobody can say.
    pub forecast: Option<Forecast>,
}

/// A place in the queue. Places compare by `queued_ms`, then `rank`, then order of issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// From when it stands in the queue, ms since local midnight.
    pub queued_ms: i64,
    /// Twice the order of issue; odd for a ticket put behind another one.
    pub rank: u64,
    /// From when its wait counts, ms since local midnight.
    pub base_ms: i64,
}

/// Why an event was refused. Every input that a state does not expect ends here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The person holds an open ticket of this group.
    #[error("this person already holds ticket {number}")]
    AlreadyHolds {
        /// Which.
        ticket: TicketId,
        /// Its number.
        number: TicketNo,
    },
    /// No such ticket today.
    #[error("no such ticket today")]
    UnknownTicket,
    /// No such group in the hall file.
    #[error("no such group `{group}`")]
    UnknownGroup {
        /// As given.
        group: GroupId,
    },
    /// The number was not lent to this kiosk today, or not for this.
    #[error("number {number} was not lent to this kiosk for this")]
    NotLent {
        /// Which.
        number: TicketNo,
    },
    /// A number of another day: whoever held it could be called on that day alone.
    #[error("number {number} was given out on {day}, and that day is over")]
    DayIsOver {
        /// Which.
        number: TicketNo,
        /// Its day.
        day: String,
    },
    /// It came in before.
    #[error("ticket {number} was handed over before")]
    HandedOver {
        /// Which.
        ticket: TicketId,
        /// Its number.
        number: TicketNo,
    },
    /// No such window in the hall file.
    #[error("no such window `{window}`")]
    UnknownWindow {
        /// As given.
        window: WindowId,
    },
    /// No such service in the hall file.
    #[error("no such service `{service}`")]
    UnknownService {
        /// As given.
        service: ServiceId,
    },
    /// No service given, or more than the hall allows.
    #[error("a ticket is for 1 to {most} matters")]
    MattersCount {
        /// The hall's limit.
        most: u8,
    },
    /// More cases than the hall allows on one ticket.
    #[error("an agent may bring at most {most} cases on one ticket")]
    TooManyCases {
        /// The hall's limit.
        most: u8,
    },
    /// Outside the hours in which numbers are given out.
    #[error("numbers are given out from {from} to {until}")]
    OutsideHours {
        /// First instant, as time of day.
        from: String,
        /// Last instant, as time of day.
        until: String,
    },
    /// The series of this group is used up for today.
    #[error("the number series {series} is used up for today")]
    SeriesUsedUp {
        /// The letter.
        series: char,
    },
    /// The window is not in the state that this needs.
    #[error("window {window} is not open")]
    WindowNotOpen {
        /// Which.
        window: WindowId,
    },
    /// The window still has somebody.
    #[error("window {window} still has {number}")]
    WindowBusy {
        /// Which.
        window: WindowId,
        /// Whom.
        number: TicketNo,
    },
    /// The ticket is in another state than this needs.
    #[error("ticket {number} is {state}, so it cannot be {wanted}")]
    WrongState {
        /// Which.
        number: TicketNo,
        /// Where it stands.
        state: String,
        /// What was asked.
        wanted: String,
    },
    /// The ticket is, or was last, at another window.
    #[error("ticket {number} is at another window")]
    NotYours {
        /// Which.
        number: TicketNo,
    },
    /// A called person is given time to come.
    #[error("ticket {number} was called just now; it can be marked as missed in {left_s} s")]
    NotMissedYet {
        /// Which.
        number: TicketNo,
        /// How long, seconds.
        left_s: u32,
    },
    /// A number is called so often and then missed.
    #[error("ticket {number} was called {times} times; if nobody comes, mark it as missed")]
    CalledEnough {
        /// Which.
        number: TicketNo,
        /// How often.
        times: u8,
    },
    /// No such booking today, or it was checked in already.
    #[error("no open booking `{booking}` today")]
    UnknownBooking {
        /// As given.
        booking: BookingId,
    },
    /// No such day.
    #[error("`{day}` is no day")]
    NoSuchDay {
        /// As given.
        day: String,
    },
    /// The slot or the day is over.
    #[error("the appointment on {day} would lie in the past")]
    BookingInPast {
        /// The day asked for.
        day: String,
    },
    /// Too far ahead.
    #[error("appointments can be made up to {last_day}")]
    BookingTooFar {
        /// The last day that can be booked.
        last_day: String,
    },
    /// No slot of this group begins then.
    #[error("no slot begins at {slot}")]
    NoSuchSlot {
        /// As given.
        slot: String,
    },
    /// Every place that may be booked is booked.
    #[error("the slot at {slot} is full; another slot may be free, and walking in is always possible")]
    SlotFull {
        /// Its beginning.
        slot: String,
    },
    /// The person has a booking of this group on this day.
    #[error("this person already has an appointment at {slot} on this day")]
    AlreadyBooked {
        /// Which.
        booking: BookingId,
        /// Its slot.
        slot: String,
    },
    /// The person stayed away too often.
    #[error(
        "no online appointments until {until}, because {count} were missed within {days} days; walking in and the desk \
         are open as ever"
    )]
    BlockedFromBooking {
        /// The first day on which it is possible again.
        until: String,
        /// No-shows that block.
        count: u8,
        /// Within so many days.
        days: u16,
    },
    /// Nothing to lift.
    #[error("this person is not blocked")]
    NotBlocked,
    /// The booking is for another day.
    #[error("this appointment is for {day} at {slot}")]
    BookedForOtherDay {
        /// Its day.
        day: String,
        /// Its slot.
        slot: String,
    },
    /// The booking is for another service than the ticket.
    #[error("this appointment is for service `{service}`")]
    BookedForOther {
        /// Its service.
        service: ServiceId,
    },
    /// The last number of this group that can be served today is gone.
    #[error("who takes a number of group `{group}` now would not be called before closing")]
    LastNumberGone {
        /// Which.
        group: GroupId,
    },
    /// The ticket has no matter of this group.
    #[error("ticket {number} has no matter of group `{group}`")]
    NoSuchMatter {
        /// Which.
        number: TicketNo,
        /// As given.
        group: GroupId,
    },
    /// The id was used before.
    #[error("a ticket with this id was given out before")]
    IdUsed,
    /// The day began already; a clock that jumps back must not void anybody's number.
    #[error("the day {day} began already")]
    DayBeganAlready {
        /// The engine's day.
        day: String,
    },
    /// A missed ticket may come back once, within the time that the hall file sets.
    #[error("ticket {number} was missed and its time to check in again is over")]
    TooLateToReturn {
        /// Which.
        number: TicketNo,
    },
    /// What passes by the policy needs a reason.
    #[error("this needs a reason")]
    ReasonMissing,
    /// The window does not serve what this ticket is for, or the ticket is kept for another window.
    #[error("window {window} may not call {number}")]
    NotServedHere {
        /// Which window.
        window: WindowId,
        /// Which ticket.
        number: TicketNo,
    },
    /// This policy chooses already.
    #[error("the policy `{}` is in force already", policy.name())]
    PolicyInForce {
        /// Which.
        policy: Policy,
    },
    /// Five levels, nothing else.
    #[error("a rating is 1 to 5 stars")]
    BadStars,
}

/// Why a ticket was called before the others; kept with the journal for the question "why was 017 called before 012".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Policy that chose.
    pub policy: String,
    /// Score of the winner, larger is better.
    pub score: f64,
    /// Class of the winner.
    pub class: Class,
    /// When the winner was promised to be called, ms since local midnight.
    pub due_ms: i64,
    /// The best ticket that was passed over, if any.
    pub runner_up: Option<RunnerUp>,
}

/// The best ticket that was passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// Its number.
    pub number: TicketNo,
    /// Its score.
    pub score: f64,
    /// Its class.
    pub class: Class,
    /// When it was promised to be called.
    pub due_ms: i64,
}
