//! Temporary cards: every way in, every way out, one order a touch, and the ticketing beside it.

use kiosk_flow::{
    Catalogue, DispatcherInput, Effect, Input, JobEnd, MakerState, MakingInput, MakingOrder, Outcome, ReaderInput,
    Reason, Seek, TempCardRules,
};
use ticket_dispatcher_types::{IdemKey, Personal};
use ui_model::{Intent, MakingEnd, MakingScreen, MakingStep, Refusal, Screen, TempCard};

use crate::bench::{Bench, adult, catalogue};

pub const RULES: TempCardRules = TempCardRules {
    face: true,
    fee_fen: 1000,
};

pub fn bench(rules: TempCardRules) -> Bench {
    let mut bench = Bench::well();
    bench.dispatcher(DispatcherInput::Services(Catalogue {
        temp_card: rules,
        ..catalogue()
    }));
    say(&mut bench, MakingInput::Machine(MakerState::Ready));
    bench.effects.clear();
    bench
}

pub fn say(bench: &mut Bench, input: MakingInput) -> Outcome {
    bench.step(Input::Making(input))
}

pub fn part(bench: &mut Bench) -> MakingScreen {
    match bench.screen() {
        Screen::Making { making } => making,
        other => panic!("no making on the screen: {other:?}"),
    }
}

pub fn end(bench: &mut Bench) -> MakingEnd {
    match part(bench) {
        MakingScreen::Ended { end, .. } => end,
        other => panic!("not over: {other:?}"),
    }
}

fn orders(bench: &mut Bench) -> Vec<MakingOrder> {
    let effects = bench.taken();
    let orders = effects.into_iter().filter_map(|effect| match effect {
        Effect::Making(order) => Some(order),
        _ => None,
    });
    orders.collect()
}

/// The one order, and its key.
fn one(bench: &mut Bench) -> (MakingOrder, IdemKey) {
    let all = orders(bench);
    assert_eq!(all.len(), 1, "{all:?}");
    let ask = match &all[0] {
        MakingOrder::Find { ask, .. }
        | MakingOrder::CompareFace { ask }
        | MakingOrder::Charge { ask, .. }
        | MakingOrder::Make { ask } => *ask,
        MakingOrder::Forget => panic!("forgotten"),
    };
    (all[0].clone(), ask)
}

pub fn to_entry(bench: &mut Bench) {
    bench.touch(Intent::MakeCard);
    assert!(matches!(
        part(bench),
        MakingScreen::Notice { fee_fen: 1000, .. } | MakingScreen::Notice { .. }
    ));
    assert!(
        orders(bench).is_empty(),
        "nothing is read before the notice was agreed to"
    );
    bench.touch(Intent::MakingAgree);
}

fn scan(bench: &mut Bench) -> IdemKey {
    to_entry(bench);
    say(bench, MakingInput::Scanned(Personal::new("990100202600000001")));
    let (order, ask) = one(bench);
    assert!(matches!(
        order,
        MakingOrder::Find {
            seek: Seek::Receipt(_),
            ..
        }
    ));
    ask
}

fn to_found(bench: &mut Bench) {
    let ask = scan(bench);
    let name = Personal::new("李小明");
    say(bench, MakingInput::Found { ask, name });
    assert!(matches!(part(bench), MakingScreen::Found { name, .. } if name == "李*明"));
}

/// Up to the one order to make.
pub fn to_making(bench: &mut Bench) -> IdemKey {
    to_found(bench);
    bench.touch(Intent::MakingGo);
    bench.touch(Intent::MakingGo);
    let (order, ask) = one(bench);
    assert!(matches!(order, MakingOrder::CompareFace { .. }));
    say(bench, MakingInput::Face { ask, matched: true });
    let (order, ask) = one(bench);
    assert!(matches!(order, MakingOrder::Charge { fee_fen: 1000, .. }));
    say(bench, MakingInput::PayHere { ask, qr: "pay".into() });
    assert!(matches!(part(bench), MakingScreen::Pay { qr, .. } if qr == "pay"));
    say(bench, MakingInput::Paid { ask });
    let (order, ask) = one(bench);
    assert!(matches!(order, MakingOrder::Make { .. }));
    ask
}

