//! A board: follows the stream, resumes where it was, comes back after a crash with a whole snapshot.

use crate::air::Air;
use crate::journal::{Addr, Call, Message, show};

/// A stream that says nothing for this long is dead: three heartbeats.
const SILENCE_TICKS: u64 = 60;

pub(crate) struct Board {
    at: usize,
    stream: u64,
    pub(crate) seq: Option<u64>,
    calls: Vec<Call>,
    heard: u64,
    connected: bool,
}

impl Board {
    pub(crate) fn new(at: usize) -> Self {
        Self {
            at,
            stream: at as u64 * 1_000_000,
            seq: None,
            calls: Vec::new(),
            heard: 0,
            connected: false,
        }
    }

    pub(crate) fn tick(&mut self, air: &mut Air) {
        if air.mishap(1) {
            self.seq = None;
            self.calls.clear();
            self.connected = false;
        }
        if self.connected && air.tick - self.heard <= SILENCE_TICKS {
            return;
        }
        self.stream += 1;
        self.heard = air.tick;
        self.connected = true;
        let subscribe = Message::Subscribe {
            board: self.at,
            stream: self.stream,
            last: self.seq,
        };
        // A request on a connection of its own: it may get lost with it, never arrive twice.
        air.stream(self.stream, Addr::Server, subscribe);
    }

    pub(crate) fn hear(&mut self, air: &mut Air, message: Message) {
        match message {
            Message::Snapshot { stream, seq, calls } if stream == self.stream => {
                self.seq = Some(seq);
                self.calls = calls;
                self.shows(air);
            }
            Message::Event { stream, seq, calls } if stream == self.stream => {
                self.seq = Some(seq);
                show(&mut self.calls, &calls);
                self.shows(air);
            }
            Message::Beat { stream } if stream == self.stream => self.heard = air.tick,
            _ => {}
        }
    }

    fn shows(&mut self, air: &mut Air) {
        self.heard = air.tick;
        let seq = self.seq.unwrap_or(0);
        air.checks.mark(&[self.at as u64, seq]);
        air.checks.board_shows(self.at, seq, &self.calls);
    }
}
