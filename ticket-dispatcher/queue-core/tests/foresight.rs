//! What a forecast takes into account, each cause alone: the same hall with and without it.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Archive, Booking, Effect, Engine, Event, Forecast, Group, HallConfig, NewTicket, PlanInterval, Policy, Service,
    Source, Window,
};
use ticket_dispatcher_types::{
    BookingId, Cases, Class, CloseReason, GroupId, Millis, ServiceId, TicketId, WindowId, WindowKind,
};

fn at(minutes: i64) -> Millis {
    Millis::from_mins(9 * 60 + minutes)
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

fn window(n: usize) -> WindowId {
    WindowId::new(format!("W{n}")).unwrap()
}

/// One group, one service of five minutes, two windows without a plan.
fn hall() -> HallConfig {
    let group = GroupId::new("A").unwrap();
    let desk = |n| Window {
        id: window(n),
        kind: WindowKind::Comprehensive,
        skills: vec![group.clone()],
        plan: Vec::new(),
    };
    HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: vec![Service {
            id: ServiceId::new("A1").unwrap(),
            group: group.clone(),
            hist_ms: [3, 4, 5, 5, 6, 7].map(|minutes| minutes * 60_000).to_vec(),
        }],
        windows: vec![desk(0), desk(1)],
        forecast_paths: 200,
        ..HallConfig::default()
    }
}

/// The first window open since nine.
fn day(config: HallConfig) -> Engine {
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-23".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    let (window, clerk) = (window(0), None);
    engine.apply(at(0), Event::Open { window, clerk });
    engine
}

fn take(engine: &mut Engine, now: Millis, n: u8) -> Option<Forecast> {
    let ticket = NewTicket {
        id: id(n),
        services: vec![ServiceId::new("A1").unwrap()],
        class: Class::Normal,
        booking: None,
        cases: Cases::ONE,
        holder: None,
        source: Source { device: None },
    };
    match engine.apply(now, Event::Take(ticket)).remove(0) {
        Effect::Issued { forecast, .. } => forecast,
        other => panic!("{other:?}"),
    }
}

/// The numbers 1 to `last` are taken.
fn queue(engine: &mut Engine, now: Millis, last: u8) {
    for n in 1..=last {
        take(engine, now, n);
    }
}

/// Ten take a number at ten past nine, one of them stands at the window; what the last is told.
fn tenth(config: HallConfig) -> Forecast {
    let mut engine = day(config);
    queue(&mut engine, at(10), 9);
    engine.apply(at(10), Event::Dispatch);
    take(&mut engine, at(10), 10).unwrap()
}

fn minutes(forecast: Forecast) -> i64 {
    forecast.p50.0 / 60_000
}

#[test]
fn the_tenth_waits_for_nine_services_and_the_range_holds_the_middle() {
    let told = tenth(hall());
    assert!((40..=60).contains(&minutes(told)), "{told:?}");
    assert!(told.p10 < told.p50 && told.p50 < told.p90, "{told:?}");
}

#[test]
fn durations_are_learnt_from_every_finish() {
    let told = |took: i64| {
        let mut engine = day(hall());
        for n in 0..10 {
            let now = at(i64::from(n) * 20);
            take(&mut engine, now, 100 + n);
            engine.apply(now, Event::Dispatch);
            let ticket = id(100 + n);
            engine.apply(now, Event::Start { ticket });
            engine.apply(now + Millis::from_mins(took), Event::Finish { ticket });
        }
        queue(&mut engine, at(200), 3);
        engine.apply(at(200), Event::Dispatch);
        minutes(engine.forecast(at(200), id(3)))
    };
    let (short, long) = (told(5), told(15));
    assert!(
        long >= short * 3 / 2,
        "after ten of 5 minutes {short}, after ten of 15 minutes {long}"
    );
}

#[test]
fn what_a_service_has_lasted_is_taken_off_and_never_all_of_it() {
    let mut engine = day(hall());
    take(&mut engine, at(0), 1);
    engine.apply(at(0), Event::Dispatch);
    engine.apply(at(0), Event::Start { ticket: id(1) });
    take(&mut engine, at(0), 2);
    let rest = |minute| engine.forecast(at(minute), id(2));
    assert!((3..=6).contains(&minutes(rest(0))), "{:?}", rest(0));
    assert!(rest(3).p50 < rest(0).p50, "three minutes are over: {:?}", rest(3));
    // Five minutes are usual; after twelve it is a long one, and the time that is left grows again.
    assert!(
        rest(12).p50 > Millis::from_secs(30) && rest(12).p50 > rest(6).p50,
        "{:?}",
        rest(12)
    );
    assert!(rest(12).p10 >= Millis::ZERO && rest(12).p10 < rest(12).p90);
}

#[test]
fn a_window_that_opens_soon_by_its_plan_is_counted_on() {
    let with = |from: i64| {
        let mut config = hall();
        config.windows[1].plan = vec![PlanInterval {
            from: at(from),
            to: at(400),
        }];
        minutes(tenth(config))
    };
    let (soon, later, never) = (with(15), with(200), minutes(tenth(hall())));
    assert!(soon * 10 < never * 8, "opens in 5 minutes: {soon}, not at all: {never}");
    assert_eq!(later, never, "who waits now is called before it opens");
}

