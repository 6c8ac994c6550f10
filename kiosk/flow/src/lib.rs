//! The kiosk's flow: the state machine of one citizen's session and of what the kiosk can do, pure.
//!
//! [`Flow::step`] takes a [`Moment`] and one [`Input`] and gives a [`Step`]: what became of the input, and what to do.
//! [`Flow::model`] is the picture of the state. There is no clock, no randomness, no I/O and no device in here; the
//! daemon carries the effects out in the order given.
//!
//! A card read before the choice (tap-first) is taken away at once, as the rules ask; its person is then held in memory
//! until the number is asked for, the session ends, or its time is over. A card pulled while it is read leaves nothing.
//!
//! What must never happen here:
//! - a request without its key stored first, or two requests for one confirmation;
//! - a number on paper that differs from the one on the screen, or a slip printed twice without 补打 on it;
//! - a person kept after the number is there or the session is over;
//! - a session that begins while a card lies on the reader;
//! - a temporary card ordered twice for one touch, or before its checks are done ([`MakingOrder`]).

mod alone;
mod answers;
mod card;
mod cards;
mod catalogue;
mod check_in;
mod choice;
mod effect;
mod flow;
mod input;
mod making;
mod making_view;
mod printing;
mod scans;
mod session;
mod settings;
mod ticket;
mod touch;
mod view;

pub use alone::{Lent, LentNumber};
pub use card::{Card, Day};
pub use catalogue::{Catalogue, Group, LocalText, Service};
pub use effect::{Effect, LogLine, Outcome, Phrase, Reason, StaffReason, Step};
pub use flow::Flow;
pub use input::{
    Call, DispatcherInput, Input, JobOutcome, Moment, PrinterInput, PrinterState, ReadFailure, ReaderInput, Scan,
};
pub use making::{JobEnd, MakerState, MakingInput, MakingOrder, Note, Seek, TempCardRules};
pub use settings::{Settings, Timeouts};
pub use ticket::{Appointment, JobNo, Slip, Ticket, TicketRequest, Underway};
