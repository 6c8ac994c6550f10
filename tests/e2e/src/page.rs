//! A page in a real browser: what it says, keys, pictures, and a console without errors.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fantoccini::Client;
use serde_json::{Value, json};

use crate::binaries::binary_dir;
use crate::browser::Driver;

/// Generous: a busy machine is slow, a wrong page stays wrong.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one page, and the driver whose child it is.
pub struct Page {
    driver: Driver,
    /// The session.
    pub client: Client,
}

impl Page {
    /// Opens a browser of this size on this address.
    pub async fn open(url: &str, width: u32, height: u32) -> anyhow::Result<Self> {
        let driver = Driver::start().await?;
        let client = driver.session(width, height).await?;
        client.goto(url).await.context("opening the page")?;
        Ok(Self { driver, client })
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// The words of the first element that fits, "" when there is none or it is hidden.
    pub async fn words(&self, css: &str) -> anyhow::Result<String> {
        let script = "const e = document.querySelector(arguments[0]); return e && !e.hidden ? e.innerText : ''";
        let words = self.client.execute(script, vec![json!(css)]).await?;
        Ok(words.as_str().unwrap_or_default().to_string())
    }

    /// Waits until the element's words satisfy `holds`, and returns them.
    pub async fn shows(&self, css: &str, holds: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        let began = Instant::now();
        loop {
            let words = self.words(css).await?;
            if holds(&words) {
                return Ok(words);
            }
            if began.elapsed() > PATIENCE {
                let page = self.words("body").await?.replace('\n', " | ");
                bail!("{css} says {words:?}; the whole page: {page}");
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits until the element's words hold this text.
    pub async fn says(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let found = self.shows(css, |words| words.contains(text)).await;
        found.map(|_| ()).with_context(|| format!("waiting for {text:?}"))
    }

    /// Presses keys on the page as a whole.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        let body = self.client.find(fantoccini::Locator::Css("body")).await?;
        Ok(body.send_keys(keys).await?)
    }

    /// Types into whatever has the focus.
    pub async fn type_in(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Leaves a picture for people in `target/.../pages/`.
    pub async fn picture(&self, name: &str) -> anyhow::Result<()> {
        let folder: PathBuf = binary_dir()?.join("pages");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await?)?;
        Ok(())
    }

    /// Runs one of the files of `tests/pages/` in the page and demands that all it checks holds.
    pub async fn holds(&self, file: &str) -> anyhow::Result<()> {
        let script = include_str!("../tests/pages/check.js").replace("$BODY", file);
        let seen = self.client.execute_async(&script, Vec::new()).await?;
        let seen = seen.as_array().context("the checks give a list")?;
        let broken: Vec<_> = seen.iter().filter(|check| check["held"] != true).collect();
        ensure!(broken.is_empty(), "does not hold: {broken:#?}");
        ensure!(seen.len() > 10, "only {} things were checked", seen.len());
        Ok(())
    }

    /// Closes it, and demands that no script failed and no rule of the content policy was broken.
    pub async fn close(self) -> anyhow::Result<()> {
        let console = self.driver.console(&self.client).await?;
        self.client.close().await?;
        self.driver.stop().await;
        // A refused or broken request is written by the browser itself; the pages expect those.
        let own = |line: &&Value| line["level"] == "SEVERE" && line["source"] != "network";
        let errors: Vec<_> = console.iter().filter(own).collect();
        ensure!(errors.is_empty(), "errors on the page's console: {errors:#?}");
        Ok(())
    }
}
