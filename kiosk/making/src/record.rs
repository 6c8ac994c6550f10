//! The making record (制证信息) and the checks Q03 to Q09 on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{Personal, check_digit_holds};
use ui_model::Refusal;
use ui_ticket_raster::{CardError, CardFace, CardLayout, CardPicture, GlyphSource};
use zeroize::Zeroizing;

/// State of the application for the real card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// 已受理: not signed by the home police yet.
    Accepted,
    /// 已签发: a temporary card may be made.
    Signed,
    /// 已制证.
    Made,
    /// 已领取.
    Delivered,
    /// 已撤销.
    Cancelled,
}

/// Why the real card was applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// 申领.
    First,
    /// 换领.
    Renew,
    /// 补领.
    Replace,
}

/// One making record, as the service gives it. Everything of a person in it is wiped when it is dropped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MakingRecord {
    /// Its number; names nobody without the service.
    pub record_no: String,
    /// Number of the 领取凭证.
    pub receipt_no: String,
    /// Citizen number.
    pub citizen_no: Personal,
    /// Name.
    pub name: Personal,
    /// 男 or 女.
    pub sex: Personal,
    /// GB/T 3304, `01` to `56`.
    pub ethnic_code: Personal,
    /// `YYYY-MM-DD`.
    pub birth: Personal,
    /// Address of the household register.
    pub address: Personal,
    /// JPEG, base64.
    pub photo: Personal,
    /// Issuing authority.
    pub authority: String,
    /// Why the real card was applied for.
    pub kind: RecordKind,
    /// State of that application.
    pub state: RecordState,
    /// RFC 3339; empty before it is signed.
    #[serde(default)]
    pub signed_at: Option<String>,
    /// First day, `YYYY-MM-DD`, when the service sets it.
    #[serde(default)]
    pub issue_date: Option<String>,
    /// Last day, when the service sets it.
    #[serde(default)]
    pub expiry_date: Option<String>,
    /// A temporary card was issued for this application.
    pub temp_issued: bool,
    /// Last day of that card.
    #[serde(default)]
    pub temp_last_expiry: Option<String>,
}

/// A kiosk's clock may be so far from the service's (docs/temporary-card.md): a signature's time may be ahead by it.
const CLOCK_OFF_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Names of the ethnic groups by their code in GB/T 3304, from 01.
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

fn printed(date: Date) -> String {
    format!("{:04}.{:02}.{:02}", date.year(), date.month(), date.day())
}

impl MakingRecord {
    /// Checks Q03 to Q08 in their order; Q08 also for the photo. `now` is the moment, told in Asia/Shanghai. A record
    /// that is called signed without a time of it, or with one to come, is not signed.
    pub fn check(&self, now: &Zoned) -> Result<(), Refusal> {
        let today = now.date();
        match self.state {
            RecordState::Signed if self.was_signed(now.timestamp()) => {}
            RecordState::Signed => return Err(Refusal::NotSigned),
            RecordState::Accepted => return Err(Refusal::NotSigned),
            RecordState::Made | RecordState::Delivered => return Err(Refusal::CardIsMade),
            RecordState::Cancelled => return Err(Refusal::Cancelled),
        }
        let birth: Date = self.birth.expose().parse().map_err(|_| Refusal::DataFault)?;
        if birth.saturating_add(16.years()) > today {
            return Err(Refusal::Under16);
        }
        if self.temp_issued {
            return Err(Refusal::AlreadyIssued);
        }
        if self.fits_its_number(birth) && self.dates_hold(today) && self.ethnic().is_some() && self.is_filled_in() {
            return Ok(());
        }
        Err(Refusal::DataFault)
    }

    fn was_signed(&self, now: Timestamp) -> bool {
        let signed = self.signed_at.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
        signed.is_some_and(|signed| signed.duration_since(now) <= CLOCK_OFF_MAX)
    }

    /// What a card must say: one without a name or an address is no card.
    fn is_filled_in(&self) -> bool {
        let texts = [self.name.expose(), self.address.expose(), self.authority.as_str()];
        texts.iter().all(|text| !text.trim().is_empty())
    }

