//! The machine's thread: watches it while nothing is made, drives a job to its end, reports, pulls its events, and has
//! it do what staff orders.

mod row;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use drivers_device::Transport;
use drivers_temp_id_maker::codec::{Identity, Mode, Phase, Status};
use drivers_temp_id_maker::{Answer, Ending, Maker, Tim1};
use kiosk_flow::{JobEnd, MakerState, MakingInput};
use kiosk_making::{Claim, ClaimAsked, Driven, KeepError, MakingRecord, MakingService, Outcome, Report, drive};
use kiosk_outbox::making::{MakingRow, MakingStore};
use ui_model::Refusal;
use ui_ticket_raster::Fonts;

pub use row::{keep, short};

use self::row::Row;
use super::seen::Known;
use super::{House, Order, Service, Work, blanks, ended_before, kept, twice, unix_s, warn};

/// The idle machine is asked this often.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// A machine that vanished under a job is waited for so long before the citizen is sent away.
const GONE_MAX: Duration = Duration::from_secs(90);
/// All that must be there before a card is begun, but the heat: film, blanks, medium, covers, bins, path.
const READY: u8 = 0b0111_0111;
/// Heat of the press in service hours: warm enough to be hot before a card comes to it.
const STANDBY: u8 = 1;
/// Heat from the claim on.
const HOT: u8 = 2;

pub struct Machine {
    pub(super) house: House,
    pub(super) maker: Tim1<Box<dyn Transport>>,
    pub(super) store: MakingStore,
    service: Box<Service>,
    fonts: Fonts,
    told: Option<MakerState>,
    pub(super) identity: Option<Identity>,
    /// The boot number under which it took its time and its heat: it takes neither while it starts.
    told_time: Option<u16>,
    /// The file of those who may act.
    pub(super) staff: Option<PathBuf>,
    /// What staff sees beside the status, refreshed when the ledger or the jobs change.
    pub(super) known: Known,
    /// [`MakingStore::outside_version`] at the last refresh; none before it.
    pub(super) read_at: Option<i64>,
}

