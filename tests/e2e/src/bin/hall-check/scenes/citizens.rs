//! Citizens at the kiosk.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Held, Play};
use crate::kiosk::contains;
use crate::report::{Report, Witness};
use crate::watch::until;

/// Group and service that most scenes choose.
pub const GROUP: &str = "社保医保";

fn kind(entry: &Value, wanted: &str) -> bool {
    entry["kind"] == wanted || entry["type"] == wanted || entry["card"]["type"] == wanted
}

fn name_of(entry: &Value) -> &str {
    entry["name"]
        .as_str()
        .or_else(|| entry["card"]["name"].as_str())
        .unwrap_or_default()
}

fn birth_of(entry: &Value) -> i64 {
    let birth = entry["birth"]
        .as_str()
        .or_else(|| entry["card"]["birth"].as_str())
        .unwrap_or("99999999");
    birth.parse().unwrap_or(99_999_999)
}

/// An adult below sixty with a plain resident card.
fn is_plain_adult(entry: &Value) -> bool {
    kind(entry, "resident_id")
        && (19_700_101..20_050_101).contains(&birth_of(entry))
        && !name_of(entry).contains(['䶮', '𬱖'])
}

/// What most scenes choose from [`GROUP`].
pub const SERVICE: &str = "异地就医备案";

/// Opens the group, chooses the service and goes to the confirmation.
pub async fn choose(play: &Play, group: &str, service: &str) -> anyhow::Result<()> {
    play.kiosk.touch(group).await?;
    play.kiosk.touch(service).await?;
    play.kiosk.see("请核对").await.map(|_| ())
}

/// Takes the card away when the screen asks, as it must before anything is printed.
async fn take_card_back(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    play.kiosk.see("请取走").await?;
    report.saw(Witness::Screen, "asks to take the card back");
    play.kiosk.lift().await
}

/// Choose first: matter, confirmation, card, number.
pub async fn resident_choose_first(play: &mut Play, report: &mut Report) -> anyhow::Result<Held> {
    play.kiosk.see("先选事项").await?;
    play.keep_screen("attract").await?;
    play.kiosk.touch("先选事项").await?;
    play.kiosk.see(GROUP).await?;
    play.keep_screen("groups").await?;
    choose(play, GROUP, SERVICE).await?;
    play.keep_screen("confirm").await?;
    report.saw(
        Witness::Screen,
        format!("「{SERVICE}」 before confirming: {}", waiting_line(play).await),
    );
    play.kiosk.touch("确认，去刷证").await?;
    play.kiosk.see("请放身份证").await?;
    play.keep_screen("present-card").await?;
    let card = play.person("an adult with a resident card", is_plain_adult)?;
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.keep_screen("take-card").await?;
    take_card_back(play, report).await?;
    let held = play.number_in_hand(report, "ticket").await?;
    figures(play, report).await?;
    play.leave().await?;
    Ok(held)
}

/// Tap to last printed byte, split by the emulators' own clocks.
async fn figures(play: &Play, report: &mut Report) -> anyhow::Result<()> {
    let reader = play.kiosk.device("id-reader").await?;
    let (laid, read) = (reader["card_laid_ms"].as_i64(), reader["last_read_reply_ms"].as_i64());
    if let (Some(laid), Some(read), Some(job)) = (laid, read, play.kiosk.jobs().await?.last()) {
        report.figure("tap_to_read_ms", (read - laid).into());
        report.figure("read_to_first_printed_byte_ms", (job.first_byte_ms - read).into());
        report.figure(
            "first_to_last_printed_byte_ms",
            (job.last_byte_ms - job.first_byte_ms).into(),
        );
    }
    Ok(())
}

async fn waiting_line(play: &Play) -> String {
    let tree = play.kiosk.tree().await.unwrap_or_default();
    let line: Vec<String> = tree
        .into_iter()
        .map(|e| e.label)
        .filter(|l| l.contains("等候") || l.contains("分钟"))
        .collect();
    line.join(", ")
}

/// The same person again: refused kindly, shown the open ticket.
pub async fn same_person_again(play: &mut Play, report: &mut Report, first: &Held) -> anyhow::Result<()> {
    play.kiosk.touch("先选事项").await?;
    choose(play, GROUP, SERVICE).await?;
    play.kiosk.touch("确认，去刷证").await?;
    let card = play.person("an adult with a resident card", is_plain_adult)?;
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.kiosk.lift().await?;
    play.kiosk.see(&first.number).await?;
    ensure!(
        play.kiosk.has_button("补打号票").await?,
        "no way to print the open ticket again"
    );
    play.keep_screen("already-holds").await?;
    report.saw(Witness::Screen, format!("shows the open ticket {} again", first.number));
    let papers = play.kiosk.papers_with(&first.number).await?;
    ensure!(papers.len() == 1, "{} papers carry {}", papers.len(), first.number);
    report.saw(Witness::Printer, "printed nothing more");
    play.kiosk.touch("知道了，继续等").await?;
    play.kiosk.see("先选事项").await.map(|_| ())
}

