//! A making record from a file: read, checked, drawn. What is in it names a person and is never printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{ToSpan as _, Zoned};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use ui_ticket_raster::CardFace;

use super::Stop;

/// The file, fields as in the query service.
#[derive(Deserialize)]
pub struct Record {
    /// Number of the making record.
    pub record_no: String,
    citizen_no: String,
    name: String,
    sex: String,
    ethnic_code: String,
    #[serde(deserialize_with = "day")]
    birth: Date,
    address: String,
    authority: String,
    state: String,
    temp_issued: bool,
    #[serde(default, deserialize_with = "some_day")]
    issue_date: Option<Date>,
    #[serde(default, deserialize_with = "some_day")]
    expiry_date: Option<Date>,
    photo: String,
    site_key: String,
    device_key: Option<String>,
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    text.parse()
        .map_err(|_| D::Error::custom("a date is written YYYY-MM-DD"))
}

fn some_day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let day = text.map(|text| {
        text.parse()
            .map_err(|_| D::Error::custom("a date is written YYYY-MM-DD"))
    });
    day.transpose()
}

/// Names of the ethnic groups by their code in GB/T 3304.
const ETHNIC: [&str; 56] = [
    "汉",
    "蒙古",
    "回",
    "藏",
    "维吾尔",
    "苗",
    "彝",
    "壮",
    "布依",
    "朝鲜",
    "满",
    "侗",
    "瑶",
    "白",
    "土家",
    "哈尼",
    "哈萨克",
    "傣",
    "黎",
    "傈僳",
    "佤",
    "畲",
    "高山",
    "拉祜",
    "水",
    "东乡",
    "纳西",
    "景颇",
    "柯尔克孜",
    "土",
    "达斡尔",
    "仫佬",
    "羌",
    "布朗",
    "撒拉",
    "毛南",
    "仡佬",
    "锡伯",
    "阿昌",
    "普米",
    "塔吉克",
    "怒",
    "乌孜别克",
    "俄罗斯",
    "鄂温克",
    "德昂",
    "保安",
    "裕固",
    "京",
    "塔塔尔",
    "独龙",
    "鄂伦春",
    "赫哲",
    "门巴",
    "珞巴",
    "基诺",
];

fn refuse(code: &str, why: &str) -> Stop {
    Stop {
        code: 4,
        why: format!("{code}: {why}; nothing was made"),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    if digits.len().is_multiple_of(2) {
        pairs.collect()
    } else {
        None
    }
}

/// Weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2, modulo 11.
fn checksum_holds(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Option<Vec<u32>> = number.chars().take(17).map(|ch| ch.to_digit(10)).collect();
    let sum = digits.filter(|digits| digits.len() == 17);
    let sum: Option<u32> = sum.map(|digits| digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum());
    number.chars().count() == 18
        && sum.and_then(|sum| "10X98765432".chars().nth((sum % 11) as usize)) == number.chars().last()
}

fn printed(date: Date) -> String {
    format!("{:04}.{:02}.{:02}", date.year(), date.month(), date.day())
}

impl Record {
    /// From the file's text.
    pub fn parse(text: &str) -> Result<Self, Stop> {
        // The parser's words may quote what it read: only the place is told.
        serde_json::from_str(text).map_err(|error| Stop {
            code: 2,
            why: format!(
                "the making record is not as expected at line {}, column {}",
                error.line(),
                error.column()
            ),
        })
    }

    /// The key under which ids are computed.
    pub fn site_key(&self) -> Result<Vec<u8>, Stop> {
        hex(&self.site_key).ok_or(Stop {
            code: 2,
            why: "site_key: an even count of hexadecimal digits".into(),
        })
    }

    /// The key for machines that want authentication codes.
    pub fn device_key(&self) -> Result<Option<Vec<u8>>, Stop> {
        let wrong = || Stop {
            code: 2,
            why: "device_key: an even count of hexadecimal digits".into(),
        };
        self.device_key
            .as_deref()
            .map(|key| hex(key).ok_or_else(wrong))
            .transpose()
    }

    /// Checks Q03 to Q08 in their order.
    pub fn check(&self, today: Date) -> Result<(), Stop> {
        match self.state.as_str() {
            "signed" => {}
            "accepted" => return Err(refuse("Q03", "the application is not signed yet")),
            "made" | "delivered" => return Err(refuse("Q04", "the real card is there to be collected")),
            _ => return Err(refuse("Q05", "the application is cancelled")),
        }
        if self.birth.saturating_add(16.years()) > today {
            return Err(refuse("Q06", "under 16: the guardian goes to a window"));
        }
        if self.temp_issued {
            return Err(refuse("Q07", "a temporary card was issued for this application"));
        }
        let number = &self.citizen_no;
        let birth = format!(
            "{:04}{:02}{:02}",
            self.birth.year(),
            self.birth.month(),
            self.birth.day()
        );
        let male = number
            .chars()
            .nth(16)
            .and_then(|digit| digit.to_digit(10))
            .is_some_and(|digit| digit % 2 == 1);
        if !checksum_holds(number) {
            return Err(refuse("Q08", "the check digit of the citizen number is wrong"));
        }
        if number.get(6..14) != Some(birth.as_str()) {
            return Err(refuse("Q08", "the birth date contradicts the citizen number"));
        }
        if self.sex != if male { "男" } else { "女" } {
            return Err(refuse("Q08", "the sex contradicts the citizen number"));
        }
        let (issue, expiry) = self.validity(today);
        let whole = issue.saturating_add(3.months());
        if expiry != whole && expiry != whole.saturating_sub(1.days()) {
            return Err(refuse("Q08", "the card would not be valid for three months"));
        }
        Ok(())
    }

    fn validity(&self, today: Date) -> (Date, Date) {
        let issue = self.issue_date.unwrap_or(today);
        (issue, self.expiry_date.unwrap_or(issue.saturating_add(3.months())))
    }

    /// What the card says.
    pub fn face(&self, today: Date) -> Result<CardFace, Stop> {
        let code = self.ethnic_code.parse::<usize>().ok();
        let ethnic = code.and_then(|code| ETHNIC.get(code.checked_sub(1)?));
        let ethnic = ethnic.ok_or_else(|| refuse("Q08", "ethnic_code is none of GB/T 3304"))?;
        let photo = STANDARD
            .decode(&self.photo)
            .map_err(|_| refuse("Q08", "the photo is not base64"))?;
        let (issue, expiry) = self.validity(today);
        let birth = self.birth;
        Ok(CardFace {
            name: self.name.clone(),
            sex: self.sex.clone(),
            ethnic: (*ethnic).into(),
            birth: format!("{}年{}月{}日", birth.year(), birth.month(), birth.day()),
            address: self.address.clone(),
            number: self.citizen_no.to_uppercase(),
            authority: self.authority.clone(),
            validity: format!("{}-{}", printed(issue), printed(expiry)),
            photo,
        })
    }
}

/// Today where the hall is.
pub fn today() -> Date {
    let here = Zoned::now().in_tz("Asia/Shanghai");
    here.map_or_else(|_| Zoned::now().date(), |zoned| zoned.date())
}
