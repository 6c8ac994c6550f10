//! Every pair of power cuts of the maker, its host, or both, on every ground: minutes long, so `./hall bench` runs it.
//! Prints how many plans were played and how fast; ends with an error at the first invariant that breaks.

use std::process::ExitCode;
use std::time::Instant;

use tests_simulation::maker::{Plan, each_pair, grounds};

/// Plays all pairs on these grounds; how many, and what broke.
fn play(grounds: &[Plan]) -> (u64, Vec<String>) {
    let (mut count, mut broken) = (0, Vec::new());
    for ground in grounds {
        each_pair(ground, &mut |plan, played| {
            count += 1;
            if !played.broken.is_empty() && broken.len() < 5 {
                broken.push(format!("{plan:?}: {}", played.broken.join("; ")));
            }
        });
    }
    (count, broken)
}

fn main() -> ExitCode {
    let began = Instant::now();
    let mut all = grounds();
    all.extend(grounds().into_iter().map(|ground| Plan { torn: true, ..ground }));
    let half = all.len() / 2;
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = all.chunks(half).map(|half| scope.spawn(move || play(half))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a panic in a play is shown above"))
            .collect::<Vec<_>>()
    });
    let count: u64 = results.iter().map(|(count, _)| count).sum();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "maker, pairs of power cuts: {count} plans in {seconds:.0} s, {:.0} a second",
        count as f64 / seconds
    );
    let broken: Vec<_> = results.into_iter().flat_map(|(_, broken)| broken).collect();
    for line in &broken {
        println!("BROKEN {line}");
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
