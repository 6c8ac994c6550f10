//! Rules of the hall that hold whoever asks and whatever policy chooses.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    By, Effect, Engine, Event, Group, HallConfig, NewTicket, OneTicketPer, Policy, Refusal, Rules, Service, Source,
    TransferTo, Why, Window,
};
use ticket_dispatcher_types::{Cases, Class, GroupId, Millis, ServiceId, TicketId, TicketState, WindowId, WindowKind};

fn at(minutes: i64) -> Millis {
    Millis::from_mins(9 * 60 + minutes)
}

fn window(id: &str) -> WindowId {
    WindowId::new(id).unwrap()
}

fn hands(id: &str) -> By {
    By::Window { window: window(id) }
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

/// One group with a short and a long service, two windows.
fn hall(policy: Policy) -> HallConfig {
    let group = GroupId::new("A").unwrap();
    let service = |id: &str, minutes: i64| Service {
        id: ServiceId::new(id).unwrap(),
        group: group.clone(),
        hist_ms: vec![minutes * 60_000; 6],
    };
    let desk = |id: &str| Window {
        id: window(id),
        kind: WindowKind::Comprehensive,
        skills: vec![group.clone()],
        plan: Vec::new(),
    };
    HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: vec![service("A1", 5), service("A2", 20)],
        windows: vec![desk("W01"), desk("W02")],
        policy,
        ..HallConfig::default()
    }
}

fn day(config: HallConfig) -> Engine {
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    for id in ["W01", "W02"] {
        let (window, clerk) = (window(id), None);
        engine.apply(at(0), Event::Open { window, clerk });
    }
    engine
}

fn take(engine: &mut Engine, minute: i64, n: u8, service: &str, class: Class) {
    let new = NewTicket {
        id: id(n),
        services: vec![ServiceId::new(service).unwrap()],
        class,
        booking: None,
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    };
    let effects = engine.apply(at(minute), Event::Take(new));
    assert!(matches!(effects[0], Effect::Issued { .. }), "{effects:?}");
}

fn next(engine: &mut Engine, minute: i64, w: &str) -> Option<TicketId> {
    let (window, finish_current) = (window(w), true);
    let effects = engine.apply(at(minute), Event::Next { window, finish_current });
    effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, .. } => Some(*ticket),
        _ => None,
    })
}

fn requeue(n: u8) -> Event {
    Event::Requeue {
        ticket: id(n),
        reason: "test".into(),
    }
}

fn transfer(n: u8) -> Event {
    Event::Transfer {
        ticket: id(n),
        to: TransferTo::Window { window: window("W01") },
        reason: "test".into(),
    }
}

#[test]
fn a_console_that_was_away_cannot_move_what_another_window_has_called_since() {
    let mut engine = day(hall(Policy::Fifo));
    take(&mut engine, 1, 1, "A1", Class::Normal);
    next(&mut engine, 2, "W01");
    assert_eq!(engine.may(&hands("W01"), &transfer(1)), Ok(()));
    assert_eq!(engine.may(&hands("W01"), &requeue(1)), Ok(()));
    engine.apply(at(3), requeue(1));
    assert_eq!(
        engine.may(&hands("W01"), &transfer(1)),
        Ok(()),
        "it had it last, and it waits"
    );
    assert_eq!(next(&mut engine, 4, "W02"), Some(id(1)));
    let number = engine.ticket(id(1)).unwrap().number;
    let cancel = Event::Cancel {
        ticket: id(1),
        reason: String::new(),
    };
    let ticket = id(1);
    for event in [
        transfer(1),
        requeue(1),
        cancel,
        Event::Finish { ticket },
        Event::NoShow { ticket },
    ] {
        assert_eq!(
            engine.may(&hands("W01"), &event),
            Err(Refusal::NotYours { number }),
            "{event:?}"
        );
        assert_eq!(engine.may(&hands("W02"), &event), Ok(()), "{event:?}");
    }
}

