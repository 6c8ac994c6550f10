//! Every fault of TIM/1 with its class and what staff does.

/// What a fault asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The job goes on.
    Warn,
    /// The job fails, the machine captures and is ready again.
    Job,
    /// Out of service until a person acts.
    Service,
    /// Nobody knows where a card is.
    Doubt,
}

use FaultClass::{Doubt, Job, Service, Warn};

/// A fault by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number, such as 0305h.
    pub code: u16,
    /// Name in logs.
    pub name: &'static str,
    /// What it asks for.
    pub class: FaultClass,
    /// What staff does; empty where the machine helps itself.
    pub advice: &'static str,
    /// What it is called on staff pages.
    pub said: &'static str,
    /// What staff does, on staff pages; empty where the machine helps itself.
    pub to_do: &'static str,
}

impl Fault {
    /// The fault with this number.
    pub fn of(code: u16) -> Option<&'static Self> {
        ALL.iter().find(|fault| fault.code == code)
    }

    /// Only two people may clear it: a card within reach of others, a bin or the machine opened by nobody knows whom.
    pub fn takes_two(&self) -> bool {
        matches!(self.code, 0x0504 | 0x0605 | 0x0704)
    }
}

const fn fault(
    code: u16,
    name: &'static str,
    class: FaultClass,
    advice: &'static str,
    (said, to_do): (&'static str, &'static str),
) -> Fault {
    Fault {
        code,
        name,
        class,
        advice,
        said,
        to_do,
    }
}

/// All of them, by number.
pub const ALL: &[Fault] = &[
    fault(0x0101, "FILM_LOW", Warn, "load film", ("膜片不足", "请补充膜片")),
    fault(0x0102, "FILM_OUT", Service, "load film", ("膜片用完", "请装入膜片")),
    fault(
        0x0103,
        "FILM_JAM",
        Service,
        "clear the film path",
        ("膜片卡住", "请清理膜片通道"),
    ),
    fault(
        0x0104,
        "CUTTER_JAM",
        Service,
        "call service",
        ("切刀卡住", "请联系维修"),
    ),
    fault(0x0105, "CUT_LENGTH", Job, "", ("切膜长度不对", "")),
    fault(
        0x0106,
        "FILM_LOST",
        Service,
        "clear the film path",
        ("膜片丢失", "请清理膜片通道"),
    ),
    fault(
        0x0201,
        "MEDIUM_LOW",
        Warn,
        "replace the print medium",
        ("打印耗材不足", "请更换打印耗材"),
    ),
    fault(
        0x0202,
        "MEDIUM_OUT",
        Service,
        "replace the print medium",
        ("打印耗材用完", "请更换打印耗材"),
    ),
    fault(0x0203, "HEAD_TEMP", Job, "wait", ("打印头过热", "请等待降温")),
    fault(0x0204, "PRINT_STALL", Job, "", ("打印中断", "")),
    fault(0x0205, "INSPECT_FAIL", Job, "", ("成像检查未通过", "")),
    fault(0x0301, "CARD_LOW", Warn, "load blanks", ("卡片不足", "请补充空白卡")),
    fault(
        0x0302,
        "HOPPER_EMPTY",
        Service,
        "load blanks",
        ("卡片用完", "请装入空白卡"),
    ),
    fault(0x0303, "PICK_FAIL", Job, "check the hopper", ("取卡失败", "请检查卡仓")),
    fault(0x0304, "DOUBLE_PICK", Job, "", ("一次取出两张卡", "")),
    fault(
        0x0305,
        "CARD_JAM",
        Service,
        "open, take the card out, enter the count",
        ("卡片卡住", "请开盖取出卡片并登记张数"),
    ),
    fault(
        0x0306,
        "CARD_LOST",
        Doubt,
        "search; two people decide",
        ("卡片去向不明", "请在机内查找，由两人共同认定"),
    ),
    fault(
        0x0307,
        "CARD_UNEXPECTED",
        Service,
        "confirm what lies in the path",
        ("通道内有多余卡片", "请确认通道内的卡片"),
    ),
    fault(0x0308, "SERIAL_UNREAD", Job, "", ("卡号读不出", "")),
    fault(0x0401, "WARMING", Warn, "wait", ("正在预热", "请等待")),
    fault(
        0x0402,
        "WARMUP_TIMEOUT",
        Service,
        "call service",
        ("预热超时", "请联系维修"),
    ),
    fault(0x0403, "OVER_TEMP", Service, "call service", ("温度过高", "请联系维修")),
    fault(0x0404, "UNDER_TEMP", Job, "", ("覆膜温度不够", "")),
    fault(
        0x0405,
        "TEMP_SENSOR",
        Service,
        "call service",
        ("温度传感器故障", "请联系维修"),
    ),
    fault(
        0x0406,
        "LAM_JAM",
        Service,
        "wait for less than 60 degrees, clear",
        ("覆膜处卡住", "请等温度降到60度以下再清理"),
    ),
    fault(0x0501, "NOT_TAKEN", Warn, "", ("证件未取走", "")),
    fault(
        0x0502,
        "EXIT_BLOCKED",
        Service,
        "clear the slot",
        ("出口被堵", "请清理出口"),
    ),
    fault(
        0x0503,
        "SHUTTER_FAIL",
        Service,
        "call service",
        ("出口挡板故障", "请联系维修"),
    ),
    fault(
        0x0504,
        "DRAW_IN_FAIL",
        Service,
        "take the card, two people",
        ("证件收不回", "请两人一起取出证件并登记"),
    ),
    fault(0x0601, "BIN_HIGH", Warn, "empty the bin", ("废卡箱快满", "请清空")),
    fault(
        0x0602,
        "REJECT_FULL",
        Service,
        "empty the reject bin and count",
        ("废卡箱已满", "请清空并清点"),
    ),
    fault(
        0x0603,
        "RETRACT_FULL",
        Service,
        "empty the retract bin and count",
        ("回收箱已满", "请清空并清点"),
    ),
    fault(
        0x0604,
        "BIN_MISSING",
        Service,
        "put the bin back",
        ("废卡箱或回收箱不在位", "请装回"),
    ),
    fault(
        0x0605,
        "BIN_OPENED",
        Service,
        "two people count the bin",
        ("箱子被擅自取出", "请两人一起清点"),
    ),
    fault(
        0x0701,
        "COVER_OPEN",
        Service,
        "close the cover",
        ("机盖打开", "请关好机盖"),
    ),
    fault(0x0702, "POWER_LOW", Service, "call service", ("电压过低", "请联系维修")),
    fault(0x0703, "POWER_LOST", Warn, "", ("断电后重启", "")),
    fault(
        0x0704,
        "TAMPER",
        Service,
        "two people look at the machine",
        ("机壳被撬动", "请两人一起检查机器"),
    ),
    fault(0x0801, "NV_FAIL", Service, "call service", ("存储器故障", "请联系维修")),
    fault(
        0x0802,
        "CLOCK_UNSET",
        Warn,
        "set the time",
        ("时钟未设置", "由自助机自动校时"),
    ),
    fault(
        0x0803,
        "AUTH_FAIL",
        Warn,
        "check the keys",
        ("校验码不对", "请检查密钥"),
    ),
    fault(
        0x0804,
        "SELF_TEST",
        Service,
        "call service",
        ("自检未通过", "请联系维修"),
    ),
    fault(0x0805, "WATCHDOG", Warn, "report it", ("程序自行重启", "请报告维修")),
    fault(
        0x0806,
        "HOST_SILENT",
        Job,
        "check the kiosk",
        ("自助机长时间无响应", "请检查自助机和连线"),
    ),
];
