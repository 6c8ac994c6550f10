//! The missed-call rule: how long a call waits, how a missed number comes back, and that it does so once.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Group, HallConfig, NewTicket, Policy, Refusal, Service, Source, Window,
};
use ticket_dispatcher_types::{
    Cases, Class, GroupId, Millis, ServiceId, TicketId, TicketNo, TicketState, WindowId, WindowKind,
};

fn at(minutes: i64, secs: i64) -> Millis {
    Millis::from_mins(9 * 60 + minutes) + Millis::from_secs(secs)
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

/// Two groups, one window for both.
fn hall(policy: Policy) -> Engine {
    let (a, b) = (GroupId::new("A").unwrap(), GroupId::new("B").unwrap());
    let series = |id: &GroupId, series| Group { id: id.clone(), series };
    let service = |id: &str, group: &GroupId| Service {
        id: ServiceId::new(id).unwrap(),
        group: group.clone(),
        hist_ms: vec![300_000; 6],
    };
    let mut engine = Engine::new(Arc::new(HallConfig {
        groups: vec![series(&a, 'A'), series(&b, 'B')],
        services: vec![service("A1", &a), service("A2", &a), service("B1", &b)],
        windows: vec![Window {
            id: window(),
            kind: WindowKind::Comprehensive,
            skills: vec![a, b],
            plan: Vec::new(),
        }],
        policy,
        ..HallConfig::default()
    }));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    let (window, clerk) = (window(), None);
    engine.apply(at(0, 0), Event::Open { window, clerk });
    engine
}

fn window() -> WindowId {
    WindowId::new("W01").unwrap()
}

fn take(engine: &mut Engine, now: Millis, n: u8, service: &str, holder: &str) -> Vec<Effect> {
    engine.apply(
        now,
        Event::Take(NewTicket {
            id: id(n),
            services: vec![ServiceId::new(service).unwrap()],
            class: Class::Normal,
            booking: None,
            cases: Cases::new(n.min(3)).unwrap(),
            holder: Some(holder.to_string()),
            source: Source { device: None },
        }),
    )
}

fn next(engine: &mut Engine, now: Millis) -> Option<TicketId> {
    let (window, finish_current) = (window(), true);
    let effects = engine.apply(now, Event::Next { window, finish_current });
    effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, .. } => Some(*ticket),
        _ => None,
    })
}

fn miss(engine: &mut Engine, now: Millis, n: u8) -> Effect {
    engine.apply(now, Event::NoShow { ticket: id(n) }).remove(0)
}

fn refusal(effect: &Effect) -> Option<&Refusal> {
    match effect {
        Effect::Refused { refusal } => Some(refusal),
        _ => None,
    }
}

fn order(engine: &Engine) -> Vec<TicketId> {
    engine.next_up(9).iter().map(|t| t.id).collect()
}

/// Five wait; the first is called at 9:10 and missed a minute later.
fn with_one_missed(policy: Policy) -> Engine {
    let mut engine = hall(policy);
    for n in 1..=5 {
        take(&mut engine, at(0, n.into()), n, "A1", &format!("p{n}"));
    }
    assert_eq!(next(&mut engine, at(10, 0)), Some(id(1)));
    assert!(matches!(miss(&mut engine, at(11, 0), 1), Effect::NoShow { .. }));
    engine
}

