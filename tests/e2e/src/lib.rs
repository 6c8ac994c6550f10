//! What the end-to-end tests and `hall-check` share: a real browser, and the product's binaries by path.
//!
//! Nothing here may look inside the product: only processes, sockets, pages and pictures. `leaks` looks at the bytes
//! that it has written, as a thief would, `wire` at those that crossed the loopback, `memory` at those that a running
//! program holds; none of them understands any.

pub mod binaries;
pub mod browser;
pub mod dispatcher;
pub mod leaks;
pub mod memory;
pub mod page;
pub mod wire;

/// A plain HTTP client. The workspace builds reqwest without a TLS provider, and it refuses to start without one.
pub fn http_client() -> reqwest::Client {
    // An error only says that one was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
