//! The kiosk alone: numbers that were lent to it beforehand go on being given out while the dispatcher is away.
//!
//! The flow only knows which numbers are left. Whether the person holds one already, and what must be kept sealed until
//! the line is back, is the outbox's: it answers like the dispatcher would, and before the screen shows anything.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::{GroupId, ServiceId, TicketId, TicketNo};
use ui_model::Trouble;

use crate::flow::{Effects, Flow, ignored, log};
use crate::session::{Session, Stage};
use crate::{Day, Effect, Moment, Outcome, Reason, TicketRequest, Underway};

/// One lent number with everything that its slip says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LentNumber {
    /// Its group.
    pub group: GroupId,
    /// The number.
    pub number: TicketNo,
    /// The ticket that it becomes.
    pub id: TicketId,
    /// Four digits.
    pub check_code: String,
    /// What the QR says.
    pub lookup_url: String,
}

/// The numbers that this kiosk may give out alone on a day, in the order in which they go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lent {
    /// The day on which they are good; none before any were lent.
    pub day: Option<Day>,
    /// What is left.
    pub numbers: Vec<LentNumber>,
}

impl Flow {
    pub(crate) fn lent(&mut self, lent: Lent) -> Outcome {
        if self.lent == lent {
            return ignored(Reason::Same);
        }
        self.lent = lent;
        Outcome::Advanced
    }

    /// True while the dispatcher is away and there are numbers of today left to give out.
    pub(crate) fn is_alone(&self, at: &Moment) -> bool {
        self.dispatcher_away_since.is_some() && self.open_by_the_clock(at) && self.has_numbers(at, None)
    }

    fn has_numbers(&self, at: &Moment, group: Option<&GroupId>) -> bool {
        let today = self.lent.day == Some(at.today);
        today
            && self
                .lent
                .numbers
                .iter()
                .any(|lent| group.is_none_or(|group| lent.group == *group))
    }

    /// The last catalogue says when the hall is open; nobody else can be asked.
    fn open_by_the_clock(&self, at: &Moment) -> bool {
        let now = at.minute_of_day;
        self.catalogue
            .hours
            .iter()
            .any(|(from, to)| (*from..*to).contains(&now))
    }

    /// Whether a number of this group can be had now, with the dispatcher or without.
    pub(crate) fn gives_group(&self, at: &Moment, group: &GroupId) -> bool {
        self.dispatcher_away_since.is_none() || (self.is_alone(at) && self.has_numbers(at, Some(group)))
    }

    pub(crate) fn gives_service(&self, at: &Moment, service: &ServiceId) -> bool {
        let known = self.catalogue.service(service);
        known.is_some_and(|service| self.gives_group(at, &service.group))
    }

    /// The group whose number a request asks for.
    pub fn group_of(&self, request: &TicketRequest) -> Option<GroupId> {
        let service = request
            .services
            .first()
            .and_then(|service| self.catalogue.service(service));
        service.map(|service| service.group.clone())
    }

    /// Gives out a lent number. None of this group left is a reason to send the person to the desk.
    pub(crate) fn issue_alone(&mut self, at: &Moment, request: TicketRequest, effects: &mut Effects) {
        let group = self.group_of(&request);
        let numbers = &self.lent.numbers;
        let number = numbers.iter().find(|lent| Some(&lent.group) == group.as_ref()).cloned();
        let Some(number) = number.filter(|_| self.is_alone(at)) else {
            return self.fail(Trouble::DispatcherAway, None, effects);
        };
        let Some(session) = &mut self.session else { return };
        let underway = Underway {
            key: at.fresh,
            since: at.now,
        };
        session.stage = Stage::Issuing {
            underway,
            cancel: false,
            trouble: Trouble::DispatcherAway,
            lost: 0,
            waits: None,
        };
        effects.push(log("issued_alone"));
        effects.push(Effect::GiveAlone {
            key: at.fresh,
            request,
            number: Box::new(number),
        });
    }

    /// The answer has come: the number is used up.
    pub(crate) fn use_up(&mut self, number: TicketNo) {
        self.lent.numbers.retain(|lent| lent.number != number);
    }

    /// A request that was sent while the line went down: whether it arrived nobody knows. After a while the person gets
    /// a lent number instead, and at the hand-over the slip in the hand counts.
    pub(crate) fn tick_unanswered(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        let patience = self.settings.timeouts.alone_after;
        let alone = self.is_alone(at);
        let Some(Session {
            stage:
                Stage::Issuing {
                    underway,
                    cancel: false,
                    waits: waits @ Some(_),
                    ..
                },
            ..
        }) = &mut self.session
        else {
            return false;
        };
        if !alone || at.now - underway.since < patience {
            return false;
        }
        let group = |request: &TicketRequest| request.services.first().cloned();
        let service = waits.as_deref().and_then(group);
        let (key, request) = (underway.key, waits.clone());
        let (Some(service), Some(request)) = (service, request) else {
            return false;
        };
        if !self.gives_service(at, &service) {
            return false;
        }
        effects.push(Effect::Abandon(key));
        self.issue_alone(at, *request, effects);
        true
    }
}
