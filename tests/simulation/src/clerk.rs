//! A window with its clerk: one press at a time, the same key until it is answered, and a look at the truth whenever
//! the answer was not the one hoped for.

use ticket_dispatcher_queue_core::{Effect, Event, Refusal, TransferTo};
use ticket_dispatcher_types::{ClerkId, CloseReason, IdemKey, TicketId, TicketState, WindowId};

use crate::air::Air;
use crate::journal::{Addr, Answer, Message};
use crate::retry::Pending;
use crate::{Bug, hall};

/// Ticks before a look at the truth is asked for again.
const LOOK_AGAIN_TICKS: u64 = 12;

pub(crate) struct Clerk {
    at: usize,
    window: WindowId,
    open: bool,
    in_hand: Option<TicketId>,
    serving: bool,
    calls: u8,
    /// The clerk does nothing before this tick.
    busy_until: u64,
    pending: Option<Pending>,
    look_at: Option<u64>,
    /// Put aside, to be taken up again.
    held: Vec<TicketId>,
    /// The clerk has gone home.
    pub(crate) gone: bool,
}

impl Clerk {
    pub(crate) fn new(at: usize) -> Self {
        Self {
            at,
            window: hall::window(at),
            open: false,
            in_hand: None,
            serving: false,
            calls: 0,
            busy_until: 0,
            pending: None,
            look_at: Some(0),
            held: Vec::new(),
            gone: false,
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.pending.is_none() && (self.gone || (self.look_at.is_none() && self.in_hand.is_none()))
    }

    pub(crate) fn tick(&mut self, air: &mut Air) {
        if air.mishap(1) {
            self.restart(air);
        }
        if let Some(pending) = &mut self.pending {
            if pending.is_due(air.tick) {
                if air.has(Bug::ClerkRetriesWithNewKey) && pending.attempts > 0 {
                    pending.key = air.dice.key();
                }
                pending.send(air, Addr::Window(self.at));
            }
            return;
        }
        if let Some(at) = self.look_at {
            if air.tick >= at {
                let (from, window) = (Addr::Window(self.at), self.window.clone());
                air.send(from, Addr::Server, Message::Look { from, window });
                self.look_at = Some(air.tick + LOOK_AGAIN_TICKS);
            }
            return;
        }
        if self.gone || air.tick < self.busy_until {
            return;
        }
        let event = match self.in_hand {
            _ if !self.open => Event::Open {
                window: self.window.clone(),
                clerk: ClerkId::new(format!("C{}", self.at)).ok(),
            },
            None => self.without_anybody(air),
            Some(ticket) if self.serving => self.after_service(air, ticket),
            Some(ticket) => self.after_call(ticket),
        };
        self.press(air, event);
    }

    fn without_anybody(&mut self, air: &mut Air) -> Event {
        let window = self.window.clone();
        if air.dice.permille(200)
            && let Some(ticket) = self.held.pop()
        {
            return Event::Resume { ticket };
        }
        if air.mishap(20) {
            let reason = CloseReason::Break;
            return Event::Pause { window, reason };
        }
        Event::Next {
            window,
            finish_current: false,
        }
    }

    fn after_call(&self, ticket: TicketId) -> Event {
        let leaves_silently = ticket.bytes()[0].is_multiple_of(8);
        match leaves_silently {
            false => Event::Start { ticket },
            true if self.calls < 2 => Event::Recall { ticket },
            true => Event::NoShow { ticket },
        }
    }

    fn after_service(&mut self, air: &mut Air, ticket: TicketId) -> Event {
        let reason = "test".to_string();
        match air.dice.below(100) {
            0..=4 => Event::Transfer {
                ticket,
                to: TransferTo::Service {
                    service: hall::service(air.dice.pick(5)),
                },
                reason,
            },
            5..=7 => Event::Transfer {
                ticket,
                to: TransferTo::Window {
                    window: hall::window(air.dice.pick(hall::WINDOWS)),
                },
                reason,
            },
            8..=10 => {
                self.held.push(ticket);
                Event::Hold { ticket, reason }
            }
            11..=13 => Event::Requeue { ticket, reason },
            14..=44 => Event::Next {
                window: self.window.clone(),
                finish_current: true,
            },
            _ => Event::Finish { ticket },
        }
    }

    fn press(&mut self, air: &mut Air, event: Event) {
        // From here on the clerk has said that this person is done with, whenever the dispatcher hears of it.
        if !matches!(event, Event::Start { .. } | Event::Recall { .. }) {
            air.checks.takes_in_hand(&self.window, None);
        }
        let key = air.dice.key();
        self.pending = Some(Pending::new(air, key, event));
    }

    /// The console was switched off and on: it knows nothing, and its connections are gone.
    fn restart(&mut self, air: &mut Air) {
        air.hang_up(Addr::Window(self.at));
        air.checks.takes_in_hand(&self.window, None);
        self.pending = None;
        self.in_hand = None;
        self.look_at = Some(air.tick + 20);
    }

    pub(crate) fn hear(&mut self, air: &mut Air, message: Message) {
        match message {
            Message::Answer { key, answer } => self.answered(air, key, answer),
            Message::Looked { open, current } if self.look_at.is_some() && self.pending.is_none() => {
                self.look_at = None;
                self.open = open;
                self.take(air, current.map(|(ticket, _)| ticket));
                self.serving = matches!(current, Some((_, TicketState::Serving)));
            }
            _ => {}
        }
    }

    fn take(&mut self, air: &mut Air, ticket: Option<TicketId>) {
        self.in_hand = ticket;
        self.serving = false;
        self.calls = 1;
        air.checks.takes_in_hand(&self.window, ticket);
        self.busy_until = air.tick + air.dice.between(2, 8);
    }

    fn answered(&mut self, air: &mut Air, key: IdemKey, answer: Answer) {
        if self.pending.as_ref().is_none_or(|pending| pending.key != key) {
            return;
        }
        self.pending = None;
        let effects = match answer {
            Answer::Done(effects) if matches!(effects[..], [Effect::NobodyWaits { .. }]) => {
                self.busy_until = air.tick + air.dice.between(4, 12);
                return;
            }
            Answer::Done(effects) => effects,
            // A console that was off and on does not know how often it has called.
            Answer::Unchanged(effects) if called_enough(&effects).is_some() => {
                self.calls = called_enough(&effects).unwrap_or(self.calls);
                return;
            }
            // The called person still has time to come.
            Answer::Unchanged(effects) if not_yet(&effects) => {
                self.busy_until = air.tick + air.dice.between(4, 12);
                return;
            }
            // Something happened that this console does not know of.
            _ => {
                self.look_at = Some(air.tick);
                return;
            }
        };
        for effect in effects {
            self.follow(air, &effect);
        }
    }

    fn follow(&mut self, air: &mut Air, effect: &Effect) {
        match effect {
            Effect::WindowOpened { .. } => self.open = true,
            Effect::WindowPaused { .. } | Effect::WindowClosed { .. } => {
                self.open = false;
                self.busy_until = air.tick + air.dice.between(20, 60);
            }
            Effect::Called { ticket, window, .. } => {
                air.checks.told_call(*ticket, window);
                self.take(air, Some(*ticket));
            }
            Effect::Recalled { times, .. } => {
                self.calls = *times;
                self.busy_until = air.tick + 8;
            }
            Effect::Started { .. } => {
                self.serving = true;
                self.busy_until = air.tick + air.dice.between(8, 50);
            }
            Effect::Resumed { .. } => {}
            Effect::NoShow { ticket, .. } => {
                // Only one who is marked as missed is sent to the desk.
                air.missed.push(*ticket);
                self.take(air, None);
            }
            _ => self.take(air, None),
        }
    }
}

fn not_yet(effects: &[Effect]) -> bool {
    let refused = |effect: &Effect| {
        matches!(
            effect,
            Effect::Refused {
                refusal: Refusal::NotMissedYet { .. }
            }
        )
    };
    effects.iter().any(refused)
}

fn called_enough(effects: &[Effect]) -> Option<u8> {
    match effects {
        [
            Effect::Refused {
                refusal: Refusal::CalledEnough { times, .. },
            },
        ] => Some(*times),
        _ => None,
    }
}
