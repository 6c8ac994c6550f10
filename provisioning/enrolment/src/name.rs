//! Names in certificates: `urn:hall:<hall>:<role>:<id>` as a URI, one to a certificate.

use core::fmt;

/// Hall, role and id of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName {
    /// The hall's id.
    pub hall: String,
    /// `kiosk`, `window`, `board`, ...
    pub role: String,
    /// The device's id within its role.
    pub id: String,
}

/// A part of a name that is empty, too long, or has a character that could be read as something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot stand in the name of a device: 1 to 32 of A-Z, a-z, 0-9, - and _")]
pub struct NameError(pub String);

const PART_CHARS_MAX: usize = 32;

impl DeviceName {
    /// Checks the parts.
    pub fn new(hall: &str, role: &str, id: &str) -> Result<Self, NameError> {
        for part in [hall, role, id] {
            let good = part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if part.is_empty() || part.len() > PART_CHARS_MAX || !good {
                return Err(NameError(part.chars().take(PART_CHARS_MAX).collect()));
            }
        }
        Ok(Self {
            hall: hall.to_string(),
            role: role.to_string(),
            id: id.to_string(),
        })
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:hall:{}:{}:{}", self.hall, self.role, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_three_plain_parts() {
        let name = DeviceName::new("foshan-street", "kiosk", "K01").unwrap();
        assert_eq!(name.to_string(), "urn:hall:foshan-street:kiosk:K01");
        for bad in ["", "K01:x", "K 1", "自助机", "a/b", &"x".repeat(33)] {
            assert!(DeviceName::new("h1", "kiosk", bad).is_err(), "{bad}");
        }
    }
}
