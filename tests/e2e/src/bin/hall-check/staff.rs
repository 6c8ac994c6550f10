//! The other side of the glass: the clerk's interface, the public lookup, and pages in a real browser.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::hall::Links;
use crate::watch::until;

/// The dispatcher's HTTP interface: for staff with the loopback token, and from outside over TLS, as phones and the
/// gateway for bookings have it.
#[derive(Clone)]
pub struct Dispatcher {
    http: reqwest::Client,
    base: String,
    token: String,
    outside: reqwest::Client,
    outside_base: String,
}

impl Dispatcher {
    /// With the token from its file.
    pub async fn new(http: reqwest::Client, links: &Links) -> anyhow::Result<Self> {
        let token = std::fs::read_to_string(&links.token_file)
            .with_context(|| format!("reading {}", links.token_file.display()))?;
        let base = links.dispatcher.trim_end_matches('/').to_string();
        let mut made = Self {
            outside: http.clone(),
            http,
            base,
            token: token.trim().to_string(),
            outside_base: links.dispatcher_tls.trim_end_matches('/').to_string(),
        };
        made.outside = made.enrolled().await?;
        Ok(made)
    }

    /// A client with a gateway's certificate, which it came by as any device does: with a code, by `hallctl enrol`.
    async fn enrolled(&self) -> anyhow::Result<reqwest::Client> {
        let asked = json!({"role": "gateway", "device": "G01", "place": "机房"});
        let code = self.post("/enrolment/codes", asked).await?;
        let word = |key: &str| code[key].as_str().unwrap_or_default().to_string();
        let place = std::env::temp_dir().join(format!("hall-check-gateway-{}", std::process::id()));
        std::fs::create_dir_all(&place)?;
        let (own, ca) = (place.join("own.pem"), place.join("ca.pem"));
        let hallctl = std::env::current_exe()?.with_file_name("hallctl");
        let mut child = tokio::process::Command::new(hallctl)
            .args(["enrol", "--dispatcher", &word("enrolment"), "--out"])
            .arg(&own)
            .arg("--ca-out")
            .arg(&ca)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("starting hallctl enrol")?;
        let mut stdin = child.stdin.take().context("a standard input")?;
        stdin.write_all(format!("{}\n", word("code")).as_bytes()).await?;
        drop(stdin);
        ensure!(child.wait().await?.success(), "the gateway was not enrolled");
        let made = reqwest::Client::builder()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(&std::fs::read(&ca)?)?)
            .identity(reqwest::Identity::from_pem(&std::fs::read(&own)?)?)
            .build()?;
        std::fs::remove_dir_all(&place)?;
        Ok(made)
    }

    /// Books an appointment, as WeChat would: a person goes over TLS alone.
    pub async fn book(&self, booking: Value) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/bookings", self.outside_base);
        let answer = self.outside.post(url).json(&booking).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "a booking was answered {status} {text}");
        Ok(())
    }

    /// An ordinary ticket from the desk, without a person; one in each run.
    pub async fn take(&self, service: &str) -> anyhow::Result<Value> {
        let key = uuid::Uuid::from_u128(0xc4ec_0001).to_string();
        self.send("/tickets", json!({"services": [service]}), Some(key)).await
    }

    /// A call that must succeed; 204 gives null.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(path, body, None).await
    }

    async fn send(&self, path: &str, body: Value, key: Option<String>) -> anyhow::Result<Value> {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = self.http.post(url).bearer_auth(&self.token).json(&body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("POST {path}: {status} {text}");
        }
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&text)?)
        }
    }

    /// A read that must succeed.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}/api/v1{path}", self.base);
        Ok(self
            .http
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Opens a window with a made-up clerk.
    pub async fn open(&self, window: &str) -> anyhow::Result<()> {
        let clerk = json!({"clerk": format!("C-{window}")});
        self.post(&format!("/windows/{window}/open"), clerk).await.map(|_| ())
    }

    /// Presses "next" at a window until it calls this number; everybody before it is served.
    pub async fn call_until(&self, window: &str, number: &str) -> anyhow::Result<()> {
        for _ in 0..20 {
            let called = self
                .post(&format!("/windows/{window}/next"), json!({"finish_current": true}))
                .await?;
            if called["ticket"]["number"] == number || called["number"] == number {
                return Ok(());
            }
            if called.is_null() {
                break;
            }
        }
        bail!("window {window} never called {number}")
    }

    /// The public lookup; whose certificate comes with it makes no difference.
    pub async fn lookup(&self, token: &str) -> anyhow::Result<Value> {
        let url = format!("{}/api/v1/lookup?t={token}", self.outside_base);
        Ok(self.outside.get(url).send().await?.error_for_status()?.json().await?)
    }

    /// Waits until the public lookup says `state`.
    pub async fn lookup_is(&self, token: &str, state: &str) -> anyhow::Result<Value> {
        until(format!("lookup state {state}"), || async {
            let view = self.lookup(token).await?;
            Ok((view["state"] == state).then_some(view))
        })
        .await
    }

    /// The phone page of a ticket.
    pub fn phone_page(&self, token: &str) -> String {
        format!("{}/q?t={token}", self.outside_base)
    }
}

/// A page open in a browser.
pub struct Page {
    client: fantoccini::Client,
}

impl Page {
    /// Opens `url` in a browser of its own with a view of this size.
    pub async fn open(driver: &tests_e2e::browser::Driver, url: &str, width: u32, height: u32) -> anyhow::Result<Self> {
        let client = driver.session(width, height).await?;
        client
            .goto(url)
            .await
            .with_context(|| "opening a page in the browser")?;
        Ok(Self { client })
    }

    /// All words of the page.
    pub async fn text(&self) -> anyhow::Result<String> {
        let body = self.client.find(fantoccini::Locator::Css("body")).await?;
        Ok(body.text().await?)
    }

    /// Waits until the page's words satisfy `holds`.
    pub async fn shows(&self, what: &str, holds: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        let seen = until(what, || async {
            let text = self.text().await?;
            Ok(holds(&text).then_some(text))
        });
        match seen.await {
            Ok(text) => Ok(text),
            Err(error) => {
                let text = self.text().await.unwrap_or_default().replace('\n', " | ");
                Err(error.context(format!("the page says: {text}")))
            }
        }
    }

    /// Clicks on what fits, once it is there.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        until(format!("{css} on the page"), || async {
            // Drawn anew this moment: the next look finds it.
            let found = self.client.find(fantoccini::Locator::Css(css)).await;
            let clicked = match found {
                Ok(element) => element.click().await.is_ok(),
                Err(_) => false,
            };
            Ok(clicked.then_some(()))
        })
        .await
    }

    /// Presses keys as a clerk would.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        let body = self.client.find(fantoccini::Locator::Css("body")).await?;
        body.send_keys(keys).await?;
        Ok(())
    }

    /// Types into whatever has the focus.
    pub async fn type_in(&self, text: &str) -> anyhow::Result<()> {
        let field = self.client.active_element().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Saves a picture of the page.
    pub async fn picture(&self, path: &Path) -> anyhow::Result<()> {
        let bytes = self.client.screenshot().await?;
        std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
    }

    /// Closes its browser.
    pub async fn close(self) {
        let _ = self.client.close().await;
    }
}
