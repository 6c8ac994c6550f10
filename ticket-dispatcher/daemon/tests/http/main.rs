//! The HTTP interface of the dispatcher, asked from outside the real binary.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops where it stands

mod alone;
mod bad_input;
mod bookings;
mod crash;
mod delivery;
mod gate;
mod house;
mod kill_loop;
mod life;
mod limits;
mod matters;
mod missed;
mod roles;
mod steering;
mod streams;
mod upkeep;
mod waits;
