//! Who gets in and who does not, over a real file.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops where it stands

mod audit;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ticket_dispatcher_access::*;
use ticket_dispatcher_identity::{CryptoProvider, GmSoft, RootKey};
use ticket_dispatcher_types::{ClerkId, HallId, UnixMillis};

static PLACES: AtomicU64 = AtomicU64::new(0);

struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let n = PLACES.fetch_add(1, Ordering::SeqCst);
        let dir = std::env::temp_dir().join(format!("yimen-access-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
    fn file(&self) -> PathBuf {
        self.0.join("access.sqlite")
    }
    fn open(&self) -> Access {
        self.open_as(7)
    }
    fn open_as(&self, root: u8) -> Access {
        Access::open(Options {
            file: self.file(),
            crypto: crypto(root),
            entropy,
        })
        .unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn crypto(root: u8) -> Arc<dyn CryptoProvider> {
    Arc::new(GmSoft::new(&RootKey::from_bytes([root; 32])))
}

/// Different at every call, the same in every run.
fn entropy(bytes: &mut [u8]) {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    let mut x = CALLS.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in bytes {
        x = x
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *byte = (x >> 56) as u8;
    }
}

const START: i64 = 1_795_000_000_000;

fn at(minutes: i64) -> UnixMillis {
    UnixMillis(START + minutes * 60_000)
}

fn hall() -> HallId {
    HallId::new("h1").unwrap()
}

fn digits(one: &OneTime, now: UnixMillis) -> String {
    let totp = totp_rs::Totp::from_url(one.url.as_str()).unwrap();
    totp.generate(u64::try_from(now.0 / 1000).unwrap()).to_string()
}

/// An account that has been in once and has a password of its own.
fn clerk(access: &Access, role: StaffRole) -> OneTime {
    let new = NewAccount {
        id: ClerkId::new("C1").unwrap(),
        role,
        windows: vec!["W01".into()],
    };
    let (first, one) = access.put_account(&hall(), &new).unwrap();
    let now = at(-60);
    let code = digits(&one, now);
    let given = SignIn {
        account: "C1",
        password: &first,
        code: &code,
        window: Some("W01"),
        new_password: None,
    };
    assert_eq!(
        access.sign_in(&given, now).unwrap().unwrap_err(),
        SignInRefused::MustChange
    );
    // Short; digits alone; two kinds; three kinds in nine characters; long, but of four characters; the old one.
    let simple = ["short", "1234567890", "password12", "Password1", "ababcdcdababcdcdab"];
    for weak in simple.into_iter().chain([first.as_str()]) {
        let weak = SignIn {
            new_password: Some(weak),
            ..given
        };
        assert_eq!(access.sign_in(&weak, now).unwrap().unwrap_err(), SignInRefused::Weak);
    }
    let good = SignIn {
        new_password: Some("Not my birthday"),
        ..given
    };
    access.sign_in(&good, now).unwrap().unwrap();
    one
}

fn try_in(access: &Access, password: &str, code: &str, now: UnixMillis) -> Result<SessionToken, SignInRefused> {
    let given = SignIn {
        account: "C1",
        password,
        code,
        window: Some("W01"),
        new_password: None,
    };
    access.sign_in(&given, now).unwrap().map(|(token, _)| token)
}

#[test]
fn a_session_lives_over_a_restart_and_ends_when_idle() {
    let place = Place::new();
    let token = {
        let access = place.open();
        let one = clerk(&access, StaffRole::Window);
        try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap()
    };
    let access = place.open();
    let session = access
        .session(&token, at(14), true)
        .unwrap()
        .expect("fourteen minutes are not idle");
    assert_eq!((session.account.as_str(), session.role), ("C1", StaffRole::Window));
    assert_eq!(session.window.as_deref(), Some("W01"));
    assert!(
        access.session(&token, at(28), true).unwrap().is_some(),
        "it was used at 14"
    );
    assert!(
        access.session(&token, at(43), true).unwrap().is_none(),
        "fifteen idle minutes end it"
    );
}

#[test]
fn a_session_ends_after_a_shift_however_busy() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let token = try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap();
    let alive = |minute: i64| access.session(&token, at(minute), true).unwrap().is_some();
    let ended = (1..=72).map(|tens| tens * 10).find(|minute| !alive(*minute));
    assert_eq!(ended, Some(720));
}

#[test]
fn five_wrong_tries_lock_for_a_quarter_of_an_hour_and_the_right_password_does_not_help() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let code = digits(&one, at(0));
    for _ in 0..5 {
        let refused = try_in(&access, "wrong password", &code, at(0)).unwrap_err();
        assert_eq!(refused, SignInRefused::Wrong);
    }
    let locked = SignInRefused::Locked { until: at(15) };
    assert_eq!(try_in(&access, "Not my birthday", &code, at(0)).unwrap_err(), locked);
    let access = place.open();
    let late = digits(&one, at(14));
    assert_eq!(try_in(&access, "Not my birthday", &late, at(14)).unwrap_err(), locked);
    try_in(&access, "Not my birthday", &digits(&one, at(15)), at(15)).unwrap();
}

/// What five and one more wrong tries hear, each with the code and nothing else right.
fn six_tries(access: &Access, account: &str, minute: i64) -> Vec<SignInRefused> {
    let one = |_| {
        let given = SignIn {
            account,
            password: "wrong password",
            code: "000000",
            window: Some("W01"),
            new_password: None,
        };
        access.sign_in(&given, at(minute)).unwrap().unwrap_err()
    };
    (0..6).map(one).collect()
}

#[test]
fn a_code_of_no_account_and_a_closed_one_are_counted_and_locked_like_one_that_is_there() {
    let place = Place::new();
    let access = place.open();
    clerk(&access, StaffRole::Window);
    let closed = NewAccount {
        id: ClerkId::new("C2").unwrap(),
        role: StaffRole::Window,
        windows: vec![],
    };
    access.put_account(&hall(), &closed).unwrap();
    access.disable_account(&closed.id).unwrap();
    let long = "x".repeat(300);
    let codes = ["C1", "C2", "C9", "", "no account, 这不是工号", long.as_str()];
    let heard: Vec<_> = codes.iter().map(|code| six_tries(&access, code, 0)).collect();
    assert_eq!(heard[0][4], SignInRefused::Wrong);
    assert_eq!(heard[0][5], SignInRefused::Locked { until: at(15) });
    assert!(heard.iter().all(|one| *one == heard[0]), "{heard:?}");
    // Over a restart, until the same moment, and then anew.
    drop(access);
    let access = place.open();
    for (minute, first) in [
        (14, SignInRefused::Locked { until: at(15) }),
        (15, SignInRefused::Wrong),
    ] {
        let heard: Vec<_> = codes.iter().map(|code| six_tries(&access, code, minute)).collect();
        assert_eq!(heard[0][0], first);
        assert!(heard.iter().all(|one| *one == heard[0]), "{minute}: {heard:?}");
    }
    let log = place.0.join("access.sqlite-wal");
    let bytes = [std::fs::read(place.file()).unwrap(), std::fs::read(log).unwrap()].concat();
    assert!(!bytes.windows(10).any(|w| w == b"no account"), "what was typed is kept");
}

#[test]
fn wrong_tries_of_an_hour_ago_do_not_count_for_anybody() {
    let place = Place::new();
    let access = place.open();
    clerk(&access, StaffRole::Window);
    for code in ["C1", "C9"] {
        for minute in (0..100).step_by(20) {
            let given = SignIn {
                account: code,
                password: "wrong password",
                code: "000000",
                window: None,
                new_password: None,
            };
            let refused = access.sign_in(&given, at(minute)).unwrap().unwrap_err();
            assert_eq!(refused, SignInRefused::Wrong, "{code} {minute}");
        }
        assert_eq!(
            access
                .sign_in(
                    &SignIn {
                        account: code,
                        password: "",
                        code: "",
                        window: None,
                        new_password: None
                    },
                    at(81)
                )
                .unwrap()
                .unwrap_err(),
            SignInRefused::Wrong
        );
    }
}

#[test]
fn four_wrong_tries_and_a_right_one_begin_anew() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    for round in 0..3 {
        for _ in 0..4 {
            try_in(&access, "wrong password", "000000", at(round)).unwrap_err();
        }
        try_in(&access, "Not my birthday", &digits(&one, at(round)), at(round)).unwrap();
    }
}

