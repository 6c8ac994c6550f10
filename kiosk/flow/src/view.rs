//! The picture of the state: one model for every state, with nothing of a person but a masked name.

use ticket_dispatcher_types::{Cases, Lang, Millis, window_names};
use ui_model::{
    CatalogueGroup, CatalogueService, Function, FunctionState, HeldTicketView, Model, NowServing, PriorityKind,
    Punctual, Screen, StripCall, TakeCardUrgency, TicketShown, Trouble,
};

use crate::flow::{CardPlace, Flow};
use crate::session::{Place, Priority, Session, Stage, TicketStage};
use crate::{Call, Moment, PrinterState, Ticket};

/// Names of windows, or runs of them, that fit the ticket screen.
const WINDOWS_SHOWN_MAX: usize = 4;

/// What the strip's age is worth telling from; a shorter gap is nothing to worry anybody with.
const STALE_FROM: Millis = Millis::from_secs(10);

impl Flow {
    /// The whole picture at a moment. `revision` is 0: whoever sends it counts.
    pub fn model(&self, at: &Moment) -> Model {
        let lang = self.prefs.lang;
        Model {
            revision: 0,
            lang,
            elder: self.prefs.elder,
            low_reach: self.prefs.low_reach,
            hall_name: self.catalogue.hall_name.get(lang).to_string(),
            kiosk_name: self.settings.kiosk_name.get(lang).to_string(),
            hall_phone: self.catalogue.hall_phone.clone(),
            clock: format!("{:02}:{:02}", at.minute_of_day / 60, at.minute_of_day % 60),
            screen: self.screen(at),
            strip: self.strip_shown(at),
            time_left_s: self.time_left_s(at),
            staff_called: self.prefs.staff_called,
            offline: self.is_alone(at),
            making: self.making_strip(at),
        }
    }

    fn strip_shown(&self, at: &Moment) -> NowServing {
        let age = self.dispatcher_away_since.map(|since| at.now - since);
        NowServing {
            calls: self.strip.iter().take(4).map(|c| self.call_shown(c)).collect(),
            stale_s: age
                .filter(|age| *age >= STALE_FROM && !self.strip.is_empty())
                .map(|age| u32::try_from(age.secs()).unwrap_or(u32::MAX)),
        }
    }

    fn call_shown(&self, call: &Call) -> StripCall {
        StripCall {
            number: call.number,
            window: call.window.get(self.prefs.lang).to_string(),
        }
    }

    fn time_left_s(&self, at: &Moment) -> Option<u16> {
        let Some(session) = self.session.as_ref() else {
            return self.making_left_s(at);
        };
        if matches!(session.stage, Stage::Ended { .. }) {
            return None;
        }
        let left = self.deadline(session) - at.now;
        let shown = left <= self.settings.timeouts.warning;
        shown.then(|| u16::try_from(((left.0 + 999) / 1000).max(0)).unwrap_or(u16::MAX))
    }

    /// What does not work now; empty when all is well.
    pub fn down(&self, at: &Moment) -> Vec<FunctionState> {
        let state = |function, trouble| FunctionState { function, trouble };
        let mut down = Vec::new();
        down.extend(self.blocked(at).map(|trouble| state(Function::TakeNumber, trouble)));
        if !self.reader_up {
            down.push(state(Function::ReadCard, Trouble::ReaderAway));
        }
        if let PrinterState::Down(trouble) = self.printer {
            down.push(state(Function::Print, trouble));
        }
        down
    }

    fn elsewhere(&self) -> String {
        self.settings.elsewhere.get(self.prefs.lang).to_string()
    }

    /// The card has to be taken away before anything else is shown.
    fn take_card(&self) -> Option<Screen> {
        let CardPlace::Lies { loud, .. } = self.card else {
            return None;
        };
        let first_say_why = matches!(
            self.session.as_ref().map(|s| &s.stage),
            Some(Stage::CardProblem(_) | Stage::Failed { .. })
        );
        if first_say_why && !loud {
            return None;
        }
        let urgency = if loud {
            TakeCardUrgency::Loud
        } else {
            TakeCardUrgency::Gentle
        };
        Some(Screen::TakeCard { urgency })
    }

    fn screen(&self, at: &Moment) -> Screen {
        if let Some(screen) = self.take_card() {
            return screen;
        }
        let Some(session) = &self.session else {
            return self.making.as_ref().map_or_else(
                || self.attract(at),
                |making| Screen::Making {
                    making: self.making_screen(making, at),
                },
            );
        };
        match &session.stage {
            Stage::At => self.place(session, at),
            Stage::Reading(step) => Screen::Reading { step: *step },
            Stage::CardProblem(trouble) => Screen::CardProblem {
                trouble: *trouble,
                card_present: self.card != CardPlace::Absent,
            },
            Stage::Looking { since, .. } => Screen::Issuing {
                waited_s: u16::try_from((at.now - *since).secs().max(0)).unwrap_or(u16::MAX),
            },
            Stage::CheckIn(appointment) => Screen::CheckIn {
                service: self
                    .catalogue
                    .names(std::slice::from_ref(&appointment.service), self.prefs.lang)
                    .concat(),
                slot: appointment.slot.clone(),
                punctual: if at.minute_of_day < appointment.check_in_from {
                    Punctual::Early
                } else if at.minute_of_day > appointment.check_in_until {
                    Punctual::Late
                } else {
                    Punctual::InTime
                },
            },
            Stage::PriorityOffer => Screen::PriorityOffer {
                kind: PriorityKind::Elder,
            },
            Stage::Issuing { underway, .. } => Screen::Issuing {
                waited_s: u16::try_from((at.now - underway.since).secs().max(0)).unwrap_or(u16::MAX),
            },
            Stage::Held { ticket, .. } => Screen::AlreadyHolds {
                held: HeldTicketView {
                    ticket: self.shown(ticket),
                    called_to: ticket.called_to.as_ref().map(|w| w.get(self.prefs.lang).to_string()),
                    // The day says nothing here: a ticket lives for a day.
                    taken_at: ticket.taken_at.rsplit(' ').next().unwrap_or_default().to_string(),
                    // One that is being seen to prints later by itself.
                    can_reprint: self.printer != PrinterState::Down(Trouble::PrinterAway),
                },
            },
            Stage::Ticket(TicketStage {
                ticket, paper, reprint, ..
            }) => Screen::Ticket {
                ticket: self.shown(ticket),
                paper: *paper,
                reprint: *reprint,
            },
            Stage::Failed { trouble, .. } => Screen::Failed {
                trouble: *trouble,
                elsewhere: self.elsewhere(),
            },
            Stage::Ended { cancelled_ticket, .. } => Screen::Ended {
                cancelled_ticket: *cancelled_ticket,
            },
        }
    }

