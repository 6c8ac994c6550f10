//! Board, console and phone in a real browser against the real dispatcher: what people at the hall see and do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, built};
use tests_e2e::dispatcher::Dispatcher;
use tests_e2e::page::{PATIENCE, Page};

/// Services of the shipped hall whose group the comprehensive windows serve.
const SERVICE: &str = "S101";

async fn board(hall: &Dispatcher) -> anyhow::Result<Page> {
    Page::open(&hall.staff_page("/board"), 1920, 1080).await
}

async fn console(hall: &Dispatcher, window: &str) -> anyhow::Result<Page> {
    Page::open(&hall.staff_page(&format!("/clerk?w={window}")), 1366, 768).await
}

async fn phone(hall: &Dispatcher, token: &str) -> anyhow::Result<Page> {
    let page = Page::open(&hall.phone_page(token), 390, 844).await?;
    page.run("document.querySelector('[data-lang=zh-Hans]').click()")
        .await?;
    Ok(page)
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

async fn ticket_is(hall: &Dispatcher, ticket: &Value, state: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    let path = format!("/tickets/{}", text(ticket, "id"));
    loop {
        let now = text(&hall.get(&path).await?, "state");
        if now == state {
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "{} is {now}, not {state}",
            text(ticket, "number")
        );
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[tokio::test]
async fn a_call_is_on_the_board_within_two_seconds() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    for window in ["W01", "W02", "W03", "W04", "P01"] {
        hall.open(window).await?;
    }
    for service in ["S101", "S201", "S301", "S401", "S101", "S201", "S301", "S501", "S601"] {
        hall.take(service).await?;
    }
    let page = board(&hall).await?;
    page.says("#hall-name", "政务服务中心").await?;
    page.shows("#next-up", |words| words.lines().count() >= 5).await?;

    let mut called = Vec::new();
    for window in ["W01", "W02", "W03", "W04", "W01"] {
        let asked = Instant::now();
        let number = hall.next(window).await?;
        page.says("#calls li:first-child .number", &number).await?;
        ensure!(
            asked.elapsed() < Duration::from_secs(2),
            "{number} took {:?}",
            asked.elapsed()
        );
        page.says(&format!("[data-window={window}] .number"), &number).await?;
        called.push(number);
    }
    let kept = page
        .run("return [...document.querySelectorAll('#calls li')].map(e => e.dataset.number)")
        .await?;
    called.reverse();
    ensure!(
        kept == json!(called[..4]),
        "the board keeps {kept}, called were {called:?}"
    );

    let recalled = hall.get("/windows/W02").await?["current"].clone();
    hall.post(&format!("/tickets/{}/recall", text(&recalled, "id")), json!({}))
        .await?;
    page.says("#calls li:first-child .number", &text(&recalled, "number"))
        .await?;
    page.says("#calls li:first-child .again", "第2次呼叫").await?;
    let overflow = page
        .run("return [document.body.scrollWidth, document.body.scrollHeight]")
        .await?;
    ensure!(
        overflow == json!([1920, 1080]),
        "the board spills over its panel: {overflow}"
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    page.picture("board").await?;
    page.close().await
}

#[tokio::test]
async fn the_board_keeps_its_last_state_and_says_how_old_it_is() -> anyhow::Result<()> {
    let mut hall = Dispatcher::start().await?;
    hall.open("W01").await?;
    hall.take(SERVICE).await?;
    hall.take(SERVICE).await?;
    let first = hall.next("W01").await?;
    let page = board(&hall).await?;
    page.says("#calls", &first).await?;
    ensure!(page.words("#stale").await?.is_empty(), "stale although the line is up");

    hall.kill().await;
    let notice = page.shows("#stale", |words| words.contains("已中断")).await?;
    ensure!(notice.contains("数据更新于"), "{notice}");
    page.says("#calls", &first).await?;
    page.picture("board-stale").await?;

    hall.start_again().await?;
    page.shows("#stale", str::is_empty).await.context("the line is back")?;
    let second = hall.next("W01").await?;
    page.says("#calls li:first-child .number", &second).await?;
    page.says("#calls", &first).await?;
    page.close().await
}

#[tokio::test]
async fn a_clerk_needs_the_keyboard_alone() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    hall.open("W02").await?;
    hall.open("P01").await?;
    let mut tickets = Vec::new();
    for _ in 0..5 {
        tickets.push(hall.take(SERVICE).await?);
    }
    let number = |i: usize| text(&tickets[i], "number");
    let page = console(&hall, "W01").await?;
    page.says("#current-title", "未开放").await?;
    page.press(" ").await?;
    page.says("#message", "按 P 开窗").await?;
    page.press("p").await?;
    page.says("#window-state", "开放").await?;
    page.says("#waiting", "5").await?;

    page.press(" ").await?;
    page.says("#number", &number(0)).await?;
    ticket_is(&hall, &tickets[0], "called").await?;
    page.says("#facts", "社").await?;
    page.picture("clerk-called").await?;
    page.press("r").await?;
    page.says("#facts", "2 次").await?;
    page.press("s").await?;
    page.says("#current-title", "办理中").await?;
    page.picture("clerk-serving").await?;
    page.press("f").await?;
    page.says("#current-title", "等待叫号").await?;
    ticket_is(&hall, &tickets[0], "finished").await?;

    page.press("\u{e007}").await?; // Enter
    page.says("#number", &number(1)).await?;
    // A person is waited for before the number is missed; the console says how long.
    page.press("n").await?;
    page.says("#message", "秒后才能记过号").await?;
    press_until(&page, "n", "#missed", &number(1)).await?;
    ticket_is(&hall, &tickets[1], "no-show").await?;

    page.press("\u{e032}").await?; // F2
    page.says("#number", &number(2)).await?;
    page.press("h").await?;
    page.says("#held", &number(2)).await?;
    ticket_is(&hall, &tickets[2], "held").await?;

    page.press(" ").await?;
    page.says("#number", &number(3)).await?;
    page.press("t").await?;
    page.says("#picker-title", &number(3)).await?;
    let offered = page.words("#picker-list").await?;
    ensure!(offered.contains("2号综合窗口"), "no window that can do it: {offered}");
    ensure!(
        !offered.contains("公安1号窗口"),
        "a window that cannot do it: {offered}"
    );
    page.type_in("w02").await?;
    page.shows("#picker-list", |words| {
        words.lines().count() <= 2 && words.contains('2')
    })
    .await?;
    page.picture("clerk-transfer").await?;
    page.type_in("\u{e007}").await?;
    page.says("#current-title", "等待叫号").await?;
    ticket_is(&hall, &tickets[3], "waiting").await?;
    ensure!(
        hall.next("W02").await? == number(3),
        "the transferred number is not next at W02"
    );

    page.press("u").await?;
    ticket_is(&hall, &tickets[2], "waiting").await?;
    page.shows("#held", str::is_empty).await?;
    page.press(" ").await?;
    page.says("#number", &number(2)).await?;
    page.press("q").await?;
    ticket_is(&hall, &tickets[2], "waiting").await?;

    page.says("#current-title", "等待叫号").await?;
    page.press("p").await?;
    page.says("#picker-title", "原因").await?;
    page.type_in("\u{e007}").await?;
    page.says("#window-state", "暂停").await?;
    page.press("p").await?;
    page.says("#window-state", "开放").await?;
    page.close().await
}

/// Presses a key now and then until the page says what it leads to.
async fn press_until(page: &Page, key: &str, css: &str, text: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    while !page.words(css).await?.contains(text) {
        ensure!(began.elapsed() < PATIENCE, "{css} does not say {text:?} after {key:?}");
        page.press(key).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_double_press_calls_one() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    hall.open("W01").await?;
    for _ in 0..4 {
        hall.take(SERVICE).await?;
    }
    let page = console(&hall, "W01").await?;
    page.says("#waiting", "4").await?;
    page.press("  ").await?;
    page.says("#current-title", "已叫号").await?;
    page.says("#waiting", "3").await?;
    page.press("s").await?;
    page.says("#current-title", "办理中").await?;
    // Finishes and calls the next; the second and third press find somebody who is not there yet.
    page.press("\u{e032}\u{e032}\u{e032}").await?;
    page.says("#current-title", "已叫号").await?;
    page.says("#waiting", "2").await?;
    page.press(" ").await?;
    page.says("#message", "还没有开始办理").await?;
    let calls = hall.get("/hall").await?["calls"].as_array().map_or(0, Vec::len);
    ensure!(calls == 2, "{calls} calls");
    page.close().await
}

#[tokio::test]
async fn a_lost_answer_is_read_again_and_nothing_sent_twice() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    hall.open("W01").await?;
    for _ in 0..3 {
        hall.take(SERVICE).await?;
    }
    let page = console(&hall, "W01").await?;
    page.says("#waiting", "3").await?;
    // The request arrives and is carried out; its answer does not.
    page.run(
        "const real = window.fetch; window.posts = 0; window.fetch = async (...asked) => {
           const answer = await real(...asked);
           if (asked[1]?.method === 'POST') { window.posts += 1; throw new TypeError('the answer is lost'); }
           return answer;
         }",
    )
    .await?;
    page.press(" ").await?;
    page.says("#message", "答复丢失").await?;
    page.says("#current-title", "已叫号").await?;
    let number = text(&hall.get("/windows/W01").await?["current"], "number");
    page.says("#number", &number).await?;
    ensure!(
        page.run("return window.posts").await? == json!(1),
        "sent more than once"
    );
    page.says("#waiting", "2").await?;
    page.close().await
}

#[tokio::test]
async fn a_phone_follows_its_ticket_over_a_restart() -> anyhow::Result<()> {
    let mut hall = Dispatcher::start().await?;
    hall.open("W03").await?;
    hall.take(SERVICE).await?;
    let ticket = hall.take(SERVICE).await?;
    let page = phone(&hall, &text(&ticket, "token")).await?;
    page.says("#number", &text(&ticket, "number")).await?;
    page.says("#sentence", "前面还有 1 人").await?;
    page.picture("phone-waiting").await?;
    page.run("document.querySelector('[data-lang=en]').click()").await?;
    page.says("#sentence", "1 person before you").await?;
    ensure!(page.run("return document.documentElement.lang").await? == "en", "lang");
    page.run("document.querySelector('[data-lang=zh-Hant]').click()")
        .await?;
    page.says("#sentence", "前面還有 1 人").await?;
    page.run("document.querySelector('[data-lang=zh-Hans]').click()")
        .await?;

    hall.next("W03").await?;
    page.says("#sentence", "前面没有人").await?;
    hall.kill().await;
    page.says("#age", "网络不通").await?;
    page.says("#number", &text(&ticket, "number")).await?;
    page.picture("phone-away").await?;
    hall.start_again().await?;
    page.shows("#age", str::is_empty).await.context("the network is back")?;

    ensure!(
        hall.next("W03").await? == text(&ticket, "number"),
        "another number was called"
    );
    page.says("#sentence", "请到").await?;
    page.says("#sentence", "3号综合窗口").await?;
    page.picture("phone-called").await?;
    let overflow = page.run("return document.documentElement.scrollWidth").await?;
    ensure!(overflow == json!(390), "the phone page is {overflow} px wide");

    let id = text(&ticket, "id");
    // This hall gives a called person ten seconds.
    tokio::time::sleep(std::time::Duration::from_millis(10_100)).await;
    hall.post(&format!("/tickets/{id}/no-show"), json!({})).await?;
    page.says("#sentence", "已过号").await?;
    page.says("#advice", "前到取号机刷证").await?;
    page.picture("phone-missed").await?;
    hall.post(&format!("/tickets/{id}/requeue"), json!({})).await?;
    page.says("#sentence", "下一个就是您").await?;
    hall.next("W03").await?;
    hall.post(&format!("/tickets/{id}/start"), json!({})).await?;
    page.says("#sentence", "办理").await?;
    hall.post(&format!("/tickets/{id}/finish"), json!({})).await?;
    page.says("#sentence", "已办结").await?;
    page.close().await
}

#[tokio::test]
async fn an_unknown_token_gets_a_kind_page() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    let page = phone(&hall, "0000000000000000").await?;
    page.says("#sentence", "没有查到这张号票").await?;
    page.says("#advice", "导办台").await?;
    page.picture("phone-unknown").await?;
    page.close().await
}

