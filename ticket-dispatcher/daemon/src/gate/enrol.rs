//! Enrolment of devices: codes from the administrator, and a door of its own for whoever comes with one.
//!
//! The door is shut. A code opens it for a quarter of an hour; it speaks TLS without asking for a certificate,
//! knows one path, and says the same to everybody whom it refuses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use provisioning_enrolment::{Answer, Asked, DeviceName, answer_mac, request_mac};
use subtle::ConstantTimeEq as _;
use ticket_dispatcher_protocol::{EnrolmentCode, MakeEnrolmentCode, Problem, ProblemKind};
use ticket_dispatcher_types::{Personal, UnixMillis};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::{From, Line};
use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::problem::Failure;
use crate::server::{self, Door, Seats};

/// What a device may become by a code. Persons sign in.
const ROLES: [&str; 4] = ["kiosk", "window", "board", "gateway"];
/// A clock further off than this is told of (hall rules 8.3).
const CLOCK_OFF_MS: i64 = 5 * 60 * 1000;
/// How long a code waits for its door.
const DOOR_WITHIN: Duration = Duration::from_secs(3);

/// Makes a code for a device and opens the door. The code is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/enrolment/codes", tag = "admin", request_body = MakeEnrolmentCode,
    responses((status = 200, body = EnrolmentCode), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn code(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<EnrolmentCode>, Failure> {
    caller.must_be(&[Role::Admin])?;
    let asked: MakeEnrolmentCode = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let unprocessable = |what: String| Failure::new(ProblemKind::Unprocessable, what);
    if !ROLES.contains(&asked.role.as_str()) {
        return Err(unprocessable(format!("Devices are {}.", ROLES.join(", "))));
    }
    let name = DeviceName::new(&app.gate.hall, &asked.role, &asked.device).map_err(|e| unprocessable(e.to_string()))?;
    let mut door = app.gate.door_at.subscribe();
    if app.gate.authority.is_none() || app.enrolment.is_none() {
        return Err(unprocessable("The dispatcher file has no [enrolment].".to_string()));
    }
    app.gate
        .log(Line::new(from, &caller, "enrolment.code", name.to_string()))
        .await?;
    let now = app.gate.now();
    let (role, device) = (name.role.clone(), name.id.clone());
    let made = app
        .gate
        .with(move |access| access.put_code(&role, &device, now))
        .await?;
    app.gate
        .door_until
        .send_modify(|until| *until = UnixMillis(until.0.max(made.until.0)));
    let open = tokio::time::timeout(DOOR_WITHIN, door.wait_for(Option::is_some)).await;
    let address = match open {
        Ok(Ok(address)) => *address,
        _ => None,
    };
    let Some(address) = address else {
        return Err(Failure::new(
            ProblemKind::Internal,
            "The door of enrolment could not be opened; see the log.",
        ));
    };
    Ok(Json(EnrolmentCode {
        code: Personal::new(made.text.to_string()),
        until: made.until,
        enrolment: address.to_string(),
    }))
}

/// The one path of the door.
fn router(app: Arc<App>, own: [u8; 32]) -> Router {
    let enrol = move |State(app): State<Arc<App>>, from: From, headers: HeaderMap, sent: Body| async move {
        enrol(&app, from, &headers, sent, own).await
    };
    Router::new()
        .route("/enrol", post(enrol))
        .fallback(async || Failure::not_found("path"))
        .with_state(app)
}

fn refused() -> Failure {
    Failure::new(
        ProblemKind::Forbidden,
        "The code is unknown, used, too old, or was not meant for this connection. Ask for a new one.",
    )
}

async fn enrol(app: &App, from: From, headers: &HeaderMap, sent: Body, own: [u8; 32]) -> Result<Json<Answer>, Failure> {
    let asked: Asked = body::parse(headers, &body::read(headers, sent).await?)?;
    let now = app.gate.now();
    if app.gate.guesses.codes.silence(&from.0, now).is_some() {
        return Err(refused());
    }
    let read = |digits: &str| HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
    let (Ok(request), Ok(mac)) = (read(&asked.request), read(&asked.mac)) else {
        return Err(Failure::new(
            ProblemKind::Malformed,
            "`request` and `mac` are hex digits.",
        ));
    };
    let id = asked.code_id.clone();
    let used = app
        .gate
        .with(move |access| {
            let mut kept = Zeroizing::new(String::new());
            let code = access.use_code(&id, now, |secret| {
                kept.push_str(secret);
                request_mac(secret, &own, &request).ct_eq(&mac).into()
            })?;
            Ok(code.map(|code| (code, kept)))
        })
        .await?;
    let object: String = asked
        .code_id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(4)
        .collect();
    let (code, secret) = match used {
        Ok(used) => used,
        Err(why) => {
            app.gate.guesses.codes.wrong(&from.0, now);
            let line = Line::new(from, &Caller::Nobody, "enrolment.use", object);
            app.gate.log(line.refused(why.to_string())).await?;
            return Err(refused());
        }
    };
    let name = DeviceName::new(&app.gate.hall, &code.role, &code.device)
        .map_err(|error| Failure::new(ProblemKind::Internal, error.to_string()))?;
    let (certificate, authority, serial) = app.gate.sign(&asked.request, &name).await?;
    let off = asked.clock_ms - now.0;
    let mut line = Line::new(from, &Caller::Nobody, "enrolment.use", name.to_string()).now(serial.to_string());
    if off.abs() > CLOCK_OFF_MS {
        line = line.because(format!("the device's clock is {} s off", off / 1000));
    }
    app.gate.log(line).await?;
    // Enrolled anew: whatever was given out under this name before is of a device that is lost, or of this one.
    app.gate.retire_others(&name, vec![serial]).await?;
    let mac = answer_mac(&secret, &certificate, &authority);
    Ok(Json(Answer {
        name: name.to_string(),
        mac: HEXLOWER.encode(&mac),
        certificate,
        authority,
        clock_ms: now.0,
    }))
}

/// Opens the door whenever a code is good, and shuts it again.
pub async fn keep_door(app: Arc<App>, listen: SocketAddr, tls: TlsAcceptor, own: [u8; 32], seats: Arc<Seats>) {
    let mut until = app.gate.door_until.subscribe();
    // Codes outlive a restart.
    let now = app.gate.now();
    if let Ok(open) = app.gate.with(move |access| access.open_codes(now)).await {
        let latest = open.iter().map(|code| code.until_ms).max().unwrap_or(0);
        app.gate.door_until.send_modify(|until| *until = UnixMillis(latest));
    }
    loop {
        if until.wait_for(|until| until.0 > app.gate.now().0).await.is_err() {
            return;
        }
        let bound = match server::bind(listen, Door::Tls(tls.clone())).await {
            Ok(bound) => bound,
            Err(error) => {
                tracing::error!(%error, "the door of enrolment");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let address = bound.addr;
        tracing::info!(%address, "the door of enrolment is open");
        let (stop, stopped) = watch::channel(false);
        let routes = router(Arc::clone(&app), own);
        let door = tokio::spawn(server::serve(
            bound,
            Arc::clone(&app),
            routes,
            Arc::clone(&seats),
            stopped,
        ));
        app.gate.door_at.send_replace(Some(address));
        loop {
            let left = until.borrow_and_update().0 - app.gate.now().0;
            if left <= 0 {
                break;
            }
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0).min(1000));
            tokio::time::sleep(left).await;
        }
        app.gate.door_at.send_replace(None);
        let _ = stop.send(true);
        let _ = door.await;
        tracing::info!("the door of enrolment is shut");
    }
}
