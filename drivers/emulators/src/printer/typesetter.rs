//! From commands to dot rows: the printer's own font, sizes, alignment, user characters, QR codes.

use std::collections::{BTreeMap, VecDeque};

use drivers_thermal_printer::Profile;
use drivers_thermal_printer::codec::text::{Code, Rom, encode};
use drivers_thermal_printer::profile::{EndOfJob, QrMode};
use encoding_rs::GB18030;
use ui_ticket_raster::{Canvas, Cell, Fonts, Glyph, GlyphSource, QrPicture, ROW_BYTES, WIDTH_DOTS};

use super::command::Command;

/// What the mechanism has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Print a row and move on.
    Row(Box<[u8; ROW_BYTES]>),
    /// Cut.
    Cut,
    /// Answer, now that everything before is done.
    Reply(Vec<u8>),
    /// Answer `GS r` with the paper's state as it is then.
    ReplyPaper,
    /// Throw out what hangs in the exit.
    Eject,
}

/// What `GS ( k` has set so far.
#[derive(Debug, Clone, Default)]
struct QrSettings {
    module: u8,
    level: u8,
    data: Vec<u8>,
}

/// A picture whose rows are still coming.
#[derive(Debug, Clone)]
struct Incoming {
    m: u8,
    row_bytes: usize,
    rows_left: u16,
    row: Vec<u8>,
}

/// State between commands.
#[derive(Debug)]
pub struct Typesetter {
    profile: &'static Profile,
    fonts: Fonts,
    chinese: bool,
    spacing: u8,
    size: (u8, u8),
    centre: bool,
    bold: bool,
    users: BTreeMap<u8, Glyph>,
    line: Vec<(Glyph, (u8, u8), bool)>,
    line_text: String,
    qr: QrSettings,
    incoming: Option<Incoming>,
    /// What the mechanism has to do.
    pub work: VecDeque<Work>,
    /// Lines that were set since somebody looked.
    pub lines: Vec<String>,
    /// What the last QR code says, until somebody looked.
    pub qr_text: Option<String>,
}

impl Typesetter {
    /// As after power-on.
    pub fn new(profile: &'static Profile) -> Self {
        Self {
            profile,
            fonts: Fonts::system(),
            chinese: true,
            spacing: 30,
            size: (1, 1),
            centre: false,
            bold: false,
            users: BTreeMap::new(),
            line: Vec::new(),
            line_text: String::new(),
            qr: QrSettings::default(),
            incoming: None,
            work: VecDeque::new(),
            lines: Vec::new(),
            qr_text: None,
        }
    }

    /// True when nothing waits to be printed.
    pub fn is_idle(&self) -> bool {
        self.work.is_empty() && self.line.is_empty() && self.incoming.is_none()
    }

    /// Two-byte mode.
    pub fn chinese(&self) -> bool {
        self.chinese
    }

    /// True when the ROM has four-byte codes.
    pub fn four_bytes(&self) -> bool {
        self.profile.rom == Rom::Gb18030Y2000
    }

    /// Forgets what is set but not printed. `ESC @` and clearing do it.
    pub fn forget(&mut self) {
        self.work.clear();
        self.reset();
    }

    fn reset(&mut self) {
        self.line.clear();
        self.line_text.clear();
        self.incoming = None;
        self.users.clear();
        (self.chinese, self.spacing, self.size, self.centre, self.bold) = (true, 30, (1, 1), false, false);
    }

    /// True while the bytes of a picture are awaited.
    pub fn wants_picture(&self) -> bool {
        self.incoming.is_some()
    }

    /// Takes one byte of a picture.
    pub fn picture_byte(&mut self, byte: u8) {
        let Some(mut incoming) = self.incoming.take() else {
            return;
        };
        incoming.row.push(byte);
        if incoming.row.len() == incoming.row_bytes {
            self.picture_row(&incoming);
            incoming.row.clear();
            incoming.rows_left -= 1;
        }
        if incoming.rows_left > 0 {
            self.incoming = Some(incoming);
        }
    }

    fn picture_row(&mut self, incoming: &Incoming) {
        let (wide, high) = (u16::from(incoming.m & 1) + 1, u16::from(incoming.m >> 1 & 1) + 1);
        let width = u16::try_from(incoming.row_bytes * 8)
            .unwrap_or(u16::MAX)
            .saturating_mul(wide);
        let left = self.left(width);
        let mut canvas = Canvas::new(1);
        for (at, byte) in incoming.row.iter().enumerate() {
            for bit in 0..8u16 {
                if byte & (0x80 >> bit) != 0 {
                    let x = (u16::try_from(at).unwrap_or(u16::MAX))
                        .saturating_mul(8)
                        .saturating_add(bit);
                    canvas.fill(left.saturating_add(x.saturating_mul(wide)), 0, wide, 1);
                }
            }
        }
        for _ in 0..high {
            self.work.push_back(Work::Row(Box::new(canvas.row(0))));
        }
    }

