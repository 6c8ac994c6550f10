//! The first door: what an event leads to. Every event in every state ends in at least one effect; what a state does
//! not allow ends in `Refused` and changes nothing.

use ticket_dispatcher_types::{Class, GroupId, Millis, TicketId, TicketNo, TicketState, WindowId, WindowState};

use crate::config::OneTicketPer;
use crate::effect::{Effect, Refusal};
use crate::engine::Engine;
use crate::event::{Event, NewTicket, TransferTo};
use crate::forecast::{Forecast, Quote};
use crate::ticket::Ticket;

impl Engine {
    /// Each effect is folded as soon as it is decided, so that what follows sees it; hence `decide` works on a draft.
    pub(crate) fn run(&mut self, now: Millis, event: &Event, out: &mut Vec<Effect>) {
        if let Err(refusal) = self.try_run(now, event, out) {
            out.push(Effect::Refused { refusal });
        }
    }

    pub(crate) fn emit(&mut self, now: Millis, effect: Effect, out: &mut Vec<Effect>) {
        self.fold(now, &effect);
        out.push(effect);
    }

    fn try_run(&mut self, now: Millis, event: &Event, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        match event {
            Event::DayBegins { day } => self.begin_day(now, day, out),
            Event::Take(new) => self.take(now, new, None, out),
            Event::Open { window, clerk } => {
                self.known(window)?;
                let effect = Effect::WindowOpened {
                    window: window.clone(),
                    clerk: clerk.clone(),
                };
                self.emit(now, effect, out);
                Ok(())
            }
            Event::Pause { window, reason } => {
                let ix = self.known(window)?;
                if self.state.windows[ix].state == WindowState::Closed {
                    return Err(Refusal::WindowNotOpen { window: window.clone() });
                }
                self.emit(
                    now,
                    Effect::WindowPaused {
                        window: window.clone(),
                        reason: *reason,
                    },
                    out,
                );
                Ok(())
            }
            Event::Close { window, reason } => {
                self.known(window)?;
                self.emit(
                    now,
                    Effect::WindowClosed {
                        window: window.clone(),
                        reason: *reason,
                    },
                    out,
                );
                Ok(())
            }
            Event::Next { window, finish_current } => self.next(now, window, *finish_current, out),
            Event::Dispatch => {
                self.fill_windows(now, out);
                Ok(())
            }
            Event::Book(_) | Event::CancelBooking { .. } | Event::Unblock { .. } => {
                let effect = self.decide_booking(now, event)?;
                self.emit(now, effect, out);
                Ok(())
            }
            Event::SetPolicy { policy, by, reason } => self.set_policy(now, *policy, by, reason, out),
            Event::Pick { window, ticket, reason } => self.pick(now, window, *ticket, reason, out),
            Event::Peek { window, reason } => self.peek(now, window, reason, out),
            Event::Lend { kiosk, group, ids } => {
                let effect = self.lend(kiosk, group, ids)?;
                self.emit(now, effect, out);
                Ok(())
            }
            Event::HandOver(offline) => self.hand_over(now, offline, out),
            _ => self.at_window(now, event, out),
        }
    }

    /// Events of one ticket that is, or was, at a window.
    fn at_window(&mut self, now: Millis, event: &Event, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let effect = match event {
            Event::Recall { ticket } => {
                let window = self.expect(*ticket, &[TicketState::Called], "recalled")?;
                let called = self.ticket(*ticket).ok_or(Refusal::UnknownTicket)?;
                if called.calls >= self.config.rules.calls_max {
                    let (number, times) = (called.number, called.calls);
                    return Err(Refusal::CalledEnough { number, times });
                }
                let times = called.calls.saturating_add(1);
                Effect::Recalled {
                    ticket: *ticket,
                    window,
                    times,
                }
            }
            Event::Start { ticket } => {
                let window = self.expect(*ticket, &[TicketState::Called], "started")?;
                Effect::Started {
                    ticket: *ticket,
                    window,
                }
            }
            Event::Finish { ticket } => {
                self.expect(*ticket, &[TicketState::Called, TicketState::Serving], "finished")?;
                self.finish(now, *ticket, out);
                return Ok(());
            }
            Event::NoShow { ticket } => {
                let window = self.expect(*ticket, &[TicketState::Called], "missed")?;
                self.has_waited_out_the_call(now, *ticket)?;
                Effect::NoShow {
                    ticket: *ticket,
                    window,
                }
            }
            Event::Hold { ticket, reason } => {
                let window = self.expect(*ticket, &[TicketState::Called, TicketState::Serving], "held")?;
                Effect::Held {
                    ticket: *ticket,
                    window,
                    reason: reason.clone(),
                }
            }
            Event::Resume { ticket } => {
                self.expect(*ticket, &[TicketState::Held], "resumed")?;
                Effect::Resumed { ticket: *ticket }
            }
            Event::Cancel { ticket, reason } => {
                self.stands(*ticket, |state| state.is_open(), "cancelled")?;
                Effect::Cancelled {
                    ticket: *ticket,
                    reason: reason.clone(),
                }
            }
            Event::Rate { ticket, stars } => self.rate(*ticket, *stars)?,
            Event::Transfer { ticket, to, reason } => self.transfer(*ticket, to, reason)?,
            Event::Requeue { ticket, reason } => return self.requeue(now, *ticket, reason, out),
            _ => unreachable!("`try_run` takes the others"),
        };
        self.emit(now, effect, out);
        Ok(())
    }

