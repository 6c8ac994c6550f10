//! Numbers lent to kiosks and tickets handed over: places, conflicts, other days, and a random outage.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use ticket_dispatcher_queue_core::{
    Effect, Engine, Event, Group, HallConfig, NewTicket, OfflineTicket, PlanInterval, Refusal, Service, Source, Window,
};
use ticket_dispatcher_types::{
    Cases, Class, DeviceId, GroupId, Millis, ServiceId, TicketId, TicketNo, TicketState, WindowId, WindowKind,
};

const DAY: &str = "2026-11-22";

fn at(hours: i64, mins: i64) -> Millis {
    Millis::from_mins(hours * 60 + mins)
}

fn id(n: u16) -> TicketId {
    let mut bytes = [7; 16];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    TicketId::from_bytes(bytes)
}

fn kiosk(n: u16) -> DeviceId {
    DeviceId::new(format!("K{n:02}").as_str()).unwrap()
}

fn number(text: &str) -> TicketNo {
    text.parse().unwrap()
}

fn config() -> HallConfig {
    let group = GroupId::new("A").unwrap();
    HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: vec![Service {
            id: ServiceId::new("S1").unwrap(),
            group: group.clone(),
            hist_ms: vec![180_000; 6],
        }],
        windows: vec![Window {
            id: WindowId::new("W1").unwrap(),
            kind: WindowKind::Comprehensive,
            skills: vec![group],
            plan: vec![PlanInterval {
                from: at(9, 0),
                to: at(17, 0),
            }],
        }],
        ..HallConfig::default()
    }
}

struct Hall(Engine, Vec<(Millis, Effect)>);

impl Hall {
    fn new() -> Self {
        let mut hall = Self(Engine::new(Arc::new(config())), Vec::new());
        let day = DAY.to_string();
        hall.must(at(0, 1), Event::DayBegins { day }).unwrap();
        hall
    }

    fn must(&mut self, now: Millis, event: Event) -> Result<Vec<Effect>, Refusal> {
        let effects = self.0.apply(now, event);
        if let Some(Effect::Refused { refusal }) = effects.first() {
            return Err(refusal.clone());
        }
        self.1.extend(effects.iter().map(|effect| (now, effect.clone())));
        Ok(effects)
    }

    fn lend(&mut self, now: Millis, to: u16, ids: std::ops::Range<u16>) -> Result<TicketNo, Refusal> {
        let event = Event::Lend {
            kiosk: kiosk(to),
            group: GroupId::new("A").unwrap(),
            ids: ids.map(id).collect(),
        };
        let effects = self.must(now, event)?;
        let Effect::Leased { first, .. } = &effects[0] else {
            panic!("{effects:?}")
        };
        Ok(*first)
    }

    fn new_ticket(n: u16, person: Option<u8>, device: u16) -> NewTicket {
        NewTicket {
            id: id(n),
            services: vec![ServiceId::new("S1").unwrap()],
            class: Class::Normal,
            booking: None,
            cases: Cases::ONE,
            holder: person.map(|person| format!("p{person}")),
            source: Source {
                device: Some(kiosk(device)),
            },
        }
    }

    fn take(&mut self, now: Millis, n: u16, person: Option<u8>) -> Result<Vec<Effect>, Refusal> {
        self.must(now, Event::Take(Self::new_ticket(n, person, 9)))
    }

    fn offline(from: u16, n: u16, no: &str, issued: Millis, person: Option<u8>) -> OfflineTicket {
        OfflineTicket {
            day: DAY.to_string(),
            number: number(no),
            issued,
            ticket: Self::new_ticket(n, person, from),
            given_back: false,
        }
    }

    fn hand_over(&mut self, now: Millis, ticket: OfflineTicket) -> Result<Vec<Effect>, Refusal> {
        self.must(now, Event::HandOver(Box::new(ticket)))
    }

