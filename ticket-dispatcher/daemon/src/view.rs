//! The picture of the hall that everybody reads: an engine of its own that folds what the ledger has committed.
//!
//! The writer's engine decides and may be ahead of the disk; this one only ever shows what is on disk. Readers take a
//! shared lock for some microseconds and never touch the database.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use ticket_dispatcher_ledger::{Committed, Delivery, Follower, HolderRecord};
use ticket_dispatcher_protocol::{CallView, GroupView, HallEvent, HallEventKind, HallSnapshot, WindowView};
use ticket_dispatcher_queue_core::{Effect, Engine, Ticket, WindowNow};
use ticket_dispatcher_types::{GroupId, Millis, TicketId, TicketNo, TicketState, UnixMillis, WindowId, WindowState};

use crate::delivery::Watch;
use crate::hall::{Hall, local};
use crate::hub::{self, Hub};
use crate::record::Record;
use crate::unshown::Unshown;

/// Calls on the board.
const CALLS_MAX: usize = 4;
/// Numbers shown as likely next.
const NEXT_UP_MAX: usize = 8;

/// The shared picture.
pub struct View {
    /// The hall file.
    pub hall: Arc<Hall>,
    /// Where the streams wait.
    pub hub: Arc<Hub>,
    /// Which calls the boards have shown.
    pub watch: Watch,
    picture: RwLock<Picture>,
    snapshot: Mutex<Option<(u64, Bytes)>>,
    trouble: Mutex<Option<String>>,
}

/// What is known at one journal position.
pub struct Picture {
    /// Folds what is committed.
    pub engine: Engine,
    /// Journal position.
    pub seq: u64,
    /// When the last row was written.
    pub at: UnixMillis,
    /// Hall time of the last row.
    pub now: Millis,
    /// Last calls, newest first.
    calls: VecDeque<CallView>,
    /// Calls that no board has shown.
    pub unshown: Unshown,
    notes: BTreeMap<TicketId, Note>,
    /// Yesterday's tickets as they ended: their tokens still open the lookup.
    yesterday: BTreeMap<TicketId, Arc<Ticket>>,
    by_token: HashMap<[u8; 32], TicketId>,
    /// What a manager may ask about today.
    pub record: Record,
    /// False while recovery folds; nobody listens yet.
    live: bool,
}

/// What the daemon remembers of a ticket beside the engine.
#[derive(Default)]
pub struct Note {
    /// When it was issued.
    pub issued_at: UnixMillis,
    /// Journal position and time of each line of its history.
    pub steps: Vec<(u64, UnixMillis)>,
    /// Masked name of its holder, until the end of service.
    pub mask: Option<String>,
}

impl View {
    /// Before recovery: an empty hall.
    pub fn new(hall: Arc<Hall>, hub: Arc<Hub>) -> Self {
        let engine = Engine::new(Arc::clone(&hall.config));
        Self {
            picture: RwLock::new(Picture {
                engine,
                seq: 0,
                at: UnixMillis(0),
                now: Millis::ZERO,
                calls: VecDeque::new(),
                unshown: Unshown::default(),
                notes: BTreeMap::new(),
                yesterday: BTreeMap::new(),
                by_token: HashMap::new(),
                record: Record::default(),
                live: false,
            }),
            hall,
            hub,
            watch: Watch::default(),
            snapshot: Mutex::new(None),
            trouble: Mutex::new(None),
        }
    }

    /// The picture for reading. Keep it for as short as can be: the writer waits for it.
    pub fn read(&self) -> RwLockReadGuard<'_, Picture> {
        self.picture.read().expect("no panic under this lock")
    }

    /// Tells the watch over the boards what it must know of a row.
    fn hear(&self, event: &HallEvent, delivery: &Delivery, now: Instant) {
        if event.kind == HallEventKind::DayRolledOver {
            self.watch.forget();
        }
        if let Some(call) = &event.call {
            self.watch.called(call.seq, now);
        }
        if !delivery.is_empty() {
            self.watch.noted(delivery);
        }
    }

    /// Why the ledger cannot be written, if so.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().expect("no panic under this lock").clone()
    }

    /// The snapshot as an SSE event, made once per journal position however many ask.
    pub fn snapshot_event(&self) -> (u64, Bytes) {
        let mut kept = self.snapshot.lock().expect("no panic under this lock");
        let picture = self.read();
        match &*kept {
            Some((seq, event)) if *seq == picture.seq => (*seq, event.clone()),
            _ => {
                let json = serde_json::to_vec(&picture.snapshot(&self.hall)).expect("plain data");
                let event = hub::event("snapshot", picture.seq, &json);
                *kept = Some((picture.seq, event.clone()));
                (picture.seq, event)
            }
        }
    }

    /// The same as a bare document.
    pub fn snapshot_json(&self) -> (u64, Bytes) {
        let (seq, event) = self.snapshot_event();
        let head = format!("event: snapshot\nid: {seq}\ndata: ").len();
        (seq, event.slice(head..event.len() - 2))
    }
}

