//! The kiosk alone: keeps what it needs for the time without a line, gives out lent numbers, hands their tickets over.
//!
//! Nothing is decided here that the flow or the outbox could decide. A person is in the outbox as a tag under the
//! kiosk's own key, and sealed under it until the hand-over; never in a log.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use kiosk_flow::{Catalogue, DispatcherInput, Lent, LentNumber, Ticket, TicketRequest};
use kiosk_outbox::{AloneEnd, NewAlone, Outbox, Tag};
use provisioning_config::kiosk_file::KioskFile;
use ticket_dispatcher_identity::{CryptoProvider, GmSoft, KeyUse, RowId};
use ticket_dispatcher_protocol as wire;
use ticket_dispatcher_types::{DeviceId, GroupId, IdemKey, TicketNo, UnixMillis};
use zeroize::Zeroizing;

use crate::clock::{Clock, fresh_key, fresh_nonce};
use crate::convert;
use crate::vault::{Vault, key};

/// Names of what is kept.
const LENT: &str = "lent";
const CATALOGUE: &str = "catalogue";
/// Columns, for sealing.
const KEPT: &str = "kept";
const HELD: &str = "held";

/// The catalogue is written down this often: its counts change all the time, and they are not needed.
const KEEP_EVERY_MS: i64 = 60_000;

/// What became of a hand-over.
#[derive(Debug)]
pub enum HandOverEnd {
    /// The dispatcher has it, under this number.
    Taken(wire::HandedOver),
    /// It never will: why.
    Refused(String),
    /// Not now.
    Later,
}

/// A hand-over on its way.
#[derive(Debug)]
pub struct Errand {
    /// Its place in the outbox.
    pub no: i64,
    /// Its key.
    pub key: IdemKey,
    /// What is sent.
    pub body: wire::HandOver,
}

/// The room of the kiosk alone. Only there with a key of its own.
pub struct Alone {
    crypto: GmSoft,
    vault: Arc<Vault>,
    device: DeviceId,
    clock: Clock,
    day: String,
    kept_at: i64,
    /// The line is up.
    pub up: bool,
    /// A hand-over is on its way.
    pub busy: bool,
    /// There may be tickets to hand over.
    pub pending: bool,
}

impl Alone {
    /// None when the file names no key: a kiosk without one gives out no numbers alone.
    pub fn open(file: &KioskFile, clock: &Clock, vault: &Arc<Vault>) -> anyhow::Result<Option<Self>> {
        let Some(path) = &file.offline_key else {
            return Ok(None);
        };
        Ok(Some(Self {
            crypto: GmSoft::new(&key(path)?),
            vault: Arc::clone(vault),
            device: file.id.clone(),
            clock: clock.clone(),
            day: String::new(),
            kept_at: 0,
            up: false,
            busy: false,
            pending: true,
        }))
    }

    /// What was kept over a restart, for the flow.
    pub fn remembered(&self, outbox: &Outbox) -> anyhow::Result<Vec<DispatcherInput>> {
        let mut inputs = Vec::new();
        if let Some(text) = outbox.kept(CATALOGUE)?
            && let Ok(catalogue) = serde_json::from_str::<Catalogue>(&text)
        {
            inputs.push(DispatcherInput::Services(catalogue));
        }
        if let Some(sealed) = outbox.kept(LENT)?
            && let Some(text) = self.vault.open_text(KEPT, LENT.as_bytes(), &sealed)
            && let Ok(lent) = serde_json::from_str::<Lent>(&text)
        {
            inputs.push(DispatcherInput::Lent(self.unused(outbox, lent)?));
        }
        Ok(inputs)
    }

    /// Numbers lent by the dispatcher, without those that this kiosk has given out and not handed over.
    pub fn unused(&self, outbox: &Outbox, mut lent: Lent) -> anyhow::Result<Lent> {
        let used = outbox.used_numbers(&self.clock.today())?;
        lent.numbers.retain(|number| !used.contains(&number.number.to_string()));
        Ok(lent)
    }

