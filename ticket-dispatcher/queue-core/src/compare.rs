//! "Why was 017 called before 012": two tickets side by side at the moment of a call, in a sentence.

use core::cmp::Ordering;

use ticket_dispatcher_types::{Class, Millis, TicketId, TicketNo, TicketState, WindowId};

use crate::effect::Why;
use crate::engine::Engine;
use crate::policy::Policy;

/// How a ticket stood at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its number.
    pub number: TicketNo,
    /// Effective class.
    pub class: Class,
    /// When it was promised to be called, ms since local midnight.
    pub due_ms: i64,
    /// How long it had waited, ms; negative for an appointment before its slot.
    pub waited_ms: i64,
    /// Score under the policy, larger is better.
    pub score: f64,
}

/// Why a ticket was not the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// It had not been given out yet.
    NotIssued,
    /// It did not wait: it was called, held, over.
    NotWaiting(TicketState),
    /// The window may not call it.
    NotServedHere,
    /// The winner was put aside and resumed: it goes first at its window.
    Resumed,
    /// After a row of priority calls it was an ordinary ticket's turn.
    OrdinaryTurn,
    /// Same class and service: who came first goes first.
    SameKindLater,
    /// The winner had waited beyond the hall's limit; such tickets go first.
    WinnerOverAge,
    /// It is an appointment and its slot was still far.
    TooEarly,
    /// Its score was lower.
    LowerScore,
    /// Equal score; the winner stood before it.
    LaterPlace,
    /// The policy would have called it: the winner was picked by hand.
    PickedByHand,
}

/// The winner of a call and another ticket at that moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Policy that chose.
    pub policy: Policy,
    /// Who was called.
    pub winner: Standing,
    /// The other one; none when it had not been given out yet.
    pub other: Option<Standing>,
    /// Its number.
    pub number: TicketNo,
    /// Why it was not the one.
    pub passed: Passed,
}

impl Engine {
    /// Compares a ticket that is about to be called with another one. `self` is the hall just before the call. None
    /// when the winner does not wait or both are the same.
    pub fn compare(&self, now: Millis, window: &WindowId, winner: TicketId, over: TicketNo) -> Option<Comparison> {
        let window = *self.index.windows.get(window)?;
        let first = *self.state.by_id.get(&winner)?;
        if self.state.tickets[first].state != TicketState::Waiting || self.state.tickets[first].number == over {
            return None;
        }
        let other = self.state.tickets.iter().position(|t| t.number == over);
        Some(Comparison {
            policy: self.state.policy,
            winner: self.standing(now, first),
            other: other.map(|other| self.standing(now, other)),
            number: over,
            passed: other.map_or(Passed::NotIssued, |other| self.passed(now, window, first, other)),
        })
    }

    fn standing(&self, now: Millis, ix: usize) -> Standing {
        let ticket = &self.state.tickets[ix];
        Standing {
            number: ticket.number,
            class: ticket.class,
            due_ms: self.due(ticket),
            waited_ms: now.0 - ticket.place.base_ms,
            score: self.candidate(now, ix, self.queues()).urgency.score,
        }
    }

    fn passed(&self, now: Millis, window: usize, first: usize, other: usize) -> Passed {
        let (winner, ticket) = (&self.state.tickets[first], &self.state.tickets[other]);
        if ticket.state != TicketState::Waiting {
            return Passed::NotWaiting(ticket.state);
        }
        if !self.can_serve(window, other) {
            return Passed::NotServedHere;
        }
        let queues = self.queues();
        let (a, b) = (self.candidate(now, first, queues), self.candidate(now, other, queues));
        if a.front && !b.front {
            return Passed::Resumed;
        }
        if !b.front && self.must_let_ordinary_pass(other) && !self.must_let_ordinary_pass(first) {
            return Passed::OrdinaryTurn;
        }
        if !b.front && self.is_too_early(now, other) && !self.is_too_early(now, first) {
            return Passed::TooEarly;
        }
        if self.before(&a, &b) != Ordering::Less {
            return Passed::PickedByHand;
        }
        if winner.class == ticket.class && winner.service_at == ticket.service_at {
            return Passed::SameKindLater;
        }
        match (a.urgency.tier, b.urgency.tier) {
            (2, 0 | 1) => Passed::WinnerOverAge,
            (1, 0) => Passed::TooEarly,
            _ if a.urgency.score > b.urgency.score => Passed::LowerScore,
            _ => Passed::LaterPlace,
        }
    }
}

