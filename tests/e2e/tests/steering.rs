//! The manager's page in a real browser against the real dispatcher: seeing the live hall, asking why, switching the
//! policy, trying a window; and a clerk who chooses a number, which the manager sees.

use anyhow::{Context as _, ensure};
use serde_json::json;
use tests_e2e::dispatcher::Dispatcher;
use tests_e2e::page::Page;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

async fn manager(hall: &Dispatcher) -> anyhow::Result<Page> {
    Page::open(&hall.staff_page("/manager"), 1600, 1000).await
}

/// A hall under way: two windows serve, five wait, nobody serves group 5.
async fn busy(hall: &Dispatcher) -> anyhow::Result<()> {
    hall.open("W01").await?;
    hall.open("W02").await?;
    for service in ["S101", "S101", "S101", "S101", "S501"] {
        hall.take(service).await?;
    }
    hall.post("/tickets", json!({"services": ["S101"], "class": "elderly"}))
        .await?;
    hall.next("W01").await?;
    Ok(())
}

#[tokio::test]
async fn the_manager_sees_the_live_hall_and_asks_why() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    busy(&hall).await?;
    let page = manager(&hall).await?;
    page.says("#policy", "综合均衡").await?;
    page.says("[data-window=W01]", "已叫").await?;
    page.says("[data-window=W02]", "空闲").await?;
    page.says("[data-group=G1]", "4").await?;
    page.says("#alerts", "没有窗口开放").await?;
    page.says("#clear", "人").await?;
    let first = page.words("#calls li:first-child strong").await?;

    let second = hall.next("W02").await?;
    page.says("#calls li:first-child", &second)
        .await
        .context("a call shows by itself")?;
    page.says("#calls li:first-child .why", "按“综合均衡”").await?;
    page.says("#longest", "已等").await?;

    page.press("y").await?;
    page.type_in(&format!("{first}\tA004{ENTER}")).await?;
    page.says("#answer", "先于A004").await?;
    page.picture("manager").await?;
    page.type_in(ESCAPE).await?;
    let overflow = page.run("return document.documentElement.scrollWidth").await?;
    ensure!(overflow == json!(1600), "the page is {overflow} px wide");
    page.close().await
}

#[tokio::test]
async fn the_manager_switches_the_policy_with_a_reason_by_keyboard() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    busy(&hall).await?;
    let page = manager(&hall).await?;
    page.says("#policy", "综合均衡").await?;
    page.press("p").await?;
    page.says("#picker-title", "综合均衡").await?;
    page.type_in(&format!("fifo{ENTER}")).await?;
    page.says("#reason-title", "先到先办").await?;
    page.type_in(ENTER).await?;
    page.says("#policy", "综合均衡")
        .await
        .context("without a reason nothing happens")?;
    page.type_in(&format!("下午人多{ENTER}")).await?;
    page.says("#message", "已改为").await?;
    page.says("#policy", "先到先办").await?;
    page.says("#policy-note", "下午人多").await?;
    page.says("#entries", "由“综合均衡”改为“先到先办”").await?;
    ensure!(
        hall.get("/policy").await?["now"]["name"] == "fifo",
        "only the page changed"
    );

    page.press("w").await?;
    page.says("#picker-title", "开放哪个窗口").await?;
    page.type_in(&format!("W03{ENTER}")).await?;
    page.says("#whatif", "现在开放W03").await?;
    page.says("#whatif", "平均还要等").await?;
    page.picture("manager-switched").await?;
    let windows = hall.get("/hall").await?["windows"].clone();
    ensure!(windows[2]["state"] == "closed", "trying opened the window");
    page.close().await
}

#[tokio::test]
async fn a_clerk_without_the_right_sees_no_way_to_choose() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    busy(&hall).await?;
    let page = Page::open(&hall.staff_page("/clerk?w=W02"), 1366, 768).await?;
    page.says("#window-state", "开放").await?;
    let buttons = page
        .run("return document.querySelectorAll('[data-action=pick]').length")
        .await?;
    ensure!(buttons == json!(0), "there is a button for choosing");
    page.press("x").await?;
    page.says("#message", "不能选号").await?;
    page.press(" ").await?;
    page.says("#why", "综合均衡").await?;
    page.close().await
}

#[tokio::test]
async fn a_chosen_number_needs_two_reasons_and_the_manager_sees_both() -> anyhow::Result<()> {
    let hall = Dispatcher::start_with_rules("pick_windows = [\"W02\"]").await?;
    busy(&hall).await?;
    let page = Page::open(&hall.staff_page("/clerk?w=W02"), 1366, 768).await?;
    page.says("#actions", "选号").await?;
    page.press("x").await?;
    page.says("#picker-title", "为什么要看").await?;
    page.type_in(&format!("papers{ENTER}")).await?;
    page.says("#picker-title", "叫哪个号").await?;
    page.says("#picker-list", "A004").await?;
    page.picture("clerk-choosing").await?;
    page.type_in(&format!("A004{ENTER}")).await?;
    page.says("#reason-title", "A004").await?;
    page.type_in(&format!("补材料回来{ENTER}")).await?;
    page.says("#number", "A004").await?;
    page.says("#message", "已记录").await?;
    page.picture("clerk-chosen").await?;
    page.close().await?;

    let page = manager(&hall).await?;
    page.says("#entries", "W02 指定呼叫 A004").await?;
    page.says("#entries", "补材料回来").await?;
    page.says("#entries", "W02 查看了等候名单").await?;
    page.says("#calls .picked", "由工作人员指定呼叫").await?;
    page.picture("manager-chosen").await?;
    page.close().await
}