    fn line(&self) -> Vec<String> {
        self.0.waiting().map(|t| t.number.to_string()).collect()
    }

    fn rebuilt(&self) -> [u8; 16] {
        let mut engine = Engine::new(Arc::new(config()));
        for (now, effect) in &self.1 {
            engine.fold(*now, effect);
        }
        engine.state_digest()
    }
}

#[test]
fn lent_numbers_come_from_the_end_of_the_series_and_are_nobody_elses() {
    let mut hall = Hall::new();
    assert_eq!(hall.lend(at(8, 0), 1, 100..110), Ok(number("A990")));
    assert_eq!(hall.lend(at(8, 0), 2, 110..120), Ok(number("A980")));
    assert_eq!(
        hall.lend(at(8, 1), 2, 110..120),
        Err(Refusal::IdUsed),
        "the same ids again"
    );
    hall.take(at(9, 0), 1, Some(1)).unwrap();
    assert_eq!(hall.line(), ["A001"], "the ordinary numbers stay dense");
    for n in 2..=980 {
        hall.take(at(9, 1), n, None).unwrap();
    }
    let numbers: BTreeSet<TicketNo> = hall.0.tickets().map(|t| t.number).collect();
    assert!(numbers.contains(&number("A979")) && numbers.contains(&number("A1000")));
    assert!(
        !numbers.iter().any(|n| (980..1000).contains(&n.count())),
        "a lent number was given out"
    );
    assert_eq!(hall.rebuilt(), hall.0.state_digest());
}

#[test]
fn a_ticket_stands_where_its_time_of_issue_puts_it_and_never_before_the_loan() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    hall.take(at(9, 10), 1, None).unwrap();
    hall.take(at(9, 30), 2, None).unwrap();
    let two = Hall::offline(1, 101, "A998", at(9, 20), Some(2));
    let one = Hall::offline(1, 100, "A997", at(3, 0), Some(1));
    let three = Hall::offline(1, 102, "A999", at(23, 0), Some(3));
    hall.hand_over(at(10, 0), one).unwrap();
    hall.hand_over(at(10, 0), two).unwrap();
    hall.hand_over(at(10, 1), three).unwrap();
    assert_eq!(hall.line(), ["A997", "A001", "A998", "A002", "A999"]);
    let first = hall.0.ticket(id(100)).unwrap();
    assert_eq!(
        first.base(),
        at(9, 0),
        "a clock that runs wrong gains nobody a place before the loan"
    );
    hall.take(at(10, 2), 3, None).unwrap();
    assert_eq!(hall.line().last().unwrap(), "A003", "the series goes on where it was");
    assert_eq!(hall.rebuilt(), hall.0.state_digest());
}

#[test]
fn a_ticket_is_taken_in_once() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    let ticket = Hall::offline(1, 100, "A997", at(9, 5), Some(1));
    hall.hand_over(at(10, 0), ticket.clone()).unwrap();
    let again = hall.hand_over(at(10, 1), ticket);
    let (ticket, number) = (id(100), number("A997"));
    assert_eq!(again, Err(Refusal::HandedOver { ticket, number }));
    assert_eq!(hall.line(), ["A997"]);
}

#[test]
fn only_the_kiosk_it_was_lent_to_may_hand_a_number_over_and_only_as_lent() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    for wrong in [
        Hall::offline(2, 100, "A997", at(9, 5), None),
        Hall::offline(1, 101, "A997", at(9, 5), None),
        Hall::offline(1, 100, "A996", at(9, 5), None),
        Hall::offline(1, 100, "B997", at(9, 5), None),
    ] {
        let number = wrong.number;
        assert_eq!(hall.hand_over(at(10, 0), wrong), Err(Refusal::NotLent { number }));
    }
    assert!(hall.line().is_empty());
}

