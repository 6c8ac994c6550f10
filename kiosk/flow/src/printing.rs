//! Slips: sent once, and once more marked 补打 when nobody knows whether the first came out.

use ui_model::{PaperState, Trouble};

use crate::flow::{Effects, Flow, Job, ignored, log};
use crate::session::{Session, Stage, TicketStage};
use crate::{
    Effect, JobNo, JobOutcome, LogLine, Moment, Outcome, PrinterInput, PrinterState, Reason, Slip, StaffReason, Ticket,
};

/// Attempts at one slip; a printer that fails three times needs a technician, and the person has the number on the
/// screen and the phone.
const TRIES_MAX: u8 = 3;

/// Slips kept waiting for the printer; older ones are given up.
const JOBS_MAX: usize = 8;

impl Flow {
    pub(crate) fn printer(&mut self, at: &Moment, input: PrinterInput, effects: &mut Effects) -> Outcome {
        match input {
            PrinterInput::Status(state) => {
                let same = self.printer == state && self.printer_fresh;
                if self.printer.prints() && !state.prints() {
                    effects.push(log("printer_down"));
                }
                let low = |state| matches!(state, PrinterState::PaperLow | PrinterState::Down(Trouble::PaperOut));
                if low(self.printer) && state == PrinterState::Ready {
                    effects.push(log("paper_refilled"));
                    effects.push(Effect::CallStaff(StaffReason::PaperRefilled));
                }
                self.printer = state;
                self.printer_fresh = true;
                if same { ignored(Reason::Same) } else { Outcome::Advanced }
            }
            PrinterInput::Job { job, outcome } => self.job_outcome(job, outcome, effects),
            PrinterInput::InFlight(slip) => {
                let job = Job {
                    no: self.take_job_no(),
                    slip: *slip,
                    reprint: true,
                    tries: 1,
                    first_at: at.now,
                    sent: false,
                };
                self.keep_job(job, effects);
                Outcome::Advanced
            }
        }
    }

    fn job_outcome(&mut self, no: JobNo, outcome: JobOutcome, effects: &mut Effects) -> Outcome {
        let shown = self.shown_by(no).map(|s| &mut s.paper);
        let known = shown.is_some();
        if let Some(paper) = shown {
            *paper = match outcome {
                JobOutcome::Printed | JobOutcome::Taken => PaperState::Printed,
                JobOutcome::NotTaken => PaperState::NotTaken,
                JobOutcome::Unknown | JobOutcome::NotStarted => PaperState::Interrupted,
            };
        }
        let place = self.jobs.iter().position(|j| j.no == no && j.sent);
        let Some(place) = place else {
            return if known {
                Outcome::Advanced
            } else {
                ignored(Reason::Late)
            };
        };
        match outcome {
            JobOutcome::Printed | JobOutcome::Taken | JobOutcome::NotTaken => {
                let job = self.jobs.remove(place);
                effects.push(about("slip_printed", &job.slip));
            }
            JobOutcome::Unknown | JobOutcome::NotStarted => {
                self.printer_fresh = false;
                let job = &mut self.jobs[place];
                job.sent = false;
                if outcome == JobOutcome::Unknown {
                    job.reprint = true;
                } else {
                    job.tries = job.tries.saturating_sub(1); // nothing was tried
                }
                let line = about("slip_interrupted", &job.slip);
                effects.push(line);
                effects.push(Effect::CallStaff(StaffReason::Printer));
            }
        }
        Outcome::Advanced
    }

    /// The ticket on the screen that job `no` prints.
    fn shown_by(&mut self, no: JobNo) -> Option<&mut TicketStage> {
        match &mut self.session {
            Some(Session {
                stage: Stage::Ticket(shown),
                ..
            }) if shown.job == Some(no) => Some(shown),
            _ => None,
        }
    }

    fn take_job_no(&mut self) -> JobNo {
        let no = self.next_job;
        self.next_job = JobNo(no.0 + 1);
        no
    }

    fn keep_job(&mut self, job: Job, effects: &mut Effects) {
        if self.jobs.len() == JOBS_MAX {
            let oldest = self.jobs.remove(0);
            effects.push(about("slip_given_up", &oldest.slip));
        }
        self.jobs.push(job);
    }

    /// Sends the slip of the shown ticket, once. Called only when no card lies on the reader.
    pub(crate) fn start_print(&mut self, at: &Moment, effects: &mut Effects) {
        let Some(Session {
            stage: Stage::Ticket(shown),
            ..
        }) = &self.session
        else {
            return;
        };
        if !Self::unprinted(shown) {
            return;
        }
        let (slip, reprint) = (self.slip(&shown.ticket), shown.reprint);
        let no = self.take_job_no();
        if let Some(Session {
            stage: Stage::Ticket(shown),
            ..
        }) = &mut self.session
        {
            shown.job = Some(no);
        }
        effects.push(Effect::Print {
            job: no,
            slip: slip.clone(),
            reprint,
        });
        let job = Job {
            no,
            slip,
            reprint,
            tries: 1,
            first_at: at.now,
            sent: true,
        };
        self.keep_job(job, effects);
    }

