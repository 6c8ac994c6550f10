//! `[keys]`: where the keys of a machine may lie (hall rules 8.3).
//!
//! A key in a file is worth as much as the disk that it lies on. A system of protection level 3 (等保) keeps its keys
//! sealed to the machine; where it cannot, somebody decides so in the file, and it is logged at each start. This room
//! looks at paths alone and must never open a key.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where systemd puts what it has unsealed for a unit (`LoadCredentialEncrypted=`): in memory, for its user alone.
const CREDENTIALS: &str = "/run/credentials";

/// `[keys]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Level of classified protection (GB/T 22239) that the hall is assessed for, 2 or 3.
    #[serde(default)]
    pub protection_level: ProtectionLevel,
    /// At level 3: keys may lie in files all the same.
    #[serde(default)]
    pub allow_file_keys: bool,
}

/// 等保 level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum ProtectionLevel {
    /// A district hall by itself.
    #[default]
    Two,
    /// A city's or a province's platform, or one that is joined to police data.
    Three,
}

impl TryFrom<u8> for ProtectionLevel {
    type Error = &'static str;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        match level {
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            _ => Err("protection_level is 2 or 3"),
        }
    }
}

/// At level 3 these keys lie in files, and nobody has allowed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "protection_level = 3, and these keys lie in files: {}. Seal them to the machine (docs/security.md, \"Where keys \
     lie\"), or write allow_file_keys = true under [keys], which is logged at each start",
    listed(.0)
)]
pub struct KeysInFiles(pub Vec<PathBuf>);

/// Names of files, for a sentence.
pub fn listed(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.join(", ")
}

impl Keys {
    /// Those of a machine's keys that lie in files, to be logged; none below level 3, where a file is the ordinary
    /// place.
    pub fn in_files(&self, keys: Vec<PathBuf>) -> Result<Vec<PathBuf>, KeysInFiles> {
        if self.protection_level == ProtectionLevel::Two {
            return Ok(Vec::new());
        }
        let files: Vec<PathBuf> = keys.into_iter().filter(|key| !is_unsealed(key)).collect();
        if files.is_empty() || self.allow_file_keys {
            Ok(files)
        } else {
            Err(KeysInFiles(files))
        }
    }
}

/// Whether systemd has unsealed this file for us. It shows it to our user by an access list, so its mode says nothing.
pub fn is_unsealed(key: &Path) -> bool {
    let own = std::env::var_os("CREDENTIALS_DIRECTORY");
    key.starts_with(CREDENTIALS) || own.is_some_and(|own| key.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        toml::from_str(text).expect("a table of keys")
    }

    #[test]
    fn level_3_refuses_a_key_in_a_file_unless_somebody_has_allowed_it() {
        let sealed = PathBuf::from("/run/credentials/kiosk.service/kiosk.key");
        let file = PathBuf::from("/etc/yimen/kiosk.key");
        let all = || vec![sealed.clone(), file.clone()];
        assert_eq!(keys("").in_files(all()), Ok(vec![]), "level 2");
        let three = keys("protection_level = 3");
        assert_eq!(three.in_files(vec![sealed.clone()]), Ok(vec![]));
        let refused = three.in_files(all()).expect_err("a key in a file");
        assert_eq!(refused, KeysInFiles(vec![file.clone()]));
        assert!(refused.to_string().contains("/etc/yimen/kiosk.key"), "{refused}");
        let allowed = keys("protection_level = 3\nallow_file_keys = true");
        assert_eq!(allowed.in_files(all()), Ok(vec![file.clone()]), "told, to be logged");
        assert!(toml::from_str::<Keys>("protection_level = 4").is_err());
    }
}
