//! The machine's thread: watches it while nothing is made, drives a job to its end, reports, and pulls its events.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use drivers_device::Transport;
use drivers_temp_id_maker::codec::{JobId, Mode, Phase, Status, Step};
use drivers_temp_id_maker::{Answer, Ending, JobMachine, Maker, Tim1};
use kiosk_flow::{JobEnd, MakerState, MakingInput};
use kiosk_making::{Claim, ClaimAsked, Driven, Keep, KeepError, MakingRecord, MakingService, Outcome, Report, drive};
use kiosk_outbox::making::{MakingRow, MakingStore};
use ui_model::{MakingStep, Refusal};
use ui_ticket_raster::{CardLayout, CardPicture, Fonts};

use super::{House, Order, Service, blanks, twice, unix_s, warn};

/// The idle machine is asked this often.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// The claim is renewed this often while its job runs; the lease is 120 s.
const RENEW_EVERY: Duration = Duration::from_secs(45);
/// A machine that vanished under a job is waited for so long before the citizen is sent away.
const GONE_MAX: Duration = Duration::from_secs(90);
/// All that must be there before a card is begun, but the heat: film, blanks, medium, covers, bins, path.
const READY: u8 = 0b0111_0111;

pub struct Machine {
    house: House,
    maker: Tim1<Box<dyn Transport>>,
    store: MakingStore,
    service: Box<Service>,
    fonts: Fonts,
    told: Option<MakerState>,
    serial: Option<String>,
}

/// The row of a record as [`drive`] wants it.
struct Row<'a> {
    house: &'a House,
    store: &'a mut MakingStore,
    service: &'a Service,
    fonts: &'a Fonts,
    record_no: String,
    record: Option<&'a MakingRecord>,
    job: JobId,
    last: Option<(u8, u8, Phase)>,
    seen: Option<(Phase, Option<Step>, u8)>,
    renewed: Instant,
}

/// The job as people read it to each other on the phone: eight digits are enough within a hall.
fn short(job: JobId) -> String {
    let text = job.to_string().to_uppercase();
    format!("{}-{}", &text[..4], &text[4..8])
}

fn keep(error: impl std::fmt::Display) -> KeepError {
    KeepError(error.to_string())
}

impl Keep for Row<'_> {
    fn serial(&mut self) -> Result<Option<String>, KeepError> {
        Ok(self
            .store
            .row(&self.record_no)
            .map_err(keep)?
            .and_then(|row| row.serial))
    }

    fn keep_serial(&mut self, serial: &str) -> Result<(), KeepError> {
        self.store.keep_serial(&self.record_no, serial).map_err(keep)
    }

    fn picture(&mut self) -> Result<Option<Vec<u8>>, KeepError> {
        self.store.picture(&self.record_no).map_err(keep)
    }

    fn keep_picture(&mut self, data: &[u8]) -> Result<(), KeepError> {
        self.store.keep_picture(&self.record_no, data).map_err(keep)
    }

    fn draw(&mut self, dpi: u16) -> Result<CardPicture, Refusal> {
        let record = self.record.ok_or(Refusal::DataFault)?;
        record.draw(self.house.today(), &CardLayout::shipped(), dpi, self.fonts)
    }

    fn told(&mut self, machine: &JobMachine, status: Option<&Status>) -> Result<(), KeepError> {
        let now = (machine.index(), machine.attempt(), machine.phase());
        if machine.phase() != Phase::None && self.last != Some(now) {
            self.last = Some(now);
            let at_ms = jiff::Timestamp::now().as_millisecond();
            self.store
                .passed(&self.record_no, now.0, now.1, machine.phase().code(), at_ms)
                .map_err(keep)?;
            tracing::info!(job = short(self.job), phase = ?machine.phase(), attempt = now.1, "making");
        }
        if let Some(status) = status {
            self.tell(status, machine.index());
        }
        if self.renewed.elapsed() >= RENEW_EVERY {
            self.renewed = Instant::now();
            let claim = claim(self.house, &self.record_no);
            if let Err(error) = self.service.claim(&claim) {
                warn("claim renewed", &error);
            }
        }
        Ok(())
    }
}