    /// Check digit, birth date and sex agree with the citizen number.
    fn fits_its_number(&self, birth: Date) -> bool {
        let number = self.citizen_no.expose();
        let written = format!("{:04}{:02}{:02}", birth.year(), birth.month(), birth.day());
        let male = number
            .as_bytes()
            .get(16)
            .is_some_and(|digit| digit.is_ascii_digit() && (digit - b'0') % 2 == 1);
        check_digit_holds(number)
            && number.get(6..14) == Some(written.as_str())
            && self.sex.expose() == if male { "男" } else { "女" }
    }

    /// Issued today, valid for three calendar months clamped to the month's end; one day less is taken too, because the
    /// law does not say whether the last day counts. A kiosk whose clock is off a day therefore makes nothing.
    fn dates_hold(&self, today: Date) -> bool {
        let Some((issue, expiry)) = self.validity(today) else {
            return false;
        };
        let whole = issue.saturating_add(3.months());
        issue == today && (expiry == whole || expiry == whole.saturating_sub(1.days()))
    }

    /// First and last day; none when the record has one that is no day.
    fn validity(&self, today: Date) -> Option<(Date, Date)> {
        let given = |text: &Option<String>, else_: Date| text.as_ref().map_or(Some(else_), |text| text.parse().ok());
        let issue = given(&self.issue_date, today)?;
        Some((issue, given(&self.expiry_date, issue.saturating_add(3.months()))?))
    }

