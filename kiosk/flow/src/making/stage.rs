//! What a making is made of: its rules, its stages, what the maker's side says and is asked to do. Plain data.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{IdemKey, Lang, Millis, Personal};
use ui_model::{MakingEnd, MakingStep, Refusal, SlipState};

/// Seconds that a presented card may lie in the slot.
pub(crate) const TAKE_S: i64 = 60;

/// What the hall file says of temporary cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TempCardRules {
    /// A camera compares the face with the record's photo.
    pub face: bool,
    /// The fee in fen, paid here; 0: not here.
    pub fee_fen: u32,
}

/// The maker of this kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MakerState {
    /// There is none.
    #[default]
    Absent,
    /// It could begin now.
    Ready,
    /// It is not ready, does not answer, or drives a job of before.
    NotReady,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// Number of the 领取凭证, as scanned.
    Receipt(Personal),
    /// Citizen number, typed or from the old card.
    Citizen(Personal),
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// Taken.
    Taken,
    /// Nobody took it: it lies in the retract bin.
    NotTaken,
    /// Both attempts failed, or a person must clear the machine first.
    Failed,
    /// Nobody knows where the card is.
    Doubt,
}

/// What the maker's side says. `ask` names the question that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MakingInput {
    /// How the machine is.
    Machine(MakerState),
    /// A code was scanned.
    Scanned(Personal),
    /// One record was found and holds.
    Found {
        /// Which question.
        ask: IdemKey,
        /// The name.
        name: Personal,
    },
    /// One of Q01 to Q16; nothing was consumed.
    Refused {
        /// Which question.
        ask: IdemKey,
        /// Which.
        refusal: Refusal,
    },
    /// The live face compared.
    Face {
        /// Which question.
        ask: IdemKey,
        /// The same person.
        matched: bool,
    },
    /// The order for the fee.
    PayHere {
        /// Which question.
        ask: IdemKey,
        /// What its QR says.
        qr: String,
    },
    /// The fee is authorised.
    Paid {
        /// Which question.
        ask: IdemKey,
    },
    /// The machine works; also after a restart, when nobody asked.
    Working {
        /// The job, short.
        job: String,
        /// Which of the five.
        step: MakingStep,
        /// From 1.
        attempt: u8,
        /// Seconds until the card comes out.
        left_s: u16,
    },
    /// The card can be taken.
    CardOut {
        /// The job, short.
        job: String,
    },
    /// The job is over.
    Ended {
        /// The job, short.
        job: String,
        /// How.
        end: JobEnd,
    },
}

/// What the maker's side is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MakingOrder {
    /// Find the record and check it.
    Find {
        /// Names the question.
        ask: IdemKey,
        /// What for.
        seek: Seek,
    },
    /// Take a live picture and compare it.
    CompareFace {
        /// Names the question.
        ask: IdemKey,
    },
    /// Make the order for the fee and watch it.
    Charge {
        /// Names the question.
        ask: IdemKey,
        /// Fen.
        fee_fen: u32,
    },
    /// Claim the record and make the card.
    Make {
        /// Names the question.
        ask: IdemKey,
    },
    /// Nobody waits any more: drop the record, give the fee back. A job that was begun goes on.
    Forget,
}

/// The printed slip of a job that did not end with a card in the hand: its number and where to go, nothing else, for
/// somebody else may stand there when it comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its language.
    pub lang: Lang,
    /// The hall.
    pub hall_name: String,
    /// Its phone.
    pub hall_phone: String,
    /// The job, short.
    pub job: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MakingStage {
    Notice,
    Entry {
        unknown_code: bool,
    },
    Number(Personal),
    OldCard {
        again: bool,
    },
    Searching {
        ask: IdemKey,
        since: Millis,
    },
    Found {
        ask: IdemKey,
    },
    Face {
        ask: IdemKey,
        tries: u8,
        since: Option<Millis>,
    },
    Pay {
        ask: IdemKey,
        since: Millis,
        qr: String,
    },
    Claiming {
        ask: IdemKey,
        since: Millis,
    },
    Work {
        step: MakingStep,
        attempt: u8,
        left_s: u16,
    },
    Take {
        since: Millis,
    },
    Ended {
        end: MakingEnd,
        since: Millis,
        slip: SlipState,
    },
}

/// A making on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Making {
    pub stage: MakingStage,
    pub sign_of_life: Millis,
    /// Masked name, once the record was found.
    pub name: String,
    /// The job, short; empty before it is begun.
    pub job: String,
    /// A fee was authorised.
    pub paid: bool,
}

impl Making {
    pub fn new(stage: MakingStage, now: Millis) -> Self {
        Self {
            stage,
            sign_of_life: now,
            name: String::new(),
            job: String::new(),
            paid: false,
        }
    }

    /// True while the person is asked for something: the screen is theirs.
    pub fn asks(&self) -> bool {
        !matches!(
            self.stage,
            MakingStage::Work { .. } | MakingStage::Take { .. } | MakingStage::Ended { .. }
        )
    }

    /// True when the stage ends by itself after a time without a touch.
    pub fn idles(&self) -> bool {
        matches!(
            self.stage,
            MakingStage::Notice
                | MakingStage::Entry { .. }
                | MakingStage::Number(_)
                | MakingStage::OldCard { .. }
                | MakingStage::Found { .. }
                | MakingStage::Face { since: None, .. }
        )
    }
}
