//! From a character to dots: the bundled font first, then the big fonts on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use ab_glyph::{Font, FontRef, Glyph as PlacedGlyph, GlyphId, PxScale, ScaleFont, point};

use crate::{Cell, Glyph};

/// GB 2312, Big5 level 1 and a list of rare names, from Noto Sans CJK SC (SIL OFL 1.1).
const BUNDLED: &[u8] = include_bytes!("../../fonts/KioskSans-Regular.otf");

/// Coverage of a dot, of 255, from which it is black.
const THRESHOLD: f32 = 112.0 / 255.0;

/// Height of the baseline over the em box, the habit of CJK fonts: 880 of 1000.
const BASELINE: f32 = 0.88;

/// A font file on disk and the face in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FontFile {
    path: PathBuf,
    face: u32,
}

/// Whoever can turn a character into dots. The printer's layout asks through this, so that it stays pure.
pub trait GlyphSource {
    /// The character in `cell`, or none if no font has it. Private-use code points never have an agreed shape.
    fn glyph(&self, ch: char, cell: Cell) -> Option<Glyph>;
}

/// The fonts of this machine.
///
/// A file that is absent or broken is passed over. What was drawn from a file is remembered, the file is not: 75 MB of
/// fonts for one name a day would otherwise stay in the kiosk's memory for ever.
#[derive(Debug)]
pub struct Fonts {
    files: Vec<FontFile>,
    drawn: Mutex<BTreeMap<(char, Cell), Option<Glyph>>>,
}

impl Fonts {
    /// Only the font inside the program.
    pub fn bundled() -> Self {
        Self::with_files(Vec::new())
    }

    /// The bundled font, then Debian's `fonts-noto-cjk` (face 2 has the mainland shapes) and `fonts-hanazono`:
    /// together every character of GB 18030-2022 level 3.
    pub fn system() -> Self {
        let noto = PathBuf::from("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc");
        let hana_a = PathBuf::from("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf");
        let hana_b = PathBuf::from("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf");
        Self::with_files(vec![(noto, 2), (hana_a, 0), (hana_b, 0)])
    }

    /// The bundled font, then these files (path, face) in order.
    pub fn with_files(files: Vec<(PathBuf, u32)>) -> Self {
        Self {
            files: files.into_iter().map(|(path, face)| FontFile { path, face }).collect(),
            drawn: Mutex::new(BTreeMap::new()),
        }
    }

    fn glyph_on_disk(&self, ch: char, cell: Cell) -> Option<Glyph> {
        let mut drawn = match self.drawn.lock() {
            Ok(drawn) => drawn,
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some(known) = drawn.get(&(ch, cell)) {
            return known.clone();
        }
        let glyph = self.files.iter().find_map(|file| {
            let data = std::fs::read(&file.path).ok()?;
            let font = FontRef::try_from_slice_and_index(&data, file.face).ok()?;
            rasterise(&font, ch, cell)
        });
        drawn.insert((ch, cell), glyph.clone());
        glyph
    }
}

impl GlyphSource for Fonts {
    fn glyph(&self, ch: char, cell: Cell) -> Option<Glyph> {
        if is_private_use(ch) || ch.is_control() {
            return None;
        }
        if ch == ' ' || ch == '\u{3000}' {
            return Some(Glyph::blank(cell));
        }
        let bundled = FontRef::try_from_slice(BUNDLED).expect("the bundled font is a font: a test reads it");
        rasterise(&bundled, ch, cell).or_else(|| self.glyph_on_disk(ch, cell))
    }
}

/// True for code points that Unicode leaves to private agreement.
fn is_private_use(ch: char) -> bool {
    matches!(u32::from(ch), 0xE000..=0xF8FF | 0xF_0000..=0xF_FFFD | 0x10_0000..=0x10_FFFD)
}

fn rasterise(font: &FontRef<'_>, ch: char, cell: Cell) -> Option<Glyph> {
    let id = font.glyph_id(ch);
    if id == GlyphId(0) {
        return None;
    }
    let em = f32::from(cell.height);
    let units = font.units_per_em().unwrap_or(1000.0);
    // ab_glyph scales by ascent minus descent, which is more than the em in CJK fonts.
    let height = em * font.height_unscaled() / units;
    let upright = PxScale::from(height);
    let advance = font.as_scaled(upright).h_advance(id);
    let width = f32::from(cell.width);
    // A letter wider than its cell is narrowed, as a printer's own font would be.
    let squeeze = if advance > width { width / advance } else { 1.0 };
    let scale = PxScale {
        x: height * squeeze,
        y: height,
    };
    let left = ((width - advance * squeeze) / 2.0).max(0.0);
    let placed: PlacedGlyph = id.with_scale_and_position(scale, point(left, (em * BASELINE).round()));
    let mut glyph = Glyph::blank(cell);
    let Some(outline) = font.outline_glyph(placed) else {
        return Some(glyph);
    };
    let bounds = outline.px_bounds();
    outline.draw(|x, y, coverage| {
        if coverage >= THRESHOLD {
            glyph.set(bounds.min.x as i32 + x as i32, bounds.min.y as i32 + y as i32);
        }
    });
    Some(glyph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_font_draws_letters_common_and_rare_names() {
        let fonts = Fonts::bundled();
        for ch in ['A', '0', '张', '䶮', '𬱖', '號', '￥'] {
            let glyph = fonts
                .glyph(ch, Cell::of(ch))
                .unwrap_or_else(|| panic!("{ch} is not bundled"));
            assert!(glyph.ink() > 10, "{ch} is almost empty");
        }
    }

    #[test]
    fn a_name_outside_the_bundled_font_comes_from_disk_and_private_use_from_nowhere() {
        let fonts = Fonts::system();
        let disk = PathBuf::from("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists();
        let rare = '\u{3402}';
        assert_eq!(
            Fonts::bundled().glyph(rare, Cell::HAN),
            None,
            "choose a rarer test character"
        );
        assert_eq!(fonts.glyph(rare, Cell::HAN).is_some(), disk);
        assert_eq!(fonts.glyph('\u{E863}', Cell::HAN), None);
    }
}
