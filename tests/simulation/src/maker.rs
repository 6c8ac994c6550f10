//! The maker of temporary cards under power cuts: the real host machine and driver, the real firmware and its world,
//! on a line and a clock of their own.
//!
//! A [`Plan`] says who loses power before which elementary action (a movement or a write of the machine, an order or a
//! write of the host), once or twice, and what else goes wrong; [`run`] plays one making record to its end and then
//! once more from nothing, and says which invariant broke. It must never know how the firmware is written: it sees
//! orders, counters, and where cards are.

mod bench;
mod host;
mod rules;

pub use bench::{Bench, TAG};
pub use host::run;

use drivers_emulators::maker::Weakness;
use drivers_temp_id_maker::codec::Step;

/// Who loses power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The machine, for two seconds.
    Machine,
    /// The host's program, which starts again.
    Host,
    /// Both at once, counted by the machine's actions.
    Both,
}

/// A cut before the `at`-th elementary action since the last cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Who.
    pub who: Who,
    /// Counts from 0.
    pub at: u32,
}

/// What happens to one frame, counted over those that are no mere question for the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFate {
    /// The request never arrives.
    RequestLost,
    /// The reply never arrives.
    ReplyLost,
    /// The request arrives twice.
    Doubled,
    /// The reply arrives after the next one was asked for.
    Late,
    /// One bit of the request turns.
    Damaged,
}

/// A rule that the host breaks, planted to prove that it would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostWeakness {
    /// The ids of jobs are drawn anew after a restart without a database.
    RandomIds,
    /// A second job is opened whatever became of the first.
    AlwaysAnother,
}

/// One play.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In this order.
    pub cuts: Vec<Cut>,
    /// A hand pulls what it can reach as soon as the machine is dark.
    pub pulled: bool,
    /// The host's database is lost at each of its restarts.
    pub db_lost: bool,
    /// Nobody takes the card.
    pub never_taken: bool,
    /// Each cut tears the write that was under way.
    pub torn: bool,
    /// A sensor that says always the same.
    pub lie: Option<(u32, bool)>,
    /// From this step on; none: from the start.
    pub lie_at: Option<Step>,
    /// A frame, and what becomes of it.
    pub frame: Option<(u32, FrameFate)>,
    /// A fault of TIM/1 that is caused when a step begins.
    pub fault: Option<(u16, Step)>,
    /// A planted weakness of the machine.
    pub weakness: Option<Weakness>,
    /// A planted weakness of the host.
    pub host_weakness: Option<HostWeakness>,
}

/// What one play showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Played {
    /// Cuts that took place; fewer than planned when the job was over before.
    pub cuts: usize,
    /// The frame of the plan was sent.
    pub frame_met: bool,
    /// Frames that the host sent.
    pub frames: u64,
    /// Milliseconds of the machine's time.
    pub ms: u64,
    /// Cards in a hand.
    pub hands: u32,
    /// Invariants that broke, by their number in the reference; empty when all hold.
    pub broken: Vec<String>,
}

/// Every pair of pulled, database lost, never taken.
pub fn grounds() -> Vec<Plan> {
    let mut all = Vec::new();
    for pulled in [false, true] {
        for db_lost in [false, true] {
            for never_taken in [false, true] {
                all.push(Plan {
                    pulled,
                    db_lost,
                    never_taken,
                    ..Plan::default()
                });
            }
        }
    }
    all
}

/// Plays `ground` with one more cut, before every action of everybody, until the job is over before the cut comes.
pub fn each_cut(ground: &Plan, each: &mut dyn FnMut(&Plan, &Played)) {
    for who in [Who::Machine, Who::Host, Who::Both] {
        for at in 0.. {
            let mut plan = ground.clone();
            plan.cuts.push(Cut { who, at });
            let played = run(&plan);
            if played.cuts < plan.cuts.len() {
                break;
            }
            each(&plan, &played);
        }
    }
}

/// The same with two cuts.
pub fn each_pair(ground: &Plan, each: &mut dyn FnMut(&Plan, &Played)) {
    each_cut(ground, &mut |first, _| each_cut(first, each));
}
