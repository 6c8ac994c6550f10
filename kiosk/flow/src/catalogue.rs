//! The catalogue as the dispatcher last told it, and the search in it.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{GroupId, Lang, ServiceId, Wait};
use ui_model::{CatalogueGroup, CatalogueService, ChosenMatter};

use crate::TempCardRules;

/// Most results of a search: what fits the lower part of the screen without scrolling.
const RESULTS_MAX: usize = 8;

/// Longest text of the papers' QR in bytes: above it the squares get too small for a phone held at arm's length.
const PAPERS_QR_BYTES_MAX: usize = 600;

/// A text of the hall file in three languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LocalText {
    /// 简体中文.
    pub zh_hans: String,
    /// 繁體中文.
    pub zh_hant: String,
    /// English.
    pub en: String,
}

impl LocalText {
    /// The text in `lang`, or in simplified Chinese where the hall left that language out.
    pub fn get(&self, lang: Lang) -> &str {
        let text = match lang {
            Lang::ZhHans => &self.zh_hans,
            Lang::ZhHant => &self.zh_hant,
            Lang::En => &self.en,
        };
        if text.is_empty() { &self.zh_hans } else { text }
    }
}

/// First level of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: LocalText,
    /// People waiting in it.
    pub waiting: u32,
    /// Likely wait of somebody who takes a number now; none where nobody can say.
    pub wait: Option<Wait>,
}

/// Second level of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The service.
    pub id: ServiceId,
    /// Its group.
    pub group: GroupId,
    /// Its name.
    pub name: LocalText,
    /// Other words people use for it.
    pub keywords: Vec<String>,
    /// Initials of its name in pinyin, lower case.
    pub pinyin_initials: String,
    /// Papers needed.
    pub materials: Vec<LocalText>,
    /// People before somebody who takes a number for it now.
    #[serde(default)]
    pub people_ahead: u32,
    /// Likely wait of such a number; none where nobody can say.
    #[serde(default)]
    pub wait: Option<Wait>,
    /// Names of the windows that serve it.
    pub windows: Vec<LocalText>,
    /// False when its last number is gone or nobody serves it today.
    pub available: bool,
}

/// What the dispatcher told with `GET /services`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// The hall's name.
    pub hall_name: LocalText,
    /// The hall's phone.
    pub hall_phone: String,
    /// True while numbers are given out.
    pub issuing: bool,
    /// Today's hours as minutes of the local day, in order.
    pub hours: Vec<(u16, u16)>,
    /// Most matters on one number.
    pub matters_max: u8,
    /// Most cases of an agent; 1 means agents go to the desk.
    pub agent_cases_max: u8,
    /// From this age on, large type is offered.
    pub elder_age: u8,
    /// From this age on, priority is offered.
    pub priority_age: u8,
    /// Groups in the order of the hall file.
    pub groups: Vec<Group>,
    /// Services in the order of the hall file.
    pub services: Vec<Service>,
    /// The service of "不知道选哪个".
    pub guidance: Option<ServiceId>,
    /// Temporary identity cards, where this kiosk makes them.
    #[serde(default)]
    pub temp_card: TempCardRules,
}

