//! `hallctl support-bundle`: what somebody who helps from afar needs to see, in one text file that a person can read
//! before it leaves the house. It holds nothing of anybody and no key: files are told by name, size and mode, and what
//! looks like a number of a person, a token or a key is cut out of every line ([`scrub`]).

mod scrub;

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context as _;
use provisioning_config::dispatcher_file::{self, DispatcherFile};
use provisioning_config::kiosk_file;

use crate::doctor::{PROGRAMS, beside_this_program};
use crate::private;

/// Lines of each log.
const LOG_LINES: usize = 2_000;
/// Of a longer log only the end is read.
const LOG_BYTES: u64 = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// What systemd is asked of a unit.
const UNIT: &str = "ActiveState,SubState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp";

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// The dispatcher file or the kiosk file of this machine.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the bundle goes; nothing may lie there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A log file, where the logs are not in systemd's journal; may be given several times.
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
}

/// Exit status 0 with a bundle, 1 without.
pub fn run(args: &Args) -> ExitCode {
    match bundle(args) {
        Ok(()) => {
            println!("{}: read it before you give it away", args.out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hallctl support-bundle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bundle(args: &Args) -> anyhow::Result<()> {
    anyhow::ensure!(!args.out.exists(), "{} is there already", args.out.display());
    let text =
        std::fs::read_to_string(&args.config).with_context(|| format!("cannot read {}", args.config.display()))?;
    let mut bundle = Bundle::default();
    bundle.part("what this is", &about());
    bundle.part("programs", &programs());
    bundle.part("configuration", &configuration(&text));
    let units: &[&str] = if text.contains(dispatcher_file::FORMAT) {
        dispatcher(&mut bundle, &args.config)?;
        &["ticket-dispatcher.service"]
    } else if text.contains(kiosk_file::FORMAT) {
        &["kiosk.service", "kiosk-screen.service", "hallctl-renew.service"]
    } else {
        anyhow::bail!(
            "{} is neither a dispatcher file nor a kiosk file",
            args.config.display()
        );
    };
    let folder = args.config.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    bundle.part("files", &files(folder));
    bundle.part(
        "disk",
        &said(
            "df",
            &["-k", "--output=size,used,avail,pcent", &folder.display().to_string()],
        ),
    );
    for unit in units {
        let state = said("systemctl", &["show", unit, "--property", UNIT]);
        bundle.part(&format!("unit {unit}"), &state);
        let lines = LOG_LINES.to_string();
        let log = said(
            "journalctl",
            &["--unit", unit, "--lines", &lines, "--no-pager", "--output", "short-iso"],
        );
        bundle.part(&format!("log of {unit}"), &log);
    }
    for log in &args.log {
        bundle.part(&format!("log {}", name(log)), &end_of(log)?);
    }
    private::write(&args.out, bundle.0.as_bytes())
}

/// The text as it grows. Every line goes through [`scrub::line`].
#[derive(Default)]
struct Bundle(String);

impl Bundle {
    fn part(&mut self, title: &str, text: &str) {
        let _ = writeln!(self.0, "== {title}");
        for line in text.lines() {
            self.0.push_str(&scrub::line(line));
            self.0.push('\n');
        }
        self.0.push('\n');
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn about() -> String {
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "A support bundle of Yimen, made {} by hallctl {}.\nIt holds no names, numbers, tokens or keys. Read it before \
         you give it away.\nsystem {}\nkernel {}",
        jiff::Timestamp::now(),
        env!("CARGO_PKG_VERSION"),
        system.unwrap_or("unknown"),
        kernel.trim()
    )
}

fn programs() -> String {
    let told = PROGRAMS.iter().map(|name| match beside_this_program(name) {
        Some(path) => {
            let size = std::fs::metadata(&path).map_or(0, |found| found.len());
            let asked = Command::new(&path).arg("--version").output();
            let version = asked.ok().filter(|done| done.status.success());
            let version = version.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_string());
            let version = version.unwrap_or_else(|| "tells no version".to_string());
            format!("{name}: {version} ({size} bytes)")
        }
        None => format!("{name}: not beside hallctl"),
    });
    told.collect::<Vec<_>>().join("\n")
}

/// The file without comments, and without the value of whatever is named like a secret and is no path.
fn configuration(text: &str) -> String {
    let Ok(mut table) = text.parse::<toml::Table>() else {
        return "this is not TOML: `hallctl check` explains it".to_string();
    };
    redact(&mut table);
    toml::to_string(&table).unwrap_or_default()
}

fn redact(table: &mut toml::Table) {
    for (key, value) in table.iter_mut() {
        let secret = ["key", "token", "secret", "password", "code"]
            .iter()
            .any(|word| key.contains(word));
        match value {
            toml::Value::Table(inner) => redact(inner),
            toml::Value::String(text) if secret && !is_path(text) => *text = "<cut out>".to_string(),
            _ => {}
        }
    }
}

/// A name of a file, not what should stand in one.
fn is_path(text: &str) -> bool {
    text.len() < 200 && (text.contains('/') || text.contains('.'))
}

/// Names, sizes, modes and ages of what lies beside the configuration; never what is in it.
fn files(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return "the folder cannot be read".to_string();
    };
    let mut lines: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let found = entry.metadata().ok()?;
            let age = found.modified().ok()?.elapsed().map_or(0, |age| age.as_secs());
            let (mode, size) = (found.permissions().mode() & 0o7777, found.len());
            Some(format!("{:o} {size:>12} {age:>9} s old  {}", mode, name(&entry.path())))
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

fn dispatcher(bundle: &mut Bundle, config: &Path) -> anyhow::Result<()> {
    let file = DispatcherFile::load(config)?;
    let hall = std::fs::read_to_string(&file.hall_file).unwrap_or_default();
    bundle.part("hall file", &configuration(&hall));
    bundle.part("health and metrics", &asked(&file));
    let text = |path: &Path| path.display().to_string();
    match beside_this_program("ticket-dispatcher") {
        Some(program) => {
            let (program, ledger, key) = (text(&program), text(&file.ledger), text(&file.key_file));
            bundle.part(
                "journal",
                &said(&program, &["verify", "--ledger", &ledger, "--key", &key]),
            );
            bundle.part(
                "audit log",
                &said(&program, &["audit", "verify", "--config", &text(config)]),
            );
        }
        None => bundle.part(
            "journal and audit log",
            "ticket-dispatcher is not beside hallctl: not verified",
        ),
    }
    let heads = std::fs::read_to_string(&file.audit_heads).unwrap_or_default();
    let last: Vec<&str> = heads.lines().rev().take(3).collect();
    bundle.part("last signed heads of the audit log", &last.join("\n"));
    Ok(())
}

/// What a running dispatcher says of itself, by its listener for this machine.
fn asked(file: &DispatcherFile) -> String {
    let Some(loopback) = &file.loopback else {
        return "the dispatcher has no [loopback] to be asked by".to_string();
    };
    let token = std::fs::read_to_string(&loopback.token_file).unwrap_or_default();
    let ask = async |path: &str| -> anyhow::Result<String> {
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let url = format!("http://{}{path}", loopback.listen);
        let answer = http.get(url).bearer_auth(token.trim()).send().await?;
        Ok(format!("{}\n{}", answer.status(), answer.text().await?))
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return "no runtime".to_string();
    };
    ["/healthz", "/metrics"]
        .map(|path| match runtime.block_on(ask(path)) {
            Ok(text) => format!("{path} {text}"),
            Err(_) => format!("{path}: nobody answers at {}", loopback.listen),
        })
        .join("\n")
}

/// What a program says, or why it says nothing.
fn said(program: &str, arguments: &[&str]) -> String {
    match Command::new(program).args(arguments).output() {
        Ok(done) => {
            let [out, err] = [&done.stdout, &done.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            format!("{}{}", out, if out.trim().is_empty() { err } else { String::new() })
        }
        Err(_) => format!("{program} is not here"),
    }
}

/// The last lines of a log.
fn end_of(log: &Path) -> anyhow::Result<String> {
    use std::io::{Seek as _, SeekFrom};
    let shown = || format!("cannot read {}", log.display());
    let mut file = std::fs::File::open(log).with_context(shown)?;
    let length = file.metadata().with_context(shown)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))
        .with_context(shown)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(shown)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    Ok(lines.get(from..).unwrap_or_default().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_cut_out_and_a_path_is_told() {
        let shown = configuration(
            "# a comment with 990101199003070015\nformat = \"x\"\n[loopback]\ntoken = \"0123456789abcdef\"\n\
             token_file = \"loopback.token\"\n[maker]\nsite_key_file = \"/var/lib/site.key\"\npassword = \"hunter2\"\n",
        );
        for gone in ["0123456789abcdef", "hunter2", "comment"] {
            assert!(!shown.contains(gone), "{shown}");
        }
        for there in ["loopback.token", "/var/lib/site.key", "<cut out>"] {
            assert!(shown.contains(there), "{shown}");
        }
        assert!(configuration("= 1").contains("not TOML"));
    }

    #[test]
    fn a_bundle_of_another_file_is_refused_and_nothing_is_overwritten() {
        let dir = std::env::temp_dir().join(format!("yimen-support-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        std::fs::write(dir.join("odd.toml"), "format = \"other\"").expect("written");
        let args = Args {
            config: dir.join("odd.toml"),
            out: dir.join("bundle.txt"),
            log: Vec::new(),
        };
        let error = bundle(&args).expect_err("refused").to_string();
        assert!(error.contains("neither a dispatcher file nor a kiosk file"), "{error}");
        std::fs::write(&args.out, "mine").expect("written");
        let error = bundle(&args).expect_err("refused").to_string();
        assert!(error.contains("is there already"), "{error}");
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
