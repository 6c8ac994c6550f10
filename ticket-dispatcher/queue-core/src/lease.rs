//! Numbers lent to kiosks, and the tickets that come in from them.
//!
//! A kiosk that cannot reach the dispatcher gives out numbers that were lent to it before: a block for each group and
//! day, taken from the upper end of the series, so that the ordinary numbers stay dense. A lent number is given to
//! nobody else, whether it is used or not. When the kiosk is back it hands its tickets over, in order, once each:
//!
//! - The place in the queue is that of the time of issue at the kiosk, not of the hand-over, and never before the loan.
//! - A person with two open tickets of the group keeps one, at the earlier of the two places. An offline slip is surely
//!   in the hand, while the answer with an online number may never have arrived: so the slip counts, unless the other
//!   ticket has been called already or was handed over before. The one that does not count is superseded, and both
//!   lead to the one that does.
//! - A number of another day is refused: that day is over for everybody.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Cases, Class, DeviceId, GroupId, Millis, TicketId, TicketNo, TicketState};

use crate::effect::{Effect, Place, Refusal};
use crate::engine::{Engine, count};
use crate::event::NewTicket;

/// Most numbers of one block.
pub const LEASE_NUMBERS_MAX: usize = 50;

/// Ordinary numbers that must stay free below a block.
const ROOM: u32 = 50;

/// Upper ends of a series: three digits while there is room, then four.
const CEILINGS: [u32; 3] = [999, 9_999, 99_999];

/// A block of numbers lent to a kiosk for today.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease {
    /// To whom.
    pub kiosk: DeviceId,
    /// Of which group.
    pub group: GroupId,
    /// The lowest number.
    pub first: TicketNo,
    /// The tickets that its numbers become, in order of number. Made outside, so that tokens are known beforehand.
    pub ids: Vec<TicketId>,
    /// Since when.
    pub since: Millis,
}

impl Lease {
    /// Numbers and the ids of their tickets.
    pub fn numbers(&self) -> impl Iterator<Item = (TicketNo, TicketId)> + '_ {
        let counts = self.first.count()..;
        let numbers = counts.map_while(|count| TicketNo::new(self.first.series(), count).ok());
        numbers.zip(self.ids.iter().copied())
    }

    /// Whether a number is of this block.
    pub fn has(&self, number: TicketNo) -> bool {
        let end = self.first.count() + count(self.ids.iter());
        number.series() == self.first.series() && (self.first.count()..end).contains(&number.count())
    }
}

