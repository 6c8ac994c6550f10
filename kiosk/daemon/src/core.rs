//! The core: one thread that feeds the flow, keeps the outbox, and carries the effects out in order.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::Context;
use kiosk_flow::{
    DispatcherInput, Effect, Flow, Input, JobOutcome, LentNumber, Outcome, PrinterInput, Step, TicketRequest,
};
use kiosk_outbox::{JobState, NewJob, Outbox, RequestState};
use ticket_dispatcher_types::{IdemKey, TicketId, TicketNo};
use ui_model::{Model, Trouble};
use zeroize::Zeroizing;

use crate::alone::{Alone, HandOverEnd};
use crate::clock::Clock;
use crate::convert;
use crate::dispatcher::Line;
use crate::making::Desk;
use crate::printer::{Order, Paper};
use crate::renewal::Renewal;
use crate::screen::Models;
use crate::vault::Vault;
use crate::watchdog::Watchdog;

/// The column of slips, for sealing.
pub const RECORD: &str = "record";

/// The flow hears of time this often.
const TICK: Duration = Duration::from_millis(250);

/// What the threads and tasks send to the core.
#[derive(Debug)]
pub enum Message {
    /// For the flow.
    Input(Box<Input>),
    /// A ticket given out alone was handed over, or was not.
    HandedOver(i64, HandOverEnd),
    /// A ticket is over: its person may take another.
    Over(TicketNo),
    /// Stop after what came before.
    Stop,
}

impl From<Input> for Message {
    fn from(input: Input) -> Self {
        Self::Input(Box::new(input))
    }
}

/// Where orders to devices go; none where the kiosk lacks one.
pub struct Devices {
    /// The printer.
    pub printer: Option<Sender<Order>>,
    /// The maker's side.
    pub desk: Option<Desk>,
}

/// The core.
pub struct Core {
    flow: Flow,
    outbox: Outbox,
    clock: Clock,
    line: Line,
    devices: Devices,
    /// Slips of making jobs: they are not in the outbox, which knows numbers alone.
    notes: BTreeSet<i64>,
    models: Models,
    shown: Option<Model>,
    watchdog: Watchdog,
    alone: Option<Alone>,
    vault: Arc<Vault>,
    renewal: Renewal,
}

impl Core {
    /// All its parts.
    pub fn new(
        flow: Flow,
        outbox: Outbox,
        clock: Clock,
        line: Line,
        devices: Devices,
        models: Models,
        (alone, vault, renewal): (Option<Alone>, Arc<Vault>, Renewal),
    ) -> Self {
        Self {
            flow,
            outbox,
            clock,
            line,
            devices,
            notes: BTreeSet::new(),
            models,
            shown: None,
            watchdog: Watchdog::start(),
            alone,
            vault,
            renewal,
        }
    }

