//! Somebody at a kiosk needs staff.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::DeviceId;
use utoipa::ToSchema;

/// `POST /staff-calls`: shown to the hall manager until it is ten minutes old. Nothing about the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallStaff {
    /// The kiosk; a certificate names it already, only a tool on the same machine has to say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// What for.
    pub reason: StaffCallReason,
}

/// Why staff are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StaffCallReason {
    /// Somebody pressed 呼叫工作人员.
    Asked,
    /// Somebody needs priority for a reason that staff decide on.
    Priority,
    /// A card was left on the reader.
    CardLeft,
    /// The printer needs somebody.
    Printer,
    /// The maker of temporary cards needs somebody.
    Maker,
    /// The case of the kiosk was opened.
    CaseOpened,
    /// The roll of the printer was changed. Nobody has to come: it is kept for the auditor alone.
    PaperRefilled,
}

/// The header in which a kiosk tells its clock, milliseconds since 1970, with every catalogue that it asks for.
pub const CLOCK_HEADER: &str = "x-yimen-clock";

/// Answer of `POST /staff-calls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffCalled {
    /// How many calls staff see now.
    pub open: u32,
}
