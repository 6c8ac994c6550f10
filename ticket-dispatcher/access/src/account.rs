//! Accounts of staff, and the door they come in by: password, one-time password, five tries.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use ticket_dispatcher_identity::RowId;
use ticket_dispatcher_types::{ClerkId, HallId, UnixMillis};
use zeroize::Zeroizing;

use crate::otp::{self, OneTime, SEED_BYTES};
use crate::password;
use crate::session::{Session, SessionToken};
use crate::store::{Access, AccessError};

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Of small letters, capitals, digits and all others it has so many kinds (hall rules: complexity) ...
const PASSWORD_KINDS_MIN: usize = 3;
/// ... unless it is as long as a sentence.
const PASSWORD_SENTENCE: usize = 16;
/// Fewest different characters of any.
const PASSWORD_DIFFERENT_MIN: usize = 5;
/// Most bytes of one: more would be work for nothing.
const PASSWORD_BYTES_MAX: usize = 512;

/// What an account may be. System, security and audit are three roles that nobody has together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// A clerk at a window.
    Window,
    /// The hall's manager.
    HallManager,
    /// Who sets the rules of calling.
    Policy,
    /// Who looks after machines and accounts.
    Admin,
    /// Who reads the audit log, and nothing else.
    Auditor,
}

impl StaffRole {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Window,
        Self::HallManager,
        Self::Policy,
        Self::Admin,
        Self::Auditor,
    ];

    /// As it is stored and sent.
    pub fn word(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::HallManager => "hall_manager",
            Self::Policy => "policy",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its code; never a name.
    pub id: ClerkId,
    /// What it may be.
    pub role: StaffRole,
    /// Windows that a clerk may sit at; empty means all.
    pub windows: Vec<String>,
}

/// An account as its administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// Its code.
    pub id: String,
    /// What it may be.
    pub role: StaffRole,
    /// Windows that a clerk may sit at; empty means all.
    pub windows: Vec<String>,
    /// The first password is still in force.
    pub must_change: bool,
    /// Until then nobody gets in.
    pub locked_until_ms: Option<i64>,
    /// Closed.
    pub disabled: bool,
}

impl NewAccount {
    /// For a record: what it is to be.
    pub fn in_short(&self) -> String {
        let words = [self.role.word()]
            .into_iter()
            .chain(self.windows.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }
}

impl AccountView {
    /// For a record: role, windows, and what is out of the ordinary.
    pub fn in_short(&self) -> String {
        let mut words = vec![self.role.word()];
        words.extend(self.windows.iter().map(String::as_str));
        words.extend(self.must_change.then_some("first-password"));
        words.extend(self.disabled.then_some("closed"));
        words.join(" ")
    }
}

/// A try to come in.
pub struct SignIn<'a> {
    /// The account as typed.
    pub account: &'a str,
    /// The password as typed.
    pub password: &'a str,
    /// The digits of the authenticator app.
    pub code: &'a str,
    /// A clerk says at which window.
    pub window: Option<&'a str>,
    /// A new password, which the first sign-in asks for.
    pub new_password: Option<&'a str>,
}

/// Why nobody came in. Which of account, password and code was wrong is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefused {
    /// Something was wrong.
    #[error("account, password or code is wrong")]
    Wrong,
    /// Too many wrong tries.
    #[error("locked after too many wrong tries")]
    Locked {
        /// Until then.
        until: UnixMillis,
    },
    /// The first password must be replaced; give a new one with it.
    #[error("the first password must be replaced")]
    MustChange,
    /// The new password is too short, too simple, or the old one.
    #[error("the new password is not good enough")]
    Weak,
    /// A clerk must say at which window, one that is theirs.
    #[error("this window is not this clerk's")]
    OtherWindow,
}

struct Row {
    role: StaffRole,
    windows: Vec<String>,
    salt: [u8; 16],
    hash: [u8; 32],
    must_change: bool,
    seed: Zeroizing<[u8; SEED_BYTES]>,
    otp_last: u64,
}

fn cell(id: &str) -> RowId<'_> {
    RowId {
        table: "account",
        column: "otp",
        row: id.as_bytes(),
    }
}

/// Whether a password may be taken: ten characters, five of them different; and three kinds of characters, unless it is
/// long enough to be a sentence.
fn good_enough(password: &str) -> bool {
    let long = password.chars().count();
    let different: BTreeSet<char> = password.chars().collect();
    let kinds: BTreeSet<u8> = password.chars().map(kind).collect();
    (PASSWORD_CHARS_MIN..).contains(&long)
        && password.len() <= PASSWORD_BYTES_MAX
        && different.len() >= PASSWORD_DIFFERENT_MIN
        && (long >= PASSWORD_SENTENCE || kinds.len() >= PASSWORD_KINDS_MIN)
}

