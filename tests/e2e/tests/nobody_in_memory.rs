//! After a citizen has gone, no program of ours holds them in memory any more: whoever takes a core of it, or is root
//! for a moment, finds nobody.

#[path = "../src/bin/hall-check/kiosk.rs"]
#[allow(dead_code)]
mod kiosk;
#[path = "../src/bin/hall-check/watch.rs"]
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use kiosk::Kiosk;
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use tests_e2e::leaks::Secret;
use tests_e2e::memory::{self, Found};
use watch::until;

/// Ours. The emulators and the made-up service are the world outside: they have to know these people.
const PROGRAMS: [&str; 3] = ["kiosk", "kiosk-screen", "ticket-dispatcher"];

const GROUP: &str = "市场准入";
const SERVICE: &str = "公司设立登记";

/// A receipt of the simulated making-record service, for 赵小䶮, and the photo in its record.
const RECEIPT: &str = "990100202600000002";
const PHOTO: &[u8] = include_bytes!("../../vectors/maker/photo.jpg");

/// How long after the last act nobody is there any more. A phone's connection, whose address names a ticket, is let go
/// when it has asked nothing for ten seconds, and a scanner's paper may lie still for three.
const GONE: Duration = Duration::from_secs(13);

struct Hall {
    demo: Daemon,
    http: reqwest::Client,
    kiosk: Kiosk,
    dispatcher: String,
    token: String,
}

impl Hall {
    async fn start() -> anyhow::Result<Self> {
        let demo = Daemon::start(&built("hallctl").await?, &["demo", "--json"]).await?;
        let http = tests_e2e::http_client();
        let token = std::fs::read_to_string(demo.address("token_file")?)?;
        let hall = Self {
            kiosk: Kiosk::new(
                http.clone(),
                &demo.address("kiosk_screen")?,
                &demo.address("emulators")?,
            ),
            dispatcher: demo.address("dispatcher")?,
            token: token.trim().to_string(),
            http,
            demo,
        };
        hall.kiosk.see("先选事项").await?;
        hall.post("/windows/W01/open", json!({"clerk": "C1"})).await?;
        Ok(hall)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}/api/v1{path}", self.dispatcher));
        let answer = request.bearer_auth(&self.token).json(&body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Someone chooses, lays a card down and waits for the number.
    async fn card_to_number(&self, card: &Value) -> anyhow::Result<()> {
        self.choose().await?;
        self.kiosk.touch("确认，去刷证").await?;
        self.kiosk.lay(card).await?;
        self.kiosk.see("请取走").await?;
        self.kiosk.lift().await?;
        self.kiosk.see("您的号码").await.map(|_| ())
    }

    async fn choose(&self) -> anyhow::Result<()> {
        self.kiosk.touch("先选事项").await?;
        self.kiosk.touch(GROUP).await?;
        self.kiosk.touch(SERVICE).await
    }

    /// The number on the screen and the token on its slip.
    async fn slip(&self) -> anyhow::Result<(String, String)> {
        let kiosk = &self.kiosk;
        kiosk.see("您的号码").await?;
        let is_number = |label: &str| label.len() == 4 && label.starts_with('D');
        let tree = kiosk.tree().await?;
        let number = tree.into_iter().map(|e| e.label).find(|label| is_number(label));
        let number = number.context("a number")?;
        let papers = until(format!("a slip {number}"), || async {
            let papers = kiosk.papers_with(&number).await?;
            Ok((!papers.is_empty()).then_some(papers))
        });
        let token = token_on(&papers.await?[0].1)?;
        Ok((number, token))
    }

    async fn go(&self) -> anyhow::Result<()> {
        self.kiosk.take_paper().await?;
        self.kiosk.touch("完成").await?;
        self.kiosk.see("先选事项").await.map(|_| ())
    }

    /// Someone's phone asks for the state of the ticket until it is this.
    async fn phone_sees(&self, token: &str, state: &str) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/lookup?t={token}", self.dispatcher);
        until(format!("a ticket that is {state}"), || async {
            let answer = self.http.get(&url).send().await?.error_for_status()?;
            let seen: Value = answer.json().await?;
            Ok((seen["state"] == state).then_some(()))
        })
        .await
    }

