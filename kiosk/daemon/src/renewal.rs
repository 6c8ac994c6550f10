//! A renewed certificate. It is read at the start, so the kiosk ends itself for it, and its service manager starts it
//! again a second later; but never with a person before it, a slip on its way or a card in the machine.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file is looked at this often.
const EVERY: Duration = Duration::from_secs(1);

/// Which file it is: another one is put in its place in one step.
type Known = (u64, u64, i64, i64);

/// Watches the file of the certificate.
pub struct Renewal {
    file: Option<PathBuf>,
    known: Option<Known>,
    looked: Instant,
    due: bool,
}

impl Renewal {
    /// As it lies there now, when it is read; a kiosk without a certificate has nothing to watch.
    pub fn new(file: Option<&Path>) -> Self {
        Self {
            known: file.and_then(known),
            file: file.map(Path::to_path_buf),
            looked: Instant::now(),
            due: false,
        }
    }

    /// True from when another file lies there, until the end.
    pub fn is_due(&mut self) -> bool {
        if !self.due && self.looked.elapsed() >= EVERY {
            self.looked = Instant::now();
            self.look();
        }
        self.due
    }

    fn look(&mut self) {
        let now = self.file.as_deref().and_then(known);
        // One that is gone for a moment, or for good, is no reason to end: the old one is in memory.
        if now.is_some() && now != self.known {
            tracing::info!("a new certificate lies there; the kiosk restarts for it when nobody is here");
            self.due = true;
        }
    }
}

fn known(file: &Path) -> Option<Known> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_noticed_and_none_is_not() {
        let dir = std::env::temp_dir().join(format!("yimen-renewal-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let file = dir.join("kiosk.pem");
        std::fs::write(&file, "one").expect("written");
        let mut renewal = Renewal::new(Some(&file));
        renewal.look();
        assert!(!renewal.due, "nothing has changed");
        std::fs::remove_file(&file).expect("removed");
        renewal.look();
        assert!(!renewal.due, "gone is not new");
        std::fs::write(dir.join("next"), "two").expect("written");
        std::fs::rename(dir.join("next"), &file).expect("renamed");
        renewal.look();
        assert!(renewal.due);
        assert!(!Renewal::new(None).is_due());
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
