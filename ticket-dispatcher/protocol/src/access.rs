//! Coming in: sign-in of staff, their accounts, certificates and enrolment of devices, and the audit log.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Personal, UnixMillis};
use utoipa::ToSchema;

/// `POST /sign-in`. Passwords and digits are as secret as persons are, and never shown by `Debug` either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInAsked {
    /// The account's code.
    pub account: String,
    /// The password.
    #[schema(value_type = String)]
    pub password: Personal,
    /// Six digits of the authenticator app.
    #[schema(value_type = String)]
    pub code: Personal,
    /// A clerk: at which window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// A new password, which the first sign-in asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub new_password: Option<Personal>,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// The account's code.
    pub account: String,
    /// `window`, `hall_manager`, `policy`, `admin` or `auditor`.
    pub role: String,
    /// Where a clerk sits.
    pub window: Option<String>,
}

/// `PUT /accounts/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutAccount {
    /// `window`, `hall_manager`, `policy`, `admin` or `auditor`.
    pub role: String,
    /// Windows that a clerk may sit at; empty means all.
    #[serde(default)]
    pub windows: Vec<String>,
}

/// Told once, to be handed over on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountMade {
    /// The account's code.
    pub id: String,
    /// To be replaced at the first sign-in.
    #[schema(value_type = String)]
    pub first_password: Personal,
    /// `otpauth://…` for the authenticator app.
    #[schema(value_type = String)]
    pub otpauth: Personal,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its code.
    pub id: String,
    /// What it may be.
    pub role: String,
    /// Windows that a clerk may sit at; empty means all.
    pub windows: Vec<String>,
    /// The first password is still in force.
    pub must_change: bool,
    /// Locked after wrong tries, for now.
    pub locked: bool,
    /// Closed for good.
    pub closed: bool,
}

/// `GET /accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accounts {
    /// By code.
    pub accounts: Vec<Account>,
}

/// A certificate of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Serial number, hex.
    pub serial: String,
    /// What the device is.
    pub role: String,
    /// Its id.
    pub device: String,
    /// Where it stands in the hall, as whoever had it enrolled said; empty for one that was made by hand.
    pub place: String,
    /// When it was given out; none for one that was made by hand. Milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub issued_at: Option<UnixMillis>,
    /// Until when it is good; none for one that was made by hand.
    #[schema(value_type = Option<i64>)]
    pub until: Option<UnixMillis>,
    /// When it was taken back.
    #[schema(value_type = Option<i64>)]
    pub revoked_at: Option<UnixMillis>,
    /// When a device last connected with it, since the dispatcher started.
    #[schema(value_type = Option<i64>)]
    pub last_seen: Option<UnixMillis>,
}

/// `GET /certificates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificates {
    /// The newest first.
    pub certificates: Vec<Certificate>,
}

/// `POST /certificates/{serial}/revoke`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCertificate {
    /// Why, for the audit log; not empty.
    #[serde(default)]
    pub reason: String,
}

/// `POST /certificate`: the device that asks gets a new one of its own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewCertificate {
    /// PKCS#10 request for a new key, DER, hex.
    pub request: String,
}

/// Answer of `POST /certificate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Renewed {
    /// The certificate, PEM.
    pub certificate: String,
    /// The authority's, PEM.
    pub authority: String,
}

/// `POST /enrolment/codes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeEnrolmentCode {
    /// `kiosk`, `window`, `board` or `gateway`.
    pub role: String,
    /// Its id; of a window, one of the hall file.
    pub device: String,
    /// Where it will stand. A window stands where the hall file says; everything else must say.
    #[serde(default)]
    pub place: String,
}

/// A one-time code, told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentCode {
    /// Sixteen characters.
    #[schema(value_type = String)]
    pub code: Personal,
    /// Until when.
    #[schema(value_type = i64)]
    pub until: UnixMillis,
    /// Where the door of enrolment is open for so long, as a technician in the hall can type it.
    pub enrolment: String,
}

/// Which of the two chained logs a record stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditLog {
    /// What was done at the gate and to machines: the audit log.
    Gate,
    /// What was done to tickets, windows and bookings: the hall's journal.
    Hall,
}

/// A record for the auditor: codes and ids, never a person of the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// Where it stands.
    pub log: AuditLog,
    /// Place in that log, without gaps; acts of one row of the journal share it.
    pub seq: u64,
    /// When, milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// Where it came from.
    pub source: String,
    /// Who.
    pub actor: String,
    /// As what.
    pub role: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub object: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why.
    pub reason: String,
    /// `done` or `refused`; what was refused changed nothing in the hall and stands in no journal.
    pub result: String,
    /// Chain value, hex; the journal has a chain of its own and gives none here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mac: String,
}

/// A place in both logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPlace {
    /// In the audit log.
    pub gate: u64,
    /// In the journal.
    pub hall: u64,
}

/// `GET /audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecords {
    /// Both logs as one list, by time, the newest last.
    pub records: Vec<AuditRecord>,
    /// Ask with this for what comes before; none where nothing does.
    pub older: Option<AuditPlace>,
}
