//! Why this number and not that one, in a sentence that a clerk can read out.

use ticket_dispatcher_types::{Class, Millis, TicketNo};

use crate::effect::Why;
use crate::policy::Policy;

impl Policy {
    /// What it is called in the hall.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fifo => "先到先办",
            Self::Priority => "优先类别在前",
            Self::Due => "按承诺时限",
            Self::Accumulating => "按等候累积",
            Self::Gcmu => "等候与时长并重",
            Self::Ratio => "按比例等候",
            Self::QueueRatio => "各队均衡",
            Self::Balanced => "综合均衡",
        }
    }
}

fn class_title(class: Class) -> &'static str {
    match class {
        Class::Appt => "预约",
        Class::Disabled => "残障优先",
        Class::Elderly => "长者优先",
        Class::Normal => "普通",
    }
}

/// Hours and minutes of a due time.
fn clock(ms: i64) -> String {
    Millis(ms).to_string().chars().take(5).collect()
}

impl Why {
    /// One sentence: rule, class, promise, and the best number that was passed over. For staff only: it names classes.
    pub fn sentence(&self, number: TicketNo) -> String {
        let title = Policy::by_name(&self.policy).map_or(self.policy.as_str(), |policy| policy.title());
        let class = class_title(self.class);
        let due = clock(self.due_ms);
        let Some(other) = &self.runner_up else {
            return format!(
                "按“{title}”，叫到{number}（{class}，承诺{due}前）；同事项同类别中它先来，此窗口当时没有其他类的号在等。"
            );
        };
        let (second, second_class, second_due) = (other.number, class_title(other.class), clock(other.due_ms));
        let scores = match Policy::by_name(&self.policy) {
            // Their scores are times of day, which say nothing to people.
            Some(Policy::Fifo | Policy::Due) => String::new(),
            // Ranks and people, not weighted minutes.
            Some(Policy::Priority) => String::new(),
            Some(Policy::QueueRatio) => format!("，超出应占份额{:.1}人比{:.1}人", self.score, other.score),
            _ => format!("，得分{:.1}比{:.1}", self.score / 60_000.0, other.score / 60_000.0),
        };
        format!(
            "按“{title}”，{number}（{class}，承诺{due}前）先于{second}（{second_class}，承诺{second_due}前）{scores}。"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::RunnerUp;

    #[test]
    fn a_manager_reads_why_017_went_before_012() {
        let number = |text: &str| text.parse::<TicketNo>().expect("a number");
        let minutes = |h: i64, m: i64| (h * 60 + m) * 60_000;
        let mut why = Why {
            policy: "balanced".into(),
            score: 90.0 * 60_000.0,
            class: Class::Elderly,
            due_ms: minutes(9, 42),
            runner_up: Some(RunnerUp {
                number: number("A012"),
                score: 21.25 * 60_000.0,
                class: Class::Normal,
                due_ms: minutes(9, 55),
            }),
        };
        let said = why.sentence(number("A017"));
        let expected = "按“综合均衡”，A017（长者优先，承诺09:42前）先于A012（普通，承诺09:55前），得分90.0比21.2。";
        assert_eq!(said, expected);
        why.runner_up = None;
        assert!(
            why.sentence(number("A017"))
                .ends_with("同事项同类别中它先来，此窗口当时没有其他类的号在等。")
        );
    }
}
