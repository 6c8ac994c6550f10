//! A piece of paper as PNG.

use ui_ticket_raster::{Canvas, WIDTH_DOTS};

/// White paper beside the printable 72 mm: 80 mm in all.
const MARGIN_BYTES: usize = 4;

/// One bit a dot, black on white, the paper's whole width.
pub fn png(canvas: &Canvas) -> Result<Vec<u8>, png::EncodingError> {
    let width = u32::from(WIDTH_DOTS) + u32::try_from(MARGIN_BYTES).unwrap_or(0) * 16;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, canvas.rows().max(1));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let mut data = Vec::new();
    for y in 0..canvas.rows().max(1) {
        data.extend([0xFF; MARGIN_BYTES]);
        data.extend(canvas.row(y).map(|byte| !byte));
        data.extend([0xFF; MARGIN_BYTES]);
    }
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}
