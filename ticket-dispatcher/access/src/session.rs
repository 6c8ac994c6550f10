//! Sessions of staff. The cookie is 256 random bits; the file keeps its keyed hash, so that neither a copy of the file
//! nor a cookie of another hall opens anything. Sessions are in the file and so survive a restart.

use core::fmt;

use data_encoding::HEXLOWER;
use rusqlite::{OptionalExtension, Transaction, params};
use ticket_dispatcher_identity::KeyUse;
use ticket_dispatcher_types::UnixMillis;
use zeroize::Zeroizing;

use crate::account::StaffRole;
use crate::store::{Access, AccessError};

/// After so many minutes without a request a session is over (GB/T 22239 level 3).
pub const IDLE_MINUTES: i64 = 15;
/// After so many hours it is over in any case: longer than any shift.
pub const SESSION_HOURS_MAX: i64 = 12;

/// "Seen" is written at most this often, so that a busy page does not keep the disk busy.
const SEEN_EVERY_MS: i64 = 30 * 1000;

/// What a browser carries.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// From 32 random bytes, as 64 hex digits.
    pub(crate) fn from_random(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(HEXLOWER.encode(random)))
    }

    /// As a cookie brings it; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        good.then(|| Self(Zeroizing::new(text.to_ascii_lowercase())))
    }

    /// For the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

/// Who is behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The account's code.
    pub account: String,
    /// What it may be.
    pub role: StaffRole,
    /// Where a clerk sits.
    pub window: Option<String>,
}

impl Access {
    fn session_mac(&self, token: &SessionToken) -> [u8; 32] {
        self.crypto.mac(KeyUse::Session, &[token.expose().as_bytes()])
    }

    pub(crate) fn put_session(
        &self,
        db: &Transaction<'_>,
        token: &SessionToken,
        session: &Session,
        now: UnixMillis,
    ) -> Result<(), AccessError> {
        // Those that are over go when new ones come.
        db.execute(
            "DELETE FROM session WHERE seen_ms <= ?1 OR made_ms <= ?2",
            params![now.0 - IDLE_MINUTES * 60_000, now.0 - SESSION_HOURS_MAX * 3_600_000],
        )
        .and_then(|_| {
            db.execute(
                "INSERT INTO session (mac, account, window, made_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?4)",
                params![self.session_mac(token), session.account, session.window, now.0],
            )
        })
        .map(|_| ())
        .map_err(|e| self.sqlite(e))
    }

    /// Who carries this token; none if the session is over or never was. `used`: somebody did something, and not only
    /// a page by itself. A clock that went back ends nothing and prolongs nothing.
    pub fn session(&self, token: &SessionToken, now: UnixMillis, used: bool) -> Result<Option<Session>, AccessError> {
        let mac = self.session_mac(token);
        let db = self.db();
        let found = db
            .prepare_cached(
                "SELECT s.account, a.role, s.window, s.made_ms, s.seen_ms FROM session s
                 JOIN account a ON a.id = s.account WHERE s.mac = ?1 AND a.disabled = 0",
            )
            .and_then(|mut query| {
                let row = query.query_row(params![mac], |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, Option<String>>(2)?,
                        row.get::<_, i64>(3)?,
                        row.get::<_, i64>(4)?,
                    ))
                });
                row.optional()
            });
        let Some((account, role, window, made, seen)) = found.map_err(|e| self.sqlite(e))? else {
            return Ok(None);
        };
        if now.0 - seen >= IDLE_MINUTES * 60_000 || now.0 - made >= SESSION_HOURS_MAX * 3_600_000 {
            return Ok(None);
        }
        if used && now.0 - seen >= SEEN_EVERY_MS {
            db.execute("UPDATE session SET seen_ms = ?2 WHERE mac = ?1", params![mac, now.0])
                .map_err(|e| self.sqlite(e))?;
        }
        let role = StaffRole::parse(&role).ok_or_else(|| self.damaged("an account of an unknown role"))?;
        Ok(Some(Session { account, role, window }))
    }

    /// Ends a session.
    pub fn sign_out(&self, token: &SessionToken) -> Result<(), AccessError> {
        let mac = self.session_mac(token);
        let done = self.db().execute("DELETE FROM session WHERE mac = ?1", params![mac]);
        done.map(|_| ()).map_err(|e| self.sqlite(e))
    }
}
