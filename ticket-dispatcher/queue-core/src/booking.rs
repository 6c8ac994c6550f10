//! Appointments: which slots there are, who may book one, who comes, who stays away.
//!
//! A walk-in is never refused because of a booking: a share of every slot is not bookable, and a slot that is given
//! back is simply free again. A person is an opaque key made outside; what stands for whom is forgotten there.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{BookingId, Class, GroupId, Millis, ServiceId};

use crate::booked::within;
use crate::calendar::{day_number, day_text};
use crate::config::Booking;
use crate::effect::{Effect, Refusal};
use crate::engine::Engine;
use crate::event::{Event, NewTicket};
use crate::forecast::{Forecast, Quote};

/// The hall's rules on appointments; every number is a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BookingRules {
    /// Length of a slot; slots begin at its multiples since midnight.
    pub slot: Millis,
    /// Percent of each slot that cannot be booked.
    pub walk_in_share_pct: u8,
    /// How many days ahead may be booked; 0 is today only.
    pub days_ahead: u16,
    /// From when before its slot a person is asked to come. Who comes earlier gets a number that waits for its slot,
    /// and until then passes nobody: it is called early only when nobody else waits.
    pub check_in_before: Millis,
    /// A booking given back this long before its slot never counts.
    pub cancel_before: Millis,
    /// No-shows that block a person from booking online; 0 blocks nobody.
    pub no_shows_max: u8,
    /// Within so many days.
    pub no_show_days: u16,
    /// For so many days.
    pub block_days: u16,
}

impl Default for BookingRules {
    fn default() -> Self {
        Self {
            slot: Millis::from_mins(30),
            walk_in_share_pct: 30,
            days_ahead: 7,
            check_in_before: Millis::from_mins(15),
            cancel_before: Millis::from_mins(120),
            no_shows_max: 2,
            no_show_days: 30,
            block_days: 30,
        }
    }
}

/// What happens when a ticket would wait beyond closing time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastTicket {
    /// The person is warned and decides.
    #[default]
    Warn,
    /// No number is given out; kept bookings are served all the same.
    Stop,
}

/// A booking asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBooking {
    /// Made outside.
    pub id: BookingId,
    /// Opaque, equal for equal persons as long as the hall remembers them. Never an identity.
    pub person: String,
    /// What for.
    pub service: ServiceId,
    /// Which day, `2026-11-21`.
    pub day: String,
    /// Beginning of the slot, since local midnight.
    pub slot: Millis,
    /// Made by the person, not by staff: a block holds for these alone.
    pub online: bool,
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// The person is expected.
    Open,
    /// The person came, in time or late.
    CheckedIn,
    /// Given back in time: never counts.
    Cancelled,
    /// Given back too late: counts as if nobody had come.
    CancelledLate,
}

/// A booking of today or later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BookingNow {
    /// The booking.
    pub id: BookingId,
    /// Whose.
    pub person: String,
    /// What for.
    pub service: ServiceId,
    /// The group of the service.
    pub group: GroupId,
    /// Which day.
    pub day: String,
    /// Beginning of the slot, since local midnight.
    pub slot: Millis,
    /// Made by the person.
    pub online: bool,
    /// Where it stands.
    pub state: BookingState,
}

/// Why a booking that nobody came to does not count against its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excuse {
    /// The hall called an appointment later than it promises.
    CalledLate,
    /// No window was open at the time.
    Closed,
    /// A window failed.
    Failed,
}

/// A slot of a group on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Begins, since local midnight.
    pub from: Millis,
    /// Ends.
    pub to: Millis,
    /// People whom the group can serve in it, walk-ins and bookings together.
    pub capacity: u32,
    /// Places that may be booked.
    pub bookable: u32,
    /// Places that are booked.
    pub booked: u32,
}

impl Slot {
    /// Places that may still be booked.
    pub fn free(&self) -> u32 {
        self.bookable.saturating_sub(self.booked)
    }
}

