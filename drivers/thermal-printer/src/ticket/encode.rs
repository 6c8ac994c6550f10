//! Blocks to bytes in text mode, with what the ROM lacks drawn in one of four ways.

use std::collections::BTreeMap;

use ui_ticket_raster::{Align, Block, Canvas, Cell, Glyph, GlyphSource, LINE_GAP_DOTS, Line, QrPicture, Size};
use ui_ticket_raster::{cells, line_height};

use super::Rendered;
use crate::Profile;
use crate::codec::command;
use crate::codec::text::{Code, GETA, encode, printable};
use crate::profile::QrMode;

/// How a character outside the ROM gets onto the paper.
enum Drawing {
    /// A user character with this second byte.
    User(u8),
    /// Dots that are sent where it stands.
    Dots(Glyph),
    /// No font has it: 〓.
    Nothing,
}

/// Bytes of all blocks, from initialisation to cut.
pub fn blocks(blocks: &[Block], profile: &Profile, fonts: &dyn GlyphSource) -> Rendered {
    let mut writer = Writer {
        profile,
        fonts,
        out: Vec::with_capacity(400),
        dots: 0,
        size: None,
        drawings: BTreeMap::new(),
        undrawn: Vec::new(),
    };
    writer.begin(blocks);
    for block in blocks {
        match block {
            Block::Line(line) => writer.line(line),
            Block::Qr { text, module_dots } => writer.qr(text, *module_dots),
            Block::Feed { dots } => writer.feed(*dots),
        }
    }
    writer.out.extend(profile.cut_bytes());
    writer.dots += u32::from(profile.head_to_cutter);
    Rendered {
        bytes: writer.out,
        dots: writer.dots,
        undrawn: writer.undrawn,
    }
}

struct Writer<'a> {
    profile: &'a Profile,
    fonts: &'a dyn GlyphSource,
    out: Vec<u8>,
    dots: u32,
    size: Option<Size>,
    drawings: BTreeMap<char, Drawing>,
    undrawn: Vec<char>,
}

