//! One citizen's session: where it stands and what it holds. Dropped whole at the end, and the card with it.

use ticket_dispatcher_types::{Cases, GroupId, IdemKey, Lang, Millis, ServiceId};
use ui_model::{CardTrouble, PaperState, ReadingStep, Trouble};

use crate::{Appointment, Card, JobNo, Ticket, TicketRequest, Underway};

/// Most steps that "back" remembers.
const BACK_MAX: usize = 16;

/// How a person wants the screen. Reset with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefs {
    pub lang: Lang,
    pub elder: bool,
    pub low_reach: bool,
    /// Staff were called.
    pub staff_called: bool,
}

/// A screen that a person walks to and back from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Groups,
    Services(GroupId),
    Search(String),
    Confirm,
    Present,
    NoCard,
    Privacy,
}

/// Where the session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// At `Session::place`.
    At,
    Reading(ReadingStep),
    CardProblem(CardTrouble),
    /// Does the person have an appointment?
    Looking {
        ask: IdemKey,
        since: Millis,
    },
    /// The person has one.
    CheckIn(Appointment),
    PriorityOffer,
    Issuing {
        underway: Underway,
        /// The person cancelled meanwhile: the number is given back as soon as it comes.
        cancel: bool,
        /// What the last failed attempt said.
        trouble: Trouble,
        /// Attempts that nobody answered.
        lost: u8,
        /// The request, as long as a lent number may take its place; none for one that is given out alone.
        waits: Option<Box<TicketRequest>>,
    },
    Ticket(TicketStage),
    Held {
        ticket: Ticket,
        /// Being given back.
        busy: bool,
    },
    Failed {
        trouble: Trouble,
        /// The request that may still be answered.
        key: Option<IdemKey>,
    },
    Ended {
        since: Millis,
        cancelled_ticket: bool,
    },
}

/// A number on the screen and its paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TicketStage {
    pub ticket: Ticket,
    pub paper: PaperState,
    /// The job that prints it; none before the card is gone.
    pub job: Option<JobNo>,
    pub reprint: bool,
    /// The number was said aloud.
    pub announced: bool,
}

/// What a person said to the offer of priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    Unasked,
    Wanted,
    Declined,
}

/// One citizen's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub stage: Stage,
    pub place: Place,
    back: Vec<Place>,
    pub chosen: Vec<ServiceId>,
    pub agent: bool,
    pub cases: Cases,
    pub priority: Priority,
    /// The card, from its reading until the number is there.
    pub person: Option<Card>,
    /// The appointment that the number is for.
    pub appointment: Option<Appointment>,
    /// 确认取号 was pressed and has not led to a request yet.
    pub confirmed: bool,
    /// The last touch or card.
    pub sign_of_life: Millis,
    /// The warning was said aloud.
    pub warned: bool,
}

impl Session {
    /// A session that begins at a place.
    pub fn at(place: Place, now: Millis) -> Self {
        Self {
            stage: Stage::At,
            place,
            back: Vec::new(),
            chosen: Vec::new(),
            agent: false,
            cases: Cases::ONE,
            priority: Priority::Unasked,
            person: None,
            appointment: None,
            confirmed: false,
            sign_of_life: now,
            warned: false,
        }
    }

    /// A session that begins at another stage; "back" from it leads to the card.
    pub fn in_stage(stage: Stage, now: Millis) -> Self {
        let mut session = Self::at(Place::Present, now);
        session.stage = stage;
        session
    }

    /// Somebody is there.
    pub fn touch(&mut self, now: Millis) {
        self.sign_of_life = now;
        self.warned = false;
    }

    /// Goes to a place and remembers the way back.
    pub fn go(&mut self, place: Place) {
        self.stage = Stage::At;
        if self.place == place {
            return;
        }
        let left = std::mem::replace(&mut self.place, place);
        // Letters typed one by one, and the reading place once a card was read, are no steps to go back to.
        let typing = matches!(left, Place::Search(_));
        let reading_done = left == Place::Present && self.person.is_some();
        if !typing && !reading_done {
            if self.back.len() == BACK_MAX {
                self.back.remove(0);
            }
            self.back.push(left);
        }
    }

    /// One step back; false when there is none left.
    pub fn go_back(&mut self) -> bool {
        self.stage = Stage::At;
        self.confirmed = false;
        while let Some(place) = self.back.pop() {
            let empty_list = place == Place::Confirm && self.chosen.is_empty();
            if place != self.place && !empty_list {
                self.place = place;
                return true;
            }
        }
        false
    }

    /// The key of a request that may still be answered.
    pub fn open_key(&self) -> Option<IdemKey> {
        match &self.stage {
            Stage::Issuing { underway, .. } => Some(underway.key),
            Stage::Failed { key, .. } => *key,
            _ => None,
        }
    }
}
