//! What an older version kept in clear, until the kiosk has taken it over under its keys.

use rusqlite::{TransactionBehavior, params};

use super::{KeptRecord, MakingStore};
use crate::OutboxError;

/// What stands in clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InClear {
    /// Numbers of records.
    pub records: Vec<String>,
    /// Reports that the back end has not answered: job and body.
    pub reports: Vec<(String, String)>,
}

impl InClear {
    /// Nothing does.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.reports.is_empty()
    }
}

impl MakingStore {
    /// What an older version left in clear.
    pub fn in_clear(&self) -> Result<InClear, OutboxError> {
        let sql = "SELECT record_no FROM making_job_clear UNION SELECT record_no FROM making_event_clear";
        let mut query = self.db.prepare(sql)?;
        let records = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        // Sealed ones are hexadecimal digits.
        let sql = "SELECT job_id, body FROM making_report WHERE body LIKE '{%'";
        let mut query = self.db.prepare(sql)?;
        let reports = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(InClear {
            records,
            reports: reports.collect::<Result<_, _>>()?,
        })
    }

    /// Takes it over, each record under its tag and each report sealed, in one write; then nothing of it is left in the
    /// files. A picture of before was sealed for the number and is of no use: its job ends without a card.
    pub fn take_over(
        &mut self,
        records: &[(String, KeptRecord)],
        reports: &[(String, String)],
    ) -> Result<(), OutboxError> {
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (number, kept) in records {
            let sql = "INSERT INTO making_job
                           (tag, sealed, jobs,
                            fee_order, fee_fen, serial, phase, idx, unwanted, outcome, opened_s, ended_s)
                       SELECT ?2, CASE WHEN outcome IS NULL OR outcome = 'doubt' THEN ?3 END, ?4,
                              fee_order, fee_fen, serial, phase, idx, unwanted, outcome, opened_s, ended_s
                       FROM making_job_clear WHERE record_no = ?1";
            change.execute(sql, params![number, kept.tag, kept.sealed, kept.jobs])?;
            let sql = "INSERT INTO making_event (tag, idx, attempt, phase, at_ms)
                       SELECT ?2, idx, attempt, phase, at_ms FROM making_event_clear WHERE record_no = ?1 ORDER BY no";
            change.execute(sql, params![number, kept.tag])?;
            for table in ["making_job_clear", "making_event_clear"] {
                change.execute(&format!("DELETE FROM {table} WHERE record_no = ?1"), [number])?;
            }
        }
        for (job, sealed) in reports {
            change.execute(
                "UPDATE making_report SET body = ?2 WHERE job_id = ?1",
                params![job, sealed],
            )?;
        }
        change.commit()?;
        // Deleted rows are overwritten in the database (`secure_delete`); the log of before still shows them.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
