//! The maker of temporary identity cards as staff see it: how it is, what is to be done, and what staff had it do.
//!
//! The kiosk tells, the dispatcher passes on and keeps nothing on disk: the blank ledger and the check of who acts are
//! the kiosk's. Nothing here names a citizen; a job is eight digits.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{DeviceId, Personal, UnixMillis};
use utoipa::ToSchema;

/// One fault or warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerFault {
    /// `0305`.
    pub code: String,
    /// What it is called.
    pub said: String,
    /// What staff does; empty where the machine helps itself.
    pub to_do: String,
    /// When, unix seconds; 0: now, or the machine did not know.
    pub at_s: i64,
}

/// A supply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerSupply {
    /// Pieces left by the machine's count.
    pub left: u32,
    /// Room for so many; 0 where the machine does not say.
    pub room: u32,
    /// To be loaded soon.
    pub low: bool,
}

/// A bin, without its count: whoever empties it counts by hand first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MakerBin {
    /// There is room.
    Room,
    /// Four fifths full.
    High,
    /// Full.
    Full,
}

/// A job of which nobody knows where its card is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerDoubt {
    /// `67A7-2CD8`, as on the slip.
    pub job: String,
    /// When it began, unix seconds.
    pub since_s: i64,
}

/// How a machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerNow {
    /// Its serial number.
    pub serial: String,
    /// `away`, `idle`, `job`, `fault`, `maintenance`, `out-of-service`, `init`.
    pub mode: String,
    /// It could begin a card now.
    pub ready: bool,
    /// What stands in the way of a card.
    pub fault: Option<MakerFault>,
    /// Out of service until a difference of a day's close is explained: so many blanks.
    pub difference: Option<i64>,
    /// Heat of the press, whole degrees.
    pub heat_c: i32,
    /// The job that is open.
    pub job: Option<String>,
    /// Its step, 1 to 5.
    pub step: Option<u8>,
    /// Film.
    pub film: MakerSupply,
    /// Blanks, in tens: whoever closes the day counts them by hand.
    pub blanks: MakerSupply,
    /// Print medium.
    pub medium: MakerSupply,
    /// The bin of spoiled blanks: they carry faces, it is locked.
    pub reject_bin: MakerBin,
    /// The bin of cards that nobody took.
    pub retract_bin: MakerBin,
    /// What two people must decide.
    pub doubts: Vec<MakerDoubt>,
    /// Faults and warnings, the newest first.
    pub recent: Vec<MakerFault>,
    /// The ledger's chain holds.
    pub chain_holds: bool,
}

/// What staff has the machine do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MakerAction {
    /// Supplies were loaded. Two people.
    Load {
        /// `film`, `blanks`, `medium`.
        item: MakerItem,
        /// How many.
        count: u32,
    },
    /// A bin was emptied and counted by hand; the machine's count is told afterwards. Two people.
    EmptyBin {
        /// The bin of spoiled blanks, else that of cards that nobody took.
        reject: bool,
        /// Counted by hand.
        counted: u16,
    },
    /// The fault is dealt with; what was taken out is counted by the machine.
    ClearFault,
    /// Tests its parts.
    SelfTest,
    /// Homes everything, captures what lies in the path.
    Home,
    /// A doubt is decided. Two people.
    ResolveDoubt {
        /// As on the slip.
        job: String,
        /// The card has left; else it was found in the machine.
        left: bool,
    },
    /// Closes the day; the blanks in the hopper were counted by hand first. Two people.
    CloseDay {
        /// Counted by hand.
        counted: u32,
    },
    /// Explains the difference of a day's close. Two people.
    Explain {
        /// A sentence, without names.
        why: String,
    },
}

/// What can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MakerItem {
    /// Film.
    Film,
    /// Blanks.
    Blanks,
    /// Print medium.
    Medium,
}

/// Somebody who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakerStaff {
    /// Staff number.
    pub no: u32,
    /// Password; checked at the kiosk, kept nowhere.
    #[schema(value_type = String)]
    pub password: Personal,
}

/// `POST /makers/{kiosk}/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderMaker {
    /// Who: one person or two.
    pub staff: Vec<MakerStaff>,
    /// What.
    pub action: MakerAction,
}

/// An order on its way to the kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerOrder {
    /// Its number.
    pub id: u64,
    /// What.
    #[serde(flatten)]
    pub order: OrderMaker,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerDone {
    /// Its number.
    pub id: u64,
    /// It was done.
    pub ok: bool,
    /// A sentence for staff.
    pub said: String,
}

/// `POST /makers`: the kiosk tells how its machine is, every two seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TellMaker {
    /// The kiosk; a certificate names it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// How it is.
    pub now: MakerNow,
    /// What came of the orders since the last time.
    #[serde(default)]
    pub done: Vec<MakerDone>,
}

/// Answer of `POST /makers`. Each order is given out once: what gets lost on the way was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerOrders {
    /// In the order in which they were given.
    pub orders: Vec<MakerOrder>,
}

/// One machine of the hall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerView {
    /// The kiosk.
    #[schema(value_type = String)]
    pub kiosk: DeviceId,
    /// When it told last.
    #[schema(value_type = i64)]
    pub at: UnixMillis,
    /// It has not told for ten seconds.
    pub silent: bool,
    /// How it was then.
    pub now: MakerNow,
    /// Orders that have not been answered.
    pub waiting: Vec<u64>,
    /// What came of the last orders, the newest first.
    pub done: Vec<MakerDone>,
}

/// `GET /makers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakersView {
    /// By kiosk.
    pub makers: Vec<MakerView>,
}

/// Answer of `POST /makers/{kiosk}/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MakerOrdered {
    /// The order's number; what came of it stands in `done`.
    pub id: u64,
}
