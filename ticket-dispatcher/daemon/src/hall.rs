//! The hall file as the daemon needs it: the engine's header, and the texts that go out on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use provisioning_config::hall_file::{self, HallFile, Text, clock};
use ticket_dispatcher_protocol::{HallInfo, LocalText, OpenHours, WindowSigns};
use ticket_dispatcher_queue_core::{
    BookingRules, Group, HallConfig, LastTicket, OneTicketPer, PlanInterval, Rules, Service, Window,
};
use ticket_dispatcher_types::{ClerkId, GroupId, ServiceId, WindowId};

/// Paths of a forecast. 200 keep the noise of a percentile below a minute.
const FORECAST_PATHS: u32 = 200;

/// Everything static about the hall.
pub struct Hall {
    /// The checked file.
    pub file: HallFile,
    /// For the engine.
    pub config: Arc<HallConfig>,
    /// For the wire.
    pub info: HallInfo,
    services: BTreeMap<ServiceId, usize>,
    windows: BTreeMap<WindowId, usize>,
    /// Names of the windows that serve a group, in the order of the file.
    window_names: BTreeMap<GroupId, WindowSigns>,
}

impl Hall {
    /// From a checked file.
    pub fn new(file: HallFile) -> Self {
        let info = HallInfo {
            id: file.hall.id.clone(),
            name: local(&file.hall.name),
            phone: file.hall.phone.clone(),
        };
        let names = |group: &hall_file::Group| {
            let names: Vec<LocalText> = file.windows_of(&group.id).map(|w| local(&w.name)).collect();
            WindowSigns::from(names)
        };
        Self {
            config: Arc::new(engine_config(&file)),
            info,
            services: file
                .services
                .iter()
                .enumerate()
                .map(|(i, s)| (s.id.clone(), i))
                .collect(),
            windows: file
                .windows
                .iter()
                .enumerate()
                .map(|(i, w)| (w.id.clone(), i))
                .collect(),
            window_names: file.groups.iter().map(|g| (g.id.clone(), names(g))).collect(),
            file,
        }
    }

    /// A service by id.
    pub fn service(&self, id: &ServiceId) -> Option<&hall_file::Service> {
        self.services.get(id).map(|i| &self.file.services[*i])
    }

    /// A window by id.
    pub fn window(&self, id: &WindowId) -> Option<&hall_file::Window> {
        self.windows.get(id).map(|i| &self.file.windows[*i])
    }

    /// What the sign above a window says; its id if the hall file has lost it since.
    pub fn window_sign(&self, id: &WindowId) -> LocalText {
        let lost = || LocalText {
            zh_hans: id.to_string(),
            zh_hant: id.to_string(),
            en: id.to_string(),
        };
        self.window(id).map_or_else(lost, |w| local(&w.name))
    }

    /// Names of the windows that serve a group.
    pub fn windows_of(&self, group: &GroupId) -> WindowSigns {
        self.window_names.get(group).cloned().unwrap_or_default()
    }

    /// True when the hall file lets this window, or this clerk anywhere, call past the policy.
    pub fn may_pick(&self, window: &WindowId, clerk: Option<&ClerkId>) -> bool {
        let rules = &self.file.rules;
        rules.pick_windows.contains(window) || clerk.is_some_and(|clerk| rules.pick_clerks.contains(clerk))
    }

    /// The day's hours: the planned intervals of all windows, joined where they touch.
    pub fn hours(&self) -> Vec<OpenHours> {
        let mut plan: Vec<(i64, i64)> = self
            .file
            .windows
            .iter()
            .flat_map(|w| w.plan.iter().map(|p| (p.from.0, p.to.0)))
            .collect();
        plan.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (from, to) in plan {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        let time = |ms| clock(ticket_dispatcher_types::Millis(ms));
        let hours = joined.into_iter().map(|(from, to)| OpenHours {
            from: time(from),
            to: time(to),
        });
        hours.collect()
    }
}

/// A text of the hall file on the wire.
pub fn local(text: &Text) -> LocalText {
    LocalText {
        zh_hans: text.zh_hans.clone(),
        zh_hant: text.zh_hant.clone(),
        en: text.en.clone(),
    }
}

fn engine_config(file: &HallFile) -> HallConfig {
    let groups = file.groups.iter().map(|g| Group {
        id: g.id.clone(),
        series: g.series,
    });
    let services = file.services.iter().map(|s| Service {
        id: s.id.clone(),
        group: s.group.clone(),
        // A hall that has measured nothing says a typical time; a model learns from three values or more.
        hist_ms: vec![s.typical.0; 3],
    });
    let windows = file.windows.iter().map(|w| Window {
        id: w.id.clone(),
        kind: w.kind,
        skills: w.groups.clone(),
        plan: w.plan.iter().map(|p| PlanInterval { from: p.from, to: p.to }).collect(),
    });
    let (rules, hall, bookings) = (&file.rules, &file.hall, &file.bookings);
    let capacities = file
        .groups
        .iter()
        .filter_map(|g| g.slot_capacity.map(|n| (g.id.clone(), n)));
    let last = file.groups.iter().map(|g| {
        let rule = match g.last_ticket {
            hall_file::LastTicket::Warn => LastTicket::Warn,
            hall_file::LastTicket::Stop => LastTicket::Stop,
        };
        (g.id.clone(), rule)
    });
    let (policy, weighing) = crate::policy::of_file(rules);
    HallConfig {
        groups: groups.collect(),
        services: services.collect(),
        windows: windows.collect(),
        rules: Rules {
            issue_from: hall.first_issue,
            issue_until: hall.last_issue,
            close: hall.closes,
            matters_max: rules.matters_max,
            agent_cases_max: rules.agent_cases_max,
            calls_max: rules.calls_max,
            return_within: rules.return_within,
            return_place: rules.return_place,
            call_timeout: rules.call_timeout,
            appt_grace: rules.appt_grace,
            target: [
                rules.target.appt,
                rules.target.disabled,
                rules.target.elderly,
                rules.target.normal,
            ],
            priority_run_max: rules.priority_run_max,
            one_ticket_per: match rules.one_ticket_per {
                hall_file::OneTicketPer::Group => OneTicketPer::Group,
                hall_file::OneTicketPer::Hall => OneTicketPer::Hall,
                hall_file::OneTicketPer::None => OneTicketPer::None,
            },
        },
        booking: BookingRules {
            slot: bookings.slot,
            walk_in_share_pct: bookings.walk_in_share_pct,
            days_ahead: bookings.days_ahead.into(),
            check_in_before: bookings.check_in_before,
            cancel_before: bookings.cancel_before,
            no_shows_max: bookings.no_shows_max,
            no_show_days: bookings.no_show_days.into(),
            block_days: bookings.block_days.into(),
        },
        slot_capacity: capacities.collect(),
        last_ticket: last.collect(),
        policy,
        weighing,
        seed: 1,
        forecast_paths: FORECAST_PATHS,
        ..HallConfig::default()
    }
}
