//! All tests of the screens in one program, for each program links the whole toolkit.

mod examples;
mod layout;
mod making;
mod making_words;
mod pictures;
mod pieces;
mod presses;
mod real;
mod stage;
mod words;
