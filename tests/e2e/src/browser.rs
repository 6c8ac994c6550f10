//! A real browser: Chromium driven through ChromeDriver (Debian packages `chromium` and `chromium-driver`).

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::process::{Child, Command};

/// A ChromeDriver of our own on a free port; it and its browsers end with this value.
pub struct Driver {
    child: Child,
    url: String,
    /// Where it is told what to do, and tells what pages say.
    pub port: u16,
}

impl Driver {
    /// Starts ChromeDriver and waits until it answers.
    pub async fn start() -> anyhow::Result<Self> {
        let port = free_port()?;
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting chromedriver; install the Debian packages chromium and chromium-driver")?;
        let driver = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            port,
        };
        let http = crate::http_client();
        for _ in 0..200 {
            if http
                .get(format!("{}/status", driver.url))
                .send()
                .await
                .is_ok_and(|a| a.status().is_success())
            {
                return Ok(driver);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("chromedriver did not answer within 10 s")
    }

    /// Opens a browser with a fresh profile and a view of this size in CSS pixels.
    pub async fn session(&self, width: u32, height: u32) -> anyhow::Result<fantoccini::Client> {
        // Without the background flags Chromium talks to the outside at every start.
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Its driver speaks to it by a pipe: of the rig's own talk only the driver's port is on the loopback.
            "--remote-debugging-pipe",
            "--hide-scrollbars",
            "--lang=zh-CN",
        ];
        // Headless windows have no frame, and Chromium refuses to make one narrower than 500 px: a phone is emulated.
        // The phone page follows the browser's language; the people of these tests read simplified Chinese.
        let mut options = json!({ "args": args, "prefs": {"intl.accept_languages": "zh-CN,zh"} });
        // Not the window but the view is given a size: a window's frame differs, Chromium refuses one narrower than
        // 500 px, and a window that is still being resized tells a size that is neither old nor new.
        let phone = width < 500;
        options["mobileEmulation"] = json!({"deviceMetrics": {
            "width": width, "height": height, "pixelRatio": if phone { 2.0 } else { 1.0 },
            "touch": phone, "mobile": phone,
        }});
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".into(), options);
        // The hall's own authority, which no browser knows.
        capabilities.insert("acceptInsecureCerts".into(), json!(true));
        capabilities.insert("goog:loggingPrefs".into(), json!({"browser": "ALL"}));
        let client = fantoccini::ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .context("opening a browser")?;
        Ok(client)
    }

    /// What the browser wrote on its console since the last time: `[{level, source, message}]`.
    pub async fn console(&self, client: &fantoccini::Client) -> anyhow::Result<Vec<serde_json::Value>> {
        let id = client.session_id().await?.context("the session has ended")?;
        let url = format!("{}/session/{id}/se/log", self.url);
        let answer = crate::http_client()
            .post(url)
            .json(&json!({"type": "browser"}))
            .send()
            .await?;
        let answer: serde_json::Value = answer.error_for_status()?.json().await?;
        Ok(answer["value"].as_array().cloned().unwrap_or_default())
    }

    /// Ends ChromeDriver, and with it every browser it opened.
    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}
