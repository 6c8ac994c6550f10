//! The paper as dots.

use core::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::BinaryColor;

use crate::Glyph;

/// Printable width of 80 mm paper at 203 dpi: 72 mm.
pub const WIDTH_DOTS: u16 = 576;

/// Bytes of one row.
pub const ROW_BYTES: usize = 72;

/// A picture 576 dots wide; `On` is black. It grows downwards when somebody draws below its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Canvas {
    data: Vec<u8>,
}

impl Canvas {
    /// White, `rows` high.
    pub fn new(rows: u32) -> Self {
        let mut canvas = Self::default();
        canvas.grow_to(rows);
        canvas
    }

    /// Height in dots.
    pub fn rows(&self) -> u32 {
        u32::try_from(self.data.len() / ROW_BYTES).expect("paper is shorter than 4 billion dots")
    }

    /// All rows, 72 bytes each, top first.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// One row; white below the end.
    pub fn row(&self, y: u32) -> [u8; ROW_BYTES] {
        let at = usize::try_from(y).unwrap_or(usize::MAX).saturating_mul(ROW_BYTES);
        let mut row = [0; ROW_BYTES];
        if let Some(found) = self.data.get(at..at.saturating_add(ROW_BYTES)) {
            row.copy_from_slice(found);
        }
        row
    }

    /// Adds a row at the end.
    pub fn push_row(&mut self, row: &[u8; ROW_BYTES]) {
        self.data.extend_from_slice(row);
    }

    /// Makes it at least `rows` high.
    pub fn grow_to(&mut self, rows: u32) {
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX).saturating_mul(ROW_BYTES);
        if wanted > self.data.len() {
            self.data.resize(wanted, 0);
        }
    }

    /// True for a black dot.
    pub fn dot(&self, x: u16, y: u32) -> bool {
        x < WIDTH_DOTS && self.row(y)[usize::from(x / 8)] & (0x80 >> (x % 8)) != 0
    }

    /// Blackens a dot; beyond the sides nothing happens.
    pub fn set(&mut self, x: u16, y: u32) {
        if x < WIDTH_DOTS {
            self.grow_to(y + 1);
            let at = usize::try_from(y).expect("a row that exists") * ROW_BYTES + usize::from(x / 8);
            self.data[at] |= 0x80 >> (x % 8);
        }
    }

    /// Blackens `width` x `height` dots.
    pub fn fill(&mut self, x: u16, y: u32, width: u16, height: u32) {
        for row in y..y + height {
            for column in x..x.saturating_add(width) {
                self.set(column, row);
            }
        }
    }

    /// Draws a glyph with its left top corner at (`x`, `y`), every dot `w` wide and `h` high.
    pub fn draw(&mut self, glyph: &Glyph, x: u16, y: u32, w: u8, h: u8) {
        let cell = glyph.cell();
        self.grow_to(y + u32::from(cell.height) * u32::from(h));
        for gy in 0..cell.height {
            for gx in 0..cell.width {
                if glyph.dot(gx, gy) {
                    let left = x.saturating_add(gx.saturating_mul(u16::from(w)));
                    self.fill(left, y + u32::from(gy) * u32::from(h), u16::from(w), u32::from(h));
                }
            }
        }
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(u32::from(WIDTH_DOTS), self.rows())
    }
}

impl DrawTarget for Canvas {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, color) in pixels {
            let inside = (u16::try_from(at.x), u32::try_from(at.y));
            if let ((Ok(x), Ok(y)), BinaryColor::On) = (inside, color) {
                self.set(x, y);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_graphics::Drawable;
    use embedded_graphics::geometry::Point;
    use embedded_graphics::primitives::{Line, Primitive, PrimitiveStyle};

    #[test]
    fn the_left_dot_is_the_top_bit_of_the_first_byte() {
        let mut canvas = Canvas::new(2);
        Line::new(Point::new(0, 1), Point::new(8, 1))
            .into_styled(PrimitiveStyle::with_stroke(BinaryColor::On, 1))
            .draw(&mut canvas)
            .expect("infallible");
        assert_eq!(canvas.bytes()[72..74], [0xFF, 0x80]);
        assert_eq!(canvas.bytes()[..72], [0; 72]);
    }

    #[test]
    fn drawing_beyond_the_sides_changes_nothing_and_below_grows() {
        let mut canvas = Canvas::new(1);
        canvas.set(576, 0);
        assert_eq!(canvas.bytes(), [0; 72]);
        canvas.set(575, 9);
        assert_eq!(canvas.rows(), 10);
        assert!(canvas.dot(575, 9));
    }
}