    fn begin_day(&mut self, now: Millis, day: &str, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        // ISO dates compare as texts.
        if day <= self.state.day.as_str() {
            return Err(Refusal::DayBeganAlready {
                day: self.state.day.clone(),
            });
        }
        let open: Vec<TicketId> = self.tickets().filter(|t| t.state.is_open()).map(|t| t.id).collect();
        for ticket in open {
            let reason = "the day is over".to_string();
            self.emit(now, Effect::Cancelled { ticket, reason }, out);
        }
        self.missed_bookings(now, day, out);
        self.emit(now, Effect::DayBegan { day: day.to_string() }, out);
        Ok(())
    }

    pub(crate) fn take(
        &mut self,
        now: Millis,
        new: &NewTicket,
        quote: Option<&Quote>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if let Some(missed) = self.comes_back(now, new) {
            self.come_back(now, missed, quote, out);
            return Ok(());
        }
        let rules = &self.config.rules;
        if now < rules.issue_from || now > rules.issue_until {
            let (from, until) = (rules.issue_from.to_string(), rules.issue_until.to_string());
            return Err(Refusal::OutsideHours { from, until });
        }
        if new.services.is_empty() || new.services.len() > usize::from(rules.matters_max) {
            return Err(Refusal::MattersCount {
                most: rules.matters_max,
            });
        }
        if new.cases.get() > rules.agent_cases_max {
            return Err(Refusal::TooManyCases {
                most: rules.agent_cases_max,
            });
        }
        for service in &new.services {
            if !self.index.services.contains_key(service) {
                return Err(Refusal::UnknownService {
                    service: service.clone(),
                });
            }
        }
        if self.state.by_id.contains_key(&new.id) {
            return Err(Refusal::IdUsed);
        }
        let group_ix = self.index.service_group[self.index.services[&new.services[0]]];
        let group = self.config.groups[group_ix].id.clone();
        if let Some(held) = self.held_already(new.holder.as_deref(), &group) {
            return Err(Refusal::AlreadyHolds {
                ticket: held.id,
                number: held.number,
            });
        }
        let (class, base_ms) = self.effective_class(self.issue_time(now), new)?;
        if class != Class::Appt && self.is_after_last_number(now, &new.services[0], quote) {
            return Err(Refusal::LastNumberGone { group });
        }
        let number = self.next_number(self.config.groups[group_ix].series)?;
        let effect = Effect::Issued {
            ticket: new.clone(),
            number,
            people_ahead: 0,
            group,
            class,
            base_ms,
            forecast: None,
        };
        self.issue(now, effect, quote, out);
        Ok(())
    }

    /// The open ticket that the real-name rule counts against another one of this group.
    pub(crate) fn held_already(&self, holder: Option<&str>, group: &GroupId) -> Option<&Ticket> {
        match self.config.rules.one_ticket_per {
            OneTicketPer::Group => self.open_ticket_of(holder?, Some(group)),
            OneTicketPer::Hall => self.open_ticket_of(holder?, None),
            OneTicketPer::None => None,
        }
    }

