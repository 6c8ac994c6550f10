//! The dispatcher file: where the dispatcher finds its hall, keeps its journal and keys, and listens.
//!
//! Paths are relative to the file's own folder, so that a hall can be moved as a whole.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::keys::Keys;
use crate::problem::Problems;
use crate::strict::{read_text, strict_toml};

/// The one format this version reads.
pub const FORMAT: &str = "yimen-dispatcher/1";

/// A checked dispatcher file; every path is absolute or relative to the working directory, ready to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatcherFile {
    /// The hall file.
    pub hall_file: PathBuf,
    /// The journal, made if absent.
    pub ledger: PathBuf,
    /// The root key, 0600, made if absent.
    pub key_file: PathBuf,
    /// Accounts, sessions, certificates and the audit log, made if absent.
    pub access: PathBuf,
    /// The key that signs heads of the audit log, 0600, made if absent.
    pub audit_key: PathBuf,
    /// Where those heads are copied to.
    pub audit_heads: PathBuf,
    /// Address before `/q?t=` in the QR of a ticket, without a slash at its end; none means the loopback listener.
    pub lookup_base: Option<String>,
    /// Whether name and number are kept, sealed, until the end of service, for the link to a business system.
    pub seal_holder: bool,
    /// The listener for devices of the hall.
    pub tls: Option<Tls>,
    /// The listener for tools on the same machine.
    pub loopback: Option<Loopback>,
    /// The door for devices that come with a one-time code.
    pub enrolment: Option<Enrolment>,
    /// How long what is kept.
    pub retention: Retention,
    /// Where keys may lie.
    pub keys: Keys,
}

/// `[tls]`: mutual TLS. Without a client certificate only the public calls answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate chain of the dispatcher, PEM.
    pub cert: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// The authority that signs devices, PEM.
    pub client_ca: PathBuf,
}

/// `[loopback]`: plain HTTP for the same machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    /// Address and port, 127.0.0.1 or ::1 only.
    pub listen: SocketAddr,
    /// The bearer token, 0600, made if absent.
    pub token_file: PathBuf,
}

/// `[enrolment]`: this dispatcher signs certificates of devices. The door is open only while a code is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Address and port.
    pub listen: SocketAddr,
    /// Key of the authority whose certificate is `client_ca`, PEM, 0600.
    pub authority_key: PathBuf,
}

/// `[retention]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days that tags of document numbers are kept, for counting no-shows.
    pub id_tag_days: u16,
    /// Days that records of the audit log are kept.
    pub audit_days: u16,
}

