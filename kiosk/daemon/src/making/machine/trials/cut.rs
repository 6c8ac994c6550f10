//! The power goes under a job: the machine comes back without a clock and takes no order while it starts, and what it
//! tells of the blanks afterwards has its time all the same.

use drivers_temp_id_maker::codec::Event;
use kiosk_making::drive::Jobs;

use super::day::Memory;
use super::*;

#[test]
fn what_is_told_of_a_job_after_a_power_cut_has_its_time() {
    let folder = Folder::new("cut");
    // A frame takes little of its time: it is greeted long before it has started.
    let line = Direct::new(Twin::new(), 20);
    let mut kiosk = Kiosk::new("K01", &line, &Office::new(), &folder.store("m.sqlite"));
    kiosk.state();
    let began = unix_s();
    let jobs = Jobs {
        ids: [JobId([1; 16]), JobId([2; 16])],
        tag: RecordTag([3; 16]),
    };
    for cut_in in [40, 240] {
        line.machine().world.take_after_ms = Some(0);
        let jobs = Jobs {
            ids: jobs.ids.map(|id| JobId([id.0[0] + cut_in as u8; 16])),
            tag: RecordTag([cut_in as u8; 16]),
        };
        let boots = line.machine().state().boot;
        let driven = drive(&mut kiosk.machine.maker, jobs, &mut Memory::cut(&line, cut_in)).expect("it remembers");
        assert!(matches!(driven, Driven::Ended(Ending::Job(_))), "{driven:?}");
        assert_eq!(line.machine().state().boot, boots + 1, "cut");
        let state = line.machine().state();
        let boot = state.events.iter().rposition(|event| event.kind == 1).expect("a boot");
        // What it does by itself while it starts has no time; what it is ordered afterwards has.
        let ordered = |event: &&Event| event.kind == 2 && (1..=5).contains(&event.step);
        let after: Vec<_> = state.events.iter().skip(boot).filter(ordered).collect();
        assert!(
            !after.is_empty() && after.iter().all(|event| event.unix > 0),
            "{after:?}"
        );
    }
    kiosk.state();
    let lines = kiosk.machine.store.blanks("TWIN-0001").expect("read");
    assert!(
        lines.iter().any(|line| line.what == "rejected"),
        "the card under which it was cut"
    );
    for line in &lines {
        assert!(line.at_s >= began, "{line:?}");
    }
}

#[test]
fn a_machine_that_is_greeted_while_it_starts_gets_its_time_and_its_heat_when_it_has() {
    let (folder, office) = (Folder::new("starts"), Office::new());
    let line = Direct::new(Twin::new(), 20);
    let mut kiosk = Kiosk::new("K01", &line, &office, &folder.store("m.sqlite"));
    kiosk.state();
    line.machine().power(false);
    line.machine().power(true);
    kiosk.state();
    line.machine().pass(60_000);
    kiosk.state();
    assert!(line.machine().fault(0x0602, None));
    line.machine().pass(1_000);
    let told = line.machine().state().events.back().map(|event| event.unix);
    assert!(told > Some(0), "{told:?}");
}
