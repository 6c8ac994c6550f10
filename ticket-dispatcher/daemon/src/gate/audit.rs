//! The auditor's view of what was done. The administrator cannot read it, and whoever reads it is written down.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Response, header};
use serde::Deserialize;
use ticket_dispatcher_access::Record;
use ticket_dispatcher_protocol::{AuditRecord, AuditRecords, Problem};
use ticket_dispatcher_types::UnixMillis;

use super::{From, Line};
use crate::app::App;
use crate::caller::{Caller, Role};
use crate::problem::Failure;

const AUDITOR: &[Role] = &[Role::Auditor];
/// Records of one answer.
const PAGE_MAX: usize = 500;

/// Where to begin.
#[derive(Deserialize)]
pub struct Page {
    /// Place of the first record; without it, the last ones.
    from: Option<u64>,
}

fn wire(record: Record) -> AuditRecord {
    AuditRecord {
        seq: record.seq,
        at: UnixMillis(record.at_ms),
        source: record.source,
        actor: record.actor,
        role: record.role,
        action: record.action,
        object: record.object,
        old: record.old,
        new: record.new,
        reason: record.reason,
        result: record.result,
        mac: record.mac,
    }
}

/// Records of the audit log, by place. Reading them is a record too.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("from" = Option<u64>, Query, description = "Place of the first record; without it, the last ones")),
    responses((status = 200, body = AuditRecords), (status = 403, body = Problem)))]
pub async fn records(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<AuditRecords>, Failure> {
    caller.must_be(AUDITOR)?;
    if page.from.is_none_or(|from| from <= 1) {
        app.gate.log(Line::new(from, &caller, "audit.read", "")).await?;
    }
    let (last, records) = app
        .gate
        .with(move |access| {
            let last = access.audit_last()?;
            let first = page.from.unwrap_or_else(|| (last + 1).saturating_sub(PAGE_MAX as u64));
            Ok((last, access.audit_from(first, PAGE_MAX)?))
        })
        .await?;
    let records = records.into_iter().map(wire).collect();
    Ok(Json(AuditRecords { last, records }))
}

/// The whole log as JSON lines, for the auditor's own machine.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, content_type = "application/jsonl", body = String), (status = 403, body = Problem)))]
pub async fn export(State(app): State<Arc<App>>, from: From, caller: Caller) -> Result<Response<Body>, Failure> {
    caller.must_be(AUDITOR)?;
    app.gate.log(Line::new(from, &caller, "audit.export", "")).await?;
    let lines = app
        .gate
        .with(|access| {
            let (mut lines, mut first) = (Vec::new(), 0);
            loop {
                let page = access.audit_from(first, PAGE_MAX)?;
                let Some(end) = page.last().map(|record| record.seq) else {
                    return Ok(lines);
                };
                for record in page {
                    serde_json::to_writer(&mut lines, &record).expect("plain data");
                    lines.push(b'\n');
                }
                first = end + 1;
            }
        })
        .await?;
    let mut response = Response::new(Body::from(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    let name = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}
