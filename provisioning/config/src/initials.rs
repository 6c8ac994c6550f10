//! Pinyin initials of a name, for the search on the kiosk: 社保卡办理 is found under `sbkbl`.

use pinyin::ToPinyin;

/// Lower-case initials of a Chinese name; letters and digits stay, everything else is left out.
///
/// A character with several readings gets its commonest one (重 gives `z` as in 重要, also in 重置), which is why the hall
/// file can override the initials of a service.
pub fn pinyin_initials(name: &str) -> String {
    let mut initials = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            initials.push(character.to_ascii_lowercase());
        } else if let Some(reading) = character.to_pinyin() {
            // ü is typed as v on a letter keyboard; no syllable begins with it, so the first letter is plain ASCII.
            initials.extend(reading.first_letter().chars().filter(char::is_ascii_lowercase));
        }
    }
    initials
}

#[cfg(test)]
mod tests {
    use super::pinyin_initials;

    #[test]
    fn services_are_found_by_the_letters_people_type() {
        for (name, initials) in [
            ("社保卡申领", "sbksl"),
            ("居民身份证换领", "jmsfzhl"),
            ("“一件事”联办(3项)", "yjslb3x"),
            ("ETC 办理", "etcbl"),
            ("女职工", "nzg"),
        ] {
            assert_eq!(pinyin_initials(name), initials, "{name}");
        }
    }
}
