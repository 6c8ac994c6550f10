//! One pseudo-terminal in raw mode, its slave linked under a name that people can type.
//!
//! Linux lets the master read the slave's settings, so the rate that the host chose is known here without the host's
//! help.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// An open pseudo-terminal. Dropping it removes the link and hangs up on whoever has the slave open.
#[derive(Debug)]
pub struct Pty {
    master: OwnedFd,
    /// Held open so that the host may close and open again without the master seeing a hang-up.
    _slave: OwnedFd,
    link: PathBuf,
}

impl Pty {
    /// Makes a pseudo-terminal and links its slave as `link` (an older link there is replaced, a file is not).
    pub fn open(link: &Path) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave_path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(slave_path, flags, rustix::fs::Mode::empty())?;
        let mut termios = tcgetattr(&slave)?;
        termios.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &termios)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        if fs::symlink_metadata(link).is_ok_and(|found| found.file_type().is_symlink()) {
            fs::remove_file(link)?;
        }
        std::os::unix::fs::symlink(slave_path, link)?;
        Ok(Self {
            master,
            _slave: slave,
            link: link.to_path_buf(),
        })
    }

    /// The rate that the host has set, in baud (a new pseudo-terminal says 38400).
    pub fn host_baud(&self) -> io::Result<u32> {
        Ok(tcgetattr(&self.master)?.output_speed())
    }

    /// Waits at most `wait` until the host has written something.
    pub fn wait_readable(&self, wait: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&wait)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what the host wrote; 0 when nothing is there.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match rustix::io::read(&self.master, buffer) {
            Ok(count) => Ok(count),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands bytes to the host; returns how many fitted into the kernel's buffer.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::io::write(&self.master, bytes) {
            Ok(count) => Ok(count),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Nothing to do when it is gone already; the directory may have been removed under us.
        let _ = fs::remove_file(&self.link);
    }
}