/// Whoever missed the call lays the card down again: the same number, once, at third place, and a slip that says so.
pub async fn missed_comes_back(play: &mut Play, report: &mut Report, first: &Held) -> anyhow::Result<()> {
    play.kiosk.see("先选事项").await?;
    let card = play.person("an adult with a resident card", is_plain_adult)?;
    play.kiosk.lay(&card).await?;
    take_card_back(play, report).await?;
    play.kiosk.see("过号已恢复排队").await?;
    play.kiosk.see(&first.number).await?;
    play.keep_screen("missed-comes-back").await?;
    report.saw(Witness::Screen, format!("{} is back without a touch", first.number));
    let view = play.dispatcher.lookup_is(&first.token, "waiting").await?;
    let ahead = view["people_ahead"].as_u64().context("no place")?;
    ensure!(ahead <= 2, "{ahead} people before the third place");
    report.saw(Witness::Lookup, format!("{} waits again, {ahead} ahead", first.number));
    let kiosk = &play.kiosk;
    until("a slip for the return", || async {
        let papers = kiosk.papers_with(&first.number).await?;
        Ok((papers.len() == 2).then_some(()))
    })
    .await?;
    report.saw(Witness::Printer, format!("a slip for the return of {}", first.number));
    play.leave().await
}

/// Tap first: card, catalogue with a greeting, confirmation, number.
async fn tap_first(play: &mut Play, report: &mut Report, card: &Value, picture: &str) -> anyhow::Result<Held> {
    play.kiosk.see("先选事项").await?;
    play.kiosk.lay(card).await?;
    take_card_back(play, report).await?;
    play.kiosk.see(GROUP).await?;
    choose(play, GROUP, SERVICE).await?;
    play.kiosk.touch("确认取号").await?;
    play.number_in_hand(report, picture).await
}

/// A permit of a resident of Hong Kong, Macao or Taiwan.
pub async fn hmt_tap_first(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let card = play.person("with an HMT permit", |p| kind(p, "hmt_permit"))?;
    tap_first(play, report, &card, "ticket-hmt").await?;
    play.leave().await
}

/// A foreigner's permanent residence card.
pub async fn foreigner(play: &mut Play, report: &mut Report, layout: &str) -> anyhow::Result<()> {
    let card = play.person(layout, |p| kind(p, layout))?;
    tap_first(play, report, &card, &format!("ticket-{}", layout.replace('_', "-"))).await?;
    play.leave().await
}

/// A passport by its machine-readable zone, after a code that this kiosk must not read.
pub async fn passport(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    play.kiosk.see("先选事项").await?;
    play.kiosk
        .scan("code", &json!({ "text": "made-up-electronic-identity" }))
        .await?;
    let said = play.kiosk.see("请到服务台").await?;
    report.saw(Witness::Screen, format!("an electronic identity code: {said}"));
    play.keep_screen("code-refused").await?;
    let person = json!({
        "issuer": "UTO", "surname": "SPECIMEN", "given": "ANNA MARIA", "number": "X1234567",
        "birth": "840229", "sex": "F", "expiry": "310101",
    });
    play.kiosk.scan("passport", &person).await?;
    play.kiosk.see(GROUP).await?;
    choose(play, GROUP, SERVICE).await?;
    play.kiosk.touch("确认取号").await?;
    let held = play.number_in_hand(report, "ticket-passport").await?;
    let papers = play.kiosk.papers_with(&held.number).await?;
    let (_, bytes) = papers.first().context("no paper with the number")?;
    ensure!(
        contains(bytes, b"S*****************A"),
        "the masked name of the passport is not on the paper"
    );
    ensure!(!contains(bytes, b"SPECIMEN"), "the whole name is on the paper");
    report.saw(
        Witness::Printer,
        format!("{} for a passport, its name masked", held.number),
    );
    play.leave().await?;
    // The same passport again: the person is known by issuer and number. Within three seconds it would only still lie
    // there, for the scanner repeats what lies on its glass.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    play.kiosk.scan("passport", &person).await?;
    play.kiosk.see(GROUP).await?;
    choose(play, GROUP, SERVICE).await?;
    play.kiosk.touch("确认取号").await?;
    play.kiosk.see(&held.number).await?;
    report.saw(
        Witness::Screen,
        format!("the same passport again: {} is shown", held.number),
    );
    play.kiosk.touch("知道了，继续等").await?;
    play.kiosk.see("先选事项").await.map(|_| ())
}