#[test]
fn digits_count_once_even_with_the_right_password() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let code = digits(&one, at(0));
    try_in(&access, "Not my birthday", &code, at(0)).unwrap();
    assert_eq!(
        try_in(&access, "Not my birthday", &code, at(0)).unwrap_err(),
        SignInRefused::Wrong
    );
}

#[test]
fn a_clerk_sits_at_a_window_of_theirs_and_others_sit_nowhere() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let code = digits(&one, at(0));
    for window in [None, Some("W02")] {
        let given = SignIn {
            account: "C1",
            password: "Not my birthday",
            code: &code,
            window,
            new_password: None,
        };
        assert_eq!(
            access.sign_in(&given, at(0)).unwrap().unwrap_err(),
            SignInRefused::OtherWindow
        );
    }
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Auditor);
    let token = try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap();
    assert_eq!(access.session(&token, at(0), true).unwrap().unwrap().window, None);
}

#[test]
fn a_cookie_of_another_hall_and_one_signed_out_open_nothing() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let token = try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap();
    let other = elsewhere.open_as(8);
    assert!(other.session(&token, at(0), true).unwrap().is_none());
    // Even with the file of this hall under it: the keyed hash is another.
    assert!(place.open_as(8).session(&token, at(0), true).unwrap().is_none());
    access.sign_out(&token).unwrap();
    assert!(access.session(&token, at(0), true).unwrap().is_none());
}

