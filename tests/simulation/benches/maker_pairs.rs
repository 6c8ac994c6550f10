//! Pairs of accidents of the maker, its host, or both, on every ground: minutes long, so `./hall bench` runs it.
//! Two power cuts, also beside each fault of the machine; a cut beside each lost, doubled, late or damaged frame; a cut
//! beside each stuck sensor. Prints how many plans were played and how fast; ends with an error where an invariant
//! breaks. `-- frame` plays the kinds alone whose name has the word.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use drivers_temp_id_maker::codec::Step;
use tests_simulation::maker::{FrameFate, Plan, Played, each_cut, each_pair, grounds, run};

/// Faults with the steps at which they are caused.
const FAULTS: [(u16, Step); 9] = [
    (0x0105, Step::Cut),
    (0x0204, Step::Print),
    (0x0303, Step::Feed),
    (0x0304, Step::Feed),
    (0x0305, Step::Feed),
    (0x0306, Step::Laminate),
    (0x0404, Step::Laminate),
    (0x0406, Step::Laminate),
    (0x0503, Step::Present),
];
/// Sensors of film, hopper, path, shutter and bins.
const SENSORS: [u32; 12] = [3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 22, 23];
const FATES: [FrameFate; 5] = [
    FrameFate::RequestLost,
    FrameFate::ReplyLost,
    FrameFate::Doubled,
    FrameFate::Late,
    FrameFate::Damaged,
];

type Each<'a> = &'a mut dyn FnMut(&Plan, &Played);

/// Plays every frame's fate beside every cut.
fn frames_and_cuts(ground: &Plan, each: Each<'_>) {
    for fate in FATES {
        for at in 0.. {
            let plan = Plan {
                frame: Some((at, fate)),
                ..ground.clone()
            };
            if !run(&plan).frame_met {
                break;
            }
            each_cut(&plan, each);
        }
    }
}

fn sensors(ground: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for bit in SENSORS {
        for on in [false, true] {
            for lie_at in [None, Some(Step::Feed), Some(Step::Laminate), Some(Step::Present)] {
                all.push(Plan {
                    lie: Some((bit, on)),
                    lie_at,
                    ..ground.clone()
                });
            }
        }
    }
    all
}

/// Plays the grounds on all cores; true when every invariant held.
fn play(what: &str, grounds: Vec<Plan>, kind: impl Fn(&Plan, Each<'_>) + Sync) -> (u64, bool) {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    if words.next().is_some_and(|word| !what.contains(&word)) {
        return (0, true);
    }
    let began = Instant::now();
    let left = Mutex::new(grounds);
    let sum = Mutex::new((0_u64, Vec::new()));
    let work = || {
        loop {
            let ground = left.lock().ok().and_then(|mut left| left.pop());
            let Some(ground) = ground else { return };
            let (mut count, mut broken) = (0, Vec::new());
            kind(&ground, &mut |plan, played| {
                count += 1;
                if !played.broken.is_empty() && broken.len() < 5 {
                    broken.push(format!("{plan:?}: {}", played.broken.join("; ")));
                }
            });
            // Hours on a busy machine: what is over is told at once.
            eprintln!("maker, {what}: {count} plans on a ground, {} broke", broken.len());
            if let Ok(mut sum) = sum.lock() {
                sum.0 += count;
                sum.1.extend(broken);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .for_each(|worker| worker.join().expect("a panic in a play is shown above"));
    });
    let (count, broken) = sum.into_inner().unwrap_or_default();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "maker, {what}: {count} plans in {seconds:.0} s, {:.0} a second",
        count as f64 / seconds
    );
    broken.iter().take(10).for_each(|line| println!("BROKEN {line}"));
    (count, broken.is_empty())
}

fn main() -> ExitCode {
    let mut plain = grounds();
    plain.extend(grounds().into_iter().map(|ground| Plan { torn: true, ..ground }));
    let taken: Vec<Plan> = grounds().into_iter().filter(|ground| !ground.never_taken).collect();
    let with_fault = FAULTS.iter().flat_map(|fault| {
        let fault = Some(*fault);
        taken.iter().cloned().map(move |ground| Plan { fault, ..ground })
    });
    let all = [
        play("one cut", plain.clone(), each_cut),
        play("two cuts", plain.clone(), each_pair),
        play("two cuts beside a fault", with_fault.collect(), each_pair),
        play("a cut beside a frame's fate", plain, frames_and_cuts),
        play(
            "a cut beside a stuck sensor",
            grounds().iter().flat_map(sensors).collect(),
            each_cut,
        ),
    ];
    let count: u64 = all.iter().map(|(count, _)| count).sum();
    println!("maker, in all: {count} plans");
    if all.iter().all(|(_, held)| *held) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
