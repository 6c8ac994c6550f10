//! What the making store keeps of a record's number: a keyed tag that finds it again, and the number sealed for as long
//! as the back end must hear it. In clear it stands in no file, as no other number that leads to a person does.

use std::path::Path;

use anyhow::Context as _;
use drivers_temp_id_maker::codec::{JobId, RecordTag};
use kiosk_making::drive::Jobs;
use kiosk_outbox::making::{KeptRecord, MakingRow, MakingStore};
use zeroize::Zeroizing;

use super::House;
use crate::vault::Vault;

/// Where a number is sealed and tagged for.
const NUMBER: &str = "making-record";
/// Where a report is sealed for.
const REPORT: &str = "making-report";

/// The tag of a record's number.
pub fn tag(vault: &Vault, record_no: &str) -> [u8; 32] {
    vault.tag(NUMBER, record_no)
}

/// A record as the store may know it.
pub fn record(house: &House, record_no: &str) -> anyhow::Result<KeptRecord> {
    let tag = tag(&house.vault, record_no);
    let of = house.jobs(record_no);
    let mut jobs = [0; 48];
    for (to, from) in jobs.chunks_exact_mut(16).zip([of.ids[0].0, of.ids[1].0, of.tag.0]) {
        to.copy_from_slice(&from);
    }
    let sealed = house.vault.seal_bytes(NUMBER, &tag, record_no.as_bytes())?;
    Ok(KeptRecord { tag, sealed, jobs })
}

/// The number of a record; none when it was dropped, or sealed under a key that this kiosk has lost.
pub fn number(vault: &Vault, row: &MakingRow) -> Option<Zeroizing<String>> {
    let opened = vault.open_bytes(NUMBER, &row.tag, row.sealed.as_ref()?)?;
    Some(Zeroizing::new(String::from_utf8(opened.to_vec()).ok()?))
}

/// The jobs of a record, which need no key.
pub fn jobs(row: &MakingRow) -> Jobs {
    let part = |at: usize| {
        let mut id = [0; 16];
        id.copy_from_slice(&row.jobs[16 * at..16 * at + 16]);
        id
    };
    Jobs {
        ids: [JobId(part(0)), JobId(part(1))],
        tag: RecordTag(part(2)),
    }
}

/// A report, sealed for its job.
pub fn sealed_report(vault: &Vault, job_id: &str, body: &str) -> anyhow::Result<String> {
    vault.seal(REPORT, job_id.as_bytes(), body)
}

/// What [`sealed_report`] took.
pub fn report(vault: &Vault, job_id: &str, sealed: &str) -> Option<Zeroizing<String>> {
    vault.open_text(REPORT, job_id.as_bytes(), sealed)
}

/// Opens the store; what an older version left in it in clear is taken over first.
pub fn open(path: &Path, house: &House) -> anyhow::Result<MakingStore> {
    let mut store = MakingStore::open(path).with_context(|| format!("opening {}", path.display()))?;
    let clear = store.in_clear()?;
    if clear.is_empty() {
        return Ok(store);
    }
    let mut records = Vec::new();
    for number in clear.records {
        let kept = record(house, &number)?;
        records.push((number, kept));
    }
    let mut reports = Vec::new();
    for (job, body) in clear.reports {
        let sealed = sealed_report(&house.vault, &job, &body)?;
        reports.push((job, sealed));
    }
    store.take_over(&records, &reports)?;
    tracing::info!(
        records = records.len(),
        "the making store keeps no record's number in clear any more"
    );
    Ok(store)
}
