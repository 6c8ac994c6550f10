//! A kiosk on the bench: a flow, a clock that the test moves, and what came out of it.

use kiosk_flow::{
    Appointment, Card, Catalogue, Day, DispatcherInput, Effect, Flow, Group, Input, JobNo, LocalText, Moment, Outcome,
    PrinterInput, PrinterState, ReaderInput, Service, Settings, Ticket, TicketRequest, Timeouts,
};
use ticket_dispatcher_types::{
    Cases, DocumentKind, GroupId, IdemKey, Lang, Millis, Personal, ServiceId, TicketId, TicketNo, Wait,
};
use ui_model::{Intent, Model, ReadingStep, Screen};

pub const TODAY: Day = Day {
    year: 2026,
    month: 11,
    day: 21,
};

pub fn text(zh: &str, en: &str) -> LocalText {
    LocalText {
        zh_hans: zh.to_string(),
        zh_hant: String::new(),
        en: en.to_string(),
    }
}

pub fn group_id(id: &str) -> GroupId {
    GroupId::new(id).expect("an id")
}

pub fn service_id(id: &str) -> ServiceId {
    ServiceId::new(id).expect("an id")
}

fn service(id: &str, group: &str, name: &str, initials: &str) -> Service {
    Service {
        id: service_id(id),
        group: group_id(group),
        name: text(name, id),
        keywords: vec![format!("{name}怎么办")],
        pinyin_initials: initials.to_string(),
        materials: vec![text("身份证", "ID card"), text("申请表", "form")],
        people_ahead: 7,
        wait: wait(),
        windows: vec![text("1号窗口", "Window 1")],
        available: true,
    }
}

/// Two to eleven minutes.
fn wait() -> Option<Wait> {
    Wait::from_secs(Some((130, 610)))
}

fn group(id: &str, name: &str, waiting: u32) -> Group {
    Group {
        id: group_id(id),
        name: text(name, id),
        waiting,
        wait: wait(),
    }
}

pub fn catalogue() -> Catalogue {
    Catalogue {
        hall_name: text("示例街道政务服务中心", "Sample Street Hall"),
        hall_phone: "0757-00000000".to_string(),
        issuing: true,
        hours: vec![(510, 720), (810, 1050)],
        matters_max: 2,
        agent_cases_max: 3,
        elder_age: 60,
        priority_age: 65,
        groups: vec![
            group("G1", "社保医保", 7),
            group("G5", "户政身份证", 3),
            group("G0", "导办", 0),
        ],
        services: vec![
            service("S101", "G1", "社保卡补办", "sbkbb"),
            service("S102", "G1", "医保参保", "ybcb"),
            service("S501", "G5", "补办身份证", "bbsfz"),
            service("S001", "G0", "导办咨询", "dbzx"),
        ],
        guidance: Some(service_id("S001")),
        temp_card: kiosk_flow::TempCardRules::default(),
    }
}

pub fn card(number: &str, birth: &str) -> Card {
    Card {
        document: DocumentKind::ResidentId,
        number: Personal::new(number),
        name: Personal::new("测试甲"),
        birth: Personal::new(birth),
        valid_to: None,
    }
}

pub fn adult() -> Card {
    card("990101199001010017", "19900101")
}

pub fn elder() -> Card {
    card("990101195001010014", "19500101")
}

pub struct Bench {
    pub flow: Flow,
    pub now: i64,
    pub minute_of_day: u16,
    keys: u64,
    pub effects: Vec<Effect>,
    pub outcome: Outcome,
    /// The dispatcher answers at once for whom it has appointments.
    pub answers: bool,
    pub bookings: Vec<Appointment>,
    /// The service of a number that the person missed.
    pub missed: Option<ServiceId>,
}

impl Bench {
    /// A kiosk where everything works.
    pub fn well() -> Self {
        let mut bench = Self::dark();
        bench.dispatcher(DispatcherInput::Back);
        bench.dispatcher(DispatcherInput::Services(catalogue()));
        bench.reader(ReaderInput::Up);
        bench.printer(PrinterInput::Status(PrinterState::Ready));
        bench.effects.clear();
        bench
    }

    /// A kiosk that has heard from nobody.
    pub fn dark() -> Self {
        let settings = Settings {
            kiosk_name: text("1号自助机", "Kiosk 1"),
            elsewhere: text("2号自助机，或大厅服务台", "kiosk 2 or the desk"),
            lang: Lang::ZhHans,
            elder: false,
            low_reach: false,
            timeouts: Timeouts::default(),
            first_job: JobNo(41),
        };
        Self {
            flow: Flow::new(settings, Millis(1_000)),
            now: 1_000,
            minute_of_day: 600,
            keys: 0,
            effects: Vec::new(),
            outcome: Outcome::Advanced,
            answers: true,
            bookings: Vec::new(),
            missed: None,
        }
    }