    /// Runs until a stop or an error. An error of the outbox stops the kiosk: what is on the disk is unknown then, and
    /// the restart reads the truth.
    pub fn run(mut self, rx: &Receiver<Message>) -> anyhow::Result<()> {
        self.remember()?;
        let mut next_tick = Instant::now();
        loop {
            let wait = next_tick.saturating_duration_since(Instant::now());
            match rx.recv_timeout(wait) {
                Ok(Message::Input(input)) => self.step(*input)?,
                Ok(Message::HandedOver(no, end)) => self.handed_over(no, end)?,
                Ok(Message::Over(number)) => self.outbox.release(number)?,
                Ok(Message::Stop) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("every part of the kiosk has stopped"),
            }
            // Also when inputs come thick and fast: a time-out is a promise.
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK;
                self.watchdog.turn();
                self.step(Input::Tick)?;
                self.run_errands()?;
                if self.renewal.is_due() && self.flow.is_idle() {
                    tracing::info!("restarting for the new certificate");
                    return Ok(());
                }
            }
        }
    }

    /// What the kiosk needs to go on alone, if it starts without a line.
    fn remember(&mut self) -> anyhow::Result<()> {
        let Some(alone) = &mut self.alone else { return Ok(()) };
        alone.turn_day(&mut self.outbox)?;
        for input in alone.remembered(&self.outbox)? {
            self.step(Input::Dispatcher(input))?;
        }
        Ok(())
    }

    fn run_errands(&mut self) -> anyhow::Result<()> {
        let Some(alone) = &mut self.alone else { return Ok(()) };
        alone.turn_day(&mut self.outbox)?;
        if let Some(errand) = alone.next(&self.outbox)? {
            self.line.hand_over(errand);
        }
        Ok(())
    }

    fn handed_over(&mut self, no: i64, end: HandOverEnd) -> anyhow::Result<()> {
        if let Some(alone) = &mut self.alone {
            alone.ended(&self.outbox, no, end)?;
        }
        self.run_errands()
    }

    /// Feeds the flow. What is answered on this machine is fed right behind it.
    fn step(&mut self, input: Input) -> anyhow::Result<()> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.one_step(input, &mut inputs)?;
        }
        self.show();
        Ok(())
    }

    fn one_step(&mut self, input: Input, next: &mut VecDeque<Input>) -> anyhow::Result<()> {
        let input = self.without_used(input)?;
        self.keep(&input).context("the outbox cannot keep what came")?;
        let (name, tick) = (name(&input), input == Input::Tick);
        let at = self.clock.moment()?;
        let Step { outcome, effects } = self.flow.step(&at, input);
        match outcome {
            Outcome::Ignored { reason } if !tick => tracing::debug!(input = name, ?reason, "ignored"),
            _ => {}
        }
        for effect in effects {
            let answer = self.carry_out(effect);
            next.extend(
                answer
                    .context("the outbox cannot keep what was asked for")?
                    .map(Input::Dispatcher),
            );
        }
        Ok(())
    }

    /// Of lent numbers the flow hears only those that were not given out.
    fn without_used(&mut self, input: Input) -> anyhow::Result<Input> {
        match (input, &self.alone) {
            (Input::Dispatcher(DispatcherInput::Lent(lent)), Some(alone)) => {
                let lent = alone.unused(&self.outbox, lent)?;
                Ok(Input::Dispatcher(DispatcherInput::Lent(lent)))
            }
            (input, _) => Ok(input),
        }
    }

    /// Keeps what the kiosk would need alone.
    fn keep_for_alone(&mut self, input: &Input) -> anyhow::Result<()> {
        let (Some(alone), Input::Dispatcher(input)) = (&mut self.alone, input) else {
            return Ok(());
        };
        match input {
            DispatcherInput::Back => alone.up = true,
            DispatcherInput::Away => alone.up = false,
            DispatcherInput::Lent(lent) => alone.keep_lent(&self.outbox, lent)?,
            DispatcherInput::Services(catalogue) => alone.keep_catalogue(&self.outbox, catalogue)?,
            DispatcherInput::Issued { key, ticket } | DispatcherInput::AlreadyHolds { key, ticket } => {
                alone.hold(&self.outbox, *key, ticket)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes down how requests and jobs ended, before anybody hears of it.
    fn keep(&mut self, input: &Input) -> anyhow::Result<()> {
        self.keep_for_alone(input)?;
        let at = self.clock.unix();
        match input {
            Input::Dispatcher(DispatcherInput::Issued { key, .. } | DispatcherInput::AlreadyHolds { key, .. }) => {
                self.outbox.end_request(*key, RequestState::Answered, at)?;
            }
            Input::Dispatcher(DispatcherInput::Refused { key, .. }) => {
                self.outbox.end_request(*key, RequestState::Refused, at)?;
            }
            Input::Printer(PrinterInput::Job { job, .. }) if self.notes.contains(&job.0) => {}
            Input::Printer(PrinterInput::Job { job, outcome }) => {
                let state = match outcome {
                    JobOutcome::Printed | JobOutcome::Taken | JobOutcome::NotTaken => JobState::Printed,
                    JobOutcome::Unknown => JobState::Unknown,
                    JobOutcome::NotStarted => JobState::NotStarted,
                };
                self.outbox.mark_job(job.0, state, at)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An answer is there at once only for what is done on this machine.
    fn carry_out(&mut self, effect: Effect) -> anyhow::Result<Option<DispatcherInput>> {
        let at = self.clock.unix();
        match effect {
            Effect::StoreKey { key, what } => self.outbox.store_key(key, &what, at)?,
            Effect::IssueTicket { key, request } => {
                let group = self.flow.group_of(&request);
                if let (Some(alone), Some(group)) = (&self.alone, group) {
                    alone.asked(&self.outbox, key, &group, &request)?;
                }
                self.line.issue(key, request);
            }
            Effect::GiveAlone { key, request, number } => return self.give_alone(key, request, &number),
            Effect::FindBookings { ask, holder } => self.line.find_bookings(ask, holder),
            Effect::Abandon(key) => {
                self.line.abandon(key);
                self.outbox.end_request(key, RequestState::Abandoned, at)?;
            }
            Effect::RefreshServices => self.line.refresh(),
            Effect::Print { job, slip, reprint } => {
                let text = Zeroizing::new(serde_json::to_string(&slip)?);
                let record = self.vault.seal(RECORD, &job.0.to_be_bytes(), &text)?;
                let new = NewJob {
                    no: job.0,
                    number: slip.number,
                    record: &record,
                    reprint,
                };
                self.outbox.store_job(&new, at)?;
                let slip = convert::slip(slip, reprint);
                if let Some(printer) = &self.devices.printer {
                    printer
                        .send(Order {
                            job,
                            slip: Paper::Ticket(slip),
                        })
                        .context("the printer's thread has stopped")?;
                }
            }
            Effect::Making(order) => {
                if let Some(desk) = &self.devices.desk {
                    desk.send(order).context("the maker's desk has stopped")?;
                }
            }
            Effect::PrintNote { job, note } => {
                // A note that did not come out is not printed again: the screen shows the job's number too.
                self.notes.insert(job.0);
                if let Some(printer) = &self.devices.printer {
                    let slip = Paper::Note(convert::note(note));
                    printer
                        .send(Order { job, slip })
                        .context("the printer's thread has stopped")?;
                }
            }
            Effect::CancelTicket { id, number } => return self.give_back(id, number),
            Effect::CallStaff(reason) => {
                tracing::warn!(?reason, "staff, please");
                self.line.call_staff(reason);
            }
            // Everything of a person is in the flow, which has just dropped it, or in a request, which is abandoned.
            Effect::Wipe => tracing::debug!("wiped"),
            Effect::Speak(phrase) => tracing::debug!(?phrase, "voice"),
            Effect::Log(line) => match line.number {
                Some(number) => tracing::info!(%number, "{}", line.what),
                None => tracing::info!("{}", line.what),
            },
        }
        Ok(None)
    }

    fn give_alone(
        &mut self,
        key: IdemKey,
        request: TicketRequest,
        number: &LentNumber,
    ) -> anyhow::Result<Option<DispatcherInput>> {
        let Some(alone) = &mut self.alone else {
            let trouble = Trouble::DispatcherAway;
            return Ok(Some(DispatcherInput::Refused { key, trouble }));
        };
        alone.give(&mut self.outbox, key, request, number).map(Some)
    }

    /// A ticket that the dispatcher has not heard of is given back here.
    fn give_back(&mut self, id: TicketId, number: TicketNo) -> anyhow::Result<Option<DispatcherInput>> {
        if let Some(alone) = &mut self.alone
            && !alone.busy
            && alone.give_back(&mut self.outbox, number)?
        {
            return Ok(Some(DispatcherInput::GivenBack(id)));
        }
        self.line.cancel(id)?;
        Ok(None)
    }

    /// Sends the picture to the screen if it changed.
    fn show(&mut self) {
        let Ok(at) = self.clock.moment() else {
            return;
        };
        let mut model = self.flow.model(&at);
        let revision = self.shown.as_ref().map_or(0, |m| m.revision);
        model.revision = revision;
        if self.shown.as_ref() == Some(&model) {
            return;
        }
        model.revision = revision + 1;
        match serde_json::to_string(&model) {
            Ok(mut line) => {
                line.push('\n');
                self.models.send_replace(Arc::from(line));
                self.shown = Some(model);
            }
            Err(error) => tracing::error!(%error, "a model cannot be written"),
        }
    }
}

/// What an input is called in the log; never what is in it.
fn name(input: &Input) -> &'static str {
    match input {
        Input::Intent(_) => "intent",
        Input::Reader(_) => "reader",
        Input::Scan(_) => "scan",
        Input::Dispatcher(_) => "dispatcher",
        Input::Printer(_) => "printer",
        Input::Making(_) => "making",
        Input::Case { .. } => "case",
        Input::Tick => "tick",
        Input::PowerFail => "power_fail",
        Input::PowerBack => "power_back",
    }
}
