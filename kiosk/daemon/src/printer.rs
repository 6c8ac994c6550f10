//! The printer's thread: slips in, outcomes and states out.

use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::Context;
use drivers_thermal_printer::{
    JobOutcome, NoteSlip, PrinterEvent, PrinterStatus, PriorLife, Profile, ThermalPrinter, TicketSlip,
};
use kiosk_flow::{Input, JobNo, PrinterInput, PrinterState};
use provisioning_config::kiosk_file::Printer;
use ui_model::Trouble;
use ui_ticket_raster::Fonts;

use crate::core::Message;

/// How long a slip waits at most before the thread looks for it: it is a person who waits.
const TURN: Duration = Duration::from_millis(5);

/// The state is told again this often, because the flow trusts nothing that it heard before a fault.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A slip to print.
pub struct Order {
    /// The job.
    pub job: JobNo,
    /// What it says.
    pub slip: Paper,
}

/// What can be printed.
pub enum Paper {
    /// A number, with or without 补打.
    Ticket(TicketSlip),
    /// The slip of a making job.
    Note(NoteSlip),
}

/// Starts the thread. `at_printer` is the job that was at the printer when the kiosk stopped last.
pub fn start(device: &Printer, at_printer: Option<i64>, tx: Sender<Message>) -> anyhow::Result<Sender<Order>> {
    let profile =
        Profile::named(&device.profile).with_context(|| format!("no printer profile `{}`", device.profile))?;
    let mut transport = drivers_transport::closed(&device.port, device.baud)?;
    if let Err(error) = transport.reopen() {
        tracing::warn!(%error, "the printer is waited for");
    }
    let prior = match at_printer {
        Some(job) => PriorLife::JobInFlight {
            job: job_id(JobNo(job)),
        },
        None => PriorLife::Clean,
    };
    let printer = ThermalPrinter::new(transport, profile, prior);
    let (orders, rx) = mpsc::channel();
    let thread = std::thread::Builder::new().name("printer".to_string());
    thread
        .spawn(move || Thread::new(printer, tx).run(&rx))
        .context("starting the printer's thread")?;
    Ok(orders)
}

/// The printer's job id: only its low bits come back from the printer.
fn job_id(job: JobNo) -> u32 {
    u32::try_from(job.0 & 0x7fff_ffff).expect("31 bits fit")
}

struct Thread {
    printer: ThermalPrinter,
    fonts: Fonts,
    tx: Sender<Message>,
    told: Option<(PrinterStatus, Instant)>,
    /// The job under way.
    job: Option<JobNo>,
}

impl Thread {
    fn new(printer: ThermalPrinter, tx: Sender<Message>) -> Self {
        Self {
            printer,
            fonts: Fonts::system(),
            tx,
            told: None,
            job: None,
        }
    }

    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            for event in self.printer.pump(TURN) {
                self.event(event);
            }
            self.tell_status();
            match orders.try_recv() {
                Ok(order) => self.print(order),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn send(&self, input: PrinterInput) {
        let _ = self.tx.send(Message::from(Input::Printer(input))); // the core has stopped: so does this thread, soon
    }

    fn tell_status(&mut self) {
        let status = self.printer.status();
        let due = self
            .told
            .is_none_or(|(told, at)| told != status || at.elapsed() >= TELL_EVERY);
        // While a job runs its outcome tells more than a state would.
        if due && self.job.is_none() {
            if self.told.is_none_or(|(told, _)| told != status) {
                tracing::info!(?status, "printer");
            }
            self.told = Some((status, Instant::now()));
            self.send(PrinterInput::Status(state(status)));
        }
    }

    fn print(&mut self, order: Order) {
        let rendered = match &order.slip {
            Paper::Ticket(slip) => slip.render(self.printer.profile(), &self.fonts),
            Paper::Note(slip) => slip.render(self.printer.profile(), &self.fonts),
        };
        for ch in &rendered.undrawn {
            tracing::warn!(
                code_point = format!("U+{:04X}", u32::from(*ch)),
                "no font has this character"
            );
        }
        let bytes = rendered.bytes.len();
        match self.printer.start(rendered.job(job_id(order.job))) {
            Ok(()) => {
                tracing::info!(job = order.job.0, bytes, "slip sent");
                self.job = Some(order.job);
            }
            Err(outcome) => self.outcome(order.job, outcome),
        }
    }

    fn event(&mut self, event: PrinterEvent) {
        match event {
            PrinterEvent::Status(_) | PrinterEvent::Cleared { .. } => {} // told from the present status
            PrinterEvent::Presented { job } => {
                if let Some(no) = self.job.filter(|no| job_id(*no) == job) {
                    let outcome = kiosk_flow::JobOutcome::Printed;
                    self.send(PrinterInput::Job { job: no, outcome });
                }
            }
            PrinterEvent::Outcome { job, outcome } => match self.job.take_if(|no| job_id(*no) == job) {
                Some(no) => self.outcome(no, outcome),
                None => tracing::info!(job, ?outcome, "a job of the time before"),
            },
        }
    }

    fn outcome(&mut self, job: JobNo, outcome: JobOutcome) {
        tracing::info!(job = job.0, ?outcome, "slip");
        let outcome = match outcome {
            JobOutcome::Printed => kiosk_flow::JobOutcome::Printed,
            JobOutcome::NotTaken => kiosk_flow::JobOutcome::NotTaken,
            JobOutcome::Unknown { .. } => kiosk_flow::JobOutcome::Unknown,
            JobOutcome::NotStarted { .. } => kiosk_flow::JobOutcome::NotStarted,
        };
        self.send(PrinterInput::Job { job, outcome });
        self.told = None;
    }
}

fn state(status: PrinterStatus) -> PrinterState {
    match status {
        PrinterStatus::Ready => PrinterState::Ready,
        PrinterStatus::PaperLow => PrinterState::PaperLow,
        PrinterStatus::PaperOut => PrinterState::Down(Trouble::PaperOut),
        PrinterStatus::CoverOpen => PrinterState::Down(Trouble::CoverOpen),
        PrinterStatus::Offline => PrinterState::Down(Trouble::PrinterAway),
        PrinterStatus::CutterError
        | PrinterStatus::HeadHot
        | PrinterStatus::Jam
        | PrinterStatus::TicketNotTaken
        | PrinterStatus::BinFull
        | PrinterStatus::Unknown => PrinterState::Down(Trouble::PrinterFault),
    }
}