impl Picture {
    /// A ticket of today, or of yesterday as it ended.
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.engine
            .ticket(id)
            .or_else(|| self.yesterday.get(&id).map(Arc::as_ref))
    }

    /// What is remembered beside the engine.
    pub fn note(&self, id: TicketId) -> Option<&Note> {
        self.notes.get(&id)
    }

    /// The ticket that a token opens.
    pub fn by_token(&self, hash: &[u8; 32]) -> Option<TicketId> {
        self.by_token.get(hash).copied()
    }

    /// Everything a board shows.
    pub fn snapshot(&self, hall: &Hall) -> HallSnapshot {
        HallSnapshot {
            hall: hall.info.clone(),
            seq: self.seq,
            at: self.at,
            windows: self
                .engine
                .windows()
                .iter()
                .map(|w| self.window_view(hall, w))
                .collect(),
            calls: self.calls.iter().cloned().collect(),
            next_up: self.next_up(),
            groups: hall.file.groups.iter().map(|g| self.group_view(hall, &g.id)).collect(),
            unshown: self.unshown.list(),
        }
    }

    fn next_up(&self) -> Vec<TicketNo> {
        self.engine.next_up(NEXT_UP_MAX).iter().map(|t| t.number).collect()
    }

    /// A window as the hall sees it.
    pub fn window_view(&self, hall: &Hall, window: &WindowNow) -> WindowView {
        let current = window.current.and_then(|id| self.engine.ticket(id));
        let (name, kind) = match hall.window(&window.id) {
            Some(w) => (local(&w.name), w.kind),
            None => (Default::default(), ticket_dispatcher_types::WindowKind::Comprehensive),
        };
        WindowView {
            id: window.id.clone(),
            name,
            kind,
            state: window.state,
            number: current.map(|t| t.number),
            serving: current.is_some_and(|t| t.state == TicketState::Serving),
        }
    }

    /// A group's queue.
    pub fn group_view(&self, hall: &Hall, group: &GroupId) -> GroupView {
        GroupView {
            id: group.clone(),
            name: hall.file.group(group).map(|g| local(&g.name)).unwrap_or_default(),
            waiting: self.engine.waiting_in(group),
        }
    }

    /// Open windows that serve a group.
    pub fn windows_open(&self, group: &GroupId) -> u32 {
        let config = self.engine.config();
        let open = config.windows.iter().filter(|w| {
            let is_open = self
                .engine
                .window(&w.id)
                .is_some_and(|now| now.state == WindowState::Open);
            is_open && w.skills.contains(group)
        });
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }

    /// Folds one row and says what the streams should hear of it.
    fn fold(&mut self, hall: &Hall, row: &Committed) -> Option<HallEvent> {
        let mut news = News::default();
        for effect in row.effects.iter() {
            if let Effect::DayBegan { .. } = effect {
                self.turn_the_page();
            }
            news.before(self, effect);
            self.record.before(row, effect, &self.engine);
            self.engine.fold(row.now, effect);
            self.note_effect(row, effect);
            news.after(self, effect);
        }
        self.record.row(row, &self.engine);
        self.seq = row.seq;
        self.at = row.at;
        self.now = row.now;
        let call = news.call.as_ref().and_then(|(id, window)| {
            let ticket = self.engine.ticket(*id)?;
            let call = CallView {
                seq: row.seq,
                number: ticket.number,
                window: window.clone(),
                times: ticket.calls,
                at: row.at,
            };
            Some((*id, call))
        });
        if let Some((id, call)) = &call {
            self.unshown.called(*id, call.clone());
        }
        let unshown = self.unshown.settle(&row.delivery, &self.engine);
        let kind = news.kind.or(unshown.as_ref().map(|_| HallEventKind::Delivery))?;
        let call = call.map(|(_, call)| call);
        if let Some(call) = &call {
            self.calls.retain(|c| c.number != call.number);
            self.calls.push_front(call.clone());
            self.calls.truncate(CALLS_MAX);
        }
        if !self.live {
            return None;
        }
        let windows = self.engine.windows().iter().filter(|w| news.windows.contains(&w.id));
        Some(HallEvent {
            seq: row.seq,
            at: row.at,
            kind,
            number: news.number,
            call,
            windows: windows.map(|w| self.window_view(hall, w)).collect(),
            groups: news.groups.iter().map(|g| self.group_view(hall, g)).collect(),
            next_up: Vec::new(),
            unshown,
        })
    }

    /// A new day: today's tickets become yesterday's, and yesterday's are forgotten.
    fn turn_the_page(&mut self) {
        let today = self.engine.shared_tickets();
        self.yesterday = today.iter().map(|t| (t.id, Arc::clone(t))).collect();
        let kept = &self.yesterday;
        self.notes.retain(|id, _| kept.contains_key(id));
        self.by_token.retain(|_, id| kept.contains_key(id));
        for note in self.notes.values_mut() {
            note.mask = None;
        }
        self.calls.clear();
        self.unshown.clear();
    }

    fn note_effect(&mut self, row: &Committed, effect: &Effect) {
        let step = (row.seq, row.at);
        match effect {
            Effect::Issued {
                ticket,
                number,
                base_ms,
                ..
            } => {
                // A lent number was given out before it came in; its base time says when.
                let lent = self.engine.leases().iter().any(|lease| lease.has(*number));
                let ago = if lent { (row.now.0 - base_ms).max(0) } else { 0 };
                let note = Note {
                    issued_at: UnixMillis(row.at.0 - ago),
                    steps: vec![step],
                    mask: row.mask.clone(),
                };
                self.notes.insert(ticket.id, note);
                if let Some(hash) = row.token_hash {
                    self.by_token.insert(hash, ticket.id);
                }
            }
            Effect::Called { ticket, .. } => self.step(*ticket, step),
            Effect::Finished { ticket, .. } | Effect::Cancelled { ticket, .. } | Effect::Superseded { ticket, .. } => {
                let over = self.engine.ticket(*ticket).is_none_or(|t| !t.state.is_open());
                if let (true, Some(note)) = (over, self.notes.get_mut(ticket)) {
                    note.mask = None;
                }
                self.step(*ticket, step);
            }
            Effect::Recalled { ticket, .. }
            | Effect::Picked { ticket, .. }
            | Effect::Started { ticket, .. }
            | Effect::NextMatter { ticket, .. }
            | Effect::NoShow { ticket, .. }
            | Effect::Transferred { ticket, .. }
            | Effect::Requeued { ticket, .. }
            | Effect::Held { ticket, .. }
            | Effect::Resumed { ticket }
            | Effect::Rated { ticket, .. } => self.step(*ticket, step),
            _ => {}
        }
    }

    fn step(&mut self, ticket: TicketId, step: (u64, UnixMillis)) {
        if let Some(note) = self.notes.get_mut(&ticket) {
            note.steps.push(step);
        }
    }
}

