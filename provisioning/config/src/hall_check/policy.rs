//! The part of `[rules]` that says who is next: the policy, its settings, and who may pass by it.

use ticket_dispatcher_types::{ClerkId, Millis, WindowId};
use toml::Spanned;

use super::Ledger;
use crate::hall_file::{POLICIES, RawRules, RawTargets, RawWeighing, RawWindow, Weighing};

/// What a hall gets that names no policy.
const DEFAULT: &str = "balanced";

pub(super) fn name(ledger: &mut Ledger<'_>, raw: &RawRules) -> String {
    let Some(given) = &raw.policy else {
        return DEFAULT.to_string();
    };
    if !POLICIES.contains(&given.get_ref().as_str()) {
        let what = format!("there is no policy `{}`.", given.get_ref());
        let advice = format!(
            "Choose one of {}; without the key it is {DEFAULT}.",
            POLICIES.join(", ")
        );
        ledger.say(given.span(), "rules.policy", what, advice);
    }
    given.get_ref().clone()
}

pub(super) fn weighing(ledger: &mut Ledger<'_>, raw: &RawWeighing) -> Weighing {
    let class = [
        (&raw.class.appt, "rules.weighing.class.appt"),
        (&raw.class.disabled, "rules.weighing.class.disabled"),
        (&raw.class.elderly, "rules.weighing.class.elderly"),
        (&raw.class.normal, "rules.weighing.class.normal"),
    ];
    let class = class.map(|(raw, place)| real(ledger, raw.as_ref(), place, (0.1, 100.0)));
    let RawTargets {
        appt,
        disabled,
        elderly,
        normal,
    } = &raw.head_start_s;
    let head_start = [
        (appt, "rules.weighing.head_start_s.appt"),
        (disabled, "rules.weighing.head_start_s.disabled"),
        (elderly, "rules.weighing.head_start_s.elderly"),
        (normal, "rules.weighing.head_start_s.normal"),
    ];
    let head_start = head_start.map(|(raw, place)| {
        let raw = raw.as_ref()?;
        Some(Millis::from_secs(ledger.number(Some(raw), place, (0, 3600), 0)))
    });
    let mut minutes = |raw: &Option<Spanned<i64>>, place, limits: (i64, i64)| {
        let raw = raw.as_ref()?;
        Some(ledger.minutes(Some(raw), place, limits, limits.0))
    };
    Weighing {
        class,
        head_start,
        age: minutes(&raw.age_min, "rules.weighing.age_min", (10, 480)),
        early: minutes(&raw.early_min, "rules.weighing.early_min", (0, 60)),
        fade: minutes(&raw.fade_min, "rules.weighing.fade_min", (1, 1440)),
        late: minutes(&raw.late_min, "rules.weighing.late_min", (0, 480)),
        short: real(ledger, raw.short.as_ref(), "rules.weighing.short", (0.0, 1.0)),
        grade: real(ledger, raw.grade.as_ref(), "rules.weighing.grade", (0.0, 3.0)),
        late_gain: real(
            ledger,
            raw.late_gain_pct.as_ref(),
            "rules.weighing.late_gain_pct",
            (0.0, 100.0),
        )
        .map(|percent| percent / 100.0),
    }
}

fn real(ledger: &mut Ledger<'_>, raw: Option<&Spanned<f64>>, place: &str, limits: (f64, f64)) -> Option<f64> {
    let raw = raw?;
    let value = *raw.get_ref();
    // `contains` is false for what is not a number, too.
    if !(limits.0..=limits.1).contains(&value) {
        let advice = format!("Give a number from {} to {}.", limits.0, limits.1);
        ledger.say(raw.span(), place, format!("{value} is out of range."), advice);
    }
    Some(value)
}

pub(super) fn pick_windows(ledger: &mut Ledger<'_>, raw: &RawRules, windows: &[RawWindow]) -> Vec<WindowId> {
    let place = "rules.pick_windows";
    let mut all = Vec::new();
    for given in &raw.pick_windows {
        let Some(id) = ledger.id(given, place, WindowId::new) else {
            continue;
        };
        if !windows.iter().any(|window| window.id.get_ref() == given.get_ref()) {
            let what = format!("there is no window `{}`.", given.get_ref());
            ledger.say(given.span(), place, what, "Give the id of a window of this file.");
        }
        all.push(id);
    }
    all
}

pub(super) fn pick_clerks(ledger: &mut Ledger<'_>, raw: &RawRules) -> Vec<ClerkId> {
    let ids = raw.pick_clerks.iter();
    ids.filter_map(|given| ledger.id(given, "rules.pick_clerks", ClerkId::new))
        .collect()
}