/// Hours and minutes of a time of day.
fn clock(ms: i64) -> String {
    Millis(ms).to_string().chars().take(5).collect()
}

fn class_zh(class: Class) -> &'static str {
    match class {
        Class::Appt => "预约",
        Class::Disabled => "残障优先",
        Class::Elderly => "长者优先",
        Class::Normal => "普通",
    }
}

fn class_en(class: Class) -> &'static str {
    match class {
        Class::Appt => "appointment",
        Class::Disabled => "disabled",
        Class::Elderly => "elderly",
        Class::Normal => "ordinary",
    }
}

/// Two scores in the policy's own measure; none where the measure is a time of day, which the due time says better.
fn scores(policy: Policy, winner: f64, other: f64) -> Option<(String, String)> {
    let (a, b) = match policy {
        Policy::Fifo | Policy::Due => return None,
        // Whole ranks; people more than its share.
        Policy::Priority => (format!("{winner:.0}"), format!("{other:.0}")),
        Policy::QueueRatio => (format!("{winner:.1}"), format!("{other:.1}")),
        // Weighted minutes.
        _ => (format!("{:.1}", winner / 60_000.0), format!("{:.1}", other / 60_000.0)),
    };
    (a != b).then_some((a, b))
}

impl Policy {
    /// What it is called in English.
    pub fn title_en(self) -> &'static str {
        match self {
            Self::Fifo => "first come, first served",
            Self::Priority => "priority classes first",
            Self::Due => "earliest promised time",
            Self::Accumulating => "accumulating priority",
            Self::Gcmu => "wait against length",
            Self::Ratio => "weighted wait",
            Self::QueueRatio => "balanced queues",
            Self::Balanced => "balanced",
        }
    }
}

impl Why {
    /// The same sentence as [`Why::sentence`] in English.
    pub fn sentence_en(&self, number: TicketNo) -> String {
        let policy = Policy::by_name(&self.policy);
        let title = policy.map_or(self.policy.as_str(), |policy| policy.title_en());
        let own = format!(
            "{number} ({}, promised by {})",
            class_en(self.class),
            clock(self.due_ms)
        );
        let Some(other) = &self.runner_up else {
            return format!(
                "By “{title}”: {own}, first of its service and class; no other kind waited for this window."
            );
        };
        let (class, due) = (class_en(other.class), clock(other.due_ms));
        let scores = policy.and_then(|policy| scores(policy, self.score, other.score));
        let scores = scores.map_or_else(String::new, |(a, b)| format!("; score {a} against {b}"));
        format!(
            "By “{title}”: {own} before {} ({class}, promised by {due}){scores}.",
            other.number
        )
    }
}

