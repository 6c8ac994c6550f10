//! The back of a temporary identity card as dots, from a layout file.
//!
//! The same face on the same layout gives the same dots, so that a job asked for again has the same digest. A character
//! that no font has, or a text that does not fit, refuses the whole card: never a box, never a lookalike. Errors name
//! the field, never what stood in it.

use serde::Deserialize;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::{Cell, GlyphSource};

/// What the card says, as printed. The words are a person's: wipe them when the card is made.
#[derive(Clone)]
pub struct CardFace {
    /// Name.
    pub name: String,
    /// 男 or 女.
    pub sex: String,
    /// Ethnic group.
    pub ethnic: String,
    /// `1990年3月7日`.
    pub birth: String,
    /// Address.
    pub address: String,
    /// Citizen number.
    pub number: String,
    /// Issuing authority.
    pub authority: String,
    /// `2026.03.07-2026.06.07`.
    pub validity: String,
    /// JPEG of the photo.
    pub photo: Vec<u8>,
}

/// Why a card cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Q09.
    #[error("Q09: `{field}` has a character that no font here can draw; the card goes to a window")]
    NoGlyph {
        /// Which item.
        field: String,
    },
    /// Q09.
    #[error("Q09: `{field}` does not fit its place on the card; the card goes to a window")]
    DoesNotFit {
        /// Which item.
        field: String,
    },
    /// Q08.
    #[error("Q08: the photo is no JPEG of at least 100 x 100 dots")]
    Photo,
    /// The layout file.
    #[error("the card's layout file: {0}")]
    Layout(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    field: String,
    label: String,
    x: f32,
    y: f32,
    w: f32,
    glyph: f32,
    glyph_min: Option<f32>,
    lines: Option<u8>,
    pitch: Option<f32>,
}

/// Where everything stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardLayout {
    width_mm: f32,
    height_mm: f32,
    photo: Place,
    item: Vec<Item>,
}

impl CardLayout {
    /// The layout that is shipped.
    pub fn shipped() -> Self {
        let text = include_str!("../layout/temp-id-back.toml");
        Self::parse(text).expect("the shipped layout is read by a test")
    }

    /// A hall's own layout.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        toml::from_str(text).map_err(|error| CardError::Layout(error.to_string()))
    }
}

/// A card's back, one bit a dot, rows of whole bytes, the top bit is the left dot, 1 is black.
#[derive(Clone, PartialEq, Eq)]
pub struct CardPicture {
    /// Dots.
    pub width: u16,
    /// Dots.
    pub height: u16,
    /// Rows from the top.
    pub bits: Vec<u8>,
}

fn dots(mm: f32, dpi: u16) -> i32 {
    (mm / 25.4 * f32::from(dpi)).round() as i32
}

impl CardPicture {
    /// A white card at `dpi`.
    fn white(layout: &CardLayout, dpi: u16) -> Self {
        let side = |mm| u16::try_from(dots(mm, dpi)).unwrap_or(u16::MAX);
        let (width, height) = (side(layout.width_mm), side(layout.height_mm));
        Self {
            width,
            height,
            bits: vec![0; usize::from(width).div_ceil(8) * usize::from(height)],
        }
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        usize::from(self.width).div_ceil(8)
    }

    /// True for a black dot.
    pub fn dot(&self, x: u16, y: u16) -> bool {
        self.bits[usize::from(y) * self.row_bytes() + usize::from(x) / 8] & (0x80 >> (x % 8)) != 0
    }

    fn set(&mut self, x: i32, y: i32) {
        if let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y))
            && x < self.width
            && y < self.height
        {
            let at = usize::from(y) * self.row_bytes() + usize::from(x) / 8;
            self.bits[at] |= 0x80 >> (x % 8);
        }
    }

    /// In mirror writing, for a machine that prints film and says so.
    pub fn mirrored(&self) -> Self {
        let mut out = Self {
            bits: vec![0; self.bits.len()],
            ..*self
        };
        for y in 0..self.height {
            for x in (0..self.width).filter(|x| self.dot(*x, y)) {
                out.set(i32::from(self.width - 1 - x), i32::from(y));
            }
        }
        out
    }

    /// PackBits, each row for itself.
    pub fn packed(&self) -> Vec<u8> {
        self.bits.chunks(self.row_bytes()).flat_map(pack).collect()
    }
}

