//! What has become of bookings: the state, changed only here, and what of it outlives a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use ticket_dispatcher_types::{BookingId, Class, Millis, WindowState};

use crate::booking::{BookingNow, BookingState, Excuse, NewBooking};
use crate::calendar::day_number;
use crate::effect::Effect;
use crate::engine::Engine;

/// Everything about bookings that changes.
#[derive(Debug, Clone, Default, PartialEq, Hash)]
pub(crate) struct Bookings {
    pub(crate) all: BTreeMap<BookingId, BookingNow>,
    /// By person: the bookings that counted as no-shows, with their days.
    pub(crate) missed: BTreeMap<String, BTreeMap<BookingId, String>>,
    /// By person: the first day on which booking is possible again.
    pub(crate) blocked: BTreeMap<String, String>,
    /// How the hall behaved today.
    pub(crate) hall: HallToday,
}

/// How the hall behaved today, as far as it excuses people who did not come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Hash)]
pub(crate) struct HallToday {
    pub(crate) failed: bool,
    pub(crate) called_late: bool,
    pub(crate) first_open: Option<Millis>,
    /// Since when no window has been open.
    pub(crate) closed_since: Option<Millis>,
}

impl HallToday {
    pub(crate) fn excuse(&self, slot: Millis, grace: Millis) -> Option<Excuse> {
        let opened_in_time = self.first_open.is_some_and(|first| first <= slot + grace);
        let closed_before = self.closed_since.is_some_and(|since| since <= slot);
        if !opened_in_time || closed_before {
            Some(Excuse::Closed)
        } else if self.failed {
            Some(Excuse::Failed)
        } else {
            self.called_late.then_some(Excuse::CalledLate)
        }
    }
}

impl Engine {
    pub(crate) fn fold_booking(&mut self, now: Millis, effect: &Effect) {
        let bookings = Arc::make_mut(&mut self.state.bookings);
        match effect {
            Effect::Booked { booking, group } => {
                let made = BookingNow {
                    id: booking.id.clone(),
                    person: booking.person.clone(),
                    service: booking.service.clone(),
                    group: group.clone(),
                    day: booking.day.clone(),
                    slot: booking.slot,
                    online: booking.online,
                    state: BookingState::Open,
                };
                bookings.all.insert(booking.id.clone(), made);
            }
            Effect::BookingCancelled { booking, in_time } => {
                if let Some(booking) = bookings.all.get_mut(booking) {
                    booking.state = if *in_time {
                        BookingState::Cancelled
                    } else {
                        BookingState::CancelledLate
                    };
                }
            }
            Effect::BookingMissed {
                booking,
                person,
                day,
                excuse,
            } => {
                bookings.all.remove(booking);
                if excuse.is_none() {
                    let missed = bookings.missed.entry(person.clone()).or_default();
                    missed.insert(booking.clone(), day.clone());
                }
            }
            Effect::BookingBlocked { person, until } => {
                bookings.blocked.insert(person.clone(), until.clone());
            }
            Effect::BookingUnblocked { person, .. } => {
                // Else the next no-show would block again at once.
                bookings.missed.remove(person);
                bookings.blocked.remove(person);
            }
            Effect::WindowOpened { .. } => {
                bookings.hall.first_open.get_or_insert(now);
                bookings.hall.closed_since = None;
            }
            _ => {}
        }
    }

    /// A new day: what is over is forgotten, the hall begins with a clean sheet.
    pub(crate) fn fold_booking_day(&mut self, now: Millis, day: &str) {
        let open = self.any_window_open();
        let days = i64::from(self.config.booking.no_show_days);
        let bookings = Arc::make_mut(&mut self.state.bookings);
        bookings.all.retain(|_, booking| booking.day.as_str() >= day);
        for missed in bookings.missed.values_mut() {
            missed.retain(|_, missed| within(missed, day, days));
        }
        bookings.missed.retain(|_, missed| !missed.is_empty());
        bookings.blocked.retain(|_, until| until.as_str() > day);
        bookings.hall = HallToday {
            first_open: open.then_some(now),
            ..HallToday::default()
        };
    }

    /// A window stopped calling; by a fault, people are excused for the day.
    pub(crate) fn note_closing(&mut self, now: Millis, fault: bool) {
        let open = self.any_window_open();
        let hall = self.state.bookings.hall;
        let closed = !open && hall.first_open.is_some() && hall.closed_since.is_none();
        if closed || (fault && !hall.failed) {
            let hall = &mut Arc::make_mut(&mut self.state.bookings).hall;
            hall.failed |= fault;
            if closed {
                hall.closed_since = Some(now);
            }
        }
    }

    /// A kept appointment that waited longer than the hall promises excuses the others of the day.
    pub(crate) fn note_call(&mut self, now: Millis, class: Class, base: Millis) {
        let late = class == Class::Appt && now > base + self.config.rules.target[0];
        if late && !self.state.bookings.hall.called_late {
            Arc::make_mut(&mut self.state.bookings).hall.called_late = true;
        }
    }

    pub(crate) fn note_check_in(&mut self, id: &BookingId) {
        if self.state.bookings.all.contains_key(id)
            && let Some(booking) = Arc::make_mut(&mut self.state.bookings).all.get_mut(id)
        {
            booking.state = BookingState::CheckedIn;
        }
    }

    fn any_window_open(&self) -> bool {
        self.state.windows.iter().any(|w| w.state == WindowState::Open)
    }

    /// What of bookings outlives a day, as the effects that bring it back: for the ledger's snapshot.
    pub fn bookings_as_effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let bookings = &self.state.bookings;
        for b in bookings.all.values() {
            if matches!(b.state, BookingState::Open | BookingState::CancelledLate) {
                let booking = NewBooking {
                    id: b.id.clone(),
                    person: b.person.clone(),
                    service: b.service.clone(),
                    day: b.day.clone(),
                    slot: b.slot,
                    online: b.online,
                };
                let group = b.group.clone();
                effects.push(Effect::Booked { booking, group });
            }
            if b.state == BookingState::CancelledLate {
                let booking = b.id.clone();
                let in_time = false;
                effects.push(Effect::BookingCancelled { booking, in_time });
            }
        }
        for (person, missed) in &bookings.missed {
            effects.extend(missed.iter().map(|(booking, day)| Effect::BookingMissed {
                booking: booking.clone(),
                person: person.clone(),
                day: day.clone(),
                excuse: None,
            }));
        }
        effects.extend(bookings.blocked.iter().map(|(person, until)| Effect::BookingBlocked {
            person: person.clone(),
            until: until.clone(),
        }));
        effects
    }
}

pub(crate) fn within(missed: &str, day: &str, days: i64) -> bool {
    match (day_number(missed), day_number(day)) {
        (Some(missed), Some(day)) => day - missed <= days,
        _ => false,
    }
}
