//! A temporary identity card, as the person at the machine and a person behind it see it.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::Play;
use crate::report::{Report, Witness};
use crate::staff::Page;
use crate::watch::until;

/// Receipts of the simulated service: good ones, and one whose application is not signed.
const LI: &str = "990100202600000001";
const ZHAO: &str = "990100202600000002";
const UNSIGNED: &str = "990100202600000103";

/// From the first screen to the record that was found, or to the reason why not.
pub(super) async fn ask(play: &Play, receipt: &str) -> anyhow::Result<()> {
    play.kiosk.touch("办临时身份证").await?;
    play.kiosk.touch("同意，开始").await?;
    play.kiosk.see("请扫描领取凭证").await?;
    play.kiosk.post("scanner/scan", json!({ "text": receipt })).await
}

/// Face and fee, up to the machine at work.
pub(super) async fn go(play: &mut Play, report: &mut Report, keep: bool) -> anyhow::Result<()> {
    play.kiosk.see("已查到您的申请").await?;
    if keep {
        play.keep_screen("making-found").await?;
    }
    play.kiosk.touch("是本人，开始制作").await?;
    play.kiosk.see("请正对摄像头").await?;
    play.kiosk.touch("开始比对").await?;
    play.kiosk.see("请扫码缴费").await?;
    if keep {
        play.keep_screen("making-pay").await?;
    }
    play.kiosk.see("正在制作临时身份证").await?;
    report.saw(
        Witness::Screen,
        "record found, face compared, fee paid, the machine works",
    );
    Ok(())
}

/// Waits for something that the machine needs its time for: up to a minute and a half.
pub(super) async fn see_later(play: &Play, words: &str) -> anyhow::Result<()> {
    let began = std::time::Instant::now();
    loop {
        match play.kiosk.see(words).await {
            Ok(_) => return Ok(()),
            Err(error) if began.elapsed().as_secs() > 90 => return Err(error),
            Err(_) => {}
        }
    }
}

/// The bench page in a browser, where a newcomer breaks the machine.
pub(super) async fn bench(play: &Play) -> anyhow::Result<Page> {
    let page = Page::open(&play.driver, &play.hall.links.emulators, 1600, 1400).await?;
    page.shows("the maker's buttons", |text| {
        text.contains("断电") && text.contains("卡住覆膜") && text.contains("抽走出口的卡")
    })
    .await?;
    Ok(page)
}

/// How many blanks the machine's world has where.
pub(super) async fn blanks(play: &Play) -> anyhow::Result<Value> {
    Ok(play.kiosk.device("maker").await?["blanks"].clone())
}

pub(super) fn of(blanks: &Value, place: &str) -> u64 {
    blanks[place].as_u64().unwrap_or(0)
}

/// The report on a record that the back end got.
pub(super) async fn reported(play: &Play, record_no: &str) -> anyhow::Result<Value> {
    until(format!("a report on {record_no}"), || async {
        let book: Value = play.making().await?;
        let reports = book["reports"].as_array().cloned().unwrap_or_default();
        Ok(reports.into_iter().find(|report| report["record_no"] == record_no))
    })
    .await
}

