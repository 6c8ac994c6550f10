//! Paper, head, cutter and exit: what physically happens, dot row by dot row.

use ui_ticket_raster::{Canvas, ROW_BYTES};

/// A new roll: 80 m.
pub const ROLL_DOTS: u64 = 640_000;

/// The near-end sensor sees the roll's core from here on: half a metre.
pub const LOW_DOTS: u64 = 4_000;

/// A piece of paper that left the printer with something on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Counts from 1.
    pub id: u32,
    /// True when it was printed from its first dot to its last and then cut.
    pub complete: bool,
    /// What is on it.
    pub picture: Canvas,
    /// Lines of text on it, as the printer understood them.
    pub text: Vec<String>,
    /// What the QR code that it drew itself says.
    pub qr: Option<String>,
    /// The bytes that made it, as consumed.
    pub bytes: Vec<u8>,
    /// When its first and last byte arrived, microseconds of the printer's life.
    pub arrived_us: Option<(u64, u64)>,
    /// When it left, microseconds of the printer's life.
    pub left_us: u64,
    /// True once somebody took it.
    pub taken: bool,
}

/// The sheet under way.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What is on it so far.
    pub picture: Canvas,
    /// Lines of text so far.
    pub text: Vec<String>,
    /// What the QR code that it drew itself says.
    pub qr: Option<String>,
    /// Bytes so far.
    pub bytes: Vec<u8>,
    /// Arrival of its first and last byte.
    pub arrived_us: Option<(u64, u64)>,
    /// True when something was lost, or was begun on another sheet: it can never be complete.
    pub spoilt: bool,
}

impl Sheet {
    fn with_leader(dots: u16) -> Self {
        Self {
            picture: Canvas::new(u32::from(dots)),
            ..Self::default()
        }
    }

    fn has_ink(&self) -> bool {
        self.picture.bytes().iter().any(|byte| *byte != 0)
    }
}

/// The mechanism.
#[derive(Debug, Clone)]
pub struct Paper {
    head_to_cutter: u16,
    dots_left: u64,
    /// The sheet under the head.
    pub sheet: Sheet,
    /// What left the printer, oldest first.
    pub pieces: Vec<Piece>,
    /// The piece in the exit.
    pub in_exit: Option<u32>,
}

impl Paper {
    /// With a new roll.
    pub fn new(head_to_cutter: u16) -> Self {
        Self {
            head_to_cutter,
            dots_left: ROLL_DOTS,
            sheet: Sheet::with_leader(head_to_cutter),
            pieces: Vec::new(),
            in_exit: None,
        }
    }

    /// Dots that can still pass the head.
    pub fn dots_left(&self) -> u64 {
        self.dots_left
    }

    /// True when nothing can pass the head any more.
    pub fn is_out(&self) -> bool {
        self.dots_left == 0
    }

    /// True when the roll ends soon.
    pub fn is_low(&self) -> bool {
        self.dots_left < LOW_DOTS
    }

    /// The roll will end after so many dots.
    pub fn ends_after(&mut self, dots: u64) {
        self.dots_left = dots;
    }

    /// A new roll, threaded up to the cutter. What was printed of the old one is torn off; `unfinished` says that the
    /// printer still holds more for it, so that what comes next begins in the middle.
    pub fn new_roll(&mut self, unfinished: bool, now_us: u64) {
        let old = std::mem::replace(&mut self.sheet, Sheet::with_leader(self.head_to_cutter));
        let begun = old.has_ink();
        self.sheet.spoilt = begun && unfinished;
        if begun {
            self.leave(old, false, now_us);
        }
        self.dots_left = ROLL_DOTS;
    }

    /// Prints one row and moves the paper; false when there is none.
    pub fn row(&mut self, row: &[u8; ROW_BYTES]) -> bool {
        if self.dots_left == 0 {
            return false;
        }
        self.dots_left -= 1;
        self.sheet.picture.push_row(row);
        true
    }

    /// Cuts. Dots between head and cutter stay on the next sheet's leader, which is white after a feed to the cutter.
    pub fn cut(&mut self, to_exit: bool, now_us: u64) {
        let next = Sheet::with_leader(self.head_to_cutter);
        let sheet = std::mem::replace(&mut self.sheet, next);
        if sheet.has_ink() {
            let complete = !sheet.spoilt;
            self.leave(sheet, complete, now_us);
            if to_exit {
                self.in_exit = self.pieces.last().map(|piece| piece.id);
            }
        }
    }

    /// What the printer held is lost: a sheet that was begun can never be complete.
    pub fn spoil(&mut self) {
        self.sheet.spoilt |= self.sheet.has_ink();
    }

    /// Somebody takes what hangs in the exit, or lies in the tray.
    pub fn take(&mut self) -> Option<u32> {
        self.in_exit = None;
        for piece in &mut self.pieces {
            piece.taken = true;
        }
        self.pieces.last().map(|piece| piece.id)
    }

    fn leave(&mut self, sheet: Sheet, complete: bool, now_us: u64) {
        let id = u32::try_from(self.pieces.len() + 1).unwrap_or(u32::MAX);
        self.pieces.push(Piece {
            id,
            complete,
            picture: sheet.picture,
            text: sheet.text,
            qr: sheet.qr,
            bytes: sheet.bytes,
            arrived_us: sheet.arrived_us,
            left_us: now_us,
            taken: false,
        });
    }
}
