//! What a manager steers and asks: the policy of the day, calls past it, why one number went before another, what if.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Group, HallConfig, NewTicket, Passed, Policy, Refusal, Service, Source, Weighing, Window,
};
use ticket_dispatcher_types::{
    Cases, Class, ClerkId, GroupId, Millis, ServiceId, TicketId, TicketNo, WindowId, WindowKind,
};

fn at(minutes: i64) -> Millis {
    Millis::from_mins(9 * 60 + minutes)
}

fn window(id: &str) -> WindowId {
    WindowId::new(id).unwrap()
}

fn id(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

fn number(text: &str) -> TicketNo {
    text.parse().unwrap()
}

/// Groups A (A1 of 5 minutes, A2 of 20) and B; W01 and W02 serve A, W03 serves B.
fn hall(policy: Policy) -> Arc<HallConfig> {
    let service = |id: &str, group: &str, minutes: i64| Service {
        id: ServiceId::new(id).unwrap(),
        group: GroupId::new(group).unwrap(),
        hist_ms: vec![minutes * 60_000; 6],
    };
    let desk = |id: &str, skill: &str| Window {
        id: window(id),
        kind: WindowKind::Comprehensive,
        skills: vec![GroupId::new(skill).unwrap()],
        plan: Vec::new(),
    };
    let group = |id: &str, series| Group {
        id: GroupId::new(id).unwrap(),
        series,
    };
    Arc::new(HallConfig {
        groups: vec![group("A", 'A'), group("B", 'B')],
        services: vec![service("A1", "A", 5), service("A2", "A", 20), service("B1", "B", 5)],
        windows: vec![desk("W01", "A"), desk("W02", "A"), desk("W03", "B")],
        policy,
        forecast_paths: 100,
        ..HallConfig::default()
    })
}

fn day(policy: Policy) -> Engine {
    let mut engine = Engine::new(hall(policy));
    let day = "2026-11-21".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    open(&mut engine, "W01");
    engine
}

fn open(engine: &mut Engine, w: &str) {
    let (window, clerk) = (window(w), Some(ClerkId::new("C07").unwrap()));
    engine.apply(at(0), Event::Open { window, clerk });
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

fn next(engine: &mut Engine, minute: i64) -> TicketId {
    let (window, finish_current) = (window("W01"), true);
    let effects = engine.apply(at(minute), Event::Next { window, finish_current });
    let called = effects.iter().find_map(|effect| match effect {
        Effect::Called { ticket, .. } => Some(*ticket),
        _ => None,
    });
    called.unwrap_or_else(|| panic!("nobody was called: {effects:?}"))
}

fn set(policy: Policy, reason: &str) -> Event {
    Event::SetPolicy {
        policy,
        by: "manager:M01".into(),
        reason: reason.into(),
    }
}

fn pick(n: u8, reason: &str) -> Event {
    Event::Pick {
        window: window("W01"),
        ticket: id(n),
        reason: reason.into(),
    }
}

fn refusal(effects: &[Effect]) -> &Refusal {
    match effects {
        [Effect::Refused { refusal }] => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_switched_policy_chooses_until_the_day_ends() {
    let mut engine = day(Policy::Fifo);
    take(&mut engine, 1, 1, "A1", Class::Normal);
    take(&mut engine, 2, 2, "A1", Class::Disabled);
    take(&mut engine, 3, 3, "A1", Class::Elderly);
    let effects = engine.apply(at(4), set(Policy::Priority, "很多老人"));
    let by = "manager:M01".to_string();
    let expected = Effect::PolicyChanged {
        from: Policy::Fifo,
        to: Policy::Priority,
        by,
        reason: "很多老人".into(),
    };
    assert_eq!(effects, [expected]);
    assert_eq!(engine.policy(), Policy::Priority);
    assert_eq!(next(&mut engine, 5), id(2), "class goes first now");
    engine.apply(at(6), set(Policy::Fifo, "过了高峰"));
    assert_eq!(next(&mut engine, 7), id(1), "and no longer");
    engine.apply(at(8), set(Policy::Due, "试一天"));
    let day = "2026-11-22".to_string();
    engine.apply(Millis::ZERO, Event::DayBegins { day });
    assert_eq!(engine.policy(), Policy::Fifo, "tomorrow begins with the hall file's");
    assert_eq!(engine.hall_file().policy, Policy::Fifo);
}

#[test]
fn a_switch_needs_a_reason_and_another_policy() {
    let mut engine = day(Policy::Due);
    let digest = engine.state_digest();
    assert_eq!(
        refusal(&engine.apply(at(1), set(Policy::Fifo, "  "))),
        &Refusal::ReasonMissing
    );
    let policy = Policy::Due;
    assert_eq!(
        refusal(&engine.apply(at(1), set(policy, "same"))),
        &Refusal::PolicyInForce { policy }
    );
    assert_eq!(engine.state_digest(), digest, "what is refused changes nothing");
}

#[test]
fn settings_of_the_file_belong_to_its_policy_alone() {
    let upside_down = Weighing {
        class: [1.0, 1.0, 1.0, 90.0],
        ..Weighing::ratio()
    };
    let config = HallConfig {
        weighing: Some(upside_down),
        ..(*hall(Policy::Accumulating)).clone()
    };
    let called_first = |switch: &[Policy]| {
        let mut engine = Engine::new(Arc::new(config.clone()));
        let day = "2026-11-21".to_string();
        engine.apply(Millis::ZERO, Event::DayBegins { day });
        open(&mut engine, "W01");
        take(&mut engine, 1, 1, "A1", Class::Disabled);
        take(&mut engine, 2, 2, "A1", Class::Normal);
        for policy in switch {
            engine.apply(at(3), set(*policy, "reason"));
        }
        next(&mut engine, 10)
    };
    assert_eq!(called_first(&[]), id(2), "the file turns the classes upside down");
    assert_eq!(called_first(&[Policy::Ratio]), id(1), "another policy has its own");
    assert_eq!(called_first(&[Policy::Ratio, Policy::Accumulating]), id(2), "and back");
}

#[test]
fn folding_the_journal_gives_the_same_hall_after_switches_picks_and_looks() {
    let mut live = Engine::new(hall(Policy::Balanced));
    let mut folded = live.clone();
    let day = "2026-11-21".to_string();
    let look = Event::Peek {
        window: window("W01"),
        reason: "urgent".into(),
    };
    let new = |n, class| {
        Event::Take(NewTicket {
            id: id(n),
            services: vec![ServiceId::new("A1").unwrap()],
            class,
            booking: None,
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        })
    };
    let events = [
        Event::DayBegins { day },
        Event::Open {
            window: window("W01"),
            clerk: None,
        },
        new(1, Class::Normal),
        new(2, Class::Elderly),
        set(Policy::Fifo, "why not"),
        look,
        pick(2, "at the window"),
        Event::Finish { ticket: id(2) },
        Event::Next {
            window: window("W01"),
            finish_current: false,
        },
    ];
    for (n, event) in events.into_iter().enumerate() {
        let now = at(60 + i64::try_from(n).unwrap());
        for effect in live.apply(now, event) {
            assert!(!matches!(effect, Effect::Refused { .. }), "{effect:?}");
            folded.fold(now, &effect);
        }
        assert_eq!(live.state_digest(), folded.state_digest(), "after event {n}");
    }
    assert_eq!(folded.policy(), Policy::Fifo);
}

#[test]
fn a_pick_is_called_with_a_trace_and_says_whom_the_policy_meant() {
    let mut engine = day(Policy::Fifo);
    for n in 1..=3 {
        take(&mut engine, i64::from(n), n, "A1", Class::Normal);
    }
    let effects = engine.apply(at(9), pick(3, "材料补齐回来"));
    let [Effect::Picked { clerk, reason, .. }, Effect::Called { ticket, why, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(clerk.as_ref().unwrap().as_str(), "C07");
    assert_eq!((reason.as_str(), *ticket), ("材料补齐回来", id(3)));
    assert_eq!(why.runner_up.as_ref().unwrap().number, number("A001"));
    let told: Vec<_> = engine.ticket(id(3)).unwrap().history.iter().map(|s| s.what).collect();
    assert_eq!(told, ["issued", "picked", "called"]);
}

#[test]
fn a_pick_without_reason_skill_or_a_free_window_is_refused() {
    let mut engine = day(Policy::Fifo);
    take(&mut engine, 1, 1, "A1", Class::Normal);
    take(&mut engine, 1, 2, "B1", Class::Normal);
    take(&mut engine, 1, 3, "A1", Class::Normal);
    assert_eq!(refusal(&engine.apply(at(2), pick(1, ""))), &Refusal::ReasonMissing);
    assert!(matches!(
        refusal(&engine.apply(at(2), pick(2, "r"))),
        Refusal::NotServedHere { .. }
    ));
    assert_eq!(refusal(&engine.apply(at(2), pick(9, "r"))), &Refusal::UnknownTicket);
    engine.apply(at(2), pick(1, "r"));
    assert!(matches!(
        refusal(&engine.apply(at(3), pick(3, "r"))),
        Refusal::WindowBusy { .. }
    ));
    engine.apply(at(4), Event::Finish { ticket: id(1) });
    assert!(matches!(
        refusal(&engine.apply(at(5), pick(1, "r"))),
        Refusal::WrongState { .. }
    ));
}

/// The hall before a call, the window, who was called.
fn passed(engine: &Engine, minute: i64, winner: u8, over: &str) -> Passed {
    let compared = engine.compare(at(minute), &window("W01"), id(winner), number(over));
    compared.unwrap().passed
}

#[test]
fn each_reason_for_going_first_is_told_as_it_is() {
    let mut engine = day(Policy::Accumulating);
    take(&mut engine, 1, 1, "A1", Class::Normal); // A001
    take(&mut engine, 2, 2, "A1", Class::Normal); // A002
    take(&mut engine, 3, 3, "A2", Class::Elderly); // A003
    take(&mut engine, 4, 4, "B1", Class::Normal); // B001
    assert_eq!(passed(&engine, 30, 3, "A001"), Passed::LowerScore);
    assert_eq!(passed(&engine, 30, 1, "A002"), Passed::SameKindLater);
    assert_eq!(passed(&engine, 30, 3, "B001"), Passed::NotServedHere);
    assert_eq!(passed(&engine, 30, 3, "A099"), Passed::NotIssued);
    assert_eq!(passed(&engine, 30, 1, "A003"), Passed::PickedByHand);
    assert_eq!(next(&mut engine, 30), id(3), "the engine agrees");
    let gone = engine.compare(at(31), &window("W01"), id(1), number("A003")).unwrap();
    assert!(matches!(gone.passed, Passed::NotWaiting(_)));
    assert!(engine.compare(at(31), &window("W01"), id(1), number("A001")).is_none());
}

#[test]
fn after_a_row_of_priority_calls_the_answer_names_the_rule() {
    let mut engine = day(Policy::Priority);
    for n in 1..=3 {
        take(&mut engine, 1, n, "A1", Class::Disabled);
    }
    take(&mut engine, 2, 4, "A1", Class::Normal);
    assert_eq!(next(&mut engine, 3), id(1));
    assert_eq!(next(&mut engine, 4), id(2));
    assert_eq!(passed(&engine, 5, 4, "A003"), Passed::OrdinaryTurn);
    assert_eq!(next(&mut engine, 5), id(4));
}

#[test]
fn a_comparison_reads_as_one_sentence_in_both_languages() {
    let mut engine = day(Policy::Accumulating);
    take(&mut engine, 0, 1, "A1", Class::Normal);
    take(&mut engine, 10, 2, "A1", Class::Elderly);
    let seen = engine.compare(at(30), &window("W01"), id(2), number("A001")).unwrap();
    assert_eq!(
        seen.sentence(),
        "A002（长者优先，已等20分钟，承诺09:20前）先于A001（普通，已等30分钟，承诺09:20前）：\
         按“按等候累积”，得分 80.0 比 30.0。"
    );
    assert_eq!(
        seen.sentence_en(),
        "A002 (elderly, waited 20 min, promised by 09:20) before A001 (ordinary, waited 30 min, promised by 09:20): \
         by “accumulating priority”, score 80.0 against 30.0."
    );
}

#[test]
fn opening_a_window_ends_the_queue_sooner_and_closing_one_later() {
    let mut engine = day(Policy::Fifo);
    open(&mut engine, "W02");
    for n in 1..=12 {
        take(&mut engine, 1, n, "A2", Class::Normal);
    }
    let digest = engine.state_digest();
    let now = at(2);
    let gone = |open: &[WindowId], close: &[WindowId]| engine.what_if(now, open, close).unwrap().1.gone.p50;
    let as_is = engine.queue_gone(now).unwrap().gone.p50;
    assert_eq!(gone(&[], &[]), as_is);
    assert_eq!(gone(&[window("W02")], &[]), as_is, "it is open already");
    let closed = gone(&[], &[window("W02")]);
    assert!(
        closed.0 > as_is.0 * 3 / 2,
        "one window instead of two: {closed} against {as_is}"
    );
    assert_eq!(engine.state_digest(), digest, "asking changes nothing");
}

#[test]
fn people_without_a_window_do_not_lengthen_the_wait_of_the_others() {
    let mut engine = day(Policy::Fifo);
    for n in 1..=4 {
        take(&mut engine, 1, n, "A1", Class::Normal);
    }
    let now = at(2);
    let before = engine.queue_gone(now).unwrap();
    take(&mut engine, 1, 5, "B1", Class::Normal); // W03 is shut and has no plan
    let with = engine.queue_gone(now).unwrap();
    assert_eq!((with.waiting, with.stranded), (4, 1));
    assert_eq!((with.gone, with.mean_wait), (before.gone, before.mean_wait));

    let (is, would) = engine.what_if(now, &[window("W03")], &[]).unwrap();
    assert_eq!((is.stranded, would.stranded), (1, 0));
    assert_eq!(is.mean_wait, would.mean_wait, "W03 does nothing for those at W01");
    let (is, would) = engine.what_if(now, &[], &[window("W01")]).unwrap();
    assert_eq!((is.waiting, would.stranded), (0, 5), "then nobody is called any more");
}
