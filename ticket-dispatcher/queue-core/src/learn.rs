//! What the hall has learnt about how long services take: from past days, then from every finish.
//!
//! Sums are integers, so that two rebuilds are equal to the last bit. Logarithms come from `libm`, which computes the
//! same on every machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::ServiceId;

use crate::calibrate::Calibration;
use crate::config::HallConfig;
use crate::index::Index;

/// Weight of the group's experience against a service's own, in services rendered.
const SHRINK: f64 = 4.0;
/// Milli-nats would do; micro-nats keep rounding out of sight.
const MICRO: f64 = 1e6;
/// Services after which a window's own pace counts half: the clerks' spread is a seventh of the services'.
const PACE_SHRINK: f64 = 45.0;
/// The old and the disabled took a sixth longer on the days that we tuned on; counts like so many services.
const SLOW_LN: f64 = 0.155;
const SLOW_WEIGHT: f64 = 300.0;
/// Taken for a service that nobody has ever timed, in a group that nobody has ever timed.
const UNTIMED_MS: i64 = 480_000;
/// Spread (standard deviation of the logarithm) when there is nothing to learn it from.
const UNTIMED_SPREAD: f64 = 0.55;

/// Sums over the durations of one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub(crate) n: i64,
    pub(crate) ms: i64,
    /// Sum of logarithms of milliseconds, micro-nats.
    pub(crate) ln: i64,
    /// Sum of their squares, micro-nats.
    pub(crate) ln2: i64,
}

#[allow(clippy::cast_possible_truncation)] // logarithms of milliseconds are small
fn micro(value: f64) -> i64 {
    (value * MICRO).round() as i64
}

impl Sums {
    pub(crate) fn add(&mut self, ms: i64) {
        let ln = libm::log(ms.max(1) as f64);
        self.n += 1;
        self.ms += ms;
        self.ln += micro(ln);
        self.ln2 += micro(ln * ln);
    }

    fn join(&mut self, other: &Self) {
        self.n += other.n;
        self.ms += other.ms;
        self.ln += other.ln;
        self.ln2 += other.ln2;
    }

    /// What came on top of `other`.
    fn beyond(&self, other: &Self) -> Self {
        Self {
            n: self.n - other.n,
            ms: self.ms - other.ms,
            ln: self.ln - other.ln,
            ln2: self.ln2 - other.ln2,
        }
    }
}

/// What a hall has learnt beyond its hall file and takes over into the next day: for snapshots of a journal, so that a
/// restart foresees and chooses as if there had been none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experience {
    /// Only services that were rendered.
    services: BTreeMap<ServiceId, Sums>,
    slow: (i64, i64),
    calibration: Calibration,
}

/// Sums of every service, in the order of the hall file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Learnt {
    pub(crate) services: Vec<Sums>,
    /// By window: today's services, and by how much they were longer than usual, in sums of micro-nats.
    pub(crate) windows: Vec<(i64, i64)>,
    /// Services of the old and the disabled, likewise.
    pub(crate) slow: (i64, i64),
    /// How well forecasts held.
    pub(crate) calibration: Calibration,
}

impl Learnt {
    pub(crate) fn new(config: &HallConfig) -> Self {
        let sums = |hist: &Vec<i64>| {
            let mut sums = Sums::default();
            hist.iter().filter(|ms| **ms > 0).for_each(|ms| sums.add(*ms));
            sums
        };
        Self {
            services: config.services.iter().map(|service| sums(&service.hist_ms)).collect(),
            windows: vec![(0, 0); config.windows.len()],
            slow: (0, 0),
            calibration: Calibration::default(),
        }
    }

    /// A service that took `ms`; `usual` is the mean logarithm of such services.
    pub(crate) fn add(&mut self, service: usize, window: Option<usize>, slow: bool, ms: i64, usual: f64) {
        self.services[service].add(ms);
        let longer_by = libm::log(ms.max(1) as f64) - usual;
        if slow {
            self.slow.0 += 1;
            self.slow.1 += micro(longer_by);
        }
        let longer_by = if slow { longer_by - self.slow_ln() } else { longer_by };
        if let Some(window) = window {
            let (n, longer) = &mut self.windows[window];
            *n += 1;
            *longer += micro(longer_by);
        }
    }

    /// Logarithm of how much longer the old and the disabled take.
    fn slow_ln(&self) -> f64 {
        let (n, longer) = self.slow;
        (longer as f64 / MICRO + SLOW_LN * SLOW_WEIGHT) / (n as f64 + SLOW_WEIGHT)
    }

