//! The ways to a number.

use kiosk_flow::{
    DispatcherInput, Effect, JobOutcome, Outcome, Phrase, PrinterInput, ReaderInput, Reason, StaffReason,
};
use ticket_dispatcher_types::{Class, Lang};
use ui_model::{CardTrouble, Intent, PaperState, PriorityKind, ReadingStep, Screen, TakeCardUrgency, Trouble, Wait};

use crate::bench::{Bench, adult, card, elder, group_id, service_id, ticket};

#[test]
fn choose_first_leads_to_the_number_that_is_printed() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    let Screen::Groups { groups, guidance, .. } = bench.screen() else {
        panic!("the catalogue")
    };
    let shown: Vec<&str> = groups.iter().map(|g| g.id.as_str()).collect();
    assert_eq!(shown, ["G1", "G5"], "the guidance desk has its own button");
    assert!(guidance);
    let wait = Wait {
        from_min: 2,
        to_min: 11,
    };
    assert_eq!(groups[0].wait, Some(wait), "rounded outwards");
    bench.choose("G1", "S101");
    let Screen::Confirm {
        matters,
        people_ahead,
        paper,
        card_read,
        materials_url,
        ..
    } = bench.screen()
    else {
        panic!("confirm first")
    };
    assert_eq!(matters[0].materials, ["身份证", "申请表"]);
    assert_eq!((people_ahead, paper, card_read), (7, true, false));
    assert_eq!(materials_url, "社保卡补办\n- 身份证\n- 申请表\n");
    bench.touch(Intent::Confirm);
    assert!(matches!(bench.screen(), Screen::PresentCard { .. }));
    bench.taken();

    bench.lay(adult());
    let (key, request) = bench.request();
    assert_eq!(request.services, [service_id("S101")]);
    assert_eq!(request.holder, adult());
    assert_eq!(request.class, Class::Normal);
    let gentle = TakeCardUrgency::Gentle;
    assert_eq!(bench.screen(), Screen::TakeCard { urgency: gentle });
    bench.dispatcher(DispatcherInput::Issued {
        key,
        ticket: ticket(12),
    });
    assert_eq!(bench.screen(), Screen::TakeCard { urgency: gentle });
    let printed = |e: &Effect| matches!(e, Effect::Print { .. });
    assert!(
        !bench.effects.iter().any(printed),
        "nothing is printed while the card lies there"
    );

    bench.reader(ReaderInput::Removed);
    let (job, slip, reprint) = bench.print();
    assert!(!reprint);
    let Screen::Ticket {
        ticket: shown, paper, ..
    } = bench.screen()
    else {
        panic!("the number")
    };
    assert_eq!(slip.number, shown.number);
    assert_eq!(slip.lookup_url, shown.lookup_url);
    assert_eq!(slip.group_name, "社保医保");
    assert_eq!(shown.windows, ["1-6号窗口"]);
    assert_eq!(paper, PaperState::Printing);
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    assert!(matches!(
        bench.screen(),
        Screen::Ticket {
            paper: PaperState::Printed,
            ..
        }
    ));
    bench.touch(Intent::Done);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
    assert!(bench.taken().contains(&Effect::Wipe));
}

#[test]
fn tap_first_greets_with_a_masked_name_and_asks_only_after_confirming() {
    let mut bench = Bench::well();
    bench.lay(adult());
    assert!(matches!(bench.screen(), Screen::TakeCard { .. }));
    assert_eq!(
        bench.touch(Intent::ChooseFirst),
        Outcome::Ignored {
            reason: Reason::CardLies
        }
    );
    bench.reader(ReaderInput::Removed);
    let Screen::Groups { greeting, .. } = bench.screen() else {
        panic!("the catalogue")
    };
    assert_eq!(greeting.as_deref(), Some("测*甲"));
    bench.choose("G5", "S501");
    assert!(matches!(bench.screen(), Screen::Confirm { card_read: true, .. }));
    bench.taken();
    bench.touch(Intent::Confirm);
    let (key, _) = bench.request();
    assert!(matches!(bench.screen(), Screen::Issuing { .. }));
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(3) });
    bench.print();
    assert!(matches!(bench.screen(), Screen::Ticket { .. }));
}

#[test]
fn an_elder_gets_large_type_and_is_offered_priority_after_taking_the_card() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.taken();
    bench.lay(elder());
    assert!(matches!(bench.screen(), Screen::TakeCard { .. }));
    assert!(bench.model().elder);
    bench.reader(ReaderInput::Removed);
    let kind = PriorityKind::Elder;
    assert_eq!(bench.screen(), Screen::PriorityOffer { kind });
    let sent = |e: &Effect| matches!(e, Effect::IssueTicket { .. });
    assert!(!bench.effects.iter().any(sent), "asked before the number is");
    let mut other = bench.fork();

    bench.touch(Intent::AcceptPriority);
    assert_eq!(bench.request().1.class, Class::Elderly);
    other.touch(Intent::DeclinePriority);
    assert_eq!(other.request().1.class, Class::Normal, "it may be declined");
}