impl Row<'_> {
    fn tell(&mut self, status: &Status, index: u8) {
        let seen = (status.phase, status.step, status.attempt);
        let counting = status.step.is_some();
        if self.seen == Some(seen) && !counting {
            return;
        }
        self.seen = Some(seen);
        let job = short(self.job);
        match status.phase {
            Phase::Presented => self.house.tell(MakingInput::CardOut { job }),
            phase if phase.is_terminal() || phase == Phase::None => {}
            _ => self.house.tell(MakingInput::Working {
                job,
                step: shown(status),
                attempt: status.attempt.max(1) + 2 * index,
                left_s: left_s(status),
            }),
        }
    }
}

/// The step as the citizen sees it.
fn shown(status: &Status) -> MakingStep {
    match (status.step, status.phase) {
        (Some(Step::Cut), _) | (None, Phase::Sealed) => MakingStep::Cut,
        (Some(Step::Print), _) | (None, Phase::Cut) => MakingStep::Print,
        (Some(Step::Feed), _) | (None, Phase::Printed) => MakingStep::Feed,
        (Some(Step::Laminate | Step::Present), _) | (None, Phase::Fed | Phase::Laminated) => MakingStep::Laminate,
        _ => MakingStep::Check,
    }
}

/// Seconds until the card comes out: what is left of this step and the typical times of those to come.
fn left_s(status: &Status) -> u16 {
    const AFTER: [(MakingStep, u16); 5] = [
        (MakingStep::Check, 75),
        (MakingStep::Cut, 62),
        (MakingStep::Print, 37),
        (MakingStep::Feed, 33),
        (MakingStep::Laminate, 3),
    ];
    let step = shown(status);
    let after = AFTER.iter().find(|(known, _)| *known == step).map_or(0, |(_, s)| *s);
    match status.step {
        Some(Step::Present) => status.step_left.div_ceil(10),
        Some(Step::Print) => status.step_left.div_ceil(10) + after,
        _ => after + status.step_left.div_ceil(10),
    }
}

fn claim(house: &House, record_no: &str) -> ClaimAsked {
    ClaimAsked {
        record_no: record_no.to_string(),
        job_id: house.jobs(record_no).ids[0].to_string(),
        kiosk_id: house.kiosk.as_str().to_string(),
    }
}

impl Machine {
    pub fn new(
        house: House,
        maker: Tim1<Box<dyn Transport>>,
        store: MakingStore,
        service: impl MakingService + 'static,
    ) -> Self {
        Self {
            house,
            maker,
            store,
            service: Box::new(service),
            fonts: Fonts::system(),
            told: None,
            serial: None,
        }
    }

    /// Runs for ever. A store that fails stops the thread: what is on the disk is unknown, and a restart reads it.
    pub fn run(mut self, orders: &Receiver<Order>) {
        if let Err(error) = self.turn(orders) {
            tracing::error!(%error, "the making of cards stops");
            self.house.tell(MakingInput::Machine(MakerState::NotReady));
        }
    }

