//! One character as dots.

/// A character cell in dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Width, dots.
    pub width: u16,
    /// Height, dots.
    pub height: u16,
}

impl Cell {
    /// A Chinese character of the printer's own font.
    pub const HAN: Self = Self { width: 24, height: 24 };
    /// An ASCII character of font A.
    pub const ASCII: Self = Self { width: 12, height: 24 };
    /// The small Chinese cell that some models have. Outlines fill in below 24 dots: for short texts only.
    pub const SMALL_HAN: Self = Self { width: 16, height: 16 };

    /// The cell of `ch` in the 24-dot fonts: ASCII takes half the width of everything else.
    pub fn of(ch: char) -> Self {
        if ch.is_ascii() { Self::ASCII } else { Self::HAN }
    }

    /// The cell `w` times as wide and `h` times as high.
    pub fn times(self, w: u8, h: u8) -> Self {
        Self {
            width: self.width * u16::from(w),
            height: self.height * u16::from(h),
        }
    }
}

/// A character as dots, rows of whole bytes, the top bit is the left dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyph {
    cell: Cell,
    row_bytes: usize,
    bits: Vec<u8>,
}

impl Glyph {
    /// A white glyph.
    pub fn blank(cell: Cell) -> Self {
        let row_bytes = usize::from(cell.width).div_ceil(8);
        Self {
            cell,
            row_bytes,
            bits: vec![0; row_bytes * usize::from(cell.height)],
        }
    }

    /// Its size.
    pub fn cell(&self) -> Cell {
        self.cell
    }

    /// Blackens a dot; dots outside the cell are cut off.
    pub fn set(&mut self, x: i32, y: i32) {
        let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else {
            return;
        };
        if x < self.cell.width && y < self.cell.height {
            self.bits[usize::from(y) * self.row_bytes + usize::from(x) / 8] |= 0x80 >> (x % 8);
        }
    }

    /// True for a black dot; dots outside are white.
    pub fn dot(&self, x: u16, y: u16) -> bool {
        x < self.cell.width
            && y < self.cell.height
            && self.bits[usize::from(y) * self.row_bytes + usize::from(x) / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Count of black dots.
    pub fn ink(&self) -> u32 {
        self.bits.iter().map(|b| b.count_ones()).sum()
    }

    /// The glyph by columns, left to right, each from the top, the top bit first: the order of `FS 2` and `ESC *`.
    /// A 24x24 cell gives 72 bytes.
    pub fn columns(&self) -> Vec<u8> {
        let column_bytes = self.cell.height.div_ceil(8);
        let mut out = Vec::with_capacity(usize::from(self.cell.width) * usize::from(column_bytes));
        for x in 0..self.cell.width {
            for part in 0..column_bytes {
                out.push((0..8).fold(0u8, |byte, bit| byte << 1 | u8::from(self.dot(x, part * 8 + bit))));
            }
        }
        out
    }

    /// The glyph of a column image of 24 dots (3 bytes a column), as [`Glyph::columns`] makes it.
    pub fn from_columns_24(columns: &[u8]) -> Self {
        let width = u16::try_from(columns.len() / 3).unwrap_or(u16::MAX);
        let mut glyph = Self::blank(Cell { width, height: 24 });
        for (x, column) in columns.chunks_exact(3).enumerate() {
            for y in 0..24 {
                if column[y / 8] & (0x80 >> (y % 8)) != 0 {
                    glyph.set(
                        i32::try_from(x).unwrap_or(i32::MAX),
                        i32::try_from(y).unwrap_or(i32::MAX),
                    );
                }
            }
        }
        glyph
    }

    /// The box 〓 that stands for a character no font has.
    pub fn geta(cell: Cell) -> Self {
        let mut glyph = Self::blank(cell);
        let (w, h) = (i32::from(cell.width), i32::from(cell.height));
        for y in (h / 4)..(h * 3 / 4) {
            let gap = (h * 5 / 12..h * 7 / 12).contains(&y);
            for x in (w / 8)..(w * 7 / 8) {
                if !gap {
                    glyph.set(x, y);
                }
            }
        }
        glyph
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_put_the_top_dot_in_the_top_bit() {
        let mut glyph = Glyph::blank(Cell::HAN);
        glyph.set(0, 0);
        glyph.set(1, 23);
        let columns = glyph.columns();
        assert_eq!(columns.len(), 72);
        assert_eq!(columns[..6], [0x80, 0, 0, 0, 0, 0x01]);
        assert_eq!(Glyph::from_columns_24(&columns), glyph);
    }

    #[test]
    fn dots_outside_the_cell_are_cut_off() {
        let mut glyph = Glyph::blank(Cell::ASCII);
        for (x, y) in [(-1, 0), (12, 0), (0, 24), (i32::MAX, i32::MIN)] {
            glyph.set(x, y);
        }
        assert_eq!(glyph.ink(), 0);
    }
}
