//! A Debian kernel, unpacked into the target folder and never installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Image and modules of one kernel.
pub struct Kernel {
    /// What QEMU boots.
    pub image: PathBuf,
    modules: PathBuf,
    /// Path of a module below `modules` to those it needs.
    needs: BTreeMap<String, Vec<String>>,
}

impl Kernel {
    /// The kernel of `linux-image-amd64`; fetched when `dir` has none yet.
    pub fn at(dir: &Path) -> anyhow::Result<Self> {
        let root = dir.join("kernel");
        if !root.join("boot").exists() {
            fetch(dir, &root)?;
        }
        let image = one_in(&root.join("boot"), "vmlinuz-")?;
        let modules = one_in(&root.join("lib/modules"), "")?;
        if !modules.join("modules.dep").exists() {
            let version = modules.file_name().context("a kernel has a version")?;
            run(Command::new("busybox").args(["depmod", "-b"]).arg(&root).arg(version))?;
        }
        let text = std::fs::read_to_string(modules.join("modules.dep")).context("modules.dep")?;
        let line = |line: &str| {
            let (module, needs) = line.split_once(':')?;
            let needs = needs.split_whitespace().map(relative).collect();
            Some((relative(module), needs))
        };
        Ok(Self {
            image,
            modules,
            needs: text.lines().filter_map(line).collect(),
        })
    }

    /// Files of these modules and of all they need, in the order in which they can be loaded.
    pub fn modules(&self, names: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
        let mut ordered = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            let file = format!("{}.ko", name.replace('_', "-"));
            let found = self.needs.keys().find(|path| {
                let last = path.rsplit('/').next().unwrap_or_default();
                last.replace('_', "-") == file
            });
            let path = found.with_context(|| format!("this kernel has no module {name}"))?;
            self.visit(path, &mut seen, &mut ordered);
        }
        Ok(ordered)
    }

    fn visit(&self, module: &str, seen: &mut BTreeSet<String>, ordered: &mut Vec<PathBuf>) {
        if !seen.insert(module.to_string()) {
            return;
        }
        for needed in self.needs.get(module).into_iter().flatten() {
            self.visit(needed, seen, ordered);
        }
        ordered.push(self.modules.join(module));
    }
}

/// `modules.dep` names files with or without the folder of the version.
fn relative(path: &str) -> String {
    let at = path.find("kernel/").unwrap_or(0);
    path[at..].to_string()
}

fn fetch(dir: &Path, root: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let depends = output(Command::new("apt-cache").args(["depends", "linux-image-amd64"]))?;
    let package = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .context("linux-image-amd64 names no kernel; is this Debian?")?;
    eprintln!("fetching {package} (70 MB)");
    run(Command::new("apt-get")
        .args(["download", "-q", package])
        .current_dir(dir))?;
    let deb = one_in(dir, package)?;
    // Unpacked beside and renamed: a run that was stopped in the middle must not leave half a kernel.
    let part = dir.join("kernel.part");
    run(Command::new("dpkg").arg("-x").arg(&deb).arg(&part))?;
    std::fs::rename(&part, root)?;
    Ok(())
}

fn one_in(dir: &Path, prefix: &str) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let fits = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    };
    let found = paths.into_iter().rfind(fits);
    found.with_context(|| format!("nothing called {prefix}… in {}", dir.display()))
}

/// Runs a tool; an error names it.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// Runs a tool and returns what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output().with_context(|| format!("starting {command:?}"))?;
    ensure!(done.status.success(), "{command:?} failed: {}", done.status);
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