/// 李𬱖 gets a card while somebody else looks at the catalogue.
pub async fn a_card(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let before = blanks(play).await?;
    let page = bench(play).await?;
    page.click("[data-maker=leave]").await?;
    ask(play, LI).await?;
    go(play, report, true).await?;
    play.keep_screen("making-work").await?;
    play.kiosk.touch("先选事项").await?;
    // Making, or made already where this machine is slower than that one.
    play.kiosk.see("临时身份证").await?;
    report.saw(Witness::Screen, "somebody else chooses a service meanwhile");
    play.kiosk.touch("取消").await?;
    see_later(play, "请取走您的临时身份证").await?;
    play.keep_screen("making-take").await?;
    page.click("[data-maker=pull]").await?;
    play.kiosk.see("办好了").await?;
    page.close().await;
    report.saw(Witness::Bench, "the card pulled out of the slot, by its button");
    play.keep_screen("making-taken").await?;
    play.kiosk.touch("完成").await?;
    play.kiosk.see("先选事项").await?;

    let world = play.kiosk.device("maker").await?;
    let cards = world["cards"].as_array().cloned().unwrap_or_default();
    let in_hand: Vec<&Value> = cards.iter().filter(|card| card["place"] == "hand").collect();
    ensure!(in_hand.len() == 1, "{} cards in a hand", in_hand.len());
    ensure!(in_hand[0]["pressed"] == true, "the card is not sealed");
    let id = in_hand[0]["id"].as_u64().context("a card has a number")?;
    let picture = play.kiosk.bytes(&format!("maker/cards/{id}.png")).await?;
    std::fs::write(play.out.join("card.png"), picture)?;
    let after = blanks(play).await?;
    ensure!(of(&after, "hopper") + 1 == of(&before, "hopper"), "one blank was used");
    report.saw(Witness::Maker, format!("card {id} in a hand, one blank used, card.png"));
    let told = reported(play, LI).await?;
    ensure!(told["outcome"] == "taken", "the back end heard {}", told["outcome"]);
    until("the fee settled".to_string(), || async {
        let book = play.making().await?;
        let orders = book["orders"].as_array().cloned().unwrap_or_default();
        Ok(orders.iter().any(|order| order["state"] == "settled").then_some(()))
    })
    .await?;
    report.saw(Witness::Service, "one card taken, its fee settled");
    Ok(())
}

/// The power goes while the card is in the press: a second attempt is good, one blank is rejected.
pub async fn a_power_cut(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let before = blanks(play).await?;
    let page = bench(play).await?;
    page.click("[data-maker=leave]").await?;
    ask(play, ZHAO).await?;
    go(play, report, false).await?;
    let kiosk = &play.kiosk;
    let began = std::time::Instant::now();
    while kiosk.device("maker").await?["step"] != "laminate" {
        ensure!(began.elapsed().as_secs() < 90, "the card never came into the press");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    page.click("[data-maker=power]").await?;
    page.shows("no power", |text| text.contains("没有电") && text.contains("通电"))
        .await?;
    page.picture(&play.out.join("bench-maker-dark.png")).await?;
    page.click("[data-maker=power]").await?;
    page.close().await;
    report.saw(Witness::Bench, "power lost in LAMINATE and back, by its button");
    see_later(play, "正在为您重新制作").await?;
    play.keep_screen("making-again").await?;
    see_later(play, "请取走您的临时身份证").await?;
    play.kiosk.post("maker/take", json!({})).await?;
    play.kiosk.see("办好了").await?;
    play.kiosk.touch("完成").await?;
    let after = blanks(play).await?;
    ensure!(
        of(&after, "reject_bin") == of(&before, "reject_bin") + 1,
        "one blank in the reject bin"
    );
    ensure!(
        of(&after, "hand") == of(&before, "hand") + 1,
        "exactly one card in a hand"
    );
    ensure!(of(&after, "hopper") + 2 == of(&before, "hopper"), "two blanks used");
    report.saw(
        Witness::Maker,
        "one card in a hand, one blank in the reject bin, none lost",
    );
    ensure!(reported(play, ZHAO).await?["outcome"] == "taken", "taken");
    Ok(())
}

/// An application that is not signed makes no card and costs nothing.
pub async fn unsigned(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let before = blanks(play).await?;
    ask(play, UNSIGNED).await?;
    play.kiosk.see("尚未签发").await?;
    play.keep_screen("making-unsigned").await?;
    play.kiosk.touch("完成").await?;
    play.kiosk.see("先选事项").await?;
    ensure!(blanks(play).await? == before, "nothing moved in the machine");
    report.saw(Witness::Screen, "尚未签发, and back on the first screen");
    Ok(())
}
