//! The scenes, in the order in which they are played. Each must leave the kiosk on its first screen.

mod alone;
mod appointment;
mod citizens;
mod maker;
mod maker_staff;
mod paper;
mod same_words;
mod told;
mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;
use tests_e2e::wire::Wire;

use crate::hall::Hall;
use crate::kiosk::Kiosk;
use crate::report::{Report, Witness};
use crate::staff::{Dispatcher, Page};
use crate::watch::until;

/// The last scene, which is played whatever happened before.
const NOTHING_TOLD: &str = "nothing of anybody on the disk and on the wire";

/// A ticket as its holder knows it: from the screen and the paper alone.
#[derive(Debug, Clone)]
pub struct Held {
    /// The number.
    pub number: String,
    /// The token in the QR code.
    pub token: String,
}

/// Everything that takes part.
pub struct Play {
    hall: Hall,
    driver: tests_e2e::browser::Driver,
    kiosk: Kiosk,
    dispatcher: Dispatcher,
    board: Page,
    drawer: Vec<Value>,
    /// Tokens of all tickets so far.
    tokens: Vec<String>,
    /// Hears every byte on the loopback; none where nobody wanted it.
    wire: Option<Arc<Wire>>,
    out: PathBuf,
    pictures: u32,
}

impl Play {
    /// Opens the board in a browser and finds the drawer of made-up people.
    pub async fn new(hall: Hall, out: &Path, wire: Option<Arc<Wire>>) -> anyhow::Result<Self> {
        let http = tests_e2e::http_client();
        let kiosk = Kiosk::new(http.clone(), &hall.links.kiosk_screen, &hall.links.emulators);
        let dispatcher = Dispatcher::new(http, &hall.links).await?;
        let driver = tests_e2e::browser::Driver::start().await?;
        if let Some(wire) = &wire {
            told::spare_the_rig(wire, &hall.links, &driver)?;
        }
        let board = Page::open(&driver, &hall.links.board, 1920, 1080).await?;
        let drawer = kiosk.drawer().await?;
        Ok(Self {
            hall,
            driver,
            kiosk,
            dispatcher,
            board,
            drawer,
            tokens: Vec::new(),
            wire,
            out: out.to_path_buf(),
            pictures: 0,
        })
    }

    /// Plays everything. The first scene that was not seen ends the day, because the later ones build on it; what the
    /// day has written and said is searched all the same.
    pub async fn all(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let played = self.day(report).await;
        report.end(played.as_ref().err());
        report.begin(NOTHING_TOLD);
        let searched = told::nothing_told(self, report).await.context(NOTHING_TOLD);
        report.end(searched.as_ref().err());
        played.and(searched)
    }

    async fn day(&mut self, report: &mut Report) -> anyhow::Result<()> {
        macro_rules! scene {
            ($title:expr, $call:expr) => {{
                report.begin($title);
                if let Err(error) = $call {
                    let _ = self.kiosk.picture(&self.out.join("failed-screen.png")).await;
                    let _ = self.board.picture(&self.out.join("failed-board.png")).await;
                    return Err(error.context($title));
                }
                report.end(None);
            }};
        }
        scene!("windows open", window::windows_open(self, report).await);
        let first = {
            report.begin("a resident card, choose first");
            let held = citizens::resident_choose_first(self, report).await;
            let held = held.context("a resident card, choose first")?;
            report.end(None);
            held
        };
        scene!("the bench, for a newcomer", self.bench(report).await);
        scene!(
            "the same person again",
            citizens::same_person_again(self, report, &first).await
        );
        scene!(
            "a Hong Kong, Macao or Taiwan permit, tap first",
            citizens::hmt_tap_first(self, report).await
        );
        scene!(
            "a foreigner's card of 2017",
            citizens::foreigner(self, report, "foreigner_2017").await
        );
        scene!(
            "a foreigner's card of 2023",
            citizens::foreigner(self, report, "foreigner_2023").await
        );
        scene!(
            "a passport; an electronic identity code is refused kindly",
            citizens::passport(self, report).await
        );
        scene!(
            "an elder: large type, priority offered",
            citizens::elder(self, report).await
        );
        scene!("a person named 张䶮", citizens::rare_name(self, report, '䶮').await);
        scene!("a person named 李𬱖", citizens::rare_name(self, report, '𬱖').await);
        scene!(
            "a rare character at the end of a name, on paper",
            citizens::rare_on_paper(self, report).await
        );
        scene!(
            "one range in the same words on screen, slip, phone and in the catalogue",
            same_words::told_everywhere(self, report).await
        );
        scene!(
            "search by pinyin, guidance, cancel",
            citizens::search_guidance_cancel(self, report).await
        );
        scene!(
            "paper runs out in the middle of a ticket",
            paper::runs_out(self, report).await
        );
        scene!(
            "a window calls, recalls, marks a no-show, finishes",
            window::a_morning(self, report, &first).await
        );
        scene!(
            "who missed the call lays the card down again and is back, once",
            citizens::missed_comes_back(self, report, &first).await
        );
        scene!("a temporary card for 李𬱖", maker::a_card(self, report).await);
        scene!(
            "a temporary card with a power cut in the press",
            maker::a_power_cut(self, report).await
        );
        scene!("an application that is not signed", maker::unsigned(self, report).await);
        scene!(
            "the maker jams; two people clear it and close the day",
            maker_staff::jam_and_close(self, report).await
        );
        const BOOKED: &str = "a booked citizen checks in, the manager switches the policy and asks why";
        if appointment::is_too_late().await? {
            report.left_out(
                BOOKED,
                "NOT PLAYED: no slot of today begins after 23:30; play it at another hour",
            );
        } else {
            scene!(BOOKED, appointment::with_the_manager(self, report).await);
        }
        scene!(
            "the network goes, a number is taken, the network comes back",
            alone::lan_out(self, report).await
        );
        Ok(())
    }

