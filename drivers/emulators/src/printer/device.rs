//! The whole printer in its own time: receive buffer, real-time requests, faults, motor. No clock: the shell says how
//! late it is, so that tests run it as fast as they like.

use std::collections::VecDeque;

use drivers_thermal_printer::Profile;
use drivers_thermal_printer::profile::{Clear, Exit, StatusKind};
use serde::{Deserialize, Serialize};

use super::command::{self, Command};
use super::paper::{LOW_DOTS, Paper, Piece};
use super::typesetter::{Typesetter, Work};

/// State of the roll, as a person sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperFault {
    /// The roll ends at this very dot row.
    Out,
    /// It will end soon.
    Low,
    /// A new roll is put in, which takes a second with the cover open.
    Ok,
}

/// State of the cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cover {
    /// Open.
    Open,
    /// Closed.
    Closed,
}

/// State of the cutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cutter {
    /// The knife is stuck and not home.
    Jam,
    /// Home.
    Ok,
}

/// What a person does to the printer: `POST /printer/fault`. What is left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The roll.
    pub paper: Option<PaperFault>,
    /// Dots until the roll ends.
    pub paper_dots: Option<u64>,
    /// The cover.
    pub cover: Option<Cover>,
    /// The cutter.
    pub cutter: Option<Cutter>,
    /// The off-line button.
    pub offline: Option<bool>,
    /// True: it answers nothing (and still prints).
    pub mute: Option<bool>,
    /// True: the supply is switched off and on; everything in its memory is lost, and it starts for a second.
    pub power_cycle: Option<bool>,
}

/// What a person sees: `GET /printer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    /// Profile of the emulated model.
    pub profile: &'static str,
    /// The roll.
    pub paper: PaperFault,
    /// Dots that can still pass the head.
    pub paper_dots: u64,
    /// The cover.
    pub cover: Cover,
    /// The cutter.
    pub cutter: Cutter,
    /// The off-line button.
    pub offline: bool,
    /// True: it answers nothing.
    pub mute: bool,
    /// True while paper moves or would move if it could.
    pub printing: bool,
    /// Bytes in the receive buffer.
    pub buffered: usize,
    /// Dots printed of the sheet under the head: where the head stands.
    pub head_at_dot: u32,
    /// The piece in the exit, where a sensor sees it.
    pub in_exit: Option<u32>,
    /// Pieces that left it so far.
    pub jobs: usize,
}

/// After power-on a printer hears and says nothing for so long.
const START_US: u64 = 1_000_000;

/// Nobody changes a roll without opening the cover: it is open for so long.
const ROLL_CHANGE_US: u64 = 1_000_000;

/// The printer.
#[derive(Debug)]
pub struct Device {
    profile: &'static Profile,
    paper: Paper,
    typesetter: Typesetter,
    buffer: VecDeque<(u8, u64)>,
    real_time: Vec<u8>,
    replies: Vec<u8>,
    cover: Cover,
    cutter: Cutter,
    offline: bool,
    mute: bool,
    now_us: u64,
    busy_until_us: u64,
    started_at_us: u64,
    roll_changed_at_us: u64,
}

impl Device {
    /// With a new roll, switched on.
    pub fn new(profile: &'static Profile) -> Self {
        Self {
            profile,
            paper: Paper::new(profile.head_to_cutter),
            typesetter: Typesetter::new(profile),
            buffer: VecDeque::new(),
            real_time: Vec::new(),
            replies: Vec::new(),
            cover: Cover::Closed,
            cutter: Cutter::Ok,
            offline: false,
            mute: false,
            now_us: 0,
            busy_until_us: 0,
            started_at_us: 0,
            roll_changed_at_us: 0,
        }
    }

    /// Bytes that the receive buffer still takes.
    pub fn room(&self) -> usize {
        usize::from(self.profile.receive_buffer).saturating_sub(self.buffer.len())
    }

