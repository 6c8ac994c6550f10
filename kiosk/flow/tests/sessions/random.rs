//! Random inputs through all states: what must hold whatever comes.

use kiosk_flow::{
    Card, Day, DispatcherInput, Effect, Flow, Input, JobNo, JobOutcome, PrinterInput, PrinterState, ReadFailure,
    ReaderInput, Scan,
};
use proptest::prelude::*;
use ticket_dispatcher_types::{IdemKey, Lang, TicketNo};
use ui_model::{Intent, ReadingStep, Screen, Trouble};

use crate::bench::{Bench, adult, card, catalogue, elder, group_id, service_id, ticket};

/// An input whose key or job is filled in from what the flow asked for (`true`) or is a stranger's (`false`).
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // drawn by the hundred, not stored
enum Draw {
    Plain(Input),
    Issued(bool, u16),
    Held(bool, u16),
    Refused(bool),
    Unavailable(bool),
    Job(bool, JobOutcome),
    GivenBack(bool),
    Wait(i64),
    /// The way to a request, so that the walk gets behind it often; the card stays, or not.
    Walk(Card, bool),
}

fn intents() -> impl Strategy<Value = Intent> {
    let service = |id: &str| Intent::ChooseService {
        service: service_id(id),
    };
    let group = |id: &str| Intent::ChooseGroup { group: group_id(id) };
    prop::sample::select(vec![
        Intent::Touched,
        Intent::ChooseFirst,
        Intent::ChooseFirst,
        Intent::TapFirst,
        Intent::NoCard,
        group("G1"),
        group("G1"),
        group("G5"),
        group("G9"),
        service("S101"),
        service("S101"),
        service("S501"),
        service("S999"),
        Intent::Guidance,
        Intent::OpenSearch,
        Intent::Search { text: "sb".to_string() },
        Intent::RemoveService {
            service: service_id("S101"),
        },
        Intent::AddAnother,
        Intent::SetAgent { agent: true },
        Intent::SetCases { cases: 2 },
        Intent::Confirm,
        Intent::Confirm,
        Intent::Confirm,
        Intent::AcceptPriority,
        Intent::DeclinePriority,
        Intent::SetLang { lang: Lang::En },
        Intent::SetElder { elder: true },
        Intent::SetLowReach { low_reach: true },
        Intent::ShowPrivacy,
        Intent::Reprint,
        Intent::CancelHeld,
        Intent::Back,
        Intent::Cancel,
        Intent::StillHere,
        Intent::Done,
        Intent::CallStaff,
    ])
}

fn cards() -> impl Strategy<Value = Card> {
    let mut expired = adult();
    expired.valid_to = Day::parse("20200101");
    let child = card("990101201601010018", "20160101");
    let odd = card("990101000000000000", "00000000");
    prop::sample::select(vec![adult(), adult(), elder(), expired, child, odd])
}

