//! Who waits, sorted by what makes people alike, so that choosing and counting do not look at everybody.
//!
//! Follows from `State::waiting`; it must never hold what cannot be rebuilt from there.

use std::collections::BTreeMap;

use crate::policy::class_place;
use crate::ticket::Ticket;

/// Group, service, class: nobody overtakes his like.
type Alike = (usize, usize, usize);

/// Places in the table of tickets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters {
    /// How many wait in each group.
    pub(crate) queues: Vec<u32>,
    /// Bound to one window, or in front of everybody: these follow rules of their own.
    pub(crate) special: Vec<usize>,
    /// Everybody else, each row in order of base time, then place. No row is empty.
    rows: BTreeMap<Alike, Vec<usize>>,
}

impl Waiters {
    pub(crate) fn new(groups: usize) -> Self {
        Self {
            queues: vec![0; groups],
            ..Self::default()
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.queues.len());
    }

    /// `ix` begins to wait; `ticket` gives the ticket at a place.
    pub(crate) fn enter<'a>(&mut self, ix: usize, ticket: impl Fn(usize) -> &'a Ticket) {
        let one = ticket(ix);
        self.queues[one.group_at] += 1;
        if is_special(one) {
            self.special.push(ix);
            return;
        }
        let row = self.rows.entry(alike(one)).or_default();
        let key = |ix: usize| (ticket(ix).place.base_ms, ticket(ix).place, ix);
        let at = first_of(row, |other| key(other) < key(ix));
        row.insert(at, ix);
    }

    /// `ix` does not wait any more. The ticket must be as it was when it entered.
    pub(crate) fn leave(&mut self, ix: usize, ticket: &Ticket) {
        self.queues[ticket.group_at] -= 1;
        if is_special(ticket) {
            self.special.retain(|other| *other != ix);
            return;
        }
        let alike = alike(ticket);
        if let Some(row) = self.rows.get_mut(&alike) {
            row.retain(|other| *other != ix);
            if row.is_empty() {
                self.rows.remove(&alike);
            }
        }
    }

    /// All rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[usize]> {
        self.rows.values().map(Vec::as_slice)
    }

    /// The rows of one group.
    pub(crate) fn rows_of(&self, group: usize) -> impl Iterator<Item = &[usize]> {
        let rows = self.rows.range((group, 0, 0)..(group + 1, 0, 0));
        rows.map(|(_, row)| row.as_slice())
    }

    /// Whether an ordinary ticket of the group waits that every window of the group may call.
    pub(crate) fn ordinary_waits(&self, group: usize) -> bool {
        let ordinary = class_place(ticket_dispatcher_types::Class::Normal);
        let mut rows = self.rows.range((group, 0, 0)..(group + 1, 0, 0));
        rows.any(|((_, _, class), _)| *class == ordinary)
    }
}

fn is_special(ticket: &Ticket) -> bool {
    ticket.front || ticket.bound.is_some()
}

fn alike(ticket: &Ticket) -> Alike {
    (ticket.group_at, ticket.service_at, class_place(ticket.class))
}

/// How many at the beginning of `row` fulfil `sooner`, by halving: a row is in order, so they stand together. Written
/// out because the standard library leaves open what it gives for a row that is not, and a replay must not differ. The
/// last is looked at first: who comes stands behind everybody, nearly always.
pub(crate) fn first_of(row: &[usize], sooner: impl Fn(usize) -> bool) -> usize {
    if row.last().is_none_or(|last| sooner(*last)) {
        return row.len();
    }
    let (mut low, mut high) = (0, row.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if sooner(row[middle]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
