//! Every fault of TIM/1, section 7, is caused in the world and told by the machine with the class that the table gives
//! it, and no blank is lost by any of them.

#[path = "maker_faults/bench.rs"]
mod bench;
#[path = "maker_faults/host.rs"]
mod host;

use drivers_emulators::maker::{Count, FilmPlace, Machine, Place, Shape};
use drivers_temp_id_maker::codec::fault::ALL;
use drivers_temp_id_maker::codec::{
    Command, Fault, FaultClass, JobId, JobOpen, Mode, Phase, Request, ResultCode, Step,
};
use drivers_temp_id_maker::ids;

use host::{Host, JOB, TAG, white};

/// The step at which the fault is caused; none: before the job.
fn step_of(code: u16) -> Option<Step> {
    Some(match code {
        0x0102..=0x0105 => Step::Cut,
        0x0106 | 0x0202..=0x0204 => Step::Print,
        0x0302..=0x0305 | 0x0308 => Step::Feed,
        0x0205 | 0x0306 | 0x0401 | 0x0404 | 0x0406 => Step::Laminate,
        0x0503 => Step::Present,
        0x0504 => Step::DrawIn,
        _ => return None,
    })
}

fn caused(code: u16) -> Host {
    let mut host = Host::new(Machine::new());
    // Warm, as in service hours.
    host.rc(&Request::Heater(2));
    host.machine.pass(60_000);
    if code == 0x0504 {
        host.machine.world.take_after_ms = None;
    }
    if code == 0x0806 {
        // The wire breaks when there is film to be lost.
        host.machine.fault(code, Some(Step::Print));
    } else if let Some(step) = step_of(code) {
        assert!(host.machine.fault(code, Some(step)), "{code:04X}");
    } else {
        assert!(host.machine.fault(code, None), "{code:04X}");
    }
    if code == 0x0803 {
        for _ in 0..5 {
            assert_eq!(host.open(), Some(ResultCode::Auth));
        }
    }
    if code == 0x0804 {
        // On demand, by staff.
        assert_eq!(host.rc(&Request::MaintEnter(1, 2, [0; 32])), Some(ResultCode::Ok));
        assert_eq!(host.rc(&Request::SelfTest(0)), Some(ResultCode::Fault));
        host.rc(&Request::Plain(Command::MaintExit));
    }
    host.drive();
    host
}

#[test]
fn every_fault_of_the_table_can_be_caused_and_is_told_with_its_class() {
    for fault in ALL {
        let Fault { code, name, class, .. } = *fault;
        let host = caused(code);
        assert!(host.told(code), "{code:04X} {name} is told");
        host.balances();
        let state = host.machine.state();
        let hands = host.machine.world.count(Place::Hand);
        let ended = state.archive.back().map(|record| record.phase);
        let at = format!("{code:04X} {name}: {:?} {ended:?} {hands} in hand", host.mode());
        match class {
            FaultClass::Warn if code == 0x0803 => assert_eq!(host.mode(), Some(Mode::Fault), "five wrong codes: {at}"),
            FaultClass::Warn if code == 0x0501 => assert_eq!(ended, Some(Phase::Retracted), "{at}"),
            FaultClass::Warn => assert_eq!((ended, hands), (Some(Phase::Taken), 1), "{at}"),
            FaultClass::Job => {
                let inside = state.job.as_ref().map_or(0, |job| u32::from(job.inside));
                let hopper = host.machine.world.count(Place::Hopper);
                assert_eq!(hands + hopper + inside + spoiled(&host), 100, "{at}");
                let again = state.archive.back().is_some_and(|record| record.attempt > 1)
                    || state.job.as_ref().is_some_and(|job| job.attempt > 1);
                assert!(again, "{at}");
            }
            // Out of film in a job fails the attempt; what stands then is found when nothing runs.
            FaultClass::Service => {
                assert!(matches!(host.mode(), Some(Mode::Fault | Mode::OutOfService)), "{at}");
                assert!(hands <= 1, "{at}");
            }
            FaultClass::Doubt => {
                assert_eq!(host.mode(), Some(Mode::OutOfService), "{at}");
                assert!(state.fence.contains(&TAG), "{at}");
            }
        }
    }
}

/// Where the blanks of the job are when it is over or stands still: rejected, retracted, taken, still inside.
fn blanks(host: &Host) -> [u32; 4] {
    let state = host.machine.state();
    let inside = state.job.as_ref().map_or(0, |job| u32::from(job.inside));
    let counted = |what: Count| state.counters[what as usize];
    [
        counted(Count::Rejected),
        counted(Count::Retracted),
        counted(Count::Taken),
        inside,
    ]
}

