//! The states and kinds that every room of the house names alike.

use serde::{Deserialize, Serialize};

/// Priority class of a ticket (effective: a kept booking makes it `Appt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 预约: came with a booking, in time.
    Appt,
    /// 残障: disabled, late pregnancy, serious illness and the like; decided by staff.
    Disabled,
    /// 长者: age from the card, offered and accepted.
    Elderly,
    /// 普通: everybody else.
    Normal,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketState {
    /// 等候: in the queue.
    Waiting,
    /// 已叫号: called to a window, the person is not there yet.
    Called,
    /// 办理中: being served.
    Serving,
    /// 挂起: put aside by the clerk, waits to be resumed.
    Held,
    /// 已办结: served.
    Finished,
    /// 过号: called in vain.
    NoShow,
    /// 已取消: given back, or void at the end of the day.
    Cancelled,
}

impl TicketState {
    /// True while the person still has a claim to be served with this number.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Called | Self::Serving | Self::Held)
    }
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// 综合窗口: serves many groups.
    Comprehensive,
    /// 部门窗口: one department's window.
    Departmental,
    /// 公安窗口: police.
    Police,
    /// 导办台: guidance desk.
    Guidance,
}

/// Whether a window calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// Nobody sits there.
    Closed,
    /// A clerk calls from it.
    Open,
    /// 暂停: a clerk has stepped away.
    Paused,
}

/// Why a window stopped calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The lunch hour.
    Lunch,
    /// A short break.
    Break,
    /// Its computer, network or business system failed.
    Fault,
    /// The end of the day.
    End,
}

/// The paper that a person showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 居民身份证.
    ResidentId,
    /// 港澳台居民居住证, card type `J`.
    HmtPermit,
    /// 外国人永久居留身份证 of 2017, card type `I`.
    ForeignerPr2017,
    /// 外国人永久居留身份证 of 2023, card type `Y`.
    ForeignerPr2023,
    /// 护照 or another paper with a machine-readable zone.
    Passport,
    /// Checked by eye at the desk.
    Desk,
}

/// A language of screens, tickets and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub enum Lang {
    /// 简体中文.
    #[default]
    #[serde(rename = "zh-Hans")]
    ZhHans,
    /// 繁體中文.
    #[serde(rename = "zh-Hant")]
    ZhHant,
    /// English.
    #[serde(rename = "en")]
    En,
}
