//! Turns what people did on a screen into intents, and ignores presses that come too fast to be meant.

use crate::screens::{Act, App, Did};
use slint::{ComponentHandle, SharedString};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use ticket_dispatcher_types::{GroupId, Lang, ServiceId};
use ui_model::Intent;

/// A second press within this time is a trembling hand, not a second wish.
pub const PRESS_GAP: Duration = Duration::from_millis(300);
/// "Somebody is here" is said at most this often.
const TOUCHED_GAP: Duration = Duration::from_millis(500);
/// Most letters of a search.
const SEARCH_LETTERS: usize = 16;

/// Decides which presses count.
#[derive(Debug, Default)]
pub struct PressFilter {
    last: Option<(Instant, String)>,
}

impl PressFilter {
    /// Whether a press of `key` at `now` counts. `key` is empty for every control but letter keys: two different
    /// letters may follow each other fast.
    pub fn allow(&mut self, key: &str, now: Instant) -> bool {
        let too_soon = self.last.as_ref().is_some_and(|(at, before)| {
            let other_letter = !key.is_empty() && !before.is_empty() && key != before;
            !other_letter && now.duration_since(*at) < PRESS_GAP
        });
        if !too_soon {
            self.last = Some((now, key.to_owned()));
        }
        !too_soon
    }
}

/// The intent of something done; none when it makes no sense (a broken id, a search that is full).
pub fn intent(did: Did, text: &str, count: i32, search: &str) -> Option<Intent> {
    Some(match did {
        Did::Touched => Intent::Touched,
        Did::ChooseFirst => Intent::ChooseFirst,
        Did::TapFirst => Intent::TapFirst,
        Did::NoCard => Intent::NoCard,
        Did::ChooseGroup => Intent::ChooseGroup {
            group: text.parse::<GroupId>().ok()?,
        },
        Did::ChooseService => Intent::ChooseService {
            service: text.parse::<ServiceId>().ok()?,
        },
        Did::Guidance => Intent::Guidance,
        Did::OpenSearch => Intent::OpenSearch,
        Did::Search => Intent::Search {
            text: search_text(search, text, count)?,
        },
        Did::RemoveService => Intent::RemoveService {
            service: text.parse::<ServiceId>().ok()?,
        },
        Did::AddAnother => Intent::AddAnother,
        Did::SetAgent => Intent::SetAgent { agent: count != 0 },
        Did::SetCases => Intent::SetCases {
            cases: u8::try_from(count).ok()?,
        },
        Did::Confirm => Intent::Confirm,
        Did::AcceptPriority => Intent::AcceptPriority,
        Did::DeclinePriority => Intent::DeclinePriority,
        Did::CheckIn => Intent::CheckIn,
        Did::OtherMatter => Intent::OtherMatter,
        Did::SetLang => Intent::SetLang { lang: lang(text)? },
        Did::SetElder => Intent::SetElder { elder: count != 0 },
        Did::SetLowReach => Intent::SetLowReach { low_reach: count != 0 },
        Did::ShowPrivacy => Intent::ShowPrivacy,
        Did::Reprint => Intent::Reprint,
        Did::CancelHeld => Intent::CancelHeld,
        Did::Back => Intent::Back,
        Did::Cancel => Intent::Cancel,
        Did::StillHere => Intent::StillHere,
        Did::Done => Intent::Done,
        Did::CallStaff => Intent::CallStaff,
        Did::MakeCard => Intent::MakeCard,
        Did::MakingAgree => Intent::MakingAgree,
        Did::MakingType => Intent::MakingType,
        Did::MakingOldCard => Intent::MakingOldCard,
        Did::MakingKey => Intent::MakingKey { key: text.to_string() },
        Did::MakingGo => Intent::MakingGo,
        Did::MakingByHand => Intent::MakingByHand,
    })
}

fn lang(code: &str) -> Option<Lang> {
    match code {
        "zh-Hans" => Some(Lang::ZhHans),
        "zh-Hant" => Some(Lang::ZhHant),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// The search after a letter was added (`change` 1) or the last one taken away (-1).
fn search_text(before: &str, letter: &str, change: i32) -> Option<String> {
    let mut text = before.to_lowercase();
    if change < 0 {
        text.pop();
    } else if text.len() < SEARCH_LETTERS {
        text.push_str(letter);
    } else {
        return None;
    }
    Some(text)
}

/// Connects the screens' actions with `send`.
pub fn connect(app: &App, send: impl Fn(Intent) + 'static) {
    let act = app.global::<Act>();
    let filter = Rc::new(RefCell::new(PressFilter::default()));
    act.on_allowed(move |key| filter.borrow_mut().allow(&key, Instant::now()));
    let weak = app.as_weak();
    let touched = RefCell::new(None::<Instant>);
    act.on_send(move |did: Did, text: SharedString, count: i32| {
        if did == Did::Touched {
            let now = Instant::now();
            let recent = touched.borrow().is_some_and(|at| now.duration_since(at) < TOUCHED_GAP);
            if recent {
                return;
            }
            *touched.borrow_mut() = Some(now);
        }
        let search = weak
            .upgrade()
            .map(|app| app.global::<crate::screens::View>().get_search_text());
        match intent(did, &text, count, search.as_deref().unwrap_or_default()) {
            Some(intent) => send(intent),
            None => tracing::debug!(?did, "nothing to send for it"),
        }
    });
}
