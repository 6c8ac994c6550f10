//! The line to the dispatcher: requests with their keys, the catalogue, and the strip of calls.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use kiosk_flow::{Card, DispatcherInput, Input, StaffReason, TicketRequest};
use provisioning_config::kiosk_file::Dispatcher;
use ticket_dispatcher_protocol::client::{Access, CallError, Client, StreamItem};
use ticket_dispatcher_protocol::{
    AskLease, CallStaff, HallEvent, HallEventKind, HallSnapshot, ProblemKind, TakeTicket,
};
use ticket_dispatcher_types::{DeviceId, IdemKey, TicketId, TicketNo};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use ui_model::Trouble;

use crate::alone::{Errand, HandOverEnd};
use crate::clock::{Clock, fresh_key};
use crate::convert;
use crate::core::Message;

/// The catalogue is asked for this often, and sooner when the stream says that something changed.
const SERVICES_EVERY: Duration = Duration::from_secs(3);

/// Changes that come together are answered by one question.
const SERVICES_GAP: Duration = Duration::from_millis(400);

/// Pauses between attempts at a number: someone stands there, so soon at first.
const PAUSES_MS: [u64; 4] = [250, 500, 1000, 2000];

/// Lent numbers are asked for this often, and at once when the line is back.
const LEASE_EVERY: Duration = Duration::from_secs(60);

/// Pause before a hand-over is tried again.
const HAND_OVER_AGAIN: Duration = Duration::from_secs(2);

/// Attempts at giving a ticket back.
const CANCEL_TRIES: usize = 4;

/// Makes the client; the files are read once, here.
pub fn client(file: &Dispatcher) -> anyhow::Result<Client> {
    let read = |path: &Option<std::path::PathBuf>| -> anyhow::Result<Vec<u8>> {
        let path = path
            .as_ref()
            .context("a file of the dispatcher's certificate is not named")?;
        std::fs::read(path).with_context(|| format!("reading {}", path.display()))
    };
    let access = if file.url.starts_with("https://") {
        Access::MutualTls {
            ca: read(&file.ca)?,
            cert: read(&file.cert)?,
            key: read(&file.key)?,
        }
    } else {
        let token = String::from_utf8(read(&file.token_file)?).context("the token is not text")?;
        Access::Loopback {
            token: token.trim().to_string(),
        }
    };
    Ok(Client::new(&file.url, access)?)
}

/// The line.
pub struct Line {
    runtime: Handle,
    client: Client,
    device: DeviceId,
    clock: Clock,
    tx: Sender<Message>,
    refresh: Arc<Notify>,
    requests: Mutex<BTreeMap<IdemKey, tokio::task::AbortHandle>>,
}

impl Line {
    /// Starts to ask for the catalogue and to listen to the hall.
    /// `alone` says whether this kiosk can give out numbers by itself, so that it asks for some.
    pub fn start(
        runtime: Handle,
        client: Client,
        device: DeviceId,
        clock: Clock,
        tx: Sender<Message>,
        alone: bool,
    ) -> Self {
        let refresh = Arc::new(Notify::new());
        let lease = alone.then(|| device.clone());
        runtime.spawn(ask_services(client.clone(), refresh.clone(), tx.clone(), lease));
        runtime.spawn(listen(client.clone(), refresh.clone(), tx.clone()));
        Self {
            runtime,
            client,
            device,
            clock,
            tx,
            refresh,
            requests: Mutex::new(BTreeMap::new()),
        }
    }

    /// Asks for the catalogue now.
    pub fn refresh(&self) {
        self.refresh.notify_one();
    }

