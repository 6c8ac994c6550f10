//! A card as a person sees its back.

use super::world::{Card, Face};

/// Colour of a blank's back, and of what is printed on it.
const PAPER: [u8; 3] = [214, 236, 214];
const INK: [u8; 3] = [24, 24, 24];
/// Ink under film that was never pressed looks grey.
const LOOSE: [u8; 3] = [120, 130, 120];

/// PNG of a card; a blank one where nothing was printed. Mirror writing on film is read through the film.
pub fn png(card: &Card, face: Option<&Face>) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = face.map_or((1011, 638), |face| (face.width, face.height));
    let mut rows = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    let row_bytes = usize::from(width).div_ceil(8);
    let ink = if card.pressed { INK } else { LOOSE };
    for y in 0..usize::from(height) {
        for x in 0..usize::from(width) {
            let black = face.is_some_and(|face| {
                let x = if face.mirrored { usize::from(width) - 1 - x } else { x };
                face.bits[y * row_bytes + x / 8] & (0x80 >> (x % 8)) != 0
            });
            rows.extend(if black { ink } else { PAPER });
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width.into(), height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows)?;
    writer.finish()?;
    Ok(out)
}
