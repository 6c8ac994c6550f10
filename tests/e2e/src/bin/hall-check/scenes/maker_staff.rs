//! The maker jams under a card: the citizen is sent to a window with a slip, two people clear it at the staff page, and
//! the day's close balances.

use anyhow::ensure;
use serde_json::json;

use super::Play;
use super::maker::{ask, bench, blanks, go, of, reported, see_later};
use crate::report::{Report, Witness};
use crate::staff::Page;
use crate::watch::until;

/// A good record, and the two people of the demo.
const OUYANG: &str = "990100202600000003";
const BOTH: &str = "1001\tdemo-staff-1001\t1002\tdemo-staff-1002\n";
const ONE_TWICE: &str = "1001\tdemo-staff-1001\t1001\tdemo-staff-1001\n";

/// From the jam to the closed day.
pub async fn jam_and_close(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let before = blanks(play).await?;
    let papers = play.kiosk.jobs().await?.len();
    ask(play, OUYANG).await?;
    let page = bench(play).await?;
    page.click("[data-maker=jam]").await?;
    page.close().await;
    report.saw(Witness::Bench, "the press jams, by its button");
    go(play, report, false).await?;
    see_later(play, "制证未成功").await?;
    play.keep_screen("making-failed").await?;
    report.saw(Witness::Screen, "制证未成功, the fee goes back, to a window");
    let kiosk = &play.kiosk;
    let slip = until("a slip with the job's number", || async {
        let jobs = kiosk.jobs().await?;
        Ok(jobs.into_iter().skip(papers).find(|job| job.complete))
    });
    let slip = slip.await?;
    let picture = kiosk.bytes(&format!("printer/jobs/{}.png", slip.id)).await?;
    std::fs::write(play.out.join("slip-job.png"), picture)?;
    report.saw(Witness::Printer, "a slip with the job's number: slip-job.png");
    play.kiosk.touch("完成").await?;

    let page = Page::open(&play.driver, &play.hall.links.manager, 1600, 1000).await?;
    let outcome = worked(play, report, &page).await;
    if outcome.is_err() {
        let _ = page.picture(&play.out.join("failed-maker.png")).await;
    }
    page.close().await;
    outcome?;
    let after = blanks(play).await?;
    ensure!(
        of(&after, "staff") == of(&before, "staff") + 1,
        "staff has one blank more"
    );
    ensure!(of(&after, "hand") == of(&before, "hand"), "nobody has a card of it");
    let told = reported(play, OUYANG).await?;
    ensure!(told["outcome"] == "aborted", "the back end heard {}", told["outcome"]);
    play.kiosk.see("先选事项").await?;
    Ok(())
}

async fn worked(play: &Play, report: &mut Report, page: &Page) -> anyhow::Result<()> {
    page.click(".maker-link").await?;
    page.shows("the jam and what is to be done", |text| {
        text.contains("覆膜处卡住") && text.contains("60度以下")
    })
    .await?;
    page.picture(&play.out.join("maker-jammed.png")).await?;
    report.saw(Witness::Manager, "the jam, and what is to be done about it");

    play.kiosk.post("maker/clear-path", json!({})).await?;
    play.kiosk.delete("maker/fault").await?;
    page.click("[data-act=clear-fault]").await?;
    page.type_in(BOTH).await?;
    page.shows("the fault cleared, the job ended, idle", |text| {
        text.contains("已清除故障：覆膜处卡住") && text.contains("空闲")
    })
    .await?;

    // A hand count first, by two people; the machine's afterwards.
    let there = blanks(play).await?;
    let hopper = of(&there, "hopper");
    page.click("[data-act=close-day]").await?;
    page.type_in(&format!("{hopper}\t{ONE_TWICE}")).await?;
    page.shows("one person is not two", |text| text.contains("两位不同的工作人员"))
        .await?;
    page.click("[data-act=close-day]").await?;
    page.type_in(&format!("{}\t{BOTH}", hopper - 1)).await?;
    page.shows("a difference takes it out of service", |text| {
        text.contains("相差 -1") && text.contains("停用：日结有差额")
    })
    .await?;
    page.picture(&play.out.join("maker-difference.png")).await?;
    page.click("[data-act=explain]").await?;
    page.type_in(&format!("数错一张，重新清点\t{BOTH}")).await?;
    page.shows("in service again", |text| {
        text.contains("已登记说明") && text.contains("空闲")
    })
    .await?;
    page.click("[data-act=close-day]").await?;
    page.type_in(&format!("{hopper}\t{BOTH}")).await?;
    // The day before was closed with one too few: counted right, it is one too many.
    page.shows("counted again", |text| text.contains("相差 1")).await?;
    page.click("[data-act=explain]").await?;
    page.type_in(&format!("上一次少数了一张\t{BOTH}")).await?;
    page.shows("explained", |text| text.contains("空闲")).await?;
    page.click("[data-act=close-day]").await?;
    page.type_in(&format!("{hopper}\t{BOTH}")).await?;
    page.shows("the day balances", |text| text.contains("相差 0")).await?;
    let rejected = of(&there, "reject_bin");
    page.click("[data-act=empty-reject]").await?;
    page.type_in(&format!("{rejected}\t{BOTH}")).await?;
    page.shows("the hand count agrees with the machine's", |text| text.contains("一致"))
        .await?;
    page.picture(&play.out.join("maker-closed.png")).await?;
    report.saw(
        Witness::Manager,
        format!("jam cleared by two people, {hopper} blanks counted, the day closed with a difference of 0"),
    );
    Ok(())
}
