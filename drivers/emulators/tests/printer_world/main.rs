//! The driver's machine against the twin, in their own time: no pty, no sleeping, so that every position of a fault can
//! be tried.

mod pictures;
mod property;
mod stories;
mod world;
