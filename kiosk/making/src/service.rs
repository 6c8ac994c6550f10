//! The making-record service (制证信息服务) as the kiosk sees it: four calls that may be repeated, and the fee.
//!
//! No public interface of the police back end exists: this is the boundary that an adapter fills. Everything that names
//! a person goes in bodies, never in addresses. A claim keeps two kiosks from making the same card: it is renewed by
//! asking again with the same job, it ends only by a [`Report`], and one in doubt stays held until a supervisor
//! decides.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::Personal;
use ui_model::Refusal;

use crate::record::MakingRecord;

/// What is looked for: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    /// Number of the 领取凭证.
    ReceiptNo(Personal),
    /// Citizen number.
    CitizenNo(Personal),
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// None, one, or more than one.
    pub records: Vec<MakingRecord>,
}

/// A claim as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAsked {
    /// The record.
    pub record_no: String,
    /// The job that will make it, hexadecimal.
    pub job_id: String,
    /// The kiosk.
    pub kiosk_id: String,
    /// The token of [`Face::Matched`], where faces are compared; a renewal needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_token: Option<String>,
}

/// A claim as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "claim", rename_all = "snake_case")]
pub enum Claim {
    /// Granted; asked for again before the lease ends.
    Granted {
        /// For which job: an answer that names another is no grant.
        job_id: String,
        /// At which kiosk. All kiosks of a hall give a record the same job id, so the job alone says too little.
        kiosk_id: String,
        /// Seconds until staff are told that nobody renewed it.
        lease_s: u32,
    },
    /// Q11.
    Held,
    /// Q07.
    AlreadyIssued,
    /// Refused for a reason of the service.
    Refused {
        /// Which.
        refusal: Refusal,
    },
}

/// A live picture to compare.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FaceAsked {
    /// The record.
    pub record_no: String,
    /// JPEG, base64.
    pub live_jpeg: Personal,
    /// What the camera's own liveness test said.
    pub liveness: String,
}

/// How it compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "face", rename_all = "snake_case")]
pub enum Face {
    /// The same person; the token is good for one claim within ten minutes.
    Matched {
        /// The token.
        token: String,
    },
    /// Not the same, or not a living face.
    NotMatched,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Issued: the only state that counts so.
    Taken,
    /// In the retract bin.
    Retracted,
    /// In the reject bin.
    Rejected,
    /// Ended before anything was made, or captured on the way.
    Aborted,
    /// Nobody knows: the claim stays held.
    Doubt,
}

/// A report, stored once a job: the same again gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The record.
    pub record_no: String,
    /// The job, hexadecimal.
    pub job_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Unix seconds when the job was opened.
    pub opened_at: i64,
    /// Unix seconds when it ended.
    pub ended_at: i64,
    /// Serial number of the blank, where blanks carry one.
    pub blank_serial: String,
}

/// An order for the fee. Its number is the job's, so that asking again never charges twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAsked {
    /// The job, hexadecimal.
    pub order_no: String,
    /// Fen.
    pub fee_fen: u32,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayState {
    /// Waiting for the person.
    Open,
    /// Authorised: the money is held, not taken.
    Authorised,
    /// Taken.
    Settled,
    /// Given back, or never held.
    Refunded,
    /// Held until a doubt is resolved.
    Held,
}

/// An order as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What the QR says.
    pub qr: String,
    /// How it stands.
    pub state: PayState,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No answer, or one that means "later": the same call may be sent again.
    #[error("the making-record service does not answer: {0}")]
    Away(String),
    /// It answered what this version does not understand.
    #[error("the making-record service answered status {0}, which this version does not understand")]
    NotOurs(u16),
    /// The settings cannot make a client.
    #[error("{0}")]
    Settings(String),
}

/// The service. Every call may be repeated without another effect.
pub trait MakingService: Send {
    /// Looks for records.
    fn find(&self, find: &Find) -> Result<Found, ServiceError>;
    /// Claims a record for a job, or renews the claim.
    fn claim(&self, claim: &ClaimAsked) -> Result<Claim, ServiceError>;
    /// Compares a live picture with that of the record.
    fn verify_face(&self, face: &FaceAsked) -> Result<Face, ServiceError>;
    /// Says how a job ended.
    fn report(&self, report: &Report) -> Result<(), ServiceError>;
    /// Makes the order for the fee, or says how it stands.
    fn order(&self, order: &OrderAsked) -> Result<Payment, ServiceError>;
    /// Seconds by which the service's clock was ahead of this one's in its last answer; none before there was one, or
    /// where it tells no time.
    fn clock_ahead_s(&self) -> Option<i64> {
        None
    }
    /// Settles, refunds or holds what was authorised, by how the job ended. Nothing is given back of a job that still
    /// holds a claim: its report comes first.
    fn settle(&self, order_no: &str, outcome: Outcome) -> Result<Payment, ServiceError>;
}
