//! A network of its own for the whole check: on its loopback there is nothing but this hall, so that every byte can be
//! listened to and none of another program is taken for ours.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, bail};

/// Set for the program that runs inside.
const INSIDE: &str = "HALL_CHECK_IN_OWN_NET";

/// Starts this program again inside, with the same arguments; returns inside. The error says what is missing.
pub fn enter() -> anyhow::Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let mut unshare = vec!["--net"];
    // Who is not root may still have a network of their own, where the kernel lets users have namespaces.
    if std::fs::metadata("/proc/self").context("no /proc")?.uid() != 0 {
        unshare.extend(["--user", "--map-root-user"]);
    }
    let up = "ip link set lo up 2>/dev/null || busybox ip link set lo up";
    let can = Command::new("unshare").args(&unshare).args(["sh", "-c", up]).status();
    if !can.is_ok_and(|status| status.success()) {
        bail!(
            "the bytes on the loopback cannot be searched: this needs a network of its own (`unshare --net` and `ip`, \
             as root or with user namespaces). With --without-wire the check goes on, and its report says that the \
             wire was NOT searched"
        );
    }
    let own = std::env::current_exe().context("finding this binary")?;
    let error = Command::new("unshare")
        .args(&unshare)
        .args(["sh", "-c", &format!("({up}) && exec \"$0\" \"$@\"")])
        .arg(own)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    Err(error).context("starting unshare")
}
