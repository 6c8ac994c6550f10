//! `hallctl device maker --make` against the emulated machine: killed at every phase and run again with the same
//! directory or an empty one, never a second card, and each ending with its exit status.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// What is wrong with a record.
type Change = fn(&mut Value);

const PHASES: [&str; 7] = ["open", "sealed", "cut", "printed", "fed", "laminated", "presented"];

/// A machine of its own, with the files of a technician.
struct Bench {
    daemon: Daemon,
    dir: PathBuf,
    record: Value,
}

impl Bench {
    async fn start(name: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("yimen-by-hand-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir)?;
        let program = built("hall-emulators").await?;
        let devices = dir.join("dev");
        let arguments = [
            "--dir",
            &devices.display().to_string(),
            "--devices",
            "maker",
            "--maker-time",
            "0.02",
        ];
        let daemon = Daemon::start(&program, &arguments).await?;
        let text = include_str!("../../vectors/maker/record.json");
        let mut record: Value = serde_json::from_str(text)?;
        // Issued today, so that no day of the calendar fails this.
        for date in ["issue_date", "expiry_date"] {
            record.as_object_mut().context("an object")?.remove(date);
        }
        Ok(Self { daemon, dir, record })
    }

    fn port(&self) -> String {
        self.dir.join("dev/maker").display().to_string()
    }

    /// A record of its own number, changed.
    fn record(&self, no: &str, change: impl FnOnce(&mut Value)) -> anyhow::Result<PathBuf> {
        let mut record = self.record.clone();
        record["record_no"] = json!(no);
        change(&mut record);
        let path = self.dir.join(format!("{no}.json"));
        std::fs::write(&path, record.to_string())?;
        Ok(path)
    }

    async fn command(&self, record: &Path, state: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(built("hallctl").await?);
        command
            .args(["device", "maker", "--port", &self.port(), "--make"])
            .arg(record)
            .arg("--state")
            .arg(state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs to the end: exit status and the last line.
    async fn make(&self, record: &Path, state: &Path) -> anyhow::Result<(i32, Value)> {
        let out = self.command(record, state).await?.output().await?;
        let text = String::from_utf8_lossy(&out.stdout);
        let last = text.lines().last().map(serde_json::from_str).transpose()?;
        let code = out.status.code().context("it ended by itself")?;
        Ok((code, last.unwrap_or(Value::Null)))
    }

    /// Runs until it tells of a phase, and kills it there. False when it ended before.
    async fn kill_at(&self, record: &Path, state: &Path, phase: &str) -> anyhow::Result<bool> {
        let mut child = self.command(record, state).await?.spawn()?;
        let out = child.stdout.take().context("standard output")?;
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next_line().await? {
            let told: Value = serde_json::from_str(&line)?;
            if told["phase"] == phase {
                child.kill().await?;
                return Ok(true);
            }
        }
        child.wait().await?;
        Ok(false)
    }

    async fn control(&self, path: &str, body: Value) -> anyhow::Result<()> {
        let address = self.daemon.ready()["control"].as_str().context("an address")?;
        let url = format!("http://{address}/maker{path}");
        let answer = tests_e2e::http_client().post(url).json(&body).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(())
    }

    /// Everything that was broken is whole again.
    async fn heal(&self) -> anyhow::Result<()> {
        let address = self.daemon.ready()["control"].as_str().context("an address")?;
        let answer = tests_e2e::http_client()
            .delete(format!("http://{address}/maker/fault"))
            .send()
            .await?;
        answer.error_for_status()?;
        Ok(())
    }

    async fn world(&self) -> anyhow::Result<Value> {
        let address = self.daemon.ready()["control"].as_str().context("an address")?;
        let world = tests_e2e::http_client().get(format!("http://{address}/maker"));
        Ok(world.send().await?.json().await?)
    }

    /// Waits for the machine to tell of a fault.
    async fn stands(&self, code: &str) -> anyhow::Result<()> {
        for _ in 0..100 {
            if self.world().await?["fault"] == code {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("{code} never stood")
    }

    /// `--clear-fault`: exit status and what it said.
    async fn clear(&self, staff: &[&str]) -> anyhow::Result<(i32, Value)> {
        let mut command = Command::new(built("hallctl").await?);
        command.args(["device", "maker", "--port", &self.port(), "--clear-fault"]);
        let out = command.args(staff).stdin(Stdio::null()).output().await?;
        let text = String::from_utf8_lossy(&out.stdout);
        let said = text.lines().last().map(serde_json::from_str).transpose()?;
        let code = out.status.code().context("it ended by itself")?;
        Ok((code, said.unwrap_or(Value::Null)))
    }

    async fn hands(&self) -> anyhow::Result<u64> {
        self.world().await?["blanks"]["hand"].as_u64().context("a count")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
async fn killed_at_every_phase_and_run_again_it_makes_one_card() -> anyhow::Result<()> {
    let bench = Bench::start("killed").await?;
    let mut made = 0;
    for phase in PHASES {
        for same in [true, false] {
            let no = format!("9901012026{phase}{same}");
            let record = bench.record(&no, |_| {})?;
            let (first, empty) = (bench.dir.join(format!("{no}-a")), bench.dir.join(format!("{no}-b")));
            // A card that is not taken yet can be met in the slot.
            bench.control("/take", json!({ "after_s": 30 })).await?;
            let killed = bench.kill_at(&record, &first, phase).await?;
            ensure!(killed, "{phase} was never told");
            let again = if same { &first } else { &empty };
            let (code, last) = bench.make(&record, again).await?;
            made += 1;
            ensure!(
                (code, &last["outcome"]) == (0, &json!("taken")),
                "{phase}, same {same}: {code} {last}"
            );
            ensure!(
                bench.hands().await? == made,
                "{phase}, same {same}: one card more in a hand"
            );
            // And once more from nothing: the card is out, another is not made.
            let (code, last) = bench.make(&record, &bench.dir.join(format!("{no}-c"))).await?;
            ensure!(code == 0 && last["outcome"] == "taken", "{phase}: {code} {last}");
            ensure!(bench.hands().await? == made, "{phase}: no second card");
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_ending_has_its_exit_status() -> anyhow::Result<()> {
    let bench = Bench::start("endings").await?;
    let dir = |name: &str| bench.dir.join(name);

    // Bad records: refused before anything moves.
    let bad: [(&str, Change); 4] = [
        ("check-digit", |r| r["citizen_no"] = json!("990102197612310027")),
        ("birth", |r| r["birth"] = json!("1976-12-30")),
        ("photo", |r| r["photo"] = json!("R0lGODlhLCBubyBKUEVH")),
        ("name", |r| {
            r["name"] = json!("阿卜杜热西提江麦麦提艾力肉孜买买提吐尔逊尼亚孜阿卜杜热西提江麦麦提艾力")
        }),
    ];
    for (name, change) in bad {
        let record = bench.record(&format!("bad-{name}"), change)?;
        let (code, last) = bench.make(&record, &dir(name)).await?;
        ensure!((code, &last) == (4, &Value::Null), "{name}: {code} {last}");
    }
    ensure!(bench.hands().await? == 0, "nothing was made of a bad record");

    // Nobody takes it: drawn in, no card.
    bench.control("/take", json!({ "after_s": null })).await?;
    let record = bench.record("9901010000001", |_| {})?;
    let (code, last) = bench.make(&record, &dir("untaken")).await?;
    ensure!((code, &last["outcome"]) == (4, &json!("retracted")), "{code} {last}");
    bench.control("/take", json!({})).await?;

    // A stop that a person must clear: the device's error, and the job goes on when it is cleared.
    let record = bench.record("9901010000002", |_| {})?;
    bench
        .control("/fault", json!({ "code": "0503", "at": "PRESENT" }))
        .await?;
    let (code, last) = bench.make(&record, &dir("shutter")).await?;
    ensure!(code == 3, "{code} {last}");
    // Mended and cleared by a technician; without the mending it would stand again.
    bench.heal().await?;
    let (code, said) = bench.clear(&[]).await?;
    ensure!(code == 2, "nobody cleared it: {code} {said}");
    let (code, said) = bench.clear(&["--staff", "1001"]).await?;
    ensure!(code == 0 && said["cleared"] == "0503", "{code} {said}");
    let (code, last) = bench.make(&record, &dir("shutter")).await?;
    ensure!((code, &last["outcome"]) == (0, &json!("taken")), "{code} {last}");
    let (code, said) = bench.clear(&["--staff", "1001"]).await?;
    ensure!(code == 0 && said["cleared"].is_null(), "none stands: {code} {said}");
    // Its tamper switch takes two different people.
    bench.control("/fault", json!({ "code": "0704" })).await?;
    bench.stands("0704").await?;
    bench.heal().await?;
    let (code, said) = bench.clear(&["--staff", "1001", "--staff", "1001"]).await?;
    ensure!(code == 2, "{code} {said}");
    let (code, said) = bench.clear(&["--staff", "1001", "--staff", "1002"]).await?;
    ensure!(code == 0 && said["cleared"] == "0704", "{code} {said}");

    // Another machine than the job began on gets nothing but a greeting.
    let bench = Bench::start("other").await?;
    let record = bench.record("9901010000003", |_| {})?;
    let state = bench.dir.join("other");
    ensure!(bench.kill_at(&record, &state, "open").await?, "it began");
    let kept = std::fs::read_dir(&state)?
        .next()
        .context("a directory for the record")??
        .path();
    std::fs::write(kept.join("serial"), "ANOTHER-0002")?;
    let (code, _) = bench.make(&record, &state).await?;
    ensure!(code == 3, "another serial number: {code}");

    // A card that slips off the path: nobody knows where it is.
    let bench = Bench::start("doubt").await?;
    let record = bench.record("9901010000004", |_| {})?;
    bench
        .control("/fault", json!({ "code": "0306", "at": "LAMINATE" }))
        .await?;
    let (code, last) = bench.make(&record, &bench.dir.join("lost")).await?;
    ensure!((code, &last["outcome"]) == (5, &json!("doubt")), "{code} {last}");
    let (code, _) = bench.make(&record, &bench.dir.join("lost-again")).await?;
    ensure!(code == 5, "asked again from nothing it is still a doubt: {code}");
    Ok(())
}

#[tokio::test]
async fn a_machine_without_power_is_waited_for_and_then_told() -> anyhow::Result<()> {
    let bench = Bench::start("dark").await?;
    let record = bench.record("9901010000005", |_| {})?;
    bench.control("/power", json!({ "on": false })).await?;
    let (code, _) = bench.make(&record, &bench.dir.join("dark")).await?;
    ensure!(code == 3, "{code}");
    // The power comes back within the wait: the same command makes the card.
    let state = bench.dir.join("dark");
    let run = bench.make(&record, &state);
    let back = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        bench.control("/power", json!({ "on": true })).await
    };
    let (made, lit) = tokio::join!(run, back);
    lit?;
    ensure!(made?.0 == 0, "taken");
    Ok(())
}