    /// Asks for a number until there is an answer or nobody waits any more.
    pub fn issue(&self, key: IdemKey, request: TicketRequest) {
        let slot = request.appointment.as_ref().map(|a| a.slot.clone());
        let booked = slot.is_some();
        let body = convert::request(request, &self.device);
        let (client, clock, tx) = (self.client.clone(), self.clock.clone(), self.tx.clone());
        let task = self.runtime.spawn(async move {
            let asked = Instant::now();
            let answer = take_ticket(&client, key, &body, &tx).await;
            tracing::info!(ms = asked.elapsed().as_millis(), "the dispatcher answered");
            drop(body); // the holder goes before the answer is told
            let input = match answer {
                Ok(issued) => DispatcherInput::Issued {
                    key,
                    ticket: convert::issued(*issued, slot, &clock),
                },
                Err(error) => refusal(key, booked, error, &clock),
            };
            tell(&tx, input);
        });
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.retain(|_, task| !task.is_finished());
        requests.insert(key, task.abort_handle());
    }

    /// Asks once for the appointments of a person; a question that fails is answered with none.
    pub fn find_bookings(&self, ask: IdemKey, holder: Card) {
        let (client, tx) = (self.client.clone(), self.tx.clone());
        self.runtime.spawn(async move {
            let question = convert::question(holder);
            let answer = client.find_bookings(&question).await;
            let answer = answer.unwrap_or_else(|error| {
                tracing::warn!(%error, "appointments could not be looked up");
                Default::default()
            });
            let missed = answer.missed.as_ref().map(|missed| missed.service.clone());
            let found = convert::appointments(answer);
            drop(question); // the holder goes before the answer is told
            tell(&tx, DispatcherInput::Bookings { ask, found, missed });
        });
    }

    /// Hands over a ticket that was given out alone: one attempt, the owner decides about the next.
    pub fn hand_over(&self, errand: Errand) {
        let (client, tx) = (self.client.clone(), self.tx.clone());
        self.runtime.spawn(async move {
            let Errand { no, key, body } = errand;
            let end = match client.hand_over(key, &body).await {
                Ok(answer) => HandOverEnd::Taken(answer),
                Err(CallError::Refused(problem)) if is_final(problem.code) => HandOverEnd::Refused(problem.detail),
                Err(error) => {
                    tracing::warn!(%error, "a ticket given out alone is not handed over yet");
                    tokio::time::sleep(HAND_OVER_AGAIN).await;
                    HandOverEnd::Later
                }
            };
            drop(body); // the holder goes before the answer is told
            let _ = tx.send(Message::HandedOver(no, end)); // a core that stopped asks again when it starts
        });
    }

    /// Tells staff. Tried for a while; whoever stands there hears from the screen that they are coming, and the phone
    /// of the hall stands beside it.
    pub fn call_staff(&self, reason: StaffReason) {
        let (client, device) = (self.client.clone(), self.device.clone());
        self.runtime.spawn(async move {
            let request = CallStaff {
                device: Some(device),
                reason: convert::staff_reason(reason),
            };
            for attempt in 0..CANCEL_TRIES {
                match client.call_staff(&request).await {
                    Ok(_) => return,
                    Err(error) if error.may_pass() => pause(attempt).await,
                    Err(error) => return tracing::warn!(%error, "staff could not be called"),
                }
            }
            tracing::warn!("staff could not be called: nobody answers");
        });
    }

    /// Nobody waits any more: the request and its holder are dropped.
    pub fn abandon(&self, key: IdemKey) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = requests.remove(&key) {
            task.abort();
        }
    }

    /// Gives a ticket back.
    pub fn cancel(&self, id: TicketId) -> anyhow::Result<()> {
        let key = fresh_key()?;
        let (client, tx) = (self.client.clone(), self.tx.clone());
        self.runtime.spawn(async move {
            for attempt in 0..CANCEL_TRIES {
                match client.cancel_ticket(id, key, "given back at the kiosk").await {
                    Ok(_) => return tell(&tx, DispatcherInput::GivenBack(id)),
                    Err(error) if error.may_pass() => pause(attempt).await,
                    Err(error) => {
                        tracing::warn!(%error, "a ticket could not be given back");
                        break;
                    }
                }
            }
            tell(&tx, DispatcherInput::GiveBackFailed(id));
        });
        Ok(())
    }
}

