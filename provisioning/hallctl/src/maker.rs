//! `hallctl maker`: the blank ledger of a kiosk's maker by hand, and who may work on the machine.
//!
//! It reads and adds to the kiosk's store, beside the running kiosk or without it. Passwords come on standard input,
//! one a line, never as arguments: those stand in the list of processes.

use data_encoding::{HEXLOWER, HEXUPPER};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kiosk_outbox::making::day::open_day;
use kiosk_outbox::making::{BlankLine, Identify, MakingStore, StaffFile, StoredBlank};
use provisioning_config::own_files::keep_to_ourselves;
use serde_json::json;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Maker {
    /// Add a person to a staff file; the password is read from standard input.
    AddStaff {
        /// The file; made when it is not there.
        #[arg(long)]
        file: PathBuf,
        /// Staff number.
        #[arg(long)]
        no: u32,
    },
    /// Print the blank ledger, one JSON object a line, and check its chain.
    Ledger {
        /// The kiosk's store (`[maker] store`).
        #[arg(long)]
        store: PathBuf,
    },
    /// Close the day: two people have counted the blanks in the hopper by hand.
    CloseDay(Close),
    /// Explain the difference of a day's close, so that the machine is in service again.
    Explain {
        /// Who and where.
        #[command(flatten)]
        act: Act,
        /// A sentence, without names.
        #[arg(long)]
        why: String,
    },
}

/// Two people at a store.
#[derive(clap::Args)]
pub struct Act {
    /// The kiosk's store (`[maker] store`).
    #[arg(long)]
    store: PathBuf,
    /// Who may work on the machine.
    #[arg(long)]
    staff_file: PathBuf,
    /// Staff number, twice; their passwords on standard input in this order, one a line.
    #[arg(long, required = true)]
    staff: Vec<u32>,
    /// Serial number of the machine, where the store knows several.
    #[arg(long)]
    serial: Option<String>,
}

/// Arguments of the close.
#[derive(clap::Args)]
pub struct Close {
    #[command(flatten)]
    act: Act,
    /// Blanks in the hopper, counted by hand before the ledger is looked at.
    #[arg(long)]
    counted: u32,
}

/// Why it ended: exit status and a sentence.
type Stop = (u8, String);

/// 0 done, 2 usage or the wrong people, 3 the store or its chain, 4 a difference that must be explained.
pub fn run(command: &Maker) -> ExitCode {
    let done = match command {
        Maker::AddStaff { file, no } => add_staff(file, *no),
        Maker::Ledger { store } => ledger(store),
        Maker::CloseDay(close) => close_day(close),
        Maker::Explain { act, why } => explain(act, why),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("{why}");
            ExitCode::from(code)
        }
    }
}

fn of_file(path: &Path) -> impl FnOnce(std::io::Error) -> Stop {
    move |error| (2, format!("{}: {error}", path.display()))
}

fn of_store(error: impl std::fmt::Display) -> Stop {
    (3, format!("the store: {error}"))
}

fn unix_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn password() -> Result<String, Stop> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| (2, format!("standard input: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_string())
}

fn add_staff(file: &Path, no: u32) -> Result<(), Stop> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let before = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(of_file(file)(error)),
    };
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| (2, format!("no random bytes: {error}")))?;
    let entry = StaffFile::entry(no, &password()?, &salt).map_err(|error| (2, error.to_string()))?;
    let text = format!("{before}{entry}");
    StaffFile::parse(&text).map_err(|error| (2, error.to_string()))?;
    let fresh = file.with_extension("new");
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(of_file(&fresh))?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| std::fs::rename(&fresh, file))
        .map_err(of_file(file))
}

fn open(path: &Path) -> Result<MakingStore, Stop> {
    if !path.exists() {
        return Err((2, format!("{}: there is no store", path.display())));
    }
    keep_to_ourselves("hallctl maker", &[path]).map_err(|error| (2, error.to_string()))?;
    MakingStore::open(path).map_err(of_store)
}

fn shown(line: &StoredBlank) -> serde_json::Value {
    let digest = HEXLOWER.encode(&line.digest);
    json!({
        "no": line.no, "serial": line.serial, "machine_index": line.machine_index, "what": line.what,
        "count": line.count, "fault": format!("{:04X}", line.code), "staff": line.staff, "why": line.why,
        "at_s": line.at_s, "digest": digest,
    })
}

fn ledger(path: &Path) -> Result<(), Stop> {
    let store = open(path)?;
    for serial in store.machines().map_err(of_store)? {
        for line in store.blanks(&serial).map_err(of_store)? {
            println!("{}", shown(&line));
        }
    }
    chain(&store)
}

