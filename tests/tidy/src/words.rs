//! Words that may not stand in a file: what reaches out from pure code, what was left behind, what names a machine.

use crate::Breach;

/// Words that betray a clock, a line, a disk, a thread or an order that changes between runs.
pub const IMPURE: &[&str] = &[
    "std::time::Instant",
    "Instant::now",
    "SystemTime",
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "tokio",
    "rand::",
    "getrandom",
    "HashMap",
    "HashSet",
];

/// Marks of work left undone. Spelt in two halves so that this file does not name them itself.
pub const UNDONE: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
];

/// Paths of one machine that mean nothing on another.
pub const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

/// The panic without a reason.
pub const UNWRAP: &[&str] = &[concat!(".unw", "rap()")];

/// Finds words in code: comments are left out.
pub fn in_code(file: &str, text: &str, words: &[&str], rule: &str) -> Vec<Breach> {
    find(file, text, words, rule, |line| {
        line.split("//").next().unwrap_or_default()
    })
}

/// Finds words anywhere, comments too.
pub fn anywhere(file: &str, text: &str, words: &[&str], rule: &str) -> Vec<Breach> {
    find(file, text, words, rule, |line| line)
}

fn find(file: &str, text: &str, words: &[&str], rule: &str, part: fn(&str) -> &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| part(line).contains(*word)) {
            breaches.push(Breach::new(file, at + 1, format!("`{word}`: {rule}")));
        }
    }
    breaches
}

/// The part of a Rust file that ships: everything before its tests.
pub fn without_tests(text: &str) -> &str {
    let end = text.find("#[cfg(test)]\nmod ").or_else(|| text.find("#![cfg(test)]"));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_pure_code_is_seen_and_one_in_a_comment_is_not() {
        let sample = "//! Never reads SystemTime.\nlet now = SystemTime::now(); // HashMap\n";
        let found = in_code("a.rs", sample, IMPURE, "pure");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].rule.as_str()), (2, "`SystemTime`: pure"));
    }

    #[test]
    fn work_left_undone_is_seen_even_in_a_comment() {
        let sample = format!("fn f() {{\n    {}\"later\")\n}}\n// {}\n", UNDONE[0], UNDONE[3]);
        assert_eq!(anywhere("a.rs", &sample, UNDONE, "finish it").len(), 2);
    }

    #[test]
    fn a_panic_without_a_reason_is_seen_outside_tests_alone() {
        let call = format!("a(){};\n", UNWRAP[0]);
        let sample = format!("{call}#[cfg(test)]\nmod tests {{\n{call}}}\n");
        assert_eq!(in_code("a.rs", &sample, UNWRAP, "say why").len(), 2);
        assert_eq!(in_code("a.rs", without_tests(&sample), UNWRAP, "say why").len(), 1);
    }

    #[test]
    fn the_path_of_one_machine_is_seen() {
        let sample = format!("cd {}yimen\n", MACHINE[1]);
        assert_eq!(anywhere("hall", &sample, MACHINE, "no").len(), 1);
        assert!(anywhere("hall", "cd /usr/share/fonts\n", MACHINE, "no").is_empty());
    }
}
