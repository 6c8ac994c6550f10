//! The SAM_V module: idle, found, selected, and what it answers in each (reference section 7). No thread, no clock.

use drivers_id_reader::codec::{Baud, Command, ModuleId, Status, encode_blocks, encode_reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::{FaultForm, Rule, from_hex, three_words};
use super::form::LaidCard;

/// How find is answered while a selected card stays in the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// 80, until the card has left.
    #[default]
    Strict,
    /// 9F.
    Lenient,
}

/// Is the module fit for work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// In order.
    #[default]
    Ok,
    /// Self test failed: 60 to everything.
    SelfTestFailed,
    /// Not authorised: 66 to everything.
    NotAuthorised,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Idle,
    Found,
    Selected,
}

/// The module with the card that lies on it.
#[derive(Debug)]
pub struct Module {
    phase: Phase,
    card: Option<LaidCard>,
    behaviour: Behaviour,
    health: Health,
    baud: Baud,
    rules: Vec<Rule>,
    requests_count: u64,
    reads_count: u64,
    card_laid_ms: Option<i64>,
    last_read_reply_ms: Option<i64>,
}

impl Default for Module {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            card: None,
            behaviour: Behaviour::Strict,
            health: Health::Ok,
            baud: Baud::B115200,
            rules: Vec::new(),
            requests_count: 0,
            reads_count: 0,
            card_laid_ms: None,
            last_read_reply_ms: None,
        }
    }
}

impl Module {
    /// The id in the reference's example: a synthetic one.
    fn id() -> ModuleId {
        ModuleId::from_parts((5, 1, 20_200_101, 12_345, 67_890))
    }

    /// The module's rate.
    pub fn baud(&self) -> Baud {
        self.baud
    }

    /// Puts a card down; one that lay there is taken away first.
    pub fn lay_down(&mut self, card: LaidCard) {
        self.phase = Phase::Idle;
        self.card = Some(card);
    }

    /// Notes when the card was laid down, unix ms: the module has no clock of its own.
    pub fn stamp_laid(&mut self, unix_ms: i64) {
        self.card_laid_ms = Some(unix_ms);
    }

    /// Notes when the last byte of a reply to `30 01` or `30 10` (the record) had left the wire, unix ms.
    pub fn stamp_read_reply(&mut self, unix_ms: i64) {
        self.last_read_reply_ms = Some(unix_ms);
    }

    /// Takes the card away.
    pub fn lift(&mut self) {
        self.phase = Phase::Idle;
        self.card = None;
    }

    /// Power came back: the card has to be found again. The rate stays (whether it does in a real module is unknown).
    pub fn power_on(&mut self) {
        self.phase = Phase::Idle;
    }

    /// Strict or lenient from now on.
    pub fn set_behaviour(&mut self, behaviour: Behaviour) {
        self.behaviour = behaviour;
    }

    /// Turns knobs.
    pub fn set_fault(&mut self, form: FaultForm) {
        self.baud = form.baud.and_then(Baud::from_rate).unwrap_or(self.baud);
        self.health = form.health.unwrap_or(self.health);
        self.behaviour = form.behaviour.unwrap_or(self.behaviour);
        if form.rule.is_some() {
            self.rules.push(form.rule);
        }
    }

    /// Everything in order again; rate and behaviour stay.
    pub fn clear_faults(&mut self) {
        self.rules.clear();
        self.health = Health::Ok;
    }

    /// What a person at the bench may know.
    pub fn state(&self) -> Value {
        json!({
            "card": self.card.as_ref().map(|card| card.shown.clone()),
            "phase": self.phase,
            "behaviour": self.behaviour,
            "health": self.health,
            "baud": self.baud.rate(),
            "faults": self.rules,
            "requests_count": self.requests_count,
            "reads_count": self.reads_count,
            "card_laid_ms": self.card_laid_ms,
            "last_read_reply_ms": self.last_read_reply_ms,
        })
    }

