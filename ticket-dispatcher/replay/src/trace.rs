//! A trace turned into the engine's header and the day's events, or the first line that is wrong.

use std::collections::BTreeMap;

use ticket_dispatcher_queue_core::{
    Archive, Booking, Group, HallConfig, PlanInterval, Profile, Rules, Service, Window,
};
use ticket_dispatcher_types::{BookingId, Class, CloseReason, GroupId, Millis, ServiceId, WindowId, WindowKind};

use crate::line::{ArchiveLine, Arrive, Line, Meta, Reason, Truth, WalkInClass};

/// The first thing wrong with a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TraceError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, in words.
    pub what: String,
}

/// A day, read and checked.
#[derive(Debug)]
pub struct Trace {
    /// The static header, without policy and seed.
    pub(crate) config: HallConfig,
    pub(crate) open_t: i64,
    pub(crate) close_t: i64,
    pub(crate) eta_tick_ms: i64,
    /// By window order.
    pub(crate) speed_pct: Vec<i64>,
    /// In order of the file, which is order of time.
    pub(crate) events: Vec<DayEvent>,
}

/// An event of the day with the line it came from.
#[derive(Debug)]
pub(crate) struct DayEvent {
    pub(crate) t: i64,
    pub(crate) line: usize,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Open(usize),
    Close(usize, CloseReason),
    Arrive(Box<Person>),
}

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) service: ServiceId,
    pub(crate) class: Class,
    pub(crate) booking: Option<BookingId>,
    pub(crate) truth: Truth,
}

impl Trace {
    /// Reads a trace from its bytes (JSON Lines, UTF-8). Blank lines are skipped.
    pub fn parse(bytes: &[u8]) -> Result<Self, TraceError> {
        let mut reader = Reader::default();
        let mut number = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            reader
                .take(number, line)
                .map_err(|what| TraceError { line: number, what })?;
        }
        let missing = || TraceError {
            line: 1,
            what: "the trace is empty; the first line must be `meta`".into(),
        };
        reader.trace.ok_or_else(missing)
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    trace: Option<Trace>,
    groups: BTreeMap<String, usize>,
    services: BTreeMap<String, ServiceId>,
    windows: BTreeMap<String, usize>,
    bookings: BTreeMap<String, BookingId>,
    tickets: BTreeMap<String, usize>,
    last_t: Option<i64>,
}

impl Reader {
    fn take(&mut self, number: usize, bytes: &[u8]) -> Result<(), String> {
        let line: Line = serde_json::from_slice(bytes).map_err(|error| in_words(&error))?;
        if let Line::Meta(meta) = &line {
            if self.trace.is_some() {
                return Err("a second `meta`".into());
            }
            self.trace = Some(begin(meta)?);
            return Ok(());
        }
        let Some(mut trace) = self.trace.take() else {
            return Err("the first line must be `meta`".into());
        };
        let result = match line {
            Line::Open { t, window } => self.open(&mut trace, number, t, &window, None),
            Line::Close { t, window, reason } => self.open(&mut trace, number, t, &window, Some(reason)),
            Line::Arrive(arrive) => self.arrive(&mut trace, number, arrive),
            _ if self.last_t.is_some() => Err("a header line after the first event".into()),
            header => self.header(&mut trace, header),
        };
        self.trace = Some(trace);
        result
    }

    fn header(&mut self, trace: &mut Trace, line: Line) -> Result<(), String> {
        let config = &mut trace.config;
        match line {
            Line::Group { id } => {
                add(&mut self.groups, &id, config.groups.len(), "group")?;
                let series = b'A' + u8::try_from(config.groups.len() % 26).expect("below 26");
                config.groups.push(Group {
                    id: parsed(GroupId::new(id))?,
                    series: char::from(series),
                });
            }
            Line::Service { id, group, hist_ms } => {
                let group = &config.groups[find(&self.groups, &group, "group")?];
                let service = parsed(ServiceId::new(id.as_str()))?;
                add(&mut self.services, &id, service.clone(), "service")?;
                if hist_ms.iter().any(|ms| *ms <= 0) {
                    return Err("a duration in `hist_ms` is not positive".into());
                }
                config.services.push(Service {
                    id: service,
                    group: group.id.clone(),
                    hist_ms,
                });
            }
            Line::Window {
                id,
                kind,
                skills,
                truth,
            } => {
                add(&mut self.windows, &id, config.windows.len(), "window")?;
                if truth.speed_pct < 1 {
                    return Err("`speed_pct` is not positive".into());
                }
                let group = |id: &String| Ok(config.groups[find(&self.groups, id, "group")?].id.clone());
                let skills: Result<Vec<GroupId>, String> = skills.iter().map(group).collect();
                let (id, kind) = (parsed(WindowId::new(id))?, window_kind(&kind));
                config.windows.push(Window {
                    id,
                    kind,
                    skills: skills?,
                    plan: Vec::new(),
                });
                trace.speed_pct.push(truth.speed_pct);
            }
            Line::Plan { window, open } => {
                let window = &mut config.windows[find(&self.windows, &window, "window")?];
                if open.iter().any(|(from, to)| from > to) {
                    return Err("an interval of the plan ends before it begins".into());
                }
                let interval = |(from, to): (i64, i64)| PlanInterval {
                    from: Millis(from),
                    to: Millis(to),
                };
                window.plan = open.into_iter().map(interval).collect();
            }
            Line::Book { id, service, slot_t } => {
                let service = find(&self.services, &service, "service")?;
                let booking = parsed(BookingId::new(id.as_str()))?;
                add(&mut self.bookings, &id, booking.clone(), "booking")?;
                config.bookings.push(Booking {
                    id: booking,
                    service,
                    slot: Millis(slot_t),
                });
            }
            Line::Archive(line) => config.archive = archive(line),
            Line::Profile {
                group,
                days,
                from_t,
                counts,
                class_pct,
            } => {
                let group = config.groups[find(&self.groups, &group, "group")?].id.clone();
                if from_t.len() != counts.len() || !from_t.is_sorted() {
                    return Err("`from_t` must ascend and have as many items as `counts`".into());
                }
                let (disabled_pct, elderly_pct) = (percent(class_pct.disabled), percent(class_pct.elderly));
                let from = from_t.into_iter().map(Millis).collect();
                config.profiles.push(Profile {
                    group,
                    days,
                    from,
                    counts,
                    disabled_pct,
                    elderly_pct,
                });
            }
            Line::Meta(_) | Line::Open { .. } | Line::Close { .. } | Line::Arrive(_) => {
                unreachable!("`take` keeps these")
            }
        }
        Ok(())
    }