#[test]
fn from_sixty_on_large_type_without_the_offer() {
    let mut bench = Bench::well();
    bench.lay(card("990101196401010013", "19640101"));
    bench.reader(ReaderInput::Removed);
    assert!(bench.model().elder);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
    bench.touch(Intent::SetElder { elder: false });
    assert!(!bench.model().elder, "and may be switched off");
}

#[test]
fn priority_by_button_calls_staff_and_claims_nothing() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.taken();
    bench.touch(Intent::AcceptPriority);
    assert!(bench.effects.contains(&Effect::CallStaff(StaffReason::Priority)));
    assert!(bench.model().staff_called);
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    assert_eq!(bench.request().1.class, Class::Normal, "staff decide, not the machine");
}

#[test]
fn a_child_is_sent_for_its_adult_and_the_adult_goes_on() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    bench.lay(card("990101201601010018", "20160101"));
    let child = |card_present| Screen::CardProblem {
        trouble: CardTrouble::Child,
        card_present,
    };
    assert_eq!(bench.screen(), child(true));
    bench.reader(ReaderInput::Removed);
    assert_eq!(bench.screen(), child(false));
    bench.taken();
    bench.lay(adult());
    assert_eq!(bench.request().1.holder, adult());
}

#[test]
fn an_expired_card_goes_to_the_desk() {
    let mut bench = Bench::well();
    let mut old = adult();
    old.valid_to = kiosk_flow::Day::parse("20261120");
    bench.lay(old.clone());
    let trouble = CardTrouble::Expired;
    assert!(matches!(bench.screen(), Screen::CardProblem { trouble: t, .. } if t == trouble));
    bench.reader(ReaderInput::Removed);
    bench.touch(Intent::Cancel);
    bench.wait_s(3);
    old.valid_to = kiosk_flow::Day::parse("20261121");
    bench.lay(old);
    bench.reader(ReaderInput::Removed);
    assert!(
        matches!(bench.screen(), Screen::Groups { .. }),
        "the last day still counts"
    );
}

#[test]
fn the_same_person_again_is_shown_the_open_ticket() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::AlreadyHolds { key, ticket: ticket(7) });
    let Screen::AlreadyHolds { held } = bench.screen() else {
        panic!("the open ticket")
    };
    assert_eq!(held.ticket.number, ticket(7).number);
    assert_eq!((held.taken_at.as_str(), held.can_reprint), ("10:00", true));
    let mut other = bench.fork();

    bench.taken();
    bench.touch(Intent::Reprint);
    let (_, slip, reprint) = bench.print();
    assert!(reprint, "marked 补打");
    assert_eq!(slip.number, ticket(7).number);
    assert_eq!(
        slip.masked_name.as_deref(),
        Some("测*甲"),
        "the name stays masked on paper"
    );

    other.touch(Intent::CancelHeld);
    assert!(other.taken().contains(&Effect::CancelTicket {
        id: ticket(7).id,
        number: ticket(7).number,
    }));
    other.dispatcher(DispatcherInput::GivenBack(ticket(7).id));
    assert_eq!(other.screen(), Screen::Ended { cancelled_ticket: true });
    other.wait_s(2);
    assert!(matches!(other.screen(), Screen::Attract { .. }));
}

#[test]
fn a_list_holds_as_many_matters_as_the_hall_allows() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.touch(Intent::AddAnother);
    bench.choose("G5", "S501");
    let Screen::Confirm { matters, can_add, .. } = bench.screen() else {
        panic!("confirm")
    };
    assert_eq!((matters.len(), can_add), (2, false));
    assert_eq!(
        bench.touch(Intent::AddAnother),
        Outcome::Ignored {
            reason: Reason::ListFull
        }
    );
    let service = service_id("S101");
    bench.touch(Intent::RemoveService { service });
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    assert_eq!(bench.request().1.services, [service_id("S501")]);
}

#[test]
fn agents_state_their_cases_within_the_halls_limit() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    let no_choice = Outcome::Ignored {
        reason: Reason::NoSuchChoice,
    };
    assert_eq!(
        bench.touch(Intent::SetCases { cases: 2 }),
        no_choice,
        "only agents have cases"
    );
    bench.touch(Intent::SetAgent { agent: true });
    bench.touch(Intent::SetCases { cases: 3 });
    assert_eq!(bench.touch(Intent::SetCases { cases: 4 }), no_choice);
    assert_eq!(bench.touch(Intent::SetCases { cases: 0 }), no_choice);
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    assert_eq!(bench.request().1.cases.get(), 3);
}

#[test]
fn who_does_not_know_gets_a_guidance_number() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.touch(Intent::Guidance);
    assert!(matches!(bench.screen(), Screen::Confirm { can_add: false, .. }));
    bench.touch(Intent::Confirm);
    bench.lay(adult());
    assert_eq!(bench.request().1.services, [service_id("S001")]);
}

