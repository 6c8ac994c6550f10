//! What happens to a ticket from the kiosk to the rating, and what is refused on the way.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Forecast, Group, HallConfig, NewTicket, Quote, Refusal, Service, Source, TransferTo, Window,
};
use ticket_dispatcher_types::{
    Cases, Class, CloseReason, GroupId, Millis, ServiceId, TicketId, TicketState, WindowId, WindowKind,
};

const OPEN: Millis = Millis::from_mins(9 * 60);

fn group(id: &str) -> GroupId {
    GroupId::new(id).unwrap()
}

fn service(id: &str) -> ServiceId {
    ServiceId::new(id).unwrap()
}

fn window(id: &str) -> WindowId {
    WindowId::new(id).unwrap()
}

/// Two groups; W01 serves both, W02 only A.
fn hall() -> Arc<HallConfig> {
    let service = |id: &str, g: &str| Service {
        id: service(id),
        group: group(g),
        hist_ms: vec![300_000; 6],
    };
    let desk = |id: &str, skills: &[&str]| Window {
        id: window(id),
        kind: WindowKind::Comprehensive,
        skills: skills.iter().map(|g| group(g)).collect(),
        plan: Vec::new(),
    };
    Arc::new(HallConfig {
        groups: vec![
            Group {
                id: group("A"),
                series: 'A',
            },
            Group {
                id: group("B"),
                series: 'B',
            },
        ],
        services: vec![service("A1", "A"), service("A2", "A"), service("B1", "B")],
        windows: vec![desk("W01", &["A", "B"]), desk("W02", &["A"])],
        ..HallConfig::default()
    })
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

fn take(n: u8, services: &[&str], holder: Option<&str>) -> Event {
    Event::Take(NewTicket {
        id: id(n),
        services: services.iter().map(|s| service(s)).collect(),
        class: Class::Normal,
        booking: None,
        cases: Cases::ONE,
        holder: holder.map(str::to_string),
        source: Source { device: None },
    })
}

fn open(engine: &mut Engine, w: &str) {
    engine.apply(
        OPEN,
        Event::Open {
            window: window(w),
            clerk: None,
        },
    );
}

fn next(engine: &mut Engine, w: &str, finish_current: bool) -> Vec<Effect> {
    engine.apply(
        engine_time(engine),
        Event::Next {
            window: window(w),
            finish_current,
        },
    )
}

fn engine_time(engine: &Engine) -> Millis {
    engine
        .tickets()
        .filter_map(|t| t.history.last().map(|s| s.at))
        .max()
        .unwrap_or(OPEN)
        + Millis::from_secs(1)
}

fn called(effects: &[Effect]) -> Option<TicketId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, .. } => Some(*ticket),
        _ => None,
    })
}

fn started() -> Engine {
    begun(hall())
}

/// The same hall with forecasts.
fn foreseeing() -> Engine {
    begun(Arc::new(HallConfig {
        forecast_paths: 200,
        ..(*hall()).clone()
    }))
}

fn begun(config: Arc<HallConfig>) -> Engine {
    let mut engine = Engine::new(config);
    engine.apply(
        Millis::ZERO,
        Event::DayBegins {
            day: "2026-11-21".into(),
        },
    );
    engine
}

#[test]
fn tickets_are_called_in_order_and_only_where_they_can_be_served() {
    let mut engine = started();
    for (n, services) in [(1, "B1"), (2, "A1"), (3, "A2")] {
        let effects = engine.apply(OPEN + Millis::from_secs(n.into()), take(n, &[services], None));
        assert!(matches!(effects[0], Effect::Issued { .. }), "{effects:?}");
    }
    assert_eq!(engine.ticket(id(2)).unwrap().number.to_string(), "A001");
    assert_eq!(engine.ticket(id(3)).unwrap().number.to_string(), "A002");
    assert_eq!((engine.people_ahead(id(3)), engine.waiting_in(&group("A"))), (1, 2));
    open(&mut engine, "W02");
    assert_eq!(
        called(&next(&mut engine, "W02", false)),
        Some(id(2)),
        "W02 cannot serve the earlier B001"
    );
    let busy = next(&mut engine, "W02", false);
    assert!(
        matches!(
            busy[0],
            Effect::Refused {
                refusal: Refusal::WindowBusy { .. }
            }
        ),
        "{busy:?}"
    );
    let effects = next(&mut engine, "W02", true);
    assert!(matches!(effects[0], Effect::Finished { .. }));
    assert_eq!(called(&effects), Some(id(3)));
    let nobody = next(&mut engine, "W02", true);
    assert!(matches!(nobody[1], Effect::NobodyWaits { .. }), "{nobody:?}");
    open(&mut engine, "W01");
    let effects = engine.apply(engine_time(&engine), Event::Dispatch);
    assert_eq!(called(&effects), Some(id(1)));
}

