//! `hallctl init`: makes a hall's authority, the dispatcher's certificate and its file, with modes that keep others
//! out.

use std::net::Ipv6Addr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use provisioning_config::dispatcher_file::DispatcherFile;
use provisioning_config::hall_file::HallFile;
use provisioning_enrolment::{Authority, Validity};

use crate::private;

/// The authority outlives the machine it was made on.
const AUTHORITY_DAYS: i64 = 10 * 365;
/// The dispatcher's certificate; `hallctl init --renew` makes the next.
const SERVER_DAYS: i64 = 3 * 365;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Where the dispatcher keeps its files; made if absent.
    #[arg(long)]
    dir: PathBuf,
    /// The hall file; it is checked and copied.
    #[arg(long)]
    hall: PathBuf,
    /// Address or host name under which kiosks and windows reach the dispatcher; may be given several times.
    #[arg(long, required = true)]
    name: Vec<String>,
    /// Only a new certificate for the dispatcher, from the authority that is there.
    #[arg(long)]
    renew: bool,
}

/// Exit status 0 when everything is written, 1 when nothing is.
pub fn run(args: &Args) -> ExitCode {
    match init(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hallctl init: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn init(args: &Args) -> anyhow::Result<()> {
    let hall = HallFile::load(&args.hall)?;
    let now_s = jiff::Timestamp::now().as_second();
    let at = |name: &str| args.dir.join(name);
    if args.renew {
        let read = |name: &str| std::fs::read_to_string(at(name)).with_context(|| format!("reading {name}"));
        let authority = Authority::load(&read("ca.pem")?, &read("ca.key")?)?;
        server(&authority, args, now_s)?;
        println!("The dispatcher has a new certificate. Restart it.");
        return Ok(());
    }
    let taken = ["ca.key", "ca.pem", "dispatcher.toml"]
        .into_iter()
        .find(|name| at(name).exists());
    ensure!(
        taken.is_none(),
        "{} is there already: an authority that is made anew locks every device out; `--renew` makes a new certificate \
         for the dispatcher alone",
        taken.map(at).unwrap_or_default().display()
    );
    let owner = std::fs::metadata(&args.dir).map(|known| known.uid());
    ensure!(
        owner
            .as_ref()
            .is_ok_and(|owner| *owner == rustix::process::geteuid().as_raw())
            || owner.is_err(),
        "{} is of another user, who could not read what is made here: \
         runuser -u \"$(stat -c %U {})\" -- hallctl init …",
        args.dir.display(),
        args.dir.display()
    );
    let mut folder = std::fs::DirBuilder::new();
    folder
        .recursive(true)
        .mode(0o700)
        .create(&args.dir)
        .with_context(|| format!("cannot make {}", args.dir.display()))?;
    let (authority, own) = Authority::make(hall.hall.id.as_str(), Validity::days(now_s, AUTHORITY_DAYS))?;
    private::write(&at("ca.key"), own.key_pem.as_bytes())?;
    private::write(&at("ca.pem"), own.cert_pem.as_bytes())?;
    server(&authority, args, now_s)?;
    let text = std::fs::read(&args.hall).with_context(|| format!("cannot read {}", args.hall.display()))?;
    private::write(&at("hall.toml"), &text)?;
    let text = DISPATCHER.replace("LOOKUP_BASE", &lookup_base(&args.name));
    private::write(&at("dispatcher.toml"), text.as_bytes())?;
    // What the dispatcher itself will say of it, now rather than then.
    DispatcherFile::load(&at("dispatcher.toml"))?;
    told(&args.dir, &hall);
    Ok(())
}

fn server(authority: &Authority, args: &Args, now_s: i64) -> anyhow::Result<()> {
    let made = authority.server(&args.name, &private::serial()?, Validity::days(now_s, SERVER_DAYS))?;
    // The key first: a certificate without its key is told at the start, a key without its certificate is too.
    private::replace(&args.dir.join("dispatcher.key"), made.key_pem.as_bytes())?;
    private::replace(&args.dir.join("dispatcher.pem"), made.cert_pem.as_bytes())
}

/// The first name is the one that people are told.
fn lookup_base(names: &[String]) -> String {
    let name = names.first().map_or("", String::as_str);
    match name.parse::<Ipv6Addr>() {
        Ok(address) => format!("https://[{address}]:8443"),
        Err(_) => format!("https://{name}:8443"),
    }
}

/// Ports as in the hall rules, section 8.1: devices at 8443, enrolment at 8444 while a code is good.
const DISPATCHER: &str = r#"# Written by `hallctl init`. docs/hall-file.md explains every key.
format = "yimen-dispatcher/1"
hall_file = "hall.toml"
ledger = "journal.sqlite"
key_file = "hall.key"
access = "access.sqlite"
# What the QR of a slip carries. A hall that phones reach by a public address puts that here.
lookup_base = "LOOKUP_BASE"

[tls]
listen = "0.0.0.0:8443"
cert = "dispatcher.pem"
key = "dispatcher.key"
client_ca = "ca.pem"

[enrolment]
listen = "0.0.0.0:8444"
authority_key = "ca.key"

[loopback]
listen = "127.0.0.1:8480"
token_file = "loopback.token"

[keys]
# Files of mode 0600, until they are sealed to the machine (docs/security.md). Logged at each start.
protection_level = 3
allow_file_keys = true
"#;

fn told(dir: &Path, hall: &HallFile) {
    let config = dir.join("dispatcher.toml");
    let config = config.display();
    println!(
        "The hall {} has an authority and a dispatcher file in {}.",
        hall.hall.id,
        dir.display()
    );
    println!("Next, as the user who owns this folder, whom the unit runs as (docs/setup.md):");
    println!("  ticket-dispatcher account put --config {config} --id A1 --role admin");
    println!("  ticket-dispatcher account put --config {config} --id R1 --role auditor");
    println!("Then, as root: systemctl enable --now ticket-dispatcher");
    println!("Keep ca.key, hall.key and audit.key on a second medium in the safe: without them no kiosk can join, and");
    println!("nothing that lies here can be opened. hall.key and audit.key are made with the first account.");
    println!("Browser: https://NAME:8443/sign-in   (trust ca.pem), then /admin, 登记新设备");
    println!("On each kiosk: hallctl enrol --dispatcher NAME:8444 --out kiosk.pem --ca-out ca.pem");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_hall_is_made_once_with_files_that_nobody_else_reads() {
        let place = std::env::temp_dir().join(format!("yimen-init-{}", std::process::id()));
        let hall = Path::new(env!("CARGO_MANIFEST_DIR")).join("../halls/foshan-street.toml");
        let args = Args {
            dir: place.join("hall"),
            hall,
            name: vec!["192.168.9.10".into(), "hall.test".into()],
            renew: false,
        };
        init(&args).expect("made");
        let read = |name: &str| std::fs::read(args.dir.join(name)).expect("written");
        for entry in std::fs::read_dir(&args.dir).expect("a folder") {
            let entry = entry.expect("a file");
            let mode = entry.metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        }
        let file = DispatcherFile::load(&args.dir.join("dispatcher.toml")).expect("a good file");
        assert_eq!(file.lookup_base.as_deref(), Some("https://192.168.9.10:8443"));
        assert!(!file.slips_lead_nowhere());
        assert_eq!(
            lookup_base(&["fd00::9".into(), "hall.test".into()]),
            "https://[fd00::9]:8443"
        );
        let (root, server) = (read("ca.key"), read("dispatcher.pem"));
        let again = init(&args).expect_err("a second authority").to_string();
        assert!(again.contains("ca.key is there already"), "{again}");
        assert_eq!(read("ca.key"), root);
        init(&Args { renew: true, ..args }).expect("renewed");
        assert_ne!(
            std::fs::read(place.join("hall/dispatcher.pem")).expect("written"),
            server
        );
        assert_eq!(std::fs::read(place.join("hall/ca.key")).expect("written"), root);
        std::fs::remove_dir_all(&place).expect("removed");
    }
}