/// Small letter, capital, digit, anything else.
fn kind(c: char) -> u8 {
    match c {
        _ if c.is_lowercase() => 0,
        _ if c.is_uppercase() => 1,
        '0'..='9' => 2,
        _ => 3,
    }
}

impl Access {
    /// Makes an account with a first password, which is told once, and the seed of its authenticator. An account of the
    /// same code gets both anew, its sessions end and its lock is lifted: that is how a forgotten password is mended.
    pub fn put_account(&self, hall: &HallId, new: &NewAccount) -> Result<(Zeroizing<String>, OneTime), AccessError> {
        let first = self.first_password();
        let salt = self.random::<16>();
        let hash = password::hash(&first, &salt).map_err(AccessError::Password)?;
        let seed = Zeroizing::new(self.random::<SEED_BYTES>());
        let id = new.id.as_str();
        let sealed = self.crypto.seal(cell(id), self.random(), seed.as_slice());
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        work.execute(
            "INSERT OR REPLACE INTO account VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, 0, 0, 0, 0, 0)",
            params![
                id,
                new.role.word(),
                new.windows.join(" "),
                salt,
                hash.as_slice(),
                sealed
            ],
        )
        .and_then(|_| work.execute("DELETE FROM session WHERE account = ?1", params![id]))
        .and_then(|_| work.commit())
        .map_err(|e| self.sqlite(e))?;
        Ok((first, otp::url(&seed, hall.as_str(), id)))
    }

    /// Closes an account and ends its sessions. False if there is none.
    pub fn disable_account(&self, id: &ClerkId) -> Result<bool, AccessError> {
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        let done = work
            .execute("UPDATE account SET disabled = 1 WHERE id = ?1", params![id.as_str()])
            .and_then(|n| {
                work.execute("DELETE FROM session WHERE account = ?1", params![id.as_str()])?;
                Ok(n)
            });
        let changed = done.map_err(|e| self.sqlite(e))?;
        work.commit().map_err(|e| self.sqlite(e))?;
        Ok(changed > 0)
    }

