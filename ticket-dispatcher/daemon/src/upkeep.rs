//! Commands on the files of the gate: accounts where nobody can sign in yet, and the check of the audit log.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use provisioning_config::dispatcher_file::DispatcherFile;
use provisioning_config::hall_file::HallFile;
use provisioning_config::own_files::keep_to_ourselves;
use ticket_dispatcher_access::{Access, AuditReport, Copies, Entry, HeadKey, NewAccount, Options, StaffRole};
use ticket_dispatcher_identity::{CryptoProvider, GmSoft};
use ticket_dispatcher_types::{ClerkId, UnixMillis};

use crate::gate::heads::{self, against_marks};
use crate::keys::{self, Missing};

/// `account …`
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Makes an account, or gives one a new first password; prints both secrets once.
    Put(Put),
    /// Closes an account; its sessions end at once.
    Close {
        /// The dispatcher file.
        #[arg(long)]
        config: PathBuf,
        /// The account's code.
        #[arg(long)]
        id: String,
    },
    /// Lists all accounts.
    List {
        /// The dispatcher file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// `account put`
#[derive(Args)]
pub struct Put {
    /// The dispatcher file.
    #[arg(long)]
    config: PathBuf,
    /// The account's code, never a name.
    #[arg(long)]
    id: String,
    /// window, hall_manager, policy, admin or auditor.
    #[arg(long)]
    role: String,
    /// A window that a clerk may sit at; again for more, none for all.
    #[arg(long)]
    window: Vec<String>,
    /// One JSON line instead of text for people.
    #[arg(long)]
    json: bool,
}

/// `audit …`
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Checks the audit log: gaps, chain, signed heads.
    Verify {
        /// The dispatcher file.
        #[arg(long)]
        config: PathBuf,
        /// Heads that were kept elsewhere, JSON lines; without it the copies beside the log.
        #[arg(long)]
        heads: Option<PathBuf>,
    },
}

fn open(config: &Path) -> anyhow::Result<(DispatcherFile, Access)> {
    let file = DispatcherFile::load(config)?;
    keep_to_ourselves("ticket-dispatcher", &[&file.ledger, &file.access, &file.audit_heads])?;
    let missing = Missing::before(&[&file.ledger, &file.access]);
    let crypto: Arc<dyn CryptoProvider> = Arc::new(GmSoft::new(&keys::root_key(&file.key_file, missing)?));
    let access = Access::open(Options {
        file: file.access.clone(),
        crypto,
        entropy: keys::entropy,
    })?;
    Ok((file, access))
}

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

