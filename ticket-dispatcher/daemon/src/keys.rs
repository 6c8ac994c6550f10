//! Secret files: the root key and the bearer token. Made if absent, refused if others could read them.

use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use provisioning_config::keys::is_unsealed;
use ticket_dispatcher_access::{HeadKey, Serial};
use ticket_dispatcher_identity::RootKey;
use ticket_dispatcher_types::IdemKey;
use zeroize::Zeroizing;

/// Fills with randomness of the operating system.
pub fn entropy(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives randomness");
}

/// A key that nobody else has, for what the dispatcher does by itself.
pub fn fresh_key() -> IdemKey {
    let mut random = [0; 16];
    entropy(&mut random);
    IdemKey::from_uuid(uuid::Builder::from_random_bytes(random).into_uuid())
}

/// Whether a key that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is: nothing was sealed or signed with one before.
    Make,
    /// Never: another key would open nothing that is there, and look like tampering.
    Refuse,
}

impl Missing {
    /// Made only where none of these files is there yet.
    pub fn before(files: &[&Path]) -> Self {
        if files.iter().any(|file| file.exists()) {
            Self::Refuse
        } else {
            Self::Make
        }
    }

    fn check(self, path: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(
            self == Self::Make || path.exists(),
            "the key file {} is not there, and what lies on this machine was sealed with it: put it back from the \
             second copy (docs/security.md, \"Where keys lie\"). No other key is made in its place",
            path.display()
        );
        Ok(())
    }
}

/// Reads the root key: 64 hex digits.
pub fn root_key(path: &Path, missing: Missing) -> anyhow::Result<RootKey> {
    missing.check(path)?;
    let text = read_or_make(path)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    let digits = text.trim();
    if digits.len() != 64 {
        bail!("the key file {} must hold 64 hex digits", path.display());
    }
    HEXLOWER_PERMISSIVE
        .decode_mut(digits.as_bytes(), key.as_mut_slice())
        .map_err(|_| anyhow::anyhow!("the key file {} must hold 64 hex digits", path.display()))?;
    Ok(RootKey::from_bytes(*key))
}

/// The key that signs heads of the audit log: PKCS#8, hex, in a file of its own.
pub fn head_key(path: &Path, missing: Missing) -> anyhow::Result<HeadKey> {
    missing.check(path)?;
    let made = || HeadKey::make().context("no randomness for the audit log's key");
    let text = read_or_make_with(path, || Ok(Zeroizing::new(HEXLOWER.encode(&Zeroizing::new(made()?)))))?;
    let bytes = HEXLOWER_PERMISSIVE
        .decode(text.trim().as_bytes())
        .ok()
        .map(Zeroizing::new);
    let key = bytes.and_then(|pkcs8| HeadKey::from_pkcs8(&pkcs8));
    key.with_context(|| format!("{} holds no key for the audit log", path.display()))
}

/// Text of a key file that must exist, such as the authority's.
pub fn private_text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    read_private(path)
}

/// Opens a file for adding lines, and for reading what is there; only its owner may read it.
pub fn append_private(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// The serial number of a certificate, PEM.
pub fn serial_of_pem(pem: &str) -> Option<Serial> {
    use rustls::pki_types::pem::PemObject as _;
    crate::caller::serial_of(&rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)
}

/// Reads the bearer token of the loopback listener: at least 32 characters.
pub fn bearer_token(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = read_or_make(path)?;
    let token = Zeroizing::new(text.trim().to_string());
    if token.len() < 32 {
        bail!("the token file {} holds fewer than 32 characters", path.display());
    }
    Ok(token)
}

/// The text of a secret file; if there is none, a new one of 64 random hex digits, mode 0600, on disk before it is
/// used.
fn read_or_make(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    read_or_make_with(path, || {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy(bytes.as_mut_slice());
        Ok(Zeroizing::new(HEXLOWER.encode(bytes.as_slice())))
    })
}

/// The same with another text for a new file.
fn read_or_make_with(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<Zeroizing<String>>,
) -> anyhow::Result<Zeroizing<String>> {
    if is_unsealed(path) {
        // A key that another one took the place of would lock the journal: what systemd unseals is never made here.
        return read_private(path);
    }
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let text = make()?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("cannot write {}", path.display()))?;
            sync_folder(path);
            Ok(text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read_private(path),
        Err(error) => Err(error).with_context(|| format!("cannot make {}", path.display())),
    }
}

/// A key whose name is lost with the power would lock a whole journal, so the folder is flushed as well.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Ok(folder) = std::fs::File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}

fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 && !is_unsealed(path) {
        bail!(
            "{} can be read by others (mode {:o}); chmod 600 it, and replace the secret if it may have been seen",
            path.display(),
            mode & 0o777
        );
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}
