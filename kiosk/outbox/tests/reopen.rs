//! What a kiosk finds after it was switched off in the middle.

use std::path::PathBuf;

use kiosk_outbox::{JobState, NewJob, Outbox, OutboxError, RequestState};
use ticket_dispatcher_types::{IdemKey, TicketNo, UnixMillis};

/// A database in a folder of its own; removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kiosk-outbox-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    fn open(&self) -> Outbox {
        Outbox::open(&self.0.join("outbox.sqlite")).expect("opens")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(n: u8) -> IdemKey {
    IdemKey::from_bytes([n; 16])
}

fn job(no: i64, number: &str, record: &'static str, reprint: bool) -> NewJob<'static> {
    let number: TicketNo = number.parse().expect("a number");
    NewJob {
        no,
        number,
        record,
        reprint,
    }
}

fn at(ms: i64) -> UnixMillis {
    UnixMillis(ms)
}

#[test]
fn a_key_is_there_after_a_restart_and_its_request_is_lost() {
    let place = Place::new("key");
    let outbox = place.open();
    outbox.store_key(key(1), "S101 Normal 1", at(10)).expect("stored");
    outbox.store_key(key(2), "S102 Normal 1", at(20)).expect("stored");
    outbox
        .end_request(key(2), RequestState::Answered, at(25))
        .expect("ended");
    assert!(
        outbox.store_key(key(1), "S999 Normal 1", at(30)).is_err(),
        "a key is used once"
    );
    drop(outbox);

    let mut outbox = place.open();
    assert_eq!(outbox.request_state(key(1)).expect("read").as_deref(), Some("stored"));
    let found = outbox.recover(at(0), at(40)).expect("recovered");
    assert_eq!(found.lost_requests, 1);
    assert_eq!(outbox.request_state(key(1)).expect("read").as_deref(), Some("lost"));
    assert_eq!(outbox.request_state(key(2)).expect("read").as_deref(), Some("answered"));
    outbox
        .end_request(key(2), RequestState::Abandoned, at(50))
        .expect("no error");
    let state = outbox.request_state(key(2)).expect("read");
    assert_eq!(state.as_deref(), Some("answered"), "the first end counts");
}

#[test]
fn a_job_at_the_printer_is_unknown_after_a_restart_and_reprinted_once() {
    let place = Place::new("job");
    let mut outbox = place.open();
    outbox
        .store_job(&job(1, "A001", "{\"n\":1}", false), at(10))
        .expect("stored");
    outbox.mark_job(1, JobState::Printed, at(12)).expect("marked");
    outbox
        .store_job(&job(2, "A002", "{\"n\":2}", false), at(20))
        .expect("stored");
    drop(outbox);

    let mut outbox = place.open();
    let found = outbox.recover(at(0), at(30)).expect("recovered");
    assert_eq!(found.at_printer, Some(2));
    let unknown: Vec<_> = found
        .unknown
        .iter()
        .map(|j| (j.no, j.record.as_str(), j.state))
        .collect();
    assert_eq!(unknown, [(2, "{\"n\":2}", JobState::Unknown)]);
    let next = outbox.next_job_no().expect("read");
    assert_eq!(next, 3);
    outbox
        .store_job(&job(next, "A002", "{\"n\":2}", true), at(40))
        .expect("stored");
    outbox.mark_job(next, JobState::Printed, at(45)).expect("marked");
    drop(outbox);

    let mut outbox = place.open();
    assert_eq!(
        outbox.recover(at(0), at(50)).expect("recovered").unknown,
        [],
        "once is enough"
    );
    assert_eq!(outbox.job(2).expect("read").expect("there").state, JobState::Reprinted);
}

#[test]
fn a_slip_whose_person_has_left_is_given_up() {
    let place = Place::new("old");
    let mut outbox = place.open();
    outbox
        .store_job(&job(1, "A001", "{}", false), at(1_000))
        .expect("stored");
    drop(outbox);
    let mut outbox = place.open();
    let found = outbox.recover(at(2_000), at(3_000)).expect("recovered");
    assert_eq!(
        (found.at_printer, found.unknown),
        (Some(1), vec![]),
        "the printer is cleared all the same"
    );
    assert_eq!(outbox.job(1).expect("read").expect("there").state, JobState::GivenUp);
}

#[test]
fn job_numbers_are_never_used_twice() {
    let place = Place::new("count");
    let mut outbox = place.open();
    outbox.store_job(&job(7, "A001", "{}", false), at(10)).expect("stored");
    let twice = outbox.store_job(&job(7, "A002", "{}", false), at(11));
    assert!(matches!(twice, Err(OutboxError::WrongJob(7))));
    assert!(matches!(
        outbox.mark_job(8, JobState::Printed, at(12)),
        Err(OutboxError::WrongJob(8))
    ));
    outbox.mark_job(7, JobState::Printed, at(12)).expect("marked");
    outbox.forget(at(100)).expect("forgotten");
    assert_eq!(outbox.job(7).expect("read"), None);
    drop(outbox);
    assert_eq!(place.open().next_job_no().expect("read"), 8);
}

#[test]
fn what_is_still_open_is_not_forgotten() {
    let place = Place::new("open");
    let mut outbox = place.open();
    outbox.store_key(key(1), "S101 Normal 1", at(10)).expect("stored");
    outbox.store_job(&job(1, "A001", "{}", false), at(10)).expect("stored");
    outbox.forget(at(100)).expect("forgotten");
    assert!(outbox.request_state(key(1)).expect("read").is_some());
    assert!(outbox.job(1).expect("read").is_some());
}