/// What one row means to a board.
#[derive(Default)]
struct News {
    kind: Option<HallEventKind>,
    number: Option<TicketNo>,
    call: Option<(TicketId, WindowId)>,
    windows: Vec<WindowId>,
    groups: Vec<GroupId>,
}

impl News {
    fn window(&mut self, id: &WindowId) {
        if !self.windows.contains(id) {
            self.windows.push(id.clone());
        }
    }

    fn ticket(&mut self, picture: &Picture, id: TicketId) {
        let Some(ticket) = picture.engine.ticket(id) else {
            return;
        };
        self.number = Some(ticket.number);
        if !self.groups.contains(&ticket.group) {
            self.groups.push(ticket.group.clone());
        }
        if let Some(window) = &ticket.window {
            self.window(window);
        }
    }

    /// Where the ticket was: its old group and window change too.
    fn before(&mut self, picture: &Picture, effect: &Effect) {
        if let Some(id) = about(effect) {
            self.ticket(picture, id);
        }
    }

    fn after(&mut self, picture: &Picture, effect: &Effect) {
        if let Some(id) = about(effect) {
            self.ticket(picture, id);
        }
        let kind = match effect {
            Effect::DayBegan { .. } => HallEventKind::DayRolledOver,
            Effect::Issued { .. } => HallEventKind::Issued,
            Effect::WindowOpened { window, .. }
            | Effect::WindowPaused { window, .. }
            | Effect::WindowClosed { window, .. } => {
                self.window(window);
                HallEventKind::WindowChanged
            }
            Effect::Called { ticket, window, .. } => {
                self.call = Some((*ticket, window.clone()));
                HallEventKind::Called
            }
            Effect::Recalled { ticket, window, .. } => {
                self.call = Some((*ticket, window.clone()));
                HallEventKind::Recalled
            }
            Effect::Started { .. } => HallEventKind::Started,
            Effect::Finished { .. } => HallEventKind::Finished,
            Effect::NextMatter { .. } => HallEventKind::NextMatter,
            Effect::NoShow { .. } => HallEventKind::NoShow,
            Effect::Transferred { .. } => HallEventKind::Transferred,
            Effect::Requeued { .. } => HallEventKind::Requeued,
            Effect::Held { .. } => HallEventKind::Held,
            Effect::Resumed { .. } => HallEventKind::Resumed,
            Effect::Cancelled { .. } | Effect::Superseded { .. } => HallEventKind::Cancelled,
            _ => return,
        };
        // In a row with several effects the last one names it; a roll-over names all.
        if self.kind != Some(HallEventKind::DayRolledOver) {
            self.kind = Some(kind);
        }
    }
}

