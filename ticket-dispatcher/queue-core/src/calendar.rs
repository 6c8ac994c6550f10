//! Dates as the journal writes them, `2026-11-21`, and the days between two of them. Gregorian, without a time zone.

/// Days since 1970-01-01 of a date; none for a text that is no date.
pub fn day_number(day: &str) -> Option<i64> {
    let mut parts = day.split('-');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !plain(year, 4) || !plain(month, 2) || !plain(date, 2) {
        return None;
    }
    let (year, month, date): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, date.parse().ok()?);
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let of_year = (153 * m + 2) / 5 + date - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    // 30 February and the like come back as another date.
    (day_text(number) == day).then_some(number)
}

/// The date of a day number.
pub fn day_text(number: i64) -> String {
    let shifted = number + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let m = (5 * of_year + 2) / 153;
    let date = of_year - (153 * m + 2) / 5 + 1;
    let (month, later) = if m < 10 { (m + 3, 0) } else { (m - 9, 1) };
    format!("{:04}-{month:02}-{date:02}", year + era * 400 + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_and_come_back() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2000-02-29"), Some(11_016));
        assert_eq!(day_number("2026-11-21"), Some(20_778));
        for number in (-800..40_000).step_by(7) {
            assert_eq!(day_number(&day_text(number)), Some(number));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "trace",
            "2026-02-30",
            "2025-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-11-21-1",
            "2026-11-2x",
        ] {
            assert_eq!(day_number(bad), None, "{bad}");
        }
    }
}
