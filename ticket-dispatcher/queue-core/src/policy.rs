//! How urgent a ticket is: the policies and their settings.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Class, Millis};

/// Which rule chooses the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The earliest ticket: the fair reference.
    Fifo,
    /// Class first, then the earliest: what most halls have; the ordinary wait long at peaks.
    Priority,
    /// Earliest due: base time plus what the hall promises the class.
    Due,
    /// Urgency grows with the wait, faster for some classes.
    Accumulating,
    /// Urgency grows with the wait and falls with the length of the matter.
    Gcmu,
    /// Accumulating, bent towards short matters.
    Ratio,
    /// The group whose queue exceeds its share most, then earliest due.
    QueueRatio,
    /// Ours: see `docs/dispatch.md`.
    #[default]
    Balanced,
}

impl Policy {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 8] = [
        Self::Fifo,
        Self::Priority,
        Self::Due,
        Self::Accumulating,
        Self::Gcmu,
        Self::Ratio,
        Self::QueueRatio,
        Self::Balanced,
    ];

    /// As written in the hall file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Priority => "priority",
            Self::Due => "due",
            Self::Accumulating => "accumulating",
            Self::Gcmu => "gcmu",
            Self::Ratio => "ratio",
            Self::QueueRatio => "queue-ratio",
            Self::Balanced => "balanced",
        }
    }

    /// By name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// Which of several idle windows takes the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowRule {
    /// Fewest skills, then longest idle, then order of the hall file: keeps flexible windows free, evens out the load.
    #[default]
    FewestSkills,
    /// Order of the hall file.
    HallOrder,
}

/// Settings of the policies that weigh. Classes stand in the order appt, disabled, elderly, normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// Urgency of a minute of wait, by class.
    pub class: [f64; 4],
    /// How much a short matter gains: 0 not at all, 1 fully (c-mu).
    pub short: f64,
    /// Lengths count in grades of this factor (as a logarithm), so that nobody passes for a minute's gain; 0: exactly.
    pub grade: f64,
    /// Head start of a ticket, by class: counts as wait.
    pub head_start: [Millis; 4],
    /// What a short matter gains is lost again, evenly, until this wait; then all minutes count the same.
    pub fade: Millis,
    /// From this wait on every minute adds `late_gain` of the score, so that the tail stays short.
    pub late: Millis,
    /// See `late`; 0 for no gain.
    pub late_gain: f64,
    /// Tickets that wait longer than this go first, the oldest first: under every policy but `fifo`, which needs no
    /// such rule.
    pub age: Millis,
    /// An appointment more than this before its slot is called only when nobody else waits.
    pub early: Millis,
}

impl Weighing {
    /// What a policy uses when the hall file says nothing.
    pub fn of(policy: Policy) -> Self {
        match policy {
            Policy::Balanced => Self::balanced(),
            _ => Self::ratio(),
        }
    }

    /// Tuned on ten days of a street hall and on days drawn from them; the log is in `docs/dispatch.md`.
    fn balanced() -> Self {
        Self {
            class: [6.0, 17.0, 6.5, 1.0],
            short: 0.95,
            grade: 0.5,
            head_start: [95, 40, 110, 30].map(Millis::from_secs),
            fade: Millis::from_mins(90),
            late: Millis::from_mins(40),
            late_gain: 0.03,
            age: Millis::from_mins(60),
            early: Millis::from_mins(4),
        }
    }

    /// The start values of the reference for `ratio`.
    pub fn ratio() -> Self {
        Self {
            class: [4.0, 8.0, 4.0, 1.0],
            short: 0.5,
            grade: 0.0,
            head_start: [Millis::from_mins(2); 4],
            fade: Millis::from_mins(100_000),
            late: Millis::from_mins(40),
            late_gain: 0.0,
            age: Millis::from_mins(60),
            early: Millis::from_mins(3),
        }
    }
}

/// A class as a place in a table of four.
pub(crate) fn class_place(class: Class) -> usize {
    match class {
        Class::Appt => 0,
        Class::Disabled => 1,
        Class::Elderly => 2,
        Class::Normal => 3,
    }
}

/// How soon a ticket should be called; larger is sooner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Urgency {
    /// Before everything else.
    pub(crate) tier: i8,
    /// The policy's score.
    pub(crate) score: f64,
    /// Between equal scores: the smaller time first.
    pub(crate) then: i64,
}

