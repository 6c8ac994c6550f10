//! One seed from opening to the next morning.

use ticket_dispatcher_types::TicketState;

use crate::air::Air;
use crate::board::Board;
use crate::checks::Rule;
use crate::clerk::Clerk;
use crate::desk::Desk;
use crate::journal::Addr;
use crate::kiosk::Kiosk;
use crate::person::Person;
use crate::server::Server;
use crate::{Bug, hall};

/// Until then people come and everything goes wrong.
const FAULTS_UNTIL: u64 = 2_000;
/// Last arrivals.
const ARRIVALS_UNTIL: u64 = 1_500;
/// Within this many ticks after the last fault everything is answered, served and shown.
const DRAIN_TICKS: u64 = 3_600;
/// How often the live hall and its followers are compared.
const COMPARE_TICKS: u64 = 97;

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Rules that were broken, each with its first instance.
    pub broken: Vec<(Rule, String)>,
    /// A digest of every step: equal for equal runs.
    pub trace: u64,
    /// Tickets in the journal.
    pub tickets: usize,
    /// Tickets that were served.
    pub served: usize,
    /// Deaths of the dispatcher.
    pub crashes: u32,
    /// Ticks until the hall was empty.
    pub ticks: u64,
}

/// Plays a seed, with at most one planted bug.
pub fn run(seed: u64, bug: Option<Bug>) -> Report {
    let mut world = World::new(seed, bug);
    world.first_day();
    let served = world.served();
    world.next_morning();
    world.air.checks.close();
    let ticks = world.air.tick;
    Report {
        seed,
        tickets: world.air.checks.issued.len(),
        served,
        crashes: world.server.crashes,
        ticks,
        trace: world.air.checks.trace,
        broken: world.air.checks.broken.into_iter().collect(),
    }
}

struct World {
    air: Air,
    server: Server,
    kiosks: Vec<Kiosk>,
    clerks: Vec<Clerk>,
    boards: Vec<Board>,
    desk: Desk,
    /// On their way: when, to which kiosk, who.
    walking: Vec<(u64, usize, Person)>,
    people_count: usize,
    /// On some days the clerks go home while people still wait.
    goes_home_at: Option<u64>,
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut air = Air::new(seed, bug);
        let goes_home_at = (seed.is_multiple_of(4)).then(|| air.dice.between(900, 1_400));
        Self {
            server: Server::new(),
            kiosks: (0..hall::KIOSKS).map(|at| Kiosk::new(at, &mut air)).collect(),
            clerks: (0..hall::WINDOWS).map(Clerk::new).collect(),
            boards: (0..hall::BOARDS).map(Board::new).collect(),
            desk: Desk::default(),
            walking: Vec::new(),
            people_count: 0,
            goes_home_at,
            air,
        }
    }

    fn served(&self) -> usize {
        let tickets = self.server.view.tickets();
        tickets.filter(|t| t.state == TicketState::Finished).count()
    }

    fn first_day(&mut self) {
        self.server.begin_day(&mut self.air, hall::DAY);
        loop {
            self.air.faults = self.air.tick < FAULTS_UNTIL;
            if self.air.tick < ARRIVALS_UNTIL {
                self.arrivals();
            }
            if self.goes_home_at.is_some_and(|at| self.air.tick >= at) {
                self.clerks.iter_mut().for_each(|clerk| clerk.gone = true);
            }
            self.step();
            if self.air.tick >= FAULTS_UNTIL && self.unfinished().is_none() {
                break;
            }
            if self.air.tick >= FAULTS_UNTIL + DRAIN_TICKS {
                let what = self.unfinished().unwrap_or_default();
                self.air.checks.found(Rule::Drains, || format!("still open: {what}"));
                break;
            }
        }
        self.server.compare(&mut self.air, true);
    }

    /// The day turns; a few numbers more show that the series began anew.
    fn next_morning(&mut self) {
        self.server.begin_day(&mut self.air, "2026-11-22");
        for _ in 0..20 {
            self.step();
        }
        for _ in 0..4 {
            self.desk.give_number(&mut self.air);
        }
        for _ in 0..120 {
            self.step();
        }
        self.server.compare(&mut self.air, true);
    }

    fn arrivals(&mut self) {
        if self.air.dice.permille(30) {
            self.people_count += 1;
            let person = Person::new(self.people_count, &mut self.air.dice);
            let kiosk = self.air.dice.pick(hall::KIOSKS);
            self.kiosks[kiosk].line.push_back(person);
        }
        if self.air.dice.permille(10) {
            self.desk.give_number(&mut self.air);
        }
    }

    fn step(&mut self) {
        self.air.tick += 1;
        while let Some((to, message)) = self.air.next_due() {
            let air = &mut self.air;
            match to {
                Addr::Server => self.server.hear(air, message),
                Addr::Kiosk(at) => self.kiosks[at].hear(air, message),
                Addr::Desk => self.desk.hear(air, message),
                Addr::Window(at) => self.clerks[at].hear(air, message),
                Addr::Board(at) => self.boards[at].hear(air, message),
            }
        }
        let air = &mut self.air;
        self.server.tick(air);
        self.kiosks.iter_mut().for_each(|kiosk| kiosk.tick(air));
        self.desk.tick(air);
        self.clerks.iter_mut().for_each(|clerk| clerk.tick(air));
        self.boards.iter_mut().for_each(|board| board.tick(air));
        self.walk();
        if self.air.tick.is_multiple_of(COMPARE_TICKS) {
            self.server.compare(&mut self.air, false);
        }
    }

    /// People go from kiosk to kiosk: those who got nothing, and those who do not trust what they got.
    fn walk(&mut self) {
        for at in 0..self.kiosks.len() {
            for mut person in std::mem::take(&mut self.kiosks[at].left) {
                if person.holds && person.again {
                    person.again = false;
                } else if !person.holds && person.tries_left > 0 {
                    person.tries_left -= 1;
                } else {
                    continue;
                }
                let due = self.air.tick + self.air.dice.between(10, 60);
                let kiosk = self.air.dice.pick(hall::KIOSKS);
                self.walking.push((due, kiosk, person));
            }
        }
        let tick = self.air.tick;
        let (there, walking) = std::mem::take(&mut self.walking)
            .into_iter()
            .partition(|(due, ..)| *due <= tick);
        self.walking = walking;
        let there: Vec<(u64, usize, Person)> = there;
        for (_, kiosk, person) in there {
            self.kiosks[kiosk].line.push_back(person);
        }
    }

    /// What keeps the hall from being empty, if anything.
    fn unfinished(&self) -> Option<String> {
        let late = |what: &str| Some(what.to_string());
        if !self.walking.is_empty() || !self.kiosks.iter().all(Kiosk::is_quiet) {
            return late("somebody at a kiosk");
        }
        if !self.desk.is_quiet() {
            return late("a request of the desk");
        }
        if let Some(at) = self.clerks.iter().position(|clerk| !clerk.is_quiet()) {
            return Some(format!("window {at}"));
        }
        if !self.server.is_quiet() {
            return late("the dispatcher");
        }
        let end = self.server.last_seq();
        if let Some(at) = self.boards.iter().position(|board| board.seq != Some(end)) {
            return Some(format!("board {at} at {:?} of {end}", self.boards[at].seq));
        }
        let waiting = self.server.view.waiting().count();
        (waiting > 0 && self.goes_home_at.is_none()).then(|| format!("{waiting} who wait"))
    }
}
