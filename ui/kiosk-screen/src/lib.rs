//! The kiosk's screens: draws the [`ui_model::Model`] that comes over a Unix socket, sends [`ui_model::Intent`]s back.
//!
//! It must never decide anything, keep anything of a person once the next model is there, or log what a screen says.
//! Words are in `ui/*.slint` and `lang/`, in simplified Chinese and by translation in traditional Chinese and English.

pub mod headless;
pub mod intents;
pub mod link;
mod making;
pub mod picture;
pub mod web;

/// What the compiler of the screens makes.
pub mod screens {
    #![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::todo)]
    slint::include_modules!();
}

/// Size of the panel in pixels, portrait.
pub const PANEL: (u32, u32) = (1080, 1920);