impl Catalogue {
    /// A service by id.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|s| s.id == *id)
    }

    /// A group by id.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.iter().find(|g| g.id == *id)
    }

    /// The group that a service belongs to.
    pub fn group_of(&self, id: &ServiceId) -> Option<&Group> {
        self.service(id).and_then(|s| self.group(&s.group))
    }

    /// `08:30–12:00 13:30–17:30`.
    pub fn hours_text(&self) -> String {
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        let parts: Vec<String> = self
            .hours
            .iter()
            .map(|(from, to)| format!("{}–{}", clock(*from), clock(*to)))
            .collect();
        parts.join("  ")
    }

    /// True when somebody who takes a number now for one of these services is likely (one in ten) served after closing.
    pub fn past_closing(&self, services: &[ServiceId], minute_of_day: u16) -> bool {
        let Some((_, closes)) = self.hours.last() else {
            return false;
        };
        let waits = services.iter().filter_map(|s| self.service(s)?.wait);
        let left = closes.saturating_sub(minute_of_day);
        waits
            .map(|wait| wait.to_min)
            .max()
            .is_some_and(|longest| longest > left)
    }

    /// People before a number for these services and its likely wait: those of the first, for which it is called first.
    pub fn queue_of(&self, services: &[ServiceId]) -> (u32, Option<Wait>) {
        let first = services.first().and_then(|id| self.service(id));
        first.map_or((0, None), |service| (service.people_ahead, service.wait))
    }

    /// Whether these services may need different windows: one that serves the first does not serve all.
    pub fn may_need_two_windows(&self, services: &[ServiceId]) -> bool {
        let mut known = services.iter().filter_map(|id| self.service(id));
        let Some(first) = known.next() else { return false };
        known.any(|other| first.windows.iter().any(|window| !other.windows.contains(window)))
    }

    /// Names of the windows that serve any of the services, each once.
    pub fn windows_of(&self, services: &[ServiceId]) -> Vec<LocalText> {
        let mut windows: Vec<LocalText> = Vec::new();
        for name in services.iter().filter_map(|s| self.service(s)).flat_map(|s| &s.windows) {
            if !windows.contains(name) {
                windows.push(name.clone());
            }
        }
        windows
    }

    /// The first level as shown: groups that have a service, but for the guidance desk, which has its own button.
    pub fn groups_shown(&self, lang: Lang) -> Vec<CatalogueGroup> {
        let shown = |g: &&Group| {
            self.services
                .iter()
                .any(|s| s.group == g.id && Some(&s.id) != self.guidance.as_ref())
        };
        self.groups
            .iter()
            .filter(shown)
            .map(|g| CatalogueGroup {
                id: g.id.clone(),
                name: g.name.get(lang).to_string(),
                waiting: g.waiting,
                wait: g.wait,
                available: self.issuing && self.services.iter().any(|s| s.group == g.id && s.available),
            })
            .collect()
    }

    /// The second level as shown.
    pub fn services_shown(&self, group: &GroupId, lang: Lang) -> Vec<CatalogueService> {
        let of_group = self.services.iter().filter(|s| s.group == *group);
        of_group.map(|s| self.service_shown(s, lang)).collect()
    }

    /// Services that fit what was typed, best first: initials that begin so, then initials that hold it, then
    /// keywords and names that hold it.
    pub fn search(&self, text: &str, lang: Lang) -> Vec<CatalogueService> {
        if text.is_empty() {
            return Vec::new();
        }
        let rank = |s: &Service| {
            if s.pinyin_initials.starts_with(text) {
                Some(0)
            } else if s.pinyin_initials.contains(text) {
                Some(1)
            } else if s.keywords.iter().any(|k| k.to_lowercase().contains(text))
                || s.name.en.to_lowercase().contains(text)
            {
                Some(2)
            } else {
                None
            }
        };
        let mut found: Vec<(u8, &Service)> = self.services.iter().filter_map(|s| rank(s).map(|r| (r, s))).collect();
        found.sort_by_key(|(rank, _)| *rank); // stable: the order of the hall file within a rank
        found
            .into_iter()
            .take(RESULTS_MAX)
            .map(|(_, s)| self.service_shown(s, lang))
            .collect()
    }

    fn service_shown(&self, s: &Service, lang: Lang) -> CatalogueService {
        CatalogueService {
            id: s.id.clone(),
            name: s.name.get(lang).to_string(),
            group_name: self
                .group(&s.group)
                .map(|g| g.name.get(lang).to_string())
                .unwrap_or_default(),
            available: self.issuing && s.available,
        }
    }

    /// The list to confirm, with the papers.
    pub fn matters(&self, chosen: &[ServiceId], lang: Lang) -> Vec<ChosenMatter> {
        let known = chosen.iter().filter_map(|id| self.service(id));
        known
            .map(|s| ChosenMatter {
                id: s.id.clone(),
                name: s.name.get(lang).to_string(),
                materials: s.materials.iter().map(|m| m.get(lang).to_string()).collect(),
            })
            .collect()
    }

    /// Names of services in one language.
    pub fn names(&self, services: &[ServiceId], lang: Lang) -> Vec<String> {
        let known = services.iter().filter_map(|id| self.service(id));
        known.map(|s| s.name.get(lang).to_string()).collect()
    }

    /// The papers as plain text for a QR: a phone shows it without any network, and no address has to be kept alive.
    pub fn papers_text(&self, chosen: &[ServiceId], lang: Lang) -> String {
        let mut text = String::new();
        for matter in self.matters(chosen, lang) {
            let lines = std::iter::once(matter.name).chain(matter.materials.into_iter().map(|m| format!("- {m}")));
            for line in lines {
                if text.len() + line.len() + 1 > PAPERS_QR_BYTES_MAX {
                    text.push('…');
                    return text;
                }
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }
}