/// A refusal that no repetition mends. What hangs on rights or on the state of the dispatcher may be mended by people.
fn is_final(code: ProblemKind) -> bool {
    matches!(
        code,
        ProblemKind::DayIsOver | ProblemKind::Unprocessable | ProblemKind::Malformed | ProblemKind::KeyReused
    )
}

fn tell(tx: &Sender<Message>, input: DispatcherInput) {
    let _ = tx.send(Message::from(Input::Dispatcher(input))); // a core that stopped needs no answers
}

async fn pause(attempt: usize) {
    let last = PAUSES_MS[PAUSES_MS.len() - 1];
    tokio::time::sleep(Duration::from_millis(*PAUSES_MS.get(attempt).unwrap_or(&last))).await;
}

async fn take_ticket(
    client: &Client,
    key: IdemKey,
    body: &TakeTicket,
    tx: &Sender<Message>,
) -> Result<Box<ticket_dispatcher_protocol::TicketIssued>, CallError> {
    let mut attempt = 0;
    loop {
        match client.take_ticket(key, body).await {
            Ok(issued) => return Ok(Box::new(issued)),
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, attempt, "no number yet");
                let ledger = matches!(&error, CallError::Refused(p) if p.code == ProblemKind::LedgerUnavailable);
                let trouble = if ledger {
                    Trouble::LedgerAway
                } else {
                    Trouble::DispatcherAway
                };
                tell(tx, DispatcherInput::Unavailable { key, trouble });
                pause(attempt).await;
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn refusal(key: IdemKey, booked: bool, error: CallError, clock: &Clock) -> DispatcherInput {
    tracing::info!(%error, "no number");
    let CallError::Refused(problem) = error else {
        let trouble = Trouble::NotGivenHere;
        return DispatcherInput::Refused { key, trouble };
    };
    match (problem.code, problem.ticket) {
        (ProblemKind::AlreadyHolds, Some(ticket)) => DispatcherInput::AlreadyHolds {
            key,
            ticket: convert::held(ticket, clock),
        },
        (code, _) => DispatcherInput::Refused {
            key,
            trouble: reason(code, booked),
        },
    }
}

/// What the screen says of a refusal that no repetition mends.
fn reason(code: ProblemKind, booked: bool) -> Trouble {
    match code {
        ProblemKind::NotIssuing => Trouble::LastNumberGone,
        ProblemKind::Unprocessable | ProblemKind::WrongState | ProblemKind::NotFound if booked => {
            Trouble::AppointmentGone
        }
        ProblemKind::Unauthorised | ProblemKind::Forbidden => Trouble::NotRegistered,
        _ => Trouble::NotGivenHere,
    }
}

async fn ask_services(client: Client, refresh: Arc<Notify>, tx: Sender<Message>, lease: Option<DeviceId>) {
    let mut failures = 0;
    let mut asked_lease: Option<Instant> = None;
    loop {
        match client.services().await {
            Ok(services) => {
                failures = 0;
                tell(&tx, DispatcherInput::Services(convert::catalogue(services)));
                tell(&tx, DispatcherInput::Back);
                if asked_lease.is_none_or(|at| at.elapsed() >= LEASE_EVERY) {
                    asked_lease = ask_lease(&client, &tx, lease.as_ref()).await.then(Instant::now);
                }
            }
            Err(error) => {
                failures += 1;
                // One lost answer is no outage; two in a row are.
                if failures == 2 {
                    // Numbers may have been given out meanwhile.
                    asked_lease = None;
                    tracing::warn!(%error, "the dispatcher is away");
                    tell(&tx, DispatcherInput::Away);
                }
            }
        }
        let wait = if failures == 1 { SERVICES_GAP } else { SERVICES_EVERY };
        let _ = tokio::time::timeout(wait, refresh.notified()).await;
        tokio::time::sleep(SERVICES_GAP).await;
    }
}

/// Asks for numbers for the time without a line; false when there was no answer.
async fn ask_lease(client: &Client, tx: &Sender<Message>, device: Option<&DeviceId>) -> bool {
    let Some(device) = device.cloned() else { return true };
    match client.lease(&AskLease { device: Some(device) }).await {
        Ok(lent) => {
            tell(tx, DispatcherInput::Lent(convert::lent(lent)));
            true
        }
        Err(error) => {
            tracing::warn!(%error, "no numbers are lent for the time without a line");
            false
        }
    }
}

/// Follows the hall's stream for the strip; each event may change the counts, so it also asks for the catalogue.
async fn listen(client: Client, refresh: Arc<Notify>, tx: Sender<Message>) {
    let mut hall: Option<HallSnapshot> = None;
    loop {
        let last = hall.as_ref().map(|h| h.seq);
        if let Ok(mut stream) = client.stream(last).await {
            tracing::info!("listening to the hall");
            loop {
                match stream.next().await {
                    Ok(StreamItem::Alive) => continue,
                    Ok(StreamItem::Snapshot(snapshot)) => hall = Some(*snapshot),
                    Ok(StreamItem::Event(event)) => {
                        if let Some(number) = over(&event) {
                            let _ = tx.send(Message::Over(number));
                        }
                        if let Some(hall) = &mut hall {
                            follow(hall, *event);
                        }
                    }
                    Err(error) => {
                        tracing::info!(%error, "the hall's stream broke");
                        break;
                    }
                }
                if let Some(hall) = &hall {
                    tell(&tx, DispatcherInput::Strip(convert::calls(hall)));
                }
                refresh.notify_one();
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The ticket that an event says is over. One with more matters may be among them: then a kiosk alone would give its
/// person a second number, and the dispatcher settles that at the hand-over.
fn over(event: &HallEvent) -> Option<TicketNo> {
    event
        .number
        .filter(|_| matches!(event.kind, HallEventKind::Finished | HallEventKind::Cancelled))
}

/// Folds an event into what the strip needs of the hall: its calls, and who stands at which window.
fn follow(hall: &mut HallSnapshot, event: HallEvent) {
    hall.seq = event.seq;
    if let Some(call) = event.call {
        hall.calls.retain(|c| c.number != call.number);
        hall.calls.insert(0, call);
        // More than the strip shows: a late one may be finished before an earlier one.
        hall.calls.truncate(32);
    }
    for window in event.windows {
        if let Some(place) = hall.windows.iter_mut().find(|w| w.id == window.id) {
            *place = window;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn window(number: Option<&str>) -> serde_json::Value {
        let name = json!({"zh-Hans": "1号综合窗口", "zh-Hant": "", "en": ""});
        json!({"id": "W01", "name": name, "kind": "comprehensive", "state": "open", "number": number, "serving": false})
    }

    fn numbers(hall: &HallSnapshot) -> Vec<String> {
        convert::calls(hall)
            .iter()
            .map(|call| call.number.to_string())
            .collect()
    }

    #[test]
    fn the_strip_shows_only_numbers_that_still_stand_at_a_window() {
        let name = json!({"zh-Hans": "示例大厅", "zh-Hant": "", "en": ""});
        let call = |number: &str, seq: u64| json!({"seq": seq, "number": number, "window": "W01", "times": 1, "at": 0});
        let snapshot = json!({
            "hall": {"id": "h", "name": name, "phone": ""}, "seq": 1, "at": 0, "groups": [], "next_up": [],
            "windows": [window(Some("A001"))], "calls": [call("A001", 1)],
        });
        let mut hall: HallSnapshot = serde_json::from_value(snapshot).expect("a snapshot");
        assert_eq!(numbers(&hall), ["A001"]);
        let event = json!({
            "seq": 2, "at": 0, "kind": "called", "number": "A002", "call": call("A002", 2), "next_up": [],
            "windows": [window(Some("A002"))],
        });
        follow(&mut hall, serde_json::from_value(event).expect("an event"));
        assert_eq!(numbers(&hall), ["A002"], "A001 has been finished");
        let finished = json!({"seq": 3, "at": 0, "kind": "finished", "next_up": [], "windows": [window(None)]});
        follow(&mut hall, serde_json::from_value(finished).expect("an event"));
        assert!(numbers(&hall).is_empty());
    }
}
