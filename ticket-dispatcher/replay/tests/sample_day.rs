//! The published sample, and traces that are wrong.

use ticket_dispatcher_queue_core::Policy;
use ticket_dispatcher_replay::{Options, Trace, simulate};

const TRACE: &str = include_str!("../../../tests/vectors/dispatch/sample-trace.jsonl");
const REPORT: &str = include_str!("../../../tests/vectors/dispatch/sample-report.jsonl");

fn lines(report: &str) -> Vec<serde_json::Value> {
    report
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record is JSON"))
        .collect()
}

fn play(trace: &str, options: Options) -> String {
    let trace = Trace::parse(trace.as_bytes()).expect("the trace is right");
    let mut out = Vec::new();
    simulate(&trace, options)
        .expect("nobody is refused")
        .write(&mut out)
        .expect("memory takes everything");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn the_sample_trace_gives_the_sample_report_record_for_record() {
    let report = play(
        TRACE,
        Options {
            policy: Policy::Fifo,
            forecast_paths: 0,
            ..Options::default()
        },
    );
    assert_eq!(lines(&report), lines(REPORT));
}

#[test]
fn a_wrong_trace_is_refused_with_the_number_of_its_line() {
    let all: Vec<&str> = TRACE.lines().collect();
    let first_arrival = all
        .iter()
        .position(|line| line.contains("\"arrive\""))
        .expect("somebody comes");
    let with = |at: usize, line: &str| {
        let mut lines = all.clone();
        lines[at] = line;
        lines.join("\n")
    };
    let arrival = all[first_arrival];
    let cases = [
        (String::new(), 1, "`meta`"),
        (all[1..].join("\n"), 1, "`meta`"),
        (
            with(0, &all[0].replace("hall-trace/1", "hall-trace/2")),
            1,
            "hall-trace/2",
        ),
        (with(3, r#"{"ev":"earthquake","id":"X"}"#), 4, "earthquake"),
        (with(4, "{broken"), 5, ""),
        (
            with(first_arrival, &arrival.replace("\"service\":\"A1\",", "")),
            first_arrival + 1,
            "service",
        ),
        (
            with(first_arrival, &arrival.replace("\"booking\":null,", "")),
            first_arrival + 1,
            "booking",
        ),
        (
            with(first_arrival, &arrival.replace("\"A1\"", "\"A9\"")),
            first_arrival + 1,
            "unknown service `A9`",
        ),
        (
            with(first_arrival, &arrival.replace("null", "\"K99\"")),
            first_arrival + 1,
            "unknown booking `K99`",
        ),
        (
            with(
                first_arrival + 1,
                &arrival.replace("T001", "T002").replace("30067000", "29067000"),
            ),
            first_arrival + 2,
            "backwards",
        ),
        (with(first_arrival + 1, arrival), first_arrival + 2, "T001"),
        (with(first_arrival + 1, all[1]), first_arrival + 2, "header"),
        (
            with(first_arrival, &arrival.replace("263000", "0")),
            first_arrival + 1,
            "positive",
        ),
    ];
    for (trace, line, words) in cases {
        let error = Trace::parse(trace.as_bytes()).expect_err(words);
        assert_eq!(error.line, line, "{error}");
        assert!(error.what.contains(words), "{error} says nothing of {words}");
    }
}

#[test]
fn extra_fields_blank_lines_and_a_missing_archive_do_no_harm() {
    let kept: Vec<&str> = TRACE.lines().filter(|line| !line.contains("\"archive\"")).collect();
    let trace = kept.join("\n\n").replace("{\"ev\"", "{\"colour\":\"green\",\"ev\"");
    let report = play(
        &trace,
        Options {
            policy: Policy::Fifo,
            forecast_paths: 0,
            ..Options::default()
        },
    );
    assert_eq!(lines(&report), lines(REPORT));
}
