//! What each policy is: two numbers wait at one window, and a minute more or less of wait turns the choice where its
//! formula says. And which of several idle windows takes a number.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Group, HallConfig, NewTicket, Policy, Service, Source, Window, WindowRule,
};
use ticket_dispatcher_types::{Cases, Class, GroupId, Millis, ServiceId, TicketId, WindowId, WindowKind};

/// Nobody is too old for the policy yet.
const NOW: i64 = 59;

fn at(minutes: i64) -> Millis {
    Millis::from_mins(9 * 60 + minutes)
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

fn window(id: &str) -> WindowId {
    WindowId::new(id).unwrap()
}

/// Group A with A1 of 5 and A2 of 20 minutes, timed so often that nothing is left to guess; group B with B1 of 5. W01
/// and W02 serve both, W03 and W04 serve B.
fn hall(policy: Policy) -> HallConfig {
    let service = |id: &str, group: &str, minutes: i64| Service {
        id: ServiceId::new(id).unwrap(),
        group: GroupId::new(group).unwrap(),
        hist_ms: vec![minutes * 60_000; 2_000],
    };
    let desk = |id: &str, skills: &[&str]| Window {
        id: window(id),
        kind: WindowKind::Comprehensive,
        skills: skills.iter().map(|g| GroupId::new(*g).unwrap()).collect(),
        plan: Vec::new(),
    };
    let group = |id: &str, series| Group {
        id: GroupId::new(id).unwrap(),
        series,
    };
    HallConfig {
        groups: vec![group("A", 'A'), group("B", 'B')],
        services: vec![service("A1", "A", 5), service("A2", "A", 20), service("B1", "B", 5)],
        windows: vec![
            desk("W01", &["A", "B"]),
            desk("W02", &["A", "B"]),
            desk("W03", &["B"]),
            desk("W04", &["B"]),
        ],
        policy,
        ..HallConfig::default()
    }
}

fn day(config: HallConfig) -> Engine {
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    engine
}

fn open(engine: &mut Engine, minute: i64, id: &str) {
    let (window, clerk) = (window(id), None);
    engine.apply(at(minute), Event::Open { window, clerk });
}

fn take(engine: &mut Engine, minute: i64, n: u8, service: &str, class: Class) {
    let ticket = NewTicket {
        id: id(n),
        services: vec![ServiceId::new(service).unwrap()],
        class,
        booking: None,
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    };
    let effects = engine.apply(at(minute), Event::Take(ticket));
    assert!(matches!(effects[0], Effect::Issued { .. }), "{effects:?}");
}

fn called(effects: &[Effect]) -> Option<(TicketId, WindowId)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, window, .. } => Some((*ticket, window.clone())),
        _ => None,
    })
}

/// Who is called at [`NOW`], 0 or 1, of two who have waited so many minutes for these services.
fn first(policy: Policy, two: [(i64, &str, Class); 2]) -> usize {
    let mut engine = day(hall(policy));
    open(&mut engine, 0, "W01");
    let mut order: Vec<usize> = vec![0, 1];
    order.sort_by_key(|n| -two[*n].0);
    for n in order {
        let (waited, service, class) = two[n];
        take(&mut engine, NOW - waited, u8::try_from(n).unwrap() + 1, service, class);
    }
    let event = Event::Next {
        window: window("W01"),
        finish_current: false,
    };
    let (ticket, _) = called(&engine.apply(at(NOW), event)).unwrap();
    usize::from(ticket == id(2))
}

#[test]
fn fifo_goes_by_arrival_alone() {
    let [old, young] = [(3, "A2", Class::Normal), (2, "A1", Class::Disabled)];
    assert_eq!(first(Policy::Fifo, [old, young]), 0);
}

#[test]
fn priority_goes_by_class_and_then_by_arrival() {
    let [ordinary, disabled] = [(58, "A1", Class::Normal), (1, "A2", Class::Disabled)];
    assert_eq!(first(Policy::Priority, [ordinary, disabled]), 1);
    assert_eq!(first(Policy::Priority, [(9, "A1", Class::Elderly), disabled]), 1);
    assert_eq!(first(Policy::Priority, [(2, "A1", Class::Disabled), disabled]), 0);
}

