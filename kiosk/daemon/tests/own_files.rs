//! What the kiosk makes is its user's alone, however wide the umask of whoever started it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FILE: &str = r#"
format = "yimen-kiosk/1"

[kiosk]
id = "K01"
name = "1号自助机"
elsewhere = "大厅服务台"
ui_socket = "kiosk.sock"
outbox = "outbox.sqlite"

[dispatcher]
url = "http://127.0.0.1:9"
token_file = "token"
"#;

/// Its certificate is not there, so a kiosk with it does not start; its store is kept to itself all the same.
const MAKER: &str = r#"
[maker]
port = "/dev/null"
service = "https://127.0.0.1:9"
ca = "none.pem"
cert = "none.pem"
key = "none.pem"
site_key_file = "none.key"
store = "making.sqlite"
"#;

fn folder(text: &str) -> PathBuf {
    let name = format!("yimen-own-files-{}-{}", text.len(), std::process::id());
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&dir).expect("a folder");
    std::fs::write(dir.join("kiosk.toml"), text).expect("written");
    std::fs::write(dir.join("token"), "0123456789abcdef0123456789abcdef").expect("written");
    chmod(&dir.join("token"), 0o600);
    dir
}

fn chmod(file: &Path, mode: u32) {
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("ours");
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).expect("there").permissions().mode() & 0o777
}

fn kiosk(dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 0; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_kiosk"),
            "--config",
        ])
        .arg(dir.join("kiosk.toml"));
    command
}

/// Starts it, waits until it is ready, looks at every file that it made, and ends it as a power cut would.
fn modes_while_it_runs(dir: &Path) -> Vec<(String, u32)> {
    let mut child = kiosk(dir)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(dir.join("log")).expect("a log"))
        .spawn()
        .expect("a kiosk");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    out.read_line(&mut line).expect("a line");
    let entries = std::fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"));
    let found = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), mode(&entry.path())));
    let found: Vec<_> = found
        .filter(|(name, _)| !["kiosk.toml", "log"].contains(&name.as_str()))
        .collect();
    child.kill().expect("running");
    child.wait().expect("ended");
    assert!(
        line.contains("ready"),
        "{}",
        std::fs::read_to_string(dir.join("log")).expect("a log")
    );
    found
}

#[test]
fn whatever_the_kiosk_makes_is_its_own_under_any_umask_and_what_was_wider_is_narrowed() {
    let dir = folder(FILE);
    let made = modes_while_it_runs(&dir);
    for name in ["outbox.sqlite", "outbox.sqlite-wal", "outbox.sqlite.key", "kiosk.sock"] {
        assert!(made.iter().any(|(own, _)| own == name), "{name} is not there: {made:?}");
    }
    assert!(made.iter().all(|(_, mode)| *mode == 0o600), "{made:?}");

    for name in ["outbox.sqlite", "outbox.sqlite-wal"] {
        chmod(&dir.join(name), 0o644);
    }
    let again = modes_while_it_runs(&dir);
    assert!(again.iter().all(|(_, mode)| *mode == 0o600), "{again:?}");
    let log = std::fs::read_to_string(dir.join("log")).expect("a log");
    assert!(
        log.contains("outbox.sqlite could be read by others (mode 644)"),
        "{log}"
    );
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn the_store_of_cards_being_made_is_narrowed_before_anything_else() {
    let dir = folder(&format!("{FILE}{MAKER}"));
    let store = dir.join("making.sqlite");
    std::fs::write(&store, "").expect("written");
    chmod(&store, 0o644);
    let run = kiosk(&dir).output().expect("a kiosk");
    assert!(!run.status.success(), "it has no certificate");
    assert_eq!(mode(&store), 0o600, "{}", String::from_utf8_lossy(&run.stderr));
    std::fs::remove_dir_all(&dir).expect("removed");
}
