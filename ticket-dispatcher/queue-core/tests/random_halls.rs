//! What holds in every hall, whatever happens in whatever order.

#![allow(clippy::unwrap_used)] // made-up ids always parse

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use ticket_dispatcher_queue_core::{
    Booking, Effect, Engine, Event, Group, HallConfig, NewTicket, Policy, Service, Source, Ticket, TransferTo, Window,
};
use ticket_dispatcher_types::{
    BookingId, Cases, Class, CloseReason, GroupId, Millis, ServiceId, TicketId, TicketState, WindowId, WindowKind,
    WindowState,
};

const OPEN_MS: i64 = 9 * 3_600_000;

/// One thing that happens; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Act {
    Take {
        service: u8,
        more: Option<u8>,
        class: Class,
        holder: Option<u8>,
        booking: Option<u8>,
    },
    Window {
        window: u8,
        what: u8,
    },
    Ticket {
        ticket: u8,
        what: u8,
    },
    Dispatch,
}

fn act() -> impl Strategy<Value = Act> {
    let class = prop_oneof![
        4 => Just(Class::Normal), 1 => Just(Class::Elderly), 1 => Just(Class::Disabled), 1 => Just(Class::Appt)
    ];
    let option = |of| prop_oneof![3 => Just(None), 1 => (0..of).prop_map(Some)];
    let take = (any::<u8>(), option(u8::MAX), class, option(6), option(5));
    prop_oneof![
        4 => take.prop_map(|(service, more, class, holder, booking)| {
            Act::Take { service, more, class, holder, booking }
        }),
        4 => (any::<u8>(), 0_u8..8).prop_map(|(window, what)| Act::Window { window, what }),
        5 => (any::<u8>(), 0_u8..15).prop_map(|(ticket, what)| Act::Ticket { ticket, what }),
        2 => Just(Act::Dispatch),
    ]
}

fn hall() -> impl Strategy<Value = HallConfig> {
    let skills = prop::collection::vec(any::<[bool; 3]>(), 1..5);
    (1..=3_usize, skills, prop::sample::select(Policy::ALL.to_vec())).prop_map(|(groups, skills, policy)| {
        let group = |g: usize| GroupId::new(format!("G{g}")).unwrap();
        let service = |n: usize| ServiceId::new(format!("S{n}")).unwrap();
        let series = |g: usize| char::from(b'A' + u8::try_from(g).unwrap());
        HallConfig {
            groups: (0..groups)
                .map(|g| Group {
                    id: group(g),
                    series: series(g),
                })
                .collect(),
            services: (0..2 * groups)
                .map(|n| Service {
                    id: service(n),
                    group: group(n % groups),
                    hist_ms: vec![60_000, 300_000, 900_000],
                })
                .collect(),
            windows: skills
                .iter()
                .enumerate()
                .map(|(w, has)| Window {
                    id: WindowId::new(format!("W{w}")).unwrap(),
                    kind: WindowKind::Comprehensive,
                    skills: (0..groups).filter(|g| has[*g]).map(group).collect(),
                    plan: Vec::new(),
                })
                .collect(),
            bookings: (0..5)
                .map(|b| Booking {
                    id: BookingId::new(format!("K{b}")).unwrap(),
                    service: service(b % groups),
                    slot: Millis(OPEN_MS + i64::try_from(b).unwrap() * 600_000),
                })
                .collect(),
            policy,
            ..HallConfig::default()
        }
    })
}

fn id(n: usize) -> TicketId {
    TicketId::from_bytes((n as u128).to_be_bytes())
}

/// Turns an act into an event of this hall.
fn event(act: &Act, config: &HallConfig, issued: &mut usize) -> Event {
    let reason = "test".to_string();
    let service = |n: u8| config.services[usize::from(n) % config.services.len()].id.clone();
    match act {
        Act::Dispatch => Event::Dispatch,
        Act::Take {
            service: first,
            more,
            class,
            holder,
            booking,
        } => {
            *issued += 1;
            Event::Take(NewTicket {
                id: id(*issued),
                services: std::iter::once(*first).chain(*more).map(service).collect(),
                class: *class,
                booking: booking.map(|b| config.bookings[usize::from(b)].id.clone()),
                cases: Cases::ONE,
                holder: holder.map(|h| format!("{h:02x}")),
                source: Source { device: None },
            })
        }
        Act::Window { window, what } => {
            let window = config.windows[usize::from(*window) % config.windows.len()].id.clone();
            match what {
                0..=2 => Event::Open { window, clerk: None },
                3 => Event::Pause {
                    window,
                    reason: CloseReason::Break,
                },
                4 => Event::Close {
                    window,
                    reason: CloseReason::Fault,
                },
                5 => Event::Next {
                    window,
                    finish_current: true,
                },
                _ => Event::Next {
                    window,
                    finish_current: false,
                },
            }
        }
        Act::Ticket { ticket, what } => {
            let policy = Policy::ALL[usize::from(*ticket) % Policy::ALL.len()];
            let by = "test".to_string();
            let ticket = id(usize::from(*ticket) % (*issued + 1) + 1);
            let window = config.windows[0].id.clone();
            match what {
                0 => Event::Recall { ticket },
                1 | 2 => Event::Start { ticket },
                3 | 4 => Event::Finish { ticket },
                5 => Event::NoShow { ticket },
                6 => Event::Transfer {
                    ticket,
                    to: TransferTo::Window { window },
                    reason,
                },
                7 => Event::Transfer {
                    ticket,
                    to: TransferTo::Service { service: service(3) },
                    reason,
                },
                8 => Event::Requeue { ticket, reason },
                9 => Event::Hold { ticket, reason },
                10 => Event::Resume { ticket },
                12 => Event::Pick { window, ticket, reason },
                13 => Event::SetPolicy { policy, by, reason },
                14 => Event::Peek { window, reason },
                _ => Event::Cancel { ticket, reason },
            }
        }
    }
}