#[tokio::test]
async fn whoever_has_no_whole_qr_finds_the_number_by_its_check_code() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    hall.open("W01").await?;
    let ticket = hall.take(SERVICE).await?;
    let (number, code) = (text(&ticket, "number"), text(&ticket, "check_code"));
    let page = Page::open(&hall.page("/q"), 390, 844).await?;
    page.run("document.querySelector('[data-lang=zh-Hans]').click()")
        .await?;
    page.says("#pair-title", "用号码查询").await?;
    page.picture("phone-pair").await?;
    let wrong = if code == "0000" { "0001" } else { "0000" };
    type_pair(&page, &number, wrong).await?;
    page.says("#pair-message", "号码或校验码不对").await?;
    // Small letters are as good.
    type_pair(&page, &number.to_lowercase(), &code).await?;
    page.says("#number", &number).await?;
    page.says("#sentence", "下一个就是您").await?;
    ensure!(page.words("#pair").await?.is_empty(), "the form is still there");
    let address = page.run("return location.href").await?;
    let address = address.as_str().unwrap_or_default();
    ensure!(address.ends_with("/q"), "the pair is in the address: {address}");
    let kept = page
        .run("return JSON.stringify({...localStorage, ...sessionStorage})")
        .await?;
    ensure!(!kept.to_string().contains(&code), "the code is kept: {kept}");
    // It goes on following the number.
    hall.next("W01").await?;
    page.says("#sentence", "请到").await?;
    page.picture("phone-pair-called").await?;
    page.close().await?;

    let page = Page::open(&hall.page("/q"), 390, 844).await?;
    page.run("document.querySelector('[data-lang=zh-Hans]').click()")
        .await?;
    page.says("#pair-title", "用号码查询").await?;
    for _ in 0..10 {
        type_pair(&page, &number, wrong).await?;
        page.shows("#pair-message", |words| !words.is_empty()).await?;
    }
    type_pair(&page, &number, &code).await?;
    page.says("#pair-message", "输错次数过多").await?;
    page.picture("phone-pair-silent").await?;
    page.close().await
}

