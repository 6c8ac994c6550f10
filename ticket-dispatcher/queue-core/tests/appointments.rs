//! Appointments: slots and their share for walk-ins, check-in, late comers, no-shows with their exceptions, blocks.

#![allow(clippy::unwrap_used)] // in a test a wrong id may simply panic

use std::sync::Arc;

use ticket_dispatcher_queue_core::{
    BookingState, Effect, Engine, Event, Excuse, Group, HallConfig, LastTicket, NewBooking, NewTicket, PlanInterval,
    Policy, Refusal, Service, Slot, Source, Window,
};
use ticket_dispatcher_types::{
    BookingId, Cases, Class, CloseReason, GroupId, Millis, ServiceId, TicketId, WindowId, WindowKind,
};

fn at(hours: i64, mins: i64) -> Millis {
    Millis::from_mins(hours * 60 + mins)
}

fn service() -> ServiceId {
    ServiceId::new("S1").unwrap()
}

fn window() -> WindowId {
    WindowId::new("W1").unwrap()
}

fn booking(id: &str) -> BookingId {
    BookingId::new(id).unwrap()
}

/// One window from 9 to 17, three minutes a case: ten people in half an hour, seven of them bookable.
fn hall() -> HallConfig {
    let group = GroupId::new("A").unwrap();
    HallConfig {
        groups: vec![Group {
            id: group.clone(),
            series: 'A',
        }],
        services: vec![Service {
            id: service(),
            group: group.clone(),
            hist_ms: vec![180_000; 6],
        }],
        windows: vec![Window {
            id: window(),
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

struct Hall(Engine);

impl Hall {
    fn on(day: &str) -> Self {
        Self::of(hall(), day)
    }

    fn of(config: HallConfig, day: &str) -> Self {
        let mut hall = Self(Engine::new(Arc::new(config)));
        hall.day(day);
        hall
    }

    fn day(&mut self, day: &str) -> Vec<Effect> {
        self.0.apply(at(0, 1), Event::DayBegins { day: day.to_string() })
    }

    fn book(&mut self, now: Millis, id: &str, person: &str, day: &str, slot: Millis) -> Result<(), Refusal> {
        let new = NewBooking {
            id: booking(id),
            person: person.to_string(),
            service: service(),
            day: day.to_string(),
            slot,
            online: true,
        };
        self.must(now, Event::Book(new)).map(|_| ())
    }

    fn must(&mut self, now: Millis, event: Event) -> Result<Vec<Effect>, Refusal> {
        let effects = self.0.apply(now, event);
        match effects.first() {
            Some(Effect::Refused { refusal }) => Err(refusal.clone()),
            _ => Ok(effects),
        }
    }

    fn take(&mut self, now: Millis, n: u8, id: Option<&str>) -> Result<(Class, i64), Refusal> {
        let event = Event::Take(NewTicket {
            id: TicketId::from_bytes([n; 16]),
            services: vec![service()],
            class: Class::Normal,
            booking: id.map(booking),
            cases: Cases::ONE,
            holder: None,
            source: Source { device: None },
        });
        let effects = self.must(now, event)?;
        let issued = effects.iter().find_map(|e| match e {
            Effect::Issued { class, base_ms, .. } => Some((*class, *base_ms)),
            _ => None,
        });
        Ok(issued.unwrap())
    }

    fn cancel(&mut self, now: Millis, id: &str) -> Result<Vec<Effect>, Refusal> {
        self.must(now, Event::CancelBooking { booking: booking(id) })
    }

    fn open(&mut self, now: Millis) {
        let clerk = None;
        self.0.apply(
            now,
            Event::Open {
                window: window(),
                clerk,
            },
        );
    }

    fn close(&mut self, now: Millis, reason: CloseReason) {
        self.0.apply(
            now,
            Event::Close {
                window: window(),
                reason,
            },
        );
    }

    fn slot(&self, day: &str, from: Millis) -> Slot {
        let slots = self.0.slots(at(8, 0), &service(), day);
        *slots.iter().find(|s| s.from == from).unwrap()
    }

    /// A day on which the window is open throughout and nobody comes to `id`.
    fn miss(&mut self, day: &str, id: &str, person: &str) {
        self.day(day);
        self.open(at(9, 0));
        self.book(at(9, 0), id, person, day, at(10, 0)).unwrap();
    }
}

fn missed(effects: &[Effect]) -> Vec<Option<Excuse>> {
    let excuse = |e: &Effect| match e {
        Effect::BookingMissed { excuse, .. } => Some(*excuse),
        _ => None,
    };
    effects.iter().filter_map(excuse).collect()
}

fn blocked(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::BookingBlocked { .. }))
}

#[test]
fn a_share_of_every_slot_stays_for_walk_ins() {
    let mut hall = Hall::on("2026-11-23");
    let slots = hall.0.slots(at(8, 0), &service(), "2026-11-24");
    assert_eq!(slots.len(), 16, "half hours from 9 to 17");
    assert_eq!((slots[0].from, slots[0].capacity, slots[0].free()), (at(9, 0), 10, 7));
    for n in 0..7 {
        hall.book(at(9, 0), &format!("B{n}"), &format!("p{n}"), "2026-11-24", at(10, 0))
            .unwrap();
    }
    let full = hall.book(at(9, 0), "B7", "p7", "2026-11-24", at(10, 0)).unwrap_err();
    assert_eq!(full, Refusal::SlotFull { slot: "10:00".into() });
    hall.day("2026-11-24");
    for n in 0..20 {
        assert!(
            hall.take(at(10, 0), n, None).is_ok(),
            "a walk-in is never refused for a booking"
        );
    }
}

#[test]
fn a_capacity_of_the_hall_file_counts_instead_of_the_plan() {
    let mut config = hall();
    config.slot_capacity.insert(GroupId::new("A").unwrap(), 70);
    config.booking.walk_in_share_pct = 50;
    let hall = Hall::of(config, "2026-11-23");
    assert_eq!(hall.slot("2026-11-23", at(9, 0)).free(), 35);
}

#[test]
fn a_place_given_back_is_free_at_once_for_walk_ins_and_bookings() {
    let mut config = hall();
    config.slot_capacity.insert(GroupId::new("A").unwrap(), 2);
    let mut hall = Hall::of(config, "2026-11-23");
    hall.book(at(8, 0), "B1", "p1", "2026-11-23", at(12, 0)).unwrap();
    assert_eq!(hall.slot("2026-11-23", at(12, 0)).free(), 0);
    hall.cancel(at(9, 0), "B1").unwrap();
    assert_eq!(hall.slot("2026-11-23", at(12, 0)).free(), 1);
    assert_eq!(hall.0.booking(&booking("B1")).unwrap().state, BookingState::Cancelled);
    assert!(
        hall.take(at(12, 0), 1, Some("B1")).is_err(),
        "what was given back is no appointment"
    );
    assert_eq!(hall.take(at(12, 0), 1, None), Ok((Class::Normal, at(12, 0).0)));
    hall.book(at(9, 1), "B2", "p2", "2026-11-23", at(12, 0)).unwrap();
}

#[test]
fn early_waits_for_its_slot_in_time_is_an_appointment_late_is_the_ordinary_queue() {
    let mut hall = Hall::on("2026-11-23");
    for (n, id) in ["B1", "B2", "B3", "B4"].iter().enumerate() {
        hall.book(at(8, 0), id, &format!("p{n}"), "2026-11-23", at(10, 0))
            .unwrap();
    }
    assert_eq!(hall.take(at(8, 30), 1, Some("B1")), Ok((Class::Appt, at(10, 0).0)));
    assert_eq!(hall.take(at(9, 50), 2, Some("B2")), Ok((Class::Appt, at(10, 0).0)));
    assert_eq!(hall.take(at(10, 15), 3, Some("B3")), Ok((Class::Appt, at(10, 15).0)));
    assert_eq!(hall.take(at(10, 16), 4, Some("B4")), Ok((Class::Normal, at(10, 16).0)));
    let again = hall.take(at(10, 17), 5, Some("B4")).unwrap_err();
    assert!(
        matches!(again, Refusal::UnknownBooking { .. }),
        "a booking brings one number"
    );
    assert_eq!(missed(&hall.day("2026-11-24")), [], "who came late did come");
}

#[test]
fn what_cannot_be_booked_is_refused_with_its_reason() {
    let mut hall = Hall::on("2026-11-23");
    let mut why = |id: &str, day: &str, slot| hall.book(at(10, 0), id, "p", day, slot);
    let past = |day: &str| Err(Refusal::BookingInPast { day: day.into() });
    assert_eq!(why("B1", "2026-11-22", at(10, 0)), past("2026-11-22"));
    assert_eq!(why("B1", "2026-11-23", at(10, 0)), past("2026-11-23"));
    let last_day = "2026-11-30".to_string();
    assert_eq!(
        why("B1", "2026-12-01", at(10, 0)),
        Err(Refusal::BookingTooFar { last_day })
    );
    assert!(matches!(
        why("B1", "yesterday", at(10, 0)),
        Err(Refusal::NoSuchDay { .. })
    ));
    assert!(matches!(
        why("B1", "2026-11-24", at(10, 7)),
        Err(Refusal::NoSuchSlot { .. })
    ));
    assert!(
        matches!(why("B1", "2026-11-24", at(8, 30)), Err(Refusal::NoSuchSlot { .. })),
        "nobody is planned"
    );
    assert_eq!(why("B1", "2026-11-30", at(10, 0)), Ok(()));
    assert_eq!(why("B1", "2026-11-29", at(10, 0)), Err(Refusal::IdUsed));
    let (booking, slot) = (booking("B1"), "10:00".to_string());
    assert_eq!(
        why("B2", "2026-11-30", at(11, 0)),
        Err(Refusal::AlreadyBooked { booking, slot })
    );
    let early = hall.take(at(10, 0), 1, Some("B1")).unwrap_err();
    assert!(matches!(early, Refusal::BookedForOtherDay { .. }));
}

#[test]
fn two_no_shows_in_thirty_days_block_online_booking_for_thirty() {
    let mut hall = Hall::on("2026-11-01");
    hall.miss("2026-11-02", "B1", "p");
    let first = hall.day("2026-11-03");
    assert_eq!((missed(&first), blocked(&first)), (vec![None], false));
    hall.miss("2026-11-20", "B2", "p");
    let second = hall.day("2026-11-21");
    assert!(blocked(&second));
    let until = "2026-12-21".to_string();
    let (count, days) = (2, 30);
    let refused = hall.book(at(9, 0), "B3", "p", "2026-11-23", at(10, 0)).unwrap_err();
    assert_eq!(refused, Refusal::BlockedFromBooking { until, count, days });
    assert!(refused.to_string().contains("2026-12-21"));
    hall.book(at(9, 0), "B4", "other", "2026-11-23", at(10, 0)).unwrap();
    assert!(hall.take(at(9, 0), 1, None).is_ok(), "walking in is never blocked");
    hall.day("2026-12-20");
    assert!(hall.book(at(9, 0), "B5", "p", "2026-12-21", at(10, 0)).is_err());
    hall.day("2026-12-21");
    hall.book(at(9, 0), "B5", "p", "2026-12-21", at(10, 0)).unwrap();
}

#[test]
fn no_shows_far_apart_do_not_add_up() {
    let mut hall = Hall::on("2026-11-01");
    hall.miss("2026-11-02", "B1", "p");
    hall.miss("2026-12-05", "B2", "p");
    assert!(!blocked(&hall.day("2026-12-06")));
}

#[test]
fn given_back_two_hours_before_never_counts_and_later_does() {
    let mut hall = Hall::on("2026-11-23");
    hall.open(at(9, 0));
    hall.book(at(7, 0), "B1", "p", "2026-11-23", at(12, 0)).unwrap();
    hall.book(at(7, 0), "B2", "q", "2026-11-23", at(12, 0)).unwrap();
    let early = hall.cancel(at(10, 0), "B1").unwrap();
    assert!(matches!(early[..], [Effect::BookingCancelled { in_time: true, .. }]));
    let late = hall.cancel(at(10, 1), "B2").unwrap();
    assert!(matches!(late[..], [Effect::BookingCancelled { in_time: false, .. }]));
    assert!(hall.cancel(at(10, 2), "B2").is_err(), "given back once");
    assert_eq!(missed(&hall.day("2026-11-24")), [None]);
}

#[test]
fn a_day_on_which_the_hall_was_late_closed_or_failed_never_counts() {
    // Late: an appointment is called eleven minutes after its slot, the hall promises ten.
    let mut hall = Hall::on("2026-11-02");
    hall.miss("2026-11-03", "B1", "p");
    hall.book(at(9, 0), "B2", "q", "2026-11-03", at(9, 30)).unwrap();
    hall.take(at(9, 25), 1, Some("B2")).unwrap();
    let finish_current = false;
    let next = Event::Next {
        window: window(),
        finish_current,
    };
    hall.must(at(9, 41), next).unwrap();
    assert_eq!(missed(&hall.day("2026-11-04")), [Some(Excuse::CalledLate)]);
    // Failed.
    hall.miss("2026-11-05", "B3", "p");
    hall.close(at(15, 0), CloseReason::Fault);
    assert_eq!(missed(&hall.day("2026-11-06")), [Some(Excuse::Failed)]);
    // Closed before the slot.
    hall.miss("2026-11-07", "B4", "p");
    hall.close(at(9, 30), CloseReason::End);
    assert_eq!(missed(&hall.day("2026-11-08")), [Some(Excuse::Closed)]);
    // Days that the dispatcher never saw.
    hall.book(at(9, 0), "B5", "p", "2026-11-10", at(10, 0)).unwrap();
    assert_eq!(missed(&hall.day("2026-11-12")), [Some(Excuse::Closed)]);
    hall.book(at(9, 0), "B6", "p", "2026-11-13", at(10, 0)).unwrap();
}

#[test]
fn staff_lift_a_block_with_a_reason() {
    let mut hall = Hall::on("2026-11-01");
    hall.miss("2026-11-02", "B1", "p");
    hall.miss("2026-11-03", "B2", "p");
    hall.day("2026-11-04");
    let lift = |person: &str| Event::Unblock {
        person: person.to_string(),
        reason: "was in hospital".to_string(),
    };
    assert_eq!(hall.must(at(9, 0), lift("q")), Err(Refusal::NotBlocked));
    let lifted = hall.must(at(9, 0), lift("p")).unwrap();
    assert!(matches!(&lifted[..], [Effect::BookingUnblocked { reason, .. }] if reason == "was in hospital"));
    hall.open(at(9, 0));
    hall.book(at(9, 0), "B3", "p", "2026-11-04", at(10, 0)).unwrap();
    assert!(!blocked(&hall.day("2026-11-05")), "the count begins anew");
}

#[test]
fn bookings_come_back_from_their_effects() {
    let mut hall = Hall::on("2026-11-01");
    hall.miss("2026-11-02", "B1", "p");
    hall.miss("2026-11-03", "B2", "p");
    hall.miss("2026-11-04", "B3", "q");
    hall.book(at(9, 0), "B4", "r", "2026-11-06", at(10, 0)).unwrap();
    hall.book(at(9, 0), "B5", "s", "2026-11-04", at(10, 0)).unwrap();
    hall.cancel(at(9, 30), "B5").unwrap();
    let mut again = Engine::new(Arc::new(self::hall()));
    for effect in hall.0.bookings_as_effects() {
        again.fold(Millis::ZERO, &effect);
    }
    let kept = |e: &Engine| {
        let blocked = e.blocked_until("p").map(str::to_string);
        (
            e.bookings().cloned().collect::<Vec<_>>(),
            blocked,
            e.bookings_as_effects(),
        )
    };
    assert_eq!(kept(&again), kept(&hall.0));
    assert_eq!(again.blocked_until("p"), Some("2026-12-04"));
    assert_eq!(again.bookings().count(), 3);
}

#[test]
fn the_last_number_is_gone_when_it_would_be_called_after_closing() {
    let mut config = hall();
    config.forecast_paths = 40;
    config.rules.close = at(17, 0);
    let mut warns = Hall::of(config.clone(), "2026-11-23");
    config.last_ticket.insert(GroupId::new("A").unwrap(), LastTicket::Stop);
    let mut stops = Hall::of(config, "2026-11-23");
    for hall in [&mut warns, &mut stops] {
        hall.book(at(9, 0), "B1", "p", "2026-11-23", at(16, 30)).unwrap();
        hall.open(at(9, 0));
    }
    let mut refused = 0;
    for n in 0..30 {
        warns.take(at(16, 25), n, None).unwrap();
        match stops.take(at(16, 25), n, None) {
            Err(Refusal::LastNumberGone { .. }) => refused += 1,
            taken => assert!(taken.is_ok() && refused == 0, "{n}: {taken:?}"),
        }
    }
    assert!(
        (10..25).contains(&refused),
        "twelve or so fit, the others are told: {refused}"
    );
    assert_eq!(stops.take(at(16, 30), 99, Some("B1")), Ok((Class::Appt, at(16, 30).0)));
}

#[test]
fn who_checks_in_long_before_the_slot_passes_nobody_until_a_quarter_before() {
    for policy in [Policy::Priority, Policy::Fifo, Policy::Due, Policy::Balanced] {
        let today = "2026-11-21";
        let mut hall = Hall::of(HallConfig { policy, ..hall() }, today);
        let open = |hall: &mut Hall| {
            let (window, clerk) = (window(), None);
            hall.must(at(9, 0), Event::Open { window, clerk }).unwrap();
        };
        open(&mut hall);
        hall.book(at(8, 0), "B1", "p1", today, at(10, 0)).unwrap();
        assert_eq!(
            hall.take(at(9, 1), 1, Some("B1")),
            Ok((Class::Appt, at(10, 0).0)),
            "early, and kindly taken"
        );
        hall.take(at(9, 2), 2, None).unwrap();
        hall.take(at(9, 3), 3, None).unwrap();
        let next = |hall: &mut Hall, now: Millis| {
            let (window, finish_current) = (window(), true);
            let effects = hall.must(now, Event::Next { window, finish_current }).unwrap();
            effects.iter().find_map(|effect| match effect {
                Effect::Called { ticket, .. } => Some(ticket.bytes()[0]),
                _ => None,
            })
        };
        let mut later = Hall(hall.0.clone());
        assert_eq!(
            next(&mut hall, at(9, 5)),
            Some(2),
            "{}: who came on the day goes first",
            policy.name()
        );
        assert_eq!(next(&mut hall, at(9, 10)), Some(3), "{}", policy.name());
        assert_eq!(
            next(&mut hall, at(9, 15)),
            Some(1),
            "{}: no window idles over it",
            policy.name()
        );
        if policy == Policy::Priority {
            assert_eq!(
                next(&mut later, at(9, 45)),
                Some(1),
                "from a quarter before the class counts"
            );
        }
    }
}