    /// The clerk calls the number, serves, and is done with it.
    async fn serve(&self, number: &str) -> anyhow::Result<()> {
        let called = self.post("/windows/W01/next", json!({"finish_current": true})).await?;
        ensure!(called["ticket"]["number"] == *number, "{number} is called: {called}");
        let id = called["ticket"]["id"].as_str().context("an id")?;
        self.post(&format!("/tickets/{id}/start"), json!({})).await?;
        self.post(&format!("/tickets/{id}/finish"), json!({})).await?;
        Ok(())
    }

    /// What each of our programs holds of them.
    fn held(&self, secrets: &[Secret]) -> anyhow::Result<BTreeMap<&'static str, Vec<Found>>> {
        let children = memory::children_of(self.demo.pid().context("the demo runs")?)?;
        let mut held = BTreeMap::new();
        for program in PROGRAMS {
            let pid = children
                .get(program)
                .with_context(|| format!("{program} runs: {children:?}"))?;
            let memory = memory::read(program, *pid)?;
            let found = memory.search(secrets);
            println!("{program}: {} bytes of memory, {} finds", memory.bytes, found.len());
            for found in &found {
                println!("  {:x} {}: {}: {}", found.at, found.region, found.kind, found.around);
            }
            held.insert(program, found);
        }
        Ok(held)
    }
}

/// The token in the QR code of a slip.
fn token_on(paper: &[u8]) -> anyhow::Result<String> {
    let at = paper
        .windows(2)
        .position(|w| w == b"t=")
        .context("no address on the slip")?;
    let token = paper.get(at + 2..at + 18).context("a token")?;
    Ok(String::from_utf8(token.to_vec())?)
}