    /// A byte arrives. Real-time requests are obeyed here and never reach the buffer.
    pub fn receive(&mut self, byte: u8) {
        if self.now_us < self.started_at_us {
            return;
        }
        self.real_time.push(byte);
        match *self.real_time.as_slice() {
            [0x10] | [0x10, 0x04 | 0x05 | 0x14] => {}
            [0x10, 0x04, n] => {
                self.real_time.clear();
                self.answer_status(n);
            }
            [0x10, 0x05, n] => {
                self.real_time.clear();
                // Obeyed only after a recoverable error, as most manuals say.
                if n == 2 && self.cutter == Cutter::Jam {
                    self.clear();
                }
            }
            [0x10, 0x14, ref rest @ ..] if b"\x08\x01\x03\x14\x01\x06\x02\x08".starts_with(rest) => {
                if rest.len() == 8 {
                    self.real_time.clear();
                    if self.profile.clear == Clear::Confirmed {
                        self.clear();
                        self.reply(&[0x37, 0x25, 0x31, 0x00]);
                    }
                }
            }
            _ => {
                let mut held = std::mem::take(&mut self.real_time);
                // The byte that broke one sequence may begin another.
                if byte == 0x10 {
                    held.pop();
                    self.real_time.push(byte);
                }
                self.buffer.extend(held.into_iter().map(|byte| (byte, self.now_us)));
            }
        }
    }

    /// Answers so far.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Pieces that left the printer.
    pub fn pieces(&self) -> &[Piece] {
        &self.paper.pieces
    }

    /// The citizen takes the ticket.
    pub fn take_ticket(&mut self) -> Option<u32> {
        self.paper.take()
    }

    /// A person does something to it.
    pub fn fault(&mut self, fault: Fault) {
        if fault.power_cycle == Some(true) {
            self.clear();
            self.real_time.clear();
            self.started_at_us = self.now_us + START_US;
        }
        match fault.paper {
            Some(PaperFault::Out) => self.paper.ends_after(0),
            Some(PaperFault::Low) => self.paper.ends_after(LOW_DOTS / 2),
            Some(PaperFault::Ok) if self.paper.is_low() => {
                let unfinished = !(self.typesetter.is_idle() && self.buffer.is_empty());
                self.paper.new_roll(unfinished, self.now_us);
                self.roll_changed_at_us = self.now_us + ROLL_CHANGE_US;
            }
            Some(PaperFault::Ok) | None => {}
        }
        if let Some(dots) = fault.paper_dots {
            self.paper.ends_after(dots);
        }
        self.cover = fault.cover.unwrap_or(self.cover);
        self.cutter = fault.cutter.unwrap_or(self.cutter);
        self.offline = fault.offline.unwrap_or(self.offline);
        self.mute = fault.mute.unwrap_or(self.mute);
    }

    /// What a person sees.
    pub fn view(&self) -> View {
        let paper = match (self.paper.is_out(), self.paper.is_low()) {
            (true, _) => PaperFault::Out,
            (_, true) => PaperFault::Low,
            _ => PaperFault::Ok,
        };
        View {
            profile: self.profile.name,
            paper,
            paper_dots: self.paper.dots_left(),
            cover: if self.cover_open() { Cover::Open } else { Cover::Closed },
            cutter: self.cutter,
            offline: self.offline,
            mute: self.mute,
            printing: !self.typesetter.work.is_empty(),
            buffered: self.buffer.len(),
            head_at_dot: self
                .paper
                .sheet
                .picture
                .rows()
                .saturating_sub(u32::from(self.profile.head_to_cutter)),
            in_exit: self.paper.in_exit,
            jobs: self.paper.pieces.len(),
        }
    }

    /// Lives until `now_us`: prints what it can in that time.
    pub fn advance_to(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        loop {
            if self.stopped() {
                // A stopped motor makes up for nothing later.
                self.busy_until_us = self.now_us;
                return;
            }
            if self.busy_until_us > self.now_us {
                return;
            }
            if let Some(work) = self.typesetter.work.pop_front() {
                self.work(work);
            } else if !self.obey_next() {
                self.busy_until_us = self.now_us;
                return;
            }
        }
    }

    fn stopped(&self) -> bool {
        self.cover_open() || self.cutter == Cutter::Jam || self.offline || self.paper.is_out()
    }

