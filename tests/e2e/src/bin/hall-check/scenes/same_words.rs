//! One person is told one thing: the kiosk before and after, the slip, the phone and the catalogue, in the same words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use ticket_dispatcher_protocol::WaitRange;
use ticket_dispatcher_types::Lang;
use ticket_dispatcher_types::wait::{Wait, place_in_words, queue_in_words};

use super::Play;
use super::citizens::{GROUP, SERVICE, choose};
use crate::report::{Report, Witness};
use crate::staff::Page;
use crate::watch::until;

/// Who comes: nobody else in the check is this person.
const WHO: &str = "吴光";
/// While nothing happens, the dispatcher foresees anew at every quarter of a minute only.
const SLICE_MS: u128 = 15_000;

/// A number taken behind others, and what it is told everywhere.
pub async fn told_everywhere(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let card = play.person(WHO, |entry| entry["name"] == WHO)?;
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.kiosk.lift().await?;
    play.kiosk.see(GROUP).await?;
    let tile = on_screen(play, "groups", GROUP, queue_in_words).await?;
    report.saw(
        Witness::Screen,
        format!("「{GROUP}」 as in the catalogue: {}", tile.words),
    );
    choose(play, GROUP, SERVICE).await?;
    let before = on_screen(play, "services", SERVICE, place_in_words).await?;
    play.keep_screen("confirm-behind-others").await?;
    play.kiosk.touch("确认取号").await?;
    ensure!(before.people > 2, "nobody waits before this number");

    let held = play.number_in_hand(report, "ticket-behind-others").await?;
    let phone = play.dispatcher.lookup(&held.token).await?;
    ensure!(
        phone["wait"] == before.range && phone["people_ahead"] == before.people,
        "before {} {}, on the phone {phone}",
        before.people,
        before.range
    );
    let said = |key: &str| {
        phone["told"][key]["zh-Hans"]
            .as_str()
            .context("the phone is told nothing")
    };
    let (ahead, wait) = (said("ahead")?, said("wait")?);
    let screen = play.kiosk.words().await;
    ensure!(
        screen.contains(ahead) && screen.contains(wait),
        "the screen says {screen}, the phone {ahead} {wait}"
    );
    let paper = words_on_paper(play, &held.number).await?;
    ensure!(
        paper.contains(&before.words),
        "the slip says {paper}, the screen said {}",
        before.words
    );
    report.saw(Witness::Printer, format!("the slip says {}", before.words));
    let page = Page::open(&play.driver, &play.dispatcher.phone_page(&held.token), 390, 844).await?;
    let shown = page.shows("the same on the phone", |text| {
        text.contains(ahead) && text.contains(wait)
    });
    let shown = shown.await;
    page.close().await;
    shown?;
    report.saw(Witness::Phone, format!("{ahead}, {wait}"));
    play.leave().await
}

/// What the catalogue says of something, and in which words.
struct Said {
    people: u64,
    range: Value,
    words: String,
}

/// Waits until the screen says of `name` what the catalogue says at the same moment, well within a slice.
async fn on_screen(
    play: &Play,
    level: &str,
    name: &str,
    words: fn(Lang, u32, Option<Wait>) -> String,
) -> anyhow::Result<Said> {
    let seen = until(format!("what the catalogue says of {name} on the screen"), || async {
        let catalogue = play.dispatcher.get("/services").await?;
        let all = catalogue[level].as_array().context("no catalogue")?;
        let named = all.iter().find(|one| one["name"]["zh-Hans"] == name);
        let one = named.with_context(|| format!("nothing is called {name}"))?;
        let range: Option<WaitRange> = serde_json::from_value(one["wait"].clone())?;
        let people = one["waiting"].as_u64().context("no people")?;
        let said = Said {
            people,
            range: one["wait"].clone(),
            words: words(Lang::ZhHans, u32::try_from(people)?, WaitRange::minutes(range)),
        };
        let screen = play.kiosk.words().await;
        Ok((screen.contains(&said.words) && slice_lasts()).then_some(said))
    });
    match seen.await {
        Ok(said) => Ok(said),
        Err(error) => Err(error.context(format!("the screen says: {}", play.kiosk.words().await))),
    }
}

/// True with five seconds or more before the next quarter of a minute.
fn slice_lasts() -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    now.as_millis() % SLICE_MS < SLICE_MS - 5_000
}

/// The last slip with this number as the printer understood it, its lines in one.
async fn words_on_paper(play: &Play, number: &str) -> anyhow::Result<String> {
    let jobs: Value = serde_json::from_slice(&play.kiosk.bytes("printer/jobs").await?)?;
    let lines = |job: &Value| {
        let lines = job["text"].as_array().into_iter().flatten();
        lines.filter_map(Value::as_str).map(str::trim).collect::<String>()
    };
    let mut texts = jobs.as_array().into_iter().flatten().rev().map(lines);
    let found = texts.find(|text| text.contains(number));
    found.context("no slip with the number")
}
