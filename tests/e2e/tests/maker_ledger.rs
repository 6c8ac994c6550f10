//! `hallctl maker` beside a running kiosk, the real binaries: a day that two people close by hand with a difference
//! takes the machine out of service on the screen and at the staff page, an explanation puts it back, without a
//! restart.

#[path = "../src/bin/hall-check/kiosk.rs"]
#[allow(dead_code)]
mod kiosk;
#[path = "../src/bin/hall-check/watch.rs"]
mod watch;

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use kiosk::Kiosk;
use serde_json::Value;
use tests_e2e::binaries::{Daemon, built};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use watch::until;

/// The two people of the demo, in the order of their numbers.
const PASSWORDS: &str = "demo-staff-1001\ndemo-staff-1002\n";
/// On the first screen, while the machine is out of service.
const DOWN: &str = "临时身份证：设备维护中";

struct Hall {
    demo: Daemon,
    http: reqwest::Client,
    kiosk: Kiosk,
}

impl Hall {
    async fn start() -> anyhow::Result<Self> {
        let demo = Daemon::start(&built("hallctl").await?, &["demo", "--json"]).await?;
        let http = tests_e2e::http_client();
        let kiosk = Kiosk::new(
            http.clone(),
            &demo.address("kiosk_screen")?,
            &demo.address("emulators")?,
        );
        Ok(Self { demo, http, kiosk })
    }

    /// The machine as the staff page has it from the kiosk.
    async fn maker(&self) -> anyhow::Result<Value> {
        let token = std::fs::read_to_string(self.demo.address("token_file")?)?;
        let address = format!("{}/api/v1/makers", self.demo.address("dispatcher")?);
        let answer = self.http.get(address).bearer_auth(token.trim()).send().await?;
        let makers: Value = answer.error_for_status()?.json().await?;
        Ok(makers["makers"][0]["now"].clone())
    }

    /// Waits until the kiosk has told staff of this difference, and so the screen of this state.
    async fn differs(&self, difference: Value) -> anyhow::Result<()> {
        let told = until(format!("a difference of {difference}"), || async {
            let now = self.maker().await?;
            let agree = now["difference"] == difference && now["ready"].as_bool() == Some(difference.is_null());
            Ok(agree.then_some(()))
        });
        told.await?;
        if difference.is_null() {
            self.kiosk.see("办临时身份证").await?;
            return self.kiosk.see_not(DOWN).await;
        }
        self.kiosk.see(DOWN).await.map(|_| ())
    }

    /// The lines of the ledger.
    async fn ledger(&self) -> anyhow::Result<String> {
        let store = PathBuf::from(self.demo.address("dir")?).join("making.sqlite");
        let mut command = Command::new(built("hallctl").await?);
        let out = command.args(["maker", "ledger", "--store"]).arg(store).output().await?;
        ensure!(out.status.success() && !out.stdout.is_empty(), "the chain holds");
        Ok(String::from_utf8(out.stdout)?)
    }

    /// `hallctl maker …` with the passwords of both; its exit status and what it says.
    async fn by_hand(&self, what: &[&str]) -> anyhow::Result<(i32, String)> {
        let dir = PathBuf::from(self.demo.address("dir")?);
        let mut child = Command::new(built("hallctl").await?)
            .args(["maker", what[0], "--store"])
            .arg(dir.join("making.sqlite"))
            .arg("--staff-file")
            .arg(dir.join("staff.toml"))
            .args(["--staff", "1001", "--staff", "1002"])
            .args(&what[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut given = child.stdin.take().context("standard input")?;
        given.write_all(PASSWORDS.as_bytes()).await?;
        drop(given);
        let out = child.wait_with_output().await?;
        let said = [out.stdout, out.stderr].concat();
        let code = out.status.code().context("it ended by itself")?;
        Ok((code, String::from_utf8_lossy(&said).into_owned()))
    }
}

#[tokio::test]
async fn a_running_kiosk_hears_what_two_people_do_by_hand_beside_it() -> anyhow::Result<()> {
    let hall = Hall::start().await?;
    hall.kiosk.see("先选事项").await?;
    hall.differs(Value::Null).await?;
    let before = hall.ledger().await?;

    for counted in ["101", "65536", "4294967295"] {
        let (code, said) = hall.by_hand(&["close-day", "--counted", counted]).await?;
        ensure!(code == 2 && said.contains("holds 100 at most"), "{code}: {said}");
    }
    let (code, said) = hall.by_hand(&["explain", "--why", "nothing is open"]).await?;
    ensure!(code == 2 && said.contains("no difference is open"), "{code}: {said}");
    ensure!(hall.ledger().await? == before, "what is refused leaves no line");

    let (code, said) = hall.by_hand(&["close-day", "--counted", "98"]).await?;
    ensure!(code == 4 && said.contains("-2 blanks are open"), "{code}: {said}");
    hall.differs(Value::from(-2)).await?;

    let (code, said) = hall.by_hand(&["close-day", "--counted", "98"]).await?;
    ensure!(
        code == 4 && said.contains("\"difference\":0") && said.contains("-2 blanks are open"),
        "closed again it goes on saying what is open: {code}: {said}"
    );
    hall.differs(Value::from(-2)).await?;

    let why = ["explain", "--why", "two were lent to the other machine"];
    let (code, said) = hall.by_hand(&why).await?;
    ensure!(code == 0, "{code}: {said}");
    hall.differs(Value::Null).await?;

    let (code, said) = hall.by_hand(&["close-day", "--counted", "98"]).await?;
    ensure!(code == 0 && said.contains("\"open\":0"), "{code}: {said}");
    hall.differs(Value::Null).await
}
