//! The guest's initial RAM disk: busybox, kernel modules, our binaries with their libraries, and a script that starts
//! a shell on the serial line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::kernel::{Kernel, output, run};

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CONSOLE: u32 = 0o020_600;

/// A `newc` archive (the kernel's documentation, initramfs-buffer-format): heads of hexadecimal numbers, each part
/// filled up to four bytes.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<PathBuf>,
    count: u32,
}

impl Archive {
    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), data: &[u8]) -> anyhow::Result<()> {
        self.count += 1;
        let size = u32::try_from(data.len()).context("a file of more than 4 GiB")?;
        let name_len = u32::try_from(name.len() + 1).context("a name of more than 4 GiB")?;
        let numbers = [
            self.count, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, name_len, 0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for number in numbers {
            self.bytes.extend(format!("{number:08X}").into_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.fill();
        self.bytes.extend_from_slice(data);
        self.fill();
        Ok(())
    }

    fn fill(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn folder(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.as_os_str().is_empty() || !self.folders.insert(path.to_path_buf()) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        self.entry(&path.to_string_lossy(), DIRECTORY, (0, 0), &[])
    }

    /// `to` without the leading slash.
    fn file(&mut self, to: &str, data: &[u8]) -> anyhow::Result<()> {
        if let Some(parent) = Path::new(to).parent() {
            self.folder(parent)?;
        }
        self.entry(to, PROGRAM, (0, 0), data)
    }
}

/// Makes an image with these modules loaded at start and these binaries in `/bin`; returns its path in `dir`.
pub fn make(
    dir: &Path,
    name: &str,
    kernel: &Kernel,
    modules: &[&str],
    binaries: &[PathBuf],
) -> anyhow::Result<PathBuf> {
    let mut archive = Archive::default();
    for folder in ["dev", "proc", "sys", "tmp", "bin"] {
        archive.folder(Path::new(folder))?;
    }
    archive.entry("dev/console", CONSOLE, (5, 1), &[])?;
    let busybox = output(Command::new("sh").args(["-c", "command -v busybox"]))?;
    archive.file("bin/busybox", &read(Path::new(busybox.trim()))?)?;
    let mut init = String::from("#!/bin/busybox sh\n/bin/busybox --install -s /bin\nexport PATH=/bin HOME=/tmp\n");
    init.push_str("mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys\n");
    for module in kernel.modules(modules)? {
        let file = module.file_name().context("a module is a file")?.to_string_lossy();
        archive.file(&format!("modules/{file}"), &read(&module)?)?;
        init.push_str(&format!("insmod /modules/{file}\n"));
    }
    let mut libraries = BTreeSet::new();
    for binary in binaries {
        let file = binary.file_name().context("a binary is a file")?.to_string_lossy();
        let stripped = dir.join(format!("{file}.stripped"));
        run(Command::new("strip").arg("-o").arg(&stripped).arg(binary))?;
        archive.file(&format!("bin/{file}"), &read(&stripped)?)?;
        libraries.extend(libraries_of(binary)?);
    }
    for library in libraries {
        archive.file(library.trim_start_matches('/'), &read(Path::new(&library))?)?;
    }
    // What a test says comes back with its own answer only; the prompt would stand before it.
    init.push_str("stty -echo; export PS1=\necho guest-is-up\nexec setsid cttyhack sh\n");
    archive.file("init", init.as_bytes())?;
    archive.entry("TRAILER!!!", 0, (0, 0), &[])?;
    let path = dir.join(name);
    std::fs::write(&path, &archive.bytes).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Paths that the dynamic linker takes for this binary.
fn libraries_of(binary: &Path) -> anyhow::Result<Vec<String>> {
    let text = output(Command::new("ldd").arg(binary))?;
    let path = |line: &str| {
        let words = line.split_whitespace();
        words
            .into_iter()
            .find(|word| word.starts_with('/'))
            .map(ToString::to_string)
    };
    Ok(text.lines().filter_map(path).collect())
}
