//! For any fault at any byte or dot: at most one whole unmarked ticket, and after the owner's rule exactly one usable
//! ticket, or the outcome had said that there may be another.

use drivers_emulators::printer::{Cover, Cutter, Fault, PaperFault};
use drivers_thermal_printer::profile::ALL;
use drivers_thermal_printer::{JobOutcome, TicketSlip};
use proptest::prelude::*;

use crate::world::{Strike, World};

fn strikes() -> impl Strategy<Value = Strike> {
    prop_oneof![
        Just(Strike::Fault(Fault {
            paper: Some(PaperFault::Out),
            ..Fault::default()
        })),
        (1u64..900).prop_map(|dots| Strike::Fault(Fault {
            paper_dots: Some(dots),
            ..Fault::default()
        })),
        Just(Strike::Fault(Fault {
            cover: Some(Cover::Open),
            ..Fault::default()
        })),
        Just(Strike::Fault(Fault {
            cutter: Some(Cutter::Jam),
            ..Fault::default()
        })),
        Just(Strike::Fault(Fault {
            offline: Some(true),
            ..Fault::default()
        })),
        Just(Strike::Fault(Fault {
            mute: Some(true),
            ..Fault::default()
        })),
        Just(Strike::Unplug),
        Just(Strike::PowerCycle),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_fault_prints_a_ticket_twice_or_forgets_one(
        model in 0usize..4,
        strike in strikes(),
        position in 0u32..1500,
        by_byte in any::<bool>(),
        repair_ms in 1u64..9_000,
    ) {
        let profile = ALL[model];
        let mut world = World::new(profile);
        let slip = TicketSlip::sample();
        if by_byte {
            let length = slip.render(profile, &world.fonts).bytes.len() + 40;
            let at = world.delivered + usize::try_from(position).expect("small") % length;
            world.at_byte = Some((at, strike));
        } else {
            world.at_dot = Some((position % 900, strike));
        }
        let job = world.start(&slip);
        world.run(repair_ms);
        world.put_right();
        let outcome = world.outcome(job);
        // The fault may have struck after the first repair. Whatever the printer still holds may come out now.
        world.at_byte = None;
        world.at_dot = None;
        world.put_right();
        prop_assert!(world.until_ready(120_000), "never ready again: {:?}", world.device.view());
        world.run(3_000);
        prop_assert!(world.whole(&slip, false) <= 1, "twice");
        match outcome {
            JobOutcome::Printed | JobOutcome::NotTaken => prop_assert_eq!(world.whole(&slip, false), 1, "forgotten"),
            JobOutcome::NotStarted { .. } => {
                prop_assert_eq!(world.whole(&slip, false), 0, "printed though it said not");
                world.put_right();
                prop_assert!(world.until_ready(120_000));
                prop_assert_eq!(world.print(&slip), JobOutcome::Printed);
                prop_assert_eq!(world.whole(&slip, false), 1);
            }
            JobOutcome::Unknown { .. } => {
                world.put_right();
                prop_assert!(world.until_ready(120_000));
                prop_assert_eq!(world.print(&slip.reprinted()), JobOutcome::Printed);
                world.run(3_000);
                prop_assert_eq!(world.whole(&slip, true), 1, "the reprint");
                prop_assert!(world.whole(&slip, false) <= 1);
            }
        }
    }
}
