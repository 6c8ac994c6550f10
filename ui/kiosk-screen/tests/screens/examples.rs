//! A made-up hall and made-up people: one model for everything a screen can say, in each language.

use ticket_dispatcher_types::{Cases, GroupId, Lang, ServiceId, TicketNo};
use ui_model::{
    CardTrouble, CatalogueGroup, CatalogueService, ChosenMatter, Function, FunctionState, HeldTicketView, Model,
    NowServing, PaperState, PriorityKind, Punctual, ReadingStep, Screen, StripCall, TakeCardUrgency, TempCard,
    TicketShown, Trouble, Wait,
};

/// A model to show under a name; none is the kiosk being away.
pub struct Example {
    pub name: &'static str,
    pub model: Option<Model>,
}

fn pick(lang: Lang, hans: &str, hant: &str, en: &str) -> String {
    match lang {
        Lang::ZhHans => hans,
        Lang::ZhHant => hant,
        Lang::En => en,
    }
    .to_owned()
}

/// A model with this screen, the rest as on an ordinary afternoon.
pub fn model(lang: Lang, screen: Screen) -> Model {
    let windows = [("A012", 3), ("E007", 11), ("B031", 5), ("D104", 8)];
    let call = |(number, window): (&str, u8)| StripCall {
        number: number.parse::<TicketNo>().expect("a number"),
        window: pick(
            lang,
            &format!("{window}号窗口"),
            &format!("{window}號窗口"),
            &format!("Window {window}"),
        ),
    };
    Model {
        revision: 1,
        lang,
        elder: false,
        low_reach: false,
        hall_name: pick(
            lang,
            "云岭区青禾街道政务服务中心",
            "雲嶺區青禾街道政務服務中心",
            "Qinghe Subdistrict Government Service Centre",
        ),
        kiosk_name: pick(lang, "1号自助机", "1號自助機", "Kiosk 1"),
        hall_phone: "0990-8000 0000".into(),
        clock: "14:05".into(),
        screen,
        strip: NowServing {
            calls: windows.map(call).to_vec(),
            stale_s: None,
        },
        time_left_s: None,
        staff_called: false,
        offline: false,
        making: None,
    }
}

pub fn elsewhere(lang: Lang) -> String {
    pick(
        lang,
        "2号自助机，或大厅服务台",
        "2號自助機，或大廳服務台",
        "Kiosk 2, or the service desk",
    )
}

pub fn attract(lang: Lang, down: &[(Function, Trouble)], closed: bool) -> Screen {
    Screen::Attract {
        down: down
            .iter()
            .map(|&(function, trouble)| FunctionState { function, trouble })
            .collect(),
        elsewhere: elsewhere(lang),
        closed,
        opening_hours: "08:30–17:30".into(),
        temp_card: TempCard::Absent,
    }
}

fn wait(from_min: u16, to_min: u16) -> Wait {
    Wait { from_min, to_min }
}

fn groups(lang: Lang, greeting: Option<&str>, chosen: u8) -> Screen {
    let rows = [
        (
            "G1",
            "社保医保",
            "社保醫保",
            "Social security and health insurance",
            12,
            Some(wait(15, 25)),
            true,
        ),
        (
            "G2",
            "民政卫健残联",
            "民政衛健殘聯",
            "Civil affairs, health, disability",
            3,
            Some(wait(5, 10)),
            true,
        ),
        (
            "G3",
            "住建城管",
            "住建城管",
            "Housing and city management",
            0,
            Some(wait(0, 1)),
            true,
        ),
        (
            "G4",
            "市场准入",
            "市場准入",
            "Business registration",
            0,
            Some(wait(45, 55)),
            true,
        ),
        (
            "G5",
            "户政身份证",
            "戶政身份證",
            "Household register, ID cards",
            104,
            Some(wait(90, 130)),
            false,
        ),
        (
            "G6",
            "出入境交管",
            "出入境交管",
            "Exit and entry, traffic police",
            7,
            None,
            true,
        ),
    ];
    let row = |(id, hans, hant, en, waiting, wait, available): (_, _, _, _, u32, Option<Wait>, bool)| CatalogueGroup {
        id: GroupId::new(id).expect("an id"),
        name: pick(lang, hans, hant, en),
        waiting,
        wait,
        available,
    };
    Screen::Groups {
        groups: rows.map(row).to_vec(),
        greeting: greeting.map(str::to_owned),
        chosen,
        guidance: true,
    }
}

