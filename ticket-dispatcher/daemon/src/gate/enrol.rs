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
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::routing::post;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use provisioning_config::hall_file::HallFile;
use provisioning_enrolment::{Answer, Asked, DeviceName, answer_mac, request_mac};
use subtle::ConstantTimeEq as _;
use ticket_dispatcher_protocol::{EnrolmentCode, MakeEnrolmentCode, Problem, ProblemKind};
use ticket_dispatcher_types::{Personal, UnixMillis};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::certificates::listed;
use super::{From, Line};
use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::problem::Failure;
use crate::server::{self, Door, Seats};
use crate::tickets::may_tell_a_person;

/// Characters of a place.
const PLACE_CHARS_MAX: usize = 40;
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
    uri: Uri,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<EnrolmentCode>, Failure> {
    caller.must_be(&[Role::Admin])?;
    let asked: MakeEnrolmentCode = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let unprocessable = |what: String| Failure::new(ProblemKind::Unprocessable, what);
    let Some(role) = Role::of_device(&asked.role) else {
        let words = Role::DEVICES.map(Role::word).join(", ");
        return Err(unprocessable(format!("Devices are {words}.")));
    };
    let name = DeviceName::new(&app.gate.hall, &asked.role, &asked.device).map_err(|e| unprocessable(e.to_string()))?;
    let place = place(&app.hall.file, role, &asked).map_err(unprocessable)?;
    let mut door = app.gate.door_at.subscribe();
    if app.gate.authority.is_none() || app.enrolment.is_none() {
        return Err(unprocessable("The dispatcher file has no [enrolment].".to_string()));
    }
    let good = app.gate.good_of(&name).await?;
    let now = app.gate.now();
    let (role, device, at) = (name.role.clone(), name.id.clone(), place.clone());
    let made = app
        .gate
        .with(move |access| access.put_code((&role, &device, &at), now))
        .await?;
    // By its id the auditor finds the code in records of tries, which know no device. A code that cannot be written
    // down is told to nobody.
    let line = Line::new(from, &caller, "enrolment.code", name.to_string()).was(listed(&good));
    app.gate.log(line.now(format!("{} {place}", made.id()))).await?;
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
        enrolment: door_for(address, &uri, &headers),
    }))
}

/// Where the device stands (hall rules 8.3: a code is bound to the place in the hall plan). Windows are in the hall
/// file and stand where it says; of everything else the file knows nothing, so whoever asks says it, and it is written
/// down with the code and with the certificate.
fn place(hall: &HallFile, role: Role, asked: &MakeEnrolmentCode) -> Result<String, String> {
    let given = asked.place.trim();
    if role == Role::Window {
        let own = hall.windows.iter().find(|window| window.id.as_str() == asked.device);
        let own =
            own.ok_or_else(|| format!("大厅配置里没有这个窗口。The hall file has no window {}.", asked.device))?;
        return Ok(own.name.zh_hans.clone());
    }
    if given.is_empty() {
        return Err("请写明放置位置。Say where in the hall it will stand (`place`).".to_string());
    }
    if given.chars().count() > PLACE_CHARS_MAX {
        return Err(format!("A place has at most {PLACE_CHARS_MAX} characters."));
    }
    if may_tell_a_person(given) {
        return Err(
            "放置位置不要写姓名、证件号或电话。A place is no person: no names or numbers of theirs.".to_string(),
        );
    }
    Ok(given.to_string())
}

/// The door as whoever asked reaches this machine: a listener on all addresses has none that could be typed.
fn door_for(door: SocketAddr, uri: &Uri, headers: &HeaderMap) -> String {
    let asked: Option<Authority> = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok()?.parse().ok())
        .or_else(|| uri.authority().cloned());
    match asked {
        Some(asked) if door.ip().is_unspecified() => format!("{}:{}", asked.host(), door.port()),
        _ => door.to_string(),
    }
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
    let good = app.gate.good_of(&name).await?;
    let (certificate, authority, serial) = app.gate.sign(&asked.request, &name, &code.place).await?;
    let off = asked.clock_ms - now.0;
    let mut line = Line::new(from, &Caller::Nobody, "enrolment.use", name.to_string())
        .was(listed(&good))
        .now(format!("{serial} {}", code.place));
    if off.abs() > CLOCK_OFF_MS {
        line = line.because(format!("the device's clock is {} s off", off / 1000));
    }
    app.gate.log(line).await?;
    // Enrolled anew: whatever was given out under this name before is of a device that is lost, or of this one.
    app.gate.retire_others(&name, [Some(serial), None]).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_on_all_addresses_is_told_as_the_asker_reaches_this_machine() {
        let all: SocketAddr = "0.0.0.0:8444".parse().unwrap();
        let door = |door: SocketAddr, uri: &'static str, host: Option<&'static str>| {
            let host = host.map(|host| (header::HOST, host.parse().unwrap()));
            door_for(door, &Uri::from_static(uri), &host.into_iter().collect())
        };
        assert_eq!(door(all, "/", Some("192.168.9.10:8443")), "192.168.9.10:8444");
        assert_eq!(door(all, "/", Some("hall.test")), "hall.test:8444");
        assert_eq!(
            door("[::]:8444".parse().unwrap(), "/", Some("[fd00::1]:8443")),
            "[fd00::1]:8444"
        );
        // HTTP/2 has the name in its address.
        assert_eq!(door(all, "https://hall.test:8443/", None), "hall.test:8444");
        // Nobody can type what is not told, and nobody is led elsewhere by what is typed.
        assert_eq!(door(all, "/", None), "0.0.0.0:8444");
        let one: SocketAddr = "192.168.9.10:8444".parse().unwrap();
        assert_eq!(door(one, "/", Some("hall.test:8443")), "192.168.9.10:8444");
    }
}