impl Comparison {
    /// One sentence in Chinese, for staff: it names classes.
    pub fn sentence(&self) -> String {
        let Some(other) = &self.other else {
            return format!("叫 {} 的时候，{} 还没有取号。", self.winner.number, self.number);
        };
        let (a, b) = (said_zh(&self.winner), said_zh(other));
        let (first, second) = (self.winner.number, other.number);
        let title = self.policy.title();
        let because = match self.passed {
            Passed::NotIssued => format!("当时 {second} 还没有取号"),
            Passed::NotWaiting(state) => format!("当时 {second} 不在等候（{}）", state_zh(state)),
            Passed::NotServedHere => format!("这个窗口不办 {second} 的事项"),
            Passed::Resumed => format!("{first} 是本窗口挂起后恢复的号，先办"),
            Passed::OrdinaryTurn => "连续叫过优先号，轮到普通号".to_string(),
            Passed::SameKindLater => "同类别、同事项，先到的先办".to_string(),
            Passed::WinnerOverAge => format!("{first} 等候已超过上限，先办"),
            Passed::TooEarly => format!("{second} 的预约时间还没到"),
            Passed::LowerScore => match scores(self.policy, self.winner.score, other.score) {
                Some((a, b)) => format!("按“{title}”，得分 {a} 比 {b}"),
                None => format!("按“{title}”，{first} 排在前"),
            },
            Passed::LaterPlace => format!("按“{title}”得分相同，{first} 排在前"),
            Passed::PickedByHand => format!("按“{title}”本应先叫 {second}，{first} 由工作人员指定呼叫"),
        };
        format!("{a}先于{b}：{because}。")
    }

    /// The same in English.
    pub fn sentence_en(&self) -> String {
        let Some(other) = &self.other else {
            let (first, second) = (self.winner.number, self.number);
            return format!("When {first} was called, {second} had not been given out yet.");
        };
        let (a, b) = (said_en(&self.winner), said_en(other));
        let (first, second) = (self.winner.number, other.number);
        let title = self.policy.title_en();
        let because = match self.passed {
            Passed::NotIssued => format!("{second} had not been given out yet"),
            Passed::NotWaiting(state) => format!("{second} was not waiting then ({})", state_en(state)),
            Passed::NotServedHere => format!("this window does not serve {second}"),
            Passed::Resumed => format!("{first} was put aside here and resumed, so it goes first"),
            Passed::OrdinaryTurn => "after a row of priority calls it was an ordinary ticket's turn".to_string(),
            Passed::SameKindLater => "same class and service, who came first goes first".to_string(),
            Passed::WinnerOverAge => format!("{first} had waited beyond the limit, so it goes first"),
            Passed::TooEarly => format!("the slot of {second} was still to come"),
            Passed::LowerScore => match scores(self.policy, self.winner.score, other.score) {
                Some((a, b)) => format!("by “{title}”, score {a} against {b}"),
                None => format!("by “{title}”, {first} stands first"),
            },
            Passed::LaterPlace => format!("equal score by “{title}”, {first} stands first"),
            Passed::PickedByHand => {
                format!("by “{title}” it should have been {second}; {first} was picked by hand")
            }
        };
        format!("{a} before {b}: {because}.")
    }
}

fn said_zh(standing: &Standing) -> String {
    let (class, due) = (class_zh(standing.class), clock(standing.due_ms));
    let waited = standing.waited_ms.div_euclid(60_000);
    if waited < 0 {
        return format!("{}（{class}，预约时间未到，承诺{due}前）", standing.number);
    }
    format!("{}（{class}，已等{waited}分钟，承诺{due}前）", standing.number)
}

fn said_en(standing: &Standing) -> String {
    let (class, due) = (class_en(standing.class), clock(standing.due_ms));
    let waited = standing.waited_ms.div_euclid(60_000);
    if waited < 0 {
        return format!("{} ({class}, before its slot, promised by {due})", standing.number);
    }
    format!("{} ({class}, waited {waited} min, promised by {due})", standing.number)
}

fn state_zh(state: TicketState) -> &'static str {
    match state {
        TicketState::Waiting => "等候中",
        TicketState::Called => "已叫号",
        TicketState::Serving => "办理中",
        TicketState::Held => "已挂起",
        TicketState::Finished => "已办结",
        TicketState::NoShow => "已过号",
        TicketState::Cancelled => "已取消",
    }
}

fn state_en(state: TicketState) -> &'static str {
    match state {
        TicketState::Waiting => "waiting",
        TicketState::Called => "called",
        TicketState::Serving => "being served",
        TicketState::Held => "held",
        TicketState::Finished => "finished",
        TicketState::NoShow => "missed",
        TicketState::Cancelled => "cancelled",
    }
}
