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

/// Takes a certificate back. Connections that it has open end now; new ones are refused.
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
    app.gate.log(line.because(asked.reason)).await?;
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
    Ok(Json(Renewed { certificate, authority }))
}

impl Gate {
    async fn take_back(&self, serial: Serial) -> Result<(), Failure> {
        let now = self.now();
        let stored = serial.clone();
        self.with(move |access| access.revoke(&stored, now)).await?;
        self.revoked.send_modify(|all| {
            let mut more = BTreeSet::clone(all);
            more.insert(serial);
            *all = Arc::new(more);
        });
        Ok(())
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
