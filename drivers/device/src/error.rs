//! Errors grouped by what the caller does about them.

use crate::TransportError;

/// What went wrong with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceErrorKind {
    /// Not plugged in, or gone.
    Gone,
    /// There, but silent.
    Silent,
    /// It answered what its protocol does not allow.
    Protocol,
    /// It says itself that it is out of order.
    OutOfOrder,
}

/// What the caller should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Try again by itself.
    Retry,
    /// Tell the citizen what to do.
    TellCitizen,
    /// Call the attendant.
    CallStaff,
}

/// A device error: what happened, to what, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{device}: {what}")]
pub struct DeviceError {
    /// Device and port, for people.
    pub device: String,
    /// What happened.
    pub what: String,
    /// For programs.
    pub kind: DeviceErrorKind,
    /// What the caller should do.
    pub advice: Advice,
}

impl From<TransportError> for DeviceError {
    fn from(error: TransportError) -> Self {
        let port = match &error {
            TransportError::Gone { port, .. } | TransportError::Refused { port, .. } => port.clone(),
        };
        Self {
            device: port,
            what: error.to_string(),
            kind: DeviceErrorKind::Gone,
            advice: Advice::Retry,
        }
    }
}
