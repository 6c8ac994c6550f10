//! The auditor's view of what was done: the audit log and the hall's journal as one list, by time. The administrator
//! cannot read it, and whoever reads it is written down.

use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, header};
use serde::Deserialize;
use ticket_dispatcher_access::{Access, Record};
use ticket_dispatcher_ledger::{Act, acts_before, acts_from};
use ticket_dispatcher_protocol::{AuditLog, AuditPlace, AuditRecord, AuditRecords, Problem};
use ticket_dispatcher_types::UnixMillis;
use tokio::sync::mpsc;

use super::{From, Gate, Line};
use crate::app::App;
use crate::body::Asked;
use crate::caller::{Caller, Role};
use crate::problem::Failure;

const AUDITOR: &[Role] = &[Role::Auditor];
/// Records of one answer; a row of the journal is not torn for it.
const PAGE: usize = 200;
/// Records that are read at once for an export.
const EXPORT_PAGE: usize = 500;

/// Where to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Records of the audit log before this place; without it, the last ones.
    gate: Option<u64>,
    /// The same of the journal.
    hall: Option<u64>,
}

impl Before {
    /// For the record of the reading; nothing for the newest page.
    fn words(&self) -> String {
        let before = |log: &str, place: Option<u64>| place.map(|place| format!("{log} {place}"));
        let places = [before("gate", self.gate), before("hall", self.hall)];
        places.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

fn of_gate(record: Record) -> AuditRecord {
    AuditRecord {
        log: AuditLog::Gate,
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

fn of_hall(act: Act) -> AuditRecord {
    let role = act.actor.split(':').next().unwrap_or_default().to_string();
    AuditRecord {
        log: AuditLog::Hall,
        seq: act.seq,
        at: UnixMillis(act.at_ms),
        source: "journal".to_string(),
        role,
        actor: act.actor,
        action: act.action.to_string(),
        object: act.object,
        old: act.old,
        new: act.new,
        reason: act.reason,
        result: "done".to_string(),
        mac: String::new(),
    }
}

/// Both logs as one list, by time. Each page that is read is a record too.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("gate" = Option<u64>, Query, description = "Records of the audit log before this place"),
        ("hall" = Option<u64>, Query, description = "Records of the journal before this place")),
    responses((status = 200, body = AuditRecords), (status = 403, body = Problem)))]
pub async fn records(
    State(app): State<Arc<App>>,
    from: From,
    caller: Caller,
    Asked(before): Asked<Before>,
) -> Result<Json<AuditRecords>, Failure> {
    caller.must_be(AUDITOR)?;
    // Each page, from wherever: a place behind the end is the newest page in other words.
    app.gate
        .log(Line::new(from, &caller, "audit.read", before.words()))
        .await?;
    let place = AuditPlace {
        gate: before.gate.unwrap_or(u64::MAX),
        hall: before.hall.unwrap_or(u64::MAX),
    };
    let journal = app.gate.journal.clone();
    let acts = tokio::task::spawn_blocking(move || acts_before(&journal, place.hall, PAGE)).await;
    let acts = acts.map_err(|_| super::unavailable())?.map_err(|error| {
        tracing::error!(%error, "the journal cannot be read for the auditor");
        super::unavailable()
    })?;
    let own = app
        .gate
        .with(move |access| access.audit_before(place.gate, PAGE))
        .await?;
    let all = own.into_iter().map(of_gate).chain(acts.into_iter().map(of_hall));
    Ok(Json(page(all.collect(), place)))
}

/// The newest of both, the newest last; a row of the journal stays whole.
fn page(mut all: Vec<AuditRecord>, place: AuditPlace) -> AuditRecords {
    all.sort_by_key(|record| Reverse((record.at, record.log, record.seq)));
    let mut end = all.len().min(PAGE);
    while end > 0 && end < all.len() && (all[end].log, all[end].seq) == (all[end - 1].log, all[end - 1].seq) {
        end += 1;
    }
    // A full page may have been the last: then the next one is empty.
    let more = end < all.len() || end >= PAGE;
    all.truncate(end);
    let lowest = |log| all.iter().filter(|r| r.log == log).map(|r| r.seq).min();
    let older = AuditPlace {
        gate: lowest(AuditLog::Gate).unwrap_or(place.gate),
        hall: lowest(AuditLog::Hall).unwrap_or(place.hall),
    };
    // Sorted newest first; acts of one row came in their order and keep it.
    all.sort_by_key(|record| (record.at, record.log, record.seq));
    AuditRecords {
        records: all,
        older: more.then_some(older),
    }
}

/// Both logs as one list of JSON lines, by time, for the auditor's own machine.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, content_type = "application/jsonl", body = String), (status = 403, body = Problem)))]
pub async fn export(State(app): State<Arc<App>>, from: From, caller: Caller) -> Result<Response<Body>, Failure> {
    caller.must_be(AUDITOR)?;
    app.gate.log(Line::new(from, &caller, "audit.export", "")).await?;
    let (send, receive) = mpsc::channel(4);
    // Years of rows: made while they are sent, never all at once in memory.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_all(&app.gate, &send) {
            // The file breaks off, which its reader sees: the end of an export is a line of its own.
            tracing::error!(error, "an export of the audit log broke off");
        }
    });
    let mut response = Response::new(Body::new(Lines(receive)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    let name = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

fn write_all(gate: &Gate, send: &mpsc::Sender<Bytes>) -> Result<(), String> {
    let mut own = Log::new(|from| gate_page(&gate.access, from));
    let mut acts = Log::new(|from| hall_page(&gate.journal, from));
    let (mut next_own, mut next_act) = (own.next()?, acts.next()?);
    let (mut lines, mut count) = (Vec::new(), 0_u64);
    loop {
        let hall_first = match (&next_own, &next_act) {
            (None, None) => break,
            (Some(own), Some(act)) => act.at < own.at,
            (own, _) => own.is_none(),
        };
        let record = if hall_first {
            std::mem::replace(&mut next_act, acts.next()?)
        } else {
            std::mem::replace(&mut next_own, own.next()?)
        };
        serde_json::to_writer(&mut lines, &record).expect("plain data");
        lines.push(b'\n');
        count += 1;
        if lines.len() > 64 * 1024 {
            let full = std::mem::take(&mut lines);
            if send.blocking_send(full.into()).is_err() {
                return Err("its reader went away".to_string());
            }
        }
    }
    lines.extend_from_slice(format!("{{\"end\":true,\"records\":{count}}}\n").as_bytes());
    let _ = send.blocking_send(lines.into());
    Ok(())
}

/// Records of one of the two logs, one after another, read a page at a time. A page is told from where it begins, and
/// tells where the next one does.
struct Log<P> {
    read: P,
    page: std::vec::IntoIter<AuditRecord>,
    from: u64,
}

impl<P: FnMut(u64) -> Result<(Vec<AuditRecord>, u64), String>> Log<P> {
    fn new(read: P) -> Self {
        let page = Vec::new().into_iter();
        Self { read, page, from: 0 }
    }

    fn next(&mut self) -> Result<Option<AuditRecord>, String> {
        if self.page.len() == 0 {
            let (page, from) = (self.read)(self.from)?;
            (self.page, self.from) = (page.into_iter(), from);
        }
        Ok(self.page.next())
    }
}

fn gate_page(access: &Access, from: u64) -> Result<(Vec<AuditRecord>, u64), String> {
    let page = access
        .audit_from(from, EXPORT_PAGE)
        .map_err(|error| error.to_string())?;
    let next = page.last().map_or(from, |record| record.seq + 1);
    Ok((page.into_iter().map(of_gate).collect(), next))
}

fn hall_page(journal: &Path, from: u64) -> Result<(Vec<AuditRecord>, u64), String> {
    let (page, next) = acts_from(journal, from, EXPORT_PAGE).map_err(|error| error.to_string())?;
    Ok((page.into_iter().map(of_hall).collect(), next))
}

/// A body of pieces as they come.
struct Lines(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|bytes| bytes.map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(log: AuditLog, seq: u64, at: i64, action: &str) -> AuditRecord {
        AuditRecord {
            log,
            seq,
            at: UnixMillis(at),
            source: String::new(),
            actor: String::new(),
            role: String::new(),
            action: action.to_string(),
            object: String::new(),
            old: String::new(),
            new: String::new(),
            reason: String::new(),
            result: String::new(),
            mac: String::new(),
        }
    }

    #[test]
    fn pages_follow_one_another_without_a_gap_and_no_row_is_torn() {
        // Rows of two acts each, and a record of the gate after every third row.
        let hall =
            (1..=400).flat_map(|n| [(n, "a"), (n, "b")].map(|(n, w)| record(AuditLog::Hall, n, 10 * n as i64, w)));
        let gate = (1..=133).map(|n| record(AuditLog::Gate, n, 30 * n as i64 + 1, "g"));
        let everything: Vec<AuditRecord> = hall.chain(gate).collect();
        let (mut place, mut seen) = (
            AuditPlace {
                gate: u64::MAX,
                hall: u64::MAX,
            },
            Vec::new(),
        );
        loop {
            let before = everything.iter().filter(|r| match r.log {
                AuditLog::Gate => r.seq < place.gate,
                AuditLog::Hall => r.seq < place.hall,
            });
            let mut one = page(before.cloned().collect(), place);
            assert!(one.records.is_sorted_by_key(|r| r.at));
            one.records.extend(seen);
            seen = one.records;
            match one.older {
                Some(older) => place = older,
                None => break,
            }
        }
        let mut wanted = everything;
        wanted.sort_by_key(|r| (r.at, r.log, r.seq));
        assert_eq!(seen, wanted);
    }
}