fn pack(row: &[u8]) -> Vec<u8> {
    let run = |at: usize| row[at..].iter().take(128).take_while(|byte| **byte == row[at]).count();
    let mut out = Vec::new();
    let mut at = 0;
    while at < row.len() {
        let same = run(at);
        if same >= 3 {
            out.extend([u8::try_from(257 - same).unwrap_or(0), row[at]]);
            at += same;
            continue;
        }
        let start = at;
        while at < row.len() && at - start < 128 && run(at) < 3 {
            at += 1;
        }
        out.push(u8::try_from(at - start - 1).unwrap_or(0));
        out.extend(&row[start..at]);
    }
    out
}

impl CardFace {
    fn text(&self, field: &str) -> Option<&str> {
        Some(match field {
            "name" => &self.name,
            "sex" => &self.sex,
            "ethnic" => &self.ethnic,
            "birth" => &self.birth,
            "address" => &self.address,
            "number" => &self.number,
            "authority" => &self.authority,
            "validity" => &self.validity,
            _ => return None,
        })
    }

    /// Draws the card at 300 or 600 dots an inch.
    pub fn draw(&self, layout: &CardLayout, dpi: u16, fonts: &dyn GlyphSource) -> Result<CardPicture, CardError> {
        let mut picture = CardPicture::white(layout, dpi);
        for item in &layout.item {
            let text = self.text(&item.field);
            let text = text.ok_or_else(|| CardError::Layout(format!("no item is called {}", item.field)))?;
            draw_item(&mut picture, item, text, dpi, fonts)?;
        }
        draw_photo(&mut picture, &self.photo, &layout.photo, dpi)?;
        Ok(picture)
    }
}

/// Width of a text in half characters.
fn halves(text: &str) -> usize {
    text.chars().map(|ch| if ch.is_ascii() { 1 } else { 2 }).sum()
}

fn draw_item(
    picture: &mut CardPicture,
    item: &Item,
    text: &str,
    dpi: u16,
    fonts: &dyn GlyphSource,
) -> Result<(), CardError> {
    let label = halves(&item.label) + 1;
    let lines_max = usize::from(item.lines.unwrap_or(1));
    let smallest = item.glyph_min.unwrap_or(item.glyph);
    let fitted = [item.glyph, (item.glyph + smallest) / 2.0, smallest]
        .into_iter()
        .find_map(|glyph| {
            let columns = ((item.w / glyph * 2.0) as usize).checked_sub(label)?;
            let lines = broken(text, columns);
            (lines.len() <= lines_max).then_some((glyph, lines))
        });
    let Some((glyph, lines)) = fitted else {
        return Err(CardError::DoesNotFit {
            field: item.field.clone(),
        });
    };
    let mut half = dots(glyph / 2.0, dpi);
    let em = half * 2;
    let cell = |ch: char, half: i32| Cell {
        width: u16::try_from(if ch.is_ascii() { half } else { half * 2 }).unwrap_or(0),
        height: u16::try_from(em).unwrap_or(0),
    };
    let pitch = item.pitch.unwrap_or(glyph);
    let mut put = |text: &str, x: i32, y: i32, half: i32| -> Result<(), CardError> {
        let mut x = x;
        for ch in text.chars() {
            let cell = cell(ch, half);
            let drawn = fonts.glyph(ch, cell);
            let drawn = drawn.ok_or_else(|| CardError::NoGlyph {
                field: item.field.clone(),
            })?;
            for gy in 0..cell.height {
                for gx in (0..cell.width).filter(|gx| drawn.dot(*gx, gy)) {
                    picture.set(x + i32::from(gx), y + i32::from(gy));
                }
            }
            x += i32::from(cell.width);
        }
        Ok(())
    };
    let (left, top) = (dots(item.x, dpi), dots(item.y, dpi));
    put(&item.label, left, top, half)?;
    let indent = i32::try_from(label).unwrap_or(0) * half;
    // Digits of the number stand a little apart, as on the card that it stands for.
    if item.field == "number" {
        half = half * 6 / 5;
    }
    for (at, line) in (0_u8..).zip(&lines) {
        put(line, left + indent, top + dots(pitch * f32::from(at), dpi), half)?;
    }
    Ok(())
}

/// Breaks between characters, digits kept together.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut word = String::new();
    let mut flush = |word: &mut String| {
        let line = lines.last_mut().expect("never empty");
        if halves(line) + halves(word) > columns && !line.is_empty() {
            lines.push(std::mem::take(word));
        } else {
            line.push_str(word);
            word.clear();
        }
    };
    for ch in text.chars() {
        if !(ch.is_ascii_alphanumeric() && word.ends_with(|last: char| last.is_ascii_alphanumeric())) {
            flush(&mut word);
        }
        word.push(ch);
    }
    flush(&mut word);
    // A word longer than a line fits nowhere: one line too many says so.
    if lines.iter().any(|line| halves(line) > columns) {
        lines.resize(usize::from(u8::MAX), String::new());
    }
    lines
}

