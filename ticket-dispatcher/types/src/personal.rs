//! Text about a person that must not be seen: wiped when dropped, never shown by `Debug`.

use core::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A name, a document number, a birth date: text that may cross a TLS link and live in memory, and nothing else.
///
/// `Debug` prints only the length in characters, so that a log line or a panic cannot carry the person. There is no
/// `Display` on purpose: whoever needs the text says [`Personal::expose`], which is easy to find in a review.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(Zeroizing<String>);

impl Personal {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every caller has to say where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The masked form of a name: the first character kept, the last kept from three characters up, the rest `*`
    /// (张*, 张*明, 欧**娜). Counts characters, so that names with rare characters are not cut in the middle.
    pub fn masked_name(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        match chars.as_slice() {
            [] => String::new(),
            [one] => one.to_string(),
            [first, _] => format!("{first}*"),
            [first, middle @ .., last] => format!("{first}{}{last}", "*".repeat(middle.len())),
        }
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({} chars)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_follow_the_hall_rules() {
        for (name, mask) in [
            ("张䶮", "张*"),
            ("张小明", "张*明"),
            ("欧阳娜娜", "欧**娜"),
            ("李𬱖", "李*"),
            ("王", "王"),
            ("", ""),
        ] {
            assert_eq!(Personal::new(name).masked_name(), mask);
        }
    }

    #[test]
    fn debug_never_shows_the_text() {
        let shown = format!("{:?}", Personal::new("990101199001010017"));
        assert_eq!(shown, "Personal(18 chars)");
    }
}