/// Section 7, by its column of the ledger: where the blanks of a job with this fault are. Faults that are not here
/// spoil film at most, or come when no job runs.
#[rustfmt::skip]
const BLANKS: [(u16, [u32; 4]); 22] = [
    // rejected, retracted, taken, inside until staff has dealt with it
    (0x0101, [0, 0, 1, 0]), (0x0105, [0, 0, 1, 0]), (0x0201, [0, 0, 1, 0]), (0x0205, [2, 0, 0, 0]),
    (0x0301, [0, 0, 1, 0]), (0x0303, [0, 0, 1, 0]), (0x0304, [2, 0, 1, 0]), (0x0305, [0, 0, 0, 1]),
    (0x0306, [0, 0, 0, 1]), (0x0308, [2, 0, 0, 0]), (0x0401, [0, 0, 1, 0]), (0x0402, [0, 0, 0, 1]),
    (0x0403, [0, 0, 0, 1]), (0x0404, [1, 0, 0, 1]), (0x0406, [0, 0, 0, 1]), (0x0501, [0, 1, 0, 0]),
    (0x0503, [0, 0, 0, 1]), (0x0504, [0, 0, 0, 1]), (0x0601, [0, 0, 1, 0]), (0x0703, [0, 0, 1, 0]),
    (0x0802, [0, 0, 1, 0]), (0x0805, [0, 0, 1, 0]),
];

/// Section 7, by its column of the ledger: pieces of film that the job with this fault spent. What is not here spends
/// the one piece that its card carries.
#[rustfmt::skip]
const FILM: [(u16, u32); 24] = [
    // Nothing was begun when the machine stopped.
    (0x0102, 0), (0x0307, 0), (0x0405, 0), (0x0502, 0), (0x0602, 0), (0x0603, 0), (0x0604, 0), (0x0605, 0),
    (0x0701, 0), (0x0702, 0), (0x0704, 0), (0x0801, 0), (0x0803, 0), (0x0804, 0),
    // One less, and no card: what hangs crumpled on the roll, what slipped, what waits for medium or for a blank.
    (0x0103, 1), (0x0104, 1), (0x0106, 1), (0x0202, 1), (0x0302, 1),
    // Short twice, then good.
    (0x0105, 3),
    // One for each attempt.
    (0x0203, 2), (0x0204, 2), (0x0303, 2), (0x0806, 1),
];
/// As above, of the faults that spoil a blank too.
const FILM_WITH_BLANK: [(u16, u32); 4] = [(0x0205, 2), (0x0304, 2), (0x0308, 2), (0x0404, 2)];

#[test]
fn every_fault_leaves_its_blanks_and_its_film_where_the_table_says() {
    for Fault { code, name, .. } in ALL {
        let row = BLANKS.iter().find(|(of, _)| of == code);
        let told = row.map_or([0; 4], |(_, told)| *told);
        let host = caused(*code);
        assert_eq!(blanks(&host), told, "{code:04X} {name}");
        let row = FILM.iter().chain(&FILM_WITH_BLANK).find(|(of, _)| of == code);
        let spent = row.map_or(1, |(_, pieces)| *pieces);
        assert_eq!(films(&host), [spent; 4], "{code:04X} {name}: film");
    }
}

#[test]
fn film_that_jams_is_told_with_its_reason_and_the_job_takes_another_piece_when_it_is_out() {
    for code in [0x0103, 0x0104] {
        let mut host = caused(code);
        let jammed = |host: &Host| {
            let films = &host.machine.world.films;
            films.iter().filter(|film| film.place == FilmPlace::Jammed).count()
        };
        assert_eq!(jammed(&host), 1, "{code:04X}");
        let told = |host: &Host, code: u16| {
            let events = &host.machine.state().events;
            events
                .iter()
                .filter(|event| event.kind == 9 && event.code == code)
                .count()
        };
        assert_eq!((told(&host, code), told(&host, 0)), (1, 0), "{code:04X}");
        host.mend();
        host.drive();
        let ended = host.machine.state().archive.back().map(|record| record.phase);
        assert_eq!(ended, Some(Phase::Taken), "{code:04X}");
        assert_eq!(
            (jammed(&host), told(&host, code), told(&host, 0)),
            (0, 1, 1),
            "{code:04X}"
        );
        assert_eq!(films(&host), [2; 4], "{code:04X}");
        host.balances();
    }
}

