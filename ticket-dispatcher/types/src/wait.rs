//! How a wait is told: the one rule for kiosk, slip, phone and catalogue, so that nobody is told two things.
//!
//! Always a range, because one number would be taken for a promise; rounded outwards, so that rounding leaves no true
//! wait out.

use serde::{Deserialize, Serialize};

use crate::Lang;

/// A likely wait in whole minutes from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// Lower end.
    pub from_min: u16,
    /// Upper end.
    pub to_min: u16,
}

impl Wait {
    /// From seconds that were rounded before ([`rounded`]); none where nobody can say.
    pub fn from_secs(range: Option<(u32, u32)>) -> Option<Self> {
        let cap = |minutes: u32| u16::try_from(minutes).unwrap_or(u16::MAX);
        range.map(|(from_s, to_s)| Self {
            from_min: cap(from_s / 60),
            to_min: cap(to_s.div_ceil(60)),
        })
    }

    /// A window would call at once, or within a minute.
    pub fn is_now(self) -> bool {
        self.to_min <= 1
    }
}

const MINUTE: i64 = 60_000;

/// From this many minutes on, people think in hours.
const IN_HOURS_FROM: u16 = 100;

/// Nobody plans by the minute an hour ahead: steps of 1 minute up to 10, of 5 up to 60, of 10 beyond.
fn step(ms: i64) -> i64 {
    match ms.div_euclid(MINUTE) {
        ..10 => MINUTE,
        10..60 => 5 * MINUTE,
        _ => 10 * MINUTE,
    }
}

/// Seconds of a range, from milliseconds: the low end down, the high end up, the middle to the nearest step within
/// them. A wait of nothing stays nothing.
pub fn rounded(p10_ms: i64, p50_ms: i64, p90_ms: i64) -> (u32, u32, u32) {
    let secs = |ms: i64| u32::try_from(ms / 1000).unwrap_or(u32::MAX);
    let (p10, p50, p90) = (p10_ms.max(0), p50_ms.max(0), p90_ms.max(0));
    let low = p10.div_euclid(step(p10)) * step(p10);
    let high = (p90 + step(p90) - 1).div_euclid(step(p90)) * step(p90);
    let middle = (p50 + step(p50) / 2).div_euclid(step(p50)) * step(p50);
    (secs(low), secs(middle.clamp(low, high)), secs(high))
}

/// Where somebody stands: `前面还有 4 人`. "Next" is said only where it is sure: with nobody ahead in the same line a
/// window that serves several lines may still be busy with another.
pub fn ahead_in_words(lang: Lang, people: u32, wait: Option<Wait>) -> String {
    let next = wait.is_some_and(Wait::is_now);
    match (lang, people) {
        (Lang::ZhHans, 0) if next => "下一个就是您".into(),
        (Lang::ZhHant, 0) if next => "下一個就是您".into(),
        (Lang::En, 0) if next => "You are next".into(),
        (Lang::ZhHans, 0) => "前面没有人".into(),
        (Lang::ZhHant, 0) => "前面沒有人".into(),
        (Lang::En, 0) => "Nobody before you".into(),
        (Lang::ZhHans, n) => format!("前面还有 {n} 人"),
        (Lang::ZhHant, n) => format!("前面還有 {n} 人"),
        (Lang::En, 1) => "1 person before you".into(),
        (Lang::En, n) => format!("{n} people before you"),
    }
}

/// How long it will be: `约 10 至 25 分钟`; what happens next where nobody can say.
pub fn wait_in_words(lang: Lang, wait: Option<Wait>) -> String {
    let Some(wait) = wait else {
        return match lang {
            Lang::ZhHans => "窗口还没开，开了就按号叫您".into(),
            Lang::ZhHant => "窗口還沒開，開了就按號叫您".into(),
            Lang::En => "No window is open yet; you are called in turn".into(),
        };
    };
    let (from, to) = (wait.from_min, wait.to_min);
    if wait.is_now() {
        return match lang {
            Lang::ZhHans => "马上就到".into(),
            Lang::ZhHant => "馬上就到".into(),
            Lang::En => "any moment now".into(),
        };
    }
    if to >= IN_HOURS_FROM {
        let halves = |half_hours: u16| match half_hours % 2 {
            0 => (half_hours / 2).to_string(),
            _ => format!("{}.5", half_hours / 2),
        };
        let (low, high) = (halves(from / 30), halves(to.div_ceil(30)));
        return range(lang, &low, &high, ["小时", "小時", "h"]);
    }
    range(lang, &from.to_string(), &to.to_string(), ["分钟", "分鐘", "min"])
}

fn range(lang: Lang, low: &str, high: &str, units: [&str; 3]) -> String {
    let [hans, hant, en] = units;
    match (lang, low) {
        (Lang::ZhHans, "0") => format!("不到 {high} {hans}"),
        (Lang::ZhHant, "0") => format!("不到 {high} {hant}"),
        (Lang::En, "0") => format!("less than {high} {en}"),
        (Lang::ZhHans, low) if low == high => format!("约 {high} {hans}"),
        (Lang::ZhHant, low) if low == high => format!("約 {high} {hant}"),
        (Lang::En, low) if low == high => format!("about {high} {en}"),
        (Lang::ZhHans, low) => format!("约 {low} 至 {high} {hans}"),
        (Lang::ZhHant, low) => format!("約 {low} 至 {high} {hant}"),
        (Lang::En, low) => format!("about {low} to {high} {en}"),
    }
}

