//! What a citizen is told when no card comes: the sentences of the reference, one by one, in three languages and in
//! large type.

use ticket_dispatcher_types::Lang;
use ui_model::{MakingEnd, MakingScreen, MakingStep, MakingStrip, Model, Refusal, Screen, SlipState, TempCard};

use crate::examples::{attract, model};
use crate::stage::Stage;

/// Refusals Q01 to Q14 in their order: simplified as the reference has it (but Q06 and Q14 name one place alone),
/// traditional, English; then the kiosk's own.
const REFUSED: [[&str; 3]; 16] = [
    [
        "未查询到您的居民身份证办理信息，请先到综合窗口申办居民身份证",
        "未查詢到您的居民身份證辦理信息，請先到綜合窗口申辦居民身份證",
        "No ID card application found. Please apply at a service window first",
    ],
    [
        "查询到多条办理信息，请到综合窗口办理",
        "查詢到多條辦理信息，請到綜合窗口辦理",
        "More than one application found. Please go to a service window",
    ],
    [
        "您的居民身份证申请尚未签发，暂不能制作临时居民身份证",
        "您的居民身份證申請尚未簽發，暫不能製作臨時居民身份證",
        "Your application is not signed yet. No temporary card can be made now",
    ],
    [
        "您的居民身份证已制作完成，请直接领取",
        "您的居民身份證已製作完成，請直接領取",
        "Your ID card is ready. Please collect it",
    ],
    [
        "办理信息已撤销，请到综合窗口咨询",
        "辦理信息已撤銷，請到綜合窗口諮詢",
        "The application was cancelled. Please ask at a service window",
    ],
    [
        "未满16周岁，请由监护人到综合窗口办理",
        "未滿16週歲，請由監護人到綜合窗口辦理",
        "Under 16: a guardian applies at a service window",
    ],
    [
        "本次申请已领取过临时居民身份证，请到综合窗口办理",
        "本次申請已領取過臨時居民身份證，請到綜合窗口辦理",
        "A temporary card was already issued. Please go to a service window",
    ],
    [
        "制证信息有误，请到综合窗口核对",
        "製證信息有誤，請到綜合窗口核對",
        "The record has an error. Please check it at a service window",
    ],
    [
        "姓名或住址含生僻字，请到综合窗口办理",
        "姓名或住址含生僻字，請到綜合窗口辦理",
        "The name or address cannot be printed here. Please go to a service window",
    ],
    [
        "人像比对未通过，请到综合窗口办理",
        "人像比對未通過，請到綜合窗口辦理",
        "The face did not match. Please go to a service window",
    ],
    [
        "该业务正在其他设备办理",
        "該業務正在其他設備辦理",
        "Another machine is making it",
    ],
    [
        "缴费超时，已取消",
        "繳費超時，已取消",
        "Payment took too long. Cancelled",
    ],
    [
        "系统繁忙，请稍后再试",
        "系統繁忙，請稍後再試",
        "The system is busy. Please try again later",
    ],
    [
        "设备暂停服务，请到综合窗口办理",
        "設備暫停服務，請到綜合窗口辦理",
        "Out of service. Please go to a service window",
    ],
    [
        "这份申请上次没有制成或未取走，请凭纸条到综合窗口办理",
        "這份申請上次沒有製成或未取走，請憑紙條到綜合窗口辦理",
        "No card of this application was made or taken last time. Please take your slip to a service window",
    ],
    [
        "姓名或住址太长，本机印不下，请到综合窗口办理",
        "姓名或住址太長，本機印不下，請到綜合窗口辦理",
        "The name or address is too long for this card. Please go to a service window",
    ],
];

/// A first attempt that failed; a second one, or a machine that a person must clear; a machine in need of somebody
/// while nobody is served, whose button cannot be pressed and has room for the first half alone.
const AGAIN: [&str; 3] = [
    "制证未成功，正在为您重新制作",
    "製證未成功，正在為您重新製作",
    "That did not work. Making it again",
];
const FAILED: [&str; 3] = [
    "制证未成功，费用将原路退回，请到综合窗口办理",
    "製證未成功，費用將原路退回，請到綜合窗口辦理",
    "No card was made. The fee goes back. Please go to a window",
];
const ELSEWHERE: [&str; 3] = [
    "临时身份证设备维护中，请到综合窗口",
    "臨時身份證設備維護中，請到綜合窗口",
    "Temporary ID card machine out of service. Please go to a service window",
];
const DOWN: [&str; 3] = [
    "临时身份证：设备维护中",
    "臨時身份證：設備維護中",
    "Temporary ID card: out of service",
];