/// Pieces of film spent, by the machine's counter, by its count of what is left, by its events, and by where they are.
fn films(host: &Host) -> [u32; 4] {
    let state = host.machine.state();
    let counter = |what: Count| state.counters[what as usize];
    let told = state.events.iter().filter(|event| event.kind == 9).count();
    let left = counter(Count::FilmLoaded) - u32::from(state.film_left);
    [
        counter(Count::Cuts),
        left,
        told as u32,
        host.machine.world.films.len() as u32,
    ]
}

fn spoiled(host: &Host) -> u32 {
    let bins = [Place::RejectBin, Place::RetractBin, Place::Fallen, Place::Staff];
    bins.map(|place| host.machine.world.count(place)).iter().sum::<u32>()
}

#[test]
fn every_fault_says_in_chinese_what_it_is_and_what_is_to_be_done_where_a_person_must_act() {
    for fault in ALL {
        assert!(!fault.said.is_empty(), "{}", fault.name);
        let person_acts = matches!(fault.class, FaultClass::Service | FaultClass::Doubt);
        assert!(
            !person_acts || !fault.to_do.is_empty() && !fault.advice.is_empty(),
            "{}",
            fault.name
        );
    }
}

#[test]
fn a_job_that_runs_out_of_film_captures_nothing_and_the_machine_asks_for_film_then() {
    let host = caused(0x0102);
    let state = host.machine.state();
    assert_eq!(state.fault, 0x0102);
    let job = state.job.as_ref().expect("the job waits");
    assert!(matches!(job.phase, Phase::Open | Phase::Sealed), "{:?}", job.phase);
    assert_eq!((job.captures, job.inside, job.attempt), (0, 0, 2));
    assert_eq!(host.machine.world.count(Place::Hopper), 100);
}

#[test]
fn film_that_staff_took_out_ends_the_attempt_and_the_job_goes_on_with_another_piece() {
    let mut host = caused(0x0106);
    assert_eq!(host.mode(), Some(Mode::Fault));
    host.mend();
    host.drive();
    let state = host.machine.state();
    let ended = state.archive.back().map(|record| (record.phase, record.attempt));
    assert_eq!(ended, Some((Phase::Taken, 2)));
    assert_eq!(state.counters[Count::Cuts as usize], 2);
    host.balances();
}

#[test]
fn nothing_moves_whose_start_the_memory_has_not_taken() {
    let host = caused(0x0801);
    assert_eq!(host.machine.world.films.len(), 0);
    assert_eq!(host.machine.world.count(Place::Hopper), 100);
}

fn with_key() -> Host {
    let shape = Shape {
        device_key: Some(b"a key of sixteen".to_vec()),
        ..Shape::default()
    };
    Host::new(Machine::of(shape))
}

