//! The hall file: who the hall is, its rules, groups, services, windows. `docs/hall-file.md` explains every key.
//!
//! [`HallFile::parse`] gives either a hall in which every reference holds and every window is planned sensibly, or all
//! problems at once. Nobody may build a half-checked hall: the raw tables are private to this crate.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use ticket_dispatcher_types::{ClerkId, GroupId, HallId, Lang, Millis, ServiceId, WindowId, WindowKind};
use toml::Spanned;

use crate::problem::Problems;
use crate::strict::{read_text, strict_toml};

/// The one format this version reads.
pub const FORMAT: &str = "yimen-hall/1";

/// A whole hall, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct HallFile {
    /// Who and when.
    pub hall: Hall,
    /// The hall's rules.
    pub rules: Rules,
    /// The rules on appointments.
    pub bookings: Bookings,
    /// Temporary identity cards, where a kiosk makes them.
    pub temporary_card: TemporaryCard,
    /// Groups in the order of the file.
    pub groups: Vec<Group>,
    /// Services in the order of the file; each group exists and at least one window serves it.
    pub services: Vec<Service>,
    /// Windows in the order of the file; this order breaks ties in dispatch.
    pub windows: Vec<Window>,
}

/// A text in three languages; traditional and English already filled from simplified where the file left them out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// 简体中文.
    pub zh_hans: String,
    /// 繁體中文.
    pub zh_hant: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::ZhHans => &self.zh_hans,
            Lang::ZhHant => &self.zh_hant,
            Lang::En => &self.en,
        }
    }
}

/// `[hall]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hall {
    /// Stable id, part of certificates and of every identity tag: never change it while tickets are open.
    pub id: HallId,
    /// Name on boards, kiosks and slips.
    pub name: Text,
    /// Phone of the hall's desk.
    pub phone: String,
    /// IANA name of the time zone, known to the time-zone library.
    pub timezone: String,
    /// Doors open, since local midnight.
    pub opens: Millis,
    /// Doors close, since local midnight.
    pub closes: Millis,
    /// First instant at which numbers are given out; `opens` unless set earlier.
    pub first_issue: Millis,
    /// Last instant at which numbers are given out.
    pub last_issue: Millis,
    /// The service behind the button "不知道选哪个", served by a guidance desk.
    pub guidance: Option<ServiceId>,
}

impl Hall {
    /// Hours as people read them, `08:30–17:30`.
    pub fn hours(&self) -> String {
        format!("{}–{}", clock(self.opens), clock(self.closes))
    }
}

/// Time of day without seconds, `08:30`; the end of the day is `24:00`.
pub fn clock(time: Millis) -> String {
    let mins = time.secs().div_euclid(60);
    format!("{:02}:{:02}", mins.div_euclid(60), mins.rem_euclid(60))
}

/// `[rules]`: every number is hall policy, none is law; defaults are in `docs/hall-file.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Most matters on one ticket.
    pub matters_max: u8,
    /// Most cases of an agent on one ticket; 1 sends agents with more to the desk.
    pub agent_cases_max: u8,
    /// From this age on, large type is offered.
    pub elder_age: u8,
    /// From this age on, priority is offered.
    pub priority_age: u8,
    /// Calls before a ticket counts as missed.
    pub calls_max: u8,
    /// How long a call waits for its person.
    pub call_timeout: Millis,
    /// How long a missed ticket may come back.
    pub return_within: Millis,
    /// At which place a missed ticket comes back (3 = third).
    pub return_place: u8,
    /// Most priority calls in a row for one group while ordinary tickets wait in it; none sets no limit.
    pub priority_run_max: Option<u8>,
    /// The real-name rule.
    pub one_ticket_per: OneTicketPer,
    /// How late a booking counts as in time.
    pub appt_grace: Millis,
    /// Whether the slip carries the masked name (张*明).
    pub print_masked_name: bool,
    /// Numbers of each group that a kiosk may give out while it is cut off; 0 lends none.
    pub offline_numbers: u8,
    /// Waits that the hall promises.
    pub target: Targets,
    /// Which policy chooses, one of [`POLICIES`]; a manager may switch it until the day ends.
    pub policy: String,
    /// Settings of that policy, where the file says more than its name.
    pub weighing: Weighing,
    /// Windows that may look at who waits and call past the policy.
    pub pick_windows: Vec<WindowId>,
    /// Clerks who may do so at any window, by employee code.
    pub pick_clerks: Vec<ClerkId>,
}

/// Policies that a hall file may name; what they do is in `docs/manager.md`.
pub const POLICIES: [&str; 8] = [
    "fifo",
    "priority",
    "due",
    "accumulating",
    "gcmu",
    "ratio",
    "queue-ratio",
    "balanced",
];

