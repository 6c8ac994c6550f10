//! What follows an answer, a refusal, or no answer.

use super::{
    DownReason, Effect, Event, FindWhileSelected, Machine, Note, Presence, ReadFailure, SELECTS_MAX, Step,
    UNANSWERED_MAX,
};
use crate::codec::{Baud, Blocks, Card, Handling, ModuleId, Reply, Status, appended_address};

impl Machine {
    /// An answer that fits the request and stands alone.
    pub(super) fn answered(&mut self, now: i64, step: Step, asked_again: bool, reply: &Reply, out: &mut Vec<Effect>) {
        let status = reply.status();
        match status.handling() {
            Handling::AskOnceMore if !asked_again => return self.ask_maybe_again(now, step, true, out),
            Handling::AskOnceMore => {
                out.push(Effect::Note(Note::Words(step.command(), reply.words)));
                if step == Step::Read {
                    self.spoil(out);
                }
                return self.drain(now, Step::Reset);
            }
            Handling::OutOfService => {
                self.down(DownReason::OutOfService(status), out);
                return self.pause(now, self.config.out_of_service_ms, Step::Probe(0));
            }
            _ => {}
        }
        match step {
            Step::Probe(_) if status == Status::Success => self.ask(now, Step::Identify, out),
            Step::Reset if status == Status::Success => self.ask(now, Step::Probe(0), out),
            Step::Identify => self.identified(now, reply, out),
            Step::Find => self.found(now, reply, out),
            Step::Select => self.selected(now, reply, out),
            Step::Read => self.read(now, reply, out),
            Step::Appended => self.appended(now, reply, out),
            Step::Hold => self.held(now, reply, out),
            Step::HoldByFind => self.held_by_find(now, status, out),
            Step::Probe(_) | Step::Reset => self.refused(now, step, reply, out),
        }
    }

    fn identified(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        match ModuleId::parse(reply.data()) {
            Some(id) => {
                self.down_told = None;
                if !core::mem::replace(&mut self.up, true) {
                    out.push(Effect::Event(Event::DeviceUp(id)));
                }
                self.ask(now, Step::Find, out);
            }
            None => self.refused(now, Step::Identify, reply, out),
        }
    }

    fn found(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        match (reply.status(), self.presence) {
            (Status::Found, Presence::Failed(ReadFailure::NotReadable)) => {
                self.pause(now, self.config.poll_ms, Step::Find);
            }
            (Status::Found, Presence::Nobody) => {
                self.presence = Presence::Found;
                self.selects_failed_count = 0;
                out.push(Effect::Event(Event::CardFound));
                self.ask(now, Step::Select, out);
            }
            // Delivered: the module was reset under a card that has been read; it is selected again, not read again.
            (Status::Found, Presence::Found | Presence::Delivered | Presence::Failed(ReadFailure::PutAgain)) => {
                self.ask(now, Step::Select, out);
            }
            (Status::NoCard, presence) => {
                if presence == Presence::Found {
                    // Lifted before it was read, or hidden by a strict module after a lost answer to select.
                    self.fail(ReadFailure::PutAgain, out);
                }
                if presence != Presence::Nobody {
                    self.removed(out);
                }
                self.pause(now, self.config.poll_ms, Step::Find);
            }
            _ => self.refused(now, Step::Find, reply, out),
        }
    }

    fn selected(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        match reply.status() {
            Status::Success if self.presence == Presence::Delivered => self.hold(now),
            Status::Success => {
                if self.presence == Presence::Found {
                    out.push(Effect::Event(Event::Reading));
                }
                self.ask(now, Step::Read, out);
            }
            Status::SelectFailed => {
                self.selects_failed_count += 1;
                if self.selects_failed_count >= SELECTS_MAX {
                    self.fail(ReadFailure::PutAgain, out);
                }
                self.pause(now, self.config.poll_ms, Step::Find);
            }
            _ => self.refused(now, Step::Select, reply, out),
        }
    }

    fn read(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        if reply.status() != Status::Success {
            return self.refused(now, Step::Read, reply, out);
        }
        let Ok(blocks) = Blocks::parse(reply.data(), false) else {
            // Counts that do not add up, under a right check byte: nothing of it can be trusted.
            return self.out_of_step(now, Step::Read, reply, out);
        };
        match Card::decode(blocks) {
            Ok(card) => {
                self.read = Some(Box::new(card));
                if self.config.appended_address && !self.appended_unknown {
                    self.ask(now, Step::Appended, out);
                } else {
                    self.deliver(now, out);
                }
            }
            Err(_unknown_type) => {
                self.fail(ReadFailure::NotReadable, out);
                self.pause(now, self.config.poll_ms, Step::Find);
            }
        }
    }

    fn appended(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        match reply.status() {
            Status::Success => {
                if let Some(card) = &mut self.read {
                    card.appended_address = appended_address(reply.data());
                }
            }
            Status::NoSuchItem => {}
            status => {
                // The card was read before this; without its newest address it is still the card.
                self.appended_unknown |= status.handling() == Handling::Unsupported;
                out.push(Effect::Note(Note::Words(Step::Appended.command(), reply.words)));
            }
        }
        self.deliver(now, out);
    }

    fn deliver(&mut self, now: i64, out: &mut Vec<Effect>) {
        if let Some(card) = self.read.take() {
            self.presence = Presence::Delivered;
            out.push(Effect::Event(Event::Record(card)));
        }
        self.hold(now);
    }

    /// Looks again in a while whether the card that was handed over is still there.
    fn hold(&mut self, now: i64) {
        self.hold_doubted = false;
        if self.appended_unknown {
            self.while_selected = FindWhileSelected::Unknown;
            self.pause(now, self.config.poll_ms, Step::HoldByFind);
        } else {
            self.pause(now, self.config.poll_ms, Step::Hold);
        }
    }

