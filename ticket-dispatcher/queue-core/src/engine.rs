//! The state of a hall and what may be read from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ticket_dispatcher_types::{BookingId, GroupId, Millis, ServiceId, TicketId, TicketState, WindowId, WindowState};

use crate::booked::Bookings;
use crate::config::HallConfig;
use crate::curve::Curve;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::event::{Event, NewTicket};
use crate::forecast::{Forecast, QueueOutlook, Quote};
use crate::index::Index;
use crate::learn::{Experience, Learnt, Models};
use crate::lease::Lease;
use crate::outlook::Outlook;
use crate::policy::{Policy, Scorer};
use crate::ticket::{Ticket, WindowNow};
use crate::waiters::Waiters;

/// A hall's queue. See the crate's page for its two doors.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The header in force: the hall file's, with today's policy.
    pub(crate) config: Arc<HallConfig>,
    /// The header as the hall file has it.
    pub(crate) file: Arc<HallConfig>,
    pub(crate) index: Arc<Index>,
    /// Follow from what `state` has learnt; kept because they are dear to compute.
    pub(crate) models: Arc<Models>,
    pub(crate) scorer: Arc<Scorer>,
    pub(crate) durations: Arc<Vec<Curve>>,
    pub(crate) outlook: Arc<Outlook>,
    pub(crate) state: State,
    /// Places of `state.tickets` by holder; follows from them.
    pub(crate) by_holder: Arc<BTreeMap<String, Vec<usize>>>,
    /// `state.waiting` by what makes people alike; follows from it.
    pub(crate) waiters: Arc<Waiters>,
}

/// Everything that changes. Tickets are shared until they change, so that a draft of the state costs little.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct State {
    pub(crate) day: String,
    /// Latest time seen.
    pub(crate) clock: Millis,
    /// In order of issue.
    pub(crate) tickets: Vec<Arc<Ticket>>,
    pub(crate) by_id: Arc<BTreeMap<TicketId, usize>>,
    /// Bookings checked in today.
    pub(crate) checked_in: Arc<BTreeMap<BookingId, usize>>,
    /// Appointments.
    pub(crate) bookings: Arc<Bookings>,
    /// Last number given out, by series.
    pub(crate) counts: BTreeMap<char, u32>,
    /// Places of `tickets` that wait, in order of place.
    pub(crate) waiting: Vec<usize>,
    /// Numbers lent to kiosks today.
    pub(crate) leases: Arc<Vec<Lease>>,
    /// In the order of the hall file.
    pub(crate) windows: Vec<WindowNow>,
    /// By group: priority calls in a row while ordinary tickets waited.
    pub(crate) priority_run: Vec<u8>,
    /// What chooses today.
    pub(crate) policy: Policy,
    /// How long services take.
    pub(crate) learnt: Arc<Learnt>,
}

impl Engine {
    /// A hall before its first day: no tickets, all windows closed.
    pub fn new(config: Arc<HallConfig>) -> Self {
        let windows = config.windows.iter().map(|w| WindowNow {
            id: w.id.clone(),
            state: WindowState::Closed,
            since: Millis::ZERO,
            reason: None,
            clerk: None,
            current: None,
            idle_since: Millis::ZERO,
        });
        let state = State {
            day: String::new(),
            clock: Millis::ZERO,
            tickets: Vec::new(),
            by_id: Arc::default(),
            checked_in: Arc::default(),
            bookings: Arc::default(),
            counts: BTreeMap::new(),
            leases: Arc::default(),
            waiting: Vec::new(),
            windows: windows.collect(),
            priority_run: vec![0; config.groups.len()],
            policy: config.policy,
            learnt: Arc::new(Learnt::new(&config)),
        };
        let index = Arc::new(Index::new(&config));
        let models = Arc::new(Models::new(&index, &state.learnt));
        let scorer = Arc::new(Scorer::new(&config, &models, index.shares(&config)));
        let outlook = Arc::new(Outlook::new(&config, &index));
        Self {
            durations: Arc::new(outlook.durations(&models)),
            outlook,
            file: Arc::clone(&config),
            waiters: Arc::new(Waiters::new(config.groups.len())),
            config,
            index,
            models,
            scorer,
            state,
            by_holder: Arc::default(),
        }
    }

    /// What the hall has learnt and takes over into the next day.
    pub fn experience(&self) -> Experience {
        self.state.learnt.experience(&self.config)
    }