/// An elder gets large type and is offered priority.
pub async fn elder(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let card = play.person("over seventy", |p| kind(p, "resident_id") && birth_of(p) < 19_550_101)?;
    play.kiosk.touch("先选事项").await?;
    play.kiosk.see(GROUP).await?;
    let before = button_height(play, "取消").await?;
    play.kiosk.touch("取消").await?;
    play.kiosk.see("先选事项").await?;
    play.kiosk.lay(&card).await?;
    take_card_back(play, report).await?;
    play.kiosk.see("您可以优先办理").await?;
    play.keep_screen("priority-offer").await?;
    report.saw(Witness::Screen, "priority offered");
    play.kiosk.touch("好的，优先取号").await?;
    play.kiosk.see(GROUP).await?;
    let large = button_height(play, "取消").await?;
    play.keep_screen("elder-groups").await?;
    choose(play, GROUP, SERVICE).await?;
    play.kiosk.touch("确认取号").await?;
    let held = play.number_in_hand(report, "ticket-elder").await?;
    ensure!(
        large > before,
        "the elder's 取消 is {large:.0} px high, everybody's is {before:.0}"
    );
    report.saw(
        Witness::Screen,
        format!("large type: 取消 is {large:.0} px high, {before:.0} for everybody else"),
    );
    let hall = play.dispatcher.lookup(&held.token).await?;
    ensure!(hall["state"] == "waiting", "the elder's ticket is {}", hall["state"]);
    play.leave().await
}

async fn button_height(play: &Play, label: &str) -> anyhow::Result<f64> {
    let tree = play.kiosk.tree().await?;
    let button = tree.iter().find(|e| e.role == "button" && e.label == label);
    Ok(button.with_context(|| format!("no button 「{label}」"))?.height)
}

/// A name with a character that many systems refuse.
pub async fn rare_name(play: &mut Play, report: &mut Report, rare: char) -> anyhow::Result<()> {
    let card = play.person("with that rare name", |p| name_of(p).contains(rare))?;
    let held = tap_first(play, report, &card, &format!("ticket-rare-{:x}", rare as u32)).await?;
    report.saw(
        Witness::Printer,
        format!(
            "{} printed for a holder with U+{:X} in the name",
            held.number, rare as u32
        ),
    );
    play.leave().await
}

/// The masked name keeps its last character: 孙小𬱖 stands on paper as 孙*𬱖, drawn, because no printer has that character.
pub async fn rare_on_paper(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let card = play.person("whose name ends in 𬱖", |p| name_of(p) == "孙小𬱖")?;
    let held = tap_first(play, report, &card, "ticket-rare-on-paper").await?;
    let papers = play.kiosk.papers_with(&held.number).await?;
    let (job, bytes) = &papers[0];
    // U+2CC56 is 99 33 C3 36 in GB 18030; a printer without it would print the 33 and 36 as the digits 3 and 6.
    ensure!(
        !crate::kiosk::contains(bytes, &[0x99, 0x33, 0xC3, 0x36]),
        "the four-byte code was sent to the printer"
    );
    let defined = crate::kiosk::contains(bytes, &[0x1C, 0x32]) || crate::kiosk::contains(bytes, &[0x1B, 0x2A, 0x21]);
    ensure!(
        defined || crate::kiosk::contains(bytes, &[0x1D, 0x76, 0x30]),
        "the character was not drawn"
    );
    std::fs::write(play.out.join("ticket-rare.png"), play.kiosk.job_picture(job.id).await?)?;
    report.saw(Witness::Printer, format!("{} carries the drawn character", held.number));
    play.leave().await
}

/// Search by pinyin initials finds a service; the guidance button leads to a number; cancel ends anywhere.
pub async fn search_guidance_cancel(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    play.kiosk.touch("先选事项").await?;
    play.kiosk.touch("搜索事项").await?;
    for letter in ["S", "H", "B", "Z"] {
        play.kiosk.touch(letter).await?;
    }
    play.kiosk.see("社会保障卡").await?;
    play.keep_screen("search").await?;
    report.saw(Witness::Screen, "SHBZ finds 社会保障卡…");
    play.kiosk.touch("取消").await?;
    play.kiosk.see("先选事项").await?;
    report.saw(Witness::Screen, "cancelled from the search, back on the first screen");
    play.kiosk.touch("先选事项").await?;
    play.kiosk.touch("不知道选哪个").await?;
    play.kiosk.see("导办").await?;
    report.saw(Witness::Screen, "guidance offered");
    play.kiosk.touch("取消").await?;
    play.kiosk.see("先选事项").await.map(|_| ())
}
