//! The second door: folds one effect into the state. It never decides, and an effect that names what this hall no
//! longer has (a window taken out of the hall file since) changes only what is left.

use std::sync::Arc;

use ticket_dispatcher_types::{Class, CloseReason, Millis, TicketId, TicketState, WindowId, WindowState};

use crate::choose::is_priority;
use crate::effect::{Effect, Place};
use crate::engine::Engine;
use crate::event::{NewTicket, TransferTo};
use crate::ticket::{Step, Ticket, WindowNow};
use crate::waiters::first_of;

impl Engine {
    /// Folds one stored effect: recovery and projections. Nothing is decided again.
    pub fn fold(&mut self, now: Millis, effect: &Effect) {
        // A journal may leave these two out, so they must not even move the clock.
        if matches!(effect, Effect::NobodyWaits { .. } | Effect::Refused { .. }) {
            return;
        }
        self.state.clock = self.state.clock.max(now);
        match effect {
            Effect::DayBegan { day } => self.fold_day(now, day),
            Effect::Issued { ticket, .. } => self.fold_issued(now, ticket, effect),
            Effect::WindowOpened { window, clerk } => {
                self.fold_booking(now, effect);
                if let Some(window) = self.set_window(now, window, WindowState::Open, None)
                    && clerk.is_some()
                {
                    window.clerk.clone_from(clerk);
                }
            }
            Effect::WindowPaused { window, reason } => {
                self.set_window(now, window, WindowState::Paused, Some(*reason));
                self.note_closing(now, *reason == CloseReason::Fault);
            }
            Effect::WindowClosed { window, reason } => {
                if let Some(window) = self.set_window(now, window, WindowState::Closed, Some(*reason)) {
                    window.clerk = None;
                }
                self.note_closing(now, *reason == CloseReason::Fault);
            }
            Effect::Leased { .. } => self.fold_leased(now, effect),
            Effect::Booked { .. }
            | Effect::BookingCancelled { .. }
            | Effect::BookingMissed { .. }
            | Effect::BookingBlocked { .. }
            | Effect::BookingUnblocked { .. } => self.fold_booking(now, effect),
            Effect::PolicyChanged { to, .. } => self.use_policy(*to),
            // A trace for people; the hall stands as before.
            Effect::Peeked { .. } => {}
            _ => self.fold_ticket(now, effect),
        }
    }

    fn fold_ticket(&mut self, now: Millis, effect: &Effect) {
        match effect {
            Effect::Called { ticket, window, .. } => self.fold_called(now, *ticket, window),
            Effect::Picked { ticket, .. } => self.change(now, *ticket, "picked", |_| {}),
            Effect::Recalled { ticket, times, .. } => {
                self.change(now, *ticket, "recalled", |t| t.calls = *times);
            }
            Effect::Started { ticket, .. } => {
                self.change(now, *ticket, "started", |t| {
                    t.state = TicketState::Serving;
                    t.started = Some(now);
                });
            }
            Effect::Finished { ticket, .. } => self.fold_finished(now, *ticket),
            Effect::NoShow { ticket, .. } => self.end(now, *ticket, TicketState::NoShow, "no-show"),
            Effect::Cancelled { ticket, .. } => self.end(now, *ticket, TicketState::Cancelled, "cancelled"),
            Effect::Superseded { ticket, by, cases, .. } => self.fold_superseded(now, *ticket, *by, *cases),
            Effect::NextMatter { .. } => self.fold_next_matter(now, effect),
            Effect::Transferred {
                ticket,
                to,
                matter,
                group,
                ..
            } => {
                self.back_to_waiting(now, *ticket, "transferred", |t| {
                    t.matter = *matter;
                    t.group.clone_from(group);
                    t.bound = None;
                    t.front = false;
                    match to {
                        TransferTo::Service { service } => t.services[usize::from(*matter)].clone_from(service),
                        TransferTo::Window { window } => t.bound = Some(window.clone()),
                        TransferTo::Group { .. } => {}
                    }
                });
            }
            Effect::Requeued {
                ticket,
                place,
                returned,
                ..
            } => {
                self.back_to_waiting(now, *ticket, "requeued", |t| {
                    t.place = *place;
                    t.returned |= *returned;
                });
            }
            Effect::Held { ticket, .. } => self.end(now, *ticket, TicketState::Held, "held"),
            Effect::Resumed { ticket } => {
                self.back_to_waiting(now, *ticket, "resumed", |t| {
                    t.bound.clone_from(&t.window);
                    t.front = true;
                });
            }
            Effect::Rated { ticket, stars } => {
                self.change(now, *ticket, "rated", |t| t.stars = Some(*stars));
            }
            _ => unreachable!("`fold` has taken the others"),
        }
    }

