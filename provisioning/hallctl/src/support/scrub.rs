//! Cuts out of a line what looks like a person's number, a telephone, a token or a key. A second net: by construction
//! no line of ours holds any, and a name has no shape that a program could know. Pure.
//!
//! Full-width letters and digits are read as the plain ones. A number counts as one whether it is written in one piece,
//! in groups with spaces or hyphens, or glued to letters.

/// A word longer than this, with a digit in it, is a key, a picture or a hash.
const LONG: usize = 24;
/// As many digits in one piece are a telephone or a document, but for a time in milliseconds.
const DIGITS: usize = 11;
/// The two lines under a passport's picture have 44 characters; half of one is a person already.
const MRZ: usize = 15;

/// The line without them.
pub fn line(line: &str) -> String {
    let text: String = line.chars().map(plain).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphanumeric() {
            let (taken, instead) = word(rest, after_a_point(&out));
            out.push_str(&instead);
            rest = &rest[taken..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Full-width letters, digits, spaces, `－` and `＜` as plain ones; other characters stay as they are.
fn plain(c: char) -> char {
    if c == '\u{3000}' {
        return ' ';
    }
    let folded = u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(c);
    match folded {
        '-' | '<' => folded,
        _ if folded.is_ascii_alphanumeric() => folded,
        _ => c,
    }
}

fn after_a_point(out: &str) -> bool {
    out.strip_suffix('.')
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
}

fn length_of(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is(*byte)).count()
}

/// What begins here: how long it is, and what stands for it.
fn word(rest: &str, fraction: bool) -> (usize, String) {
    let zone = length_of(rest, |b| b.is_ascii_alphanumeric() || b == b'<');
    if zone >= MRZ && (rest[..zone].contains("<<") || rest.starts_with("P<")) {
        return (zone, "<mrz>".into());
    }
    let hyphened = length_of(rest, |b| b.is_ascii_alphanumeric() || b == b'-');
    let parts: Vec<usize> = rest[..hyphened].split('-').map(str::len).collect();
    let hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    if parts == [8, 4, 4, 4, 12] && length_of(rest, hex) == hyphened {
        return (hyphened, rest[..hyphened].into());
    }
    let code = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-';
    let any_digit = rest[..hyphened].bytes().any(|b| b.is_ascii_digit());
    if parts == [4, 4, 4, 4] && (any_digit || length_of(rest, code) == hyphened) {
        return (hyphened, "<token>".into());
    }
    if let Some((taken, instead)) = in_groups(rest) {
        return (taken, instead.into());
    }
    let taken = length_of(rest, |b| b.is_ascii_alphanumeric());
    let word = &rest[..taken];
    match instead(word) {
        Some(instead) => (taken, instead.into()),
        None if fraction && taken < 15 => (taken, word.into()),
        None => (taken, without_runs(word)),
    }
}

/// A number written in groups: how long it is, and what stands for it. By its shape alone: modes and sizes stand in
/// groups, too.
fn in_groups(rest: &str) -> Option<(usize, &'static str)> {
    let (mut digits, mut groups, mut at) = (String::new(), Vec::new(), 0);
    let mut found = None;
    loop {
        let group = length_of(&rest[at..], |b| b.is_ascii_digit());
        let letters = length_of(&rest[at + group..], |b| b.is_ascii_alphanumeric());
        let x = letters == 1 && rest[at + group..].starts_with(['x', 'X']);
        if group == 0 || (letters > 0 && !x) {
            return found;
        }
        at += group + letters;
        digits.push_str(&rest[at - group - letters..at]);
        groups.push(group);
        found = grouped(&digits, &groups).map(|instead| (at, instead)).or(found);
        let between = length_of(&rest[at..], |b| b == b' ' || b == b'-');
        if x || !(1..=3).contains(&between) || digits.len() > 20 {
            return found;
        }
        at += between;
    }
}

fn grouped(digits: &str, groups: &[usize]) -> Option<&'static str> {
    let two = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse::<u8>().ok()).unwrap_or(0);
    let born = [19, 20].contains(&two(6)) && (1..=12).contains(&two(10)) && (1..=31).contains(&two(12));
    let fixed = digits.starts_with('0') && (3..=4).contains(&groups[0]) && (10..=12).contains(&digits.len());
    match groups {
        [_] => None,
        _ if digits.len() == 18 && born => Some("<number>"),
        _ if fixed || (groups[0] >= 3 && is_mobile(digits)) => Some("<telephone>"),
        [2, ..] if digits.strip_prefix("86").is_some_and(is_mobile) => Some("<telephone>"),
        _ => None,
    }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3'
}

