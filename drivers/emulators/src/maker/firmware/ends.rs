//! How steps and jobs end: done, taken, in a bin, in doubt, or with a fault.
//!
//! A record leaves the fence only when its card is known to lie in a bin.

use drivers_temp_id_maker::codec::{Fault, FaultClass, Phase, Step};

use super::super::memory::Count;
use super::super::world::{Action, World};
use super::{Firmware, Weakness, covered};

impl Firmware {
    pub(super) fn finished(&mut self, step: Step, world: &mut World) {
        self.running = None;
        let done = |machine: &mut Self| machine.note(3, Some(step), 0, 0);
        match step {
            Step::DrawIn if self.weakness == Some(Weakness::OneStepRetract) => return self.retracted(),
            Step::DrawIn => {
                done(self);
                // The start of RETRACT is the end of DRAW_IN: one write.
                self.begin(Step::Retract, world);
                return;
            }
            Step::Retract => return self.retracted(),
            Step::Capture => return self.captured(world),
            Step::Print => {
                self.state.count(Count::Prints, 1);
                self.state.prints_left = self.state.prints_left.saturating_sub(1);
            }
            Step::Laminate => self.state.count(Count::Laminated, 1),
            Step::Present => {
                self.state.count(Count::Presented, 1);
                if self.weakness == Some(Weakness::LateFence) {
                    let tag = self.tag();
                    self.state.fence_in(tag);
                }
                self.presented_ms = self.now_ms;
            }
            Step::Cut | Step::Feed => {}
        }
        done(self);
        self.with_job(|job| {
            job.step = None;
            job.phase = step.done().unwrap_or(job.phase);
        });
        self.commit();
        if self.state.job.as_ref().is_some_and(|job| job.abort) && step != Step::Present {
            self.begin(Step::Capture, world);
        }
    }

    pub(super) fn retracted(&mut self) {
        self.running = None;
        self.recovering = false;
        let inside = self.inside();
        self.state.retract_count = self.state.retract_count.saturating_add(inside);
        self.state.count(Count::Retracted, inside.into());
        let tag = self.tag();
        self.state.fence_out(tag);
        self.note(7, Some(Step::Retract), 0, inside.into());
        self.end_job(Phase::Retracted);
    }

    pub(super) fn captured(&mut self, world: &mut World) {
        self.running = None;
        self.recovering = false;
        let Some(job) = self.state.job.clone() else { return };
        self.state.reject_count = self.state.reject_count.saturating_add(job.inside);
        self.state.count(Count::Rejected, job.inside.into());
        if job.inside > 0 {
            self.note(8, Some(Step::Capture), 0, job.inside.into());
        } else if job.film {
            self.note(10, Some(Step::Capture), 0, 0);
        }
        self.state.fence_out(job.tag);
        // A cut that was begun before any film was cut spoiled nothing: it counts as an attempt alone.
        let spoiled = job.inside > 0 || job.film;
        let captures = job.captures + u8::from(spoiled);
        let of_the_job = Fault::of(self.state.fault).is_some_and(|fault| fault.class == FaultClass::Job);
        if of_the_job || self.state.fault == 0x0102 {
            self.state.fault = 0;
        }
        let ending = match () {
            () if job.abort => Some(Phase::Aborted),
            () if captures >= 2 => Some(Phase::Rejected),
            () => None,
        };
        self.with_job(|job| {
            job.captures = captures;
            job.inside = 0;
            job.film = false;
            job.step = None;
            job.attempt = job.attempt.saturating_add(1);
            job.phase = Phase::Open;
        });
        match ending {
            Some(phase) => self.end_job(phase),
            None => self.commit(),
        }
        self.act(world, &Action::Heat(if ending.is_some() { 1 } else { 2 }));
    }

    pub(super) fn end_job(&mut self, phase: Phase) {
        self.forget_picture();
        self.with_job(|job| {
            job.phase = phase;
            job.step = None;
            // In a doubt the blank is still this job's: two people say where it went.
            if phase != Phase::Doubt {
                job.inside = 0;
            }
        });
        self.commit();
    }

    pub(super) fn taken(&mut self, unseen: bool, world: &mut World) {
        self.running = None;
        self.recovering = false;
        self.state.count(Count::Taken, 1);
        let code = if unseen { 0x0505 } else { 0 };
        self.note(6, None, code, u32::from(unseen));
        self.end_job(Phase::Taken);
        self.act(world, &Action::Shutter(false));
        self.act(world, &Action::Heat(1));
        if !self.dead && !covered(&world.sensors(), 17) {
            self.fault(0x0503, 0);
        }
    }

    /// Nobody knows where the card is: it counts as left.
    pub(super) fn doubt(&mut self, code: u16) {
        self.running = None;
        self.recovering = false;
        if self.weakness != Some(Weakness::NoFence) {
            let tag = self.tag();
            self.state.fence_in(tag);
        }
        self.state.count(Count::Doubts, 1);
        self.note(18, None, code, 0);
        self.raise(code);
        self.end_job(Phase::Doubt);
    }

    pub(super) fn raise(&mut self, code: u16) {
        self.state.fault = code;
        self.state.fault_seq = self.state.fault_seq.wrapping_add(1);
        let (fault, fault_seq) = (self.state.fault, self.state.fault_seq);
        self.with_job(|job| (job.fault, job.fault_seq) = (fault, fault_seq));
    }

    /// A fault that stops the machine until a person acts; an interrupted step stays written as begun.
    pub(in super::super) fn fault(&mut self, code: u16, arg: u32) {
        let step = self.running.take().map(|running| running.step);
        self.recovering = false;
        self.raise(code);
        self.note(4, step, code, arg);
        self.commit();
    }

    pub(super) fn failed(&mut self, code: u16, arg: u32, world: &mut World) {
        let again = code == 0x0303 && self.state.pick_fails > 0;
        self.state.pick_fails += u8::from(code == 0x0303);
        let class = Fault::of(code).map_or(FaultClass::Service, |fault| fault.class);
        // Film that runs out under a job fails the attempt; what stands then is found when the machine is idle.
        let class = if code == 0x0102 { FaultClass::Job } else { class };
        if class != FaultClass::Job || again {
            if matches!(code, 0x0305 | 0x0403 | 0x0406) {
                self.act(world, &Action::Heat(0));
            }
            return self.fault(code, arg);
        }
        let step = self.running.take().map(|running| running.step);
        self.raise(code);
        self.note(4, step, code, arg);
        self.begin(Step::Capture, world);
    }
}