impl DispatcherFile {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Self::parse(path, &read_text(path)?)
    }

    /// Slips carry an address of this machine alone, though others come in: no phone opens it.
    pub fn slips_lead_nowhere(&self) -> bool {
        self.tls.is_some() && self.lookup_base.is_none()
    }

    /// Checks the text of the file at `path`, which need not exist.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let raw: RawFile = strict_toml(&file, text)?;
        let problem = |what: &str, advice: &str| Err(Problems::whole_file(&file, what, advice));
        if raw.format != FORMAT {
            return problem(
                "the line `format` names another format.",
                "Write format = \"yimen-dispatcher/1\".",
            );
        }
        if raw.tls.is_none() && raw.loopback.is_none() {
            return problem(
                "there is neither [tls] nor [loopback], so nobody could ask anything.",
                "Add one of the two tables.",
            );
        }
        if raw.loopback.as_ref().is_some_and(|l| !l.listen.ip().is_loopback()) {
            return problem(
                "[loopback] listen is not an address of this machine alone.",
                "Use 127.0.0.1; devices of the hall come in by [tls].",
            );
        }
        if raw.retention.id_tag_days > 366 {
            return problem(
                "[retention] id_tag_days is more than a year.",
                "The hall's rule is 30 days; give 0 to 366.",
            );
        }
        if raw.retention.audit_days < 183 {
            return problem(
                "[retention] audit_days is less than six months.",
                "The law wants six months of logs; the hall's rule is three years, 1095 days.",
            );
        }
        if raw.enrolment.is_some() && raw.tls.is_none() {
            return problem(
                "[enrolment] needs [tls].",
                "Devices come in by [tls]; its client_ca is the authority that signs them.",
            );
        }
        let base = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            hall_file: base.join(raw.hall_file),
            ledger: base.join(raw.ledger),
            access: base.join(raw.access),
            audit_key: base.join(raw.audit_key),
            audit_heads: base.join(raw.audit_heads),
            key_file: base.join(raw.key_file),
            lookup_base: raw.lookup_base.map(|b| b.trim_end_matches('/').to_string()),
            seal_holder: raw.seal_holder,
            tls: raw.tls.map(|t| Tls {
                listen: t.listen,
                cert: base.join(t.cert),
                key: base.join(t.key),
                client_ca: base.join(t.client_ca),
            }),
            loopback: raw.loopback.map(|l| Loopback {
                listen: l.listen,
                token_file: base.join(l.token_file),
            }),
            enrolment: raw.enrolment.map(|e| Enrolment {
                listen: e.listen,
                authority_key: base.join(e.authority_key),
            }),
            retention: Retention {
                id_tag_days: raw.retention.id_tag_days,
                audit_days: raw.retention.audit_days,
            },
            keys: raw.keys,
        })
    }

    /// Every key that this machine keeps for the hall. The certificate's own is not among them: whoever has it can
    /// stand for the dispatcher, and reads nothing that lies here.
    pub fn key_files(&self) -> Vec<PathBuf> {
        let authority = self.enrolment.as_ref().map(|e| e.authority_key.clone());
        let own = [self.key_file.clone(), self.audit_key.clone()];
        own.into_iter().chain(authority).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: String,
    hall_file: PathBuf,
    ledger: PathBuf,
    key_file: PathBuf,
    #[serde(default = "access_file")]
    access: PathBuf,
    #[serde(default = "audit_key_file")]
    audit_key: PathBuf,
    #[serde(default = "audit_heads_file")]
    audit_heads: PathBuf,
    lookup_base: Option<String>,
    #[serde(default = "yes")]
    seal_holder: bool,
    tls: Option<RawTls>,
    loopback: Option<RawLoopback>,
    enrolment: Option<RawEnrolment>,
    #[serde(default)]
    retention: RawRetention,
    #[serde(default)]
    keys: Keys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnrolment {
    listen: SocketAddr,
    authority_key: PathBuf,
}

fn access_file() -> PathBuf {
    "access.sqlite".into()
}

fn audit_key_file() -> PathBuf {
    "audit.key".into()
}

fn audit_heads_file() -> PathBuf {
    "audit-heads.jsonl".into()
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTls {
    listen: SocketAddr,
    cert: PathBuf,
    key: PathBuf,
    client_ca: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLoopback {
    listen: SocketAddr,
    token_file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetention {
    #[serde(default = "thirty")]
    id_tag_days: u16,
    #[serde(default = "three_years")]
    audit_days: u16,
}

fn three_years() -> u16 {
    1095
}

fn thirty() -> u16 {
    30
}

impl Default for RawRetention {
    fn default() -> Self {
        Self {
            id_tag_days: thirty(),
            audit_days: three_years(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        format = "yimen-dispatcher/1"
        hall_file = "hall.toml"
        ledger = "/var/lib/hall/journal.db"
        key_file = "root.key"
        lookup_base = "https://hall.example/"
        [loopback]
        listen = "127.0.0.1:0"
        token_file = "token"
    "#;

    fn parse(text: &str) -> Result<DispatcherFile, Problems> {
        DispatcherFile::parse(Path::new("/etc/hall/dispatcher.toml"), text)
    }

    #[test]
    fn paths_stand_beside_the_file() {
        let file = parse(GOOD).unwrap();
        assert_eq!(file.hall_file, Path::new("/etc/hall/hall.toml"));
        assert_eq!(file.ledger, Path::new("/var/lib/hall/journal.db"));
        assert_eq!(file.lookup_base.as_deref(), Some("https://hall.example"));
        assert_eq!(file.retention.id_tag_days, 30);
        assert!(file.seal_holder);
    }

    #[test]
    fn a_hall_that_others_come_into_names_the_address_on_its_slips() {
        let tls = "[tls]\nlisten = \"0.0.0.0:8443\"\ncert = \"c\"\nkey = \"k\"\nclient_ca = \"a\"\n";
        let unnamed = GOOD.replace("lookup_base", "# lookup_base");
        assert!(parse(&format!("{unnamed}{tls}")).unwrap().slips_lead_nowhere());
        assert!(!parse(&format!("{GOOD}{tls}")).unwrap().slips_lead_nowhere());
        assert!(!parse(&unnamed).unwrap().slips_lead_nowhere(), "a try on one machine");
    }

    #[test]
    fn the_plain_listener_stays_on_this_machine() {
        let error = parse(&GOOD.replace("127.0.0.1", "0.0.0.0")).unwrap_err();
        assert!(error.to_string().contains("this machine alone"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error = parse(&GOOD.replace("token_file", "token_flie")).unwrap_err();
        assert!(error.to_string().contains("token_flie"), "{error}");
    }

    #[test]
    fn somebody_must_be_able_to_ask() {
        let text = GOOD.split("[loopback]").next().unwrap();
        assert!(parse(text).unwrap_err().to_string().contains("neither"));
    }
}