    fn attract(&self, at: &Moment) -> Screen {
        Screen::Attract {
            down: self.down(at),
            elsewhere: self.elsewhere(),
            closed: self.blocked(at).is_some() || self.power_failing,
            opening_hours: self.catalogue.hours_text(),
            temp_card: self.temp_card(),
        }
    }

    fn place(&self, session: &Session, at: &Moment) -> Screen {
        let lang = self.prefs.lang;
        match &session.place {
            Place::Groups => Screen::Groups {
                groups: self.groups_now(at, lang),
                greeting: session.person.as_ref().map(|p| p.name.masked_name()),
                chosen: u8::try_from(session.chosen.len()).unwrap_or(u8::MAX),
                guidance: self.catalogue.guidance.is_some(),
            },
            Place::Services(id) => {
                let group = self.catalogue.group(id);
                let shown = self.catalogue.groups_shown(lang).into_iter().find(|g| g.id == *id);
                Screen::Services {
                    group_name: group.map(|g| g.name.get(lang).to_string()).unwrap_or_default(),
                    waiting: group.map(|g| g.waiting).unwrap_or_default(),
                    wait: shown.and_then(|g| g.wait),
                    services: self.services_now(at, self.catalogue.services_shown(id, lang)),
                }
            }
            Place::Search(text) => Screen::Search {
                text: text.clone(),
                results: self.services_now(at, self.catalogue.search(text, lang)),
            },
            Place::Confirm => self.confirm_screen(session, at, lang),
            Place::Present => Screen::PresentCard {
                matters: self.catalogue.names(&session.chosen, lang),
                priority: session.priority == Priority::Wanted,
            },
            Place::NoCard => Screen::NoCard {
                elsewhere: self.elsewhere(),
            },
            Place::Privacy => Screen::Privacy,
        }
    }

    /// Alone the counts are those of before, so none are shown, and a group has numbers or has not.
    fn groups_now(&self, at: &Moment, lang: Lang) -> Vec<CatalogueGroup> {
        let mut groups = self.catalogue.groups_shown(lang);
        if self.is_alone(at) {
            for group in &mut groups {
                (group.waiting, group.wait) = (0, None);
                group.available = self.gives_group(at, &group.id);
            }
        }
        groups
    }

    fn services_now(&self, at: &Moment, mut services: Vec<CatalogueService>) -> Vec<CatalogueService> {
        if self.is_alone(at) {
            for service in &mut services {
                service.available = self.gives_service(at, &service.id);
            }
        }
        services
    }

    fn confirm_screen(&self, session: &Session, at: &Moment, lang: Lang) -> Screen {
        let alone = self.is_alone(at);
        let queue = self.catalogue.queue_of(&session.chosen);
        let (people_ahead, wait) = if alone { (0, None) } else { queue };
        Screen::Confirm {
            matters: self.catalogue.matters(&session.chosen, lang),
            in_order: self.catalogue.may_need_two_windows(&session.chosen),
            can_add: self.can_add(),
            people_ahead,
            wait,
            materials_url: self.catalogue.papers_text(&session.chosen, lang),
            agent: session.agent,
            cases: if session.agent { session.cases } else { Cases::ONE },
            cases_max: self.catalogue.agent_cases_max.max(1),
            past_closing: !alone && self.catalogue.past_closing(&session.chosen, at.minute_of_day),
            card_read: session.person.is_some(),
            priority: session.priority == Priority::Wanted,
            paper: self.printer.prints(),
        }
    }

    fn windows_shown(&self, ticket: &Ticket) -> Vec<String> {
        let lang = self.prefs.lang;
        let names: Vec<String> = ticket.windows.iter().map(|w| w.get(lang).to_string()).collect();
        let (mut shown, more) = window_names(&names, "", WINDOWS_SHOWN_MAX);
        if let Some(last) = shown.last_mut().filter(|_| more) {
            last.push_str(if lang == Lang::En { " and more" } else { "等" });
        }
        shown
    }

    fn shown(&self, ticket: &Ticket) -> TicketShown {
        TicketShown {
            number: ticket.number,
            check_code: ticket.check_code.clone(),
            services: self.catalogue.names(&ticket.services, self.prefs.lang),
            in_order: self.catalogue.may_need_two_windows(&ticket.services),
            people_ahead: ticket.people_ahead,
            // Alone nobody can say.
            wait: ticket.wait.filter(|_| !ticket.offline),
            windows: self.windows_shown(ticket),
            lookup_url: ticket.lookup_url.clone(),
            appointment: ticket.appointment.clone(),
            returned: ticket.returned,
            offline: ticket.offline,
        }
    }
}