impl Writer<'_> {
    /// Initialises and defines the user characters: before any text, as a definition ends a line on some models.
    fn begin(&mut self, blocks: &[Block]) {
        self.out.extend(command::INITIALISE);
        self.out.extend(command::CHINESE_ON);
        self.out.extend(command::CHINESE_SPACING_NONE);
        self.out.extend(command::align(true));
        let texts = blocks.iter().filter_map(|block| match block {
            Block::Line(line) => Some(line.text.as_str()),
            Block::Qr { .. } | Block::Feed { .. } => None,
        });
        for ch in texts.flat_map(str::chars) {
            if let Code::Rare(ch) = encode(ch, self.profile.rom) {
                self.learn(ch);
            }
        }
    }

    fn learn(&mut self, ch: char) {
        if self.drawings.contains_key(&ch) {
            return;
        }
        let used = self.drawings.values().filter(|d| matches!(d, Drawing::User(_))).count();
        let drawing = match self.fonts.glyph(ch, Cell::HAN) {
            None => {
                self.undrawn.push(ch);
                Drawing::Nothing
            }
            Some(glyph) if used < usize::from(self.profile.user_characters) => {
                let c2 = command::USER_FIRST + u8::try_from(used).unwrap_or(0);
                self.out.extend(command::define_user_character(c2, &glyph.columns()));
                Drawing::User(c2)
            }
            Some(glyph) => Drawing::Dots(glyph),
        };
        self.drawings.insert(ch, drawing);
    }

    fn set_size(&mut self, size: Size) {
        if self.size != Some(size) {
            self.out.extend(command::size(size.w, size.h));
            self.out.extend(command::line_spacing(
                u8::try_from(line_height(size)).unwrap_or(u8::MAX),
            ));
            self.size = Some(size);
        }
    }

    fn line(&mut self, line: &Line) {
        if line.align == Align::Left {
            self.out.extend(command::align(false));
        }
        // An inline picture is not scaled by the printer, so a big line with one is drawn as a whole.
        if line.size != Size::SMALL && self.has_loose_dots(line) {
            self.band(line);
        } else {
            self.text(line);
        }
        if line.align == Align::Left {
            self.out.extend(command::align(true));
        }
        self.dots += u32::from(line_height(line.size));
    }

    fn has_loose_dots(&self, line: &Line) -> bool {
        line.text
            .chars()
            .any(|ch| matches!(self.drawings.get(&printable(ch)), Some(Drawing::Dots(_))))
    }

    fn text(&mut self, line: &Line) {
        self.set_size(line.size);
        if line.bold {
            self.out.extend(command::bold(self.profile.bold_letter, true));
        }
        for ch in line.text.chars() {
            match encode(ch, self.profile.rom) {
                Code::One(byte) => self.out.push(byte),
                Code::Two(code) => self.out.extend(code),
                Code::Four(code) => self.out.extend(code),
                Code::Rare(ch) => match self.drawings.get(&ch) {
                    Some(Drawing::User(c2)) => self.out.extend([command::USER_LEAD, *c2]),
                    Some(Drawing::Dots(glyph)) => self.out.extend(command::inline_picture(&glyph.columns())),
                    Some(Drawing::Nothing) | None => self.out.extend(GETA),
                },
            }
        }
        self.out.push(command::LINE_FEED);
        if line.bold {
            self.out.extend(command::bold(self.profile.bold_letter, false));
        }
    }

    /// The whole line as one picture that the printer magnifies up to twice, as it magnifies its own characters.
    fn band(&mut self, line: &Line) {
        let doubled = |times: u8| times.is_multiple_of(2);
        let (w, h) = (line.size.w, line.size.h);
        let (m, w, h) = (
            u8::from(doubled(w)) | u8::from(doubled(h)) << 1,
            if doubled(w) { w / 2 } else { w },
            if doubled(h) { h / 2 } else { h },
        );
        let mut canvas = Canvas::new(24 * u32::from(h));
        let mut x = 0;
        for ch in line.text.chars().map(printable) {
            let cell = Cell::of(ch);
            let glyph = self.fonts.glyph(ch, cell).unwrap_or_else(|| Glyph::geta(cell));
            canvas.draw(&glyph, x, 0, w, h);
            x += cell.width * u16::from(w);
        }
        let row_bytes = (cells(&line.text) * 12 * usize::from(w)).div_ceil(8).min(72);
        let data = safe_rows(&canvas, row_bytes);
        let rows = u16::try_from(canvas.rows()).unwrap_or(u16::MAX);
        self.out
            .extend(command::raster(m, u16::try_from(row_bytes).unwrap_or(72), rows, &data));
        self.out
            .extend(command::feed(u8::try_from(LINE_GAP_DOTS).unwrap_or(u8::MAX)));
    }

    fn qr(&mut self, text: &str, module_dots: u8) {
        let Ok(code) = QrPicture::new(text.as_bytes()) else {
            return;
        };
        match self.profile.qr {
            QrMode::Native => self.out.extend(command::native_qr(text.as_bytes(), module_dots)),
            QrMode::RasterDoubled => {
                let (row_bytes, rows, data) = code.raster(module_dots / 2);
                let data = if command::holds_real_time_sequence(&data) {
                    shifted(&data, row_bytes)
                } else {
                    data
                };
                self.out.extend(command::raster(3, row_bytes, rows, &data));
            }
        }
        self.dots += u32::from(code.side()) * u32::from(module_dots);
    }

    fn feed(&mut self, dots: u8) {
        self.out.extend(command::feed(dots));
        self.dots += u32::from(dots);
    }
}

/// The left `row_bytes` of every row, moved by a dot if the printer would obey something in it.
fn safe_rows(canvas: &Canvas, row_bytes: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(row_bytes * 24);
    for y in 0..canvas.rows() {
        data.extend_from_slice(&canvas.row(y)[..row_bytes]);
    }
    if command::holds_real_time_sequence(&data) {
        shifted(&data, u16::try_from(row_bytes).unwrap_or(72))
    } else {
        data
    }
}

/// A picture moved right until nothing in it is obeyed; the last dots of a row are white, so one dot loses nothing.
fn shifted(data: &[u8], row_bytes: u16) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..7 {
        for row in data.chunks_mut(usize::from(row_bytes.max(1))) {
            let mut carry = 0;
            for byte in row {
                let next = *byte & 1;
                *byte = *byte >> 1 | carry << 7;
                carry = next;
            }
        }
        if !command::holds_real_time_sequence(&data) {
            break;
        }
    }
    data
}
