//! What the screen shows while a temporary identity card is made.

use serde::{Deserialize, Serialize};

/// Why no card is made: the checks of the making record in their order, Q01 to Q14, and the kiosk's own. Nothing
/// has been consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Refusal {
    /// No application found.
    #[serde(rename = "Q01")]
    NoRecord,
    /// More than one open application.
    #[serde(rename = "Q02")]
    ManyRecords,
    /// The application is not signed by the home police.
    #[serde(rename = "Q03")]
    NotSigned,
    /// The real card is there to be collected.
    #[serde(rename = "Q04")]
    CardIsMade,
    /// The application was cancelled.
    #[serde(rename = "Q05")]
    Cancelled,
    /// Under 16: the guardian goes to a window.
    #[serde(rename = "Q06")]
    Under16,
    /// A temporary card was issued for this application.
    #[serde(rename = "Q07")]
    AlreadyIssued,
    /// The record contradicts itself.
    #[serde(rename = "Q08")]
    DataFault,
    /// A character without a glyph.
    #[serde(rename = "Q09")]
    CannotPrint,
    /// The face was not matched in three tries.
    #[serde(rename = "Q10")]
    FaceNotMatched,
    /// Another machine makes it.
    #[serde(rename = "Q11")]
    HeldElsewhere,
    /// The fee was not paid in time.
    #[serde(rename = "Q12")]
    NotPaid,
    /// The back end does not answer.
    #[serde(rename = "Q13")]
    BackEndAway,
    /// The maker is not ready.
    #[serde(rename = "Q14")]
    MakerNotReady,
    /// This kiosk's own store says that a job of this record ended, or is to end, without a card in a hand. Not one of
    /// the reference's fourteen.
    #[serde(rename = "Q15")]
    EndedBefore,
    /// Every character has a glyph, but the name or the address is too long for the card. Q09 in the reference, whose
    /// words speak of rare characters alone.
    #[serde(rename = "Q16")]
    TooLong,
}

impl Refusal {
    /// All, in the order of their codes.
    pub const ALL: [Self; 16] = [
        Self::NoRecord,
        Self::ManyRecords,
        Self::NotSigned,
        Self::CardIsMade,
        Self::Cancelled,
        Self::Under16,
        Self::AlreadyIssued,
        Self::DataFault,
        Self::CannotPrint,
        Self::FaceNotMatched,
        Self::HeldElsewhere,
        Self::NotPaid,
        Self::BackEndAway,
        Self::MakerNotReady,
        Self::EndedBefore,
        Self::TooLong,
    ];

    /// `Q01` to `Q16`.
    pub fn code(self) -> &'static str {
        [
            "Q01", "Q02", "Q03", "Q04", "Q05", "Q06", "Q07", "Q08", "Q09", "Q10", "Q11", "Q12", "Q13", "Q14", "Q15",
            "Q16",
        ][self as usize]
    }
}

/// Whether this kiosk makes temporary cards, as the first screen tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TempCard {
    /// It has no maker.
    #[default]
    Absent,
    /// It can make one now.
    Ready,
    /// Its maker needs somebody (设备维护中).
    Down,
}

/// The five steps that are shown, as they are published: 查询核验, 切膜, 打印, 送卡, 覆膜.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MakingStep {
    /// Query and check, with the upload of the picture.
    Check,
    /// Film is cut.
    Cut,
    /// Film is printed.
    Print,
    /// A blank is fed.
    Feed,
    /// Both become one.
    Laminate,
}

/// How the slip of a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlipState {
    /// None is wanted here.
    Unwanted,
    /// Being printed, or printed: take it.
    Printed,
    /// It cannot be printed: note the job number.
    NoPaper,
}

/// How the making ended, for the citizen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum MakingEnd {
    /// 证件已取走.
    Taken,
    /// Nobody took it: it lies in the retract bin.
    NotTaken,
    /// One of Q01 to Q16.
    Refused {
        /// Which.
        refusal: Refusal,
        /// A fee was paid and goes back.
        refund: bool,
    },
    /// 制证未成功: two attempts failed, or a fault that a person must clear.
    Failed {
        /// A fee was paid and goes back.
        refund: bool,
    },
    /// Nobody knows whether the card left: staff decide.
    Doubt,
    /// The manual way: staff go on with it at a window.
    AtWindow,
    /// The citizen ended it.
    Cancelled,
}

/// A screen of the making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum MakingScreen {
    /// What is read and why, before anything is read.
    Notice {
        /// Fee in fen; 0: none here.
        fee_fen: u32,
        /// A camera will compare the face.
        face: bool,
    },
    /// 扫描领取凭证, a typed number, or the old card.
    Entry {
        /// The old card can be read here.
        reader: bool,
        /// What was scanned is no receipt.
        unknown_code: bool,
    },
    /// The citizen number is typed.
    Number {
        /// What is typed, the birth date hidden.
        shown: String,
        /// It has the right length and its check digit holds.
        complete: bool,
        /// It has the right length and its check digit does not hold.
        wrong: bool,
    },
    /// 请放旧身份证.
    OldCard {
        /// It could not be read.
        again: bool,
    },
    /// The application is looked for, or the claim is being made.
    Searching {
        /// Seconds so far.
        waited_s: u16,
    },
    /// Found: the masked name, and one touch to go on.
    Found {
        /// Masked name.
        name: String,
        /// Fee in fen; 0: none here.
        fee_fen: u32,
    },
    /// 请正对摄像头.
    Face {
        /// Tries left.
        tries_left: u8,
        /// A picture is being compared.
        checking: bool,
    },
    /// The fee.
    Pay {
        /// Fen.
        fee_fen: u32,
        /// What the QR says; empty until the order is made.
        qr: String,
        /// Seconds left.
        left_s: u16,
    },
    /// The machine works.
    Work {
        /// Which of the five.
        step: MakingStep,
        /// 1, or 2 after the first attempt failed.
        attempt: u8,
        /// Seconds until the card comes out, roughly.
        left_s: u16,
    },
    /// 请取走您的证件.
    Take {
        /// Seconds until it is drawn in again.
        left_s: u16,
    },
    /// Over.
    Ended {
        /// How.
        end: MakingEnd,
        /// The job, short, for staff and on the slip; empty when no job was begun.
        job: String,
        /// The slip.
        slip: SlipState,
    },
}

/// What the other screens say of a card that is being made meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakingStrip {
    /// Which of the five.
    pub step: MakingStep,
    /// Seconds until the card comes out, or, once it is out, until it is drawn in.
    pub left_s: u16,
    /// The card lies in the slot.
    pub out: bool,
}
