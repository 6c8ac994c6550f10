//! A certificate authority for one demo: made at the start, gone at the end, trusted by nobody else.

use std::path::{Path, PathBuf};

use provisioning_enrolment::{DeviceName, Leaf, Validity};

use crate::private;

/// Files of the demo authority, all readable by their owner alone.
pub struct Authority {
    /// Certificate that both sides trust.
    pub ca: PathBuf,
    /// Its key, with which the dispatcher signs devices that enrol.
    pub ca_key: PathBuf,
    /// The dispatcher's, for 127.0.0.1 and localhost.
    pub dispatcher: Pair,
    /// The kiosk's, named by its URI.
    pub kiosk: Pair,
    /// The making-record service's, for 127.0.0.1 and localhost.
    pub making: Pair,
}

/// A certificate and its key, PEM.
pub struct Pair {
    /// The certificate.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Days before and after today that a demo certificate holds: a clock that is a little off must not stop a demo.
const DAYS: i64 = 30;

impl Authority {
    /// Makes authority and certificates below `dir`; `hall` and `kiosk` name the client.
    pub fn make(dir: &Path, hall: &str, kiosk: &str) -> anyhow::Result<Self> {
        let now_s = jiff::Timestamp::now().as_second();
        let validity = Validity {
            from_s: now_s - DAYS * 24 * 3600,
            ..Validity::days(now_s, DAYS)
        };
        let (authority, root) = provisioning_enrolment::Authority::make(hall, validity)?;
        let own = pair(dir, "ca", &root)?;
        let here = ["127.0.0.1".to_string(), "localhost".to_string()];
        let server = |name: &str| pair(dir, name, &authority.server(&here, &private::serial()?, validity)?);
        let name = DeviceName::new(hall, "kiosk", kiosk)?;
        let device = authority.device(&name, &private::serial()?, validity)?;
        Ok(Self {
            dispatcher: server("dispatcher")?,
            making: server("making")?,
            kiosk: pair(dir, "kiosk", &device)?,
            ca: own.cert,
            ca_key: own.key,
        })
    }
}

fn pair(dir: &Path, name: &str, leaf: &Leaf) -> anyhow::Result<Pair> {
    let pair = Pair {
        cert: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    };
    private::write(&pair.cert, leaf.cert_pem.as_bytes())?;
    private::write(&pair.key, leaf.key_pem.as_bytes())?;
    Ok(pair)
}
