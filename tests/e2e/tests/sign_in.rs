//! Staff at the door, in a real browser: signing in, and what the administrator and the auditor see behind it.

use anyhow::ensure;
use serde_json::{Value, json};
use tests_e2e::dispatcher::Dispatcher;
use tests_e2e::page::Page;

const NEW_PASSWORD: &str = "Not my birthday";

/// Somebody with a first password and an authenticator.
struct Staff {
    id: &'static str,
    first: String,
    totp: totp_rs::Totp,
}

impl Staff {
    /// By the console of the machine, as the technician does it.
    async fn new(hall: &Dispatcher, id: &'static str, role: &str) -> anyhow::Result<Self> {
        let made = hall
            .command(&["account", "put", "--json", "--id", id, "--role", role])
            .await?;
        let made: Value = serde_json::from_str(&made)?;
        let word = |key: &str| made[key].as_str().unwrap_or_default().to_string();
        Ok(Self {
            id,
            first: word("first_password"),
            totp: totp_rs::Totp::from_url(word("otpauth"))?,
        })
    }

    fn digits(&self) -> anyhow::Result<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(self.totp.generate(now.as_secs()).to_string())
    }

    /// The whole way of a first morning: the first password, the wish for another, in.
    async fn sign_in_first(&self, page: &Page) -> anyhow::Result<()> {
        page.says("h1", "工作人员登录").await?;
        let digits = self.digits()?;
        let first = [("account", self.id), ("password", &self.first), ("code", &digits)];
        fill(page, &first).await?;
        page.says("#message", "首次登录").await?;
        // The digits were right and let nobody in, so they are not used up.
        let digits = self.digits()?;
        let second = [("new", NEW_PASSWORD), ("again", NEW_PASSWORD), ("code", &digits)];
        fill(page, &second).await
    }
}

/// Fills the form and sends it, as soon as it lets itself be sent.
async fn fill(page: &Page, fields: &[(&str, &str)]) -> anyhow::Result<()> {
    page.says("#go:enabled", "登录").await?;
    for (id, value) in fields {
        let value = json!(value);
        page.run(&format!("document.getElementById('{id}').value = {value}"))
            .await?;
    }
    page.run("document.getElementById('go').click()").await?;
    Ok(())
}

#[tokio::test]
async fn a_clerk_is_sent_to_the_door_and_comes_back_to_the_window() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    let clerk = Staff::new(&hall, "C1", "window").await?;
    let page = Page::open(&hall.page("/clerk?w=W01"), 1366, 768).await?;
    page.says("h1", "工作人员登录").await?;
    page.says("#go:enabled", "登录").await?;
    let window = page.run("return document.getElementById('window').value").await?;
    ensure!(window == "W01", "the window is not filled in: {window}");
    fill(
        &page,
        &[("account", "C1"), ("password", "wrong password"), ("code", "000000")],
    )
    .await?;
    page.says("#message", "工号、密码或动态码不对").await?;
    page.picture("sign-in").await?;
    clerk.sign_in_first(&page).await?;
    page.says("#window-name", "1").await?;
    page.says("#window-state", "已关窗").await?;
    page.press("p").await?;
    page.says("#clerk", "C1").await?;
    let seen = hall.get("/windows/W01").await?;
    ensure!(seen["clerk"] == "C1", "the window is not the clerk's own: {seen}");
    let kept = page
        .run("return JSON.stringify([document.cookie, localStorage.length, sessionStorage.length])")
        .await?;
    ensure!(
        kept == r#"["",0,0]"#,
        "a script can read something of the session: {kept}"
    );
    page.says("#out", "C1 退出").await?;
    page.picture("clerk-signed-in").await?;
    page.run("document.getElementById('out').click()").await?;
    page.says("h1", "工作人员登录").await?;
    page.run("location.replace('/clerk?w=W01')").await?;
    page.says("h1", "工作人员登录").await?;
    page.close().await
}

#[tokio::test]
async fn a_manager_leaves_from_either_page_and_a_token_of_the_machine_has_nothing_to_leave() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    let manager = Staff::new(&hall, "M1", "hall_manager").await?;
    let page = Page::open(&hall.page("/manager"), 1600, 1000).await?;
    manager.sign_in_first(&page).await?;
    page.says("#out", "M1 退出").await?;
    page.run("location.replace('/maker')").await?;
    page.says("h1", "临时身份证机").await?;
    page.says("#out", "M1 退出").await?;
    page.run("document.getElementById('out').click()").await?;
    page.says("h1", "工作人员登录").await?;
    page.close().await?;
    let page = Page::open(&hall.staff_page("/manager"), 1600, 1000).await?;
    page.says("h1", "大厅管理").await?;
    page.says("body", "综合均衡").await?;
    ensure!(page.words("#out").await?.is_empty(), "a way out of no session");
    page.close().await
}

#[tokio::test]
async fn the_administrator_makes_accounts_and_codes_and_the_auditor_sees_that() -> anyhow::Result<()> {
    let hall = Dispatcher::start().await?;
    let (admin, auditor) = (
        Staff::new(&hall, "A1", "admin").await?,
        Staff::new(&hall, "R1", "auditor").await?,
    );
    let page = Page::open(&hall.page("/admin"), 1366, 900).await?;
    admin.sign_in_first(&page).await?;
    page.says("#accounts", "待首次登录").await?;
    page.run(
        "document.getElementById('account-id').value = 'C7';
         document.getElementById('account-windows').value = 'w01，w02';
         document.querySelector('#account button').click()",
    )
    .await?;
    page.says("#told", "初始密码").await?;
    page.run("document.getElementById('told-done').click()").await?;
    ensure!(
        page.words("#told-lines").await?.is_empty(),
        "the secrets stay on the screen"
    );
    page.says("#accounts", "W01 W02").await?;
    page.run("scrollTo(0, 0)").await?;
    page.picture("admin").await?;
    page.run("document.getElementById('out').click()").await?;
    page.says("h1", "工作人员登录").await?;
    page.close().await?;

    let page = Page::open(&hall.page("/audit"), 1366, 900).await?;
    auditor.sign_in_first(&page).await?;
    page.says("#records", "新建或重置账号").await?;
    let log = page.words("#records").await?;
    ensure!(
        log.contains("C7") && log.contains("工作人员 A1") && log.contains("更换密码") && log.contains("退出登录"),
        "{log}"
    );
    page.picture("audit").await?;
    page.close().await
}
