//! The catalogue as the kiosk shows it.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use ticket_dispatcher_types::{GroupId, ServiceId, Wait};
use utoipa::ToSchema;

/// A text in the hall's three languages. Traditional and English fall back to simplified where a hall left them out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct LocalText {
    /// 简体中文.
    #[serde(rename = "zh-Hans")]
    pub zh_hans: String,
    /// 繁體中文.
    #[serde(rename = "zh-Hant")]
    pub zh_hant: String,
    /// English.
    pub en: String,
}

/// Names of windows. Shared, because all tickets of a group name the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<LocalText>")]
pub struct WindowSigns(Arc<[LocalText]>);

impl From<Vec<LocalText>> for WindowSigns {
    fn from(signs: Vec<LocalText>) -> Self {
        Self(signs.into())
    }
}

impl Default for WindowSigns {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl Deref for WindowSigns {
    type Target = [LocalText];

    fn deref(&self) -> &[LocalText] {
        &self.0
    }
}

impl Serialize for WindowSigns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A likely wait in seconds, counted from now: right four times in five, already rounded outwards to what people use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct WaitRange {
    /// One in ten waits less.
    pub p10_s: u32,
    /// Half wait less.
    pub p50_s: u32,
    /// One in ten waits longer.
    pub p90_s: u32,
}

impl WaitRange {
    /// In whole minutes, as it is told.
    pub fn minutes(wait: Option<Self>) -> Option<Wait> {
        Wait::from_secs(wait.map(|wait| (wait.p10_s, wait.p90_s)))
    }
}

/// `GET /services`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Services {
    /// Journal position that the counts belong to.
    pub seq: u64,
    /// The hall.
    pub hall: crate::HallInfo,
    /// True while numbers are given out.
    pub issuing: bool,
    /// Why not, when `issuing` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_issuing_reason: Option<LocalText>,
    /// Today's hours in local time, in order; empty on a day without any.
    #[serde(default)]
    pub hours: Vec<OpenHours>,
    /// Most matters on one number.
    pub matters_max: u8,
    /// Most cases of an agent on one number; 1 means agents go to the desk.
    pub agent_cases_max: u8,
    /// From this age on, large type is offered.
    pub elder_age: u8,
    /// From this age on, priority is offered.
    pub priority_age: u8,
    /// Groups in the order of the hall file.
    pub groups: Vec<ServiceGroup>,
    /// Services in the order of the hall file.
    pub services: Vec<ServiceView>,
    /// The service of the button "不知道选哪个", if the hall has a guidance desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub guidance: Option<ServiceId>,
    /// Temporary identity cards, for kiosks that make them.
    #[serde(default)]
    pub temporary_card: TemporaryCardRules,
}

/// What the hall says of temporary identity cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct TemporaryCardRules {
    /// A camera compares the face with the photo of the application.
    pub face: bool,
    /// The fee in fen, paid at the kiosk; 0: not there.
    pub fee_fen: u32,
}

/// A stretch of a day in local time, `08:30` to `12:00`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenHours {
    /// When windows open.
    pub from: String,
    /// When they close.
    pub to: String,
}

/// First level of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceGroup {
    /// The group.
    #[schema(value_type = String)]
    pub id: GroupId,
    /// Its name.
    pub name: LocalText,
    /// Its series letter.
    pub series: String,
    /// People waiting in it.
    pub waiting: u32,
    /// Likely wait of somebody who takes a number now and has not chosen yet: that of its middle service, with the
    /// upper end of the one called latest. Null when nobody can say, because no window is open.
    #[serde(default)]
    pub wait: Option<WaitRange>,
    /// Windows that serve it and are open.
    pub windows_open: u32,
}

/// Second level of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceView {
    /// The service.
    #[schema(value_type = String)]
    pub id: ServiceId,
    /// Its group.
    #[schema(value_type = String)]
    pub group: GroupId,
    /// Its name.
    pub name: LocalText,
    /// Other words people use for it; found by the search.
    pub keywords: Vec<String>,
    /// Initials of its name in pinyin, lower case (`sbkbl`), made from the hall file or by hand.
    pub pinyin_initials: String,
    /// Papers needed, in the order of the hall file.
    pub materials: Vec<LocalText>,
    /// People waiting for its group.
    pub waiting: u32,
    /// Likely wait of somebody who takes a number now; null when nobody can say, because no window is open for it.
    #[serde(default)]
    pub wait: Option<WaitRange>,
    /// Names of the windows that serve it.
    pub windows: Vec<LocalText>,
    /// False when its last number is gone or nobody serves it today.
    pub available: bool,
}
