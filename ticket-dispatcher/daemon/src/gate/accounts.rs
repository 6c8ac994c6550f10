//! Accounts of staff, looked after by the administrator, who is told a first password once and never sees another.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use ticket_dispatcher_access::{AccountView, NewAccount, StaffRole};
use ticket_dispatcher_protocol::{Account, AccountMade, Accounts, Problem, ProblemKind, PutAccount};
use ticket_dispatcher_types::{ClerkId, HallId, Personal};

use super::{From, Line};
use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::problem::Failure;

const ADMIN: &[Role] = &[Role::Admin];

/// All accounts.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "admin",
    responses((status = 200, body = Accounts), (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Accounts>, Failure> {
    caller.must_be(ADMIN)?;
    let found = app.gate.with(ticket_dispatcher_access::Access::accounts).await?;
    let now = app.gate.now().0;
    let accounts = found.into_iter().map(|account| Account {
        id: account.id,
        role: account.role.word().to_string(),
        windows: account.windows,
        must_change: account.must_change,
        locked: account.locked_until_ms.is_some_and(|until| now < until),
        closed: account.disabled,
    });
    Ok(Json(Accounts {
        accounts: accounts.collect(),
    }))
}

fn id_of(text: &str) -> Result<ClerkId, Failure> {
    ClerkId::new(text)
        .map_err(|error| Failure::new(ProblemKind::Unprocessable, format!("The account's code: {error}.")))
}

/// The account as it is, none if there is none. The administrator's acts are what an auditor looks at, so no
/// administrator makes, resets or ends an auditor: that is done at the dispatcher's own console.
async fn not_an_auditor(app: &App, id: &ClerkId) -> Result<Option<AccountView>, Failure> {
    let asked = id.clone();
    let known = app.gate.with(move |access| access.account(&asked)).await?;
    match &known {
        Some(account) if account.role == StaffRole::Auditor => Err(at_the_console()),
        _ => Ok(known),
    }
}

fn at_the_console() -> Failure {
    Failure::new(
        ProblemKind::Forbidden,
        "An auditor's account is made, reset and closed at the dispatcher's console: `ticket-dispatcher account`.",
    )
}

/// Makes an account, or gives one a new first password and authenticator. Both are in this answer and nowhere else.
#[utoipa::path(put, path = "/api/v1/accounts/{id}", tag = "admin", request_body = PutAccount,
    params(("id" = String, Path, description = "The account's code, never a name")),
    responses((status = 200, body = AccountMade), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<AccountMade>, Failure> {
    caller.must_be(ADMIN)?;
    let asked: PutAccount = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let Some(role) = StaffRole::parse(&asked.role) else {
        let words = StaffRole::ALL.map(StaffRole::word).join(", ");
        return Err(Failure::new(ProblemKind::Unprocessable, format!("Roles are {words}.")));
    };
    let id = id_of(&id)?;
    if role == StaffRole::Auditor {
        return Err(at_the_console());
    }
    let known = not_an_auditor(&app, &id).await?;
    if let Some(window) = asked
        .windows
        .iter()
        .find(|w| !app.hall.file.windows.iter().any(|own| own.id.as_str() == *w))
    {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            format!(
                "The hall has no window {}.",
                window.chars().take(32).collect::<String>()
            ),
        ));
    }
    let new = NewAccount {
        id,
        role,
        windows: asked.windows,
    };
    // First the record, then the account: an account that nobody wrote down must not be.
    let line = Line::new(from, &caller, "account.put", new.id.as_str());
    let old = known.map(|account| account.in_short()).unwrap_or_default();
    app.gate.log(line.was(old).now(new.in_short())).await?;
    let hall: HallId = app.hall.info.id.clone();
    let made = new.clone();
    let (first, one) = app.gate.with(move |access| access.put_account(&hall, &made)).await?;
    Ok(Json(AccountMade {
        id: new.id.to_string(),
        first_password: Personal::new(first.to_string()),
        otpauth: Personal::new(one.url.to_string()),
    }))
}

/// Closes an account; its sessions end at once.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}", tag = "admin",
    params(("id" = String, Path, description = "The account's code")),
    responses((status = 204, description = "Closed"), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn close(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::http::StatusCode, Failure> {
    caller.must_be(ADMIN)?;
    let id = id_of(&id)?;
    let Some(known) = not_an_auditor(&app, &id).await? else {
        return Err(Failure::not_found("account"));
    };
    if matches!(&caller, Caller::Staff(own) if own.account == id.as_str()) {
        let what = "Nobody closes their own account: the hall would be without its last administrator.";
        return Err(Failure::new(ProblemKind::WrongState, what));
    }
    let line = Line::new(from, &caller, "account.close", id.as_str());
    app.gate.log(line.was(known.in_short()).now("closed")).await?;
    app.gate.with(move |access| access.disable_account(&id)).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