#[test]
fn a_closed_account_is_out_at_once() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let token = try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap();
    assert!(access.disable_account(&ClerkId::new("C1").unwrap()).unwrap());
    assert!(access.session(&token, at(0), true).unwrap().is_none());
    let refused = try_in(&access, "Not my birthday", &digits(&one, at(1)), at(1)).unwrap_err();
    assert_eq!(
        refused,
        SignInRefused::Wrong,
        "a closed account is not told from an unknown one"
    );
}

#[test]
fn nothing_that_opens_a_door_lies_in_the_file() {
    let place = Place::new();
    let access = place.open();
    let one = clerk(&access, StaffRole::Window);
    let token = try_in(&access, "Not my birthday", &digits(&one, at(0)), at(0)).unwrap();
    let code = access.put_code(("kiosk", "K01", "north door"), at(0)).unwrap();
    drop(access);
    let seed = totp_rs::Totp::from_url(one.url.as_str()).unwrap();
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(&place.0).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    assert!(holds(b"C1"), "the search itself works");
    assert!(!holds(b"Not my birthday"));
    assert!(!holds(token.expose().as_bytes()));
    assert!(!holds(seed.secret().as_ref()));
    assert!(!holds(code.text[4..].as_bytes()));
}

#[test]
fn a_code_is_good_once_for_a_quarter_of_an_hour_and_five_tries() {
    let place = Place::new();
    let access = place.open();
    let code = access.put_code(("kiosk", "K01", "north door"), at(0)).unwrap();
    let (id, secret) = code.text.split_at(4);
    assert_eq!(
        access.use_code("ZZZZ", at(1), |_| true).unwrap(),
        Err(CodeRefused::Unknown)
    );
    assert_eq!(access.use_code(id, at(15), |_| true).unwrap(), Err(CodeRefused::Late));
    let used = access.use_code(id, at(14), |s| s == secret).unwrap().unwrap();
    assert_eq!(
        (used.role.as_str(), used.device.as_str(), used.place.as_str()),
        ("kiosk", "K01", "north door")
    );
    assert_eq!(
        access.use_code(id, at(14), |s| s == secret).unwrap(),
        Err(CodeRefused::Unknown),
        "replayed"
    );

    let code = access.put_code(("kiosk", "K01", "north door"), at(20)).unwrap();
    let (id, secret) = code.text.split_at(4);
    for _ in 0..5 {
        assert_eq!(access.use_code(id, at(21), |_| false).unwrap(), Err(CodeRefused::Wrong));
    }
    let sixth = access.use_code(id, at(21), |s| s == secret).unwrap();
    assert_eq!(
        sixth,
        Err(CodeRefused::TooOften),
        "the sixth try is too late even if it is right"
    );
    assert!(access.open_codes(at(21)).unwrap().is_empty());
}

