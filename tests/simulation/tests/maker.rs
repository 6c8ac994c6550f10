//! Power goes before every elementary action of the maker, of the host, of both: never two cards, never an unfenced
//! card within reach, never a blank that is counted where it is not. Single cuts here; pairs in
//! `benches/maker_pairs.rs`.

use drivers_emulators::maker::Weakness;
use drivers_temp_id_maker::codec::Step;
use tests_simulation::maker::{FrameFate, HostWeakness, Plan, Played, each_cut, grounds, run};

const FATES: [FrameFate; 5] = [
    FrameFate::RequestLost,
    FrameFate::ReplyLost,
    FrameFate::Doubled,
    FrameFate::Late,
    FrameFate::Damaged,
];

/// Plays every single cut on a ground; the first break ends the test with its plan.
fn singles(ground: &Plan) -> u32 {
    let mut count = 0;
    each_cut(ground, &mut |plan, played| {
        count += 1;
        assert!(played.broken.is_empty(), "{plan:?}: {:?}", played.broken);
    });
    count
}

#[test]
fn without_a_cut_one_card_is_taken_or_drawn_in() {
    for ground in grounds() {
        let played = run(&ground);
        assert_eq!(played.broken, [""; 0], "{ground:?}");
        assert_eq!(played.hands, u32::from(!ground.never_taken), "{ground:?}");
    }
}

#[test]
fn no_single_cut_gives_a_second_card_or_loses_a_blank() {
    let mut count = 0;
    for ground in grounds() {
        for torn in [false, true] {
            count += singles(&Plan { torn, ..ground.clone() });
        }
    }
    println!("{count} plans with one cut");
    assert!(count > 1_000, "{count} plans");
}

#[test]
fn no_cut_beside_a_fault_of_the_machine_gives_a_second_card() {
    let mut count = 0;
    for fault in [
        (0x0204, Step::Print),
        (0x0303, Step::Feed),
        (0x0404, Step::Laminate),
        (0x0105, Step::Cut),
        (0x0304, Step::Feed),
        (0x0305, Step::Feed),
        (0x0306, Step::Laminate),
        (0x0406, Step::Laminate),
        (0x0503, Step::Present),
    ] {
        for ground in grounds().into_iter().filter(|ground| !ground.never_taken) {
            count += singles(&Plan {
                fault: Some(fault),
                ..ground
            });
        }
    }
    println!("{count} plans with a fault and one cut");
}

#[test]
fn no_stuck_sensor_gives_a_second_card() {
    let mut count = 0;
    for bit in [3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 22, 23] {
        for on in [false, true] {
            for lie_at in [None, Some(Step::Feed), Some(Step::Laminate), Some(Step::Present)] {
                let ground = Plan {
                    lie: Some((bit, on)),
                    lie_at,
                    pulled: true,
                    db_lost: true,
                    ..Plan::default()
                };
                let played = run(&ground);
                assert!(played.broken.is_empty(), "{ground:?}: {:?}", played.broken);
                count += 1 + singles(&ground);
            }
        }
    }
    println!("{count} plans with a stuck sensor and one cut");
    assert!(count > 2_000, "{count} plans");
}

#[test]
fn no_lost_doubled_late_or_damaged_frame_gives_a_second_card() {
    let mut count = 0;
    for fate in FATES {
        for at in 0.. {
            let plan = Plan {
                frame: Some((at, fate)),
                ..Plan::default()
            };
            let played = run(&plan);
            if !played.frame_met {
                break;
            }
            count += 1;
            assert!(played.broken.is_empty(), "{plan:?}: {:?}", played.broken);
            assert_eq!(played.hands, 1, "{plan:?}");
        }
    }
    assert!(count > 50, "{count} frames");
}

/// On the harshest ground; the bench plays all of them.
#[test]
fn no_cut_beside_a_frames_fate_gives_a_second_card() {
    let mut count = 0;
    for fate in FATES {
        for at in 0.. {
            let ground = Plan {
                frame: Some((at, fate)),
                pulled: true,
                db_lost: true,
                ..Plan::default()
            };
            if !run(&ground).frame_met {
                break;
            }
            count += singles(&ground);
        }
    }
    println!("{count} plans with a frame's fate and one cut");
    assert!(count > 2_000, "{count} plans");
}

/// Plays single cuts on all grounds until something breaks; what broke, and after how many plans.
fn first_break(
    weakness: Option<Weakness>,
    host_weakness: Option<HostWeakness>,
    lie: Option<((u32, bool), Step)>,
) -> Option<String> {
    let mut found: Option<(Plan, Played)> = None;
    for ground in grounds() {
        let ground = Plan {
            weakness,
            host_weakness,
            lie: lie.map(|(lie, _)| lie),
            lie_at: lie.map(|(_, step)| step),
            ..ground
        };
        let plain = run(&ground);
        if !plain.broken.is_empty() {
            found = Some((ground.clone(), plain));
        }
        if found.is_some() {
            break;
        }
        each_cut(&ground, &mut |plan, played| {
            if found.is_none() && !played.broken.is_empty() {
                found = Some((plan.clone(), played.clone()));
            }
        });
    }
    let (plan, played) = found?;
    println!(
        "{weakness:?} {host_weakness:?}: {} by {plan:?}",
        played.broken.join("; ")
    );
    Some(played.broken.join("; "))
}

#[test]
fn a_retract_in_one_step_is_caught_by_the_blanks() {
    let broken = first_break(Some(Weakness::OneStepRetract), None, None).expect("caught");
    assert!(broken.contains("6:"), "{broken}");
}

#[test]
fn random_ids_without_a_fence_are_caught_by_two_cards() {
    let broken = first_break(Some(Weakness::NoFence), Some(HostWeakness::RandomIds), None).expect("caught");
    assert!(broken.contains("1:") || broken.contains("4:"), "{broken}");
}

#[test]
fn a_fence_written_late_is_caught_by_a_card_within_reach() {
    let broken = first_break(Some(Weakness::LateFence), None, None).expect("caught");
    assert!(broken.contains("4:"), "{broken}");
}

#[test]
fn a_step_whose_start_is_not_written_is_caught() {
    let broken = first_break(Some(Weakness::StartUnwritten), None, None).expect("caught");
    assert!(broken.contains("2:"), "{broken}");
}

#[test]
fn a_machine_that_presses_again_by_itself_is_caught() {
    let broken = first_break(Some(Weakness::BeginsAgainAlone), None, None).expect("caught");
    assert!(broken.contains("5:"), "{broken}");
}

#[test]
fn a_machine_that_keeps_the_picture_is_caught() {
    let broken = first_break(Some(Weakness::KeepsPicture), None, None).expect("caught");
    assert!(broken.contains("8:"), "{broken}");
}

#[test]
fn a_machine_that_believes_any_sensor_is_caught_where_one_is_stuck() {
    let stuck_merge = Some(((12, true), Step::Present));
    let broken = first_break(Some(Weakness::AnySensorIsInside), None, stuck_merge).expect("caught");
    assert!(broken.contains("1:"), "{broken}");
}