/// What stands for a whole word, if it must not stand there.
fn instead(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let upper = length_of(word, |b| b.is_ascii_uppercase());
    if is_mobile(word) && digits == word.len() {
        return Some("<telephone>");
    }
    // Passports and permits: one or two letters, then seven or more digits.
    if (1..=3).contains(&upper) && word.len() == upper + digits && digits >= 7 && word.len() <= 12 {
        return Some("<number>");
    }
    if word.len() == 16 && digits > 0 && digits < 16 {
        return Some("<token>");
    }
    (word.len() >= LONG && digits > 0).then_some("<long>")
}

/// A word without the numbers that stand in it.
fn without_runs(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let run = length_of(rest, |b| b.is_ascii_digit());
        let milliseconds = run == 13 && rest.starts_with("1") && rest.as_bytes()[1] >= b'7';
        let taken = match run {
            0 => 1,
            17 if rest[run..].starts_with(['x', 'X']) => run + 1,
            _ => run,
        };
        let cut = run >= DIGITS && !milliseconds;
        out.push_str(if cut { "<number>" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    out
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
            ("call 13800001234, or 075700001234", "call <telephone>, or <number>"),
            ("passport EA1234567 of G12345678", "passport <number> of <number>"),
            ("key 00112233445566778899aabbccddeeff", "key <long>"),
            ("/9j/4AAQSkZJRgABAQAAAQABAADx0y9z8w7v6u5t", "/9j/<long>"),
        ] {
            assert_eq!(line(given), left);
        }
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for (given, left) in [
            ("of 990101 19900307 747X, K01", "of <number>, K01"),
            ("of 990101-19900307-747x", "of <number>"),
            ("of 9901 0119 9003 0774 72", "of <number>"),
            ("证件９９０１０１１９９００３０７００１５。", "证件<number>。"),
            ("证件９９０１０１　１３８００１３８０００", "证件990101 <telephone>"),
            ("a99010119900307747Xb", "a<number>b"),
            ("call 138 0013 8000 now", "call <telephone> now"),
            ("call 138-0013-8000", "call <telephone>"),
            ("call １３８－００１３－８０００", "call <telephone>"),
            ("call +86 138 0013 8000", "call +<telephone>"),
            ("call 0757-82345678", "call <telephone>"),
            ("mrz P<CHNSHILI<<LI<<<<<<<<<<<<<<<<<<<<<<<<<<<<< read", "mrz <mrz> read"),
            ("mrz G123456784CHN9003070M3001012<<<<<<<<<<<<<<04", "mrz <mrz>"),
            ("/q?t=0123456789abcdef HTTP", "/q?t=<token> HTTP"),
            ("code 7K3M-9XQ2-ABCD-W4ZT made", "code <token> made"),
            ("code 7k3m-9xq2-abcd-w4zt made", "code <token> made"),
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
            "ticket 01020304-0506-7789-8012-345678901234 called",
            "2026-11-22 11:40:01 kiosk 0.1.0 at 127.0.0.1:8443, v1.96.0",
            "600 12345678 journal.sqlite, 644 1234567 hall.toml, 600 123456 0 0",
            "http_request_seconds_sum 0.12345678901234",
            "numbers A012 B013 C014 D015 and e-1234-5678",
            "Vec<Option<u8>>, 1 << 2, git 02c75a8d91f0",
            "自助机 K01：读卡区有遗留的证件",
        ] {
            assert_eq!(line(stays), stays);
        }
    }
}
