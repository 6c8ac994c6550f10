//! A machine, a cable at its baud rate, a printer with paper, and a clock that only the test moves.

use std::collections::VecDeque;

use drivers_emulators::printer::{Device, Fault, PaperFault, Piece};
use drivers_thermal_printer::{Job, JobOutcome, Machine, PrinterEvent, PrinterStatus, PriorLife, Profile, TicketSlip};
use ticket_dispatcher_types::Millis;
use ui_ticket_raster::Fonts;

/// What the kernel's tty buffer holds.
const TTY_BUFFER: usize = 4096;

pub struct World {
    pub machine: Machine,
    pub device: Device,
    pub events: Vec<PrinterEvent>,
    pub fonts: Fonts,
    /// Bytes of the host that the printer has taken so far.
    pub delivered: usize,
    /// A fault that strikes when the printer has taken so many bytes.
    pub at_byte: Option<(usize, Strike)>,
    /// A fault that strikes at a dot of the sheet under the head.
    pub at_dot: Option<(u32, Strike)>,
    cable: VecDeque<u8>,
    plugged: bool,
    now_us: u64,
    next_byte_us: u64,
    us_per_byte: u64,
    next_job: u32,
}

/// Something that happens to a printer.
#[derive(Debug, Clone, Copy)]
pub enum Strike {
    Fault(Fault),
    Unplug,
    PowerCycle,
}

impl World {
    pub fn new(profile: &'static Profile) -> Self {
        let mut world = Self {
            machine: Machine::new(profile, PriorLife::Clean),
            device: Device::new(profile),
            events: Vec::new(),
            fonts: Fonts::bundled(),
            delivered: 0,
            at_byte: None,
            at_dot: None,
            cable: VecDeque::new(),
            plugged: true,
            now_us: 0,
            next_byte_us: 0,
            us_per_byte: 10_000_000 / u64::from(profile.baud),
            next_job: 1,
        };
        world.run(1_000);
        world
    }

    pub fn now(&self) -> Millis {
        Millis(i64::try_from(self.now_us / 1000).expect("a short test"))
    }

    /// Lets `ms` pass.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.millisecond();
        }
    }

    /// Lets time pass until an event is found, at most `ms`.
    pub fn until<T>(&mut self, ms: u64, find: impl Fn(&PrinterEvent) -> Option<T>) -> Option<T> {
        for _ in 0..ms {
            let found = self.events.iter().find_map(&find);
            if found.is_some() {
                return found;
            }
            self.millisecond();
        }
        None
    }

    fn millisecond(&mut self) {
        self.now_us += 1000;
        if self.plugged {
            let room = TTY_BUFFER - self.cable.len();
            let out: Vec<u8> = self.machine.outgoing().iter().copied().take(room.min(512)).collect();
            self.cable.extend(&out);
            let now = self.now();
            self.machine.accepted(out.len(), now);
        }
        while self.next_byte_us < self.now_us && !self.cable.is_empty() && self.device.room() > 0 {
            self.next_byte_us = self.next_byte_us.max(self.now_us - 1000) + self.us_per_byte;
            let byte = self.cable.pop_front().expect("not empty");
            self.device.advance_to(self.next_byte_us);
            self.device.receive(byte);
            self.delivered += 1;
            if let Some((at, strike)) = self.at_byte
                && self.delivered >= at
            {
                self.at_byte = None;
                self.strike(strike);
            }
        }
        self.next_byte_us = self.next_byte_us.max(self.now_us);
        self.device.advance_to(self.now_us);
        if let Some((dot, strike)) = self.at_dot
            && self.device.view().head_at_dot >= dot
        {
            self.at_dot = None;
            self.strike(strike);
        }
        let replies = self.device.take_replies();
        let now = self.now();
        if self.plugged {
            self.machine.received(&replies, now);
        }
        self.machine.tick(now);
        self.events.extend(self.machine.take_events());
    }

    pub fn strike(&mut self, strike: Strike) {
        match strike {
            Strike::Fault(fault) => self.device.fault(fault),
            Strike::PowerCycle => self.device.fault(Fault {
                power_cycle: Some(true),
                ..Fault::default()
            }),
            Strike::Unplug => {
                self.plugged = false;
                self.cable.clear();
                let now = self.now();
                self.machine.line_gone(now);
            }
        }
    }

    pub fn plug(&mut self) {
        if !self.plugged {
            self.plugged = true;
            let now = self.now();
            self.machine.line_back(now);
        }
    }

    pub fn fault(&mut self, change: impl FnOnce(&mut Fault)) {
        let mut fault = Fault::default();
        change(&mut fault);
        self.device.fault(fault);
    }

    /// Everything that a person can put right.
    pub fn put_right(&mut self) {
        use drivers_emulators::printer::{Cover, Cutter};
        self.device.fault(Fault {
            paper: Some(PaperFault::Ok),
            paper_dots: None,
            cover: Some(Cover::Closed),
            cutter: Some(Cutter::Ok),
            offline: Some(false),
            mute: Some(false),
            power_cycle: None,
        });
        self.plug();
    }

    pub fn job(&mut self, slip: &TicketSlip) -> Job {
        self.next_job += 1;
        slip.render(self.machine.profile(), &self.fonts).job(self.next_job)
    }

    /// Begins to print; the outcome comes as an event.
    pub fn start(&mut self, slip: &TicketSlip) -> u32 {
        let job = self.job(slip);
        let id = job.id;
        let now = self.now();
        if let Err(outcome) = self.machine.print(job, now) {
            self.events.push(PrinterEvent::Outcome { job: id, outcome });
        }
        id
    }

    /// Waits for the outcome of a job, taking the ticket out of the exit.
    pub fn outcome(&mut self, id: u32) -> JobOutcome {
        for _ in 0..90_000 {
            let found = self.events.iter().find_map(|event| match event {
                PrinterEvent::Outcome { job, outcome } if *job == id => Some(*outcome),
                _ => None,
            });
            if let Some(outcome) = found {
                return outcome;
            }
            if self.events.contains(&PrinterEvent::Presented { job: id }) {
                self.device.take_ticket();
            }
            self.millisecond();
        }
        panic!(
            "job {id} has no outcome after 90 s; status {:?}, {:?}",
            self.machine.status(),
            self.device.view()
        );
    }

    pub fn print(&mut self, slip: &TicketSlip) -> JobOutcome {
        let id = self.start(slip);
        self.outcome(id)
    }

    /// Waits until a ticket may be printed.
    pub fn until_ready(&mut self, ms: u64) -> bool {
        for _ in 0..ms {
            if self.machine.status().prints() && !self.machine.is_busy() {
                return true;
            }
            if self.machine.status() == PrinterStatus::TicketNotTaken {
                self.device.take_ticket();
            }
            self.millisecond();
        }
        false
    }

    /// Pieces on which the whole ticket is, with its mark 补打 or without.
    pub fn whole(&self, slip: &TicketSlip, marked: bool) -> usize {
        self.device
            .pieces()
            .iter()
            .filter(|piece| piece.complete && is_whole(piece, slip, marked))
            .count()
    }
}

/// True when every line of the ticket is on the piece, once and in order.
fn is_whole(piece: &Piece, slip: &TicketSlip, marked: bool) -> bool {
    let slip = TicketSlip {
        reprint: marked,
        ..slip.clone()
    };
    let number = slip.number.to_string();
    let has = |text: &str| piece.text.iter().filter(|line| line.contains(text)).count();
    has(&number) == 1 && has("补打") == usize::from(marked) && has(&slip.phone) == 1
}
