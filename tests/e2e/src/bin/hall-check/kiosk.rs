//! A citizen at the kiosk: eyes on the screen, a finger, a card, a hand at the printer's mouth.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::watch::until;

/// One thing on the screen.
#[derive(Debug, Clone, Deserialize)]
pub struct Element {
    /// What it says.
    pub label: String,
    /// Button, text, image.
    pub role: String,
    /// Height in pixels.
    pub height: f64,
}

/// One piece of paper that the printer cut or tore off.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// Number of the job.
    pub id: u64,
    /// Cut off after its last line.
    pub complete: bool,
    /// Unix ms of its first byte.
    #[serde(default)]
    pub first_byte_ms: i64,
    /// Unix ms of its last byte.
    #[serde(default)]
    pub last_byte_ms: i64,
}

/// The kiosk as a citizen has it.
#[derive(Clone)]
pub struct Kiosk {
    http: reqwest::Client,
    screen: String,
    devices: String,
}

impl Kiosk {
    /// The kiosk with its screen and devices at these addresses.
    pub fn new(http: reqwest::Client, screen: &str, devices: &str) -> Self {
        Self {
            http,
            screen: screen.trim_end_matches('/').into(),
            devices: devices.trim_end_matches('/').into(),
        }
    }

    /// Everything on the screen.
    pub async fn tree(&self) -> anyhow::Result<Vec<Element>> {
        Ok(self
            .http
            .get(format!("{}/tree", self.screen))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Waits until some text on the screen contains `words`, and gives that text.
    pub async fn see(&self, words: &str) -> anyhow::Result<String> {
        let seen = until(format!("「{words}」 on the screen"), || async move {
            let tree = self.tree().await?;
            Ok(tree.into_iter().map(|e| e.label).find(|label| label.contains(words)))
        });
        match seen.await {
            Ok(text) => Ok(text),
            Err(error) => Err(error.context(format!("the screen says: {}", self.words().await))),
        }
    }

    /// All words on the screen in one line.
    pub async fn words(&self) -> String {
        match self.tree().await {
            Ok(tree) => tree
                .into_iter()
                .map(|e| e.label)
                .filter(|l| !l.is_empty())
                .collect::<Vec<_>>()
                .join(" | "),
            Err(error) => format!("({error})"),
        }
    }

    /// Touches the button with this label, waiting for it to appear.
    pub async fn touch(&self, label: &str) -> anyhow::Result<()> {
        let touched = until(format!("a button 「{label}」"), || async move {
            let answer = self
                .http
                .post(format!("{}/touch", self.screen))
                .json(&json!({"label": label}))
                .send()
                .await?;
            Ok(answer.status().is_success().then_some(()))
        });
        match touched.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("the screen says: {}", self.words().await))),
        }
    }

    /// True if a button with this label is on the screen now.
    pub async fn has_button(&self, label: &str) -> anyhow::Result<bool> {
        Ok(self
            .tree()
            .await?
            .iter()
            .any(|e| e.role == "button" && e.label == label))
    }

    /// Saves a picture of the screen.
    pub async fn picture(&self, path: &Path) -> anyhow::Result<()> {
        let answer = self
            .http
            .get(format!("{}/screen.png", self.screen))
            .send()
            .await?
            .error_for_status()?;
        let bytes = answer.bytes().await?;
        std::fs::write(path, &bytes).with_context(|| format!("writing {}", path.display()))
    }

    /// The drawer of made-up people.
    pub async fn drawer(&self) -> anyhow::Result<Vec<Value>> {
        Ok(self
            .http
            .get(format!("{}/id-reader/drawer", self.devices))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Lays a card on the reader.
    pub async fn lay(&self, card: &Value) -> anyhow::Result<()> {
        let answer = self
            .http
            .post(format!("{}/id-reader/card", self.devices))
            .json(card)
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("the card could not be laid down: {}", answer.text().await?);
        }
        Ok(())
    }

    /// Takes the card away.
    pub async fn lift(&self) -> anyhow::Result<()> {
        self.http
            .delete(format!("{}/id-reader/card", self.devices))
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// Lays a passport on the scanner, or shows it a code; nothing has to be lifted.
    pub async fn scan(&self, what: &str, paper: &Value) -> anyhow::Result<()> {
        let url = format!("{}/passport-reader/{what}", self.devices);
        let answer = self.http.post(url).json(paper).send().await?;
        if !answer.status().is_success() {
            bail!("the scanner refuses the {what}: {}", answer.text().await?);
        }
        Ok(())
    }

    /// State of a device as its emulator tells it.
    pub async fn device(&self, name: &str) -> anyhow::Result<Value> {
        Ok(self
            .http
            .get(format!("{}/{name}", self.devices))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Does something at the bench: `maker/power`, `scanner/scan`.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<()> {
        let url = format!("{}/{path}", self.devices);
        let answer = self.http.post(url).json(&body).send().await?;
        if !answer.status().is_success() {
            bail!("{path}: {}", answer.text().await?);
        }
        Ok(())
    }

    /// Undoes something at the bench: `maker/fault`.
    pub async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("{}/{path}", self.devices);
        self.http.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// A file of the bench.
    pub async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/{path}", self.devices);
        let answer = self.http.get(url).send().await?.error_for_status()?;
        Ok(answer.bytes().await?.to_vec())
    }

    /// Does something to the printer: `{"paper":"ok"}`.
    pub async fn printer(&self, fault: Value) -> anyhow::Result<()> {
        let url = format!("{}/printer/fault", self.devices);
        let answer = self.http.post(url).json(&fault).send().await?;
        if !answer.status().is_success() {
            bail!("the printer's fault could not be set: {}", answer.text().await?);
        }
        Ok(())
    }

    /// Waits until no text on the screen contains `words` any more.
    pub async fn see_not(&self, words: &str) -> anyhow::Result<()> {
        until(format!("the screen without 「{words}」"), || async move {
            let tree = self.tree().await?;
            Ok((!tree.iter().any(|e| e.label.contains(words))).then_some(()))
        })
        .await
    }

    /// Does something to the network cable between kiosk and dispatcher: `{"line":"silent"}`.
    pub async fn lan(&self, cable: Value) -> anyhow::Result<()> {
        let url = format!("{}/lan", self.devices);
        self.http.post(url).json(&cable).send().await?.error_for_status()?;
        Ok(())
    }

    /// Takes the ticket out of the printer's mouth.
    pub async fn take_paper(&self) -> anyhow::Result<()> {
        self.http.post(format!("{}/printer/take", self.devices)).send().await?;
        Ok(())
    }

    /// Every piece of paper so far.
    pub async fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        Ok(self
            .http
            .get(format!("{}/printer/jobs", self.devices))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// The bytes of one job.
    pub async fn job_bytes(&self, id: u64) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/printer/jobs/{id}.bin", self.devices);
        Ok(self
            .http
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    }

    /// The picture of one job.
    pub async fn job_picture(&self, id: u64) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/printer/jobs/{id}.png", self.devices);
        Ok(self
            .http
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    }

    /// Complete pieces of paper whose bytes hold `number`.
    pub async fn papers_with(&self, number: &str) -> anyhow::Result<Vec<(Job, Vec<u8>)>> {
        let mut found = Vec::new();
        for job in self.jobs().await?.into_iter().filter(|job| job.complete) {
            let bytes = self.job_bytes(job.id).await?;
            if contains(&bytes, number.as_bytes()) {
                found.push((job, bytes));
            }
        }
        Ok(found)
    }
}

/// True if `bytes` holds `part`.
pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