fn inputs() -> impl Strategy<Value = Draw> {
    let reader = prop_oneof![
        1 => Just(ReaderInput::Up),
        1 => Just(ReaderInput::Down),
        1 => Just(ReaderInput::Progress(ReadingStep::Found)),
        1 => Just(ReaderInput::Progress(ReadingStep::Reading)),
        4 => cards().prop_map(ReaderInput::Record),
        1 => Just(ReaderInput::Failed(ReadFailure::TryAgain)),
        1 => Just(ReaderInput::Failed(ReadFailure::NotReadable)),
        5 => Just(ReaderInput::Removed),
    ];
    let states = prop::sample::select(vec![
        PrinterState::Ready,
        PrinterState::Ready,
        PrinterState::PaperLow,
        PrinterState::Down(Trouble::PaperOut),
    ]);
    let outcomes = prop::sample::select(vec![
        JobOutcome::Printed,
        JobOutcome::Printed,
        JobOutcome::NotTaken,
        JobOutcome::Taken,
        JobOutcome::Unknown,
        JobOutcome::NotStarted,
    ]);
    let mut shut = catalogue();
    shut.issuing = false;
    let mut thin = catalogue();
    thin.services.truncate(1);
    let lines = prop::sample::select(vec![
        DispatcherInput::Away,
        DispatcherInput::Back,
        DispatcherInput::Back,
        DispatcherInput::Services(catalogue()),
        DispatcherInput::Services(catalogue()),
        DispatcherInput::Services(shut),
        DispatcherInput::Services(thin),
    ]);
    prop_oneof![
        30 => intents().prop_map(|i| Draw::Plain(Input::Intent(i))),
        3 => prop_oneof![
            2 => cards().prop_map(Scan::Passport),
            1 => Just(Scan::Misread),
            1 => Just(Scan::ForeignCode),
        ].prop_map(|scan| Draw::Plain(Input::Scan(scan))),
        18 => reader.prop_map(|r| Draw::Plain(Input::Reader(r))),
        8 => (any::<bool>(), 1u16..200).prop_map(|(mine, n)| Draw::Issued(mine, n)),
        3 => (any::<bool>(), 1u16..200).prop_map(|(mine, n)| Draw::Held(mine, n)),
        1 => any::<bool>().prop_map(Draw::Refused),
        1 => any::<bool>().prop_map(Draw::Unavailable),
        6 => (any::<bool>(), outcomes).prop_map(|(mine, o)| Draw::Job(mine, o)),
        1 => any::<bool>().prop_map(Draw::GivenBack),
        4 => states.prop_map(|s| Draw::Plain(Input::Printer(PrinterInput::Status(s)))),
        4 => lines.prop_map(|d| Draw::Plain(Input::Dispatcher(d))),
        6 => (1i64..40).prop_map(Draw::Wait),
        8 => (cards(), any::<bool>()).prop_map(|(card, stays)| Draw::Walk(card, stays)),
        1 => prop::sample::select(vec![Input::PowerFail, Input::PowerBack, Input::PowerBack]).prop_map(Draw::Plain),
    ]
}

/// What the flow asked for so far, and the rules that it is watched by.
struct Watch {
    bench: Bench,
    last_key: Option<IdemKey>,
    /// The request that is neither answered nor abandoned.
    open: Option<IdemKey>,
    last_job: Option<JobNo>,
    last_cancel: Option<ticket_dispatcher_types::TicketId>,
    keys: Vec<IdemKey>,
    jobs: Vec<JobNo>,
}

impl Watch {
    fn new() -> Self {
        Self {
            bench: Bench::well(),
            last_key: None,
            open: None,
            last_job: None,
            last_cancel: None,
            keys: Vec::new(),
            jobs: Vec::new(),
        }
    }

    fn play(&mut self, draw: Draw) {
        let stranger = IdemKey::from_bytes([255; 16]);
        let key = |mine: bool, last: Option<IdemKey>| if mine { last.unwrap_or(stranger) } else { stranger };
        let input = match draw {
            Draw::Wait(secs) => {
                for _ in 0..secs * 2 {
                    self.bench.now += 500;
                    self.step(Input::Tick);
                }
                return;
            }
            Draw::Walk(card, stays) => return self.walk(card, stays),
            Draw::Plain(input) => input,
            Draw::Issued(mine, n) => Input::Dispatcher(DispatcherInput::Issued {
                key: key(mine, self.last_key),
                ticket: ticket(n),
            }),
            Draw::Held(mine, n) => Input::Dispatcher(DispatcherInput::AlreadyHolds {
                key: key(mine, self.last_key),
                ticket: ticket(n),
            }),
            Draw::Refused(mine) => Input::Dispatcher(DispatcherInput::Refused {
                key: key(mine, self.last_key),
                trouble: Trouble::LastNumberGone,
            }),
            Draw::Unavailable(mine) => Input::Dispatcher(DispatcherInput::Unavailable {
                key: key(mine, self.last_key),
                trouble: Trouble::LedgerAway,
            }),
            Draw::Job(mine, outcome) => Input::Printer(PrinterInput::Job {
                job: if mine {
                    self.last_job.unwrap_or(JobNo(0))
                } else {
                    JobNo(7)
                },
                outcome,
            }),
            Draw::GivenBack(well) => {
                let id = self.last_cancel.unwrap_or(ticket(200).id);
                let said = if well {
                    DispatcherInput::GivenBack(id)
                } else {
                    DispatcherInput::GiveBackFailed(id)
                };
                Input::Dispatcher(said)
            }
        };
        let answered = match &input {
            Input::Dispatcher(
                DispatcherInput::Issued { key, .. }
                | DispatcherInput::AlreadyHolds { key, .. }
                | DispatcherInput::Refused { key, .. },
            ) => Some(*key),
            _ => None,
        };
        self.open.take_if(|open| Some(*open) == answered);
        self.step(input);
    }