const SERVICES: [(&str, &str, &str, &str); 10] = [
    ("S101", "社保参保登记", "社保參保登記", "Social insurance enrolment"),
    (
        "S102",
        "社保卡申领和补换",
        "社保卡申領和補換",
        "Social security card: first issue, replacement",
    ),
    (
        "S103",
        "城乡居民基本养老保险",
        "城鄉居民基本養老保險",
        "Basic pension for urban and rural residents",
    ),
    (
        "S104",
        "灵活就业人员参保",
        "靈活就業人員參保",
        "Insurance for the self-employed",
    ),
    ("S105", "工伤认定申请", "工傷認定申請", "Work injury recognition"),
    ("S106", "失业保险金申领", "失業保險金申領", "Unemployment benefit"),
    (
        "S107",
        "基本医疗保险关系转移接续",
        "基本醫療保險關係轉移接續",
        "Transfer of basic medical insurance",
    ),
    (
        "S108",
        "异地就医备案",
        "異地就醫備案",
        "Registration for treatment elsewhere",
    ),
    ("S109", "生育津贴申领", "生育津貼申領", "Maternity allowance"),
    ("S110", "退休申请", "退休申請", "Retirement"),
];

fn service_rows(lang: Lang) -> Vec<CatalogueService> {
    let row = |(id, hans, hant, en): (&str, &str, &str, &str)| CatalogueService {
        id: ServiceId::new(id).expect("an id"),
        name: pick(lang, hans, hant, en),
        group_name: pick(lang, "社保医保", "社保醫保", "Social security and health insurance"),
        available: id != "S105",
    };
    SERVICES.map(row).to_vec()
}

fn matter(lang: Lang, index: usize, materials: &[(&str, &str, &str)]) -> ChosenMatter {
    let (id, hans, hant, en) = SERVICES[index];
    ChosenMatter {
        id: ServiceId::new(id).expect("an id"),
        name: pick(lang, hans, hant, en),
        materials: materials
            .iter()
            .map(|(hans, hant, en)| pick(lang, hans, hant, en))
            .collect(),
    }
}

const PAPERS: [(&str, &str, &str); 7] = [
    ("身份证原件", "身份證原件", "ID card (original)"),
    ("近期一寸白底证件照", "近期一寸白底證件照", "Recent photo, white ground"),
    ("申请表（窗口可领）", "申請表（窗口可領）", "Form (from the window)"),
    (
        "户口簿原件和复印件",
        "戶口簿原件和複印件",
        "Household register and a copy",
    ),
    ("银行卡复印件", "銀行卡複印件", "Copy of a bank card"),
    ("单位出具的证明", "單位出具的證明", "Letter from the employer"),
    ("委托书和双方证件", "委託書和雙方證件", "Mandate and both ID cards"),
];

fn confirm(lang: Lang, full: bool) -> Screen {
    let matters = if full {
        vec![
            matter(lang, 1, &PAPERS[..4]),
            matter(lang, 6, &PAPERS[1..5]),
            matter(lang, 9, &PAPERS[3..]),
        ]
    } else {
        vec![matter(lang, 1, &PAPERS[..3])]
    };
    Screen::Confirm {
        matters,
        in_order: full,
        can_add: true,
        people_ahead: if full { 104 } else { 12 },
        wait: Some(if full { wait(90, 130) } else { wait(15, 25) }),
        materials_url: "https://hall.example/m/S102+S107".into(),
        agent: full,
        cases: Cases::new(if full { 3 } else { 1 }).expect("few"),
        cases_max: 3,
        past_closing: full,
        card_read: full,
        priority: full,
        paper: true,
    }
}

/// A number in the hand.
pub fn ticket(lang: Lang) -> TicketShown {
    TicketShown {
        number: "A013".parse().expect("a number"),
        check_code: "4821".into(),
        services: vec![pick(lang, SERVICES[1].1, SERVICES[1].2, SERVICES[1].3)],
        people_ahead: 12,
        wait: Some(wait(15, 25)),
        windows: vec![
            pick(lang, "1–9号窗口", "1–9號窗口", "Windows 1–9"),
            pick(lang, "11号窗口", "11號窗口", "Window 11"),
        ],
        lookup_url: "https://hall.example/q?t=k3v9x2m7q4w8".into(),
        in_order: false,
        appointment: None,
        returned: false,
        offline: false,
    }
}

/// A missed number that is back.
fn returned(lang: Lang) -> Screen {
    let ticket = TicketShown {
        people_ahead: 2,
        wait: Some(wait(5, 10)),
        returned: true,
        ..ticket(lang)
    };
    Screen::Ticket {
        ticket,
        paper: PaperState::Printed,
        reprint: false,
    }
}