#[test]
fn a_person_holds_one_open_ticket_of_a_group() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["A1"], Some("aa")));
    let again = engine.apply(OPEN, take(2, &["A2"], Some("aa")));
    assert!(matches!(&again[0], Effect::Refused { refusal: Refusal::AlreadyHolds { ticket, .. } } if *ticket == id(1)));
    assert!(matches!(
        engine.apply(OPEN, take(3, &["B1"], Some("aa")))[0],
        Effect::Issued { .. }
    ));
    assert!(matches!(
        engine.apply(OPEN, take(4, &["A1"], None))[0],
        Effect::Issued { .. }
    ));
    engine.apply(
        OPEN,
        Event::Cancel {
            ticket: id(1),
            reason: "left".into(),
        },
    );
    assert!(matches!(
        engine.apply(OPEN, take(5, &["A1"], Some("aa")))[0],
        Effect::Issued { .. }
    ));
}

#[test]
fn a_second_matter_keeps_the_place_of_the_first() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["A1", "B1"], None));
    engine.apply(OPEN + Millis(5), take(2, &["B1"], None));
    open(&mut engine, "W02");
    next(&mut engine, "W02", false);
    engine.apply(engine_time(&engine), Event::Start { ticket: id(1) });
    let effects = engine.apply(engine_time(&engine), Event::Finish { ticket: id(1) });
    assert!(
        matches!(
            &effects[..],
            [Effect::Finished { .. }, Effect::NextMatter { matter: 1, .. }]
        ),
        "{effects:?}"
    );
    open(&mut engine, "W01");
    assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(1)));
}

#[test]
fn a_window_that_can_do_the_next_matter_goes_on_with_it_and_nobody_is_sent_round() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["A1", "B1"], None));
    engine.apply(OPEN + Millis(5), take(2, &["A1"], None));
    open(&mut engine, "W01");
    next(&mut engine, "W01", false);
    engine.apply(engine_time(&engine), Event::Start { ticket: id(1) });
    // "Finish and call the next" goes on with the same person too.
    let effects = next(&mut engine, "W01", true);
    assert!(
        matches!(&effects[..], [Effect::Finished { .. }, Effect::NextMatter { matter: 1, window: Some(w), .. }]
            if *w == window("W01")),
        "{effects:?}"
    );
    let ticket = engine.ticket(id(1)).unwrap();
    assert_eq!((ticket.state, ticket.service()), (TicketState::Serving, &service("B1")));
    assert_eq!(engine.window(&window("W01")).unwrap().current, Some(id(1)));
    assert_eq!(called(&next(&mut engine, "W01", true)), Some(id(2)));
    assert_eq!(engine.ticket(id(1)).unwrap().state, TicketState::Finished);
}

#[test]
fn a_window_about_to_rest_does_not_begin_the_next_matter() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["A1", "B1"], None));
    open(&mut engine, "W01");
    next(&mut engine, "W01", false);
    let (window, reason) = (window("W01"), CloseReason::Lunch);
    engine.apply(engine_time(&engine), Event::Close { window, reason });
    engine.apply(engine_time(&engine), Event::Finish { ticket: id(1) });
    let ticket = engine.ticket(id(1)).unwrap();
    assert_eq!((ticket.state, ticket.service()), (TicketState::Waiting, &service("B1")));
}

#[test]
fn of_two_idle_windows_the_one_that_can_do_all_matters_is_called_to() {
    for (services, expected) in [(&["A1"][..], "W02"), (&["A1", "A2"], "W02"), (&["A1", "B1"], "W01")] {
        let mut engine = started();
        open(&mut engine, "W01");
        open(&mut engine, "W02");
        engine.apply(OPEN, take(1, services, None));
        engine.apply(OPEN, Event::Dispatch);
        let at = engine.ticket(id(1)).unwrap().window.clone();
        assert_eq!(at, Some(window(expected)), "{services:?}");
    }
}

#[test]
fn a_held_ticket_goes_on_in_front_at_the_window_that_held_it() {
    let mut engine = started();
    for n in 1..=3 {
        engine.apply(OPEN, take(n, &["A1"], None));
    }
    open(&mut engine, "W01");
    open(&mut engine, "W02");
    next(&mut engine, "W02", false);
    engine.apply(
        engine_time(&engine),
        Event::Hold {
            ticket: id(1),
            reason: "copies".into(),
        },
    );
    engine.apply(engine_time(&engine), Event::Resume { ticket: id(1) });
    assert_eq!(engine.could_call(id(1)), [window("W02")]);
    assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(2)));
    assert_eq!(called(&next(&mut engine, "W02", false)), Some(id(1)));
    let to = TransferTo::Window { window: window("W02") };
    engine.apply(
        engine_time(&engine),
        Event::Transfer {
            ticket: id(2),
            to,
            reason: "speaks Cantonese".into(),
        },
    );
    assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(3)));
    assert_eq!(called(&next(&mut engine, "W02", true)), Some(id(2)));
}