    /// The same in 1024ths of the usual.
    #[allow(clippy::cast_possible_truncation)] // clamped before
    pub(crate) fn slow_size(&self) -> i64 {
        (libm::exp(self.slow_ln().clamp(-0.3, 0.7)) * 1024.0).round() as i64
    }

    /// What outlives the day.
    pub(crate) fn experience(&self, config: &HallConfig) -> Experience {
        let known = Self::new(config);
        let learnt = config.services.iter().zip(self.services.iter().zip(&known.services));
        let learnt = learnt.map(|(service, (now, known))| (service.id.clone(), now.beyond(known)));
        Experience {
            services: learnt.filter(|(_, sums)| *sums != Sums::default()).collect(),
            slow: self.slow,
            calibration: self.calibration,
        }
    }

    /// What a hall knows that has this experience. Services that the hall file has no longer are left out.
    pub(crate) fn with(config: &HallConfig, experience: &Experience) -> Self {
        let mut learnt = Self::new(config);
        for (service, sums) in config.services.iter().zip(&mut learnt.services) {
            if let Some(more) = experience.services.get(&service.id) {
                sums.join(more);
            }
        }
        learnt.slow = experience.slow;
        learnt.calibration = experience.calibration;
        learnt
    }

    /// Other clerks may sit at the windows today.
    pub(crate) fn new_day(&mut self) {
        self.windows.fill((0, 0));
    }

    /// How long services take at a window against the usual, in 1024ths: its own, drawn to the hall's today and to 1.
    #[allow(clippy::cast_possible_truncation)] // clamped before
    pub(crate) fn pace(&self, window: usize) -> i64 {
        let (n, longer) = self.windows.iter().fold((0, 0), |(n, l), (m, k)| (n + m, l + k));
        let hall = longer as f64 / MICRO / (n as f64 + PACE_SHRINK * 4.0);
        let (n, longer) = self.windows[window];
        let own = (longer as f64 / MICRO + PACE_SHRINK * hall) / (n as f64 + PACE_SHRINK);
        (libm::exp(own.clamp(-0.7, 0.7)) * 1024.0).round() as i64
    }
}

/// Log-normal model of one service, and its mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Model {
    /// Mean duration, ms.
    pub(crate) mean_ms: f64,
    /// Mean of the logarithm of ms.
    pub(crate) mu: f64,
    /// Standard deviation of the logarithm.
    pub(crate) sigma: f64,
}

/// What follows from [`Learnt`]; recomputed, never stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Models {
    pub(crate) services: Vec<Model>,
    /// Mean over the services of `mean_ms`.
    pub(crate) mean_ms: f64,
}

impl Models {
    pub(crate) fn new(index: &Index, learnt: &Learnt) -> Self {
        let mut groups = vec![Sums::default(); index.groups.len().max(1)];
        let mut all = Sums::default();
        for (service, sums) in learnt.services.iter().enumerate() {
            groups[index.service_group[service]].join(sums);
            all.join(sums);
        }
        let whole = shrunk(
            &all,
            Model {
                mean_ms: UNTIMED_MS as f64,
                mu: libm::log(UNTIMED_MS as f64),
                sigma: UNTIMED_SPREAD,
            },
        );
        let groups: Vec<Model> = groups.iter().map(|sums| shrunk(sums, whole)).collect();
        let service = |(ix, sums)| shrunk(sums, groups[index.service_group[ix]]);
        let services: Vec<Model> = learnt.services.iter().enumerate().map(service).collect();
        let mean_ms = services.iter().map(|m| m.mean_ms).sum::<f64>() / (services.len().max(1) as f64);
        Self { services, mean_ms }
    }
}

fn shrunk(sums: &Sums, prior: Model) -> Model {
    let n = sums.n as f64;
    let mu = (sums.ln as f64 / MICRO + SHRINK * prior.mu) / (n + SHRINK);
    // Spread about the shrunk centre, so that a service far from its group is not called more certain than it is.
    let own = sums.ln2 as f64 / MICRO - 2.0 * mu * (sums.ln as f64 / MICRO) + n * mu * mu;
    let variance = (own.max(0.0) + SHRINK * prior.sigma * prior.sigma) / (n + SHRINK);
    Model {
        mean_ms: (sums.ms as f64 + SHRINK * prior.mean_ms) / (n + SHRINK),
        mu,
        sigma: libm::sqrt(variance).max(0.05),
    }
}
