//! What the host remembers of a job: the machine's serial number, on disk before the job is opened.
//!
//! Losing it loses nothing but time: ids are computed, the machine knows the phase. Nothing here shows or names a
//! person.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use drivers_temp_id_maker::codec::RecordTag;

/// The files of one making record.
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Makes the directory of this record, for its owner alone.
    pub fn open(dir: &Path, tag: RecordTag) -> io::Result<Self> {
        let dir = dir.join(tag.to_string());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What was written under `name`, none when nothing was.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes whole or not at all, and on the disk before it returns.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let fresh = self.path(&format!("{name}.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, self.path(name))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Removes what shows a person.
    pub fn forget(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.path(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!(
                "{}: {error}; remove it by hand, it shows a person",
                self.path(name).display()
            );
        }
    }
}