/// Counts of the state that no event may break.
fn check(engine: &Engine, issued: &[TicketId]) {
    let waiting: Vec<TicketId> = engine.waiting().map(|t| t.id).collect();
    for id in issued {
        let ticket = engine.ticket(*id).expect("no ticket of the day is lost");
        let at = engine.windows().iter().filter(|w| w.current == Some(*id)).count();
        let queued = waiting.iter().filter(|w| *w == id).count();
        let expected = match ticket.state {
            TicketState::Waiting => (0, 1),
            TicketState::Called | TicketState::Serving => (1, 0),
            _ => (0, 0),
        };
        assert_eq!((at, queued), expected, "{} is {:?}", ticket.number, ticket.state);
    }
    for group in &engine.config().groups {
        let (mut of_group, mut ranks) = (0, BTreeMap::new());
        for ticket in engine.waiting().filter(|t| t.group == group.id) {
            of_group += 1;
            *ranks.entry(engine.people_ahead(ticket.id)).or_insert(0) += 1;
        }
        assert_eq!(engine.waiting_in(&group.id), of_group);
        // With one rank each, nobody is forgotten or counted twice by those who count the people before them.
        let each_once = (0..of_group)
            .zip(ranks)
            .all(|(rank, (found, times))| (rank, 1) == (found, times));
        assert!(each_once, "the ranks of group {} have gaps or doubles", group.id);
    }
    let mut series: BTreeMap<char, Vec<u32>> = BTreeMap::new();
    for ticket in engine.tickets() {
        series
            .entry(ticket.number.series())
            .or_default()
            .push(ticket.number.count());
    }
    for (letter, numbers) in series {
        let dense: Vec<u32> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
        assert_eq!(numbers, dense, "series {letter} has gaps or doubles");
    }
}

/// A call must not pass anybody of the same class and service whom this window could have called.
fn check_call(before: &Engine, effect: &Effect) {
    let Effect::Called { ticket, window, .. } = effect else {
        return;
    };
    let winner = before.ticket(*ticket).expect("a called ticket was known before");
    assert_eq!(winner.state, TicketState::Waiting);
    assert!(before.could_call(*ticket).contains(window));
    // `fifo` goes by arrival, all others by the time from which the wait counts.
    let key = |t: &Ticket| match before.config().policy {
        Policy::Fifo => (t.place.queued_ms, t.place.rank),
        _ => (t.place.base_ms, 0),
    };
    let overtaken = before.waiting().find(|t| {
        let plain = !winner.front && winner.bound.is_none() && before.could_call(t.id).contains(window);
        plain && t.class == winner.class && t.service() == winner.service() && key(t) < key(winner)
    });
    assert!(
        overtaken.is_none(),
        "{} overtook {}",
        winner.number,
        overtaken.unwrap().number
    );
}

fn play(config: &Arc<HallConfig>, acts: &[(u16, Act)]) -> Vec<(Millis, Effect)> {
    let (mut live, mut rebuilt) = (Engine::new(config.clone()), Engine::new(config.clone()));
    let (mut log, mut issued, mut made) = (Vec::new(), Vec::new(), 0);
    let mut now = Millis(OPEN_MS);
    for effect in live.apply(
        Millis::ZERO,
        Event::DayBegins {
            day: "2026-11-21".into(),
        },
    ) {
        rebuilt.fold(Millis::ZERO, &effect);
    }
    for (pause, act) in acts {
        now = now + Millis(i64::from(*pause) * 10);
        let event = event(act, config, &mut made);
        let effects = live.decide(now, &event);
        assert!(
            !effects.is_empty() || event == Event::Dispatch,
            "{event:?} was passed over in silence"
        );
        let mut step = live.clone();
        // Who is picked by hand may overtake; that is what the trace is for.
        let picked = effects.iter().any(|e| matches!(e, Effect::Picked { .. }));
        for effect in &effects {
            if !picked {
                check_call(&step, effect);
            }
            step.fold(now, effect);
            if let Effect::Issued { ticket, .. } = effect {
                issued.push(ticket.id);
            }
        }
        assert_eq!(live.apply(now, event.clone()), effects);
        effects.iter().for_each(|effect| rebuilt.fold(now, effect));
        assert_eq!(live.state_digest(), rebuilt.state_digest());
        check(&live, &issued);
        if event == Event::Dispatch {
            let idle = |w: &WindowId| {
                live.window(w)
                    .is_some_and(|w| w.state == WindowState::Open && w.current.is_none())
            };
            let stuck = live.waiting().find(|t| live.could_call(t.id).iter().any(idle));
            assert!(stuck.is_none(), "a window is idle over {:?}", stuck.map(|t| t.number));
        }
        log.extend(effects.into_iter().map(|effect| (now, effect)));
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn tickets_are_neither_lost_nor_doubled_nor_overtaken(
        config in hall(), acts in prop::collection::vec((0_u16..6_000, act()), 1..120)
    ) {
        let config = Arc::new(config);
        let log = play(&config, &acts);
        let again = play(&config, &acts);
        prop_assert_eq!(format!("{log:?}"), format!("{again:?}"));
    }
}