#[test]
fn who_was_sent_to_a_window_that_closes_is_called_by_any_other_that_can() {
    let mut engine = foreseeing();
    open(&mut engine, "W01");
    open(&mut engine, "W02");
    engine.apply(OPEN, take(1, &["A1"], None));
    engine.apply(OPEN, take(2, &["A1"], None));
    assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(1)));
    let (to, reason) = (TransferTo::Window { window: window("W02") }, "form at W02".into());
    let now = engine_time(&engine);
    engine.apply(
        now,
        Event::Transfer {
            ticket: id(1),
            to,
            reason,
        },
    );
    assert_eq!(engine.could_call(id(1)), [window("W02")]);
    let (closes, reason) = (window("W02"), CloseReason::Fault);
    engine.apply(now, Event::Close { window: closes, reason });
    assert_eq!(engine.could_call(id(1)), [window("W01"), window("W02")]);
    let forecast = engine.forecast(now, id(1));
    assert!(
        forecast.p90 < Millis::from_mins(60),
        "a wait that W01 gives: {forecast:?}"
    );
    assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(1)));
}

#[test]
fn what_was_foreseen_of_an_empty_queue_is_not_told_to_whoever_comes_behind_others() {
    let mut engine = foreseeing();
    open(&mut engine, "W02");
    let quote = Quote {
        people_ahead: 0,
        forecast: Some(Forecast::default()),
    };
    let told: Vec<Forecast> = (1..=6)
        .map(|n| {
            let Event::Take(new) = take(n, &["A1"], None) else {
                unreachable!("take() makes a take");
            };
            match &engine.apply_quoted(OPEN + Millis::from_secs(n.into()), &new, &quote)[..] {
                [Effect::Issued { forecast, .. }] => forecast.unwrap(),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert_eq!(told[0], Forecast::default(), "the first stands before an idle window");
    assert!(told[5].p90 > Millis::from_mins(5), "five are before the last: {told:?}");
}

#[test]
fn nobody_is_sent_to_a_window_that_does_not_serve_the_matter() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["B1"], None));
    let to = TransferTo::Window { window: window("W02") };
    let reason = "a slip of the hand".to_string();
    let ticket = id(1);
    let effects = engine.apply(engine_time(&engine), Event::Transfer { ticket, to, reason });
    let refusal = Refusal::NotServedHere {
        window: window("W02"),
        number: engine.ticket(id(1)).unwrap().number,
    };
    assert_eq!(effects, [Effect::Refused { refusal }]);
    assert_eq!(engine.could_call(id(1)), [window("W01")]);
}

#[test]
fn a_transferred_or_requeued_number_keeps_the_place_of_its_time_of_issue() {
    for group_too in [true, false] {
        let mut engine = started();
        let minute = |n: u8| OPEN + Millis::from_mins(i64::from(n));
        for (n, service) in [(1, "A1"), (2, "B1"), (3, "A1"), (4, "B1")] {
            engine.apply(minute(n), take(n, &[service], None));
        }
        open(&mut engine, "W01");
        open(&mut engine, "W02");
        let now = minute(10);
        let event = Event::Next {
            window: window("W02"),
            finish_current: false,
        };
        assert_eq!(called(&engine.apply(now, event)), Some(id(1)));
        let (ticket, reason) = (id(1), "another matter after all".to_string());
        let back = if group_too {
            let to = TransferTo::Service { service: service("B1") };
            Event::Transfer { ticket, to, reason }
        } else {
            Event::Requeue { ticket, reason }
        };
        engine.apply(now, back);
        let moved = engine.ticket(id(1)).unwrap();
        assert_eq!((moved.state, moved.base()), (TicketState::Waiting, minute(1)));
        assert_eq!(moved.group, group(if group_too { "B" } else { "A" }));
        assert_eq!(engine.people_ahead(id(1)), 0, "those who came later stay behind");
        assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(1)));
    }
}