impl Urgency {
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let by_score = self.tier.cmp(&other.tier).then(self.score.total_cmp(&other.score));
        by_score.then(other.then.cmp(&self.then))
    }
}

/// What a policy may look at in a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) class: usize,
    pub(crate) service: usize,
    pub(crate) group: usize,
    pub(crate) base: i64,
    pub(crate) queued: i64,
}

/// A policy made ready for a hall: what does not change from one decision to the next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scorer {
    policy: Policy,
    target: [i64; 4],
    /// By service: what a minute of wait is worth against the mean service.
    worth: Vec<f64>,
    class: [f64; 4],
    head_start: [i64; 4],
    fade: f64,
    age: i64,
    late: i64,
    /// By ms.
    late_gain: f64,
    early: i64,
    /// By group: its fixed share of all waiting.
    share: Vec<f64>,
}

impl Scorer {
    pub(crate) fn new(config: &crate::config::HallConfig, models: &crate::learn::Models, share: Vec<f64>) -> Self {
        let own = Weighing::of(config.policy);
        let weighing = config.weighing.as_ref().unwrap_or(&own);
        let short = match config.policy {
            Policy::Gcmu => 1.0,
            Policy::Ratio | Policy::Balanced => weighing.short,
            _ => 0.0,
        };
        let grade = weighing.grade;
        let worth = |mean_ms: f64| {
            let shorter = libm::log(models.mean_ms / mean_ms);
            let graded = if grade > 0.0 {
                libm::round(shorter / grade) * grade
            } else {
                shorter
            };
            libm::exp(graded * short)
        };
        Self {
            policy: config.policy,
            target: config.rules.target.map(|t| t.0),
            worth: models.services.iter().map(|m| worth(m.mean_ms)).collect(),
            class: weighing.class,
            head_start: weighing.head_start.map(|h| h.0),
            fade: 1.0 / (weighing.fade.0.max(1) as f64),
            age: weighing.age.0,
            late: weighing.late.0,
            late_gain: weighing.late_gain / 60_000.0,
            early: weighing.early.0,
            share,
        }
    }

    /// `queues`: how many wait in each group.
    #[inline]
    pub(crate) fn urgency(&self, now: i64, claim: &Claim, queues: &[u32]) -> Urgency {
        let wait = now - claim.base;
        // Whoever waits so long is not overtaken again, whatever the policy; by order of arrival nobody ever is.
        if wait > self.age && self.policy != Policy::Fifo {
            return Urgency {
                tier: 2,
                score: wait as f64,
                then: claim.base,
            };
        }
        let due = claim.base + self.target[claim.class];
        let plain = |score: f64| Urgency {
            tier: 0,
            score,
            then: claim.base,
        };
        match self.policy {
            Policy::Fifo => Urgency {
                tier: 0,
                score: -(claim.queued as f64),
                then: claim.queued,
            },
            Policy::Priority => plain([2.0, 3.0, 1.0, 0.0][claim.class]),
            Policy::Due => plain(-(due as f64)),
            Policy::Accumulating => plain(self.class[claim.class] * wait as f64),
            Policy::Gcmu => plain(self.class[claim.class] * wait as f64 * self.worth[claim.service]),
            Policy::QueueRatio => {
                let all: u32 = queues.iter().sum();
                let excess = f64::from(queues[claim.group]) - self.share[claim.group] * f64::from(all);
                Urgency {
                    tier: 0,
                    score: excess,
                    then: due,
                }
            }
            Policy::Ratio | Policy::Balanced => self.weighed(wait, claim),
        }
    }

    #[inline]
    fn weighed(&self, wait: i64, claim: &Claim) -> Urgency {
        let grown = (wait + self.head_start[claim.class]).max(0) as f64;
        let worth = self.worth[claim.service];
        let worth = worth + (1.0 - worth) * (grown * self.fade).min(1.0);
        let late = 1.0 + (wait - self.late).max(0) as f64 * self.late_gain;
        let score = self.class[claim.class] * grown * worth * late;
        Urgency {
            tier: if wait < -self.early { 0 } else { 1 },
            score,
            then: claim.base,
        }
    }
}
