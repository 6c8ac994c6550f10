//! The hall that is played: three groups, five services, four windows.

use std::sync::Arc;

use kiosk_flow::{Catalogue, LocalText};
use ticket_dispatcher_queue_core::{Group, HallConfig, Policy, Service, Window};
use ticket_dispatcher_types::{GroupId, ServiceId, WindowId, WindowKind};

/// 09:00.
pub(crate) const OPENS_MS: i64 = 9 * 3_600_000;

/// The day that is played.
pub(crate) const DAY: &str = "2026-11-21";

pub(crate) const KIOSKS: usize = 3;
pub(crate) const BOARDS: usize = 3;
pub(crate) const WINDOWS: usize = 4;

const GROUPS: [(&str, char); 3] = [("G1", 'A'), ("G5", 'B'), ("G0", 'Z')];
const SERVICES: [(&str, &str); 5] = [
    ("S101", "G1"),
    ("S102", "G1"),
    ("S501", "G5"),
    ("S502", "G5"),
    ("S001", "G0"),
];
const SKILLS: [&[&str]; WINDOWS] = [&["G1", "G5"], &["G1", "G5", "G0"], &["G5"], &["G1", "G0"]];

pub(crate) fn group(id: &str) -> GroupId {
    GroupId::new(id).expect("a made-up id")
}

pub(crate) fn service(n: usize) -> ServiceId {
    ServiceId::new(SERVICES[n % SERVICES.len()].0).expect("a made-up id")
}

pub(crate) fn group_of(n: usize) -> GroupId {
    group(SERVICES[n % SERVICES.len()].1)
}

pub(crate) fn window(n: usize) -> WindowId {
    WindowId::new(format!("W{n}")).expect("a made-up id")
}

pub(crate) fn config(policy: Policy) -> Arc<HallConfig> {
    let windows = SKILLS.iter().enumerate().map(|(n, skills)| Window {
        id: window(n),
        kind: WindowKind::Comprehensive,
        skills: skills.iter().map(|g| group(g)).collect(),
        plan: Vec::new(),
    });
    Arc::new(HallConfig {
        groups: GROUPS
            .iter()
            .map(|(id, series)| Group {
                id: group(id),
                series: *series,
            })
            .collect(),
        services: SERVICES
            .iter()
            .map(|(id, of)| Service {
                id: ServiceId::new(*id).expect("a made-up id"),
                group: group(of),
                hist_ms: vec![5_000, 9_000, 15_000],
            })
            .collect(),
        windows: windows.collect(),
        policy,
        ..HallConfig::default()
    })
}

fn text(zh: &str) -> LocalText {
    LocalText {
        zh_hans: zh.to_string(),
        ..LocalText::default()
    }
}

/// The same hall as the kiosk is told of it.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue {
        hall_name: text("示例大厅"),
        hall_phone: "0757-00000000".to_string(),
        issuing: true,
        hours: vec![(0, 1440)],
        matters_max: 2,
        agent_cases_max: 1,
        elder_age: 60,
        priority_age: 65,
        groups: GROUPS
            .iter()
            .map(|(id, _)| kiosk_flow::Group {
                id: group(id),
                name: text(id),
                waiting: 0,
                wait: ticket_dispatcher_types::Wait::from_secs(Some((60, 600))),
            })
            .collect(),
        services: SERVICES
            .iter()
            .map(|(id, of)| kiosk_flow::Service {
                id: ServiceId::new(*id).expect("a made-up id"),
                group: group(of),
                name: text(id),
                keywords: Vec::new(),
                pinyin_initials: "x".to_string(),
                materials: Vec::new(),
                people_ahead: 0,
                wait: ticket_dispatcher_types::Wait::from_secs(Some((60, 600))),
                windows: vec![text("1")],
                available: true,
            })
            .collect(),
        guidance: None,
        temp_card: kiosk_flow::TempCardRules::default(),
    }
}
