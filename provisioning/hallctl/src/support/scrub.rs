//! Cuts out of a line what looks like a person's number, a telephone, a token or a key. A second net: by construction
//! no line of ours holds any, and a name has no shape that a program could know. Pure.

/// A word longer than this, with a digit in it, is a key, a picture or a hash.
const LONG: usize = 24;

/// The line without them.
pub fn line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut word = String::new();
    for c in line.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c);
        } else {
            put(&mut out, &mut word);
            out.push(c);
        }
    }
    put(&mut out, &mut word);
    out
}

fn put(out: &mut String, word: &mut String) {
    out.push_str(instead(word).unwrap_or(word));
    word.clear();
}

/// What stands for it, if it must not stand there.
fn instead(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let upper = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let body = word.strip_suffix(['X', 'x']).unwrap_or(word);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits(body) && (15..=20).contains(&word.len()) {
        return Some("<number>");
    }
    if all_digits(word) && word.len() == 11 && word.starts_with('1') && word.as_bytes()[1] >= b'3' {
        return Some("<telephone>");
    }
    // Passports and permits: one or two letters, then seven or more digits.
    if (1..=3).contains(&upper) && word.len() == upper + digits && digits >= 7 && word.len() <= 12 {
        return Some("<number>");
    }
    let lower = word.bytes().any(|b| b.is_ascii_lowercase());
    if word.len() == 16 && digits > 0 && upper < 16 && !lower {
        return Some("<token>");
    }
    (word.len() >= LONG && digits > 0).then_some("<long>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tokens_and_keys_are_cut_out_wherever_they_stand() {
        for (given, left) in [
            ("read 990101199003070015 from K01", "read <number> from K01"),
            ("read 99010119900307001X.", "read <number>."),
            ("/q?t=0123456789ABCDEF HTTP", "/q?t=<token> HTTP"),
            ("call 13800001234, or 075700001234", "call <telephone>, or 075700001234"),
            ("passport EA1234567 of G12345678", "passport <number> of <number>"),
            ("key 00112233445566778899aabbccddeeff", "key <long>"),
            ("/9j/4AAQSkZJRgABAQAAAQABAADx0y9z8w7v6u5t", "/9j/<long>"),
        ] {
            assert_eq!(line(given), left);
        }
    }

    #[test]
    fn what_a_helper_needs_stays() {
        for stays in [
            "2026-11-22T11:40:01.123456Z INFO kiosk: slip_printed number=A012",
            "ticket 01a2004d-5030-75e9-af12-ac73007b1b3c called to W01",
            "http_request_seconds_bucket{le=\"0.0005\"} 1234567",
            "sound: 1234 rows, 12 tickets, at 1795275000000 ms",
            "ticket_dispatcher_daemon::gate the_door_of_enrolment_is_open",
            "自助机 K01：读卡区有遗留的证件",
        ] {
            assert_eq!(line(stays), stays);
        }
    }
}