    /// Writes down what the kiosk would need alone.
    pub fn keep_lent(&self, outbox: &Outbox, lent: &Lent) -> anyhow::Result<()> {
        // Tokens of tickets to be are in it.
        let sealed = self.vault.seal(KEPT, LENT.as_bytes(), &serde_json::to_string(lent)?)?;
        outbox.keep(LENT, &sealed, self.clock.unix())?;
        Ok(())
    }

    /// The same of the catalogue, now and then.
    pub fn keep_catalogue(&mut self, outbox: &Outbox, catalogue: &Catalogue) -> anyhow::Result<()> {
        let now = self.clock.unix();
        if now.0 - self.kept_at >= KEEP_EVERY_MS {
            self.kept_at = now.0;
            outbox.keep(CATALOGUE, &serde_json::to_string(catalogue)?, now)?;
        }
        Ok(())
    }

    /// Forgets everybody of another day.
    pub fn turn_day(&mut self, outbox: &mut Outbox) -> anyhow::Result<()> {
        let today = self.clock.today();
        if today != self.day {
            outbox.begin_day(&today)?;
            self.day = today;
        }
        Ok(())
    }

    fn tag(&self, request: &TicketRequest) -> Tag {
        let number = request.holder.number.expose().trim().to_ascii_uppercase();
        self.crypto.mac(KeyUse::Tag, &[b"kiosk", number.as_bytes()])
    }

    /// Somebody asks the dispatcher: whose the answer will be.
    pub fn asked(&self, outbox: &Outbox, key: IdemKey, group: &GroupId, request: &TicketRequest) -> anyhow::Result<()> {
        outbox.asked(key, &self.tag(request), group, &self.clock.today())?;
        Ok(())
    }

    /// Whoever asked with this key holds this ticket.
    pub fn hold(&self, outbox: &Outbox, key: IdemKey, ticket: &Ticket) -> anyhow::Result<()> {
        outbox.hold(key, ticket.number, &self.sealed_ticket(ticket)?)?;
        Ok(())
    }

    /// A ticket with its token, sealed. All share a place: the row is found by a tag that nobody makes without the key.
    fn sealed_ticket(&self, ticket: &Ticket) -> anyhow::Result<String> {
        self.vault.seal(HELD, b"ticket", &serde_json::to_string(ticket)?)
    }

    /// Answers as the dispatcher would: the ticket that the person holds, or this number, kept before it is shown.
    pub fn give(
        &mut self,
        outbox: &mut Outbox,
        key: IdemKey,
        request: TicketRequest,
        number: &LentNumber,
    ) -> anyhow::Result<DispatcherInput> {
        let (tag, day, now) = (self.tag(&request), self.clock.today(), self.clock.unix());
        if let Some(held) = outbox.held(&tag, &number.group, &day)? {
            let text = self.vault.open_text(HELD, b"ticket", &held);
            let text = text.context("a ticket that was kept is not sealed under this kiosk's key")?;
            let ticket = serde_json::from_str(&text).context("a ticket that was kept cannot be read")?;
            return Ok(DispatcherInput::AlreadyHolds { key, ticket });
        }
        let issued_at = Timestamp::from_millisecond(now.0).context("a time beyond all calendars")?;
        let ticket = self.ticket(&request, number, now);
        let body = wire::HandOver {
            device: Some(self.device.clone()),
            day: day.clone(),
            number: number.number,
            id: number.id,
            issued_at: issued_at.to_string(),
            services: request.services.clone(),
            holder: None,
            class: Some(request.class),
            cases: Some(request.cases),
            given_back: false,
        };
        let person = Zeroizing::new(serde_json::to_vec(&convert::holder(request.holder))?);
        let sealed = self.crypto.seal(cell(&key.bytes()), fresh_nonce()?, &person);
        let new = NewAlone {
            key,
            tag,
            group: &number.group,
            day: &day,
            number: number.number,
            body: &serde_json::to_string(&body)?,
            sealed: &sealed,
            ticket: &self.sealed_ticket(&ticket)?,
        };
        outbox.give_alone(&new, now)?;
        self.pending = true;
        Ok(DispatcherInput::Issued { key, ticket })
    }

