//! A certificate authority for one demo: made at the start, gone at the end, trusted by nobody else.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

/// Files of the demo authority, all readable by their owner alone.
pub struct Authority {
    /// Certificate that both sides trust.
    pub ca: PathBuf,
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
        let mut params = params("Yimen demo authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().context("cannot make a key")?;
        let root = params.self_signed(&key).context("cannot make the demo authority")?;
        let ca = dir.join("ca.pem");
        write_private(&ca, root.pem().as_bytes())?;
        let issuer = Issuer::new(params, key);

        let loopback = SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        let localhost = SanType::DnsName("localhost".try_into().context("localhost is a name")?);
        let uri = format!("urn:hall:{hall}:kiosk:{kiosk}");
        let uri = SanType::URI(uri.try_into().context("the hall's id does not fit a certificate")?);
        let here = vec![loopback, localhost];
        let server = |name: &str| leaf(dir, name, here.clone(), ExtendedKeyUsagePurpose::ServerAuth, &issuer);
        Ok(Self {
            dispatcher: server("dispatcher")?,
            making: server("making")?,
            kiosk: leaf(dir, "kiosk", vec![uri], ExtendedKeyUsagePurpose::ClientAuth, &issuer)?,
            ca,
        })
    }
}

fn params(name: &str) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    let days = jiff::Span::new().days(DAYS);
    let today = jiff::Zoned::now().date();
    let (from, to) = (today.checked_sub(days)?, today.checked_add(days)?);
    params.not_before = rcgen::date_time_ymd(from.year().into(), from.month().try_into()?, from.day().try_into()?);
    params.not_after = rcgen::date_time_ymd(to.year().into(), to.month().try_into()?, to.day().try_into()?);
    Ok(params)
}

fn leaf(
    dir: &Path,
    name: &str,
    names: Vec<SanType>,
    purpose: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> anyhow::Result<Pair> {
    let mut params = params(&format!("Yimen demo {name}"))?;
    params.subject_alt_names = names;
    params.extended_key_usages = vec![purpose];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().context("cannot make a key")?;
    let cert = params.signed_by(&key, issuer).context("cannot sign")?;
    let pair = Pair {
        cert: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    };
    write_private(&pair.cert, cert.pem().as_bytes())?;
    write_private(&pair.key, key.serialize_pem().as_bytes())?;
    Ok(pair)
}

/// Writes a new file that only its owner may read; the mode is set at creation, so there is no moment when others
/// could.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(bytes)
        .with_context(|| format!("cannot write {}", path.display()))
}