#[test]
fn a_citizen_gives_back_or_returns_at_any_kiosk_but_not_over_a_clerks_head() {
    let mut engine = day(hall(Policy::Fifo));
    take(&mut engine, 1, 1, "A1", Class::Normal);
    let cancel = Event::Cancel {
        ticket: id(1),
        reason: String::new(),
    };
    assert_eq!(engine.may(&By::Kiosk, &cancel), Ok(()));
    next(&mut engine, 2, "W01");
    assert!(engine.may(&By::Kiosk, &cancel).is_err());
    assert!(engine.may(&By::Kiosk, &requeue(1)).is_err());
    engine.apply(at(4), Event::NoShow { ticket: id(1) });
    assert_eq!(engine.may(&By::Kiosk, &requeue(1)), Ok(()));
    assert_eq!(
        engine.may(&hands("W02"), &requeue(1)),
        Ok(()),
        "the desk takes it back too"
    );
    assert_eq!(
        engine.may(&By::Kiosk, &requeue(9)),
        Ok(()),
        "unknown: for the engine to say"
    );
}

#[test]
fn a_call_of_a_ticket_that_the_hall_does_not_know_leaves_the_window_free() {
    let mut engine = day(hall(Policy::Fifo));
    let digest = engine.state_digest();
    let stray = Effect::Called {
        ticket: id(7),
        window: window("W01"),
        why: Why {
            policy: "fifo".into(),
            score: 0.0,
            class: Class::Normal,
            due_ms: 0,
            runner_up: None,
        },
    };
    engine.fold(at(0), &stray);
    assert_eq!(engine.state_digest(), digest, "nothing moved");
    take(&mut engine, 1, 1, "A1", Class::Normal);
    let (window, finish_current) = (window("W01"), false);
    let effects = engine.apply(at(2), Event::Next { window, finish_current });
    assert!(
        matches!(effects[..], [Effect::Called { ticket, .. }] if ticket == id(1)),
        "{effects:?}"
    );
}

#[test]
fn a_number_finished_without_a_start_is_finished_and_teaches_nothing() {
    let mut engine = day(hall(Policy::Fifo));
    let service = ServiceId::new("A1").unwrap();
    take(&mut engine, 1, 1, "A1", Class::Normal);
    next(&mut engine, 2, "W01");
    // Somebody stands at each window and one more waits, so that a duration shows in what the next is told.
    let told = |engine: &Engine| {
        let mut probe = engine.clone();
        for n in 50..53 {
            take(&mut probe, 20, n, "A1", Class::Normal);
        }
        probe.forecast_if_taken(at(20), &service)
    };
    let mut without = engine.clone();
    without.apply(at(19), Event::NoShow { ticket: id(1) });
    assert_eq!(next(&mut engine, 19, "W01"), None);
    assert_eq!(engine.ticket(id(1)).unwrap().state, TicketState::Finished);
    assert_eq!(
        told(&engine),
        told(&without),
        "17 minutes without a start are no service time"
    );
}

#[test]
fn who_has_waited_an_hour_is_not_overtaken_again_under_any_policy() {
    for policy in Policy::ALL {
        let rules = Rules {
            priority_run_max: None,
            ..Rules::default()
        };
        let mut engine = day(HallConfig { rules, ..hall(policy) });
        take(&mut engine, 0, 1, "A2", Class::Normal);
        take(&mut engine, 5, 2, "A1", Class::Disabled);
        let mut before = engine.clone();
        let young = next(&mut before, 59, "W01");
        assert_eq!(next(&mut engine, 61, "W01"), Some(id(1)), "{}", policy.name());
        // The rule decides, not the policy: a little earlier these two still put the disabled person first.
        if matches!(policy, Policy::Priority | Policy::Accumulating | Policy::Gcmu) {
            assert_eq!(young, Some(id(2)), "{}", policy.name());
        }
    }
}

