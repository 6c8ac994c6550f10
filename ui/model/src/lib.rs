//! View models of the kiosk: plain data that says what the screen shows, and the intents that come back from it.
//!
//! `kiosk` sends a whole [`Model`] whenever something changes; `kiosk-screen` draws it and sends [`Intent`]s. Both
//! cross a Unix socket as one JSON object a line. Nothing here decides anything, and nothing here holds more of a
//! person than a masked name. Words of the screens live in `kiosk-screen`; here are keys (enums) and the hall's own
//! texts.

mod intent;
mod making;
mod screen;

pub use intent::Intent;
pub use making::{MakingEnd, MakingScreen, MakingStep, MakingStrip, Refusal, SlipState, TempCard};
pub use screen::{
    CardTrouble, CatalogueGroup, CatalogueService, ChosenMatter, Function, FunctionState, HeldTicketView, Model,
    NowServing, PaperState, PriorityKind, Punctual, ReadingStep, Screen, StripCall, TakeCardUrgency, TicketShown,
    Trouble,
};
pub use ticket_dispatcher_types::Wait;
