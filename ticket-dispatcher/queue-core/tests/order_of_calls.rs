//! "People ahead of you" is what happens: so many of the group are called before, were the group called through now.

#![allow(clippy::unwrap_used)] // made-up ids always parse

use std::sync::Arc;

use proptest::prelude::*;
use ticket_dispatcher_queue_core::{
    BookingRules, Effect, Engine, Event, Group, HallConfig, NewBooking, NewTicket, PlanInterval, Policy, Service,
    Source, Window,
};
use ticket_dispatcher_types::{BookingId, Cases, Class, GroupId, Millis, ServiceId, TicketId, WindowId, WindowKind};

const TEN: Millis = Millis::from_mins(600);

fn id(n: usize) -> TicketId {
    TicketId::from_bytes((n as u128 + 1).to_be_bytes())
}

fn service(n: usize) -> ServiceId {
    ServiceId::new(format!("S{n}")).unwrap()
}

fn window() -> WindowId {
    WindowId::new("W1").unwrap()
}

/// One group of three services, one window, a check-in window of a quarter of an hour.
fn hall(policy: Policy, priority_run_max: Option<u8>) -> Engine {
    let group = GroupId::new("A").unwrap();
    let mut config = HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: [120_000, 400_000, 1_500_000]
            .into_iter()
            .enumerate()
            .map(|(n, ms)| Service {
                id: service(n),
                group: group.clone(),
                hist_ms: vec![ms; 8],
            })
            .collect(),
        windows: vec![Window {
            id: window(),
            kind: WindowKind::Comprehensive,
            skills: vec![group.clone()],
            plan: vec![PlanInterval {
                from: Millis::from_mins(9 * 60),
                to: Millis::from_mins(17 * 60),
            }],
        }],
        booking: BookingRules {
            walk_in_share_pct: 0,
            ..BookingRules::default()
        },
        policy,
        ..HallConfig::default()
    };
    config.slot_capacity.insert(group, 100);
    config.rules.priority_run_max = priority_run_max;
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    engine
}

/// One who comes: the service, the class, and for a booked person the slot in half hours from ten.
type Comer = (usize, Class, Option<u8>);

fn come(engine: &mut Engine, n: usize, now: Millis, (of, class, slot): Comer) {
    let booking = slot.map(|slot| {
        let booking = BookingId::new(format!("B{n}")).unwrap();
        let new = NewBooking {
            id: booking.clone(),
            person: format!("p{n}"),
            service: service(of),
            day: "2026-11-21".into(),
            slot: TEN + Millis::from_mins(30 * i64::from(slot)),
            online: true,
        };
        let effects = engine.apply(Millis::from_mins(8 * 60), Event::Book(new));
        assert!(matches!(effects[0], Effect::Booked { .. }), "{effects:?}");
        booking
    });
    let new = NewTicket {
        id: id(n),
        services: vec![service(of)],
        class,
        booking,
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    };
    let effects = engine.apply(now, Event::Take(new));
    assert!(matches!(effects[0], Effect::Issued { .. }), "{effects:?}");
}

/// Calls everybody at this very moment.
fn call_through(mut engine: Engine, now: Millis) -> Vec<TicketId> {
    let open = Event::Open {
        window: window(),
        clerk: None,
    };
    engine.apply(now, open);
    let mut order = Vec::new();
    loop {
        let (window, finish_current) = (window(), true);
        let effects = engine.apply(now, Event::Next { window, finish_current });
        let called = effects.iter().find_map(|effect| match effect {
            Effect::Called { ticket, .. } => Some(*ticket),
            _ => None,
        });
        match called {
            Some(ticket) => order.push(ticket),
            None => return order,
        }
    }
}

fn comer() -> impl Strategy<Value = Comer> {
    let class = prop_oneof![3 => Just(Class::Normal), 2 => Just(Class::Elderly), 1 => Just(Class::Disabled)];
    (
        0..3_usize,
        class,
        prop_oneof![3 => Just(None), 1 => (0..4_u8).prop_map(Some)],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn people_ahead_and_the_boards_list_are_the_order_in_which_the_group_would_be_called(
        policy in prop::sample::select(Policy::ALL.to_vec()), most in prop::option::of(0..3_u8),
        comers in prop::collection::vec((1..200_i64, comer()), 1..40)
    ) {
        let mut engine = hall(policy, most);
        let mut now = Millis::from_mins(9 * 60);
        for (n, (pause_s, comer)) in comers.iter().enumerate() {
            now = now + Millis::from_secs(*pause_s);
            come(&mut engine, n, now, *comer);
        }
        let order = call_through(engine.clone(), now);
        prop_assert_eq!(order.len(), comers.len());
        for (place, ticket) in order.iter().enumerate() {
            prop_assert_eq!(engine.people_ahead(*ticket) as usize, place);
        }
        let board: Vec<TicketId> = engine.next_up(8).iter().map(|t| t.id).collect();
        prop_assert_eq!(&board[..], &order[..board.len()]);
        // What a kiosk says before the number is taken is what the slip says after it.
        let (ahead, _) = engine.forecast_if_taken(now, &service(0)).unwrap();
        come(&mut engine, 99, now, (0, Class::Normal, None));
        prop_assert_eq!(engine.people_ahead(id(99)), ahead);
    }
}

#[test]
fn the_cap_on_priority_calls_counts() {
    let mut engine = hall(Policy::Balanced, Some(2));
    let mut now = TEN;
    come(&mut engine, 0, now, (1, Class::Normal, None));
    for n in 1..=4 {
        now = now + Millis::from_secs(1);
        come(&mut engine, n, now, (1, Class::Disabled, None));
    }
    // Two disabled, the ordinary one by the cap, then the other two: by score alone it would stand last.
    assert_eq!(engine.people_ahead(id(0)), 2);
    assert_eq!([1, 2, 3, 4].map(|n| engine.people_ahead(id(n))), [0, 1, 3, 4]);
}

#[test]
fn an_appointment_before_its_check_in_window_stands_before_nobody() {
    let mut engine = hall(Policy::Balanced, Some(2));
    let early = Millis::from_mins(9 * 60);
    come(&mut engine, 0, early, (1, Class::Normal, Some(0)));
    come(&mut engine, 1, early + Millis::from_mins(30), (1, Class::Normal, None));
    assert_eq!((engine.people_ahead(id(0)), engine.people_ahead(id(1))), (1, 0));
    // Six minutes after its slot has begun, when the next one comes, it goes first.
    come(&mut engine, 2, early + Millis::from_mins(66), (2, Class::Normal, None));
    assert_eq!((engine.people_ahead(id(0)), engine.people_ahead(id(1))), (0, 1));
}
