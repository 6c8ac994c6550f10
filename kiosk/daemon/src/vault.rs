//! What the kiosk seals before it writes it: slips, lent numbers, persons, making records, pictures of cards. Who takes
//! the disk without the key reads numbers of tickets and times, and nothing that opens a lookup or names anybody.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use provisioning_config::keys::is_unsealed;
use provisioning_config::kiosk_file::KioskFile;
use ticket_dispatcher_identity::{CryptoProvider, GmSoft, KeyUse, RootKey, RowId};
use zeroize::Zeroizing;

use crate::clock::fresh_nonce;

/// Seals texts for their place in the outbox.
pub struct Vault(GmSoft);

impl Vault {
    /// Under the kiosk's own key; a kiosk whose file names none gets one beside its outbox.
    pub fn open(file: &KioskFile) -> anyhow::Result<Self> {
        let path = file.own_key();
        if file.offline_key.is_none() {
            make(&path)?;
        }
        Ok(Self(GmSoft::new(&key(&path)?)))
    }

    /// A text, sealed for this place and for no other, as hex digits.
    pub fn seal(&self, column: &'static str, row: &[u8], text: &str) -> anyhow::Result<String> {
        let sealed = self.0.seal(cell(column, row), fresh_nonce()?, text.as_bytes());
        Ok(HEXLOWER.encode(&sealed))
    }

    /// A keyed tag that finds `text` again: who has the file and not the key cannot even try all there are.
    pub fn tag(&self, what: &'static str, text: &str) -> [u8; 32] {
        self.0.mac(KeyUse::Tag, &[what.as_bytes(), b"\0", text.as_bytes()])
    }

    /// Under a made-up key.
    #[cfg(test)]
    pub fn of_test(key: [u8; 32]) -> Self {
        Self(GmSoft::new(&RootKey::from_bytes(key)))
    }

    /// Bytes, sealed for this place and for no other.
    pub fn seal_bytes(&self, column: &'static str, row: &[u8], bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(self.0.seal(cell(column, row), fresh_nonce()?, bytes))
    }

    /// The bytes that [`Vault::seal_bytes`] took; none as with [`Vault::open_text`].
    pub fn open_bytes(&self, column: &'static str, row: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.open(cell(column, row), sealed).ok()
    }

    /// The text that [`Vault::seal`] took; none if it was changed, moved, or sealed under another key.
    pub fn open_text(&self, column: &'static str, row: &[u8], sealed: &str) -> Option<Zeroizing<String>> {
        let opened = self
            .0
            .open(cell(column, row), &HEXLOWER.decode(sealed.as_bytes()).ok()?)
            .ok()?;
        Some(Zeroizing::new(core::str::from_utf8(&opened).ok()?.to_string()))
    }
}

fn cell<'a>(column: &'static str, row: &'a [u8]) -> RowId<'a> {
    RowId {
        table: "outbox",
        column,
        row,
    }
}

/// Makes the key where none is yet, mode 0600, on disk before it is used.
fn make(path: &Path) -> anyhow::Result<()> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            getrandom::fill(bytes.as_mut_slice()).context("the system gives no random numbers")?;
            let digits = Zeroizing::new(HEXLOWER.encode(bytes.as_slice()));
            file.write_all(digits.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("making {}", path.display())),
    }
    Ok(())
}

/// 64 hex digits in a file that nobody else may read.
pub fn key(path: &Path) -> anyhow::Result<RootKey> {
    let mode = std::fs::metadata(path)
        .with_context(|| format!("the kiosk's own key {}", path.display()))?
        .permissions()
        .mode();
    anyhow::ensure!(
        mode & 0o077 == 0 || is_unsealed(path),
        "{} can be read by others; chmod 600 it",
        path.display()
    );
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let mut key = Zeroizing::new([0_u8; 32]);
    let digits = text.trim();
    anyhow::ensure!(digits.len() == 64, "{} must hold 64 hex digits", path.display());
    HEXLOWER_PERMISSIVE
        .decode_mut(digits.as_bytes(), key.as_mut_slice())
        .map_err(|_| anyhow::anyhow!("{} must hold hex digits", path.display()))?;
    Ok(RootKey::from_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_in_its_place_alone() {
        let vault = Vault(GmSoft::new(&RootKey::from_bytes([3; 32])));
        let sealed = vault.seal("record", b"7", "t=TOKEN").expect("sealed");
        assert!(!sealed.contains("TOKEN"));
        assert_eq!(
            vault.open_text("record", b"7", &sealed).expect("opened").as_str(),
            "t=TOKEN"
        );
        assert!(
            vault.open_text("record", b"8", &sealed).is_none(),
            "moved to another job"
        );
        assert!(
            vault.open_text("kept", b"7", &sealed).is_none(),
            "moved to another table"
        );
        assert!(
            vault.open_text("record", b"7", "{\"number\":\"A012\"}").is_none(),
            "a record of before"
        );
        let other = Vault(GmSoft::new(&RootKey::from_bytes([4; 32])));
        assert!(other.open_text("record", b"7", &sealed).is_none());
    }

    #[test]
    fn a_kiosk_without_a_key_makes_one_that_nobody_else_reads() {
        let dir = std::env::temp_dir().join(format!("yimen-vault-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let path = dir.join("outbox.sqlite.key");
        make(&path).expect("made");
        let first = std::fs::read(&path).expect("written");
        assert_eq!(
            std::fs::metadata(&path).expect("there").permissions().mode() & 0o777,
            0o600
        );
        make(&path).expect("found");
        assert_eq!(
            std::fs::read(&path).expect("kept"),
            first,
            "a second start takes the same key"
        );
        assert!(key(&path).is_ok());
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