impl Engine {
    /// A booking of today or later.
    pub fn booking(&self, id: &BookingId) -> Option<&BookingNow> {
        self.state.bookings.all.get(id)
    }

    /// Bookings of today and later, in order of their ids.
    pub fn bookings(&self) -> impl Iterator<Item = &BookingNow> {
        self.state.bookings.all.values()
    }

    /// Open bookings of a person on a day, the earliest first.
    pub fn open_bookings_of(&self, person: &str, day: &str) -> Vec<&BookingNow> {
        let own = |b: &&BookingNow| b.person == person && b.day == day && b.state == BookingState::Open;
        let mut found: Vec<_> = self.bookings().filter(own).collect();
        found.sort_by_key(|b| b.slot);
        found
    }

    /// The first day on which this person may book online again, if that is blocked.
    pub fn blocked_until(&self, person: &str) -> Option<&str> {
        self.state.bookings.blocked.get(person).map(String::as_str)
    }

    /// The slots of a service on a day; empty for a day that cannot be booked or a service that does not exist. Of
    /// today only those that have not begun.
    pub fn slots(&self, now: Millis, service: &ServiceId, day: &str) -> Vec<Slot> {
        let Some(ix) = self.index.services.get(service) else {
            return Vec::new();
        };
        if self.bookable_day(day).is_err() {
            return Vec::new();
        }
        let today = day == self.state.day;
        let slots = self.slots_of(self.index.service_group[*ix], day);
        slots.into_iter().filter(|s| !today || s.from > now).collect()
    }

    /// Known bookings of today that nobody has given back: those of the header and those made since.
    pub(crate) fn bookings_today(&self) -> impl Iterator<Item = Booking> {
        let made = self.bookings().filter(|b| b.day == self.state.day);
        let expected = made.filter(|b| matches!(b.state, BookingState::Open | BookingState::CheckedIn));
        let made = expected.map(|b| Booking {
            id: b.id.clone(),
            service: b.service.clone(),
            slot: b.slot,
        });
        self.config.bookings.iter().cloned().chain(made)
    }

    fn slots_of(&self, group: usize, day: &str) -> Vec<Slot> {
        let (rules, length) = (&self.config.rules, self.config.booking.slot.0.max(60_000));
        let first = rules.issue_from.0.div_euclid(length) * length;
        let id = &self.config.groups[group].id;
        let mut slots = Vec::new();
        for from in (first..rules.issue_until.0).step_by(usize::try_from(length).unwrap_or(usize::MAX)) {
            let (from, to) = (Millis(from), Millis(from + length));
            let capacity = self.capacity(group, from, to);
            if capacity == 0 || from < rules.issue_from {
                continue;
            }
            let share = u32::from(100 - self.config.booking.walk_in_share_pct.min(100));
            let holds = |b: &&BookingNow| {
                b.day == day
                    && b.slot == from
                    && b.group == *id
                    && matches!(b.state, BookingState::Open | BookingState::CheckedIn)
            };
            slots.push(Slot {
                from,
                to,
                capacity,
                bookable: capacity * share / 100,
                booked: crate::engine::count(self.bookings().filter(holds)),
            });
        }
        slots
    }

    /// As the hall file says, else what the planned windows can do: a window divides its time between its groups.
    fn capacity(&self, group: usize, from: Millis, to: Millis) -> u32 {
        let mut worked = 0;
        for (window, skills) in self.config.windows.iter().zip(&self.index.skills) {
            if skills[group] {
                let overlap = |p: &crate::config::PlanInterval| (p.to.0.min(to.0) - p.from.0.max(from.0)).max(0);
                let open: i64 = window.plan.iter().map(overlap).sum();
                let shared = skills.iter().filter(|has| **has).count().max(1);
                worked += open / i64::try_from(shared).unwrap_or(i64::MAX);
            }
        }
        if worked == 0 {
            return 0;
        }
        let id = &self.config.groups[group].id;
        if let Some(said) = self.config.slot_capacity.get(id) {
            return *said;
        }
        let (mut sum, mut n) = (0_i64, 0_i64);
        for service in self.config.services.iter().filter(|s| s.group == *id) {
            sum += service.hist_ms.iter().sum::<i64>();
            n += i64::try_from(service.hist_ms.len()).unwrap_or(0);
        }
        let usual = sum.checked_div(n).unwrap_or(0).max(60_000);
        u32::try_from(worked / usual).unwrap_or(u32::MAX)
    }

