//! Files that a program makes are its user's alone, whoever started it, under any umask, in a unit or by hand.
//!
//! For databases and logs. Secret files are another matter: one that others could read is no secret any more, and is
//! refused where it is read. This room must never open a file.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What a database keeps beside its file.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// Root could write here, and the user whose folder it is could then not open what root made: the program would not
/// start on the morning after.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{folder} is of another user ({owner}), who could not open what root makes there: \
     runuser -u \"$(stat -c %U {folder})\" -- {program} …"
)]
pub struct OfAnotherUser {
    folder: String,
    owner: u32,
    program: &'static str,
}

/// Before anything is opened: from now on this program makes files for its user alone, and what lies there of before,
/// wider, is narrowed.
pub fn keep_to_ourselves(program: &'static str, files: &[&Path]) -> Result<(), OfAnotherUser> {
    for file in files {
        not_as_root_among_others(program, file)?;
    }
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    for file in files {
        for end in BESIDE {
            let mut name = file.as_os_str().to_owned();
            name.push(end);
            narrow(&PathBuf::from(name));
        }
    }
    Ok(())
}

fn not_as_root_among_others(program: &'static str, file: &Path) -> Result<(), OfAnotherUser> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let owner = std::fs::metadata(folder).map_or(0, |known| known.uid());
    if owner == 0 || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(OfAnotherUser {
        folder: folder.display().to_string(),
        owner,
        program,
    })
}

fn narrow(file: &Path) {
    let Ok(known) = std::fs::metadata(file) else { return };
    let mode = known.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return;
    }
    let name = file.display();
    match std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)) {
        Ok(()) => tracing::warn!("{name} could be read by others (mode {mode:o}); narrowed to 600"),
        Err(error) => tracing::error!(%error, "{name} can be read by others (mode {mode:o})"),
    }
}