#[test]
fn a_number_of_another_day_is_refused_and_lent_numbers_end_with_their_day() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    let ticket = Hall::offline(1, 100, "A997", at(9, 5), None);
    let day = "2026-11-25".to_string();
    hall.must(at(0, 1), Event::DayBegins { day }).unwrap();
    assert!(hall.0.leases().is_empty());
    let refused = hall.hand_over(at(9, 0), ticket).unwrap_err();
    let (number, day) = (number("A997"), DAY.to_string());
    assert_eq!(refused, Refusal::DayIsOver { number, day });
}

#[test]
fn of_two_offline_slips_of_one_person_the_one_handed_over_first_counts_at_the_earlier_place() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    hall.lend(at(9, 0), 2, 110..113).unwrap();
    hall.take(at(9, 20), 1, None).unwrap();
    let late = Hall::offline(2, 110, "A994", at(9, 30), Some(1));
    hall.hand_over(at(10, 0), late).unwrap();
    assert_eq!(hall.line(), ["A001", "A994"]);
    let early = Hall::offline(1, 100, "A997", at(9, 10), Some(1));
    hall.hand_over(at(10, 5), early).unwrap();
    assert_eq!(hall.line(), ["A994", "A001"], "at the place of the earlier of the two");
    let void = hall.0.ticket(id(100)).unwrap();
    assert_eq!(
        (void.state, void.superseded_by),
        (TicketState::Cancelled, Some(id(110)))
    );
    assert_eq!(hall.rebuilt(), hall.0.state_digest());
}

#[test]
fn of_two_slips_of_one_person_the_one_that_counts_keeps_the_more_cases_of_the_two() {
    let both = |unseen: u8, in_hand: u8| {
        let mut hall = Hall::new();
        hall.lend(at(9, 0), 1, 100..103).unwrap();
        let mut first = Hall::new_ticket(1, Some(1), 9);
        first.cases = Cases::new(unseen).unwrap();
        hall.must(at(9, 10), Event::Take(first)).unwrap();
        let mut second = Hall::offline(1, 100, "A997", at(9, 12), Some(1));
        second.ticket.cases = Cases::new(in_hand).unwrap();
        hall.hand_over(at(10, 0), second).unwrap();
        assert_eq!(hall.rebuilt(), hall.0.state_digest());
        hall.0.ticket(id(100)).unwrap().cases.get()
    };
    assert_eq!((both(3, 1), both(1, 3), both(2, 2)), (3, 3, 2));
    // Where the slip handed over first counts, it takes over what the later one says.
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    hall.lend(at(9, 0), 2, 110..113).unwrap();
    let counts = Hall::offline(2, 110, "A994", at(9, 30), Some(1));
    hall.hand_over(at(10, 0), counts).unwrap();
    let mut void = Hall::offline(1, 100, "A997", at(9, 40), Some(1));
    void.ticket.cases = Cases::new(3).unwrap();
    hall.hand_over(at(10, 5), void).unwrap();
    assert_eq!(hall.0.ticket(id(110)).unwrap().cases.get(), 3);
}

#[test]
fn the_slip_in_the_hand_replaces_a_ticket_that_its_person_never_heard_of() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    hall.take(at(9, 10), 1, Some(1)).unwrap();
    hall.take(at(9, 11), 2, None).unwrap();
    let ticket = Hall::offline(1, 100, "A997", at(9, 12), Some(1));
    hall.hand_over(at(10, 0), ticket).unwrap();
    assert_eq!(hall.line(), ["A997", "A002"], "at the place of the earlier of the two");
    let unseen = hall.0.ticket(id(1)).unwrap();
    assert_eq!(
        (unseen.state, unseen.superseded_by),
        (TicketState::Cancelled, Some(id(100)))
    );
}

