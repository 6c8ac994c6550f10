//! The flow itself: what holds for the whole kiosk, and the way from an input to the room that handles it.

use ticket_dispatcher_types::Millis;
use ui_model::{PaperState, Trouble};

use crate::making::Making;
use crate::session::{Prefs, Session, Stage, TicketStage};
use crate::{
    Call, Catalogue, Effect, Input, JobNo, Lent, LogLine, MakerState, MakingOrder, Moment, Outcome, Phrase,
    PrinterState, Reason, Settings, Slip, StaffReason, Step,
};

/// Where a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CardPlace {
    Absent,
    /// On the reader, being read.
    Reading,
    /// Read, or not readable, and still there.
    Lies {
        since: Millis,
        /// It lies too long: loud, and staff were told.
        loud: bool,
    },
}

/// A slip that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub no: JobNo,
    pub slip: Slip,
    pub reprint: bool,
    pub tries: u8,
    pub first_at: Millis,
    pub sent: bool,
}

/// The kiosk: its functions, its card, its slips, and at most one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub(crate) settings: Settings,
    pub(crate) catalogue: Catalogue,
    pub(crate) strip: Vec<Call>,
    /// Since when the dispatcher does not answer; from the start until it answers first.
    pub(crate) dispatcher_away_since: Option<Millis>,
    pub(crate) reader_up: bool,
    pub(crate) printer: PrinterState,
    /// False from a job that went wrong until the printer told its state again: until then what is known is stale.
    pub(crate) printer_fresh: bool,
    pub(crate) card: CardPlace,
    pub(crate) jobs: Vec<Job>,
    pub(crate) next_job: JobNo,
    pub(crate) prefs: Prefs,
    pub(crate) prefs_at: Millis,
    pub(crate) session: Option<Session>,
    pub(crate) power_failing: bool,
    /// Numbers to give out while the dispatcher is away.
    pub(crate) lent: Lent,
    pub(crate) maker: MakerState,
    pub(crate) making: Option<Making>,
}

/// Effects of a step as they gather.
pub(crate) type Effects = Vec<Effect>;

pub(crate) fn ignored(reason: Reason) -> Outcome {
    Outcome::Ignored { reason }
}

pub(crate) fn log(what: &'static str) -> Effect {
    Effect::Log(LogLine { what, number: None })
}

impl Flow {
    /// A kiosk that has not heard from anybody yet: every function counts as away until its device or server speaks.
    pub fn new(settings: Settings, now: Millis) -> Self {
        let prefs = Self::fresh_prefs(&settings);
        Self {
            catalogue: Catalogue::default(),
            strip: Vec::new(),
            dispatcher_away_since: Some(now),
            reader_up: false,
            printer: PrinterState::Down(Trouble::PrinterAway),
            printer_fresh: false,
            card: CardPlace::Absent,
            jobs: Vec::new(),
            next_job: settings.first_job,
            prefs,
            prefs_at: now,
            session: None,
            power_failing: false,
            lent: Lent::default(),
            maker: MakerState::Absent,
            making: None,
            settings,
        }
    }

    pub(crate) fn fresh_prefs(settings: &Settings) -> Prefs {
        Prefs {
            lang: settings.lang,
            elder: settings.elder,
            low_reach: settings.low_reach,
            staff_called: false,
        }
    }

    /// Takes one input. Every input in every state has an outcome; an ignored one says why.
    pub fn step(&mut self, at: &Moment, input: Input) -> Step {
        let mut effects = Effects::new();
        let outcome = match input {
            Input::Intent(intent) => self.intent(at, intent, &mut effects),
            Input::Reader(reader) => self.reader(at, reader, &mut effects),
            Input::Scan(scan) => self.scanned(at, scan, &mut effects),
            Input::Dispatcher(answer) => self.dispatcher(at, answer, &mut effects),
            Input::Printer(printer) => self.printer(at, printer, &mut effects),
            Input::Making(input) => self.making_input(at, input, &mut effects),
            Input::Case { open } => Self::case(open, &mut effects),
            Input::Tick => self.tick(at, &mut effects),
            Input::PowerFail => self.power_fail(&mut effects),
            Input::PowerBack => self.power_back(),
        };
        self.settle(at, &mut effects);
        Step { outcome, effects }
    }

    /// True when nobody is here and nothing is under way: no session, no card on the reader, no slip on its way, nobody
    /// at the maker. Then the kiosk may end itself without anybody noticing.
    pub fn is_idle(&self) -> bool {
        let nobody = self.session.is_none() && self.making.is_none() && self.card == CardPlace::Absent;
        nobody && self.jobs.is_empty() && self.prefs == Self::fresh_prefs(&self.settings)
    }

    /// Somebody opened the case, or shut it. Staff come to see who; the session goes on.
    fn case(open: bool, effects: &mut Effects) -> Outcome {
        if open {
            effects.push(Effect::CallStaff(StaffReason::CaseOpened));
        }
        effects.push(log(if open { "case_opened" } else { "case_shut" }));
        Outcome::Advanced
    }

    /// Why no number can be given out now, if so.
    pub(crate) fn blocked(&self, at: &Moment) -> Option<Trouble> {
        if self.is_alone(at) {
            None
        } else if self.dispatcher_away_since.is_some() {
            Some(Trouble::DispatcherAway)
        } else if !self.catalogue.issuing {
            Some(Trouble::OutsideHours)
        } else {
            None
        }
    }