    fn fold_day(&mut self, now: Millis, day: &str) {
        self.fold_booking_day(now, day);
        let state = &mut self.state;
        state.day = day.to_string();
        state.clock = now;
        state.tickets.clear();
        state.waiting.clear();
        state.counts.clear();
        state.leases = Arc::default();
        state.priority_run.fill(0);
        Arc::make_mut(&mut state.learnt).new_day();
        state.by_id = Arc::default();
        self.by_holder = Arc::default();
        Arc::make_mut(&mut self.waiters).clear();
        state.checked_in = Arc::default();
        for window in &mut state.windows {
            window.since = now;
            window.idle_since = now;
            window.current = None;
        }
        self.use_policy(self.file.policy);
        self.draw_anew();
    }

    fn fold_issued(&mut self, now: Millis, new: &NewTicket, effect: &Effect) {
        let Effect::Issued {
            number,
            group,
            class,
            base_ms,
            forecast,
            ..
        } = effect
        else {
            return;
        };
        let ix = self.state.tickets.len();
        let order = u32::try_from(ix).expect("a day has fewer than 2^32 tickets");
        let queued_ms = self.issue_time(now).0;
        self.state.tickets.push(Arc::new(Ticket {
            id: new.id,
            number: *number,
            order,
            services: new.services.clone(),
            matter: 0,
            group: group.clone(),
            class: *class,
            slow: is_priority(new.class),
            service_at: self.index.service(&new.services[0]),
            group_at: self.index.group(group),
            cases: new.cases,
            booking: new.booking.clone(),
            holder: new.holder.clone(),
            device: new.source.device.clone(),
            state: TicketState::Waiting,
            issued: Millis(queued_ms),
            place: Place {
                queued_ms,
                rank: 2 * u64::from(order),
                base_ms: *base_ms,
            },
            bound: None,
            front: false,
            window: None,
            calls: 0,
            called: None,
            started: None,
            ended: None,
            returned: false,
            superseded_by: None,
            stars: None,
            forecast: *forecast,
            history: vec![Step {
                at: now,
                state: TicketState::Waiting,
                window: None,
                what: "issued",
            }],
        }));
        Arc::make_mut(&mut self.state.by_id).insert(new.id, ix);
        if let Some(holder) = &new.holder {
            let held = Arc::make_mut(&mut self.by_holder).entry(holder.clone());
            held.or_default().push(ix);
        }
        // A lent number says nothing about how far the series has come.
        if !self.is_lent(*number) {
            self.state.counts.insert(number.series(), number.count());
        }
        if let Some(booking) = &new.booking {
            Arc::make_mut(&mut self.state.checked_in).insert(booking.clone(), ix);
            self.note_check_in(booking);
        }
        self.enqueue(ix);
    }

    /// A clock set back must not let later tickets pass earlier ones.
    pub(crate) fn issue_time(&self, now: Millis) -> Millis {
        self.state.tickets.last().map_or(now, |last| now.max(last.issued))
    }

    fn fold_called(&mut self, now: Millis, ticket: TicketId, window: &WindowId) {
        // A window must never hold what the hall does not know.
        if self.ticket(ticket).is_none() {
            return;
        }
        // Only the first call tells how good the forecast of the slip was.
        if let Some(first) = self.ticket(ticket).filter(|t| t.called.is_none())
            && let Some(said) = first.forecast
        {
            let wait = now - first.issued;
            Arc::make_mut(&mut self.state.learnt).calibration.learn(said, wait);
        }
        if let Some(ix) = self.state.by_id.get(&ticket).copied() {
            self.dequeue(ix);
            let (class, group) = (self.state.tickets[ix].class, self.state.tickets[ix].group_at);
            self.note_call(now, class, self.state.tickets[ix].base());
            let waits = self.ordinary_waits(group);
            let run = &mut self.state.priority_run[group];
            *run = match class {
                class if is_priority(class) && waits => run.saturating_add(1),
                Class::Appt if waits => *run,
                _ => 0,
            };
        }
        if let Some(w) = self.index.windows.get(window) {
            self.state.windows[*w].current = Some(ticket);
        }
        self.change(now, ticket, "called", |t| {
            t.state = TicketState::Called;
            t.window = Some(window.clone());
            t.bound = None;
            t.front = false;
            t.calls = 1;
            t.called = Some(now);
            t.started = None;
        });
    }

