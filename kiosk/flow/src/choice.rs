//! Choosing matters and confirming them.

use ticket_dispatcher_types::{Cases, GroupId, ServiceId};
use ui_model::{Intent, Trouble};

use crate::flow::{Effects, Flow, ignored};
use crate::session::{Place, Priority};
use crate::{Effect, Moment, Outcome, Phrase, Reason, StaffReason};

impl Flow {
    pub(crate) fn choose_group(&mut self, at: &Moment, group: GroupId) -> Outcome {
        if self.catalogue.group(&group).is_none() || !self.gives_group(at, &group) {
            return ignored(Reason::NoSuchChoice);
        }
        self.go(Place::Services(group))
    }

    pub(crate) fn choose(&mut self, at: &Moment, service: ServiceId) -> Outcome {
        // The last word on who still gives numbers is the dispatcher's; while it is away the lent numbers count.
        let alone = self.is_alone(at);
        let available = self.catalogue.service(&service).is_some_and(|s| s.available || alone);
        if !available || !self.gives_service(at, &service) {
            return ignored(Reason::NoSuchChoice);
        }
        let most = usize::from(self.catalogue.matters_max.max(1));
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        if !session.chosen.contains(&service) {
            if session.chosen.len() >= most {
                return ignored(Reason::ListFull);
            }
            session.chosen.push(service);
        }
        self.go(Place::Confirm)
    }

    /// 不知道选哪个: the guidance desk finds out; other matters on the list would only hide that.
    pub(crate) fn choose_guidance(&mut self, at: &Moment) -> Outcome {
        let Some(guidance) = self.catalogue.guidance.clone() else {
            return ignored(Reason::NoSuchChoice);
        };
        if !self.gives_service(at, &guidance) {
            return ignored(Reason::NoSuchChoice);
        }
        if let Some(session) = &mut self.session {
            session.chosen = vec![guidance];
        }
        self.go(Place::Confirm)
    }

    /// Goes to the reader.
    pub(crate) fn present(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let trouble = match self.blocked(at) {
            None if !self.reader_up => Some(Trouble::ReaderAway),
            other => other,
        };
        if let Some(trouble) = trouble {
            self.fail(trouble, None, effects);
            return Outcome::Advanced;
        }
        effects.push(Effect::Speak(Phrase::PresentCard));
        self.go(Place::Present)
    }

    /// The buttons of the confirm screen; none for an intent that has no button there.
    pub(crate) fn at_confirm(&mut self, at: &Moment, intent: &Intent, effects: &mut Effects) -> Option<Outcome> {
        let cases_max = self.catalogue.agent_cases_max;
        let can_add = self.can_add();
        let session = self.session.as_mut()?;
        let outcome = match intent {
            Intent::AddAnother if can_add => self.go(Place::Groups),
            Intent::AddAnother => ignored(Reason::ListFull),
            Intent::RemoveService { service } => self.remove(service),
            Intent::SetAgent { .. } if cases_max <= 1 => ignored(Reason::NoSuchChoice),
            Intent::SetAgent { agent } => {
                session.agent = *agent;
                session.cases = Cases::ONE;
                Outcome::Advanced
            }
            Intent::SetCases { cases } => match Cases::new(*cases) {
                Ok(count) if session.agent && *cases <= cases_max => {
                    session.cases = count;
                    Outcome::Advanced
                }
                _ => ignored(Reason::NoSuchChoice),
            },
            Intent::AcceptPriority => self.want_priority(at, effects),
            Intent::DeclinePriority => {
                session.priority = Priority::Declined;
                Outcome::Advanced
            }
            Intent::Confirm => self.confirm(at, effects),
            _ => return None,
        };
        Some(outcome)
    }

    /// One more matter fits on the number.
    pub(crate) fn can_add(&self) -> bool {
        let most = usize::from(self.catalogue.matters_max.max(1));
        let guidance = self.catalogue.guidance.as_ref();
        let chosen = self.session.as_ref().map(|s| s.chosen.as_slice()).unwrap_or_default();
        chosen.len() < most && !chosen.iter().any(|c| Some(c) == guidance)
    }

    fn remove(&mut self, service: &ServiceId) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        let before = session.chosen.len();
        session.chosen.retain(|c| c != service);
        if session.chosen.len() == before {
            return ignored(Reason::NoSuchChoice);
        }
        if session.chosen.is_empty() {
            return self.go(Place::Groups);
        }
        Outcome::Advanced
    }

    /// 需要优先服务. By age it holds at once; every other reason is for staff to see, so they are called, and nothing
    /// about the reason is asked or kept here.
    pub(crate) fn want_priority(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let priority_age = self.catalogue.priority_age;
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        if session.priority == Priority::Wanted {
            return ignored(Reason::Same);
        }
        session.priority = Priority::Wanted;
        let age = session.person.as_ref().and_then(|p| p.age_on(at.today));
        let of_age = priority_age > 0 && age.is_some_and(|a| a >= priority_age);
        if !of_age && !self.prefs.staff_called {
            self.prefs.staff_called = true;
            effects.push(Effect::CallStaff(StaffReason::Priority));
        }
        Outcome::Advanced
    }

    fn confirm(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        let Some(session) = &mut self.session else {
            return ignored(Reason::NotOnThisScreen);
        };
        if session.chosen.is_empty() {
            return ignored(Reason::NoSuchChoice);
        }
        if session.person.is_some() {
            self.issue(at, effects);
            return Outcome::Advanced;
        }
        let outcome = self.present(at, effects);
        if let Some(session) = &mut self.session {
            session.confirmed = matches!(session.stage, crate::session::Stage::At);
        }
        outcome
    }
}
