//! Certificates that the hall's authority has given out, and those taken back.

use core::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use rusqlite::{OptionalExtension, Params, params};
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
    /// Where it stands in the hall, as its code said; empty where nobody has said.
    pub place: String,
    /// From when.
    pub issued_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// When it was taken back.
    pub revoked_ms: Option<i64>,
}

impl Access {
    /// Writes down a certificate that is about to be handed over. Without a place the device stands where it stood.
    pub fn put_certificate(
        &self,
        serial: &Serial,
        (role, device, place): (&str, &str, &str),
        from: UnixMillis,
        until: UnixMillis,
    ) -> Result<(), AccessError> {
        self.db()
            .execute(
                "INSERT INTO certificate (serial, role, device, issued_ms, until_ms, place)
                 VALUES (?1, ?2, ?3, ?4, ?5, coalesce(nullif(?6, ''), (SELECT place FROM certificate
                 WHERE role = ?2 AND device = ?3 ORDER BY issued_ms DESC LIMIT 1), ''))",
                params![serial.0, role, device, from.0, until.0, place],
            )
            .map(|_| ())
            .map_err(|e| self.sqlite(e))
    }

    /// All certificates, the newest first.
    pub fn certificates(&self) -> Result<Vec<Issued>, AccessError> {
        let db = self.db();
        let mut query = db
            .prepare_cached(
                "SELECT serial, role, device, issued_ms, until_ms, revoked_ms, place FROM certificate
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
                place: row.get(6)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }

    /// Role and id of the device that a certificate was given out to; none for one that this file has never seen.
    pub fn device_of(&self, serial: &Serial) -> Result<Option<(String, String)>, AccessError> {
        self.db()
            .query_row(
                "SELECT role, device FROM certificate WHERE serial = ?1 AND role <> 'unknown'",
                params![serial.0],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|e| self.sqlite(e))
    }

    /// Those of a device that are not taken back.
    pub fn good_certificates(&self, role: &str, device: &str) -> Result<Vec<Serial>, AccessError> {
        self.serials(
            "SELECT serial FROM certificate WHERE role = ?1 AND device = ?2 AND revoked_ms IS NULL",
            params![role, device],
        )
    }

    /// Takes one certificate back, also one that this file has never seen, such as one made by hand.
    pub fn revoke(&self, serial: &Serial, now: UnixMillis) -> Result<(), AccessError> {
        self.db()
            .execute(
                "INSERT INTO certificate (serial, role, device, issued_ms, until_ms, revoked_ms)
                 VALUES (?1, 'unknown', 'unknown', ?2, ?2, ?2)
                 ON CONFLICT (serial) DO UPDATE SET revoked_ms = coalesce(revoked_ms, ?2)",
                params![serial.0, now.0],
            )
            .map(|_| ())
            .map_err(|e| self.sqlite(e))
    }

    /// A device needs the certificate that it uses and at most the next one: all others of its role and id are taken
    /// back. Tells which.
    pub fn retire_others(
        &self,
        (role, device): (&str, &str),
        keep: [Option<&Serial>; 2],
        now: UnixMillis,
    ) -> Result<Vec<Serial>, AccessError> {
        let [one, next] = keep.map(|kept| kept.map(|serial| serial.0.as_slice()));
        self.serials(
            "UPDATE certificate SET revoked_ms = ?5 WHERE role = ?1 AND device = ?2 AND revoked_ms IS NULL
             AND serial IS NOT ?3 AND serial IS NOT ?4 RETURNING serial",
            params![role, device, one, next, now.0],
        )
    }

    /// The certificates of the same device that are older than this one; none where this file does not know it.
    pub fn retire_older(&self, serial: &Serial, now: UnixMillis) -> Result<Vec<Serial>, AccessError> {
        self.serials(
            "UPDATE certificate SET revoked_ms = ?2 WHERE revoked_ms IS NULL AND (role, device, 1) =
             (SELECT role, device, certificate.issued_ms < new.issued_ms FROM certificate AS new
              WHERE new.serial = ?1 AND new.revoked_ms IS NULL) RETURNING serial",
            params![serial.0, now.0],
        )
    }

    /// Those taken back.
    pub fn revoked(&self) -> Result<Vec<Serial>, AccessError> {
        self.serials("SELECT serial FROM certificate WHERE revoked_ms IS NOT NULL", [])
    }

    fn serials(&self, sql: &str, bound: impl Params) -> Result<Vec<Serial>, AccessError> {
        let db = self.db();
        let mut query = db.prepare_cached(sql).map_err(|e| self.sqlite(e))?;
        let rows = query.query_map(bound, |row| Ok(Serial(row.get(0)?)));
        rows.and_then(Iterator::collect).map_err(|e| self.sqlite(e))
    }
}
