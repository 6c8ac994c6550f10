//! Identity under keys: tags, sealed records, ticket tokens, and the day's own key. Pure: keys and nonces come in.
//!
//! What is stored about a person is never the person: a number becomes an [`IdTag`] (HMAC-SM3 under a key that lives
//! outside the database), name and number together become a sealed record (SM4-GCM) that is deleted at the end of
//! service, and the append-only journal sees only a [`HolderKey`], which is worth nothing once the [`DayKey`] it was
//! made with is destroyed.
//!
//! The token and the check code of a ticket are *derived* from the ticket's id under keys of their own, not drawn and
//! stored. A kiosk that sends the same request again after a power cut must get the same token, byte for byte, and the
//! database may hold only the token's hash; a derived token meets both. Whoever has the key file can make tokens, but
//! whoever has the key file can open the sealed records as well, so nothing is lost by it.
//!
//! This crate must never read a clock or a file, draw a random number, log, or show a person or a key in `Debug`.

mod gm_soft;
mod provider;
mod record;
mod ticket;

pub use gm_soft::{GmSoft, RootKey};
pub use provider::{CryptoError, CryptoProvider, KeyUse};
pub use record::{RECORD_OVERHEAD, RowId};
pub use ticket::{DayKey, HolderKey, IdTag, RequestDigest, check_code, crockford, id_tag, lookup_token, token_hash};
