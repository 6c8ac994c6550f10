//! What the machine allows: open files, and room on the ledger's disk.

use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for everything that is no connection: journal, log, listeners, what the runtime needs.
const OTHER_FILES: u64 = 64;

/// Under this nothing new is written. A day of a big hall is some 20 MB, so there is time to act, and the last bytes of
/// a disk are never used up by us.
const ROOM_MIN: u64 = 64 * 1024 * 1024;

/// Raises the soft limit of open files to the hard one and says how many connections fit, `most` at most.
pub fn connections_that_fit(most: usize) -> usize {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let fit = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    if fit < most {
        tracing::warn!(
            files,
            connections = fit,
            "fewer connections than usual: raise LimitNOFILE"
        );
    }
    fit.clamp(1, most)
}

/// Why the ledger should not be written now, if so.
pub fn no_room(ledger: &Path) -> Option<String> {
    let folder = ledger.parent().filter(|p| !p.as_os_str().is_empty());
    match statvfs(folder.unwrap_or(Path::new("."))) {
        Ok(disk) => too_little(disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => {
            tracing::warn!(%error, "the room on the ledger's disk cannot be read");
            None
        }
    }
}

fn too_little(bytes: u64) -> Option<String> {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    (bytes < ROOM_MIN).then(|| {
        format!(
            "The ledger's disk has {} MiB left, {} MiB are needed. Nothing is written until there is room.",
            mib(bytes),
            mib(ROOM_MIN)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_of_a_disk_are_left_alone() {
        assert!(too_little(ROOM_MIN).is_none());
        let told = too_little(ROOM_MIN - 1).expect("too little");
        assert!(told.contains("63 MiB left") && told.contains("64 MiB"), "{told}");
    }

    #[test]
    fn as_many_connections_as_files() {
        let fit = connections_that_fit(20_000);
        let files = getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
        assert!((1..=20_000).contains(&fit));
        assert_eq!(connections_that_fit(10), 10);
    }
}
