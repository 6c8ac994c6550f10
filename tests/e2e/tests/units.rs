//! The unit files that are shipped: what a broken-into process could still do, as systemd scores it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Highest exposure that a unit may have, in tenths; systemd calls up to here OK.
const EXPOSURE_MAX: &str = "20";

/// The last line of the report, and whether the unit is within the limit.
fn exposure(unit: &Path) -> anyhow::Result<(bool, String)> {
    let done = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX])
        .arg(unit)
        .output()
        .context("systemd-analyze is not here: apt-get install systemd")?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let last = said.lines().rev().find(|line| line.contains("exposure level"));
    let last = last.with_context(|| String::from_utf8_lossy(&done.stderr).into_owned())?;
    Ok((done.status.success(), last.to_string()))
}

fn units() -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../provisioning/units")
        .canonicalize()?;
    let files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files: Vec<PathBuf> = files.collect::<anyhow::Result<_>>()?;
    files.sort();
    Ok(files)
}

#[test]
fn every_service_is_shut_in_and_a_bare_one_would_be_found() -> anyhow::Result<()> {
    let services: Vec<_> = units()?
        .into_iter()
        .filter(|u| u.extension().is_some_and(|e| e == "service"))
        .collect();
    ensure!(services.len() == 4, "{services:?}");
    for unit in &services {
        let (good, said) = exposure(unit)?;
        println!("{said}");
        ensure!(good, "{said}");
    }
    let bare = std::env::temp_dir().join(format!("yimen-bare-{}.service", std::process::id()));
    std::fs::write(&bare, "[Service]\nExecStart=/usr/bin/true\n")?;
    let (good, said) = exposure(&bare)?;
    std::fs::remove_file(&bare)?;
    ensure!(!good, "a unit without any hardening passes: {said}");
    Ok(())
}

#[test]
fn no_service_may_dump_its_memory_to_the_disk() -> anyhow::Result<()> {
    for unit in units()?
        .into_iter()
        .filter(|u| u.extension().is_some_and(|e| e == "service"))
    {
        let text = std::fs::read_to_string(&unit)?;
        ensure!(text.lines().any(|line| line == "LimitCORE=0"), "{}", unit.display());
    }
    Ok(())
}
