//! Certificates of devices: which there are, taking one back, and a new one for a device that still has a good one.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use data_encoding::HEXLOWER_PERMISSIVE;
use provisioning_enrolment::{DeviceName, Validity};
use ticket_dispatcher_access::Serial;
use ticket_dispatcher_protocol::{
    Certificate, Certificates, Problem, ProblemKind, RenewCertificate, Renewed, RevokeCertificate,
};
use ticket_dispatcher_types::UnixMillis;

use super::{From, Gate, Line};
use crate::app::App;
use crate::body;
use crate::caller::{Caller, Role};
use crate::problem::Failure;

/// All certificates: those given out here, and those that have come to the door since the start.
#[utoipa::path(get, path = "/api/v1/certificates", tag = "admin",
    responses((status = 200, body = Certificates), (status = 403, body = Problem)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Certificates>, Failure> {
    caller.must_be(&[Role::Admin])?;
    let issued = app.gate.with(ticket_dispatcher_access::Access::certificates).await?;
    let seen = app.gate.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut certificates: Vec<Certificate> = issued
        .into_iter()
        .map(|one| {
            let seen = Serial::parse(&one.serial).and_then(|serial| seen.get(&serial));
            // One that was made by hand is known from its visits alone.
            let unknown = one.role == "unknown";
            Certificate {
                role: seen.filter(|_| unknown).map_or(one.role, |seen| seen.role.to_string()),
                device: seen.filter(|_| unknown).map_or(one.device, |seen| seen.device.clone()),
                issued_at: (!unknown).then_some(UnixMillis(one.issued_ms)),
                until: (!unknown).then_some(UnixMillis(one.until_ms)),
                revoked_at: one.revoked_ms.map(UnixMillis),
                last_seen: seen.map(|seen| seen.at),
                serial: one.serial,
            }
        })
        .collect();
    let listed: BTreeSet<String> = certificates.iter().map(|one| one.serial.clone()).collect();
    let others = seen.iter().filter(|(serial, _)| !listed.contains(&serial.to_string()));
    certificates.extend(others.map(|(serial, seen)| Certificate {
        serial: serial.to_string(),
        role: seen.role.to_string(),
        device: seen.device.clone(),
        issued_at: None,
        until: None,
        revoked_at: None,
        last_seen: Some(seen.at),
    }));
    Ok(Json(Certificates { certificates }))
}

/// Takes a device out: this certificate and all others of the device. Connections that they have open end now; new ones
/// are refused, and so is renewal. The device comes back by a new code alone.
#[utoipa::path(post, path = "/api/v1/certificates/{serial}/revoke", tag = "admin", request_body = RevokeCertificate,
    params(("serial" = String, Path, description = "Serial number, hex")),
    responses((status = 204, description = "Taken back"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Path(serial): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Result<StatusCode, Failure> {
    caller.must_be(&[Role::Admin])?;
    let asked: RevokeCertificate = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let Some(serial) = Serial::parse(&serial) else {
        return Err(Failure::new(
            ProblemKind::Unprocessable,
            "A serial number is up to 40 hex digits, in pairs.",
        ));
    };
    let line = Line::new(from, &caller, "certificate.revoke", serial.to_string());
    let device = app.gate.device_of(&serial).await?;
    app.gate.log(line.now(device).because(asked.reason)).await?;
    app.gate.take_back(serial).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new certificate of the same name for a device that comes with a good one.
#[utoipa::path(post, path = "/api/v1/certificate", tag = "devices", request_body = RenewCertificate,
    responses((status = 200, body = Renewed), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn renew(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    shown: Shown,
    headers: HeaderMap,
    sent: Body,
) -> Result<Json<Renewed>, Failure> {
    let Caller::Device(_, id) = &caller else {
        return Err(Failure::new(
            ProblemKind::Unauthorised,
            "A certificate is renewed by the device that has it.",
        ));
    };
    let asked: RenewCertificate = body::parse(&headers, &body::read(&headers, sent).await?)?;
    let name = DeviceName::new(&app.gate.hall, caller.role(), id)
        .map_err(|error| Failure::new(ProblemKind::Unprocessable, error.to_string()))?;
    let (certificate, authority, serial) = app.gate.sign(&asked.request, &name).await?;
    let line = Line::new(from, &caller, "certificate.renew", name.to_string());
    app.gate.log(line.now(serial.to_string())).await?;
    // However often it asks, it has the one it came with and the one it got last.
    let keep = shown.0.into_iter().chain([serial]).collect();
    app.gate.retire_others(&name, keep).await?;
    Ok(Json(Renewed { certificate, authority }))
}

/// The certificate that a connection was made with.
#[derive(Debug, Clone)]
pub struct Shown(pub Option<Serial>);

impl<S: Sync> axum::extract::FromRequestParts<S> for Shown {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self(None)))
    }
}

impl Gate {
    async fn take_back(&self, serial: Serial) -> Result<(), Failure> {
        let now = self.now();
        let mut gone = vec![serial.clone()];
        // Certificates made by hand are known from their visits alone.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(of) = seen.get(&serial) {
            let same = seen
                .iter()
                .filter(|(_, s)| (s.role, &s.device) == (of.role, &of.device));
            gone.extend(same.map(|(serial, _)| serial.clone()));
        }
        let all = self
            .with(move |access| {
                let mut all = Vec::new();
                for serial in &gone {
                    all.extend(access.revoke(serial, now)?);
                }
                Ok(all)
            })
            .await?;
        self.refuse(all);
        Ok(())
    }

    /// From now on these are refused, and whoever is connected under one is cut off.
    fn refuse(&self, serials: Vec<Serial>) {
        if serials.is_empty() {
            return;
        }
        self.revoked.send_modify(|all| {
            let mut more = BTreeSet::clone(all);
            more.extend(serials);
            *all = Arc::new(more);
        });
    }

    /// Role and id of the device that a certificate is of, as far as anybody knows.
    async fn device_of(&self, serial: &Serial) -> Result<String, Failure> {
        let seen = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(serial)
            .cloned();
        let known = self.with(ticket_dispatcher_access::Access::certificates).await?;
        let hex = serial.to_string();
        let issued = known.into_iter().find(|one| one.serial == hex && one.role != "unknown");
        let seen = seen.map(|seen| format!("{} {}", seen.role, seen.device));
        Ok(issued
            .map(|one| format!("{} {}", one.role, one.device))
            .or(seen)
            .unwrap_or_default())
    }

    /// Takes back what else this device has.
    pub(super) async fn retire_others(&self, name: &DeviceName, keep: Vec<Serial>) -> Result<(), Failure> {
        let (role, device, now) = (name.role.clone(), name.id.clone(), self.now());
        let gone = self
            .with(move |access| access.retire_others(&role, &device, &keep, now))
            .await?;
        self.refuse(gone);
        Ok(())
    }

    /// A device came with this certificate for the first time since the start: those before it have done their work.
    pub async fn retire_older(&self, serial: Serial) {
        let now = self.now();
        match self.with(move |access| access.retire_older(&serial, now)).await {
            Ok(gone) => self.refuse(gone),
            Err(_) => tracing::warn!("older certificates of a device could not be taken back; tried at its next start"),
        }
    }

    /// Signs a request, hex, for this name, and writes the certificate down before anybody gets it.
    pub(super) async fn sign(&self, request: &str, name: &DeviceName) -> Result<(String, String, Serial), Failure> {
        let Some(authority) = &self.authority else {
            return Err(Failure::new(
                ProblemKind::Unprocessable,
                "This dispatcher signs no certificates: its file names no `authority_key`.",
            ));
        };
        let unreadable = || {
            Failure::new(
                ProblemKind::Unprocessable,
                "The request for a certificate does not hold.",
            )
        };
        let request = HEXLOWER_PERMISSIVE
            .decode(request.as_bytes())
            .map_err(|_| unreadable())?;
        let now = self.now();
        let mut drawn = [0; 16];
        crate::keys::entropy(&mut drawn);
        let validity = Validity::of_device(now.0 / 1000);
        let certificate = authority
            .sign(&request, name, &drawn, validity)
            .map_err(|_| unreadable())?;
        let serial = crate::keys::serial_of_pem(&certificate).ok_or_else(unreadable)?;
        let (stored, role, device) = (serial.clone(), name.role.clone(), name.id.clone());
        let until = UnixMillis(validity.until_s * 1000);
        self.with(move |access| access.put_certificate(&stored, &role, &device, now, until))
            .await?;
        Ok((certificate, authority.cert_pem().to_string(), serial))
    }
}