fn about(effect: &Effect) -> Option<TicketId> {
    match effect {
        Effect::Issued { ticket, .. } => Some(ticket.id),
        Effect::Called { ticket, .. }
        | Effect::Recalled { ticket, .. }
        | Effect::Started { ticket, .. }
        | Effect::Finished { ticket, .. }
        | Effect::NextMatter { ticket, .. }
        | Effect::NoShow { ticket, .. }
        | Effect::Transferred { ticket, .. }
        | Effect::Requeued { ticket, .. }
        | Effect::Held { ticket, .. }
        | Effect::Resumed { ticket }
        | Effect::Superseded { ticket, .. }
        | Effect::Cancelled { ticket, .. } => Some(*ticket),
        _ => None,
    }
}

/// The view's end at the ledger.
pub struct Following {
    view: Arc<View>,
    /// What of the rows followed last the streams have not heard.
    unheard: Vec<HallEvent>,
}

impl Following {
    /// Keeps this view's picture.
    pub fn new(view: Arc<View>) -> Self {
        Self {
            view,
            unheard: Vec::new(),
        }
    }
}

impl Follower for Following {
    fn begin(&mut self, engine: Engine, seq: u64) {
        let mut picture = self.view.picture.write().expect("no panic under this lock");
        picture.record.begin(&engine);
        picture.engine = engine;
        picture.seq = seq;
    }

    fn follow(&mut self, rows: &[Committed]) {
        let now = Instant::now();
        let mut picture = self.view.picture.write().expect("no panic under this lock");
        for row in rows {
            let event = picture.fold(&self.view.hall, row);
            if let Some(event) = &event {
                self.view.hear(event, &row.delivery, now);
            }
            self.unheard.extend(event.filter(|_| picture.live));
        }
    }

    fn publish(&mut self) {
        let (seq, next_up) = {
            let picture = self.view.picture.read().expect("no panic under this lock");
            if !picture.live {
                return;
            }
            // The list of likely next numbers is that of the end of the batch for all its events: readers replace the
            // whole list each time, and ranking the queue once per commit is what a burst can afford.
            let next_up = (!self.unheard.is_empty()).then(|| picture.next_up());
            (picture.seq, next_up.unwrap_or_default())
        };
        let events = self.unheard.drain(..).map(|mut event| {
            event.next_up.clone_from(&next_up);
            let json = serde_json::to_vec(&event).expect("plain data");
            (event.seq, hub::event("journal", event.seq, &json))
        });
        self.view.hub.publish(seq, events.collect());
    }

    fn holders(&mut self, records: Vec<HolderRecord>) {
        let mut picture = self.view.picture.write().expect("no panic under this lock");
        for record in records {
            if let Some(hash) = record.token_hash {
                picture.by_token.insert(hash, record.ticket);
            }
            if let Some(note) = picture.notes.get_mut(&record.ticket) {
                note.mask = record.mask;
            }
        }
        picture.live = true;
        let now = Instant::now();
        for (call, noted) in picture.unshown.standing(&picture.engine) {
            self.view.watch.resumed(call, noted, now);
        }
        self.view.hub.begin(picture.seq);
    }

    fn trouble(&mut self, why: Option<String>) {
        *self.view.trouble.lock().expect("no panic under this lock") = why;
    }

    fn committed(&mut self, rows: usize, took: Duration) {
        metrics::histogram!("ledger_commit_seconds").record(took);
        metrics::counter!("ledger_rows_total").increment(rows as u64);
        metrics::counter!("ledger_commits_total").increment(1);
    }
}