    fn turn(&mut self, orders: &Receiver<Order>) -> Result<(), KeepError> {
        loop {
            for row in self.store.unfinished().map_err(keep)? {
                self.go_on(&row)?;
            }
            self.report()?;
            self.watch()?;
            match orders.recv_timeout(WATCH_EVERY) {
                Ok(order) => self.make(order)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn tell_state(&mut self, state: MakerState) {
        if self.told != Some(state) {
            tracing::info!(?state, "maker");
            self.told = Some(state);
        }
        self.house.tell(MakingInput::Machine(state));
    }

    /// How the machine is, and what it says of its blanks.
    fn watch(&mut self) -> Result<(), KeepError> {
        let state = match self.look() {
            Some(status) if ready(&status) => MakerState::Ready,
            _ => MakerState::NotReady,
        };
        self.tell_state(state);
        if let Some(serial) = self.serial.clone() {
            blanks::pull(&mut self.maker, &serial, &mut self.store).map_err(keep)?;
        }
        Ok(())
    }

    fn look(&mut self) -> Option<Status> {
        if self.serial.is_none() {
            self.serial = self.maker.hello().ok().map(|identity| identity.serial);
        }
        let status = self.maker.status().ok();
        match &status {
            None => self.serial = None,
            Some(status) if status.boot != self.maker.boot() => self.serial = None,
            Some(_) => {}
        }
        status
    }

    /// The last checks, the claim, and the job.
    fn make(&mut self, order: Order) -> Result<(), KeepError> {
        let Order { ask, record, fee_fen } = order;
        let record_no = record.record_no.clone();
        let job = self.house.jobs(&record_no).ids[0].to_string();
        let refusal = match self.store.row(&record_no).map_err(keep)? {
            // A job of this record ended here: only a window makes another.
            Some(row) if row.outcome.is_some() => Some(Refusal::AlreadyIssued),
            _ if !self.look().is_some_and(|status| ready(&status)) => Some(Refusal::MakerNotReady),
            _ => self.claimed(&record_no),
        };
        if let Some(refusal) = refusal {
            tracing::info!(code = refusal.code(), "no card is made");
            self.house.tell(MakingInput::Refused { ask, refusal });
            if fee_fen > 0
                && let Err(error) = twice(|| self.service.settle(&job, Outcome::Aborted))
            {
                warn("settle", &error);
            }
            return Ok(());
        }
        self.store.begin(&record_no, &job, fee_fen, unix_s()).map_err(keep)?;
        let row = self.store.row(&record_no).map_err(keep)?;
        let Some(row) = row else { return Ok(()) };
        if let Some(refusal) = self.drive(&row, Some(&record))? {
            self.house.tell(MakingInput::Refused { ask, refusal });
        }
        Ok(())
    }

    /// The claim; an answer that names another job is none.
    fn claimed(&self, record_no: &str) -> Option<Refusal> {
        let asked = claim(&self.house, record_no);
        match twice(|| self.service.claim(&asked)) {
            Ok(Claim::Granted { job_id, .. }) if job_id == asked.job_id => None,
            Ok(Claim::Granted { .. } | Claim::Held) => Some(Refusal::HeldElsewhere),
            Ok(Claim::AlreadyIssued) => Some(Refusal::AlreadyIssued),
            Ok(Claim::Refused { refusal }) => Some(refusal),
            Err(error) => {
                warn("claim", &error);
                Some(Refusal::BackEndAway)
            }
        }
    }

    /// A job of before: driven on, or ended when its citizen was sent away.
    fn go_on(&mut self, row: &MakingRow) -> Result<(), KeepError> {
        self.tell_state(MakerState::NotReady);
        if row.unwanted {
            return self.end_unwanted(row);
        }
        if row.serial.is_none() {
            // Nothing was ever sent for it.
            return self.never_begun(row);
        }
        self.drive(row, None).map(|_| ())
    }

    /// Drives; a refusal means that nothing was begun.
    fn drive(&mut self, row: &MakingRow, record: Option<&MakingRecord>) -> Result<Option<Refusal>, KeepError> {
        let jobs = self.house.jobs(&row.record_no);
        let mut gone_since = None;
        loop {
            let mut keeps = Row {
                house: &self.house,
                store: &mut self.store,
                service: self.service.as_ref(),
                fonts: &self.fonts,
                record_no: row.record_no.clone(),
                record,
                job: jobs.ids[0],
                last: None,
                seen: None,
                renewed: Instant::now(),
            };
            let driven = drive(&mut self.maker, jobs, &mut keeps)?;
            let begun = keeps.last.is_some();
            let since = *gone_since.get_or_insert_with(Instant::now);
            let waited_out = since.elapsed() >= GONE_MAX;
            if begun {
                // It spoke of the job in this drive: what is gone now is gone anew.
                gone_since = Some(Instant::now());
            }
            match driven {
                Driven::Ended(Ending::Silent) | Driven::Protocol(_) if !waited_out => {
                    tracing::warn!("the maker is away under a job");
                }
                Driven::Ended(Ending::Job(phase)) => {
                    self.ended(row, phase)?;
                    return Ok(None);
                }
                Driven::Ended(Ending::RecordDone) => {
                    self.ended(row, Phase::Doubt)?;
                    return Ok(None);
                }
                other => return self.broken_off(row, &other, begun),
            }
        }
    }

    /// The drive ended without an end of the job.
    fn broken_off(&mut self, row: &MakingRow, driven: &Driven, begun: bool) -> Result<Option<Refusal>, KeepError> {
        tracing::warn!(?driven, begun, "the job broke off");
        let refusal = match driven {
            Driven::Refused(refusal) => *refusal,
            _ => Refusal::MakerNotReady,
        };
        if !begun {
            self.never_begun(row)?;
            return Ok(Some(refusal));
        }
        // The citizen goes to a window; the job is ended without a card as soon as the machine can.
        self.store.unwant(&row.record_no).map_err(keep)?;
        let job = short(self.house.jobs(&row.record_no).ids[0]);
        self.house.tell(MakingInput::Ended {
            job,
            end: JobEnd::Failed,
        });
        Ok(None)
    }

    /// Ends a job whose citizen was sent away, as far as the machine lets it.
    fn end_unwanted(&mut self, row: &MakingRow) -> Result<(), KeepError> {
        if self.look().is_none() || self.maker.hello().is_err() {
            return Ok(());
        }
        for id in self.house.jobs(&row.record_no).ids.iter().rev() {
            let Ok(answer) = self.maker.job_query(*id) else {
                return Ok(());
            };
            let record = match answer {
                Answer::Record(record) | Answer::Closed(record) => record,
                _ => continue,
            };
            if record.phase == Phase::Doubt {
                return self.end(row, Phase::Doubt);
            }
            if record.phase.is_terminal() {
                // Repeated on an archived job it changes nothing.
                let _ = self.maker.job_close(*id);
                return self.end(row, record.phase);
            }
            // 2: the host. Refused while a fault stands; asked again at the next turn.
            let _ = self.maker.job_abort(*id, 2);
            return Ok(());
        }
        // Neither job is known: the machine was reset by its maker. Nobody knows what became of the card.
        self.end(row, Phase::Doubt)
    }

    fn ended(&mut self, row: &MakingRow, phase: Phase) -> Result<(), KeepError> {
        self.end(row, phase)?;
        let job = short(self.house.jobs(&row.record_no).ids[0]);
        let end = match phase {
            Phase::Taken => JobEnd::Taken,
            Phase::Retracted => JobEnd::NotTaken,
            Phase::Doubt => JobEnd::Doubt,
            _ => JobEnd::Failed,
        };
        self.house.tell(MakingInput::Ended { job, end });
        Ok(())
    }

    fn report_of(&self, row: &MakingRow, outcome: Outcome) -> Result<(String, String), KeepError> {
        let job_id = self.house.jobs(&row.record_no).ids[0].to_string();
        let report = Report {
            record_no: row.record_no.clone(),
            job_id: job_id.clone(),
            outcome,
            opened_at: row.opened_s,
            ended_at: unix_s(),
            blank_serial: String::new(),
        };
        let body = serde_json::to_string(&Owed {
            report,
            fee: row.fee_fen > 0,
        });
        Ok((job_id, body.map_err(keep)?))
    }

    fn end(&mut self, row: &MakingRow, phase: Phase) -> Result<(), KeepError> {
        let (outcome, word) = match phase {
            Phase::Taken => (Outcome::Taken, "taken"),
            Phase::Retracted => (Outcome::Retracted, "retracted"),
            Phase::Rejected => (Outcome::Rejected, "rejected"),
            Phase::Aborted => (Outcome::Aborted, "aborted"),
            _ => (Outcome::Doubt, "doubt"),
        };
        let (job_id, body) = self.report_of(row, outcome)?;
        self.store
            .end(&row.record_no, word, &job_id, &body, unix_s())
            .map_err(keep)
    }

    fn never_begun(&mut self, row: &MakingRow) -> Result<(), KeepError> {
        let (job_id, body) = self.report_of(row, Outcome::Aborted)?;
        self.store
            .never_begun(&row.record_no, &job_id, &body, unix_s())
            .map_err(keep)
    }

    /// Tells the back end what it has not answered yet: the outcome, then the money.
    fn report(&mut self) -> Result<(), KeepError> {
        for (job_id, body) in self.store.reports().map_err(keep)? {
            let Ok(owed) = serde_json::from_str::<Owed>(&body) else {
                tracing::error!("a report of an older version cannot be read; it stays");
                continue;
            };
            let told = self.service.report(&owed.report).and_then(|()| {
                if owed.fee {
                    self.service.settle(&job_id, owed.report.outcome).map(|_| ())
                } else {
                    Ok(())
                }
            });
            match told {
                Ok(()) => self.store.reported(&job_id).map_err(keep)?,
                Err(error) => {
                    warn("report", &error);
                    break;
                }
            }
        }
        Ok(())
    }
}

/// What the back end must still hear of a job.
#[derive(serde::Serialize, serde::Deserialize)]
struct Owed {
    report: Report,
    fee: bool,
}

/// A machine that could begin now. One with a job that this host knows nothing of can go on with that job alone; any
/// other record is told that it is not ready.
fn ready(status: &Status) -> bool {
    let mode = matches!(status.mode, Mode::Idle | Mode::Job);
    mode && (status.ready & READY == READY || status.mode == Mode::Job)
}
