//! Paper that runs out.

use anyhow::ensure;
use serde_json::json;

use super::Play;
use crate::report::{Report, Witness};
use crate::watch::until;

/// The roll ends in the middle of a ticket; after the roll change exactly one ticket carries the number on the screen.
pub async fn runs_out(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let before = play.kiosk.jobs().await?.len();
    // 25 mm of paper left: enough to begin a ticket of 70 mm, not to end it.
    play.kiosk.printer(json!({"paper_dots": 200})).await?;
    play.kiosk.touch("先选事项").await?;
    super::citizens::choose(play, "民政卫健残联", "生育登记").await?;
    play.kiosk.touch("确认，去刷证").await?;
    let card = play.drawer.first().cloned().unwrap_or_default();
    let card = card.get("card").cloned().unwrap_or(card);
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.kiosk.lift().await?;
    let number = play.number_on_screen().await?;
    play.kiosk.see("打印中断").await?;
    play.keep_screen("paper-out").await?;
    report.saw(
        Witness::Screen,
        format!("{number}, and that the paper is being seen to"),
    );
    ensure!(
        play.kiosk.papers_with(&number).await?.is_empty(),
        "a complete ticket although the paper ended"
    );
    play.kiosk.printer(json!({"paper": "ok"})).await?;
    report.saw(Witness::Printer, "roll changed");
    let kiosk = &play.kiosk;
    let papers = until(
        format!("one complete ticket {number} after the roll change"),
        || async {
            let papers = kiosk.papers_with(&number).await?;
            Ok((!papers.is_empty()).then_some(papers))
        },
    );
    let papers = papers.await?;
    // Whatever the printer still had in its memory would come out within seconds.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let later = play.kiosk.papers_with(&number).await?;
    ensure!(
        papers.len() == 1 && later.len() == 1,
        "{} complete tickets carry {number}",
        later.len()
    );
    let jobs = play.kiosk.jobs().await?.len();
    report.saw(
        Witness::Printer,
        format!(
            "exactly one complete ticket {number}; {} pieces of paper",
            jobs - before
        ),
    );
    std::fs::write(
        play.out.join("ticket-reprinted.png"),
        play.kiosk.job_picture(later[0].0.id).await?,
    )?;
    play.keep_screen("paper-changed").await?;
    play.leave().await
}