fn claim(house: &House, record_no: &str, face_token: Option<String>) -> ClaimAsked {
    ClaimAsked {
        face_token,
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
        staff: Option<PathBuf>,
    ) -> Self {
        Self {
            house,
            maker,
            store,
            service: Box::new(service),
            fonts: Fonts::system(),
            told: None,
            identity: None,
            told_time: None,
            staff,
            known: Known::default(),
            read_at: None,
        }
    }

    /// Runs for ever. A store that fails stops the thread: what is on the disk is unknown, and a restart reads it.
    pub fn run(mut self, orders: &Receiver<Work>) {
        if let Err(error) = self.turn(orders) {
            tracing::error!(%error, "the making of cards stops");
            self.house.tell(MakingInput::Machine(MakerState::NotReady));
        }
    }

    fn turn(&mut self, orders: &Receiver<Work>) -> Result<(), KeepError> {
        self.check_chain()?;
        loop {
            for row in self.store.unfinished().map_err(keep)? {
                self.go_on(&row)?;
            }
            self.report()?;
            self.watch()?;
            match orders.recv_timeout(WATCH_EVERY) {
                Ok(Work::Make(order)) => self.make(*order)?,
                Ok(Work::Staff(order)) => self.staff_orders(&order)?,
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
    pub(super) fn watch(&mut self) -> Result<(), KeepError> {
        let status = self.look();
        self.reread()?;
        let state = match &status {
            Some(status) if self.ready(status) => MakerState::Ready,
            _ => MakerState::NotReady,
        };
        self.tell_state(state);
        self.pull()?;
        let now = self.known.now(status.as_ref(), unix_s());
        self.house.show(now);
        Ok(())
    }

    /// Takes over what the machine says of its blanks.
    pub(super) fn pull(&mut self) -> Result<(), KeepError> {
        let serial = self.identity.as_ref().map(|identity| identity.serial.clone());
        if let Some(serial) = serial {
            let fresh = blanks::pull(&mut self.maker, &serial, &mut self.store, &mut self.known.recent);
            if fresh.map_err(keep)? || self.known.serial != serial {
                self.refresh()?;
            }
        }
        Ok(())
    }

    /// Its status; a machine that was away or has restarted is greeted first, told the time, and kept warm. One that
    /// cannot be greeted, because its boot number went back, is as good as away.
    pub(super) fn look(&mut self) -> Option<Status> {
        for _ in 0..2 {
            if self.identity.is_none() && !self.greet() {
                return None;
            }
            match self.maker.status() {
                Ok(status) if status.boot == self.maker.boot() => {
                    self.tell_time(&status);
                    return Some(status);
                }
                // Restarted since it was greeted: once more.
                Ok(_) => self.identity = None,
                Err(_) => break,
            }
        }
        self.identity = None;
        None
    }

    fn greet(&mut self) -> bool {
        match self.maker.hello() {
            Ok(identity) => {
                self.identity = Some(identity);
                true
            }
            Err(error) => {
                if self.told != Some(MakerState::NotReady) {
                    tracing::warn!(%error, "maker");
                }
                false
            }
        }
    }

    /// Its time and its heat, once in each of its lives. Refused while it starts: then told at a later look.
    fn tell_time(&mut self, status: &Status) {
        if status.mode == Mode::Init || self.told_time == Some(status.boot) {
            return;
        }
        let time = self.maker.time_set(u32::try_from(unix_s()).unwrap_or(0));
        let heat = self.maker.heater(STANDBY);
        if matches!((time, heat), (Ok(Answer::Done), Ok(Answer::Done))) {
            self.told_time = Some(status.boot);
        }
    }

    /// It could begin now, and no difference of its blanks waits for an explanation.
    fn ready(&self, status: &Status) -> bool {
        ready(status) && self.known.difference.is_none()
    }

    /// [`Machine::ready`], asked of the machine and of the store this moment.
    fn could_begin(&mut self) -> Result<bool, KeepError> {
        let status = self.look();
        self.reread()?;
        Ok(status.is_some_and(|status| self.ready(&status)))
    }

    /// The last checks, the claim, and the job.
    fn make(&mut self, order: Order) -> Result<(), KeepError> {
        let Order {
            ask,
            record,
            fee_fen,
            face_token,
        } = order;
        let record_no = record.record_no.clone();
        let job = self.house.jobs(&record_no).ids[0].to_string();
        let tag = kept::tag(&self.house.vault, &record_no);
        let row = self.store.row(&tag).map_err(keep)?;
        let refusal = match row.as_ref().and_then(ended_before) {
            Some(refusal) => Some(refusal),
            _ if !self.could_begin()? => Some(Refusal::MakerNotReady),
            _ => self.claimed(&record_no, face_token),
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
        let _ = self.maker.heater(HOT); // the press heats by itself at JOB_OPEN too
        let known = kept::record(&self.house, &record_no).map_err(keep)?;
        self.store.begin(&known, &job, fee_fen, unix_s()).map_err(keep)?;
        let row = self.store.row(&tag).map_err(keep)?;
        let Some(row) = row else { return Ok(()) };
        if let Some(refusal) = self.drive(&row, Some(&record))? {
            self.house.tell(MakingInput::Refused { ask, refusal });
        }
        Ok(())
    }

    /// The claim; an answer that names another job or another kiosk is none.
    fn claimed(&self, record_no: &str, face_token: Option<String>) -> Option<Refusal> {
        let asked = claim(&self.house, record_no, face_token);
        match twice(|| self.service.claim(&asked)) {
            Ok(Claim::Granted { job_id, kiosk_id, .. }) if job_id == asked.job_id && kiosk_id == asked.kiosk_id => None,
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
        let jobs = kept::jobs(row);
        let mut gone_since = None;
        loop {
            let mut keeps = Row {
                house: &self.house,
                store: &mut self.store,
                service: self.service.as_ref(),
                fonts: &self.fonts,
                vault: &self.house.vault,
                tag: row.tag,
                record_no: kept::number(&self.house.vault, row),
                record,
                job: jobs.ids[0],
                last: None,
                seen: None,
                renewed: Instant::now(),
                known: self.known.clone(),
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
                // Whose answers make no sense may have been changed under the job: waiting mends nothing.
                Driven::Ended(Ending::Silent) if !waited_out => tracing::warn!("the maker is away under a job"),
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
        self.store.unwant(&row.tag).map_err(keep)?;
        let job = short(kept::jobs(row).ids[0]);
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
        for id in kept::jobs(row).ids.iter().rev() {
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
        let job = short(kept::jobs(row).ids[0]);
        let end = match phase {
            Phase::Taken => JobEnd::Taken,
            Phase::Retracted => JobEnd::NotTaken,
            Phase::Doubt => JobEnd::Doubt,
            _ => JobEnd::Failed,
        };
        self.house.tell(MakingInput::Ended { job, end });
        Ok(())
    }

    /// Serial number of the blank of an ended job, where blanks carry one and the machine still knows.
    fn blank_of(&mut self, row: &MakingRow) -> String {
        let ids = kept::jobs(row).ids;
        let found = ids.iter().rev().find_map(|id| match self.maker.job_query(*id) {
            Ok(Answer::Record(record) | Answer::Closed(record)) => Some(record.blank),
            _ => None,
        });
        let blank = found.unwrap_or_default();
        let end = blank.iter().position(|byte| *byte == 0).unwrap_or(blank.len());
        String::from_utf8_lossy(&blank[..end]).into_owned()
    }

    /// What the back end must hear, sealed for its job; none where the number was sealed under a key that is lost.
    fn report_of(&mut self, row: &MakingRow, outcome: Outcome) -> Result<Option<(String, String)>, KeepError> {
        let job_id = kept::jobs(row).ids[0].to_string();
        let Some(record_no) = kept::number(&self.house.vault, row) else {
            tracing::error!(
                job_id,
                ?outcome,
                "the record of a job cannot be opened: tell the back end of it by hand"
            );
            return Ok(None);
        };
        let report = Report {
            record_no: record_no.to_string(),
            job_id: job_id.clone(),
            outcome,
            opened_at: row.opened_s,
            ended_at: unix_s(),
            blank_serial: self.blank_of(row),
        };
        let fee = row.fee_fen > 0;
        let body = zeroize::Zeroizing::new(serde_json::to_string(&Owed { report, fee }).map_err(keep)?);
        let sealed = kept::sealed_report(&self.house.vault, &job_id, &body).map_err(keep)?;
        Ok(Some((job_id, sealed)))
    }

    pub(super) fn end(&mut self, row: &MakingRow, phase: Phase) -> Result<(), KeepError> {
        let (outcome, word) = match phase {
            Phase::Taken => (Outcome::Taken, "taken"),
            Phase::Retracted => (Outcome::Retracted, "retracted"),
            Phase::Rejected => (Outcome::Rejected, "rejected"),
            Phase::Aborted => (Outcome::Aborted, "aborted"),
            _ => (Outcome::Doubt, "doubt"),
        };
        let report = self.report_of(row, outcome)?;
        let report = report.as_ref().map(|(job, body)| (job.as_str(), body.as_str()));
        self.store.end(&row.tag, word, report, unix_s()).map_err(keep)?;
        self.refresh()
    }

    fn never_begun(&mut self, row: &MakingRow) -> Result<(), KeepError> {
        let report = self.report_of(row, Outcome::Aborted)?;
        let report = report.as_ref().map(|(job, body)| (job.as_str(), body.as_str()));
        self.store.never_begun(&row.tag, report, unix_s()).map_err(keep)
    }

    /// Tells the back end what it has not answered yet: the outcome, then the money.
    fn report(&mut self) -> Result<(), KeepError> {
        for (job_id, body) in self.store.reports().map_err(keep)? {
            let body = kept::report(&self.house.vault, &job_id, &body);
            let Some(owed) = body.and_then(|body| serde_json::from_str::<Owed>(&body).ok()) else {
                tracing::error!(
                    job_id,
                    "a report was sealed under another key; it stays: tell the back end by hand"
                );
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
pub(super) fn ready(status: &Status) -> bool {
    let mode = matches!(status.mode, Mode::Idle | Mode::Job);
    mode && (status.ready & READY == READY || status.mode == Mode::Job)
}

#[cfg(test)]
mod trials;