pub fn working(bench: &mut Bench, step: MakingStep, attempt: u8) -> Outcome {
    let job = "3E6D-4250".to_string();
    say(
        bench,
        MakingInput::Working {
            job,
            step,
            attempt,
            left_s: 40,
        },
    )
}

pub fn ended(bench: &mut Bench, how: JobEnd) -> Outcome {
    let job = "3E6D-4250".to_string();
    say(bench, MakingInput::Ended { job, end: how })
}

#[test]
fn a_receipt_leads_through_face_and_fee_to_the_card_in_the_hand() {
    let mut bench = bench(RULES);
    to_making(&mut bench);
    working(&mut bench, MakingStep::Cut, 1);
    assert!(matches!(
        part(&mut bench),
        MakingScreen::Work {
            step: MakingStep::Cut,
            attempt: 1,
            left_s: 40
        }
    ));
    say(
        &mut bench,
        MakingInput::CardOut {
            job: "3E6D-4250".into(),
        },
    );
    assert!(matches!(part(&mut bench), MakingScreen::Take { left_s: 60 }));
    bench.wait_s(25);
    assert!(matches!(part(&mut bench), MakingScreen::Take { left_s: 35 }));
    ended(&mut bench, JobEnd::Taken);
    assert_eq!(end(&mut bench), MakingEnd::Taken);
    assert!(orders(&mut bench).is_empty());
    bench.touch(Intent::Done);
    assert!(matches!(
        bench.screen(),
        Screen::Attract {
            temp_card: TempCard::Ready,
            ..
        }
    ));
    assert!(bench.taken().contains(&Effect::Wipe));
}

#[test]
fn without_face_and_fee_one_touch_after_the_record_orders_one_card() {
    let mut bench = bench(TempCardRules::default());
    to_found(&mut bench);
    bench.touch(Intent::MakingGo);
    let (order, _) = one(&mut bench);
    assert!(matches!(order, MakingOrder::Make { .. }));
    bench.touch(Intent::MakingGo);
    assert!(orders(&mut bench).is_empty(), "a second touch orders nothing");
}

