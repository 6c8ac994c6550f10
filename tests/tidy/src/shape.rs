//! How long lines, functions and files may grow, and what a file begins with.

use crate::Breach;

/// Columns of a line of code or prose that people edit.
pub const COLUMNS: usize = 120;

/// Lines of a function in a pure crate.
pub const FUNCTION_LINES: usize = 70;

/// Bytes of a file: 1 MiB.
pub const FILE_BYTES: u64 = 1 << 20;

/// Lines that are too long.
pub fn long_lines(file: &str, text: &str) -> Vec<Breach> {
    // A drawn path is one word, and its language has no way to break it.
    let drawn = |line: &str| file.ends_with(".slint") && line.contains(": \"M");
    let lines = text.lines().enumerate().filter(|(_, line)| !drawn(line));
    let long = lines.filter(|(_, line)| line.chars().count() > COLUMNS);
    long.map(|(at, line)| {
        Breach::new(
            file,
            at + 1,
            format!("{} columns; at most {COLUMNS}", line.chars().count()),
        )
    })
    .collect()
}

/// Functions that are too long, in formatted Rust: from the line of `fn` to the brace at the same depth.
pub fn long_functions(file: &str, text: &str) -> Vec<Breach> {
    let lines: Vec<&str> = text.lines().collect();
    let mut breaches = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let depth = line.len() - line.trim_start().len();
        let end = lines
            .iter()
            .skip(at)
            .position(|later| later.len() == depth + 1 && later.trim_start() == "}");
        let length = end.map_or(1, |end| end + 1);
        if length > FUNCTION_LINES {
            let rule = format!("`{name}` has {length} lines; at most {FUNCTION_LINES}");
            breaches.push(Breach::new(file, at + 1, rule));
        }
    }
    breaches
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let words = ["pub", "const", "async", "unsafe", "extern"];
    let header = before
        .split_whitespace()
        .all(|word| words.iter().any(|known| word.starts_with(known)));
    let ends_here = line.trim_end().ends_with('}') || line.trim_end().ends_with(';');
    (header && !ends_here).then(|| after.split(['(', '<']).next().unwrap_or_default())
}

/// A Rust file must begin by saying what it is for and what it must never do.
pub fn headless(file: &str, text: &str) -> Option<Breach> {
    let told = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with("//! "));
    (!told).then(|| Breach::new(file, 1, "does not begin with `//!`: say what the file is for"))
}

/// Names that say nothing.
pub fn vague_name(file: &str) -> Option<Breach> {
    let stem = file.rsplit('/').next()?.split('.').next()?;
    let vague = ["mod", "utils", "util", "helpers", "helper", "common", "misc", "manager"];
    let is_rust = file.ends_with(".rs");
    (is_rust && vague.contains(&stem)).then(|| Breach::new(file, 0, "the name says nothing: name what is inside"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_seen_and_chinese_counts_by_the_character() {
        assert_eq!(long_lines("a.rs", &format!("ok\n{}\n", "x".repeat(121))).len(), 1);
        assert!(long_lines("a.rs", &"窗".repeat(120)).is_empty());
    }

    #[test]
    fn a_long_function_is_seen_with_its_name_and_length() {
        let body = "    step();\n".repeat(69);
        let sample = format!("impl A {{\n}}\npub(crate) fn decide(a: u8) {{\n{body}}}\nfn short() {{\n}}\n");
        let found = long_functions("a.rs", &sample);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "a.rs:3: `decide` has 71 lines; at most 70");
        let fits = sample.replacen("    step();\n", "", 1);
        assert!(long_functions("a.rs", &fits).is_empty());
    }

    #[test]
    fn a_long_method_is_measured_by_its_own_brace() {
        let body = format!("        if x {{\n{}        }}\n", "            y();\n".repeat(70));
        let sample = format!("impl A {{\n    fn inside(&self) {{\n{body}    }}\n}}\n");
        assert_eq!(long_functions("a.rs", &sample).len(), 1);
    }

    #[test]
    fn a_file_without_a_head_is_seen() {
        assert!(headless("lib.rs", "use a;\n//! late\n").is_some());
        assert!(headless("lib.rs", "\n//! What for.\n").is_none());
        assert!(headless("lib.rs", "").is_some());
    }

    #[test]
    fn a_vague_name_is_seen() {
        assert!(vague_name("kiosk/flow/src/utils.rs").is_some());
        assert!(vague_name("kiosk/flow/src/session/mod.rs").is_some());
        assert!(vague_name("kiosk/flow/src/model.rs").is_none());
    }
}