/// `[rules.weighing]`: what is left out is left to the policy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Weighing {
    /// Urgency of a minute of wait, by class in the order appt, disabled, elderly, normal.
    pub class: [Option<f64>; 4],
    /// How much a short matter gains: 0 not at all, 1 fully.
    pub short: Option<f64>,
    /// Lengths count in grades of this size, as a logarithm; 0: exactly.
    pub grade: Option<f64>,
    /// What a short matter gains is lost again, evenly, until this wait.
    pub fade: Option<Millis>,
    /// From this wait on every minute adds `late_gain` of the score.
    pub late: Option<Millis>,
    /// See `late`; a share, 0.03 for three percent.
    pub late_gain: Option<f64>,
    /// Head start of a ticket, by class: counts as wait.
    pub head_start: [Option<Millis>; 4],
    /// Tickets that wait longer than this go first, the oldest first.
    pub age: Option<Millis>,
    /// An appointment more than this before its slot is called only when nobody else waits.
    pub early: Option<Millis>,
}

impl Weighing {
    /// True when the file says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `[rules.target_min]`: the wait that the hall promises each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// 预约.
    pub appt: Millis,
    /// 残障.
    pub disabled: Millis,
    /// 长者.
    pub elderly: Millis,
    /// 普通.
    pub normal: Millis,
}

/// `[bookings]`: the rules on appointments; defaults are in `docs/hall-file.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bookings {
    /// Length of a slot.
    pub slot: Millis,
    /// Percent of each slot that cannot be booked.
    pub walk_in_share_pct: u8,
    /// How many days ahead may be booked.
    pub days_ahead: u8,
    /// From when before its slot a person is asked to come.
    pub check_in_before: Millis,
    /// Given back this long before its slot, a booking never counts as missed.
    pub cancel_before: Millis,
    /// Missed bookings that block a person from booking online; 0 blocks nobody.
    pub no_shows_max: u8,
    /// Within so many days.
    pub no_show_days: u8,
    /// For so many days.
    pub block_days: u8,
}

/// `rules.one_ticket_per`: where a person may hold one open number at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OneTicketPer {
    /// In each group.
    #[default]
    Group,
    /// In the whole hall.
    Hall,
    /// No such rule.
    None,
}

/// `last_ticket` of a group: what happens when a number would be called after closing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LastTicket {
    /// The kiosk warns, the person decides.
    #[default]
    Warn,
    /// No number is given out.
    Stop,
}

/// `[[group]]`: services with one queue and one number series.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Letter of its numbers, `A` to `Z`, its own.
    pub series: char,
    /// Its name.
    pub name: Text,
    /// People whom it can serve in one slot, walk-ins included; none works it out from the plan.
    pub slot_capacity: Option<u32>,
    /// What happens near closing time.
    pub last_ticket: LastTicket,
}

/// `[temporary_card]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TemporaryCard {
    /// A camera compares the face with the photo of the application; off unless the hall turns it on.
    pub face: bool,
    /// The fee in fen, paid at the kiosk; 0: not there.
    pub fee_fen: u32,
}

/// `[[service]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its group.
    pub group: GroupId,
    /// Its name, in the words people use.
    pub name: Text,
    /// Other words people use for it, for the search.
    pub keywords: Vec<String>,
    /// Pinyin initials in lower case, made from the simplified name or given by hand.
    pub pinyin_initials: String,
    /// Papers needed, in the order of the file.
    pub materials: Vec<Text>,
    /// Typical time at the window, start to finish; what forecasts begin with before the hall has measured its own.
    pub typical: Millis,
    /// Official item codes (基本编码, 实施编码), kept as text, never computed with.
    pub codes: Vec<String>,
}

/// `[[window]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its id.
    pub id: WindowId,
    /// What it is for.
    pub kind: WindowKind,
    /// What the sign above it says; unique in the hall.
    pub name: Text,
    /// Groups it serves; at least one.
    pub groups: Vec<GroupId>,
    /// When it is planned to be open: sorted, not overlapping, within the hours.
    pub plan: Vec<Opening>,
}

/// A planned opening interval, from inclusive, to exclusive, since local midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// From.
    pub from: Millis,
    /// To.
    pub to: Millis,
}