    /// Folds the ticket first, so that its place and forecast are those of the hall with it.
    fn issue(&mut self, now: Millis, mut effect: Effect, quote: Option<&Quote>, out: &mut Vec<Effect>) {
        self.fold(now, &effect);
        let Effect::Issued {
            ticket,
            people_ahead,
            forecast,
            ..
        } = &mut effect
        else {
            return;
        };
        let Some(ix) = self.state.by_id.get(&ticket.id).copied() else {
            return;
        };
        *people_ahead = self.people_ahead(ticket.id);
        *forecast = self.foresee_or_quote(now, ix, *people_ahead, quote);
        // The fold above did not know it yet; nothing but the ticket itself keeps it.
        std::sync::Arc::make_mut(&mut self.state.tickets[ix]).forecast = *forecast;
        out.push(effect);
    }

    /// What a ticket that waits now is told: its own forecast, or the quote moved to its place.
    pub(crate) fn foresee_or_quote(
        &self,
        now: Millis,
        ix: usize,
        people_ahead: u32,
        quote: Option<&Quote>,
    ) -> Option<Forecast> {
        let said = self.config.forecast_paths > 0 && self.can_say(now, self.state.tickets[ix].group_at);
        match quote {
            _ if !said => None,
            Some(quote) if quote.reaches(people_ahead) => quote.at(people_ahead),
            _ => Some(self.foresee(now, ix)),
        }
    }

    fn effective_class(&self, now: Millis, new: &NewTicket) -> Result<(Class, i64), Refusal> {
        // Only a kept booking makes an appointment.
        let asked = if new.class == Class::Appt {
            Class::Normal
        } else {
            new.class
        };
        let Some(booking) = &new.booking else {
            return Ok((asked, now.0));
        };
        let unknown = || Refusal::UnknownBooking {
            booking: booking.clone(),
        };
        let Some(known) = self.index.bookings.get(booking) else {
            return self.check_in(now, booking, new, asked);
        };
        let slot = self.config.bookings[*known].slot;
        if self.state.checked_in.contains_key(booking) {
            return Err(unknown());
        }
        if now <= slot + self.config.rules.appt_grace {
            Ok((Class::Appt, now.0.max(slot.0)))
        } else {
            Ok((asked, now.0))
        }
    }

    fn next_number(&self, series: char) -> Result<TicketNo, Refusal> {
        let last = self.state.counts.get(&series).copied().unwrap_or(0);
        let numbers = (last + 1..).map(|count| TicketNo::new(series, count));
        let mut not_lent = numbers.skip_while(|number| number.as_ref().is_ok_and(|number| self.is_lent(*number)));
        not_lent
            .next()
            .and_then(Result::ok)
            .ok_or(Refusal::SeriesUsedUp { series })
    }

    fn next(&mut self, now: Millis, window: &WindowId, finish: bool, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let ix = self.known(window)?;
        if self.state.windows[ix].state != WindowState::Open {
            return Err(Refusal::WindowNotOpen { window: window.clone() });
        }
        if let Some(current) = self.state.windows[ix].current {
            if !finish {
                let number = self
                    .ticket(current)
                    .map(|t| t.number)
                    .expect("a window's ticket is a ticket of today");
                return Err(Refusal::WindowBusy {
                    window: window.clone(),
                    number,
                });
            }
            self.finish(now, current, out);
            // The same person goes on here with the next matter.
            if self.state.windows[ix].current.is_some() {
                return Ok(());
            }
        }
        let effect = self
            .choose(now, &[ix])
            .unwrap_or_else(|| Effect::NobodyWaits { window: window.clone() });
        self.emit(now, effect, out);
        Ok(())
    }

    fn fill_windows(&mut self, now: Millis, out: &mut Vec<Effect>) {
        loop {
            let windows = self.state.windows.iter().enumerate();
            let idle = windows.filter(|(_, w)| w.state == WindowState::Open && w.current.is_none());
            let idle: Vec<usize> = idle.map(|(ix, _)| ix).collect();
            let Some(effect) = self.choose(now, &idle) else {
                return;
            };
            self.emit(now, effect, out);
        }
    }