/// Two matters that need different windows.
fn in_order(lang: Lang) -> Screen {
    let name = |n: usize| pick(lang, SERVICES[n].1, SERVICES[n].2, SERVICES[n].3);
    let ticket = TicketShown {
        services: vec![name(1), name(6)],
        in_order: true,
        ..ticket(lang)
    };
    Screen::Ticket {
        ticket,
        paper: PaperState::Printed,
        reprint: false,
    }
}

fn held(lang: Lang, called: bool) -> Screen {
    Screen::AlreadyHolds {
        held: HeldTicketView {
            ticket: ticket(lang),
            called_to: called.then(|| pick(lang, "3号窗口", "3號窗口", "Window 3")),
            taken_at: "09:41".into(),
            can_reprint: true,
        },
    }
}

fn shown(lang: Lang, paper: PaperState) -> Screen {
    Screen::Ticket {
        ticket: ticket(lang),
        paper,
        reprint: false,
    }
}

fn check_in(lang: Lang, punctual: Punctual) -> Screen {
    Screen::CheckIn {
        service: pick(lang, SERVICES[1].1, SERVICES[1].2, SERVICES[1].3),
        slot: "10:00–10:30".into(),
        punctual,
    }
}

fn kept(lang: Lang) -> Screen {
    let ticket = TicketShown {
        appointment: Some("10:00–10:30".into()),
        people_ahead: 2,
        wait: Some(wait(5, 10)),
        ..ticket(lang)
    };
    Screen::Ticket {
        ticket,
        paper: PaperState::Printed,
        reprint: false,
    }
}

fn next_one(lang: Lang) -> Screen {
    let ticket = TicketShown {
        people_ahead: 0,
        wait: Some(wait(0, 1)),
        ..ticket(lang)
    };
    Screen::Ticket {
        ticket,
        paper: PaperState::Printed,
        reprint: true,
    }
}

/// Nobody in the same line, and yet not at once.
fn alone(lang: Lang, wait: Option<Wait>) -> Screen {
    let ticket = TicketShown {
        people_ahead: 0,
        wait,
        ..ticket(lang)
    };
    Screen::Ticket {
        ticket,
        paper: PaperState::Printed,
        reprint: false,
    }
}

fn failed(lang: Lang, trouble: Trouble) -> Screen {
    Screen::Failed {
        trouble,
        elsewhere: elsewhere(lang),
    }
}

fn problem(trouble: CardTrouble, card_present: bool) -> Screen {
    Screen::CardProblem { trouble, card_present }
}

