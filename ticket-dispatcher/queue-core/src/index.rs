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
}