    fn fold_finished(&mut self, now: Millis, id: TicketId) {
        if let Some(ticket) = self.ticket(id)
            && let Some(started) = ticket.started
        {
            let ms = (now.0 - started.0) / i64::from(ticket.cases.get());
            // Shorter is a slip of the finger or a clock that jumped.
            if ms >= 1_000 {
                let window = ticket.window.as_ref().and_then(|w| self.index.windows.get(w)).copied();
                let service = ticket.service_at;
                let slow = ticket.slow;
                self.learn(service, window, slow, ms);
            }
        }
        self.end(now, id, TicketState::Finished, "finished");
    }

    /// Takes the ticket out of queue and window.
    pub(crate) fn end(&mut self, now: Millis, ticket: TicketId, state: TicketState, what: &'static str) {
        self.free(now, ticket);
        self.change(now, ticket, what, |t| {
            t.state = state;
            t.ended = (!state.is_open()).then_some(now);
        });
    }

    fn back_to_waiting(&mut self, now: Millis, ticket: TicketId, what: &'static str, more: impl FnOnce(&mut Ticket)) {
        self.free(now, ticket);
        let index = self.index.clone();
        self.change(now, ticket, what, |t| {
            t.state = TicketState::Waiting;
            t.ended = None;
            t.calls = 0;
            more(t);
            t.service_at = index.service(t.service());
            t.group_at = index.group(&t.group);
        });
        if let Some(ix) = self.state.by_id.get(&ticket).copied() {
            self.enqueue(ix);
        }
    }

    fn fold_next_matter(&mut self, now: Millis, effect: &Effect) {
        let Effect::NextMatter {
            ticket,
            matter,
            group,
            window,
        } = effect
        else {
            return;
        };
        let next = |t: &mut Ticket| {
            t.matter = *matter;
            t.group.clone_from(group);
        };
        match window {
            Some(window) => self.go_on_at(now, *ticket, window, next),
            None => self.back_to_waiting(now, *ticket, "next-matter", next),
        }
    }

    /// The window that has just finished one matter is at the next.
    fn go_on_at(&mut self, now: Millis, id: TicketId, window: &WindowId, more: impl FnOnce(&mut Ticket)) {
        let index = self.index.clone();
        self.change(now, id, "next-matter", |t| {
            t.state = TicketState::Serving;
            t.ended = None;
            t.started = Some(now);
            more(t);
            t.service_at = index.service(t.service());
            t.group_at = index.group(&t.group);
        });
        let at = index.windows.get(window).filter(|_| self.state.by_id.contains_key(&id));
        if let Some(at) = at {
            self.state.windows[*at].current = Some(id);
        }
    }

    fn free(&mut self, now: Millis, ticket: TicketId) {
        let Some(ix) = self.state.by_id.get(&ticket).copied() else {
            return;
        };
        self.dequeue(ix);
        for window in self.state.windows.iter_mut().filter(|w| w.current == Some(ticket)) {
            window.current = None;
            window.idle_since = now;
        }
    }

    fn enqueue(&mut self, ix: usize) {
        let tickets = &self.state.tickets;
        let key = |ix: usize| (tickets[ix].place.queued_ms, tickets[ix].place.rank, ix);
        let at = first_of(&self.state.waiting, |waiting| key(waiting) < key(ix));
        self.state.waiting.insert(at, ix);
        Arc::make_mut(&mut self.waiters).enter(ix, |ix| &tickets[ix]);
    }

    /// Before anything of the ticket changes.
    fn dequeue(&mut self, ix: usize) {
        if let Some(at) = self.state.waiting.iter().position(|waiting| *waiting == ix) {
            self.state.waiting.remove(at);
            Arc::make_mut(&mut self.waiters).leave(ix, &self.state.tickets[ix]);
        }
    }

    fn change(&mut self, now: Millis, ticket: TicketId, what: &'static str, change: impl FnOnce(&mut Ticket)) {
        if let Some(ix) = self.state.by_id.get(&ticket) {
            let ticket = Arc::make_mut(&mut self.state.tickets[*ix]);
            change(ticket);
            let step = Step {
                at: now,
                state: ticket.state,
                window: ticket.window.clone(),
                what,
            };
            ticket.history.push(step);
        }
    }

    fn set_window(
        &mut self,
        now: Millis,
        window: &WindowId,
        state: WindowState,
        reason: Option<CloseReason>,
    ) -> Option<&mut WindowNow> {
        let window = &mut self.state.windows[*self.index.windows.get(window)?];
        if window.state != state {
            if state == WindowState::Open {
                window.idle_since = now;
            }
            window.state = state;
            window.since = now;
        }
        window.reason = reason;
        Some(window)
    }
}