    /// Takes over what was learnt before; for an engine that is about to begin a day.
    pub fn recall(&mut self, experience: &Experience) {
        self.state.learnt = Arc::new(Learnt::with(&self.config, experience));
        self.draw_anew();
    }

    /// All that follows from what was learnt. A day begins with it, so that a day hangs on nothing but what was learnt
    /// before it, and not on the order in which.
    pub(crate) fn draw_anew(&mut self) {
        self.models = Arc::new(Models::new(&self.index, &self.state.learnt));
        self.durations = Arc::new(self.outlook.durations(&self.models));
        self.scorer = Arc::new(Scorer::new(&self.config, &self.models, self.index.shares(&self.config)));
    }

    pub(crate) fn learn(&mut self, service: usize, window: Option<usize>, slow: bool, ms: i64) {
        let usual = self.models.services[service].mu;
        Arc::make_mut(&mut self.state.learnt).add(service, window, slow, ms, usual);
        self.models = Arc::new(Models::new(&self.index, &self.state.learnt));
        // The group's other services hardly move; theirs are drawn anew at their own next finish.
        Arc::make_mut(&mut self.durations)[service] = self.outlook.duration(&self.models.services[service]);
        self.scorer = Arc::new(Scorer::new(&self.config, &self.models, self.index.shares(&self.config)));
    }

    /// Decides and folds. The effects are what the journal stores.
    pub fn apply(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.run(now, &event, &mut effects);
        effects
    }