#[test]
fn a_window_that_closes_for_whatever_reason_finishes_whom_it_has_and_calls_nobody_until_it_opens() {
    for reason in [
        CloseReason::Lunch,
        CloseReason::Break,
        CloseReason::Fault,
        CloseReason::End,
    ] {
        let mut engine = started();
        engine.apply(OPEN, take(1, &["A1"], None));
        engine.apply(OPEN, take(2, &["A1"], None));
        open(&mut engine, "W01");
        next(&mut engine, "W01", false);
        engine.apply(engine_time(&engine), Event::Start { ticket: id(1) });
        let window = window("W01");
        let close = Event::Close {
            window: window.clone(),
            reason,
        };
        engine.apply(engine_time(&engine), close);
        assert_eq!(engine.ticket(id(1)).unwrap().state, TicketState::Serving, "{reason:?}");
        engine.apply(engine_time(&engine), Event::Finish { ticket: id(1) });
        assert_eq!(engine.ticket(id(1)).unwrap().state, TicketState::Finished);
        assert_eq!(engine.apply(engine_time(&engine), Event::Dispatch), []);
        let refused = next(&mut engine, "W01", false);
        let refusal = Refusal::WindowNotOpen { window };
        assert_eq!(refused, [Effect::Refused { refusal }], "{reason:?}");
        open(&mut engine, "W01");
        assert_eq!(called(&next(&mut engine, "W01", false)), Some(id(2)), "{reason:?}");
    }
}

#[test]
fn a_paused_window_does_not_call_and_a_day_ends_cleanly() {
    let mut engine = started();
    engine.apply(OPEN, take(1, &["A1"], None));
    open(&mut engine, "W01");
    engine.apply(
        OPEN,
        Event::Pause {
            window: window("W01"),
            reason: CloseReason::Break,
        },
    );
    let effects = next(&mut engine, "W01", false);
    assert!(matches!(
        effects[0],
        Effect::Refused {
            refusal: Refusal::WindowNotOpen { .. }
        }
    ));
    let back = engine.apply(
        OPEN,
        Event::DayBegins {
            day: "2026-11-20".into(),
        },
    );
    assert!(matches!(
        back[0],
        Effect::Refused {
            refusal: Refusal::DayBeganAlready { .. }
        }
    ));
    let effects = engine.apply(
        Millis(1),
        Event::DayBegins {
            day: "2026-11-22".into(),
        },
    );
    assert!(
        matches!(&effects[..], [Effect::Cancelled { .. }, Effect::DayBegan { .. }]),
        "{effects:?}"
    );
    engine.apply(OPEN, take(2, &["A1"], None));
    assert_eq!(engine.ticket(id(2)).unwrap().number.to_string(), "A001");
    assert_eq!(engine.forecast(OPEN, id(1)), Forecast::default());
}

#[test]
fn folding_the_effects_gives_the_live_state() {
    let (mut live, mut rebuilt) = (started(), Engine::new(hall()));
    rebuilt.fold(
        Millis::ZERO,
        &Effect::DayBegan {
            day: "2026-11-21".into(),
        },
    );
    let script = [
        take(1, &["A1", "B1"], Some("aa")),
        Event::Open {
            window: window("W02"),
            clerk: None,
        },
        take(2, &["A1"], None),
        Event::Dispatch,
        Event::Start { ticket: id(1) },
        Event::Finish { ticket: id(1) },
        Event::Rate {
            ticket: id(1),
            stars: 5,
        },
        Event::Next {
            window: window("W02"),
            finish_current: false,
        },
    ];
    for (n, event) in script.into_iter().enumerate() {
        let now = OPEN + Millis::from_secs(i64::try_from(n).unwrap());
        let decided = live.decide(now, &event);
        assert_eq!(decided, live.apply(now, event));
        for effect in &decided {
            rebuilt.fold(now, effect);
        }
        assert_eq!(rebuilt.state_digest(), live.state_digest());
    }
}

/// A hall that foresees, in which somebody stands at W01 with these matters and two more wait behind.
fn behind(first: &[&str], second: &[&str]) -> [i64; 2] {
    let config = HallConfig {
        forecast_paths: 100,
        ..(*hall()).clone()
    };
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-23".to_string();
    engine.apply(OPEN, Event::DayBegins { day });
    open(&mut engine, "W01");
    engine.apply(OPEN, take(1, first, None));
    next(&mut engine, "W01", false);
    engine.apply(engine_time(&engine), Event::Start { ticket: id(1) });
    engine.apply(engine_time(&engine), take(2, second, None));
    engine.apply(engine_time(&engine), take(3, &["A1"], None));
    let now = engine_time(&engine);
    [2, 3].map(|n| engine.forecast(now, id(n)).p50.0 / 60_000)
}

#[test]
fn who_waits_behind_several_matters_is_told_their_time_too() {
    let [second, third] = behind(&["A1"], &["A1"]);
    let [behind_three, _] = behind(&["A1", "A2", "B1"], &["A1"]);
    assert!(
        (8..=12).contains(&(behind_three - second)),
        "two matters of five minutes more at the window: {second} {behind_three}"
    );
    let [same, behind_two] = behind(&["A1"], &["A1", "B1"]);
    assert_eq!(
        same, second,
        "for its own call a number does not wait for its later matters"
    );
    assert!(
        (4..=6).contains(&(behind_two - third)),
        "one matter more in the queue: {third} {behind_two}"
    );
}
