//! Where a line of text may end: Chinese line-break rules, whole words and numbers, lines of about one length.

/// Marks that may not begin a line.
const CLOSING: &str = "、，。；：！？）】》」』”’…·,.;:!?)]%";

/// Marks that may not end a line.
const OPENING: &str = "（【《「『“‘([";

/// Width of a text in cells of 12 dots. The printer's cell follows the code's length, not Unicode's idea of width.
pub fn cells(text: &str) -> usize {
    text.chars().map(|ch| if ch.is_ascii() { 1 } else { 2 }).sum()
}

/// Cuts a text into the fewest lines of at most `columns` cells, about equally long: no line is left with an orphan.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    wrap_units(&units(text), columns)
}

/// The same for a text in units that stay whole where they fit a line, such as names in a list.
pub fn wrap_units(units: &[String], columns: usize) -> Vec<String> {
    let loose = fill(units, columns);
    let total: usize = units.iter().map(|unit| cells(unit)).sum();
    let even = total.div_ceil(loose.len().max(1));
    let whole = units
        .iter()
        .map(|unit| cells(unit.trim_end()))
        .filter(|width| *width <= columns);
    let tightest = (even.max(whole.max().unwrap_or(0))..columns).map(|width| fill(units, width));
    let same_count = tightest.into_iter().find(|lines| lines.len() == loose.len());
    same_count.unwrap_or(loose)
}

/// A text in units that may not be broken: a Chinese character or an ASCII word, each with the marks that cling to it.
fn units(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut glued = false;
    for ch in text.chars() {
        let in_word = |unit: &String| {
            ch.is_ascii() && ch != ' ' && unit.chars().next_back().is_some_and(|c| c.is_ascii() && c != ' ')
        };
        let clings = glued || ch == ' ' || CLOSING.contains(ch);
        match units.last_mut() {
            Some(unit) if clings || in_word(unit) => unit.push(ch),
            _ => units.push(ch.to_string()),
        }
        glued = OPENING.contains(ch);
    }
    units
}

/// Fills lines greedily; a unit wider than a line is cut where the line ends.
fn fill(units: &[String], columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for unit in units {
        if cells(&line) + cells(unit.trim_end()) > columns && !line.is_empty() {
            lines.push(line.trim_end().to_string());
            line.clear();
        }
        for ch in unit.chars() {
            let width = if ch.is_ascii() { 1 } else { 2 };
            if cells(&line) + width > columns && !line.is_empty() {
                // A space at the end of a full line stands for the line's end.
                if ch == ' ' {
                    continue;
                }
                lines.push(line.trim_end().to_string());
                line.clear();
            }
            line.push(ch);
        }
    }
    let last = line.trim_end();
    if !last.is_empty() || lines.is_empty() {
        lines.push(last.to_string());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_counts_cells_and_never_loses_a_character() {
        assert_eq!(
            wrap("社会保险登记与待遇核定申请", 24),
            ["社会保险登记与", "待遇核定申请"]
        );
        assert_eq!(wrap("A012", 9), ["A012"]);
        assert_eq!(wrap("social security desk", 10), ["social", "security", "desk"]);
        assert_eq!(wrap("", 10), [""]);
        let long = "一".repeat(100);
        assert_eq!(wrap(&long, 24).concat(), long);
    }

    #[test]
    fn no_line_holds_one_or_two_characters_alone() {
        for count in 13..60 {
            let text: String = "佛山市示例街道政务服务中心".chars().cycle().take(count).collect();
            let lines = wrap(&text, 24);
            assert_eq!(lines.len(), count.div_ceil(12));
            assert!(lines.iter().all(|line| line.chars().count() > 2), "{lines:?}");
        }
    }

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        let text = "社会保障卡激活、密码重置（补领），残疾人证申领、换领。“好”";
        for columns in 6..48 {
            let lines = wrap(text, columns);
            assert_eq!(lines.concat(), text, "{columns}");
            for line in &lines {
                assert!(!line.starts_with(|ch| CLOSING.contains(ch)), "{columns}: {lines:?}");
                assert!(!line.ends_with(|ch| OPENING.contains(ch)), "{columns}: {lines:?}");
            }
        }
    }

    #[test]
    fn a_number_and_a_listed_name_stay_whole() {
        assert_eq!(
            wrap("前面还有5人，约等10-25分钟", 20),
            ["前面还有5人，", "约等10-25分钟"]
        );
        let names = ["办理窗口：".to_string(), "1号综合窗口、".into(), "户政1号窗口".into()];
        assert_eq!(wrap_units(&names, 24), ["办理窗口：1号综合窗口、", "户政1号窗口"]);
    }
}
