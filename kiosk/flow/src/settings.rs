//! What the kiosk's file sets.

use ticket_dispatcher_types::{Lang, Millis};

use crate::{JobNo, LocalText};

/// Time-outs. The defaults are those of the hall's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// A session ends after this long without a touch or a card.
    pub idle: Millis,
    /// The same in elder mode.
    pub idle_elder: Millis,
    /// The warning comes this long before the end.
    pub warning: Millis,
    /// A card that lies this long after reading: louder, and staff.
    pub card_left: Millis,
    /// How long a person waits for a number before the screen says where to go instead.
    pub issue: Millis,
    /// How long an unanswered request is waited for, once the dispatcher is known to be away, before a lent number
    /// takes its place.
    pub alone_after: Millis,
    /// How long the question for appointments is waited for.
    pub look: Millis,
    /// How long the last screen of a cancelled session stays.
    pub ended: Millis,
    /// A slip that could not be finished is printed again within this time, later no more: its person has left.
    pub reprint: Millis,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Millis::from_secs(60),
            idle_elder: Millis::from_secs(120),
            warning: Millis::from_secs(20),
            card_left: Millis::from_secs(15),
            issue: Millis::from_secs(15),
            alone_after: Millis::from_secs(3),
            look: Millis(1_500),
            ended: Millis::from_secs(2),
            reprint: Millis::from_mins(15),
        }
    }
}

/// Settings of a kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the people on the phone call it.
    pub kiosk_name: LocalText,
    /// Where to go when something does not work here.
    pub elsewhere: LocalText,
    /// Language of a new session.
    pub lang: Lang,
    /// Large type for every session.
    pub elder: bool,
    /// 低位模式 for every session: a kiosk at a low counter.
    pub low_reach: bool,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// Number of the first print job, above every one that the outbox knows.
    pub first_job: JobNo,
}
