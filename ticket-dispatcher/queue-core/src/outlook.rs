//! What a look-ahead needs to know of the hall beyond its state: how people walk, leave and come, how windows keep to
//! their plan. Learnt from the archive where there is one; the defaults are those of the street hall we tuned on.

use ticket_dispatcher_types::Millis;

use crate::config::HallConfig;
use crate::curve::{Curve, POINTS, normal_quantiles};
use crate::draw::{What, draw, key};
use crate::index::Index;
use crate::learn::{Model, Models};

/// Middle and spread (of the logarithm) of the time after which a person leaves, by class, minutes.
const PATIENCE: [(f64, f64); 4] = [(62.0, 0.56), (100.0, 0.62), (95.0, 0.62), (75.0, 0.62)];
/// Share of those who leave that say so.
pub(crate) const TELLS: u32 = 65_536 * 3 / 10;
/// Bins of a minute in which leaving is kept.
pub(crate) const LEAVE_BINS: usize = 180;
/// Middle and spread of the walk from call to start: most people; the old and the disabled.
const WALK_MS: [(f64, f64); 2] = [(23_500.0, 0.39), (41_000.0, 0.4)];
/// What the two walk against the mixture that an archive holds.
const WALK_PART: [i64; 2] = [93, 162];
const DEVIATION_MS: f64 = 150_000.0;
const BOOK_OFFSET_MS: (f64, f64) = (-420_000.0, 400_000.0);
const BOOK_NO_SHOW_PCT: u32 = 10;
const FAULT_MS: [i64; 9] = [
    420_000, 1_200_000, 2_700_000, 4_800_000, 5_160_000, 5_280_000, 5_400_000, 5_520_000, 5_760_000,
];

/// A walk-in who may come in a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WalkIn {
    pub(crate) at: i64,
    pub(crate) class: u8,
    pub(crate) service: u16,
    /// Kept when below the day's factor, in 64ths.
    pub(crate) keep: u8,
    pub(crate) key: u64,
}

/// The hall's habits, as tables.
#[derive(Debug)]
pub(crate) struct Outlook {
    pub(crate) normal: [f64; POINTS],
    /// Call to start: most people; the old and the disabled.
    pub(crate) walk: [Curve; 2],
    /// By class and minute of wait: share that has left, in 65536ths.
    pub(crate) leave: [Vec<u32>; 4],
    pub(crate) open_dev: Curve,
    pub(crate) close_dev: Curve,
    pub(crate) fault: Curve,
    pub(crate) book_offset: Curve,
    pub(crate) book_no_show_pct: u32,
    /// Walk-ins by path, in order of time, at twice the usual rate; thinned to the day's.
    pub(crate) walk_ins: Vec<Vec<WalkIn>>,
    /// By path and ten minutes of the day: how many of `walk_ins` come before. Saves a search in cold memory.
    walk_in_bins: Vec<[u16; DAY_BINS]>,
}

/// Ten minutes each.
const DAY_BINS: usize = 145;

/// The rate at which walk-ins are drawn, over the usual one.
pub(crate) const THINNING: u32 = 2;

impl Outlook {
    pub(crate) fn new(config: &HallConfig, index: &Index) -> Self {
        let normal = normal_quantiles();
        let archive = &config.archive;
        let bell = |mean: f64, sd: f64| Curve::normal(mean, sd, &normal);
        let measured = |values: &[i64], default: Curve| Curve::measured(values).unwrap_or(default);
        let walk = |kind: usize| {
            let seen: Vec<i64> = archive.walk_ms.iter().map(|ms| ms * WALK_PART[kind] / 100).collect();
            let (middle, spread) = WALK_MS[kind];
            measured(&seen, Curve::log_normal(libm::log(middle), spread, &normal))
        };
        let paths = 0..u64::from(config.forecast_paths);
        let walk_ins: Vec<Vec<WalkIn>> = paths.map(|path| walk_ins(config, index, path)).collect();
        Self {
            walk_in_bins: walk_ins.iter().map(|all| bins(all)).collect(),
            walk_ins,
            walk: [walk(0), walk(1)],
            leave: core::array::from_fn(|class| leaving(class, &archive.no_answer_permille)),
            open_dev: measured(&archive.open_dev_ms, bell(0.0, DEVIATION_MS)),
            close_dev: measured(&archive.close_dev_ms, bell(0.0, DEVIATION_MS)),
            fault: measured(
                if archive.fault_ms.is_empty() {
                    &FAULT_MS
                } else {
                    &archive.fault_ms
                },
                bell(0.0, 1.0),
            ),
            book_offset: measured(&archive.book_offset_ms, bell(BOOK_OFFSET_MS.0, BOOK_OFFSET_MS.1)),
            book_no_show_pct: archive.book_no_show_pct.unwrap_or(BOOK_NO_SHOW_PCT),
            normal,
        }
    }

    /// Share of a class that has left after a wait, in 65536ths.
    #[inline]
    pub(crate) fn left(&self, class: usize, wait_ms: i64) -> u32 {
        let minute = usize::try_from(wait_ms / 60_000).unwrap_or(0).min(LEAVE_BINS - 1);
        self.leave[class][minute]
    }

