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
use crate::tickets::needed_reason;

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
                place: one.place,
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
        place: String::new(),
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
    let why = needed_reason(&asked.reason)?;
    let device = app.gate.device_of(&serial).await?;
    // Of a device that nobody knows, only this one.
    let good = match &device {
        Some(device) => app.gate.good_of(device).await?,
        None => vec![serial.clone()],
    };
    let object = device
        .as_ref()
        .map_or_else(|| serial.to_string(), |device| format!("{}:{}", device.role, device.id));
    let line = Line::new(from, &caller, "certificate.revoke", object);
    app.gate
        .log(line.was(listed(&good)).now("revoked").because(why))
        .await?;
    app.gate.take_back(serial, device).await?;
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
    let good = app.gate.good_of(&name).await?;
    let (certificate, authority, serial) = app.gate.sign(&asked.request, &name, "").await?;
    let line = Line::new(from, &caller, "certificate.renew", name.to_string());
    app.gate.log(line.was(listed(&good)).now(serial.to_string())).await?;
    // However often it asks, it has the one it came with and the one it got last.
    app.gate.retire_others(&name, [shown.0, Some(serial)]).await?;
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

/// Serials for a record.
pub(super) fn listed(serials: &[Serial]) -> String {
    let hex: Vec<String> = serials.iter().map(Serial::to_string).collect();
    hex.join(" ")
}

impl Gate {
    /// Takes a certificate back, and all others of its device, so that a thief has nothing left to renew.
    async fn take_back(&self, serial: Serial, device: Option<DeviceName>) -> Result<(), Failure> {
        let (now, one) = (self.now(), serial.clone());
        self.with(move |access| access.revoke(&one, now)).await?;
        self.refuse(vec![serial]);
        match device {
            Some(device) => self.retire_others(&device, [None, None]).await,
            None => Ok(()),
        }
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

    /// The device that a certificate is of, as far as anybody knows: from the list of those given out, or from its
    /// visits, where it was made by hand.
    async fn device_of(&self, serial: &Serial) -> Result<Option<DeviceName>, Failure> {
        let asked = serial.clone();
        let issued = self.with(move |access| access.device_of(&asked)).await?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = issued.or_else(|| Some((seen.get(serial)?.role.to_string(), seen.get(serial)?.device.clone())));
        Ok(known.and_then(|(role, id)| DeviceName::new(&self.hall, &role, &id).ok()))
    }

    /// The certificates that a device has come with since the start and that are not taken back.
    fn visits_of(&self, name: &DeviceName) -> Vec<Serial> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let revoked = self.revoked.borrow();
        let own = seen.iter().filter(|(_, s)| s.role == name.role && s.device == name.id);
        own.map(|(serial, _)| serial)
            .filter(|serial| !revoked.contains(serial))
            .cloned()
            .collect()
    }

    /// The good certificates of a device: given out here, or seen at the door.
    pub(super) async fn good_of(&self, name: &DeviceName) -> Result<Vec<Serial>, Failure> {
        let (role, device) = (name.role.clone(), name.id.clone());
        let issued = self
            .with(move |access| access.good_certificates(&role, &device))
            .await?;
        let all: BTreeSet<Serial> = issued.into_iter().chain(self.visits_of(name)).collect();
        Ok(all.into_iter().collect())
    }

    /// Takes back what else this device has, given out here or made by hand.
    pub(super) async fn retire_others(&self, name: &DeviceName, keep: [Option<Serial>; 2]) -> Result<(), Failure> {
        let (role, device, now) = (name.role.clone(), name.id.clone(), self.now());
        let mut by_hand = self.visits_of(name);
        by_hand.retain(|serial| !keep.iter().flatten().any(|kept| kept == serial));
        let gone = self
            .with(move |access| {
                let keep = keep.each_ref().map(Option::as_ref);
                let mut gone = access.retire_others((&role, &device), keep, now)?;
                for serial in by_hand {
                    access.revoke(&serial, now)?;
                    gone.push(serial);
                }
                Ok(gone)
            })
            .await?;
        self.refuse(gone);
        Ok(())
    }

    /// A device came with this certificate for the first time since the start: those before it have done their work.
    pub async fn retire_older(&self, from: From, caller: &Caller, serial: Serial) {
        let (now, newest) = (self.now(), serial.to_string());
        let Ok(gone) = self.with(move |access| access.retire_older(&serial, now)).await else {
            tracing::warn!("older certificates of a device could not be taken back; tried at its next start");
            return;
        };
        if gone.is_empty() {
            return;
        }
        let line = Line::new(from, caller, "certificate.retire", caller.name());
        let line = line.was(listed(&gone)).now(newest);
        self.refuse(gone);
        // They are taken back whether or not this can be written down: the log has said why it cannot.
        let _ = self.log(line).await;
    }

    /// Somebody came with a certificate that was taken back, and is not let in: told once for each since the start.
    pub async fn turned_away(&self, from: From, caller: &Caller, serial: &Serial) {
        let told = || self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        let first = told().insert(serial.clone());
        if first {
            let line = Line::new(from, caller, "certificate.refuse", serial.to_string());
            let _ = self.log(line.refused("revoked")).await;
        }
    }

    /// Signs a request, hex, for this name, and writes the certificate down before anybody gets it.
    pub(super) async fn sign(
        &self,
        request: &str,
        name: &DeviceName,
        place: &str,
    ) -> Result<(String, String, Serial), Failure> {
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
        let (place, until) = (place.to_string(), UnixMillis(validity.until_s * 1000));
        self.with(move |access| access.put_certificate(&stored, (&role, &device, &place), now, until))
            .await?;
        Ok((certificate, authority.cert_pem().to_string(), serial))
    }
}