    fn cover_open(&self) -> bool {
        self.cover == Cover::Open || self.now_us < self.roll_changed_at_us
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Row(row) => {
                self.paper.row(&row);
                self.busy_until_us += 1_000_000 / u64::from(self.profile.rows_per_second);
            }
            Work::Cut => {
                self.paper.cut(self.profile.exit != Exit::Free, self.now_us);
                self.busy_until_us += u64::try_from(self.profile.cut_ms).unwrap_or(0) * 1000;
            }
            Work::Reply(bytes) => self.reply(&bytes),
            Work::ReplyPaper => {
                let byte = if self.paper.is_low() { 0x03 } else { 0x00 };
                self.reply(&[byte]);
            }
            Work::Eject => self.paper.in_exit = None,
        }
    }

    /// Takes the next command out of the buffer; false when there is none whole.
    fn obey_next(&mut self) -> bool {
        if self.typesetter.wants_picture() {
            let Some((byte, at)) = self.buffer.pop_front() else {
                return false;
            };
            self.log(&[byte], at, at, false);
            self.typesetter.picture_byte(byte);
            return true;
        }
        let (chinese, four) = (self.typesetter.chinese(), self.typesetter.four_bytes());
        let window: Vec<u8> = self.buffer.iter().map(|(byte, _)| *byte).collect();
        let Some((command, length)) = command::first(&window, chinese, four) else {
            return false;
        };
        let taken: Vec<(u8, u64)> = self.buffer.drain(..length.min(window.len())).collect();
        let bytes: Vec<u8> = taken.iter().map(|(byte, _)| *byte).collect();
        if let (Some((_, from)), Some((_, to))) = (taken.first(), taken.last()) {
            let trailer = matches!(
                command,
                Command::ProcessId(_) | Command::SequenceStatus | Command::Ignored
            );
            self.log(&bytes, *from, *to, trailer);
        }
        self.typesetter.obey(command);
        self.paper.sheet.text.append(&mut self.typesetter.lines);
        if let Some(text) = self.typesetter.qr_text.take() {
            self.paper.sheet.qr = Some(text);
        }
        true
    }

    /// Remembers which bytes made which piece; an end marker after the cut belongs to the piece before it.
    fn log(&mut self, bytes: &[u8], from: u64, to: u64, trailer: bool) {
        if trailer && self.paper.sheet.bytes.is_empty() {
            if let Some(piece) = self.paper.pieces.last_mut() {
                piece.bytes.extend_from_slice(bytes);
                piece.arrived_us = piece.arrived_us.map(|(first, _)| (first, to));
            }
            return;
        }
        let sheet = &mut self.paper.sheet;
        sheet.bytes.extend_from_slice(bytes);
        sheet.arrived_us = Some((sheet.arrived_us.map_or(from, |(first, _)| first), to));
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.typesetter.forget();
        self.typesetter.lines.clear();
        self.paper.spoil();
    }

    fn reply(&mut self, bytes: &[u8]) {
        if !self.mute {
            self.replies.extend_from_slice(bytes);
        }
    }

    fn answer_status(&mut self, n: u8) {
        let (paper_out, paper_low) = (self.paper.is_out(), self.paper.is_low());
        let cover = self.cover_open();
        let jam = self.cutter == Cutter::Jam;
        let bit = |set: bool, bits: u8| if set { bits } else { 0 };
        match self.profile.status {
            StatusKind::CustomFull if n == 0x14 => {
                let exit = self.paper.in_exit.is_some();
                let spooling = !self.buffer.is_empty();
                let motor = !self.typesetter.work.is_empty() || self.busy_until_us > self.now_us;
                let paper = bit(paper_out, 0x01) | bit(paper_low, 0x04) | bit(exit, 0x20);
                let user = bit(cover, 0x02) | bit(spooling, 0x04) | bit(motor, 0x08);
                self.reply(&[0x10, 0x0F, paper, user, bit(self.offline, 0x20), bit(jam, 0x01)]);
            }
            StatusKind::CustomFull => {}
            StatusKind::RealTime(bits) => {
                let byte = match n {
                    1 => bits.first_fixed | bit(self.stopped(), 0x08),
                    2 => 0x12 | bit(cover, 0x04) | bit(paper_out, 0x20) | bit(jam, 0x40),
                    3 => 0x12 | bit(jam, 0x08),
                    4 => 0x12 | bit(paper_low, 0x0C) | bit(paper_out, 0x60),
                    5 if bits.exit_byte => bit(self.paper.in_exit.is_some(), 0x04),
                    _ => return,
                };
                self.reply(&[byte]);
            }
        }
    }
}