    fn bookable_day(&self, day: &str) -> Result<(), Refusal> {
        let (wanted, today) = (day_number(day), day_number(&self.state.day));
        let (Some(wanted), Some(today)) = (wanted, today) else {
            return Err(Refusal::NoSuchDay { day: short(day) });
        };
        let last = today + i64::from(self.config.booking.days_ahead);
        if wanted < today {
            return Err(Refusal::BookingInPast { day: day.to_string() });
        }
        if wanted > last {
            let last_day = day_text(last);
            return Err(Refusal::BookingTooFar { last_day });
        }
        Ok(())
    }

    pub(crate) fn decide_booking(&self, now: Millis, event: &Event) -> Result<Effect, Refusal> {
        match event {
            Event::Book(new) => self.book(now, new),
            Event::CancelBooking { booking } => self.cancel_booking(now, booking),
            Event::Unblock { person, reason } => self.unblock(person, reason),
            _ => unreachable!("`try_run` takes the others"),
        }
    }

    fn book(&self, now: Millis, new: &NewBooking) -> Result<Effect, Refusal> {
        let service = self.index.services.get(&new.service).copied();
        let service = service.ok_or_else(|| Refusal::UnknownService {
            service: new.service.clone(),
        })?;
        self.bookable_day(&new.day)?;
        let group_at = self.index.service_group[service];
        let group = self.config.groups[group_at].id.clone();
        if new.day == self.state.day && new.slot <= now {
            return Err(Refusal::BookingInPast { day: new.day.clone() });
        }
        let slots = self.slots_of(group_at, &new.day);
        let Some(slot) = slots.iter().find(|s| s.from == new.slot) else {
            return Err(Refusal::NoSuchSlot { slot: hours(new.slot) });
        };
        if self.state.bookings.all.contains_key(&new.id) || self.index.bookings.contains_key(&new.id) {
            return Err(Refusal::IdUsed);
        }
        if new.online
            && let Some(until) = self.blocked_until(&new.person)
        {
            let (count, days) = (self.config.booking.no_shows_max, self.config.booking.no_show_days);
            let until = until.to_string();
            return Err(Refusal::BlockedFromBooking { until, count, days });
        }
        let own = self.open_bookings_of(&new.person, &new.day);
        if let Some(other) = own.iter().find(|b| b.group == group) {
            let (booking, slot) = (other.id.clone(), hours(other.slot));
            return Err(Refusal::AlreadyBooked { booking, slot });
        }
        if slot.free() == 0 {
            return Err(Refusal::SlotFull { slot: hours(slot.from) });
        }
        let booking = new.clone();
        Ok(Effect::Booked { booking, group })
    }

    fn cancel_booking(&self, now: Millis, id: &BookingId) -> Result<Effect, Refusal> {
        let booking = self.booking(id).filter(|b| b.state == BookingState::Open);
        let booking = booking.ok_or_else(|| Refusal::UnknownBooking { booking: id.clone() })?;
        let today = booking.day == self.state.day;
        // With days between, nobody is late; a slot just after midnight does not exist in a hall.
        let in_time = !today || now + self.config.booking.cancel_before <= booking.slot;
        Ok(Effect::BookingCancelled {
            booking: id.clone(),
            in_time,
        })
    }

    fn unblock(&self, person: &str, reason: &str) -> Result<Effect, Refusal> {
        self.blocked_until(person).ok_or(Refusal::NotBlocked)?;
        Ok(Effect::BookingUnblocked {
            person: person.to_string(),
            reason: reason.to_string(),
        })
    }

