//! The queue of a look-ahead: everybody by class and service, so that only the first of each has to be weighed.

use crate::policy::Claim;

/// No person.
const NOBODY: u32 = u32::MAX;

/// Somebody in the queue of a path: waiting now, or come later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) claim: Claim,
    /// From when patience runs.
    pub(crate) issued: i64,
    /// Length of the service against the usual, in 1024ths.
    pub(crate) size: i64,
    /// Old or disabled: walks slowly.
    pub(crate) slow: bool,
    /// Only this window may call.
    pub(crate) bound: Option<usize>,
    pub(crate) front: bool,
    pub(crate) key: u64,
}

/// The first person of a class and service in which somebody waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First {
    cell: u32,
    pub(crate) person: u32,
    pub(crate) claim: Claim,
}

/// A queue by class and service, each in order of base time.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) people: Vec<Person>,
    /// By person: the next one of the same class and service.
    after: Vec<u32>,
    /// By class and service: the first.
    head: Vec<u32>,
    /// By group: the first of each class and service, side by side because every decision reads them all.
    pub(crate) first: Vec<Vec<First>>,
    /// People for one window, or in front.
    pub(crate) special: Vec<u32>,
    /// By group: all who wait, and the ordinary among them.
    pub(crate) waiting: Vec<u32>,
    pub(crate) ordinary: Vec<u32>,
}

impl Queue {
    pub(crate) fn new(groups: usize, services: usize) -> Self {
        Self {
            head: vec![NOBODY; 4 * services],
            first: vec![Vec::new(); groups],
            waiting: vec![0; groups],
            ordinary: vec![0; groups],
            ..Self::default()
        }
    }

    /// Takes over another queue, keeping the memory.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.people.clone_from(&other.people);
        self.after.clone_from(&other.after);
        self.head.clone_from(&other.head);
        self.first.clone_from(&other.first);
        self.special.clone_from(&other.special);
        self.waiting.clone_from(&other.waiting);
        self.ordinary.clone_from(&other.ordinary);
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn enqueue(&mut self, by_arrival: bool, person: Person) {
        let ix = self.people.len() as u32;
        self.people.push(person);
        self.after.push(NOBODY);
        let claim = person.claim;
        self.waiting[claim.group] += 1;
        if person.bound.is_some() || person.front {
            self.special.push(ix);
            return;
        }
        self.ordinary[claim.group] += u32::from(claim.class == 3);
        let cell = 4 * claim.service + claim.class;
        let time = |ix: u32| {
            let claim = &self.people[ix as usize].claim;
            if by_arrival { claim.queued } else { claim.base }
        };
        let mut before = NOBODY;
        let mut at = self.head[cell];
        while at != NOBODY && time(at) <= time(ix) {
            before = at;
            at = self.after[at as usize];
        }
        self.after[ix as usize] = at;
        if before != NOBODY {
            self.after[before as usize] = ix;
            return;
        }
        self.head[cell] = ix;
        let first = First {
            cell: cell as u32,
            person: ix,
            claim,
        };
        let group = &mut self.first[claim.group];
        match group.iter_mut().find(|f| f.cell == cell as u32) {
            Some(old) => *old = first,
            None => group.push(first),
        }
    }

    pub(crate) fn take_out(&mut self, ix: u32) {
        let claim = self.people[ix as usize].claim;
        self.waiting[claim.group] -= 1;
        if let Some(at) = self.special.iter().position(|s| *s == ix) {
            self.special.remove(at);
            return;
        }
        self.ordinary[claim.group] -= u32::from(claim.class == 3);
        let cell = 4 * claim.service + claim.class;
        let next = self.after[ix as usize];
        self.head[cell] = next;
        let group = &mut self.first[claim.group];
        let Some(at) = group.iter().position(|f| f.cell == cell as u32) else {
            return;
        };
        if next == NOBODY {
            group.swap_remove(at);
        } else {
            group[at].person = next;
            group[at].claim = self.people[next as usize].claim;
        }
    }
}
