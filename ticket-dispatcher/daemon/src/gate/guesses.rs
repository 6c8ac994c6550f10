//! Wrong guesses are counted, right ones are not: a hall's phones come from one address and ask all day. Of questions
//! for persons each one counts.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ticket_dispatcher_types::{TicketNo, UnixMillis};

/// So many wrong guesses in [`WINDOW_MS`], and then silence until it is over.
const WINDOW_MS: i64 = 10 * 60 * 1000;
/// Wrong pairs of number and check code for one number, whoever tries.
pub const PAIRS_MAX: u32 = 10;
/// Questions for persons by their documents that one kiosk or clerk asks: a hundred people in ten minutes, each found
/// and given a number, are more than can come.
pub const ASKS_MAX: u32 = 200;
/// Wrong lookups from one address. A phone that keeps an old link asks every few seconds, and others share its address.
pub const LOOKUPS_MAX: u32 = 300;
/// Wrong sign-ins from one address: several accounts of five tries each.
pub const SIGN_INS_MAX: u32 = 30;
/// Wrong codes of enrolment from one address.
pub const CODES_MAX: u32 = 10;
/// Keys remembered at once. Beyond it the oldest go: an attacker with so many addresses is stopped by what the
/// guesses are worth, not by counting.
const KEYS_MAX: usize = 20_000;

/// One kind of guess.
pub struct Counter<K> {
    most: u32,
    wrong: Mutex<HashMap<K, (u32, i64)>>,
}

impl<K: Hash + Eq + Clone> Counter<K> {
    fn new(most: u32) -> Self {
        Self {
            most,
            wrong: Mutex::default(),
        }
    }

    /// Seconds until another guess is heard; none if it is now.
    pub fn silence(&self, key: &K, now: UnixMillis) -> Option<u64> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, since) = wrong.get(key)?;
        let left = since + WINDOW_MS - now.0;
        (*count >= self.most && left > 0).then(|| u64::try_from(left / 1000 + 1).unwrap_or(1))
    }

    /// That was wrong. True for the one that brings the silence.
    pub fn wrong(&self, key: &K, now: UnixMillis) -> bool {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= KEYS_MAX {
            wrong.retain(|_, (_, since)| now.0 - *since < WINDOW_MS);
            if wrong.len() >= KEYS_MAX {
                wrong.clear();
            }
        }
        let slot = wrong.entry(key.clone()).or_insert((0, now.0));
        if now.0 - slot.1 >= WINDOW_MS {
            *slot = (0, now.0);
        }
        slot.0 += 1;
        if slot.0 == self.most {
            // The silence is counted from the last wrong guess.
            slot.1 = now.0;
        }
        slot.0 == self.most
    }
}

/// All kinds.
pub struct Guesses {
    /// Number and check code, by number, whether or not anybody holds it: silence must not tell which ones are held.
    pub pairs: Counter<TicketNo>,
    /// Tokens, and pairs for numbers that nobody has, by address.
    pub lookups: Counter<IpAddr>,
    /// Sign-ins, by address.
    pub sign_ins: Counter<IpAddr>,
    /// Codes of enrolment, by address.
    pub codes: Counter<IpAddr>,
    /// Questions for persons, by who asks; each counts, not the wrong ones alone.
    pub asks: Counter<String>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            pairs: Counter::new(PAIRS_MAX),
            lookups: Counter::new(LOOKUPS_MAX),
            sign_ins: Counter::new(SIGN_INS_MAX),
            codes: Counter::new(CODES_MAX),
            asks: Counter::new(ASKS_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> UnixMillis {
        UnixMillis(second * 1000)
    }

    #[test]
    fn ten_wrong_guesses_are_heard_and_the_eleventh_after_ten_minutes() {
        let counter = Counter::new(PAIRS_MAX);
        for second in 0..10 {
            assert_eq!(counter.silence(&1, at(second)), None);
            counter.wrong(&1, at(second));
        }
        assert_eq!(counter.silence(&1, at(9)), Some(601));
        assert_eq!(counter.silence(&2, at(9)), None, "others are heard");
        assert_eq!(counter.silence(&1, at(608)), Some(2));
        assert_eq!(counter.silence(&1, at(609)), None);
        counter.wrong(&1, at(609));
        assert_eq!(counter.silence(&1, at(609)), None, "it begins anew");
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let counter = Counter::new(1);
        for n in 0..50_000 {
            counter.wrong(&n, at(0));
        }
        assert!(counter.wrong.lock().unwrap().len() <= KEYS_MAX);
    }
}