    /// What the simulated making-record service holds.
    async fn making(&self) -> anyhow::Result<Value> {
        let http = tests_e2e::http_client();
        let answer = http.get(&self.hall.links.making).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Ends browsers and hall.
    pub async fn end(self) {
        self.board.close().await;
        self.driver.stop().await;
        self.hall.stop().await;
    }

    /// The bench page shows the live screen and the drawer.
    async fn bench(&mut self, report: &mut Report) -> anyhow::Result<()> {
        self.kiosk.touch("先选事项").await?;
        let bench = Page::open(&self.driver, &self.hall.links.emulators, 1600, 900).await?;
        bench
            .shows("the drawer of people", |text| {
                text.contains("张䶮") && text.contains("打印机")
            })
            .await?;
        // The picture of the screen comes by a request of its own, a moment after the words.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        bench.picture(&self.out.join("bench.png")).await?;
        bench.close().await;
        report.saw(Witness::Bench, "drawer, screen, printer and the first ticket");
        self.kiosk.touch("取消").await?;
        self.kiosk.see("先选事项").await.map(|_| ())
    }

    /// Someone from the drawer whose card satisfies `is`.
    fn person(&self, what: &str, is: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let found = self.drawer.iter().find(|entry| is(entry)).cloned();
        let entry = found.with_context(|| format!("nobody in the drawer is {what}"))?;
        Ok(entry.get("card").cloned().unwrap_or(entry))
    }

    /// Keeps a picture of the screen as `screen-NN-name.png`.
    async fn keep_screen(&mut self, name: &str) -> anyhow::Result<()> {
        self.pictures += 1;
        self.kiosk
            .picture(&self.out.join(format!("screen-{:02}-{name}.png", self.pictures)))
            .await
    }

    /// Waits for the last screen, lifts nothing, and reads number and token as the holder would: the number from the
    /// screen, the token from the QR text in the printed bytes.
    async fn number_in_hand(&mut self, report: &mut Report, picture: &str) -> anyhow::Result<Held> {
        let number = self.number_on_screen().await?;
        report.saw(Witness::Screen, format!("number {number}"));
        let kiosk = &self.kiosk;
        let papers = until(format!("one complete ticket {number} from the printer"), || async {
            let papers = kiosk.papers_with(&number).await?;
            Ok((!papers.is_empty()).then_some(papers))
        });
        let papers = papers.await?;
        anyhow::ensure!(papers.len() == 1, "{} complete tickets carry {number}", papers.len());
        let (job, bytes) = &papers[0];
        report.saw(
            Witness::Printer,
            format!("job {}: one complete ticket {number}, {} bytes", job.id, bytes.len()),
        );
        report.figure("ticket_bytes", bytes.len().into());
        let token = token_in(bytes).context("no lookup token in the printed bytes")?;
        self.tokens.push(token.clone());
        let view = self.dispatcher.lookup(&token).await?;
        anyhow::ensure!(
            view["number"] == number.as_str(),
            "the lookup says {} for {number}",
            view["number"]
        );
        report.saw(
            Witness::Lookup,
            format!("{} is {}, {} ahead", number, view["state"], view["people_ahead"]),
        );
        self.keep_screen(picture).await?;
        std::fs::write(self.out.join("ticket.png"), self.kiosk.job_picture(job.id).await?)?;
        std::fs::write(self.out.join("ticket.bin"), bytes)?;
        Ok(Held { number, token })
    }

    /// The number on the ticket screen.
    async fn number_on_screen(&self) -> anyhow::Result<String> {
        self.kiosk.see("您的号码").await?;
        let tree = self.kiosk.tree().await?;
        let tallest = tree
            .iter()
            .filter(|e| is_number(&e.label))
            .max_by(|a, b| a.height.total_cmp(&b.height));
        Ok(tallest.with_context(|| "no number on the ticket screen")?.label.clone())
    }

    /// Takes the paper and presses 完成: the kiosk is back on its first screen.
    async fn leave(&self) -> anyhow::Result<()> {
        self.kiosk.take_paper().await?;
        self.kiosk.touch("完成").await?;
        self.kiosk.see("先选事项").await.map(|_| ())
    }
}

/// True for `A012`.
fn is_number(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && (3..=4).contains(&(text.len().saturating_sub(1)))
        && chars.all(|c| c.is_ascii_digit())
}

/// The 16 characters behind `t=` in the printed bytes.
fn token_in(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(2).position(|w| w == b"t=")?;
    let token = bytes.get(at + 2..at + 18)?;
    let plain = token.iter().all(u8::is_ascii_alphanumeric);
    if plain {
        String::from_utf8(token.to_vec()).ok()
    } else {
        None
    }
}
