//! Signing in and out. Which of account, password and digits was wrong is never said.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ticket_dispatcher_access::{Session, SessionToken, SignIn, SignInRefused};
use ticket_dispatcher_protocol::{Problem, ProblemKind, SignInAsked, SignedIn};
use ticket_dispatcher_types::ClerkId;
use zeroize::Zeroizing;

use super::{From, Line, cookie};
use crate::app::App;
use crate::body;
use crate::caller::Caller;
use crate::problem::Failure;

fn signed_in(session: &Session) -> SignedIn {
    SignedIn {
        account: session.account.clone(),
        role: session.role.word().to_string(),
        window: session.window.clone(),
    }
}

/// Lets somebody of the staff in. The answer sets a cookie; everything else is refused in the same words.
#[utoipa::path(post, path = "/api/v1/sign-in", tag = "staff", request_body = SignInAsked,
    responses((status = 200, body = SignedIn), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    from: From,
    headers: HeaderMap,
    sent: Body,
) -> Result<Response, Failure> {
    let asked: SignInAsked = {
        let bytes = Zeroizing::new(body::read(&headers, sent).await?.to_vec());
        body::parse(&headers, &bytes)?
    };
    let now = app.gate.now();
    if let Some(seconds) = app.gate.guesses.sign_ins.silence(&from.0, now) {
        return Err(too_often(seconds));
    }
    // Two at a time, so that a flood of them does not take the machine's memory.
    let turn = app.gate.sign_ins.acquire().await;
    let account = asked.account.clone();
    let changes = asked.new_password.is_some();
    let (tried, exists) = app
        .gate
        .with(move |access| {
            let given = SignIn {
                account: &asked.account,
                password: asked.password.expose(),
                code: asked.code.expose(),
                window: asked.window.as_deref(),
                new_password: asked.new_password.as_ref().map(|new| new.expose()),
            };
            let tried = access.sign_in(&given, now)?;
            let id = ClerkId::new(&asked.account).ok();
            let exists = id.map(|id| access.account(&id)).transpose()?.flatten().is_some();
            Ok((tried, exists))
        })
        .await?;
    drop(turn);
    match tried {
        Ok((token, session)) => {
            let staff = Caller::Staff(session.clone());
            let line = Line::new(from, &staff, "staff.sign-in", &session.account);
            app.gate
                .log(line.now(session.window.clone().unwrap_or_default()))
                .await?;
            if changes {
                app.gate
                    .log(Line::new(from, &staff, "account.password", &session.account))
                    .await?;
            }
            Ok(([(header::SET_COOKIE, cookie::give(&token))], Json(signed_in(&session))).into_response())
        }
        Err(refused) => {
            let wrong = matches!(refused, SignInRefused::Wrong | SignInRefused::Locked { .. });
            if wrong {
                app.gate.guesses.sign_ins.wrong(&from.0, now);
            }
            // What was typed may be a password or a person's number in the wrong field: only what is an account is
            // written down.
            let object = if exists { account } else { "?".to_string() };
            let line = Line::new(from, &Caller::Nobody, "staff.sign-in", object);
            app.gate.log(line.refused(refused.to_string())).await?;
            Err(failure(refused, now.0))
        }
    }
}

fn too_often(seconds: u64) -> Failure {
    let minutes = seconds.div_ceil(60);
    let detail = format!("登录失败次数过多，请 {minutes} 分钟后再试。Too many wrong tries; again in {minutes} min.");
    Failure::new(ProblemKind::TooMany, detail).after(seconds)
}

fn failure(refused: SignInRefused, now_ms: i64) -> Failure {
    match refused {
        SignInRefused::Wrong => Failure::new(
            ProblemKind::Unauthorised,
            "工号、密码或动态码不对。Account, password or code is wrong.",
        ),
        SignInRefused::Locked { until } => too_often(u64::try_from((until.0 - now_ms) / 1000 + 1).unwrap_or(1)),
        SignInRefused::MustChange => Failure::new(
            ProblemKind::MustChange,
            "首次登录请设置新密码。The first password must be replaced: send `new_password` with it.",
        ),
        SignInRefused::Weak => Failure::new(
            ProblemKind::WeakPassword,
            "新密码至少 10 个字符，大写、小写、数字、符号要有三种；满 16 个字符不限种类；不能与旧密码相同。A new password \
             has ten characters or more of three kinds, or sixteen, five of them different, and is not the old one.",
        ),
        SignInRefused::OtherWindow => Failure::new(
            ProblemKind::Forbidden,
            "请选择您负责的窗口。A clerk signs in at a window of theirs: send `window`.",
        ),
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "staff",
    responses((status = 200, body = SignedIn), (status = 401, body = Problem)))]
pub async fn session(caller: Caller) -> Result<Json<SignedIn>, Failure> {
    match caller {
        Caller::Staff(session) => Ok(Json(signed_in(&session))),
        _ => Err(Failure::new(ProblemKind::Unauthorised, "Nobody is signed in.")),
    }
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/sign-out", tag = "staff", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let token: Option<SessionToken> = cookie::token(&headers);
    if let (Some(token), Caller::Staff(session)) = (token, &caller) {
        let line = Line::new(from, &caller, "staff.sign-out", &session.account);
        app.gate.with(move |access| access.sign_out(&token)).await?;
        app.gate.log(line).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::take_away())]).into_response())
}
