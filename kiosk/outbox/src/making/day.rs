//! The day of a machine's blanks, folded from the ledger's lines: what was loaded, used, spoiled and why, and what must
//! be in the hopper. It reads lines and nothing else, so that every figure can be counted again by hand.

use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::StoredBlank;

/// One day, from the last close to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Counted by hand at the last close.
    pub brought: i64,
    /// Loaded since.
    pub loaded: i64,
    /// Left the hopper for jobs.
    pub picked: i64,
    /// In hands.
    pub taken: i64,
    /// In the reject bin.
    pub rejected: i64,
    /// In the retract bin: nobody took them.
    pub retracted: i64,
    /// Taken out by staff.
    pub removed: i64,
    /// Blanks that became no card, in the reject bin or taken out by staff, by the fault that spoiled them; 0: the host
    /// ended the job. Written as four hexadecimal digits.
    #[serde(serialize_with = "by_code")]
    pub spoiled: BTreeMap<u16, i64>,
    /// Went into the reject bin without having been picked for a job.
    pub strays: i64,
    /// Discrepancies that the machine or the host told: lost events, a lost memory.
    pub discrepancies: i64,
    /// Hand counts that differed from the machine's, at bins.
    pub bins_differ: i64,
    /// Lines since the last close.
    pub lines: usize,
    /// Digest of the last line, hexadecimal: whoever has it can prove the day.
    pub digest: String,
}

/// Faults as everywhere else: `0406`.
fn by_code<S: Serializer>(spoiled: &BTreeMap<u16, i64>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(spoiled.iter().map(|(code, count)| (format!("{code:04X}"), count)))
}

/// A day that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The day.
    #[serde(flatten)]
    pub day: Day,
    /// What the ledger expects in the hopper.
    pub expected: i64,
    /// Counted by hand, before the ledger was shown.
    pub counted: i64,
    /// Counted minus expected.
    pub difference: i64,
    /// That and the differences of days before which nobody has explained: not 0 keeps the machine out of service.
    pub open: i64,
}

impl Day {
    /// What must be in the hopper. A doubt keeps its blank inside until two people decide.
    pub fn expected(&self) -> i64 {
        self.brought + self.loaded - self.picked - self.strays
    }

    /// Blanks that were picked and are nowhere yet: in the path, or in doubt.
    pub fn inside(&self) -> i64 {
        self.picked + self.strays - self.taken - self.rejected - self.retracted - self.removed
    }

    /// Closes it with a hand count; `unexplained` as [`open_day`] tells it.
    pub fn close(self, counted: i64, unexplained: Option<i64>) -> Closed {
        let expected = self.expected();
        let difference = counted - expected;
        Closed {
            day: self,
            expected,
            counted,
            difference,
            open: unexplained.unwrap_or(0) + difference,
        }
    }
}

/// The day that is open, and the differences of closed days that nobody has explained: while there is one, the machine
/// is out of service.
pub fn open_day(lines: &[StoredBlank]) -> (Day, Option<i64>) {
    let (mut day, mut unexplained) = (Day::default(), 0);
    for line in lines {
        match line.what.as_str() {
            "day_closed" => {
                day = Day {
                    brought: line.count,
                    ..Day::default()
                };
                unexplained += line.why.parse::<i64>().unwrap_or(0);
            }
            "explained" => unexplained = 0,
            _ => fold(&mut day, line),
        }
        day.lines += 1;
        day.digest = HEXLOWER.encode(&line.digest);
    }
    (day, (unexplained != 0).then_some(unexplained))
}

fn fold(day: &mut Day, line: &StoredBlank) {
    match line.what.as_str() {
        "loaded" => day.loaded += line.count,
        "picked" => day.picked += line.count,
        "taken" => day.taken += line.count,
        "retracted" => day.retracted += line.count,
        "removed" => {
            day.removed += line.count;
            *day.spoiled.entry(line.code).or_default() += line.count;
        }
        "rejected" => {
            day.rejected += line.count;
            *day.spoiled.entry(line.code).or_default() += line.count;
            // CARD_UNEXPECTED: it lay in the path and nobody had picked it.
            if line.code == 0x0307 {
                day.strays += line.count;
            }
        }
        "events_lost" | "memory_lost" => day.discrepancies += 1,
        "bin_differs" => day.bins_differ += line.count,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(what: &str, count: i64, code: u16, why: &str) -> StoredBlank {
        StoredBlank {
            no: 0,
            serial: "S".into(),
            machine_index: None,
            what: what.into(),
            count,
            code,
            staff: String::new(),
            why: why.into(),
            at_s: 0,
            before: vec![],
            digest: vec![0xAB],
        }
    }

    #[test]
    fn a_day_counts_from_the_last_close_and_each_spoiled_blank_has_its_reason() {
        let lines = [
            line("loaded", 100, 0, ""),
            line("day_closed", 90, 0, "-10"),
            line("explained", 0, 0, "ten were lent to the other machine"),
            line("picked", 1, 0, ""),
            line("rejected", 1, 0x0404, ""),
            line("picked", 2, 0, ""),
            line("rejected", 2, 0x0304, ""),
            line("picked", 1, 0, ""),
            line("taken", 1, 0, ""),
            line("rejected", 1, 0x0307, ""),
            line("picked", 1, 0, ""),
            line("removed", 1, 0x0406, ""),
        ];
        let (day, unexplained) = open_day(&lines);
        assert_eq!(unexplained, None);
        assert_eq!((day.brought, day.picked, day.taken, day.rejected), (90, 5, 1, 4));
        assert_eq!(
            day.spoiled,
            BTreeMap::from([(0x0304, 2), (0x0307, 1), (0x0404, 1), (0x0406, 1)])
        );
        let shown = serde_json::json!(day)["spoiled"].clone();
        assert_eq!(shown, serde_json::json!({"0304": 2, "0307": 1, "0404": 1, "0406": 1}));
        assert_eq!((day.expected(), day.inside()), (84, 0));
        assert_eq!(day.clone().close(84, None).difference, 0);
        assert_eq!(day.close(83, None).difference, -1);
    }

    #[test]
    fn a_difference_stands_until_it_is_explained() {
        let mut lines = vec![line("loaded", 100, 0, ""), line("day_closed", 99, 0, "-1")];
        let (day, open) = open_day(&lines);
        assert_eq!(open, Some(-1));
        let again = day.close(99, open);
        assert_eq!(
            (again.difference, again.open),
            (0, -1),
            "closing again says what is open"
        );
        lines.push(line("day_closed", 99, 0, "0"));
        assert_eq!(open_day(&lines).1, Some(-1), "closing again explains nothing");
        lines.push(line("day_closed", 100, 0, "1"));
        assert_eq!(open_day(&lines).1, None, "counted again, it was there");
        lines.truncate(2);
        lines.push(line("explained", 0, 0, "found behind the machine"));
        assert_eq!(open_day(&lines).1, None);
    }
}