    fn finish(&mut self, now: Millis, id: TicketId, out: &mut Vec<Effect>) {
        let Some(ticket) = self.ticket(id) else {
            return;
        };
        let window = ticket.window.clone().expect("a called ticket has a window");
        let matter = ticket.matter + 1;
        let next = ticket.services.get(usize::from(matter)).cloned();
        let finished = Effect::Finished {
            ticket: id,
            window: window.clone(),
        };
        self.emit(now, finished, out);
        if let Some(service) = next {
            let group = self.index.service_group[self.index.services[&service]];
            // Nobody is sent round the hall for what this window can do as well.
            let at = self.index.windows.get(&window).copied();
            let goes_on =
                at.is_some_and(|w| self.index.skills[w][group] && self.state.windows[w].state == WindowState::Open);
            let effect = Effect::NextMatter {
                ticket: id,
                matter,
                group: self.config.groups[group].id.clone(),
                window: goes_on.then_some(window),
            };
            self.emit(now, effect, out);
        }
    }

    fn rate(&self, id: TicketId, stars: u8) -> Result<Effect, Refusal> {
        self.stands(id, |state| state == TicketState::Finished, "rated")?;
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        if !(1..=5).contains(&stars) {
            return Err(Refusal::BadStars);
        }
        // One rating a visit, whoever asks again.
        if ticket.stars.is_some() {
            let (state, wanted) = ("rated".to_string(), "rated again".to_string());
            return Err(Refusal::WrongState {
                number: ticket.number,
                state,
                wanted,
            });
        }
        Ok(Effect::Rated { ticket: id, stars })
    }

    fn transfer(&self, id: TicketId, to: &TransferTo, reason: &str) -> Result<Effect, Refusal> {
        self.stands(id, |state| state.is_open(), "transferred")?;
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        let (matter, group) = match to {
            TransferTo::Service { service } => {
                let unknown = || Refusal::UnknownService {
                    service: service.clone(),
                };
                let service = self.index.services.get(service).ok_or_else(unknown)?;
                let group = self.index.service_group[*service];
                (ticket.matter, self.config.groups[group].id.clone())
            }
            TransferTo::Window { window } => {
                // Sent by a slip of the hand to a window that cannot help, the person would stand there in vain.
                if !self.index.skills[self.known(window)?][ticket.group_at] {
                    return Err(Refusal::NotServedHere {
                        window: window.clone(),
                        number: ticket.number,
                    });
                }
                (ticket.matter, ticket.group.clone())
            }
            TransferTo::Group { group } => {
                let of_group = |service| {
                    let ix = self.index.services.get(service);
                    ix.is_some_and(|s| self.config.groups[self.index.service_group[*s]].id == *group)
                };
                let matter = ticket.services.iter().position(of_group);
                let none = || Refusal::NoSuchMatter {
                    number: ticket.number,
                    group: group.clone(),
                };
                let matter = u8::try_from(matter.ok_or_else(none)?).expect("a ticket has few matters");
                (matter, group.clone())
            }
        };
        Ok(Effect::Transferred {
            ticket: id,
            to: to.clone(),
            matter,
            group,
            reason: reason.to_string(),
        })
    }

    pub(crate) fn known(&self, window: &WindowId) -> Result<usize, Refusal> {
        let ix = self.index.windows.get(window).copied();
        ix.ok_or_else(|| Refusal::UnknownWindow { window: window.clone() })
    }

    /// The ticket's window, when the ticket is in one of the states.
    fn expect(&self, id: TicketId, states: &[TicketState], wanted: &str) -> Result<WindowId, Refusal> {
        self.stands(id, |state| states.contains(&state), wanted)?;
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        Ok(ticket.window.clone().expect("a ticket that was called has a window"))
    }

    pub(crate) fn stands(&self, id: TicketId, fits: impl Fn(TicketState) -> bool, wanted: &str) -> Result<(), Refusal> {
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        if fits(ticket.state) {
            Ok(())
        } else {
            Err(self.wrong_state(id, wanted))
        }
    }

    pub(crate) fn wrong_state(&self, id: TicketId, wanted: &str) -> Refusal {
        let Some(ticket) = self.ticket(id) else {
            return Refusal::UnknownTicket;
        };
        let state = match ticket.state {
            TicketState::Waiting => "waiting",
            TicketState::Called => "called",
            TicketState::Serving => "being served",
            TicketState::Held => "held",
            TicketState::Finished => "finished",
            TicketState::NoShow => "missed",
            TicketState::Cancelled => "cancelled",
        };
        Refusal::WrongState {
            number: ticket.number,
            state: state.to_string(),
            wanted: wanted.to_string(),
        }
    }
}