#[test]
fn a_called_number_is_missed_after_its_minute_and_not_before() {
    let mut engine = hall(Policy::Balanced);
    take(&mut engine, at(0, 0), 1, "A1", "p");
    assert_eq!(engine.miss_in(at(0, 5), id(1)), None, "it is not called");
    next(&mut engine, at(1, 0));
    for (secs, left) in [(0, 60), (1, 59), (59, 1)] {
        let now = at(1, secs);
        assert_eq!(engine.miss_in(now, id(1)), Some(Millis::from_secs(left)));
        let number = TicketNo::new('A', 1).unwrap();
        let left_s = u32::try_from(left).unwrap();
        let effect = miss(&mut engine, now, 1);
        assert_eq!(refusal(&effect), Some(&Refusal::NotMissedYet { number, left_s }));
    }
    let almost = miss(&mut engine, at(1, 59) + Millis(1), 1);
    assert!(
        matches!(refusal(&almost), Some(Refusal::NotMissedYet { left_s: 1, .. })),
        "rounded up"
    );
    // Calling again does not begin the minute anew: up to three calls over it.
    engine.apply(at(1, 59), Event::Recall { ticket: id(1) });
    assert_eq!(engine.miss_in(at(2, 0), id(1)), Some(Millis::ZERO));
    assert!(matches!(miss(&mut engine, at(2, 0), 1), Effect::NoShow { .. }));
}

#[test]
fn a_clock_set_back_keeps_no_window_waiting_for_longer() {
    let mut engine = hall(Policy::Balanced);
    take(&mut engine, at(0, 0), 1, "A1", "p");
    next(&mut engine, at(1, 0));
    take(&mut engine, at(2, 30), 2, "A1", "q");
    assert!(matches!(miss(&mut engine, at(-50, 0), 1), Effect::NoShow { .. }));
}

#[test]
fn a_missed_ticket_comes_back_at_third_place_once() {
    let mut engine = with_one_missed(Policy::Fifo);
    let back = |engine: &mut Engine, now| {
        let (ticket, reason) = (id(1), "checked in".to_string());
        engine.apply(now, Event::Requeue { ticket, reason }).remove(0)
    };
    back(&mut engine, at(12, 0));
    assert_eq!(order(&engine), [2, 3, 1, 4, 5].map(id));
    for (minute, n) in [(13, 2), (14, 3), (15, 1)] {
        assert_eq!(next(&mut engine, at(minute, 0)), Some(id(n)));
    }
    miss(&mut engine, at(17, 0), 1);
    let twice = back(&mut engine, at(18, 0));
    assert!(
        matches!(refusal(&twice), Some(Refusal::TooLateToReturn { .. })),
        "{twice:?}"
    );
}

