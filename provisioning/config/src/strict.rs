//! Strict reading of TOML: every unknown key is a problem with its line and the nearest key that exists.

use core::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, Problems, line_of};

/// Reads a file as text; a missing or unreadable file becomes a sentence.
pub fn read_text(path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| {
        let file = path.display().to_string();
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                Problems::whole_file(&file, "there is no such file.", "Give the path of an existing file.")
            }
            std::io::ErrorKind::InvalidData => {
                Problems::whole_file(&file, "the file is not UTF-8 text.", "Save it as UTF-8 in the editor.")
            }
            _ => Problems::whole_file(
                &file,
                format!("cannot be read: {error}."),
                "Check owner and permissions.",
            ),
        }
    })
}

/// Reads TOML into `T`, which must refuse unknown keys (`#[serde(deny_unknown_fields)]` on every table).
///
/// All unknown keys are reported together; then the first value of a wrong type or the first missing key, because what
/// follows from one of those would be guessing. `file` only names the file in the sentences.
pub fn strict_toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problems> {
    let (mut table, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        let list = syntax.iter().map(|error| syntax_problem(text, error)).collect();
        return Err(Problems {
            file: file.to_string(),
            list,
        });
    }
    let mut list = Vec::new();
    loop {
        let error = match T::deserialize(toml::de::Deserializer::from(table.clone())) {
            Ok(value) if list.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(error) => error,
        };
        let unknown = error.message().starts_with("unknown field");
        let span = error.span().unwrap_or_default();
        let place = place_in_table(table.get_ref(), &span).unwrap_or_default();
        list.push(typed_problem(text, &error, place));
        // The unknown key is taken out of the tree and the rest is tried again; anything else ends the search.
        if !(unknown && remove_key(table.get_mut(), &span)) {
            break;
        }
    }
    list.sort_by_key(|problem| problem.line);
    Err(Problems {
        file: file.to_string(),
        list,
    })
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    Problem {
        line: error.span().map(|span| line_of(text, span.start)),
        place: String::new(),
        what: format!("this is not TOML: {}.", one_line(error.message())),
        advice: "Look for a missing quote, bracket or equals sign on this line or the one before.".to_string(),
    }
}

fn typed_problem(text: &str, error: &toml::de::Error, place: String) -> Problem {
    let message = one_line(error.message());
    let (what, advice) = if message.starts_with("unknown field") {
        let mut names = message.split('`').skip(1).step_by(2).map(str::to_string);
        let key = names.next().unwrap_or_default();
        (
            format!("the key `{key}` does not exist here."),
            key_advice(&key, &names.collect::<Vec<_>>()),
        )
    } else if let Some(key) = message.strip_prefix("missing field ") {
        (
            format!("the key {key} is missing."),
            format!("Add {key}; docs/hall-file.md shows an example."),
        )
    } else {
        (
            format!("{message}."),
            "Give a value of the kind that is expected.".to_string(),
        )
    };
    Problem {
        line: error.span().map(|span| line_of(text, span.start)),
        place,
        what,
        advice,
    }
}

fn key_advice(key: &str, known: &[String]) -> String {
    if let Some(near) = nearest(key, known) {
        return format!("Did you mean `{near}`? Otherwise take the line out.");
    }
    match known {
        [] => "Take the line out.".to_string(),
        known => format!("Take the line out; known here are: {}.", known.join(", ")),
    }
}

/// The known key that the unknown one was most likely meant to be.
fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    let scored = known.iter().map(|name| (strsim::damerau_levenshtein(key, name), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    let limit = (key.chars().count().max(name.chars().count()) / 3).max(1);
    (distance <= limit).then_some(name.as_str())
}

fn one_line(message: &str) -> String {
    let joined = message.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.trim_end_matches('.').to_string()
}

/// Names the key or value at `span`, like `service[3].group`; entries of an array count from 1.
fn place_in_table(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().to_string();
        if key.span() == *span || value.span() == *span {
            return Some(name);
        }
        place_in_value(value.get_ref(), span).map(|rest| format!("{name}{rest}"))
    })
}

fn place_in_value(value: &DeValue<'_>, span: &Range<usize>) -> Option<String> {
    match value {
        DeValue::Table(table) => place_in_table(table, span).map(|rest| format!(".{rest}")),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            let name = format!("[{}]", at + 1);
            if item.span() == *span {
                return Some(name);
            }
            place_in_value(item.get_ref(), span).map(|rest| format!("{name}{rest}"))
        }),
        _ => None,
    }
}

/// Takes the key at `span` out of the tree; true if it was there.
fn remove_key(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    if let Some(key) = table.keys().find(|key| key.span() == *span).cloned() {
        return table.remove(&key).is_some();
    }
    table
        .iter_mut()
        .any(|(_, value)| remove_in_value(value.get_mut(), span))
}

fn remove_in_value(value: &mut DeValue<'_>, span: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => remove_key(table, span),
        DeValue::Array(items) => items.iter_mut().any(|item| remove_in_value(item.get_mut(), span)),
        _ => false,
    }
}