    fn walk(&mut self, card: Card, stays: bool) {
        for line in [DispatcherInput::Services(catalogue()), DispatcherInput::Back] {
            self.step(Input::Dispatcher(line));
        }
        for reader in [ReaderInput::Up, ReaderInput::Removed] {
            self.step(Input::Reader(reader));
        }
        let (group, service) = (group_id("G1"), service_id("S101"));
        for intent in [
            Intent::ChooseFirst,
            Intent::ChooseGroup { group },
            Intent::ChooseService { service },
            Intent::Confirm,
        ] {
            self.step(Input::Intent(intent));
        }
        self.step(Input::Reader(ReaderInput::Record(card)));
        if !stays {
            self.step(Input::Reader(ReaderInput::Removed));
        }
    }

    fn step(&mut self, input: Input) {
        self.bench.step(input);
        let effects = self.bench.taken();
        let asks = effects
            .iter()
            .filter(|e| matches!(e, Effect::IssueTicket { .. }))
            .count();
        assert!(asks <= 1, "two requests in one step");
        for (place, effect) in effects.iter().enumerate() {
            self.check(effect, place.checked_sub(1).map(|p| &effects[p]));
        }
        let wiped = effects.contains(&Effect::Wipe);
        if wiped && asks == 0 {
            assert!(
                !personal(&self.bench.flow) || in_session(&mut self.bench),
                "a person stayed after the end"
            );
        }
        if matches!(
            self.bench.screen(),
            Screen::Attract { .. } | Screen::Ended { .. } | Screen::Ticket { .. }
        ) {
            assert!(!personal(&self.bench.flow), "a person is kept where nobody needs one");
        }
    }

    fn check(&mut self, effect: &Effect, before: Option<&Effect>) {
        match effect {
            Effect::IssueTicket { key, request } => {
                let stored = matches!(before, Some(Effect::StoreKey { key: stored, .. }) if stored == key);
                assert!(stored, "sent before it was stored");
                assert!(!self.keys.contains(key), "a key was used for two confirmations");
                assert!(!request.services.is_empty());
                assert_eq!(self.open, None, "two requests for one confirmation");
                self.open = Some(*key);
                self.keys.push(*key);
                self.last_key = Some(*key);
            }
            Effect::Print { job, slip, .. } => {
                assert!(!self.jobs.contains(job), "a job number was used twice");
                self.jobs.push(*job);
                self.last_job = Some(*job);
                if let Some(number) = number_shown(&mut self.bench) {
                    assert_eq!(number, slip.number, "screen and paper differ");
                }
            }
            Effect::Abandon(key) => {
                self.open.take_if(|open| open == key);
            }
            Effect::CancelTicket { id, .. } => self.last_cancel = Some(*id),
            _ => {}
        }
    }
}

fn personal(flow: &Flow) -> bool {
    format!("{flow:?}").contains("Personal(")
}

fn in_session(bench: &mut Bench) -> bool {
    !matches!(bench.screen(), Screen::Attract { .. })
}

fn number_shown(bench: &mut Bench) -> Option<TicketNo> {
    match bench.screen() {
        Screen::Ticket { ticket, .. } => Some(ticket.number),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn whatever_comes_the_rules_hold_and_the_session_ends(draws in prop::collection::vec(inputs(), 1..120)) {
        let mut watch = Watch::new();
        for draw in draws {
            watch.play(draw);
        }
        // Everybody goes away and takes the card along.
        watch.step(Input::PowerBack);
        watch.step(Input::Reader(ReaderInput::Removed));
        watch.play(Draw::Wait(121));
        prop_assert!(matches!(watch.bench.screen(), Screen::Attract { .. }), "{:?}", watch.bench.screen());
        prop_assert!(!personal(&watch.bench.flow));
    }
}