    fn left(&self, width: u16) -> u16 {
        if self.centre {
            WIDTH_DOTS.saturating_sub(width) / 2
        } else {
            0
        }
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: Command) {
        match command {
            Command::Text(code) => self.text(&code),
            Command::LineFeed => self.line_feed(),
            Command::Initialise => self.reset(),
            Command::Chinese(on) => self.chinese = on,
            Command::LineSpacing(dots) => self.spacing = dots,
            Command::Size(n) => self.size = ((n >> 4 & 7) + 1, (n & 7) + 1),
            Command::Align(n) if self.line.is_empty() => self.centre = n == 1,
            Command::Bold(on) => self.bold = on,
            Command::Feed(dots) => self.feed(u32::from(dots)),
            Command::FeedLines(lines) => self.feed(u32::from(lines) * u32::from(self.spacing)),
            Command::UserCharacter { c2, columns } => self.user_character(c2, &columns),
            Command::Inline(columns) => {
                let glyph = Glyph::from_columns_24(&columns);
                self.place(glyph, (1, 1));
            }
            Command::Raster { m, row_bytes, rows } if row_bytes > 0 && rows > 0 => {
                let row_bytes = usize::from(row_bytes);
                self.incoming = Some(Incoming {
                    m,
                    row_bytes,
                    rows_left: rows,
                    row: Vec::new(),
                });
            }
            Command::Qr(operands) if self.profile.qr == QrMode::Native => self.qr(&operands),
            Command::ProcessId(marker) if self.profile.end_of_job == EndOfJob::ProcessId => {
                let [a, b, c, d] = marker;
                self.work.push_back(Work::Reply(vec![0x37, 0x22, a, b, c, d, 0]));
            }
            Command::SequenceStatus if self.profile.end_of_job != EndOfJob::MotorIdle => {
                self.work.push_back(Work::ReplyPaper);
            }
            Command::Cut { feed } => {
                if let Some(more) = feed {
                    self.feed(u32::from(self.profile.head_to_cutter) + u32::from(more));
                }
                self.work.push_back(Work::Cut);
            }
            Command::Eject => self.work.push_back(Work::Eject),
            Command::Align(_)
            | Command::Raster { .. }
            | Command::Qr(_)
            | Command::ProcessId(_)
            | Command::SequenceStatus
            | Command::Ignored => {}
        }
    }

    fn user_character(&mut self, c2: u8, columns: &[u8]) {
        let slot = c2.checked_sub(0xA1);
        if slot.is_some_and(|slot| slot < self.profile.user_characters) {
            self.users.insert(c2, Glyph::from_columns_24(columns));
        }
    }

    fn text(&mut self, code: &[u8]) {
        if let &[0xFE, c2] = code
            && let Some(glyph) = self.users.get(&c2)
        {
            let glyph = glyph.clone();
            self.line_text.push('◆');
            self.place(glyph, self.size);
            return;
        }
        let (decoded, _, broken) = GB18030.decode(code);
        let ch = decoded.chars().next().unwrap_or(' ');
        let known = !broken
            && match encode(ch, self.profile.rom) {
                Code::One(byte) => code == [byte],
                Code::Two(bytes) => code == bytes,
                Code::Four(bytes) => code == bytes,
                Code::Rare(_) => false,
            };
        let cell = if code.len() == 1 { Cell::ASCII } else { Cell::HAN };
        let glyph = if known { self.fonts.glyph(ch, cell) } else { None };
        self.line_text.push(if known { ch } else { '□' });
        self.place(glyph.unwrap_or_else(|| Glyph::blank(cell)), self.size);
    }

    fn place(&mut self, glyph: Glyph, size: (u8, u8)) {
        let width = glyph.cell().width * u16::from(size.0);
        if self.line_width() + width > WIDTH_DOTS {
            self.line_feed();
        }
        self.line.push((glyph, size, self.bold));
    }

    fn line_width(&self) -> u16 {
        self.line
            .iter()
            .map(|(glyph, size, _)| glyph.cell().width * u16::from(size.0))
            .sum()
    }

    fn line_feed(&mut self) {
        let height = self
            .line
            .iter()
            .map(|(glyph, size, _)| glyph.cell().height * u16::from(size.1))
            .max()
            .unwrap_or(0);
        let mut canvas = Canvas::new(u32::from(height.max(u16::from(self.spacing))));
        let mut x = self.left(self.line_width());
        for (glyph, (w, h), bold) in self.line.drain(..) {
            let y = u32::from(height - glyph.cell().height * u16::from(h));
            canvas.draw(&glyph, x, y, w, h);
            if bold {
                canvas.draw(&glyph, x + 1, y, w, h);
            }
            x += glyph.cell().width * u16::from(w);
        }
        self.print(&canvas);
        let text = std::mem::take(&mut self.line_text);
        if !text.trim().is_empty() {
            self.lines.push(text);
        }
    }

    fn feed(&mut self, dots: u32) {
        if !self.line.is_empty() {
            self.line_feed();
        }
        self.print(&Canvas::new(dots));
    }

    fn print(&mut self, canvas: &Canvas) {
        for y in 0..canvas.rows() {
            self.work.push_back(Work::Row(Box::new(canvas.row(y))));
        }
    }

    fn qr(&mut self, operands: &[u8]) {
        match *operands {
            [0x31, 0x43, n] => self.qr.module = n.clamp(1, 16),
            [0x31, 0x45, n] => self.qr.level = n.saturating_sub(0x30),
            [0x31, 0x50, 0x30, ref data @ ..] => self.qr.data = data.to_vec(),
            [0x31, 0x51, 0x30] => {
                let Ok(code) = QrPicture::with_level_number(&self.qr.data, self.qr.level) else {
                    return;
                };
                self.qr_text = Some(String::from_utf8_lossy(&self.qr.data).into_owned());
                let dots = u16::from(self.qr.module.max(1));
                let left = self.left(code.side() * dots);
                for y in 0..code.side() {
                    let mut canvas = Canvas::new(u32::from(dots));
                    for x in (0..code.side()).filter(|x| code.dark(*x, y)) {
                        canvas.fill(left + x * dots, 0, dots, u32::from(dots));
                    }
                    self.print(&canvas);
                }
            }
            _ => {}
        }
    }
}
