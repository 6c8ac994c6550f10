//! One story each: a ticket, a fault, what the owner hears, what lies in the tray.

use drivers_emulators::printer::{Cover, Cutter, Fault, PaperFault};
use drivers_thermal_printer::profile::{ALL, CUSTOM, EPSON, MASUNG, SNBC};
use drivers_thermal_printer::{JobOutcome, PrinterEvent, PrinterStatus, Profile, TicketSlip};

use crate::world::{Strike, World};

fn paper_out() -> Strike {
    Strike::Fault(Fault {
        paper: Some(PaperFault::Out),
        ..Fault::default()
    })
}

#[test]
fn a_ticket_on_a_well_printer_is_printed_once() {
    for profile in ALL {
        let mut world = World::new(profile);
        assert_eq!(world.machine.status(), PrinterStatus::Ready, "{}", profile.name);
        let slip = TicketSlip::sample();
        assert_eq!(world.print(&slip), JobOutcome::Printed, "{}", profile.name);
        world.run(3_000);
        assert_eq!(
            (world.whole(&slip, false), world.device.pieces().len()),
            (1, 1),
            "{}",
            profile.name
        );
        let dots = world.device.pieces()[0].picture.rows();
        let expected = slip.render(profile, &world.fonts).dots + u32::from(profile.head_to_cutter);
        assert_eq!(dots, expected, "{}: the layout knows its length", profile.name);
    }
}

#[test]
fn paper_out_in_the_middle_then_a_new_roll_gives_one_reprint_and_nothing_twice() {
    let mut world = World::new(&EPSON);
    let slip = TicketSlip::sample();
    world.fault(|f| f.paper_dots = Some(300));
    assert!(world.until_ready(2_000));
    let job = world.start(&slip);
    assert_eq!(world.outcome(job), JobOutcome::Unknown { cleared: true });
    assert_eq!(world.machine.status(), PrinterStatus::PaperOut);
    assert_eq!(world.device.view().buffered, 0, "the printer holds nothing any more");

    world.run(5_000);
    assert_eq!(
        world.print(&slip.reprinted()),
        JobOutcome::NotStarted {
            status: PrinterStatus::PaperOut
        }
    );

    world.put_right();
    assert!(world.until_ready(10_000));
    assert!(world.events.contains(&PrinterEvent::Cleared { job }));
    assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed);
    world.run(5_000);
    assert_eq!((world.whole(&slip, false), world.whole(&slip, true)), (0, 1));
    let torn: Vec<bool> = world.device.pieces().iter().map(|piece| piece.complete).collect();
    assert_eq!(torn, [false, true], "the torn piece and the reprint, nothing else");
}

#[test]
fn a_printer_that_keeps_its_data_is_waited_for_before_anything_else_is_printed() {
    for profile in [&SNBC, &MASUNG, &CUSTOM] {
        let mut world = World::new(profile);
        let slip = TicketSlip::sample();
        world.fault(|f| f.paper_dots = Some(200));
        assert!(world.until_ready(2_000), "{}", profile.name);
        let job = world.start(&slip);
        assert_eq!(
            world.outcome(job),
            JobOutcome::Unknown { cleared: false },
            "{}",
            profile.name
        );
        world.put_right();
        assert!(
            world.until_ready(40_000),
            "{}: {:?}",
            profile.name,
            world.machine.status()
        );
        let before = world.device.pieces().len();
        assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed, "{}", profile.name);
        world.run(3_000);
        assert_eq!(
            world.device.pieces().len(),
            before + 1,
            "{}: nothing came late",
            profile.name
        );
        assert_eq!(
            (world.whole(&slip, false), world.whole(&slip, true)),
            (0, 1),
            "{}",
            profile.name
        );
    }
}

fn strike_in_the_middle(profile: &'static Profile, strike: Strike) -> (World, u32, TicketSlip) {
    let mut world = World::new(profile);
    let slip = TicketSlip::sample();
    world.at_dot = Some((250, strike));
    let job = world.start(&slip);
    (world, job, slip)
}

#[test]
fn an_open_cover_or_a_stuck_cutter_makes_the_ticket_unknown_and_the_reprint_is_the_only_whole_one() {
    let cover = Fault {
        cover: Some(Cover::Open),
        ..Fault::default()
    };
    let cutter = Fault {
        cutter: Some(Cutter::Jam),
        ..Fault::default()
    };
    for (fault, status) in [(cover, PrinterStatus::CoverOpen), (cutter, PrinterStatus::CutterError)] {
        let (mut world, job, slip) = strike_in_the_middle(&EPSON, Strike::Fault(fault));
        assert_eq!(world.outcome(job), JobOutcome::Unknown { cleared: true });
        world.run(1_000);
        assert_eq!(world.machine.status(), status);
        world.put_right();
        assert!(world.until_ready(10_000));
        assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed);
        world.run(3_000);
        assert_eq!(
            (world.whole(&slip, false), world.whole(&slip, true)),
            (0, 1),
            "{status:?}"
        );
    }
}

#[test]
fn a_mute_printer_is_offline_and_gets_no_ticket() {
    let mut world = World::new(&EPSON);
    world.fault(|f| f.mute = Some(true));
    world.run(3_000);
    assert_eq!(world.machine.status(), PrinterStatus::Offline);
    let slip = TicketSlip::sample();
    assert_eq!(
        world.print(&slip),
        JobOutcome::NotStarted {
            status: PrinterStatus::Offline
        }
    );
    world.put_right();
    assert!(world.until_ready(3_000));
    assert_eq!(
        world.print(&slip),
        JobOutcome::Printed,
        "nothing was sent, so the same slip may follow"
    );
    world.run(2_000);
    assert_eq!(world.whole(&slip, false), 1);
}