    /// All accounts by code.
    pub fn accounts(&self) -> Result<Vec<AccountView>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached("SELECT id, role, windows, must_change, locked_until, disabled FROM account ORDER BY id")
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map([], |row| {
            let windows: String = row.get(2)?;
            let locked: i64 = row.get(4)?;
            Ok((
                row.get::<_, String>(1)?,
                AccountView {
                    id: row.get(0)?,
                    role: StaffRole::Auditor,
                    windows: windows.split_whitespace().map(str::to_string).collect(),
                    must_change: row.get(3)?,
                    locked_until_ms: (locked > 0).then_some(locked),
                    disabled: row.get(5)?,
                },
            ))
        });
        let mut accounts = Vec::new();
        for row in rows.map_err(|e| self.sqlite(e))? {
            let (word, account) = row.map_err(|e| self.sqlite(e))?;
            let role = StaffRole::parse(&word).ok_or_else(|| self.damaged("an account of an unknown role"))?;
            accounts.push(AccountView { role, ..account });
        }
        Ok(accounts)
    }

    /// One of them.
    pub fn account(&self, id: &ClerkId) -> Result<Option<AccountView>, AccessError> {
        let all = self.accounts()?;
        Ok(all.into_iter().find(|account| account.id == id.as_str()))
    }

    /// Lets somebody in, or says why not. The try is counted before the password is looked at, so that a hundred
    /// tries at once are not more than five; and an unknown account costs as much time as a wrong password.
    pub fn sign_in(
        &self,
        given: &SignIn<'_>,
        now: UnixMillis,
    ) -> Result<Result<(SessionToken, Session), SignInRefused>, AccessError> {
        let known = match self.count_a_try(given.account, now)? {
            Ok(row) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        let (salt, wanted) = known.as_ref().map_or(([0; 16], [0; 32]), |row| (row.salt, row.hash));
        let hash = password::hash(given.password, &salt).map_err(AccessError::Password)?;
        let right = bool::from(hash.as_slice().ct_eq(wanted.as_slice()));
        let now_s = u64::try_from(now.0 / 1000).unwrap_or(0);
        // Also for nobody: a step later than the last of all times is none.
        let (seed, last) = known
            .as_ref()
            .map_or((&[0; SEED_BYTES], u64::MAX), |row| (&*row.seed, row.otp_last));
        let step = otp::step(seed, given.code, now_s, last);
        let (Some(row), true, Some(step)) = (known, right, step) else {
            return Ok(Err(SignInRefused::Wrong));
        };
        let window = match seat(&row, given.window) {
            Ok(window) => window,
            Err(refused) => return self.not_counted(given.account, refused),
        };
        let changed = match (row.must_change, given.new_password) {
            (true, None) => return self.not_counted(given.account, SignInRefused::MustChange),
            (_, Some(new)) if !good_enough(new) || new == given.password => {
                return self.not_counted(given.account, SignInRefused::Weak);
            }
            (_, new) => new,
        };
        let replaced = match changed {
            Some(new) => {
                let salt = self.random::<16>();
                Some((salt, password::hash(new, &salt).map_err(AccessError::Password)?))
            }
            None => None,
        };
        let token = SessionToken::from_random(&self.random());
        let session = Session {
            account: given.account.to_string(),
            role: row.role,
            window,
        };
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        // Two sign-ins with the same digits at the same moment: the second finds the step used up.
        let fresh = work
            .execute(
                "UPDATE account SET wrong = 0, locked_until = 0, otp_last = ?2
                 WHERE id = ?1 AND otp_last < ?2 AND disabled = 0",
                params![given.account, i64::try_from(step).unwrap_or(i64::MAX)],
            )
            .map_err(|e| self.sqlite(e))?;
        if fresh == 0 {
            return Ok(Err(SignInRefused::Wrong));
        }
        if let Some((salt, hash)) = replaced {
            work.execute(
                "UPDATE account SET salt = ?2, hash = ?3, must_change = 0 WHERE id = ?1",
                params![given.account, salt, hash.as_slice()],
            )
            .and_then(|_| work.execute("DELETE FROM session WHERE account = ?1", params![given.account]))
            .map_err(|e| self.sqlite(e))?;
        }
        self.put_session(&work, &token, &session, now)?;
        work.commit().map_err(|e| self.sqlite(e))?;
        Ok(Ok((token, session)))
    }

    /// What was right must not count as a wrong try, even where it lets nobody in yet.
    fn not_counted<T>(&self, account: &str, refused: SignInRefused) -> Result<Result<T, SignInRefused>, AccessError> {
        self.db()
            .execute(
                "UPDATE account SET wrong = 0, locked_until = 0 WHERE id = ?1",
                params![account],
            )
            .map_err(|e| self.sqlite(e))?;
        Ok(Err(refused))
    }

    /// Counts a try as wrong until it has been found right. None: there is no such account, or it is closed.
    fn count_a_try(&self, id: &str, now: UnixMillis) -> Result<Result<Option<Row>, SignInRefused>, AccessError> {
        let mut db = self.db();
        let work = db.transaction().map_err(|e| self.sqlite(e))?;
        let known = match self.one_more_try(&work, id, now).map_err(|e| self.sqlite(e))? {
            Ok(known) => known,
            Err(until) => return Ok(Err(SignInRefused::Locked { until })),
        };
        let row = if known { Some(self.row(&work, id)?) } else { None };
        work.commit().map_err(|e| self.sqlite(e))?;
        Ok(Ok(row))
    }

    fn row(&self, db: &Transaction<'_>, id: &str) -> Result<Row, AccessError> {
        let (role, windows, salt, hash, must_change, sealed, last) = db
            .query_row(
                "SELECT role, windows, salt, hash, must_change, otp, otp_last FROM account WHERE id = ?1",
                params![id],
                |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, [u8; 16]>(2)?,
                        row.get::<_, [u8; 32]>(3)?,
                        row.get::<_, bool>(4)?,
                        row.get::<_, Vec<u8>>(5)?,
                        row.get::<_, i64>(6)?,
                    ))
                },
            )
            .map_err(|e| self.sqlite(e))?;
        let opened = self.crypto.open(cell(id), &sealed);
        let opened = opened.map_err(|_| self.damaged("a seed that does not open under the hall's key"))?;
        let seed: [u8; SEED_BYTES] = opened
            .as_slice()
            .try_into()
            .map_err(|_| self.damaged("a seed of another length"))?;
        Ok(Row {
            role: StaffRole::parse(&role).ok_or_else(|| self.damaged("an account of an unknown role"))?,
            windows: windows.split_whitespace().map(str::to_string).collect(),
            salt,
            hash,
            must_change,
            seed: Zeroizing::new(seed),
            otp_last: u64::try_from(last).unwrap_or(0),
        })
    }

    /// Sixteen characters that nobody confuses when reading them from paper: 80 bits.
    fn first_password(&self) -> Zeroizing<String> {
        let random = Zeroizing::new(self.random::<10>());
        Zeroizing::new(ticket_dispatcher_identity::crockford(random.as_slice()))
    }
}

/// Where a clerk sits; everybody else sits nowhere.
fn seat(row: &Row, window: Option<&str>) -> Result<Option<String>, SignInRefused> {
    match (row.role, window) {
        (StaffRole::Window, None) => Err(SignInRefused::OtherWindow),
        (StaffRole::Window, Some(window)) => {
            let theirs = row.windows.is_empty() || row.windows.iter().any(|w| w == window);
            theirs
                .then(|| Some(window.to_string()))
                .ok_or(SignInRefused::OtherWindow)
        }
        _ => Ok(None),
    }
}
