//! A ticket as blocks from top to bottom, and its picture.
//!
//! The same blocks go to a printer as text; the picture is for printers that take pictures only, for previews and for
//! tests.

use crate::{Canvas, Cell, Glyph, GlyphSource, QrPicture, WIDTH_DOTS, cells};

/// White dots below a line of text.
pub const LINE_GAP_DOTS: u16 = 6;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left.
    Left,
    /// In the middle.
    #[default]
    Centre,
}

/// Character size as multiples of the 24-dot font, 1 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub w: u8,
    /// Height.
    pub h: u8,
}

impl Size {
    /// Small print.
    pub const SMALL: Self = Self { w: 1, h: 1 };
    /// Hall and service: 12 Chinese characters a line.
    pub const DOUBLE: Self = Self { w: 2, h: 2 };
    /// The number: 120 dots high.
    pub const NUMBER: Self = Self { w: 5, h: 5 };

    /// Cells of 12 dots that fit in one line.
    pub fn columns(self) -> usize {
        usize::from(WIDTH_DOTS / 12 / u16::from(self.w))
    }
}

/// A line of text that fits the paper's width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text, without line ends.
    pub text: String,
    /// Where it stands.
    pub align: Align,
    /// How big.
    pub size: Size,
    /// Bold.
    pub bold: bool,
}

/// A piece of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Text.
    Line(Line),
    /// A QR code, centred.
    Qr {
        /// What it says.
        text: String,
        /// Dots a module.
        module_dots: u8,
    },
    /// White paper.
    Feed {
        /// How much.
        dots: u8,
    },
}

/// Height that a line takes, with the gap below it.
pub fn line_height(size: Size) -> u16 {
    24 * u16::from(size.h) + LINE_GAP_DOTS
}

/// Draws one line at the height `y`, crisp at its real size.
pub fn render_line(canvas: &mut Canvas, line: &Line, y: u32, fonts: &dyn GlyphSource) {
    let width = u16::try_from(cells(&line.text))
        .unwrap_or(u16::MAX)
        .saturating_mul(12 * u16::from(line.size.w));
    let mut x = match line.align {
        Align::Left => 0,
        Align::Centre => WIDTH_DOTS.saturating_sub(width) / 2,
    };
    canvas.grow_to(y + u32::from(line.size.h) * 24);
    for ch in line.text.chars() {
        let cell = Cell::of(ch).times(line.size.w, line.size.h);
        let glyph = fonts.glyph(ch, cell).unwrap_or_else(|| Glyph::geta(cell));
        canvas.draw(&glyph, x, y, 1, 1);
        if line.bold {
            canvas.draw(&glyph, x + 1, y, 1, 1);
        }
        x = x.saturating_add(cell.width);
    }
}

/// Draws a whole ticket.
pub fn render(blocks: &[Block], fonts: &dyn GlyphSource) -> Canvas {
    let mut canvas = Canvas::default();
    for block in blocks {
        let y = canvas.rows();
        match block {
            Block::Line(line) => {
                render_line(&mut canvas, line, y, fonts);
                canvas.grow_to(y + u32::from(line_height(line.size)));
            }
            Block::Qr { text, module_dots } => {
                let Ok(code) = QrPicture::new(text.as_bytes()) else {
                    continue;
                };
                let dots = u16::from(*module_dots);
                let left = WIDTH_DOTS.saturating_sub(code.side() * dots) / 2;
                for my in 0..code.side() {
                    for mx in 0..code.side() {
                        if code.dark(mx, my) {
                            canvas.fill(left + mx * dots, y + u32::from(my * dots), dots, u32::from(dots));
                        }
                    }
                }
                canvas.grow_to(y + u32::from(code.side() * dots));
            }
            Block::Feed { dots } => canvas.grow_to(y + u32::from(*dots)),
        }
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_ticket_has_ink_where_its_blocks_are() {
        let line = Line {
            text: "A012".into(),
            align: Align::Centre,
            size: Size::NUMBER,
            bold: false,
        };
        let canvas = render(
            &[
                Block::Line(line),
                Block::Feed { dots: 10 },
                Block::Qr {
                    text: "x".into(),
                    module_dots: 6,
                },
            ],
            &crate::Fonts::bundled(),
        );
        assert_eq!(canvas.rows(), 126 + 10 + 21 * 6);
        let ink = |from: u32, to: u32| (from..to).any(|y| canvas.row(y) != [0; 72]);
        assert!(ink(0, 120) && !ink(121, 136) && ink(136, 142));
    }
}
