//! Identifiers. All are opaque text or UUIDs; nothing may be computed from them.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, longer than 64 bytes, or with a character outside `A-Z a-z 0-9 . _ -`.
    #[error("{what} `{text}` must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")]
    Malformed {
        /// Which kind of identifier was expected.
        what: &'static str,
        /// What was given, cut to 64 characters.
        text: String,
    },
    /// Not a UUID in the hyphenated form.
    #[error("{what} must be a UUID in the hyphenated form")]
    NotUuid {
        /// Which kind of identifier was expected.
        what: &'static str,
    },
}

fn check(what: &'static str, text: &str) -> Result<(), IdError> {
    let fits = !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if fits {
        Ok(())
    } else {
        Err(IdError::Malformed {
            what,
            text: text.chars().take(64).collect(),
        })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "SmolStr", into = "SmolStr")]
        pub struct $name(SmolStr);

        impl $name {
            /// Parses the identifier: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                check($what, text.as_ref())?;
                Ok(Self(SmolStr::new(text)))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<SmolStr> for $name {
            type Error = IdError;
            fn try_from(text: SmolStr) -> Result<Self, IdError> {
                check($what, &text)?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for SmolStr {
            fn from(id: $name) -> SmolStr {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(/** A hall (政务服务中心). */ HallId, "hall id");
text_id!(/** A group of services that share a queue and a number series (事项组). */ GroupId, "group id");
text_id!(/** A service (事项). */ ServiceId, "service id");
text_id!(/** A window (窗口). */ WindowId, "window id");
text_id!(/** A clerk's employee code; never a name. */ ClerkId, "clerk id");
text_id!(/** A device of the hall: a kiosk, a board, a maker. */ DeviceId, "device id");
text_id!(/** A booking (预约). */ BookingId, "booking id");

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the caller made; making one needs randomness, which this crate has not.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The 16 bytes, as stored.
            pub fn bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// From the 16 bytes, as stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let uuid = Uuid::try_parse(text).map_err(|_| IdError::NotUuid { what: $what })?;
                Ok(Self(uuid))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }
    };
}

uuid_id!(
    /** A ticket (号票), for ever: UUIDv7, made by the dispatcher. The printed number is a [`crate::TicketNo`]. */
    TicketId, "ticket id"
);
uuid_id!(
    /** The `Idempotency-Key` of a request, made and stored by the client before its first send. */
    IdemKey, "idempotency key"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_refuse_what_could_break_a_path_or_a_log_line() {
        for bad in ["", "a b", "a/b", "窗口", "a\n", &"x".repeat(65)] {
            assert!(WindowId::new(bad).is_err(), "{bad:?} was taken");
        }
        assert_eq!(WindowId::new("W01").expect("fits").as_str(), "W01");
        assert!(serde_json_like("W 1").is_err());
    }

    fn serde_json_like(text: &str) -> Result<WindowId, IdError> {
        WindowId::try_from(SmolStr::new(text))
    }

    #[test]
    fn ticket_ids_keep_their_bytes() {
        let id: TicketId = "0192f0c4-7a3b-7c11-8000-0123456789ab".parse().expect("a uuid");
        assert_eq!(TicketId::from_bytes(id.bytes()), id);
        assert_eq!(id.to_string(), "0192f0c4-7a3b-7c11-8000-0123456789ab");
    }
}
