//! Kiosk and dispatcher, the real binaries, with a network cable between them that is pulled, kinked and shaken.
//! Nobody ends with two numbers or none, whatever the cable does.

#[path = "../src/bin/hall-check/kiosk.rs"]
#[allow(dead_code)]
mod kiosk;
#[path = "../src/bin/hall-check/watch.rs"]
mod watch;

use std::time::Duration;

use kiosk::Kiosk;
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use watch::until;

const GROUP: &str = "市场准入";
const SERVICE: &str = "公司设立登记";

/// A running demo.
struct Hall {
    _demo: Daemon,
    http: reqwest::Client,
    kiosk: Kiosk,
    dispatcher: String,
    token: String,
}

impl Hall {
    async fn start() -> Self {
        let hallctl = built("hallctl").await.expect("the workspace builds");
        let demo = Daemon::start(&hallctl, &["demo", "--json"]).await.expect("a hall");
        let http = tests_e2e::http_client();
        let link = |name: &str| demo.address(name).expect("a link");
        let kiosk = Kiosk::new(http.clone(), &link("kiosk_screen"), &link("emulators"));
        let token = std::fs::read_to_string(link("token_file")).expect("a token");
        let hall = Self {
            http,
            kiosk,
            dispatcher: link("dispatcher"),
            token: token.trim().to_string(),
            _demo: demo,
        };
        hall.kiosk.see("先选事项").await.expect("the first screen");
        hall.post("/windows/W01/open", json!({"clerk": "C1"})).await;
        // Blocks are lent with the first catalogue.
        let leased = until("numbers lent to the kiosk", || async {
            let journal = hall.get("/healthz").await?;
            Ok((journal["seq"].as_u64() >= Some(9)).then_some(()))
        });
        leased.await.expect("lent");
        hall
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let api = if path == "/healthz" { "" } else { "/api/v1" };
        let request = self
            .http
            .get(format!("{}{api}{path}", self.dispatcher))
            .bearer_auth(&self.token);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn post(&self, path: &str, body: Value) {
        let request = self.http.post(format!("{}/api/v1{path}", self.dispatcher));
        let answer = request
            .bearer_auth(&self.token)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn cable(&self, cable: Value) {
        self.kiosk.lan(cable).await.expect("a cable");
    }

    /// Waits for the kiosk to know that it is alone; a call takes five seconds to fail, and two have to.
    async fn alone(&self) {
        if self.kiosk.see("网络中断").await.is_err() {
            self.kiosk.see("网络中断").await.expect("the kiosk goes on alone");
        }
    }

    /// One citizen from the first screen to the number; how the cable behaves is not their business.
    async fn take(&self, card: &Value, between: impl AsyncFnOnce()) -> String {
        let kiosk = &self.kiosk;
        kiosk.touch("先选事项").await.expect("touched");
        kiosk.touch(GROUP).await.expect("the group");
        kiosk.touch(SERVICE).await.expect("the service");
        kiosk.touch("确认，去刷证").await.expect("confirmed");
        kiosk.lay(card).await.expect("laid down");
        kiosk.see("请取走").await.expect("read");
        between().await;
        kiosk.lift().await.expect("lifted");
        // A request that is under way when the cable goes is waited for before a lent number comes.
        if kiosk.see("您的号码").await.is_err() {
            kiosk.see("您的号码").await.expect("a number");
        }
        let tree = kiosk.tree().await.expect("a screen");
        let numbers = tree.iter().filter(|e| e.label.parse::<NumberText>().is_ok());
        let number = numbers.max_by(|a, b| a.height.total_cmp(&b.height)).expect("a number");
        let number = number.label.clone();
        let papers = until(format!("one slip {number}"), || async {
            let papers = kiosk.papers_with(&number).await?;
            Ok((!papers.is_empty()).then_some(papers))
        });
        assert_eq!(papers.await.expect("a slip").len(), 1);
        kiosk.touch("完成").await.expect("done");
        kiosk.see("先选事项").await.expect("the first screen");
        number
    }

    async fn waiting(&self) -> u64 {
        let hall = self.get("/hall").await.expect("a snapshot");
        let groups = hall["groups"].as_array().expect("groups").clone();
        let group = groups
            .iter()
            .find(|g| g["name"]["zh-Hans"] == GROUP)
            .expect("the group");
        group["waiting"].as_u64().expect("a count")
    }

    /// When the dust has settled so many people wait, and it stays so.
    async fn settles_at(&self, people: u64) {
        self.cable(json!({"line": "plugged"})).await;
        let settled = until(format!("{people} who wait"), || async {
            let handed_over = self.kiosk.words().await;
            Ok((self.waiting().await == people && !handed_over.contains("网络中断")).then_some(()))
        });
        settled.await.expect("everybody waits once");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(self.waiting().await, people, "it did not stay so");
    }
}

/// `A012`.
struct NumberText;

impl std::str::FromStr for NumberText {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('D').ok_or(())?;
        let plain = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then_some(Self).ok_or(())
    }
}

async fn nothing() {}

#[tokio::test]
async fn whatever_the_cable_does_everybody_has_one_number_that_counts() {
    let hall = Hall::start().await;
    let drawer = hall.kiosk.drawer().await.expect("the drawer");
    let people: Vec<Value> = [
        "chen-xiaolan",
        "li-jianguo",
        "zhang-yan",
        "li-wei",
        "aygul",
        "wu-guang",
        "sun-xiaowei",
    ]
    .iter()
    .map(|id| drawer.iter().find(|p| p["id"] == *id).expect("in the drawer")["card"].clone())
    .collect();

    // A bad line: late, but online.
    hall.cable(json!({"line": "slow", "delay_ms": 150})).await;
    let slow = hall.take(&people[0], nothing).await;
    assert_eq!(slow, "D001", "a slow line is no outage");

    // A dead switch: refused at once.
    hall.cable(json!({"line": "refused"})).await;
    hall.alone().await;
    let refused = hall.take(&people[1], nothing).await;
    assert_eq!(refused, "D990");
    hall.settles_at(2).await;

    // A pulled cable: silence on connections that stand.
    hall.cable(json!({"line": "silent"})).await;
    hall.alone().await;
    let silent = hall.take(&people[2], nothing).await;
    assert_eq!(silent, "D991");
    hall.settles_at(3).await;

    // Pulled at the very moment of the request: nobody knows whether it arrived.
    let lost = hall
        .take(&people[3], async || hall.cable(json!({"line": "silent"})).await)
        .await;
    hall.settles_at(4).await;

    // A loose plug.
    let shaking = async {
        for turn in 0..40_u32 {
            let cable = match turn % 4 {
                0 => json!({"line": "silent"}),
                1 => json!({"line": "plugged"}),
                2 => json!({"line": "refused"}),
                _ => json!({"line": "slow", "delay_ms": 200}),
            };
            hall.cable(cable).await;
            tokio::time::sleep(Duration::from_millis(u64::from(300 + 130 * (turn % 7)))).await;
        }
    };
    let taking = async {
        let one = hall.take(&people[4], nothing).await;
        let two = hall.take(&people[5], nothing).await;
        [one, two]
    };
    let (_, [one, two]) = tokio::join!(shaking, taking);
    hall.settles_at(6).await;

    let mut numbers = vec![slow, refused, silent, lost, one, two];
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 6, "six people, six numbers: {numbers:?}");
}