    fn ethnic(&self) -> Option<&'static str> {
        let code = self.ethnic_code.expose().parse::<usize>().ok()?;
        ETHNIC.get(code.checked_sub(1)?).copied()
    }

    /// What the card says. `None` when the record has no such group, date or base64: [`MakingRecord::check`] says Q08.
    fn face(&self, today: Date) -> Option<CardFace> {
        let birth: Date = self.birth.expose().parse().ok()?;
        let (issue, expiry) = self.validity(today)?;
        Some(CardFace {
            name: self.name.expose().to_string(),
            sex: self.sex.expose().to_string(),
            ethnic: self.ethnic()?.to_string(),
            birth: format!("{}年{}月{}日", birth.year(), birth.month(), birth.day()),
            address: self.address.expose().to_string(),
            number: self.citizen_no.expose().to_string(),
            authority: self.authority.clone(),
            validity: format!("{}-{}", printed(issue), printed(expiry)),
            photo: STANDARD.decode(self.photo.expose()).ok()?,
        })
    }

    /// The card's back at a resolution: Q09 where a character has no glyph, Q16 where a text does not fit, Q08 for
    /// the photo.
    pub fn draw(
        &self,
        today: Date,
        layout: &CardLayout,
        dpi: u16,
        fonts: &dyn GlyphSource,
    ) -> Result<CardPicture, Refusal> {
        let face = self.face(today).ok_or(Refusal::DataFault)?;
        let drawn = face.draw(layout, dpi, fonts);
        drop(Zeroizing::new(face.photo));
        drawn.map_err(|error| match error {
            CardError::NoGlyph { .. } => Refusal::CannotPrint,
            CardError::DoesNotFit { .. } => Refusal::TooLong,
            CardError::Photo | CardError::Layout(_) => Refusal::DataFault,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    /// Noon of a day.
    fn at(text: &str) -> Zoned {
        let noon = day(text).at(12, 0, 0, 0);
        noon.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
            .expect("a moment")
    }

    fn good() -> MakingRecord {
        MakingRecord {
            record_no: "R1".into(),
            receipt_no: "L1".into(),
            citizen_no: Personal::new("990101199003070015"),
            name: Personal::new("张明"),
            sex: Personal::new("男"),
            ethnic_code: Personal::new("01"),
            birth: Personal::new("1990-03-07"),
            address: Personal::new("示例省示例市示例街道1号"),
            photo: Personal::new(""),
            authority: "示例市公安局".into(),
            kind: RecordKind::Replace,
            state: RecordState::Signed,
            signed_at: Some("2025-11-01T09:30:00+08:00".into()),
            issue_date: None,
            expiry_date: None,
            temp_issued: false,
            temp_last_expiry: None,
        }
    }

    #[test]
    fn every_check_refuses_in_its_order() {
        let today = at("2026-03-07");
        let refused = |change: &dyn Fn(&mut MakingRecord)| {
            let mut record = good();
            change(&mut record);
            record.check(&today).err()
        };
        assert_eq!(refused(&|_| {}), None);
        assert_eq!(refused(&|r| r.state = RecordState::Accepted), Some(Refusal::NotSigned));
        assert_eq!(refused(&|r| r.state = RecordState::Made), Some(Refusal::CardIsMade));
        assert_eq!(
            refused(&|r| r.state = RecordState::Delivered),
            Some(Refusal::CardIsMade)
        );
        assert_eq!(refused(&|r| r.state = RecordState::Cancelled), Some(Refusal::Cancelled));
        assert_eq!(
            refused(&|r| r.birth = Personal::new("2010-03-08")),
            Some(Refusal::Under16)
        );
        assert_eq!(refused(&|r| r.temp_issued = true), Some(Refusal::AlreadyIssued));
        let faults: [&dyn Fn(&mut MakingRecord); 10] = [
            &|r| r.citizen_no = Personal::new("990101199003070025"),
            &|r| r.birth = Personal::new("1990-03-08"),
            &|r| r.birth = Personal::new("yesterday"),
            &|r| r.sex = Personal::new("女"),
            &|r| r.ethnic_code = Personal::new("57"),
            &|r| r.name = Personal::new(""),
            &|r| r.name = Personal::new("\u{3000} "),
            &|r| r.address = Personal::new(""),
            &|r| r.address = Personal::new(" \t"),
            &|r| r.authority = String::new(),
        ];
        for change in faults {
            assert_eq!(refused(change), Some(Refusal::DataFault));
        }
        // Not signed and issued already: the earlier check speaks.
        let both = refused(&|r| (r.state, r.temp_issued) = (RecordState::Accepted, true));
        assert_eq!(both, Some(Refusal::NotSigned));
    }

    #[test]
    fn a_signature_without_a_time_or_with_one_to_come_is_none() {
        let now = at("2026-03-07");
        for (signed_at, holds) in [
            (None, false),
            (Some(""), false),
            (Some("yesterday"), false),
            (Some("2026-03-07T12:06:00+08:00"), false),
            (Some("2036-03-07T12:00:00+08:00"), false),
            (Some("2026-03-07T12:04:00+08:00"), true),
            (Some("2026-03-07T04:00:00Z"), true),
        ] {
            let mut record = good();
            record.signed_at = signed_at.map(str::to_string);
            let expected = if holds { Ok(()) } else { Err(Refusal::NotSigned) };
            assert_eq!(record.check(&now), expected, "{signed_at:?}");
        }
    }

    #[test]
    fn sixteen_counts_from_the_birthday_itself() {
        let mut record = good();
        record.birth = Personal::new("2010-03-07");
        assert_ne!(record.check(&at("2026-03-07")), Err(Refusal::Under16));
        assert_eq!(record.check(&at("2026-03-06")), Err(Refusal::Under16));
    }

    #[test]
    fn three_months_are_calendar_months_clamped_to_their_end() {
        let mut record = good();
        for (issue, expiry, holds) in [
            ("2025-11-30", "2026-02-28", true),
            ("2026-01-31", "2026-04-30", true),
            ("2026-01-31", "2026-04-29", true),
            ("2026-01-31", "2026-05-01", false),
            ("2026-01-31", "2026-04-28", false),
        ] {
            (record.issue_date, record.expiry_date) = (Some(issue.into()), Some(expiry.into()));
            assert_eq!(record.check(&at(issue)).is_ok(), holds, "{issue} {expiry}");
        }
    }

    #[test]
    fn a_kiosk_whose_clock_is_a_day_off_makes_nothing() {
        let mut record = good();
        record.issue_date = Some("2026-03-07".into());
        assert_eq!(record.check(&at("2026-03-07")), Ok(()));
        assert_eq!(record.check(&at("2026-03-08")), Err(Refusal::DataFault));
        assert_eq!(record.check(&at("2026-03-06")), Err(Refusal::DataFault));
    }

    #[test]
    fn nothing_of_a_person_is_shown_by_debug() {
        let shown = format!("{:?}", good());
        assert!(
            !shown.contains("张明") && !shown.contains("1990") && !shown.contains("街道"),
            "{shown}"
        );
    }
}
