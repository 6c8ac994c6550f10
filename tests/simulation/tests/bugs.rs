//! Every planted bug is found within the fixed seeds, by the rule that it breaks.

use tests_simulation::{Bug, run};

#[test]
fn every_planted_bug_is_found_by_its_rule() {
    let mut missed = Vec::new();
    for (bug, rule) in Bug::ALL {
        let first = (0..200).find_map(|seed| {
            let report = run(seed, Some(bug));
            let broken = report.broken.into_iter().find(|(broken, _)| *broken == rule);
            broken.map(|(_, what)| (seed, what))
        });
        match first {
            Some((seed, what)) => println!("{bug:?}: seed {seed}: {what}"),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not found in 200 seeds: {missed:?}");
}
