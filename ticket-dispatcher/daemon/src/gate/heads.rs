//! Signed heads of the audit log and, through its marks, of the hall's journal: they are made here, copied to where
//! they outlive the machine's own file, and held against both at each start. A log that is not the one that was signed
//! stops no hall: it is told.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use ticket_dispatcher_access::{Access, AuditFinding, BROKEN, Copies, Entry, Head, HeadKey, JOURNAL_MARK, Wrong};
use ticket_dispatcher_ledger::{LedgerError, Mark, end_of, misfit};
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

/// Holds the journal against the marks of the log, every one of them: the newest alone would vouch for whatever was put
/// in place before it was made.
pub fn against_marks(journal: &Path, marks: &[(u64, u64, String)]) -> Result<Option<AuditFinding>, LedgerError> {
    let places: Vec<Mark> = marks.iter().map(|(_, place, hash)| mark(*place, hash)).collect();
    let Some(place) = misfit(journal, &places)? else {
        return Ok(None);
    };
    let seq = marks.iter().find(|(_, of, _)| *of == place).map(|(seq, ..)| *seq);
    let what = Wrong::Journal { place };
    Ok(Some(AuditFinding { seq, what }))
}

/// A hash that cannot be read fits no row.
fn mark(seq: u64, hash: &str) -> Mark {
    let hash = HEXLOWER
        .decode(hash.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let hash = hash.unwrap_or_default();
    Mark { seq, hash }
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
        let Some(mark) = end_of(&self.journal)? else {
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

    /// Holds the copies of heads against the log, and the journal against the log's last mark, before anything new is
    /// signed: one that was cut, or an older one in its place, is told in the log of the machine and to the auditor.
    /// The hall goes on: numbers are needed whatever somebody did to a log. Returns what was told.
    pub fn check_log(&self) -> Vec<AuditFinding> {
        let found = self.found_at_once().unwrap_or_else(|error| {
            tracing::error!(%error, "the audit log could not be held against its heads");
            Vec::new()
        });
        self.tell(&found);
        found
    }

    fn found_at_once(&self) -> anyhow::Result<Vec<AuditFinding>> {
        let copies = Copies::read(&self.heads_file)?;
        let mut found = self.access.audit_against(&copies.heads, self.head_key.public())?;
        if let Some(last) = self.access.audit_last(JOURNAL_MARK)? {
            let place = last.object.parse().unwrap_or(0);
            found.extend(against_marks(&self.journal, &[(last.seq, place, last.new)])?);
        }
        Ok(found)
    }

    /// Reads the whole log, record by record, and holds the journal against every mark, which takes seconds in a log of
    /// years: beside the work, at each start and each night. What was told already is not told again.
    pub fn check_all_of_log(&self, told: &[AuditFinding]) {
        match self.found_in_all() {
            Ok(mut found) => {
                found.retain(|one| !told.contains(one));
                self.tell(&found);
            }
            Err(error) => tracing::error!(%error, "the audit log could not be read through"),
        }
    }

    fn found_in_all(&self) -> anyhow::Result<Vec<AuditFinding>> {
        let copies = Copies::read(&self.heads_file)?;
        let report = self.access.verify(self.head_key.public(), &copies.heads)?;
        let mut found = report.findings;
        found.extend(against_marks(&self.journal, &report.marks)?);
        Ok(found)
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
