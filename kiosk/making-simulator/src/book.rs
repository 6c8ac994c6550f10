//! What the service knows: records, claims, reports, orders. Pure but for the time that it is given.

use std::collections::BTreeMap;

use kiosk_making::{
    Claim, ClaimAsked, Face, FaceAsked, Find, Found, MakingRecord, OrderAsked, Outcome, PayState, Payment, Report,
};
use serde::Serialize;

use crate::people::{Oddity, Person};

/// Seconds of a lease.
pub const LEASE_S: i64 = 120;

/// Seconds that a face's token is good.
pub const FACE_TOKEN_S: i64 = 600;

/// A claim that nobody has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// By which job.
    pub job_id: String,
    /// At which kiosk.
    pub kiosk_id: String,
    /// Unix seconds; later staff are told, the claim stays.
    pub until: i64,
    /// Reported in doubt: only a supervisor ends it.
    pub in_doubt: bool,
}

/// The service's memory.
#[derive(Debug)]
pub struct Book {
    people: Vec<Person>,
    /// Claims by record.
    pub claims: BTreeMap<String, Held>,
    /// Reports by job.
    pub reports: BTreeMap<String, Report>,
    /// Orders by number: state, and when they were made.
    pub orders: BTreeMap<String, (PayState, i64)>,
    /// Seconds after which an order gets paid; none: never.
    pub pays_after_s: Option<i64>,
    /// Whether live faces match.
    pub faces_match: bool,
    /// A broken service: it grants every claim to whoever asks, for whatever job it last heard of.
    pub grants_twice: bool,
    /// Every first claim needs the token of a face that matched.
    pub wants_face: bool,
    /// Tokens by record and time; each is good once, for ten minutes.
    tokens: BTreeMap<String, (String, i64)>,
    tokens_count: u64,
}

/// The service is away for this question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away;

impl Book {
    /// With these people.
    pub fn new(people: Vec<Person>, pays_after_s: Option<i64>) -> Self {
        Self {
            people,
            claims: BTreeMap::new(),
            reports: BTreeMap::new(),
            orders: BTreeMap::new(),
            pays_after_s,
            faces_match: true,
            grants_twice: false,
            wants_face: false,
            tokens: BTreeMap::new(),
            tokens_count: 0,
        }
    }

