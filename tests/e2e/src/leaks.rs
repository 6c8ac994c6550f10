//! Looks for made-up people in every byte that was written: what a thief of the disk would find.
//!
//! A name or a number may lie there in any of the encodings that the devices speak. What is searched for is never
//! written anywhere, not even into the report of a find: a find names the file, the place and the kind.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Fewer bytes would be met by chance.
const BYTES_MIN: usize = 6;

/// Something that must not be found.
#[derive(Clone)]
pub struct Secret {
    /// `name`, `number`, `photo`, `token`.
    pub kind: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Secret {
    /// Text in all the encodings that are spoken in the hall.
    pub fn text(kind: &'static str, text: &str) -> Self {
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
        // As it stands in an address.
        let percent: String = text.bytes().map(in_address).collect();
        let forms = [
            ("UTF-8", text.as_bytes().to_vec()),
            ("UTF-16", utf16),
            ("GB 18030", gb.into_owned()),
            ("hex", hex.into_bytes()),
            ("percent", percent.into_bytes()),
        ];
        Self::of(kind, forms)
    }

    /// A part of a photo, raw and in base64; any 48 bytes from its middle are nobody else's.
    pub fn photo(bytes: &[u8]) -> Self {
        let middle = bytes.len() / 2 / 3 * 3;
        let part = bytes.get(middle..middle + 48).unwrap_or(bytes);
        let base64 = base64_of(part);
        Self::of("photo", [("raw", part.to_vec()), ("base64", base64.into_bytes())])
    }

    fn of<const N: usize>(kind: &'static str, forms: [(&'static str, Vec<u8>); N]) -> Self {
        let mut kept: Vec<(&'static str, Vec<u8>)> = Vec::new();
        for (name, form) in forms {
            // Digits read the same in most encodings.
            let known = kept.iter().any(|(_, other)| *other == form);
            if form.len() >= BYTES_MIN && !known {
                kept.push((name, form));
            }
        }
        Self { kind, forms: kept }
    }
}

fn in_address(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// The photo's part begins at a multiple of three, so its base64 lies in the base64 of the whole.
fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let triples = bytes.chunks_exact(3).map(|t| u32::from_be_bytes([0, t[0], t[1], t[2]]));
    triples
        .flat_map(|bits| [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift) as usize & 63] as char))
        .collect()
}

/// A find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// Where.
    pub file: PathBuf,
    /// At which byte.
    pub at: usize,
    /// `name` in `UTF-8`.
    pub kind: String,
}

/// How much was searched, and what was found.
#[derive(Debug, Clone, Default)]
pub struct Searched {
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Empty is good.
    pub finds: Vec<Find>,
}

/// Searches every file below a folder, but those that `spared` names.
pub fn search(folder: &Path, secrets: &[Secret], spared: &dyn Fn(&Path) -> bool) -> anyhow::Result<Searched> {
    let mut searched = Searched::default();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !spared(&path) {
                let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                searched.files += 1;
                searched.bytes += bytes.len() as u64;
                searched.finds.extend(finds_in(&path, &bytes, secrets));
            }
        }
    }
    Ok(searched)
}

/// The first find of each form in some bytes.
pub fn finds_in(file: &Path, bytes: &[u8], secrets: &[Secret]) -> Vec<Find> {
    let mut finds = Vec::new();
    for secret in secrets {
        for (form, needle) in &secret.forms {
            let at = memchr::memmem::find(bytes, needle);
            finds.extend(at.map(|at| Find {
                file: file.to_path_buf(),
                at,
                kind: format!("{} in {form}", secret.kind),
            }));
        }
    }
    finds
}

/// Where a secret lies, once for each time that it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// At which byte.
    pub at: usize,
    /// How many bytes of it.
    pub len: usize,
    /// `name in UTF-8`.
    pub kind: String,
}

/// Every place of every form in some bytes, in the order in which they lie there.
pub fn places_in(bytes: &[u8], secrets: &[Secret]) -> Vec<Place> {
    let mut places = Vec::new();
    for secret in secrets {
        for (form, needle) in &secret.forms {
            places.extend(memchr::memmem::find_iter(bytes, needle).map(|at| Place {
                at,
                len: needle.len(),
                kind: format!("{} in {form}", secret.kind),
            }));
        }
    }
    places.sort();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("yimen-leaks-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("below")).expect("a folder");
            Self(path)
        }
        fn found(&self) -> Vec<String> {
            let secrets = [
                Secret::text("name", "李示例"),
                Secret::text("number", "990101199003070015"),
                Secret::photo(&PHOTO),
            ];
            let searched = search(&self.0, &secrets, &|path| path.ends_with("spared")).expect("searched");
            searched.finds.into_iter().map(|find| find.kind).collect()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const PHOTO: [u8; 300] = {
        let mut bytes = [0; 300];
        let mut at = 0;
        while at < 300 {
            bytes[at] = (at * 7 % 251) as u8;
            at += 1;
        }
        bytes
    };

    #[test]
    fn a_clean_place_has_no_finds_and_a_spared_file_is_spared() {
        let place = Place::new("clean");
        std::fs::write(place.0.join("log"), "C1 called A012 to W01").expect("written");
        std::fs::write(place.0.join("spared"), "990101199003070015").expect("written");
        assert!(place.found().is_empty());
    }

    #[test]
    fn a_name_in_a_log_is_found() {
        let place = Place::new("log");
        std::fs::write(place.0.join("below/kiosk.log"), "INFO read the card of 李示例").expect("written");
        assert_eq!(place.found(), ["name in UTF-8"]);
    }

    #[test]
    fn a_deleted_number_on_a_free_page_of_a_database_is_found() {
        let place = Place::new("page");
        let db = rusqlite::Connection::open(place.0.join("x.sqlite")).expect("a database");
        db.execute_batch(
            "PRAGMA secure_delete = OFF; CREATE TABLE t (x TEXT);
             INSERT INTO t VALUES ('stays'), ('a row with 990101199003070015 in it');
             DELETE FROM t WHERE x <> 'stays';",
        )
        .expect("written and deleted");
        drop(db);
        assert_eq!(place.found(), ["number in UTF-8"]);
    }

    #[test]
    fn a_photo_and_a_readers_own_text_are_found() {
        let place = Place::new("raw");
        let mut spool: Vec<u8> = vec![0xAA; 90];
        spool.extend("李示例".encode_utf16().flat_map(u16::to_le_bytes));
        std::fs::write(place.0.join("spool"), spool).expect("written");
        std::fs::write(place.0.join("record.json"), base64_of(&PHOTO)).expect("written");
        let mut found = place.found();
        found.sort();
        assert_eq!(found, ["name in UTF-16", "photo in base64"]);
    }
}
