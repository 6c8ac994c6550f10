//! Signed heads of the audit log: they are made here, copied to where they outlive the machine's own file, and held
//! against the log at each start. A log that is not the one that was signed stops no hall: it is told.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use ticket_dispatcher_access::{Access, Copies, Entry, Head, HeadKey};
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

impl Gate {
    /// Signs the end of the audit log and copies the head.
    pub fn sign_head(&self) {
        sign(&self.access, &self.head_key, &self.heads_file, self.now());
    }

    /// Holds the copies of heads against the log: one that was cut, or an older one in its place, is told in the log of
    /// the machine and to the auditor, at every start for as long as it is so. The hall goes on: numbers are needed
    /// whatever somebody did to a log.
    pub fn check_log(&self) {
        let copies = match Copies::read(&self.heads_file) {
            Ok(copies) => copies,
            Err(error) => {
                tracing::error!(%error, file = %self.heads_file.display(), "copies of heads cannot be read");
                return;
            }
        };
        let found = self.access.audit_against(&copies.heads, self.head_key.public());
        let found = match found {
            Ok(found) => found,
            Err(error) => return tracing::error!(%error, "the audit log could not be held against its heads"),
        };
        let Some(first) = found.first() else { return };
        let place = first.seq.unwrap_or(0).to_string();
        tracing::error!(
            record = place,
            more = found.len() - 1,
            "THE AUDIT LOG IS NOT THE ONE THAT WAS SIGNED: {}. See `ticket-dispatcher audit verify`",
            first.what
        );
        let entry = Entry {
            action: "audit.broken",
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