    /// The people, for the list of the control page.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    fn person(&self, record_no: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.record.record_no == record_no)
    }

    /// `find`.
    pub fn find(&self, find: &Find) -> Result<Found, Away> {
        let fits = |record: &MakingRecord| match find {
            Find::ReceiptNo(no) => record.receipt_no == no.expose(),
            Find::CitizenNo(no) => record.citizen_no == *no,
        };
        let hits: Vec<&Person> = self.people.iter().filter(|person| fits(&person.record)).collect();
        if hits.iter().any(|person| person.oddity == Oddity::Away) {
            return Err(Away);
        }
        // A receipt names one application; who has two open ones is told so by either.
        let double = |person: &&Person| {
            let same = |other: &&Person| other.record.citizen_no == person.record.citizen_no;
            self.people.iter().filter(same).collect::<Vec<_>>()
        };
        let all = hits.first().map(double).unwrap_or_default();
        Ok(Found {
            records: all.into_iter().map(|person| person.record.clone()).collect(),
        })
    }

    /// `claim`: the first job gets it, the same job at the same kiosk renews it, any other is told that it is held.
    pub fn claim(&mut self, asked: &ClaimAsked, now: i64) -> Claim {
        let Some(person) = self.person(&asked.record_no) else {
            return Claim::Refused {
                refusal: ui_model::Refusal::NoRecord,
            };
        };
        if person.record.temp_issued {
            return Claim::AlreadyIssued;
        }
        if person.oddity == Oddity::HeldElsewhere {
            return Claim::Held;
        }
        match self.claims.get(&asked.record_no).cloned() {
            Some(held) if self.grants_twice => {
                return Claim::Granted {
                    job_id: held.job_id.clone(),
                    kiosk_id: held.kiosk_id.clone(),
                    lease_s: LEASE_S.unsigned_abs() as u32,
                };
            }
            Some(held) if held.job_id != asked.job_id || held.kiosk_id != asked.kiosk_id || held.in_doubt => {
                return Claim::Held;
            }
            Some(_) => {}
            None if !self.face_holds(asked, now) => {
                return Claim::Refused {
                    refusal: ui_model::Refusal::FaceNotMatched,
                };
            }
            None => {}
        }
        let held = Held {
            job_id: asked.job_id.clone(),
            kiosk_id: asked.kiosk_id.clone(),
            until: now + LEASE_S,
            in_doubt: false,
        };
        self.claims.insert(asked.record_no.clone(), held);
        Claim::Granted {
            job_id: asked.job_id.clone(),
            kiosk_id: asked.kiosk_id.clone(),
            lease_s: LEASE_S.unsigned_abs() as u32,
        }
    }

    /// A token is looked at wherever one is shown; where faces are wanted, none is no good either.
    fn face_holds(&mut self, asked: &ClaimAsked, now: i64) -> bool {
        let Some(token) = &asked.face_token else {
            return !self.wants_face;
        };
        let made = self.tokens.remove(token);
        made.is_some_and(|(record_no, at)| record_no == asked.record_no && now - at < FACE_TOKEN_S)
    }

    /// `verify_face`.
    pub fn verify_face(&mut self, asked: &FaceAsked, now: i64) -> Face {
        let other = self
            .person(&asked.record_no)
            .is_none_or(|person| person.oddity == Oddity::OtherFace);
        if other || !self.faces_match || asked.live_jpeg.is_empty() {
            return Face::NotMatched;
        }
        self.tokens_count += 1;
        let token = format!("face-{}", self.tokens_count);
        self.tokens.insert(token.clone(), (asked.record_no.clone(), now));
        Face::Matched { token }
    }

    /// `report`: the first one of a job counts, the same again changes nothing. A doubt may be followed by what two
    /// people found.
    pub fn report(&mut self, report: &Report) {
        let before = self.reports.get(&report.job_id).map(|known| known.outcome);
        if before.is_some_and(|outcome| outcome != Outcome::Doubt) {
            return;
        }
        self.reports.insert(report.job_id.clone(), report.clone());
        match report.outcome {
            Outcome::Taken => {
                self.claims.remove(&report.record_no);
                let person = self.people.iter_mut().find(|p| p.record.record_no == report.record_no);
                if let Some(person) = person {
                    person.record.temp_issued = true;
                }
            }
            Outcome::Doubt => {
                if let Some(held) = self.claims.get_mut(&report.record_no) {
                    held.in_doubt = true;
                }
            }
            Outcome::Retracted | Outcome::Rejected | Outcome::Aborted => {
                let own = self
                    .claims
                    .get(&report.record_no)
                    .is_some_and(|held| held.job_id == report.job_id);
                if own {
                    self.claims.remove(&report.record_no);
                }
            }
        }
    }

    /// An order, made at first sight; asking again says how it stands.
    pub fn order(&mut self, asked: &OrderAsked, now: i64) -> Payment {
        let pays_after_s = self.pays_after_s;
        let (state, made_at) = self
            .orders
            .entry(asked.order_no.clone())
            .or_insert((PayState::Open, now));
        // What went back whole may be paid anew: nothing was made for it.
        if *state == PayState::Refunded {
            (*state, *made_at) = (PayState::Open, now);
        }
        if *state == PayState::Open && pays_after_s.is_some_and(|after| now - *made_at >= after) {
            *state = PayState::Authorised;
        }
        Payment {
            qr: format!(
                "https://pay.example.invalid/o/{}",
                &asked.order_no[..asked.order_no.len().min(12)]
            ),
            state: *state,
        }
    }

    /// The money follows the card: settled when it was taken, held in doubt, else given back; but nothing is given back
    /// for a job that another kiosk of the hall, which shares its number, is making.
    pub fn settle(&mut self, order_no: &str, outcome: Outcome) -> Payment {
        let claimed = self
            .claims
            .values()
            .any(|held| held.job_id == order_no && !held.in_doubt);
        let entry = self.orders.entry(order_no.to_string()).or_insert((PayState::Open, 0));
        entry.0 = match (entry.0, outcome) {
            (PayState::Settled, _) => PayState::Settled,
            (PayState::Refunded, _) => PayState::Refunded,
            (_, Outcome::Taken) => PayState::Settled,
            (_, Outcome::Doubt) => PayState::Held,
            (state, Outcome::Aborted) if claimed => state,
            (_, Outcome::Retracted | Outcome::Rejected | Outcome::Aborted) => PayState::Refunded,
        };
        Payment {
            qr: String::new(),
            state: entry.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::people;
    use ticket_dispatcher_types::Personal;

    const GOOD: &str = "990100202600000001";

    fn book() -> Book {
        Book::new(people(), Some(3))
    }

    fn asked(job: &str, kiosk: &str) -> ClaimAsked {
        ClaimAsked {
            record_no: GOOD.into(),
            job_id: job.into(),
            kiosk_id: kiosk.into(),
            face_token: None,
        }
    }

    fn report(job: &str, outcome: Outcome) -> Report {
        Report {
            record_no: GOOD.into(),
            job_id: job.into(),
            outcome,
            opened_at: 0,
            ended_at: 1,
            blank_serial: String::new(),
        }
    }

    fn granted(claim: &Claim) -> bool {
        matches!(claim, Claim::Granted { .. })
    }

    #[test]
    fn of_two_kiosks_exactly_one_gets_the_claim() {
        let mut book = book();
        assert!(granted(&book.claim(&asked("a", "K01"), 0)));
        assert_eq!(book.claim(&asked("b", "K02"), 0), Claim::Held);
        assert_eq!(
            book.claim(&asked("a", "K02"), 0),
            Claim::Held,
            "kiosks of one hall give a record the same job id"
        );
        assert!(granted(&book.claim(&asked("a", "K01"), 100)), "the same job renews");
        assert_eq!(
            book.claim(&asked("b", "K02"), 10_000),
            Claim::Held,
            "an old lease is no release"
        );
    }

    fn seen(book: &mut Book, record: &str, now: i64) -> String {
        let asked = FaceAsked {
            record_no: record.into(),
            live_jpeg: Personal::new("AAAA"),
            liveness: "file".into(),
        };
        match book.verify_face(&asked, now) {
            Face::Matched { token } => token,
            Face::NotMatched => panic!("the face matches"),
        }
    }

    #[test]
    fn a_face_token_is_good_once_for_its_record_and_for_ten_minutes() {
        let mut book = book();
        book.wants_face = true;
        let with = |token: &str| ClaimAsked {
            face_token: Some(token.into()),
            ..asked("a", "K01")
        };
        let no = Claim::Refused {
            refusal: ui_model::Refusal::FaceNotMatched,
        };
        assert_eq!(book.claim(&asked("a", "K01"), 0), no, "no token");
        assert_eq!(book.claim(&with("face-99"), 0), no, "one that was never given");
        let other = seen(&mut book, "990100202600000002", 0);
        assert_eq!(book.claim(&with(&other), 0), no, "another record's");
        let old = seen(&mut book, GOOD, 0);
        assert_eq!(book.claim(&with(&old), FACE_TOKEN_S), no, "too old");
        let good = seen(&mut book, GOOD, 0);
        assert!(granted(&book.claim(&with(&good), FACE_TOKEN_S - 1)));
        assert!(granted(&book.claim(&asked("a", "K01"), 700)), "a renewal needs none");
        book.report(&report("a", Outcome::Aborted));
        assert_eq!(book.claim(&with(&good), 10), no, "used up");
    }

    #[test]
    fn a_service_that_grants_twice_names_the_job_that_it_granted() {
        let mut book = book();
        book.grants_twice = true;
        assert!(granted(&book.claim(&asked("a", "K01"), 0)));
        let second = book.claim(&asked("b", "K02"), 0);
        assert!(matches!(second, Claim::Granted { job_id, kiosk_id, .. } if job_id == "a" && kiosk_id == "K01"));
    }

    #[test]
    fn only_a_taken_card_counts_as_issued_and_a_doubt_stays_held() {
        let mut book = book();
        book.claim(&asked("a", "K01"), 0);
        book.report(&report("a", Outcome::Doubt));
        assert_eq!(book.claim(&asked("a", "K01"), 1), Claim::Held);
        assert_eq!(book.claim(&asked("b", "K02"), 1), Claim::Held);
        // Two people have found it in the machine.
        book.report(&report("a", Outcome::Rejected));
        assert!(granted(&book.claim(&asked("b", "K02"), 2)));
        book.report(&report("b", Outcome::Taken));
        assert_eq!(book.claim(&asked("b", "K02"), 3), Claim::AlreadyIssued);
    }

    #[test]
    fn the_first_report_of_a_job_counts() {
        let mut book = book();
        book.claim(&asked("a", "K01"), 0);
        book.report(&report("a", Outcome::Retracted));
        book.report(&report("a", Outcome::Taken));
        assert_eq!(book.reports["a"].outcome, Outcome::Retracted);
        assert!(granted(&book.claim(&asked("b", "K01"), 1)), "the person may come again");
    }

    #[test]
    fn an_order_is_charged_once_and_follows_the_card() {
        let mut book = book();
        let order = OrderAsked {
            order_no: "a".into(),
            fee_fen: 1000,
        };
        assert_eq!(book.order(&order, 10).state, PayState::Open);
        assert_eq!(book.order(&order, 13).state, PayState::Authorised);
        assert_eq!(book.settle("a", Outcome::Doubt).state, PayState::Held);
        assert_eq!(book.settle("a", Outcome::Taken).state, PayState::Settled);
        assert_eq!(book.settle("a", Outcome::Rejected).state, PayState::Settled);
        assert_eq!(book.order(&order, 20).state, PayState::Settled);
    }

    #[test]
    fn a_fee_is_not_given_back_while_another_kiosk_of_the_hall_makes_the_card() {
        let mut book = book();
        let order = OrderAsked {
            order_no: "a".into(),
            fee_fen: 1000,
        };
        book.order(&order, 10);
        assert_eq!(book.order(&order, 13).state, PayState::Authorised);
        assert!(granted(&book.claim(&asked("a", "K01"), 14)));
        assert_eq!(book.claim(&asked("a", "K02"), 15), Claim::Held);
        assert_eq!(book.settle("a", Outcome::Aborted).state, PayState::Authorised);
        book.report(&report("a", Outcome::Taken));
        assert_eq!(book.settle("a", Outcome::Taken).state, PayState::Settled);
    }

    #[test]
    fn who_has_two_open_applications_is_found_with_both() {
        let by_receipt = Find::ReceiptNo(Personal::new("990100202600000102"));
        assert_eq!(book().find(&by_receipt).expect("an answer").records.len(), 2);
        let nobody = Find::ReceiptNo(Personal::new("990100202600000999"));
        assert_eq!(book().find(&nobody).expect("an answer").records.len(), 0);
        let away = Find::CitizenNo(Personal::new("990109198002140241"));
        assert!(book().find(&away).is_err());
    }
}