    /// Class and base time of a ticket that comes with a booking made in this hall.
    pub(crate) fn check_in(
        &self,
        now: Millis,
        id: &BookingId,
        new: &NewTicket,
        asked: Class,
    ) -> Result<(Class, i64), Refusal> {
        let booking = self.booking(id).filter(|b| b.state == BookingState::Open);
        let booking = booking.ok_or_else(|| Refusal::UnknownBooking { booking: id.clone() })?;
        if booking.day != self.state.day {
            let (day, slot) = (booking.day.clone(), hours(booking.slot));
            return Err(Refusal::BookedForOtherDay { day, slot });
        }
        if new.services.first() != Some(&booking.service) {
            let service = booking.service.clone();
            return Err(Refusal::BookedForOther { service });
        }
        if now <= booking.slot + self.config.rules.appt_grace {
            Ok((Class::Appt, now.0.max(booking.slot.0)))
        } else {
            Ok((asked, now.0))
        }
    }

    /// The day is over: who did not come, whether it counts, and who is blocked for it.
    pub(crate) fn missed_bookings(&mut self, now: Millis, next_day: &str, out: &mut Vec<Effect>) {
        let gone = |b: &&BookingNow| {
            b.day.as_str() < next_day && matches!(b.state, BookingState::Open | BookingState::CancelledLate)
        };
        let missed: Vec<BookingNow> = self.bookings().filter(gone).cloned().collect();
        for booking in missed {
            let excuse = if booking.day == self.state.day {
                let hall = self.state.bookings.hall;
                hall.excuse(booking.slot, self.config.rules.appt_grace)
            } else {
                // The dispatcher never saw that day.
                Some(Excuse::Closed)
            };
            let person = booking.person.clone();
            let effect = Effect::BookingMissed {
                booking: booking.id,
                person: person.clone(),
                day: booking.day,
                excuse,
            };
            self.emit(now, effect, out);
            let most = usize::from(self.config.booking.no_shows_max);
            let count = self.recent_no_shows(&person, next_day);
            if most > 0 && count >= most && self.blocked_until(&person).is_none() {
                let until = day_text(day_number(next_day).unwrap_or(0) + i64::from(self.config.booking.block_days));
                self.emit(now, Effect::BookingBlocked { person, until }, out);
            }
        }
    }

    fn recent_no_shows(&self, person: &str, day: &str) -> usize {
        let days = i64::from(self.config.booking.no_show_days);
        let recent = |missed: &&String| within(missed, day, days);
        let missed = self.state.bookings.missed.get(person);
        missed.map_or(0, |missed| missed.values().filter(recent).count())
    }

    /// True when somebody with this forecast would be called after closing, and the service's group stops then.
    pub fn stops_before(&self, now: Millis, service: &ServiceId, wait: Forecast) -> bool {
        self.may_stop(service) && now + wait.p50 > self.config.rules.close
    }

    fn may_stop(&self, service: &ServiceId) -> bool {
        let group = self.index.services.get(service).map(|ix| self.index.service_group[*ix]);
        let rule = group.and_then(|g| self.config.last_ticket.get(&self.config.groups[g].id));
        rule == Some(&LastTicket::Stop) && self.config.forecast_paths > 0
    }

    /// A forecast is dear, so it is made only where the group stops, and only when none came with the event.
    pub(crate) fn is_after_last_number(&self, now: Millis, service: &ServiceId, quote: Option<&Quote>) -> bool {
        if !self.may_stop(service) {
            return false;
        }
        let wait = match quote {
            Some(quote) => quote.at(self.ahead_if_new(now, self.index.service(service))),
            None => self.forecast_if_taken(now, service).map(|(_, wait)| wait),
        };
        wait.is_some_and(|wait| self.stops_before(now, service, wait))
    }
}

/// `09:30`.
fn hours(time: Millis) -> String {
    let text = time.to_string();
    text.get(..5).unwrap_or_default().to_string()
}

/// A text from outside goes into a sentence only in part.
fn short(text: &str) -> String {
    text.chars().take(10).collect()
}
