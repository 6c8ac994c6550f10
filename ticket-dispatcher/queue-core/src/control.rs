//! What a manager steers: the policy of the day, calls past the policy, and what would be if windows opened or closed.

use std::sync::Arc;

use ticket_dispatcher_types::{CloseReason, Millis, TicketId, TicketState, WindowId, WindowState};

use crate::config::HallConfig;
use crate::effect::{Effect, Refusal, RunnerUp, Why};
use crate::engine::Engine;
use crate::forecast::QueueOutlook;
use crate::policy::{Policy, Scorer};

impl Engine {
    /// What chooses now: the hall file's policy, or what a manager has set for today.
    pub fn policy(&self) -> Policy {
        self.state.policy
    }

    /// The header as the hall file has it, whatever was set since.
    pub fn hall_file(&self) -> &Arc<HallConfig> {
        &self.file
    }

    /// When everybody who waits now will have been called as the hall goes, and if these windows opened and those
    /// closed for the day now. Both speak of the same people, those who are called either way, so that the two compare.
    /// A window named in both closes. None when nobody waits; unknown windows are passed over.
    pub fn what_if(&self, now: Millis, open: &[WindowId], close: &[WindowId]) -> Option<(QueueOutlook, QueueOutlook)> {
        let mut draft = self.clone();
        for window in open {
            let effect = Effect::WindowOpened {
                window: window.clone(),
                clerk: None,
            };
            draft.fold(now, &effect);
        }
        for window in close {
            let effect = Effect::WindowClosed {
                window: window.clone(),
                reason: CloseReason::End,
            };
            draft.fold(now, &effect);
        }
        let both = self.callable(now).into_iter().zip(draft.callable(now));
        let both: Vec<bool> = both.map(|(now, then)| now && then).collect();
        Some((self.foresee_end(now, &both)?, draft.foresee_end(now, &both)?))
    }

    /// A setting of the hall file belongs to the policy that the file names: another one comes with its own.
    pub(crate) fn use_policy(&mut self, policy: Policy) {
        self.state.policy = policy;
        if self.config.policy == policy {
            return;
        }
        self.config = if policy == self.file.policy {
            Arc::clone(&self.file)
        } else {
            Arc::new(HallConfig {
                policy,
                weighing: None,
                ..(*self.file).clone()
            })
        };
        let shares = self.index.shares(&self.config);
        self.scorer = Arc::new(Scorer::new(&self.config, &self.models, shares));
    }

    pub(crate) fn set_policy(
        &mut self,
        now: Millis,
        policy: Policy,
        by: &str,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        given(reason)?;
        if policy == self.state.policy {
            return Err(Refusal::PolicyInForce { policy });
        }
        let effect = Effect::PolicyChanged {
            from: self.state.policy,
            to: policy,
            by: by.to_string(),
            reason: reason.to_string(),
        };
        self.emit(now, effect, out);
        Ok(())
    }

    pub(crate) fn peek(
        &mut self,
        now: Millis,
        window: &WindowId,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let ix = self.known(window)?;
        given(reason)?;
        let effect = Effect::Peeked {
            window: window.clone(),
            clerk: self.state.windows[ix].clerk.clone(),
            reason: reason.to_string(),
        };
        self.emit(now, effect, out);
        Ok(())
    }

    /// The call keeps, as its runner-up, whom the policy would have called instead.
    pub(crate) fn pick(
        &mut self,
        now: Millis,
        window: &WindowId,
        id: TicketId,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let at = self.known(window)?;
        given(reason)?;
        let here = &self.state.windows[at];
        if here.state != WindowState::Open {
            return Err(Refusal::WindowNotOpen { window: window.clone() });
        }
        if let Some(current) = here.current {
            let number = self.ticket(current).ok_or(Refusal::UnknownTicket)?.number;
            return Err(Refusal::WindowBusy {
                window: window.clone(),
                number,
            });
        }
        let ticket = self.ticket(id).ok_or(Refusal::UnknownTicket)?;
        if ticket.state != TicketState::Waiting {
            return Err(self.wrong_state(id, "called"));
        }
        let place = *self.state.by_id.get(&id).ok_or(Refusal::UnknownTicket)?;
        if !self.can_serve(at, place) {
            return Err(Refusal::NotServedHere {
                window: window.clone(),
                number: ticket.number,
            });
        }
        let why = self.why_picked(now, at, place);
        let clerk = here.clerk.clone();
        let picked = Effect::Picked {
            ticket: id,
            window: window.clone(),
            clerk,
            reason: reason.to_string(),
        };
        self.emit(now, picked, out);
        let called = Effect::Called {
            ticket: id,
            window: window.clone(),
            why,
        };
        self.emit(now, called, out);
        Ok(())
    }

    fn why_picked(&self, now: Millis, window: usize, place: usize) -> Why {
        let ticket = &self.state.tickets[place];
        let best = match self.choose(now, &[window]) {
            Some(Effect::Called { ticket: best, why, .. }) => Some((best, why)),
            _ => None,
        };
        let runner_up = best.and_then(|(best, why)| {
            if best == ticket.id {
                return why.runner_up;
            }
            Some(RunnerUp {
                number: self.ticket(best)?.number,
                score: why.score,
                class: why.class,
                due_ms: why.due_ms,
            })
        });
        Why {
            policy: self.state.policy.name().to_string(),
            score: self.candidate(now, place, self.queues()).urgency.score,
            class: ticket.class,
            due_ms: self.due(ticket),
            runner_up,
        }
    }
}

fn given(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(())
}
