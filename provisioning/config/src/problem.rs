//! What is wrong with a file, in sentences.

use core::fmt;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; none when the problem is the file as a whole.
    pub line: Option<usize>,
    /// Key or entry, `service[3].group` or `window W04`; empty for the file as a whole.
    pub place: String,
    /// What is wrong, one sentence.
    pub what: String,
    /// What to do about it, one sentence.
    pub advice: String,
}

/// Everything that is wrong with one file; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// Name of the file as the technician gave it.
    pub file: String,
    /// In the order of their lines.
    pub list: Vec<Problem>,
}

impl Problems {
    /// One problem with the whole file.
    pub fn whole_file(file: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        let problem = Problem {
            line: None,
            place: String::new(),
            what: what.into(),
            advice: advice.into(),
        };
        Self {
            file: file.to_string(),
            list: vec![problem],
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.list.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.file)?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            if !problem.place.is_empty() {
                write!(f, ": {}", problem.place)?;
            }
            write!(f, ": {} {}", problem.what, problem.advice)?;
        }
        Ok(())
    }
}

/// Line number, from 1, of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
