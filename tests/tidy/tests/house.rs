//! The house as it stands, held against its rules.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests_tidy::{Breach, arrows, hold, shape, words};

/// What stands at the top, and nothing else.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "clippy.toml",
    "deny.toml",
    "docs",
    "drivers",
    "hall",
    "kiosk",
    "provisioning",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
    "ticket-dispatcher",
    "ui",
];

/// Files that may be larger than 1 MiB, with the reason in docs/ARCHITECTURE.md.
const LARGE: &[&str] = &["ui/fonts/KioskSans-Bold.otf", "ui/fonts/KioskSans-Regular.otf"];

/// Functions of pure code that are longer than they should be. This number may only fall.
const LONG_FUNCTIONS: usize = 0;

/// Folders whose Rust decides something, beside the `codec` and `machine` of every driver.
const PURE: &[&str] = &[
    "ticket-dispatcher/types/src/",
    "ticket-dispatcher/queue-core/src/",
    "kiosk/flow/src/",
    "ui/model/src/",
];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file that is or would be committed.
fn files() -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(top());
    let output = git.output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names are UTF-8");
    let mut names: Vec<String> = names.lines().map(str::to_string).collect();
    names.retain(|name| top().join(name).is_file());
    assert!(names.len() > 50, "only {} files: is this the workspace?", names.len());
    names
}

fn texts(keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let kept = files().into_iter().filter(|name| keep(name));
    let texts: Vec<_> = kept
        .map(|name| {
            let bytes = std::fs::read(top().join(&name)).expect("a listed file can be read");
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect();
    assert!(!texts.is_empty(), "no file to check");
    texts
}

fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(top());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

fn is_pure(name: &str) -> bool {
    let driver = name.starts_with("drivers/") && name.contains("/src/");
    let step = ["/codec", "/machine"].iter().any(|room| name.contains(room));
    name.ends_with(".rs") && (PURE.iter().any(|folder| name.starts_with(folder)) || (driver && step))
}

/// Rust that ships: no tests, no benches, no examples, no build scripts.
fn ships(name: &str) -> bool {
    let aside = ["/tests/", "/benches/", "/examples/"]
        .iter()
        .any(|folder| name.contains(folder));
    name.ends_with(".rs") && name.contains("/src/") && !aside && !name.ends_with("tests.rs")
}

#[test]
fn arrows_never_turn() {
    hold(&arrows::check(&metadata(), arrows::ALLOWED));
}

#[test]
fn every_crate_has_its_paragraph() {
    let page = std::fs::read_to_string(top().join("docs/ARCHITECTURE.md")).expect("the page exists");
    hold(&arrows::named_in(&metadata(), &page));
}

#[test]
fn pure_code_reaches_for_nothing() {
    let rule = "pure code is given its time, bytes and order; move this to a daemon";
    let breaches = texts(is_pure);
    let breaches = breaches
        .iter()
        .flat_map(|(name, text)| words::in_code(name, words::without_tests(text), words::IMPURE, rule));
    hold(&breaches.collect::<Vec<_>>());
}

#[test]
fn long_functions_of_pure_code_only_become_fewer() {
    let texts = texts(is_pure);
    let long = texts
        .iter()
        .flat_map(|(name, text)| shape::long_functions(name, words::without_tests(text)));
    let long: Vec<Breach> = long.collect();
    if long.len() > LONG_FUNCTIONS {
        hold(&long);
    }
    assert_eq!(
        long.len(),
        LONG_FUNCTIONS,
        "fewer than allowed: lower LONG_FUNCTIONS to keep what was won"
    );
}

#[test]
fn lines_fit_the_page() {
    let edited = [".rs", ".slint", ".js", ".css", ".sh", ".py"];
    let keep = |name: &str| name == "hall" || name == ".ci/run" || edited.iter().any(|end| name.ends_with(end));
    let texts = texts(keep);
    hold(
        &texts
            .iter()
            .flat_map(|(name, text)| shape::long_lines(name, text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_left_undone() {
    let texts = texts(|name| name.ends_with(".rs"));
    let undone = texts
        .iter()
        .flat_map(|(name, text)| words::anywhere(name, text, words::UNDONE, "finish it"));
    hold(&undone.collect::<Vec<_>>());
}

#[test]
fn what_ships_never_panics_without_a_reason() {
    let texts = texts(ships);
    let rule = "use expect with the reason why it cannot happen, or an error";
    let found = texts
        .iter()
        .flat_map(|(name, text)| words::in_code(name, words::without_tests(text), words::UNWRAP, rule));
    hold(&found.collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is_for() {
    let texts = texts(ships);
    hold(
        &texts
            .iter()
            .filter_map(|(name, text)| shape::headless(name, text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn names_say_something() {
    hold(
        &files()
            .iter()
            .filter_map(|name| shape::vague_name(name))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn files_stay_small() {
    let large = files().into_iter().filter(|name| {
        let bytes = std::fs::metadata(top().join(name)).map_or(0, |about| about.len());
        bytes > shape::FILE_BYTES && !LARGE.contains(&name.as_str())
    });
    assert_eq!(large.collect::<Vec<_>>(), [""; 0], "files above 1 MiB");
}

#[test]
fn no_file_names_a_machine() {
    let binary = [".otf", ".png", ".ttf", ".bin"];
    let texts = texts(|name| !binary.iter().any(|end| name.ends_with(end)));
    let rule = "means nothing on another machine";
    let found = texts
        .iter()
        .flat_map(|(name, text)| words::anywhere(name, text, words::MACHINE, rule));
    hold(&found.collect::<Vec<_>>());
}

#[test]
fn the_top_of_the_house_stays_as_it_is() {
    let mut found: Vec<String> = files()
        .iter()
        .map(|name| name.split('/').next().unwrap_or_default().to_string())
        .collect();
    found.dedup();
    found.retain(|name| !TOP.contains(&name.as_str()));
    assert_eq!(
        found, [""; 0],
        "new at the top; a product area goes into one of the folders that exist"
    );
}

/// Every place that opens a seal, with the record that an auditor has of it. A new one needs a record of its own.
const OPENS_SEALS: &[(&str, &str)] = &[
    (
        "kiosk/daemon/src/alone.rs",
        "the ticket that is handed over: a row of the journal",
    ),
    (
        "kiosk/daemon/src/vault.rs",
        "slips and pictures of the kiosk's own: what is printed or made again",
    ),
    (
        "ticket-dispatcher/access/src/account.rs",
        "the seed of one-time passwords: the sign-in",
    ),
    (
        "ticket-dispatcher/access/src/codes.rs",
        "the secret of a code: the enrolment",
    ),
    ("ticket-dispatcher/identity/src/gm_soft.rs", "its own tests"),
    (
        "ticket-dispatcher/ledger/src/holder.rs",
        "the key of the day, which is nobody's",
    ),
];

#[test]
fn a_sealed_field_is_opened_in_known_places_alone() {
    let sources = texts(|name| name.ends_with(".rs") && name.contains("/src/"));
    let opening = sources.iter().filter(|(_, text)| text.contains(".open(cell("));
    let found: Vec<&str> = opening.map(|(name, _)| name.as_str()).collect();
    let known: Vec<&str> = OPENS_SEALS.iter().map(|(name, _)| *name).collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted, known,
        "who reads a sealed field, and what does the auditor see of it?"
    );
}