    /// The same kiosk at the same moment, to try the other way.
    pub fn fork(&self) -> Self {
        Self {
            flow: self.flow.clone(),
            effects: Vec::new(),
            bookings: self.bookings.clone(),
            missed: self.missed.clone(),
            ..*self
        }
    }

    pub fn at(&mut self) -> Moment {
        self.keys += 1;
        Moment {
            now: Millis(self.now),
            today: TODAY,
            minute_of_day: self.minute_of_day,
            fresh: IdemKey::from_bytes(u128::from(self.keys).to_be_bytes()),
        }
    }

    pub fn step(&mut self, input: Input) -> Outcome {
        let at = self.at();
        let step = self.flow.step(&at, input);
        let outcome = step.outcome;
        self.outcome = outcome;
        for effect in step.effects {
            match effect {
                Effect::FindBookings { ask, .. } if self.answers => {
                    let (found, missed) = (self.bookings.clone(), self.missed.clone());
                    self.step(Input::Dispatcher(DispatcherInput::Bookings { ask, found, missed }));
                    self.outcome = outcome;
                }
                other => self.effects.push(other),
            }
        }
        outcome
    }

    pub fn touch(&mut self, intent: Intent) -> Outcome {
        self.step(Input::Intent(intent))
    }

    pub fn reader(&mut self, input: ReaderInput) -> Outcome {
        self.step(Input::Reader(input))
    }

    pub fn dispatcher(&mut self, input: DispatcherInput) -> Outcome {
        self.step(Input::Dispatcher(input))
    }

    pub fn printer(&mut self, input: PrinterInput) -> Outcome {
        self.step(Input::Printer(input))
    }

    /// Nobody touches anything for a while.
    pub fn wait_s(&mut self, secs: i64) {
        for _ in 0..secs * 2 {
            self.now += 500;
            self.step(Input::Tick);
        }
    }

    pub fn model(&mut self) -> Model {
        let at = self.at();
        self.flow.model(&at)
    }

    pub fn screen(&mut self) -> Screen {
        self.model().screen
    }

    pub fn taken(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Lays a card down and lets it be read; it stays there.
    pub fn lay(&mut self, card: Card) {
        self.reader(ReaderInput::Progress(ReadingStep::Found));
        self.reader(ReaderInput::Progress(ReadingStep::Reading));
        self.reader(ReaderInput::Record(card));
    }

    pub fn choose(&mut self, group: &str, service: &str) {
        self.touch(Intent::ChooseGroup { group: group_id(group) });
        self.touch(Intent::ChooseService {
            service: service_id(service),
        });
    }

    /// The one request that was sent, and its key; checks that the key was stored right before it.
    pub fn request(&mut self) -> (IdemKey, TicketRequest) {
        let effects = self.taken();
        let place = effects.iter().position(|e| matches!(e, Effect::IssueTicket { .. }));
        let place = place.unwrap_or_else(|| panic!("no request was sent: {effects:?}"));
        let Effect::IssueTicket { key, request } = effects[place].clone() else {
            unreachable!()
        };
        let what = request.without_person();
        let stored = Effect::StoreKey { key, what };
        assert_eq!(effects[place - 1], stored, "the key is stored before the first send");
        (key, request)
    }

    /// The one slip that was sent.
    pub fn print(&mut self) -> (JobNo, kiosk_flow::Slip, bool) {
        let effects = self.taken();
        let mut prints = effects.into_iter().filter_map(|e| match e {
            Effect::Print { job, slip, reprint } => Some((job, slip, reprint)),
            _ => None,
        });
        let first = prints.next().expect("a slip was sent");
        assert!(prints.next().is_none(), "only one slip was sent");
        first
    }
}

pub fn ticket(count: u16) -> Ticket {
    Ticket {
        id: TicketId::from_bytes([u8::try_from(count).expect("small"); 16]),
        number: TicketNo::new('A', u32::from(count)).expect("a number"),
        check_code: "0042".to_string(),
        services: vec![service_id("S101")],
        people_ahead: 7,
        wait: wait(),
        windows: (1..=6)
            .map(|n| text(&format!("{n}号窗口"), &format!("Window {n}")))
            .collect(),
        lookup_url: "https://hall.example/q?t=0123456789ABCDEF".to_string(),
        taken_at: "2026-11-21 10:00".to_string(),
        called_to: None,
        masked_name: Some("测*甲".to_string()),
        cases: Cases::ONE,
        appointment: None,
        returned: false,
        offline: false,
    }
}