#[test]
fn search_finds_by_initials_from_the_start_first() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.touch(Intent::OpenSearch);
    let found = |bench: &mut Bench, text: &str| -> Vec<String> {
        let text = text.to_string();
        bench.touch(Intent::Search { text });
        let Screen::Search { results, .. } = bench.screen() else {
            panic!("search")
        };
        results.iter().map(|r| r.id.to_string()).collect()
    };
    assert_eq!(found(&mut bench, "bb"), ["S501", "S101"]);
    assert_eq!(found(&mut bench, "sbk"), ["S101"]);
    assert_eq!(found(&mut bench, "zzz"), Vec::<String>::new());
    let text = "SELECT *".to_string();
    assert_eq!(
        bench.touch(Intent::Search { text }),
        Outcome::Ignored {
            reason: Reason::NoSuchChoice
        }
    );
    found(&mut bench, "sbk");
    let service = service_id("S101");
    bench.touch(Intent::ChooseService { service });
    assert!(matches!(bench.screen(), Screen::Confirm { .. }));
    bench.touch(Intent::Back);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
}

#[test]
fn language_and_reach_change_anywhere_and_go_with_the_session() {
    let mut bench = Bench::well();
    bench.touch(Intent::SetLang { lang: Lang::En });
    bench.touch(Intent::SetLowReach { low_reach: true });
    bench.touch(Intent::ChooseFirst);
    let group = group_id("G1");
    bench.touch(Intent::ChooseGroup { group });
    let model = bench.model();
    assert_eq!((model.lang, model.low_reach), (Lang::En, true));
    assert!(matches!(model.screen, Screen::Services { group_name, .. } if group_name == "G1"));
    bench.touch(Intent::Cancel);
    bench.wait_s(3);
    let model = bench.model();
    assert_eq!((model.lang, model.low_reach), (Lang::ZhHans, false));
}

#[test]
fn a_person_who_walks_away_is_warned_and_then_forgotten() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.taken();
    bench.wait_s(39);
    assert_eq!(bench.model().time_left_s, None);
    bench.wait_s(1);
    assert_eq!(bench.model().time_left_s, Some(20));
    assert!(bench.taken().contains(&Effect::Speak(Phrase::StillThere)));
    bench.touch(Intent::StillHere);
    assert_eq!(bench.model().time_left_s, None);
    bench.wait_s(60);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
    assert!(bench.taken().contains(&Effect::Wipe));
    assert!(
        !format!("{:?}", bench.flow).contains("Personal"),
        "nothing of the person is left"
    );
}

#[test]
fn elders_have_twice_the_time() {
    let mut bench = Bench::well();
    bench.touch(Intent::SetElder { elder: true });
    bench.touch(Intent::ChooseFirst);
    bench.wait_s(119);
    assert!(matches!(bench.screen(), Screen::Groups { .. }));
    bench.wait_s(1);
    assert!(matches!(bench.screen(), Screen::Attract { .. }));
}

#[test]
fn a_card_tapped_while_choosing_is_taken_and_the_place_kept() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    let group = group_id("G1");
    bench.touch(Intent::ChooseGroup { group });
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    assert!(matches!(bench.screen(), Screen::Services { .. }));
    bench.reader(ReaderInput::Progress(ReadingStep::Found));
    assert_eq!(
        bench.outcome,
        Outcome::Ignored {
            reason: Reason::CardNotNeeded
        }
    );
}

#[test]
fn the_next_persons_card_ends_a_finished_session() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    let (key, _) = bench.request();
    bench.dispatcher(DispatcherInput::Issued { key, ticket: ticket(1) });
    let (job, ..) = bench.print();
    bench.reader(ReaderInput::Progress(ReadingStep::Found));
    assert_eq!(
        bench.outcome,
        Outcome::Ignored {
            reason: Reason::CardNotNeeded
        },
        "the slip is coming out"
    );
    bench.reader(ReaderInput::Removed);
    let outcome = JobOutcome::Printed;
    bench.printer(PrinterInput::Job { job, outcome });
    bench.taken();
    bench.lay(elder());
    assert!(bench.taken().contains(&Effect::Wipe));
    bench.reader(ReaderInput::Removed);
    assert!(matches!(bench.screen(), Screen::PriorityOffer { .. }));
}

#[test]
fn a_wait_past_closing_is_said_before_the_number() {
    let mut bench = Bench::well();
    bench.touch(Intent::ChooseFirst);
    bench.choose("G1", "S101");
    bench.minute_of_day = 1039;
    assert!(
        matches!(
            bench.screen(),
            Screen::Confirm {
                past_closing: false,
                ..
            }
        ),
        "11 minutes left, 10.2 to wait"
    );
    bench.minute_of_day = 1040;
    assert!(matches!(bench.screen(), Screen::Confirm { past_closing: true, .. }));
}

#[test]
fn when_the_last_number_is_gone_the_screen_says_so() {
    let mut bench = Bench::well();
    bench.lay(adult());
    bench.reader(ReaderInput::Removed);
    bench.choose("G1", "S101");
    bench.touch(Intent::Confirm);
    let (key, _) = bench.request();
    let trouble = Trouble::LastNumberGone;
    bench.dispatcher(DispatcherInput::Refused { key, trouble });
    let elsewhere = "2号自助机，或大厅服务台".to_string();
    assert_eq!(bench.screen(), Screen::Failed { trouble, elsewhere });
}