/// Where the last scan ends (EOI after the last SOS); none where it has no end.
fn end_of(jpeg: &[u8]) -> Option<usize> {
    let last = |marker: [u8; 2]| jpeg.windows(2).rposition(|pair| pair == marker);
    last([0xFF, 0xD9]).filter(|end| last([0xFF, 0xDA]).is_some_and(|scan| scan < *end))
}

/// Grey of the photo, its width and height; none for one that ends early. A decoder fills what is missing with grey,
/// and a grey rectangle is no face. It does not tell where an end mark was put behind the cut, so the photo is decoded
/// a second time with other bits behind its last: a whole picture does not hang on them, a cut one takes them for its
/// own.
fn grey(jpeg: &[u8]) -> Option<(Vec<u8>, usize, usize)> {
    let end = end_of(jpeg)?;
    let longer = [&jpeg[..end], &[0xAA; 64], &jpeg[end..]].concat();
    let whole = decoded(jpeg)?;
    (decoded(&longer)? == whole).then_some(whole)
}

fn decoded(jpeg: &[u8]) -> Option<(Vec<u8>, usize, usize)> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let grey = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    (width >= 100 && height >= 100 && grey.len() == width * height).then_some((grey, width, height))
}

fn draw_photo(picture: &mut CardPicture, jpeg: &[u8], place: &Place, dpi: u16) -> Result<(), CardError> {
    let (grey, from_w, from_h) = grey(jpeg).ok_or(CardError::Photo)?;
    let (w, h) = (dots(place.w, dpi), dots(place.h, dpi));
    let (left, top) = (dots(place.x, dpi), dots(place.y, dpi));
    let mut sorted = grey.clone();
    sorted.sort_unstable();
    let (dark, light) = (sorted[sorted.len() / 50], sorted[sorted.len() - 1 - sorted.len() / 50]);
    let range = (i32::from(light) - i32::from(dark)).max(1);
    let size = |side: i32| usize::try_from(side).unwrap_or(0);
    let mut errors = vec![0_i32; size(w) + 2];
    let mut seed = 0x2545_F491_u32;
    for y in 0..h {
        let mut next = vec![0_i32; size(w) + 2];
        let mut carry = 0;
        for x in 0..w {
            let source = size(y) * from_h / size(h) * from_w + size(x) * from_w / size(w);
            let stretched = ((i32::from(grey[source]) - i32::from(dark)) * 255 / range).clamp(0, 255);
            // A little noise with a fixed seed keeps worms out of flat grey, and every print the same.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = i32::try_from(seed >> 27).unwrap_or(0) - 16;
            let wanted = stretched + carry + errors[size(x) + 1];
            let black = wanted + noise < 128;
            if black {
                picture.set(left + x, top + y);
            }
            let error = wanted - if black { 0 } else { 255 };
            carry = error * 7 / 16;
            next[size(x)] += error * 3 / 16;
            next[size(x) + 1] += error * 5 / 16;
            next[size(x) + 2] += error / 16;
        }
        errors = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_layout_keeps_two_millimetres_free_for_the_seal() {
        let layout = CardLayout::shipped();
        for item in &layout.item {
            let lines = f32::from(item.lines.unwrap_or(1) - 1);
            let bottom = item.y + lines * item.pitch.unwrap_or(item.glyph) + item.glyph;
            assert!(
                item.x >= 2.0 && item.y >= 2.0 && item.x + item.w <= 83.6 && bottom <= 52.0,
                "{}",
                item.field
            );
        }
        assert_eq!(CardPicture::white(&layout, 300).width, 1011);
        assert_eq!(CardPicture::white(&layout, 300).height, 638);
        assert_eq!(CardPicture::white(&layout, 600).bits.len(), 322_828);
    }

    #[test]
    fn an_address_breaks_between_characters_and_keeps_its_digits_together() {
        assert_eq!(broken("佛山市示例街道1024号", 16), ["佛山市示例街道", "1024号"]);
        assert_eq!(broken(&"一".repeat(35), 27).len(), 3);
        assert!(broken(&"1".repeat(40), 27).len() > 3);
    }

    #[test]
    fn packed_rows_are_short_and_never_shared() {
        assert_eq!(pack(&[0; 127]), [130, 0]);
        assert_eq!(pack(&[1, 2, 3, 3, 3, 4]), [1, 1, 2, 254, 3, 0, 4]);
    }
}
