//! The hall's names turned into places in tables, once, so that decisions do not compare texts.

use std::collections::BTreeMap;

use ticket_dispatcher_types::{BookingId, GroupId, ServiceId, WindowId};

use crate::config::HallConfig;

/// Places in the tables of [`HallConfig`].
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) groups: BTreeMap<GroupId, usize>,
    /// Only services whose group exists.
    pub(crate) services: BTreeMap<ServiceId, usize>,
    pub(crate) windows: BTreeMap<WindowId, usize>,
    pub(crate) bookings: BTreeMap<BookingId, usize>,
    /// Group of each service of `services`.
    pub(crate) service_group: Vec<usize>,
    /// `skills[window][group]`.
    pub(crate) skills: Vec<Vec<bool>>,
    /// How many groups each window serves.
    pub(crate) skill_count: Vec<usize>,
}

impl Index {
    pub(crate) fn new(config: &HallConfig) -> Self {
        let groups: BTreeMap<_, _> = config
            .groups
            .iter()
            .enumerate()
            .map(|(ix, g)| (g.id.clone(), ix))
            .collect();
        let mut services = BTreeMap::new();
        let mut service_group = Vec::new();
        for (ix, service) in config.services.iter().enumerate() {
            let group = groups.get(&service.group).copied();
            if group.is_some() {
                services.insert(service.id.clone(), ix);
            }
            service_group.push(group.unwrap_or(0));
        }
        let skills: Vec<Vec<bool>> = config
            .windows
            .iter()
            .map(|w| config.groups.iter().map(|g| w.skills.contains(&g.id)).collect())
            .collect();
        Self {
            windows: config
                .windows
                .iter()
                .enumerate()
                .map(|(ix, w)| (w.id.clone(), ix))
                .collect(),
            bookings: config
                .bookings
                .iter()
                .enumerate()
                .map(|(ix, b)| (b.id.clone(), ix))
                .collect(),
            skill_count: skills.iter().map(|s| s.iter().filter(|has| **has).count()).collect(),
            groups,
            services,
            service_group,
            skills,
        }
    }

    /// Place of a service; the first for one that an older journal names and this hall file has not.
    pub(crate) fn service(&self, id: &ServiceId) -> usize {
        self.services.get(id).copied().unwrap_or(0)
    }

    /// Place of a group, likewise.
    pub(crate) fn group(&self, id: &GroupId) -> usize {
        self.groups.get(id).copied().unwrap_or(0)
    }

    /// By group: its part of all walk-ins of past days; equal parts when nobody has counted.
    pub(crate) fn shares(&self, config: &HallConfig) -> Vec<f64> {
        let mut counts = vec![0.0; self.groups.len()];
        for profile in &config.profiles {
            if let Some(group) = self.groups.get(&profile.group) {
                counts[*group] += profile.counts.iter().map(|n| f64::from(*n)).sum::<f64>();
            }
        }
        let all: f64 = counts.iter().sum();
        let equal = 1.0 / counts.len().max(1) as f64;
        counts
            .into_iter()
            .map(|n| if all > 0.0 { n / all } else { equal })
            .collect()
    }
}
