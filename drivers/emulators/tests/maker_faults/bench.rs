//! What the bench does to the machine stays as it was told: people who take no card, faults that stand until they are
//! taken away; and staff who give more than fits are refused.

use drivers_emulators::maker::{Machine, Place};
use drivers_temp_id_maker::codec::{Phase, Request, ResultCode, Step};

use super::host::Host;

fn warm() -> Host {
    let mut host = Host::new(Machine::new());
    host.rc(&Request::Heater(2));
    host.machine.pass(60_000);
    host
}

fn ended(host: &Host) -> Option<Phase> {
    host.machine.state().archive.back().map(|record| record.phase)
}

#[test]
fn nobody_takes_a_card_who_was_told_not_to_whatever_breaks_and_is_repaired_meanwhile() {
    let mut host = warm();
    host.machine.world.take_after_ms = None;
    assert!(host.machine.fault(0x0406, Some(Step::Laminate)));
    host.drive();
    assert_eq!(host.machine.state().fault, 0x0406);
    host.mend();
    host.drive();
    assert_eq!(ended(&host), Some(Phase::Retracted));
    assert_eq!(host.machine.world.count(Place::Hand), 0);
}

#[test]
fn people_who_leave_a_card_by_a_fault_take_the_next_one_when_it_is_taken_away() {
    let mut host = warm();
    assert!(host.machine.fault(0x0501, None));
    host.machine.heal();
    host.drive();
    assert_eq!(ended(&host), Some(Phase::Taken));
}

#[test]
fn a_broken_part_stays_broken_when_its_fault_is_cleared_alone() {
    let mut host = warm();
    assert!(host.machine.fault(0x0406, Some(Step::Laminate)));
    host.drive();
    host.machine.world.clear_path();
    let seq = host.machine.state().fault_seq;
    assert_eq!(host.maintain(&Request::FaultClear(seq)), Some(ResultCode::Ok));
    host.drive();
    assert_eq!(host.machine.state().fault, 0x0406, "again: the press was not repaired");
    host.mend();
    host.drive();
    assert_eq!(
        host.machine.world.count(Place::Hand),
        u32::from(ended(&host) == Some(Phase::Taken))
    );
}

#[test]
fn more_film_blanks_or_medium_than_fit_are_refused_and_nothing_is_counted() {
    let mut host = warm();
    let before = host.machine.state();
    for (item, count) in [(1, 501), (1, 65_536), (2, 1), (2, u32::MAX), (3, 65_536)] {
        let order = Request::Replenish(item, count, [0; 16]);
        assert_eq!(host.maintain(&order), Some(ResultCode::BadParam), "{item}: {count}");
    }
    let state = host.machine.state();
    assert_eq!(
        (state.film_left, state.blanks_left, state.prints_left, state.counters),
        (
            before.film_left,
            before.blanks_left,
            before.prints_left,
            before.counters
        )
    );
    assert_eq!(
        host.maintain(&Request::Replenish(1, 500, [0; 16])),
        Some(ResultCode::Ok)
    );
    assert_eq!(
        host.machine.state().film_left,
        500,
        "a new roll takes the place of the old one"
    );
}