    /// The rules for this reply joined into one; each that fits is used up by one.
    pub fn take_faults(&mut self, request: Option<Command>) -> Rule {
        self.requests_count += 1;
        let mut joined = Rule::default();
        for rule in self.rules.iter_mut().filter(|rule| rule.fits(request)) {
            joined.join(rule);
            rule.times = rule.times.map(|times| times.saturating_sub(1));
        }
        self.rules.retain(|rule| rule.times != Some(0));
        joined
    }

    /// The bytes of the reply; empty when there is none.
    pub fn answer(&mut self, request: Result<Command, Status>, rule: &Rule) -> Vec<u8> {
        let (status, data) = match request {
            Err(status) => (status, Vec::new()),
            Ok(command) => self.carry_out(command),
        };
        let mut reply = match rule.words.as_deref().and_then(three_words) {
            Some(words) => encode_reply(words, &[]),
            None => encode_reply([0, 0, status.code()], &data),
        };
        if rule.no_reply {
            return Vec::new();
        }
        if rule.corrupt_check
            && let Some(check) = reply.last_mut()
        {
            *check ^= 0x5A;
        }
        reply.truncate(rule.truncate_to.unwrap_or(usize::MAX));
        let mut sent = from_hex(&rule.noise_hex).unwrap_or_default();
        sent.append(&mut reply);
        sent
    }

    /// What changes once the reply has left: the rate, or a card that a rule takes away.
    pub fn after(&mut self, request: Result<Command, Status>, rule: &Rule) {
        if let Ok(Command::SetBaud(baud)) = request {
            self.baud = baud;
        }
        if rule.lift_card {
            self.lift();
        }
    }

    fn carry_out(&mut self, command: Command) -> (Status, Vec<u8>) {
        match self.health {
            Health::Ok => {}
            Health::SelfTestFailed => return (Status::SelfTestFailed, Vec::new()),
            Health::NotAuthorised => return (Status::NotAuthorised, Vec::new()),
        }
        match command {
            Command::Reset => {
                self.phase = Phase::Idle;
                (Status::Success, Vec::new())
            }
            Command::Status | Command::SetBaud(_) | Command::SetRadioFrame(_) => (Status::Success, Vec::new()),
            Command::ModuleId => (Status::Success, Self::id().bytes().to_vec()),
            Command::Find => self.find(),
            Command::Select if self.phase == Phase::Found => {
                self.phase = Phase::Selected;
                (Status::Success, vec![0; 8])
            }
            Command::Select => (Status::SelectFailed, Vec::new()),
            Command::ReadBase | Command::ReadBaseAndFingerprints | Command::ReadAppended | Command::ReadChipNumbers => {
                self.read(command)
            }
        }
    }

    fn find(&mut self) -> (Status, Vec<u8>) {
        let hidden = self.phase == Phase::Selected && self.behaviour == Behaviour::Strict;
        if self.card.is_none() || hidden {
            return (Status::NoCard, Vec::new());
        }
        self.phase = Phase::Found;
        // Several field clients compare this reply byte for byte: zeros (reference section 4).
        (Status::Found, vec![0; 4])
    }

    fn read(&mut self, command: Command) -> (Status, Vec<u8>) {
        let Some(card) = self.card.as_ref().filter(|_| self.phase == Phase::Selected) else {
            return (Status::ReadFailed, Vec::new());
        };
        self.reads_count += u64::from(matches!(command, Command::ReadBase | Command::ReadBaseAndFingerprints));
        match command {
            Command::ReadAppended => match &card.appended {
                Some(address) => (Status::Success, address.clone()),
                None => (Status::NoSuchItem, Vec::new()),
            },
            Command::ReadChipNumbers => (Status::Success, vec![0; 28]),
            Command::ReadBaseAndFingerprints => {
                let data = encode_blocks(&card.text, &card.photo, Some(&card.fingerprints));
                (Status::Success, data.to_vec())
            }
            _ => (Status::Success, encode_blocks(&card.text, &card.photo, None).to_vec()),
        }
    }
}