#[test]
fn a_printer_that_falls_mute_in_a_job_prints_it_and_the_owner_is_told_that_nobody_knows() {
    let mute = Fault {
        mute: Some(true),
        ..Fault::default()
    };
    let (mut world, job, slip) = strike_in_the_middle(&EPSON, Strike::Fault(mute));
    assert_eq!(world.outcome(job), JobOutcome::Unknown { cleared: false });
    world.put_right();
    assert!(world.until_ready(20_000));
    assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed);
    world.run(2_000);
    assert_eq!(
        (world.whole(&slip, false), world.whole(&slip, true)),
        (1, 1),
        "the second one carries its mark"
    );
}

#[test]
fn a_cable_pulled_in_a_job_is_survived() {
    for profile in ALL {
        let (mut world, job, slip) = strike_in_the_middle(profile, Strike::Unplug);
        assert!(
            matches!(world.outcome(job), JobOutcome::Unknown { .. }),
            "{}",
            profile.name
        );
        assert_eq!(world.machine.status(), PrinterStatus::Offline);
        world.run(5_000);
        world.plug();
        assert!(world.until_ready(40_000), "{}", profile.name);
        assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed, "{}", profile.name);
        world.run(2_000);
        assert!(world.whole(&slip, false) <= 1, "{}", profile.name);
        assert_eq!(world.whole(&slip, true), 1, "{}", profile.name);
    }
}

#[test]
fn a_buffer_smaller_than_the_job_slows_it_and_nothing_more() {
    let small: &'static Profile = Box::leak(Box::new(Profile {
        receive_buffer: 128,
        ..CUSTOM
    }));
    let mut world = World::new(small);
    let slip = TicketSlip::sample();
    assert_eq!(world.print(&slip), JobOutcome::Printed);
    world.run(2_000);
    assert_eq!((world.whole(&slip, false), world.device.pieces().len()), (1, 1));
}

#[test]
fn a_full_printer_without_paper_stops_reading_and_still_nothing_comes_twice() {
    for base in [EPSON, CUSTOM] {
        let small: &'static Profile = Box::leak(Box::new(Profile {
            receive_buffer: 96,
            ..base
        }));
        let mut world = World::new(small);
        let slip = TicketSlip::sample();
        world.at_dot = Some((60, paper_out()));
        let job = world.start(&slip);
        assert!(
            matches!(world.outcome(job), JobOutcome::Unknown { .. }),
            "{}",
            base.name
        );
        world.run(10_000);
        world.put_right();
        assert!(world.until_ready(60_000), "{}: {:?}", base.name, world.device.view());
        assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed, "{}", base.name);
        world.run(3_000);
        assert_eq!(
            (world.whole(&slip, false), world.whole(&slip, true)),
            (0, 1),
            "{}",
            base.name
        );
    }
}

#[test]
fn a_ticket_that_nobody_takes_is_reported_once_and_the_next_waits() {
    let mut world = World::new(&MASUNG);
    let slip = TicketSlip::sample();
    let job = world.start(&slip);
    let outcome = |event: &PrinterEvent| match event {
        PrinterEvent::Outcome { job: id, outcome } if *id == job => Some(*outcome),
        _ => None,
    };
    assert_eq!(world.until(60_000, outcome), Some(JobOutcome::NotTaken));
    world.run(2_000);
    assert_eq!(world.machine.status(), PrinterStatus::TicketNotTaken);
    assert_eq!(
        world.print(&slip),
        JobOutcome::NotStarted {
            status: PrinterStatus::TicketNotTaken
        }
    );
    world.device.take_ticket();
    assert!(world.until_ready(2_000));

    let mut world = World::new(&CUSTOM);
    let job = world.start(&slip);
    let outcome = |event: &PrinterEvent| match event {
        PrinterEvent::Outcome { job: id, outcome } if *id == job => Some(*outcome),
        _ => None,
    };
    assert_eq!(world.until(60_000, outcome), Some(JobOutcome::NotTaken));
    world.run(2_000);
    assert_eq!(world.machine.status(), PrinterStatus::Ready, "the ejector threw it out");
}

#[test]
fn a_restart_with_a_job_in_flight_clears_before_it_prints() {
    let mut world = World::new(&EPSON);
    let slip = TicketSlip::sample();
    world.at_dot = Some((200, paper_out()));
    let job = world.start(&slip);
    // The kiosk dies just after the last byte.
    world.run(200);
    world.machine =
        drivers_thermal_printer::Machine::new(&EPSON, drivers_thermal_printer::PriorLife::JobInFlight { job });
    world.events.clear();
    world.run(3_000);
    world.put_right();
    assert!(world.until_ready(20_000));
    assert!(world.events.contains(&PrinterEvent::Cleared { job }));
    assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed);
    assert_eq!((world.whole(&slip, false), world.whole(&slip, true)), (0, 1));
}

#[test]
fn the_end_marker_of_another_job_ends_nothing() {
    let mut world = World::new(&EPSON);
    let slip = TicketSlip::sample();
    let job = world.start(&slip);
    world.run(200);
    let mut late = vec![0x37, 0x22];
    late.extend(drivers_thermal_printer::codec::command::marker(job + 1));
    late.push(0);
    let now = world.now();
    world.machine.received(&late, now);
    world.run(50);
    let ended = world
        .events
        .iter()
        .any(|event| matches!(event, PrinterEvent::Outcome { .. }));
    assert!(!ended, "the ticket is still under the head");
    assert_eq!(world.outcome(job), JobOutcome::Printed);
}
