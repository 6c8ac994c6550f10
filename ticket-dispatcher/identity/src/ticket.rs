//! What a ticket carries instead of its person, and what its holder carries instead of a login.

use core::fmt;

use ticket_dispatcher_types::{CheckCode, HallId, Personal, TicketId};
use zeroize::Zeroizing;

use crate::gm_soft::{HmacSm3, keyed, mac_of};
use crate::provider::{CryptoProvider, KeyUse};

/// `HMAC-SM3(K_tag, "v1" ‖ hall ‖ number)`: equal for equal persons of one hall, worthless without the key. It still
/// stands for a person, so it is kept for 30 days only and never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdTag(pub [u8; 32]);

impl fmt::Debug for IdTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTag")
    }
}

/// Tags a document number. Letters are folded to capitals and spaces dropped first, so that the same paper typed by
/// hand and read from its chip is one person.
pub fn id_tag(provider: &dyn CryptoProvider, hall: &HallId, number: &Personal) -> IdTag {
    let number: Zeroizing<String> = Zeroizing::new(
        number
            .expose()
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect(),
    );
    IdTag(provider.mac(KeyUse::Tag, &[b"v1", hall.as_str().as_bytes(), number.as_bytes()]))
}

/// A random key of one day. Destroying it makes every [`HolderKey`] and [`RequestDigest`] of that day meaningless, for
/// ourselves too, which is how the append-only journal forgets.
#[derive(Clone)]
pub struct DayKey {
    bytes: Zeroizing<[u8; 32]>,
    /// Made once: every ticket is digested under it.
    keyed: HmacSm3,
}

impl DayKey {
    /// From 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self {
            keyed: keyed(&bytes),
            bytes: Zeroizing::new(bytes),
        }
    }

    /// The bytes, for sealing them into their table.
    pub fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The opaque key of a person in the journal of this day.
    pub fn holder(&self, tag: &IdTag) -> HolderKey {
        let mac = mac_of(&self.keyed, &[b"holder", &tag.0]);
        HolderKey(mac[..16].try_into().expect("half of 32 bytes"))
    }

    /// A digest of a request body, to notice an idempotency key that comes back with another body. Keyed, because the
    /// body holds a document number, and a plain hash of one can be undone by trying them all.
    pub fn request(&self, route: &str, body: &[u8]) -> RequestDigest {
        let mac = mac_of(&self.keyed, &[b"request", route.as_bytes(), b"\n", body]);
        RequestDigest(mac[..16].try_into().expect("half of 32 bytes"))
    }
}

impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DayKey")
    }
}

/// Opaque, equal for equal persons within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderKey(pub [u8; 16]);

impl fmt::Display for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Keyed digest of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigest(pub [u8; 16]);

impl fmt::Display for RequestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Crockford's base 32: no I, L, O, U, so that a token survives being read out.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bytes as Crockford's base 32; five bytes are eight characters, and what is left over fills its last character with
/// zeros on the right.
pub fn crockford(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0);
    let five = |first: usize| (first..first + 5).fold(0, |value, n| (value << 1) | usize::from(bit(n)));
    (0..bytes.len() * 8)
        .step_by(5)
        .map(|first| CROCKFORD[five(first)] as char)
        .collect()
}

/// The lookup token of a ticket: 80 bits as 16 characters of Crockford's base 32.
pub fn lookup_token(provider: &dyn CryptoProvider, ticket: TicketId) -> String {
    crockford(&provider.mac(KeyUse::Token, &[b"v1", &ticket.bytes()])[..10])
}

/// What is stored of a token. Plain SM3 is enough here: 80 bits cannot be listed.
pub fn token_hash(token: &str) -> [u8; 32] {
    use sm3::Digest;
    sm3::Sm3::digest(token.as_bytes()).into()
}

/// The check code of a ticket.
pub fn check_code(provider: &dyn CryptoProvider, ticket: TicketId) -> CheckCode {
    let mac = provider.mac(KeyUse::Check, &[b"v1", &ticket.bytes()]);
    CheckCode::from_random(u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gm_soft::{GmSoft, RootKey};

    fn provider() -> GmSoft {
        GmSoft::new(&RootKey::from_bytes([7; 32]))
    }

    fn hall(name: &str) -> HallId {
        HallId::new(name).unwrap()
    }

    fn ticket(last: u8) -> TicketId {
        TicketId::from_bytes([last; 16])
    }

    #[test]
    fn a_tag_is_the_mac_of_version_hall_and_number() {
        let p = provider();
        let tag = id_tag(&p, &hall("h1"), &Personal::new("990101199001010017"));
        assert_eq!(tag.0, p.mac(KeyUse::Tag, &[b"v1h1990101199001010017"]));
    }

    #[test]
    fn tags_join_one_person_and_part_halls() {
        let p = provider();
        let tag = |h: &str, n: &str| id_tag(&p, &hall(h), &Personal::new(n));
        assert_eq!(tag("h1", "99010119900101001x"), tag("h1", "990101 19900101 001X"));
        assert_ne!(tag("h1", "99010119900101001X"), tag("h2", "99010119900101001X"));
        assert_ne!(tag("h1", "99010119900101001X"), tag("h1", "990101199001010025"));
    }

    #[test]
    fn tokens_are_sixteen_clean_characters_and_come_again() {
        let p = provider();
        let token = lookup_token(&p, ticket(1));
        assert_eq!(token.len(), 16);
        assert!(token.bytes().all(|b| CROCKFORD.contains(&b)), "{token}");
        assert_eq!(token, lookup_token(&provider(), ticket(1)));
        assert_ne!(token, lookup_token(&p, ticket(2)));
        assert_ne!(token_hash(&token), token_hash(&lookup_token(&p, ticket(2))));
    }

    #[test]
    fn every_bit_of_a_token_is_used() {
        let p = provider();
        for place in 0..16 {
            let seen: std::collections::BTreeSet<u8> = (0..=255)
                .map(|n| lookup_token(&p, ticket(n)).as_bytes()[place])
                .collect();
            assert!(seen.len() > 28, "place {place} takes only {} values", seen.len());
        }
    }

    #[test]
    fn another_day_is_another_holder() {
        let tag = IdTag([3; 32]);
        let (today, tomorrow) = (DayKey::from_bytes([1; 32]), DayKey::from_bytes([2; 32]));
        assert_eq!(today.holder(&tag), today.holder(&tag));
        assert_ne!(today.holder(&tag), tomorrow.holder(&tag));
        assert_ne!(today.request("a", b"b"), today.request("a", b"c"));
        assert_ne!(today.request("a", b"b"), today.request("b", b"b"));
    }

    #[test]
    fn debug_shows_no_tag_and_no_key() {
        assert_eq!(
            format!("{:?} {:?}", IdTag([1; 32]), DayKey::from_bytes([2; 32])),
            "IdTag DayKey"
        );
    }
}