/// Both in one line, before and after a number is taken: `前面还有 4 人，约 10 至 25 分钟`.
pub fn place_in_words(lang: Lang, people: u32, wait: Option<Wait>) -> String {
    let ahead = ahead_in_words(lang, people, wait);
    // "Next" and "any moment now" say the same.
    if people == 0 && wait.is_some_and(Wait::is_now) {
        return ahead;
    }
    let wait = wait_in_words(lang, wait);
    match (lang, people) {
        // A line of large type has no room for more.
        (Lang::En, 1..) => format!("{people} before you, {wait}"),
        (Lang::En, 0) => format!("{ahead}, {wait}"),
        (Lang::ZhHans | Lang::ZhHant, _) => format!("{ahead}，{wait}"),
    }
}

/// The matters of one number in the order in which they are done: `先办…`, `再办…`.
pub fn in_order_in_words(lang: Lang, matters: &[String]) -> Vec<String> {
    let (first, then) = match lang {
        Lang::ZhHans => ("先办", "再办"),
        Lang::ZhHant => ("先辦", "再辦"),
        Lang::En => ("First: ", "Then: "),
    };
    let said = |(at, matter): (usize, &String)| format!("{}{matter}", if at == 0 { first } else { then });
    matters.iter().enumerate().map(said).collect()
}

/// A line of people seen from outside, before choosing: `12 人等候，约 15 至 25 分钟`.
pub fn queue_in_words(lang: Lang, waiting: u32, wait: Option<Wait>) -> String {
    let people = match lang {
        Lang::ZhHans => format!("{waiting} 人等候"),
        Lang::ZhHant => format!("{waiting} 人等候"),
        Lang::En => format!("{waiting} waiting"),
    };
    let Some(wait) = wait else {
        return people;
    };
    let time = wait_in_words(lang, Some(wait));
    match (lang, waiting) {
        (Lang::ZhHans, 0) if wait.is_now() => "不用等".into(),
        (Lang::ZhHant, 0) if wait.is_now() => "不用等".into(),
        (Lang::En, 0) if wait.is_now() => "No wait".into(),
        (Lang::ZhHans, 0) => format!("窗口正忙，{time}"),
        (Lang::ZhHant, 0) => format!("窗口正忙，{time}"),
        (Lang::En, 0) => format!("Windows busy, {time}"),
        (Lang::ZhHans | Lang::ZhHant, _) => format!("{people}，{time}"),
        (Lang::En, _) => format!("{people}, {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(p10_s: i64, p50_s: i64, p90_s: i64) -> (u32, u32, u32) {
        let (low, middle, high) = rounded(p10_s * 1000, p50_s * 1000, p90_s * 1000);
        (low / 60, middle / 60, high / 60)
    }

    #[test]
    fn waits_are_rounded_outwards_to_what_people_use() {
        assert_eq!(told(0, 0, 0), (0, 0, 0));
        assert_eq!(told(370, 740, 1_250), (6, 10, 25));
        assert_eq!(told(59, 61, 119), (0, 1, 2));
        assert_eq!(told(601, 899, 3_601), (10, 15, 70));
    }

    #[test]
    fn rounding_never_turns_the_range_around() {
        for p10 in (0..9_000).step_by(97) {
            for extra in [0, 1, 59, 600, 4_000] {
                let (low, mid, high) = told(p10, p10 + extra / 2, p10 + extra);
                assert!(low <= mid && mid <= high, "{p10} {extra}");
                assert!(i64::from(low) * 60 <= p10 && p10 + extra <= i64::from(high) * 60);
            }
        }
    }

    fn wait(from_min: u16, to_min: u16) -> Option<Wait> {
        Some(Wait { from_min, to_min })
    }

    #[test]
    fn a_wait_is_said_as_a_range_in_words_that_people_use() {
        let said = |from, to| wait_in_words(Lang::ZhHans, wait(from, to));
        assert_eq!(said(0, 1), "马上就到");
        assert_eq!(said(0, 4), "不到 4 分钟");
        assert_eq!(said(5, 5), "约 5 分钟");
        assert_eq!(said(10, 25), "约 10 至 25 分钟");
        assert_eq!(said(85, 110), "约 1 至 2 小时");
        assert_eq!(said(100, 150), "约 1.5 至 2.5 小时");
        assert_eq!(said(20, 120), "不到 2 小时");
        assert_eq!(wait_in_words(Lang::En, wait(10, 25)), "about 10 to 25 min");
        assert_eq!(
            place_in_words(Lang::En, 104, wait(90, 130)),
            "104 before you, about 1.5 to 2.5 h"
        );
        assert_eq!(wait_in_words(Lang::ZhHant, wait(10, 25)), "約 10 至 25 分鐘");
    }

    #[test]
    fn next_is_said_only_to_who_is_called_at_once() {
        let said = |people, wait| place_in_words(Lang::ZhHans, people, wait);
        assert_eq!(said(0, wait(0, 1)), "下一个就是您");
        // Nobody in the same line, and yet the window is busy with another.
        assert_eq!(said(0, wait(0, 4)), "前面没有人，不到 4 分钟");
        assert_eq!(said(0, None), "前面没有人，窗口还没开，开了就按号叫您");
        assert_eq!(said(1, wait(0, 1)), "前面还有 1 人，马上就到");
        assert_eq!(said(12, wait(15, 25)), "前面还有 12 人，约 15 至 25 分钟");
        assert_eq!(queue_in_words(Lang::ZhHans, 0, wait(0, 1)), "不用等");
        assert_eq!(
            queue_in_words(Lang::ZhHans, 0, wait(45, 55)),
            "窗口正忙，约 45 至 55 分钟"
        );
        assert_eq!(queue_in_words(Lang::En, 3, wait(0, 6)), "3 waiting, less than 6 min");
    }
}