#[test]
fn who_stands_at_a_window_already_stays_there_and_the_slip_says_so() {
    let mut hall = Hall::new();
    hall.lend(at(9, 0), 1, 100..103).unwrap();
    hall.take(at(9, 10), 1, Some(1)).unwrap();
    let window = WindowId::new("W1").unwrap();
    let open = Event::Open {
        window: window.clone(),
        clerk: None,
    };
    hall.must(at(9, 20), open).unwrap();
    let finish_current = false;
    hall.must(at(9, 20), Event::Next { window, finish_current }).unwrap();
    let slip = Hall::offline(1, 100, "A997", at(9, 12), Some(1));
    hall.hand_over(at(10, 0), slip).unwrap();
    assert!(hall.line().is_empty());
    assert_eq!(hall.0.ticket(id(1)).unwrap().state, TicketState::Called);
    assert_eq!(hall.0.ticket(id(100)).unwrap().superseded_by, Some(id(1)));
}

#[test]
fn a_series_without_room_lends_nothing() {
    let mut hall = Hall::new();
    for n in 1..=960 {
        hall.take(at(9, 0), n, None).unwrap();
    }
    assert_eq!(
        hall.lend(at(9, 1), 1, 2000..2010),
        Ok(number("A9990")),
        "four digits from here on"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Kiosks cut off in any way, people who go from one to the other, hand-overs late, doubled and in any order.
    #[test]
    fn however_an_outage_goes_no_number_and_no_person_counts_twice(
        steps in prop::collection::vec((0_u8..4, 0_u16..3, 0_u8..12), 1..120),
    ) {
        let mut hall = Hall::new();
        let mut free: Vec<Vec<(String, u16)>> = vec![Vec::new(); 3];
        let mut given: Vec<OfflineTicket> = Vec::new();
        let (mut ids, mut now) = (0_u16, at(9, 0));
        for (what, at_kiosk, person) in steps {
            now = Millis(now.0 + 20_000);
            let own = usize::from(at_kiosk);
            match what {
                0 if free[own].is_empty() => {
                    let first = hall.lend(now, at_kiosk, ids + 1000..ids + 1004).unwrap();
                    for n in 0..4 {
                        let number = TicketNo::new('A', first.count() + u32::from(n)).unwrap();
                        free[own].push((number.to_string(), ids + 1000 + n));
                    }
                    ids += 4;
                }
                0 | 1 => {
                    if let Some((number, n)) = free[own].pop() {
                        given.push(Hall::offline(at_kiosk, n, &number, now, Some(person)));
                    }
                }
                2 => {
                    ids += 1;
                    let _ = hall.take(now, ids, Some(person));
                }
                _ if !given.is_empty() => {
                    let which = usize::from(person) % given.len();
                    let ticket = given[which].clone();
                    let _ = hall.hand_over(now, ticket);
                }
                _ => {}
            }
        }
        for ticket in given.clone() {
            let _ = hall.hand_over(now, ticket);
        }
        let numbers: Vec<TicketNo> = hall.0.tickets().map(|t| t.number).collect();
        let once: BTreeSet<TicketNo> = numbers.iter().copied().collect();
        prop_assert_eq!(numbers.len(), once.len(), "a number was given out twice");
        for ticket in &given {
            let known = hall.0.ticket(ticket.ticket.id);
            prop_assert!(known.is_some_and(|t| t.number == ticket.number), "a slip leads nowhere");
        }
        let mut people = BTreeSet::new();
        for ticket in hall.0.waiting() {
            prop_assert!(people.insert(ticket.holder.clone()), "one person waits twice");
        }
        for void in hall.0.tickets().filter(|t| t.superseded_by.is_some()) {
            let other = void.superseded_by.and_then(|by| hall.0.ticket(by));
            prop_assert!(other.is_some_and(|t| t.holder == void.holder), "void for somebody else");
        }
        let mut places: Vec<i64> = hall.0.waiting().map(|t| t.place.queued_ms).collect();
        let sorted = { let mut sorted = places.clone(); sorted.sort_unstable(); sorted };
        prop_assert_eq!(std::mem::take(&mut places), sorted);
        prop_assert_eq!(hall.rebuilt(), hall.0.state_digest());
    }
}
