//! The rules of the house as tests: who may depend on whom, what pure crates may not name, how long lines, functions
//! and files may grow, what every crate says about itself. The checkers here are pure functions over text, each of them
//! seen to fail on a planted sample; `tests/house.rs` points them at the workspace. It must never change a file.

pub mod arrows;
pub mod shape;
pub mod words;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// File or package.
    pub place: String,
    /// Line from 1; 0 for the whole.
    pub line: usize,
    /// Which rule, and what to do.
    pub rule: String,
}

impl Breach {
    pub(crate) fn new(place: &str, line: usize, rule: impl Into<String>) -> Self {
        Self {
            place: place.to_string(),
            line,
            rule: rule.into(),
        }
    }
}

impl core::fmt::Display for Breach {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.rule),
            line => write!(f, "{}:{line}: {}", self.place, self.rule),
        }
    }
}

/// Panics with every breach in one list; for the tests that hold the house.
///
/// # Panics
/// When there is a breach.
pub fn hold(breaches: &[Breach]) {
    let list: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(list.is_empty(), "{} breach(es):\n{}", list.len(), list.join("\n"));
}