fn nonce(host: &mut Host) -> u32 {
    let reply = host.ask(&Request::Plain(Command::Nonce));
    let bytes = reply.expect("a nonce").payload;
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

#[test]
fn a_machine_with_a_key_takes_an_order_with_its_code_once_and_no_other() {
    let mut host = with_key();
    assert_eq!(host.open(), Some(ResultCode::Auth), "no code");
    let fresh = nonce(&mut host);
    host.nonce = Some((b"another key, 16.".to_vec(), fresh));
    assert_eq!(host.open(), Some(ResultCode::Auth), "a code of another key");
    host.nonce = Some((b"a key of sixteen".to_vec(), fresh));
    assert_eq!(
        host.open(),
        Some(ResultCode::Auth),
        "the nonce was used up by the wrong one"
    );
    let fresh = nonce(&mut host);
    host.nonce = Some((b"a key of sixteen".to_vec(), fresh));
    let order = host.order(&white());
    assert_eq!(host.open(), Some(ResultCode::Ok));
    assert_eq!(
        host.open(),
        Some(ResultCode::OkAlready),
        "a resend needs no fresh nonce"
    );
    host.ask(&Request::JobAbort(JOB, 3));
    host.machine.pass(20_000);
    assert_eq!(host.rc(&Request::JobClose(JOB)), Some(ResultCode::Ok));
    // Recorded and played again for another record: the nonce is spent.
    let replayed = JobOpen {
        job: JobId([8; 16]),
        ..order
    };
    assert_eq!(host.rc(&Request::JobOpen(Box::new(replayed))), Some(ResultCode::Auth));
}

#[test]
fn five_wrong_codes_stop_the_machine_and_a_nonce_survives_the_power() {
    let mut host = with_key();
    let first = nonce(&mut host);
    host.machine.power(false);
    host.machine.power(true);
    assert!(nonce(&mut host) > first);
    for _ in 0..5 {
        assert_eq!(host.open(), Some(ResultCode::Auth));
    }
    assert_eq!(host.open(), Some(ResultCode::Fault));
    let fresh = nonce(&mut host);
    let mac = ids::maintenance_mac(b"a key of sixteen", fresh, 11, 12);
    assert_eq!(host.rc(&Request::MaintEnter(11, 12, [0; 32])), Some(ResultCode::Auth));
    assert_eq!(
        host.rc(&Request::MaintEnter(11, 12, mac)),
        Some(ResultCode::Auth),
        "spent by the wrong one"
    );
    let fresh = nonce(&mut host);
    let mac = ids::maintenance_mac(b"a key of sixteen", fresh, 11, 12);
    assert_eq!(host.rc(&Request::MaintEnter(11, 12, mac)), Some(ResultCode::Ok));
    let seq = host.machine.state().fault_seq;
    assert_eq!(host.rc(&Request::FaultClear(seq)), Some(ResultCode::Ok));
    host.rc(&Request::Plain(Command::MaintExit));
    assert_eq!(host.mode(), Some(Mode::Idle));
}

#[test]
fn a_sensor_that_fails_its_test_at_boot_leaves_a_doubt_where_a_job_was_open() {
    let mut host = Host::new(Machine::new());
    assert_eq!(host.open(), Some(ResultCode::Ok));
    host.machine.power(false);
    host.machine.fault(0x0804, None);
    host.machine.power(true);
    let state = host.machine.state();
    assert_eq!(state.job.as_ref().map(|job| job.phase), Some(Phase::Doubt));
    assert!(state.fence.contains(&TAG));
}

#[test]
fn the_memory_is_the_same_whatever_the_picture_shows() {
    let durable = |ink: u8| {
        let mut host = Host::new(Machine::new());
        let data = [130, ink].repeat(638);
        let order = host.order(&data);
        host.rc(&Request::JobOpen(Box::new(order)));
        host.upload(&data);
        assert_eq!(host.rc(&Request::JobSeal(JOB)), Some(ResultCode::Ok));
        assert!(host.machine.holds_picture());
        let mut state = host.machine.durable().clone();
        state.job.as_mut().expect("open").sha256 = [0; 32];
        state
    };
    assert_eq!(durable(0x00), durable(0x5A));
}

/// A host that never comes back must not keep the machine from the next record.
#[test]
fn a_job_that_its_host_has_left_ends_by_itself_and_makes_room_for_the_next() {
    let of = |host: &Host, what: Count| host.machine.state().counters[what as usize];
    for (left_in, film) in [(Phase::Open, 0), (Phase::Sealed, 0), (Phase::Printed, 1)] {
        let mut host = Host::new(Machine::new());
        assert_eq!(host.open(), Some(ResultCode::Ok));
        if left_in != Phase::Open {
            host.upload(&white());
            assert_eq!(host.rc(&Request::JobSeal(JOB)), Some(ResultCode::Ok));
        }
        if left_in == Phase::Printed {
            for step in [Step::Cut, Step::Print] {
                assert_eq!(host.rc(&Request::JobStep(JOB, step)), Some(ResultCode::OkRunning));
                (0..60).for_each(|_| host.machine.pass(500));
            }
        }
        let phase = |host: &Host| host.machine.state().job.as_ref().map(|job| job.phase);
        assert_eq!(phase(&host), Some(left_in));
        (0..470).for_each(|_| host.machine.pass(500));
        assert_eq!(phase(&host), Some(left_in), "235 s: a kiosk restarts in less");
        (0..200).for_each(|_| host.machine.pass(500));
        assert_eq!(phase(&host), None, "{left_in:?}: over and closed");
        let state = host.machine.state();
        let ended = state.archive.back().map(|record| (record.phase, record.fault));
        assert_eq!(ended, Some((Phase::Aborted, 0x0806)), "{left_in:?}");
        assert!(host.told(0x0806) && host.machine.state().fault == 0, "{left_in:?}");
        assert_eq!((spoiled(&host), of(&host, Count::Cuts)), (0, film), "{left_in:?}");
        host.balances();
        assert_eq!(host.rc(&Request::JobQuery(JOB)), Some(ResultCode::JobClosed));
        let next = JobOpen {
            job: JobId([8; 16]),
            ..host.order(&white())
        };
        assert_eq!(
            host.rc(&Request::JobOpen(Box::new(next))),
            Some(ResultCode::Ok),
            "{left_in:?}"
        );
    }
}