/// Accounts.
pub fn account(command: AccountCommand) -> anyhow::Result<ExitCode> {
    match command {
        AccountCommand::Put(put) => put_account(&put),
        AccountCommand::Close { config, id } => {
            let (file, access) = open(&config)?;
            let id = ClerkId::new(&id).context("the account's code")?;
            let old = access
                .account(&id)?
                .with_context(|| format!("there is no account {id}"))?;
            let change = (old.in_short(), "closed".to_string());
            access.audit(&at_console("account.close", id.as_str(), &change), now())?;
            sign(&file, &access)?;
            access.disable_account(&id)?;
            println!("closed          {id}");
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::List { config } => {
            let (_, access) = open(&config)?;
            for account in access.accounts()? {
                let locked = account.locked_until_ms.is_some_and(|until| now().0 < until);
                let state = match (account.disabled, locked, account.must_change) {
                    (true, ..) => "closed",
                    (_, true, _) => "locked",
                    (.., true) => "first password",
                    _ => "in use",
                };
                println!(
                    "{}  {}  {}  {state}",
                    account.id,
                    account.role.word(),
                    account.windows.join(" ")
                );
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Who sits there is not known to the program; whoever may open these files is.
fn at_console<'a>(action: &'static str, object: &'a str, (old, new): &'a (String, String)) -> Entry<'a> {
    Entry {
        source: "console",
        actor: "console",
        role: "console",
        action,
        object,
        old,
        new,
        ..Entry::default()
    }
}

/// What was done at the console has a head at once: no dispatcher need run that would sign one.
fn sign(file: &DispatcherFile, access: &Access) -> anyhow::Result<()> {
    let key = keys::head_key(&file.audit_key, Missing::before(&[&file.audit_heads]))?;
    heads::sign(access, &key, &file.audit_heads, now());
    Ok(())
}

fn put_account(put: &Put) -> anyhow::Result<ExitCode> {
    let (file, access) = open(&put.config)?;
    let hall = HallFile::load(&file.hall_file)?;
    let words = || StaffRole::ALL.map(StaffRole::word).join(", ");
    let role = StaffRole::parse(&put.role).with_context(|| format!("roles are {}", words()))?;
    for window in &put.window {
        let known = hall.windows.iter().any(|own| own.id.as_str() == window);
        anyhow::ensure!(known, "the hall has no window {window}");
    }
    let new = NewAccount {
        id: ClerkId::new(&put.id).context("the account's code")?,
        role,
        windows: put.window.clone(),
    };
    let old = access.account(&new.id)?.map(|account| account.in_short());
    let change = (old.unwrap_or_default(), new.in_short());
    access.audit(&at_console("account.put", new.id.as_str(), &change), now())?;
    sign(&file, &access)?;
    let (first, one) = access.put_account(&hall.hall.id, &new)?;
    if put.json {
        let line = serde_json::json!({"id": put.id, "first_password": *first, "otpauth": *one.url});
        println!("{line}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("account         {}  ({})", new.id, role.word());
    println!("first password  {}   (to be replaced at the first sign-in)", *first);
    println!("authenticator   {}", *one.url);
    let code = qrcode::QrCode::new(one.url.as_bytes()).context("the link does not fit a QR code")?;
    println!(
        "{}",
        code.render::<qrcode::render::unicode::Dense1x2>()
            .quiet_zone(true)
            .build()
    );
    println!("Nobody can show these again. Hand them over, then clear the screen.");
    Ok(ExitCode::SUCCESS)
}

/// Exit 0: sound. Exit 1: not, with what was found. Both times with what this check cannot know.
pub fn audit(command: AuditCommand) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify { config, heads } = command;
    let file = DispatcherFile::load(&config)?;
    anyhow::ensure!(
        file.access.exists(),
        "there is no access file at {}",
        file.access.display()
    );
    let crypto = GmSoft::new(&keys::root_key(&file.key_file, Missing::Refuse)?);
    let key: HeadKey = keys::head_key(&file.audit_key, Missing::Refuse)?;
    let beside = heads.is_none();
    let kept = heads.unwrap_or_else(|| file.audit_heads.clone());
    let copies = Copies::read(&kept).with_context(|| format!("cannot read {}", kept.display()))?;
    let mut report = ticket_dispatcher_access::verify(&file.access, &crypto, key.public(), &copies.heads)?;
    report.findings.extend(against_marks(&file.ledger, &report.marks)?);
    for line in told(&report) {
        println!("{line}");
    }
    for line in not_proved(&report, copies.unreadable, &kept, beside) {
        println!("not proved: {line}");
    }
    Ok(if report.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Universal time, to the second: the machine's own zone may be another than that of whoever reads this.
fn time(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| format!("{} ms", at.0),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// What is wrong, the verdict, and what holds.
fn told(report: &AuditReport) -> Vec<String> {
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| match finding.seq {
            Some(seq) => format!("record {seq}: {}", finding.what),
            None => format!("audit log: {}", finding.what),
        })
        .collect();
    lines.push(format!(
        "{}: {} records, first {}, {} heads checked, {} of them copies",
        if report.is_sound() { "sound" } else { "NOT SOUND" },
        report.records,
        report.first,
        report.heads,
        report.copies
    ));
    if let (true, Some((last, signed))) = (report.is_sound(), report.vouched) {
        let (first, signed) = (report.first, time(signed));
        lines.push(format!(
            "proved: records {first} to {last} are as they were when the last head was signed, {signed}"
        ));
        if let Some((_, place, _)) = report.marks.last() {
            lines.push(format!(
                "proved: the journal's row {place} is the one of then; `ticket-dispatcher verify` says whether those \
                 before it are"
            ));
        }
        if first > 1 {
            lines.push(format!(
                "proved: records 1 to {} were forgotten on time, by a record",
                first - 1
            ));
        }
    }
    lines
}

/// What could have happened unseen.
fn not_proved(report: &AuditReport, unreadable: usize, kept: &Path, beside: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let (1.., Some(newest)) = (report.unprotected, report.newest) {
        let (count, newest) = (report.unprotected, time(newest));
        lines.push(format!(
            "{count} records after the last head, the newest from {newest}, are protected by nothing yet"
        ));
    }
    if let Some(first) = report.told_broken.first() {
        let (count, first) = (report.told_broken.len(), first);
        lines.push(format!(
            "{count} records, the first of them {first}, say that the log was not the one that was signed when the \
             dispatcher started: what was there before is not proved by heads of after"
        ));
    }
    let kept = kept.display();
    if unreadable > 0 {
        lines.push(format!("{unreadable} lines of {kept} are no heads"));
    }
    if report.copies == 0 {
        lines.push(format!(
            "{kept} holds no copy of a head: an older log in the place of this one would not be seen"
        ));
    } else if beside {
        lines.push(format!(
            "that log and copies were not changed together: {kept} lies beside the log. Give --heads the log server's"
        ));
    }
    lines
}