fn chain(store: &MakingStore) -> Result<(), Stop> {
    match store.broken_at().map_err(of_store)? {
        None => Ok(()),
        Some(no) => Err((
            3,
            format!("the chain is broken at line {no}: the ledger was changed there"),
        )),
    }
}

/// The store, the machine and the two people.
fn admitted(act: &Act) -> Result<(MakingStore, String, String), Stop> {
    let store = open(&act.store)?;
    let text = std::fs::read_to_string(&act.staff_file).map_err(of_file(&act.staff_file))?;
    let file = StaffFile::parse(&text).map_err(|error| (2, error.to_string()))?;
    let mut passwords = Vec::new();
    for _ in &act.staff {
        passwords.push(password()?);
    }
    let given: Vec<(u32, &str)> = act
        .staff
        .iter()
        .copied()
        .zip(passwords.iter().map(String::as_str))
        .collect();
    let who = store
        .identify(&file, &given, 2, unix_s())
        .map_err(|error| match error {
            Identify::Refused(why) => (2, why.to_string()),
            Identify::Store(error) => of_store(error),
        })?;
    let who: Vec<String> = who.iter().map(u32::to_string).collect();
    let known = store.machines().map_err(of_store)?;
    let serial = match (&act.serial, known.as_slice()) {
        (Some(serial), _) if known.contains(serial) => serial.clone(),
        (None, [only]) => only.clone(),
        _ => return Err((2, format!("--serial names one of: {}", known.join(", ")))),
    };
    Ok((store, serial, who.join("+")))
}

fn line<'a>(serial: &'a str, staff: &'a str, what: &'a str, count: i64, why: &'a str) -> BlankLine<'a> {
    BlankLine {
        serial,
        machine_index: None,
        what,
        count,
        code: 0,
        staff,
        why,
        at_s: unix_s(),
    }
}

/// Refuses while a job stands, and says which: its blank is neither in the hopper nor counted.
fn standing(store: &MakingStore) -> Result<(), Stop> {
    if !store.makes().map_err(of_store)? {
        return Ok(());
    }
    let rows = store.unfinished().map_err(of_store)?;
    // As on slip and page: eight digits.
    let jobs: Vec<String> = rows
        .iter()
        .map(|row| {
            let id = HEXUPPER.encode(&row.jobs[..4]);
            format!("{}-{}", &id[..4], &id[4..])
        })
        .collect();
    let which = if jobs.is_empty() {
        "a job of an older version".to_string()
    } else {
        format!("job {}", jobs.join(", "))
    };
    Err((
        2,
        format!(
            "{which} has not ended. Let the kiosk run until it has (where the machine shows a fault, clear it), then \
             close the day"
        ),
    ))
}

fn close_day(close: &Close) -> Result<(), Stop> {
    let (mut store, serial, who) = admitted(&close.act)?;
    chain(&store)?;
    standing(&store)?;
    // The machine is not asked here: what the kiosk kept of it, else what a machine can tell at all.
    let room = store.hopper_room(&serial).map_err(of_store)?.unwrap_or(u16::MAX);
    if close.counted > room.into() {
        return Err((
            2,
            format!(
                "--counted {}: the hopper holds {room} at most; count again, nothing was closed",
                close.counted
            ),
        ));
    }
    let (day, unexplained) = open_day(&store.blanks(&serial).map_err(of_store)?);
    let closed = day.close(close.counted.into(), unexplained);
    let difference = closed.difference.to_string();
    let lines = [
        line(&serial, &who, "counted", close.counted.into(), "hopper"),
        line(&serial, &who, "day_closed", close.counted.into(), &difference),
    ];
    store.add_blanks(&lines, None).map_err(of_store)?;
    let mut report = json!(closed);
    report["serial"] = json!(serial);
    report["staff"] = json!(who);
    println!("{report}");
    if closed.open == 0 {
        return Ok(());
    }
    let open = closed.open;
    Err((
        4,
        format!("{open} blanks are open: the machine is out of service until `hallctl maker explain` says why"),
    ))
}

fn explain(act: &Act, why: &str) -> Result<(), Stop> {
    if why.trim().is_empty() {
        return Err((2, "--why is a sentence".into()));
    }
    let (mut store, serial, who) = admitted(act)?;
    if open_day(&store.blanks(&serial).map_err(of_store)?).1.is_none() {
        return Err((2, "no difference is open: there is nothing to explain".into()));
    }
    let told = line(&serial, &who, "explained", 0, why.trim());
    store.add_blanks(&[told], None).map_err(of_store)
}
