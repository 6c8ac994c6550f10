//! A window, the board and the phone.

use anyhow::ensure;

use super::{Held, Play};
use crate::report::{Report, Witness};
use crate::staff::Page;

/// Clerks sit down.
pub async fn windows_open(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    for window in ["W01", "W02", "P01"] {
        play.dispatcher.open(window).await?;
    }
    play.board
        .shows("window 1 open on the board", |text| text.contains("1号"))
        .await?;
    report.saw(Witness::Board, "windows on the board");
    Ok(())
}

/// Calls, recalls, marks a no-show, calls the next, starts, finishes, all on the clerk's keyboard; board, phone, lookup
/// and the kiosk's strip follow.
pub async fn a_morning(play: &mut Play, report: &mut Report, first: &Held) -> anyhow::Result<()> {
    let phone = Page::open(&play.driver, &play.dispatcher.phone_page(&first.token), 390, 844).await?;
    let console = Page::open(&play.driver, &play.hall.links.clerk, 1280, 800).await?;
    let outcome = follow(play, report, first, &phone, &console).await;
    if outcome.is_err() {
        let _ = phone.picture(&play.out.join("failed-phone.png")).await;
        let _ = console.picture(&play.out.join("failed-console.png")).await;
    }
    phone.close().await;
    console.close().await;
    outcome
}

async fn follow(
    play: &mut Play,
    report: &mut Report,
    first: &Held,
    phone: &Page,
    console: &Page,
) -> anyhow::Result<()> {
    let number = first.number.as_str();
    phone
        .shows("waiting on the phone", |text| text.contains(number))
        .await?;
    phone.picture(&play.out.join("phone-waiting.png")).await?;
    report.saw(Witness::Phone, format!("{number} waits"));

    console
        .shows("the console ready", |text| text.contains("下一位"))
        .await?;
    let called = next_on_keyboard(play, console, "").await?;
    report.saw(Witness::Console, format!("one key called {called}"));
    console.picture(&play.out.join("console.png")).await?;
    play.board
        .shows("the call on the board", |text| text.contains(&called))
        .await?;
    report.saw(Witness::Board, format!("{called} called to window 1"));
    play.board.picture(&play.out.join("board.png")).await?;
    play.kiosk.see(&called).await?;
    report.saw(Witness::Screen, format!("the strip shows {called}"));

    console.keys("r").await?;
    play.board
        .shows("the recall on the board", |text| {
            text.contains("第2次") || text.contains("再次")
        })
        .await?;
    report.saw(Witness::Board, format!("{called} called again"));

    // The first person of this check never comes to the window: whoever is called first may be an elder with priority,
    // so the morning goes on until the ticket whose phone page is open has been called.
    let mut holder = called;
    for _ in 0..12 {
        if holder == number {
            break;
        }
        console.keys("s").await?;
        console.shows("service begun", |text| text.contains("办理中")).await?;
        console.keys("f").await?;
        console.shows("finished", |text| !text.contains("办理中")).await?;
        report.saw(Witness::Console, format!("{holder} started and finished"));
        holder = next_on_keyboard(play, console, &holder).await?;
    }
    ensure!(holder == number, "{number} was never called");
    play.dispatcher.lookup_is(&first.token, "called").await?;
    report.saw(Witness::Lookup, format!("{number} is called"));
    phone
        .shows("the call on the phone", |text| {
            text.contains("请到") || text.contains("1号")
        })
        .await?;
    phone.picture(&play.out.join("phone-called.png")).await?;
    report.saw(Witness::Phone, "says which window");

    // Marked too early, the console says how long the person still has, and counts down.
    console.keys("n").await?;
    console
        .shows("the time that the called person has", |text| {
            text.contains("秒后才能记过号")
        })
        .await?;
    console.picture(&play.out.join("console-called.png")).await?;
    play.dispatcher.lookup_is(&first.token, "called").await?;
    console.keys("r").await?;
    console
        .shows("the end of that time", |text| {
            text.contains("过号") && !text.contains("秒后）")
        })
        .await?;
    console.keys("n").await?;
    play.dispatcher.lookup_is(&first.token, "no-show").await?;
    phone
        .shows("the missed call on the phone", |text| text.contains("过号"))
        .await?;
    phone.picture(&play.out.join("phone-missed.png")).await?;
    report.saw(Witness::Phone, "says that the call was missed and what to do");

    let last = next_on_keyboard(play, console, number).await?;
    ensure!(last != number, "the missed number was called again at once");
    console.keys("s").await?;
    console.shows("service begun", |text| text.contains("办理中")).await?;
    play.board
        .shows("the last call on the board", |text| text.contains(&last))
        .await?;
    play.board.picture(&play.out.join("board.png")).await?;
    console.keys("f").await?;
    console.shows("finished", |text| !text.contains("办理中")).await?;
    report.saw(Witness::Console, format!("{last} started and finished"));
    Ok(())
}

/// Presses the one key for "next" and reads off the board's stream (not the console's own word) who was called.
async fn next_on_keyboard(play: &Play, console: &Page, before: &str) -> anyhow::Result<String> {
    console.keys(" ").await?;
    let called = crate::watch::until("a new call in the hall's snapshot", || async {
        let hall = play.dispatcher.get("/hall").await?;
        let windows = hall["windows"].as_array().cloned().unwrap_or_default();
        let window = windows.into_iter().find(|window| window["id"] == "W01");
        let number = window.and_then(|window| window["number"].as_str().map(str::to_string));
        Ok(number.filter(|number| number != before))
    });
    let called = called.await?;
    console
        .shows("the call on the console", |text| text.contains(&called))
        .await?;
    Ok(called)
}