#[test]
fn who_lays_the_card_down_again_gets_the_missed_number_back_at_third_place() {
    let mut engine = with_one_missed(Policy::Fifo);
    assert_eq!(engine.return_until(id(1)), Some(at(41, 0)));
    let offered: Vec<TicketId> = engine.returnable(at(20, 0), "p1").iter().map(|t| t.id).collect();
    assert_eq!(offered, [id(1)]);
    // Another service of the same group: still one number for a person and group.
    let effects = take(&mut engine, at(20, 0), 9, "A2", "p1");
    let [
        Effect::Requeued {
            ticket,
            returned: true,
            told: Some(told),
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (*ticket, told.number, told.people_ahead),
        (id(1), TicketNo::new('A', 1).unwrap(), 2)
    );
    assert_eq!((told.cases, told.services.len()), (Cases::ONE, 1));
    assert!(told.forecast.is_none(), "this hall makes no forecasts");
    assert_eq!(order(&engine), [2, 3, 1, 4, 5].map(id));
    assert!(engine.ticket(id(9)).is_none(), "no fresh number");
    let again = take(&mut engine, at(21, 0), 10, "A1", "p1");
    assert!(
        matches!(refusal(&again[0]), Some(Refusal::AlreadyHolds { .. })),
        "it is open again"
    );
}

#[test]
fn a_missed_number_comes_back_after_the_last_number_was_given_out() {
    let mut engine = hall(Policy::Balanced);
    let late = Millis::from_mins(16 * 60 + 59);
    take(&mut engine, late, 1, "A1", "p1");
    next(&mut engine, late);
    miss(&mut engine, late + Millis::from_mins(1), 1);
    let effects = take(&mut engine, late + Millis::from_mins(9), 2, "A1", "p1");
    assert!(
        matches!(effects[..], [Effect::Requeued { returned: true, .. }]),
        "{effects:?}"
    );
}

#[test]
fn a_second_miss_or_a_return_too_late_gives_a_fresh_number() {
    let mut engine = with_one_missed(Policy::Fifo);
    let late = take(&mut engine.clone(), at(41, 1), 9, "A1", "p1");
    assert!(matches!(late[..], [Effect::Issued { .. }]), "{late:?}");
    take(&mut engine, at(12, 0), 9, "A1", "p1");
    for (minute, n) in [(13, 2), (14, 3), (15, 1)] {
        assert_eq!(next(&mut engine, at(minute, 0)), Some(id(n)));
    }
    miss(&mut engine, at(17, 0), 1);
    assert_eq!(engine.return_until(id(1)), None);
    let effects = take(&mut engine, at(18, 0), 10, "A1", "p1");
    assert!(matches!(effects[..], [Effect::Issued { .. }]), "{effects:?}");
}

#[test]
fn other_groups_other_people_and_check_ins_are_not_sent_back_to_the_missed_number() {
    let engine = with_one_missed(Policy::Fifo);
    for (service, holder) in [("B1", "p1"), ("A1", "p7")] {
        let effects = take(&mut engine.clone(), at(12, 0), 9, service, holder);
        assert!(matches!(effects[..], [Effect::Issued { .. }]), "{effects:?}");
    }
}

#[test]
fn a_clerk_brings_a_missed_number_back_though_its_person_has_a_fresh_one_that_waits() {
    let mut engine = with_one_missed(Policy::Fifo);
    // The fresh number comes from a kiosk that was cut off and knew nothing of the miss.
    let kiosk = ticket_dispatcher_types::DeviceId::new("K1").unwrap();
    let group = GroupId::new("A").unwrap();
    let ids = vec![id(20), id(21)];
    let lent = engine.apply(
        at(12, 0),
        Event::Lend {
            kiosk: kiosk.clone(),
            group,
            ids,
        },
    );
    let Effect::Leased { first, .. } = &lent[0] else {
        panic!("{lent:?}")
    };
    let offline = ticket_dispatcher_queue_core::OfflineTicket {
        day: "2026-11-21".into(),
        number: *first,
        issued: at(13, 0),
        given_back: false,
        ticket: NewTicket {
            id: id(20),
            services: vec![ServiceId::new("A1").unwrap()],
            class: Class::Normal,
            booking: None,
            cases: Cases::ONE,
            holder: Some("p1".into()),
            source: Source { device: Some(kiosk) },
        },
    };
    engine.apply(at(14, 0), Event::HandOver(Box::new(offline)));
    assert_eq!(engine.ticket(id(20)).unwrap().state, TicketState::Waiting);
    let back = |engine: &mut Engine| {
        let (ticket, reason) = (id(1), "at the window".to_string());
        engine.apply(at(15, 0), Event::Requeue { ticket, reason })
    };
    // A fresh number that has been called stays; one that only waits gives way.
    let mut called = engine.clone();
    for _ in 0..5 {
        next(&mut called, at(15, 0));
    }
    assert_eq!(called.ticket(id(20)).unwrap().state, TicketState::Called);
    assert!(matches!(
        refusal(&back(&mut called)[0]),
        Some(Refusal::AlreadyHolds { .. })
    ));
    let effects = back(&mut engine);
    assert!(
        matches!(
            &effects[..],
            [Effect::Superseded { by, .. }, Effect::Requeued { returned: true, .. }] if *by == id(1)
        ),
        "{effects:?}"
    );
    assert_eq!(
        engine.ticket(id(20)).unwrap().superseded_by,
        Some(id(1)),
        "both slips lead to the one that counts"
    );
    assert_eq!(order(&engine), [2, 3, 1, 4, 5].map(id));
}
