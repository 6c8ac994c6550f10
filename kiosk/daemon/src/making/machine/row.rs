//! One job as it is driven: what the store keeps of it, what the screen and staff hear of it.

use std::time::{Duration, Instant};

use drivers_temp_id_maker::JobMachine;
use drivers_temp_id_maker::codec::{JobId, Phase, Status, Step};
use kiosk_flow::MakingInput;
use kiosk_making::{Keep, KeepError, MakingRecord};
use kiosk_outbox::making::MakingStore;
use ui_model::{MakingStep, Refusal};
use ui_ticket_raster::{CardLayout, CardPicture, Fonts};
use zeroize::Zeroizing;

use super::claim;
use crate::making::seen::Known;
use crate::making::{House, Service, unix_s, warn};
use crate::vault::Vault;

/// The claim is renewed this often while its job runs; the lease is 120 s.
const RENEW_EVERY: Duration = Duration::from_secs(45);
/// Where a picture is sealed for.
const PICTURE: &str = "card-picture";

/// The row of a record as [`drive`] wants it.
pub struct Row<'a> {
    pub house: &'a House,
    pub store: &'a mut MakingStore,
    pub service: &'a Service,
    pub fonts: &'a Fonts,
    pub vault: &'a Vault,
    /// The record, as the store knows it.
    pub tag: [u8; 32],
    /// Its number; none under a lost key.
    pub record_no: Option<Zeroizing<String>>,
    pub record: Option<&'a MakingRecord>,
    pub job: JobId,
    pub last: Option<(u8, u8, Phase)>,
    pub seen: Option<(Phase, Option<Step>, u8)>,
    pub renewed: Instant,
    pub known: Known,
}

/// The job as people read it to each other on the phone: eight digits are enough within a hall.
pub fn short(job: JobId) -> String {
    let text = job.to_string().to_uppercase();
    format!("{}-{}", &text[..4], &text[4..8])
}

pub fn keep(error: impl std::fmt::Display) -> KeepError {
    KeepError(error.to_string())
}

impl Keep for Row<'_> {
    fn serial(&mut self) -> Result<Option<String>, KeepError> {
        Ok(self.store.row(&self.tag).map_err(keep)?.and_then(|row| row.serial))
    }

    fn keep_serial(&mut self, serial: &str) -> Result<(), KeepError> {
        self.store.keep_serial(&self.tag, serial).map_err(keep)
    }

    fn picture(&mut self) -> Result<Option<Vec<u8>>, KeepError> {
        let sealed = self.store.picture(&self.tag).map_err(keep)?;
        let opened = sealed
            .as_ref()
            .map(|sealed| self.vault.open_bytes(PICTURE, &self.tag, sealed));
        if let Some(None) = opened {
            // Without the picture the job is ended as soon as the machine wants it, and the citizen goes to a window.
            tracing::error!("the picture of a job cannot be opened: it was sealed under another key");
        }
        Ok(opened.flatten().map(|picture| picture.to_vec()))
    }

    fn keep_picture(&mut self, data: &[u8]) -> Result<(), KeepError> {
        let sealed = self.vault.seal_bytes(PICTURE, &self.tag, data).map_err(keep)?;
        self.store.keep_picture(&self.tag, &sealed).map_err(keep)
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
                .passed(&self.tag, now.0, now.1, machine.phase().code(), at_ms)
                .map_err(keep)?;
            tracing::info!(job = short(self.job), phase = ?machine.phase(), attempt = now.1, "making");
        }
        if let Some(status) = status {
            let now = self.known.now(Some(status), unix_s());
            self.house.show(now);
            self.tell(status, machine.index());
        }
        if let Some(record_no) = self
            .record_no
            .as_ref()
            .filter(|_| self.renewed.elapsed() >= RENEW_EVERY)
        {
            self.renewed = Instant::now();
            let claim = claim(self.house, record_no, None);
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
