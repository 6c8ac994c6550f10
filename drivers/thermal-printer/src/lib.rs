//! The ticket printer of a kiosk: ESC/POS with Chinese text, over a line that may break at any byte.
//!
//! Five rooms, from pure to thin: [`codec`] (bytes of commands, texts and answers), [`profile`] (what a model has),
//! [`ticket`] (a slip becomes bytes), [`machine`] (one job's life: what was printed, what is unknown, what to clear),
//! and [`driver`], which runs the machine over a `Transport`.
//!
//! The rule of this crate: no fault ever prints a ticket twice or forgets one. Nothing here sends a ticket a second
//! time by itself; see [`machine`] for what the owner must do with an unknown outcome.

pub mod codec;

pub mod driver;
pub mod machine;
pub mod profile;
pub mod ticket;

pub use driver::ThermalPrinter;
pub use machine::{Job, JobOutcome, Machine, PrinterEvent, PrinterStatus, PriorLife};
pub use profile::Profile;
pub use ticket::{NoteSlip, Rendered, TicketSlip};
