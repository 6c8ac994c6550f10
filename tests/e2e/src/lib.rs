//! What the end-to-end tests and `hall-check` share: a real browser, and the product's binaries by path.
//!
//! Nothing here may look inside the product: only processes, sockets, pages and pictures.

pub mod browser;