fn asked(n: u8, services: &[&str], cases: u8, holder: Option<&str>) -> Event {
    Event::Take(NewTicket {
        id: id(n),
        services: services.iter().map(|s| ServiceId::new(*s).unwrap()).collect(),
        class: Class::Normal,
        booking: None,
        cases: Cases::new(cases).unwrap(),
        holder: holder.map(str::to_string),
        source: Source { device: None },
    })
}

fn refused(engine: &mut Engine, event: Event) -> Option<Refusal> {
    match engine.apply(at(1), event).into_iter().next() {
        Some(Effect::Refused { refusal }) => Some(refusal),
        _ => None,
    }
}

#[test]
fn an_agent_says_how_many_cases_and_more_go_to_the_desk() {
    let mut engine = day(hall(Policy::Fifo));
    assert_eq!(refused(&mut engine, asked(1, &["A1"], 3, None)), None);
    let most = 3;
    assert_eq!(
        refused(&mut engine, asked(2, &["A1"], 4, None)),
        Some(Refusal::TooManyCases { most })
    );
    let four = ["A1", "A2", "A1", "A2"];
    assert_eq!(
        refused(&mut engine, asked(3, &four, 1, None)),
        Some(Refusal::MattersCount { most })
    );
    assert_eq!(refused(&mut engine, asked(4, &four[..3], 1, None)), None);
    let rules = Rules {
        agent_cases_max: 5,
        matters_max: 1,
        ..Rules::default()
    };
    let mut engine = day(HallConfig {
        rules,
        ..hall(Policy::Fifo)
    });
    assert_eq!(refused(&mut engine, asked(1, &["A1"], 5, None)), None);
    assert!(refused(&mut engine, asked(2, &four[..2], 1, None)).is_some());
}

#[test]
fn the_real_name_rule_is_per_group_per_hall_or_off() {
    let mut config = hall(Policy::Fifo);
    let other = GroupId::new("B").unwrap();
    config.groups.push(Group {
        id: other.clone(),
        series: 'B',
    });
    config.services.push(Service {
        id: ServiceId::new("B1").unwrap(),
        group: other,
        hist_ms: vec![300_000; 6],
    });
    // Same person: a second number of the group, a number of the other group.
    for (rule, expected) in [
        (OneTicketPer::Group, (false, true)),
        (OneTicketPer::Hall, (false, false)),
        (OneTicketPer::None, (true, true)),
    ] {
        config.rules.one_ticket_per = rule;
        let mut engine = day(config.clone());
        assert_eq!(refused(&mut engine, asked(1, &["A1"], 1, Some("p"))), None);
        let same = refused(&mut engine, asked(2, &["A2"], 1, Some("p"))).is_none();
        let other = refused(&mut engine, asked(3, &["B1"], 1, Some("p"))).is_none();
        assert_eq!((same, other), expected, "{rule:?}");
        assert_eq!(
            refused(&mut engine, asked(4, &["A1"], 1, Some("q"))),
            None,
            "another person"
        );
    }
}

#[test]
fn a_number_is_called_three_times_and_no_more() {
    let mut engine = day(hall(Policy::Fifo));
    take(&mut engine, 1, 1, "A1", Class::Normal);
    next(&mut engine, 2, "W01");
    let ticket = id(1);
    for times in [2, 3] {
        let effects = engine.apply(at(3), Event::Recall { ticket });
        assert!(
            matches!(effects[..], [Effect::Recalled { times: t, .. }] if t == times),
            "{effects:?}"
        );
    }
    let refusal = refused(&mut engine, Event::Recall { ticket });
    assert!(
        matches!(refusal, Some(Refusal::CalledEnough { times: 3, .. })),
        "{refusal:?}"
    );
    engine.apply(at(4), Event::NoShow { ticket });
    engine.apply(at(5), requeue(1));
    next(&mut engine, 6, "W01");
    assert_eq!(
        refused(&mut engine, Event::Recall { ticket }),
        None,
        "who came back is called anew"
    );
}
