//! What a person did on the screen.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{GroupId, Lang, ServiceId};

/// One thing a person did. The flow states an outcome for every intent in every state; a late one is answered with the
/// present model and a log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// Somebody touched anything at all: restarts the time-out.
    Touched,
    /// 先选事项: begin with the catalogue.
    ChooseFirst,
    /// 刷证取号: begin with the card.
    TapFirst,
    /// 没带证件: what to do without a card.
    NoCard,
    /// Opens a group of the catalogue.
    ChooseGroup {
        /// The group.
        group: GroupId,
    },
    /// Chooses a service.
    ChooseService {
        /// The service.
        service: ServiceId,
    },
    /// 不知道选哪个: a number for the guidance desk.
    Guidance,
    /// Opens the search by pinyin initials.
    OpenSearch,
    /// The text of the search as it stands now.
    Search {
        /// Lower-case letters, at most 16.
        text: String,
    },
    /// Takes one matter off the list.
    RemoveService {
        /// The service.
        service: ServiceId,
    },
    /// 再办一件: back to the catalogue with what is chosen kept.
    AddAnother,
    /// 代办: this person acts for others.
    SetAgent {
        /// True for an agent.
        agent: bool,
    },
    /// How many cases the agent brings.
    SetCases {
        /// From 1.
        cases: u8,
    },
    /// 确认取号.
    Confirm,
    /// 需要优先服务, or the offer taken.
    AcceptPriority,
    /// The offer declined: an ordinary number.
    DeclinePriority,
    /// 报到取号: the number of an appointment.
    CheckIn,
    /// 办其他事项: leave the appointment for later.
    OtherMatter,
    /// 办临时身份证.
    MakeCard,
    /// 同意: go on after the notice.
    MakingAgree,
    /// 输入身份证号.
    MakingType,
    /// 用旧身份证.
    MakingOldCard,
    /// A key of the number pad.
    MakingKey {
        /// `0` to `9` or `X`; empty takes the last one away.
        key: String,
    },
    /// 查询, 开始制作, 开始比对: go on from here.
    MakingGo,
    /// 人工办理: this step is done at a window instead.
    MakingByHand,
    /// Another language.
    SetLang {
        /// Which.
        lang: Lang,
    },
    /// Large type on or off.
    SetElder {
        /// On?
        elder: bool,
    },
    /// 低位模式: everything within reach of somebody sitting.
    SetLowReach {
        /// On?
        low_reach: bool,
    },
    /// Shows the privacy notice in full.
    ShowPrivacy,
    /// 补打: prints the open ticket again.
    Reprint,
    /// Gives the open ticket back.
    CancelHeld,
    /// One step back.
    Back,
    /// 取消: end here, wipe everything.
    Cancel,
    /// 我还在: answer to the time-out warning.
    StillHere,
    /// 完成: done reading the last screen.
    Done,
    /// 呼叫工作人员.
    CallStaff,
}