#[test]
fn a_window_that_closes_by_its_plan_is_not_counted_on_after_it() {
    let with = |to: i64| {
        let mut config = hall();
        let plan = |from, to| PlanInterval {
            from: at(from),
            to: at(to),
        };
        config.windows[0].plan = vec![plan(0, to), plan(to + 60, 400)];
        minutes(tenth(config))
    };
    let (noon, evening) = (with(20), with(300));
    assert!(
        noon > evening + 40,
        "an hour of rest after ten minutes: {noon}, none: {evening}"
    );
}

#[test]
fn bookings_yet_to_come_lengthen_the_wait_where_they_go_first() {
    let with = |policy, bookings: u8| {
        let booking = |n: u8| Booking {
            id: BookingId::new(format!("K{n}")).unwrap(),
            service: ServiceId::new("A1").unwrap(),
            slot: at(20 + i64::from(n)),
        };
        let bookings = (0..bookings).map(booking).collect();
        minutes(tenth(HallConfig {
            policy,
            bookings,
            ..hall()
        }))
    };
    let (none, five) = (with(Policy::Balanced, 0), with(Policy::Balanced, 5));
    assert!(five >= none + 12, "without bookings {none}, with five {five}");
    assert_eq!(
        with(Policy::Fifo, 5),
        with(Policy::Fifo, 0),
        "by arrival they pass nobody"
    );
}

#[test]
fn those_who_leave_without_a_word_shorten_the_queue() {
    let with = |permille: i64| {
        let archive = Archive {
            no_answer_permille: vec![(0, 86_400_000, permille)],
            ..Archive::default()
        };
        minutes(tenth(HallConfig { archive, ..hall() }))
    };
    let (all_stay, half_leave) = (with(0), with(400));
    assert!(
        half_leave * 10 < all_stay * 8,
        "all stay: {all_stay}, many leave: {half_leave}"
    );
}

#[test]
fn a_fault_that_has_begun_is_waited_for_and_a_window_closed_for_the_day_is_not() {
    let told = |reason| {
        let mut config = hall();
        config.windows[1].plan = vec![PlanInterval {
            from: at(0),
            to: at(400),
        }];
        let mut engine = day(config);
        let (window, clerk) = (window(1), None);
        engine.apply(
            at(0),
            Event::Open {
                window: window.clone(),
                clerk,
            },
        );
        engine.apply(at(1), Event::Close { window, reason });
        queue(&mut engine, at(10), 20);
        engine.apply(at(10), Event::Dispatch);
        minutes(engine.forecast(at(10), id(20)))
    };
    let (fault, end) = (told(CloseReason::Fault), told(CloseReason::End));
    assert!(fault + 4 < end, "a fault: {fault}, closed for the day: {end}");
}

#[test]
fn bounds_that_do_not_hold_move_out_and_outlive_restart_and_night() {
    let mut engine = day(hall());
    let (mut rebuilt, mut now) = (engine.clone(), at(0));
    take(&mut engine, now, 99);
    take(&mut rebuilt, now, 99);
    // Twelve people in a row are called a quarter of an hour later than anybody foresaw.
    for n in 100..112 {
        let mut all = Vec::new();
        let mut step = |engine: &mut Engine, now: Millis, event: Event| {
            let effects = engine.apply(now, event);
            all.extend(effects.into_iter().map(|effect| (now, effect)));
        };
        step(&mut engine, now, Event::Dispatch);
        let ticket = NewTicket {
            id: id(n),
            services: vec![ServiceId::new("A1").unwrap()],
            class: Class::Normal,
            booking: None,
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        };
        step(&mut engine, now, Event::Take(ticket));
        let gone = if n == 100 { id(99) } else { id(n - 1) };
        now = now + Millis::from_mins(25);
        step(&mut engine, now, Event::NoShow { ticket: gone });
        step(&mut engine, now, Event::Dispatch);
        all.iter().for_each(|(now, effect)| rebuilt.fold(*now, effect));
    }
    assert_eq!(
        rebuilt.state_digest(),
        engine.state_digest(),
        "a restart forgets nothing"
    );
    let mut tomorrow = Engine::new(Arc::new(hall()));
    tomorrow.recall(&engine.experience());
    let upper = |mut engine: Engine| {
        let day = "2026-11-24".to_string();
        engine.apply(Millis::ZERO, Event::DayBegins { day });
        let (window, clerk) = (window(0), None);
        engine.apply(at(0), Event::Open { window, clerk });
        take(&mut engine, at(0), 1);
        engine.apply(at(0), Event::Dispatch);
        take(&mut engine, at(0), 2).unwrap().p90
    };
    let (fresh, kept) = (upper(Engine::new(Arc::new(hall()))), upper(tomorrow));
    assert!(kept.0 * 10 > fresh.0 * 11, "before {fresh:?}, after {kept:?}");
    assert_eq!(kept, upper(rebuilt), "the night takes nothing away");
}
