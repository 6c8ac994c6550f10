//! The wire protocol of the hall: the types of the HTTP interface under `/api/v1` and of its event streams, between
//! kiosk, clerk's console, board, phone page, dispatcher and hub, with their limits.
//!
//! This crate must never know an engine type (the daemons convert by hand, so that the wire can stand still while the
//! engine moves) and must never open a socket outside the feature `client`.

mod access;
mod booking;
#[cfg(feature = "client")]
pub mod client;
mod hall;
mod maker;
mod offline;
mod problem;
mod service;
mod staff;
mod steering;
mod ticket;
mod window;

pub use access::{
    Account, AccountMade, Accounts, AuditLog, AuditPlace, AuditRecord, AuditRecords, Certificate, Certificates,
    EnrolmentCode, MakeEnrolmentCode, PutAccount, RenewCertificate, Renewed, RevokeCertificate, SignInAsked, SignedIn,
};
pub use booking::{
    BookSlot, BookingStateView, BookingView, FindBookings, FoundBookings, MissedTicket, SlotView, SlotsView,
    UnblockBooker,
};
pub use hall::{CallView, GroupView, HallEvent, HallEventKind, HallInfo, HallSnapshot, Shown, WindowView};
pub use maker::{
    MakerAction, MakerBin, MakerDone, MakerDoubt, MakerFault, MakerItem, MakerNow, MakerOrder, MakerOrdered,
    MakerOrders, MakerStaff, MakerSupply, MakerView, MakersView, OrderMaker, TellMaker,
};
pub use offline::{AskLease, HandOver, HandedOver, Lent, LentNumber};
pub use problem::{HeldTicket, KeptSlot, Problem, ProblemKind};
pub use service::{
    LocalText, OpenHours, ServiceGroup, ServiceView, Services, TemporaryCardRules, WaitRange, WindowSigns,
};
pub use staff::{CLOCK_HEADER, CallStaff, StaffCallReason, StaffCalled};
pub use steering::{
    Alert, AlertKind, CallNote, Clear, Entry, EntryKind, GroupNow, ManagerView, OverView, PickTicket, PolicyChoice,
    PolicyView, RunnerUpView, Said, SetPolicy, WaitingList, WaitingTicket, WhatIf, WhatIfAnswer, WhyView, WindowNow,
};
pub use ticket::{
    Holder, LookupPair, LookupState, LookupView, TakeTicket, TicketHistory, TicketIssued, TicketView, ToldWait, WayBack,
};
pub use window::{
    Called, CancelTicket, FinishTicket, NextMatter, NextTicket, OpenWindow, PauseWindow, RateTicket, TransferTicket,
    WindowDesk,
};

/// Largest request body in bytes; a longer one is refused with 413 before it is read.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// Most calls that a board may name at once.
pub const SHOWN_MAX: usize = 64;