    /// Place of the first walk-in of a path after `now`.
    #[inline]
    pub(crate) fn walk_ins_before(&self, path: u64, now: i64) -> usize {
        let path = usize::try_from(path).unwrap_or(0);
        let bin = usize::try_from(now / 600_000).unwrap_or(0).min(DAY_BINS - 1);
        let from = usize::from(self.walk_in_bins[path][bin]);
        from + self.walk_ins[path][from..].iter().take_while(|w| w.at <= now).count()
    }

    /// Durations of every service.
    pub(crate) fn durations(&self, models: &Models) -> Vec<Curve> {
        models.services.iter().map(|model| self.duration(model)).collect()
    }

    pub(crate) fn duration(&self, model: &Model) -> Curve {
        Curve::log_normal(model.mu, model.sigma, &self.normal)
    }
}

fn bins(walk_ins: &[WalkIn]) -> [u16; DAY_BINS] {
    core::array::from_fn(|bin| {
        let from = bin as i64 * 600_000;
        u16::try_from(walk_ins.partition_point(|w| w.at < from)).unwrap_or(u16::MAX)
    })
}

/// From the archive's share of calls in vain, or the default patience.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a share is between 0 and 1
fn leaving(class: usize, permille: &[(i64, i64, i64)]) -> Vec<u32> {
    let silent = 1.0 - f64::from(TELLS) / 65_536.0;
    let default = |minute: usize| {
        let (middle, spread) = PATIENCE[class];
        let z = libm::log((minute as f64 + 0.5) / middle) / spread;
        0.5 * (1.0 + libm::erf(z / core::f64::consts::SQRT_2))
    };
    let seen = |minute: usize| {
        let ms = minute as i64 * 60_000 + 30_000;
        let bin = permille
            .iter()
            .find(|(from, to, _)| (*from..*to).contains(&ms))
            .or(permille.last());
        // Of those called, `left * silent` against `1 - left * tells`; small shares, so the difference is left out.
        bin.map_or(0.0, |(_, _, share)| *share as f64 / 1000.0 / silent)
    };
    let share = |minute| {
        if permille.is_empty() {
            default(minute)
        } else {
            seen(minute)
        }
    };
    let mut most = 0.0_f64;
    (0..LEAVE_BINS)
        .map(|minute| {
            most = most.max(share(minute).clamp(0.0, 0.98));
            (most * 65_536.0) as u32
        })
        .collect()
}

/// The walk-ins of one path, by group and bin of the profiles; services by how often they were timed.
fn walk_ins(config: &HallConfig, index: &Index, path: u64) -> Vec<WalkIn> {
    let mut all = Vec::new();
    for (n, profile) in config.profiles.iter().enumerate() {
        let Some(group) = index.groups.get(&profile.group) else {
            continue;
        };
        let services: Vec<(usize, u64)> = (0..config.services.len())
            .filter(|s| index.service_group[*s] == *group)
            .map(|s| (s, config.services[s].hist_ms.len() as u64 + 1))
            .collect();
        let weight: u64 = services.iter().map(|(_, w)| w).sum();
        if weight == 0 || profile.days == 0 {
            continue;
        }
        for (bin, (from, count)) in profile.from.iter().zip(&profile.counts).enumerate() {
            let to = profile.from.get(bin + 1).map_or(from.0 + 1_800_000, |next| next.0);
            let seed = key(
                config.seed,
                (u128::from(path) << 64) | ((n as u128) << 32) | bin as u128 | (1 << 127),
            );
            let trials = u64::from(*count) * u64::from(THINNING);
            // Each past arrival comes again with the chance of one day in `days`: binomial, near to Poisson.
            for trial in 0..trials {
                let dice = draw(seed, trial, What::WalkIn);
                if u64::from(dice) * u64::from(profile.days) >= 65_536 {
                    continue;
                }
                let more = key(seed, u128::from(trial));
                all.push(walk_in(
                    profile.disabled_pct,
                    profile.elderly_pct,
                    *from,
                    to,
                    &services,
                    weight,
                    more,
                ));
            }
        }
    }
    all.sort_by_key(|w| (w.at, w.key));
    all
}

fn walk_in(
    disabled_pct: u32,
    elderly_pct: u32,
    from: Millis,
    to: i64,
    services: &[(usize, u64)],
    weight: u64,
    key: u64,
) -> WalkIn {
    let percent = u32::try_from(key % 100).expect("below 100");
    let class = if percent < disabled_pct {
        1
    } else if percent < disabled_pct + elderly_pct {
        2
    } else {
        3
    };
    let mut rest = (key >> 8) % weight;
    let mut service = services[0].0;
    for (s, w) in services {
        service = *s;
        if rest < *w {
            break;
        }
        rest -= w;
    }
    let part = i64::from(draw(key, 0, What::Offset));
    let keep = u8::try_from(draw(key, 1, What::Show) >> 10).expect("64 values");
    let service = u16::try_from(service).unwrap_or(0);
    WalkIn {
        at: from.0 + (to - from.0) * part / 65_536,
        class,
        service,
        keep,
        key,
    }
}
