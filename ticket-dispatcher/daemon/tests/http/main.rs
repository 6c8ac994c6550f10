//! The HTTP interface of the dispatcher, asked from outside the real binary.

mod crash;
mod house;
mod life;
mod limits;
mod roles;
mod streams;