    fn ticket(&self, request: &TicketRequest, number: &LentNumber, now: UnixMillis) -> Ticket {
        Ticket {
            id: number.id,
            number: number.number,
            check_code: number.check_code.clone(),
            services: request.services.clone(),
            people_ahead: 0,
            wait: None,
            returned: false,
            windows: Vec::new(),
            lookup_url: number.lookup_url.clone(),
            taken_at: self.clock.local(now),
            called_to: None,
            masked_name: None,
            cases: request.cases,
            appointment: None,
            offline: true,
        }
    }

    /// The next ticket to hand over, when the line is up and none is on its way: one after the other, in order.
    pub fn next(&mut self, outbox: &Outbox) -> anyhow::Result<Option<Errand>> {
        if !self.up || self.busy || !self.pending {
            return Ok(None);
        }
        let Some(stored) = outbox.next_alone()? else {
            self.pending = false;
            return Ok(None);
        };
        let mut body: wire::HandOver = serde_json::from_str(&stored.body).context("a hand-over cannot be read")?;
        if let Some(sealed) = &stored.sealed {
            let open = self.crypto.open(cell(&stored.key.bytes()), sealed);
            // Under another key nobody can open it any more; the number still counts, without its person.
            match open.map(|plain| serde_json::from_slice(&plain)) {
                Ok(Ok(holder)) => body.holder = Some(holder),
                _ => tracing::error!(no = stored.no, "a sealed person cannot be opened; handed over without"),
            }
        }
        self.busy = true;
        Ok(Some(Errand {
            no: stored.no,
            key: stored.key,
            body,
        }))
    }

    /// Writes down what became of it.
    pub fn ended(&mut self, outbox: &Outbox, no: i64, end: HandOverEnd) -> anyhow::Result<()> {
        self.busy = false;
        let now = self.clock.unix();
        match end {
            HandOverEnd::Later => {}
            HandOverEnd::Taken(answer) if answer.counts == answer.number => {
                tracing::info!(number = %answer.number, "handed over");
                outbox.end_alone(no, AloneEnd::Handed, "", now)?;
            }
            HandOverEnd::Taken(answer) => {
                tracing::warn!(number = %answer.number, counts = %answer.counts, "handed over; another number counts");
                outbox.end_alone(no, AloneEnd::Joined, &answer.counts.to_string(), now)?;
            }
            HandOverEnd::Refused(why) => {
                tracing::warn!(no, why, "a ticket given out alone does not count");
                outbox.end_alone(no, AloneEnd::Void, &why, now)?;
            }
        }
        Ok(())
    }

    /// Gives back a ticket that the dispatcher has not heard of; false when it has. It is handed over all the same, as
    /// given back and without its person, so that whoever looks the number up is told.
    pub fn give_back(&mut self, outbox: &mut Outbox, number: TicketNo) -> anyhow::Result<bool> {
        let Some(stored) = outbox.given_alone(&self.clock.today(), number)? else {
            return Ok(false);
        };
        let mut body: wire::HandOver = serde_json::from_str(&stored.body).context("a hand-over cannot be read")?;
        body.given_back = true;
        let key = fresh_key()?;
        outbox.give_back_alone(stored.no, key, &serde_json::to_string(&body)?)?;
        self.pending = true;
        Ok(true)
    }
}

/// A person's place in the outbox: sealed for this row, of no use in another.
fn cell(key: &[u8; 16]) -> RowId<'_> {
    RowId {
        table: "alone",
        column: "sealed",
        row: key,
    }
}
