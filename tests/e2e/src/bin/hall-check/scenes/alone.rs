//! The network goes, a number is taken, the network comes back, and the same number is called.

use anyhow::ensure;
use serde_json::json;

use super::citizens::choose;
use super::{Play, token_in};
use crate::report::{Report, Witness};
use crate::watch::until;

/// The cable to the dispatcher is pulled; a citizen takes a number all the same, and it counts when the cable is back.
pub async fn lan_out(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    play.kiosk.lan(json!({"line": "silent"})).await?;
    // Two catalogues in a row have to stay away, each for as long as a call may take.
    if play.kiosk.see("网络中断").await.is_err() {
        play.kiosk.see("网络中断").await?;
    }
    play.keep_screen("offline-attract").await?;
    report.saw(
        Witness::Screen,
        "says that the network is out and that numbers can still be had",
    );

    play.kiosk.touch("先选事项").await?;
    choose(play, "出入境交管", "普通护照申领").await?;
    play.keep_screen("offline-confirm").await?;
    play.kiosk.touch("确认，去刷证").await?;
    let card = play.person("吴光", |entry| entry["name"] == "吴光")?;
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.kiosk.lift().await?;
    let number = play.number_on_screen().await?;
    play.kiosk.see("离线取号").await?;
    play.keep_screen("offline-ticket").await?;
    report.saw(Witness::Screen, format!("{number}, marked 离线取号"));
    let kiosk = &play.kiosk;
    let papers = until(format!("one complete ticket {number}"), || async {
        let papers = kiosk.papers_with(&number).await?;
        Ok((!papers.is_empty()).then_some(papers))
    });
    let papers = papers.await?;
    // 离线取号 in GB 18030.
    let mark = [0xC0, 0xEB, 0xCF, 0xDF, 0xC8, 0xA1, 0xBA, 0xC5];
    ensure!(
        crate::kiosk::contains(&papers[0].1, &mark),
        "the slip is not marked 离线取号"
    );
    std::fs::write(
        play.out.join("ticket-offline.png"),
        play.kiosk.job_picture(papers[0].0.id).await?,
    )?;
    report.saw(
        Witness::Printer,
        format!("one complete ticket {number}, marked 离线取号"),
    );
    let token = token_in(&papers[0].1).ok_or_else(|| anyhow::anyhow!("no lookup token on the slip"))?;
    let view = play.dispatcher.lookup(&token).await?;
    ensure!(view["state"] == "offline", "the lookup says {}", view["state"]);
    report.saw(Witness::Lookup, format!("{number} is known as taken offline"));
    play.leave().await?;

    play.kiosk.lan(json!({"line": "plugged"})).await?;
    play.dispatcher.lookup_is(&token, "waiting").await?;
    report.saw(Witness::Lookup, format!("{number} waits, now that the network is back"));
    play.dispatcher.call_until("P01", &number).await?;
    play.board
        .shows(&format!("{number} on the board"), |text| text.contains(&number))
        .await?;
    report.saw(Witness::Board, format!("{number} is called"));
    play.kiosk.see_not("网络中断").await
}