#[test]
fn due_goes_by_the_promised_time() {
    // An old person is promised 10 minutes, others 20.
    let ordinary = (15, "A1", Class::Normal);
    assert_eq!(first(Policy::Due, [ordinary, (6, "A2", Class::Elderly)]), 1);
    assert_eq!(first(Policy::Due, [ordinary, (4, "A2", Class::Elderly)]), 0);
}

#[test]
fn accumulating_weighs_minutes_by_class() {
    // Four minutes of an ordinary person count like one of an old one.
    let ordinary = (20, "A1", Class::Normal);
    assert_eq!(first(Policy::Accumulating, [ordinary, (6, "A2", Class::Elderly)]), 1);
    assert_eq!(first(Policy::Accumulating, [ordinary, (4, "A2", Class::Elderly)]), 0);
}

#[test]
fn gcmu_divides_the_wait_by_the_length_of_the_matter() {
    let long = (20, "A2", Class::Normal);
    assert_eq!(first(Policy::Gcmu, [long, (6, "A1", Class::Normal)]), 1);
    assert_eq!(first(Policy::Gcmu, [long, (4, "A1", Class::Normal)]), 0);
}

#[test]
fn ratio_bends_halfway_towards_short_matters() {
    // (w + 2 min) over the root of the length: a quarter of the length doubles the wait.
    let long = (20, "A2", Class::Normal);
    assert_eq!(first(Policy::Ratio, [long, (10, "A1", Class::Normal)]), 1);
    assert_eq!(first(Policy::Ratio, [long, (8, "A1", Class::Normal)]), 0);
}

#[test]
fn queue_ratio_goes_to_the_group_whose_queue_is_beyond_its_share() {
    let mut engine = day(hall(Policy::QueueRatio));
    open(&mut engine, 0, "W01");
    take(&mut engine, 1, 1, "A1", Class::Normal);
    for n in 2..10 {
        take(&mut engine, 2, n, "B1", Class::Normal);
    }
    let event = Event::Next {
        window: window("W01"),
        finish_current: false,
    };
    let (ticket, _) = called(&engine.apply(at(3), event)).unwrap();
    assert_eq!(
        ticket,
        id(2),
        "the first of the long queue, though one of the other came before"
    );
}

#[test]
fn balanced_lets_a_short_matter_pass_early_and_not_late() {
    let short = |waited| (waited, "A1", Class::Normal);
    let long = |waited| (waited, "A2", Class::Normal);
    assert_eq!(first(Policy::Balanced, [long(10), short(4)]), 1);
    assert_eq!(first(Policy::Balanced, [long(55), short(20)]), 0);
    assert_eq!(
        first(Policy::Gcmu, [long(55), short(20)]),
        1,
        "where the gain does not fade"
    );
}

/// Which window takes a number of group B that comes when all four are idle, opened in this order.
fn taker(rule: WindowRule, opened: &[&str]) -> WindowId {
    let window_rule = rule;
    let mut engine = day(HallConfig {
        window_rule,
        ..hall(Policy::Balanced)
    });
    for (minute, window) in (1..).zip(opened) {
        open(&mut engine, minute, window);
    }
    take(&mut engine, 20, 1, "B1", Class::Normal);
    called(&engine.apply(at(20), Event::Dispatch)).unwrap().1
}

#[test]
fn of_idle_windows_the_one_with_fewest_skills_and_longest_idle_takes_it() {
    let in_order = ["W01", "W02", "W03", "W04"];
    assert_eq!(taker(WindowRule::FewestSkills, &in_order), window("W03"));
    assert_eq!(taker(WindowRule::FewestSkills, &["W04", "W03", "W01"]), window("W04"));
    assert_eq!(taker(WindowRule::FewestSkills, &["W02", "W01"]), window("W02"));
    assert_eq!(
        taker(WindowRule::HallOrder, &["W04", "W03", "W02", "W01"]),
        window("W01")
    );
}
