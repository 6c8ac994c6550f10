//! Days that no plan foresees: clocks that jump, services never timed, crowds.

#![allow(clippy::unwrap_used)] // made-up ids always parse

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Group, HallConfig, NewTicket, PlanInterval, Service, Source, Window,
};
use ticket_dispatcher_types::{Cases, Class, GroupId, Millis, ServiceId, TicketId, TicketState, WindowId, WindowKind};

const TEN: Millis = Millis::from_mins(600);

fn hall(hist_ms: Vec<i64>, windows: usize) -> Engine {
    let group = GroupId::new("A").unwrap();
    let day = PlanInterval {
        from: Millis::from_mins(510),
        to: Millis::from_mins(1050),
    };
    let config = HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: vec![Service {
            id: ServiceId::new("A1").unwrap(),
            group: group.clone(),
            hist_ms,
        }],
        windows: (0..windows)
            .map(|w| Window {
                id: WindowId::new(format!("W{w}")).unwrap(),
                kind: WindowKind::Comprehensive,
                skills: vec![group.clone()],
                plan: vec![day],
            })
            .collect(),
        forecast_paths: 40,
        ..HallConfig::default()
    };
    let mut engine = Engine::new(Arc::new(config));
    engine.apply(
        Millis::ZERO,
        Event::DayBegins {
            day: "2026-11-21".into(),
        },
    );
    for window in engine.windows().iter().map(|w| w.id.clone()).collect::<Vec<_>>() {
        engine.apply(TEN, Event::Open { window, clerk: None });
    }
    engine
}

fn id(n: u16) -> TicketId {
    TicketId::from_bytes(u128::from(n + 1).to_be_bytes())
}

fn take(engine: &mut Engine, now: Millis, n: u16) -> Effect {
    let ticket = NewTicket {
        id: id(n),
        services: vec![ServiceId::new("A1").unwrap()],
        class: Class::Normal,
        booking: None,
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    };
    engine.apply(now, Event::Take(ticket)).remove(0)
}

#[test]
fn a_service_that_nobody_has_timed_still_gets_a_range() {
    let mut engine = hall(Vec::new(), 1);
    (0..3).for_each(|n| drop(take(&mut engine, TEN, n)));
    engine.apply(TEN, Event::Dispatch);
    let range = engine.forecast(TEN, id(2));
    assert!(
        range.p10 > Millis::from_mins(2) && range.p10 < range.p50 && range.p50 < range.p90,
        "{range:?}"
    );
    assert!(range.p90 < Millis::from_mins(90), "{range:?}");
}

#[test]
fn a_clock_that_jumps_back_an_hour_lets_nobody_pass() {
    let mut engine = hall(vec![300_000; 8], 1);
    take(&mut engine, TEN, 0);
    engine.apply(TEN, Event::Dispatch);
    take(&mut engine, TEN + Millis::from_secs(5), 1);
    let back = TEN + Millis::from_mins(-60);
    take(&mut engine, back, 2);
    engine.apply(back, Event::Start { ticket: id(0) });
    engine.apply(back, Event::Finish { ticket: id(0) });
    let first = engine.forecast(back, id(1));
    assert!(first.p10 >= Millis::ZERO && first.p90 >= first.p50);
    engine.apply(back, Event::Dispatch);
    assert_eq!(engine.ticket(id(1)).unwrap().state, TicketState::Called);
    assert_eq!(engine.ticket(id(2)).unwrap().state, TicketState::Waiting);
    // And ahead: an hour that nobody worked must not count as one long service.
    let ahead = TEN + Millis::from_mins(120);
    engine.apply(ahead, Event::NoShow { ticket: id(1) });
    engine.apply(ahead, Event::Dispatch);
    assert_eq!(engine.ticket(id(2)).unwrap().state, TicketState::Called);
}

#[test]
fn opening_a_window_brings_the_end_of_the_queue_nearer() {
    let mut engine = hall(vec![240_000, 300_000, 360_000, 420_000, 280_000, 330_000], 2);
    let second = WindowId::new("W1").unwrap();
    let reason = ticket_dispatcher_types::CloseReason::End;
    engine.apply(
        TEN,
        Event::Close {
            window: second.clone(),
            reason,
        },
    );
    (0..20).for_each(|n| drop(take(&mut engine, TEN, n)));
    engine.apply(TEN, Event::Dispatch);
    let (alone, together) = engine.what_if(TEN, std::slice::from_ref(&second), &[]).unwrap();
    assert_eq!(engine.queue_gone(TEN), Some(alone));
    assert_eq!((alone.waiting, together.waiting), (19, 19));
    assert!(together.gone.p50.0 * 3 < alone.gone.p50.0 * 2, "{alone:?} {together:?}");
    assert!(together.mean_wait < alone.mean_wait);
    assert_eq!(engine.window(&second).unwrap().current, None, "asking changes nothing");
}

#[test]
fn a_crowd_gets_numbers_and_ranges_in_time() {
    let mut engine = hall(vec![300_000; 8], 3);
    for n in 0..600 {
        let effect = take(&mut engine, TEN + Millis(i64::from(n) * 360), n);
        assert!(matches!(effect, Effect::Issued { forecast: Some(_), .. }), "{effect:?}");
    }
    assert_eq!(engine.people_ahead(id(599)), 599);
}

#[test]
fn ten_thousand_people_in_an_hour_all_get_a_number_and_nobody_a_guess_that_means_nothing() {
    let mut engine = hall(vec![300_000; 8], 15);
    let (mut told, mut calls) = (0, Vec::new());
    for n in 0..10_000 {
        let now = TEN + Millis(i64::from(n) * 360);
        match take(&mut engine, now, n) {
            Effect::Issued { number, forecast, .. } => {
                assert_eq!(number.count(), u32::from(n) + 1);
                told += u32::from(forecast.is_some());
            }
            other => panic!("person {n}: {other:?}"),
        }
        if n % 100 == 0 {
            calls.extend(engine.apply(now, Event::Dispatch));
        }
    }
    assert!((1_000..1_100).contains(&told), "{told} were told a time");
    let called: Vec<TicketId> = calls
        .iter()
        .filter_map(|effect| match effect {
            Effect::Called { ticket, .. } => Some(*ticket),
            _ => None,
        })
        .collect();
    assert_eq!(
        called,
        (0..15).map(id).collect::<Vec<_>>(),
        "in the order of their coming"
    );
    assert!(!engine.foreseeable(TEN, &GroupId::new("A").unwrap()));
    assert_eq!(engine.next_up(3).len(), 3);
}