#[test]
fn a_typed_number_hides_the_birth_date_and_is_asked_for_only_when_its_check_digit_holds() {
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    bench.touch(Intent::MakingType);
    for key in "990101199003070025".chars() {
        bench.touch(Intent::MakingKey { key: key.to_string() });
    }
    match part(&mut bench) {
        MakingScreen::Number { shown, complete, wrong } => {
            assert_eq!(shown, "990101 •••••••• 0025");
            assert!(!complete && wrong);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        bench.touch(Intent::MakingGo),
        Outcome::Ignored {
            reason: Reason::NotOnThisScreen
        }
    );
    for key in ["", "", "1", "5"] {
        bench.touch(Intent::MakingKey { key: key.into() });
    }
    assert_eq!(
        bench.touch(Intent::MakingKey { key: "1".into() }),
        Outcome::Ignored {
            reason: Reason::NoSuchChoice
        },
        "a nineteenth digit"
    );
    bench.touch(Intent::MakingGo);
    let (order, _) = one(&mut bench);
    let wanted = Seek::Citizen(Personal::new("990101199003070015"));
    assert!(matches!(order, MakingOrder::Find { seek, .. } if seek == wanted));
}

#[test]
fn an_x_is_typed_last_alone() {
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    bench.touch(Intent::MakingType);
    let x = || Intent::MakingKey { key: "X".into() };
    assert_eq!(
        bench.touch(x()),
        Outcome::Ignored {
            reason: Reason::NoSuchChoice
        }
    );
    for key in "11010519491231002".chars() {
        bench.touch(Intent::MakingKey { key: key.to_string() });
    }
    assert_eq!(bench.touch(x()), Outcome::Advanced);
    assert!(matches!(part(&mut bench), MakingScreen::Number { complete: true, .. }));
}

#[test]
fn the_old_card_names_its_person_and_begins_no_number() {
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    bench.lay(adult());
    assert!(
        orders(&mut bench).is_empty(),
        "a card laid down unasked is not read for anything"
    );
    bench.reader(ReaderInput::Removed);
    bench.touch(Intent::MakingOldCard);
    bench.lay(adult());
    let (order, _) = one(&mut bench);
    assert!(matches!(order, MakingOrder::Find { seek: Seek::Citizen(no), .. } if no == adult().number));
    assert!(matches!(bench.screen(), Screen::TakeCard { .. }));
    bench.reader(ReaderInput::Removed);
    assert!(matches!(part(&mut bench), MakingScreen::Searching { .. }));
}

#[test]
fn every_refusal_ends_the_flow_with_its_code_and_nothing_is_made() {
    for refusal in Refusal::ALL {
        let mut bench = bench(RULES);
        let ask = scan(&mut bench);
        say(&mut bench, MakingInput::Refused { ask, refusal });
        assert_eq!(end(&mut bench), MakingEnd::Refused { refusal, refund: false });
        assert_eq!(orders(&mut bench), [MakingOrder::Forget]);
        bench.wait_s(21);
        assert!(matches!(bench.screen(), Screen::Attract { .. }));
    }
}

#[test]
fn the_machine_is_asked_first_and_last() {
    let mut first = bench(RULES);
    say(&mut first, MakingInput::Machine(MakerState::NotReady));
    assert!(matches!(
        first.screen(),
        Screen::Attract {
            temp_card: TempCard::Down,
            ..
        }
    ));
    first.touch(Intent::MakeCard);
    let not_ready = |refund| MakingEnd::Refused {
        refusal: Refusal::MakerNotReady,
        refund,
    };
    assert_eq!(end(&mut first), not_ready(false));
    let mut before_paying = bench(RULES);
    to_found(&mut before_paying);
    say(&mut before_paying, MakingInput::Machine(MakerState::NotReady));
    before_paying.touch(Intent::MakingGo);
    assert_eq!(end(&mut before_paying), not_ready(false));
    assert_eq!(orders(&mut before_paying), [MakingOrder::Forget], "nobody is charged");
}

#[test]
fn the_third_face_that_does_not_match_is_the_last() {
    let mut bench = bench(RULES);
    to_found(&mut bench);
    bench.touch(Intent::MakingGo);
    for tries_left in [3, 2, 1] {
        assert_eq!(
            part(&mut bench),
            MakingScreen::Face {
                tries_left,
                checking: false
            }
        );
        bench.touch(Intent::MakingGo);
        let (_, ask) = one(&mut bench);
        say(&mut bench, MakingInput::Face { ask, matched: false });
    }
    let refusal = Refusal::FaceNotMatched;
    assert_eq!(end(&mut bench), MakingEnd::Refused { refusal, refund: false });
}

#[test]
fn face_and_fee_have_a_manual_way_out() {
    let mut at_face = bench(RULES);
    to_found(&mut at_face);
    at_face.touch(Intent::MakingGo);
    at_face.touch(Intent::MakingByHand);
    assert_eq!(end(&mut at_face), MakingEnd::AtWindow);
    let mut at_fee = bench(TempCardRules { face: false, ..RULES });
    to_found(&mut at_fee);
    at_fee.touch(Intent::MakingGo);
    at_fee.taken();
    at_fee.touch(Intent::MakingByHand);
    assert_eq!(end(&mut at_fee), MakingEnd::AtWindow);
    assert_eq!(
        orders(&mut at_fee),
        [MakingOrder::Forget],
        "the order for the fee is dropped"
    );
}

#[test]
fn limits_of_the_steps_refuse_instead_of_waiting_for_ever() {
    let mut finding = bench(RULES);
    scan(&mut finding);
    finding.wait_s(10);
    let refused = |refusal| MakingEnd::Refused { refusal, refund: false };
    assert_eq!(end(&mut finding), refused(Refusal::BackEndAway));
    let mut paying = bench(TempCardRules { face: false, ..RULES });
    to_found(&mut paying);
    paying.touch(Intent::MakingGo);
    paying.wait_s(121);
    assert_eq!(end(&mut paying), refused(Refusal::NotPaid));
}

#[test]
fn an_answer_to_another_question_changes_nothing() {
    let mut bench = bench(RULES);
    let old = scan(&mut bench);
    bench.touch(Intent::Cancel);
    bench.touch(Intent::Done);
    bench.taken();
    let new = scan(&mut bench);
    assert_ne!(old, new);
    let name = Personal::new("别人");
    let late = say(&mut bench, MakingInput::Found { ask: old, name });
    assert_eq!(late, Outcome::Ignored { reason: Reason::Late });
    assert!(matches!(part(&mut bench), MakingScreen::Searching { .. }));
}

#[test]
fn somebody_takes_a_number_while_the_machine_works() {
    let mut bench = bench(RULES);
    to_making(&mut bench);
    working(&mut bench, MakingStep::Print, 1);
    bench.touch(Intent::ChooseFirst);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
    let strip = bench.model().making.expect("the making is told of above");
    assert_eq!((strip.step, strip.left_s), (MakingStep::Print, 40));
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.request();
    say(
        &mut bench,
        MakingInput::CardOut {
            job: "3E6D-4250".into(),
        },
    );
    bench.wait_s(5);
    let strip = bench.model().making.expect("the card is told of above");
    assert!(strip.out);
    assert_eq!(strip.left_s, 55, "how long it can be taken");
    bench.touch(Intent::Cancel);
    bench.wait_s(20);
    assert!(matches!(part(&mut bench), MakingScreen::Take { .. }));
}

#[test]
fn somebody_takes_a_number_while_the_card_waits_in_the_slot() {
    let out = || MakingInput::CardOut {
        job: "3E6D-4250".into(),
    };
    for by in [Intent::ChooseFirst, Intent::TapFirst] {
        let mut bench = bench(RULES);
        to_making(&mut bench);
        working(&mut bench, MakingStep::Laminate, 1);
        say(&mut bench, out());
        bench.touch(by);
        assert!(matches!(
            bench.screen(),
            Screen::Groups { .. } | Screen::PresentCard { .. }
        ));
        assert!(bench.model().making.is_some_and(|strip| strip.out));
    }
    let mut bench = bench(RULES);
    to_making(&mut bench);
    working(&mut bench, MakingStep::Laminate, 1);
    say(&mut bench, out());
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    assert!(
        matches!(bench.screen(), Screen::Groups { .. }),
        "a card laid down begins a session"
    );
    ended(&mut bench, JobEnd::Taken);
    assert!(
        matches!(bench.screen(), Screen::Groups { .. }),
        "and it goes on when the other card is taken"
    );
}

#[test]
fn a_person_who_walks_away_leaves_nothing() {
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    bench.touch(Intent::MakingType);
    bench.touch(Intent::MakingKey { key: "9".into() });
    bench.wait_s(45);
    assert!(bench.model().time_left_s.is_some());
    bench.wait_s(16);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
    let effects = bench.taken();
    assert!(effects.contains(&Effect::Wipe) && effects.contains(&Effect::Making(MakingOrder::Forget)));
}

#[test]
fn a_code_that_is_no_receipt_is_said_to_be_none() {
    let mut bench = bench(RULES);
    to_entry(&mut bench);
    say(
        &mut bench,
        MakingInput::Scanned(Personal::new("https://example.invalid/?x=1")),
    );
    assert!(matches!(
        part(&mut bench),
        MakingScreen::Entry { unknown_code: true, .. }
    ));
    assert!(orders(&mut bench).is_empty());
}

#[test]
fn a_kiosk_without_a_maker_offers_none() {
    let mut bench = Bench::well();
    assert!(matches!(
        bench.screen(),
        Screen::Attract {
            temp_card: TempCard::Absent,
            ..
        }
    ));
    assert_eq!(
        bench.touch(Intent::MakeCard),
        Outcome::Ignored {
            reason: Reason::NotOnThisScreen
        }
    );
}