/// From the first second of the minute in which a card lies in the slot.
const DRAWN_IN: [&str; 3] = [
    "60 秒内没有取走，证件会收回机内，不留给别人",
    "60 秒內沒有取走，證件會收回機內，不留給別人",
    "Not taken within 60 seconds, it goes back inside, out of reach of others",
];
/// A card of which nobody knows where it is: the claim stays, and one place decides.
const DOUBT: [&str; 3] = [
    "请凭作业号到综合窗口核实",
    "請憑作業號到綜合窗口核實",
    "Take the job number to a service window, where it is checked",
];
/// What to do about an application that nobody has signed yet.
const UNSIGNED: [&str; 3] = [
    "签发后可以再来；有疑问请到综合窗口",
    "簽發後可以再來；有疑問請到綜合窗口",
    "Come back once it is signed. Questions: a service window",
];
/// Above the screens of somebody else who takes a number.
const READY: [&str; 3] = [
    "临时身份证已做好，请在 35 秒内取走",
    "臨時身份證已做好，請在 35 秒內取走",
    "Card ready. Take it in 35 seconds",
];
/// On the take screen, for whoever stands behind.
const NUMBER: [&str; 3] = ["刷证取号", "刷證取號", "Start with ID card"];
/// Where to go, for refusals whose words name no window, and after a card was left.
const QUESTIONS: [&str; 3] = [
    "如有疑问，请到综合窗口",
    "如有疑問，請到綜合窗口",
    "For questions, please go to a service window",
];
const COLLECT: [&str; 3] = [
    "请到户政窗口领取",
    "請到戶政窗口領取",
    "Collect it at the household registration window",
];
const LEFT: [&str; 3] = [
    "请凭纸条到综合窗口办理",
    "請憑紙條到綜合窗口辦理",
    "Please take the slip to a service window",
];

fn making(lang: Lang, making: MakingScreen) -> Model {
    model(lang, Screen::Making { making })
}

fn ended(lang: Lang, end: MakingEnd, job: &str) -> Model {
    let end = MakingScreen::Ended {
        end,
        job: job.into(),
        slip: SlipState::Printed,
    };
    making(lang, end)
}

/// Shows a model in plain and in large type; each time one of the labels must hold the words.
fn says(stage: &Stage, mut model: Model, words: &str) {
    for elder in [false, true] {
        model.elder = elder;
        stage.show(Some(&model));
        let labels: Vec<String> = stage.elements().into_iter().map(|element| element.label).collect();
        assert!(
            labels.iter().any(|label| label.contains(words)),
            "{words} (large {elder}) is not on the screen: {labels:?}"
        );
    }
}

#[test]
fn every_refusal_and_every_fault_is_told_in_the_words_of_the_reference() {
    let stage = Stage::new();
    for (at, lang) in [Lang::ZhHans, Lang::ZhHant, Lang::En].into_iter().enumerate() {
        for (refusal, words) in Refusal::ALL.into_iter().zip(REFUSED) {
            let end = MakingEnd::Refused { refusal, refund: false };
            says(&stage, ended(lang, end, ""), words[at]);
        }
        let again = MakingScreen::Work {
            step: MakingStep::Cut,
            attempt: 2,
            left_s: 60,
        };
        says(&stage, making(lang, again), AGAIN[at]);
        let failed = ended(lang, MakingEnd::Failed { refund: true }, "3E6D-4250");
        says(&stage, making(lang, MakingScreen::Take { left_s: 60 }), DRAWN_IN[at]);
        says(&stage, making(lang, MakingScreen::Take { left_s: 5 }), DRAWN_IN[at]);
        says(&stage, ended(lang, MakingEnd::NotTaken, "3E6D-4250"), LEFT[at]);
        for (refusal, words) in [
            (Refusal::NotSigned, UNSIGNED[at]),
            (Refusal::HeldElsewhere, QUESTIONS[at]),
            (Refusal::CardIsMade, COLLECT[at]),
        ] {
            let end = MakingEnd::Refused { refusal, refund: false };
            says(&stage, ended(lang, end, ""), words);
        }
        says(&stage, failed.clone(), FAILED[at]);
        says(&stage, failed, "3E6D-4250");
        says(&stage, ended(lang, MakingEnd::Doubt, "3E6D-4250"), "3E6D-4250");
        says(&stage, ended(lang, MakingEnd::Doubt, "3E6D-4250"), DOUBT[at]);
        says(&stage, making(lang, MakingScreen::Take { left_s: 35 }), NUMBER[at]);
        let mut beside = model(lang, attract(lang, &[], false));
        beside.making = Some(MakingStrip {
            step: MakingStep::Laminate,
            left_s: 35,
            out: true,
        });
        says(&stage, beside, READY[at]);
        let mut idle = attract(lang, &[], false);
        if let Screen::Attract { temp_card, .. } = &mut idle {
            *temp_card = TempCard::Down;
        }
        says(&stage, model(lang, idle.clone()), DOWN[at]);
        says(&stage, model(lang, idle), ELSEWHERE[at]);
    }
}

#[test]
fn every_end_without_a_card_names_one_place_to_go() {
    const PLACES: [&str; 4] = ["综合窗口", "户政窗口", "服务台", "号自助机"];
    let stage = Stage::new();
    let refused = Refusal::ALL.map(|refusal| MakingEnd::Refused { refusal, refund: true });
    let others = [
        MakingEnd::Failed { refund: true },
        MakingEnd::NotTaken,
        MakingEnd::Doubt,
        MakingEnd::AtWindow,
    ];
    for end in refused.into_iter().chain(others) {
        stage.show(Some(&ended(Lang::ZhHans, end.clone(), "3E6D-4250")));
        let labels: Vec<String> = stage.elements().into_iter().map(|element| element.label).collect();
        let named = PLACES.map(|place| labels.iter().any(|label| label.contains(place)));
        let count = named.iter().filter(|named| **named).count();
        // A back end out of reach is no nearer at a window: later is the one thing to do.
        let later = matches!(&end, MakingEnd::Refused { refusal, .. } if *refusal == Refusal::BackEndAway);
        assert_eq!(count, usize::from(!later), "{end:?}: {labels:?}");
    }
}