    /// `apply` of a [`Event::Take`], told a forecast that was made before instead of one of its own, which costs some
    /// hundred times as much as all the rest. The quote is an input: a journal must keep it beside the event.
    pub fn apply_quoted(&mut self, now: Millis, new: &NewTicket, quote: &Quote) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Err(refusal) = self.take(now, new, Some(quote), &mut effects) {
            effects.push(Effect::Refused { refusal });
        }
        effects
    }

    /// What `apply` would do, without doing it: for a journal that must be durable before the state moves.
    pub fn decide(&self, now: Millis, event: &Event) -> Vec<Effect> {
        let mut draft = self.clone();
        let mut effects = Vec::new();
        draft.run(now, event, &mut effects);
        effects
    }

    /// The static header.
    pub fn config(&self) -> &Arc<HallConfig> {
        &self.config
    }

    /// The day that `DayBegins` named; empty before the first.
    pub fn day(&self) -> &str {
        &self.state.day
    }

    /// Today's tickets in order of issue, whatever became of them.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.state.tickets.iter().map(Arc::as_ref)
    }

    /// The same to be kept beyond the day, without a copy of each.
    pub fn shared_tickets(&self) -> &[Arc<Ticket>] {
        &self.state.tickets
    }

    /// One ticket of today.
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        let ix = *self.state.by_id.get(&id)?;
        Some(&self.state.tickets[ix])
    }

    /// The open ticket that a holder has in a group (or anywhere, without one).
    pub fn open_ticket_of(&self, holder: &str, group: Option<&GroupId>) -> Option<&Ticket> {
        let held = self
            .by_holder
            .get(holder)?
            .iter()
            .map(|ix| self.state.tickets[*ix].as_ref());
        let mut open = held.filter(|t| t.state.is_open());
        open.find(|t| group.is_none_or(|group| t.group == *group))
    }

    /// The windows in the order of the hall file.
    pub fn windows(&self) -> &[WindowNow] {
        &self.state.windows
    }

    /// One window.
    pub fn window(&self, id: &WindowId) -> Option<&WindowNow> {
        let ix = *self.index.windows.get(id)?;
        Some(&self.state.windows[ix])
    }

    /// Waiting tickets in order of their place.
    pub fn waiting(&self) -> impl Iterator<Item = &Ticket> {
        self.state.waiting.iter().map(|ix| self.state.tickets[*ix].as_ref())
    }

    /// How many wait in a group.
    pub fn waiting_in(&self, group: &GroupId) -> u32 {
        let group = self.index.groups.get(group);
        group.map_or(0, |group| self.waiters.queues[*group])
    }

    /// Waiting tickets of the same group that would be called before this one, were the group called through now: by
    /// policy, cap on priority calls and check-in window. 0 when it does not wait.
    pub fn people_ahead(&self, ticket: TicketId) -> u32 {
        self.people_ahead_at(self.state.clock, ticket)
    }

    /// The same at a later moment: while nothing happens the order moves with the clock all the same.
    pub fn people_ahead_at(&self, now: Millis, ticket: TicketId) -> u32 {
        match self.state.by_id.get(&ticket) {
            Some(ix) if self.state.tickets[*ix].state == TicketState::Waiting => {
                self.ahead(now.max(self.state.clock), *ix)
            }
            _ => 0,
        }
    }

    /// The first `n` waiting tickets in the order in which they would be called now, over all groups.
    pub fn next_up(&self, n: usize) -> Vec<&Ticket> {
        let order = self.in_order(n).into_iter();
        order.map(|ix| self.state.tickets[ix].as_ref()).collect()
    }

    /// Windows that could call this ticket, now or when they open, in the order of the hall file.
    pub fn could_call(&self, ticket: TicketId) -> Vec<WindowId> {
        let Some(ix) = self.state.by_id.get(&ticket) else {
            return Vec::new();
        };
        let fits = self
            .state
            .windows
            .iter()
            .enumerate()
            .filter(|(w, _)| self.can_serve(*w, *ix));
        fits.map(|(_, window)| window.id.clone()).collect()
    }

    /// Whether a ticket may need another window for the rest of its matters than for the present one.
    pub fn may_need_two_windows(&self, ticket: TicketId) -> bool {
        let Some(ix) = self.state.by_id.get(&ticket).copied() else {
            return false;
        };
        let ticket = &self.state.tickets[ix];
        let at = ticket.window.as_ref().and_then(|w| self.index.windows.get(w)).copied();
        let mut windows = 0..self.state.windows.len();
        match (ticket.state, at) {
            (TicketState::Called | TicketState::Serving, Some(window)) => !self.serves_all(window, ix),
            _ => windows.any(|window| self.can_serve(window, ix) && !self.serves_all(window, ix)),
        }
    }

    /// Whether anybody can say when a ticket of this group will be called: a window that serves it is open, or is
    /// expected to open today, and no crowd waits beyond all a hall can do.
    pub fn foreseeable(&self, now: Millis, group: &GroupId) -> bool {
        let group = self.index.groups.get(group);
        group.is_some_and(|group| self.can_say(now, *group))
    }

    /// Time from `now` until the call of a waiting ticket; zero for one that does not wait.
    pub fn forecast(&self, now: Millis, ticket: TicketId) -> Forecast {
        match self.state.by_id.get(&ticket) {
            Some(ix) if self.state.tickets[*ix].state == TicketState::Waiting => self.foresee(now, *ix),
            _ => Forecast::default(),
        }
    }

    /// Forecasts of all waiting tickets, in order of issue: a refresh for boards and phones.
    pub fn forecast_all(&self, now: Millis) -> Vec<(TicketId, Forecast)> {
        let all = self.foresee_all(now).into_iter();
        all.map(|(ix, forecast)| (self.state.tickets[ix].id, forecast))
            .collect()
    }

    /// When everybody who waits now will have been called, from `now`; none when nobody waits.
    pub fn queue_gone(&self, now: Millis) -> Option<QueueOutlook> {
        self.foresee_end(now, &self.callable(now))
    }

    /// People ahead and time until the call of an ordinary ticket for this service, were it taken at `now`.
    pub fn forecast_if_taken(&self, now: Millis, service: &ServiceId) -> Option<(u32, Forecast)> {
        let ix = *self.index.services.get(service)?;
        Some(self.foresee_new(now, ix))
    }

    /// People ahead alone, which costs next to nothing.
    pub fn ahead_if_taken(&self, now: Millis, service: &ServiceId) -> Option<u32> {
        let ix = *self.index.services.get(service)?;
        Some(self.ahead_if_new(now, ix))
    }

    /// A digest of the whole state (FNV-1a, 128 bit), equal for equal states on every machine.
    pub fn state_digest(&self) -> [u8; 16] {
        Digest::of(&self.state)
    }

    pub(crate) fn can_serve(&self, window: usize, ticket: usize) -> bool {
        let ticket = &self.state.tickets[ticket];
        match self.bound_to(ticket) {
            Some(bound) => bound == window,
            None => self.index.skills[window][ticket.group_at],
        }
    }

    /// The only window that may call it. One that has closed keeps nobody: whoever was sent there is everybody's again.
    pub(crate) fn bound_to(&self, ticket: &Ticket) -> Option<usize> {
        let window = *self.index.windows.get(ticket.bound.as_ref()?)?;
        (self.state.windows[window].state != WindowState::Closed).then_some(window)
    }
}

pub(crate) fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