/// Types both and sends them; waits until the last answer is cleared.
async fn type_pair(page: &Page, number: &str, code: &str) -> anyhow::Result<()> {
    let script = format!(
        "document.getElementById('pair-number').value = '{number}';
         document.getElementById('pair-code').value = '{code}';
         document.getElementById('pair-go').click()"
    );
    page.run(&script).await.map(|_| ())
}

#[tokio::test]
async fn the_bench_lays_cards_and_pulls_paper() -> anyhow::Result<()> {
    let binary = built("hall-emulators").await?;
    let folder = std::env::temp_dir().join(format!("yimen-bench-{}", std::process::id()));
    let dir = folder.to_str().context("the temporary folder has a plain name")?;
    let emulators = Daemon::start(&binary, &["--dir", dir, "--link", "board=http://127.0.0.1:1/board"]).await?;
    let address = emulators.address("control")?;
    let state = async |device: &str| -> anyhow::Result<Value> {
        let answer = tests_e2e::http_client()
            .get(format!("http://{address}/{device}"))
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    };
    let page = Page::open(&format!("http://{address}/"), 1600, 900).await?;
    page.says("#drawer", "陈晓岚").await?;
    page.says("#links", "叫号屏").await?;
    page.says("#no-screen", "还没有开机").await?;

    page.run("document.querySelector('[data-person=chen-xiaolan]').click()")
        .await?;
    page.says("#lying", "陈晓岚").await?;
    ensure!(
        state("id-reader").await?["card"]["name"] == "陈晓岚",
        "no card on the reader"
    );
    page.run("document.querySelector('#pad').click()").await?;
    page.says("#lying", "放在这里").await?;
    ensure!(state("id-reader").await?["card"].is_null(), "the card still lies there");

    page.run("document.querySelector('[data-fault=paper-out]').click()")
        .await?;
    page.says("#printer-state", "没有纸").await?;
    ensure!(state("printer").await?["paper"] == "out", "the printer still has paper");
    page.picture("bench").await?;
    page.run("document.querySelector('[data-fault=paper-out]').click()")
        .await?;
    page.says("#printer-state", "正常").await?;
    page.run("document.querySelector('#reader-controls [data-fault=plug]').click()")
        .await?;
    page.says("#reader-state", "有故障").await?;
    ensure!(
        state("id-reader/plugged").await?["plugged"] == false,
        "the reader is still plugged in"
    );

    // A click in the middle of the picture is a touch in the middle of the panel, whatever the size on the page.
    let point = page
        .run(
            "const box = {left: 100, top: 50, width: 270, height: 480};
             const canvas = {width: 1080, height: 1920, getBoundingClientRect: () => box};
             const {pointOnScreen} = await import('/web/bench/screen.js');
             const clicks = [{clientX: 235, clientY: 290}, {clientX: 999, clientY: 0}];
             return clicks.map((click) => pointOnScreen(canvas, click))",
        )
        .await?;
    ensure!(point == json!([{"x": 540, "y": 960}, {"x": 1079, "y": 0}]), "{point}");
    page.close().await?;
    emulators.kill().await;
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}

#[tokio::test]
async fn the_pages_fold_and_speak_as_they_should() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    let page = board(&hall).await?;
    page.says("#hall-name", "政务服务中心").await?;
    page.holds(include_str!("pages/fold.js")).await.context("fold.js")?;
    page.holds(include_str!("pages/words.js")).await.context("words.js")?;
    page.close().await
}