/// Everything a screen can say.
pub fn all(lang: Lang) -> Vec<Example> {
    let services = service_rows(lang);
    let names = vec![pick(lang, SERVICES[1].1, SERVICES[1].2, SERVICES[1].3)];
    let group_name = pick(lang, "社保医保", "社保醫保", "Social security and health insurance");
    let found = services.iter().take(8).cloned().collect();
    let plain = vec![
        ("attract", attract(lang, &[], false)),
        (
            "attract-reader-away",
            attract(lang, &[(Function::ReadCard, Trouble::ReaderAway)], false),
        ),
        (
            "attract-no-paper",
            attract(lang, &[(Function::Print, Trouble::PaperOut)], false),
        ),
        (
            "attract-dispatcher-away",
            attract(lang, &[(Function::TakeNumber, Trouble::DispatcherAway)], false),
        ),
        (
            "attract-closed",
            attract(lang, &[(Function::TakeNumber, Trouble::OutsideHours)], true),
        ),
        ("groups", groups(lang, None, 0)),
        ("groups-greeting", groups(lang, Some("张*"), 1)),
        (
            "services",
            Screen::Services {
                group_name,
                waiting: 12,
                wait: Some(wait(15, 25)),
                services,
            },
        ),
        (
            "search-empty",
            Screen::Search {
                text: String::new(),
                results: vec![],
            },
        ),
        (
            "search",
            Screen::Search {
                text: "sb".into(),
                results: found,
            },
        ),
        (
            "search-nothing",
            Screen::Search {
                text: "qqxz".into(),
                results: vec![],
            },
        ),
        ("confirm", confirm(lang, false)),
        ("confirm-full", confirm(lang, true)),
        (
            "present-card",
            Screen::PresentCard {
                matters: vec![],
                priority: false,
            },
        ),
        (
            "present-card-chosen",
            Screen::PresentCard {
                matters: names,
                priority: true,
            },
        ),
        (
            "reading",
            Screen::Reading {
                step: ReadingStep::Reading,
            },
        ),
        ("card-again", problem(CardTrouble::TryAgain, true)),
        ("card-not-readable", problem(CardTrouble::NotReadable, false)),
        ("card-expired", problem(CardTrouble::Expired, true)),
        ("card-child", problem(CardTrouble::Child, false)),
        (
            "take-card",
            Screen::TakeCard {
                urgency: TakeCardUrgency::Gentle,
            },
        ),
        (
            "take-card-loud",
            Screen::TakeCard {
                urgency: TakeCardUrgency::Loud,
            },
        ),
        (
            "priority-offer",
            Screen::PriorityOffer {
                kind: PriorityKind::Elder,
            },
        ),
        ("check-in", check_in(lang, Punctual::InTime)),
        ("check-in-early", check_in(lang, Punctual::Early)),
        ("check-in-late", check_in(lang, Punctual::Late)),
        ("issuing", Screen::Issuing { waited_s: 0 }),
        ("issuing-slow", Screen::Issuing { waited_s: 6 }),
        ("already-holds", held(lang, false)),
        ("already-holds-called", held(lang, true)),
        ("ticket-printing", shown(lang, PaperState::Printing)),
        ("ticket-printed", shown(lang, PaperState::Printed)),
        ("ticket-not-taken", shown(lang, PaperState::NotTaken)),
        ("ticket-interrupted", shown(lang, PaperState::Interrupted)),
        ("ticket-no-paper", shown(lang, PaperState::None)),
        ("ticket-queued", shown(lang, PaperState::Queued)),
        ("ticket-returned", returned(lang)),
        ("ticket-in-order", in_order(lang)),
        ("ticket-windows-busy", alone(lang, Some(wait(45, 55)))),
        ("ticket-no-window", alone(lang, None)),
        ("ticket-next", next_one(lang)),
        ("ticket-appointment", kept(lang)),
        ("failed", failed(lang, Trouble::LedgerAway)),
        ("failed-appointment", failed(lang, Trouble::AppointmentGone)),
        ("failed-refused", failed(lang, Trouble::NotGivenHere)),
        ("failed-not-registered", failed(lang, Trouble::NotRegistered)),
        ("failed-give-back", failed(lang, Trouble::NotGivenBack)),
        (
            "no-card",
            Screen::NoCard {
                elsewhere: elsewhere(lang),
            },
        ),
        ("privacy", Screen::Privacy),
        (
            "ended",
            Screen::Ended {
                cancelled_ticket: false,
            },
        ),
        ("ended-given-back", Screen::Ended { cancelled_ticket: true }),
    ];
    let mut all: Vec<Example> = plain
        .into_iter()
        .map(|(name, screen)| Example {
            name,
            model: Some(model(lang, screen)),
        })
        .collect();
    for (name, screen) in [
        ("warning-groups", groups(lang, Some("李*明"), 0)),
        ("warning-confirm", confirm(lang, true)),
        ("warning-ticket", shown(lang, PaperState::Printed)),
    ] {
        let model = Model {
            time_left_s: Some(14),
            staff_called: true,
            ..model(lang, screen)
        };
        all.push(Example {
            name,
            model: Some(model),
        });
    }
    let offline = TicketShown {
        offline: true,
        people_ahead: 0,
        wait: None,
        ..ticket(lang)
    };
    let offline = Screen::Ticket {
        ticket: offline,
        paper: PaperState::Printed,
        reprint: false,
    };
    for (name, screen) in [
        ("offline-attract", attract(lang, &[], false)),
        ("offline-groups", groups(lang, None, 0)),
        ("offline-confirm", confirm(lang, false)),
        ("offline-ticket", offline),
    ] {
        let strip = NowServing {
            stale_s: Some(190),
            ..NowServing::default()
        };
        let model = Model {
            offline: true,
            strip,
            ..model(lang, screen)
        };
        all.push(Example {
            name,
            model: Some(model),
        });
    }
    for (name, temp_card) in [
        ("attract-maker", TempCard::Ready),
        ("attract-maker-down", TempCard::Down),
    ] {
        let mut screen = attract(lang, &[], false);
        if let Screen::Attract { temp_card: offered, .. } = &mut screen {
            *offered = temp_card;
        }
        all.push(Example {
            name,
            model: Some(model(lang, screen)),
        });
    }
    all.extend(crate::making::all(lang));
    let strip = NowServing {
        calls: vec![],
        stale_s: Some(190),
    };
    all.push(Example {
        name: "strip-stale",
        model: Some(Model {
            strip,
            ..model(lang, attract(lang, &[], false))
        }),
    });
    let strip = NowServing::default();
    all.push(Example {
        name: "strip-empty",
        model: Some(Model {
            strip,
            ..model(lang, attract(lang, &[], false))
        }),
    });
    all.push(Example {
        name: "disconnected",
        model: None,
    });
    all
}
