//! The fixed words of a slip in three languages.

use ticket_dispatcher_types::Lang;

/// The words of one language; `{}` and `{name}` are places for numbers.
pub struct Words {
    /// Mark of a slip printed again.
    pub reprint: &'static str,
    /// Slot of a kept appointment.
    pub appointment: &'static str,
    /// Mark of a slip given out without the dispatcher.
    pub offline: &'static str,
    /// How such a ticket finds its place.
    pub offline_place: &'static str,
    /// Mark of a missed number that is back in the queue.
    pub returned: &'static str,
    /// What its person should know.
    pub returned_once: &'static str,
    /// Cases of an agent.
    pub cases: &'static str,
    /// Before the windows.
    pub windows: &'static str,
    /// Between windows.
    pub comma: &'static str,
    /// After a list that was cut.
    pub and_more: &'static str,
    /// Before the check code.
    pub check_code: &'static str,
    /// Under the QR code.
    pub scan: &'static str,
    /// Before the hall's phone.
    pub phone: &'static str,
}

const ZH_HANS: Words = Words {
    reprint: "【补打】",
    appointment: "预约 {}",
    offline: "离线取号",
    offline_place: "联网后按取号时间排队",
    returned: "过号恢复排队",
    returned_once: "只能恢复一次，请留意叫号",
    cases: "，共{}件",
    windows: "办理窗口：",
    comma: "、",
    and_more: "等",
    check_code: "校验码 ",
    scan: "微信扫一扫，看排到哪了",
    phone: "电话",
};

const ZH_HANT: Words = Words {
    reprint: "【補印】",
    appointment: "預約 {}",
    offline: "離線取號",
    offline_place: "連線後按取號時間排隊",
    returned: "過號恢復排隊",
    returned_once: "只能恢復一次，請留意叫號",
    cases: "，共{}件",
    windows: "辦理窗口：",
    comma: "、",
    and_more: "等",
    check_code: "校驗碼 ",
    scan: "微信掃一掃，看排到哪了",
    phone: "電話",
};

const EN: Words = Words {
    reprint: "[REPRINT 补打]",
    appointment: "Appointment {}",
    offline: "TAKEN OFFLINE",
    offline_place: "Your place is by time of taking",
    returned: "BACK IN THE QUEUE",
    returned_once: "This happens once; please watch the board",
    cases: ", {} cases",
    windows: "Windows: ",
    comma: ", ",
    and_more: " and more",
    check_code: "Check code ",
    scan: "Scan to see your place in the queue",
    phone: "Tel ",
};

/// The words of `lang`.
pub fn of(lang: Lang) -> &'static Words {
    match lang {
        Lang::ZhHans => &ZH_HANS,
        Lang::ZhHant => &ZH_HANT,
        Lang::En => &EN,
    }
}