    pub(crate) fn idle_limit(&self) -> Millis {
        let t = &self.settings.timeouts;
        if self.prefs.elder { t.idle_elder } else { t.idle }
    }

    /// When the session ends by itself.
    pub(crate) fn deadline(&self, session: &Session) -> Millis {
        session.sign_of_life + self.idle_limit()
    }

    /// Ends the session: everything about the person goes, here and (by `Wipe`) everywhere else.
    pub(crate) fn end(&mut self, effects: &mut Effects) {
        let Some(session) = self.session.take() else {
            return;
        };
        effects.extend(session.open_key().map(Effect::Abandon));
        effects.push(Effect::Wipe);
        self.prefs = Self::fresh_prefs(&self.settings);
    }

    /// Ends the session with a last word on the screen. The person is forgotten at once; only the word stays.
    pub(crate) fn end_with_word(&mut self, at: &Moment, cancelled_ticket: bool, effects: &mut Effects) {
        let prefs = self.prefs;
        self.end(effects);
        self.prefs = prefs;
        let stage = Stage::Ended {
            since: at.now,
            cancelled_ticket,
        };
        self.session = Some(Session::in_stage(stage, at.now));
        effects.push(log("session_cancelled"));
    }

    fn tick(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let mut advanced = self.tick_card(at, effects);
        advanced |= self.tick_looking(at, effects);
        advanced |= self.tick_unanswered(at, effects);
        advanced |= self.tick_session(at, effects);
        advanced |= self.tick_making(at, effects);
        let unused = self.session.is_none() && self.making.is_none() && self.prefs != Self::fresh_prefs(&self.settings);
        if unused && at.now - self.prefs_at >= self.idle_limit() {
            self.prefs = Self::fresh_prefs(&self.settings);
            advanced = true;
        }
        if advanced {
            Outcome::Advanced
        } else {
            ignored(Reason::Same)
        }
    }

    fn tick_card(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        let CardPlace::Lies { since, loud: false } = self.card else {
            return false;
        };
        if at.now - since < self.settings.timeouts.card_left {
            return false;
        }
        self.card = CardPlace::Lies { since, loud: true };
        effects.push(Effect::Speak(Phrase::TakeCardLoud));
        effects.push(Effect::CallStaff(StaffReason::CardLeft));
        effects.push(log("card_left"));
        true
    }

    fn tick_session(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        let timeouts = self.settings.timeouts;
        let Some(session) = &self.session else {
            return false;
        };
        let deadline = self.deadline(session);
        if let Stage::Ended { since, .. } = session.stage {
            if at.now - since >= timeouts.ended {
                self.end(effects);
                return true;
            }
            return false;
        }
        if at.now >= deadline {
            self.end(effects);
            effects.push(log("session_timed_out"));
            return true;
        }
        if let Stage::Issuing {
            underway,
            trouble,
            cancel,
            ..
        } = session.stage
            && at.now - underway.since >= timeouts.issue
        {
            if cancel {
                self.end_with_word(at, false, effects);
            } else {
                self.fail(trouble, Some(underway.key), effects);
            }
            return true;
        }
        if !session.warned && at.now >= deadline - timeouts.warning {
            effects.push(Effect::Speak(Phrase::StillThere));
            if let Some(session) = &mut self.session {
                session.warned = true;
            }
            return true;
        }
        false
    }

    /// The session cannot go on: the screen says why and where to go instead.
    pub(crate) fn fail(&mut self, trouble: Trouble, key: Option<ticket_dispatcher_types::IdemKey>, out: &mut Effects) {
        if let Some(session) = &mut self.session {
            session.stage = Stage::Failed { trouble, key };
            session.confirmed = false;
            // The request under way has its own copy; the screen needs the person no longer.
            session.person = None;
            out.push(Effect::Speak(Phrase::GoToDesk));
            out.push(log("session_failed"));
        }
    }

    fn power_fail(&mut self, effects: &mut Effects) -> Outcome {
        if self.power_failing {
            return ignored(Reason::Same);
        }
        self.power_failing = true;
        self.end(effects);
        if self.making.take().is_some_and(|making| making.asks()) {
            effects.push(Effect::Making(MakingOrder::Forget));
        }
        effects.push(log("power_failing"));
        Outcome::Advanced
    }

    fn power_back(&mut self) -> Outcome {
        if !self.power_failing {
            return ignored(Reason::Same);
        }
        self.power_failing = false;
        Outcome::Advanced
    }

    /// What follows from the state and not from one input: print once the card is gone, say the number, print again
    /// what a fault interrupted.
    fn settle(&mut self, at: &Moment, effects: &mut Effects) {
        if matches!(self.card, CardPlace::Lies { .. }) {
            return;
        }
        self.start_print(at, effects);
        if let Some(Session {
            stage: Stage::Ticket(shown),
            ..
        }) = &mut self.session
            && !shown.announced
        {
            shown.announced = true;
            effects.push(Effect::Speak(Phrase::YourNumber(shown.ticket.number)));
        }
        self.print_again(at, effects);
    }

    /// True when the slip of the shown ticket has not been asked for yet.
    pub(crate) fn unprinted(shown: &TicketStage) -> bool {
        shown.job.is_none() && shown.paper == PaperState::Printing
    }
}