fn texts(all: &[(&'static str, &str)]) -> Vec<Secret> {
    all.iter().map(|(kind, text)| Secret::text(kind, text)).collect()
}

fn secrets_of(card: &Value) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (kind, key) in [("name", "name"), ("number", "number"), ("address", "address")] {
        secrets.extend(card[key].as_str().map(|text| Secret::text(kind, text)));
    }
    // What a heap writes over the beginning of what was freed leaves the end.
    let number = card["number"].as_str().unwrap_or_default();
    secrets.push(Secret::text("end of the number", &number[6..]));
    secrets
}

/// The photo of every emulated card (`drivers/emulators`, reference section 11).
fn card_photo() -> Secret {
    let photo: Vec<u8> = (0..1024_usize).map(|i| (7 * i + 3).to_le_bytes()[0]).collect();
    Secret::photo(&photo)
}

/// True where a program holds something of this kind.
fn has(found: &[Found], kind: &str) -> bool {
    found.iter().any(|found| found.kind.starts_with(kind))
}

/// A resident with a card takes a number; a clerk serves them. While they are there they are found, or the search that
/// finds nobody afterwards would prove nothing.
async fn resident(hall: &Hall, card: &Value) -> anyhow::Result<Vec<Secret>> {
    let mut secrets = secrets_of(card);
    secrets.push(card_photo());
    hall.kiosk.lay(card).await?;
    hall.kiosk.see("请取走").await?;
    let there = hall.held(&secrets)?;
    ensure!(
        has(&there["kiosk"], "name"),
        "who stands at a kiosk is in its memory, and was not found"
    );
    hall.kiosk.lift().await?;
    hall.kiosk.touch(GROUP).await?;
    hall.kiosk.touch(SERVICE).await?;
    hall.kiosk.see("确认取号").await?;
    let there = hall.held(&texts(&[("words", SERVICE)]))?;
    ensure!(
        has(&there["kiosk-screen"], "words"),
        "what stands on the screen was not found in its memory"
    );
    hall.kiosk.touch("确认取号").await?;
    let (number, token) = hall.slip().await?;
    secrets.push(Secret::text("token", &token));
    hall.go().await?;
    hall.phone_sees(&token, "waiting").await?;
    let there = hall.held(&secrets)?;
    ensure!(
        has(&there["ticket-dispatcher"], "token"),
        "a phone's connection is open, and its token was not found"
    );
    hall.serve(&number).await?;
    Ok(secrets)
}

/// Someone whose passport was read takes a number and goes.
async fn passport(hall: &Hall) -> anyhow::Result<Vec<Secret>> {
    let paper = json!({
        "issuer": "UTO", "surname": "BEISPIEL", "given": "LENA THERESE", "number": "Y7654321",
        "birth": "840229", "sex": "F", "expiry": "310101",
    });
    hall.kiosk.scan("passport", &paper).await?;
    hall.kiosk.touch(GROUP).await?;
    hall.kiosk.touch(SERVICE).await?;
    hall.kiosk.touch("确认取号").await?;
    let (_, token) = hall.slip().await?;
    hall.go().await?;
    let person = [
        ("name", "BEISPIEL"),
        ("name", "LENA THERESE"),
        ("number", "Y7654321"),
        ("token", &token),
    ];
    Ok(texts(&person))
}

/// Someone lays a card down and goes away without a number.
async fn thinks_better(hall: &Hall, card: &Value) -> anyhow::Result<Vec<Secret>> {
    hall.kiosk.lay(card).await?;
    hall.kiosk.see("请取走").await?;
    hall.kiosk.lift().await?;
    hall.kiosk.see(GROUP).await?;
    hall.kiosk.touch("取消").await?;
    hall.kiosk.see("先选事项").await?;
    Ok(secrets_of(card))
}

/// The network is out; the kiosk gives a number by itself and hands it over later.
async fn alone(hall: &Hall, card: &Value) -> anyhow::Result<Vec<Secret>> {
    hall.kiosk.lan(json!({"line": "refused"})).await?;
    if hall.kiosk.see("网络中断").await.is_err() {
        hall.kiosk.see("网络中断").await?;
    }
    hall.card_to_number(card).await?;
    let (_, token) = hall.slip().await?;
    hall.go().await?;
    hall.kiosk.lan(json!({"line": "plugged"})).await?;
    hall.phone_sees(&token, "waiting").await?;
    hall.kiosk.see_not("网络中断").await?;
    let mut secrets = secrets_of(card);
    secrets.push(Secret::text("token", &token));
    Ok(secrets)
}

/// A temporary card: the record with its photo comes over the network, its picture goes to the machine.
async fn temporary_card(hall: &Hall) -> anyhow::Result<Vec<Secret>> {
    let kiosk = &hall.kiosk;
    // Nobody takes the card before we have seen it in the slot.
    kiosk.post("maker/take", json!({"after_s": null})).await?;
    kiosk.touch("办临时身份证").await?;
    kiosk.touch("同意，开始").await?;
    kiosk.see("请扫描领取凭证").await?;
    kiosk.post("scanner/scan", json!({"text": RECEIPT})).await?;
    kiosk.touch("是本人，开始制作").await?;
    kiosk.touch("开始比对").await?;
    kiosk.see("请扫码缴费").await?;
    kiosk.see("正在制作临时身份证").await?;
    let began = std::time::Instant::now();
    while kiosk.see("请取走您的临时身份证").await.is_err() {
        ensure!(
            began.elapsed() < Duration::from_secs(90),
            "no card: {}",
            kiosk.words().await
        );
    }
    kiosk.post("maker/pull", json!({})).await?;
    kiosk.see("办好了").await?;
    kiosk.touch("完成").await?;
    kiosk.see("先选事项").await?;
    let person = [
        ("record", RECEIPT),
        ("number", "990102197612310026"),
        ("name", "赵小䶮"),
        ("address", "示例省示例市禅示区示例街道一号院2号楼301房"),
    ];
    let mut secrets = texts(&person);
    secrets.push(Secret::photo(PHOTO));
    Ok(secrets)
}

#[tokio::test]
async fn who_has_gone_is_in_no_memory_of_ours() -> anyhow::Result<()> {
    if memory::is_left_out() {
        eprintln!("the memory of the programs is NOT searched: HALL_WITHOUT_MEMORY is set");
        return Ok(());
    }
    let hall = Hall::start().await?;
    let drawer = hall.kiosk.drawer().await?;
    let card = |id: &str| -> anyhow::Result<Value> {
        let person = drawer.iter().find(|person| person["id"] == id);
        Ok(person.context("in the drawer")?["card"].clone())
    };
    let mut secrets = temporary_card(&hall).await?;
    secrets.extend(resident(&hall, &card("chen-xiaolan")?).await?);
    secrets.extend(passport(&hall).await?);
    secrets.extend(thinks_better(&hall, &card("aygul")?).await?);
    secrets.extend(alone(&hall, &card("li-jianguo")?).await?);
    tokio::time::sleep(GONE).await;
    let held = hall.held(&secrets)?;
    ensure!(held.values().all(Vec::is_empty), "someone who has gone is still there");
    Ok(())
}
