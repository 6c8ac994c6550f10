//! An appointment, and the hall manager: a booked citizen checks in at the kiosk, the manager lets classes go first and
//! asks why, and the citizen is called before an ordinary number.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use super::Play;
use crate::report::{Report, Witness};
use crate::staff::Page;

/// What is booked.
const SERVICE: &str = "异地就医备案";
/// Who comes: nobody else in the check is this person.
const WHO: &str = "黄志远";

/// Check-in, a policy switched with a reason, the call, and why it was this number.
pub async fn with_the_manager(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let card = play.person(WHO, |entry| entry["name"] == WHO)?;
    let service = service_id(play).await?;
    let slot = book(play, &service, &card).await?;
    let number = check_in(play, report, &slot).await?;

    let ordinary = play.dispatcher.take(&service).await?;
    let ordinary = ordinary["number"]
        .as_str()
        .context("no number was given out")?
        .to_string();
    let manager = Page::open(&play.driver, &play.hall.links.manager, 1600, 1000).await?;
    let outcome = steered(play, report, &manager, &number, &ordinary).await;
    if outcome.is_err() {
        let _ = manager.picture(&play.out.join("failed-manager.png")).await;
    }
    manager.close().await;
    outcome
}

async fn service_id(play: &Play) -> anyhow::Result<String> {
    let catalogue = play.dispatcher.get("/services").await?;
    let found = find(&catalogue, SERVICE);
    found.with_context(|| format!("no service is called {SERVICE}"))
}

/// The id of the object whose name is `name`, wherever it stands.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Array(all) => all.iter().find_map(|one| find(one, name)),
        Value::Object(fields) => {
            let named = fields
                .get("name")
                .is_some_and(|n| n == name || n["zh-Hans"] == name || n["zh_hans"] == name);
            match fields.get("id").and_then(Value::as_str) {
                Some(id) if named => Some(id.to_string()),
                _ => fields.values().find_map(|one| find(one, name)),
            }
        }
        _ => None,
    }
}

/// The hall's local time.
async fn local(format: &str) -> anyhow::Result<String> {
    let mut date = Command::new("date");
    let date = date.env("TZ", "Asia/Shanghai").arg(format).output().await?;
    Ok(String::from_utf8(date.stdout)?.trim().to_string())
}

/// The demo hall is open around the clock, and its last slot of a day begins at half past eleven at night: whoever
/// comes later has nothing to book, as it should be. A minute is left for the booking itself.
pub async fn is_too_late() -> anyhow::Result<bool> {
    Ok(local("+%H:%M").await?.as_str() >= "23:29")
}

/// Books the next slot of today that has a place, as WeChat would.
async fn book(play: &Play, service: &str, card: &Value) -> anyhow::Result<String> {
    let day = local("+%F").await?;
    let path = format!("/bookings/slots?service={service}&day={day}");
    let found = play.dispatcher.get(&path).await?;
    let free = |slot: &&Value| slot["free"].as_u64().unwrap_or(0) > 0;
    let slot = found["slots"].as_array().and_then(|slots| slots.iter().find(free));
    let slot = slot
        .and_then(|slot| slot["from"].as_str())
        .context("no slot of today is free")?;
    let holder = json!({
        "document": "resident_id", "number": card["number"], "name": card["name"], "birth": card["birth"],
    });
    let booking = json!({"service": service, "day": day, "slot": slot, "holder": holder});
    play.dispatcher.book(booking).await?;
    Ok(slot.to_string())
}

/// Card first; the screen knows the appointment.
async fn check_in(play: &mut Play, report: &mut Report, slot: &str) -> anyhow::Result<String> {
    let card = play.person(WHO, |entry| entry["name"] == WHO)?;
    play.kiosk.lay(&card).await?;
    play.kiosk.see("请取走").await?;
    play.kiosk.lift().await?;
    play.kiosk.see("您今天有预约").await?;
    play.kiosk.see(slot).await?;
    play.keep_screen("check-in").await?;
    report.saw(Witness::Screen, format!("knows the appointment at {slot}"));
    play.kiosk.touch("报到取号").await?;
    let held = play.number_in_hand(report, "ticket-appointment").await?;
    play.leave().await?;
    Ok(held.number)
}

async fn steered(play: &Play, report: &mut Report, manager: &Page, number: &str, ordinary: &str) -> anyhow::Result<()> {
    manager.shows("the policy", |text| text.contains("综合均衡")).await?;
    manager.keys("p").await?;
    manager
        .shows("the policies", |text| text.contains("优先类别在前"))
        .await?;
    manager.type_in("priority\u{e007}").await?;
    manager
        .shows("the question for a reason", |text| text.contains("写明原因"))
        .await?;
    manager.type_in("预约的人多\u{e007}").await?;
    manager.shows("the new policy", |text| text.contains("已改为")).await?;
    let policy = play.dispatcher.get("/policy").await?;
    ensure!(policy["now"]["name"] == "priority", "only the page changed: {policy}");
    report.saw(Witness::Manager, "switched the policy, with a reason");

    let next = json!({"finish_current": true});
    let called = play.dispatcher.post("/windows/W01/next", next).await?;
    ensure!(
        called["ticket"]["number"] == number,
        "{} was called before {number}",
        called["ticket"]["number"]
    );
    play.board
        .shows("the call on the board", |text| text.contains(number))
        .await?;
    report.saw(Witness::Board, format!("{number}, who had booked, is called first"));
    manager.shows("the call", |text| text.contains(number)).await?;
    manager.keys("y").await?;
    manager.type_in(&format!("{number}\t{ordinary}\u{e007}")).await?;
    let answer = format!("先于{ordinary}");
    manager.shows("why", |text| text.contains(&answer)).await?;
    manager.picture(&play.out.join("manager.png")).await?;
    report.saw(Witness::Manager, format!("is told why {number} went before {ordinary}"));
    Ok(())
}
