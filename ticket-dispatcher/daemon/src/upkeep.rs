//! Commands on the files of the gate: accounts where nobody can sign in yet, and the check of the audit log.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use provisioning_config::dispatcher_file::DispatcherFile;
use provisioning_config::hall_file::HallFile;
use ticket_dispatcher_access::{Access, Entry, Head, HeadKey, NewAccount, Options, StaffRole};
use ticket_dispatcher_identity::{CryptoProvider, GmSoft};
use ticket_dispatcher_types::{ClerkId, UnixMillis};

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
            let (_, access) = open(&config)?;
            let id = ClerkId::new(&id).context("the account's code")?;
            access.audit(&at_console("account.close", id.as_str(), ""), now())?;
            anyhow::ensure!(access.disable_account(&id)?, "there is no account {id}");
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
fn at_console<'a>(action: &'static str, object: &'a str, new: &'a str) -> Entry<'a> {
    Entry {
        source: "console",
        actor: "console",
        role: "console",
        action,
        object,
        new,
        ..Entry::default()
    }
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
    access.audit(&at_console("account.put", new.id.as_str(), role.word()), now())?;
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

/// Exit 0: sound. Exit 1: not, with what was found.
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
    let kept = heads.unwrap_or_else(|| file.audit_heads.clone());
    let text = match std::fs::read_to_string(&kept) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", kept.display())),
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let kept_heads: Vec<Head> = lines
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("a line of {} is no head", kept.display()))?;
    let report = ticket_dispatcher_access::verify(&file.access, &crypto, Some(key.public()), &kept_heads)?;
    for finding in &report.findings {
        match finding.seq {
            Some(seq) => println!("record {seq}: {}", finding.what),
            None => println!("audit log: {}", finding.what),
        }
    }
    println!(
        "{}: {} records, first {}, {} heads checked",
        if report.is_sound() { "sound" } else { "NOT SOUND" },
        report.records,
        report.first,
        report.heads
    );
    Ok(if report.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
