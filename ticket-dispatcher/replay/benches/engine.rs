//! What a decision, a refresh of all forecasts and a whole day cost, in CPU time of this process.
//!
//!     cargo bench -p ticket-dispatcher-replay                     a hall of 30 windows with 200 waiting
//!     cargo bench -p ticket-dispatcher-replay -- DAY.jsonl ...    and these days, with all forecasts
//!
//! CPU time, not time on the clock: the figure is then the same on a busy machine. Linux only.

#![allow(clippy::unwrap_used)] // a benchmark that cannot go on stops where it stands

use std::hint::black_box;
use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Engine, Event, Group, HallConfig, NewTicket, PlanInterval, Policy, Profile, Service, Source, Window,
};
use ticket_dispatcher_replay::{Options, Trace, simulate};
use ticket_dispatcher_types::{Cases, Class, GroupId, Millis, ServiceId, TicketId, WindowId, WindowKind};

const NINE: Millis = Millis::from_mins(9 * 60);
const GROUPS: usize = 8;
const SERVICES: usize = 40;
const WINDOWS: usize = 30;
const WAITING: usize = 200;

/// CPU time of this thread in milliseconds.
fn cpu_ms() -> f64 {
    // A yield makes the kernel settle the account of the running slice.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e6
}

fn each(times: usize, mut work: impl FnMut(usize)) -> f64 {
    let before = cpu_ms();
    (0..times).for_each(&mut work);
    (cpu_ms() - before) / times as f64
}

fn group(n: usize) -> GroupId {
    GroupId::new(format!("G{n}")).unwrap()
}

fn hall() -> HallConfig {
    let service = |n: usize| Service {
        id: ServiceId::new(format!("S{n:02}")).unwrap(),
        group: group(n % GROUPS),
        hist_ms: (0..12)
            .map(|k| 120_000 + 30_000 * i64::try_from(n % 7 + k).unwrap())
            .collect(),
    };
    let day = PlanInterval {
        from: NINE,
        to: Millis::from_mins(17 * 60),
    };
    let window = |n: usize| Window {
        id: WindowId::new(format!("W{n:02}")).unwrap(),
        kind: WindowKind::Comprehensive,
        // Half of them serve two groups, half four.
        skills: (0..2 + 2 * (n % 2)).map(|k| group((n + 3 * k) % GROUPS)).collect(),
        plan: vec![day],
    };
    let profile = |n: usize| Profile {
        group: group(n),
        days: 20,
        from: (0..16).map(|bin| NINE + Millis::from_mins(30 * bin)).collect(),
        counts: vec![300; 16],
        disabled_pct: 3,
        elderly_pct: 12,
    };
    HallConfig {
        groups: (0..GROUPS)
            .map(|n| Group {
                id: group(n),
                series: char::from(b'A' + u8::try_from(n).unwrap()),
            })
            .collect(),
        services: (0..SERVICES).map(service).collect(),
        windows: (0..WINDOWS).map(window).collect(),
        profiles: (0..GROUPS).map(profile).collect(),
        policy: Policy::Balanced,
        forecast_paths: 0,
        ..HallConfig::default()
    }
}

/// All windows busy since half past nine, 200 waiting, ten o'clock.
fn busy(config: HallConfig) -> (Engine, Millis) {
    let mut engine = Engine::new(Arc::new(config));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    for n in 0..WINDOWS {
        let window = WindowId::new(format!("W{n:02}")).unwrap();
        engine.apply(NINE, Event::Open { window, clerk: None });
    }
    for n in 0..WAITING + WINDOWS {
        let new = NewTicket {
            id: TicketId::from_bytes((n as u128 + 1).to_be_bytes()),
            services: vec![ServiceId::new(format!("S{:02}", n * 17 % SERVICES)).unwrap()],
            class: [
                Class::Normal,
                Class::Normal,
                Class::Elderly,
                Class::Normal,
                Class::Disabled,
            ][n % 5],
            booking: None,
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        };
        let now = NINE + Millis::from_secs(15 * i64::try_from(n).unwrap());
        engine.apply(now, Event::Take(new));
        let called = engine.apply(now, Event::Dispatch);
        for effect in called {
            if let ticket_dispatcher_queue_core::Effect::Called { ticket, .. } = effect {
                engine.apply(now, Event::Start { ticket });
            }
        }
    }
    assert_eq!(engine.waiting().count(), WAITING);
    (engine, Millis::from_mins(10 * 60))
}

fn main() {
    let (engine, now) = busy(hall());
    let drafts: Vec<Engine> = (0..400).map(|_| engine.clone()).collect();
    let mut drafts = drafts.into_iter();
    let decision = each(400, |n| {
        let window = WindowId::new(format!("W{:02}", n % WINDOWS)).unwrap();
        let finish_current = true;
        let mut draft = drafts.next().unwrap();
        black_box(draft.apply(now, Event::Next { window, finish_current }));
    });
    println!("one decision, {WINDOWS} windows, {WAITING} waiting: {decision:.3} ms CPU (must 1, aim 0.1)");

    let (engine, now) = busy(HallConfig {
        forecast_paths: 200,
        ..hall()
    });
    let refresh = each(40, |_| drop(black_box(engine.forecast_all(now))));
    println!("one full refresh, 200 paths: {refresh:.1} ms CPU (must 20, aim 5)");
    let service = ServiceId::new("S00").unwrap();
    let one = each(40, |_| {
        black_box(engine.forecast_if_taken(now, &service));
    });
    println!("one forecast before choosing, 200 paths: {one:.1} ms CPU");

    let days: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let mut all = 0.0;
    for day in &days {
        let trace = Trace::parse(&std::fs::read(day).unwrap()).unwrap();
        let cost = each(1, |_| drop(black_box(simulate(&trace, Options::default()).unwrap())));
        println!("{day}: {:.2} CPU s", cost / 1000.0);
        all += cost / 1000.0;
    }
    if !days.is_empty() {
        let mean = all / days.len() as f64;
        println!("a day with all forecasts, 200 paths: {mean:.2} CPU s in the mean (must 2, aim 0.5)");
    }
}
