//! `ticket-dispatcher simulate` as people run it: its exit status, its words, its picture.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops where it stands

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TRACE: &str = include_str!("../../../tests/vectors/dispatch/sample-trace.jsonl");

fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("simulate-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn simulate(dir: &Path, trace: &str, more: &[&str]) -> Output {
    let file = dir.join("day.jsonl");
    std::fs::write(&file, trace).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"));
    command.arg("simulate").arg("--trace").arg(&file);
    command.arg("--report").arg(dir.join("report.jsonl")).args(more);
    command.output().unwrap()
}

#[test]
fn a_wrong_trace_ends_with_status_2_and_the_number_of_its_line() {
    let dir = folder("wrong");
    let lines: Vec<&str> = TRACE.lines().collect();
    let first = lines.iter().position(|line| line.contains("\"arrive\"")).unwrap();
    let with = |at: usize, line: String| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_string()).collect();
        lines[at] = line;
        lines.join("\n")
    };
    let unknown = with(3, r#"{"ev":"earthquake","id":"X"}"#.into());
    let missing = with(first, lines[first].replace("\"service\":\"A1\",", ""));
    let backwards = with(
        first + 1,
        lines[first].replace("T001", "T002").replace("30067000", "29067000"),
    );
    for (trace, line, word) in [
        (unknown, 4, "earthquake"),
        (missing, first + 1, "service"),
        (backwards, first + 2, "backwards"),
    ] {
        let output = simulate(&dir, &trace, &["--no-eta"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("line {line}")) && said.contains(word), "{said}");
        assert!(!dir.join("report.jsonl").exists(), "a wrong day leaves no report");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_day_is_drawn_with_queue_waits_and_forecasts() {
    let dir = folder("plot");
    let picture = dir.join("day.svg");
    let output = simulate(&dir, TRACE, &["--plot", picture.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let svg = std::fs::read_to_string(&picture).unwrap();
    for words in [
        "<svg",
        "People waiting, and open windows",
        "Mean wait",
        "what happened",
        "</svg>",
    ] {
        assert!(svg.contains(words), "the picture has no {words}");
    }
    let again = simulate(&dir, TRACE, &["--plot", picture.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(
        std::fs::read_to_string(&picture).unwrap(),
        svg,
        "the same day gives the same picture"
    );
    std::fs::remove_dir_all(&dir).unwrap();
}
