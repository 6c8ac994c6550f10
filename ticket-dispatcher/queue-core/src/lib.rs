//! The pure queue engine of a hall: state, event, decision, effect.
//!
//! One engine serves the live dispatcher and the replay of a trace. It has two doors: [`Engine::apply`] decides and
//! folds; [`Engine::fold`] folds a stored effect alone, for recovery and projections, and never decides again.
//! This crate must never read a clock, draw a random number of its own, do I/O, or iterate a hash map: the same
//! configuration and events give the same effects, byte for byte.

mod booked;
mod booking;
mod calendar;
mod calibrate;
mod choose;
mod compare;
mod config;
mod control;
mod curve;
mod decide;
mod digest;
mod draw;
mod effect;
mod engine;
mod event;
mod explain;
mod fold;
mod forecast;
mod index;
mod learn;
mod lease;
mod missed;
mod order;
mod outlook;
mod path_queue;
mod paths;
mod policy;
mod right;
mod scene;
mod ticket;
mod waiters;

pub use booking::{BookingNow, BookingRules, BookingState, Excuse, LastTicket, NewBooking, Slot};
pub use calendar::{day_number, day_text};
pub use compare::{Comparison, Passed, Standing};
pub use config::{Archive, Booking, Group, HallConfig, OneTicketPer, PlanInterval, Profile, Rules, Service, Window};
pub use effect::{Effect, Place, Refusal, RunnerUp, Told, Why};
pub use engine::Engine;
pub use event::{By, Event, NewTicket, Source, TransferTo};
pub use forecast::{Forecast, QueueOutlook, Quote};
pub use learn::Experience;
pub use lease::{LEASE_NUMBERS_MAX, Lease, OfflineTicket};
pub use policy::{Policy, Weighing, WindowRule};
pub use ticket::{Step, Ticket, WindowNow};

/// Version of the decisions: raised whenever the same state and event may give other effects than before. The journal
/// keeps it with every row, so that a replay is only asked to repeat what its own version decided.
pub const ENGINE_VERSION: u32 = 5;