    fn open(&mut self, trace: &mut Trace, line: usize, t: i64, w: &str, why: Option<Reason>) -> Result<(), String> {
        let window = find(&self.windows, w, "window")?;
        self.goes_on(t)?;
        let what = match why {
            None => What::Open(window),
            Some(Reason::Lunch) => What::Close(window, CloseReason::Lunch),
            Some(Reason::Break) => What::Close(window, CloseReason::Break),
            Some(Reason::Fault) => What::Close(window, CloseReason::Fault),
            Some(Reason::End) => What::Close(window, CloseReason::End),
        };
        trace.events.push(DayEvent { t, line, what });
        Ok(())
    }

    fn arrive(&mut self, trace: &mut Trace, line: usize, arrive: Arrive) -> Result<(), String> {
        let service = find(&self.services, &arrive.service, "service")?;
        let booking = arrive
            .booking
            .map(|id| find(&self.bookings, &id, "booking"))
            .transpose()?;
        let Truth { work_ms, walk_ms, .. } = arrive.truth;
        if work_ms < 1 || walk_ms < 1 || work_ms > i64::from(u32::MAX) || walk_ms > i64::from(u32::MAX) {
            return Err("`work_ms` and `walk_ms` must be positive and below 2^32".into());
        }
        self.goes_on(arrive.t)?;
        add(&mut self.tickets, &arrive.id, line, "ticket")?;
        let class = match arrive.class {
            WalkInClass::Normal => Class::Normal,
            WalkInClass::Elderly => Class::Elderly,
            WalkInClass::Disabled => Class::Disabled,
        };
        let person = Person {
            id: arrive.id,
            service,
            class,
            booking,
            truth: arrive.truth,
        };
        trace.events.push(DayEvent {
            t: arrive.t,
            line,
            what: What::Arrive(Box::new(person)),
        });
        Ok(())
    }

    fn goes_on(&mut self, t: i64) -> Result<(), String> {
        match self.last_t {
            Some(last) if t < last => Err(format!("time goes backwards, from {last} to {t}")),
            _ => {
                self.last_t = Some(t);
                Ok(())
            }
        }
    }
}

fn begin(meta: &Meta) -> Result<Trace, String> {
    if meta.format != "hall-trace/1" {
        return Err(format!("format `{}` is not hall-trace/1", meta.format));
    }
    if meta.call_timeout_ms < 1 {
        return Err("`call_timeout_ms` is not positive".into());
    }
    let target = &meta.target_ms;
    let rules = Rules {
        // The trace has its own idea of who comes when; nobody is turned away.
        issue_from: Millis(i64::MIN),
        issue_until: Millis(i64::MAX),
        close: Millis(meta.close_t),
        call_timeout: Millis(meta.call_timeout_ms),
        appt_grace: Millis(meta.appt_grace_ms),
        target: [target.appt, target.disabled, target.elderly, target.normal].map(Millis),
        ..Rules::default()
    };
    Ok(Trace {
        config: HallConfig {
            rules,
            ..HallConfig::default()
        },
        open_t: meta.open_t,
        close_t: meta.close_t,
        eta_tick_ms: meta.eta_tick_ms,
        speed_pct: Vec::new(),
        events: Vec::new(),
    })
}

fn archive(line: ArchiveLine) -> Archive {
    Archive {
        book_no_show_pct: line.book_no_show_pct.map(percent),
        book_offset_ms: line.book_offset_ms,
        walk_ms: line.walk_ms,
        open_dev_ms: line.open_dev_ms,
        close_dev_ms: line.close_dev_ms,
        fault_ms: line.fault_ms,
        no_answer_permille: line.no_answer_permille,
    }
}

fn window_kind(kind: &str) -> WindowKind {
    match kind {
        "police" => WindowKind::Police,
        "departmental" => WindowKind::Departmental,
        "guidance" => WindowKind::Guidance,
        _ => WindowKind::Comprehensive,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=100 before
fn percent(value: f64) -> u32 {
    value.clamp(0.0, 100.0).round() as u32
}

fn add<T>(ids: &mut BTreeMap<String, T>, id: &str, value: T, what: &str) -> Result<(), String> {
    match ids.insert(id.to_string(), value) {
        None => Ok(()),
        Some(_) => Err(format!("{what} `{id}` was given before")),
    }
}

fn find<T: Clone>(ids: &BTreeMap<String, T>, id: &str, what: &str) -> Result<T, String> {
    ids.get(id).cloned().ok_or_else(|| format!("unknown {what} `{id}`"))
}

fn parsed<T, E: core::fmt::Display>(id: Result<T, E>) -> Result<T, String> {
    id.map_err(|error| error.to_string())
}

/// Without "at line 1 column 7", which counts inside the line and would mislead.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(words, _)| words.to_string())
}