    /// Prints again what was interrupted, as soon as the printer says that it is well, and only when nobody else
    /// stands here who could take the slip for his own.
    pub(crate) fn print_again(&mut self, at: &Moment, effects: &mut Effects) {
        let limit = self.settings.timeouts.reprint;
        let given_up = |j: &Job| at.now - j.first_at >= limit || (!j.sent && j.tries >= TRIES_MAX);
        for job in self.jobs.iter().filter(|j| given_up(j)) {
            effects.push(about("slip_given_up", &job.slip));
        }
        self.jobs.retain(|j| !given_up(j));
        let well = self.printer.prints() && self.printer_fresh && !self.power_failing;
        if !well || self.jobs.iter().any(|j| j.sent) {
            return;
        }
        let mine = |no: JobNo| match &self.session {
            None => true,
            Some(Session {
                stage: Stage::Ticket(shown),
                ..
            }) => shown.job == Some(no),
            Some(_) => false,
        };
        let Some(place) = self.jobs.iter().position(|j| mine(j.no)) else {
            return;
        };
        let new = self.take_job_no();
        let old = self.jobs[place].no;
        if let Some(shown) = self.shown_by(old) {
            shown.job = Some(new);
            shown.paper = PaperState::Printing;
        }
        let job = &mut self.jobs[place];
        (job.no, job.sent, job.tries) = (new, true, job.tries + 1);
        let (slip, reprint) = (job.slip.clone(), job.reprint);
        if let Some(shown) = self.shown_by(new) {
            shown.reprint = reprint;
        }
        effects.push(Effect::Print {
            job: new,
            slip,
            reprint,
        });
    }

    /// The record of a slip: what the screen shows, in the session's language.
    fn slip(&self, ticket: &Ticket) -> Slip {
        let lang = self.prefs.lang;
        let group = ticket.services.first().and_then(|s| self.catalogue.group_of(s));
        Slip {
            ticket: ticket.id,
            number: ticket.number,
            check_code: ticket.check_code.clone(),
            lang,
            hall_name: self.catalogue.hall_name.get(lang).to_string(),
            hall_phone: self.catalogue.hall_phone.clone(),
            group_name: group.map(|g| g.name.get(lang).to_string()).unwrap_or_default(),
            services: self.catalogue.names(&ticket.services, lang),
            in_order: self.catalogue.may_need_two_windows(&ticket.services),
            windows: ticket.windows.iter().map(|w| w.get(lang).to_string()).collect(),
            people_ahead: ticket.people_ahead,
            wait: ticket.wait,
            taken_at: ticket.taken_at.clone(),
            lookup_url: ticket.lookup_url.clone(),
            masked_name: ticket.masked_name.clone(),
            cases: ticket.cases,
            appointment: ticket.appointment.clone(),
            returned: ticket.returned,
            offline: ticket.offline,
        }
    }

    /// A slip that was asked for while the printer cannot print: it waits for the printer like one that was
    /// interrupted. Asked for twice it still waits once.
    fn queue_slip(&mut self, at: &Moment, ticket: &Ticket, effects: &mut Effects) -> JobNo {
        if let Some(waits) = self.jobs.iter().find(|j| j.slip.ticket == ticket.id) {
            return waits.no;
        }
        let (no, slip) = (self.take_job_no(), self.slip(ticket));
        effects.push(about("slip_queued", &slip));
        effects.push(Effect::CallStaff(StaffReason::Printer));
        let job = Job {
            no,
            slip,
            reprint: true,
            tries: 0,
            first_at: at.now,
            sent: false,
        };
        self.keep_job(job, effects);
        no
    }

    /// Puts a ticket on the screen. Paper follows once the card is gone; without a printer the number is on the screen.
    /// A reprint is what the person asked for, so it waits for a printer that is being seen to.
    pub(crate) fn show_ticket(&mut self, at: &Moment, ticket: Ticket, reprint: bool, effects: &mut Effects) {
        let (paper, job) = match self.printer {
            PrinterState::Ready | PrinterState::PaperLow => (PaperState::Printing, None),
            PrinterState::Down(Trouble::PrinterAway) => (PaperState::None, None),
            PrinterState::Down(_) if reprint => (PaperState::Queued, Some(self.queue_slip(at, &ticket, effects))),
            PrinterState::Down(_) => (PaperState::None, None),
        };
        let Some(session) = &mut self.session else {
            return;
        };
        effects.push(Effect::Log(LogLine {
            what: if reprint { "ticket_shown_again" } else { "ticket_shown" },
            number: Some(ticket.number),
        }));
        // The number is there: nothing needs the person any longer.
        session.person = None;
        session.touch(at.now);
        session.stage = Stage::Ticket(TicketStage {
            ticket,
            paper,
            job,
            reprint,
            announced: false,
        });
    }
}

fn about(what: &'static str, slip: &Slip) -> Effect {
    Effect::Log(LogLine {
        what,
        number: Some(slip.number),
    })
}