    fn held(&mut self, now: i64, reply: &Reply, out: &mut Vec<Effect>) {
        match reply.status() {
            Status::Success | Status::NoSuchItem => self.hold(now),
            status if status.handling() == Handling::Unsupported => {
                out.push(Effect::Note(Note::Words(Step::Hold.command(), reply.words)));
                self.appended_unknown = true;
                self.hold(now);
            }
            _ => {
                self.removed(out);
                self.ask(now, Step::Find, out);
            }
        }
    }

    /// Without `30 03` one reader answers find for the card that lies there, another hides it; the first answer after
    /// the read shows which. Where it is hidden, only a new card proves that the old one left.
    fn held_by_find(&mut self, now: i64, status: Status, out: &mut Vec<Effect>) {
        let answers = status == Status::Found;
        match self.while_selected {
            FindWhileSelected::Unknown if answers => self.while_selected = FindWhileSelected::Answers,
            FindWhileSelected::Unknown => self.while_selected = FindWhileSelected::Hides,
            FindWhileSelected::Answers if !answers => {
                self.removed(out);
                return self.pause(now, self.config.poll_ms, Step::Find);
            }
            FindWhileSelected::Hides if answers => {
                self.removed(out);
                return self.ask(now, Step::Find, out);
            }
            FindWhileSelected::Answers | FindWhileSelected::Hides => {}
        }
        self.pause(now, self.config.poll_ms, Step::HoldByFind);
    }

    /// A status that is not what the step hopes for.
    fn refused(&mut self, now: i64, step: Step, reply: &Reply, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Words(step.command(), reply.words)));
        let status = reply.status();
        match status.handling() {
            Handling::PutAgain if self.presence != Presence::Nobody => {
                self.fail(ReadFailure::PutAgain, out);
                self.pause(now, self.config.poll_ms, Step::Find);
            }
            Handling::NotReadable if self.presence != Presence::Nobody => {
                self.fail(ReadFailure::NotReadable, out);
                self.pause(now, self.config.poll_ms, Step::Find);
            }
            Handling::Unsupported => {
                self.down(DownReason::Unsupported(status), out);
                self.pause(now, self.config.out_of_service_ms, Step::Probe(0));
            }
            _ => self.unanswered(now, step, out),
        }
    }

    /// No answer, or none that can be believed.
    pub(super) fn unanswered(&mut self, now: i64, step: Step, out: &mut Vec<Effect>) {
        let noisy = core::mem::take(&mut self.bytes_since_answer);
        if let Step::Probe(index) = step {
            return self.probe_next(now, index, noisy, out);
        }
        self.unanswered_count += 1;
        if self.unanswered_count >= UNANSWERED_MAX {
            self.down(if noisy { DownReason::Noise } else { DownReason::Silent }, out);
            return self.drain(now, Step::Probe(0));
        }
        match step {
            // The card itself was answered for in full; only its newest address is missing.
            Step::Appended if self.read.is_some() => {
                self.deliver(now, out);
                self.drain(now, Step::Hold);
            }
            // One lost answer could make one presentation two.
            Step::Hold if !self.hold_doubted => {
                self.hold_doubted = true;
                self.drain(now, Step::Hold);
            }
            Step::Hold => {
                self.removed(out);
                self.drain(now, Step::Find);
            }
            Step::HoldByFind => self.drain(now, Step::HoldByFind),
            Step::Read => {
                self.spoil(out);
                self.drain(now, Step::Find);
            }
            // Nothing was read yet: the citizen need not know that find and select are asked again.
            Step::Select | Step::Find => self.drain(now, Step::Find),
            Step::Identify | Step::Reset | Step::Appended | Step::Probe(_) => self.drain(now, Step::Probe(0)),
        }
    }

    fn probe_next(&mut self, now: i64, index: usize, noisy: bool, out: &mut Vec<Effect>) {
        if index + 1 < Baud::ALL.len() {
            return self.drain(now, Step::Probe(index + 1));
        }
        self.down(if noisy { DownReason::Noise } else { DownReason::Silent }, out);
        self.parser.clear();
        self.pause(now, self.config.search_ms, Step::Probe(0));
    }

    /// A reply that belongs to something else.
    pub(super) fn out_of_step(&mut self, now: i64, step: Step, reply: &Reply, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::OutOfStep(step.command(), reply.words)));
        match step {
            // At a wrong rate nothing that fits a frame arrives: this is the right rate and an older reply.
            Step::Probe(index) => {
                self.unanswered_count += 1;
                let next = if self.unanswered_count >= UNANSWERED_MAX {
                    index + 1
                } else {
                    index
                };
                self.drain(now, Step::Probe(next % Baud::ALL.len()));
            }
            step => self.unanswered(now, step, out),
        }
    }

    /// The presentation that was being read is worth nothing any more.
    fn spoil(&mut self, out: &mut Vec<Effect>) {
        self.read = None;
        if self.presence == Presence::Found {
            self.fail(ReadFailure::PutAgain, out);
        }
    }

    fn fail(&mut self, failure: ReadFailure, out: &mut Vec<Effect>) {
        self.read = None;
        self.selects_failed_count = 0;
        if self.presence != Presence::Failed(failure) {
            self.presence = Presence::Failed(failure);
            out.push(Effect::Event(Event::ReadFailed(failure)));
        }
    }

    fn removed(&mut self, out: &mut Vec<Effect>) {
        self.presence = Presence::Nobody;
        self.read = None;
        self.selects_failed_count = 0;
        out.push(Effect::Event(Event::CardRemoved));
    }
}
