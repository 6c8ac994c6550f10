//! Signed heads of the audit log and, through its marks, of the hall's journal: they are made here, copied to where
//! they outlive the machine's own file, and held against both at each start. A log that is not the one that was signed
//! stops no hall: it is told.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use ticket_dispatcher_access::{Access, AuditFinding, BROKEN, Copies, Entry, Head, HeadKey, JOURNAL_MARK, Wrong};
use ticket_dispatcher_ledger::{LedgerError, mark_at};
use ticket_dispatcher_types::UnixMillis;

use super::Gate;

/// Signs the end of the log where it has grown, and copies the head.
pub fn sign(access: &Access, key: &HeadKey, copies: &Path, now: UnixMillis) {
    match access.sign_head(key, now) {
        Ok(Some(head)) => copy(copies, &head),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the audit log's head could not be signed"),
    }
}

fn copy(copies: &Path, head: &Head) {
    let line = serde_json::to_string(head).expect("plain data");
    // The log of the machine goes to the hall's log server; this line is the copy that counts there.
    tracing::info!(target: "audit-head", "{line}");
    if let Err(error) = append(copies, &line) {
        tracing::error!(%error, file = %copies.display(), "a head of the audit log could not be copied");
    }
}

fn append(copies: &Path, line: &str) -> std::io::Result<()> {
    let mut file = crate::keys::append_private(copies)?;
    // A line that the power cut off must not take the next one with it.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let gap = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{gap}{line}\n").as_bytes())?;
    file.sync_all()
}

/// Whether the journal still has the row that stood at its end when a head was signed.
pub fn journal_holds(journal: &Path, place: u64, hash: &str) -> Result<bool, LedgerError> {
    let there = mark_at(journal, place)?;
    Ok(there.is_some_and(|mark| mark.seq == place && HEXLOWER.encode(&mark.hash) == hash))
}

impl Gate {
    /// Writes down where the journal ends, signs the end of the audit log, and copies the head: it vouches for both.
    pub fn sign_head(&self) {
        if let Err(error) = self.mark_journal() {
            tracing::error!(%error, "the end of the journal could not be written down beside the head");
        }
        sign(&self.access, &self.head_key, &self.heads_file, self.now());
    }

    fn mark_journal(&self) -> anyhow::Result<()> {
        let Some(mark) = mark_at(&self.journal, u64::MAX)? else {
            return Ok(());
        };
        let (place, hash) = (mark.seq.to_string(), HEXLOWER.encode(&mark.hash));
        let known = self.access.audit_last(JOURNAL_MARK)?;
        if known.is_some_and(|known| known.object == place && known.new == hash) {
            return Ok(());
        }
        let entry = Entry {
            action: JOURNAL_MARK,
            object: &place,
            new: &hash,
            ..Entry::default()
        };
        self.access.audit(&entry, self.now())?;
        Ok(())
    }

    /// Holds the copies of heads against the log, and the journal against the log's last mark: one that was cut, or an
    /// older one in its place, is told in the log of the machine and to the auditor, at every start for as long as it
    /// is so. The hall goes on: numbers are needed whatever somebody did to a log.
    pub fn check_log(&self) {
        match self.found_at_start() {
            Ok(found) => self.tell(&found),
            Err(error) => tracing::error!(%error, "the audit log could not be held against its heads"),
        }
    }

    fn found_at_start(&self) -> anyhow::Result<Vec<AuditFinding>> {
        let copies = Copies::read(&self.heads_file)?;
        let mut found = self.access.audit_against(&copies.heads, self.head_key.public())?;
        if let Some(mark) = self.access.audit_last(JOURNAL_MARK)? {
            let place = mark.object.parse().unwrap_or(0);
            if !journal_holds(&self.journal, place, &mark.new)? {
                let (seq, what) = (Some(mark.seq), Wrong::Journal { place });
                found.push(AuditFinding { seq, what });
            }
        }
        Ok(found)
    }

    /// Reads the whole log, record by record, which takes seconds in a log of years: beside the work, at each start and
    /// each night.
    pub fn check_all_of_log(&self) {
        let checked = Copies::read(&self.heads_file)
            .map_err(anyhow::Error::from)
            .and_then(|copies| {
                let report = self.access.verify(self.head_key.public(), &copies.heads)?;
                let told = self.found_at_start()?;
                // What the start has told is told.
                Ok(report
                    .findings
                    .into_iter()
                    .filter(|one| !told.contains(one))
                    .collect::<Vec<_>>())
            });
        match checked {
            Ok(found) => self.tell(&found),
            Err(error) => tracing::error!(%error, "the audit log could not be read through"),
        }
    }

    fn tell(&self, found: &[AuditFinding]) {
        let Some(first) = found.first() else { return };
        let place = first.seq.unwrap_or(0).to_string();
        tracing::error!(
            record = place,
            more = found.len() - 1,
            "THE AUDIT LOG IS NOT THE ONE THAT WAS SIGNED: {}. See `ticket-dispatcher audit verify`",
            first.what
        );
        let entry = Entry {
            action: BROKEN,
            object: &place,
            reason: first.what.word(),
            ..Entry::default()
        };
        if let Err(error) = self.access.audit(&entry, self.now()) {
            tracing::error!(%error, "that cannot be written down for the auditor");
        }
    }

    /// Drops what has been kept for long enough.
    pub fn forget(&self, audit_days: u16) {
        let before = UnixMillis(self.now().0 - i64::from(audit_days) * 24 * 3_600_000);
        match self.access.audit_forget(&self.head_key, before, self.now()) {
            Ok(Some(head)) => {
                copy(&self.heads_file, &head);
                self.sign_head();
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "old records of the audit log could not be dropped"),
        }
    }
}
