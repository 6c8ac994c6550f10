//! Lists of windows: names that share a pattern are told once, with their numbers, on paper as on the screen.

/// Pieces of the list that stay whole at a line's end: `1-4号综合窗口、`, or `1、` `2、` `5号窗`. At most `parts_max`
/// pieces; the second value is true when there were more.
pub fn window_names(names: &[String], comma: &str, parts_max: usize) -> (Vec<String>, bool) {
    let mut pieces = Vec::new();
    let mut rest: Vec<&str> = names.iter().map(String::as_str).collect();
    while let Some(first) = rest.first().copied() {
        let Some((before, number, after)) = numbered(first) else {
            pieces.push(first.to_string());
            rest.remove(0);
            continue;
        };
        let mut numbers = vec![number];
        let mut others = Vec::new();
        for name in rest.drain(1..) {
            match numbered(name) {
                Some((b, n, a)) if b == before && a == after => numbers.push(n),
                _ => others.push(name),
            }
        }
        rest = others;
        numbers.sort_unstable();
        numbers.dedup();
        let runs = runs(&numbers);
        let last = runs.len() - 1;
        for (at, run) in runs.into_iter().enumerate() {
            let before = if at == 0 { before } else { "" };
            let after = if at == last { after } else { "" };
            pieces.push(format!("{before}{run}{after}"));
        }
    }
    let more = pieces.len() > parts_max;
    pieces.truncate(parts_max);
    let last = pieces.len().saturating_sub(1);
    pieces.iter_mut().take(last).for_each(|piece| piece.push_str(comma));
    (pieces, more)
}

/// What stands before the last number of a name, the number, and what stands after. A number that would not be
/// written back the same way (`03`) is no number.
fn numbered(name: &str) -> Option<(&str, u32, &str)> {
    let end = name.rfind(|ch: char| ch.is_ascii_digit())? + 1;
    let start = name[..end]
        .rfind(|ch: char| !ch.is_ascii_digit())
        .map_or(0, |at| at + name[at..].chars().next().map_or(0, char::len_utf8));
    let number: u32 = name[start..end].parse().ok()?;
    (number.to_string() == name[start..end]).then_some((&name[..start], number, &name[end..]))
}

/// `[1, 2, 3, 5, 7, 8]` as `1-3`, `5`, `7`, `8`: a run from three up.
fn runs(numbers: &[u32]) -> Vec<String> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let follows = |next: &usize| numbers[*next] == numbers[*next - 1] + 1;
        let end = (at + 1..numbers.len()).take_while(follows).last().unwrap_or(at);
        if end >= at + 2 {
            runs.push(format!("{}-{}", numbers[at], numbers[end]));
            at = end + 1;
        } else {
            runs.push(numbers[at].to_string());
            at += 1;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_string()).collect();
        let (pieces, more) = window_names(&names, "、", 6);
        pieces.concat() + if more { "等" } else { "" }
    }

    #[test]
    fn names_of_one_pattern_are_told_once() {
        let desks = ["1号综合窗口", "2号综合窗口", "3号综合窗口", "4号综合窗口"];
        assert_eq!(told(&desks), "1-4号综合窗口");
        assert_eq!(told(&["1号窗", "2号窗", "5号窗"]), "1、2、5号窗");
        assert_eq!(told(&["2号窗", "户政1号窗", "1号窗", "3号窗"]), "1-3号窗、户政1号窗");
        assert_eq!(told(&["Window 1", "Window 2", "Window 3"]), "Window 1-3");
        assert_eq!(told(&["导办台", "1号窗"]), "导办台、1号窗");
        assert_eq!(told(&["3楼1号窗", "3楼2号窗", "4楼1号窗"]), "3楼1、2号窗、4楼1号窗");
    }

    #[test]
    fn odd_numbers_stay_as_they_are_written() {
        assert_eq!(told(&["窗01", "窗02", "窗03"]), "窗01、窗02、窗03");
        assert_eq!(told(&["99999999999号"]), "99999999999号");
        assert_eq!(told(&[]), "");
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let names = ["甲", "乙", "丙", "丁", "戊", "己", "庚"];
        assert_eq!(told(&names), "甲、乙、丙、丁、戊、己等");
    }
}
