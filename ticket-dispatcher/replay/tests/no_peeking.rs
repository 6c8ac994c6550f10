//! A decision or forecast may depend only on what has happened: whatever is written into the future of a trace, the log
//! up to then stays the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use ticket_dispatcher_queue_core::Policy;
use ticket_dispatcher_replay::{Options, Trace, simulate};

const TRACE: &str = include_str!("../../../tests/vectors/dispatch/sample-trace.jsonl");

fn play(lines: &[Value], policy: Policy) -> Vec<Value> {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let trace = Trace::parse(text.join("\n").as_bytes()).expect("the trace is right");
    let mut out = Vec::new();
    let options = Options {
        policy,
        forecast_paths: 40,
        ..Options::default()
    };
    simulate(&trace, options)
        .expect("nobody is refused")
        .write(&mut out)
        .expect("memory takes everything");
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a record is JSON"))
        .collect()
}

fn time(line: &Value) -> Option<i64> {
    line["t"].as_i64()
}

/// The same day up to `cut`; after it other people come, services take longer, patience is other, windows stay as they
/// are.
fn other_future(day: &[Value], log: &[Value], cut: i64) -> Vec<Value> {
    let mut shown: BTreeMap<(String, String), i64> = BTreeMap::new();
    for record in log {
        if let (Some(id), Some(t)) = (record["id"].as_str(), time(record)) {
            shown.insert((id.into(), record["rec"].as_str().unwrap_or_default().into()), t);
        }
    }
    let later = |id: &str, what: &str| shown.get(&(id.into(), what.into())).is_none_or(|t| *t > cut);
    let mut other: Vec<Value> = Vec::new();
    for line in day.iter().filter(|line| time(line).is_none_or(|t| t <= cut)) {
        let mut line = line.clone();
        if let Some(id) = line["id"]
            .as_str()
            .map(str::to_string)
            .filter(|_| line["ev"] == "arrive")
        {
            let truth = &mut line["truth"];
            let longer = |truth: &Value, field: &str| json!(truth[field].as_i64().unwrap_or(0) * 3 + 100_000);
            if later(&id, "finish") {
                truth["work_ms"] = longer(truth, "work_ms");
            }
            if later(&id, "start") && later(&id, "no_answer") {
                truth["walk_ms"] = longer(truth, "walk_ms");
            }
            if truth["leave_t"].as_i64() > Some(cut) {
                truth["leave_t"] = json!(cut + 1);
                truth["tells"] = json!(true);
            }
        }
        other.push(line);
    }
    for n in 0..30 {
        let truth = json!({"work_ms": 5000, "walk_ms": 1000, "leave_t": cut + 9_999_999, "tells": false});
        let (t, id) = (cut + 1 + n, format!("X{n:03}"));
        other.push(
            json!({"ev": "arrive", "t": t, "id": id, "service": "A2", "class": "disabled", "booking": null,
            "truth": truth}),
        );
    }
    other
}

#[test]
fn rewriting_the_future_changes_nothing_before_it() {
    let day: Vec<Value> = TRACE
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for policy in Policy::ALL {
        let log = play(&day, policy);
        assert_eq!(log, play(&day, policy), "two runs of one day");
        let before = |log: &[Value], cut: i64| -> Vec<Value> {
            let until = |record: &&Value| time(record).is_some_and(|t| t <= cut) && record["rec"] != "end";
            log.iter().filter(until).cloned().collect()
        };
        for cut in (30_100_000..36_900_000).step_by(613_000) {
            let other = play(&other_future(&day, &log, cut), policy);
            assert_eq!(before(&log, cut), before(&other, cut), "{} at {cut}", policy.name());
        }
    }
}
