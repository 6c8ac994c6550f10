//! Certificates that the hall's authority has given out, and those taken back.

use core::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use rusqlite::params;
use serde::Serialize;
use ticket_dispatcher_types::UnixMillis;

use crate::store::{Access, AccessError};

/// The serial number of a certificate, without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// From the bytes of a certificate.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        Self(bytes[zeros..].to_vec())
    }

    /// From hex digits.
    pub fn parse(hex: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
        (1..=20).contains(&bytes.len()).then(|| Self::from_bytes(&bytes))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A certificate that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Serial number, hex.
    pub serial: String,
    /// What the device is.
    pub role: String,
    /// Its id.
    pub device: String,
    /// From when.
    pub issued_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// When it was taken back.
    pub revoked_ms: Option<i64>,
}

impl Access {
    /// Writes down a certificate that is about to be handed over.
    pub fn put_certificate(
        &self,
        serial: &Serial,
        role: &str,
        device: &str,
        from: UnixMillis,
        until: UnixMillis,
    ) -> Result<(), AccessError> {
        self.db()
            .execute(
                "INSERT INTO certificate VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                params![serial.0, role, device, from.0, until.0],
            )
            .map(|_| ())
            .map_err(|e| self.sqlite(e))
    }

    /// All certificates, the newest first.
    pub fn certificates(&self) -> Result<Vec<Issued>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(
                "SELECT serial, role, device, issued_ms, until_ms, revoked_ms FROM certificate
                 ORDER BY issued_ms DESC, serial",
            )
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map([], |row| {
            Ok(Issued {
                serial: Serial(row.get(0)?).to_string(),
                role: row.get(1)?,
                device: row.get(2)?,
                issued_ms: row.get(3)?,
                until_ms: row.get(4)?,
                revoked_ms: row.get(5)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// Takes a device out: this certificate and every other one of the same role and id, so that a thief has nothing
    /// left to renew. Also one that this file has never seen, such as one made by hand. Tells which were taken back.
    pub fn revoke(&self, serial: &Serial, now: UnixMillis) -> Result<Vec<Serial>, AccessError> {
        let db = self.db();
        db.execute(
            "INSERT INTO certificate VALUES (?1, 'unknown', 'unknown', ?2, ?2, ?2)
             ON CONFLICT (serial) DO UPDATE SET revoked_ms = coalesce(revoked_ms, ?2)",
            params![serial.0, now.0],
        )
        .map_err(|e| self.sqlite(e))?;
        let mut others = db
            .prepare_cached(
                "UPDATE certificate SET revoked_ms = ?2
                 WHERE revoked_ms IS NULL AND role <> 'unknown' AND (role, device) =
                 (SELECT role, device FROM certificate WHERE serial = ?1) RETURNING serial",
            )
            .map_err(|e| self.sqlite(e))?;
        let rows = others.query_map(params![serial.0, now.0], |row| Ok(Serial(row.get(0)?)));
        let mut all: Vec<Serial> = rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))?;
        all.push(serial.clone());
        Ok(all)
    }

    /// A device needs the certificate that it uses and at most the next one: all others of its role and id are taken
    /// back. Tells which.
    pub fn retire_others(
        &self,
        role: &str,
        device: &str,
        keep: &[Serial],
        now: UnixMillis,
    ) -> Result<Vec<Serial>, AccessError> {
        let db = self.db();
        let mut gone = Vec::new();
        let mut query = db
            .prepare_cached(
                "SELECT serial FROM certificate
                 WHERE role = ?1 AND device = ?2 AND revoked_ms IS NULL",
            )
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map(params![role, device], |row| Ok(Serial(row.get(0)?)));
        let all: Vec<Serial> = rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))?;
        for serial in all.into_iter().filter(|serial| !keep.contains(serial)) {
            db.execute(
                "UPDATE certificate SET revoked_ms = ?2 WHERE serial = ?1",
                params![serial.0, now.0],
            )
            .map_err(|e| self.sqlite(e))?;
            gone.push(serial);
        }
        Ok(gone)
    }

    /// The certificates of the same device that are older than this one; none where this file does not know it.
    pub fn retire_older(&self, serial: &Serial, now: UnixMillis) -> Result<Vec<Serial>, AccessError> {
        let db = self.db();
        let mut older = db
            .prepare_cached(
                "UPDATE certificate SET revoked_ms = ?2 WHERE revoked_ms IS NULL AND (role, device, 1) =
                 (SELECT role, device, certificate.issued_ms < new.issued_ms FROM certificate AS new
                  WHERE new.serial = ?1 AND new.revoked_ms IS NULL) RETURNING serial",
            )
            .map_err(|e| self.sqlite(e))?;
        let rows = older.query_map(params![serial.0, now.0], |row| Ok(Serial(row.get(0)?)));
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// Those taken back.
    pub fn revoked(&self) -> Result<Vec<Serial>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached("SELECT serial FROM certificate WHERE revoked_ms IS NOT NULL")
            .map_err(|e| self.sqlite(e))?;
        let rows = query.query_map([], |row| Ok(Serial(row.get(0)?)));
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }
}
