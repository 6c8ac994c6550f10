//! The missed-call rule: when a called number may be marked as missed, and how it comes back, once.
//!
//! A person who comes back stands at third place and keeps the number; after a second miss, or too late, the next
//! number is a fresh one.

use ticket_dispatcher_types::{Millis, TicketId, TicketState};

use crate::effect::{Effect, Place, Refusal, Told};
use crate::engine::Engine;
use crate::event::NewTicket;
use crate::forecast::Quote;
use crate::ticket::Ticket;

impl Engine {
    /// How long until this called number may be marked as missed; zero when it may now, none when it is not called.
    pub fn miss_in(&self, now: Millis, ticket: TicketId) -> Option<Millis> {
        let ticket = self.ticket(ticket).filter(|t| t.state == TicketState::Called)?;
        // A clock that was set back must not keep a window waiting for longer.
        let since = now.max(self.state.clock) - ticket.called?;
        Some((self.config.rules.call_timeout - since).max(Millis::ZERO))
    }

    pub(crate) fn has_waited_out_the_call(&self, now: Millis, id: TicketId) -> Result<(), Refusal> {
        let number = self.ticket(id).ok_or(Refusal::UnknownTicket)?.number;
        let left = self.miss_in(now, id).unwrap_or(Millis::ZERO);
        if left == Millis::ZERO {
            return Ok(());
        }
        let left_s = u32::try_from((left + Millis(999)).secs()).unwrap_or(u32::MAX);
        Err(Refusal::NotMissedYet { number, left_s })
    }

    /// Until when a missed ticket may come back; none when it is not missed, or has come back before.
    pub fn return_until(&self, ticket: TicketId) -> Option<Millis> {
        let ticket = self.ticket(ticket)?;
        let missed = ticket.state == TicketState::NoShow && !ticket.returned;
        let until = ticket.ended? + self.config.rules.return_within;
        missed.then_some(until)
    }

    /// The tickets of a person that were missed and may come back, the one that was missed last first.
    pub fn returnable(&self, now: Millis, holder: &str) -> Vec<&Ticket> {
        let held = self.by_holder.get(holder).into_iter().flatten();
        let mut missed: Vec<&Ticket> = held
            .map(|ix| self.state.tickets[*ix].as_ref())
            .filter(|t| self.return_until(t.id).is_some_and(|until| now <= until))
            .filter(|t| self.held_already(Some(holder), &t.group).is_none())
            .collect();
        missed.sort_by_key(|t| std::cmp::Reverse((t.ended, t.order)));
        missed
    }

    /// The missed ticket that somebody who asks for a number gets back instead of a fresh one: of the same group, for a
    /// check-in none.
    pub(crate) fn comes_back(&self, now: Millis, new: &NewTicket) -> Option<TicketId> {
        let holder = new.holder.as_deref().filter(|_| new.booking.is_none())?;
        let service = self.index.services.get(new.services.first()?)?;
        let group = &self.config.groups[self.index.service_group[*service]].id;
        let mut missed = self.returnable(now, holder).into_iter();
        missed.find(|t| t.group == *group).map(|t| t.id)
    }

    /// Folds the return first, so that place and forecast are those of the hall with it.
    pub(crate) fn come_back(&mut self, now: Millis, id: TicketId, quote: Option<&Quote>, out: &mut Vec<Effect>) {
        let mut effect = Effect::Requeued {
            ticket: id,
            reason: "checked in again".to_string(),
            place: self.return_place(now, id),
            returned: true,
            told: None,
        };
        self.fold(now, &effect);
        let people_ahead = self.people_ahead(id);
        if let (Effect::Requeued { told, .. }, Some(ix)) = (&mut effect, self.state.by_id.get(&id).copied()) {
            // A quote is for the end of the queue, and who comes back stands near its head.
            let quote = quote.filter(|quote| quote.people_ahead == people_ahead);
            let forecast = self.foresee_or_quote(now, ix, people_ahead, quote);
            let ticket = &self.state.tickets[ix];
            *told = Some(Box::new(Told {
                number: ticket.number,
                services: ticket.services.clone(),
                group: ticket.group.clone(),
                class: ticket.class,
                cases: ticket.cases,
                people_ahead,
                forecast,
            }));
        }
        out.push(effect);
    }

    pub(crate) fn requeue(
        &mut self,
        now: Millis,
        id: TicketId,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.stands(
            id,
            |state| {
                !matches!(
                    state,
                    TicketState::Waiting | TicketState::Finished | TicketState::Cancelled
                )
            },
            "requeued",
        )?;
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        let returned = ticket.state == TicketState::NoShow;
        let place = if returned {
            self.may_return(now, ticket)?;
            // Whoever took a fresh number meanwhile (at a kiosk that was cut off) gives it up for the old one.
            let fresh = self.held_already(ticket.holder.as_deref(), &ticket.group);
            if let Some(void) = fresh.and_then(|fresh| self.superseded(fresh.id, id)) {
                self.emit(now, void, out);
            }
            self.return_place(now, id)
        } else {
            ticket.place
        };
        let effect = Effect::Requeued {
            ticket: id,
            reason: reason.to_string(),
            place,
            returned,
            told: None,
        };
        self.emit(now, effect, out);
        Ok(())
    }

    fn may_return(&self, now: Millis, ticket: &Ticket) -> Result<(), Refusal> {
        if self.return_until(ticket.id).is_none_or(|until| now > until) {
            return Err(Refusal::TooLateToReturn { number: ticket.number });
        }
        match self.held_already(ticket.holder.as_deref(), &ticket.group) {
            // One that only waits gives way.
            Some(other) if other.state != TicketState::Waiting => Err(Refusal::AlreadyHolds {
                ticket: other.id,
                number: other.number,
            }),
            _ => Ok(()),
        }
    }

    /// Behind the second of those that wait in the group (third place); in its old place when fewer wait.
    fn return_place(&self, now: Millis, id: TicketId) -> Place {
        let Some(ticket) = self.ticket(id) else {
            return Place {
                queued_ms: now.0,
                rank: u64::MAX,
                base_ms: now.0,
            };
        };
        let ahead = usize::from(self.config.rules.return_place.max(1)) - 1;
        let of_group = self.waiting().filter(|t| t.group == ticket.group);
        match of_group.take(ahead).last() {
            Some(last) if last.place > ticket.place => Place {
                queued_ms: last.place.queued_ms,
                rank: last.place.rank | 1,
                base_ms: last.place.base_ms,
            },
            _ => ticket.place,
        }
    }
}
