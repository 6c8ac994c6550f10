//! What leaves the house for somebody who helps from afar: everything they need, and nothing of anybody.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use tests_e2e::leaks::{Find, Secret, finds_in};

/// Made-up people of this morning.
const PEOPLE: [(&str, &str); 2] = [("990101199003070015", "李示例"), ("990102197612310026", "欧阳试验")];

struct Hall {
    demo: Daemon,
    hallctl: PathBuf,
    dir: PathBuf,
    secrets: Vec<Secret>,
}

impl Hall {
    async fn after_a_morning() -> anyhow::Result<Self> {
        let hallctl = built("hallctl").await?;
        let demo = Daemon::start(&hallctl, &["demo", "--json"]).await?;
        let dir = PathBuf::from(demo.address("dir")?);
        let base = demo.address("dispatcher")?;
        let token = std::fs::read_to_string(demo.address("token_file")?)?;
        let mut secrets = vec![
            Secret::text("token", token.trim()),
            Secret::text("key", std::fs::read_to_string(dir.join("hall.key"))?.trim()),
        ];
        for (n, (number, name)) in PEOPLE.into_iter().enumerate() {
            secrets.extend([Secret::text("number", number), Secret::text("name", name)]);
            let holder = json!({
                "document": "resident_id", "number": number, "name": name, "birth": &number[6..14],
            });
            let taken: Value = tests_e2e::http_client()
                .post(format!("{base}/api/v1/tickets"))
                .bearer_auth(token.trim())
                .header(
                    "idempotency-key",
                    uuid::Uuid::from_u128(0xb0_0d1e << 64 | n as u128).to_string(),
                )
                .json(&json!({"services": ["S101"], "holder": holder}))
                .send()
                .await?
                .error_for_status()?
                .json()
                .await?;
            let ticket = taken["token"].as_str().context("a ticket has a token")?;
            secrets.push(Secret::text("token", ticket));
        }
        Ok(Self {
            demo,
            hallctl,
            dir,
            secrets,
        })
    }

    /// The bundle of the dispatcher, or of the kiosk; its text.
    fn bundle(&self, config: &str, to: &str) -> anyhow::Result<String> {
        let out = self.dir.join(to);
        let mut command = Command::new(&self.hallctl);
        command
            .arg("support-bundle")
            .arg("--config")
            .arg(self.dir.join(config))
            .arg("--out")
            .arg(&out);
        for log in ["ticket-dispatcher.log", "kiosk.log", "kiosk-screen.log"] {
            command.arg("--log").arg(self.dir.join("logs").join(log));
        }
        let done = command.output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(std::fs::read_to_string(out)?)
    }

    fn finds(&self, text: &str) -> Vec<Find> {
        finds_in(Path::new("bundle"), text.as_bytes(), &self.secrets)
    }
}

fn add(log: &Path, line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::fs::OpenOptions::new().append(true).open(log)?, "{line}")?)
}

#[tokio::test]
async fn a_bundle_has_what_a_helper_needs_and_nothing_of_anybody_and_planted_leaks_are_found() -> anyhow::Result<()> {
    let hall = Hall::after_a_morning().await?;
    let text = hall.bundle("dispatcher.toml", "bundle.txt")?;
    let finds = hall.finds(&text);
    ensure!(finds.is_empty(), "the bundle tells {finds:#?}");
    for needed in [
        "ticket-dispatcher: ticket-dispatcher-daemon 0.",
        "format = \"yimen-dispatcher/1\"",
        "format = \"yimen-hall/1\"",
        "\"status\":\"ok\"",
        "journal_seq ",
        "sound: ",
        "unit ticket-dispatcher.service",
        "600 ",
        "log kiosk.log",
        "ticket_dispatcher",
    ] {
        ensure!(text.contains(needed), "no {needed:?} in the bundle:\n{text}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(hall.dir.join("bundle.txt"))?.permissions());
    ensure!(mode & 0o777 == 0o600, "others can read it: {mode:o}");
    let kiosk = hall.bundle("kiosk.toml", "kiosk.txt")?;
    ensure!(
        hall.finds(&kiosk).is_empty() && kiosk.contains("yimen-kiosk/1"),
        "{kiosk}"
    );
    ensure!(
        hall.bundle("kiosk.toml", "kiosk.txt").is_err(),
        "a bundle was overwritten"
    );

    // Planted leaks: a number and a token have a shape and are cut out; a name has none, and the search finds it.
    let log = hall.dir.join("logs/kiosk.log");
    let (number, name) = PEOPLE[0];
    add(
        &log,
        &format!("WARN read {number} of 13800001234, /q?t=0123456789ABCDEF"),
    )?;
    let text = hall.bundle("kiosk.toml", "planted-1.txt")?;
    ensure!(hall.finds(&text).is_empty(), "{:#?}", hall.finds(&text));
    ensure!(
        text.contains("read <number> of <telephone>, /q?t=<token>"),
        "the line was not scrubbed"
    );
    add(&log, &format!("WARN read the card of {name}"))?;
    let text = hall.bundle("kiosk.toml", "planted-2.txt")?;
    let kinds: Vec<String> = hall.finds(&text).into_iter().map(|find| find.kind).collect();
    ensure!(kinds == ["name in UTF-8"], "{kinds:?}");
    ensure!(
        hall.finds(&format!("{kiosk}{number}")).len() == 1,
        "a number in the bundle itself"
    );
    hall.demo.kill().await;
    Ok(())
}