impl HallFile {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Self::parse(&path.display().to_string(), &read_text(path)?)
    }

    /// Checks the text of a file; `file` names it in the sentences.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        let raw: RawFile = strict_toml(file, text)?;
        crate::hall_check::check(file, text, raw)
    }

    /// The group with this id.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == *id)
    }

    /// The service with this id.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == *id)
    }

    /// The window with this id.
    pub fn window(&self, id: &WindowId) -> Option<&Window> {
        self.windows.iter().find(|window| window.id == *id)
    }

    /// Windows that serve a group, in the order of the file.
    pub fn windows_of(&self, group: &GroupId) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(move |window| window.groups.contains(group))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFile {
    pub(crate) format: Spanned<String>,
    pub(crate) hall: RawHall,
    #[serde(default)]
    pub(crate) rules: RawRules,
    #[serde(default)]
    pub(crate) bookings: RawBookings,
    #[serde(default)]
    pub(crate) temporary_card: RawTemporaryCard,
    pub(crate) group: Vec<RawGroup>,
    pub(crate) service: Vec<RawService>,
    pub(crate) window: Vec<RawWindow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHall {
    pub(crate) id: Spanned<String>,
    pub(crate) name: RawText,
    pub(crate) phone: Spanned<String>,
    pub(crate) timezone: Option<Spanned<String>>,
    pub(crate) opens: Spanned<String>,
    pub(crate) closes: Spanned<String>,
    pub(crate) first_issue: Option<Spanned<String>>,
    pub(crate) last_issue: Spanned<String>,
    pub(crate) guidance: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRules {
    pub(crate) matters_max: Option<Spanned<i64>>,
    pub(crate) offline_numbers: Option<Spanned<i64>>,
    pub(crate) agent_cases_max: Option<Spanned<i64>>,
    pub(crate) elder_age: Option<Spanned<i64>>,
    pub(crate) priority_age: Option<Spanned<i64>>,
    pub(crate) calls_max: Option<Spanned<i64>>,
    pub(crate) call_timeout_s: Option<Spanned<i64>>,
    pub(crate) return_within_min: Option<Spanned<i64>>,
    pub(crate) return_place: Option<Spanned<i64>>,
    pub(crate) priority_run_max: Option<Spanned<i64>>,
    #[serde(default)]
    pub(crate) one_ticket_per: OneTicketPer,
    pub(crate) appt_grace_min: Option<Spanned<i64>>,
    pub(crate) print_masked_name: Option<bool>,
    #[serde(default)]
    pub(crate) target_min: RawTargets,
    pub(crate) policy: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) weighing: RawWeighing,
    #[serde(default)]
    pub(crate) pick_windows: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) pick_clerks: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWeighing {
    #[serde(default)]
    pub(crate) class: RawWeights,
    pub(crate) short: Option<Spanned<f64>>,
    pub(crate) grade: Option<Spanned<f64>>,
    pub(crate) fade_min: Option<Spanned<i64>>,
    pub(crate) late_min: Option<Spanned<i64>>,
    pub(crate) late_gain_pct: Option<Spanned<f64>>,
    #[serde(default)]
    pub(crate) head_start_s: RawTargets,
    pub(crate) age_min: Option<Spanned<i64>>,
    pub(crate) early_min: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWeights {
    pub(crate) appt: Option<Spanned<f64>>,
    pub(crate) disabled: Option<Spanned<f64>>,
    pub(crate) elderly: Option<Spanned<f64>>,
    pub(crate) normal: Option<Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBookings {
    pub(crate) slot_min: Option<Spanned<i64>>,
    pub(crate) walk_in_share_pct: Option<Spanned<i64>>,
    pub(crate) days_ahead: Option<Spanned<i64>>,
    pub(crate) check_in_before_min: Option<Spanned<i64>>,
    pub(crate) cancel_before_min: Option<Spanned<i64>>,
    pub(crate) no_shows_max: Option<Spanned<i64>>,
    pub(crate) no_show_days: Option<Spanned<i64>>,
    pub(crate) block_days: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTemporaryCard {
    #[serde(default)]
    pub(crate) face: bool,
    pub(crate) fee_fen: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTargets {
    pub(crate) appt: Option<Spanned<i64>>,
    pub(crate) disabled: Option<Spanned<i64>>,
    pub(crate) elderly: Option<Spanned<i64>>,
    pub(crate) normal: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGroup {
    pub(crate) id: Spanned<String>,
    pub(crate) series: Spanned<String>,
    pub(crate) name: RawText,
    pub(crate) slot_capacity: Option<Spanned<i64>>,
    #[serde(default)]
    pub(crate) last_ticket: LastTicket,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawService {
    pub(crate) id: Spanned<String>,
    pub(crate) group: Spanned<String>,
    pub(crate) name: RawText,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    pub(crate) pinyin: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) materials: Vec<RawText>,
    pub(crate) typical_min: Spanned<i64>,
    #[serde(default)]
    pub(crate) codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWindow {
    pub(crate) id: Spanned<String>,
    pub(crate) kind: WindowKind,
    pub(crate) name: RawText,
    pub(crate) groups: Vec<Spanned<String>>,
    pub(crate) plan: Vec<Spanned<String>>,
}

/// A text as written: one string for all languages, or a table of languages.
#[derive(Debug)]
pub(crate) struct RawText {
    pub(crate) zh_hans: String,
    pub(crate) zh_hant: Option<String>,
    pub(crate) en: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLangs {
    #[serde(rename = "zh-Hans")]
    zh_hans: String,
    #[serde(rename = "zh-Hant")]
    zh_hant: Option<String>,
    en: Option<String>,
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RawText;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a text, or a table like { zh-Hans = \"…\", zh-Hant = \"…\", en = \"…\" }")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawText, E> {
                Ok(RawText {
                    zh_hans: text.to_string(),
                    zh_hant: None,
                    en: None,
                })
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<RawText, A::Error> {
                let langs = RawLangs::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(RawText {
                    zh_hans: langs.zh_hans,
                    zh_hant: langs.zh_hant,
                    en: langs.en,
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