#[test]
fn certificates_taken_back_stay_taken_back() {
    let place = Place::new();
    let access = place.open();
    let (known, unknown) = (Serial::parse("00ab01").unwrap(), Serial::parse("0c").unwrap());
    assert_eq!(known.to_string(), "ab01");
    access
        .put_certificate(&known, ("kiosk", "K01", "north door"), at(0), at(90 * 24 * 60))
        .unwrap();
    assert!(access.revoked().unwrap().is_empty());
    access.revoke(&known, at(1)).unwrap();
    access.revoke(&unknown, at(1)).unwrap();
    drop(access);
    let access = place.open();
    assert_eq!(access.revoked().unwrap(), [unknown, known]);
    let listed = access.certificates().unwrap();
    let k01 = listed.iter().find(|c| c.device == "K01").unwrap();
    assert_eq!((k01.revoked_ms, k01.place.as_str()), (Some(at(1).0), "north door"));
}

#[test]
fn a_device_keeps_what_it_is_said_to_keep_and_stands_where_it_stood() {
    let place = Place::new();
    let access = place.open();
    let serials: Vec<Serial> = (1..=4).map(|n| Serial::parse(&format!("{n:02x}")).unwrap()).collect();
    for (n, serial) in (0..).zip(&serials) {
        let where_ = if n == 0 { "north door" } else { "" };
        access
            .put_certificate(serial, ("kiosk", "K01", where_), at(n), at(1000))
            .unwrap();
    }
    let other = Serial::parse("aa").unwrap();
    access
        .put_certificate(&other, ("board", "K01", ""), at(0), at(1000))
        .unwrap();
    assert_eq!(
        access.device_of(&serials[3]).unwrap(),
        Some(("kiosk".into(), "K01".into()))
    );
    assert_eq!(access.device_of(&Serial::parse("bb").unwrap()).unwrap(), None);
    let k01 = ("kiosk", "K01");
    let keep = [Some(&serials[0]), Some(&serials[3])];
    let gone = access.retire_others(k01, keep, at(5)).unwrap();
    assert_eq!(gone, serials[1..3]);
    assert_eq!(
        access.good_certificates("kiosk", "K01").unwrap(),
        [serials[0].clone(), serials[3].clone()]
    );
    // One certificate is one certificate.
    access.revoke(&serials[0], at(6)).unwrap();
    assert_eq!(access.good_certificates("kiosk", "K01").unwrap(), [serials[3].clone()]);
    assert_eq!(
        access.retire_others(k01, [None, None], at(7)).unwrap(),
        [serials[3].clone()]
    );
    assert_eq!(access.good_certificates("board", "K01").unwrap(), [other]);
    let listed = access.certificates().unwrap();
    let k01: Vec<_> = listed.iter().filter(|one| one.role == "kiosk").collect();
    assert!(k01.iter().all(|one| one.place == "north door"), "{k01:?}");
}