/// A ticket that a kiosk gave out of its block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfflineTicket {
    /// The local date on which it was given out.
    pub day: String,
    /// Its number.
    pub number: TicketNo,
    /// When, since local midnight.
    pub issued: Millis,
    /// The ticket; its source is the kiosk.
    pub ticket: NewTicket,
    /// The person gave it back at the kiosk, which says so instead of who it was.
    #[serde(default, skip_serializing_if = "is_false")]
    pub given_back: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Engine {
    /// Today's blocks in the order in which they were lent.
    pub fn leases(&self) -> &[Lease] {
        &self.state.leases
    }

    pub(crate) fn is_lent(&self, number: TicketNo) -> bool {
        self.state.leases.iter().any(|lease| lease.has(number))
    }

    pub(crate) fn lend(&self, kiosk: &DeviceId, group: &GroupId, ids: &[TicketId]) -> Result<Effect, Refusal> {
        let group_ix = self.index.groups.get(group).copied();
        let series = group_ix.map(|ix| self.config.groups[ix].series);
        let series = series.ok_or_else(|| Refusal::UnknownGroup { group: group.clone() })?;
        let lent = |id: &TicketId| self.state.leases.iter().any(|lease| lease.ids.contains(id));
        let used = |id: &TicketId| self.state.by_id.contains_key(id) || lent(id);
        if ids.is_empty() || ids.len() > LEASE_NUMBERS_MAX || ids.iter().any(used) {
            return Err(Refusal::IdUsed);
        }
        let first = self.free_block(series, count(ids.iter()));
        Ok(Effect::Leased {
            kiosk: kiosk.clone(),
            group: group.clone(),
            first: first.ok_or(Refusal::SeriesUsedUp { series })?,
            ids: ids.to_vec(),
        })
    }

    /// The highest block below those that are lent, with room for ordinary numbers under it.
    fn free_block(&self, series: char, length: u32) -> Option<TicketNo> {
        let given = self.state.counts.get(&series).copied().unwrap_or(0);
        CEILINGS.into_iter().find_map(|ceiling| {
            let of_series = self.state.leases.iter().map(|lease| lease.first);
            let below = of_series.filter(|first| first.series() == series && first.count() <= ceiling);
            let above_last = below.map(TicketNo::count).filter(|count| *count > ceiling / 10).min();
            let first = above_last.unwrap_or(ceiling + 1).checked_sub(length)?;
            let fits = first > given + ROOM && first > ceiling / 10;
            fits.then(|| TicketNo::new(series, first).ok()).flatten()
        })
    }

    pub(crate) fn fold_leased(&mut self, now: Millis, effect: &Effect) {
        if let Effect::Leased {
            kiosk,
            group,
            first,
            ids,
        } = effect
        {
            std::sync::Arc::make_mut(&mut self.state.leases).push(Lease {
                kiosk: kiosk.clone(),
                group: group.clone(),
                first: *first,
                ids: ids.clone(),
                since: now,
            });
        }
    }

    pub(crate) fn fold_superseded(&mut self, now: Millis, ticket: TicketId, by: TicketId, cases: Option<Cases>) {
        self.end(now, ticket, TicketState::Cancelled, "superseded");
        if let (Some(cases), Some(ix)) = (cases, self.state.by_id.get(&by)) {
            std::sync::Arc::make_mut(&mut self.state.tickets[*ix]).cases = cases;
        }
        if let Some(ix) = self.state.by_id.get(&ticket) {
            std::sync::Arc::make_mut(&mut self.state.tickets[*ix]).superseded_by = Some(by);
        }
    }

    /// One ticket of a person counts from now on instead of another one; the window's time is planned for the more
    /// cases of the two.
    pub(crate) fn superseded(&self, ticket: TicketId, by: TicketId) -> Option<Effect> {
        let (void, counts) = (self.ticket(ticket)?, self.ticket(by)?);
        Some(Effect::Superseded {
            ticket,
            by,
            number: counts.number,
            cases: (void.cases > counts.cases).then_some(void.cases),
        })
    }

    pub(crate) fn hand_over(
        &mut self,
        now: Millis,
        offline: &OfflineTicket,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let (new, number) = (&offline.ticket, offline.number);
        if offline.day != self.state.day {
            let day = offline.day.clone();
            return Err(Refusal::DayIsOver { number, day });
        }
        let lease = self.lease_of(offline).ok_or(Refusal::NotLent { number })?;
        let issued = offline.issued.max(lease.since).min(now);
        if let Some(known) = self.ticket(new.id) {
            // It was handed over and its answer was lost, and then it was given back.
            if offline.given_back && known.state.is_open() {
                self.give_back(now, new.id, out);
                return Ok(());
            }
            return Err(Refusal::HandedOver {
                ticket: known.id,
                number,
            });
        }
        let group = self.group_of_first(new)?;
        if group != lease.group {
            return Err(Refusal::NotLent { number });
        }
        if offline.given_back {
            self.bring_in(now, offline, group, issued, issued, out);
            self.give_back(now, new.id, out);
            return Ok(());
        }
        let holder = new.holder.as_deref();
        let held = holder.and_then(|holder| self.open_ticket_of(holder, Some(&group)));
        let held = held.map(|held| (held.id, held.number, held.state, held.place, held.cases));
        let Some((other, other_number, state, place, cases)) = held else {
            self.bring_in(now, offline, group, issued, issued, out);
            return Ok(());
        };
        let first = Millis(place.queued_ms.min(issued.0));
        if state == TicketState::Waiting && !self.is_lent(other_number) {
            let void = Effect::Superseded {
                ticket: other,
                by: new.id,
                number,
                cases: None,
            };
            self.emit(now, void, out);
            let mut counts = offline.clone();
            counts.ticket.cases = new.cases.max(cases);
            self.bring_in(now, &counts, group, issued, first, out);
            return Ok(());
        }
        self.bring_in(now, offline, group, issued, issued, out);
        if let Some(void) = self.superseded(new.id, other) {
            self.emit(now, void, out);
        }
        if state == TicketState::Waiting && first.0 < place.queued_ms {
            self.put(now, other, first, out);
        }
        Ok(())
    }

    /// The block of this kiosk that the ticket stands in, under the id that belongs to its number.
    fn lease_of(&self, offline: &OfflineTicket) -> Option<Lease> {
        let this = (offline.number, offline.ticket.id);
        let kiosk = offline.ticket.source.device.as_ref()?;
        let mut own = self.state.leases.iter().filter(|lease| lease.kiosk == *kiosk);
        own.find(|lease| lease.numbers().any(|lent| lent == this)).cloned()
    }

    fn group_of_first(&self, new: &NewTicket) -> Result<GroupId, Refusal> {
        let rules = &self.config.rules;
        if new.services.is_empty() || new.services.len() > usize::from(rules.matters_max) {
            let most = rules.matters_max;
            return Err(Refusal::MattersCount { most });
        }
        let unknown = new
            .services
            .iter()
            .find(|service| !self.index.services.contains_key(*service));
        if let Some(service) = unknown.cloned() {
            return Err(Refusal::UnknownService { service });
        }
        let service = self.index.services[&new.services[0]];
        Ok(self.config.groups[self.index.service_group[service]].id.clone())
    }

    fn give_back(&mut self, now: Millis, ticket: TicketId, out: &mut Vec<Effect>) {
        let reason = "given back at the kiosk".to_string();
        self.emit(now, Effect::Cancelled { ticket, reason }, out);
    }

    /// Issued now, `base_ms` saying when it was given out, and put where it would stand had it come at `since`.
    fn bring_in(
        &mut self,
        now: Millis,
        offline: &OfflineTicket,
        group: GroupId,
        issued: Millis,
        since: Millis,
        out: &mut Vec<Effect>,
    ) {
        let id = offline.ticket.id;
        let class = match offline.ticket.class {
            Class::Appt => Class::Normal,
            other => other,
        };
        let effect = Effect::Issued {
            ticket: offline.ticket.clone(),
            number: offline.number,
            group,
            class,
            base_ms: issued.0,
            people_ahead: 0,
            forecast: None,
        };
        self.emit(now, effect, out);
        self.put(now, id, since, out);
    }

    /// Puts a ticket where it would stand had it come at that time.
    fn put(&mut self, now: Millis, ticket: TicketId, since: Millis, out: &mut Vec<Effect>) {
        let rank = self.ticket(ticket).map_or(0, |ticket| ticket.place.rank);
        let place = Place {
            queued_ms: since.0,
            rank,
            base_ms: since.0,
        };
        let reason = "given out offline".to_string();
        let effect = Effect::Requeued {
            ticket,
            reason,
            place,
            returned: false,
            told: None,
        };
        self.emit(now, effect, out);
    }
}
